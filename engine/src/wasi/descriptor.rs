//! The descriptor table of a program: what its small integers stand for.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Read, Write};

use cap_std::fs::{Dir, File, Metadata, MetadataExt};

use super::errno::Errno;

/// Most descriptors that a program may hold at once.
const MAX_OPEN: usize = 1024;

/// `filetype` of preview 1. What it has no number for, such as a pipe, is unknown.
const UNKNOWN: u8 = 0;
const CHARACTER_DEVICE: u8 = 2;
pub(super) const DIRECTORY: u8 = 3;
const REGULAR_FILE: u8 = 4;
const SYMBOLIC_LINK: u8 = 7;

/// What is at the other end of a stream. Programs ask, and buffer more where nobody
/// waits at a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Terminal,
    Other,
}

impl Kind {
    /// The kind of one of this process's own streams.
    pub(super) fn of(stream: &impl IsTerminal) -> Kind {
        if stream.is_terminal() { Kind::Terminal } else { Kind::Other }
    }

    /// Its `filetype`.
    pub(super) fn file_type(self) -> u8 {
        match self {
            Kind::Terminal => CHARACTER_DEVICE,
            Kind::Other => UNKNOWN,
        }
    }
}

/// What a descriptor stands for.
pub(super) enum Descriptor {
    Input(Box<dyn Read + Send>, Kind),
    Output(Box<dyn Write + Send>, Kind),
    File(OpenFile),
    Directory(OpenDirectory),
}

/// An open file and what it may be used for.
pub(super) struct OpenFile {
    pub(super) file: File,
    pub(super) readable: bool,
    pub(super) writable: bool,
    /// `fdflags` of preview 1, as far as they are kept: append.
    pub(super) flags: u16,
}

/// An open folder.
pub(super) struct OpenDirectory {
    pub(super) dir: Dir,
    /// Name under which the program was given it, if it was.
    pub(super) preopened: Option<String>,
    /// Its entries as they were when the program began to read it.
    pub(super) listing: Vec<Entry>,
}

/// An entry of a folder.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) name: Vec<u8>,
    pub(super) device: u64,
    pub(super) inode: u64,
    pub(super) kind: u8,
}

impl OpenDirectory {
    pub(super) fn new(dir: Dir, preopened: Option<String>) -> OpenDirectory {
        OpenDirectory { dir, preopened, listing: Vec::new() }
    }

    /// Reads the folder anew: the two links every folder has, then by name, so that a
    /// program sees the same order on every host.
    pub(super) fn list(&mut self) -> io::Result<()> {
        use std::os::unix::ffi::OsStrExt as _;
        let here = self.dir.dir_metadata()?;
        let link = |name: &str| Entry {
            name: name.into(),
            device: here.dev(),
            inode: here.ino(),
            kind: DIRECTORY,
        };
        let mut entries = Vec::new();
        for entry in self.dir.entries()? {
            let entry = entry?;
            let metadata = entry.metadata()?;
            entries.push(Entry {
                name: entry.file_name().as_bytes().to_vec(),
                device: metadata.dev(),
                inode: metadata.ino(),
                kind: file_type(&metadata),
            });
        }
        entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        self.listing = [link("."), link("..")].into_iter().chain(entries).collect();
        Ok(())
    }
}

/// The `filetype` of what metadata describe.
pub(super) fn file_type(metadata: &Metadata) -> u8 {
    let ty = metadata.file_type();
    if ty.is_dir() {
        DIRECTORY
    } else if ty.is_file() {
        REGULAR_FILE
    } else if ty.is_symlink() {
        SYMBOLIC_LINK
    } else {
        CHARACTER_DEVICE
    }
}

/// Descriptors by number.
#[derive(Default)]
pub(super) struct Descriptors(BTreeMap<u32, Descriptor>);

impl Descriptors {
    /// Gives a descriptor the lowest free number.
    pub(super) fn push(&mut self, descriptor: Descriptor) -> Result<u32, Errno> {
        if self.0.len() >= MAX_OPEN {
            return Err(Errno::TooManyFiles);
        }
        let taken = self.0.keys().copied();
        let number = (0..).zip(taken).find(|(free, taken)| free != taken);
        let number = match number {
            Some((free, _)) => free,
            None => u32::try_from(self.0.len()).map_err(|_| Errno::TooManyFiles)?,
        };
        self.0.insert(number, descriptor);
        Ok(number)
    }

    pub(super) fn get(&mut self, number: u32) -> Result<&mut Descriptor, Errno> {
        self.0.get_mut(&number).ok_or(Errno::BadF)
    }

    pub(super) fn file(&mut self, number: u32) -> Result<&mut OpenFile, Errno> {
        match self.get(number)? {
            Descriptor::File(file) => Ok(file),
            _ => Err(Errno::BadF),
        }
    }

    /// A file with a position, which streams do not have.
    pub(super) fn seekable(&mut self, number: u32) -> Result<&mut OpenFile, Errno> {
        match self.get(number)? {
            Descriptor::File(file) => Ok(file),
            Descriptor::Directory(_) => Err(Errno::BadF),
            Descriptor::Input(..) | Descriptor::Output(..) => Err(Errno::Seek),
        }
    }

    pub(super) fn directory(&mut self, number: u32) -> Result<&mut OpenDirectory, Errno> {
        match self.get(number)? {
            Descriptor::Directory(directory) => Ok(directory),
            Descriptor::File(_) => Err(Errno::NotDirectory),
            Descriptor::Input(..) | Descriptor::Output(..) => Err(Errno::BadF),
        }
    }

    pub(super) fn remove(&mut self, number: u32) -> Result<Descriptor, Errno> {
        self.0.remove(&number).ok_or(Errno::BadF)
    }

    /// Makes `to` stand for what `from` stands for, which is free afterwards.
    pub(super) fn renumber(&mut self, from: u32, to: u32) -> Result<(), Errno> {
        self.get(to)?;
        let moved = self.remove(from)?;
        self.0.insert(to, moved);
        Ok(())
    }
}
