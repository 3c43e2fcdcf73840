//! What must hold after every input, whatever the scenario is about.
//!
//! Invariants of one tab: the replayed rows are the rows; the confirmed stand
//! in order, without a hole that has no gap row, and before what waits; each
//! message is one row; one in flight for each conversation, never said twice
//! on a link; nothing says `queued` before the device has kept it.

use super::*;
use parlance_core::ids::Seq;
use parlance_core::timeline::{Delivery, Queued};

/// A write that takes longer is not waited for.
const SLOW: Duration = Duration::from_secs(2);

/// What is remembered between inputs, to see what must not happen.
#[derive(Default)]
pub(super) struct Watch {
    /// Messages whose write is not answered yet, and when it was asked for.
    unanswered: BTreeMap<String, Instant>,
    /// Handed over on this link and not answered, by conversation.
    flying: BTreeMap<String, String>,
    /// Handed over on this link.
    said: BTreeSet<String>,
}

impl Watch {
    pub(super) fn on_save(
        &mut self,
        now: Instant,
        write: &Write,
        copies: &BTreeMap<ConversationId, Vec<Row>>,
    ) {
        match write {
            Write::Keep(_, record) => {
                let cid = record.client_id.as_str();
                // What is on show already had no storage when it was said.
                let shown = copies.values().flatten().any(|row| match row {
                    Row::Message(item) => {
                        item.client_id.as_ref() == Some(&record.client_id)
                            && !matches!(
                                item.delivery,
                                Some(Delivery::Failed(_) | Delivery::Missing(_))
                            )
                    }
                    Row::Gap(_) => false,
                });
                if !shown {
                    self.unanswered.insert(cid.to_owned(), now);
                }
            }
            Write::Forget(_, cid) => {
                self.unanswered.remove(cid.as_str());
            }
            Write::Wipe(_) => self.unanswered.clear(),
            Write::Unfinished(..) => {}
        }
    }

    pub(super) fn on_saved(&mut self, write: &Write) {
        if let Write::Keep(_, record) = write {
            self.unanswered.remove(record.client_id.as_str());
        }
    }

    pub(super) fn on_send(&mut self, now: Instant, cid: &str, conv: &str) {
        self.forgive_slow(now);
        assert!(
            self.said.insert(cid.to_owned()),
            "{cid} is said twice on one link"
        );
        let before = self.flying.insert(conv.to_owned(), cid.to_owned());
        assert_eq!(before, None, "two in flight in {conv}");
        assert!(
            !self.unanswered.contains_key(cid),
            "{cid} is handed over before it is kept"
        );
    }

    /// The server has stored it, or will not.
    pub(super) fn on_answered(&mut self, cid: &str, refused: bool) {
        self.flying.retain(|_, flying| flying != cid);
        if refused {
            self.said.remove(cid);
        }
    }

    pub(super) fn on_link_gone(&mut self) {
        self.flying.clear();
        self.said.clear();
    }

    fn forgive_slow(&mut self, now: Instant) {
        self.unanswered.retain(|_, at| now.since(*at) < SLOW);
    }
}

impl Rig {
    pub(super) fn check(&mut self) {
        self.watch.forgive_slow(self.now);
        assert_eq!(
            self.told.status.unwrap_or(Status::Idle),
            self.session.status(),
            "the page was told another status"
        );
        let ids: Vec<ConversationId> = self.copies.keys().cloned().collect();
        for id in ids {
            self.check_rows(&id);
        }
        assert!(self.session.outbox().entries().count() <= 500);
    }

    fn check_rows(&self, id: &ConversationId) {
        let copy = &self.copies[id];
        let Some(conversation) = self.session.conversation(id) else {
            assert!(copy.is_empty(), "rows of {id} are left behind: {copy:#?}");
            return;
        };
        assert!(
            copy.iter().eq(conversation.timeline.rows()),
            "the replayed rows differ:\n{copy:#?}\n{:#?}",
            conversation.timeline
        );
        assert!(conversation.early_len() <= 512);
        let confirmed = conversation.timeline.confirmed_len();
        let mut keys = BTreeSet::new();
        let mut cids = BTreeSet::new();
        let mut last = Seq(0);
        for (index, row) in copy.iter().enumerate() {
            assert!(keys.insert(row.key()), "two rows of one key");
            match row {
                Row::Gap(gap) => {
                    assert!(index < confirmed && gap.first > last && gap.last >= gap.first);
                    last = gap.last;
                }
                Row::Message(item) => {
                    if let Some(cid) = &item.client_id {
                        assert!(
                            cids.insert(cid.clone()),
                            "two rows of {cid:?}: {}",
                            self.picture(id)
                        );
                    }
                    if let Some(seq) = item.seq {
                        assert!(seq > last, "{seq} after {last}: {}", self.picture(id));
                        if index < confirmed {
                            last = seq;
                        }
                    } else if let Some(Delivery::Missing(after)) = item.delivery {
                        assert!(index < confirmed && after == last, "not where it was");
                    } else {
                        assert!(index >= confirmed, "confirmed without a place");
                    }
                    if let (Some(Delivery::Queued(waits)), Some(cid)) =
                        (&item.delivery, &item.client_id)
                    {
                        // What asks goes nowhere while its new words are kept.
                        assert!(
                            *waits == Queued::Consent
                                || !self.watch.unanswered.contains_key(cid.as_str()),
                            "{:?} says queued before it is kept",
                            item.content.text()
                        );
                    }
                }
            }
        }
    }
}
