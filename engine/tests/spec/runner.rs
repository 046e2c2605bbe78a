//! Runs the directives of one script.
//!
//! A script that registers modules, or calls an earlier one by name, keeps one store
//! for all of it; any other gets a fresh store, in a fresh arena, for each module.

use std::collections::{BTreeMap, HashMap};

use engine::executor::Executor;
use engine::frontend::{self, FrontendError};
use engine::passes::{self, Mode};
use engine::program::Program;
use engine::runtime::{
    CallError, Ended, Extern, HostFunction, InstanceId, InstantiateError, LinkError, Linker,
    Reservations, Store, Value, arena_len,
};
use engine::trap::Trap;
use wast::token::Id;
use wast::{QuoteWat, Wast, WastDirective, WastExecute, WastInvoke, WastRet, Wat};

use crate::expect::{expect_trap, expected_traps, invalid, kind, malformed, wrong_custom_section};
use crate::{LIMITS, values};

/// How far memories and tables may grow in a store of one module.
const ALONE: Reservations = Reservations { memory_bytes: 128 << 20, table_elements: 100_000 };

/// The same where many modules share an arena.
const LINKED: Reservations = Reservations { memory_bytes: 16 << 20, table_elements: 100_000 };

/// Length of an arena for many modules.
const LINKED_LEN: u32 = 2 << 30;

/// The host module of the test suite. Its functions are added by [`Runner::fresh`].
const SPECTEST: &str = r#"(module
    (global (export "global_i32") i32 (i32.const 666))
    (global (export "global_i64") i64 (i64.const 666))
    (global (export "global_f32") f32 (f32.const 666.6))
    (global (export "global_f64") f64 (f64.const 666.6))
    (table (export "table") 10 20 funcref)
    (table (export "table64") i64 10 20 funcref)
    (memory (export "memory") 1 2)
    (memory (export "shared_memory") 1 2 shared))"#;

/// Its functions, each with the letters of its parameter types.
const PRINTS: [(&str, &[engine::program::ValType]); 7] = {
    use engine::program::ValType::{F32, F64, I32, I64};
    [
        ("print", &[]),
        ("print_i32", &[I32]),
        ("print_i64", &[I64]),
        ("print_f32", &[F32]),
        ("print_f64", &[F64]),
        ("print_i32_f32", &[I32, F32]),
        ("print_f64_f64", &[F64, F64]),
    ]
};

/// How the reason begins when a directive needs a module that was skipped.
pub(crate) const MODULE_SKIPPED: &str = "module skipped: ";

/// What a script's directives came to.
#[derive(Default)]
pub(crate) struct Tally {
    /// Directives that held, by kind.
    pub(crate) passed: BTreeMap<&'static str, usize>,
    /// Directives not tried, by reason.
    pub(crate) skipped: BTreeMap<String, usize>,
    /// Directives that did not hold: file, line and what happened.
    pub(crate) failed: Vec<String>,
}

impl Tally {
    /// Adds the counts of another script.
    pub(crate) fn add(&mut self, other: Tally) {
        for (kind, count) in other.passed {
            *self.passed.entry(kind).or_default() += count;
        }
        for (reason, count) in other.skipped {
            *self.skipped.entry(reason).or_default() += count;
        }
        self.failed.extend(other.failed);
    }
}

/// Why a directive did not hold.
pub(crate) enum Failure {
    /// It needs something that the engine does not have.
    Skip(String),
    /// Something else happened than was expected.
    Wrong(String),
}

pub(crate) type Held = Result<&'static str, Failure>;

pub(crate) fn wrong<T>(message: impl std::fmt::Debug) -> Result<T, Failure> {
    Err(Failure::Wrong(format!("{message:?}")))
}

/// Runs a script on an executor.
pub(crate) fn run(executor: &mut dyn Executor, mode: Mode, name: &str, text: &str) -> Tally {
    let mut tally = Tally::default();
    let mut lexer = wast::lexer::Lexer::new(text);
    lexer.allow_confusing_unicode(true);
    let buffer = wast::parser::ParseBuffer::new_with_lexer(lexer).expect("a script");
    let script = wast::parser::parse::<Wast<'_>>(&buffer).expect("a script");
    let linked = script.directives.iter().any(refers_back);
    let mut runner = Runner::new(executor, mode, linked);
    for directive in script.directives {
        let line = directive.span().linecol_in(text).0 + 1;
        match runner.directive(directive) {
            Ok(kind) => *tally.passed.entry(kind).or_default() += 1,
            Err(Failure::Skip(reason)) => *tally.skipped.entry(reason).or_default() += 1,
            Err(Failure::Wrong(what)) => tally.failed.push(format!("{name}:{line}: {what}")),
        }
    }
    tally
}

