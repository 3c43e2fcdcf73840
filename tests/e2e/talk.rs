//! What was said, and whether everybody saw all of it once and in order.
//!
//! The one judge of every story. It knows texts and who typed them, and reads
//! pages; it does not know how anything travels. Its figures add up over the
//! run and are printed by the last story.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::correspondent::{Correspondent, Heard};
use crate::page::{Chat, LATER, Row, State};

static SENT: AtomicUsize = AtomicUsize::new(0);
static LOST: AtomicUsize = AtomicUsize::new(0);
static DOUBLED: AtomicUsize = AtomicUsize::new(0);
static DISORDERED: AtomicUsize = AtomicUsize::new(0);

pub(crate) fn summary() -> String {
    format!(
        "e2e: {} messages sent, lost {}, doubled {}, out of order {}",
        SENT.load(Ordering::Relaxed),
        LOST.load(Ordering::Relaxed),
        DOUBLED.load(Ordering::Relaxed),
        DISORDERED.load(Ordering::Relaxed),
    )
}

/// So many of the newest rows are in the document for sure.
const IN_SIGHT: usize = 10;

/// One conversation as a bystander heard it.
#[derive(Default)]
pub(crate) struct Talk {
    said: Mutex<Vec<Said>>,
}

#[derive(Clone)]
struct Said {
    who: String,
    text: String,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Verdict {
    lost: Vec<String>,
    doubled: Vec<String>,
    disordered: Vec<String>,
    foreign: Vec<String>,
}

impl Talk {
    pub(crate) async fn says(&self, person: &Chat, text: &str) {
        self.hears(&person.name, text);
        person.sends(text).await;
    }

    /// The same by somebody without a page; the server's word on it comes later.
    pub(crate) async fn writes(&self, person: &Correspondent, text: &str) {
        self.hears(&person.name, text);
        person.sends(text).await;
    }

    /// Notes what was said in some other way than by typing in a page.
    pub(crate) fn hears(&self, who: &str, text: &str) {
        let mut said = self.said.lock().unwrap();
        assert!(
            said.iter().all(|before| before.text != text),
            "two messages of one talk must differ: {text}"
        );
        said.push(Said {
            who: who.to_owned(),
            text: text.to_owned(),
        });
    }

    /// All texts, in the order in which they were said.
    pub(crate) fn texts(&self) -> Vec<String> {
        let said = self.said.lock().unwrap();
        said.iter().map(|one| one.text.clone()).collect()
    }

    /// Waits until all of it is on every page and proved to its sender, then judges.
    pub(crate) async fn settles(&self, pages: &[&Chat]) {
        self.settles_within(LATER, pages).await;
    }

    pub(crate) async fn settles_within(&self, deadline: Duration, pages: &[&Chat]) {
        let reckoning = self.reckons(deadline, pages, &[]).await;
        if let Some((page, last)) = &reckoning.incomplete {
            pages[*page]
                .fails(&format!(
                    "within {deadline:?} did not see all that was said, delivered; {last}"
                ))
                .await;
        }
        reckoning.asserts();
    }

    /// Waits until all of it is on every page, proved to its sender, and heard
    /// by every witness, or the time is up; then counts. Whoever asks judges.
    pub(crate) async fn reckons(
        &self,
        deadline: Duration,
        pages: &[&Chat],
        witnesses: &[&Correspondent],
    ) -> Reckoning {
        let said = self.said.lock().unwrap().clone();
        let until = Instant::now() + deadline;
        let mut shown = Vec::new();
        let mut incomplete = None;
        for witness in witnesses {
            let all = |heard: &Heard| {
                said.iter()
                    .all(|one| heard.log.values().any(|text| *text == one.text))
            };
            let left = until.saturating_duration_since(Instant::now());
            witness.hears_within(left, all).await;
            shown.push((witness.name.clone(), witness.log()));
        }
        for (place, page) in pages.iter().enumerate() {
            let left = until.saturating_duration_since(Instant::now());
            match self.gathers(left, &said, page).await {
                Ok(texts) => shown.push((page.name.clone(), texts)),
                Err(last) => {
                    let rows = page.looks().await.rows;
                    let texts = rows.into_iter().filter_map(|row| row.text).collect();
                    shown.push((page.name.clone(), texts));
                    incomplete.get_or_insert((place, last));
                }
            }
        }
        let mut reckoning = self.counts(&shown);
        reckoning.incomplete = incomplete;
        reckoning
    }

