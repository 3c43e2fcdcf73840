//! P11: what of mine was shown as stored is, after a restore, in the log, or
//! offered where it stood as soon as that can be known, or given up by the
//! person; and nothing is offered that the log has.
//!
//! Knows the logs of all epochs. Checks only pages that a restore has reached.

use std::collections::{BTreeMap, BTreeSet};

use parlance_core::ids::{ConversationId, ItemKey};
use parlance_core::timeline::{Row, Side};

use super::rows::is_missing;
use super::tally::Premise;
use super::{Check, Fate, Sim, violation};

/// What of mine was shown as stored in a conversation.
#[derive(Default)]
pub(crate) struct Proved {
    /// Whose page it is.
    me: Option<String>,
    /// Number and time by client id, as shown last.
    rows: BTreeMap<String, (u64, i64)>,
    /// A log has been forgotten since.
    renewed: bool,
    /// Client ids that were offered at the last look.
    offered: BTreeSet<String>,
}

impl Proved {
    pub(super) const fn on_reset(&mut self) {
        self.renewed = true;
    }
}

impl Sim {
    /// After each look at a conversation.
    pub(super) fn check_restored(&mut self, at: usize, id: &ConversationId) -> Check {
        let tab = &mut self.tabs[at];
        let (Some(session), Some(view)) = (&tab.session, tab.views.get_mut(id)) else {
            return Ok(());
        };
        let proved = &mut view.proved;
        if proved.me != tab.told.me {
            *proved = Proved {
                me: tab.told.me.clone(),
                ..Proved::default()
            };
        }
        let mut shown = BTreeSet::new();
        let mut offered = BTreeSet::new();
        let mut numbers = BTreeSet::new();
        for row in &view.rows {
            let Row::Message(item) = row else { continue };
            let client_id = item.client_id.as_ref().map_or("", |it| it.as_str());
            if let Some(seq) = item.seq {
                numbers.insert(seq.0);
                if item.side == Side::Mine && !client_id.is_empty() {
                    let when = item.at.unwrap_or_default().0;
                    proved.rows.insert(client_id.to_owned(), (seq.0, when));
                }
            }
            if item.side == Side::Mine {
                shown.insert(client_id);
            }
            if is_missing(item) {
                offered.insert(client_id.to_owned());
            }
        }
        if !proved.renewed {
            return Ok(());
        }
        let (name, epoch) = (id.to_string(), tab.told.epoch);
        let me = proved.me.as_deref().unwrap_or_default();
        let covers = |from: u64, to: u64| (from..=to).all(|seq| numbers.contains(&seq));
        let last = numbers.last().copied().unwrap_or_default();
        for client_id in &offered {
            let Some(seq) = self.server.place_in(epoch, &name, me, client_id) else {
                continue;
            };
            // Said again elsewhere: this page will hear of it.
            self.tally.met(Premise::OfferedAndStored);
            let fresh = !proved.offered.contains(client_id);
            if covers(seq, seq) || (fresh && seq <= last) {
                let what = format!("tab {at}, {id}: {client_id} is in the log, at {seq}");
                return violation("P11 only what is lost", what);
            }
        }
        proved.offered = offered;
        let Some(conversation) = session.conversation(id) else {
            return Ok(());
        };
        let ended = conversation.is_loaded() && !conversation.is_behind();
        let log = self.server.log(epoch, &name);
        for (client_id, (seq, when)) in &proved.rows {
            let client = client_id.as_str();
            let unsent = || {
                let mut entries = session.outbox().entries();
                entries.any(|it| it.draft.client_id.as_str() == client)
            };
            let given_up = || {
                let mut said = self.said.iter();
                self.waived.iter().any(|it| it == client)
                    || said.any(|it| it.client_id == client && it.fate == Fate::Waived)
            };
            if shown.contains(client) || unsent() || given_up() {
                continue;
            }
            if let Some(stored) = self.server.place_in(epoch, &name, me, client) {
                if covers(stored, stored) {
                    let what = format!("tab {at}, {id}: {client} is at {stored} and not shown");
                    return violation("P11 no silent loss", what);
                }
                continue;
            }
            // The log lacks it. From where it would stand up to the end, and
            // under its old number, everything has to be here.
            let before = log.iter().filter(|it| it.at < *when).count() as u64;
            let known = ended
                && covers(before.max(1), last)
                && (before == 0 || last >= before)
                && (*seq > last || covers(*seq, *seq));
            if known {
                let what = format!("tab {at}, {id}: {client}, once at {seq}, is nowhere");
                return violation("P11 no silent loss", what);
            }
            self.tally.met(Premise::NotYetOffered);
        }
        Ok(())
    }

    /// The client id of a row that the server lacks.
    pub(super) fn lacking(&self, at: usize, id: &ConversationId, key: ItemKey) -> Option<String> {
        let mut rows = self.tabs[at].views.get(id)?.rows.iter();
        rows.find_map(|row| match row {
            Row::Message(item) if item.key == key && is_missing(item) => {
                Some(item.client_id.as_ref()?.as_str().to_owned())
            }
            Row::Message(_) | Row::Gap(_) => None,
        })
    }
}
