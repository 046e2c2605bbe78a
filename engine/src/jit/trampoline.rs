//! Entry trampolines and gateways: the code between the host's one calling convention
//! and every signature that guest code has.
//!
//! Both are made by Cranelift, once for each signature, and pass values through 16-byte
//! slots: an entry trampoline loads a function's arguments from slots, calls it and
//! stores its results; a gateway is what guest code calls, and does the reverse. The
//! control block's address is a constant in both, so that nothing that guest code has
//! touched decides where the trusted state lies.

use cranelift_codegen::Context;
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::ir::types::I64;
use cranelift_codegen::ir::{
    AbiParam, ArgumentPurpose, Function, InstBuilder, MemFlagsData, Signature, StackSlotData,
    StackSlotKind, TrapCode, Value,
};
use cranelift_codegen::isa::{CallConv, TargetIsa};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};

use super::serve::Gateway;
use super::x86_64::status;

/// Bytes of a slot.
const SLOT: u32 = 16;

/// Addresses that trampolines are made with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Maker<'a> {
    pub(super) isa: &'a dyn TargetIsa,
    /// The control block.
    pub(super) control: u64,
    /// The stub that leaves guest code.
    pub(super) leave: u64,
    /// The stub that serves a gateway.
    pub(super) serve: u64,
}

/// A signature as lowered code has it: with the base as its last parameter.
pub(super) fn with_base(signature: &Signature) -> Signature {
    let mut signature = signature.clone();
    signature.params.push(AbiParam::special(I64, ArgumentPurpose::VMContext));
    signature
}

impl Maker<'_> {
    /// The code of `fn(slots, callee, base)` for callees of a lowered signature.
    pub(super) fn entry(&self, callee: &Signature) -> Result<Vec<u8>, String> {
        let mut signature = Signature::new(CallConv::SystemV);
        signature.params = vec![AbiParam::new(I64); 3];
        self.build(signature, |this, builder, params| {
            let &[slots, address, base] = params else { unreachable!("three parameters") };
            let mut args: Vec<Value> = load_slots(builder, slots, inner(&callee.params));
            args.push(base);
            let callee = builder.import_signature(callee.clone());
            let call = builder.ins().call_indirect(callee, address, &args);
            let results = builder.inst_results(call).to_vec();
            store_slots(builder, slots, &results);
            this.call_leave(builder);
        })
    }

    /// The code of gateway number `number` for callers with a lowered signature.
    pub(super) fn gateway(
        &self,
        caller: &Signature,
        gateway: Gateway,
        number: u32,
    ) -> Result<Vec<u8>, String> {
        self.build(caller.clone(), |this, builder, params| {
            let args = &params[..gateway.params];
            let bytes = SLOT * u32::try_from(gateway.slots()).expect("few slots");
            let data = StackSlotData::new(StackSlotKind::ExplicitSlot, bytes, 4);
            let area = builder.create_sized_stack_slot(data);
            let slots = builder.ins().stack_addr(I64, area, 0);
            store_slots(builder, slots, args);
            this.call_serve(builder, slots, number);
            let results = load_slots(builder, slots, &caller.returns);
            builder.ins().return_(&results);
        })
    }

    fn call_leave(&self, builder: &mut FunctionBuilder<'_>) {
        let status = builder.ins().iconst(I64, i64::from(status::RETURNED));
        self.call_host(builder, self.leave, &[status]);
        builder.ins().trap(TrapCode::unwrap_user(1));
    }

    fn call_serve(&self, builder: &mut FunctionBuilder<'_>, slots: Value, number: u32) {
        let number = builder.ins().iconst(I64, i64::from(number));
        self.call_host(builder, self.serve, &[slots, number]);
    }

    /// Calls a stub with the control block's address before the other arguments.
    fn call_host(&self, builder: &mut FunctionBuilder<'_>, stub: u64, args: &[Value]) {
        let mut signature = Signature::new(CallConv::SystemV);
        signature.params = vec![AbiParam::new(I64); args.len() + 1];
        let signature = builder.import_signature(signature);
        let stub = builder.ins().iconst(I64, stub.cast_signed());
        let control = builder.ins().iconst(I64, self.control.cast_signed());
        let args: Vec<Value> = std::iter::once(control).chain(args.iter().copied()).collect();
        builder.ins().call_indirect(signature, stub, &args);
    }

    fn build(
        &self,
        signature: Signature,
        fill: impl FnOnce(&Self, &mut FunctionBuilder<'_>, &[Value]),
    ) -> Result<Vec<u8>, String> {
        let mut function = Function::new();
        function.signature = signature;
        let mut scratch = FunctionBuilderContext::new();
        let mut builder = FunctionBuilder::new(&mut function, &mut scratch);
        let block = builder.create_block();
        builder.append_block_params_for_function_params(block);
        builder.switch_to_block(block);
        builder.seal_block(block);
        let params = builder.block_params(block).to_vec();
        fill(self, &mut builder, &params);
        builder.finalize(self.isa.frontend_config());
        let mut context = Context::for_function(function);
        let code = context
            .compile(self.isa, &mut ControlPlane::default())
            .map_err(|error| error.inner.to_string())?;
        assert!(code.buffer.relocs().is_empty(), "trampolines refer to constants only");
        Ok(code.code_buffer().to_vec())
    }
}

/// The parameters but for the base.
fn inner(params: &[AbiParam]) -> &[AbiParam] {
    params.split_last().expect("the base comes last").1
}

fn offset(slot: usize) -> i32 {
    i32::try_from(slot).expect("few slots") * SLOT.cast_signed()
}

fn load_slots(builder: &mut FunctionBuilder<'_>, slots: Value, types: &[AbiParam]) -> Vec<Value> {
    let mut load = |(slot, param): (usize, &AbiParam)| {
        builder.ins().load(param.value_type, MemFlagsData::trusted(), slots, offset(slot))
    };
    types.iter().enumerate().map(&mut load).collect()
}

/// Stores values zero-extended.
fn store_slots(builder: &mut FunctionBuilder<'_>, slots: Value, values: &[Value]) {
    let zero = builder.ins().iconst(I64, 0);
    for (slot, &value) in values.iter().enumerate() {
        let flags = MemFlagsData::trusted();
        if builder.func.dfg.value_type(value).bytes() < SLOT {
            builder.ins().store(flags, zero, slots, offset(slot));
            builder.ins().store(flags, zero, slots, offset(slot) + 8);
        }
        builder.ins().store(flags, value, slots, offset(slot));
    }
}