    /// All texts of one page, oldest first, once it has everything.
    async fn gathers(
        &self,
        deadline: Duration,
        said: &[Said],
        page: &Chat,
    ) -> Result<Vec<String>, String> {
        let wanted: Vec<String> = said.iter().map(|one| one.text.clone()).collect();
        let until = Instant::now() + deadline;
        // Of a long talk only the newest rows are in the document: once the
        // last words are there, the rest is read by scrolling.
        let mut last_words: Vec<&Said> = Vec::new();
        for one in said.iter().rev().take(IN_SIGHT) {
            if last_words.iter().all(|last| last.who != one.who) {
                last_words.push(one);
            }
        }
        let arrived = |state: &State, one: &Said| {
            state
                .row(&one.text)
                .is_some_and(|row| one.who != page.name || row.is_delivered())
        };
        let state = page
            .watches(deadline, |state| {
                state.is_at_bottom()
                    && state.rows.len() > IN_SIGHT + 5
                    && last_words.iter().all(|one| arrived(state, one))
                    || said.iter().all(|one| arrived(state, one))
            })
            .await?;
        let mut rows = state.rows;
        let complete = |rows: &[Row]| {
            said.iter().all(|one| {
                rows.iter().any(|row| {
                    row.text.as_deref() == Some(&one.text)
                        && (one.who != page.name || row.is_delivered())
                })
            })
        };
        while !complete(&rows) {
            rows = page.reads_back(&wanted).await.0;
            if Instant::now() > until {
                break;
            }
        }
        Ok(rows.into_iter().filter_map(|row| row.text).collect())
    }

    /// Judges texts that were read from pages in whatever way.
    pub(crate) fn judges(&self, shown: &[(String, Vec<String>)]) {
        self.counts(shown).asserts();
    }

    fn counts(&self, shown: &[(String, Vec<String>)]) -> Reckoning {
        let said = self.said.lock().unwrap().clone();
        SENT.fetch_add(said.len(), Ordering::Relaxed);
        let mut reckoning = Reckoning {
            said: said.len(),
            ..Reckoning::default()
        };
        for (reader, texts) in shown {
            let reference = shown.first().map_or(texts, |(_, first)| first);
            let verdict = judge(&said, texts, reference);
            reckoning.lost += verdict.lost.len();
            reckoning.doubled += verdict.doubled.len();
            reckoning.disordered += verdict.disordered.len();
            if verdict != Verdict::default() {
                reckoning.faults.push(format!(
                    "on {reader}'s page: {verdict:#?}\nshown: {texts:#?}"
                ));
            }
        }
        LOST.fetch_add(reckoning.lost, Ordering::Relaxed);
        DOUBLED.fetch_add(reckoning.doubled, Ordering::Relaxed);
        DISORDERED.fetch_add(reckoning.disordered, Ordering::Relaxed);
        reckoning
    }
}

/// What came of a talk.
#[derive(Debug, Default)]
pub(crate) struct Reckoning {
    pub(crate) said: usize,
    pub(crate) lost: usize,
    pub(crate) doubled: usize,
    pub(crate) disordered: usize,
    /// In full, for whoever has to find out why.
    pub(crate) faults: Vec<String>,
    /// Which page never had everything, and what it showed last.
    incomplete: Option<(usize, String)>,
}

impl Reckoning {
    pub(crate) fn is_clean(&self) -> bool {
        self.faults.is_empty() && self.incomplete.is_none()
    }

    fn asserts(&self) {
        assert!(self.is_clean(), "{}", self.faults.join("\n"));
    }
}

fn judge(said: &[Said], shown: &[String], reference: &[String]) -> Verdict {
    let mut verdict = Verdict::default();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (place, text) in shown.iter().enumerate() {
        if !said.iter().any(|one| one.text == *text) {
            verdict.foreign.push(text.clone());
        } else if places.contains_key(text.as_str()) {
            verdict.doubled.push(text.clone());
        } else {
            places.insert(text, place);
        }
    }
    let mut newest: HashMap<&str, usize> = HashMap::new();
    for one in said {
        let Some(place) = places.get(one.text.as_str()) else {
            verdict.lost.push(one.text.clone());
            continue;
        };
        let last = newest.entry(one.who.as_str()).or_insert(*place);
        if place < last {
            verdict
                .disordered
                .push(format!("{} by {}", one.text, one.who));
        }
        *last = *place;
    }
    // The same order for everybody: what is before on one page is before on all.
    let mut last = None;
    for text in reference {
        if let Some(place) = places.get(text.as_str()) {
            if last.is_some_and(|last| *place < last) {
                verdict.disordered.push(format!("{text}, elsewhere later"));
            }
            last = Some(*place);
        }
    }
    verdict
}

#[cfg(test)]
fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn the_judge_sees_what_is_lost_doubled_and_out_of_order() {
    let said: Vec<Said> = [("ann", "a"), ("ann", "b"), ("bob", "c"), ("bob", "d")]
        .map(|(who, text)| Said {
            who: who.to_owned(),
            text: text.to_owned(),
        })
        .to_vec();
    let shown = owned(&["b", "a", "c", "c", "x"]);
    let reference = owned(&["c", "a"]);
    let verdict = judge(&said, &shown, &reference);
    assert_eq!(verdict.lost, ["d"]);
    assert_eq!(verdict.doubled, ["c"]);
    assert_eq!(verdict.disordered, ["b by ann", "a, elsewhere later"]);
    assert_eq!(verdict.foreign, ["x"]);
    let fine = owned(&["a", "c", "b", "d"]);
    assert_eq!(judge(&said, &fine, &fine), Verdict::default());
}
