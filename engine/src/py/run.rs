//! `Program.run`: the executors of a thread, and a run's report as plain data.
#![forbid(unsafe_code)]

use std::cell::RefCell;
use std::time::Duration;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use super::errors;
use crate::cage::{Base, GuardMode};
use crate::clif;
use crate::corrupt::{Event, Written};
use crate::executor::{Access, Escape};
use crate::fault::{Fault, Faults};
use crate::interp::Interpreter;
use crate::jit::{Jit, JitConfig, Native};
use crate::passes::Mode;
use crate::reference::Reference;
use crate::run::{Observed, Outcome, Report, Request, RunError, Snapshot, Subject, Trace, Witness};
use crate::runtime::Value;

thread_local! {
    /// The interpreter of this thread for runs without a planted fault: its compiler is
    /// worth keeping. Native executors keep their cage by themselves.
    static INTERPRETER: RefCell<Option<Interpreter>> = const { RefCell::new(None) };
}

/// Which executor is to run, and how it is configured.
pub(super) struct Choice {
    executor: String,
    native: Native,
    guard: GuardMode,
    base: Base,
    settings: Vec<(String, String)>,
    fault: Option<Fault>,
}

/// Which part of a run is made.
pub(super) enum Part {
    /// All of it.
    Whole,
    /// All of it, and a snapshot at its end.
    Save,
    /// What is not behind a snapshot.
    Resume(Box<Snapshot>),
}

impl Choice {
    /// Checks the names that Python gave.
    pub(super) fn new(
        executor: &str,
        native: &str,
        guard: &str,
        settings: Vec<(String, String)>,
        fault: Option<&str>,
    ) -> PyResult<Choice> {
        let native = match native {
            "cell" => Native::Cell,
            "in-process" => Native::InProcess,
            other => return Err(PyValueError::new_err(format!("unknown place {other:?}"))),
        };
        let guard = match guard {
            "guard" => GuardMode::Guard,
            "decoy" => GuardMode::Decoy,
            other => return Err(PyValueError::new_err(format!("unknown guard mode {other:?}"))),
        };
        let unknown = |name: &str| PyValueError::new_err(format!("unknown fault {name:?}"));
        let fault =
            fault.map(|name| Fault::from_name(name).ok_or_else(|| unknown(name))).transpose()?;
        let base = Base::Any;
        Ok(Choice { executor: executor.to_owned(), native, guard, base, settings, fault })
    }

    /// The same with the arena elsewhere: see `Base`. Arenas of safe code lie wherever the
    /// allocator puts them, which is elsewhere, too, than where the usual one lies.
    pub(super) fn relocated(self, relocated: bool) -> Choice {
        Choice { base: if relocated { Base::Opposite } else { Base::Any }, ..self }
    }

    /// Runs a part of a program in the executor of this choice.
    pub(super) fn run(
        self,
        subject: &Subject,
        request: &Request,
        part: &Part,
    ) -> Result<(Report, Option<Snapshot>), RunError> {
        let run = |executor: &mut dyn Observed| match part {
            Part::Whole => Ok((subject.run(executor, request)?, None)),
            Part::Save => subject.save(executor, request),
            Part::Resume(from) => Ok((subject.resume(executor, request, from)?, None)),
        };
        match self.executor.as_str() {
            "interpreter" => self.interpret(run),
            "jit" | "jit-unoptimized" => self.native(subject.is_attacked(), run),
            "reference" => run(&mut Reference::default()),
            other => Err(RunError::Request(format!("unknown executor {other:?}"))),
        }
    }

    fn interpret<T>(self, run: impl FnOnce(&mut dyn Observed) -> T) -> T {
        if self.fault.is_some() || self.base == Base::Opposite {
            return run(&mut Interpreter::new(Faults::new(self.fault)));
        }
        let kept = INTERPRETER.take();
        let mut interpreter = kept.unwrap_or_else(|| Interpreter::new(Faults::default()));
        let result = run(&mut interpreter);
        INTERPRETER.set(Some(interpreter));
        result
    }

    fn native<T>(
        self,
        attacked: bool,
        run: impl FnOnce(&mut dyn Observed) -> Result<T, RunError>,
    ) -> Result<T, RunError> {
        let config = JitConfig {
            optimize: self.executor == "jit",
            settings: self.settings,
            native: self.native,
            guard: self.guard,
            base: self.base,
            fault: self.fault,
            count_calls: false,
            monitor: attacked || self.fault.is_some(),
            record: false,
        };
        run(&mut Jit::new(config).map_err(errors::jit)?)
    }
}

