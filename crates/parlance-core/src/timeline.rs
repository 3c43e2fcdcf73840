//! The rows of one conversation, in order: first what the server has confirmed,
//! by its numbers, with a gap row wherever numbers are missing, and among them
//! what of mine a restored log lacks; then what is said here and not yet
//! confirmed, in the order of saying. Every mutation leaves behind the
//! [`Change`]s that it made.
//!
//! Does not know what is in the DOM, nor why a message is late.

use std::collections::VecDeque;

use crate::content::Content;
use crate::frame::{Message, Person};
use crate::ids::{ClientId, ItemKey, MessageId, Seq, Uid};
use crate::time::UnixMillis;

mod missing;

/// The rows of one conversation.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    rows: VecDeque<Row>,
    /// The rows before this one are confirmed, or gaps among the confirmed, or
    /// messages of mine that the log had and has no longer.
    confirmed: usize,
    /// How many those are.
    missing: usize,
    changes: Vec<Change>,
}

/// Makes row keys, each once in a session.
#[derive(Clone, Debug, Default)]
pub struct Keys(u64);

impl Keys {
    /// A key that was never given before.
    pub const fn next(&mut self) -> ItemKey {
        self.0 += 1;
        ItemKey(self.0)
    }
}

/// What became of a message that was to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmed {
    /// It is a new row.
    Inserted,
    /// It is a row that was waiting here for its confirmation.
    Merged,
    /// It was here already.
    Known,
}

impl Timeline {
    /// Shows something that was said here, after everything else.
    pub fn say(&mut self, item: Item) {
        self.changes.push(Change::Insert(
            self.rows.len(),
            Row::Message(Box::new(item.clone())),
            Origin::Mine,
        ));
        self.rows.push_back(Row::Message(Box::new(item)));
    }

    /// Shows a message that the server has confirmed. `me` decides its side,
    /// `delivery` is for my own.
    /// One without a number is ignored.
    pub fn confirm(
        &mut self,
        message: &Message,
        me: Option<&Uid>,
        delivery: Delivery,
        origin: Origin,
        keys: &mut Keys,
    ) -> Confirmed {
        let Some(seq) = message.seq else {
            return Confirmed::Known;
        };
        let place = self.place_of(seq);
        if self
            .item_at(place)
            .is_some_and(|item| item.seq == Some(seq))
        {
            return Confirmed::Known;
        }
        let side = side_of(message, me);
        // A client id counts only on what the server says is mine.
        let client_id = if side == Side::Mine {
            message.client_id.clone()
        } else {
            None
        };
        let waiting = self
            .waiting(|item| {
                item.seq == Some(seq) || (item.client_id.is_some() && item.client_id == client_id)
            })
            .or_else(|| self.missing_as(message).filter(|_| side == Side::Mine));
        let mut item = Item {
            key: ItemKey::default(),
            client_id,
            id: message.id.clone(),
            seq: Some(seq),
            side,
            author: message.from.clone(),
            content: message.content.clone(),
            at: message.at,
            delivery: None,
        };
        if item.side == Side::Mine {
            item.delivery = Some(delivery);
        }
        let Some(from) = waiting else {
            item.key = keys.next();
            let row = Row::Message(Box::new(item));
            self.changes
                .push(Change::Insert(place, row.clone(), origin));
            self.rows.insert(place, row);
            self.confirmed += 1;
            return Confirmed::Inserted;
        };
        let Some(Row::Message(before)) = self.rows.remove(from) else {
            return Confirmed::Known;
        };
        let place = if from < self.confirmed {
            // It was missing, and turns up.
            self.confirmed -= 1;
            self.missing -= 1;
            place - usize::from(from < place)
        } else {
            place
        };
        item.key = before.key;
        item.client_id = before.client_id.clone();
        if from != place {
            self.changes.push(Change::Move(from, place));
        }
        let row = Row::Message(Box::new(item));
        if row != Row::Message(before) {
            self.changes.push(Change::Update(place, row.clone()));
        }
        self.rows.insert(place, row);
        self.confirmed += 1;
        Confirmed::Merged
    }

