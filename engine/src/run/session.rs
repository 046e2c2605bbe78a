//! The store of one run: the program under test, and what its imports are filled with.
#![forbid(unsafe_code)]

use super::blank::Blank;
use super::corruption;
use super::imports;
use super::observe::Observed;
use super::reach::{self, Judge};
use super::snapshot::Snapshot;
use super::subject::{Ready, Subject};
use super::watch::{Objects, Watch};
use super::{Call, Outcome, Report, Request, RunError, Trace};
use crate::arena::{Arena, OutOfArena, Pages};
use crate::corrupt::Corruption;
use crate::executor::{Executor, Limits, Stop};
use crate::panic::caught;
use crate::passes::Prepared;
use crate::program::Program;
use crate::runtime::{CallError, Ended, Extern, InstanceId, Store, Value, arena_len};
use crate::site::SiteId;

/// A store with the instance under test.
pub(super) struct Session<'a> {
    store: Store,
    /// By load order; the instance under test is the last.
    instances: Vec<InstanceId>,
    /// By load order.
    prepared: Vec<&'a Prepared>,
    /// The places that a plan changed.
    watch: Watch,
    /// Bytes of the arena.
    len: u32,
    corruption: Option<Corruption>,
}

impl<'a> Session<'a> {
    /// Makes an instance of each program, which takes its imports from the one before.
    pub(super) fn build(
        subject: &Subject,
        executor: &mut dyn Observed,
        ready: &[Ready<'a>],
        witnesses: &[Option<SiteId>],
        request: &Request,
    ) -> Result<Session<'a>, RunError> {
        let (programs, prepared): (Vec<&Program>, Vec<&Prepared>) = ready.iter().copied().unzip();
        let len = arena_len(&programs, request.reservations)?;
        let addressing = programs[0].layout.addressing;
        let mut store = Store::with_pointers(executor, len, request.reservations, addressing)?;
        store.plant(executor.fault());
        let mut instances: Vec<InstanceId> = Vec::new();
        for (program, prepared) in ready {
            let provided = instances.last().copied();
            let externs =
                imports::externs(&mut store, &program.module, provided, &request.imports)?;
            instances.push(store.instantiate(executor, program, prepared, &externs)?);
        }
        let watch = Watch::new(index(ready.len() - 1), witnesses);
        let corruption = corruption::of_run(subject, request, executor, &prepared, &store, len)?;
        store.corrupt(corruption.clone());
        Ok(Session { store, instances, prepared, watch, len, corruption })
    }

    /// Whether the runtime's planted fault has met its trigger.
    pub(super) fn fault_triggered(&self) -> bool {
        self.store.fault_triggered()
    }

    /// Whether a write of the schedule was made; `None` without one.
    pub(super) fn written(&self) -> Option<bool> {
        let written = self.corruption.as_ref()?.written();
        (!written.is_empty()).then(|| written.iter().any(|write| write.offset.is_some()))
    }

    /// The store.
    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    /// Brings a session that was just built to where a snapshot was taken.
    pub(super) fn restore(
        &mut self,
        executor: &mut dyn Observed,
        snapshot: &Snapshot,
    ) -> Result<(), RunError> {
        if let Some(state) = &snapshot.record.store {
            self.store.restore(executor.arena(), state)?;
        }
        Ok(snapshot.pages.write(executor.arena())?)
    }

    /// Has the executor watch what it was asked to.
    pub(super) fn watch(&mut self, executor: &mut dyn Observed, check_objects: bool) {
        let is_planned = !self.watch.witnesses().is_empty();
        let objects = (is_planned || check_objects).then(|| {
            let len = executor.arena().len();
            objects(&mut self.store, len, &self.prepared)
        });
        executor.watch(objects.map(|objects| match is_planned {
            true => self.watch.watcher(objects),
            false => objects.watcher(),
        }));
    }

    /// The instance under test.
    fn subject(&self) -> InstanceId {
        *self.instances.last().expect("`build` is given a program at least")
    }

    pub(super) fn start(&mut self, executor: &mut dyn Executor, limits: Limits) -> Outcome {
        for instance in self.instances.clone() {
            match caught(|| self.store.start(executor, instance, limits)) {
                Ok(Ok(())) => {}
                Ok(Err(ended)) => return self.ended(ended),
                Err(fault) => return Outcome::RuntimeFault(fault),
            }
        }
        Outcome::Values(Vec::new())
    }

    pub(super) fn calls(
        &mut self,
        executor: &mut dyn Executor,
        request: &Request,
        report: &mut Report,
    ) {
        if !matches!(report.instantiation, Outcome::Values(_)) {
            return;
        }
        for call in &request.calls[report.calls.len()..] {
            let outcome = self.call(executor, call, request.limits);
            let go_on = outcome.may_go_on();
            report.calls.push(outcome);
            if !go_on {
                return;
            }
        }
    }

