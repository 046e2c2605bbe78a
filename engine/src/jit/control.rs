//! The control block: the trusted words that native code, the gateways, the signal
//! handlers and the host share.
//!
//! It has pages of its own outside the cage. Its beginning is what `lowering` emits
//! accesses to ([`crate::lowering::native_abi`]); the rest belongs to entry and trap
//! path, which reach it by addresses fixed in trusted code, never through a register
//! that guest code could have changed. Every field is an atomic because the other
//! side of each access is machine code or a signal handler on the same thread.

use std::io;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering::Relaxed};

use super::serve::Server;
use super::stack::GuestStack;
use super::throw::Handler;
use super::x86_64::FaultRecord;
use crate::cage::file::MemoryFile;
use crate::cage::mapping::{Mapping, Protection};
use crate::cell;
use crate::lowering::native_abi;

/// The words. Zeroed is a valid state.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Control {
    /// Lowest stack pointer that a function may be entered with.
    pub(super) stack_limit: AtomicU64,
    /// Guest functions that may still be entered.
    pub(super) depth: AtomicU64,
    /// Set to 1 by lowered code when a planted fault meets its trigger.
    pub(super) fault_triggered: AtomicU64,
    /// Indirect calls made.
    pub(super) indirect_calls: AtomicU64,
    /// 1 + the site of a monitored indirect call that found an entry of another signature.
    pub(super) wrong_entry: AtomicU64,
    /// 1 exactly while the thread runs on the guest stack.
    pub(super) in_guest: AtomicU64,
    /// The host's stack pointer while guest code runs.
    pub(super) host_stack: AtomicU64,
    /// The guest's stack pointer while a gateway is served.
    pub(super) guest_stack: AtomicU64,
    /// The frame pointer of the gateway that is served.
    pub(super) guest_frame: AtomicU64,
    /// Where guest code goes on after a gateway that threw: program counter, stack pointer,
    /// frame pointer, and the exception.
    pub(super) resume_pc: AtomicU64,
    pub(super) resume_stack: AtomicU64,
    pub(super) resume_frame: AtomicU64,
    pub(super) payload: AtomicU64,
    /// Where the guest stack begins; it grows down.
    pub(super) stack_top: AtomicU64,
    /// Set by the deadline's signal when it met the host; the gateway sees to it.
    pub(super) interrupted: AtomicU64,
    /// Who serves gateways during the current call.
    pub(super) server: AtomicPtr<Server<'static>>,
    /// What the signal handler saw when it ended the current call.
    pub(super) fault: FaultRecord,
}

const _: () = {
    use std::mem::offset_of;
    assert!(offset_of!(Control, stack_limit) == native_abi::CONTROL_STACK_LIMIT as usize);
    assert!(offset_of!(Control, depth) == native_abi::CONTROL_DEPTH as usize);
    assert!(offset_of!(Control, fault_triggered) == native_abi::CONTROL_FAULT_TRIGGERED as usize);
    assert!(offset_of!(Control, indirect_calls) == native_abi::CONTROL_INDIRECT_CALLS as usize);
    assert!(offset_of!(Control, wrong_entry) == native_abi::CONTROL_WRONG_ENTRY as usize);
    assert!(size_of::<Control>() <= LEN);
};

/// Bytes of the block's mapping.
const LEN: usize = 4096;

/// The pages that hold a [`Control`].
#[derive(Debug)]
pub(super) struct ControlPage {
    pages: Mapping,
    file: Option<MemoryFile>,
}

impl ControlPage {
    pub(super) fn new() -> io::Result<ControlPage> {
        let pages = Mapping::reserve(LEN)?;
        pages.protect(0..LEN, Protection::ReadWrite)?;
        Ok(ControlPage { pages, file: None })
    }

    /// Pages that a cell uses, too: of the words, only those of lowered code.
    pub(super) fn shared() -> io::Result<ControlPage> {
        let mut page = ControlPage::new()?;
        let file = MemoryFile::new(c"fencepost-control", LEN)?;
        page.pages.overlay(0..LEN, file.as_fd())?;
        page.file = Some(file);
        Ok(page)
    }

    /// What a cell maps of it; nothing unless it is shared.
    pub(super) fn memory(&self) -> Option<cell::Memory<'_>> {
        let file = self.file.as_ref()?.as_fd();
        let (address, protection) = (self.address(), Protection::ReadWrite);
        Some(cell::Memory { address, len: LEN, protection, file })
    }

    pub(super) fn get(&self) -> &Control {
        // SAFETY: the page is mapped as long as `self` lives, aligned, and large
        // enough (asserted above); zeroes are a valid `Control`; all fields are
        // atomics, so writes by native code and handlers are allowed.
        unsafe { &*self.pages.start().cast::<Control>() }
    }

    pub(super) fn address(&self) -> u64 {
        self.pages.start() as u64
    }
}

impl Control {
    /// Says where the stub of a gateway that threw goes on.
    pub(super) fn resume(&self, handler: Handler) {
        self.resume_pc.store(handler.pc, Relaxed);
        self.resume_stack.store(handler.stack, Relaxed);
        self.resume_frame.store(handler.frame, Relaxed);
        self.payload.store(handler.payload.into(), Relaxed);
    }

    /// Makes the block ready for a call of at most `depth` nested functions.
    ///
    /// It is made ready anew each time: guest code in a cell may have written to it.
    pub(super) fn begin(&self, depth: u32, stack: &GuestStack, server: *mut Server<'static>) {
        self.stack_limit.store(stack.limit(), Relaxed);
        self.stack_top.store(stack.top(), Relaxed);
        self.depth.store(depth.into(), Relaxed);
        self.interrupted.store(0, Relaxed);
        self.wrong_entry.store(0, Relaxed);
        self.fault.clear();
        self.server.store(server, Relaxed);
    }
}
