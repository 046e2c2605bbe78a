//! The opcodes: one short method of [`super::machine::Machine`] each, by family.
//!
//! Methods have the names of Pulley's assembly. Each is inlined into the one `match`
//! of the loop.
#![allow(
    clippy::inline_always,
    clippy::cast_possible_truncation,
    clippy::cast_lossless,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "the opcodes are defined by such casts, and must be part of the loop"
)]

mod control;
mod convert;
mod float;
mod integer;
mod memory;
mod vector;
