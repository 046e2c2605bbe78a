//! Accesses, and the addresses that they are made through.
//!
//! Backends fold what computes an address into the access: additions, scales,
//! extensions, displacements. So addresses come in all these shapes. Most lie in the
//! program's memory; some at an edge of what an offset reaches, a few anywhere.
#![forbid(unsafe_code)]

use super::body::{Body, Value};
use super::ty::Ty;
use crate::arena::NULL_PAGE;
use crate::clif::{LEN, MEMORY, MEMORY_BYTES};

/// Addresses around which something ends: the null page, the memory, the arena, what is
/// positive when signed, the address space.
const EDGES: [u32; 6] = [NULL_PAGE, MEMORY, LEN, 0x8000_0000, 0xffff_ffff, 0];

/// Displacements.
const DISPLACEMENTS: [i32; 12] = [0, 0, 0, 1, 4, 8, -8, -1, 0x7f, -0x80, 0x7fff_ffff, -0x8000_0000];

/// Displacements that keep an address in the memory, if it was in its middle.
const NEAR: [i32; 8] = [0, 0, 0, 8, -8, 16, -1, 0x7f];

const MEMORY_MIDDLE: u32 = MEMORY + MEMORY_BYTES / 4;

/// Flags and trap codes. That an access is aligned, or reads what nobody writes, is often a
/// lie: exact runs do not believe it, and as-shipped runs must stay inside all the same.
const FLAGS: [&str; 11] = [
    "",
    " little",
    " user200",
    " user200",
    " user6",
    " notrap",
    " notrap",
    " notrap little",
    " aligned",
    " notrap aligned",
    READ_ONLY,
];
const READ_ONLY: &str = " notrap readonly can_move";

/// Those that Pulley can compile for a load that widens lanes.
const TRAPPING: [&str; 3] = ["", " user200", " user6 little"];
const ATOMICS: [&str; 11] =
    ["add", "sub", "and", "nand", "or", "xor", "xchg", "umin", "umax", "smin", "smax"];

/// An address, and the displacement to use with it.
struct Address {
    base: Value,
    displacement: i32,
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.displacement {
            0 => write!(f, "{}", self.base),
            displacement => write!(f, "{}{displacement:+}", self.base),
        }
    }
}

/// Makes accesses in a function.
pub(super) struct Addresses<'a, 'b, 'e> {
    body: &'a mut Body<'b, 'e>,
}

