//! The way out: keep, show, hand over, prove. Each message is on the device
//! before it is shown, and in the outbox until the server has proved it.
//!
//! Knows nothing of how a frame is written.

use std::time::Duration;

use super::phase::Phase;
use super::siblings::ELSEWHERE_WITHIN;
use super::{
    Account, Durability, Event, Oddity, Output, Session, StorageFailure, What, retry_at, wedged,
};
use crate::content::Content;
use crate::conversation::Conversation;
use crate::dialect::{Proof, Resend};
use crate::frame::{Ack, ClientFrame, Message, Nack, NackReason, Person, Say};
use crate::heartbeat::Verdict;
use crate::ids::{ClientId, ConversationId, ItemKey, MessageId, SaveId, Seq, Uid};
use crate::outbox::{Draft, Entry, InFlight, Kept, State, Stored, Take, Turn, Write};
use crate::planted::{Bug, planted};
use crate::time::{Instant, UnixMillis};
use crate::timeline::{Delivery, Failure, Item, Side};

/// A write that takes longer is not waited for: the row is shown, with the
/// page saying that it is not kept.
pub(super) const SAVE_WITHIN: Duration = Duration::from_secs(2);
/// What the device has kept is not waited for longer.
const LOAD_WITHIN: Duration = Duration::from_secs(2);

impl Session {
    /// Somebody said something here.
    pub(super) fn say(
        &mut self,
        now: Instant,
        conversation: ConversationId,
        content: Content,
        said_at: UnixMillis,
    ) {
        if !self.outbox.has_room_for(&content) {
            let text = content.text().to_owned();
            self.tell(Event::OutboxFull(conversation, text));
            return;
        }
        let draft = Draft {
            client_id: self.next_client_id(),
            conversation,
            content,
            said_at,
            order: 0,
            handed_over: false,
            after: None,
            again: None,
        };
        let key = self.next_key();
        self.say_in_row(now, key, draft);
    }

    /// Says it after everything else, in this row.
    pub(super) fn say_in_row(&mut self, now: Instant, key: ItemKey, mut draft: Draft) {
        // The device's time orders what several stays of one person leave
        // behind; within one stay the counter does.
        let by_clock = u64::try_from(draft.said_at.0).unwrap_or_default();
        draft.order = self.outbox.next_order().max(by_clock);
        match self.keeper() {
            Some(uid) => {
                let save = self.save(Write::Keep(uid, Box::new(draft.to_record())));
                let mut state = State::Saving(now + SAVE_WITHIN);
                if planted(Bug::ShownBeforeKept) {
                    self.show(&draft, key);
                    state = State::Queued;
                }
                self.outbox.add(draft, key, state, Kept::Saving(save));
            }
            None => {
                // Nobody is known yet, so there is nobody to keep it for.
                self.show(&draft, key);
                self.outbox.add(draft, key, State::Queued, Kept::No);
                self.set_durability(Durability::LostOnClose);
            }
        }
    }

    /// A write is complete, or failed.
    pub(super) fn on_saved(
        &mut self,
        now: Instant,
        save: SaveId,
        result: Result<(), StorageFailure>,
    ) {
        let ours = |kept: Kept| kept == Kept::Saving(save);
        let found = self.outbox.entries_mut().find(|entry| ours(entry.kept));
        let shown = found.map(|entry| {
            entry.kept = if result.is_ok() { Kept::Yes } else { Kept::No };
            let was_hidden = matches!(entry.state, State::Saving(_));
            if was_hidden {
                entry.state = State::Queued;
            }
            (entry.draft.clone(), entry.key, was_hidden)
        });
        if let Some((draft, key, was_hidden)) = &shown {
            if *was_hidden {
                self.show(draft, *key);
            }
            self.share_change();
        }
        match result {
            Ok(()) => {
                self.forgetting.remove(&save);
                self.keep_the_rest();
                self.read_again(now);
            }
            Err(failure) => {
                self.note(now, What::Storage, 0);
                self.count(Oddity::Storage, failure.0);
                self.set_durability(Durability::LostOnClose);
            }
        }
    }

    /// A write takes too long.
    pub(super) fn on_save_slow(&mut self, client_id: &ClientId) {
        let Some(entry) = self.outbox.find_mut(client_id) else {
            return;
        };
        entry.state = State::Queued;
        let (draft, key) = (entry.draft.clone(), entry.key);
        self.show(&draft, key);
        self.set_durability(Durability::LostOnClose);
    }

