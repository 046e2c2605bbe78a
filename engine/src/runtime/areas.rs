//! Areas: how the arena is divided.
//!
//! Areas are given out upwards from the null page, in the order in which they are
//! asked for, each page-aligned and followed by one canary page. Nothing depends on
//! an address of the host, so the same programs get the same offsets in every
//! executor. An area is never given back: instances live as long as their store.
//!
//! A canary page holds a pattern that depends on its own offset. Nothing correct
//! ever writes there, so a changed canary is a write that strayed.
#![forbid(unsafe_code)]

use crate::arena::{Arena, MAX_LEN, NULL_PAGE, OutOfArena, PAGE};

/// What an area holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AreaKind {
    /// What a store has once: the shadow-stack words and the store context.
    Store,
    /// Stack slots of guest functions.
    ShadowStack,
    /// Garbage-collected objects.
    GcHeap,
    /// The VM structures of one instance.
    Instance,
    /// The elements of one table.
    Table,
    /// One linear memory.
    Memory,
    /// A page between areas.
    Canary,
    /// Nothing: accessible, but given to nobody.
    Gap,
}

impl AreaKind {
    /// The kind in words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            AreaKind::Store => "store structures",
            AreaKind::ShadowStack => "shadow stack",
            AreaKind::GcHeap => "GC heap",
            AreaKind::Instance => "instance structures",
            AreaKind::Table => "table",
            AreaKind::Memory => "memory",
            AreaKind::Canary => "canary",
            AreaKind::Gap => "gap",
        }
    }
}

/// A page-aligned interval of the arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Area {
    /// What it holds.
    pub kind: AreaKind,
    /// Where it begins.
    pub offset: u32,
    /// Bytes reserved, a multiple of [`PAGE`]; may be 0.
    pub len: u32,
}

/// The arena has no room for another area.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("memory limit (no room in the arena for a {} of {needed:#x} bytes)", .kind.name())]
pub struct OutOfAreas {
    /// What the area was for.
    pub kind: AreaKind,
    /// Bytes asked for.
    pub needed: u64,
}

/// The division of one arena.
#[derive(Clone, Debug)]
pub struct Areas {
    /// Where the next area begins.
    end: u32,
    /// Where the arena ends.
    limit: u32,
    all: Vec<Area>,
}

impl Areas {
    /// Divides an arena of `len` bytes.
    #[must_use]
    pub fn new(len: u32) -> Areas {
        Areas { end: NULL_PAGE, limit: len, all: Vec::new() }
    }

    /// Divides an arena that is as large as an arena can be: for finding out how much
    /// is needed.
    #[must_use]
    pub fn unbounded() -> Areas {
        Areas::new(MAX_LEN)
    }

    /// Gives out `len` bytes, rounded up to pages, and a canary page after them.
    ///
    /// # Errors
    /// [`OutOfAreas`], and nothing is given out.
    pub fn allocate(&mut self, kind: AreaKind, len: u64) -> Result<Area, OutOfAreas> {
        let refused = OutOfAreas { kind, needed: len };
        let room = self.limit.saturating_sub(self.end).checked_sub(PAGE).ok_or(refused)?;
        let rounded = u32::try_from(len.next_multiple_of(u64::from(PAGE))).map_err(|_| refused)?;
        if rounded > room {
            return Err(refused);
        }
        let area = Area { kind, offset: self.end, len: rounded };
        let canary = Area { kind: AreaKind::Canary, offset: self.end + rounded, len: PAGE };
        self.end = canary.offset + canary.len;
        self.all.extend([area, canary]);
        Ok(area)
    }

    /// Leaves a gap up to `floor`, if `len` bytes in `parts` areas fit above it;
    /// otherwise nothing changes.
    pub fn lift(&mut self, floor: u32, parts: usize, len: u64) {
        let canaries = u64::from(PAGE) * parts as u64;
        if self.end < floor && u64::from(floor) + len + canaries <= u64::from(self.limit) {
            self.all.push(Area { kind: AreaKind::Gap, offset: self.end, len: floor - self.end });
            self.end = floor;
        }
    }

    /// Everything given out, in ascending order.
    #[must_use]
    pub fn all(&self) -> &[Area] {
        &self.all
    }

    /// Whether all of an interval lies in one area that was given out; nothing lies anywhere.
    /// Looks from the end, since the memories stand there that programs copy within.
    #[must_use]
    pub fn hold(&self, offset: u32, len: u32) -> bool {
        if len == 0 {
            return true;
        }
        let Some(area) = self.all.iter().rfind(|area| area.offset <= offset) else { return false };
        let end = u64::from(offset) + u64::from(len);
        !matches!(area.kind, AreaKind::Canary | AreaKind::Gap)
            && end <= u64::from(area.offset) + u64::from(area.len)
    }

