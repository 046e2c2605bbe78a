//! The place where guest code runs: its memory, its stack, and the way in and out.
//!
//! What is given to it is code, table entries and calls; what comes back is how a call
//! [`Ended`]. Behind this narrow interface guest code runs on the calling thread, or in
//! a cell ([`super::in_cell`]). Compiling, linking and judging a fault happen outside.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::ops::Range;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use cranelift_codegen::ir::types::I64;
use cranelift_codegen::ir::{LibCall, Signature};
use cranelift_codegen::isa::CallConv;

use super::code::{Area, CodeError, CodeMemory};
use super::control::{Control, ControlPage};
use super::isa::trampoline_target;
use super::known::KnownFunctions;
use super::log::Log;
use super::placed::PlacedPrograms;
use super::programs::Loaded;
use super::records::Records;
use super::serve::{Gateway, Service};
use super::stack::GuestStack;
use super::table::{NativeEntry, NativeTable};
use super::thread::Timer;
use super::trampoline::Maker;
use super::x86_64::{Fault, TRAP_INSTRUCTION, leave, serve_gateway};
use super::{JitError, Native, library};
use crate::cage::{Base, Cage, GuardMode, OPPOSITE};
use crate::cell::{self, Cell, CellError, Death};
use crate::executor::{Services, Slot};
use crate::panic::contained;
use crate::trap::Trap;

/// How a call into guest code ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// The function returned.
    Returned,
    /// A service raised a trap; `caller` is the address that its call returns to.
    Raised { trap: Trap, caller: Option<u64> },
    /// The deadline passed, in guest code at `pc`, or in a service: then it is 0.
    Interrupted { pc: u64 },
    /// An instruction faulted.
    Faulted(Box<Fault>),
    /// Guest code wrote to the page through which a cell and its host take turns.
    Corrupted,
    /// The cell's process ended.
    Died(Death),
    /// Trusted code panicked or was not able to go on.
    Broken(String),
}

/// One call.
pub(super) struct Call<'a> {
    /// The lowered signature of the callee.
    pub(super) signature: &'a Signature,
    /// Its address.
    pub(super) callee: u64,
    /// Arguments before, results after: as many slots as the larger needs.
    pub(super) slots: &'a mut [Slot],
    /// Every program whose code may run.
    pub(super) programs: &'a [Loaded],
    /// Where the log's records go, if the code keeps one.
    pub(super) records: Option<Records<'a>>,
    pub(super) depth: u32,
    pub(super) deadline: Duration,
}

/// What tells processes apart before anything is loaded into them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) native: Native,
    pub(super) guard: GuardMode,
    /// The base of the cage, unless the kernel chose it.
    pub(super) base: Option<u64>,
}

impl Kind {
    /// Whether the two differ in nothing but where the kernel did not put them.
    fn is_opposite_of_another(self, wanted: Kind) -> bool {
        let both = self.base.is_some() && wanted.base.is_some();
        both && self != wanted && Kind { base: wanted.base, ..self } == wanted
    }
}

/// Everything that guest code runs in. Bound to its thread: timers and signal stacks
/// are.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) kind: Kind,
    pub(super) cage: Cage,
    pub(super) code: CodeMemory,
    pub(super) table: NativeTable,
    pub(super) stack: GuestStack,
    /// Functions that were compiled for this process.
    pub(super) known: KnownFunctions,
    pub(super) placed: PlacedPrograms,
    pub(super) control: ControlPage,
    /// What recorded code writes; in cells only.
    pub(super) log: Option<Log>,
    pub(super) way: Way,
    pub(super) gateways: Vec<Gateway>,
    gateway_addresses: HashMap<(Service, Signature), u64>,
    entries: HashMap<Signature, u64>,
    /// Address of the stub behind table entry 0.
    trap_stub: u64,
    /// The system process that made it: a fork has no timers, and shares the decoys.
    owner: u32,
}

/// How guest code gets to run.
#[derive(Debug)]
pub(super) enum Way {
    /// On the calling thread, stopped by a timer.
    Thread(Timer),
    /// In a cell.
    Cell(Box<Cell>),
}

/// The memory that guest code has.
struct Parts {
    cage: Cage,
    code: CodeMemory,
    table: NativeTable,
    stack: GuestStack,
    control: ControlPage,
    log: Option<Log>,
}

impl Parts {
    fn here(guard: GuardMode, base: Option<u64>) -> Result<Parts, JitError> {
        Ok(Parts {
            cage: Cage::with_base(base, guard)?,
            code: CodeMemory::new()?,
            table: NativeTable::new()?,
            stack: GuestStack::new()?,
            control: ControlPage::new()?,
            log: None,
        })
    }

