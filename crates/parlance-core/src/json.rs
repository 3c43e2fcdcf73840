//! Text into `serde_json`'s values and back, for less than that crate's own
//! reader and writer bring into a page: those are made for any type and for
//! files, and take 12 kB of the program for what nobody needs here (5 kB of
//! what a phone downloads).
//!
//! Takes what the standard (RFC 8259) takes and nothing else, keeps numbers as
//! they are written, and goes no deeper than [`DEEPEST`]. It does not know
//! where in the text it was when it gave up: nobody would be told.

use serde_json::{Map, Number, Value};

/// Lists and objects within each other. What is deeper is refused: it would
/// be an attack on the stack.
pub const DEEPEST: u32 = 64;

/// The one value that the text is, with blanks around it.
pub fn read(text: &str) -> Option<Value> {
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(0)?;
    (reader.next_word().is_none()).then_some(value)
}

/// The value as text, without a blank that is not in it.
pub fn write(value: &Value) -> String {
    let mut text = String::new();
    put(&mut text, value);
    text
}

fn put(text: &mut String, value: &Value) {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(true) => text.push_str("true"),
        Value::Bool(false) => text.push_str("false"),
        Value::Number(number) => text.push_str(number.as_str()),
        Value::String(said) => put_string(text, said),
        Value::Array(items) => {
            let mut sign = '[';
            for item in items {
                text.push(std::mem::replace(&mut sign, ','));
                put(text, item);
            }
            text.push_str(if sign == '[' { "[]" } else { "]" });
        }
        Value::Object(fields) => {
            let mut sign = '{';
            for (name, field) in fields {
                text.push(std::mem::replace(&mut sign, ','));
                put_string(text, name);
                text.push(':');
                put(text, field);
            }
            text.push_str(if sign == '{' { "{}" } else { "}" });
        }
    }
}