    /// Makes the gap rows be exactly these holes, in order. Said before the
    /// messages of a page go in, so that a gap never stands among them.
    pub fn set_gaps(&mut self, holes: &[(Seq, Seq)], keys: &mut Keys) {
        // Old gaps that no hole overlaps go; one that a hole overlaps shrinks
        // to the first such hole and keeps its key.
        let mut left: VecDeque<(Seq, Seq)> = holes.iter().copied().collect();
        let mut fresh = Vec::new();
        let mut index = 0;
        while index < self.confirmed {
            let Row::Gap(gap) = self.rows[index] else {
                index += 1;
                continue;
            };
            while left.front().is_some_and(|(_, last)| *last < gap.first) {
                fresh.extend(left.pop_front());
            }
            match left.front().copied() {
                Some((first, last)) if first <= gap.last => {
                    left.pop_front();
                    let now = Gap { first, last, ..gap };
                    if now != gap {
                        self.rows[index] = Row::Gap(now);
                        self.changes.push(Change::Update(index, Row::Gap(now)));
                    }
                    index += 1;
                }
                _ => {
                    self.rows.remove(index);
                    self.confirmed -= 1;
                    self.changes.push(Change::Remove(index));
                }
            }
        }
        fresh.extend(left);
        for (first, last) in fresh {
            let place = self.place_of(first);
            let row = Row::Gap(Gap {
                key: keys.next(),
                first,
                last,
                loading: false,
            });
            self.rows.insert(place, row.clone());
            self.confirmed += 1;
            self.changes
                .push(Change::Insert(place, row, Origin::History));
        }
    }

    /// Marks a gap row as asked for, or not any more.
    pub fn set_gap_loading(&mut self, key: ItemKey, loading: bool) {
        let at = self.rows.iter().position(|row| row.key() == key);
        let Some((index, Row::Gap(gap))) = at.and_then(|at| Some((at, self.rows.get(at)?))) else {
            return;
        };
        if gap.loading != loading {
            let row = Row::Gap(Gap { loading, ..*gap });
            self.rows[index] = row.clone();
            self.changes.push(Change::Update(index, row));
        }
    }

    /// Changes a row that is not confirmed yet. Nothing where it is not here.
    pub fn update_waiting(&mut self, client_id: &ClientId, change: impl FnOnce(&mut Item)) {
        if let Some(index) = self.waiting(|item| item.client_id.as_ref() == Some(client_id)) {
            self.update_at(index, change);
        }
    }

    /// Changes a message of mine wherever it stands, waiting or confirmed.
    pub fn update_own(&mut self, client_id: &ClientId, change: impl FnOnce(&mut Item)) {
        let at = self.own(client_id);
        if let Some(index) = at {
            self.update_at(index, change);
        }
    }

    /// Changes the confirmed message with this number.
    pub fn update_numbered(&mut self, seq: Seq, change: impl FnOnce(&mut Item)) {
        let at = self.place_of(seq);
        if self.item_at(at).is_some_and(|item| item.seq == Some(seq)) {
            self.update_at(at, change);
        }
    }

    /// Changes the confirmed message with the backend's id. Says whether it is
    /// here.
    pub fn update_by_id(&mut self, id: &MessageId, change: impl FnOnce(&mut Item)) -> bool {
        let at = self.confirmed_with_id(id);
        if let Some(index) = at {
            self.update_at(index, change);
        }
        at.is_some()
    }

    fn update_at(&mut self, index: usize, change: impl FnOnce(&mut Item)) {
        let Some(Row::Message(item)) = self.rows.get(index) else {
            return;
        };
        let mut changed = item.clone();
        change(&mut changed);
        if changed != *item {
            self.changes
                .push(Change::Update(index, Row::Message(changed.clone())));
            self.rows[index] = Row::Message(changed);
        }
    }

    /// Takes a message of mine that had a place out of it, to the end of what
    /// waits: it is to be said again.
    pub fn take_back(&mut self, client_id: &ClientId) {
        let Some(from) = self.own(client_id).filter(|at| *at < self.confirmed) else {
            return;
        };
        let Some(Row::Message(mut item)) = self.rows.remove(from) else {
            return;
        };
        self.confirmed -= 1;
        item.seq = None;
        let to = self.rows.len();
        if from != to {
            self.changes.push(Change::Move(from, to));
        }
        let row = Row::Message(item);
        self.changes.push(Change::Update(to, row.clone()));
        self.rows.push_back(row);
    }

