//! What a page shows, replayed from changes alone, and what must hold of it:
//! confirmed rows in the log's order with a gap row for every hole, then what
//! waits, each message once, none vanishing, none lying about how far it got.
//!
//! Knows the model server's logs, as the truth.

use std::collections::BTreeMap;

use parlance_core::content::Content;
use parlance_core::ids::{ConversationId, Seq};
use parlance_core::outbox::State;
use parlance_core::timeline::{Change, Delivery, Item, Origin, Row, Side};

use super::server::number_of;
use super::tab::Tab;
use super::tally::{Premise, Tally};
use super::{Check, Device, Fate, Said, Server, Sim, violation};

/// One conversation as it is shown.
#[derive(Default)]
pub(crate) struct View {
    pub(crate) rows: Vec<Row>,
    /// Number and key of each confirmed row, as of the last look.
    pub(crate) confirmed: Vec<(u64, u64)>,
    /// Key and client id of each row that waits, or that the server lacks.
    pending: Vec<(u64, String)>,
    /// What of mine was shown as stored, for when the log is another one.
    pub(super) proved: super::restored::Proved,
    /// The delivery word that each row showed last, by key.
    words: BTreeMap<u64, &'static str>,
}

impl Sim {
    /// Applies changes to what is shown.
    pub(super) fn replay(&mut self, at: usize, id: ConversationId, changes: Vec<Change>) -> Check {
        let tab = &mut self.tabs[at];
        let mut view = tab.views.remove(&id).unwrap_or_default();
        let world = Truth {
            server: &self.server,
            device: &self.devices[tab.device],
            said: &self.said,
            waived: &self.waived,
            tab,
            id: &id,
            name: id.to_string(),
        };
        for change in changes {
            let len = view.rows.len();
            let (place, limit) = match &change {
                Change::Insert(place, ..) => (*place, len + 1),
                Change::Update(place, _) | Change::Remove(place) => (*place, len),
                Change::Move(from, to) => ((*from).max(*to), len),
                Change::Reset(_) => (0, 1),
            };
            if place >= limit {
                let what = format!("{change:?} in {len} rows");
                return violation("changes replay", what);
            }
            match change {
                Change::Insert(place, row, origin) => {
                    if origin == Origin::History && place + 1 < len {
                        self.tally.met(Premise::HistoryInFront);
                    }
                    world.check_row(&row, &mut view.words, &mut self.tally)?;
                    view.rows.insert(place, row);
                }
                Change::Update(place, row) => {
                    if view.rows[place].key() != row.key() {
                        return violation("changes replay", "an update changed a key".into());
                    }
                    world.check_row(&row, &mut view.words, &mut self.tally)?;
                    view.rows[place] = row;
                }
                Change::Move(from, to) => {
                    let row = view.rows.remove(from);
                    view.rows.insert(to, row);
                }
                Change::Remove(place) => {
                    view.rows.remove(place);
                }
                Change::Reset(rows) => {
                    if !tab.told.anew {
                        return violation("I4 nothing vanishes", "a reset".to_owned());
                    }
                    for row in &rows {
                        world.check_row(row, &mut view.words, &mut self.tally)?;
                    }
                    view.proved.on_reset();
                    view.rows = rows;
                }
            }
        }
        self.tally.met(Premise::ChangesReplayed);
        let tab = &mut self.tabs[at];
        tab.told.changed.push(id.clone());
        tab.views.insert(id, view);
        Ok(())
    }

