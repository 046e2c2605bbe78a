//! Taking CLIF out of Wasmtime's compiler.
//!
//! Wasmtime's Cranelift compiler keeps the CLIF that it translates in a private
//! type. It shows it in two ways:
//!
//! - it logs each translated Wasm function at trace level, whole, before any
//!   optimisation: read in memory, about 40 us a function with parsing;
//! - with `clif_dir` it writes each function to a file after the compile pass:
//!   some 0.5 ms a function, since it writes token by token.
//!
//! Wasm functions come by the first way. The startup function is not logged, so it
//! comes by the second, compiled without optimisation, which leaves the CLIF as
//! translated. Most modules have none. A test compares the two ways, and
//! [`Capture::take`] fails if the dependency ever stops logging.
#![forbid(unsafe_code)]

use std::cell::RefCell;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, MutexGuard, Once, PoisonError};

use cranelift_codegen::ir;
use wasmtime_environ::{Compiler, FuncKey, ModuleTranslation, ModuleTypesBuilder, Tunables};

use super::{FrontendError, internal, rejected};

/// Log target of the line that holds a function.
const TARGET: &str = "wasmtime_internal_cranelift::translate::func_translator";

/// How that line begins.
const PREFIX: &str = "translated Wasm to CLIF:\n";

/// Name under which the startup function is written.
const STARTUP: &str = "startup";

/// A file system in memory, on most Linux hosts.
const SHARED_MEMORY: &str = "/dev/shm";

thread_local! {
    /// The last function logged on this thread, while a [`Capture`] is active here.
    static LOGGED: RefCell<Option<String>> = const { RefCell::new(None) };
    static ACTIVE: RefCell<bool> = const { RefCell::new(false) };
}

/// The log level is process-wide: how many captures need it raised, and what it was
/// before the first of them.
static LEVEL: Mutex<(usize, log::LevelFilter)> = Mutex::new((0, log::LevelFilter::Off));

/// Held while the folder of [`clif_dir`] is in use.
pub(super) static DIRECTORY: Mutex<()> = Mutex::new(());

struct Logger;

impl log::Log for Logger {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.target() == TARGET && ACTIVE.with_borrow(|active| *active)
    }

    fn log(&self, record: &log::Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let mut text = String::new();
        let written = write!(text, "{}", record.args());
        if written.is_ok() && text.starts_with(PREFIX) {
            LOGGED.set(Some(text));
        }
    }

    fn flush(&self) {}
}

/// While it lives, functions translated on this thread can be taken.
pub(super) struct Capture(());

impl Capture {
    pub(super) fn start() -> Capture {
        static INSTALL: Once = Once::new();
        // If the host program has a logger already, captures come up empty, and
        // `take` says so.
        INSTALL.call_once(|| drop(log::set_logger(&Logger)));
        ACTIVE.set(true);
        LOGGED.set(None);
        let mut level = lock(&LEVEL);
        if level.0 == 0 {
            level.1 = log::max_level();
            log::set_max_level(log::LevelFilter::Trace);
        }
        level.0 += 1;
        Capture(())
    }

    /// The function translated since the last call.
    pub(super) fn take(&self) -> Result<ir::Function, FrontendError> {
        let text = LOGGED.take().ok_or_else(|| {
            FrontendError::Environment(
                "Wasmtime's front end logged no CLIF; is another logger installed?".to_owned(),
            )
        })?;
        parse(&text[PREFIX.len()..])
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        ACTIVE.set(false);
        let mut level = lock(&LEVEL);
        level.0 -= 1;
        if level.0 == 0 {
            log::set_max_level(level.1);
        }
    }
}

