//! The device's storage: rows by person, one whole transaction after another,
//! which outlive the page.
//!
//! Knows nothing of what a row says.

use std::collections::BTreeMap;

use parlance_core::ids::Uid;
use parlance_core::outbox::{Stored, Write};

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
            Due::Load(..) | Due::Save(..) => Some(*at),
            Due::Up(..) | Due::Down(..) | Due::Ask(..) | Due::Answer(..) => None,
        });
        waits.max().unwrap_or(self.now).max(self.now) + WRITE
    }
}