    /// Storage works: what it does not have yet is given to it. When it has
    /// everything, closing the page loses nothing.
    fn keep_the_rest(&mut self) {
        let Some(uid) = self.keeper() else { return };
        let missing: Vec<ClientId> = self
            .outbox
            .entries()
            .filter(|entry| entry.kept == Kept::No)
            .map(|entry| entry.draft.client_id.clone())
            .collect();
        for client_id in missing {
            let Some(entry) = self.outbox.find(&client_id) else {
                continue;
            };
            let record = Box::new(entry.draft.to_record());
            let save = self.save(Write::Keep(uid.clone(), record));
            if let Some(entry) = self.outbox.find_mut(&client_id) {
                entry.kept = Kept::Saving(save);
            }
        }
        self.settle_durability();
    }

    /// When the device has everything, closing the page loses nothing.
    pub(super) fn settle_durability(&mut self) {
        if self.outbox.entries().all(|entry| entry.kept == Kept::Yes) {
            self.set_durability(Durability::Kept);
        }
    }

    /// Asks the device what it has kept for this person.
    pub(super) fn load(&mut self, now: Instant, uid: Uid) {
        self.account = Account::Loading(uid.clone(), Some(now + LOAD_WITHIN));
        self.outputs.push_back(Output::Load(uid));
    }

    /// The device takes too long: what is said goes without what it kept.
    pub(super) fn on_load_slow(&mut self) {
        if let Account::Loading(_, until) = &mut self.account {
            *until = None;
        }
    }

    /// What the device had kept.
    pub(super) fn on_loaded(
        &mut self,
        now: Instant,
        uid: &Uid,
        wall: UnixMillis,
        stored: Result<Stored, StorageFailure>,
    ) {
        self.wall = Some((now, wall));
        match (&self.account, &stored) {
            (Account::Loading(awaited, _), _) if awaited == uid => {}
            (Account::Loaded(known), Ok(stored)) if known == uid => {
                return self.on_looked(now, stored);
            }
            // The device may answer after somebody else has come.
            _ => return,
        }
        self.account = Account::Loaded(uid.clone());
        let (stored, mut drafts) = match stored.and_then(|stored| self.read_rows(stored)) {
            Ok(read) => read,
            Err(failure) => {
                self.count(Oddity::Storage, failure.0);
                self.set_durability(Durability::LostOnClose);
                self.account = Account::Unread(uid.clone());
                return;
            }
        };
        drafts.sort_unstable_by_key(|draft| draft.order);
        let oldest_order = drafts.first().map(|draft| draft.order);
        // What was said before the device answered was said after all this,
        // whatever its clock said.
        let new_here = |draft: &&Draft| self.outbox.find(&draft.client_id).is_none();
        if let Some(newest) = drafts.iter().rfind(new_here).map(|draft| draft.order) {
            self.outbox.move_behind(newest);
        }
        for draft in drafts {
            if self.outbox.find(&draft.client_id).is_none() {
                self.adopt(uid, draft);
            }
        }
        if oldest_order.is_some() {
            self.show_all_again();
        }
        for (conversation, text) in stored.unfinished {
            if let Some(id) = ConversationId::parse(&conversation) {
                self.tell(Event::Draft(id, text));
            }
        }
        self.keep_the_rest();
    }

    /// The messages in the rows that can be read.
    fn read_rows(&mut self, stored: Stored) -> Result<(Stored, Vec<Draft>), StorageFailure> {
        let mut drafts = Vec::new();
        for value in &stored.unsent {
            match Draft::from_record(value) {
                Ok(draft) => drafts.push(draft),
                Err(error) if planted(Bug::PoisonRow) => return Err(StorageFailure(error.what)),
                // Left where it is, for whoever can read it.
                Err(error) => self.count(Oddity::BadRow, error.what),
            }
        }
        Ok((stored, drafts))
    }

    /// Whether a page that was read before the device answered has it, where
    /// a page is all the evidence that there is.
    pub(super) fn is_shown_already(&mut self, draft: &Draft) -> bool {
        let dialect = &self.dialect;
        let is_echo = |heard: &Content| dialect.is_echo(&draft.content, heard);
        let conversation = self.conversations.get_mut(&draft.conversation);
        conversation.is_some_and(|it| it.claims(&draft.client_id, draft.after.as_ref(), is_echo))
    }

