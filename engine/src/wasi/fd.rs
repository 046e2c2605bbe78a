//! Calls on open descriptors: reading, writing, seeking, status.
#![forbid(unsafe_code)]

use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::time::{Duration, SystemTime};

use cap_std::fs::{FileExt as _, Metadata, MetadataExt};
use rustix::fs::{Timespec, Timestamps, UTIME_NOW, UTIME_OMIT};

use super::descriptor::{CHARACTER_DEVICE, DIRECTORY, Descriptor, file_type};
use super::errno::Errno;
use super::guest::{Buffer, Guest};
use super::{Arguments, Context};

/// Most bytes that one call moves; callers handle short counts.
const MAX_TRANSFER: u32 = 1 << 20;

const APPEND: u16 = 1;
/// Flags of preview 1 that are accepted: append and the three that ask for
/// synchronisation, which every write here has as the host gives it. Not: non-blocking.
const KNOWN_FLAGS: u16 = APPEND | 2 | 8 | 16;

pub(super) const RIGHT_READ: u64 = 1 << 1;
pub(super) const RIGHT_WRITE: u64 = 1 << 6;
const RIGHTS_OF_STREAM: u64 = 1 << 21 | 1 << 27;
const RIGHTS_OF_FILE: u64 =
    RIGHTS_OF_STREAM | 1 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 7 | 3 << 22;
const RIGHTS_OF_DIRECTORY: u64 = 0x07ff_fe00 | 1 << 3 | 1 << 4;

