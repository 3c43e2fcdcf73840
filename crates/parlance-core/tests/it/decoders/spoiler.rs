//! Spoils sound texts: cut off, flipped, of the wrong types, too deep, too
//! large, said twice. Chance comes from a seed.

use parlance_core::chance::Chance;
use serde_json::{Value, json};

use super::{other_texts, server_frames};

/// Makes texts that nobody should send.
pub(crate) struct Spoiler {
    chance: Chance,
    sound: Vec<Value>,
}

impl Spoiler {
    pub(super) fn new(seed: u64) -> Self {
        let mut sound = server_frames();
        sound.extend(other_texts());
        Self::of(seed, sound)
    }

    /// Spoils these.
    pub(crate) fn of(seed: u64, sound: Vec<Value>) -> Self {
        Self {
            chance: Chance::new(seed),
            sound,
        }
    }

    pub(crate) fn next(&mut self) -> (&'static str, String) {
        match self.chance.below(9) {
            0 => ("bytes", self.bytes()),
            1 => ("truncated", self.truncated()),
            2 => ("flipped", self.flipped()),
            3 | 4 => ("mistyped", self.mistyped()),
            5 => ("tree", self.tree(6).to_string()),
            6 => ("deep", self.deep()),
            7 => ("huge number", self.huge_number()),
            _ => ("double key", self.double_key()),
        }
    }

    fn pick(&mut self) -> Value {
        let at = self.chance.below(self.sound.len() as u64);
        self.sound[at as usize].clone()
    }

    fn bytes(&mut self) -> String {
        let length = self.chance.below(200);
        let bytes: Vec<u8> = (0..length).map(|_| self.chance.bits() as u8).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn truncated(&mut self) -> String {
        let text = self.pick().to_string();
        let at = self.chance.below(text.len() as u64) as usize;
        text.chars().take(at).collect()
    }

    fn flipped(&mut self) -> String {
        let mut bytes = self.pick().to_string().into_bytes();
        for _ in 0..=self.chance.below(4) {
            let at = self.chance.below(bytes.len() as u64) as usize;
            bytes[at] ^= 1 << self.chance.below(8);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn mistyped(&mut self) -> String {
        let mut value = self.pick();
        for _ in 0..=self.chance.below(2) {
            self.mistype(&mut value);
        }
        value.to_string()
    }

    /// Puts something else in one place of the value.
    fn mistype(&mut self, value: &mut Value) {
        let further = self.chance.below(3) > 0;
        match value {
            Value::Object(fields) if further && !fields.is_empty() => {
                let at = self.chance.below(fields.len() as u64) as usize;
                if let Some(field) = fields.values_mut().nth(at) {
                    self.mistype(field);
                }
            }
            Value::Array(items) if further && !items.is_empty() => {
                let at = self.chance.below(items.len() as u64) as usize;
                self.mistype(&mut items[at]);
            }
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_) => *value = self.tree(2),
        }
    }

    fn tree(&mut self, depth: u32) -> Value {
        match self.chance.below(if depth == 0 { 7 } else { 9 }) {
            0 => Value::Null,
            1 => json!(self.chance.below(2) == 0),
            2 => json!(self.chance.bits()),
            3 => json!(-(self.chance.below(1 << 40) as i64)),
            4 => json!(self.chance.below(1 << 30) as f64 / 7.0),
            5 => json!(self.bytes()),
            6 => json!(
                ["room:lobby", "", "pair:a:b", "text", "welcome", "push"]
                    [self.chance.below(6) as usize]
            ),
            7 => {
                let length = self.chance.below(4);
                Value::Array((0..length).map(|_| self.tree(depth - 1)).collect())
            }
            _ => {
                const NAMES: [&str; 12] = [
                    "t", "n", "conv", "msg", "seq", "body", "kind", "text", "from", "head",
                    "heads", "me",
                ];
                let length = self.chance.below(5);
                let fields = (0..length).map(|_| {
                    let name = NAMES[self.chance.below(12) as usize].to_owned();
                    (name, self.tree(depth - 1))
                });
                Value::Object(fields.collect())
            }
        }
    }

    fn deep(&mut self) -> String {
        let depth = [3, 100, 127, 128, 129, 1_000, 100_000][self.chance.below(7) as usize];
        let (open, close) =
            [("[", "]"), (r#"{"t":"#, "}"), (r#"{"body":"#, "}")][self.chance.below(3) as usize];
        let mut text = String::from(r#"{"t":"push","conv":"room:lobby","msg":"#);
        text.push_str(&open.repeat(depth));
        text.push('1');
        if self.chance.below(2) == 0 {
            text.push_str(&close.repeat(depth));
            text.push('}');
        }
        text
    }

    fn huge_number(&mut self) -> String {
        let text = self.pick().to_string();
        let huge = [
            "18446744073709551615",
            "18446744073709551616",
            "-9223372036854775808",
            "-9223372036854775809",
            "1e308",
            "1e309",
            "-0",
            "0.1",
            "99999999999999999999999999999999999999999999",
        ][self.chance.below(9) as usize];
        let mut out = String::new();
        let mut in_text = false;
        let mut skipping = false;
        for character in text.chars() {
            in_text ^= character == '"';
            let digit = character.is_ascii_digit() && !in_text;
            if digit && !skipping {
                out.push_str(huge);
            }
            skipping = digit;
            if !digit {
                out.push(character);
            }
        }
        out
    }

    fn double_key(&mut self) -> String {
        let text = self.pick().to_string();
        let name = ["t", "seq", "conv", "msg", "from", "n", "body"][self.chance.below(7) as usize];
        let value = self.tree(1);
        format!("{{\"{name}\":{value},{}", text.trim_start_matches('{'))
    }
}
