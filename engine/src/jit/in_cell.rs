//! A call that runs in a cell, seen from the host.
//!
//! The host writes the arguments to the beginning of the guest stack, gives the cell its
//! turn, and serves what it asks for. Everything that comes back is untrusted: gateway
//! numbers, slots and frames are looked up with a check, and one that leads nowhere is
//! the doing of code that has left its bounds.

use std::ptr;

use super::process::{Call, Ended, Process, Way};
use super::serve::{Answer, Server};
use super::stack::SLOT;
use super::throw::Handler;
use super::x86_64::Fault;
use crate::cell::{self, Event, Redirection};
use crate::executor::Services;
use crate::panic::caught;

impl Process {
    /// Runs a call in the cell.
    pub(super) fn run_in_cell(
        &mut self,
        services: &mut dyn Services,
        trampoline: u64,
        call: Call<'_>,
    ) -> Result<Ended, String> {
        let stack_top = self.stack.top() - (call.slots.len() * SLOT) as u64;
        self.stack.set_slots(stack_top, call.slots).ok_or("more arguments than the stack holds")?;
        let (control, stack) = (self.control.get(), &self.stack);
        control.begin(call.depth, stack, ptr::null_mut());
        let (base, callee) = (self.cage.base(), call.callee);
        let Way::Cell(cell) = &mut self.way else { unreachable!("the caller looked") };
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
        let first = cell::Call { trampoline, slots: stack_top, callee, base, stack_top };
        let mut event = cell.call(first, call.deadline).map_err(|error| error.to_string())?;
        while let Event::Asks { gateway, slots, frame } = event {
            let next = server.serve_cell(gateway, slots, frame);
            if !matches!(next, Next::End(_)) && cell.is_late() {
                return Ok(Ended::Interrupted { pc: 0 });
            }
            event = match next {
                Next::Resume => cell.resume(),
                Next::Handle(Handler { pc, stack, frame, payload }) => {
                    cell.redirect(Redirection { pc, stack, frame, payload: payload.into() })
                }
                Next::End(ended) => return Ok(ended),
            };
        }
        if matches!(event, Event::Returned) {
            let results = self.stack.slots(stack_top, call.slots.len());
            call.slots.copy_from_slice(&results.ok_or("the stack has shrunk")?);
        }
        Ok(ended(event))
    }

    /// Does without what guest code may have left behind in its cell.
    pub(super) fn distrust(&mut self) {
        if let Way::Cell(cell) = &mut self.way {
            cell.kill();
        }
    }
}

/// How a call goes on after a gateway.
enum Next {
    /// Behind the gateway.
    Resume,
    /// In the handler of an exception.
    Handle(Handler),
    /// Not at all.
    End(Ended),
}

fn ended(event: Event) -> Ended {
    match event {
        Event::Returned => Ended::Returned,
        Event::Faulted(seen) => Ended::Faulted(Box::new(Fault::of_cell(&seen))),
        Event::TimedOut => Ended::Interrupted { pc: 0 },
        Event::Died(death) => Ended::Died(death),
        Event::Asks { .. } | Event::Corrupt => Ended::Corrupted,
    }
}

impl Server<'_> {
    /// Serves a gateway of the cell.
    fn serve_cell(&mut self, gateway: u64, slots: u64, frame: u64) -> Next {
        let gateway = usize::try_from(gateway).ok().and_then(|number| self.gateways.get(number));
        let Some(&gateway) = gateway else { return Next::End(Ended::Corrupted) };
        let Some(args) = self.stack.slots(slots, gateway.params) else {
            return Next::End(Ended::Corrupted);
        };
        match caught(|| self.answer(gateway, &args, frame)) {
            Ok(Ok(Answer::Results(results))) => match self.stack.set_slots(slots, &results) {
                Some(()) => Next::Resume,
                None => Next::End(Ended::Corrupted),
            },
            Ok(Ok(Answer::Thrown(handler))) => Next::Handle(handler),
            // The return address stands above the saved frame pointer.
            Ok(Err(trap)) => {
                let caller = frame.checked_add(8).and_then(|address| self.stack.word(address));
                Next::End(Ended::Raised { trap, caller })
            }
            Err(message) => Next::End(Ended::Broken(message)),
        }
    }
}
