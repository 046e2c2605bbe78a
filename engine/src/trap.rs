//! Traps: the ways in which guest code may legitimately stop.
//!
//! A trap is a result, not an error. The Wasm traps have the numbers that
//! Wasmtime's front end gives them in CLIF (`TRAP_OFFSET` plus its own
//! numbering); `frontend` has a test that compares the two. The traps that only
//! an arena engine knows use user codes that Wasmtime leaves free.
#![forbid(unsafe_code)]

use cranelift_codegen::ir::TrapCode;

/// Declares [`Trap`] with, for each variant, its CLIF code and its stable name.
macro_rules! traps {
    ($( $(#[$doc:meta])* $variant:ident = $code:expr, $name:literal; )*) => {
        /// Why guest code stopped.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Trap { $( $(#[$doc])* $variant, )* }

        impl Trap {
            /// Every trap, in declaration order.
            pub const ALL: &[Trap] = &[$( Trap::$variant, )*];

            /// The stable snake-case name used in outcomes and case files.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $( Trap::$variant => $name, )* }
            }

            /// The CLIF trap code that stands for this trap.
            #[must_use]
            pub fn code(self) -> TrapCode {
                match self { $( Trap::$variant => $code, )* }
            }
        }
    };
}

traps! {
    /// The native, interpreter or shadow stack ran out, or calls nested too deeply.
    StackOverflow = TrapCode::STACK_OVERFLOW, "stack_overflow";
    /// An access outside a linear memory.
    HeapOutOfBounds = TrapCode::HEAP_OUT_OF_BOUNDS, "heap_out_of_bounds";
    /// An atomic access that is not naturally aligned.
    HeapMisaligned = TrapCode::unwrap_user(5), "heap_misaligned";
    /// An access outside a table.
    TableOutOfBounds = TrapCode::unwrap_user(6), "table_out_of_bounds";
    /// An indirect call through a null reference.
    IndirectCallToNull = TrapCode::unwrap_user(7), "indirect_call_to_null";
    /// An indirect call whose callee has another Wasm type.
    BadSignature = TrapCode::unwrap_user(8), "bad_signature";
    /// A signed division overflowed, or a float did not fit an integer.
    IntegerOverflow = TrapCode::INTEGER_OVERFLOW, "integer_overflow";
    /// An integer division by zero.
    IntegerDivisionByZero = TrapCode::INTEGER_DIVISION_BY_ZERO, "integer_division_by_zero";
    /// A NaN was converted to an integer.
    BadConversionToInteger = TrapCode::BAD_CONVERSION_TO_INTEGER, "bad_conversion_to_integer";
    /// The Wasm instruction `unreachable`.
    Unreachable = TrapCode::unwrap_user(12), "unreachable";
    /// The deadline passed while native code ran.
    Interrupt = TrapCode::unwrap_user(13), "interrupt";
    /// The interpreter ran out of fuel.
    OutOfFuel = TrapCode::unwrap_user(14), "out_of_fuel";
    /// A reference that must not be null was null.
    NullReference = TrapCode::unwrap_user(16), "null_reference";
    /// An access outside a GC array.
    ArrayOutOfBounds = TrapCode::unwrap_user(17), "array_out_of_bounds";
    /// An allocation beyond what the collector can ever give.
    AllocationTooLarge = TrapCode::unwrap_user(18), "allocation_too_large";
    /// A failed `ref.cast`.
    CastFailure = TrapCode::unwrap_user(19), "cast_failure";
    /// A wait for a notification in a memory that is not shared.
    AtomicWaitNonSharedMemory = TrapCode::unwrap_user(205), "atomic_wait_non_shared_memory";
    /// An exception that nothing caught.
    UncaughtException = TrapCode::unwrap_user(204), "uncaught_exception";
    /// The front end's own consistency check on the GC heap.
    GcHeapCorrupt = TrapCode::unwrap_user(2), "gc_heap_corrupt";
    /// The front end's own consistency check on its code.
    InternalAssert = TrapCode::unwrap_user(1), "internal_assert";
    /// An access to the null page or past the arena by an instruction that has
    /// no trap code of its own, or by a builtin also one that no area holds.
    /// Contained, but never seen in a correct program.
    ArenaOutOfBounds = TrapCode::unwrap_user(200), "arena_out_of_bounds";
    /// An indirect call to something that is not a function of the signature
    /// that the call site expects.
    BadCodeReference = TrapCode::unwrap_user(201), "bad_code_reference";
    /// A Pulley `_z` access whose base register is 0 although its effective
    /// address is not in the null page: only a confused program gets here.
    NullBase = TrapCode::unwrap_user(202), "null_base";
    /// A host function refused: an import that has no meaning here, or an argument
    /// that the host does not accept.
    Host = TrapCode::unwrap_user(203), "host";
}

impl Trap {
    /// The trap that a CLIF trap code stands for, or `None` for a code that
    /// neither Wasmtime's front end nor this engine emits.
    #[must_use]
    pub fn from_code(code: TrapCode) -> Option<Trap> {
        Trap::ALL.iter().copied().find(|trap| trap.code() == code)
    }
}

impl std::fmt::Display for Trap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_data_are_the_stable_ones() {
        for &trap in Trap::ALL {
            let json = serde_json::to_string(&trap).expect("plain data");
            assert_eq!(json, format!("\"{}\"", trap.name()));
        }
    }

    #[test]
    fn codes_are_distinct_and_map_back() {
        for &trap in Trap::ALL {
            assert_eq!(Trap::from_code(trap.code()), Some(trap));
        }
    }
}