    /// Takes a message of mine away, wherever it stands.
    pub fn remove_own(&mut self, client_id: &ClientId) {
        if let Some(at) = self.own(client_id) {
            self.remove_at(at);
        }
    }

    fn remove_at(&mut self, at: usize) -> Option<Row> {
        let row = self.rows.remove(at)?;
        if at < self.confirmed {
            self.confirmed -= 1;
        }
        if is_missing(&row) {
            self.missing -= 1;
        }
        self.changes.push(Change::Remove(at));
        Some(row)
    }

    /// Whether a confirmed message bears the backend's id.
    pub fn has_id(&self, id: &MessageId) -> bool {
        self.confirmed_with_id(id).is_some()
    }

    /// The confirmed messages, newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &Item> {
        self.rows
            .range(..self.confirmed)
            .rev()
            .filter_map(|row| match row {
                Row::Message(item) => Some(&**item),
                Row::Gap(_) => None,
            })
    }

    /// The confirmed messages, oldest first.
    pub fn oldest_first(&self) -> impl Iterator<Item = &Item> {
        self.rows
            .range(..self.confirmed)
            .filter_map(|row| match row {
                Row::Message(item) => Some(&**item),
                Row::Gap(_) => None,
            })
    }

    /// The confirmed message with this number.
    pub fn numbered(&self, seq: Seq) -> Option<&Item> {
        let item = self.item_at(self.place_of(seq))?;
        (item.seq == Some(seq)).then_some(item)
    }

    /// The message that waits here under this id.
    pub fn waiting_item(&self, client_id: &ClientId) -> Option<&Item> {
        let at = self.waiting(|item| item.client_id.as_ref() == Some(client_id))?;
        match self.rows.get(at)? {
            Row::Message(item) => Some(item),
            Row::Gap(_) => None,
        }
    }

    fn own(&self, client_id: &ClientId) -> Option<usize> {
        self.rows.iter().rposition(|row| match row {
            Row::Message(item) => item.client_id.as_ref() == Some(client_id),
            Row::Gap(_) => false,
        })
    }

    fn confirmed_with_id(&self, id: &MessageId) -> Option<usize> {
        self.rows
            .range(..self.confirmed)
            .rposition(|row| match row {
                Row::Message(item) => item.id.as_ref() == Some(id),
                Row::Gap(_) => false,
            })
    }

    /// Takes a row away that is not confirmed.
    pub fn remove_waiting(&mut self, client_id: &ClientId) {
        if let Some(at) = self.waiting(|item| item.client_id.as_ref() == Some(client_id)) {
            self.rows.remove(at);
            self.changes.push(Change::Remove(at));
        }
    }

    /// My messages with a number in `after..=upto` have been read.
    pub fn mark_read(&mut self, after: Seq, upto: Seq) {
        let mut index = self.place_of(after.next());
        while index < self.confirmed {
            let Row::Message(item) = &self.rows[index] else {
                index += 1;
                continue;
            };
            if item.seq > Some(upto) {
                break;
            }
            if item.delivery == Some(Delivery::Sent) {
                let mut read = item.clone();
                read.delivery = Some(Delivery::Read);
                self.changes
                    .push(Change::Update(index, Row::Message(read.clone())));
                self.rows[index] = Row::Message(read);
            }
            index += 1;
        }
    }

    /// The log is another one: forgets what was confirmed, keeps what waits.
    /// Gives back what of it was mine: whether the new log has it, its pages
    /// say.
    pub fn forget_confirmed(&mut self) -> Vec<Box<Item>> {
        let mut mine = Vec::new();
        let mut confirmed = std::mem::take(&mut self.confirmed);
        for _ in 0..self.rows.len() {
            if let Some(Row::Message(item)) = self.rows.pop_front() {
                // What waited for its place was proved by the old log, too.
                if confirmed == 0 && item.seq.is_none() {
                    self.rows.push_back(Row::Message(item));
                } else if item.side == Side::Mine {
                    mine.push(item);
                }
            }
            confirmed = confirmed.saturating_sub(1);
        }
        self.missing = 0;
        self.reset();
        mine
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.rows.clear();
        self.confirmed = 0;
        self.missing = 0;
        self.reset();
    }

    /// What changed since this was last asked.
    pub fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    /// All rows, in order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &Row> {
        self.rows.iter()
    }

    /// Messages that are proved and still wait for their place, up to this number.
    pub fn proved_upto(&self, seq: Seq) -> Vec<Item> {
        let waiting = self.rows.range(self.confirmed..);
        let proved = waiting.filter_map(|row| match row {
            Row::Message(item) if item.seq.is_some_and(|it| it <= seq) => Some((**item).clone()),
            Row::Message(_) | Row::Gap(_) => None,
        });
        proved.collect()
    }

    /// Whether a message that waits here bears this id.
    pub fn has_waiting(&self, client_id: &ClientId) -> bool {
        self.waiting(|item| item.client_id.as_ref() == Some(client_id))
            .is_some()
    }

    /// Whether a confirmed message of mine bears this id.
    pub fn has_confirmed(&self, client_id: &ClientId) -> bool {
        self.rows.range(..self.confirmed).any(|row| match row {
            Row::Message(item) => item.client_id.as_ref() == Some(client_id) && !is_missing(row),
            Row::Gap(_) => false,
        })
    }

    /// How many rows, from the front, are confirmed, or gaps or missing
    /// messages among them.
    pub const fn confirmed_len(&self) -> usize {
        self.confirmed
    }

    /// The gap row with this key.
    pub fn gap(&self, key: ItemKey) -> Option<Gap> {
        self.rows.iter().find_map(|row| match row {
            Row::Gap(gap) if gap.key == key => Some(*gap),
            Row::Gap(_) | Row::Message(_) => None,
        })
    }

    /// How many confirmed messages after this number are not mine: other
    /// people's, and the system's.
    pub fn unread_after(&self, seq: Seq) -> u64 {
        let from = self.place_of(seq.next());
        let unread = self
            .rows
            .range(from..self.confirmed)
            .filter(|row| match row {
                Row::Message(item) => item.side != Side::Mine,
                Row::Gap(_) => false,
            });
        unread.count() as u64
    }

    fn reset(&mut self) {
        self.changes.clear();
        self.changes
            .push(Change::Reset(self.rows.iter().cloned().collect()));
    }

    /// Where a confirmed row that begins with this number stands or would go.
    fn place_of(&self, seq: Seq) -> usize {
        let mut low = 0;
        let mut high = self.confirmed;
        while low < high {
            let middle = low + (high - low) / 2;
            if first_of(&self.rows[middle]) < seq {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    fn item_at(&self, index: usize) -> Option<&Item> {
        match self.rows.get(index)? {
            Row::Message(item) if index < self.confirmed => Some(item),
            Row::Message(_) | Row::Gap(_) => None,
        }
    }

    /// The first row that is not confirmed and fits.
    fn waiting(&self, fits: impl Fn(&Item) -> bool) -> Option<usize> {
        let found = self.rows.range(self.confirmed..).position(|row| match row {
            Row::Message(item) => fits(item),
            Row::Gap(_) => false,
        });
        found.map(|at| at + self.confirmed)
    }
}

/// Where a row belongs among the confirmed. What is missing stands behind the
/// message of its number.
fn first_of(row: &Row) -> Seq {
    match row {
        Row::Message(item) => match item.delivery {
            Some(Delivery::Missing(after)) => after,
            _ => item.seq.unwrap_or_default(),
        },
        Row::Gap(gap) => gap.first,
    }
}

fn is_missing(row: &Row) -> bool {
    matches!(row, Row::Message(item) if matches!(item.delivery, Some(Delivery::Missing(_))))
}

fn side_of(message: &Message, me: Option<&Uid>) -> Side {
    match &message.from {
        None => Side::System,
        Some(person) if Some(&person.uid) == me => Side::Mine,
        Some(_) => Side::Theirs,
    }
}

/// Replays changes on a copy of the rows, as a view does.
pub fn replay(rows: &mut Vec<Row>, changes: &[Change]) {
    for change in changes {
        match change {
            Change::Insert(at, row, _) => rows.insert(*at, row.clone()),
            Change::Update(at, row) => rows[*at] = row.clone(),
            Change::Move(from, to) => {
                let row = rows.remove(*from);
                rows.insert(*to, row);
            }
            Change::Remove(at) => {
                rows.remove(*at);
            }
            Change::Reset(all) => rows.clone_from(all),
        }
    }
}

/// One change to the rows of a conversation. Replayed in order by whoever
/// shows them: each index is right after the changes before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A row came in at this place.
    Insert(usize, Row, Origin),
    /// The row at this place changed; its key did not.
    Update(usize, Row),
    /// The row at this place went to that place (counted without it).
    Move(usize, usize),
    /// The row at this place is gone.
    Remove(usize),
    /// These are the rows now.
    Reset(Vec<Row>),
}

/// Why a row came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It was said just now: announce it, count it.
    Live,
    /// It is the person's own, said here.
    Mine,
    /// It was said before and is shown now: announce nothing.
    History,
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// A message.
    Message(Box<Item>),
    /// Messages are missing here.
    Gap(Gap),
}

