//! What the runtime knows and decides by: kept outside the arena, where guest code
//! cannot reach it.
//!
//! The arena holds a second copy of some of it (sizes of memories and tables, code
//! indices), for compiled code to use. The runtime writes that copy and never reads
//! it back. Ids given out here are trusted; everything that guest code passes is
//! looked up with a method that returns an `Option`.
#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::sync::Arc;

use super::ambush::Ambushes;
use super::areas::Areas;
use super::gc_heap::{GcHeap, Numbering};
use super::host::{HostCall, HostFunction};
use super::link::Extern;
use super::objects::SharedObjectMap;
use super::pointers::Pointers;
use super::structures::{Reservations, SHADOW_STACK, SHADOW_STACK_BYTES};
use super::types::{TypeId, Types};
use crate::code_table::CodeIndex;
use crate::fault::Faults;
use crate::layout::Layout;
use crate::passes::FrameMap;
use crate::program::{self, ValType};
use crate::wasm_type::{RefType, Type};

/// Declares the id types of a store's objects.
macro_rules! ids {
    ($( $(#[$doc:meta])* $id:ident, $get:ident, $list:ident, $type:ident; )*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub struct $id(pub(super) u32);

        impl State {
            pub(super) fn $get(&self, id: $id) -> &$type {
                &self.$list[id.0 as usize]
            }
        }
    )* };
}

ids! {
    /// A function of a store.
    FunctionId, function, functions, Function;
    /// A table of a store.
    TableId, table, tables, Table;
    /// A linear memory of a store.
    MemoryId, memory, memories, Memory;
    /// A global of a store.
    GlobalId, global, globals, Global;
    /// A tag of a store.
    TagId, tag, tags, Tag;
    /// An instance of a store.
    InstanceId, instance, instances, Instance;
}

/// A function, the guest's or the host's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Function {
    pub(super) ty: TypeId,
    pub(super) code: CodeIndex,
    /// What it is called with as its own vmctx; 0 for host functions.
    pub(super) vmctx: u32,
    /// Number among the host functions.
    pub(super) host: Option<u32>,
}

/// A table.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) ty: program::Table,
    pub(super) element: RefType<TypeId>,
    /// The instance that defines it, and its number among those that it defines.
    pub(super) owner: (InstanceId, u32),
    /// Arena offset of its `VMTableDefinition`.
    pub(super) definition: u32,
    /// Arena offset of the field `current_elements` of that.
    pub(super) size_field: u32,
    /// Arena offset of element 0.
    pub(super) base: u32,
    pub(super) elements: u32,
    /// What `elements` may grow to.
    pub(super) reserved: u32,
    /// Bytes of an element.
    pub(super) element_bytes: u32,
    /// Elements that are made when they are first read: offset of a `VMFuncRef`, or 0.
    pub(super) image: Vec<u32>,
}

/// A linear memory.
#[derive(Debug)]
pub(super) struct Memory {
    pub(super) ty: program::Memory,
    /// As for [`Table`].
    pub(super) owner: (InstanceId, u32),
    /// Arena offset of its `VMMemoryDefinition`.
    pub(super) definition: u32,
    /// Arena offset of the field `current_length` of that.
    pub(super) length_field: u32,
    /// Arena offset of byte 0.
    pub(super) base: u32,
    pub(super) pages: u64,
    /// What `pages` may grow to.
    pub(super) reserved: u64,
}

impl Memory {
    /// Current length. It fits, since the reservation lies in the arena.
    pub(super) fn len_bytes(&self) -> u32 {
        self.bytes(self.pages)
    }

    pub(super) fn bytes(&self, pages: u64) -> u32 {
        u32::try_from(pages << self.ty.page_size_log2).expect("within the reservation")
    }
}

/// A global.
#[derive(Clone, Copy, Debug)]
pub(super) struct Global {
    pub(super) ty: ValType,
    pub(super) declared: Type<TypeId>,
    pub(super) mutable: bool,
    /// As for [`Table`].
    pub(super) owner: (InstanceId, u32),
    /// Arena offset of its `VMGlobalDefinition`, which is its 16-byte slot.
    pub(super) definition: u32,
}

/// A tag.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tag {
    pub(super) ty: TypeId,
    /// As for [`Table`].
    pub(super) owner: (InstanceId, u32),
    /// Arena offset of its `VMTagDefinition`.
    pub(super) definition: u32,
}

/// A `VMFuncRef` that the runtime made.
#[derive(Clone, Copy, Debug)]
pub(super) struct FuncRef {
    /// Position of its function in the instance that holds it.
    pub(super) position: u32,
    pub(super) ty: TypeId,
}