    /// Checks the whole of what is shown of a conversation.
    pub(super) fn check_view(&mut self, at: usize, id: &ConversationId) -> Check {
        let tab = &mut self.tabs[at];
        let Some(session) = &tab.session else {
            return Ok(());
        };
        let Some(view) = tab.views.get_mut(id) else {
            return Ok(());
        };
        let Some(conversation) = session.conversation(id) else {
            if view.rows.is_empty() {
                view.confirmed.clear();
                view.pending.clear();
                view.proved = super::restored::Proved::default();
                return Ok(());
            }
            return violation("changes replay", format!("{id} is forgotten and shown"));
        };
        let real = conversation.timeline.rows();
        if real.len() != view.rows.len() || real.zip(&view.rows).any(|(one, other)| one != other) {
            let what = format!("{id}: what is shown is not what the timeline has");
            return violation("changes replay", what);
        }
        let split = conversation.timeline.confirmed_len();
        let (confirmed, pending) = view.rows.split_at(split);
        let now_confirmed = check_confirmed(id, confirmed, &mut self.tally)?;
        if conversation.history_state().oldest_known
            && now_confirmed.first().is_some_and(|(seq, _)| *seq != 1)
        {
            return violation("I3 no silent hole", format!("{id}: the oldest is not 1"));
        }
        let last = now_confirmed.last().map_or(0, |(seq, _)| *seq);
        if conversation.last_known().0 != last {
            let what = format!("{id}: cursor {} at row {last}", conversation.last_known());
            return violation("I7 the cursor skips nothing", what);
        }
        let mut now_pending = check_pending(id, pending)?;
        check_once(id, &view.rows)?;
        if !pending.is_empty() && !confirmed.is_empty() {
            self.tally.met(Premise::PendingBelowConfirmed);
        }
        // What is unsent has its row, and what waits is unsent or proved.
        let unsent = session.outbox().entries();
        let unsent = unsent.filter(|entry| entry.draft.conversation == *id);
        let mut waiting = 0;
        for entry in unsent {
            let shown = now_pending.iter().any(|(key, _)| *key == entry.key.0);
            if matches!(entry.state, State::Saving(_)) && !shown {
                continue;
            }
            waiting += 1;
            if !shown {
                let what = format!("{id}: {:?} is unsent and not shown", entry.draft.content);
                return violation("I14 in exactly one place", what);
            }
        }
        now_pending.extend(missing_among(confirmed));
        let proved = pending.iter().filter(|row| is_proved(row)).count();
        if proved + waiting != pending.len() {
            let what = format!("{id}: {} wait, {waiting} unsent", pending.len());
            return violation("I14 in exactly one place", what);
        }
        if !tab.told.anew {
            let (said, waived) = (&self.said, &self.waived);
            // Where the log is not here, another tab may have seen it through.
            let (server, loaded) = (&self.server, conversation.is_loaded());
            let me = tab.told.me.as_deref().unwrap_or_default();
            let given_up = |client_id: &str| {
                // Or it is in a part of the log that is not; or a restored
                // server has lost what was proved there.
                let here = server.stored_at(me, client_id).is_some_and(|at| {
                    let mut rows = view.rows.iter();
                    rows.any(|row| matches!(row, Row::Message(it) if it.seq == Some(Seq(at))))
                });
                if (!loaded || !here) && server.was_stored(me, client_id) {
                    return true;
                }
                let mut said = said.iter().filter(|said| said.fate == Fate::Waived);
                said.any(|said| said.client_id == client_id)
                    || waived.iter().any(|it| it == client_id)
            };
            let deleted = tab.told.deleted;
            check_kept(id, view, &now_confirmed, &now_pending, deleted, given_up)?;
        }
        view.confirmed = now_confirmed;
        view.pending = now_pending;
        self.check_restored(at, id)
    }
}

/// Key and client id of each row that the server lacks.
fn missing_among(rows: &[Row]) -> impl Iterator<Item = (u64, String)> {
    rows.iter().filter_map(|row| match row {
        Row::Message(item) if is_missing(item) => {
            let client_id = item.client_id.as_ref().map_or("", |it| it.as_str());
            Some((item.key.0, client_id.to_owned()))
        }
        Row::Message(_) | Row::Gap(_) => None,
    })
}

pub(super) const fn is_missing(item: &Item) -> bool {
    matches!(item.delivery, Some(Delivery::Missing(_)))
}

/// Strictly increasing, without holes that no gap row stands in.
fn check_confirmed(
    id: &ConversationId,
    rows: &[Row],
    tally: &mut Tally,
) -> Result<Vec<(u64, u64)>, super::Violation> {
    let mut numbers = Vec::with_capacity(rows.len());
    let mut next = None;
    for row in rows {
        let (first, last) = match row {
            Row::Message(item) if is_missing(item) => continue,
            Row::Message(item) => {
                let seq = item.seq.unwrap_or_default().0;
                numbers.push((seq, item.key.0));
                (seq, seq)
            }
            Row::Gap(gap) => {
                tally.met(Premise::GapRow);
                (gap.first.0, gap.last.0)
            }
        };
        if first == 0 || last < first || next.is_some_and(|next| next != first) {
            let what = format!("{id}: {first} follows, {next:?} was due");
            violation("I3 no silent hole", what)?;
        }
        next = Some(last + 1);
    }
    if matches!(rows.last(), Some(Row::Gap(_))) || matches!(rows.first(), Some(Row::Gap(_))) {
        violation("I3 no silent hole", format!("{id}: a gap at an end"))?;
    }
    if !rows.is_empty() {
        tally.met(Premise::ConfirmedRows);
    }
    Ok(numbers)
}

