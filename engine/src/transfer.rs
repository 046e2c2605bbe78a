//! Transfers of control that must not be: what the monitors of all executors report.
#![forbid(unsafe_code)]

use crate::site::SiteId;

/// A transfer of control to where it must not go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongTransfer {
    /// Call or return.
    pub kind: TransferKind,
    /// Load order of the program, where known.
    pub program: Option<u32>,
    /// The indirect call, where known.
    pub site: Option<SiteId>,
}

/// How control was transferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferKind {
    /// An indirect call entered an entry of another signature than its site expects.
    Entry,
    /// A return went elsewhere than to its caller.
    Return,
}

impl TransferKind {
    /// The kind in one word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            TransferKind::Entry => "entry",
            TransferKind::Return => "return",
        }
    }
}
