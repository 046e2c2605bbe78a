//! Error numbers of WASI preview 1, and what the host's errors become.
//!
//! Numbers are those of the preview 1 specification (`wasi_snapshot_preview1`, type
//! `errno`). Only those that this implementation gives are listed.
#![forbid(unsafe_code)]

use std::io::{self, ErrorKind};

use rustix::io::Errno as Host;

/// An error number other than success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub(super) enum Errno {
    TooBig = 1,
    Access = 2,
    Again = 6,
    BadF = 8,
    Busy = 10,
    Exist = 20,
    Fault = 21,
    FileTooBig = 22,
    IllegalBytes = 25,
    Interrupted = 27,
    Invalid = 28,
    Io = 29,
    IsDirectory = 31,
    Loop = 32,
    TooManyFiles = 33,
    NameTooLong = 37,
    NoEntry = 44,
    NoMemory = 48,
    NoSpace = 51,
    NotDirectory = 54,
    NotEmpty = 55,
    NotSupported = 58,
    Overflow = 61,
    NotPermitted = 63,
    Pipe = 64,
    Range = 68,
    ReadOnly = 69,
    Seek = 70,
    CrossDevice = 75,
}

/// What the host's error numbers become; any other is [`Errno::Io`].
const HOST: &[(Host, Errno)] = &[
    (Host::TOOBIG, Errno::TooBig),
    (Host::ACCESS, Errno::Access),
    (Host::AGAIN, Errno::Again),
    (Host::BADF, Errno::BadF),
    (Host::BUSY, Errno::Busy),
    (Host::EXIST, Errno::Exist),
    (Host::FBIG, Errno::FileTooBig),
    (Host::ILSEQ, Errno::IllegalBytes),
    (Host::INTR, Errno::Interrupted),
    (Host::INVAL, Errno::Invalid),
    (Host::ISDIR, Errno::IsDirectory),
    (Host::LOOP, Errno::Loop),
    (Host::MFILE, Errno::TooManyFiles),
    (Host::NFILE, Errno::TooManyFiles),
    (Host::NAMETOOLONG, Errno::NameTooLong),
    (Host::NOENT, Errno::NoEntry),
    (Host::NOMEM, Errno::NoMemory),
    (Host::NOSPC, Errno::NoSpace),
    (Host::DQUOT, Errno::NoSpace),
    (Host::NOTDIR, Errno::NotDirectory),
    (Host::NOTEMPTY, Errno::NotEmpty),
    (Host::OPNOTSUPP, Errno::NotSupported),
    (Host::OVERFLOW, Errno::Overflow),
    (Host::PERM, Errno::NotPermitted),
    (Host::PIPE, Errno::Pipe),
    (Host::RANGE, Errno::Range),
    (Host::ROFS, Errno::ReadOnly),
    (Host::SPIPE, Errno::Seek),
    (Host::XDEV, Errno::CrossDevice),
];

impl From<io::Error> for Errno {
    fn from(error: io::Error) -> Errno {
        if let Some(number) = error.raw_os_error() {
            let host = Host::from_raw_os_error(number);
            return HOST.iter().find(|(from, _)| *from == host).map_or(Errno::Io, |&(_, to)| to);
        }
        match error.kind() {
            ErrorKind::NotFound => Errno::NoEntry,
            // What `cap-std` says of a path that would leave its folder.
            ErrorKind::PermissionDenied => Errno::NotPermitted,
            ErrorKind::AlreadyExists => Errno::Exist,
            ErrorKind::InvalidInput | ErrorKind::InvalidData => Errno::Invalid,
            ErrorKind::Interrupted => Errno::Interrupted,
            ErrorKind::BrokenPipe => Errno::Pipe,
            ErrorKind::Unsupported => Errno::NotSupported,
            _ => Errno::Io,
        }
    }
}
