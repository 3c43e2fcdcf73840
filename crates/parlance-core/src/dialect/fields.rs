//! Fields of a JSON object, read and written one by one: a missing or mistyped
//! one is an error that names it. By hand, because derived readers of a dozen frames
//! weigh more than everything else that a dialect does, and the page is
//! downloaded over a phone network.
//!
//! Knows no frame.

use serde_json::{Map, Value};

use super::DecodeError;
use crate::json;

/// A JSON object that is being read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields<'a>(&'a Value);

impl<'a> Fields<'a> {
    /// The fields of this value, which has to be an object.
    pub(crate) fn of(value: &'a Value) -> Result<Self, DecodeError> {
        if value.is_object() {
            Ok(Self(value))
        } else {
            Err(DecodeError::malformed("not an object"))
        }
    }

    /// The value, present and not null.
    pub(crate) fn maybe(self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub(crate) fn value(self, name: &str) -> Result<&'a Value, DecodeError> {
        self.maybe(name).ok_or_else(|| wrong(name))
    }

    pub(crate) fn text(self, name: &str) -> Result<String, DecodeError> {
        let text = self.value(name)?.as_str().ok_or_else(|| wrong(name))?;
        Ok(text.to_owned())
    }

    pub(crate) fn maybe_text(self, name: &str) -> Result<Option<String>, DecodeError> {
        self.maybe(name).map(|_| self.text(name)).transpose()
    }

    pub(crate) fn number(self, name: &str) -> Result<u64, DecodeError> {
        self.value(name)?.as_u64().ok_or_else(|| wrong(name))
    }

    pub(crate) fn maybe_number(self, name: &str) -> Result<Option<u64>, DecodeError> {
        self.maybe(name).map(|_| self.number(name)).transpose()
    }

    pub(crate) fn time(self, name: &str) -> Result<i64, DecodeError> {
        self.value(name)?.as_i64().ok_or_else(|| wrong(name))
    }

    pub(crate) fn maybe_time(self, name: &str) -> Result<Option<i64>, DecodeError> {
        self.maybe(name).map(|_| self.time(name)).transpose()
    }

    /// A text, or a whole number in its digits: ids are written both ways.
    pub(crate) fn maybe_id(self, name: &str) -> Option<String> {
        match self.maybe(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => {
                let digits = number.to_string();
                let is_whole = !digits.contains(['.', 'e', 'E']);
                is_whole.then_some(digits)
            }
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// The same, which has to be there.
    pub(crate) fn id(self, name: &str) -> Result<String, DecodeError> {
        self.maybe_id(name).ok_or_else(|| wrong(name))
    }

    /// A text that says something; anything else is none.
    pub(crate) fn words(self, name: &str) -> Option<String> {
        let text = self.maybe(name)?.as_str()?;
        (!text.trim().is_empty()).then(|| text.to_owned())
    }

    /// A text, be it empty, or a number in its digits.
    pub(crate) fn said(self, name: &str) -> Option<String> {
        match self.maybe(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// A whole number, also one that is written as text.
    pub(crate) fn whole(self, name: &str) -> Option<i64> {
        let value = self.maybe(name)?;
        let written = || value.as_str()?.trim().parse().ok();
        value.as_i64().or_else(written)
    }

    /// The same, not below nought.
    pub(crate) fn natural(self, name: &str) -> Option<u64> {
        u64::try_from(self.whole(name)?).ok()
    }

    /// Yes or no, also as 1 or 0 and as either written as text.
    pub(crate) fn truth(self, name: &str) -> Option<bool> {
        match self.maybe(name)? {
            Value::Bool(truth) => Some(*truth),
            Value::String(text) if text == "true" => Some(true),
            Value::String(text) if text == "false" => Some(false),
            Value::String(_) | Value::Number(_) => self.whole(name).map(|number| number != 0),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// The fields of an object; of anything else none.
    pub(crate) fn any_object(self, name: &str) -> Option<Self> {
        self.maybe_object(name).ok().flatten()
    }

    /// The items of a list; of anything else none.
    pub(crate) fn any_list(self, name: &str) -> &'a [Value] {
        self.maybe_list(name).unwrap_or_default()
    }

    /// Every field with its name.
    pub(crate) fn members(self) -> impl Iterator<Item = (&'a String, &'a Value)> {
        self.0.as_object().into_iter().flatten()
    }

    /// Absent means no.
    pub(crate) fn flag(self, name: &str) -> Result<bool, DecodeError> {
        match self.maybe(name) {
            None => Ok(false),
            Some(value) => value.as_bool().ok_or_else(|| wrong(name)),
        }
    }

    pub(crate) fn object(self, name: &str) -> Result<Self, DecodeError> {
        Self::of(self.value(name)?).map_err(|_| wrong(name))
    }

    pub(crate) fn maybe_object(self, name: &str) -> Result<Option<Self>, DecodeError> {
        self.maybe(name).map(|_| self.object(name)).transpose()
    }

    /// The items of a list that has to be there.
    pub(crate) fn list(self, name: &str) -> Result<&'a [Value], DecodeError> {
        let list = self.value(name)?.as_array().ok_or_else(|| wrong(name))?;
        Ok(list)
    }

    /// The items of a list that may be absent.
    pub(crate) fn maybe_list(self, name: &str) -> Result<&'a [Value], DecodeError> {
        match self.maybe(name) {
            None => Ok(&[]),
            Some(_) => self.list(name),
        }
    }
}

/// A JSON object in the making, whose absent fields stay away.
#[derive(Debug, Default)]
pub(crate) struct Object(Map<String, Value>);

impl Object {
    pub(crate) fn text(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.value(name, Value::from(value));
        }
    }

    pub(crate) fn number(&mut self, name: &str, value: Option<u64>) {
        if let Some(value) = value {
            self.value(name, Value::from(value));
        }
    }

    /// An id, as [`id_value`] writes it.
    pub(crate) fn id(&mut self, name: &str, id: &str) {
        self.value(name, id_value(id));
    }

    pub(crate) fn time(&mut self, name: &str, value: Option<i64>) {
        if let Some(value) = value {
            self.value(name, Value::from(value));
        }
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn value(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_owned(), value);
    }

    pub(crate) fn into_value(self) -> Value {
        Value::Object(self.0)
    }

    pub(crate) fn into_text(self) -> String {
        text_of(&self.into_value())
    }
}

/// A value written down.
pub(crate) fn text_of(value: &Value) -> String {
    json::write(value)
}

impl From<Map<String, Value>> for Object {
    fn from(fields: Map<String, Value>) -> Self {
        Self(fields)
    }
}

/// An id as a number where it looks like one and is exact in every reader,
/// else as text.
pub(crate) fn id_value(id: &str) -> Value {
    let number: Option<u64> = id.parse().ok().filter(|number| *number < 1 << 53);
    match number.filter(|number| number.to_string() == id) {
        Some(number) => Value::from(number),
        None => Value::from(id),
    }
}

fn wrong(name: &str) -> DecodeError {
    DecodeError::malformed(name)
}
