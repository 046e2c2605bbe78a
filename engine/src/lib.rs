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
pub mod attack;
#[allow(unsafe_code, reason = "reserves address space and reaches guest memory by raw address")]
pub mod cage;
#[allow(unsafe_code, reason = "maps, starts and watches the process that guest code runs in")]
mod cell;
pub mod census;
pub mod clif;
pub mod code_table;
pub mod compare;
mod compiled;
pub mod confuse;
pub mod corrupt;
pub mod executor;
pub mod fault;

pub mod frontend;
pub mod interp;
#[allow(unsafe_code, reason = "makes, enters and leaves machine code")]
pub mod jit;
pub mod layout;
pub mod lowering;
pub mod mutate;
mod panic;
pub mod passes;
pub mod program;
#[cfg(feature = "python")]
mod py;
pub mod reference;
pub mod run;
pub mod runtime;
pub mod site;
pub mod smith;
pub mod transfer;
pub mod trap;
mod unwind;
pub mod wasi;
pub mod wasm_type;
pub mod weave;

/// Versions of what results depend on, by name: the engine's own, and those of its
/// lock file.
#[must_use]
pub fn versions() -> Vec<(&'static str, &'static str)> {
    const LOCK: &str = include_str!("../Cargo.lock");
    let locked = |name: &'static str| {
        let (_, package) = LOCK.split_once(&format!("name = \"{name}\"\nversion = \""))?;
        Some((name, package.split_once('"')?.0))
    };
    let names = [
        "cranelift-codegen",
        "wasmtime-environ",
        "pulley-interpreter",
        "wasm-smith",
        "wasm-mutate",
    ];
    let mut versions = vec![("engine", env!("CARGO_PKG_VERSION"))];
    versions.extend(names.into_iter().filter_map(locked));
    versions
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_version_is_found_in_the_lock_file() {
        let versions = super::versions();
        assert_eq!(versions.len(), 6);
        assert!(versions.contains(&("cranelift-codegen", "0.135.8")));
    }
}
