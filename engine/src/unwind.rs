//! Where exceptions are caught: the handlers of compiled code.
//!
//! Cranelift notes for each call which handlers stand around it, where the code goes on if
//! one takes the exception, and how large the frame is. To unwind is to ask, from the
//! throwing call outwards, what each call in whose course it happened has; every frame in
//! between is dropped as it is. Both executors do so by [`Handlers`]; how they walk their
//! stacks is theirs.
//!
//! A pass that checks for an exception after each call would need none of this. But
//! `try_call` is part of what is attacked, and code that throws nothing pays nothing.
//!
//! A handler names a tag by its number in the module. What that means depends on the
//! instance, whose vmctx the compiler keeps in the frame, outside the arena.
#![forbid(unsafe_code)]

use cranelift_codegen::{
    ExceptionContextLoc, Final, FinalizedMachExceptionHandler, MachBufferFinalized,
};

use crate::executor::{LoadError, Services, ThrownTag};

/// The calls of one function that have handlers, by return address.
#[derive(Clone, Debug, Default)]
pub(crate) struct Handlers(Vec<CallSite>);

/// A call with handlers.
#[derive(Clone, Debug)]
pub(crate) struct CallSite {
    /// Offset of the return address in the function.
    returns_to: u32,
    /// Bytes from the stack pointer, as it is during the call, up to the frame pointer.
    pub(crate) frame_bytes: u32,
    items: Vec<Item>,
}

/// A step in the search for a handler at one call.
#[derive(Clone, Copy, Debug)]
enum Item {
    /// Tags after this are those of the instance whose vmctx lies so far above the stack
    /// pointer.
    Context(u32),
    /// Exceptions of a tag go on at an offset in the function.
    Tag(u32, u32),
    /// All go on at an offset.
    Any(u32),
}

impl Handlers {
    /// The handlers in a compiled function.
    pub(crate) fn of(buffer: &MachBufferFinalized<Final>) -> Result<Handlers, LoadError> {
        let mut sites = Vec::new();
        for call in buffer.call_sites() {
            let items = call.exception_handlers.iter().map(item).collect::<Result<Vec<_>, _>>()?;
            if items.iter().all(|item| matches!(item, Item::Context(_))) {
                continue;
            }
            let frame_bytes = call.frame_offset.ok_or_else(|| unsupported("of unknown size"))?;
            sites.push(CallSite { returns_to: call.ret_addr, frame_bytes, items });
        }
        sites.sort_by_key(|site| site.returns_to);
        Ok(Handlers(sites))
    }

    /// The call that returns to an offset, if it has handlers.
    pub(crate) fn at(&self, returns_to: u32) -> Option<&CallSite> {
        let index = self.0.binary_search_by_key(&returns_to, |site| site.returns_to).ok()?;
        Some(&self.0[index])
    }

    /// The calls, by ascending return address, with the offsets of their handlers changed.
    pub(crate) fn retargeted(&self, to: impl Fn(u32) -> u32) -> Vec<(u32, CallSite)> {
        let item = |item: &Item| match *item {
            Item::Context(place) => Item::Context(place),
            Item::Tag(tag, offset) => Item::Tag(tag, to(offset)),
            Item::Any(offset) => Item::Any(to(offset)),
        };
        let site = |site: &CallSite| {
            let returns_to = to(site.returns_to);
            let items = site.items.iter().map(item).collect();
            (returns_to, CallSite { returns_to, frame_bytes: site.frame_bytes, items })
        };
        self.0.iter().map(site).collect()
    }
}

impl CallSite {
    /// Where the code goes on if a handler here takes the exception. `word` reads 32 bits
    /// at a distance above the stack pointer.
    pub(crate) fn catch(
        &self,
        services: &dyn Services,
        thrown: ThrownTag,
        word: impl Fn(u32) -> Option<u32>,
    ) -> Option<u32> {
        let mut vmctx = None;
        for item in &self.items {
            match *item {
                Item::Context(place) => vmctx = word(place),
                Item::Tag(tag, to) if vmctx.is_some_and(|at| services.catches(at, tag, thrown)) => {
                    return Some(to);
                }
                Item::Tag(..) => {}
                Item::Any(to) => return Some(to),
            }
        }
        None
    }
}

fn item(handler: &FinalizedMachExceptionHandler) -> Result<Item, LoadError> {
    Ok(match *handler {
        FinalizedMachExceptionHandler::Tag(tag, to) => Item::Tag(tag.as_u32(), to),
        FinalizedMachExceptionHandler::Default(to) => Item::Any(to),
        FinalizedMachExceptionHandler::Context(ExceptionContextLoc::SPOffset(place)) => {
            Item::Context(place)
        }
        // A handler may be reached from any depth, so no register survives.
        FinalizedMachExceptionHandler::Context(ExceptionContextLoc::GPR(_)) => {
            return Err(unsupported("with a context in a register"));
        }
    })
}

fn unsupported(what: &str) -> LoadError {
    LoadError::Unsupported(format!("an exception handler in a frame {what}"))
}
