pub(super) mod shadow_stack {
    use crate::arena::NULL_PAGE;
    pub const POINTER: u32 = NULL_PAGE;
    pub const LIMIT: u32 = NULL_PAGE + 4;
    pub const WORDS_END: u32 = NULL_PAGE + 8;
}
pub(super) mod return_area {
    use cranelift_codegen::ir;
    pub const SLOT_BYTES: u32 = 16;
    pub fn needed(_: &ir::Signature) -> bool {
        false
    }
    pub fn explicit(s: &ir::Signature) -> ir::Signature {
        s.clone()
    }
    pub fn slots(area: u32, count: usize) -> impl Iterator<Item = u32> {
        (0..count as u32).map(move |n| area.wrapping_add(16 * n))
    }
}