fn check_pending(
    id: &ConversationId,
    rows: &[Row],
) -> Result<Vec<(u64, String)>, super::Violation> {
    let mut keys = Vec::with_capacity(rows.len());
    for row in rows {
        match row {
            Row::Message(item) if item.side == Side::Mine && item.client_id.is_some() => {
                let client_id = item.client_id.as_ref().map_or("", |it| it.as_str());
                keys.push((item.key.0, client_id.to_owned()));
            }
            Row::Message(_) | Row::Gap(_) => {
                let what = format!("{id}: {row:?} waits below");
                violation("I14 in exactly one place", what)?;
            }
        }
    }
    Ok(keys)
}

fn is_proved(row: &Row) -> bool {
    match row {
        Row::Message(item) => {
            item.seq.is_some() || matches!(item.delivery, Some(Delivery::Sent | Delivery::Read))
        }
        Row::Gap(_) => false,
    }
}

/// Each text, each client id and each key once.
fn check_once(id: &ConversationId, rows: &[Row]) -> Check {
    let mut seen = [0_u64; 64];
    let mut many = Vec::new();
    let mut edited = Vec::new();
    for row in rows {
        let Row::Message(item) = row else { continue };
        let text = item.content.text();
        let Some(number) = number_of(text) else {
            continue;
        };
        let doubled = if text.contains('e') {
            // Other words in the place of refused ones are another message.
            let doubled = edited.contains(&text);
            edited.push(text);
            doubled
        } else if let Some(word) = seen.get_mut((number / 64) as usize) {
            let bit = 1 << (number % 64);
            let doubled = *word & bit != 0;
            *word |= bit;
            doubled
        } else {
            let doubled = many.contains(&number);
            many.push(number);
            doubled
        };
        if doubled {
            let what = format!("{id}: {:?} twice", item.content.text());
            return violation("I2 shown once", what);
        }
    }
    Ok(())
}

/// What was shown is still shown, in the same row.
fn check_kept(
    id: &ConversationId,
    view: &View,
    confirmed: &[(u64, u64)],
    pending: &[(u64, String)],
    deleted: Option<u64>,
    given_up: impl Fn(&str) -> bool,
) -> Check {
    let mut now = confirmed.iter();
    for before in &view.confirmed {
        if !now.any(|it| it == before) {
            let what = format!("{id}: row {} (key {})", before.0, before.1);
            return violation("I4 nothing vanishes", what);
        }
    }
    for (key, client_id) in &view.pending {
        let here = pending.iter().any(|(it, _)| it == key)
            || confirmed.iter().rev().any(|(_, it)| it == key)
            || deleted == Some(*key);
        // In another tab the person may have given it up.
        if !here && !given_up(client_id) {
            return violation("I4 nothing vanishes", format!("{id}: waiting row {key}"));
        }
    }
    Ok(())
}

/// What a row is held against.
struct Truth<'a> {
    server: &'a Server,
    device: &'a Device,
    said: &'a [Said],
    waived: &'a [String],
    tab: &'a Tab,
    id: &'a ConversationId,
    name: String,
}