/// Whether a directive may need another module than the last.
fn refers_back(directive: &WastDirective<'_>) -> bool {
    let of = |exec: &WastExecute<'_>| match exec {
        WastExecute::Invoke(invoke) => invoke.module.is_some(),
        WastExecute::Get { module, .. } => module.is_some(),
        _ => false,
    };
    match directive {
        WastDirective::Register { .. } | WastDirective::ModuleInstance { .. } => true,
        WastDirective::Invoke(invoke) => invoke.module.is_some(),
        WastDirective::AssertReturn { exec, .. } | WastDirective::AssertTrap { exec, .. } => {
            of(exec)
        }
        _ => false,
    }
}

/// A module that a script can call.
type Current = Result<InstanceId, String>;

struct Runner<'a> {
    executor: &'a mut dyn Executor,
    mode: Mode,
    linked: bool,
    store: Option<Store>,
    linker: Linker,
    spectest: Program,
    /// The last module; the reason where it was skipped.
    current: Current,
    named: HashMap<String, Current>,
    /// Names under which skipped modules would have been registered, with the reason.
    missing: HashMap<String, String>,
    definitions: HashMap<Option<String>, Vec<u8>>,
}

impl<'a> Runner<'a> {
    fn new(executor: &'a mut dyn Executor, mode: Mode, linked: bool) -> Runner<'a> {
        let spectest = wat::parse_str(SPECTEST).expect("valid text");
        Runner {
            executor,
            mode,
            linked,
            store: None,
            linker: Linker::default(),
            spectest: frontend::translate(&spectest).expect("a program"),
            current: Err("no module yet".to_owned()),
            named: HashMap::new(),
            missing: HashMap::new(),
            definitions: HashMap::new(),
        }
    }

    fn directive(&mut self, directive: WastDirective<'_>) -> Held {
        match directive {
            WastDirective::Module(mut module) => {
                let name = owned(module.name());
                let wasm = encoded(&mut module)?;
                self.module(name, &wasm)
            }
            WastDirective::ModuleDefinition(mut module) => {
                let name = owned(module.name());
                let wasm = encoded(&mut module)?;
                translated(&wasm)?;
                self.definitions.insert(name, wasm);
                Ok("module definition")
            }
            WastDirective::ModuleInstance { instance, module, .. } => {
                let Some(wasm) = self.definitions.get(&owned(module)).cloned() else {
                    let reason = "a skipped definition".to_owned();
                    self.named.extend(owned(instance).map(|name| (name, Err(reason.clone()))));
                    return Err(Failure::Skip(reason));
                };
                self.module(owned(instance), &wasm)
            }
            WastDirective::Register { name, module, .. } => self.register(name, module),
            WastDirective::Invoke(invoke) => match self.invoke(&invoke)? {
                Ok(_) => Ok("invoke"),
                Err(ended) => wrong(ended),
            },
            WastDirective::AssertReturn { exec, results, .. } => self.assert_return(exec, &results),
            WastDirective::AssertTrap { exec, message, .. } => {
                self.assert_trap("assert_trap", exec, expected_traps(message))
            }
            WastDirective::AssertExhaustion { call, .. } => {
                let outcome = self.invoke(&call)?;
                expect_trap("assert_exhaustion", outcome, &[Trap::StackOverflow])
            }
            WastDirective::AssertException { exec, .. } => {
                self.assert_trap("assert_exception", exec, &[Trap::UncaughtException])
            }
            WastDirective::AssertMalformed { module, .. } => malformed(module),
            WastDirective::AssertMalformedCustom { module, .. }
            | WastDirective::AssertInvalidCustom { module, .. } => wrong_custom_section(module),
            WastDirective::AssertInvalid { module, message, .. } => invalid(module, message),
            WastDirective::AssertUnlinkable { module, message, .. } => {
                self.unlinkable(module, message)
            }
            other => Err(Failure::Skip(format!("directive {}", kind(&other)))),
        }
    }

    /// Makes a store that holds `spectest` only.
    fn fresh(&mut self, len: u32, limits: Reservations) -> Result<(), Failure> {
        let mut store = Store::new(self.executor, len, limits).or_else(wrong)?;
        self.linker = Linker::default();
        for (name, params) in PRINTS {
            let ty = engine::program::FuncType { params: params.to_vec(), results: Vec::new() };
            let host = HostFunction::stub("spectest", name, ty);
            let id = store.define_host(host).or_else(wrong)?;
            self.linker.define("spectest", name, Extern::Function(id));
        }
        let prepared = passes::prepare(&self.spectest, self.mode).or_else(wrong)?;
        let id = store.instantiate(self.executor, &self.spectest, &prepared, &[]).or_else(wrong)?;
        store.start(self.executor, id, LIMITS).or_else(wrong)?;
        for (name, item) in store.exports(id) {
            self.linker.define("spectest", name, item);
        }
        self.store = Some(store);
        Ok(())
    }

    /// Gives a module the store that it shares, or one of its own.
    fn make_room(&mut self, program: &Program) -> Result<(), Failure> {
        if self.linked {
            return if self.store.is_some() { Ok(()) } else { self.fresh(LINKED_LEN, LINKED) };
        }
        let len = arena_len(&[&self.spectest, program], ALONE)
            .map_err(|error| Failure::Skip(error.to_string()))?;
        self.fresh(len, ALONE)
    }

    /// Instantiates a module; the inner result tells how its start ended.
    fn instantiate(&mut self, wasm: &[u8]) -> Result<Instantiated, Failure> {
        let program = translated(wasm)?;
        self.make_room(&program)?;
        let store = self.store.as_mut().expect("just made");
        let externs = match self.linker.resolve(&program) {
            Ok(externs) => externs,
            Err(error) => return self.unresolved(error),
        };
        let prepared = passes::prepare(&program, self.mode).or_else(wrong)?;
        let id = match store.instantiate(self.executor, &program, &prepared, &externs) {
            Ok(id) => id,
            Err(InstantiateError::Link(error)) => return Ok(Err(NotLinked(error))),
            Err(InstantiateError::Load(engine::executor::LoadError::Unsupported(what))) => {
                return Err(Failure::Skip(what));
            }
            Err(InstantiateError::TooLarge(error)) => return Err(Failure::Skip(error.to_string())),
            Err(error) => return wrong(error),
        };
        Ok(Ok((id, store.start(self.executor, id, LIMITS))))
    }

    /// An import that nothing satisfies: perhaps because what would was skipped.
    fn unresolved(&self, error: LinkError) -> Result<Instantiated, Failure> {
        let (LinkError::Unknown { module, .. } | LinkError::Incompatible { module, .. }) = &error;
        match self.missing.get(module) {
            Some(reason) => Err(Failure::Skip(skipped_module(reason))),
            None => Ok(Err(NotLinked(error))),
        }
    }

    fn module(&mut self, name: Option<String>, wasm: &[u8]) -> Held {
        let outcome = match self.instantiate(wasm) {
            Ok(Ok((id, Ok(())))) => Ok(id),
            Ok(Ok((_, Err(ended)))) => Err(Failure::Wrong(format!("{ended:?}"))),
            Ok(Err(NotLinked(error))) => Err(Failure::Wrong(error.to_string())),
            Err(failure) => Err(failure),
        };
        self.current = match &outcome {
            Ok(id) => Ok(*id),
            Err(Failure::Skip(reason) | Failure::Wrong(reason)) => Err(reason.clone()),
        };
        if let Some(name) = name {
            self.named.insert(name, self.current.clone());
        }
        outcome.map(|_| "module")
    }

    fn register(&mut self, name: &str, module: Option<Id<'_>>) -> Held {
        let id = match self.find(module) {
            Err(Failure::Skip(reason)) => {
                self.missing.insert(name.to_owned(), reason.clone());
                return Err(Failure::Skip(reason));
            }
            found => found?,
        };
        let store = self.store.as_ref().expect("an instance has a store");
        for (export, item) in store.exports(id) {
            self.linker.define(name, export, item);
        }
        Ok("register")
    }

    fn find(&self, module: Option<Id<'_>>) -> Result<InstanceId, Failure> {
        let found = match module {
            Some(id) => match self.named.get(id.name()) {
                Some(found) => found.clone(),
                None => return wrong(format!("no module {:?}", id.name())),
            },
            None => self.current.clone(),
        };
        found.map_err(|reason| Failure::Skip(skipped_module(&reason)))
    }

    fn invoke(&mut self, invoke: &WastInvoke<'_>) -> Result<Result<Vec<Value>, Ended>, Failure> {
        let id = self.find(invoke.module)?;
        let store = self.store.as_mut().expect("an instance has a store");
        let Some(Extern::Function(function)) = store.export(id, invoke.name) else {
            return wrong(format!("no function {:?}", invoke.name));
        };
        let args: Option<Vec<Value>> = invoke.args.iter().map(values::argument).collect();
        let args = args.ok_or_else(|| Failure::Skip("GC values".to_owned()))?;
        match store.call(self.executor, id, function, &args, LIMITS) {
            Ok(values) => Ok(Ok(values)),
            Err(CallError::Ended(ended)) => Ok(Err(ended)),
            Err(error) => wrong(error),
        }
    }

    fn get(&mut self, module: Option<Id<'_>>, global: &str) -> Result<Vec<Value>, Failure> {
        let id = self.find(module)?;
        let store = self.store.as_ref().expect("an instance has a store");
        let Some(Extern::Global(global)) = store.export(id, global) else {
            return wrong(format!("no global {global:?}"));
        };
        Ok(vec![store.global(self.executor.arena(), global).or_else(wrong)?])
    }

    fn assert_return(&mut self, exec: WastExecute<'_>, results: &[WastRet<'_>]) -> Held {
        let values = match exec {
            WastExecute::Invoke(invoke) => match self.invoke(&invoke)? {
                Ok(values) => values,
                Err(ended) => return wrong(ended),
            },
            WastExecute::Get { module, global, .. } => self.get(module, global)?,
            WastExecute::Wat(_) => return wrong("a module has no results"),
        };
        let all = values.len() == results.len()
            && results
                .iter()
                .zip(&values)
                .all(|(expected, &found)| values::matches(expected, found));
        if all { Ok("assert_return") } else { wrong((results, values)) }
    }

