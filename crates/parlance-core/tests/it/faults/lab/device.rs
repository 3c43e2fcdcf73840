//! The device's storage: rows by person, one whole transaction after another,
//! which outlive the page.
//!
//! Knows nothing of what a row says.

use std::collections::BTreeMap;
use std::time::Duration;

use parlance_core::ids::Uid;
use parlance_core::outbox::{Stored, TURN_LASTS, Take, Turn, Write};
use parlance_core::time::whole_millis;

use super::{Backend, Due, Lab};

/// How long one transaction takes, in milliseconds.
const WRITE: u64 = 4;

/// How the storage behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Storage {
    #[default]
    Works,
    Fails,
    /// It never answers.
    Silent,
}

/// What is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Disk {
    /// By person and client id.
    pub(crate) unsent: BTreeMap<(String, String), String>,
    pub(crate) unfinished: BTreeMap<(String, String), String>,
    /// Transactions so far.
    pub(crate) writes: u64,
    /// Which page may hand over, and until when.
    turn: Option<(u64, u64)>,
}

impl Disk {
    pub(super) fn apply(&mut self, write: &Write) {
        self.writes += 1;
        match write {
            Write::Keep(uid, record) => {
                let uid = uid.as_str().to_owned();
                self.unfinished
                    .remove(&(uid.clone(), record.conversation.to_string()));
                let key = (uid, record.client_id.as_str().to_owned());
                self.unsent.insert(key, record.value.clone());
            }
            Write::Forget(uid, client_id) => {
                let key = (uid.as_str().to_owned(), client_id.as_str().to_owned());
                self.unsent.remove(&key);
            }
            Write::Unfinished(uid, id, text) => {
                let key = (uid.as_str().to_owned(), id.to_string());
                if text.is_empty() {
                    self.unfinished.remove(&key);
                } else {
                    self.unfinished.insert(key, text.clone());
                }
            }
            Write::Wipe(uid) => {
                self.unsent.retain(|(of, _), _| of != uid.as_str());
                self.unfinished.retain(|(of, _), _| of != uid.as_str());
            }
        }
    }

    /// Whose turn it is, in one transaction with the row.
    pub(super) fn turn(&mut self, now: u64, page: u64, take: &Take) -> Turn {
        match self.turn {
            Some((whose, until)) if whose != page && until > now => {
                return Turn::Theirs(Duration::from_millis(until - now));
            }
            Some(_) | None => {}
        }
        self.writes += 1;
        self.turn = Some((page, now + whole_millis(TURN_LASTS)));
        let uid = take.uid.as_str().to_owned();
        let key = (uid, take.client_id.as_str().to_owned());
        Turn::Mine(self.unsent.get_mut(&key).map(|row| {
            let before = row.clone();
            if let Some(note) = &take.note {
                row.clone_from(note);
            }
            before
        }))
    }

    /// Whether no other page has the turn now.
    pub(super) fn is_turn_of(&self, now: u64, page: u64) -> bool {
        self.turn
            .is_none_or(|(whose, until)| whose == page || until <= now)
    }

    pub(super) fn stored_for(&self, uid: &Uid) -> Stored {
        let mine = |of: &str| of == uid.as_str();
        let unsent = self.unsent.iter().filter(|((of, _), _)| mine(of));
        let unfinished = self.unfinished.iter().filter(|((of, _), _)| mine(of));
        Stored {
            unsent: unsent.map(|(_, value)| value.clone()).collect(),
            unfinished: unfinished
                .map(|((_, id), text)| (id.clone(), text.clone()))
                .collect(),
        }
    }
}

impl<B: Backend> Lab<B> {
    /// When the next transaction would be over: one after the other.
    pub(super) fn storage_due(&self) -> u64 {
        let waits = self.due.iter().filter_map(|(at, due)| match due {
            Due::Load(..) | Due::Save(..) | Due::Take(..) => Some(*at),
            Due::Up(..) | Due::Down(..) | Due::Ask(..) | Due::Answer(..) => None,
        });
        waits.max().unwrap_or(self.now).max(self.now) + WRITE
    }
}
