//! What must hold of a tab after each input, beside its rows.
//!
//! Knows nothing of what the input was.

use parlance_core::conversation::MOST_BUFFERED;
use parlance_core::dialect::native::wire;
use parlance_core::ids::ConversationId;
use parlance_core::outbox::{MOST_ENTRIES, State};
use parlance_core::{Session, Status};

use super::server::number_of;
use super::tally::Premise;
use super::{Check, Sim, violation};

impl Sim {
    pub(super) fn check_tab(&mut self, at: usize) -> Check {
        let mut changed = std::mem::take(&mut self.tabs[at].told.changed);
        for id in changed.drain(..) {
            self.check_view(at, &id)?;
        }
        let tab = &mut self.tabs[at];
        tab.told.changed = changed;
        let Some(session) = &tab.session else {
            return Ok(());
        };
        let open = matches!(tab.link, Some((_, true)));
        if session.status() == Status::Online && !open {
            return violation("I8 one live link", format!("tab {at} is online on none"));
        }
        for view in tab.views.keys() {
            let early = session
                .conversation(view)
                .map_or(0, parlance_core::conversation::Conversation::early_len);
            if early > 0 {
                self.tally.met(Premise::EarlyBuffered);
            }
            if early > MOST_BUFFERED {
                return violation("I12 bounded memory", format!("{early} wait in {view}"));
            }
        }
        let unsent = session.outbox().entries().count();
        // What the device gives back is never refused.
        if unsent > MOST_ENTRIES + tab.loaded {
            return violation("I12 bounded memory", format!("{unsent} unsent"));
        }
        if tab.told.outbox_full {
            self.tally.met(Premise::FullOutbox);
            if unsent < MOST_ENTRIES {
                return violation("I12 bounded memory", format!("full at {unsent}"));
            }
        }
        let (wedged, free) = wedges(session);
        if wedged > 0 {
            self.tally.met(Premise::Wedge);
            if free > 0 {
                self.tally.met(Premise::OthersGoOnBesideWedge);
            }
        }
        Ok(())
    }

    /// Nothing is handed over past what waits for somebody's decision.
    pub(super) fn check_above(&self, at: usize, client_id: &str) -> Check {
        let Some(session) = &self.tabs[at].session else {
            return Ok(());
        };
        let mut undecided = Vec::new();
        for entry in session.outbox().entries() {
            let draft = &entry.draft;
            if draft.client_id.as_str() == client_id && undecided.contains(&&draft.conversation) {
                let what = format!("tab {at}: {:?} goes past it", draft.content);
                return violation("I5 nothing passes what is refused", what);
            }
            // What the device gave too late may find others on their way.
            let number = number_of(draft.content.text()).unwrap_or_default();
            let late = self.server.unordered.contains(&number);
            if !late && matches!(entry.state, State::Wedged(_) | State::Asking) {
                undecided.push(&draft.conversation);
            }
        }
        Ok(())
    }

    /// A cursor is one value: the last row of the log that it names.
    pub(super) fn check_hello(&mut self, at: usize, text: &str) -> Check {
        let tab = &self.tabs[at];
        let Ok(wire::Client::Hello { cursors, .. }) = serde_json::from_str(text) else {
            return violation("the client's words", text.to_owned());
        };
        for cursor in cursors {
            self.tally.met(Premise::CursorInHello);
            let id = ConversationId::parse(&cursor.conv);
            let view = id.and_then(|id| tab.views.get(&id));
            let last = view.and_then(|view| view.confirmed.last());
            let last = last.map_or(0, |(seq, _)| *seq);
            if cursor.epoch != format!("e{}", tab.told.epoch) || cursor.seq != last {
                let what = format!("{cursor:?}, shown up to {last} of e{}", tab.told.epoch);
                return violation("I7 the cursor skips nothing", what);
            }
        }
        if tab.told.epoch > 1 {
            self.tally.met(Premise::NewEpoch);
        }
        Ok(())
    }
}

/// Conversations that a refusal blocks, and others with something on its way.
fn wedges(session: &Session) -> (usize, usize) {
    let mut blocked = Vec::new();
    let mut free = 0;
    for entry in session.outbox().entries() {
        match entry.state {
            State::Wedged(_) => blocked.push(&entry.draft.conversation),
            State::InFlight(_) => free += 1,
            State::Saving(_)
            | State::Taking(_)
            | State::Elsewhere(_)
            | State::Given(_)
            | State::Unknown
            | State::Queued
            | State::Delayed(_)
            | State::Asking => {}
        }
    }
    (blocked.len(), free)
}
