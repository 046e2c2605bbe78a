//! The cell: a process in which there is nothing but what guest code may touch.
//!
//! The host makes a [`Cell`] from a list of [`Memory`], anonymous files that it maps
//! itself, and the cell maps them at the same addresses; all else is unmapped, and of
//! the system's calls only waiting for the next turn is left. So guest code that leaves
//! its bounds faults, with the exact address, and can harm nothing but its own cell.
//!
//! Host and cell take turns over one shared page ([`exchange`]). The host begins a call
//! and waits for an [`Event`]; when guest code asks for a service, the host answers by
//! writing into the shared memory and [`Cell::resume`]. Between turns the cell keeps
//! everything in registers: a call that the host gives up needs no unwinding, the next
//! one simply begins. A cell that was killed starts anew with the next call. Guest code
//! that knows the page can say that its call is over and go on; so between two cases a cell
//! shows that it waits ([`Cell::revive`]), or is replaced. Code that plays this exchange, too
//! (it waits for its turn, says that it is ready, hands over), is not noticed: it gets the
//! next call's turn.
//!
//! Invariants: code is writable in the host and executable in the cell, never both in
//! one; nothing is mapped below 4 GiB, nor anywhere else that a wrong base is likely to
//! reach; the host uses no word of the exchange page unchecked.
//!
//! A cell does not judge: what an event means is up to whoever made the call. It does
//! not hide that time passes, nor the processor's features.

mod child;
mod event;
mod exchange;
mod filter;
mod image;
mod plan;
mod start;
#[cfg(test)]
mod tests;
mod wait;
mod x86_64;

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::time::{Duration, Instant};

use crate::cage::file::MemoryFile;
use crate::cage::mapping::{Mapping, Protection};

pub(crate) use child::Death;
pub(crate) use event::{Event, Faulted};

use child::Child;
use exchange::{Exchange, command, reason, turn};
use plan::{EXCHANGE, PAGE, Plan, SharedMemory};
use wait::{Patience, Waited};

/// How long a cell that waits may take to say so. One that is slower is replaced, which
/// costs a start.
const ANSWER: Duration = Duration::from_secs(1);

/// A part of the cell's address space.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory<'a> {
    /// Where it lies, in the cell as in the host.
    pub(crate) address: u64,
    /// Bytes of address space. What lies past the end of the file faults.
    pub(crate) len: usize,
    pub(crate) protection: Protection,
    pub(crate) file: BorrowedFd<'a>,
}

/// A call into guest code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    /// Address of the code to call, with `slots`, `callee` and `base` as arguments; it
    /// ends by calling [`leave_address`].
    pub(crate) trampoline: u64,
    pub(crate) slots: u64,
    pub(crate) callee: u64,
    pub(crate) base: u64,
    /// Where the stack begins, a multiple of 16; it grows down.
    pub(crate) stack_top: u64,
}

/// Where guest code goes on, if not behind the gateway that it called.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Redirection {
    pub(crate) pc: u64,
    pub(crate) stack: u64,
    pub(crate) frame: u64,
    /// What the code there finds in the first result register.
    pub(crate) payload: u64,
}

/// Why a cell does not run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CellError {
    #[error("cannot start a cell: {0}")]
    System(#[from] io::Error),
    #[error("the cell did not start: {0}")]
    Start(String),
}

/// Where an entry trampoline goes when its function has returned.
pub(crate) fn leave_address() -> u64 {
    plan::STUB + x86_64::leave() as u64
}

/// Where a gateway goes: `(anything, slots, gateway)`.
pub(crate) fn serve_address() -> u64 {
    plan::STUB + x86_64::serve() as u64
}

/// The pages of a cell's own that guest code has no business with.
#[cfg(test)]
pub(crate) fn own_pages() -> std::ops::Range<u64> {
    x86_64::IMAGE..plan::SIGNAL_STACK + plan::SIGNAL_STACK_LEN as u64
}

