//! The other pages of this person on this device. They share what is unsent
//! and nothing else: each has its own link. What one of them keeps the others
//! show, one of them at a time hands over, and a proof that one hears is told
//! to all.
//!
//! Whose turn it is the device decides, in the transaction that hands the turn
//! out: words between pages may be lost, and a page that was frozen asks
//! before it says anything. Only where the log is numbered do pages show each
//! other's: elsewhere an echo could not be told from a row that waits.

use std::time::Duration;

use serde_json::Value;

use super::phase::Phase;
use super::sending::Stamp;
use super::{Account, Output, Session};
use crate::dialect::DecodeError;
use crate::dialect::fields::{Fields, Object};
use crate::ids::{ClientId, Epoch, MessageId, Seq, Uid};
use crate::outbox::{ASK_AFTER, Draft, Kept, State, Stored};
use crate::planted::{Bug, planted};
use crate::time::{Instant, UnixMillis, whole_millis};

/// The proof of what another page saw through comes by this one's own link,
/// or never: then the person has given it up there.
pub(super) const ELSEWHERE_WITHIN: Duration = Duration::from_secs(5);

impl Session {
    /// What is kept has changed: the others look at it.
    pub(super) fn share_change(&mut self) {
        if let Some(word) = self.word() {
            self.outputs.push_back(Output::Share(word.into_text()));
        }
    }

    /// A word to the others, which begins with whom it is about.
    fn word(&self) -> Option<Object> {
        let uid = self.keeper().filter(|_| self.is_numbered())?;
        let mut word = Object::default();
        word.text("uid", Some(uid.as_str()));
        Some(word)
    }

    /// One of mine is on the server, at this place.
    pub(super) fn share_proof(&mut self, draft: &Draft, stamp: &Stamp) {
        if let Some(mut word) = self.word() {
            word.text("cid", Some(draft.client_id.as_str()));
            word.text("epoch", self.epoch.as_ref().map(Epoch::as_str));
            word.number("seq", stamp.seq.map(|seq| seq.0));
            word.text("id", stamp.id.as_ref().map(MessageId::as_str));
            word.time("at", stamp.at.map(|at| at.0));
            self.outputs.push_back(Output::Share(word.into_text()));
        }
    }

    /// Another page said something. What is not about this person, or cannot
    /// be read, is another version's or another stay's.
    pub(super) fn on_shared(&mut self, text: &str) {
        if !self.is_numbered() {
            return;
        }
        match self.read_word(text) {
            // Its place in the log is for this page's own link to tell: what
            // that said before it knew is still on its way.
            Ok(Some((client_id, stamp))) => {
                let entry = self.outbox.find(&client_id);
                if let Some(draft) = entry.map(|entry| entry.draft.clone()) {
                    self.on_proved(&draft, &stamp);
                }
            }
            Ok(None) => self.look_at_device(),
            Err(_) => {}
        }
    }

    fn read_word(&self, text: &str) -> Result<Option<(ClientId, Stamp)>, DecodeError> {
        let value: Value =
            crate::json::read(text).ok_or_else(|| DecodeError::malformed("not a word"))?;
        let word = Fields::of(&value)?;
        let uid = word.text("uid")?;
        if self.keeper().is_none_or(|mine| mine.as_str() != uid) {
            return Err(DecodeError::unknown("another person's"));
        }
        let Some(client_id) = word.maybe_text("cid")? else {
            return Ok(None);
        };
        if self.epoch.as_ref().map(Epoch::as_str) != word.maybe_text("epoch")?.as_deref() {
            return Err(DecodeError::unknown("a place in another log"));
        }
        let client_id = ClientId::parse(&client_id)
            .ok_or_else(|| DecodeError::malformed("a proof of nothing"))?;
        let stamp = Stamp {
            id: word.maybe_text("id")?.map(MessageId::new),
            seq: word.maybe_number("seq")?.map(Seq),
            at: word.maybe_time("at")?.map(UnixMillis),
        };
        Ok(Some((client_id, stamp)))
    }

    /// What the others keep may have changed.
    pub(super) fn look_at_device(&mut self) {
        if self.is_numbered()
            && let Account::Loaded(uid) = &self.account
        {
            let uid = uid.clone();
            self.outputs.push_back(Output::Load(uid));
        }
    }