    /// What the device has kept and could not give: it is asked once more. It
    /// may hold messages that nobody would send otherwise.
    pub(super) fn read_again(&mut self, now: Instant) {
        if let Account::Unread(uid) = &self.account {
            let uid = uid.clone();
            self.load(now, uid);
        }
    }

    /// Puts the rows of everything unsent in the order of saying.
    pub(super) fn show_all_again(&mut self) {
        let unsent: Vec<(Draft, ItemKey)> = self
            .outbox
            .entries()
            .filter(|entry| !matches!(entry.state, State::Saving(_)))
            .map(|entry| (entry.draft.clone(), entry.key))
            .collect();
        for (draft, key) in unsent {
            if let Some(conversation) = self.conversations.get_mut(&draft.conversation) {
                conversation.timeline.remove_waiting(&draft.client_id);
            }
            self.show(&draft, key);
        }
    }

    /// Shows a message that waits here, unless it is on show with other words.
    pub(super) fn show(&mut self, draft: &Draft, key: ItemKey) {
        self.touched.insert(draft.conversation.clone());
        let conversation = self.conversations.get(&draft.conversation);
        if conversation.is_some_and(|it| it.timeline.has_waiting(&draft.client_id)) {
            return;
        }
        let author = self.me.clone().or_else(|| {
            let uid = self.uid()?.clone();
            let name = uid.to_string();
            Some(Person {
                uid,
                name,
                avatar: None,
                online: true,
                last_seen: None,
                host: false,
            })
        });
        let id = &draft.conversation;
        let conversation = Self::conversation_mut(&mut self.conversations, id);
        conversation.is_said_again(&draft.client_id);
        conversation.timeline.say(Item {
            key,
            client_id: Some(draft.client_id.clone()),
            id: None,
            seq: None,
            side: Side::Mine,
            author,
            content: draft.content.clone(),
            at: Some(draft.said_at),
            delivery: Some(Delivery::Queued(crate::timeline::Queued::Turn)),
        });
    }

    /// Hands over what may go: the head of each conversation's queue, once
    /// what the server has is known, for it may have the message already. A
    /// page that does not come is not waited for: saying it twice is harmless.
    pub(super) fn hand_over(&mut self, now: Instant) {
        let Phase::Online(_) = &self.phase else {
            return;
        };
        if matches!(self.account, Account::Loading(_, Some(_))) {
            return;
        }
        // Where nothing confirms, a message leaves flight at once, and the
        // next one goes.
        loop {
            let numbered = self.is_numbered();
            let ready: Vec<ClientId> = self
                .outbox
                .ready(now)
                .into_iter()
                .filter(|entry| {
                    let conversation = self.conversations.get(&entry.draft.conversation);
                    !conversation.is_some_and(|it| {
                        if numbered {
                            it.is_loaded() && it.forward.is_due_or_asked(now)
                        } else {
                            it.is_catching_up(now)
                        }
                    })
                })
                .map(|entry| entry.draft.client_id.clone())
                .collect();
            if ready.is_empty() {
                return;
            }
            for client_id in ready {
                self.take_or_give(now, &client_id);
            }
        }
    }

    /// What the device keeps, another page may be handing over: it is asked.
    /// Where saying it twice would double it, it notes that it goes: a page
    /// that dies in between must not say it again by itself.
    fn take_or_give(&mut self, now: Instant, client_id: &ClientId) {
        let doubles = self.dialect.capabilities().resend == Resend::Doubles;
        let keeper = self.keeper();
        let Some(entry) = self.outbox.find_mut(client_id) else {
            return;
        };
        let Some(uid) = keeper.filter(|_| entry.kept == Kept::Yes) else {
            return self.give(now, client_id);
        };
        entry.state = State::Taking(now + SAVE_WITHIN);
        let note = doubles.then(|| {
            let log = self.conversations.get(&entry.draft.conversation);
            entry.draft.after = log.and_then(Conversation::newest_id);
            let mut noted = entry.draft.clone();
            noted.handed_over = true;
            noted.to_record().value
        });
        let client_id = client_id.clone();
        self.outputs.push_back(Output::Take(Take {
            uid,
            client_id,
            note,
        }));
    }