/// Where the stub's system calls lie.
#[cfg(test)]
pub(crate) fn system_calls() -> Vec<u64> {
    const SYSTEM_CALL: [u8; 2] = [0x0f, 0x05];
    let calls = x86_64::code().windows(2).zip(plan::STUB..);
    calls.filter(|(bytes, _)| **bytes == SYSTEM_CALL).map(|(_, address)| address).collect()
}

/// Cells that are made on this thread as long as the result lives have no filter.
#[cfg(test)]
pub(crate) fn without_filter() -> filter::off::Off {
    filter::off::Off::begin()
}

/// Addresses of the words by which a cell says that its call has returned: when the first
/// is 2, and then the second.
#[cfg(test)]
pub(crate) fn words_of_a_return() -> [u64; 2] {
    const { assert!(reason::RETURNED == 2 && turn::HOST == 2) };
    let offsets = [std::mem::offset_of!(Exchange, reason), std::mem::offset_of!(Exchange, turn)];
    offsets.map(|offset| EXCHANGE + offset as u64)
}

/// Where the exchange page lies in every cell.
pub(crate) fn exchange_address() -> u64 {
    EXCHANGE
}

/// A cell, running or about to.
#[derive(Debug)]
pub(crate) struct Cell {
    image: MemoryFile,
    /// Descriptors that the image names, held open by whoever made the cell; and the
    /// exchange page's file.
    files: Vec<i32>,
    exchange_file: MemoryFile,
    exchange: Mapping,
    child: Option<Child>,
    /// Whether guest code has run since the process last showed that none does.
    called: bool,
    patience: Patience,
    /// When the call under way has to end.
    deadline: Instant,
    starts: u64,
}