/// Messages that exist and are not here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Stable for the row's life.
    pub key: ItemKey,
    /// The first that is missing.
    pub first: Seq,
    /// The last that is missing.
    pub last: Seq,
    /// They have been asked for.
    pub loading: bool,
}

/// One message, as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Stable from local echo to acknowledgement to edit.
    pub key: ItemKey,
    /// The sender's id, for my own.
    pub client_id: Option<ClientId>,
    /// The backend's id, once known.
    pub id: Option<MessageId>,
    /// Its place in the log, once known.
    pub seq: Option<Seq>,
    /// Whose it is.
    pub side: Side,
    /// Who said it; `None`: the system.
    pub author: Option<Person>,
    /// What was said.
    pub content: Content,
    /// When: the server's time once known, the device's before.
    pub at: Option<UnixMillis>,
    /// How far it has got; mine only.
    pub delivery: Option<Delivery>,
}

/// Whose a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Mine.
    Mine,
    /// Another person's.
    Theirs,
    /// Nobody's.
    System,
}

/// How far a message of mine has got, as INTERFACE names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Kept on this device, not yet handed over.
    Queued(Queued),
    /// Handed over, waiting for what would prove it.
    Sending,
    /// Proved.
    Sent,
    /// Handed over to a backend that never confirms.
    Unconfirmed,
    /// The other side read it.
    Read,
    /// May or may not have arrived.
    Unknown,
    /// Refused, or given up.
    Failed(Failure),
    /// It was proved, and the server has it no longer: a restored log lacks it.
    /// It stands behind the message of this number; 0: before all.
    Missing(Seq),
}