impl<'a, 'b, 'e> Addresses<'a, 'b, 'e> {
    pub(super) fn new(body: &'a mut Body<'b, 'e>) -> Addresses<'a, 'b, 'e> {
        Addresses { body }
    }

    /// A load or a store of any kind.
    pub(super) fn access(&mut self) {
        match self.body.draw.below(10) {
            0..4 => self.load(),
            4..7 => self.store(),
            7 => self.extending_load(),
            8 => self.narrow_store(),
            _ if self.body.table.is_whole() && self.body.draw.chance(75) => self.atomic(),
            _ => self.widening_load(),
        }
    }

    fn load(&mut self) {
        let ty = Ty::draw(self.body.draw);
        let (flags, address) = (self.flags(), self.address());
        self.body.define(ty, &format!("load.{}{flags} {address}", ty.name()));
    }

    fn store(&mut self) {
        let ty = Ty::draw(self.body.draw);
        let (flags, address) = (self.store_flags(), self.address());
        let value = self.body.value(ty);
        self.body.emit(&format!("store{flags} {value}, {address}"));
    }

    fn extending_load(&mut self) {
        let (name, types): (_, &[Ty]) = self.body.draw.choice(&[
            ("load8", &[Ty::I16, Ty::I32, Ty::I64] as &[Ty]),
            ("load16", &[Ty::I32, Ty::I64]),
            ("load32", &[Ty::I64]),
        ]);
        let ty = self.body.draw.choice(types);
        let sign = self.body.draw.choice(&["u", "s"]);
        let (flags, address) = (self.flags(), self.address());
        let suffix = if name == "load32" { String::new() } else { format!(".{}", ty.name()) };
        self.body.define(ty, &format!("{sign}{name}{suffix}{flags} {address}"));
    }

    fn widening_load(&mut self) {
        let (name, ty) = self.body.draw.choice(&[
            ("uload8x8", Ty::I16x8),
            ("sload8x8", Ty::I16x8),
            ("uload16x4", Ty::I32x4),
            ("sload16x4", Ty::I32x4),
            ("uload32x2", Ty::I64x2),
            ("sload32x2", Ty::I64x2),
        ]);
        let (flags, address) = (self.body.draw.choice(&TRAPPING), self.address());
        self.body.define(ty, &format!("{name}{flags} {address}"));
    }

    fn narrow_store(&mut self) {
        let (name, types): (_, &[Ty]) = self.body.draw.choice(&[
            ("istore8", &[Ty::I16, Ty::I32, Ty::I64] as &[Ty]),
            ("istore16", &[Ty::I32, Ty::I64]),
            ("istore32", &[Ty::I64]),
        ]);
        let ty = self.body.draw.choice(types);
        let (flags, address) = (self.store_flags(), self.address());
        let value = self.body.value(ty);
        self.body.emit(&format!("{name}{flags} {value}, {address}"));
    }

    /// An atomic access, which has no displacement and is aligned most of the time.
    fn atomic(&mut self) {
        let ty = self.body.draw.choice(&[Ty::I32, Ty::I64, Ty::I8, Ty::I16]);
        let address = self.address().base;
        let mask = if self.body.draw.chance(10) { -1 } else { -8 };
        let mask = self.body.define(Ty::I32, &format!("iconst.i32 {mask}"));
        let address = self.body.define(Ty::I32, &format!("band {address}, {mask}"));
        let name = ty.name();
        let value = self.body.value(ty);
        match self.body.draw.below(5) {
            0 => drop(self.body.define(ty, &format!("atomic_load.{name} {address}"))),
            1 => self.body.emit(&format!("atomic_store {value}, {address}")),
            2 => {
                let expected = self.body.value(ty);
                let text = format!("atomic_cas.{name} {address}, {expected}, {value}");
                self.body.define(ty, &text);
            }
            3 => {
                let op = self.body.draw.choice(&ATOMICS);
                self.body.define(ty, &format!("atomic_rmw.{name} {op} {address}, {value}"));
            }
            _ => self.body.emit("fence"),
        }
    }

    fn flags(&mut self) -> &'static str {
        self.body.draw.choice(&FLAGS)
    }

