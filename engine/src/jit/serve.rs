//! The host's side of a gateway: a builtin or host call made by guest code.
//!
//! Runs on the host stack while the guest's waits. Nothing may unwind from here into
//! machine code, so a panic of trusted code becomes the end of the call.

use std::sync::atomic::Ordering::Relaxed;

use cranelift_codegen::ir::LibCall;

use super::control::Control;
use super::library;
use super::log::Log;
use super::programs::Loaded;
use super::records::Records;
use super::stack::GuestStack;
use super::throw::{Handler, Search};
use super::x86_64::status;
use crate::cage::Cage;
use crate::executor::{Services, Slot};
use crate::panic::caught;
use crate::program::Builtin;
use crate::trap::Trap;

/// What a gateway leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Service {
    Builtin(Builtin),
    Host(u32),
    /// What an instruction does that this machine's settings lack.
    Library(LibCall),
}

/// A gateway, as its server knows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gateway {
    pub(super) service: Service,
    /// Parameters without the base.
    pub(super) params: usize,
    pub(super) results: usize,
}

impl Gateway {
    /// Slots that arguments and results share.
    pub(super) fn slots(&self) -> usize {
        self.params.max(self.results)
    }
}

/// Why a server ended the call.
#[derive(Debug)]
pub(super) enum Refusal {
    /// A trap to raise, and the address that its call returns to, if known.
    Trap { trap: Trap, caller: Option<u64> },
    /// Trusted code panicked.
    Panic(String),
}

/// What a service answers.
#[derive(Debug)]
pub(super) enum Answer {
    /// One slot for each result.
    Results(Vec<Slot>),
    /// Guest code goes on in the handler of an exception.
    Thrown(Handler),
}

/// What serves the gateways of one call.
pub(super) struct Server<'a> {
    pub(super) services: &'a mut dyn Services,
    pub(super) cage: &'a mut Cage,
    pub(super) gateways: &'a [Gateway],
    pub(super) programs: &'a [Loaded],
    pub(super) control: &'a Control,
    pub(super) stack: &'a GuestStack,
    pub(super) records: Option<Records<'a>>,
    pub(super) log: Option<&'a Log>,
    pub(super) refusal: Option<Refusal>,
}

/// Serves gateway number `gateway` and returns the status with which to leave guest
/// code or to go on in it.
///
/// # Safety
/// `control` is the control block of a call under way, whose `server` is the one made
/// for it and borrowed by nobody; `slots` spans [`Gateway::slots`] slots.
pub(super) unsafe extern "sysv64" fn serve(
    control: *const Control,
    slots: *mut Slot,
    gateway: u32,
) -> u32 {
    // SAFETY: the caller's promise.
    let control = unsafe { &*control };
    // SAFETY: the caller's promise; `Process::invoke` keeps the server on its frame
    // and does not touch it until guest code is left.
    let server = unsafe { &mut *control.server.load(Relaxed) };
    let refusal = match caught(|| server.serve(slots, gateway)) {
        Ok(Ok(status)) if control.interrupted.load(Relaxed) == 0 => return status,
        Ok(Ok(_)) => return status::INTERRUPTED,
        Ok(Err(trap)) => Refusal::Trap { trap, caller: server.caller() },
        Err(panic) => Refusal::Panic(panic),
    };
    server.refusal = Some(refusal);
    status::STOPPED
}

impl Server<'_> {
    /// The status with which the gateway's stub goes on.
    fn serve(&mut self, slots: *mut Slot, gateway: u32) -> Result<u32, Trap> {
        let gateway = self.gateways[gateway as usize];
        let mut args: Vec<Slot> = vec![0; gateway.params];
        // SAFETY: the gateway's frame holds at least `params` slots, and guest code
        // waits, so nothing else writes them.
        unsafe { slots.copy_to_nonoverlapping(args.as_mut_ptr(), gateway.params) };
        let frame = self.control.guest_frame.load(Relaxed);
        match self.answer(gateway, &args, frame)? {
            Answer::Results(results) => {
                // SAFETY: as above, for `results` slots.
                unsafe { slots.copy_from_nonoverlapping(results.as_ptr(), gateway.results) };
                Ok(status::RETURNED)
            }
            Answer::Thrown(handler) => {
                self.control.resume(handler);
                Ok(status::THROWN)
            }
        }
    }

    /// What a service answers; `frame` is the gateway's frame pointer.
    pub(super) fn answer(
        &mut self,
        gateway: Gateway,
        args: &[Slot],
        frame: u64,
    ) -> Result<Answer, Trap> {
        if let (Some(records), Some(log)) = (&mut self.records, self.log) {
            records.take(log);
            records.service(gateway.service, args);
        }
        let mut results: Vec<Slot> = vec![0; gateway.results];
        match gateway.service {
            Service::Builtin(Builtin::ThrowRef) => {
                return self.throw(args, frame).map(Answer::Thrown);
            }
            Service::Builtin(builtin) => {
                let result = self.services.builtin(self.cage, builtin, args)?;
                results.fill(result);
            }
            Service::Host(number) => {
                self.services.host(self.cage, number, args, &mut results)?;
            }
            Service::Library(call) => results.fill(library::compute(call, args)),
        }
        Ok(Answer::Results(results))
    }

    /// Throws the exception that `throw_ref` was called with.
    fn throw(&mut self, args: &[Slot], gateway: u64) -> Result<Handler, Trap> {
        #[expect(clippy::cast_possible_truncation, reason = "a reference has 32 bits")]
        let exception = args.get(1).copied().unwrap_or(0) as u32;
        let thrown = self.services.thrown(self.cage, exception)?;
        let Server { services, programs, control, stack, .. } = self;
        Search { services: &**services, programs, control, stack, thrown, gateway }.run(exception)
    }

    /// The address that the gateway's call returns to, from its frame: the return
    /// address stands above the saved frame pointer.
    fn caller(&self) -> Option<u64> {
        let frame = self.control.guest_frame.load(Relaxed);
        self.stack.word(frame.checked_add(8)?)
    }
}
