//! The builtins of the runtime, which compiled code calls by name.
#![forbid(unsafe_code)]

use cranelift_codegen::ir::UserExternalName;

/// Namespace of the external names that stand for builtins; the index is a
/// [`Builtin`].
pub const BUILTIN_NAMESPACE: u32 = 1;

/// Declares [`Builtin`] with the name that Wasmtime gives each.
macro_rules! builtins {
    ($( $(#[$doc:meta])* $variant:ident = $name:literal; )*) => {
        /// The runtime functions that compiled code may call directly. Signatures
        /// are those of Wasmtime's libcalls, each with the caller's vmctx first.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u32)]
        pub enum Builtin { $( $(#[$doc])* $variant, )* }

        impl Builtin {
            /// Every builtin; a position here is the index of its external name.
            pub const ALL: &[Builtin] = &[$( Builtin::$variant, )*];

            /// Wasmtime's name for it.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $( Builtin::$variant => $name, )* }
            }
        }
    };
}

builtins! {
    /// `(vmctx, delta: i64, memory: i32) -> i32`: the old size in pages, or -1.
    MemoryGrow = "memory_grow";
    /// `(vmctx, dst: i32, src: i32, len: i32)`, arena offsets, checked by the caller.
    MemoryCopy = "memory_copy";
    /// `(vmctx, dst: i32, byte: i32, len: i32)`.
    MemoryFill = "memory_fill";
    /// `(vmctx, segment: i32) -> i32`: current length, 0 once dropped.
    PassiveElemSegmentLen = "passive_elem_segment_len";
    /// `(vmctx, segment: i32) -> i32`: arena offset of the 16-byte slots.
    PassiveElemSegmentBase = "passive_elem_segment_base";
    /// `(vmctx, segment: i32)`.
    PassiveElemSegmentDrop = "passive_elem_segment_drop";
    /// `(vmctx, function: i32) -> i32`: arena offset of its `VMFuncRef`.
    RefFunc = "ref_func";
    /// `(vmctx, table: i32, index: i64) -> i32`: offset of a `VMFuncRef`, or 0.
    TableGetLazyInitFuncRef = "table_get_lazy_init_func_ref";
    /// `(vmctx, table: i32, delta: i64) -> i32`: see `runtime::builtins`.
    TableGrow = "table_grow";
    /// `(vmctx, code: i8)`: raises the trap of that number.
    Trap = "trap";
    /// `(vmctx)`: raises the trap that a host call recorded.
    Raise = "raise";
    /// `(vmctx) -> i32`: the number of the instance.
    GetInstanceId = "get_instance_id";
    /// `(vmctx, kind: i32, type: i32, size: i32, align: i32) -> i32`: see
    /// `runtime::gc_heap`, as for the next three.
    GcAllocRaw = "gc_alloc_raw";
    /// `(vmctx, func_ref: i32) -> i64`.
    InternFuncRefForGcHeap = "intern_func_ref_for_gc_heap";
    /// `(vmctx, number: i32, type: i32) -> i32`.
    GetInternedFuncRef = "get_interned_func_ref";
    /// `(vmctx, actual: i32, expected: i32) -> i32`.
    IsSubtype = "is_subtype";
    /// `(vmctx, exception: i32)`: unwinds to a handler. Executors do it themselves.
    ThrowRef = "throw_ref";
    /// `(vmctx, memory: i32, address: i64, count: i32) -> i64`: see `runtime::wait`, as for
    /// the next two.
    MemoryAtomicNotify = "memory_atomic_notify";
    /// `(vmctx, memory: i32, address: i64, expected: i32, timeout: i64) -> i64`.
    MemoryAtomicWait32 = "memory_atomic_wait32";
    /// `(vmctx, memory: i32, address: i64, expected: i64, timeout: i64) -> i64`.
    MemoryAtomicWait64 = "memory_atomic_wait64";
}

impl Builtin {
    /// The builtin of a given external-name index.
    #[must_use]
    pub fn from_index(index: u32) -> Option<Builtin> {
        Builtin::ALL.get(index as usize).copied()
    }

    /// The builtin that an external name stands for.
    #[must_use]
    pub fn named(name: &UserExternalName) -> Option<Builtin> {
        (name.namespace == BUILTIN_NAMESPACE).then(|| Builtin::from_index(name.index)).flatten()
    }

    /// The builtin to which Wasmtime gives a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Builtin> {
        Builtin::ALL.iter().copied().find(|builtin| builtin.name() == name)
    }
}