    /// Flags of a store: none is valid that says it does not write.
    fn store_flags(&mut self) -> &'static str {
        let flags = self.flags();
        if flags == READ_ONLY { "" } else { flags }
    }

    fn constant(&mut self, offset: u32) -> Value {
        self.body.define(Ty::I32, &format!("iconst.i32 {}", offset.cast_signed()))
    }

    fn address(&mut self) -> Address {
        match self.body.draw.below(100) {
            0..18 => self.stack_slot(),
            18..35 => self.fixed(),
            35..94 => self.indexed(),
            94..99 => self.at_an_edge(),
            _ => self.anywhere(),
        }
    }

    fn near(&mut self) -> i32 {
        self.body.draw.choice(&NEAR)
    }

    /// An offset in the middle of the memory, or displaced from there.
    fn fixed(&mut self) -> Address {
        let at = u32::try_from(self.body.draw.below(64)).unwrap_or_default();
        let displacement = self.near();
        Address { base: self.constant(MEMORY_MIDDLE + 8 * at), displacement }
    }

    /// Where a slot lies, with a displacement that stays in it, mostly.
    fn stack_slot(&mut self) -> Address {
        let Some(last) = self.body.slots.len().checked_sub(1) else { return self.fixed() };
        let slot = self.body.draw.below(last + 1);
        let bytes = self.body.slots[slot].cast_signed();
        let at = if bytes > 16 && self.body.draw.chance(50) { bytes - 16 } else { 0 };
        let text = if at > 0 {
            format!("stack_addr.i32 ss{slot}+{at}")
        } else {
            format!("stack_addr.i32 ss{slot}")
        };
        Address { base: self.body.define(Ty::I32, &text), displacement: 0 }
    }

    /// Base and index, in every order and with every scale and extension.
    fn indexed(&mut self) -> Address {
        let (base, index) = self.base_and_index();
        let scale = self.body.draw.below(4);
        let scaled = if scale > 0 {
            let amount = self.body.define(Ty::I32, &format!("iconst.i32 {scale}"));
            self.body.define(Ty::I32, &format!("ishl {index}, {amount}"))
        } else {
            index
        };
        let text = if self.body.draw.chance(50) {
            format!("iadd {base}, {scaled}")
        } else {
            format!("iadd {scaled}, {base}")
        };
        let mut base = self.body.define(Ty::I32, &text);
        if self.body.draw.chance(30) {
            let more = self.body.draw.choice(&[8, -8, 0x40, -0x80]);
            let more = self.body.define(Ty::I32, &format!("iconst.i32 {more}"));
            base = self.body.define(Ty::I32, &format!("iadd {base}, {more}"));
        }
        Address { base, displacement: self.near() }
    }

    /// A base that is a constant, or that nobody knows.
    ///
    /// Pulley folds a constant into the displacement, which leaves the index as the base
    /// register, and takes a base register of 0 for null: so most such indices are odd.
    fn base_and_index(&mut self) -> (Value, Value) {
        if !self.body.slots.is_empty() && self.body.draw.chance(50) {
            return (self.body.define(Ty::I32, "stack_addr.i32 ss0"), self.index());
        }
        let base = self.constant(MEMORY_MIDDLE);
        let index = self.index();
        if self.body.draw.chance(2) {
            return (base, index);
        }
        let one = self.body.define(Ty::I32, "iconst.i32 1");
        (base, self.body.define(Ty::I32, &format!("bor {index}, {one}")))
    }

    /// A small number of unknown value, made from a value of any width.
    fn index(&mut self) -> Value {
        match self.body.draw.below(5) {
            0 => {
                let narrow = self.body.value(Ty::I8);
                self.body.define(Ty::I32, &format!("uextend.i32 {narrow}"))
            }
            1 => {
                let narrow = self.body.value(Ty::I8);
                self.body.define(Ty::I32, &format!("sextend.i32 {narrow}"))
            }
            2 => {
                let wide = self.body.value(Ty::I64);
                let mask = self.body.define(Ty::I64, "iconst.i64 0x7ff");
                let small = self.body.define(Ty::I64, &format!("band {wide}, {mask}"));
                self.body.define(Ty::I32, &format!("ireduce.i32 {small}"))
            }
            3 => {
                let wide = self.body.value(Ty::I32);
                let amount = self.body.define(Ty::I32, "iconst.i32 21");
                self.body.define(Ty::I32, &format!("ushr {wide}, {amount}"))
            }
            _ => {
                let wide = self.body.value(Ty::I32);
                let mask = self.body.define(Ty::I32, "iconst.i32 0x7f8");
                self.body.define(Ty::I32, &format!("band {wide}, {mask}"))
            }
        }
    }

    /// Near an edge: half of these fall off it, if the displacement does not.
    fn at_an_edge(&mut self) -> Address {
        let edge = self.body.draw.choice(&EDGES);
        let off = self.body.draw.choice(&[-17, -16, -8, -4, -1, 0, 1, 4]);
        let displacement = self.body.draw.choice(&DISPLACEMENTS);
        let base = edge.wrapping_add_signed(off).wrapping_sub(displacement.cast_unsigned());
        let base = self.constant(base);
        if self.body.draw.chance(50) {
            return Address { base, displacement };
        }
        let index = self.one_or_three();
        Address { base: self.body.define(Ty::I32, &format!("iadd {base}, {index}")), displacement }
    }

    /// A number that no pass knows: with it, an address at an edge is computed when it runs.
    fn one_or_three(&mut self) -> Value {
        let any = self.body.value(Ty::I32);
        let amount = self.body.define(Ty::I32, "iconst.i32 30");
        let few = self.body.define(Ty::I32, &format!("ushr {any}, {amount}"));
        let one = self.body.define(Ty::I32, "iconst.i32 1");
        self.body.define(Ty::I32, &format!("bor {few}, {one}"))
    }

    fn anywhere(&mut self) -> Address {
        let displacement = self.body.draw.choice(&DISPLACEMENTS);
        Address { base: self.body.value(Ty::I32), displacement }
    }
}