/// The dictionary `RunLine` of `engine/_native.pyi`.
pub(super) fn run_line<'py>(py: Python<'py>, run: &clif::RunLine) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    let bits: Vec<u128> = run.call.args.iter().map(|bits| bits.unwrap_or_default()).collect();
    dict.set_item("line", run.line)?;
    dict.set_item("function", &run.call.export)?;
    dict.set_item("args", numbers(py, &run.arg_types, &bits)?)?;
    dict.set_item("equal", run.expected.as_ref().is_none_or(|expected| expected.equal))?;
    if let Some(expected) = &run.expected {
        dict.set_item("results", numbers(py, &expected.types, &expected.values)?)?;
    }
    Ok(dict)
}

/// Dictionaries `Value`.
fn numbers<'py>(py: Python<'py>, types: &[String], bits: &[u128]) -> PyResult<Bound<'py, PyList>> {
    let list = PyList::empty(py);
    for (ty, bits) in types.iter().zip(bits) {
        let dict = PyDict::new(py);
        dict.set_item("type", ty)?;
        dict.set_item("bits", bits)?;
        list.append(dict)?;
    }
    Ok(list)
}

/// The kind of run that Python named.
pub(super) fn mode(name: &str) -> PyResult<Mode> {
    match name {
        "exact" => Ok(Mode::Exact),
        "as-shipped" => Ok(Mode::AsShipped),
        other => Err(PyValueError::new_err(format!("unknown mode {other:?}"))),
    }
}

/// A number of seconds that a call may take.
pub(super) fn deadline(seconds: f64) -> PyResult<Duration> {
    Duration::try_from_secs_f64(seconds)
        .map_err(|error| PyValueError::new_err(format!("deadline {seconds}: {error}")))
}

/// The dictionary `RunResult` of `engine/_native.pyi`.
pub(super) fn report<'py>(py: Python<'py>, report: &Report) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("instantiation", outcome(py, &report.instantiation)?)?;
    dict.set_item("calls", list(py, &report.calls, outcome)?)?;
    let memories = list(py, &report.memories, |py, memory| {
        entry(
            py,
            &[("index", memory.index as u64), ("pages", memory.pages), ("digest", memory.digest)],
        )
    })?;
    dict.set_item("memories", memories)?;
    let tables = list(py, &report.tables, |py, table| {
        let dict = entry(py, &[("index", table.index as u64), ("size", table.size.into())])?;
        dict.set_item("elements", &table.elements)?;
        Ok(dict)
    })?;
    dict.set_item("tables", tables)?;
    let globals = list(py, &report.globals, |py, global| {
        let dict = entry(py, &[("index", global.index as u64)])?;
        dict.set_item("value", value(py, &global.value)?)?;
        Ok(dict)
    })?;
    dict.set_item("globals", globals)?;
    let host_calls = list(py, &report.host_calls, |py, call| {
        let dict = PyDict::new(py);
        dict.set_item("module", &call.module)?;
        dict.set_item("name", &call.name)?;
        dict.set_item("args", list(py, &call.args, value)?)?;
        Ok(dict)
    })?;
    dict.set_item("host_calls", host_calls)?;
    dict.set_item("escapes", list(py, &report.traces, trace)?)?;
    dict.set_item("witnesses", list(py, &report.witnesses, witness)?)?;
    dict.set_item("written", list(py, &report.written, written)?)?;
    let events = Event::ALL.iter().map(|&event| (event.name(), report.events.get(event)));
    dict.set_item("events", entry(py, &events.collect::<Vec<_>>())?)?;
    dict.set_item("arena_digest", report.arena_digest.0)?;
    dict.set_item("base", report.base)?;
    let counts = &report.counts;
    let counts = entry(
        py,
        &[
            ("ops", counts.ops),
            ("accesses", counts.accesses),
            ("indirect_calls", counts.indirect_calls),
            ("collections", report.collections),
        ],
    )?;
    dict.set_item("counts", counts)?;
    dict.set_item("fault_triggered", report.fault_triggered)?;
    dict.set_item("times", times(py, report)?)?;
    Ok(dict)
}

fn times<'py>(py: Python<'py>, report: &Report) -> PyResult<Bound<'py, PyDict>> {
    let times = &report.times;
    let dict = PyDict::new(py);
    for (stage, time) in [
        ("prepare", times.prepare),
        ("compile", times.compile),
        ("instantiate", times.instantiate),
        ("run", times.run),
        ("inspect", times.inspect),
        ("save", times.save),
        ("restore", times.restore),
    ] {
        dict.set_item(stage, time.as_secs_f64())?;
    }
    Ok(dict)
}

