//! Gateways: code addresses that stand for something other than an op.
//!
//! They lie past the end of any code, so that the loop needs no test for them: it
//! stops there, and [`Gateway::at`] says what the address means. To the guest they
//! are callees like any other: they take arguments by the calling convention and
//! return to `lr`.
#![forbid(unsafe_code)]

use crate::code_table::CodeIndex;

/// Return address of the outermost call.
pub(super) const RETURN: u32 = u32::MAX;
const BUILTINS: u32 = 0x8000_0000;
const HOST_FUNCTIONS: u32 = 0xc000_0000;

/// What a code address past the end of the code means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gateway {
    /// The outermost call has returned.
    Return,
    /// A builtin, by its position among the ways in which builtins are called.
    Builtin(u32),
    /// The host function at a code index.
    Host(CodeIndex),
    /// Nothing: a jump to it is a bad code reference.
    Nothing,
}

impl Gateway {
    /// The gateway at a code address.
    pub(super) fn at(pc: u32) -> Gateway {
        match pc {
            RETURN => Gateway::Return,
            HOST_FUNCTIONS.. => Gateway::Host(CodeIndex(pc - HOST_FUNCTIONS)),
            BUILTINS.. => Gateway::Builtin(pc - BUILTINS),
            _ => Gateway::Nothing,
        }
    }

    /// The code address of a builtin.
    pub(super) fn builtin(position: u32) -> u32 {
        BUILTINS + position
    }

    /// The code address of a host function.
    pub(super) fn host(CodeIndex(index): CodeIndex) -> u32 {
        HOST_FUNCTIONS + index
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code_table::MAX_ENTRIES;

    #[test]
    fn gateways_do_not_overlap() {
        assert_eq!(Gateway::at(RETURN), Gateway::Return);
        assert_eq!(Gateway::at(BUILTINS - 1), Gateway::Nothing);
        for index in [0, MAX_ENTRIES - 1] {
            let host = CodeIndex(index);
            assert_eq!(Gateway::at(Gateway::host(host)), Gateway::Host(host));
            assert_eq!(Gateway::at(Gateway::builtin(index)), Gateway::Builtin(index));
        }
    }
}
