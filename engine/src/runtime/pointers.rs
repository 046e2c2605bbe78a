//! How a store writes pointers into VM structures and reads what guest code passes as one.
//!
//! The runtime itself deals in arena offsets only. With [`Addressing::Arena32`] these are
//! what compiled code uses, too. With [`Addressing::Raw64`], the positive control, code and
//! structures have native addresses of 8 bytes: an offset becomes base + offset on its way
//! out, and an address that lies in no arena names nothing on its way in.
#![forbid(unsafe_code)]

use std::borrow::Cow;

use crate::arena::{Arena, OutOfArena};
use crate::code_table::CodeIndex;
use crate::executor::{RawPointers, Slot};
use crate::layout::Addressing;
use crate::program::{Builtin, ValType};
use crate::trap::Trap;

/// Pointers of one store.
#[derive(Debug, Default)]
pub(super) struct Pointers {
    pub(super) addressing: Addressing,
    /// Where things lie, for raw pointers.
    pub(super) raw: RawPointers,
}

impl Pointers {
    pub(super) fn new(addressing: Addressing) -> Pointers {
        Pointers { addressing, raw: RawPointers::default() }
    }

    /// What guest code has for an offset; 0 is null.
    pub(super) fn to_guest(&self, offset: u32) -> u64 {
        match self.addressing {
            Addressing::Raw64 if offset != 0 => self.raw.base + u64::from(offset),
            _ => offset.into(),
        }
    }

    /// The offset of what guest code has; `None` for what points to no arena.
    pub(super) fn of_guest(&self, pointer: Slot) -> Option<u32> {
        let base = match self.addressing {
            Addressing::Raw64 if pointer != 0 => self.raw.base.into(),
            _ => 0,
        };
        u32::try_from(pointer.checked_sub(base)?).ok()
    }

    /// What guest code has for a code index.
    pub(super) fn code(&self, index: CodeIndex) -> u64 {
        match self.addressing {
            Addressing::Raw64 => self.raw.code.get(index.0 as usize).copied().unwrap_or(0),
            Addressing::Arena32 => index.0.into(),
        }
    }

    /// Stores a pointer, or a number that is as wide as one.
    pub(super) fn store(
        &self,
        arena: &mut dyn Arena,
        at: u32,
        word: u64,
    ) -> Result<(), OutOfArena> {
        let bytes = usize::from(self.addressing.pointer_bytes());
        arena.write(at, &word.to_le_bytes()[..bytes])
    }

    /// Loads a pointer or such a number.
    pub(super) fn load(&self, arena: &dyn Arena, at: u32) -> Result<u64, OutOfArena> {
        let bytes = usize::from(self.addressing.pointer_bytes());
        let mut word = [0; 8];
        arena.read(at, &mut word[..bytes])?;
        Ok(u64::from_le_bytes(word))
    }

    /// Bytes of a table's element.
    pub(super) fn element_bytes(&self, element: ValType) -> u32 {
        element_bytes(self.addressing, element)
    }

    /// The arguments of a builtin, with offsets for pointers. What no byte is moved to or from
    /// may be any pointer: the front end gives 1 for a segment that instantiation has dropped.
    pub(super) fn arguments<'a>(
        &self,
        builtin: Builtin,
        args: &'a [Slot],
    ) -> Result<Cow<'a, [Slot]>, Trap> {
        if self.addressing == Addressing::Arena32 {
            return Ok(Cow::Borrowed(args));
        }
        let pointers: &[usize] = match builtin {
            Builtin::MemoryCopy => &[0, 1, 2],
            Builtin::MemoryFill => &[0, 1],
            _ => &[0],
        };
        let mut args = args.to_vec();
        let moves_nothing = pointers.len() > 1 && args.get(3) == Some(&0);
        for &at in pointers {
            let Some(slot) = args.get_mut(at) else { continue };
            *slot = match self.of_guest(*slot) {
                Some(offset) => offset.into(),
                None if at > 0 && moves_nothing => 0,
                None => return Err(Trap::ArenaOutOfBounds),
            };
        }
        // A length is as wide as a pointer.
        if pointers.len() > 1 && args.get(3).is_some_and(|&len| u32::try_from(len).is_err()) {
            return Err(Trap::ArenaOutOfBounds);
        }
        Ok(Cow::Owned(args))
    }

    /// The result of a builtin, as guest code has it.
    pub(super) fn result(&self, builtin: Builtin, result: Slot) -> Slot {
        let is_pointer = matches!(
            builtin,
            Builtin::PassiveElemSegmentBase | Builtin::RefFunc | Builtin::TableGetLazyInitFuncRef
        );
        let grows = matches!(builtin, Builtin::MemoryGrow | Builtin::TableGrow);
        match (self.addressing, u32::try_from(result)) {
            (Addressing::Raw64, Ok(offset)) if is_pointer => self.to_guest(offset).into(),
            (Addressing::Raw64, Ok(u32::MAX)) if grows => u64::MAX.into(),
            _ => result,
        }
    }
}

