//! What the parts of a function are to the program: which values point to structures,
//! which are lengths or code indices, and which are the guest's own.
//!
//! The front end names in each access's alias region the structure and field that it
//! means, such as `VMMemoryDefinition+0x4`. A value loaded from a field has the meaning
//! that the catalogue gives the field; a value used as the address of a structure points
//! to one, however it came about. Everything else is plain.
#![forbid(unsafe_code)]

use cranelift_codegen::dominator_tree::DominatorTree;
use cranelift_codegen::entity::{EntityRef as _, SecondaryMap};
use cranelift_codegen::flowgraph::ControlFlowGraph;
use cranelift_codegen::ir::types::I32;
use cranelift_codegen::ir::{
    ArgumentPurpose, Block, Function, Inst, InstructionData, Type, Value, ValueDef,
};

use crate::layout::{Field, Meaning, Structure, VmContext};
use crate::passes::opcode::{Class, class};

/// The instructions of a function in layout order: a position here is a site.
pub(super) fn sites(function: &Function) -> Vec<Inst> {
    let layout = &function.layout;
    layout.blocks().flat_map(|block| layout.block_insts(block)).collect()
}

/// What an access names: a structure, and the offset in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Named<'a> {
    pub structure: &'a str,
    pub offset: u32,
}

/// A function as the kinds see it. The function is unchanged while this lives.
pub(super) struct Anatomy<'a> {
    pub function: &'a Function,
    /// The type of an address.
    pointer: Type,
    catalogue: &'a [Structure],
    sites: Vec<Inst>,
    dominators: DominatorTree,
    meanings: SecondaryMap<Value, Option<Meaning>>,
}

impl<'a> Anatomy<'a> {
    pub(super) fn of(function: &'a Function, catalogue: &'a [Structure]) -> Anatomy<'a> {
        let graph = ControlFlowGraph::with_function(function);
        let dominators = DominatorTree::with_function(function, &graph);
        let sites = sites(function);
        let meanings = SecondaryMap::new();
        let context = function.signature.special_param_index(ArgumentPurpose::VMContext);
        let pointer = context.map_or(I32, |at| function.signature.params[at].value_type);
        let mut anatomy = Anatomy { function, pointer, catalogue, sites, dominators, meanings };
        anatomy.find_meanings();
        anatomy
    }

    /// The instruction at a site.
    pub(super) fn site(&self, site: u32) -> Option<Inst> {
        self.sites.get(site as usize).copied()
    }

    pub(super) fn sites(&self) -> &[Inst] {
        &self.sites
    }

    /// What an i32 was found to be; `None` where nothing says so, or for a value that this
    /// function does not have.
    pub(super) fn meaning_if_known(&self, value: Value) -> Option<Meaning> {
        let known = value.index() < self.function.dfg.num_values();
        known.then(|| self.meanings[self.function.dfg.resolve_aliases(value)]).flatten()
    }

    /// What a value means that may be an address; `None` for a value of another type.
    pub(super) fn meaning(&self, value: Value) -> Option<Meaning> {
        let value = self.function.dfg.resolve_aliases(value);
        let plain = || (self.function.dfg.value_type(value) == I32).then_some(Meaning::Plain);
        self.meanings[value].or_else(plain)
    }

    /// The i32 values that may be used at an instruction, with what they mean, in order of
    /// their numbers.
    pub(super) fn values_before(&self, inst: Inst) -> impl Iterator<Item = (Value, Meaning)> {
        let dfg = &self.function.dfg;
        let values = dfg.values();
        values
            .filter(|&value| dfg.value_is_real(value))
            .filter(move |&value| self.dominates(value, inst))
            .filter_map(|value| Some((value, self.meaning(value)?)))
    }

    /// Whether a value may be used as an address: it is one, or an i32.
    pub(super) fn may_address(&self, value: Value) -> bool {
        let ty = self.function.dfg.value_type(value);
        ty == I32 || ty == self.pointer
    }

    /// Whether a value is there when an instruction begins.
    pub(super) fn dominates(&self, value: Value, inst: Inst) -> bool {
        let layout = &self.function.layout;
        match self.function.dfg.value_def(value) {
            ValueDef::Result(def, _) => {
                def != inst
                    && layout.inst_block(def).is_some()
                    && self.dominators.dominates(def, inst, layout)
            }
            ValueDef::Param(block, _) => self.block_reaches(block, inst),
            ValueDef::Union(..) => false,
        }
    }

    fn block_reaches(&self, block: Block, inst: Inst) -> bool {
        let layout = &self.function.layout;
        layout.is_block_inserted(block) && self.dominators.dominates(block, inst, layout)
    }

    /// What an access names, if it is a field of a structure.
    pub(super) fn named(&self, inst: Inst) -> Option<Named<'a>> {
        let (structure, offset) = region(self.function, inst)?.split_once("+0x")?;
        Some(Named { structure, offset: u32::from_str_radix(offset, 16).ok()? })
    }

    /// The fields of a structure.
    pub(super) fn fields(&self, structure: &str) -> &'a [Field] {
        let known = self.catalogue.iter().find(|known| known.name == structure);
        known.map_or(&[], |known| &known.fields)
    }

    fn field_meaning(&self, named: Named<'_>) -> Option<Meaning> {
        if named.structure == "TypeIdsArray" {
            return Some(Meaning::TypeId);
        }
        let fields = self.fields(named.structure);
        fields.iter().find(|field| field.offset == named.offset).map(|field| field.meaning)
    }

    fn find_meanings(&mut self) {
        self.mark_contexts();
        let mut found = Vec::new();
        for &inst in &self.sites {
            let Some(access) = Access::of(self.function, inst) else { continue };
            if let Some(structure) = self.pointed_to(inst) {
                found.push((access.address, Meaning::OffsetOf(structure)));
            }
            if let Some(result) = self.function.dfg.inst_results(inst).first() {
                let meaning = self.named(inst).and_then(|named| self.field_meaning(named));
                found.extend(meaning.map(|meaning| (*result, meaning)));
            }
        }
        for (value, meaning) in found {
            self.mark(value, meaning);
        }
    }

    /// The first two parameters of a function are its own and its caller's context.
    fn mark_contexts(&mut self) {
        let Some(entry) = self.function.layout.entry_block() else { return };
        let params = &self.function.signature.params;
        let contexts = params.first().is_some_and(|p| p.purpose == ArgumentPurpose::VMContext);
        let count = if contexts { 2 } else { 0 };
        for &param in self.function.dfg.block_params(entry).iter().take(count) {
            self.mark(param, Meaning::OffsetOf(VmContext::NAME));
        }
    }

    /// The structure of the catalogue whose address an access at `inst` uses. Fields that
    /// lie in vmctx itself are reached through it.
    fn pointed_to(&self, inst: Inst) -> Option<&'static str> {
        let named = self.named(inst)?;
        let known = self.catalogue.iter().find(|known| known.name == named.structure)?;
        let access = Access::of(self.function, inst)?;
        let direct = i64::from(access.displacement) == i64::from(named.offset);
        direct.then_some(known.name)
    }

    /// The first meaning of a value stays.
    fn mark(&mut self, value: Value, meaning: Meaning) {
        let value = self.function.dfg.resolve_aliases(value);
        let may_address = self.may_address(value);
        let slot = &mut self.meanings[value];
        if may_address && slot.is_none() {
            *slot = Some(meaning);
        }
    }
}

