//! The functions of the attack interface that are no fields: one entry each.
#![forbid(unsafe_code)]

use crate::executor::Slot;
use crate::program::FuncType;
use crate::program::ValType::{self, AnyRef, ExnRef, FuncRef, I32, I64};
use crate::runtime::HostContext;
use crate::trap::Trap;

type Code = fn(&mut HostContext<'_>, &[Slot]) -> Result<Slot, Trap>;

/// A function of the attack interface.
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// Its parameters, with their names.
    pub params: &'static [(&'static str, ValType)],
    /// Its result.
    pub result: Option<ValType>,
    code: Code,
}

impl Function {
    pub(super) fn ty(&self) -> FuncType {
        let params: Vec<ValType> = self.params.iter().map(|&(_, ty)| ty).collect();
        ty(&params, self.result)
    }

    pub(super) fn call(&self, context: &mut HostContext<'_>, args: &[Slot]) -> Result<Slot, Trap> {
        (self.code)(context, args)
    }
}

pub(super) fn ty(params: &[ValType], result: Option<ValType>) -> FuncType {
    FuncType { params: params.to_vec(), results: result.into_iter().collect() }
}

macro_rules! functions {
    ($( $name:ident ( $( $param:ident: $type:expr ),* ) $( -> $result:expr )? => $code:expr; )*) => {
        /// Every function but those that tell where a field lies.
        #[must_use]
        pub fn functions() -> &'static [Function] {
            &[$( Function {
                name: stringify!($name),
                params: &[$( (stringify!($param), $type) ),*],
                result: functions!(@result $( $result )?),
                code: $code,
            }, )*]
        }
    };
    (@result) => { None };
    (@result $result:expr) => { Some($result) };
}

functions! {
    load8(offset: I32) -> I32 => load::<1>;
    load16(offset: I32) -> I32 => load::<2>;
    load32(offset: I32) -> I32 => load::<4>;
    load64(offset: I32) -> I64 => load::<8>;
    store8(offset: I32, value: I32) => store::<1>;
    store16(offset: I32, value: I32) => store::<2>;
    store32(offset: I32, value: I32) => store::<4>;
    store64(offset: I32, value: I64) => store::<8>;
    store32_in_builtin(passes: I32, offset: I32, value: I32) => store_in_builtin;
    length() -> I32 => |context, _| Ok(context.arena.len().into());
    self() -> I32 => |context, _| found(context.directory.instance_at(context.caller));
    instances() -> I32 => |context, _| Ok(context.directory.instances().into());
    gc_heap() -> I32 => |context, _| found(context.directory.gc_heap());
    shadow_stack() -> I32 => |_, _| Ok(crate::passes::shadow_stack::POINTER.into());
    passive_elements(instance: I32, segment: I32) -> I32 => passive_elements;
    function_offset(function: FuncRef) -> I32 => |_, args| Ok(args[0]);
    object_offset(object: AnyRef) -> I32 => object_offset;
    exception_offset(exception: ExnRef) -> I32 => object_offset;
    function_at(offset: I32) -> FuncRef => |_, args| Ok(args[0]);
    object_at(offset: I32) -> AnyRef => object_at;
    exception_at(offset: I32) -> ExnRef => object_at;
}

/// Argument `position`, of 32 bits or less.
#[expect(clippy::cast_possible_truncation, reason = "of a parameter of 32 bits")]
pub(super) fn word(args: &[Slot], position: usize) -> u32 {
    args[position] as u32
}

fn found(number: Option<u32>) -> Result<Slot, Trap> {
    number.map(Slot::from).ok_or(Trap::Host)
}

fn load<const WIDTH: usize>(context: &mut HostContext<'_>, args: &[Slot]) -> Result<Slot, Trap> {
    let mut bytes = [0; size_of::<Slot>()];
    context.arena.read(word(args, 0), &mut bytes[..WIDTH])?;
    Ok(Slot::from_le_bytes(bytes))
}

fn store<const WIDTH: usize>(context: &mut HostContext<'_>, args: &[Slot]) -> Result<Slot, Trap> {
    context.arena.write(word(args, 0), &args[1].to_le_bytes()[..WIDTH])?;
    Ok(0)
}

fn store_in_builtin(context: &mut HostContext<'_>, args: &[Slot]) -> Result<Slot, Trap> {
    let [passes, offset, value] = [0, 1, 2].map(|position| word(args, position));
    context.ambushes.lay(context.arena, passes, offset, value)?;
    Ok(0)
}

fn passive_elements(context: &mut HostContext<'_>, args: &[Slot]) -> Result<Slot, Trap> {
    let place = context.directory.passive_elements(word(args, 0), word(args, 1));
    found(place.map(|place| place.offset))
}

/// Small integers and null are no objects.
fn object_offset(context: &mut HostContext<'_>, args: &[Slot]) -> Result<Slot, Trap> {
    let heap = context.directory.gc_heap().ok_or(Trap::Host)?;
    match word(args, 0) {
        0 => Err(Trap::Host),
        small if small & 1 == 1 => Err(Trap::Host),
        object => Ok(heap.wrapping_add(object).into()),
    }
}

/// The reference that compiled code would take for one to an object there.
fn object_at(context: &mut HostContext<'_>, args: &[Slot]) -> Result<Slot, Trap> {
    let heap = context.directory.gc_heap().ok_or(Trap::Host)?;
    Ok(word(args, 0).wrapping_sub(heap).into())
}
