//! A log that is another one than was shown, as after a restore: which of my
//! messages it lacks, and where those stand.
//!
//! Says that the log lacks one only when everything is here from where it would
//! be up to the end. What others had said in the lost part is gone with it.

use super::{Conversation, Log};
use crate::NUMBERED;
use crate::frame::Message;
use crate::ids::{ClientId, Seq};
use crate::timeline::Item;

/// A message of mine that an earlier log had.
#[derive(Debug)]
pub(super) struct Unfound {
    /// As it was.
    item: Box<Item>,
    /// It waits to be said again: the outbox has it.
    again: bool,
}

impl Conversation {
    /// The log is another one: what of mine the old one had is looked for.
    pub(super) fn look_for_mine(&mut self) {
        let mine = self.timeline.forget_confirmed();
        // Without numbers nobody can say what a log lacks.
        if !NUMBERED {
            return;
        }
        for item in mine {
            let again = false;
            self.unfound.push(Unfound { item, again });
        }
    }

    /// This message of mine is in the log.
    pub(super) fn find(&mut self, message: &Message) {
        self.forget_unfound(&|item| item.is_stored_as(message));
    }

    /// It was said again, or the person has given it up.
    pub fn has_or_wants_no(&mut self, client_id: &ClientId) {
        self.forget_unfound(&|item| item.client_id.as_ref() == Some(client_id));
    }

    fn forget_unfound(&mut self, fits: &dyn Fn(&Item) -> bool) {
        if !NUMBERED {
            return;
        }
        self.unfound.retain(|it| !fits(&it.item));
    }

    /// It waits to be sent, under this id.
    pub fn is_said_again(&mut self, client_id: &ClientId) {
        if !NUMBERED {
            return;
        }
        let is_it = |item: &Item| item.client_id.as_ref() == Some(client_id);
        if let Some(item) = self.timeline.remove_missing(&is_it) {
            let again = true;
            self.unfound.push(Unfound { item, again });
        }
        for it in self.unfound.iter_mut().filter(|it| is_it(&it.item)) {
            it.again = true;
        }
    }

    /// It was not said again after all, as far as this page knows: the log has
    /// it, or lacks it as before.
    pub fn was_not_said_again(&mut self, client_id: &ClientId) {
        if !NUMBERED {
            return;
        }
        for it in &mut self.unfound {
            it.again &= it.item.client_id.as_ref() != Some(client_id);
        }
    }

    /// Shows those of mine that the log is known to lack now.
    pub fn offer_missing(&mut self) {
        if !NUMBERED {
            return;
        }
        for it in std::mem::take(&mut self.unfound) {
            match self.place_lacking(&it.item) {
                Some(after) if !it.again => self.timeline.offer(it.item, after),
                _ => self.unfound.push(it),
            }
        }
    }

    /// Behind which message one would stand that the log lacks; `None` while it
    /// may have it, in a part that is not here.
    ///
    /// Where its old number is: a log that was cut short has a message under
    /// the number that it had. And where its time is, by the server's clock:
    /// that is its place among what was said since the restore.
    fn place_lacking(&self, item: &Item) -> Option<Seq> {
        if self.is_behind() {
            return None;
        }
        let coverage = match &self.log {
            Log::Known(coverage) => coverage,
            Log::Empty => return Some(Seq(0)),
            Log::Unknown => return None,
        };
        let last = self.last_known();
        let (after, since) = self.timeline.place_at(item.at);
        let by_number = item.seq.is_none_or(|seq| seq > last || coverage.has(seq));
        (by_number && coverage.has_all(since, last)).then_some(after)
    }
}