/// The address of a load or store.
#[derive(Clone, Copy, Debug)]
pub(super) struct Access {
    pub address: Value,
    pub displacement: i32,
}

impl Access {
    /// The access of an instruction, if it is a load or store with a displacement.
    pub(super) fn of(function: &Function, inst: Inst) -> Option<Access> {
        let (address, displacement) = match function.dfg.insts[inst] {
            InstructionData::Load { arg, offset, .. } => (arg, offset),
            InstructionData::Store { args: [_, address], offset, .. } => (address, offset),
            _ => return None,
        };
        Some(Access { address, displacement: displacement.into() })
    }
}

/// The address that an instruction accesses, atomically or not.
pub(super) fn address(function: &Function, inst: Inst) -> Option<Value> {
    let data = function.dfg.insts[inst];
    if class(data.opcode()) != Class::Atomic {
        return Access::of(function, inst).map(|access| access.address);
    }
    match data {
        InstructionData::LoadNoOffset { arg: address, .. }
        | InstructionData::StoreNoOffset { args: [_, address], .. }
        | InstructionData::AtomicRmw { args: [address, _], .. }
        | InstructionData::AtomicCas { args: [address, ..], .. } => Some(address),
        _ => None,
    }
}

/// The description of the alias region that an access names.
pub(super) fn region(function: &Function, inst: Inst) -> Option<&str> {
    let dfg = &function.dfg;
    let region = dfg.mem_flags[dfg.insts[inst].memflags()?].alias_region()?;
    Some(&dfg.alias_regions[region].description)
}

/// The access or indirect call that shows whether an instruction was executed: itself,
/// else the next one in its block, else the one before.
pub(super) fn witness(function: &Function, inst: Inst) -> Option<Inst> {
    let layout = &function.layout;
    let shows = |inst: &Inst| {
        let class = class(function.dfg.insts[*inst].opcode());
        matches!(
            class,
            Class::Load
                | Class::Store
                | Class::Atomic
                | Class::CallIndirect
                | Class::ReturnCallIndirect
        )
    };
    let after = || std::iter::successors(Some(inst), |&inst| layout.next_inst(inst));
    let before = || std::iter::successors(Some(inst), |&inst| layout.prev_inst(inst));
    after().find(shows).or_else(|| before().find(shows))
}
