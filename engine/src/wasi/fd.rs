//! Calls on open descriptors: reading, writing, seeking, status.
#![forbid(unsafe_code)]

use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::time::Duration;

use cap_std::fs::FileExt as _;
use rustix::fs::{Timespec, Timestamps, UTIME_NOW, UTIME_OMIT};

use super::descriptor::{DIRECTORY, Descriptor, file_type};
use super::errno::Errno;
use super::guest::{Buffer, Guest};
use super::world::FileStat;
use super::{Arguments, Context};

/// Most bytes that one call moves; callers handle short counts.
const MAX_TRANSFER: u32 = 1 << 20;

const APPEND: u16 = 1;
/// Flags of preview 1 that are accepted: append and the three that ask for
/// synchronisation, which every write here has as the host gives it. Not: non-blocking.
const KNOWN_FLAGS: u16 = APPEND | 2 | 8 | 16;

pub(super) const RIGHT_READ: u64 = 1 << 1;
pub(super) const RIGHT_WRITE: u64 = 1 << 6;
const RIGHT_READDIR: u64 = 1 << 14;
/// Rights are told, not kept: an operation is allowed or not whatever they say. They are
/// what Wasmtime tells, so that a program sees the same in both.
const RIGHTS: u64 = (1 << 30) - 1;
/// Base and inheriting rights of a folder that the program was given.
const RIGHTS_OF_PREOPEN: [u64; 2] = [0x07b7_fe00, 0x0ff7_ffff];
/// Rights of a folder that it opened: all but those to change the content of a file.
const RIGHTS_OF_DIRECTORY: u64 = RIGHTS & !(RIGHT_WRITE | 1 << 2 | 1 << 19 | 1 << 22);

const PRESTAT_DIRECTORY: u8 = 0;
const PRESTAT_BYTES: u32 = 8;
const FDSTAT_BYTES: u32 = 24;
const DIRENT_BYTES: usize = 24;

impl Context {
    pub(super) fn fd_close(&mut self, _: &mut Guest<'_>, args: Arguments) -> Result<(), Errno> {
        self.descriptors.remove(args.u32(0)).map(drop)
    }

    pub(super) fn fd_renumber(&mut self, _: &mut Guest<'_>, args: Arguments) -> Result<(), Errno> {
        self.descriptors.renumber(args.u32(0), args.u32(1))
    }

    pub(super) fn fd_read(&mut self, guest: &mut Guest<'_>, args: Arguments) -> Result<(), Errno> {
        let buffers = guest.buffers(args.u32(1), args.u32(2))?;
        let reader: &mut dyn Read = match self.descriptors.get(args.u32(0))? {
            Descriptor::Input(input, _) => input,
            Descriptor::File(open) if open.readable => &mut open.file,
            _ => return Err(Errno::BadF),
        };
        let done = fill(guest, &buffers, |into| reader.read(into))?;
        guest.store_u32(args.u32(3), done)
    }

    pub(super) fn fd_pread(&mut self, guest: &mut Guest<'_>, args: Arguments) -> Result<(), Errno> {
        let buffers = guest.buffers(args.u32(1), args.u32(2))?;
        let open = self.descriptors.file(args.u32(0))?;
        if !open.readable {
            return Err(Errno::BadF);
        }
        let (file, from) = (&open.file, args.u64(3));
        let done = fill(guest, &buffers, |into| file.read_at(into, from))?;
        guest.store_u32(args.u32(4), done)
    }

    pub(super) fn fd_write(&mut self, guest: &mut Guest<'_>, args: Arguments) -> Result<(), Errno> {
        let buffers = guest.buffers(args.u32(1), args.u32(2))?;
        let writer: &mut dyn Write = match self.descriptors.get(args.u32(0))? {
            Descriptor::Output(output, _) => output,
            Descriptor::File(open) if open.writable => &mut open.file,
            _ => return Err(Errno::BadF),
        };
        let done = drain(guest, &buffers, |from| {
            let written = writer.write(from)?;
            writer.flush().map(|()| written)
        })?;
        guest.store_u32(args.u32(3), done)
    }