    fn shared(base: Option<u64>) -> Result<Parts, JitError> {
        Ok(Parts {
            cage: Cage::shared(base)?,
            code: CodeMemory::shared()?,
            table: NativeTable::shared()?,
            stack: GuestStack::shared()?,
            control: ControlPage::shared()?,
            log: Some(Log::shared()?),
        })
    }

    /// The cell that maps all of it.
    fn cell(&self) -> Result<Cell, CellError> {
        let single =
            [self.cage.memory(), self.table.memory(), self.stack.memory(), self.control.memory()];
        let log = self.log.as_ref().map(Log::memory);
        let single = single.into_iter().flatten().chain(log);
        let memories: Vec<_> = single.chain(self.code.memories()).collect();
        Cell::new(&memories)
    }
}

thread_local! {
    /// Processes that no executor uses at the moment, at most one of each kind.
    static IDLE: RefCell<Vec<Process>> = const { RefCell::new(Vec::new()) };
}

impl Process {
    /// An empty process: one that was used before, if there is one.
    pub(super) fn acquire(
        native: Native,
        guard: GuardMode,
        base: Base,
    ) -> Result<Process, JitError> {
        let guard = if native == Native::Cell { GuardMode::Guard } else { guard };
        let base = match base {
            Base::Any => None,
            Base::Opposite => {
                let here = Process::acquire(native, guard, Base::Any)?;
                let base = here.cage.base() ^ OPPOSITE;
                here.release();
                Some(base)
            }
        };
        let kind = Kind { native, guard, base };
        let idle = IDLE.with_borrow_mut(|idle| {
            idle.retain(|process| {
                // One whose opposite is gone is of no use, and in the way of others.
                let stale = process.kind.is_opposite_of_another(kind);
                process.owner == std::process::id() && !stale
            });
            let index = idle.iter().position(|process| process.kind == kind)?;
            Some(idle.swap_remove(index))
        });
        idle.map_or_else(|| Process::new(kind), Ok)
    }

    /// Keeps the process for the next [`Process::acquire`] on this thread.
    pub(super) fn release(self) {
        // At the end of its thread a process is dropped instead.
        let _ = IDLE.try_with(|idle| {
            let mut idle = idle.borrow_mut();
            if idle.iter().all(|process| process.kind != self.kind) {
                idle.push(self);
            }
        });
    }

    pub(super) fn new(kind: Kind) -> Result<Process, JitError> {
        let (parts, way) = match kind.native {
            Native::InProcess => (Parts::here(kind.guard, kind.base)?, Way::Thread(Timer::new()?)),
            Native::Cell => {
                let parts = Parts::shared(kind.base)?;
                let mut cell = parts.cell()?;
                // A host that refuses says so here, not in the middle of a call.
                cell.revive()?;
                (parts, Way::Cell(Box::new(cell)))
            }
        };
        let Parts { cage, code, table, stack, control, log } = parts;
        let mut process = Process {
            kind,
            cage,
            code,
            table,
            stack,
            control,
            log,
            way,
            known: KnownFunctions::default(),
            placed: PlacedPrograms::default(),
            gateways: Vec::new(),
            gateway_addresses: HashMap::new(),
            entries: HashMap::new(),
            trap_stub: 0,
            owner: std::process::id(),
        };
        process.place_trap_stub().map_err(|e| JitError::Memory(e.to_string()))?;
        Ok(process)
    }

    /// Begins another run: no program is loaded, and the arena has no accessible byte. Code
    /// of the last run stays until it is known what this one loads.
    pub(super) fn clear(&mut self) -> Result<(), JitError> {
        if let Way::Cell(cell) = &mut self.way {
            cell.revive()?;
        }
        self.placed.rewind();
        if self.code.has_many_gateways() {
            self.placed.cut(&mut self.code)?;
            self.code.clear(Area::Gateways)?;
            self.gateways.clear();
            self.gateway_addresses.clear();
            self.entries.clear();
            self.place_trap_stub().map_err(|e| JitError::Memory(e.to_string()))?;
        }
        self.table.clear();
        self.control().fault_triggered.store(0, Relaxed);
        self.control().indirect_calls.store(0, Relaxed);
        if let Some(log) = &self.log {
            log.clear();
        }
        self.cage.close();
        Ok(())
    }

    /// Begins another run, with a zeroed arena of `len` bytes.
    pub(super) fn reset(&mut self, len: u32) -> Result<(), JitError> {
        self.clear()?;
        Ok(self.cage.reset(len)?)
    }

    fn place_trap_stub(&mut self) -> Result<(), CodeError> {
        let (area, len) = (Area::Gateways, TRAP_INSTRUCTION.len());
        self.trap_stub = self.code.publish(area, len, |_| Ok(TRAP_INSTRUCTION.to_vec()))?;
        Ok(())
    }