    /// Whether this page may hand it over.
    pub(super) fn on_took(
        &mut self,
        now: Instant,
        client_id: &ClientId,
        turn: Result<Turn, StorageFailure>,
    ) {
        let doubles = self.dialect.capabilities().resend == Resend::Doubles;
        let Some(entry) = self.outbox.find_mut(client_id) else {
            return;
        };
        let asked = matches!(entry.state, State::Taking(_));
        match turn {
            // What is not kept here is kept by no other page either.
            Err(_) => {}
            Ok(Turn::Mine(Some(row))) => {
                let over = Draft::from_record(&row).is_ok_and(|row| row.handed_over);
                let noted_here = std::mem::replace(&mut entry.draft.handed_over, doubles);
                if doubles && over && !noted_here {
                    // By another page, and this one is not to say it again.
                    entry.state = State::Unknown;
                    self.touched.insert(entry.draft.conversation.clone());
                    return;
                }
            }
            Ok(Turn::Mine(None)) => {
                if asked {
                    entry.state = State::Elsewhere(now + ELSEWHERE_WITHIN);
                    self.touched.insert(entry.draft.conversation.clone());
                }
                return;
            }
            Ok(Turn::Theirs(left)) => {
                if asked {
                    entry.state = State::Delayed(now + left);
                }
                return;
            }
        }
        if asked {
            self.give(now, client_id);
        }
    }

    /// Says it.
    pub(super) fn give(&mut self, now: Instant, client_id: &ClientId) {
        let proof = self.dialect.capabilities().proof;
        let Some(entry) = self.outbox.find_mut(client_id) else {
            return;
        };
        let Phase::Online(online) = &self.phase else {
            entry.state = State::Queued;
            return;
        };
        let proof_within = online.heartbeat.proof_within();
        let draft = entry.draft.clone();
        let frame = ClientFrame::Say(Say {
            client_id: draft.client_id.clone(),
            conversation: draft.conversation.clone(),
            content: draft.content.clone(),
            said_at: draft.said_at,
        });
        self.touched.insert(draft.conversation.clone());
        let via = self.transmit(&frame);
        let within = if proof == Proof::Never {
            self.given_within()
        } else {
            proof_within
        };
        let Some(entry) = self.outbox.find_mut(client_id) else {
            return;
        };
        let Some(via) = via else {
            // The backend has no words for it.
            entry.state = wedged(Failure::Other(String::new()));
            return;
        };
        let in_flight = InFlight {
            since: now,
            deadline: now + within,
            via,
        };
        if proof != Proof::Never {
            entry.state = State::InFlight(in_flight);
            return;
        }
        entry.state = State::Given(in_flight);
        let message = Message {
            conversation: draft.conversation,
            seq: None,
            id: None,
            client_id: Some(draft.client_id),
            from: self.me.clone(),
            content: draft.content,
            at: Some(draft.said_at),
        };
        self.place_given(message);
    }

    /// A message of mine is stored.
    pub(super) fn on_ack(&mut self, now: Instant, ack: Ack) {
        let Some(entry) = self.outbox.find(&ack.client_id) else {
            self.count(Oddity::StrayAck, "an acknowledgement of nothing that waits");
            return;
        };
        if let State::InFlight(in_flight) = entry.state
            && let Phase::Online(online) = &mut self.phase
        {
            online.heartbeat.measured(now.since(in_flight.since));
        }
        let draft = entry.draft.clone();
        let stamp = Stamp {
            id: ack.id,
            seq: ack.seq,
            at: ack.at,
        };
        self.on_proved(&draft, &stamp);
        let history = self.as_given();
        if stamp.seq.is_none() && history.is_none() {
            return;
        }
        let message = Message {
            conversation: draft.conversation.clone(),
            seq: stamp.seq,
            id: stamp.id,
            client_id: Some(draft.client_id),
            from: self.me.clone(),
            content: draft.content,
            at: stamp.at.or(Some(draft.said_at)),
        };
        match history {
            Some(history) => self.on_live_as_given(now, message, history),
            None => self.on_message(now, message),
        }
    }

