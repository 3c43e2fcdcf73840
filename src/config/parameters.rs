//! Parameters as text, from each of their sources.
//!
//! Knows the names and how each source writes a value; what a value means is
//! for whoever types it.

use parlance_core::json;
use serde_json::{Map, Value};

use super::problem::{Problem, Should};

/// Every name. Others are somebody else's and are left alone. The shell has the
/// same list.
pub(super) const NAMES: [&str; 20] = [
    "dialect",
    "ws",
    "api",
    "upload",
    "token",
    "role",
    "uid",
    "name",
    "avatar",
    "password",
    "login",
    "room",
    "to",
    "to_name",
    "to_avatar",
    "chat",
    "stream",
    "lang",
    "theme",
    "embed",
];

/// What must not stay in the address bar.
const SECRETS: [&str; 2] = ["token", "password"];

/// Who I am, as told at the launch.
const IDENTITY: [&str; 7] = [
    "token", "password", "uid", "name", "avatar", "login", "role",
];

/// What a web-view's host may leave at the end of a fragment.
const HOST_MARK: &str = "wechat_redirect";

/// Parameters by name. An empty value is none.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Parameters([Option<String>; NAMES.len()]);

impl std::fmt::Debug for Parameters {
    /// Names only: values may be secret.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = self.pairs().map(|(name, _)| name);
        formatter.debug_set().entries(names).finish()
    }
}

impl Parameters {
    /// Reads a query, with or without its question mark.
    pub fn from_query(text: &str) -> Self {
        let mut read = Self::default();
        for pair in text.strip_prefix('?').unwrap_or(text).split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode(name, Plus::IsSpace);
            // A plus in a credential is a plus: it is base64 as often as not,
            // and a credential holds no spaces.
            let plus = if SECRETS.contains(&name.as_str()) {
                Plus::IsPlus
            } else {
                Plus::IsSpace
            };
            read.set(&name, decode(value, plus));
        }
        read
    }

    /// Reads a fragment, with or without its hash sign.
    pub fn from_fragment(text: &str) -> Self {
        let text = text.strip_prefix('#').unwrap_or(text);
        let text = text.strip_suffix(HOST_MARK).map_or(text, |rest| {
            rest.strip_suffix(['#', '&', '?']).unwrap_or(rest)
        });
        Self::from_query(text)
    }

    /// Reads the file: a JSON object with the same names.
    pub fn from_file(text: &str) -> Result<Self, Problem> {
        let problem = |name: &str, should| Problem {
            parameter: name.to_owned(),
            should,
        };
        // An editor may have put a byte order mark before it.
        let text = text.trim_start_matches('\u{feff}');
        let Some(Value::Object(object)) = json::read(text) else {
            return Err(problem(FILE, Should::BeAJsonObject));
        };
        let mut read = Self::default();
        for (name, value) in object {
            let text = match value {
                Value::Null => continue,
                Value::Bool(yes) => if yes { "1" } else { "0" }.to_owned(),
                Value::Number(number) => number.as_str().to_owned(),
                Value::String(text) => text,
                Value::Object(_) if name == "login" => json::write(&value),
                Value::Object(_) | Value::Array(_) => {
                    return Err(problem(&format!("{FILE}: {name}"), Should::BeText));
                }
            };
            read.set(&name, text);
        }
        Ok(read)
    }

    /// Reads what [`kept`](Self::kept) wrote.
    pub fn from_kept(kept: Map<String, Value>) -> Self {
        let mut read = Self::default();
        for (name, value) in kept {
            if let Value::String(text) = value {
                read.set(&name, text);
            }
        }
        read
    }

    /// As they are kept by a tab.
    pub fn kept(&self) -> Map<String, Value> {
        let mut kept = Map::new();
        for (name, value) in self.pairs() {
            kept.insert(name.to_owned(), Value::String(value.to_owned()));
        }
        kept
    }

    /// The value of this name, if it has one.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.pairs()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    /// These, and over them the later ones.
    #[must_use]
    pub fn then(mut self, later: &Self) -> Self {
        for (name, value) in later.pairs() {
            self.set(name, value.to_owned());
        }
        self
    }

    /// Only what is secret.
    #[must_use]
    pub fn secrets(&self) -> Self {
        self.only(&SECRETS)
    }

    /// Only what says who I am.
    #[must_use]
    pub fn identity(&self) -> Self {
        self.only(&IDENTITY)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.pairs().next().is_none()
    }

    fn only(&self, names: &[&str]) -> Self {
        let mut named = Self::default();
        for (name, value) in self.pairs().filter(|(name, _)| names.contains(name)) {
            named.set(name, value.to_owned());
        }
        named
    }

    fn pairs(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let values = self.0.iter().map(Option::as_deref);
        let pairs = NAMES.into_iter().zip(values);
        pairs.filter_map(|(name, value)| Some((name, value?)))
    }

    /// Of one source the last of a name counts.
    fn set(&mut self, name: &str, value: String) {
        let place = NAMES.iter().position(|known| *known == name);
        let place = place.and_then(|place| self.0.get_mut(place));
        if let Some(place) = place.filter(|_| !value.is_empty()) {
            *place = Some(value);
        }
    }
}

/// The file next to index.html.
pub const FILE: &str = "parlance.json";

/// The query without what is secret: what may stay in the address bar.
pub fn without_secrets(query: &str) -> String {
    let pairs: Vec<_> = query
        .strip_prefix('?')
        .unwrap_or(query)
        .split('&')
        .filter(|pair| {
            let name = pair.split_once('=').map_or(*pair, |(name, _)| name);
            !pair.is_empty() && !SECRETS.contains(&decode(name, Plus::IsSpace).as_str())
        })
        .collect();
    if pairs.is_empty() {
        String::new()
    } else {
        format!("?{}", pairs.join("&"))
    }
}

#[derive(Clone, Copy)]
enum Plus {
    IsSpace,
    IsPlus,
}

/// As browsers do: what is no escape stays as it is, what is no UTF-8 is replaced.
fn decode(text: &str, plus: Plus) -> String {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let escaped = match after {
            [high, low, ..] if byte == b'%' => hex(*high).zip(hex(*low)),
            _ => None,
        };
        match (escaped, plus) {
            (Some((high, low)), _) => {
                decoded.push(high << 4 | low);
                rest = after.get(2..).unwrap_or_default();
                continue;
            }
            (None, Plus::IsSpace) if byte == b'+' => decoded.push(b' '),
            (None, Plus::IsSpace | Plus::IsPlus) => decoded.push(byte),
        }
        rest = after;
    }
    String::from_utf8(decoded)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}