    pub(super) fn fd_pwrite(
        &mut self,
        guest: &mut Guest<'_>,
        args: Arguments,
    ) -> Result<(), Errno> {
        let buffers = guest.buffers(args.u32(1), args.u32(2))?;
        let open = self.descriptors.file(args.u32(0))?;
        if !open.writable {
            return Err(Errno::BadF);
        }
        let (file, to) = (&open.file, args.u64(3));
        let done = drain(guest, &buffers, |from| file.write_at(from, to))?;
        guest.store_u32(args.u32(4), done)
    }

    pub(super) fn fd_seek(&mut self, guest: &mut Guest<'_>, args: Arguments) -> Result<(), Errno> {
        let distance = args.u64(1).cast_signed();
        let to = match args.u32(2) {
            0 => SeekFrom::Start(u64::try_from(distance).map_err(|_| Errno::Invalid)?),
            1 => SeekFrom::Current(distance),
            2 => SeekFrom::End(distance),
            _ => return Err(Errno::Invalid),
        };
        let at = self.descriptors.seekable(args.u32(0))?.file.seek(to)?;
        guest.store_u64(args.u32(3), at)
    }

    pub(super) fn fd_tell(&mut self, guest: &mut Guest<'_>, args: Arguments) -> Result<(), Errno> {
        let at = self.descriptors.seekable(args.u32(0))?.file.stream_position()?;
        guest.store_u64(args.u32(1), at)
    }

    /// Both kinds of synchronisation.
    pub(super) fn fd_sync(&mut self, _: &mut Guest<'_>, args: Arguments) -> Result<(), Errno> {
        Ok(self.descriptors.file(args.u32(0))?.file.sync_all()?)
    }

    /// Advice is taken and not acted upon.
    pub(super) fn fd_advise(&mut self, _: &mut Guest<'_>, args: Arguments) -> Result<(), Errno> {
        self.descriptors.file(args.u32(0))?;
        if args.u32(3) <= 5 { Ok(()) } else { Err(Errno::Invalid) }
    }

    pub(super) fn fd_allocate(&mut self, _: &mut Guest<'_>, args: Arguments) -> Result<(), Errno> {
        let end = args.u64(1).checked_add(args.u64(2)).ok_or(Errno::FileTooBig)?;
        let open = self.descriptors.file(args.u32(0))?;
        if open.file.metadata()?.len() < end {
            open.file.set_len(end)?;
        }
        Ok(())
    }

    pub(super) fn fd_fdstat_get(
        &mut self,
        guest: &mut Guest<'_>,
        args: Arguments,
    ) -> Result<(), Errno> {
        let (kind, flags, [base, inheriting]) = match self.descriptors.get(args.u32(0))? {
            Descriptor::Input(_, kind) => (kind.file_type(), 0, [RIGHT_READ; 2]),
            Descriptor::Output(_, kind) => (kind.file_type(), 0, [RIGHT_WRITE; 2]),
            Descriptor::Directory(open) if open.preopened.is_some() => {
                (DIRECTORY, 0, RIGHTS_OF_PREOPEN)
            }
            Descriptor::Directory(_) => (DIRECTORY, 0, [RIGHTS_OF_DIRECTORY; 2]),
            Descriptor::File(open) => {
                let kind = file_type(&open.file.metadata()?);
                (kind, open.flags, [rights_of_file(open.readable, open.writable); 2])
            }
        };
        let fields: [(u32, &[u8]); 4] = [
            (0, &[kind]),
            (2, &flags.to_le_bytes()),
            (8, &base.to_le_bytes()),
            (16, &inheriting.to_le_bytes()),
        ];
        guest.write_fields(args.u32(1), FDSTAT_BYTES, fields)
    }

