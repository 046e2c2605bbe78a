//! What a cell gives its turn away with, read from the exchange page.

use std::sync::atomic::Ordering::Relaxed;

use super::child::Death;
use super::exchange::{Exchange, reason};
use super::x86_64::REGISTER_COUNT;

/// Why the cell gave its turn away, or has none any more.
#[derive(Debug)]
pub(crate) enum Event {
    /// The call returned.
    Returned,
    /// Guest code called gateway number `gateway`, with arguments in `slots`; the
    /// gateway's frame pointer is `frame`. All three may be lies.
    Asks { gateway: u64, slots: u64, frame: u64 },
    /// An instruction faulted, or something was made to look so.
    Faulted(Box<Faulted>),
    /// The time is up, and the cell is dead.
    TimedOut,
    /// The process ended.
    Died(Death),
    /// The exchange page makes no sense; the cell is dead.
    Corrupt,
}

/// What a signal handler saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Faulted {
    pub(crate) signal: u64,
    /// Why it was raised: the `si_code`.
    pub(crate) code: u64,
    /// The address that the signal blames.
    pub(crate) address: u64,
    /// The registers of the signal frame, in the kernel's order.
    pub(crate) registers: [u64; REGISTER_COUNT],
}

impl Event {
    /// What the page says while it is the host's turn.
    pub(super) fn of(exchange: &Exchange) -> Event {
        match exchange.reason.load(Relaxed) {
            reason::RETURNED => Event::Returned,
            reason::ASKS => Event::Asks {
                gateway: exchange.gateway.load(Relaxed),
                slots: exchange.slots.load(Relaxed),
                frame: exchange.frame.load(Relaxed),
            },
            reason::FAULTED if raised_by_processor(exchange) => {
                Event::Faulted(Box::new(faulted(exchange)))
            }
            _ => Event::Corrupt,
        }
    }
}

/// Whether a fault is the processor's: a code of 0 or less says that somebody sent it.
#[expect(clippy::cast_possible_truncation, reason = "a signal's code has 32 bits")]
fn raised_by_processor(exchange: &Exchange) -> bool {
    (exchange.signal_code.load(Relaxed) as u32).cast_signed() > 0
}

fn faulted(exchange: &Exchange) -> Faulted {
    Faulted {
        signal: exchange.signal.load(Relaxed),
        code: exchange.signal_code.load(Relaxed),
        address: exchange.address.load(Relaxed),
        registers: std::array::from_fn(|index| exchange.registers[index].load(Relaxed)),
    }
}
