//! What `cranelift-interpreter` asks of us while it executes an instruction.
#![forbid(unsafe_code)]

use cranelift_codegen::data_value::DataValue;
use cranelift_codegen::ir::{
    ExternalName, FuncRef, Function, GlobalValue, MemFlagsData, StackSlot, Type,
};
use cranelift_interpreter::address::{Address, AddressSize};
use cranelift_interpreter::frame::Frame;
use cranelift_interpreter::interpreter::LibCallHandler;
use cranelift_interpreter::state::{InterpreterFunctionRef, MemoryError, State};
use cranelift_interpreter::step::CraneliftTrap;

use super::machine::Machine;

/// What `step` may ask for: the values of the innermost function, and the accesses of
/// atomics, whose addresses have no displacement.
impl<'a> State<'a> for Machine<'a> {
    fn get_function(&self, _: FuncRef) -> Option<&'a Function> {
        None
    }

    fn get_current_function(&self) -> &'a Function {
        self.stack.last().expect("the machine runs inside a function").function
    }

    fn get_libcall_handler(&self) -> LibCallHandler {
        |_, _| Err(CraneliftTrap::UnreachableCodeReached)
    }

    fn push_frame(&mut self, _: &'a Function) {
        unreachable!("calls are made by the machine")
    }

    fn pop_frame(&mut self) {
        unreachable!("returns are made by the machine")
    }

    fn current_frame_mut(&mut self) -> &mut Frame<'a> {
        &mut self.top().frame
    }

    fn current_frame(&self) -> &Frame<'a> {
        &self.stack.last().expect("the machine runs inside a function").frame
    }

    fn stack_address(&self, _: AddressSize, _: StackSlot, _: u64) -> Result<Address, MemoryError> {
        unreachable!("stack slots lie in the arena")
    }

    fn checked_load(
        &self,
        address: Address,
        ty: Type,
        flags: MemFlagsData,
    ) -> Result<DataValue, MemoryError> {
        let at = flat(address.clone());
        self.memory.load(at, ty, flags).map_err(|trap| {
            self.raised.set(Some(trap));
            MemoryError::MisalignedLoad { addr: address, load_size: 0 }
        })
    }

    fn checked_store(
        &mut self,
        address: Address,
        stored: DataValue,
        flags: MemFlagsData,
    ) -> Result<(), MemoryError> {
        let at = flat(address.clone());
        self.memory.store(at, &stored, flags).map_err(|trap| {
            self.raised.set(Some(trap));
            MemoryError::MisalignedStore { addr: address, store_size: 0 }
        })
    }

    fn function_address(&self, _: AddressSize, _: &ExternalName) -> Result<Address, MemoryError> {
        unreachable!("no program takes the address of a function")
    }

    fn get_function_from_address(&self, _: Address) -> Option<InterpreterFunctionRef<'a>> {
        None
    }

    fn resolve_global_value(&self, _: GlobalValue) -> Result<DataValue, MemoryError> {
        unreachable!("global values are dropped before")
    }

    fn get_pinned_reg(&self) -> DataValue {
        unreachable!("no program uses the pinned register")
    }

    fn set_pinned_reg(&mut self, _: DataValue) {
        unreachable!("no program uses the pinned register")
    }
}

/// The number behind an address: the interpreter takes its upper bits for a region and an
/// entry, which together with the offset are all of it.
fn flat(address: Address) -> u32 {
    match DataValue::try_from(address) {
        Ok(DataValue::I32(at)) => at.cast_unsigned(),
        other => unreachable!("every address is an i32, not {other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_all_of_its_bits() {
        for at in [0, 8, 0x1_0000, 0x4000_0004, 0x8000_0008, 0xbfff_fff0, 0xffff_fff8] {
            let address = Address::try_from(u64::from(at)).expect("any 32 bits");
            assert_eq!(flat(address), at, "{at:#x}");
        }
    }
}