fn list<'py, T>(
    py: Python<'py>,
    items: &[T],
    convert: impl Fn(Python<'py>, &T) -> PyResult<Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyList>> {
    let list = PyList::empty(py);
    for item in items {
        list.append(convert(py, item)?)?;
    }
    Ok(list)
}

fn entry<'py>(py: Python<'py>, fields: &[(&str, u64)]) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for (name, number) in fields {
        dict.set_item(name, number)?;
    }
    Ok(dict)
}

fn value<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("type", value.ty.name())?;
    dict.set_item("bits", value.bits)?;
    Ok(dict)
}

fn outcome<'py>(py: Python<'py>, outcome: &Outcome) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    match outcome {
        Outcome::Values(values) => dict.set_item("values", list(py, values, value)?)?,
        Outcome::Trap { trap, site } => {
            dict.set_item("trap", trap.name())?;
            if let Some(site) = site {
                dict.set_item("site", site)?;
            }
        }
        Outcome::Escape { escape: seen, site } => {
            dict.set_item("escape", escape(py, seen, site.as_deref())?)?;
        }
        Outcome::RuntimeFault(message) => dict.set_item("runtime_fault", message)?,
        Outcome::Exit(code) => dict.set_item("exit", code)?,
    }
    Ok(dict)
}

fn access_name(access: Access) -> &'static str {
    match access {
        Access::Read => "read",
        Access::Write => "write",
        Access::Execute => "execute",
    }
}

fn escape<'py>(
    py: Python<'py>,
    escape: &Escape,
    site: Option<&str>,
) -> PyResult<Bound<'py, PyDict>> {
    let dict = escaped(py, "access", Some(escape.access), Some(escape.offset), site)?;
    dict.set_item("function", escape.function.map(|function| function.0))?;
    let hex: String = escape.instruction.iter().map(|byte| format!("{byte:02x}")).collect();
    dict.set_item("instruction", hex)?;
    dict.set_item("disassembly", &escape.disassembly)?;
    let registers = PyDict::new(py);
    for (name, register) in &escape.registers {
        registers.set_item(name, register)?;
    }
    dict.set_item("registers", registers)?;
    Ok(dict)
}

/// The dictionary `Written`.
fn written<'py>(py: Python<'py>, written: &Written) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    if let Some(offset) = written.offset {
        dict.set_item("offset", offset)?;
        dict.set_item("before", written.before)?;
        dict.set_item("after", written.after)?;
    }
    Ok(dict)
}

/// The dictionary `Witness`.
fn witness<'py>(py: Python<'py>, witness: &Witness) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("known", witness.site.is_some())?;
    dict.set_item("executed", witness.executed)?;
    if let Some(first) = &witness.first {
        dict.set_item("access", access_name(first.access))?;
        dict.set_item("offset", first.offset)?;
        dict.set_item("width", first.width)?;
        dict.set_item("in_object", first.in_object)?;
    }
    Ok(dict)
}

fn trace<'py>(py: Python<'py>, trace: &Trace) -> PyResult<Bound<'py, PyDict>> {
    match trace {
        Trace::Canary(offset) => {
            escaped(py, "canary", Some(Access::Write), Some(i128::from(*offset)), None)
        }
        // The decoys are one file mapped many times: where it was hit is not known.
        Trace::Decoy(_) => escaped(py, "decoy", Some(Access::Write), None, None),
        Trace::Transfer { kind, site } => {
            escaped(py, kind.name(), Some(Access::Execute), None, site.as_deref())
        }
        Trace::Object { access, offset, site } => {
            escaped(py, "object", Some(*access), Some(i128::from(*offset)), site.as_deref())
        }
    }
}

/// The dictionary `Escape` with what every kind of escape has.
fn escaped<'py>(
    py: Python<'py>,
    kind: &str,
    access: Option<Access>,
    offset: Option<i128>,
    site: Option<&str>,
) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("kind", kind)?;
    dict.set_item("access", access.map(access_name))?;
    dict.set_item("offset", offset)?;
    dict.set_item("function", None::<u32>)?;
    dict.set_item("site", site)?;
    dict.set_item("instruction", "")?;
    dict.set_item("disassembly", "")?;
    dict.set_item("registers", PyDict::new(py))?;
    Ok(dict)
}
