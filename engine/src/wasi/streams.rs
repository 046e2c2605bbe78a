//! The standard streams of a program: those of this process, or bytes in memory.
#![forbid(unsafe_code)]

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use super::descriptor::{Descriptor, Kind};

/// Where standard input comes from.
#[derive(Clone, Debug, Default)]
pub enum Input {
    /// From these bytes.
    Bytes(Vec<u8>),
    /// From nowhere: it is at its end.
    #[default]
    Empty,
    /// From this process's own.
    Inherit,
}

impl Input {
    pub(super) fn open(self) -> Descriptor {
        match self {
            Input::Bytes(bytes) => Descriptor::Input(Box::new(io::Cursor::new(bytes)), Kind::Other),
            Input::Empty => Descriptor::Input(Box::new(io::empty()), Kind::Other),
            Input::Inherit => {
                let stdin = io::stdin();
                let kind = Kind::of(&stdin);
                Descriptor::Input(Box::new(stdin), kind)
            }
        }
    }
}

/// Where an output stream goes.
#[derive(Clone, Debug, Default)]
pub enum Output {
    /// Nowhere.
    #[default]
    Discard,
    /// To this process's standard output.
    Stdout,
    /// To this process's standard error.
    Stderr,
    /// Into memory.
    Capture(Captured),
}

impl Output {
    pub(super) fn open(self) -> Descriptor {
        let (to, kind): (Box<dyn Write + Send>, _) = match self {
            Output::Discard => (Box::new(io::sink()), Kind::Other),
            Output::Stdout => (Box::new(io::stdout()), Kind::of(&io::stdout())),
            Output::Stderr => (Box::new(io::stderr()), Kind::of(&io::stderr())),
            Output::Capture(captured) => (Box::new(captured), Kind::Other),
        };
        Descriptor::Output(to, kind)
    }
}

/// Output kept in memory, up to a limit; clones share it.
#[derive(Clone, Debug)]
pub struct Captured {
    bytes: Arc<Mutex<Vec<u8>>>,
    limit: usize,
}

impl Captured {
    /// Nothing yet, and room for `limit` bytes; a write beyond ends with "no space".
    #[must_use]
    pub fn new(limit: usize) -> Captured {
        Captured { bytes: Arc::default(), limit }
    }

    /// What was written so far.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Write for Captured {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let mut bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let room = self.limit - bytes.len();
        if room == 0 && !data.is_empty() {
            return Err(io::Error::from(rustix::io::Errno::NOSPC));
        }
        let taken = &data[..data.len().min(room)];
        bytes.extend_from_slice(taken);
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