/// What a queued message waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queued {
    /// Its turn, or the network.
    Turn,
    /// Somebody's decision about the message above it.
    MessageAbove,
    /// The person's word: it is more than a day old.
    Consent,
}

/// Why a message was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Too long.
    TooLarge,
    /// I may not talk here.
    Forbidden,
    /// There is no such conversation.
    NoConversation,
    /// Anything else, in the server's words.
    Other(String),
}

impl Row {
    /// The row's key.
    pub const fn key(&self) -> ItemKey {
        match self {
            Self::Message(item) => item.key,
            Self::Gap(gap) => gap.key,
        }
    }
}

impl Delivery {
    /// The word in `data-delivery`.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Queued(_) => "queued",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Unconfirmed => "unconfirmed",
            Self::Read => "read",
            Self::Unknown => "unknown",
            // Not on the server, and can be tried again: that is the word.
            Self::Failed(_) | Self::Missing(_) => "failed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::ConversationId;

    /// A timeline, its replayed copy, and the keys.
    #[derive(Default)]
    struct Bench {
        timeline: Timeline,
        copy: Vec<Row>,
        keys: Keys,
    }

    impl Bench {
        fn hear(&mut self, seq: u64, client_id: Option<&str>) -> Confirmed {
            let from = client_id.map_or("them", |_| "me");
            let message = Message {
                conversation: ConversationId::room("r"),
                seq: Some(Seq(seq)),
                id: Some(MessageId::new(format!("m{seq}"))),
                client_id: client_id.and_then(ClientId::parse),
                from: Some(person(from)),
                content: Content::Text(seq.to_string()),
                at: None,
            };
            let me = Uid::new("me");
            let confirmed = self.timeline.confirm(
                &message,
                Some(&me),
                Delivery::Sent,
                Origin::Live,
                &mut self.keys,
            );
            self.check();
            confirmed
        }