const PRESTAT_DIRECTORY: u32 = 0;
const DIRENT_BYTES: usize = 24;
const FILESTAT_BYTES: usize = 64;

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
            Descriptor::Input(input) => input,
            Descriptor::File(open) if open.readable => &mut open.file,
            Descriptor::Directory(_) => return Err(Errno::IsDirectory),
            Descriptor::Output(_) | Descriptor::File(_) => return Err(Errno::BadF),
        };
        let done = fill(guest, &buffers, |into, _| reader.read(into))?;
        guest.store_u32(args.u32(3), done)
    }

    pub(super) fn fd_pread(&mut self, guest: &mut Guest<'_>, args: Arguments) -> Result<(), Errno> {
        let buffers = guest.buffers(args.u32(1), args.u32(2))?;
        let open = self.descriptors.file(args.u32(0))?;
        if !open.readable {
            return Err(Errno::BadF);
        }
        let (file, from) = (&open.file, args.u64(3));
        let done = fill(guest, &buffers, |into, at| file.read_at(into, from.saturating_add(at)))?;
        guest.store_u32(args.u32(4), done)
    }

    pub(super) fn fd_write(&mut self, guest: &mut Guest<'_>, args: Arguments) -> Result<(), Errno> {
        let buffers = guest.buffers(args.u32(1), args.u32(2))?;
        let writer: &mut dyn Write = match self.descriptors.get(args.u32(0))? {
            Descriptor::Output(output) => output,
            Descriptor::File(open) if open.writable => &mut open.file,
            Descriptor::Directory(_) => return Err(Errno::IsDirectory),
            Descriptor::Input(_) | Descriptor::File(_) => return Err(Errno::BadF),
        };
        let done = drain(guest, &buffers, |from, _| {
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
        let done = drain(guest, &buffers, |from, at| file.write_at(from, to.saturating_add(at)))?;
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
        let at = self.descriptors.file(args.u32(0))?.file.seek(to)?;
        guest.store_u64(args.u32(3), at)
    }

    pub(super) fn fd_tell(&mut self, guest: &mut Guest<'_>, args: Arguments) -> Result<(), Errno> {
        let at = self.descriptors.file(args.u32(0))?.file.stream_position()?;
        guest.store_u64(args.u32(1), at)
    }

    /// Both kinds of synchronisation; streams have nothing to synchronise.
    pub(super) fn fd_sync(&mut self, _: &mut Guest<'_>, args: Arguments) -> Result<(), Errno> {
        match self.descriptors.get(args.u32(0))? {
            Descriptor::File(open) => Ok(open.file.sync_all()?),
            Descriptor::Output(output) => Ok(output.flush()?),
            Descriptor::Input(_) | Descriptor::Directory(_) => Ok(()),
        }
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
        let (kind, flags, rights) = match self.descriptors.get(args.u32(0))? {
            Descriptor::Input(_) => (CHARACTER_DEVICE, 0, RIGHTS_OF_STREAM | RIGHT_READ),
            Descriptor::Output(_) => (CHARACTER_DEVICE, 0, RIGHTS_OF_STREAM | RIGHT_WRITE),
            Descriptor::Directory(_) => (DIRECTORY, 0, RIGHTS_OF_DIRECTORY),
            Descriptor::File(open) => {
                let read = if open.readable { RIGHT_READ } else { 0 };
                let write = if open.writable { RIGHT_WRITE } else { 0 };
                (file_type(&open.file.metadata()?), open.flags, RIGHTS_OF_FILE | read | write)
            }
        };
        let inherited = if kind == DIRECTORY { u64::MAX >> 36 } else { 0 };
        let mut stat = [0; 24];
        stat[0] = kind;
        stat[2..4].copy_from_slice(&flags.to_le_bytes());
        stat[8..16].copy_from_slice(&rights.to_le_bytes());
        stat[16..24].copy_from_slice(&inherited.to_le_bytes());
        guest.write(args.u32(1), &stat)
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
        let old = rustix::fs::fcntl_getfl(&open.file).map_err(std::io::Error::from)?;
        let append = rustix::fs::OFlags::APPEND;
        let new = if flags & APPEND == 0 { old - append } else { old | append };
        rustix::fs::fcntl_setfl(&open.file, new).map_err(std::io::Error::from)?;
        open.flags = flags;
        Ok(())
    }

    /// Rights are told and not kept: what a descriptor may do is fixed when it is opened.
    pub(super) fn fd_fdstat_set_rights(
        &mut self,
        _: &mut Guest<'_>,
        args: Arguments,
    ) -> Result<(), Errno> {
        self.descriptors.get(args.u32(0)).map(drop)
    }

    pub(super) fn fd_filestat_get(
        &mut self,
        guest: &mut Guest<'_>,
        args: Arguments,
    ) -> Result<(), Errno> {
        let stat = match self.descriptors.get(args.u32(0))? {
            Descriptor::Input(_) | Descriptor::Output(_) => {
                let mut stat = [0; FILESTAT_BYTES];
                stat[16] = CHARACTER_DEVICE;
                stat
            }
            Descriptor::File(open) => filestat(&open.file.metadata()?),
            Descriptor::Directory(open) => filestat(&open.dir.dir_metadata()?),
        };
        guest.write(args.u32(1), &stat)
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
            Descriptor::Input(_) | Descriptor::Output(_) => return Err(Errno::BadF),
        };
        Ok(set.map_err(std::io::Error::from)?)
    }

    pub(super) fn fd_prestat_get(
        &mut self,
        guest: &mut Guest<'_>,
        args: Arguments,
    ) -> Result<(), Errno> {
        let len = self.preopened(args.u32(0))?.len();
        guest.store_u32(args.u32(1), PRESTAT_DIRECTORY)?;
        let len = u32::try_from(len).map_err(|_| Errno::Overflow)?;
        guest.store_u32(args.u32(1).wrapping_add(4), len)
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
            head[8..16].copy_from_slice(&entry.inode.to_le_bytes());
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

/// Reads into the guest's buffers one after the other, until a short count.
fn fill(
    guest: &mut Guest<'_>,
    buffers: &[Buffer],
    mut read: impl FnMut(&mut [u8], u64) -> std::io::Result<usize>,
) -> Result<u32, Errno> {
    let mut done = 0;
    for buffer in buffers.iter().filter(|buffer| buffer.len > 0) {
        let mut bytes = vec![0; buffer.len.min(MAX_TRANSFER) as usize];
        let count = match read(&mut bytes, u64::from(done)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(_) if done > 0 => break,
            result => result?,
        };
        guest.write(buffer.at, &bytes[..count])?;
        done += u32::try_from(count).map_err(|_| Errno::Overflow)?;
        if count < buffer.len as usize {
            break;
        }
    }
    Ok(done)
}

/// Writes out of the guest's buffers one after the other, until a short count.
fn drain(
    guest: &Guest<'_>,
    buffers: &[Buffer],
    mut write: impl FnMut(&[u8], u64) -> std::io::Result<usize>,
) -> Result<u32, Errno> {
    let mut done = 0;
    for buffer in buffers.iter().filter(|buffer| buffer.len > 0) {
        let bytes = guest.bytes(buffer.at, buffer.len.min(MAX_TRANSFER))?;
        let count = match write(&bytes, u64::from(done)) {
            Err(_) if done > 0 => break,
            result => result?,
        };
        done += u32::try_from(count).map_err(|_| Errno::Overflow)?;
        if count < buffer.len as usize {
            break;
        }
    }
    Ok(done)
}

/// The `filestat` structure.
pub(super) fn filestat(metadata: &Metadata) -> [u8; FILESTAT_BYTES] {
    let mut stat = [0; FILESTAT_BYTES];
    let nanoseconds = |seconds: i64, part: i64| {
        let whole = seconds.checked_mul(1_000_000_000).and_then(|ns| ns.checked_add(part));
        u64::try_from(whole.unwrap_or(0)).unwrap_or(0)
    };
    let words = [
        metadata.dev(),
        metadata.ino(),
        u64::from(file_type(metadata)),
        metadata.nlink(),
        metadata.size(),
        nanoseconds(metadata.atime(), metadata.atime_nsec()),
        nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
        nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
    ];
    for (field, word) in stat.chunks_exact_mut(8).zip(words) {
        field.copy_from_slice(&word.to_le_bytes());
    }
    stat
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

/// Nanoseconds since the epoch.
pub(super) fn since_epoch(time: SystemTime) -> Result<u64, Errno> {
    let elapsed = time.duration_since(SystemTime::UNIX_EPOCH).map_err(|_| Errno::Overflow)?;
    u64::try_from(elapsed.as_nanos()).map_err(|_| Errno::Overflow)
}
