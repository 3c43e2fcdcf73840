//! What must hold: after every input of what it touched, and in the end of all.
//!
//! Knows no faults: only what was said, what the backend has and what is shown.

use std::collections::{BTreeMap, BTreeSet};

use parlance_core::ids::{ConversationId, Seq};
use parlance_core::session::Durability;
use parlance_core::timeline::{Delivery, Row, Side};

use super::{Backend, Lab};

/// "0/0/0", with how much it is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Score {
    /// Messages that the backend has.
    pub(crate) stored: u64,
    /// Promised to the person and not on the backend; or there and not shown.
    pub(crate) lost: u64,
    /// Stored or shown twice.
    pub(crate) twice: u64,
    /// Shown in another order than the log's, or stored in another than mine.
    pub(crate) disorder: u64,
}

impl Score {
    pub(crate) fn add(&mut self, other: Self) {
        self.stored += other.stored;
        self.lost += other.lost;
        self.twice += other.twice;
        self.disorder += other.disorder;
    }

    pub(crate) fn is_clean(&self) -> bool {
        (self.lost, self.twice, self.disorder) == (0, 0, 0)
    }

    /// For the figure: how many messages, and the three.
    pub(crate) fn words(&self) -> String {
        format!(
            "{}/{}/{} of {} messages",
            self.lost, self.twice, self.disorder, self.stored
        )
    }
}

impl<B: Backend> Lab<B> {
    /// The rows of a conversation after they changed (I2, I3, I4, I14).
    pub(super) fn check(&mut self, id: &ConversationId) {
        let mut promised = Vec::new();
        let mut ticked = Vec::new();
        let kept = self
            .seen
            .durability
            .last()
            .is_none_or(|it| *it == Durability::Kept);
        let rows = self.rows(id);
        // Long logs are looked at in whole now and then only.
        let from = if rows.len() > 200 && !self.seen.inputs.is_multiple_of(64) {
            rows.len() - 100
        } else {
            0
        };
        let mut keys = BTreeSet::new();
        let mut ids = BTreeSet::new();
        let mut last = Seq(0);
        let mut waiting = false;
        for row in &rows[from..] {
            assert!(keys.insert(row.key()), "two rows of one key");
            match row {
                Row::Gap(gap) => {
                    assert!(gap.first > last && gap.last >= gap.first, "I3: {gap:?}");
                    last = gap.last;
                }
                Row::Message(item) => {
                    if let Some(client_id) = &item.client_id {
                        assert!(ids.insert(client_id), "I2: two rows of {client_id:?}");
                    }
                    let confirmed =
                        matches!(item.delivery, None | Some(Delivery::Sent | Delivery::Read));
                    match item.seq {
                        Some(seq) if confirmed => {
                            assert!(seq > last || waiting, "I3: {seq} after {last}");
                            last = last.max(seq);
                        }
                        // In the place that it had in a log that is gone.
                        _ if matches!(item.delivery, Some(Delivery::Missing(_))) => {}
                        _ => waiting |= item.side == Side::Mine,
                    }
                    // One tick, and it stays.
                    let text = item.content.text();
                    if item.delivery == Some(Delivery::Sent) {
                        ticked.push(text.to_owned());
                    } else if matches!(
                        item.delivery,
                        Some(Delivery::Queued(_) | Delivery::Sending | Delivery::Unknown)
                    ) {
                        let before = self.seen.ticked.contains(text);
                        assert!(!before, "I4: {text:?} was sent and is not any more");
                    }
                    if kept && item.side == Side::Mine {
                        promised.push(item.content.text().to_owned());
                    }
                }
            }
        }
        self.promised.extend(promised);
        self.seen.ticked.extend(ticked);
    }

    /// What is lost, doubled or out of order now. Only for a page that has had
    /// time to settle and shows all of its log.
    pub(crate) fn score(&self) -> Score {
        let log: Vec<String> = self.backend.log().into_iter().map(|(_, it)| it).collect();
        let shown: Vec<&str> = self.items().iter().map(|it| it.content.text()).collect();
        let mut score = Score {
            stored: log.len() as u64,
            ..Score::default()
        };
        let stored = counts(log.iter().map(String::as_str));
        let on_show = counts(shown.iter().copied());
        let waived = |text: &str| self.waived.contains(text);
        for text in &self.promised {
            // One that says so itself is not lost: the person decides.
            let decides = matches!(
                self.delivery_of(text),
                Some("unknown" | "failed" | "unconfirmed")
            );
            if !stored.contains_key(text.as_str()) && !waived(text) && !decides {
                score.lost += 1;
            }
        }
        for text in stored.keys() {
            if !on_show.contains_key(text) && self.gaps() == 0 {
                score.lost += 1;
            }
        }
        let more = |counts: &BTreeMap<&str, u64>| counts.values().map(|it| it - 1).sum::<u64>();
        score.twice = more(&stored) + more(&on_show);
        // In the order of the log: places only go up.
        let places: BTreeMap<&str, usize> = log
            .iter()
            .enumerate()
            .map(|(at, it)| (it.as_str(), at))
            .collect();
        score.disorder += falls(shown.iter().filter_map(|text| places.get(text).copied()));
        // Mine are stored in the order of saying (I5).
        let mine = self.said.iter().filter(|text| !waived(text));
        score.disorder += falls(mine.filter_map(|text| places.get(text.as_str()).copied()));
        score
    }

    /// Everything heals, a minute passes, and the page is settled.
    pub(crate) fn settles(&mut self) -> Score {
        self.heals();
        self.pass(60_000);
        if self.gaps() > 0 || !self.seen.history.oldest_known {
            self.reads_everything();
        }
        self.score()
    }
}

fn counts<'a>(texts: impl Iterator<Item = &'a str>) -> BTreeMap<&'a str, u64> {
    let mut counts = BTreeMap::new();
    for text in texts {
        *counts.entry(text).or_default() += 1;
    }
    counts
}

/// How often a sequence goes down.
fn falls(places: impl Iterator<Item = usize>) -> u64 {
    let places: Vec<usize> = places.collect();
    let falls = places.windows(2).filter(|pair| pair[0] > pair[1]);
    falls.count() as u64
}

#[cfg(test)]
mod tests {
    use crate::faults::native::online;

    #[test]
    fn the_score_sees_a_loss_a_double_and_a_disorder() {
        let lab = || {
            let mut lab = online(1);
            lab.says("one");
            lab.bob_says("two");
            lab.says("three");
            assert!(lab.settles().is_clean());
            lab
        };
        let mut lost = lab();
        lost.backend.messages.retain(|it| it.text != "one");
        assert_eq!(lost.score().lost, 1);
        let mut unseen = lab();
        unseen.backend.has(1);
        assert_eq!(unseen.score().lost, 1);
        let mut twice = lab();
        let one = twice
            .backend
            .messages
            .iter_mut()
            .find(|it| it.text == "one");
        one.expect("it was stored").text = "three".to_owned();
        assert_eq!((twice.score().twice, twice.score().lost), (1, 1));
        let mut disorder = lab();
        disorder.backend.messages.swap(5, 7);
        assert!(disorder.score().disorder > 0);
    }
}
