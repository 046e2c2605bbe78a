//! Calling an entry of the code table.

use std::sync::atomic::Ordering::Relaxed;

use cranelift_codegen::ir::Signature;

use super::Jit;
use super::classify::Judge;
use super::process::Call;
use super::records::Records;
use super::serve::Service;
use super::table::NativeEntry;
use super::trampoline::with_base;
use crate::code_table::{CodeIndex, CodeTable, Entry, Target};
use crate::executor::{Limits, Services, Slot, Stop};
use crate::fault::Fault;
use crate::layout::Addressing;
use crate::passes::Mode;
use crate::site::SiteId;
use crate::transfer::{TransferKind, WrongTransfer};
use crate::trap::Trap;

impl Jit {
    /// See [`crate::executor::Executor::call`].
    pub(super) fn run(
        &mut self,
        table: &CodeTable,
        services: &mut dyn Services,
        code: CodeIndex,
        args: &[Slot],
        limits: Limits,
    ) -> Result<Vec<Slot>, Stop> {
        self.extend_table(table).map_err(Stop::RuntimeFault)?;
        let (callee, signature) = self.callee(table, table.get(code))?;
        let results = signature.returns.len();
        let mut slots = args.to_vec();
        if args.len() + 1 != signature.params.len() {
            let message = format!("{} arguments for {signature}", args.len());
            return Err(Stop::RuntimeFault(message));
        }
        slots.resize(args.len().max(results), 0);
        let Limits { deadline, depth, .. } = limits;
        let process = self.process.as_mut().expect("present until drop");
        let raw = self.programs.iter().any(|loaded| loaded.addressing == Addressing::Raw64);
        let pointers_from = if raw { 0 } else { process.cage.base() };
        let callable = &self.callable;
        let mut recorder = self.recorder.as_mut().filter(|_| self.record);
        let records = recorder.as_deref_mut();
        let records = records.map(|recorder| Records { recorder, callable, pointers_from });
        let call = Call {
            signature: &signature,
            callee,
            slots: &mut slots,
            programs: &self.programs,
            records,
            depth,
            deadline,
        };
        let ended = process.invoke(services, call);
        if let (Some(recorder), Some(log)) = (recorder, &process.log) {
            Records { recorder, callable, pointers_from }.take(log);
        }
        self.note_fault();
        let judge = Judge { process: self.process(), programs: &self.programs };
        let stopped = judge.judge(ended);
        if matches!(stopped, Some(Stop::Escape(_) | Stop::RuntimeFault(_))) {
            self.process_mut().distrust();
        }
        if self.monitor {
            self.judge_transfers(stopped.as_ref(), depth);
        }
        stopped.map_or(Ok(()), Err)?;
        slots.truncate(results);
        Ok(slots)
    }

    /// Brings the native code table up to date.
    fn extend_table(&mut self, table: &CodeTable) -> Result<(), String> {
        let used = self.process().table.used();
        let Some(new) = table.entries().get(used..).filter(|new| !new.is_empty()) else {
            return Ok(());
        };
        let native: Result<Vec<_>, _> =
            new.iter().map(|entry| self.native_entry(table, *entry)).collect();
        let native = native?;
        let known = native.iter().filter_map(|entry| Some((entry.address, entry.signature?)));
        self.callable.extend(known);
        self.process_mut().table.extend(&native).map_err(|error| error.to_string())
    }

    pub(super) fn native_entry(
        &mut self,
        table: &CodeTable,
        entry: Entry,
    ) -> Result<NativeEntry, String> {
        let signature = entry.signature;
        match entry.target {
            Target::Trap => Ok(self.process().trap_entry()),
            Target::Function { program, function } => {
                let loaded = self.programs.get(program as usize);
                let addresses = loaded.map_or(&[][..], |loaded| &loaded.placed.addresses);
                let address = addresses.get(function.0 as usize).copied();
                let address = address.ok_or_else(|| format!("no function {entry:?} is loaded"))?;
                Ok(NativeEntry { address, signature, kind: 1 })
            }
            Target::Host(number) => {
                let lowered = signature.and_then(|id| table.signature(id)).map(with_base);
                let lowered = lowered.ok_or_else(|| format!("{entry:?} has no signature"))?;
                let address = self.process_mut().gateway(Service::Host(number), &lowered)?;
                Ok(NativeEntry { address, signature, kind: 2 })
            }
        }
    }

    /// The address and lowered signature of what an entry calls.
    fn callee(&mut self, table: &CodeTable, entry: Entry) -> Result<(u64, Signature), Stop> {
        let address = self.native_entry(table, entry).map_err(Stop::RuntimeFault)?.address;
        let signature = match entry.target {
            Target::Trap => None,
            Target::Function { program, function } => {
                let functions = self.emitted(program);
                Some(functions[function.0 as usize].signature.clone())
            }
            Target::Host(_) => entry.signature.and_then(|id| table.signature(id)).map(with_base),
        };
        let signature = signature.ok_or_else(|| Stop::trap(Trap::BadCodeReference))?;
        Ok((address, signature))
    }

    /// Finds transfers of control that went wrong in a call. An indirect call that found
    /// an entry of another signature must have trapped there and then; and a call that
    /// returned must have returned from each function that it entered, which exact runs
    /// count.
    fn judge_transfers(&mut self, stopped: Option<&Stop>, depth: u32) {
        let control = self.process().control();
        let (wrong, left) = (control.wrong_entry.load(Relaxed), control.depth.load(Relaxed));
        let refused = matches!(stopped, Some(Stop::Trap(t)) if t.trap == Trap::BadCodeReference);
        if let Some(site) = wrong.checked_sub(1).filter(|_| !refused) {
            let site = u32::try_from(site).ok().map(SiteId);
            let kind = TransferKind::Entry;
            self.transfers.push(WrongTransfer { kind, program: None, site });
        }
        let counted = self.programs.iter().all(|program| program.mode == Mode::Exact);
        if stopped.is_none() && counted && left != u64::from(depth) {
            let kind = TransferKind::Return;
            self.transfers.push(WrongTransfer { kind, program: None, site: None });
        }
    }

    /// Passes on what lowered code noted of a planted fault.
    fn note_fault(&self) {
        if self.process().control().fault_triggered.load(Relaxed) != 0 {
            Fault::ALL.iter().for_each(|&fault| self.faults.trigger(fault));
        }
    }
}
