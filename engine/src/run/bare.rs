//! One run of a CLIF program: no instance, one interval of memory.
//!
//! Every call finds the arena as the one before left it. There is nobody to serve: a
//! program that calls a builtin is refused.
#![forbid(unsafe_code)]

use super::corruption;
use super::observe::Observed;
use super::watch::Watch;
use super::{Call, Outcome, Part, Report, Request, RunError, Snapshot, Subject, Times, timed};
use crate::arena::{Arena, OutOfArena, OwnedArena, PAGE, Pages};
use crate::clif::{DIGESTED, LEN, MEMORY, MEMORY_BYTES, SHADOW_STACK};
use crate::code_table::{CodeIndex, CodeTable, Target};
use crate::corrupt::{Corruption, Event, Field, Place, Places};
use crate::executor::{Services, Slot, Stop};
use crate::panic::caught;
use crate::passes::{Prepared, return_area, shadow_stack};
use crate::program::{Builtin, FuncId, FuncType, Item, Program};
use crate::runtime::{ArenaDigest, MemoryState, Value, significant};
use crate::site::SiteId;
use crate::trap::Trap;

/// Runs a part of a program: makes its calls in order.
pub(super) fn run(
    subject: &Subject,
    executor: &mut dyn Observed,
    request: &Request,
    part: &Part<'_>,
) -> Result<(Report, Option<Snapshot>), RunError> {
    let mut report = Report::new(Outcome::Values(Vec::new()));
    let mut times = Times::default();
    let prepared = timed(&mut times.prepare, || subject.prepared(request.mode))?;
    let watch = Watch::new(0, &subject.witnesses(request.mode)?);
    let loaded = timed(&mut times.compile, || caught(|| load(executor, prepared)));
    let table = match loaded {
        Ok(loaded) => loaded?,
        Err(fault) => return Ok((Report::new(Outcome::RuntimeFault(fault)), None)),
    };
    if let Some(snapshot) = part.from {
        snapshot.pages.write(executor.arena())?;
        report.calls = part.calls_before();
    }
    let watched = request.check_objects || subject.is_confused();
    executor.watch(watched.then(|| watch.bare_watcher()));
    let corruption = corruption::of_run(subject, request, executor, &[prepared], &NoFields, LEN)?;
    let bare = Bare { program: subject.program(), prepared, table, watch, corruption };
    timed(&mut times.run, || bare.calls(executor, request, &mut report.calls));
    if let Some(what) = executor.missing() {
        return Err(RunError::Unsupported(what.to_owned()));
    }
    report.base = executor.base();
    report.counts = executor.counts();
    report.fault_triggered = executor.fault_triggered();
    timed(&mut times.inspect, || bare.inspect(executor, &mut report));
    report.witnesses = bare.watch.witnesses();
    if let Some(corruption) = &bare.corruption {
        corruption::report(corruption, &mut report);
    }
    let snapshot = match part.save {
        true => timed(&mut times.save, || {
            let pristine = OwnedArena::new(LEN);
            let pages = || Ok(Pages::dirtied(executor.arena(), &pristine)?);
            Snapshot::take(subject, request, &report, None, pages)
        })?,
        false => None,
    };
    report.times = times;
    Ok((report, snapshot))
}

/// Readies the executor, and gives the code table: function *n* is entry *n* + 1.
fn load(executor: &mut dyn Observed, prepared: &Prepared) -> Result<CodeTable, RunError> {
    executor.reset(LEN).map_err(RunError::Environment)?;
    let mut table = CodeTable::default();
    executor.load(prepared, &mut table)?;
    for (id, function) in (0..).map(FuncId).zip(&prepared.functions) {
        let signature = table.intern(&function.signature);
        table.push(Target::Function { program: 0, function: id }, signature)?;
    }
    Ok(table)
}

/// A loaded program.
struct Bare<'a> {
    program: &'a Program,
    prepared: &'a Prepared,
    table: CodeTable,
    watch: Watch,
    corruption: Option<Corruption>,
}

