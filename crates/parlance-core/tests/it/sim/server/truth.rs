//! What is true: the model server's own state, which the tabs are held
//! against.
//!
//! Changes nothing.

use super::{Server, Stored};

impl Server {
    /// A message of this log, if there was one with this number in this epoch.
    pub(crate) fn message(&self, epoch: u64, name: &str, seq: u64) -> Option<&Stored> {
        self.log(epoch, name).get(usize::try_from(seq).ok()? - 1)
    }

    /// The log of a conversation in this epoch.
    pub(crate) fn log(&self, epoch: u64, name: &str) -> &[Stored] {
        if epoch == self.epoch {
            return self.rooms.get(name).map_or(&[], |room| &room.log);
        }
        let logs = self.old.get(&epoch);
        logs.and_then(|logs| logs.get(name))
            .map_or(&[], Vec::as_slice)
    }

    /// Whether it is stored, or was before a restore lost it.
    pub(crate) fn was_stored(&self, sender: &str, client_id: &str) -> bool {
        let key = (sender.to_owned(), client_id.to_owned());
        self.stored.contains_key(&key)
            || self.old.values().flat_map(|logs| logs.values()).any(|log| {
                log.iter()
                    .any(|it| it.sender == sender && it.client_id.as_deref() == Some(client_id))
            })
    }

    /// Where it is in the present log.
    pub(crate) fn stored_at(&self, sender: &str, client_id: &str) -> Option<u64> {
        let key = (sender.to_owned(), client_id.to_owned());
        self.stored.get(&key).map(|(_, seq)| *seq)
    }

    /// Where it is, or was, in the log of this epoch.
    pub(crate) fn place_in(
        &self,
        epoch: u64,
        name: &str,
        sender: &str,
        client_id: &str,
    ) -> Option<u64> {
        let mut log = self.log(epoch, name).iter();
        let at =
            log.position(|it| it.sender == sender && it.client_id.as_deref() == Some(client_id));
        at.map(|at| at as u64 + 1)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &String> {
        self.rooms.keys()
    }

    pub(crate) fn is_member(&self, name: &str, uid: &str) -> bool {
        self.rooms
            .get(name)
            .is_some_and(|room| room.members.contains_key(uid))
    }

    /// How far somebody has read.
    pub(crate) fn read_by(&self, name: &str, uid: &str) -> u64 {
        let room = self.rooms.get(name);
        room.and_then(|room| room.members.get(uid))
            .copied()
            .unwrap_or_default()
    }

    pub(crate) fn unread(&self, name: &str, uid: &str) -> u64 {
        let read = self.read_by(name, uid) as usize;
        let log = self.log(self.epoch, name);
        let unread = log.iter().skip(read).filter(|it| it.sender != uid);
        unread.count() as u64
    }

    /// How many after somebody's read mark are their own.
    pub(crate) fn own_after_read(&self, name: &str, uid: &str) -> u64 {
        let read = self.read_by(name, uid);
        self.head_of(name) - read - self.unread(name, uid)
    }

    pub(crate) fn head_of(&self, name: &str) -> u64 {
        self.log(self.epoch, name).len() as u64
    }

    /// Who is here of a conversation's members.
    pub(crate) fn here(&self, name: &str) -> Vec<&str> {
        let Some(room) = self.rooms.get(name) else {
            return Vec::new();
        };
        let members = room.members.keys();
        members
            .map(String::as_str)
            .filter(|uid| self.is_here(uid))
            .collect()
    }
}