    /// It is on the server: its row says so, and the device may forget it.
    pub(super) fn on_proved(&mut self, draft: &Draft, stamp: &Stamp) {
        self.outbox.remove(&draft.client_id);
        let me = self.me.clone();
        if let Some(uid) = self.keeper() {
            self.forget(uid, draft.client_id.clone());
        }
        if let Some(conversation) = self.conversations.get_mut(&draft.conversation) {
            conversation.has_or_wants_no(&draft.client_id);
            if planted(Bug::EchoVanishes) {
                conversation.timeline.remove_waiting(&draft.client_id);
            }
            conversation
                .timeline
                .update_waiting(&draft.client_id, |item| {
                    item.delivery = Some(Delivery::Sent);
                    item.author = item.author.take().or(me);
                    item.id.clone_from(&stamp.id);
                    item.seq = stamp.seq;
                    item.at = stamp.at.or(item.at);
                });
        }
        self.touched.insert(draft.conversation.clone());
        self.share_proof(draft, stamp);
        self.settle_durability();
    }

    /// A message of mine came from the server: that proves it, whatever
    /// became of the acknowledgement.
    pub(super) fn on_own_message(&mut self, message: &Message) {
        let mine = message
            .from
            .as_ref()
            .is_some_and(|from| Some(&from.uid) == self.uid());
        let Some(client_id) = message.client_id.as_ref().filter(|_| mine) else {
            return;
        };
        let Some(entry) = self.outbox.find(client_id) else {
            return;
        };
        let draft = entry.draft.clone();
        let stamp = Stamp {
            id: message.id.clone(),
            seq: message.seq,
            at: message.at,
        };
        self.on_proved(&draft, &stamp);
    }

    /// A message of mine was not stored.
    pub(super) fn on_nack(&mut self, now: Instant, nack: Nack) {
        let state = match retry_at(now, nack.retry) {
            Some(at) => State::Delayed(at),
            None => wedged(match nack.reason {
                NackReason::TooLarge => Failure::TooLarge,
                NackReason::Forbidden => Failure::Forbidden,
                NackReason::NoConversation => Failure::NoConversation,
                NackReason::RateLimited | NackReason::Unavailable | NackReason::ClientIdReused => {
                    Failure::Other(String::new())
                }
                NackReason::Other(text) => Failure::Other(text),
            }),
        };
        let Some(entry) = self.outbox.find_mut(&nack.client_id) else {
            self.count(Oddity::StrayAck, "a refusal of nothing that waits");
            return;
        };
        entry.state = state;
        self.touched.insert(entry.draft.conversation.clone());
    }

    /// What was on its way is refused for good.
    /// The server would not read so much. It does not say which message that
    /// was: the largest of those on their way. Should that be wrong, the next
    /// refusal finds the next.
    pub(super) fn wedge_largest(&mut self) {
        let flying = |entry: &&mut Entry| matches!(entry.state, State::InFlight(_));
        let largest = self.outbox.entries_mut().filter(flying);
        if let Some(entry) = largest.max_by_key(|entry| entry.bytes) {
            entry.state = wedged(Failure::TooLarge);
            self.touched.insert(entry.draft.conversation.clone());
        }
    }

    /// The page slept: what is on its way gets its time again.
    pub(super) fn extend_proofs(&mut self, now: Instant) {
        let Phase::Online(online) = &self.phase else {
            return;
        };
        let deadline = now + online.heartbeat.proof_within();
        for entry in self.outbox.entries_mut() {
            if let State::InFlight(in_flight) = &mut entry.state {
                in_flight.deadline = deadline;
            }
        }
    }

    /// Asks the server if it is there, unless it was heard within the span.
    pub(super) fn ask_server_if_quiet(&mut self, now: Instant, span: Duration) {
        let Phase::Online(online) = &mut self.phase else {
            return;
        };
        if online.heartbeat.ask_unless_heard_within(now, span) == Verdict::Ask {
            self.ask_server();
        }
    }

    /// Tries one again that was refused, that is too old to go unasked, or of
    /// which nobody knows whether it arrived.
    pub(super) fn retry(&mut self, key: ItemKey) {
        let unknown = |entry: &&Entry| entry.state == State::Unknown;
        let entry = self.outbox.find_key(key).filter(unknown);
        let Some(entry) = entry.or_else(|| self.decidable(key)) else {
            return;
        };
        let (client_id, id) = (
            entry.draft.client_id.clone(),
            entry.draft.conversation.clone(),
        );
        let keeper = self.keeper();
        if let Some(entry) = self.outbox.find_mut(&client_id) {
            entry.state = State::Queued;
            if std::mem::take(&mut entry.draft.handed_over)
                && let Some(uid) = keeper
            {
                // Whoever hands it over next is allowed to.
                let record = Box::new(entry.draft.to_record());
                self.save(Write::Keep(uid, record));
            }
        }
        if let Some(conversation) = self.conversations.get_mut(&id) {
            conversation.timeline.take_back(&client_id);
        }
        self.touched.insert(id);
    }

