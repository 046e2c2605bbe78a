//! Guest code on the calling thread: entered through an assembled stub, stopped by a timer.
//!
//! Its faults are signals of this process ([`super::signals`]); services are called from
//! gateways, on the host's own stack.

use super::control::Control;
use super::process::{Call, Ended, Process, Way};
use super::registry::Registration;
use super::serve::{Refusal, Server};
use super::signals;
use super::thread::ensure_signal_stack;
use super::x86_64::{enter, status};
use crate::executor::Services;

impl Process {
    /// Runs a call on this thread.
    pub(super) fn run_in_thread(
        &mut self,
        services: &mut dyn Services,
        trampoline: u64,
        call: Call<'_>,
    ) -> Result<Ended, String> {
        let Way::Thread(timer) = &self.way else { unreachable!("the caller looked") };
        ensure_signal_stack().map_err(|e| format!("no signal stack: {e}"))?;
        signals::ensure_first();
        let (control, stack) = (self.control.get(), &self.stack);
        let base = self.cage.base();
        let mut server = Server {
            services,
            cage: &mut self.cage,
            gateways: &self.gateways.list,
            control,
            programs: call.programs,
            stack,
            records: call.records,
            log: self.log.as_ref(),
            refusal: None,
        };
        let server = &raw mut server;
        control.begin(call.depth, stack, server.cast());
        let registration = Registration::new(control, &self.code.addresses());
        let registration = registration.ok_or("too many threads run guest code")?;
        let armed = timer.arm(call.deadline);
        let slots = call.slots.as_mut_ptr();
        // SAFETY: this thread is registered with its own control block, whose stack and
        // server are set; the trampoline was made for the callee's signature, and the
        // caller gave enough slots for it (`Jit::call`).
        let status = unsafe { enter(control, trampoline, slots, call.callee, base) };
        drop(armed);
        drop(registration);
        // SAFETY: guest code is left, so nothing else refers to the server any more.
        let refusal = unsafe { (*server).refusal.take() };
        Ok(ended(control, status, refusal))
    }
}

fn ended(control: &Control, status: u32, refusal: Option<Refusal>) -> Ended {
    match (status, refusal) {
        (status::RETURNED, _) => Ended::Returned,
        (status::STOPPED, Some(Refusal::Trap { trap, caller })) => Ended::Raised { trap, caller },
        (status::STOPPED, Some(Refusal::Panic(message))) => Ended::Broken(message),
        (status::FAULTED, _) => Ended::Faulted(Box::new(control.fault.read())),
        (status::INTERRUPTED, _) => Ended::Interrupted { pc: control.fault.read().pc },
        (status, refusal) => Ended::Broken(format!("left guest code with {status}, {refusal:?}")),
    }
}
