//! What the page says, in the reader's language. Plurals, times and dates are
//! the browser's own `Intl`.
//!
//! A program in dist/ has no words of its own: the shell has fetched those of
//! one language and started the program with them. One that is built for a
//! quick look has every language inside. Knows no component.

use js_sys::{Array, Date, Function, Intl, Object, Reflect};
use parlance_core::text::{cut, replaced};
use parlance_core::time::UnixMillis;
pub use parlance_words::{Plural, Words};
use wasm_bindgen::{JsCast as _, JsValue};

/// Where the shell's script puts the words that it has fetched.
const GIVEN: &str = "parlanceWords";

/// The language that the page speaks, with its formats. Made once, and there
/// as long as the page.
#[derive(Clone, Copy)]
pub struct Language {
    /// Every sentence.
    pub words: &'static Words,
    formats: &'static Formats,
}

struct Formats {
    plural: Intl::PluralRules,
    number: Function,
    time: Function,
    exact_time: Function,
    day: Function,
    day_with_year: Function,
    short_day: Function,
    full: Function,
}

impl Language {
    /// The [`words`] with the formats of the place.
    ///
    /// # Panics
    /// Where there are no words at all: the shell starts no such program.
    pub fn choose(wanted: Option<&str>, browsers: &[String]) -> Self {
        let words = words(wanted, browsers);
        // The region decides on 24 hours and the order of a date. Only the
        // browser's own tags are handed on: it throws on what is not a tag.
        let region = browsers.iter().find(|tag| speaks(words, tag));
        let locale = match (wanted, region) {
            (None, Some(tag)) => tag.as_str(),
            (Some(_) | None, _) => words.tag(),
        };
        Self {
            words,
            formats: Box::leak(Box::new(Formats::new(locale))),
        }
    }

    /// How late it was: hours and minutes.
    pub fn time(self, at: UnixMillis) -> String {
        call(&self.formats.time, &date(at))
    }

    /// The same with its seconds.
    pub fn exact_time(self, at: UnixMillis) -> String {
        call(&self.formats.exact_time, &date(at))
    }

    /// Day and time, for a tooltip.
    pub fn full(self, at: UnixMillis) -> String {
        call(&self.formats.full, &date(at))
    }

    /// A whole day for a line between days; with its year where `newest` is of
    /// another one. Never "today": that would be the device's clock speaking.
    pub fn day(self, at: UnixMillis, newest: Option<UnixMillis>) -> String {
        let year = |at: UnixMillis| date(at).get_full_year();
        let format = if newest.is_none_or(|newest| year(newest) == year(at)) {
            &self.formats.day
        } else {
            &self.formats.day_with_year
        };
        call(format, &date(at))
    }

    /// A day in a few characters, for the conversation list.
    pub fn short_day(self, at: UnixMillis) -> String {
        call(&self.formats.short_day, &date(at))
    }

    /// A number with its words in the right plural.
    pub fn count(self, plural: Plural, count: u64) -> String {
        let category = self.formats.plural.select(count as f64).as_string();
        let sentence = match category.as_deref() {
            Some("one") => plural.one,
            Some(_) | None => plural.other,
        };
        let number = call(&self.formats.number, &JsValue::from_f64(count as f64));
        fill(sentence, &number)
    }
}

/// The sentence with `value` in its place.
pub fn fill(sentence: &str, value: &str) -> String {
    replaced(sentence, "{}", value)
}

/// Which local day this was: a number that differs from day to day.
pub fn local_day(at: UnixMillis) -> i64 {
    let minutes = date(at).get_timezone_offset() as i64;
    (at.0 - minutes * 60_000).div_euclid(86_400_000)
}

/// The time as machines read it, for `<time datetime>`.
pub fn machine_time(at: UnixMillis) -> String {
    String::from(date(at).to_iso_string())
}

/// What the shell has chosen; else the best that there is for `wanted` (a
/// launch parameter), else for the browser's own languages, which are listed
/// best first.
///
/// # Panics
/// Where there are none at all: the shell starts no such program.
pub fn words(wanted: Option<&str>, browsers: &[String]) -> &'static Words {
    match given().or_else(|| inside(wanted, browsers)) {
        Some(words) => words,
        None => panic!("a page without words"),
    }
}

/// The words that the shell has fetched, made once and there as long as the page.
fn given() -> Option<&'static Words> {
    let text = Reflect::get(&js_sys::global(), &GIVEN.into()).ok()?;
    let mut rest: &'static str = text.as_string()?.leak();
    let words = Words::new(&mut || {
        let (line, after) = cut(rest, "\n").unwrap_or((rest, ""));
        rest = after;
        line
    });
    Some(Box::leak(Box::new(words)))
}

#[cfg(feature = "languages")]
fn inside(wanted: Option<&str>, browsers: &[String]) -> Option<&'static Words> {
    let mut tags = wanted
        .into_iter()
        .chain(browsers.iter().map(String::as_str));
    let all = parlance_words::LANGUAGES.map(|language| language.words());
    let chosen = tags.find_map(|tag| all.iter().find(|words| speaks(words, tag)));
    let words = chosen.or_else(|| all.first())?.clone();
    Some(Box::leak(Box::new(words)))
}

#[cfg(not(feature = "languages"))]
fn inside(_: Option<&str>, _: &[String]) -> Option<&'static Words> {
    None
}

/// Whether these are words of the language that the tag names.
fn speaks(words: &Words, tag: &str) -> bool {
    let language = |tag: &'_ str| tag.split(['-', '_']).next().unwrap_or_default().to_owned();
    language(tag).eq_ignore_ascii_case(&language(words.tag()))
}

/// Out of range, a date is invalid and its formats throw; 8.64e15 is the range.
fn date(at: UnixMillis) -> Date {
    let millis = at.0.clamp(-8_640_000_000_000_000, 8_640_000_000_000_000);
    Date::new(&JsValue::from_f64(millis as f64))
}

fn call(format: &Function, value: &JsValue) -> String {
    format
        .call1(&JsValue::UNDEFINED, value)
        .ok()
        .and_then(|text| text.as_string())
        .unwrap_or_default()
}

impl Formats {
    fn new(locale: &str) -> Self {
        let locales = Array::of1(&locale.into());
        let dates = |options: &[(&str, &str)]| {
            Intl::DateTimeFormat::new(&locales, &object(options)).format()
        };
        Self {
            plural: Intl::PluralRules::new(&locales, &Object::new()),
            number: Intl::NumberFormat::new(&locales, &Object::new()).format(),
            time: dates(&[("hour", "numeric"), ("minute", "2-digit")]),
            exact_time: dates(&[("timeStyle", "medium")]),
            day: dates(&[("weekday", "long"), ("day", "numeric"), ("month", "long")]),
            day_with_year: dates(&[("day", "numeric"), ("month", "long"), ("year", "numeric")]),
            short_day: dates(&[("day", "numeric"), ("month", "short")]),
            full: dates(&[("dateStyle", "full"), ("timeStyle", "medium")]),
        }
    }
}

fn object(entries: &[(&str, &str)]) -> Object {
    let object = Object::new();
    for (name, value) in entries {
        // Cannot fail: the object is a plain one, made above.
        let _ = Reflect::set(&object, &(*name).into(), &(*value).into());
    }
    object.unchecked_into()
}