/// A passive element segment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    pub(super) base: u32,
    pub(super) len: u32,
    pub(super) element: ValType,
    pub(super) dropped: bool,
}

/// An instance. Its lists are index spaces: imports first.
#[derive(Debug)]
pub(super) struct Instance {
    /// Load order of its program.
    pub(super) program: u32,
    /// Its startup function, until that runs.
    pub(super) startup: Option<CodeIndex>,
    pub(super) layout: Layout,
    pub(super) vmctx: u32,
    /// Arena offset of its array of type ids.
    pub(super) type_ids: u32,
    /// What stands in that array.
    pub(super) types: Vec<TypeId>,
    pub(super) functions: Vec<FunctionId>,
    /// Arena offset of each function's `VMFuncRef`, if it has one.
    pub(super) func_refs: Vec<Option<u32>>,
    pub(super) tables: Vec<TableId>,
    pub(super) imported_tables: usize,
    pub(super) memories: Vec<MemoryId>,
    pub(super) imported_memories: usize,
    pub(super) globals: Vec<GlobalId>,
    pub(super) tags: Vec<TagId>,
    pub(super) segments: Vec<Segment>,
    /// Arena offset and length of each runtime data segment.
    pub(super) data: Vec<(u32, u32)>,
    pub(super) exports: HashMap<String, Extern>,
}

impl Instance {
    /// The table of a given number among those that the instance defines.
    pub(super) fn defined_table(&self, number: u32) -> Option<TableId> {
        self.tables[self.imported_tables..].get(number as usize).copied()
    }

    /// The memory of a given number among those that the instance defines.
    pub(super) fn defined_memory(&self, number: u32) -> Option<MemoryId> {
        self.memories[self.imported_memories..].get(number as usize).copied()
    }
}

/// Everything that a store trusts, but the code table.
pub(super) struct State {
    pub(super) pointers: Pointers,
    pub(super) limits: Reservations,
    pub(super) areas: Areas,
    pub(super) types: Types,
    pub(super) functions: Vec<Function>,
    pub(super) tables: Vec<Table>,
    pub(super) memories: Vec<Memory>,
    pub(super) globals: Vec<Global>,
    pub(super) tags: Vec<Tag>,
    pub(super) instances: Vec<Instance>,
    /// Instances by the offset of their vmctx.
    pub(super) contexts: HashMap<u32, InstanceId>,
    /// Every `VMFuncRef` that the runtime made, by offset.
    pub(super) func_refs: HashMap<u32, FuncRef>,
    pub(super) gc_heap: Option<GcHeap>,
    /// Where the shadow stack's first frame ends: a return area of the host may lie behind it.
    pub(super) stack_bottom: u32,
    /// Whether its heap collects before each allocation.
    pub(super) gc_stress: bool,
    /// How often it has collected.
    pub(super) collections: u64,
    /// What frames on the shadow stack hold, of each loaded program in order.
    pub(super) frame_maps: Vec<Arc<Vec<FrameMap>>>,
    /// The host's references that guest code has been given.
    pub(super) host_references: Numbering<u128>,
    /// Offsets of the `VMFuncRef`s that objects of the GC heap hold.
    pub(super) held_func_refs: Numbering<u32>,
    pub(super) hosts: Vec<HostFunction>,
    pub(super) host_calls: Vec<HostCall>,
    pub(super) host_calls_made: u64,
    pub(super) ambushes: Ambushes,
    /// Set by a host function that ends the program.
    pub(super) exit: Option<i32>,
    pub(super) faults: Faults,
    /// Told of every growth, where somebody asked for it.
    pub(super) objects: Option<SharedObjectMap>,
}

impl State {
    pub(super) fn new(limits: Reservations, areas: Areas, pointers: Pointers) -> State {
        State {
            pointers,
            limits,
            areas,
            types: Types::default(),
            functions: Vec::new(),
            tables: Vec::new(),
            memories: Vec::new(),
            globals: Vec::new(),
            tags: Vec::new(),
            instances: Vec::new(),
            contexts: HashMap::new(),
            func_refs: HashMap::new(),
            gc_heap: None,
            stack_bottom: SHADOW_STACK + SHADOW_STACK_BYTES,
            gc_stress: false,
            collections: 0,
            frame_maps: Vec::new(),
            host_references: Numbering::default(),
            held_func_refs: Numbering::default(),
            hosts: Vec::new(),
            host_calls: Vec::new(),
            host_calls_made: 0,
            ambushes: Ambushes::default(),
            exit: None,
            faults: Faults::default(),
            objects: None,
        }
    }

    /// The instance that a vmctx from guest code stands for.
    pub(super) fn context(&self, vmctx: u32) -> Option<&Instance> {
        self.contexts.get(&vmctx).map(|&id| self.instance(id))
    }
}