    /// The table entry that traps when called.
    pub(super) fn trap_entry(&self) -> NativeEntry {
        NativeEntry { address: self.trap_stub, signature: None, kind: 0 }
    }

    /// Whether an address is that of the stub behind [`Process::trap_entry`].
    pub(super) fn is_trap_stub(&self, pc: u64) -> bool {
        pc == self.trap_stub
    }

    /// The id of the cell's process, if there is one.
    #[cfg(test)]
    pub(super) fn cell_pid(&self) -> Option<i32> {
        match &self.way {
            Way::Thread(_) => None,
            Way::Cell(cell) => cell.pid(),
        }
    }

    pub(super) fn control(&self) -> &Control {
        self.control.get()
    }

    pub(super) fn control_address(&self) -> u64 {
        self.control.address()
    }

    /// All addresses that may ever hold guest code.
    pub(super) fn code_addresses(&self) -> Range<u64> {
        self.code.addresses()
    }

    /// The address of the gateway to a service for callers with a lowered signature.
    pub(super) fn gateway(
        &mut self,
        service: Service,
        signature: &Signature,
    ) -> Result<u64, String> {
        self.gateway_with(service, signature, signature.params.len() - 1)
    }

    /// The address of a library function; `None` if there is no such.
    pub(super) fn library(&mut self, call: LibCall) -> Result<Option<u64>, String> {
        match self.way {
            Way::Thread(_) => Ok(library::address(call)),
            Way::Cell(_) if !library::knows(call) => Ok(None),
            Way::Cell(_) => {
                let signature = call.signature(CallConv::SystemV, I64);
                let params = signature.params.len();
                self.gateway_with(Service::Library(call), &signature, params).map(Some)
            }
        }
    }

    fn gateway_with(
        &mut self,
        service: Service,
        signature: &Signature,
        params: usize,
    ) -> Result<u64, String> {
        let key = (service, signature.clone());
        if let Some(&address) = self.gateway_addresses.get(&key) {
            return Ok(address);
        }
        let number = u32::try_from(self.gateways.len()).map_err(|e| e.to_string())?;
        let gateway = Gateway { service, params, results: signature.returns.len() };
        let code = self.make(|maker| maker.gateway(signature, gateway, number))?;
        let address = self.place(code)?;
        self.gateways.push(gateway);
        self.gateway_addresses.insert(key, address);
        Ok(address)
    }

    /// The address of the entry trampoline for functions of a lowered signature.
    fn entry(&mut self, signature: &Signature) -> Result<u64, String> {
        if let Some(&address) = self.entries.get(signature) {
            return Ok(address);
        }
        let code = self.make(|maker| maker.entry(signature))?;
        let address = self.place(code)?;
        self.entries.insert(signature.clone(), address);
        Ok(address)
    }

    fn make(
        &self,
        make: impl FnOnce(Maker<'_>) -> Result<Vec<u8>, String>,
    ) -> Result<Vec<u8>, String> {
        let isa = trampoline_target().map_err(|e| e.to_string())?;
        let (leave, serve) = match self.way {
            Way::Thread(_) => (leave as *const () as u64, serve_gateway as *const () as u64),
            Way::Cell(_) => (cell::leave_address(), cell::serve_address()),
        };
        let maker = Maker { isa: &*isa, control: self.control.address(), leave, serve };
        // Guest code chooses the signature, and a panic of the compiler is a result.
        contained(|| make(maker)).unwrap_or_else(Err)
    }

    fn place(&mut self, code: Vec<u8>) -> Result<u64, String> {
        let published = self.code.publish(Area::Gateways, code.len(), |_| Ok(code));
        published.map_err(|e| e.to_string())
    }

    /// Runs a call to its end.
    pub(super) fn invoke(&mut self, services: &mut dyn Services, call: Call<'_>) -> Ended {
        match self.try_invoke(services, call) {
            Ok(ended) => ended,
            Err(message) => Ended::Broken(message),
        }
    }

    fn try_invoke(&mut self, services: &mut dyn Services, call: Call<'_>) -> Result<Ended, String> {
        if self.owner != std::process::id() {
            return Err("the executor was made before this process was forked".to_owned());
        }
        self.placed.cut(&mut self.code).map_err(|error| error.to_string())?;
        let trampoline = self.entry(call.signature)?;
        match self.way {
            Way::Thread(_) => self.run_in_thread(services, trampoline, call),
            Way::Cell(_) => self.run_in_cell(services, trampoline, call),
        }
    }
}

impl From<CellError> for JitError {
    fn from(error: CellError) -> JitError {
        JitError::Cell(error.to_string())
    }
}

impl From<io::Error> for JitError {
    fn from(error: io::Error) -> JitError {
        JitError::Memory(error.to_string())
    }
}