    /// Changes the words of one that was refused, or that is too old to go
    /// unasked, and tries again.
    ///
    /// Other words bear another id: whether the server has the old ones is not
    /// known for sure, and it would refuse the id for other words for ever.
    pub(super) fn edit(&mut self, now: Instant, key: ItemKey, content: Content) {
        let Some(entry) = self.decidable(key) else {
            return;
        };
        let (old, id) = (
            entry.draft.client_id.clone(),
            entry.draft.conversation.clone(),
        );
        if !self.outbox.has_room_instead(entry, &content) {
            let text = content.text().to_owned();
            self.tell(Event::OutboxFull(id, text));
            return;
        }
        let fresh = self.next_client_id();
        self.outbox.reword(&old, fresh.clone(), content.clone());
        let keeper = self.keeper();
        let Some(entry) = self.outbox.find_mut(&fresh) else {
            return;
        };
        entry.state = State::Queued;
        entry.kept = Kept::No;
        if let Some(uid) = keeper {
            let record = Box::new(entry.draft.to_record());
            // In this order: whatever happens between, one of them is kept.
            let save = self.save(Write::Keep(uid.clone(), record));
            self.forget(uid, old.clone());
            if let Some(entry) = self.outbox.find_mut(&fresh) {
                entry.state = State::Saving(now + SAVE_WITHIN);
                entry.kept = Kept::Saving(save);
            }
        }
        if let Some(conversation) = self.conversations.get_mut(&id) {
            conversation.has_or_wants_no(&old);
            conversation.timeline.update_waiting(&old, |item| {
                item.client_id = Some(fresh);
                item.content = content;
            });
        }
        self.touched.insert(id);
    }

    /// The one with this row, if it waits for the person's decision.
    fn decidable(&self, key: ItemKey) -> Option<&Entry> {
        let entry = self.outbox.find_key(key)?;
        matches!(entry.state, State::Wedged(_) | State::Asking).then_some(entry)
    }

    /// Gives one up that is not on its way.
    pub(super) fn delete(&mut self, key: ItemKey) {
        let Some(entry) = self.outbox.find_key(key) else {
            return;
        };
        if matches!(
            entry.state,
            State::InFlight(_) | State::Given(_) | State::Taking(_)
        ) {
            return;
        }
        let (client_id, id) = (
            entry.draft.client_id.clone(),
            entry.draft.conversation.clone(),
        );
        self.outbox.remove(&client_id);
        if let Some(uid) = self.keeper() {
            self.forget(uid, client_id.clone());
        }
        if let Some(conversation) = self.conversations.get_mut(&id) {
            conversation.has_or_wants_no(&client_id);
            conversation.timeline.remove_own(&client_id);
        }
        self.touched.insert(id);
        self.share_change();
    }

    /// The device need not keep it any longer.
    pub(super) fn forget(&mut self, uid: Uid, client_id: ClientId) {
        let save = self.save(Write::Forget(uid, client_id.clone()));
        self.forgetting
            .insert(save, (client_id, self.epoch.clone()));
    }

    pub(super) fn next_client_id(&mut self) -> ClientId {
        let bits = (u128::from(self.chance.bits()) << 64) | u128::from(self.chance.bits());
        ClientId::from_bits(bits)
    }

    /// Whose rows the device keeps.
    pub(super) fn keeper(&self) -> Option<Uid> {
        match &self.account {
            Account::Nobody => None,
            Account::Loading(uid, _) | Account::Loaded(uid) | Account::Unread(uid) => {
                Some(uid.clone())
            }
        }
    }
}

/// What the server put on a message that it has stored.
pub(super) struct Stamp {
    pub(super) id: Option<MessageId>,
    pub(super) seq: Option<Seq>,
    pub(super) at: Option<UnixMillis>,
}
