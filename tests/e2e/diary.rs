//! What a page did and showed, and when, by its own clock: see
//! `script/diary.js`. Measured so, a busy test program makes nothing look late.
//!
//! Knows no promises: a row of the fault matrix compares.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde_json::Value;

use crate::page::Chat;

/// Milliseconds since 1970, the same on the pages and here.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, PartialOrd)]
pub(crate) struct Moment(f64);

impl Moment {
    pub(crate) fn now() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        Self(now.expect("after 1970").as_secs_f64() * 1000.0)
    }

    /// Nothing, if it was not after.
    pub(crate) fn since(self, earlier: Self) -> Duration {
        Duration::from_secs_f64(((self.0 - earlier.0) / 1000.0).max(0.0))
    }

    pub(crate) fn after(self, more: Duration) -> Self {
        Self(self.0 + more.as_secs_f64() * 1000.0)
    }
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Note {
    pub(crate) at: Moment,
    pub(crate) what: String,
    pub(crate) is: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Diary {
    pub(crate) notes: Vec<Note>,
    /// By text: when the row was first seen in each state.
    rows: HashMap<String, HashMap<String, Moment>>,
}

impl Diary {
    pub(crate) async fn of(person: &Chat) -> Self {
        let read = "return { notes: __diary.notes, rows: __diary.rows }";
        let read = person.browser.execute(read, vec![]).await;
        serde_json::from_value(read).expect("a diary")
    }

    /// The notes of this kind from then on.
    pub(crate) fn since<'a>(
        &'a self,
        from: Moment,
        what: &'a str,
    ) -> impl Iterator<Item = &'a Note> {
        let notes = self.notes.iter();
        notes.filter(move |note| note.what == what && note.at >= from)
    }

    pub(crate) fn count(&self, from: Moment, what: &str) -> usize {
        self.since(from, what).count()
    }

    /// When this was first noted from then on, or the whole diary as the fault.
    pub(crate) fn first(&self, from: Moment, what: &str) -> Moment {
        let found = self.since(from, what).next().map(|note| note.at);
        found.unwrap_or_else(|| panic!("no {what:?} since {from:?}: {:#?}", self.notes))
    }

    /// When the page first said this of itself from then on.
    pub(crate) fn first_status(&self, from: Moment, status: &str) -> Moment {
        let mut said = self.since(from, "status");
        let found = said.find(|note| note.is.as_deref() == Some(status));
        found
            .unwrap_or_else(|| panic!("never {status} since {from:?}: {:#?}", self.notes))
            .at
    }

    /// When the page first said anything else of itself than this.
    pub(crate) fn first_other_status(&self, from: Moment, status: &str) -> Moment {
        let mut said = self.since(from, "status");
        let found = said.find(|note| note.is.as_deref() != Some(status));
        found
            .unwrap_or_else(|| panic!("always {status} since {from:?}: {:#?}", self.notes))
            .at
    }

    /// What the banner said from then on, in order.
    pub(crate) fn banners(&self, from: Moment) -> Vec<String> {
        self.since(from, "banner")
            .filter_map(|note| note.is.clone())
            .collect()
    }

    /// When a row with this text was first seen like this: `shown`, or a word of
    /// `data-delivery`.
    pub(crate) fn row(&self, text: &str, state: &str) -> Option<Moment> {
        self.rows.get(text)?.get(state).copied()
    }
}

/// Forgets nothing, but watches no rows from now on: for floods.
pub(crate) async fn watches_no_rows(person: &Chat) {
    let off = person
        .browser
        .execute("__diary.watchesRows = false", vec![]);
    assert_eq!(off.await, Value::Null);
}