    fn assert_trap(
        &mut self,
        kind: &'static str,
        exec: WastExecute<'_>,
        expected: &[Trap],
    ) -> Held {
        let outcome = match exec {
            WastExecute::Invoke(invoke) => self.invoke(&invoke)?,
            WastExecute::Wat(mut module) => {
                let wasm = module.encode().or_else(|error| wrong(error.to_string()))?;
                match self.instantiate(&wasm)? {
                    Ok((_, started)) => started.map(|()| Vec::new()),
                    Err(NotLinked(error)) => return wrong(error),
                }
            }
            WastExecute::Get { .. } => return wrong("a global does not trap"),
        };
        expect_trap(kind, outcome, expected)
    }

    fn unlinkable(&mut self, mut module: Wat<'_>, message: &str) -> Held {
        let wasm = module.encode().or_else(|error| wrong(error.to_string()))?;
        match self.instantiate(&wasm)? {
            Err(NotLinked(error)) if error.to_string().starts_with(message) => {
                Ok("assert_unlinkable")
            }
            Err(NotLinked(error)) => wrong((error, message)),
            Ok(_) => wrong("it links"),
        }
    }
}

/// A module that has no instance because of its imports.
struct NotLinked(LinkError);

/// An instance, and how its start ended.
type Instantiated = Result<(InstanceId, Result<(), Ended>), NotLinked>;

fn skipped_module(reason: &str) -> String {
    let reason = reason.strip_prefix(MODULE_SKIPPED).unwrap_or(reason);
    format!("{MODULE_SKIPPED}{reason}")
}

fn owned(id: Option<Id<'_>>) -> Option<String> {
    id.map(|id| id.name().to_owned())
}

fn encoded(module: &mut QuoteWat<'_>) -> Result<Vec<u8>, Failure> {
    if let QuoteWat::Wat(Wat::Component(_)) | QuoteWat::QuoteComponent(..) = module {
        return Err(Failure::Skip("components".to_owned()));
    }
    module.encode().or_else(|error| wrong(error.to_string()))
}

fn translated(wasm: &[u8]) -> Result<Program, Failure> {
    frontend::translate(wasm).map_err(|error| match error {
        FrontendError::Unsupported(feature) => Failure::Skip(feature),
        error => Failure::Wrong(error.to_string()),
    })
}
