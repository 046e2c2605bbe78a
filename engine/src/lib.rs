//! The arena engine of Fencepost.
//!
//! Wasmtime's front end compiles WebAssembly for `pulley32`, so every VM
//! structure has 4-byte pointers and every address in its CLIF is an `i32`.
//! This crate reads each such address as an offset into one [`arena`] and runs
//! that CLIF unchanged in two executors: [`interp`], safe Rust over the arena,
//! and [`jit`], native code that adds the arena's base to every address.
//!
//! The way of a program: [`frontend`] makes a [`program::Program`]; [`passes`]
//! prepare it for one kind of run; an executor compiles it; [`runtime`] builds
//! the VM structures in the arena and serves what the code calls.
//!
//! `unsafe` is denied everywhere but in the modules that are granted it below.

pub mod arena;
#[allow(unsafe_code, reason = "reserves address space and reaches guest memory by raw address")]
pub mod cage;
pub mod code_table;
pub mod executor;
pub mod fault;
#[allow(unsafe_code, reason = "makes, enters and leaves machine code")]
pub mod jit;
pub mod lowering;
pub mod passes;
pub mod program;
pub mod site;
pub mod trap;
