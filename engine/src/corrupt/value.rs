//! What is written: a number, or something that depends on the run.
//!
//! In JSON a number is a decimal string, since it may have 128 bits; anything else is an
//! object with one key.
#![forbid(unsafe_code)]

use serde_json::{Value as Json, json};

use super::place::{Field, Place, Places, number};

/// What is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `"7"`: this number.
    Number(u128),
    /// `{"offset_of": {...}}`: the arena offset of a field.
    OffsetOf(Field),
    /// `{"len": -1}`: the arena's length and so much.
    Len(i32),
    /// `{"code": 3}`: a code index.
    Code(u32),
    /// `{"old": 1}`: what stands there and so much.
    Old(i32),
    /// `{"flip": 7}`: what stands there with this bit the other way.
    Flip(u8),
}

/// A value that depends on nothing but what stood there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Set(u128),
    Add(i32),
    Flip(u8),
}

impl Change {
    /// What a value becomes; the caller keeps as many bytes as it writes.
    pub(super) fn of(self, old: u128) -> u128 {
        match self {
            Change::Set(value) => value,
            Change::Add(delta) => old.wrapping_add_signed(delta.into()),
            Change::Flip(bit) => old ^ (1 << bit),
        }
    }
}

impl Value {
    /// The change in an arena of `len` bytes; an error is the field that does not exist.
    pub(super) fn resolve(&self, places: &dyn Places, len: u32) -> Result<Change, &Field> {
        Ok(match self {
            Value::Number(number) => Change::Set(*number),
            Value::OffsetOf(field) => {
                let Place { offset, .. } = places.place(field).ok_or(field)?;
                Change::Set(places.pointer(offset).into())
            }
            Value::Len(delta) => Change::Set(len.wrapping_add_signed(*delta).into()),
            Value::Code(index) => Change::Set(places.code(*index).into()),
            Value::Old(delta) => Change::Add(*delta),
            Value::Flip(bit) => Change::Flip(*bit),
        })
    }

    /// The value of a JSON string or object, for a write of `width` bytes.
    pub(super) fn from_json(value: &Json, width: u32) -> Result<Value, String> {
        if let Some(text) = value.as_str() {
            let number: u128 = text.parse().map_err(|_| format!("{text:?} is no number"))?;
            let fits = 8 * width == u128::BITS || number >> (8 * width) == 0;
            return fits
                .then_some(Value::Number(number))
                .ok_or_else(|| format!("{text} does not fit {width} bytes"));
        }
        let entry = value.as_object().filter(|object| object.len() == 1);
        let entry = entry.and_then(|object| object.iter().next());
        let (kind, of) =
            entry.ok_or("value is neither a decimal string nor an object of one key")?;
        match kind.as_str() {
            "offset_of" => Field::from_json(of).map(Value::OffsetOf),
            "len" => delta(of, "len").map(Value::Len),
            "code" => number(of, "code").map(Value::Code),
            "old" => delta(of, "old").map(Value::Old),
            "flip" => {
                let bit = of.as_u64().filter(|&bit| bit < u64::from(8 * width));
                let bit = bit.and_then(|bit| u8::try_from(bit).ok());
                bit.map(Value::Flip).ok_or_else(|| format!("{width} bytes have no bit {of}"))
            }
            other => Err(format!("there is no kind of value {other:?}")),
        }
    }

    /// The value as JSON.
    pub(super) fn to_json(&self) -> Json {
        match self {
            Value::Number(number) => json!(number.to_string()),
            Value::OffsetOf(field) => {
                json!({"offset_of": super::Target::Field(field.clone()).to_json()})
            }
            Value::Len(delta) => json!({"len": delta}),
            Value::Code(index) => json!({"code": index}),
            Value::Old(delta) => json!({"old": delta}),
            Value::Flip(bit) => json!({"flip": bit}),
        }
    }
}

/// A small number, which may be negative.
fn delta(value: &Json, name: &str) -> Result<i32, String> {
    let number = value.as_i64().and_then(|number| i32::try_from(number).ok());
    number.ok_or_else(|| format!("{name} is no number of 32 bits"))
}
