//! The device's storage, as a driver keeps it: one row for each unsent
//! message of each person, and unfinished texts.

use super::*;
use parlance_core::outbox::{Stored, Turn};

/// What is kept, by person.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk {
    pub(crate) unsent: BTreeMap<(String, String), String>,
    pub(crate) unfinished: BTreeMap<(String, String), String>,
}

/// How the storage behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Storage {
    Works,
    Fails,
    /// Nothing is answered before the scenario says so.
    Waits,
}

impl Disk {
    fn apply(&mut self, write: &Write) {
        match write {
            Write::Keep(uid, record) => {
                let uid = uid.as_str().to_owned();
                let key = (uid.clone(), record.client_id.as_str().to_owned());
                self.unsent.insert(key, record.value.clone());
                self.unfinished
                    .remove(&(uid, record.conversation.to_string()));
            }
            Write::Forget(uid, cid) => {
                let key = (uid.as_str().to_owned(), cid.as_str().to_owned());
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

    /// How many unsent messages of this person are kept.
    pub(crate) fn unsent_of(&self, uid: &str) -> usize {
        self.unsent.keys().filter(|(of, _)| of == uid).count()
    }

    fn stored_for(&self, uid: &Uid) -> Stored {
        let mine = |of: &str| of == uid.as_str();
        Stored {
            unsent: self
                .unsent
                .iter()
                .filter(|((of, _), _)| mine(of))
                .map(|(_, value)| value.clone())
                .collect(),
            unfinished: self
                .unfinished
                .iter()
                .filter(|((of, _), _)| mine(of))
                .map(|((_, id), text)| (id.clone(), text.clone()))
                .collect(),
        }
    }
}

impl Rig {
    pub(crate) fn storage_works(&mut self) {
        self.storage = Storage::Works;
        while self.device_answers() {}
    }

    pub(crate) fn storage_fails(&mut self) {
        self.storage = Storage::Fails;
    }

    pub(crate) fn storage_waits(&mut self) {
        self.storage = Storage::Waits;
    }

    /// The oldest open write is complete.
    pub(crate) fn saved(&mut self) {
        self.answer_save(Ok(()));
    }

    /// The oldest open write fails.
    pub(crate) fn save_fails(&mut self) {
        self.answer_save(Err(StorageFailure("quota".to_owned())));
    }

    /// What the device has for the person asked about comes now.
    pub(crate) fn loaded(&mut self) {
        self.loaded_at(self.wall());
    }

    /// As [`Rig::loaded`], on a device whose clock says this.
    pub(crate) fn loaded_at(&mut self, wall: UnixMillis) {
        let uid = self
            .loads
            .pop_front()
            .expect("nothing was asked of the device");
        let stored = self.disk.stored_for(&uid);
        self.feed(Input::Loaded(uid, wall, Ok(stored)));
    }

    /// Every open write is complete.
    pub(crate) fn saved_any(&mut self) {
        while !self.saves.is_empty() {
            self.saved();
        }
    }

    pub(crate) fn load_fails(&mut self) {
        let uid = self
            .loads
            .pop_front()
            .expect("nothing was asked of the device");
        let wall = self.wall();
        let failure = StorageFailure("no database".to_owned());
        self.feed(Input::Loaded(uid, wall, Err(failure)));
    }

    /// Answers one thing, if the storage is such that it answers by itself.
    pub(super) fn device_answers(&mut self) -> bool {
        if !self.turns_wait
            && let Some(take) = self.takes.pop_front()
        {
            self.answer_take(take);
            return true;
        }
        match self.storage {
            Storage::Waits => return false,
            Storage::Works if !self.loads.is_empty() => self.loaded(),
            Storage::Fails if !self.loads.is_empty() => self.load_fails(),
            Storage::Works if !self.saves.is_empty() => self.saved(),
            Storage::Fails if !self.saves.is_empty() => self.save_fails(),
            Storage::Works | Storage::Fails => return false,
        }
        true
    }

    /// Another page of this person has handed something over just now.
    pub(crate) fn another_page_takes_the_turn(&mut self) {
        self.turn_of_another = Some(self.now + parlance_core::outbox::TURN_LASTS);
    }

    /// Whose turn it is is not answered before the scenario says so.
    pub(crate) fn turns_wait(&mut self) {
        self.turns_wait = true;
    }

    pub(crate) fn turns_come(&mut self) {
        self.turns_wait = false;
        while self.device_answers() {}
    }

    fn answer_take(&mut self, take: Take) {
        let turn = match self.turn_of_another {
            _ if self.storage == Storage::Fails => Err(StorageFailure("no database".to_owned())),
            Some(until) if until > self.now => Ok(Turn::Theirs(until.since(self.now))),
            _ => {
                let key = (
                    take.uid.as_str().to_owned(),
                    take.client_id.as_str().to_owned(),
                );
                let row = self.disk.unsent.get_mut(&key);
                Ok(Turn::Mine(row.map(|row| {
                    let before = row.clone();
                    if let Some(note) = take.note {
                        *row = note;
                    }
                    before
                })))
            }
        };
        self.feed(Input::Took(take.client_id, turn));
    }

    fn answer_save(&mut self, result: Result<(), StorageFailure>) {
        let (id, write) = self.saves.pop_front().expect("nothing is being written");
        if result.is_ok() {
            self.disk.apply(&write);
        }
        self.watch.on_saved(&write);
        self.feed(Input::Saved(id, result));
    }
}