    /// A snapshot after the calls of a report.
    pub(super) fn save(
        &self,
        subject: &Subject,
        executor: &mut dyn Observed,
        ready: &[Ready<'a>],
        request: &Request,
        report: &Report,
    ) -> Result<Option<Snapshot>, RunError> {
        Snapshot::take(subject, request, report, Some(self.store.state()), || {
            let mut pristine = Blank::default();
            Session::build(subject, &mut pristine, ready, &[], request)?;
            Ok(Pages::dirtied(executor.arena(), pristine.arena())?)
        })
    }

    fn call(&mut self, executor: &mut dyn Executor, call: &Call, limits: Limits) -> Outcome {
        let instance = self.subject();
        let Some(Extern::Function(function)) = self.store.export(instance, &call.export) else {
            return Outcome::RuntimeFault(format!("the export {:?} is gone", call.export));
        };
        let params = &self.store.function_type(function).params;
        let args = params.iter().zip(&call.args).map(|(&ty, &bits)| Value { ty, bits });
        let args: Vec<Value> = args.collect();
        match caught(|| self.store.call(executor, instance, function, &args, limits)) {
            Ok(Ok(values)) => Outcome::Values(values),
            Ok(Err(CallError::Ended(ended))) => self.ended(ended),
            Ok(Err(CallError::Arguments(message))) | Err(message) => Outcome::RuntimeFault(message),
        }
    }

    fn ended(&self, ended: Ended) -> Outcome {
        match ended {
            Ended::Exit(code) => Outcome::Exit(code),
            Ended::Stopped(Stop::RuntimeFault(fault)) => Outcome::RuntimeFault(fault),
            Ended::Stopped(Stop::Trap(report)) => {
                self.watch.stopped_at(report.program, report.site);
                Outcome::Trap { trap: report.trap, site: self.site(report.program, report.site) }
            }
            Ended::Stopped(Stop::Escape(escape)) => {
                self.watch.stopped_at(escape.program, escape.site);
                let site = self.site(escape.program, escape.site);
                Outcome::Escape { escape, site }
            }
        }
    }

    /// What a site does, in words.
    fn site(&self, program: Option<u32>, site: Option<SiteId>) -> Option<String> {
        let sites = &self.prepared.get(program? as usize)?.sites;
        Some(sites.get(site?.0 as usize)?.to_string())
    }

    pub(super) fn inspect(
        &self,
        executor: &mut dyn Observed,
        report: &mut Report,
    ) -> Result<(), String> {
        report.host_calls = self.store.host_calls().to_vec();
        report.traces = executor.traces(&self.prepared);
        report.witnesses = self.watch.witnesses();
        if let Some(corruption) = &self.corruption {
            corruption::report(corruption, report);
        }
        self.look(executor.arena(), report).map_err(|error| error.to_string())
    }

    /// What tells where the subject's accesses go, in an arena at a native address.
    pub(super) fn judge(&mut self, base: u64) -> Judge {
        let subject = self.prepared.last().expect("`build` is given a program at least");
        let (addressing, widths) = (subject.addressing, reach::widths(subject));
        let Objects { map, classes } = objects(&mut self.store, self.len, &self.prepared);
        Judge {
            addressing,
            base,
            len: self.len,
            map,
            classes,
            program: index(self.prepared.len() - 1),
            widths,
            areas: self.store.areas().all().to_vec(),
            witness: None,
        }
    }

    pub(super) fn look_at(&self, arena: &dyn Arena, report: &mut Report) -> Result<(), OutOfArena> {
        let instance = self.subject();
        let digests = self.store.memory_digests(arena)?;
        report.memories = self.store.memories(instance, &digests);
        report.globals = self.store.globals(arena, instance)?;
        Ok(())
    }

    fn look(&self, arena: &dyn Arena, report: &mut Report) -> Result<(), OutOfArena> {
        let instance = self.subject();
        let digests = self.store.memory_digests(arena)?;
        report.memories = self.store.memories(instance, &digests);
        report.tables = self.store.tables(arena, instance)?;
        report.globals = self.store.globals(arena, instance)?;
        let canaries = self.store.broken_canaries(arena)?;
        report.traces.extend(canaries.into_iter().map(Trace::Canary));
        report.arena_digest = self.store.arena_digest(arena, &digests)?;
        Ok(())
    }
}

/// Where the objects of a store lie.
fn objects(store: &mut Store, len: u32, prepared: &[&Prepared]) -> Objects {
    let map = store.object_map(len);
    let classes = map.classes(prepared);
    Objects { map, classes }
}

fn index(position: usize) -> u32 {
    u32::try_from(position).expect("few programs")
}
