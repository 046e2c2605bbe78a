//! Plans: which changes are made, as data.
//!
//! In a case's header a plan is `[{"function", "site", "kind", "params"}]`. An entry's
//! params are those that its kind lists as a choice; each is an integer or an opcode.
#![forbid(unsafe_code)]

use serde_json::{Map, Value, json};

use super::kinds::{Inapplicable, Kind};
use crate::program::FuncId;

/// A list of changes. The order matters only where two touch the same instruction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The changes.
    pub entries: Vec<Entry>,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The function that is changed.
    pub function: FuncId,
    /// Position of the instruction in the layout order of the unchanged function.
    pub site: u32,
    /// What is done to it.
    pub kind: Kind,
    /// What its kind lets one choose.
    pub params: Params,
}

/// Choices of one entry, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params(Map<String, Value>);

impl Params {
    /// No choice.
    #[must_use]
    pub fn none() -> Params {
        Params::default()
    }

    /// One choice that is a number.
    #[must_use]
    pub fn number(name: &str, number: i64) -> Params {
        Params(Map::from_iter([(name.to_owned(), number.into())]))
    }

    /// One choice that is a word.
    #[must_use]
    pub fn word(name: &str, word: &str) -> Params {
        Params(Map::from_iter([(name.to_owned(), word.into())]))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The number of a name.
    pub(super) fn get_number(&self, name: &'static str) -> Result<i64, Inapplicable> {
        self.0.get(name).and_then(Value::as_i64).ok_or(Inapplicable::Param(name))
    }

    /// The word of a name.
    pub(super) fn get_word(&self, name: &'static str) -> Result<&str, Inapplicable> {
        self.0.get(name).and_then(Value::as_str).ok_or(Inapplicable::Param(name))
    }

    /// As a JSON object.
    #[must_use]
    pub fn to_json(&self) -> Value {
        Value::Object(self.0.clone())
    }
}

/// Why a plan does not fit its program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// It is not written as a plan.
    #[error("plan entry {entry}: {what}")]
    Malformed {
        /// Position in the plan.
        entry: usize,
        /// What is wrong.
        what: String,
    },
    /// It names a place that the program does not have, or that is not as its kind needs.
    #[error("plan entry {entry} ({kind} at function {function}, site {site}): {what}")]
    Misplaced {
        /// Position in the plan.
        entry: usize,
        /// Its kind.
        kind: &'static str,
        /// Its function.
        function: u32,
        /// Its site.
        site: u32,
        /// What is wrong.
        what: String,
    },
    /// What it makes of a function is not valid CLIF.
    #[error("the plan makes invalid CLIF of function {function}: {complaint}")]
    Invalid {
        /// The function.
        function: u32,
        /// The verifier's first complaint.
        complaint: String,
    },
}

impl PlanError {
    pub(super) fn no_function(position: usize, entry: &Entry) -> PlanError {
        PlanError::misplaced(position, entry, "the program has no such function".to_owned())
    }

    pub(super) fn no_site(position: usize, entry: &Entry) -> PlanError {
        PlanError::misplaced(position, entry, "the function has no such site".to_owned())
    }

    pub(super) fn inapplicable(position: usize, entry: &Entry, error: Inapplicable) -> PlanError {
        PlanError::misplaced(position, entry, error.to_string())
    }

    pub(super) fn invalid(function: FuncId, complaint: String) -> PlanError {
        PlanError::Invalid { function: function.0, complaint }
    }

    fn misplaced(position: usize, entry: &Entry, what: String) -> PlanError {
        let Entry { function, site, kind, .. } = entry;
        PlanError::Misplaced {
            entry: position,
            kind: kind.name(),
            function: function.0,
            site: *site,
            what,
        }
    }
}

impl Plan {
    /// The plan of a JSON array.
    ///
    /// # Errors
    /// [`PlanError::Malformed`].
    pub fn from_json(text: &str) -> Result<Plan, PlanError> {
        let malformed = |entry, what: String| PlanError::Malformed { entry, what };
        let list: Vec<Value> =
            serde_json::from_str(text).map_err(|error| malformed(0, error.to_string()))?;
        let entry = |(position, value): (usize, &Value)| {
            Entry::from_json(value).map_err(|what| malformed(position, what))
        };
        Ok(Plan { entries: list.iter().enumerate().map(entry).collect::<Result<_, _>>()? })
    }

    /// The plan as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        self.entries.iter().map(Entry::to_json).collect()
    }
}

impl Entry {
    fn from_json(value: &Value) -> Result<Entry, String> {
        let number = |name: &str| {
            let number = value[name].as_u64().and_then(|number| u32::try_from(number).ok());
            number.ok_or_else(|| format!("{name} is no number"))
        };
        let kind = value["kind"].as_str().unwrap_or_default();
        let kind = Kind::from_name(kind).ok_or_else(|| format!("there is no kind {kind:?}"))?;
        let params = match &value["params"] {
            Value::Null => Params::none(),
            Value::Object(params) => Params(params.clone()),
            _ => return Err("params is no object".to_owned()),
        };
        Ok(Entry { function: FuncId(number("function")?), site: number("site")?, kind, params })
    }

    /// The entry as JSON; params only where there are any.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let Entry { function, site, kind, params } = self;
        let mut entry = json!({"function": function.0, "site": site, "kind": kind.name()});
        if !params.0.is_empty() {
            entry["params"] = params.to_json();
        }
        entry
    }
}