impl Cell {
    /// A cell with some memories. It starts with the first call.
    ///
    /// The files of the memories must stay open as long as the cell exists.
    pub(crate) fn new(memories: &[Memory<'_>]) -> Result<Cell, CellError> {
        let exchange_file = MemoryFile::new(c"fencepost-exchange", PAGE)?;
        let exchange = Mapping::share(exchange_file.as_fd(), PAGE)?;
        let own = Memory {
            address: EXCHANGE,
            len: PAGE,
            protection: Protection::ReadWrite,
            file: exchange_file.as_fd(),
        };
        let all: Vec<Memory<'_>> = memories.iter().copied().chain([own]).collect();
        let files = all.iter().map(|memory| memory.file.as_raw_fd()).collect();
        let shared: Vec<SharedMemory> = all
            .iter()
            .map(|m| SharedMemory::of_file(m.address, m.len, m.protection, m.file.as_raw_fd()))
            .collect();
        let image = image::build(&Plan::new(&shared))?;
        let (patience, deadline) = (Patience::default(), Instant::now());
        Ok(Cell {
            image,
            files,
            exchange_file,
            exchange,
            child: None,
            called: false,
            patience,
            deadline,
            starts: 0,
        })
    }

    /// Begins a call, and waits until the cell gives its turn away.
    pub(crate) fn call(&mut self, call: Call, time: Duration) -> Result<Event, CellError> {
        self.ensure_started()?;
        self.called = true;
        self.deadline = Instant::now() + time;
        let exchange = self.exchange();
        exchange.trampoline.store(call.trampoline, Relaxed);
        exchange.slots.store(call.slots, Relaxed);
        exchange.callee.store(call.callee, Relaxed);
        exchange.base.store(call.base, Relaxed);
        exchange.stack_top.store(call.stack_top, Relaxed);
        Ok(self.turn(command::CALL))
    }

    /// Lets guest code go on behind the gateway that it called.
    pub(crate) fn resume(&mut self) -> Event {
        self.turn(command::RESUME)
    }

    /// Lets guest code go on elsewhere than behind the gateway that it called.
    pub(crate) fn redirect(&mut self, to: Redirection) -> Event {
        let exchange = self.exchange();
        exchange.resume_pc.store(to.pc, Relaxed);
        exchange.resume_stack.store(to.stack, Relaxed);
        exchange.resume_frame.store(to.frame, Relaxed);
        exchange.payload.store(to.payload, Relaxed);
        self.turn(command::REDIRECT)
    }

    /// Whether the time of the call under way is up.
    pub(crate) fn is_late(&self) -> bool {
        Instant::now() >= self.deadline
    }

    /// Makes sure that a process waits for a call. One that has ended since the last, or that
    /// said so of its call while that goes on, is replaced: the next call is not to blame.
    pub(crate) fn revive(&mut self) -> Result<(), CellError> {
        let lives = |child: &Child| child.is_ours() && child.death().is_none();
        if !self.child.as_ref().is_some_and(lives) || self.called && !self.answers() {
            self.kill();
        }
        self.ensure_started()
    }

    /// Whether the process, which lives, gives back its turn without a call.
    fn answers(&mut self) -> bool {
        self.deadline = Instant::now() + ANSWER;
        self.give_turn(command::ANSWER);
        self.called = false;
        matches!(self.wait(), Waited::Turn) && self.exchange().reason.load(Relaxed) == reason::READY
    }

    /// Ends the process. The next call starts another.
    pub(crate) fn kill(&mut self) {
        self.child = None;
    }

    /// How many processes were started.
    #[cfg(test)]
    pub(crate) fn starts(&self) -> u64 {
        self.starts
    }

    /// The id of the process, if it runs.
    #[cfg(test)]
    pub(crate) fn pid(&self) -> Option<i32> {
        self.child.as_ref().map(Child::pid)
    }

    fn exchange(&self) -> &Exchange {
        const { assert!(size_of::<Exchange>() <= PAGE) };
        // SAFETY: the page is mapped as long as `self` lives, aligned, and large enough
        // (asserted above); zeroes are a valid `Exchange`; all fields are atomics, so
        // the cell may write them at any time.
        unsafe { &*self.exchange.start().cast::<Exchange>() }
    }

    /// Starts the process, unless it runs.
    fn ensure_started(&mut self) -> Result<(), CellError> {
        if self.child.as_ref().is_some_and(Child::is_ours) {
            return Ok(());
        }
        self.kill();
        // Whatever the last process left behind is gone.
        self.exchange_file.set_len(0)?;
        self.exchange_file.set_len(PAGE)?;
        self.exchange().turn.store(turn::GUEST, SeqCst);
        // SAFETY: whoever made the cell keeps the files open (`Cell::new`).
        let open = |&fd: &i32| unsafe { BorrowedFd::borrow_raw(fd) };
        let files: Vec<BorrowedFd<'_>> = self.files.iter().map(open).collect();
        self.child = Some(Child::start(self.image.as_fd(), &files)?);
        self.called = false;
        self.starts += 1;
        self.deadline = Instant::now() + start::TIME;
        match self.wait() {
            Waited::Turn if self.exchange().reason.load(Relaxed) == reason::READY => Ok(()),
            waited => {
                self.kill();
                Err(CellError::Start(start::failure(&waited)))
            }
        }
    }

    fn give_turn(&self, command: u32) {
        let exchange = self.exchange();
        exchange.command.store(command, Relaxed);
        exchange.spins.store(self.patience.looks(), Relaxed);
        exchange.turn.store(turn::GUEST, SeqCst);
        if exchange.cell_waits.load(SeqCst) != 0 {
            wait::wake(&exchange.turn);
        }
    }

    fn turn(&mut self, command: u32) -> Event {
        self.give_turn(command);
        let event = match self.wait() {
            Waited::Turn => Event::of(self.exchange()),
            Waited::TimedOut => Event::TimedOut,
            Waited::Died(death) => Event::Died(death),
            Waited::Corrupt => Event::Corrupt,
        };
        if matches!(event, Event::TimedOut | Event::Died(_) | Event::Corrupt) {
            self.kill();
        }
        event
    }

    fn wait(&mut self) -> Waited {
        let child = self.child.as_ref().expect("a cell that was given its turn runs");
        // SAFETY: as in `exchange`; borrowed apart from the rest of `self`.
        let exchange = unsafe { &*self.exchange.start().cast::<Exchange>() };
        self.patience.wait(exchange, child, self.deadline)
    }
}
