//! Why there is no cage.

/// Why there is no cage.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CageError {
    /// The host refused the address space.
    #[error("cannot reserve 64 GiB of address space: {0}")]
    Reserve(String),
    /// The host refused the decoys.
    #[error(
        "cannot map {count} decoys: {reason}; raise vm.max_map_count (now {limit}) above {needed}"
    )]
    Decoys {
        /// Mappings that one cage with decoys takes.
        count: usize,
        /// What the host said.
        reason: String,
        /// The limit on the mappings of a process, as the host states it.
        limit: String,
        /// A limit that suffices.
        needed: usize,
    },
    /// The host refused to change pages of the arena.
    #[error("cannot give the arena {len:#x} bytes: {reason}")]
    Resize {
        /// The length that was asked for.
        len: u32,
        /// What the host said.
        reason: String,
    },
}
