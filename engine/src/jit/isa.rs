//! Which machine code Cranelift makes: settings checked, and targets made once.

use std::cell::RefCell;
use std::collections::HashMap;

use cranelift_codegen::isa::OwnedTargetIsa;
use cranelift_codegen::settings::{self, Configurable, SetError};

use crate::passes::Mode;

/// Settings that the engine relies on and that nobody else may change.
const FIXED: &[(&str, &str)] = &[
    ("is_pic", "false"),
    ("enable_pinned_reg", "false"),
    ("enable_llvm_abi_extensions", "true"),
    ("enable_multi_ret_implicit_sret", "false"),
    ("preserve_frame_pointers", "true"),
    ("enable_probestack", "true"),
    ("probestack_strategy", "inline"),
    ("stack_switch_model", "none"),
    ("unwind_info", "false"),
];

/// Settings decided by whether to optimise. Canonical NaNs are the default of exact runs;
/// as-shipped runs may ask for them.
const DECIDED: &[&str] = &["opt_level"];

/// A Cranelift setting that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// No such setting.
    #[error("unknown setting `{0}`")]
    Unknown(String),
    /// No such value.
    #[error("setting `{name}` cannot be `{value}`: {reason}")]
    Value {
        /// The setting.
        name: String,
        /// The value.
        value: String,
        /// What Cranelift said.
        reason: String,
    },
    /// A setting that the engine decides.
    #[error("setting `{0}` is fixed by the engine")]
    Fixed(String),
    /// This machine, or this combination of settings, is not supported.
    #[error("no code can be made for this machine with these settings: {0}")]
    Target(String),
}

/// The settings of one configuration, apart from the kind of run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Settings {
    pub(super) optimize: bool,
    /// Further Cranelift flags by name; a later one wins.
    pub(super) flags: Vec<(String, String)>,
}

/// Targets made before, on this thread. Emptied when it has grown beyond all use.
const MAX_CACHED: usize = 256;

thread_local! {
    static CACHE: RefCell<HashMap<(Settings, bool), OwnedTargetIsa>> = RefCell::default();
}

impl Settings {
    /// The target for programs of one kind of run.
    pub(super) fn target(&self, mode: Mode) -> Result<OwnedTargetIsa, SettingError> {
        let key = (self.clone(), mode == Mode::Exact);
        if let Some(isa) = CACHE.with_borrow(|cache| cache.get(&key).cloned()) {
            return Ok(isa);
        }
        let isa = self.build(mode)?;
        CACHE.with_borrow_mut(|cache| {
            if cache.len() >= MAX_CACHED {
                cache.clear();
            }
            cache.insert(key, isa.clone());
        });
        Ok(isa)
    }

    fn build(&self, mode: Mode) -> Result<OwnedTargetIsa, SettingError> {
        let mut isa =
            cranelift_native::builder().map_err(|e| SettingError::Target(e.to_owned()))?;
        let mut flags = settings::builder();
        let exact = if mode == Mode::Exact { "true" } else { "false" };
        let opt_level = if self.optimize { "speed" } else { "none" };
        let decided = [
            ("opt_level", opt_level),
            ("enable_nan_canonicalization", exact),
            ("enable_verifier", "false"),
        ];
        for (name, value) in FIXED.iter().chain(&decided) {
            flags.set(name, value).map_err(|e| value_error(name, value, &e))?;
        }
        for (name, value) in &self.flags {
            set(&mut flags, &mut isa, name, value)?;
        }
        let target = isa.finish(settings::Flags::new(flags));
        target.map_err(|e| SettingError::Target(e.to_string()))
    }
}

/// The features of this machine's processor that native code may use: Cranelift's names,
/// and whether the machine has each.
///
/// # Errors
/// [`SettingError::Target`] on a machine that no native code is made for.
pub fn processor_features() -> Result<Vec<(&'static str, bool)>, SettingError> {
    let isa = trampoline_target()?;
    let flags = isa.isa_flags();
    Ok(flags.iter().filter_map(|flag| Some((flag.name, flag.as_bool()?))).collect())
}

/// The target for entry trampolines and gateways, the same for every configuration:
/// calling conventions depend on no setting that a user may change.
pub(super) fn trampoline_target() -> Result<OwnedTargetIsa, SettingError> {
    Settings { optimize: false, flags: Vec::new() }.target(Mode::AsShipped)
}

fn set(
    flags: &mut settings::Builder,
    isa: &mut cranelift_codegen::isa::Builder,
    name: &str,
    value: &str,
) -> Result<(), SettingError> {
    if FIXED.iter().any(|(fixed, _)| *fixed == name) || DECIDED.contains(&name) {
        return Err(SettingError::Fixed(name.to_owned()));
    }
    let result = match flags.set(name, value) {
        Err(SetError::BadName(_)) => isa.set(name, value),
        result => result,
    };
    result.map_err(|e| value_error(name, value, &e))
}

fn value_error(name: &str, value: &str, error: &SetError) -> SettingError {
    match error {
        SetError::BadName(_) => SettingError::Unknown(name.to_owned()),
        SetError::BadType | SetError::BadValue(_) => SettingError::Value {
            name: name.to_owned(),
            value: value.to_owned(),
            reason: error.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(name: &str, value: &str) -> Result<(), SettingError> {
        let flags = vec![(name.to_owned(), value.to_owned())];
        Settings { optimize: true, flags }.target(Mode::Exact).map(drop)
    }

    #[test]
    fn the_processor_has_what_every_x86_64_has_and_cranelift_names_it() {
        let features = processor_features().expect("native code for this machine");
        assert!(features.iter().any(|(name, _)| *name == "has_avx2"), "{features:?}");
    }

    #[test]
    fn settings_are_checked_by_name_and_value() {
        assert_eq!(build("has_avx", "false"), Ok(()));
        assert_eq!(build("regalloc_algorithm", "single_pass"), Ok(()));
        assert_eq!(build("no_such", "1"), Err(SettingError::Unknown("no_such".to_owned())));
        assert!(matches!(build("enable_verifier", "maybe"), Err(SettingError::Value { .. })));
        for name in ["opt_level", "enable_pinned_reg", "preserve_frame_pointers"] {
            assert_eq!(build(name, "none"), Err(SettingError::Fixed(name.to_owned())));
        }
    }
}