impl Bare<'_> {
    fn calls(&self, executor: &mut dyn Observed, request: &Request, outcomes: &mut Vec<Outcome>) {
        for call in &request.calls[outcomes.len()..] {
            let outcome = caught(|| self.call(executor, call, request));
            let outcome = outcome.unwrap_or_else(Outcome::RuntimeFault);
            let go_on = outcome.may_go_on();
            outcomes.push(outcome);
            if !go_on {
                return;
            }
        }
    }

    fn call(&self, executor: &mut dyn Observed, call: &Call, request: &Request) -> Outcome {
        let module = &self.program.module;
        let export = module.exports.iter().find(|export| export.name == call.export);
        let Some(Item::Function(function)) = export.map(|export| export.item) else {
            return Outcome::RuntimeFault(format!("the export {:?} is gone", call.export));
        };
        let ty = &module.types[module.functions[function].ty];
        let args = call.args.iter().map(|bits| bits.unwrap_or_default()).collect();
        match self.enter(executor, function, args, request) {
            Ok(results) => Outcome::Values(values(ty, &results)),
            Err(stop) => self.stopped(stop),
        }
    }

    fn enter(
        &self,
        executor: &mut dyn Observed,
        function: usize,
        mut args: Vec<Slot>,
        request: &Request,
    ) -> Result<Vec<Slot>, Stop> {
        let signature = &self.program.functions[function].signature;
        let needed = return_area::needed(signature);
        let results = if needed { signature.returns.len() } else { 0 };
        let top = set_up_shadow_stack(executor.arena(), results).map_err(broken)?;
        if needed {
            args.push(top.into());
        }
        let index = u32::try_from(function + 1).expect("the code table has room for it");
        if let Some(corruption) = &self.corruption {
            corruption.at(Event::Entry, None, executor.arena());
        }
        let returned =
            executor.call(&self.table, &mut Nobody, CodeIndex(index), &args, request.limits)?;
        if !needed {
            return Ok(returned);
        }
        let arena = executor.arena();
        return_area::slots(top, results).map(|at| arena.load_u128(at).map_err(broken)).collect()
    }

    fn stopped(&self, stop: Stop) -> Outcome {
        match stop {
            Stop::RuntimeFault(fault) => Outcome::RuntimeFault(fault),
            Stop::Trap(report) => {
                self.watch.stopped_at(report.program, report.site);
                Outcome::Trap { trap: report.trap, site: self.site(report.site) }
            }
            Stop::Escape(escape) => {
                self.watch.stopped_at(escape.program, escape.site);
                Outcome::Escape { site: self.site(escape.site), escape }
            }
        }
    }

    /// What a site does, in words.
    fn site(&self, site: Option<SiteId>) -> Option<String> {
        Some(self.prepared.sites.get(site?.0 as usize)?.to_string())
    }

    fn inspect(&self, executor: &mut dyn Observed, report: &mut Report) {
        report.traces = executor.traces(&[self.prepared]);
        let arena = executor.arena();
        let looked = caught(|| -> Result<_, OutOfArena> {
            let memory = arena.digest(MEMORY, MEMORY_BYTES)?;
            Ok((memory, arena.digest(DIGESTED, LEN - DIGESTED)?))
        });
        match looked.and_then(|looked| looked.map_err(|error| error.to_string())) {
            Ok((digest, all)) => {
                let pages = u64::from(MEMORY_BYTES >> 16);
                report.memories = vec![MemoryState { index: 0, pages, digest }];
                report.arena_digest = ArenaDigest(all);
            }
            Err(fault) => report.calls.push(Outcome::RuntimeFault(fault)),
        }
    }
}

fn values(ty: &FuncType, slots: &[Slot]) -> Vec<Value> {
    let pairs = ty.results.iter().zip(slots);
    pairs.map(|(&ty, &slot)| Value::new(ty, significant(ty, slot))).collect()
}

/// Writes the words of the shadow stack; gives the offset of a return area of `slots`
/// slots above the first frame.
fn set_up_shadow_stack(arena: &mut dyn Arena, slots: usize) -> Result<u32, OutOfArena> {
    let area = u32::try_from(slots * return_area::SLOT_BYTES as usize).unwrap_or(u32::MAX);
    let top = MEMORY.checked_sub(area).filter(|&top| top > SHADOW_STACK);
    let top = top.ok_or(OutOfArena { offset: MEMORY, width: area })?;
    arena.store_u32(shadow_stack::POINTER, top)?;
    arena.store_u32(shadow_stack::LIMIT, SHADOW_STACK)?;
    Ok(top)
}

const _: () = assert!(shadow_stack::WORDS_END <= SHADOW_STACK && LEN.is_multiple_of(PAGE));

/// An arena that is shorter than it was: our own fault.
fn broken(error: OutOfArena) -> Stop {
    Stop::RuntimeFault(error.to_string())
}

/// There are no structures, so schedules have offsets only.
struct NoFields;

impl Places for NoFields {
    fn place(&self, _: &Field) -> Option<Place> {
        None
    }
}

/// Serves nothing: the program has no imports, and builtins need an instance.
struct Nobody;

impl Services for Nobody {
    fn builtin(&mut self, _: &mut dyn Arena, _: Builtin, _: &[Slot]) -> Result<Slot, Trap> {
        Err(Trap::Host)
    }

    fn host(&mut self, _: &mut dyn Arena, _: u32, _: &[Slot], _: &mut [Slot]) -> Result<(), Trap> {
        Err(Trap::Host)
    }
}