/// Wasmtime's compiler for a target, set up for both ways of capture.
pub(super) fn compiler(
    target: &target_lexicon::Triple,
    tunables: &Tunables,
) -> Result<Box<dyn Compiler>, FrontendError> {
    let mut builder =
        wasmtime_internal_cranelift::builder(Some(target.clone())).map_err(internal)?;
    builder.set("opt_level", "none").map_err(internal)?;
    // Pulley checks tables with traps and memories with a select; so does this.
    builder.set("enable_table_access_spectre_mitigation", "false").map_err(internal)?;
    if target.architecture == target_lexicon::Architecture::X86_64 {
        // Without these, vectors and roundings are calls of builtins.
        for feature in ["has_sse3", "has_ssse3", "has_sse41", "has_sse42", "has_avx", "has_fma"] {
            builder.enable(feature).map_err(internal)?;
        }
    }
    builder.set_tunables(tunables.clone()).map_err(internal)?;
    builder.clif_dir(&clif_dir()).map_err(internal)?;
    builder.build().map_err(internal)
}

/// The CLIF of the startup function.
pub(super) fn startup(
    compiler: &dyn Compiler,
    translation: &ModuleTranslation<'_>,
    key: FuncKey,
    types: &ModuleTypesBuilder,
) -> Result<ir::Function, FrontendError> {
    let _guard = lock(&DIRECTORY);
    let mut body =
        compiler.compile_trampoline(Some(translation), key, types, STARTUP).map_err(rejected)?;
    let directory = clif_dir();
    std::fs::create_dir_all(&directory).map_err(|error| denied(&directory, &error))?;
    let finished = compiler
        .inlining_compiler()
        .ok_or_else(|| internal("Wasmtime's compiler no longer inlines"))?
        .finish_compiling(&mut body, None, STARTUP);
    let written = std::fs::read_dir(&directory)
        .and_then(|mut entries| entries.next().transpose())
        .and_then(|entry| entry.map(|entry| std::fs::read_to_string(entry.path())).transpose());
    // Best effort: the directory is in the system's temporary folder.
    drop(std::fs::remove_dir_all(&directory));
    match (written.map_err(|error| denied(&directory, &error))?, finished) {
        // Its own backend may have failed on it: it has no atomics, and ours need none.
        (Some(text), _) => parse(&text),
        (None, Err(error)) => Err(internal(error)),
        (None, Ok(_)) => Err(internal("Wasmtime wrote no CLIF for the startup function")),
    }
}

/// Locks what a panic of another thread cannot have left half done.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where the startup function is written; exists only meanwhile. In memory where the
/// host has a place for that: Wasmtime makes a system call for every token.
pub(super) fn clif_dir() -> PathBuf {
    static IN_MEMORY: LazyLock<bool> = LazyLock::new(|| {
        let directory = below(Path::new(SHARED_MEMORY));
        std::fs::create_dir_all(&directory).and_then(|()| std::fs::remove_dir(&directory)).is_ok()
    });
    if *IN_MEMORY { below(Path::new(SHARED_MEMORY)) } else { below(&std::env::temp_dir()) }
}

fn below(parent: &Path) -> PathBuf {
    parent.join(format!("fencepost-clif-{}", std::process::id()))
}

fn denied(path: &std::path::Path, error: &std::io::Error) -> FrontendError {
    FrontendError::Environment(format!("cannot use {}: {error}", path.display()))
}

/// Parses the text of one function.
pub(super) fn parse(text: &str) -> Result<ir::Function, FrontendError> {
    let mut functions =
        cranelift_reader::parse_functions(text).map_err(|error| unparsed(&error))?;
    match (functions.pop(), functions.len()) {
        (Some(function), 0) => Ok(function),
        _ => Err(internal("captured CLIF is not one function")),
    }
}

/// The reader refuses long functions, which is no fault of the front end that made them.
fn unparsed(error: &cranelift_reader::ParseError) -> FrontendError {
    match error.message.as_str() {
        reason @ "too many blocks" => FrontendError::Unsupported(format!("function with {reason}")),
        _ => internal(format!("captured CLIF does not parse: {error}")),
    }
}