    /// What the device keeps now, beside what this page knows of it.
    pub(super) fn on_looked(&mut self, now: Instant, stored: &Stored) {
        let Some(uid) = self.keeper() else { return };
        // What cannot be read was counted when the page began.
        let unsent = stored.unsent.iter();
        let drafts = unsent.filter_map(|value| Draft::from_record(value).ok());
        let mut drafts: Vec<Draft> = drafts.collect();
        // In the order of saying, for one may have to make room for another.
        drafts.sort_unstable_by_key(|draft| draft.order);
        let mut kept = Vec::new();
        for draft in drafts {
            kept.push(draft.client_id.clone());
            if self.outbox.find(&draft.client_id).is_none() {
                let client_id = draft.client_id.clone();
                self.adopt(&uid, draft);
                self.show_adopted(&client_id);
            }
        }
        for entry in self.outbox.entries_mut() {
            let waits = match entry.state {
                State::Queued
                | State::Delayed(_)
                | State::Unknown
                | State::Wedged(_)
                | State::Asking => true,
                State::Saving(_)
                | State::Taking(_)
                | State::InFlight(_)
                | State::Given(_)
                | State::Elsewhere(_) => false,
            };
            if waits && entry.kept == Kept::Yes && !kept.contains(&entry.draft.client_id) {
                entry.state = State::Elsewhere(now + ELSEWHERE_WITHIN);
                self.touched.insert(entry.draft.conversation.clone());
            }
        }
    }

    /// Another page's message, or one that an earlier page left, becomes this
    /// one's to show and to see through.
    pub(super) fn adopt(&mut self, uid: &Uid, mut draft: Draft) {
        // It was to be forgotten, and that did not work; unless it is said again
        // since, for the log of then has been replaced.
        let again = &draft.again;
        let given_up = self
            .forgetting
            .iter()
            .find(|(_, (id, log))| *id == draft.client_id && (again.is_none() || again == log));
        if let Some(save) = given_up.map(|(save, _)| *save) {
            self.forgetting.remove(&save);
            return self.forget(uid.clone(), draft.client_id);
        }
        if again.is_some() && *again != self.epoch && self.is_proved(&draft) {
            // This page has not heard yet that the log is another one: it looks
            // again when it does.
            return;
        }
        // The log may have come before the device answered.
        let conversation = self.conversations.get(&draft.conversation);
        let here = conversation.is_some_and(|it| it.timeline.has_confirmed(&draft.client_id));
        let is_open = draft.handed_over && !self.is_numbered();
        if (here && !planted(Bug::RestoredTwice)) || (is_open && self.is_shown_already(&draft)) {
            return self.forget(uid.clone(), draft.client_id);
        }
        // Two pages may have written the same order.
        while self
            .outbox
            .entries()
            .any(|entry| entry.draft.order == draft.order)
        {
            draft.order += 1;
        }
        let wall = self.wall.map_or(0, |(_, wall)| wall.0);
        let age = u64::try_from(wall.saturating_sub(draft.said_at.0));
        let state = if draft.handed_over {
            // The page died after it: only evidence or the person decides.
            State::Unknown
        } else if age.is_ok_and(|age| age > whole_millis(ASK_AFTER)) {
            State::Asking
        } else {
            State::Queued
        };
        let key = self.next_key();
        self.outbox.add(draft, key, state, Kept::Yes);
    }

    /// Whether it stands here as the server's.
    fn is_proved(&self, draft: &Draft) -> bool {
        let Some(conversation) = self.conversations.get(&draft.conversation) else {
            return false;
        };
        let rows = &conversation.timeline;
        let waits = rows.waiting_item(&draft.client_id);
        rows.has_confirmed(&draft.client_id) || waits.is_some_and(|item| item.seq.is_some())
    }

    /// Behind everything else, or all rows that wait are put in their order.
    fn show_adopted(&mut self, client_id: &ClientId) {
        let last = self.outbox.entries().last();
        let Some(last) = last.filter(|entry| entry.draft.client_id == *client_id) else {
            return self.show_all_again();
        };
        let (draft, key) = (last.draft.clone(), last.key);
        self.show(&draft, key);
    }

    /// No proof has come of one that the device does not keep any longer.
    /// While there may be pages of the log that this page has not seen, its
    /// place is not known.
    pub(super) fn on_elsewhere_due(&mut self, now: Instant, client_id: &ClientId) {
        let Some(entry) = self.outbox.find(client_id) else {
            return;
        };
        let id = entry.draft.conversation.clone();
        let log = self.conversations.get(&id);
        let behind = log.is_some_and(|it| it.is_loaded() && it.forward.is_due_or_asked(now));
        let Phase::Online(online) = &self.phase else {
            return;
        };
        if behind {
            return;
        }
        if now.since(online.heartbeat.heard_at()) >= ELSEWHERE_WITHIN {
            // The link may be dead, and its silence says nothing.
            return self.ask_server_if_quiet(now, Duration::ZERO);
        }
        self.outbox.remove(client_id);
        if let Some(conversation) = self.conversations.get_mut(&id) {
            conversation.timeline.remove_own(client_id);
            // One that was said again is missing as before.
            conversation.was_not_said_again(client_id);
        }
        self.touched.insert(id);
    }
}
