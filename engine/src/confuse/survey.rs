//! Where a program can be confused: every place at which a kind applies.
#![forbid(unsafe_code)]

use super::anatomy::Anatomy;
use super::kinds::Kind;
use super::plan::Params;
use crate::program::{FuncId, Program};

/// A site, and a kind that applies there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The function.
    pub function: FuncId,
    /// Position of the instruction in the layout order of the function.
    pub site: u32,
    /// The kind.
    pub kind: Kind,
}

/// All places of a program, by function, site and kind.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// The places. A few of them have no choice after all: see [`choices`].
    pub places: Vec<Place>,
}

impl Survey {
    /// Walks a program once.
    #[must_use]
    pub fn of(program: &Program) -> Survey {
        let catalogue = program.catalogue();
        let mut places = Vec::new();
        for (function, body) in (0..).map(FuncId).zip(&program.functions) {
            let anatomy = Anatomy::of(body, &catalogue);
            for (site, &inst) in (0..).zip(anatomy.sites()) {
                let kinds = Kind::ALL.iter().filter(|kind| kind.applies(&anatomy, inst));
                places.extend(kinds.map(|&kind| Place { function, site, kind }));
            }
        }
        Survey { places }
    }
}

/// What may be chosen at a place: the params of its entries. Empty where the program has
/// no such place.
#[must_use]
pub fn choices(program: &Program, place: Place) -> Vec<Params> {
    let Some(function) = program.functions.get(place.function.0 as usize) else {
        return Vec::new();
    };
    let catalogue = program.catalogue();
    let anatomy = Anatomy::of(function, &catalogue);
    anatomy.site(place.site).map_or_else(Vec::new, |inst| place.kind.choices(&anatomy, inst))
}
