//! How the host waits for its turn.
//!
//! Looking at the word again and again costs a processor, sleeping on it costs two
//! changes of context. So the host looks as often as looking has paid lately, and then
//! sleeps, never for long: a process that has ended wakes nobody.

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
}

impl Default for Patience {
    fn default() -> Patience {
        let alone = std::thread::available_parallelism().map_or(1, usize::from) == 1;
        Patience { looks: if alone { 0 } else { MOST_LOOKS } }
    }
}

impl Patience {
    pub(super) fn looks(&self) -> u32 {
        self.looks
    }

    /// Waits until it is the host's turn.
    pub(super) fn wait(&mut self, exchange: &Exchange, child: &Child, deadline: Instant) -> Waited {
        for _ in 0..self.looks {
            if exchange.turn.load(Acquire) == turn::HOST {
                self.looks = (self.looks * 2).min(MOST_LOOKS);
                return Waited::Turn;
            }
            spin_loop();
        }
        if self.looks != 0 {
            self.looks = (self.looks / 2).max(FEWEST_LOOKS);
        }
        exchange.host_waits.store(1, SeqCst);
        let waited = sleep(&exchange.turn, child, deadline);
        exchange.host_waits.store(0, SeqCst);
        waited
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