impl Truth<'_> {
    /// Whether it is no longer owed, whatever became of it.
    fn is_waived(&self, client_id: &str) -> bool {
        let mut said = self.said.iter().filter(|said| said.fate == Fate::Waived);
        said.any(|said| said.client_id == client_id) || self.waived.iter().any(|it| it == client_id)
    }

    fn me(&self) -> &str {
        self.tab.told.me.as_deref().unwrap_or_default()
    }

    fn check_row(
        &self,
        row: &Row,
        words: &mut BTreeMap<u64, &'static str>,
        tally: &mut Tally,
    ) -> Check {
        let Row::Message(item) = row else {
            return Ok(());
        };
        if let Some(seq) = item.seq {
            self.check_stored(item, seq.0)?;
        }
        if (item.side == Side::Mine) != item.delivery.is_some() {
            let what = format!("{:?} of {:?}", item.delivery, item.side);
            return violation("delivery words", what);
        }
        if let Some(delivery) = &item.delivery {
            let before = words.insert(item.key.0, delivery.word());
            self.check_word(item, delivery, before, tally)?;
        }
        Ok(())
    }

    /// A row with a number is the log's message of that number.
    fn check_stored(&self, item: &Item, seq: u64) -> Check {
        let epoch = self.tab.told.epoch;
        let stored = self.server.message(epoch, &self.name, seq);
        let Some(stored) = stored else {
            let what = format!("{} has no {seq} in epoch {epoch}", self.name);
            return violation("I1 only what the log has", what);
        };
        let author = item.author.as_ref().map_or("", |it| it.uid.as_str());
        let me = self.tab.told.me.as_deref();
        let side = match &stored.sender {
            sender if sender.is_empty() => Side::System,
            sender if Some(sender.as_str()) == me => Side::Mine,
            _ => Side::Theirs,
        };
        let system = matches!(item.content, Content::Notice(_));
        if stored.text != item.content.text()
            || (author != stored.sender && !(author.is_empty() && side == Side::Mine))
            || side != item.side
            || system != stored.sender.is_empty()
        {
            let what = format!("{} at {seq}: {item:?} is stored as {stored:?}", self.name);
            return violation("I1 only what the log has", what);
        }
        Ok(())
    }

    /// INTERFACE's words, each with what must be true for it.
    fn check_word(
        &self,
        item: &Item,
        delivery: &Delivery,
        before: Option<&'static str>,
        tally: &mut Tally,
    ) -> Check {
        let client_id = item.client_id.as_ref().map_or("", |it| it.as_str());
        let lie = |why: &str| {
            let what = format!(
                "{:?}: {before:?} to {delivery:?}, {why}",
                item.content.text()
            );
            violation("delivery words", what)
        };
        let settled = matches!(before, Some("sent" | "read"));
        match delivery {
            Delivery::Queued(_) => {
                tally.met(Premise::WordQueued);
                if settled {
                    return lie("it was proved");
                }
                let elsewhere =
                    self.server.was_stored(self.me(), client_id) || self.is_waived(client_id);
                if !self.device.storage.has_client_id(client_id) && !elsewhere {
                    tally.met(Premise::NotKept);
                    if !self.tab.told.lost_on_close && before.is_none() {
                        return lie("it is not kept, and nobody was told");
                    }
                }
            }
            Delivery::Sending => {
                tally.met(Premise::WordSending);
                if settled {
                    return lie("it was proved");
                }
                // Another tab has it, or had: the device keeps it no longer.
                let elsewhere = !self.device.storage.has_client_id(client_id);
                if elsewhere {
                    tally.met(Premise::SentElsewhere);
                }
                if !elsewhere && !self.tab.handed.iter().any(|it| it == client_id) {
                    return lie("it was not handed over on this link");
                }
            }
            Delivery::Sent | Delivery::Read => {
                tally.met(Premise::WordSent);
                tally.met(Premise::AckedMessage);
                let Some(seq) = item.seq else {
                    // Only the row of a log that is gone has lost its number.
                    return if settled { Ok(()) } else { lie("no number") };
                };
                let stored = self.server.message(self.tab.told.epoch, &self.name, seq.0);
                let theirs = stored.and_then(|it| it.client_id.as_deref());
                if item.client_id.is_some() && theirs != Some(client_id) {
                    return lie("the log has another there");
                }
                if *delivery == Delivery::Read {
                    tally.met(Premise::WordRead);
                    let me = self.tab.told.me.as_deref().unwrap_or_default();
                    let other = match self.id {
                        ConversationId::Pair(one, other) if one.as_str() == me => other.as_str(),
                        ConversationId::Pair(one, _) => one.as_str(),
                        ConversationId::Room(_) => return lie("nobody reads in a room"),
                    };
                    let read = self.server.read_by(&self.name, other);
                    if self.tab.told.epoch == self.server.epoch && read < seq.0 {
                        return lie("the other has not read it");
                    }
                } else if before == Some("read") {
                    return lie("it was read");
                }
            }
            Delivery::Failed(_) => {
                tally.met(Premise::WordFailed);
                if settled {
                    return lie("it was proved");
                }
                // Other words keep the old word until the device has them.
                let refused = self.tab.refused.iter().any(|it| it == client_id);
                if before != Some("failed") && !refused {
                    return lie("nobody refused it");
                }
            }
            Delivery::Missing(_) => {
                tally.met(Premise::Offered);
                if self.tab.told.epoch < 2 || !self.server.was_stored(self.me(), client_id) {
                    return lie("no log has lost it");
                }
            }
            Delivery::Unconfirmed | Delivery::Unknown => return lie("not here"),
        }
        Ok(())
    }
}