/// Bytes of a table's element: those of a pointer to a function reference, or of a
/// reference to an object.
pub(super) fn element_bytes(addressing: Addressing, element: ValType) -> u32 {
    match element {
        ValType::FuncRef => addressing.pointer_bytes().into(),
        _ => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw() -> Pointers {
        let raw = RawPointers { base: 0x7f00_0000_0000, code: vec![0x10, 0x20] };
        Pointers { addressing: Addressing::Raw64, raw }
    }

    #[test]
    fn a_raw_pointer_is_base_plus_offset_and_null_is_zero() {
        let pointers = raw();
        assert_eq!(pointers.to_guest(0x1_0000), 0x7f00_0001_0000);
        assert_eq!(pointers.of_guest(0x7f00_0001_0000), Some(0x1_0000));
        assert_eq!((pointers.to_guest(0), pointers.of_guest(0)), (0, Some(0)));
        assert_eq!(pointers.of_guest(0x1_0000), None, "an offset is no raw pointer");
        assert_eq!(pointers.of_guest(0x7f01_0000_0000), None, "past 4 GiB");
        assert_eq!(pointers.code(CodeIndex(1)), 0x20);
        assert_eq!(pointers.code(CodeIndex(9)), 0, "no entry is null");
    }

    #[test]
    fn offsets_are_what_arena_code_has() {
        let pointers = Pointers::new(Addressing::Arena32);
        assert_eq!((pointers.to_guest(7), pointers.of_guest(7)), (7, Some(7)));
        assert_eq!(pointers.code(CodeIndex(9)), 9);
    }

    #[test]
    fn a_builtin_gets_offsets_and_gives_pointers() {
        let pointers = raw();
        let at = |offset: u64| Slot::from(0x7f00_0000_0000 + offset);
        let args = [at(0x2_0000), at(0x3_0000), at(0x4_0000), 5];
        let offsets = pointers.arguments(Builtin::MemoryCopy, &args).expect("all in the arena");
        assert_eq!(*offsets, [0x2_0000, 0x3_0000, 0x4_0000, 5]);
        let wild = [at(0x2_0000), 0x1234, at(0), 5];
        let refused = pointers.arguments(Builtin::MemoryCopy, &wild);
        assert_eq!(refused, Err(Trap::ArenaOutOfBounds));
        let nothing = [at(0x2_0000), 0x1234, 1, 0];
        let offsets = pointers.arguments(Builtin::MemoryCopy, &nothing).expect("no byte is moved");
        assert_eq!(*offsets, [0x2_0000, 0, 0, 0]);
        let no_context = [1, at(0x3_0000), 1, 0];
        let refused = pointers.arguments(Builtin::MemoryCopy, &no_context);
        assert_eq!(refused, Err(Trap::ArenaOutOfBounds));
        assert_eq!(pointers.result(Builtin::RefFunc, 0x5_0000), at(0x5_0000));
        let failed = pointers.result(Builtin::MemoryGrow, Slot::from(u32::MAX));
        assert_eq!(failed, Slot::from(u64::MAX));
        assert_eq!(pointers.result(Builtin::MemoryGrow, 3), 3);
    }
}
