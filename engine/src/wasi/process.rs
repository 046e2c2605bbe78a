//! Calls on the process: arguments, environment, clocks, random bytes, waiting, exit.
#![forbid(unsafe_code)]

use std::time::Duration;

use super::descriptor::Descriptor;
use super::errno::Errno;
use super::guest::Guest;
use super::{Arguments, Context, Stopped};

/// Most random bytes that are fetched at a time.
const RANDOM_CHUNK: u32 = 1 << 16;

/// Resolution that is told of every clock.
const RESOLUTION_NS: u64 = 1;

/// Most subscriptions of one wait.
const MAX_SUBSCRIPTIONS: u32 = 1024;
const SUBSCRIPTION_BYTES: u32 = 48;
const EVENT_BYTES: usize = 32;
const CLOCK: u8 = 0;
const ABSOLUTE: u8 = 1;

impl Context {
    pub(super) fn proc_exit(&mut self, _: &mut Guest<'_>, args: Arguments) -> Result<(), Stopped> {
        Err(Stopped::Exit(args.u32(0).cast_signed()))
    }

    pub(super) fn sched_yield(&mut self, _: &mut Guest<'_>, _: Arguments) -> Result<(), Errno> {
        std::thread::yield_now();
        Ok(())
    }

    pub(super) fn args_sizes_get(
        &mut self,
        guest: &mut Guest<'_>,
        args: Arguments,
    ) -> Result<(), Errno> {
        sizes(&self.args, guest, args)
    }

    pub(super) fn args_get(&mut self, guest: &mut Guest<'_>, args: Arguments) -> Result<(), Errno> {
        strings(&self.args, guest, args)
    }

    pub(super) fn environ_sizes_get(
        &mut self,
        guest: &mut Guest<'_>,
        args: Arguments,
    ) -> Result<(), Errno> {
        sizes(&self.env, guest, args)
    }

    pub(super) fn environ_get(
        &mut self,
        guest: &mut Guest<'_>,
        args: Arguments,
    ) -> Result<(), Errno> {
        strings(&self.env, guest, args)
    }

    pub(super) fn clock_res_get(
        &mut self,
        guest: &mut Guest<'_>,
        args: Arguments,
    ) -> Result<(), Errno> {
        self.world.now(args.u32(0))?;
        guest.store_u64(args.u32(1), RESOLUTION_NS)
    }

    pub(super) fn clock_time_get(
        &mut self,
        guest: &mut Guest<'_>,
        args: Arguments,
    ) -> Result<(), Errno> {
        let now = self.world.now(args.u32(0))?;
        guest.store_u64(args.u32(2), now)
    }

    pub(super) fn random_get(
        &mut self,
        guest: &mut Guest<'_>,
        args: Arguments,
    ) -> Result<(), Errno> {
        let buffer = guest.buffer(args.u32(0), args.u32(1))?;
        let mut chunk = vec![0; buffer.len.min(RANDOM_CHUNK) as usize];
        let mut done = 0;
        while done < buffer.len {
            let wanted = (buffer.len - done).min(RANDOM_CHUNK) as usize;
            self.world.fill(&mut chunk[..wanted])?;
            guest.write(buffer.at + done, &chunk[..wanted])?;
            done += u32::try_from(wanted).map_err(|_| Errno::Overflow)?;
        }
        Ok(())
    }

