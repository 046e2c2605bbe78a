//! The stubs of a process between guest code and what is not: gateways to services, entry
//! trampolines, and the stub behind table entry 0.
//!
//! Each is made when it is first asked for, and stays where it is until all are forgotten.

use std::collections::HashMap;

use cranelift_codegen::ir::types::I64;
use cranelift_codegen::ir::{LibCall, Signature};
use cranelift_codegen::isa::CallConv;

use super::code::Area;
use super::isa::trampoline_target;
use super::process::{Process, Way};
use super::serve::{Gateway, Service};
use super::table::NativeEntry;
use super::trampoline::Maker;
use super::x86_64::{TRAP_INSTRUCTION, leave, serve_gateway};
use super::{JitError, library};
use crate::cell;
use crate::panic::contained;

/// The stubs that were made.
#[derive(Debug, Default)]
pub(super) struct Gateways {
    /// Gateways by number.
    pub(super) list: Vec<Gateway>,
    /// Address of each gateway, by service and lowered signature.
    addresses: HashMap<(Service, Signature), u64>,
    /// Address of each entry trampoline.
    entries: HashMap<Signature, u64>,
    /// Address of the stub behind table entry 0.
    trap_stub: u64,
}

impl Process {
    /// Forgets all stubs, which nothing may call any more, but makes that of table entry 0.
    pub(super) fn clear_gateways(&mut self) -> Result<(), JitError> {
        self.gateways = Gateways::default();
        self.code.clear(Area::Gateways)?;
        let trap_stub = self.place(TRAP_INSTRUCTION.to_vec()).map_err(JitError::Memory)?;
        self.gateways.trap_stub = trap_stub;
        Ok(())
    }

    /// The table entry that traps when called.
    pub(super) fn trap_entry(&self) -> NativeEntry {
        NativeEntry { address: self.gateways.trap_stub, signature: None, kind: 0 }
    }

    /// Whether an address is that of the stub behind [`Process::trap_entry`].
    pub(super) fn is_trap_stub(&self, pc: u64) -> bool {
        pc == self.gateways.trap_stub
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
        if let Some(&address) = self.gateways.addresses.get(&key) {
            return Ok(address);
        }
        let number = u32::try_from(self.gateways.list.len()).map_err(|e| e.to_string())?;
        let gateway = Gateway { service, params, results: signature.returns.len() };
        let code = self.make(|maker| maker.gateway(signature, gateway, number))?;
        let address = self.place(code)?;
        self.gateways.list.push(gateway);
        self.gateways.addresses.insert(key, address);
        Ok(address)
    }

    /// The address of the entry trampoline for functions of a lowered signature.
    pub(super) fn entry(&mut self, signature: &Signature) -> Result<u64, String> {
        if let Some(&address) = self.gateways.entries.get(signature) {
            return Ok(address);
        }
        let code = self.make(|maker| maker.entry(signature))?;
        let address = self.place(code)?;
        self.gateways.entries.insert(signature.clone(), address);
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
}
