//! The trusted runtime under corruption: writes are made before it serves a call, and while
//! it does.
#![forbid(unsafe_code)]

use std::ops::Range;

use super::armed::Corruption;
use super::intercept::Intercepted;
use super::schedule::Event;
use crate::arena::Arena;
use crate::executor::{Services, Slot, ThrownTag};
use crate::program::Builtin;
use crate::trap::Trap;

/// Services of a call under corruption.
pub(crate) struct Corrupting<'a> {
    corruption: &'a Corruption,
    services: &'a mut dyn Services,
    memories: &'a [Range<u32>],
}

impl<'a> Corrupting<'a> {
    /// Services in whose arena linear memories have the room of `memories`.
    pub(crate) fn new(
        corruption: &'a Corruption,
        services: &'a mut dyn Services,
        memories: &'a [Range<u32>],
    ) -> Corrupting<'a> {
        Corrupting { corruption, services, memories }
    }

    /// The writes that wait for an event, and the arena to serve it with.
    fn at<'b>(
        &'b mut self,
        event: Event,
        service: &'b str,
        arena: &'b mut dyn Arena,
    ) -> (&'b mut dyn Services, Intercepted<'b>) {
        self.corruption.at(event, None, arena);
        let arena = Intercepted::new(self.corruption, service, arena, self.memories);
        (self.services, arena)
    }
}

impl Services for Corrupting<'_> {
    fn builtin(
        &mut self,
        arena: &mut dyn Arena,
        builtin: Builtin,
        args: &[Slot],
    ) -> Result<Slot, Trap> {
        let (services, mut arena) = self.at(Event::Builtin, builtin.name(), arena);
        if builtin == Builtin::GcAllocRaw {
            arena.allow_collection();
        }
        services.builtin(&mut arena, builtin, args)
    }

    fn host(
        &mut self,
        arena: &mut dyn Arena,
        number: u32,
        args: &[Slot],
        results: &mut [Slot],
    ) -> Result<(), Trap> {
        let (services, mut arena) = self.at(Event::HostCall, "a host function", arena);
        services.host(&mut arena, number, args, results)
    }

    fn thrown(&mut self, arena: &mut dyn Arena, exception: u32) -> Result<ThrownTag, Trap> {
        let (services, mut arena) = self.at(Event::Builtin, Builtin::ThrowRef.name(), arena);
        services.thrown(&mut arena, exception)
    }

    fn catches(&self, vmctx: u32, tag: u32, thrown: ThrownTag) -> bool {
        self.services.catches(vmctx, tag, thrown)
    }
}