    /// Waits for the first of some events. Descriptors are always ready: files are, and
    /// a read from a stream may block. So a wait sleeps only if it is for clocks alone.
    pub(super) fn poll_oneoff(
        &mut self,
        guest: &mut Guest<'_>,
        args: Arguments,
    ) -> Result<(), Errno> {
        let (from, to, count) = (args.u32(0), args.u32(1), args.u32(2));
        if count == 0 || count > MAX_SUBSCRIPTIONS {
            return Err(Errno::Invalid);
        }
        let list = guest.bytes(from, count * SUBSCRIPTION_BYTES)?;
        let entries = list.chunks_exact(SUBSCRIPTION_BYTES as usize);
        let subscriptions = entries.filter_map(Subscription::of).collect::<Vec<_>>();
        let ready: Vec<_> = subscriptions.iter().filter(|s| s.kind != CLOCK).collect();
        let mut events = Vec::new();
        if ready.is_empty() {
            let waits = subscriptions.iter().map(|s| self.wait_of(s));
            let waits = waits.collect::<Result<Vec<_>, _>>()?;
            let shortest = waits.iter().min().copied().unwrap_or_default();
            self.world.sleep(shortest);
            let due = subscriptions.iter().zip(waits).filter(|&(_, wait)| wait == shortest);
            due.for_each(|(s, _)| events.extend_from_slice(&s.event(None)));
        }
        for subscription in ready {
            let error = self.readiness(subscription).err();
            events.extend_from_slice(&subscription.event(error));
        }
        guest.write(to, &events)?;
        let happened = u32::try_from(events.len() / EVENT_BYTES).map_err(|_| Errno::Overflow)?;
        guest.store_u32(args.u32(3), happened)
    }

    /// How long a clock's event is away.
    fn wait_of(&mut self, subscription: &Subscription) -> Result<Duration, Errno> {
        let now = self.world.now(subscription.id)?;
        let absolute = subscription.flags & ABSOLUTE != 0;
        let until = subscription.timeout.saturating_sub(if absolute { now } else { 0 });
        Ok(Duration::from_nanos(until))
    }

    fn readiness(&mut self, subscription: &Subscription) -> Result<(), Errno> {
        match (subscription.kind, self.descriptors.get(subscription.id)?) {
            (1, Descriptor::Output(..)) | (2, Descriptor::Input(..)) => Err(Errno::BadF),
            (1 | 2, Descriptor::Directory(_)) => Err(Errno::BadF),
            (1 | 2, _) => Ok(()),
            _ => Err(Errno::Invalid),
        }
    }
}

/// What a program waits for.
struct Subscription {
    userdata: [u8; 8],
    /// Clock, reading or writing.
    kind: u8,
    /// Which clock, or which descriptor.
    id: u32,
    timeout: u64,
    flags: u8,
}

impl Subscription {
    fn of(bytes: &[u8]) -> Option<Subscription> {
        Some(Subscription {
            userdata: *bytes.first_chunk()?,
            kind: *bytes.get(8)?,
            id: u32::from_le_bytes(*bytes.get(16..)?.first_chunk()?),
            timeout: u64::from_le_bytes(*bytes.get(24..)?.first_chunk()?),
            flags: *bytes.get(40)?,
        })
    }

    fn event(&self, error: Option<Errno>) -> [u8; EVENT_BYTES] {
        let mut event = [0; EVENT_BYTES];
        event[..8].copy_from_slice(&self.userdata);
        let number = error.map_or(0, |error| error as i32);
        event[8..10].copy_from_slice(&number.to_le_bytes()[..2]);
        event[10] = self.kind;
        event
    }
}

/// Stores how many strings there are, and how many bytes they take.
fn sizes(strings: &[Vec<u8>], guest: &mut Guest<'_>, args: Arguments) -> Result<(), Errno> {
    let size = |n: usize| u32::try_from(n).map_err(|_| Errno::Overflow);
    guest.store_u32(args.u32(0), size(strings.len())?)?;
    guest.store_u32(args.u32(1), size(strings.iter().map(Vec::len).sum())?)
}

/// Stores the strings one after the other, and a pointer to each.
fn strings(strings: &[Vec<u8>], guest: &mut Guest<'_>, args: Arguments) -> Result<(), Errno> {
    let (mut pointer, mut at) = (args.u32(0), args.u32(1));
    for string in strings {
        guest.store_u32(pointer, at)?;
        guest.write(at, string)?;
        pointer = pointer.checked_add(4).ok_or(Errno::Overflow)?;
        let len = u32::try_from(string.len()).map_err(|_| Errno::Overflow)?;
        at = at.checked_add(len).ok_or(Errno::Overflow)?;
    }
    Ok(())
}
