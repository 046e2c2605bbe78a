//! Calls of WASI made by a hostile guest: each gives the error number that the standard
//! names, and nothing outside the guest's memory or its folder is touched.
//!
//! A [`Guest`] has no program: it makes calls, in one page of memory with other bytes of
//! the arena on both sides, which every test finds unchanged.

mod descriptors;
mod folders;
mod paths;
mod pointers;
mod random;
mod repeatable;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use super::errno::Errno;
use super::{Captured, Input, Output, Preopen, Wasi, WasiConfig, table};
use crate::arena::{Arena, OwnedArena};
use crate::executor::Slot;
use crate::runtime::{Ambushes, Directory, GuestMemory, HostCode, HostContext, HostError};

const BASE: u32 = 0x3_0000;
const LEN: u32 = 0x1_0000;
const ARENA_LEN: u32 = 0x6_0000;
/// What is around the memory.
const OTHER: u8 = 0xa5;

/// The folder that it was given.
const FOLDER: u64 = 3;
/// Where guests have their results stored.
const RESULT: u64 = 0x100;
/// Where they keep texts and structures.
const TEXT: u32 = 0x1000;
const BUFFERS: u32 = 0x200;
const DATA: u32 = 0x8000;

const READ: u64 = 1 << 1;
const WRITE: u64 = 1 << 6;

/// A folder that is gone when its test ends: `inside`, which the guest is given, and
/// `secret` beside it.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Scratch {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("fencepost-wasi-{}-{number}", std::process::id());
        let scratch = Scratch(std::env::temp_dir().join(name));
        let inside = scratch.inside();
        std::fs::create_dir_all(inside.join("sub")).expect("a scratch folder");
        std::fs::write(inside.join("file"), "hello").expect("a file");
        std::fs::write(scratch.0.join("secret"), "secret").expect("a file");
        for (target, name) in [("../secret", "out"), ("/etc", "absolute"), ("round", "round")] {
            std::os::unix::fs::symlink(target, inside.join(name)).expect("a link");
        }
        scratch
    }

    fn inside(&self) -> PathBuf {
        self.0.join("inside")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).expect("the test left its folder there");
    }
}

/// Calls a host function as an instance with this memory would.
fn called(
    code: &mut HostCode,
    arena: &mut OwnedArena,
    memory: Option<GuestMemory>,
    args: &[Slot],
    results: &mut [Slot],
) -> Result<(), HostError> {
    let ambushes = &mut Ambushes::default();
    let (number, caller, directory) = (0, 0, Directory::default());
    code(&mut HostContext { arena, number, memory, caller, directory, ambushes }, args, results)
}

struct Guest {
    wasi: Wasi,
    arena: OwnedArena,
    stdout: Captured,
    scratch: Scratch,
}

impl Guest {
    fn new() -> Guest {
        Guest::with(|_| {})
    }

    fn with(configure: impl FnOnce(&mut WasiConfig)) -> Guest {
        let scratch = Scratch::new();
        let stdout = Captured::new(1 << 20);
        let mut config = WasiConfig {
            args: vec!["program".to_owned(), "one".to_owned()],
            env: vec![("NAME".to_owned(), "value".to_owned())],
            stdin: Input::Bytes(b"input".to_vec()),
            stdout: Output::Capture(stdout.clone()),
            preopens: vec![Preopen { host: scratch.inside(), guest: "folder".to_owned() }],
            ..WasiConfig::default()
        };
        configure(&mut config);
        let mut arena = OwnedArena::new(ARENA_LEN);
        arena.fill(0x1_0000, OTHER, BASE - 0x1_0000).expect("inside");
        arena.fill(BASE + LEN, OTHER, ARENA_LEN - BASE - LEN).expect("inside");
        Guest { wasi: Wasi::new(config).expect("a program"), arena, stdout, scratch }
    }

    /// Makes a call.
    fn call(&mut self, name: &str, args: &[u64]) -> Result<(), Errno> {
        let number = self.number(name, args);
        match number {
            0 => Ok(()),
            number => Err(errno(number)),
        }
    }

    fn number(&mut self, name: &str, args: &[u64]) -> i32 {
        let number = self.unchecked(name, args);
        self.assert_confined(name);
        number
    }

    /// Makes a call, and leaves it to the caller to look at what is around the memory.
    fn unchecked(&mut self, name: &str, args: &[u64]) -> i32 {
        let call = table::CALLS.iter().find(|call| call.name == name).expect("a call");
        assert_eq!(call.ty().params.len(), args.len(), "{name}");
        let mut code = self.wasi.function(name, &call.ty()).expect("of this type").code;
        let args: Vec<u128> = args.iter().map(|&arg| arg.into()).collect();
        let mut results = [0];
        let memory = Some(GuestMemory { base: BASE, len: LEN });
        let outcome = called(&mut code, &mut self.arena, memory, &args, &mut results);
        outcome.expect("an error number, never a trap");
        i32::try_from(results[0]).expect("an error number")
    }

    /// No byte around the memory has changed.
    fn assert_confined(&self, name: &str) {
        for (at, len) in [(0x1_0000, BASE - 0x1_0000), (BASE + LEN, ARENA_LEN - BASE - LEN)] {
            let mut bytes = vec![0; len as usize];
            self.arena.read(at, &mut bytes).expect("inside");
            assert!(bytes.iter().all(|&byte| byte == OTHER), "{name} wrote outside the memory");
        }
    }

    fn put(&mut self, at: u32, bytes: &[u8]) {
        self.arena.write(BASE + at, bytes).expect("inside");
    }

    fn get<const N: usize>(&self, at: u64) -> [u8; N] {
        let mut bytes = [0; N];
        let at = u32::try_from(at).expect("an address");
        self.arena.read(BASE + at, &mut bytes).expect("inside");
        bytes
    }

    fn result(&self) -> u32 {
        u32::from_le_bytes(self.get(RESULT))
    }

    /// Stores one buffer descriptor and gives its address.
    fn buffer(&mut self, at: u32, len: u32) -> u64 {
        self.put(BUFFERS, &[at.to_le_bytes(), len.to_le_bytes()].concat());
        BUFFERS.into()
    }

    /// Stores a path and gives its address and length.
    fn path(&mut self, path: impl AsRef<[u8]>) -> (u64, u64) {
        self.put(TEXT, path.as_ref());
        (TEXT.into(), path.as_ref().len() as u64)
    }

    /// Opens what a path names, following links.
    fn open(&mut self, path: impl AsRef<[u8]>, oflags: u64, rights: u64) -> Result<u64, Errno> {
        let (at, len) = self.path(path);
        self.call("path_open", &[FOLDER, 1, at, len, oflags, rights, 0, 0, RESULT])?;
        Ok(self.result().into())
    }

    fn inside(&self, name: impl AsRef<Path>) -> PathBuf {
        self.scratch.inside().join(name)
    }
}

/// The error of a number.
fn errno(number: i32) -> Errno {
    let all = [
        Errno::Again,
        Errno::BadF,
        Errno::Exist,
        Errno::Fault,
        Errno::FileTooBig,
        Errno::IllegalBytes,
        Errno::Invalid,
        Errno::IsDirectory,
        Errno::Loop,
        Errno::TooManyFiles,
        Errno::NameTooLong,
        Errno::NoEntry,
        Errno::NoSpace,
        Errno::NotDirectory,
        Errno::NotEmpty,
        Errno::NotPermitted,
        Errno::NotSupported,
        Errno::Seek,
    ];
    *all.iter().find(|&&error| error as i32 == number).expect("an error number of the list")
}