        fn say(&mut self, client_id: &str) -> ItemKey {
            let key = self.keys.next();
            self.timeline.say(Item {
                key,
                client_id: ClientId::parse(client_id),
                id: None,
                seq: None,
                side: Side::Mine,
                author: Some(person("me")),
                content: Content::Text(client_id.to_owned()),
                at: None,
                delivery: Some(Delivery::Queued(Queued::Turn)),
            });
            self.check();
            key
        }

        fn gaps(&mut self, holes: &[(u64, u64)]) {
            let holes: Vec<_> = holes.iter().map(|(a, b)| (Seq(*a), Seq(*b))).collect();
            self.timeline.set_gaps(&holes, &mut self.keys);
            self.check();
        }

        fn check(&mut self) {
            replay(&mut self.copy, &self.timeline.take_changes());
            assert!(
                self.copy.iter().eq(self.timeline.rows()),
                "the replayed copy differs"
            );
        }

        fn picture(&self) -> String {
            let words = self.timeline.rows().map(|row| match row {
                Row::Message(item) => match item.seq {
                    Some(seq) => seq.to_string(),
                    None => format!("({})", item.content.text()),
                },
                Row::Gap(gap) => format!("[{}..{}]", gap.first, gap.last),
            });
            words.collect::<Vec<_>>().join(" ")
        }
    }

    fn person(uid: &str) -> Person {
        Person {
            uid: Uid::new(uid),
            name: uid.to_owned(),
            avatar: None,
            online: true,
            last_seen: None,
            host: false,
        }
    }

    #[test]
    fn an_echo_becomes_the_row_that_was_waiting() {
        let mut bench = Bench::default();
        bench.hear(1, None);
        let key = bench.say("a");
        bench.say("b");
        assert_eq!(bench.hear(2, None), Confirmed::Inserted);
        assert_eq!(bench.picture(), "1 2 (a) (b)");
        assert_eq!(bench.hear(3, Some("a")), Confirmed::Merged);
        assert_eq!(bench.picture(), "1 2 3 (b)");
        assert_eq!(bench.timeline.rows().nth(2).map(Row::key), Some(key));
        assert_eq!(bench.hear(3, Some("a")), Confirmed::Known);
    }

    #[test]
    fn a_page_before_a_gap_and_one_behind_it_keep_the_order() {
        let mut bench = Bench::default();
        for seq in [1, 2, 10, 11] {
            bench.hear(seq, None);
        }
        bench.say("a");
        bench.gaps(&[(3, 9)]);
        assert_eq!(bench.picture(), "1 2 [3..9] 10 11 (a)");
        bench.gaps(&[(5, 5), (8, 9)]);
        for seq in [3, 4, 6, 7] {
            bench.hear(seq, None);
        }
        assert_eq!(bench.picture(), "1 2 3 4 [5..5] 6 7 [8..9] 10 11 (a)");
        bench.gaps(&[]);
        bench.hear(5, Some("a"));
        assert_eq!(bench.picture(), "1 2 3 4 5 6 7 10 11");
    }

    #[test]
    fn another_log_keeps_what_waits() {
        let mut bench = Bench::default();
        bench.hear(1, None);
        bench.say("a");
        bench.timeline.forget_confirmed();
        bench.check();
        assert_eq!(bench.picture(), "(a)");
    }

    #[test]
    fn read_marks_reach_only_my_own_and_only_so_far() {
        let mut bench = Bench::default();
        bench.hear(1, Some("a"));
        bench.hear(2, None);
        bench.hear(3, Some("b"));
        bench.timeline.mark_read(Seq(0), Seq(2));
        bench.check();
        let marks: Vec<_> = bench
            .copy
            .iter()
            .map(|row| match row {
                Row::Message(item) => item.delivery.as_ref().map(Delivery::word),
                Row::Gap(_) => None,
            })
            .collect();
        assert_eq!(marks, [Some("read"), None, Some("sent")]);
        assert_eq!(bench.timeline.unread_after(Seq(1)), 1);
    }
}
