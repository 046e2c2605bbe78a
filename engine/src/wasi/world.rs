//! What a host decides and no standard does: the time, random bytes, how long waiting
//! takes, and by which numbers and dates files are known.
//!
//! Runs of a program agree on these only by accident. A [`World`] that is *repeatable*
//! decides them by the program's calls alone: each look at a clock is [`TICK_NS`] after
//! the one before, waiting moves the clock and takes no time, random bytes are a fixed
//! sequence, files are numbered in the order in which they are met, and all have one
//! date. So executors that carry out the same calls give the same answers, over any
//! copy of the same folder.
#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::io;
use std::time::{Duration, Instant, SystemTime};

use cap_std::fs::{Metadata, MetadataExt};
use xxhash_rust::xxh3::xxh3_64;

use super::descriptor::{Kind, file_type};
use super::errno::Errno;
use super::guest::Guest;

/// Bytes of a `filestat`.
const FILESTAT_BYTES: u32 = 64;

/// 2000-01-01 00:00 UTC, when repeatable programs begin and their files were made.
const EPOCH_NS: u64 = 946_684_800 * 1_000_000_000;

/// What passes between two looks at a repeatable clock.
const TICK_NS: u64 = 1_000_000;

/// `clockid` of preview 1; the two others count the program's own time, as here do
/// monotonic clocks.
const REALTIME: u32 = 0;
const LAST_CLOCK: u32 = 3;

/// The `filestat` structure.
#[derive(Default)]
pub(super) struct FileStat {
    device: u64,
    inode: u64,
    kind: u8,
    links: u64,
    size: u64,
    /// Access, modification, change of status.
    dates: [u64; 3],
}

impl FileStat {
    pub(super) fn of_stream(kind: Kind) -> FileStat {
        FileStat { kind: kind.file_type(), ..FileStat::default() }
    }

    /// Stores it where the guest wants it.
    pub(super) fn store(&self, guest: &mut Guest<'_>, at: u32) -> Result<(), Errno> {
        let [access, modification, change] = self.dates.map(u64::to_le_bytes);
        let fields: [(u32, &[u8]); 8] = [
            (0, &self.device.to_le_bytes()),
            (8, &self.inode.to_le_bytes()),
            (16, &[self.kind]),
            (24, &self.links.to_le_bytes()),
            (32, &self.size.to_le_bytes()),
            (40, &access),
            (48, &modification),
            (56, &change),
        ];
        guest.write_fields(at, FILESTAT_BYTES, fields)
    }
}

/// A host's choices.
pub(super) struct World {
    began: Instant,
    repeatable: Option<Repeatable>,
}

/// The state of choices that follow from the calls.
#[derive(Default)]
struct Repeatable {
    elapsed_ns: u64,
    /// Words of random bytes given so far.
    random_words: u64,
    /// Number by device and number on the host.
    inodes: HashMap<(u64, u64), u64>,
}

impl World {
    /// The world as it is, or a repeatable one.
    pub(super) fn new(repeatable: bool) -> World {
        World { began: Instant::now(), repeatable: repeatable.then(Repeatable::default) }
    }

    /// Nanoseconds since 1970, or since the program began.
    pub(super) fn now(&mut self, clock: u32) -> Result<u64, Errno> {
        if clock > LAST_CLOCK {
            return Err(Errno::Invalid);
        }
        let epoch = if clock == REALTIME { EPOCH_NS } else { 0 };
        match &mut self.repeatable {
            Some(world) => {
                world.elapsed_ns = world.elapsed_ns.saturating_add(TICK_NS);
                Ok(world.elapsed_ns.saturating_add(epoch))
            }
            None if clock == REALTIME => since_1970(SystemTime::now()),
            None => u64::try_from(self.began.elapsed().as_nanos()).map_err(|_| Errno::Overflow),
        }
    }

    /// Lets time pass.
    pub(super) fn sleep(&mut self, time: Duration) {
        match &mut self.repeatable {
            Some(world) => {
                let passed = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
                world.elapsed_ns = world.elapsed_ns.saturating_add(passed);
            }
            None => std::thread::sleep(time),
        }
    }

    /// Fills all of `bytes` with random ones.
    pub(super) fn fill(&mut self, bytes: &mut [u8]) -> io::Result<()> {
        if let Some(world) = &mut self.repeatable {
            for chunk in bytes.chunks_mut(8) {
                let word = xxh3_64(&world.random_words.to_le_bytes()).to_le_bytes();
                chunk.copy_from_slice(&word[..chunk.len()]);
                world.random_words += 1;
            }
            return Ok(());
        }
        let mut done = 0;
        while done < bytes.len() {
            let flags = rustix::rand::GetRandomFlags::empty();
            done += rustix::rand::getrandom(&mut bytes[done..], flags)?;
        }
        Ok(())
    }

    /// The numbers of a file's device and of the file.
    pub(super) fn identity(&mut self, device: u64, inode: u64) -> (u64, u64) {
        let Some(world) = &mut self.repeatable else { return (device, inode) };
        let next = world.inodes.len() as u64 + 1;
        (0, *world.inodes.entry((device, inode)).or_insert(next))
    }

    /// What is told of a file.
    pub(super) fn filestat(&mut self, metadata: &Metadata) -> FileStat {
        let (device, inode) = self.identity(metadata.dev(), metadata.ino());
        FileStat {
            device,
            inode,
            kind: file_type(metadata),
            links: metadata.nlink(),
            size: metadata.size(),
            dates: self.dates(metadata),
        }
    }

    fn dates(&self, metadata: &Metadata) -> [u64; 3] {
        if self.repeatable.is_some() {
            return [EPOCH_NS; 3];
        }
        [
            nanoseconds(metadata.atime(), metadata.atime_nsec()),
            nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
            nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
        ]
    }
}

/// A date of a file; 0 before 1970, for which preview 1 has no number.
fn nanoseconds(seconds: i64, part: i64) -> u64 {
    let whole = seconds.checked_mul(1_000_000_000).and_then(|ns| ns.checked_add(part));
    u64::try_from(whole.unwrap_or(0)).unwrap_or(0)
}

fn since_1970(time: SystemTime) -> Result<u64, Errno> {
    let elapsed = time.duration_since(SystemTime::UNIX_EPOCH).map_err(|_| Errno::Overflow)?;
    u64::try_from(elapsed.as_nanos()).map_err(|_| Errno::Overflow)
}
