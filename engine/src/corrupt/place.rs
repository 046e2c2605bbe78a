//! Where a write goes: a field of a VM structure by name, or a plain offset.
//!
//! Structures have the names of the catalogue (`layout`), and besides there are arrays whose
//! fields are numbers: `table` (elements), `memory` (bytes), `passive segment` (slots),
//! `type ids`, `shadow stack` and `GC heap` (bytes). What a name stands for is up to who
//! owns the arena, which implements [`Places`].
#![forbid(unsafe_code)]

use serde_json::{Value, json};

/// A field of one structure of one instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The instance by load order, from 0; the program under test if there is none.
    pub instance: Option<u32>,
    /// Name of the structure.
    pub structure: String,
    /// Which of several.
    pub index: u32,
    /// Name of the field, or a number in decimal.
    pub field: String,
}

impl std::fmt::Display for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(instance) = self.instance {
            write!(f, "instance {instance}, ")?;
        }
        write!(f, "{}[{}].{}", self.structure, self.index, self.field)
    }
}

/// What a write changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A field.
    Field(Field),
    /// An arena offset.
    Offset(u32),
    /// The bytes that were just loaded; only at loads.
    Loaded,
}

/// Where something lies in an arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Arena offset.
    pub offset: u32,
    /// Bytes.
    pub width: u32,
}

/// Who knows where the fields of its instances lie.
pub trait Places {
    /// The place of a field; `None` if there is no such field.
    fn place(&self, field: &Field) -> Option<Place>;

    /// What a pointer to an arena offset is.
    fn pointer(&self, offset: u32) -> u64 {
        offset.into()
    }

    /// What a pointer to the code of an index is.
    fn code(&self, index: u32) -> u64 {
        index.into()
    }
}

impl Target {
    /// The target of a JSON object.
    pub(super) fn from_json(value: &Value) -> Result<Target, String> {
        let object = value.as_object().ok_or("target is no object")?;
        let has = |name: &str| object.contains_key(name);
        match object.len() {
            1 if has("offset") => number(&value["offset"], "offset").map(Target::Offset),
            1 if value["loaded"] == json!(true) => Ok(Target::Loaded),
            _ => Field::from_json(value).map(Target::Field),
        }
    }

    /// The target as JSON.
    pub(super) fn to_json(&self) -> Value {
        match self {
            Target::Field(field) => field.to_json(),
            Target::Offset(offset) => json!({"offset": offset}),
            Target::Loaded => json!({"loaded": true}),
        }
    }
}

impl Field {
    /// The field of a JSON object.
    pub(super) fn from_json(value: &Value) -> Result<Field, String> {
        let object = value.as_object().ok_or("target is no object")?;
        let unknown = object
            .keys()
            .find(|key| !["instance", "structure", "field", "index"].contains(&&***key));
        if let Some(key) = unknown {
            return Err(format!("a target has no {key:?}"));
        }
        let word = |name: &str| {
            value[name].as_str().map(str::to_owned).ok_or_else(|| format!("{name} is no name"))
        };
        let index = if value["index"].is_null() { 0 } else { number(&value["index"], "index")? };
        let instance = match &value["instance"] {
            Value::Null => None,
            instance => Some(number(instance, "instance")?),
        };
        Ok(Field { instance, structure: word("structure")?, index, field: word("field")? })
    }

    fn to_json(&self) -> Value {
        let Field { instance, structure, index, field } = self;
        let mut object = json!({"structure": structure, "field": field, "index": index});
        if let Some(instance) = instance {
            object["instance"] = json!(instance);
        }
        object
    }
}

/// A number of 32 bits.
pub(super) fn number(value: &Value, name: &str) -> Result<u32, String> {
    let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
    number.ok_or_else(|| format!("{name} is no number of 32 bits"))
}
