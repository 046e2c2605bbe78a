//! The place where guest code runs: its memory, its stack, and the way in and out.
//!
//! What is given to it is code, table entries and calls; what comes back is how a call
//! [`Ended`]. Behind this narrow interface guest code runs on the calling thread, or in
//! a cell ([`super::in_cell`]). Compiling, linking and judging a fault happen outside.

use std::io;
use std::ops::Range;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use cranelift_codegen::ir::Signature;

use super::code::CodeMemory;
use super::control::{Control, ControlPage};
use super::gateways::Gateways;
use super::idle::Kind;
use super::known::KnownFunctions;
use super::log::Log;
use super::placed::PlacedPrograms;
use super::programs::Loaded;
use super::records::Records;
use super::stack::GuestStack;
use super::table::NativeTable;
use super::thread::Timer;
use super::x86_64::Fault;
use super::{JitError, Native};
use crate::cage::{Cage, GuardMode};
use crate::cell::{Cell, CellError, Death};
use crate::executor::{Services, Slot};
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
    pub(super) gateways: Gateways,
    /// The system process that made it: a fork has no timers, and shares the decoys.
    pub(super) owner: u32,
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

impl Process {
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
            gateways: Gateways::default(),
            owner: std::process::id(),
        };
        process.clear_gateways()?;
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
            self.clear_gateways()?;
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
