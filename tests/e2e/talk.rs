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
        let said = self.said.lock().unwrap().clone();
        let wanted: Vec<String> = said.iter().map(|one| one.text.clone()).collect();
        let until = Instant::now() + deadline;
        let mut shown = Vec::new();
        for page in pages {
            // Of a long talk only the newest rows are in the document: once the
            // last words of everybody are there, the rest is read by scrolling.
            let last_words: Vec<&Said> = said
                .iter()
                .enumerate()
                .filter(|(place, one)| said[place + 1..].iter().all(|later| later.who != one.who))
                .map(|(_, one)| one)
                .collect();
            let arrived = |state: &State, one: &Said| {
                state
                    .row(&one.text)
                    .is_some_and(|row| one.who != page.name || row.is_delivered())
            };
            let state = page
                .sees_within(deadline, "all that was said, delivered", |state| {
                    said.iter().all(|one| arrived(state, one))
                        || state.is_at_bottom()
                            && state.rows.len() > 15
                            && last_words.iter().all(|one| arrived(state, one))
                })
                .await;
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
            shown.push((
                page.name.clone(),
                rows.into_iter().filter_map(|row| row.text).collect(),
            ));
        }
        self.judges(&shown);
    }

    /// Judges texts that were read from pages in whatever way.
    pub(crate) fn judges(&self, shown: &[(String, Vec<String>)]) {
        let said = self.said.lock().unwrap().clone();
        SENT.fetch_add(said.len(), Ordering::Relaxed);
        let mut faults = Vec::new();
        for (reader, texts) in shown {
            let reference = shown.first().map_or(texts, |(_, first)| first);
            let verdict = judge(&said, texts, reference);
            LOST.fetch_add(verdict.lost.len(), Ordering::Relaxed);
            DOUBLED.fetch_add(verdict.doubled.len(), Ordering::Relaxed);
            DISORDERED.fetch_add(verdict.disordered.len(), Ordering::Relaxed);
            if verdict != Verdict::default() {
                faults.push(format!(
                    "on {reader}'s page: {verdict:#?}\nshown: {texts:#?}"
                ));
            }
        }
        assert!(faults.is_empty(), "{}", faults.join("\n"));
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