    pub(super) fn fd_fdstat_set_flags(
        &mut self,
        _: &mut Guest<'_>,
        args: Arguments,
    ) -> Result<(), Errno> {
        let open = self.descriptors.file(args.u32(0))?;
        let flags = u16::try_from(args.u32(1)).map_err(|_| Errno::Invalid)?;
        if flags & !KNOWN_FLAGS != 0 {
            return Err(Errno::NotSupported);
        }
        let old = rustix::fs::fcntl_getfl(&open.file).map_err(io::Error::from)?;
        let append = rustix::fs::OFlags::APPEND;
        let new = if flags & APPEND == 0 { old - append } else { old | append };
        rustix::fs::fcntl_setfl(&open.file, new).map_err(io::Error::from)?;
        open.flags = flags;
        Ok(())
    }

    /// What a descriptor may do is fixed when it is opened.
    pub(super) fn fd_fdstat_set_rights(
        &mut self,
        _: &mut Guest<'_>,
        args: Arguments,
    ) -> Result<(), Errno> {
        self.descriptors.get(args.u32(0))?;
        Err(Errno::NotSupported)
    }

    pub(super) fn fd_filestat_get(
        &mut self,
        guest: &mut Guest<'_>,
        args: Arguments,
    ) -> Result<(), Errno> {
        let stat = match self.descriptors.get(args.u32(0))? {
            Descriptor::Input(_, kind) | Descriptor::Output(_, kind) => FileStat::of_stream(*kind),
            Descriptor::File(open) => self.world.filestat(&open.file.metadata()?),
            Descriptor::Directory(open) => self.world.filestat(&open.dir.dir_metadata()?),
        };
        stat.store(guest, args.u32(1))
    }

    pub(super) fn fd_filestat_set_size(
        &mut self,
        _: &mut Guest<'_>,
        args: Arguments,
    ) -> Result<(), Errno> {
        let open = self.descriptors.file(args.u32(0))?;
        if !open.writable {
            return Err(Errno::BadF);
        }
        Ok(open.file.set_len(args.u64(1))?)
    }

    pub(super) fn fd_filestat_set_times(
        &mut self,
        _: &mut Guest<'_>,
        args: Arguments,
    ) -> Result<(), Errno> {
        let times = timestamps(args.u64(1), args.u64(2), args.u32(3))?;
        let set = match self.descriptors.get(args.u32(0))? {
            Descriptor::File(open) => rustix::fs::futimens(&open.file, &times),
            Descriptor::Directory(open) => rustix::fs::futimens(&open.dir, &times),
            Descriptor::Input(..) | Descriptor::Output(..) => return Err(Errno::BadF),
        };
        Ok(set.map_err(io::Error::from)?)
    }

    pub(super) fn fd_prestat_get(
        &mut self,
        guest: &mut Guest<'_>,
        args: Arguments,
    ) -> Result<(), Errno> {
        let len = self.preopened(args.u32(0))?.len();
        let len = u32::try_from(len).map_err(|_| Errno::Overflow)?;
        let fields: [(u32, &[u8]); 2] = [(0, &[PRESTAT_DIRECTORY]), (4, &len.to_le_bytes())];
        guest.write_fields(args.u32(1), PRESTAT_BYTES, fields)
    }

    pub(super) fn fd_prestat_dir_name(
        &mut self,
        guest: &mut Guest<'_>,
        args: Arguments,
    ) -> Result<(), Errno> {
        let name = self.preopened(args.u32(0))?;
        if name.len() > args.u32(2) as usize {
            return Err(Errno::NameTooLong);
        }
        guest.write(args.u32(1), name.as_bytes())
    }

    /// The guest's name of a preopened folder; `badf` for all else ends a program's
    /// search for such folders.
    fn preopened(&mut self, number: u32) -> Result<&str, Errno> {
        match self.descriptors.get(number)? {
            Descriptor::Directory(open) => open.preopened.as_deref().ok_or(Errno::BadF),
            _ => Err(Errno::BadF),
        }
    }

