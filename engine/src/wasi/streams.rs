//! The standard streams of a program: those of this process, or bytes in memory.
#![forbid(unsafe_code)]

use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

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
    pub(super) fn open(self) -> Box<dyn Read + Send> {
        match self {
            Input::Bytes(bytes) => Box::new(io::Cursor::new(bytes)),
            Input::Empty => Box::new(io::empty()),
            Input::Inherit => Box::new(io::stdin()),
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
    pub(super) fn open(self) -> Box<dyn Write + Send> {
        match self {
            Output::Discard => Box::new(io::sink()),
            Output::Stdout => Box::new(io::stdout()),
            Output::Stderr => Box::new(io::stderr()),
            Output::Capture(captured) => Box::new(captured),
        }
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