fn put_string(text: &mut String, said: &str) {
    text.push('"');
    for letter in said.chars() {
        let escaped = match letter {
            '"' | '\\' => letter,
            '\u{8}' => 'b',
            '\u{c}' => 'f',
            '\n' => 'n',
            '\r' => 'r',
            '\t' => 't',
            '\0'..='\u{1f}' => 'u',
            _ => {
                text.push(letter);
                continue;
            }
        };
        text.push('\\');
        text.push(escaped);
        if escaped == 'u' {
            text.push_str(if letter < '\u{10}' { "000" } else { "001" });
            let last = char::from_digit(u32::from(letter) & 15, 16);
            text.push(last.unwrap_or('0'));
        }
    }
    text.push('"');
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn value(&mut self, depth: u32) -> Option<Value> {
        if depth > DEEPEST {
            return None;
        }
        match self.next_word()? {
            b'"' => self.string().map(Value::String),
            b'[' => self.list(depth),
            b'{' => self.object(depth),
            b't' => self.literal("true", Value::Bool(true)),
            b'f' => self.literal("false", Value::Bool(false)),
            b'n' => self.literal("null", Value::Null),
            _ => self.number(),
        }
    }

    /// The byte at which the next word begins.
    fn next_word(&mut self) -> Option<u8> {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
        self.peek()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Goes past the byte, if that is the next word.
    fn takes(&mut self, byte: u8) -> bool {
        let is = self.next_word() == Some(byte);
        self.at += usize::from(is);
        is
    }

    fn literal(&mut self, word: &str, value: Value) -> Option<Value> {
        let rest = self.text.as_bytes().get(self.at..)?;
        self.at += word.len();
        rest.starts_with(word.as_bytes()).then_some(value)
    }

    fn list(&mut self, depth: u32) -> Option<Value> {
        self.at += 1;
        let mut items = Vec::new();
        if self.takes(b']') {
            return Some(Value::Array(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if !self.takes(b',') {
                return self.takes(b']').then_some(Value::Array(items));
            }
        }
    }

    /// Of two fields of one name the last stands.
    fn object(&mut self, depth: u32) -> Option<Value> {
        self.at += 1;
        let mut fields = Map::new();
        if self.takes(b'}') {
            return Some(Value::Object(fields));
        }
        loop {
            if self.next_word() != Some(b'"') {
                return None;
            }
            let name = self.string()?;
            if !self.takes(b':') {
                return None;
            }
            let value = self.value(depth + 1)?;
            fields.insert(name, value);
            if !self.takes(b',') {
                return self.takes(b'}').then_some(Value::Object(fields));
            }
        }
    }

    fn number(&mut self) -> Option<Value> {
        let from = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        // No nought in front of another digit.
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        let written = self.text.get(from..self.at)?.to_owned();
        // Hidden in that crate's documentation. The public ways to a number go
        // through a float, which would change what was written.
        Some(Value::Number(Number::from_string_unchecked(written)))
    }

    /// One or more.
    fn digits(&mut self) -> Option<()> {
        let from = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        (self.at > from).then_some(())
    }

    fn string(&mut self) -> Option<String> {
        self.at += 1;
        let mut said = String::new();
        let mut from = self.at;
        loop {
            let byte = self.peek()?;
            match byte {
                b'"' | b'\\' => {
                    said.push_str(self.text.get(from..self.at)?);
                    self.at += 1;
                    if byte == b'"' {
                        return Some(said);
                    }
                    said.push(self.escaped()?);
                    from = self.at;
                }
                // A control character has to be escaped.
                0..=0x1F => return None,
                _ => self.at += 1,
            }
        }
    }

    fn escaped(&mut self) -> Option<char> {
        let byte = self.peek()?;
        self.at += 1;
        Some(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unit(),
            _ => return None,
        })
    }

    /// A character by its number, or by two halves of one. Half a character
    /// is none.
    fn unit(&mut self) -> Option<char> {
        let first = self.four_digits()?;
        if !(0xD800..0xDC00).contains(&first) {
            return char::from_u32(first);
        }
        if self.peek() != Some(b'\\') {
            return None;
        }
        self.at += 1;
        if self.peek() != Some(b'u') {
            return None;
        }
        self.at += 1;
        let second = self.four_digits()?.checked_sub(0xDC00)?;
        if second >= 0x400 {
            return None;
        }
        char::from_u32(0x1_0000 + ((first - 0xD800) << 10) + second)
    }

    fn four_digits(&mut self) -> Option<u32> {
        let mut number = 0;
        for _ in 0..4 {
            number = number * 16 + char::from(self.peek()?).to_digit(16)?;
            self.at += 1;
        }
        Some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::Chance;

    /// The whole of both readers' answers. The other one writes exponents in
    /// its own way.
    fn same(text: &str) {
        let plain = |value: Value| value.to_string().replace('E', "e").replace("e+", "e");
        let ours = read(text).map(plain);
        let theirs = serde_json::from_str::<Value>(text).ok().map(plain);
        assert_eq!(ours, theirs, "{text:?}");
    }

    #[test]
    fn it_takes_and_refuses_what_the_other_reader_does() {
        for text in [
            "",
            " ",
            "null",
            " null ",
            "nul",
            "nulll",
            "true",
            "false",
            "tru",
            "truefalse",
            "[]",
            "[ ]",
            "[1,]",
            "[,1]",
            "[1 2]",
            "[1,2",
            "{}",
            "{ }",
            "{\"a\":1}",
            "{\"a\":1,}",
            "{a:1}",
            "{\"a\" : [ 1 , {\"b\":null} ] }",
            "{\"a\":1,\"a\":2}",
            "{\"a\"}",
            "{\"a\":}",
            "{1:2}",
            "0",
            "-0",
            "00",
            "01",
            "-",
            "+1",
            "1.",
            ".1",
            "1.5",
            "1e5",
            "1E+5",
            "1e-5",
            "1e",
            "1e+",
            "123456789012345678901234567890",
            "-1.0e999",
            "1.0",
            "NaN",
            "Infinity",
            "\"\"",
            "\"a",
            "\"\\\"",
            "\"\\n\\t\\r\\b\\f\\/\\\\\\\"\"",
            "\"\\x\"",
            "\"\\u0041\"",
            "\"\\u004\"",
            "\"\\u00e9é\"",
            "\"\\ud83d\\ude00\"",
            "\"\\ud83d\"",
            "\"\\ude00\"",
            "\"\\ud83dx\"",
            "\"\\ud83d\\n\"",
            "\"\\ud83d\\u0041\"",
            "\"\\ud83d\\ud83d\"",
            "\"\\uD83D\\uDE00\"",
            "\"\n\"",
            "\"\u{7f}\"",
            "\"😀\"",
            "\u{feff}1",
            "1 1",
            "[1] x",
            "//",
            "/* */1",
            "'a'",
            "\u{a0}1",
            "[\"a\",\"b\"]",
            "\"\\u+123\"",
        ] {
            same(text);
        }
    }

    #[test]
    fn what_is_written_is_what_the_other_writer_writes() {
        let letters: String = (0..0x300).filter_map(char::from_u32).collect();
        let values = [
            serde_json::json!({"a": [], "b": {}, "c": [1, -2, null, true, false, "x"], "": {"d": [[]]}}),
            Value::from(letters),
            Value::from("你好 \u{202e} 😀"),
            Value::from(u64::MAX),
        ];
        for value in values {
            assert_eq!(write(&value), serde_json::to_string(&value).unwrap());
            assert_eq!(read(&write(&value)), Some(value));
        }
    }

    #[test]
    fn what_is_too_deep_is_refused_and_what_is_not_is_read() {
        let nested = |depth: usize| ["[".repeat(depth), "]".repeat(depth)].concat();
        assert!(read(&nested(DEEPEST as usize + 1)).is_some());
        assert!(read(&nested(DEEPEST as usize + 2)).is_none());
        assert!(read(&nested(1_000_000)).is_none());
        assert!(read(&"{\"a\":".repeat(1_000_000)).is_none());
    }

    #[test]
    fn it_agrees_about_a_hundred_thousand_random_texts() {
        const PIECES: [&str; 34] = [
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"",
            "\"a\"",
            "\"b\":",
            "1",
            "-",
            "0",
            ".5",
            "e",
            "E-2",
            "true",
            "null",
            "false",
            " ",
            "\n",
            "\\",
            "\\u",
            "\\ud83d",
            "\\ude00",
            "00e9",
            "\\n",
            "é",
            "😀",
            "\u{1}",
            "9007199254740993",
            "[]",
            "{}",
            "t",
            "\\\"",
        ];
        let mut chance = Chance::new(7);
        let mut taken = 0;
        for _ in 0..100_000 {
            let pieces = 1 + chance.below(9);
            let text: String = (0..pieces)
                .map(|_| PIECES[chance.below(PIECES.len() as u64) as usize])
                .collect();
            same(&text);
            taken += u32::from(read(&text).is_some());
        }
        assert!(taken > 1_000, "only {taken} were JSON");
    }
}