    /// Entries from `cookie` on, as many bytes as fit: the last may be cut.
    pub(super) fn fd_readdir(
        &mut self,
        guest: &mut Guest<'_>,
        args: Arguments,
    ) -> Result<(), Errno> {
        let (at, room, cookie) = (args.u32(1), args.u32(2) as usize, args.u64(3));
        guest.buffer(at, args.u32(2))?;
        let open = self.descriptors.directory(args.u32(0))?;
        if cookie == 0 || open.listing.is_empty() {
            open.list()?;
        }
        let skip = usize::try_from(cookie).unwrap_or(usize::MAX);
        let mut bytes = Vec::new();
        for (position, entry) in open.listing.iter().enumerate().skip(skip) {
            if bytes.len() >= room {
                break;
            }
            let mut head = [0; DIRENT_BYTES];
            head[0..8].copy_from_slice(&(position as u64 + 1).to_le_bytes());
            let (_, inode) = self.world.identity(entry.device, entry.inode);
            head[8..16].copy_from_slice(&inode.to_le_bytes());
            let len = u32::try_from(entry.name.len()).map_err(|_| Errno::Overflow)?;
            head[16..20].copy_from_slice(&len.to_le_bytes());
            head[20] = entry.kind;
            bytes.extend_from_slice(&head);
            bytes.extend_from_slice(&entry.name);
        }
        bytes.truncate(room);
        guest.write(at, &bytes)?;
        let len = u32::try_from(bytes.len()).map_err(|_| Errno::Overflow)?;
        guest.store_u32(args.u32(4), len)
    }
}

fn rights_of_file(readable: bool, writable: bool) -> u64 {
    let unreadable = if readable { 0 } else { RIGHT_READ | RIGHT_READDIR };
    let unwritable = if writable { 0 } else { RIGHT_WRITE };
    RIGHTS & !(unreadable | unwritable)
}

/// Reads into the first of the guest's buffers that is not empty: a short count, which
/// every caller handles, and the one that Wasmtime gives.
fn fill(
    guest: &mut Guest<'_>,
    buffers: &[Buffer],
    mut read: impl FnMut(&mut [u8]) -> io::Result<usize>,
) -> Result<u32, Errno> {
    let Some(buffer) = buffers.iter().find(|buffer| buffer.len > 0) else { return Ok(0) };
    let mut bytes = vec![0; buffer.len.min(MAX_TRANSFER) as usize];
    let count = uninterrupted(|| read(&mut bytes))?;
    guest.write(buffer.at, &bytes[..count])?;
    u32::try_from(count).map_err(|_| Errno::Overflow)
}

/// Writes the first of the guest's buffers that is not empty, as [`fill`] reads.
fn drain(
    guest: &Guest<'_>,
    buffers: &[Buffer],
    mut write: impl FnMut(&[u8]) -> io::Result<usize>,
) -> Result<u32, Errno> {
    let Some(buffer) = buffers.iter().find(|buffer| buffer.len > 0) else { return Ok(0) };
    let bytes = guest.bytes(buffer.at, buffer.len.min(MAX_TRANSFER))?;
    let count = uninterrupted(|| write(&bytes))?;
    u32::try_from(count).map_err(|_| Errno::Overflow)
}

/// Does it again for as long as a signal gets in between.
fn uninterrupted(mut transfer: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match transfer() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            outcome => return outcome,
        }
    }
}

/// What `fstflags` asks for: each time is left, given or the present.
pub(super) fn timestamps(access: u64, modification: u64, flags: u32) -> Result<Timestamps, Errno> {
    let time = |nanoseconds: u64, given: bool, now: bool| match (given, now) {
        (true, true) => Err(Errno::Invalid),
        (false, false) => Ok(Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT }),
        (false, true) => Ok(Timespec { tv_sec: 0, tv_nsec: UTIME_NOW }),
        (true, false) => {
            let time = Duration::from_nanos(nanoseconds);
            let seconds = i64::try_from(time.as_secs()).map_err(|_| Errno::Overflow)?;
            Ok(Timespec { tv_sec: seconds, tv_nsec: i64::from(time.subsec_nanos()) })
        }
    };
    if flags > 15 {
        return Err(Errno::Invalid);
    }
    Ok(Timestamps {
        last_access: time(access, flags & 1 != 0, flags & 2 != 0)?,
        last_modification: time(modification, flags & 4 != 0, flags & 8 != 0)?,
    })
}