    /// Where the last area ends: the length that an arena needs to hold them.
    #[must_use]
    pub fn end(&self) -> u32 {
        self.end
    }

    /// Writes the canaries of the areas from number `first` of [`Areas::all`] on.
    ///
    /// # Errors
    /// [`OutOfArena`] when the arena is not the one that is divided here.
    pub fn write_canaries(&self, arena: &mut dyn Arena, first: usize) -> Result<(), OutOfArena> {
        for canary in canaries(&self.all[first..]) {
            arena.write(canary.offset, &pattern(canary.offset))?;
        }
        Ok(())
    }

    /// Offsets of the canaries that changed, each with that of its first changed byte.
    ///
    /// # Errors
    /// [`OutOfArena`] when the arena is not the one that is divided here.
    pub fn broken_canaries(&self, arena: &dyn Arena) -> Result<Vec<u32>, OutOfArena> {
        let mut broken = Vec::new();
        let mut found = [0; PAGE as usize];
        for canary in canaries(&self.all) {
            arena.read(canary.offset, &mut found)?;
            let expected = pattern(canary.offset);
            if found != expected {
                let at = (canary.offset..).zip(found.iter().zip(&expected));
                broken.extend(at.filter(|(_, (a, b))| a != b).map(|(at, _)| at).take(1));
            }
        }
        Ok(broken)
    }
}

fn canaries(areas: &[Area]) -> impl Iterator<Item = &Area> {
    areas.iter().filter(|area| area.kind == AreaKind::Canary)
}

/// The bytes of the canary page at `offset`: neither zero nor like an offset, and
/// different from page to page.
fn pattern(offset: u32) -> [u8; PAGE as usize] {
    let mut bytes = [0; PAGE as usize];
    for (at, word) in (offset..).step_by(4).zip(bytes.chunks_exact_mut(4)) {
        word.copy_from_slice(&(at.wrapping_mul(0x9e37_79b1) | 0xca00_00ca).to_le_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arena::OwnedArena;

    #[test]
    fn areas_follow_each_other_with_one_canary_between() {
        let mut areas = Areas::unbounded();
        let first = areas.allocate(AreaKind::Memory, 1).expect("room");
        let second = areas.allocate(AreaKind::Table, 0).expect("room");
        assert_eq!((first.offset, first.len), (NULL_PAGE, PAGE));
        assert_eq!((second.offset, second.len), (NULL_PAGE + 2 * PAGE, 0));
        assert_eq!(areas.end(), NULL_PAGE + 3 * PAGE);
    }

    #[test]
    fn an_interval_is_held_by_one_area_or_none() {
        let mut areas = Areas::unbounded();
        let first = areas.allocate(AreaKind::Memory, 2 * u64::from(PAGE)).expect("room");
        areas.lift(1 << 20, 1, 0);
        let second = areas.allocate(AreaKind::Memory, 1).expect("room");
        assert!(areas.hold(first.offset, first.len) && areas.hold(second.offset + 1, PAGE - 1));
        assert!(!areas.hold(first.offset, first.len + 1), "into the canary");
        assert!(!areas.hold(first.offset + first.len, 1), "a canary");
        assert!(!areas.hold(second.offset - 1, 2), "out of the gap");
        assert!(!areas.hold(0, 1) && !areas.hold(u32::MAX, u32::MAX));
        assert!(areas.hold(0, 0) && areas.hold(u32::MAX, 0));
    }

    #[test]
    fn an_area_that_does_not_fit_is_refused_and_changes_nothing() {
        let mut areas = Areas::new(NULL_PAGE + 4 * PAGE);
        for len in [u64::from(4 * PAGE), u64::from(u32::MAX), u64::MAX / 2] {
            assert_eq!(
                areas.allocate(AreaKind::Memory, len),
                Err(OutOfAreas { kind: AreaKind::Memory, needed: len })
            );
        }
        areas.allocate(AreaKind::Memory, u64::from(3 * PAGE)).expect("exactly fits");
        assert!(areas.allocate(AreaKind::Memory, 0).is_err(), "no room for a canary");
    }

    #[test]
    fn a_changed_byte_of_a_canary_is_found() {
        let mut areas = Areas::unbounded();
        for _ in 0..3 {
            areas.allocate(AreaKind::Memory, 1).expect("room");
        }
        let mut arena = OwnedArena::new(areas.end());
        areas.write_canaries(&mut arena, 0).expect("inside");
        assert_eq!(areas.broken_canaries(&arena), Ok(vec![]));
        let canary = areas.all()[3].offset;
        arena.fill(canary - 1, 0, 1).expect("inside");
        assert_eq!(areas.broken_canaries(&arena), Ok(vec![]), "the area's own last byte");
        arena.fill(canary + 77, 0, 1).expect("inside");
        assert_eq!(areas.broken_canaries(&arena), Ok(vec![canary + 77]));
    }
}
