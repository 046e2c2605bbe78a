//! Planted faults: seeded bugs of our own that measure the oracles.
//!
//! A fault is switched on by its number for one run. It is tested at the one
//! place that it changes, with [`Faults::has`], at compile time of the guest code
//! or outside the hot path; a run without faults pays nothing. When the run meets
//! the condition under which the fault changes anything, that place calls
//! [`Faults::trigger`], so that *never triggered* and *triggered but missed* are
//! separate results.
//!
//! To add one: a line in `faults!`; `if faults.has(Fault::X)` at the one place that it
//! changes, outside the hot path or as a type parameter; `faults.trigger(Fault::X)` where
//! the condition is met; its expected verdict in `tests/quality/test_planted_faults.py`.
#![forbid(unsafe_code)]

use std::cell::Cell;

use crate::site::Site;

/// Declares [`Fault`] with, for each variant, its number and what it does.
macro_rules! faults {
    ($( $variant:ident = $number:literal, $summary:literal; )*) => {
        /// One planted fault.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Fault { $( #[doc = $summary] $variant = $number, )* }

        impl Fault {
            /// Every fault, by number.
            pub const ALL: &[Fault] = &[$( Fault::$variant, )*];

            /// What the fault does, in one line.
            #[must_use]
            pub fn summary(self) -> &'static str {
                match self { $( Fault::$variant => $summary, )* }
            }
        }
    };
}

faults! {
    DirtyUpperHalf = 1, "drop the zero-extension of an offset taken from a 64-bit value";
    SignExtendedOffset = 2, "sign-extend the offset of an access instead of zero-extending it";
    ScaledIndex = 6, "fold uextend(ishl(x, k)) into base + x * 2^k, so that the product does not wrap";
    UnwrappedSum = 7, "fold uextend(iadd(a, b)) into base + a + b, so that the sum does not wrap";
    SignedDisplacement = 9, "add a displacement from 2^31 on as if it were negative";
    UncheckedAccess = 11, "drop a bounds check although offset and index reach past 4 GiB";
    FirstByteCheck = 12, "check the first byte of an access against the bound, not the last";
    LengthKept = 14, "keep the length or base of a memory or table across calls that may change it";
    WideWrite = 15, "write 8 bytes of a length when a memory or table grows, not 4";
    AnySignature = 18, "make indirect calls whatever the signature of the entry is";
    ForeignTypeIds = 19, "give host functions the type ids of a numbering of their own";
    HandleReused = 20, "free the handle of a host reference while the guest has it, and use it again";
    AreaNotZeroed = 25, "give a new store the memories of the one before without zeroing them";
    CountFromArena = 27, "count the arguments of a host call by the type id in the arena, unchecked";
    BaseNotRestored = 30, "add the base twice to the addresses after a call";
    HostAddress = 31, "keep a limit of the host's stack in VM data, as an address of the host";
    GrowthForgotten = 32, "go on from a snapshot with memories as large as they were at first";
}

impl Fault {
    /// The two-digit number by which a fault is named on the command line.
    #[must_use]
    pub fn name(self) -> String {
        format!("{:02}", self as u8)
    }

    /// The fault of a given name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Fault> {
        Fault::ALL.iter().copied().find(|fault| fault.name() == name)
    }
}

/// The faults of one run, and which of them have met their trigger.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    active: Option<Fault>,
    triggered: Cell<bool>,
}

impl Faults {
    /// A run with one fault, or with none.
    #[must_use]
    pub fn new(active: Option<Fault>) -> Faults {
        Faults { active, triggered: Cell::new(false) }
    }

    /// Whether `fault` is present in this run.
    #[must_use]
    pub fn has(&self, fault: Fault) -> bool {
        self.active == Some(fault)
    }

    /// Whether any fault is present in this run.
    #[must_use]
    pub fn any(&self) -> bool {
        self.active.is_some()
    }

    /// The fault that is present in this run.
    #[must_use]
    pub fn active(&self) -> Option<Fault> {
        self.active
    }

    /// Notes that the run met the condition under which `fault` changes anything.
    pub fn trigger(&self, fault: Fault) {
        if self.has(fault) {
            self.triggered.set(true);
        }
    }

    /// For each of a program's sites, whether [`Fault::LengthKept`] keeps what it loads; empty
    /// without that fault.
    #[must_use]
    pub fn kept_fields(&self, sites: &[Site]) -> Vec<bool> {
        if !self.has(Fault::LengthKept) {
            return Vec::new();
        }
        let definitions = ["VMMemoryDefinition+", "VMTableDefinition+"];
        let kept = |site: &Site| definitions.iter().any(|name| site.region.starts_with(name));
        sites.iter().map(kept).collect()
    }

    /// Whether the active fault has been triggered.
    #[must_use]
    pub fn triggered(&self) -> bool {
        self.triggered.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_two_digits_and_map_back() {
        for &fault in Fault::ALL {
            assert_eq!(fault.name().len(), 2);
            assert_eq!(Fault::from_name(&fault.name()), Some(fault));
        }
        assert_eq!(Fault::from_name("99"), None);
    }
}
