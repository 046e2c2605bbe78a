//! How the host waits for its turn.
//!
//! Looking at the word again and again costs a processor, sleeping on it costs two
//! changes of context. So the host looks as often as looking has paid lately, and then
//! sleeps, never for long: a process that has ended wakes nobody. Who sleeps each time learns
//! nothing of what looking longer would have come to, so it does that now and then.

use std::hint::spin_loop;
use std::ptr;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::{Acquire, SeqCst};
use std::time::{Duration, Instant};

use super::child::{Child, Death};
use super::exchange::{Exchange, turn};

/// Most looks at the word before sleeping: some tens of microseconds. A process that runs
/// has answered by then; to wake one that sleeps takes longer.
const MOST_LOOKS: u32 = 1 << 12;

/// Fewest: as long as a loaded machine needs to answer without sleeping at all.
const FEWEST_LOOKS: u32 = 1 << 3;

/// Of so many waits in a row that sleep, one looks as often as any.
const PROBE: u32 = 32;

/// How long the host sleeps before it asks whether the process still runs.
const NAP: Duration = Duration::from_millis(4);

/// What came of waiting.
#[derive(Debug)]
pub(super) enum Waited {
    /// It is the host's turn.
    Turn,
    TimedOut,
    Died(Death),
    /// The word has no meaning.
    Corrupt,
}

/// How often to look before sleeping.
#[derive(Debug)]
pub(super) struct Patience {
    looks: u32,
    /// Most looks on this machine: none where the two have one processor between them.
    most: u32,
    /// Waits since looking last paid.
    slept: u32,
}

impl Default for Patience {
    fn default() -> Patience {
        let alone = std::thread::available_parallelism().map_or(1, usize::from) == 1;
        let most = if alone { 0 } else { MOST_LOOKS };
        Patience { looks: most, most, slept: 0 }
    }
}

impl Patience {
    pub(super) fn looks(&self) -> u32 {
        self.looks
    }

    /// Waits until it is the host's turn.
    pub(super) fn wait(&mut self, exchange: &Exchange, child: &Child, deadline: Instant) -> Waited {
        let looks = self.looks_now();
        for _ in 0..looks {
            if exchange.turn.load(Acquire) == turn::HOST {
                self.learn(looks, true);
                return Waited::Turn;
            }
            spin_loop();
        }
        self.learn(looks, false);
        exchange.host_waits.store(1, SeqCst);
        let waited = sleep(&exchange.turn, child, deadline);
        exchange.host_waits.store(0, SeqCst);
        waited
    }

    fn looks_now(&self) -> u32 {
        if self.slept % PROBE == PROBE - 1 { self.most } else { self.looks }
    }

    /// Takes note of whether so many looks have paid.
    fn learn(&mut self, looks: u32, paid: bool) {
        if paid {
            self.looks = (looks * 2).min(self.most);
            self.slept = 0;
        } else {
            self.looks = (self.looks / 2).max(FEWEST_LOOKS.min(self.most));
            self.slept = self.slept.wrapping_add(1);
        }
    }
}

fn sleep(word: &AtomicU32, child: &Child, deadline: Instant) -> Waited {
    loop {
        match word.load(SeqCst) {
            turn::HOST => return Waited::Turn,
            turn::GUEST => {}
            _ => return Waited::Corrupt,
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Waited::TimedOut;
        }
        let nap = left.min(NAP);
        if !wait(word, turn::GUEST, nap)
            && let Some(death) = child.death()
        {
            return Waited::Died(death);
        }
    }
}

/// Sleeps while the word has a value; `false` when the time was up.
fn wait(word: &AtomicU32, value: u32, time: Duration) -> bool {
    let nanoseconds = time.subsec_nanos().into();
    let time = libc::timespec { tv_sec: time.as_secs().cast_signed(), tv_nsec: nanoseconds };
    let word = ptr::from_ref(word);
    // SAFETY: the word and the time are valid during the call, and any value that the
    // word has makes it return.
    let result =
        unsafe { libc::syscall(libc::SYS_futex, word, libc::FUTEX_WAIT, value, &raw const time) };
    result == 0 || std::io::Error::last_os_error().raw_os_error() != Some(libc::ETIMEDOUT)
}

/// Wakes whoever sleeps on the word.
pub(super) fn wake(word: &AtomicU32) {
    let word = ptr::from_ref(word);
    // SAFETY: the word is valid; the call does not touch it.
    unsafe { libc::syscall(libc::SYS_futex, word, libc::FUTEX_WAKE, 1) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_always_sleeps_looks_longer_now_and_then() {
        let mut patience = Patience { looks: MOST_LOOKS, most: MOST_LOOKS, slept: 0 };
        let mut looks = Vec::new();
        for _ in 0..2 * PROBE {
            looks.push(patience.looks_now());
            patience.learn(patience.looks_now(), false);
        }
        assert_eq!(looks.iter().filter(|&&looks| looks == FEWEST_LOOKS).count(), 53);
        assert_eq!(looks.last(), Some(&MOST_LOOKS));
        patience.learn(MOST_LOOKS, true);
        assert_eq!(patience.looks_now(), MOST_LOOKS);
    }

    #[test]
    fn on_one_processor_nobody_looks() {
        let mut patience = Patience { looks: 0, most: 0, slept: 0 };
        for _ in 0..2 * PROBE {
            assert_eq!(patience.looks_now(), 0);
            patience.learn(0, false);
        }
    }
}
