//! Throwing an exception: finding its handler on the guest's stack.
//!
//! Guest code throws through a gateway like any other builtin. The frames above it form a
//! chain through their frame pointers, each below its return address; that the compiler
//! keeps both is fixed (`isa`). The walk reads the guest's stack, which no correct code
//! lets the guest write, and still checks each step: pointers go up, and stay on the
//! stack. When a handler is found, the stub that served the gateway goes on there, in
//! process or in a cell. There the guest may have written what it liked to its stack, and
//! goes on wherever that leads: it could have gone there by itself.

use std::sync::atomic::Ordering::Relaxed;

use super::control::Control;
use super::programs::{Loaded, Location, locate};
use super::stack::GuestStack;
use crate::executor::{Services, ThrownTag};
use crate::passes::Mode;
use crate::trap::Trap;

/// A call that is under way: where it returns to, and its caller's frame pointer.
#[derive(Clone, Copy)]
struct Call {
    returns_to: u64,
    frame: u64,
}

/// Where guest code goes on after a gateway that threw.
#[derive(Clone, Copy, Debug)]
pub(super) struct Handler {
    pub(super) pc: u64,
    pub(super) stack: u64,
    pub(super) frame: u64,
    /// The exception, a reference.
    pub(super) payload: u32,
}

/// A search for a handler.
pub(super) struct Search<'a> {
    pub(super) services: &'a dyn Services,
    pub(super) programs: &'a [Loaded],
    pub(super) control: &'a Control,
    pub(super) stack: &'a GuestStack,
    pub(super) thrown: ThrownTag,
    /// The frame pointer of the gateway that was called.
    pub(super) gateway: u64,
}

impl Search<'_> {
    /// Finds the handler of an exception.
    pub(super) fn run(&self, payload: u32) -> Result<Handler, Trap> {
        let mut call = self.call_of(self.gateway).ok_or(Trap::UncaughtException)?;
        loop {
            // What belongs to no program is the trampoline through which guest code was entered.
            let location = locate(self.programs, call.returns_to);
            let location = location.ok_or(Trap::UncaughtException)?;
            if let Some((pc, stack)) = self.handler(&location, call) {
                return Ok(Handler { pc, stack, frame: call.frame, payload });
            }
            if location.mode() == Mode::Exact {
                self.control.depth.fetch_add(1, Relaxed);
            }
            let next = self.call_of(call.frame).ok_or(Trap::UncaughtException)?;
            if next.frame <= call.frame {
                return Err(Trap::UncaughtException);
            }
            call = next;
        }
    }

    /// The call in which the function with a frame was called.
    fn call_of(&self, frame: u64) -> Option<Call> {
        let returns_to = self.stack.word(frame.checked_add(8)?)?;
        Some(Call { returns_to, frame: self.stack.word(frame)? })
    }

    /// Program counter and stack pointer of the handler at a call, if one takes the exception.
    fn handler(&self, location: &Location<'_>, call: Call) -> Option<(u64, u64)> {
        let site = location.emitted.handlers.at(location.offset)?;
        let sp = call.frame.checked_sub(site.frame_bytes.into())?;
        #[expect(clippy::cast_possible_truncation, reason = "the context is an i32")]
        let word = |distance: u32| {
            let address = sp.checked_add(distance.into())?;
            self.stack.word(address).map(|word| word as u32)
        };
        let to = site.catch(self.services, self.thrown, word)?;
        Some((call.returns_to - u64::from(location.offset) + u64::from(to), sp))
    }
}
