//! Messages of mine that the log had and has no longer: a restored server lacks
//! them. Each stands where it stood, behind the last message that was said
//! before it, until it turns up after all, is said again, or is given up.
//!
//! Knows nothing of how it is found out that the server lacks one.

use super::{Change, Delivery, Item, Origin, Row, Timeline};
use crate::NUMBERED;
use crate::frame::Message;
use crate::ids::{ItemKey, Seq};
use crate::time::UnixMillis;

impl Timeline {
    /// Shows a message of mine that the log has no longer, behind the message of
    /// this number, and there in the order of saying.
    pub fn offer(&mut self, mut item: Box<Item>, after: Seq) {
        let mut place = self.place_of(after.next());
        while let Some(before) = place.checked_sub(1)
            && let Some(Row::Message(row)) = self.rows.get(before)
            && matches!(row.delivery, Some(Delivery::Missing(_)))
            && row.at > item.at
        {
            place = before;
        }
        item.seq = None;
        if item.client_id.is_some() {
            // The server may have given it to another message since.
            item.id = None;
        }
        item.delivery = Some(Delivery::Missing(after));
        let row = Row::Message(item);
        self.changes
            .push(Change::Insert(place, row.clone(), Origin::History));
        self.rows.insert(place, row);
        self.confirmed += 1;
        self.missing += 1;
    }

    /// The missing message with this key.
    pub fn missing(&self, key: ItemKey) -> Option<&Item> {
        match self.rows.get(self.missing_at(&|item| item.key == key)?)? {
            Row::Message(item) => Some(item),
            Row::Gap(_) => None,
        }
    }

    /// Changes the missing message with this key.
    pub fn update_missing(&mut self, key: ItemKey, change: impl FnOnce(&mut Item)) {
        if let Some(at) = self.missing_at(&|item| item.key == key) {
            self.update_at(at, change);
        }
    }

    /// Takes the missing message away that fits.
    pub fn remove_missing(&mut self, fits: &dyn Fn(&Item) -> bool) -> Option<Box<Item>> {
        let at = self.missing_at(fits)?;
        match self.remove_at(at)? {
            Row::Message(item) => Some(item),
            Row::Gap(_) => None,
        }
    }

    /// The missing message that this is.
    pub(super) fn missing_as(&self, message: &Message) -> Option<usize> {
        self.missing_at(&|item| item.is_stored_as(message))
    }

    fn missing_at(&self, fits: &dyn Fn(&Item) -> bool) -> Option<usize> {
        if !NUMBERED || self.missing == 0 {
            return None;
        }
        let fits = |item: &Item| matches!(item.delivery, Some(Delivery::Missing(_))) && fits(item);
        let mut places = (0..self.confirmed).rev();
        places.find(|at| self.item_at(*at).is_some_and(fits))
    }

    /// Behind which message one of mine of that time stands, and since which
    /// everything has to be here for that to be known.
    pub fn place_at(&self, then: Option<UnixMillis>) -> (Seq, Seq) {
        let mut after = Seq(0);
        let mut at = self.confirmed;
        while at > 0 {
            at -= 1;
            if let Some(item) = self.item_at(at)
                && let Some(seq) = item.seq
                && item.at <= then
            {
                after = after.max(seq);
                // Of two in the same millisecond either may be the first.
                if item.at < then {
                    return (after, seq);
                }
            }
        }
        (after, Seq(1))
    }
}

impl Item {
    /// Whether this message of the log, which is mine, is the one that this was.
    /// A restored server may give the id of a message that it has lost to
    /// another one, but not with the same time.
    pub fn is_stored_as(&self, message: &Message) -> bool {
        match &self.client_id {
            Some(_) => self.client_id == message.client_id,
            None => self.id.is_some() && self.id == message.id && self.at == message.at,
        }
    }
}
