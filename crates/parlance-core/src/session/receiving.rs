//! The way in: what each frame does. Live messages, pages, echoes and
//! acknowledgements of one message all end in one row.
//!
//! Knows nothing of how a frame was written.

use std::time::Duration;

use super::phase::{Phase, Sums};
use super::{Account, Aim, Event, Oddity, Session, Target, What, retry_at};
use crate::TYPING;
use crate::close::EndReason;
use crate::conversation::{Applied, PAGE, PAGE_WITHIN};
use crate::dialect::History;
use crate::frame::{
    Anchor, ClientFrame, ConversationHead, Cursor, Fill, Heads, Message, Opened, Page, Part,
    ServerFrame, Welcome,
};
use crate::history::Fetch;
use crate::ids::{ConversationId, Epoch, Seq, Uid};
use crate::outbox::Kept;
use crate::planted::{Bug, planted};
use crate::time::Instant;

/// A welcome lists at most so many conversations.
const MOST_LISTED: usize = 500;

/// Somebody who types is believed for so long.
const TYPING_FOR: Duration = Duration::from_secs(5);

impl Session {
    pub(super) fn on_frame(&mut self, now: Instant, frame: ServerFrame) {
        match frame {
            ServerFrame::Welcome(welcome) => self.on_welcome(now, welcome),
            ServerFrame::Refused(refusal) => self.end(now, EndReason::Refused(refusal)),
            ServerFrame::Opened(opened) => self.on_conversation_opened(now, opened),
            ServerFrame::Ack(ack) => self.on_ack(now, ack),
            ServerFrame::Nack(nack) => self.on_nack(now, nack),
            ServerFrame::Message(message) => match self.as_given() {
                Some(history) => self.on_live_as_given(now, message, history),
                None => {
                    self.on_own_message(&message);
                    self.on_message(now, message);
                }
            },
            ServerFrame::Page(page) => self.on_page(now, page),
            ServerFrame::Rows(rows) => self.on_rows(now, rows),
            ServerFrame::Recalled(id, message, words) => self.on_recalled(&id, &message, words),
            ServerFrame::Gone(gone) => {
                let retry = retry_at(now, gone.retry);
                if !self.is_numbered() {
                    self.begin_logs_without(now, gone.request);
                }
                let asked = |fetch: Fetch| fetch.is(gone.request);
                for (id, conversation) in &mut self.conversations {
                    let gap = conversation.gap.is_some_and(|(_, fetch)| asked(fetch));
                    if asked(conversation.forward) || asked(conversation.backward) || gap {
                        conversation.on_page_failed(gone.request, retry);
                        self.touched.insert(id.clone());
                    }
                }
            }
            ServerFrame::Roster(id, people) => {
                Self::conversation_mut(&mut self.conversations, &id)
                    .presence
                    .on_list(people);
                self.tell_people(&id);
            }
            ServerFrame::Came(id, person) => {
                let conversation = Self::conversation_mut(&mut self.conversations, &id);
                if conversation.presence.on_came(person) {
                    self.tell_people(&id);
                }
            }
            ServerFrame::Went(id, uid, seen) => {
                let conversation = Self::conversation_mut(&mut self.conversations, &id);
                let typed = conversation.presence.on_said(&uid);
                if conversation.presence.on_went(uid, seen) {
                    self.tell_people(&id);
                }
                if typed {
                    self.tell_typists(&id);
                }
            }
            ServerFrame::Typing(id, person) => {
                if TYPING && Some(&person.uid) != self.uid() {
                    let conversation = Self::conversation_mut(&mut self.conversations, &id);
                    conversation.presence.on_typing(person, now + TYPING_FOR);
                    self.tell_typists(&id);
                }
            }
            ServerFrame::Read(id, uid, seq) => self.on_read(now, &id, uid, seq),
            ServerFrame::Ping(heads) => {
                self.transmit(&ClientFrame::Pong);
                self.on_heads(now, heads);
            }
            ServerFrame::Pong(heads) => {
                self.ponged = true;
                if let Phase::Online(online) = &mut self.phase {
                    online.heartbeat.expect_pongs();
                }
                self.on_heads(now, heads);
            }
            ServerFrame::Bye(bye) => {
                self.note(now, What::Goodbye, bye.retry_after.as_secs());
                self.drop_link(now, crate::close::NORMAL);
                self.wait_out(now, bye.retry_after);
            }
            ServerFrame::Conversation(head) => {
                self.on_conversation_head(now, &head);
            }
            ServerFrame::Lost => {
                self.note(now, What::Lost, 0);
                self.count(Oddity::LostFrames, "a jump in the frame numbers");
                self.catch_up_all(now);
                self.await_people();
                if let Some(current) = self.current.clone() {
                    self.open_current(now, &current);
                }
            }
        }
    }

    pub(super) fn on_welcome(&mut self, now: Instant, welcome: Welcome) {
        if !matches!(self.phase, Phase::Greeting(_)) {
            self.count(Oddity::UnknownFrame, "a second welcome");
            return;
        }
        self.become_person(now, &welcome.me.uid);
        self.tell(Event::Me(welcome.me.clone()));
        self.tell(Event::Limits(welcome.limits));
        self.me = Some(welcome.me);
        self.backoff.set_spread(welcome.spread);
        self.enter_online(now, welcome.ping_every);
        if let Phase::Online(online) = &mut self.phase
            && welcome.conversations.len() >= MOST_LISTED
        {
            // The sum may count conversations that were not listed.
            online.sums = Sums::Ignored;
        }
        let another = |epoch: &Epoch| *epoch != welcome.epoch && !planted(Bug::EpochWithoutOffset);
        if self.is_numbered() && self.epoch.as_ref().is_some_and(another) {
            self.forget_logs(now);
        }
        self.epoch = Some(welcome.epoch);
        for head in &welcome.conversations {
            if let Some(conversation) = self.conversations.get_mut(&head.conversation) {
                conversation.forget_heard_of();
            }
            self.on_conversation_head(now, head);
        }
        self.aim();
        let again: Vec<ConversationId> = self.conversations.keys().cloned().collect();
        for id in again {
            let Some(conversation) = self.conversations.get_mut(&id) else {
                continue;
            };
            if conversation.forward == Fetch::Failed {
                conversation.forward = Fetch::Wanted(now);
            }
            self.touched.insert(id);
        }
        if let Some(current) = self.current.clone() {
            self.open_current(now, &current);
        }
    }

    /// The server says who I am. What another person left on this device is
    /// not mine to show or to send.
    fn become_person(&mut self, now: Instant, uid: &Uid) {
        let known = match &self.account {
            Account::Loading(known, _) | Account::Loaded(known) | Account::Unread(known) => {
                Some(known)
            }
            Account::Nobody => None,
        };
        if known == Some(uid) {
            self.read_again(now);
            return;
        }
        if known.is_some() {
            // What was said here under the hint stays on the device with the
            // one whom the hint named.
            self.forget_person();
        }
        self.load(now, uid.clone());
        let unkept: Vec<_> = self
            .outbox
            .entries()
            .filter(|entry| entry.kept == Kept::No)
            .map(|entry| entry.draft.conversation.clone())
            .collect();
        self.touched.extend(unkept);
    }

    /// Opens what is to be shown first, as soon as it can be named.
    pub(super) fn aim(&mut self) {
        if self.aim == Aim::Taken {
            return;
        }
        let id = match &self.target {
            Target::Room(name) => Some(ConversationId::room(name.clone())),
            Target::Person(other, _) => self
                .uid()
                .map(|me| ConversationId::pair(me.clone(), other.clone())),
            Target::Nothing => None,
        };
        if let Some(id) = id {
            // Once a person: after that they choose.
            self.aim = Aim::Taken;
            Self::conversation_mut(&mut self.conversations, &id);
            self.touched.insert(id.clone());
            self.set_current(Some(id));
        }
    }

    /// Says that I am here, and asks for the newest page if it is not here.
    pub(super) fn open_current(&mut self, now: Instant, id: &ConversationId) {
        if !matches!(self.phase, Phase::Online(_)) {
            return;
        }
        self.transmit(&ClientFrame::Open(id.clone()));
        let history = self.as_given();
        let conversation = Self::conversation_mut(&mut self.conversations, id);
        match history {
            Some(History::None) => conversation.begin_as_given(History::None),
            // Nothing says what was missed: the newest page does.
            Some(History::Pages) => conversation.look_again(now),
            None if conversation.is_loaded() || conversation.forward.is_open() => {}
            None => conversation.forward = Fetch::Wanted(now),
        }
        self.touched.insert(id.clone());
    }

    fn on_conversation_head(&mut self, now: Instant, head: &ConversationHead) {
        let me = self.uid().cloned();
        let id = &head.conversation;
        if !self.is_numbered() {
            Self::conversation_mut(&mut self.conversations, id).on_head_as_given(head, me.as_ref());
            self.touched.insert(id.clone());
            return;
        }
        let conversation = Self::conversation_mut(&mut self.conversations, id);
        let mut ahead = None;
        if conversation.is_loaded() && conversation.is_ahead_of(head.head) {
            ahead = Some(format!("{} of {}", conversation.last_known(), head.head));
            conversation.forget_log();
        }
        conversation.on_head(head, me.as_ref());
        let behind = conversation.is_loaded() && conversation.is_behind();
        let shown = self.current.as_ref() == Some(id);
        if (behind || (shown && !conversation.is_loaded())) && !conversation.forward.is_open() {
            conversation.forward = Fetch::Wanted(now);
        }
        self.touched.insert(id.clone());
        if let Some(what) = ahead {
            self.count(Oddity::CursorAhead, what);
            self.tell_restored(now);
        }
    }

    fn on_conversation_opened(&mut self, now: Instant, opened: Opened) {
        let id = opened.head.conversation.clone();
        let numbered = self.is_numbered();
        self.on_conversation_head(now, &opened.head);
        let me = self.uid().cloned();
        let Some(conversation) = self.conversations.get_mut(&id) else {
            return;
        };
        conversation.talk = opened.talk;
        if numbered && matches!(id, ConversationId::Pair(..)) {
            for (uid, seq) in opened.readers {
                if Some(&uid) != me.as_ref() {
                    conversation.on_reader(uid, seq);
                }
            }
        }
    }

    /// A message, live or acknowledged.
    pub(super) fn on_message(&mut self, now: Instant, message: Message) {
        let id = message.conversation.clone();
        let uid = self.uid().cloned();
        let conversation = Self::conversation_mut(&mut self.conversations, &id);
        let mut viewer = Self::viewer(uid.as_ref(), &mut self.keys);
        let own = message
            .from
            .as_ref()
            .is_some_and(|from| Some(&from.uid) == uid.as_ref());
        let applied = conversation.on_live(message, now, &mut viewer);
        // The echo of what was acknowledged is no oddity.
        self.on_applied(&id, applied, own);
    }

    fn on_page(&mut self, now: Instant, page: Page) {
        let id = page.conversation.clone();
        let request = page.request;
        let awaited = self.conversations.get(&id).is_some_and(|conversation| {
            let gap = conversation.gap.is_some_and(|(_, fetch)| fetch.is(request));
            conversation.forward.is(request) || conversation.backward.is(request) || gap
        });
        if !awaited || !self.is_numbered() {
            self.count(Oddity::StrayPage, "a page that nobody waits for");
            return;
        }
        if self
            .epoch
            .as_ref()
            .is_some_and(|epoch| *epoch != page.epoch)
        {
            // The log was replaced while the link lived: read it anew.
            self.epoch = Some(page.epoch);
            self.forget_logs(now);
            if let Some(current) = self.current.clone() {
                self.open_current(now, &current);
            }
            return;
        }
        for message in &page.messages {
            self.on_own_message(message);
        }
        let uid = self.uid().cloned();
        let conversation = Self::conversation_mut(&mut self.conversations, &id);
        let before = conversation.last_known();
        let was_loaded = conversation.is_loaded();
        let mut viewer = Self::viewer(uid.as_ref(), &mut self.keys);
        let applied = conversation.on_page(page, now, &mut viewer);
        let missed = conversation.last_known().0.saturating_sub(before.0);
        if was_loaded && missed > 0 {
            self.note(now, What::Missed, missed);
        }
        // Overlap of a page with what is here is how pages are.
        self.on_applied(&id, applied, true);
    }

    pub(super) fn on_applied(&mut self, id: &ConversationId, applied: Applied, expected: bool) {
        self.touched.insert(id.clone());
        if applied.duplicates > 0 && !expected {
            self.count(Oddity::Duplicate, format!("{} of them", applied.duplicates));
        }
        if applied.stopped_typing > 0 {
            self.tell_typists(id);
        }
    }

    fn on_read(&mut self, now: Instant, id: &ConversationId, uid: Uid, seq: Seq) {
        let mine = Some(&uid) == self.uid();
        let numbered = self.is_numbered();
        let Some(conversation) = self.conversations.get_mut(id).filter(|_| numbered) else {
            return;
        };
        if mine {
            conversation.on_read_elsewhere(seq, now);
        } else if matches!(id, ConversationId::Pair(..)) {
            conversation.on_reader(uid, seq);
        }
        self.touched.insert(id.clone());
    }

    /// How far the server's conversations have got: what is missing here is
    /// noticed on a link that is alive and routed nowhere.
    fn on_heads(&mut self, now: Instant, heads: Heads) {
        if !self.is_numbered() {
            return;
        }
        if let Some(spread) = heads.spread {
            self.backoff.set_spread(spread);
        }
        for (id, seq) in heads.changed {
            if let Some(conversation) = self.conversations.get_mut(&id) {
                conversation.on_heard_of(seq, now);
                self.touched.insert(id);
            }
        }
        let Some(theirs) = heads.sum else { return };
        let ours = self
            .conversations
            .values()
            .fold(0_u64, |sum, it| sum.wrapping_add(it.head.0));
        let Phase::Online(online) = &mut self.phase else {
            return;
        };
        match (ours == theirs, online.sums) {
            (true, Sums::Agree | Sums::Doubted) => online.sums = Sums::Agree,
            (_, Sums::Ignored) => {}
            (false, Sums::Agree) => online.sums = Sums::Doubted,
            (false, Sums::Doubted) => {
                online.sums = Sums::Ignored;
                if self.may_resync(now) {
                    self.count(Oddity::LostFrames, "the sum of heads differs");
                    self.drop_link(now, crate::close::SILENT);
                    self.attempt(now);
                }
            }
        }
    }

    /// Who is here is to be heard anew, and who types: nobody does until then.
    pub(super) fn await_people(&mut self) {
        let mut stopped = Vec::new();
        for (id, conversation) in &mut self.conversations {
            if conversation.presence.await_list() {
                stopped.push(id.clone());
            }
        }
        for id in stopped {
            self.tell_typists(&id);
        }
    }

    /// Something was lost: every log that is here is looked at again.
    fn catch_up_all(&mut self, now: Instant) {
        for (id, conversation) in &mut self.conversations {
            if conversation.is_loaded() && !conversation.forward.is_open() {
                conversation.forward = Fetch::Wanted(now);
                self.touched.insert(id.clone());
            }
        }
    }

    /// Asks for every page that is wanted and due.
    pub(super) fn ask_for_pages(&mut self, now: Instant) {
        if !matches!(self.phase, Phase::Online(_)) {
            return;
        }
        let as_given = !self.is_numbered();
        let mut fills = Vec::new();
        for (id, conversation) in &mut self.conversations {
            let gap = conversation.gap.map_or(Fetch::Idle, |(_, fetch)| fetch);
            let wanted = [conversation.forward, conversation.backward, gap];
            if !wanted.into_iter().any(|fetch| is_due(fetch, now)) {
                continue;
            }
            let anchor = if as_given {
                conversation.anchor()
            } else {
                Anchor::default()
            };
            let mut ask = |part: Part| {
                self.last_request.0 += 1;
                let request = self.last_request;
                fills.push(Fill {
                    request,
                    conversation: id.clone(),
                    part,
                    anchor: anchor.clone(),
                    limit: PAGE,
                });
                Fetch::Asked(request, now + PAGE_WITHIN)
            };
            if is_due(conversation.forward, now) {
                let part = if conversation.is_walking() {
                    Part::Before(conversation.last_known())
                } else if as_given {
                    Part::Newest
                } else {
                    conversation.forward_part()
                };
                conversation.forward = ask(part);
            }
            let waits = as_given && conversation.forward.is_open();
            if !waits && is_due(conversation.backward, now) {
                conversation.backward = conversation.backward_part().map_or(Fetch::Idle, &mut ask);
            }
            if let Some((key, fetch)) = conversation.gap
                && is_due(fetch, now)
            {
                // From the newer end: that is where the reader comes from.
                conversation.gap = conversation
                    .timeline
                    .gap(key)
                    .map(|gap| (key, ask(Part::Before(gap.last.next()))));
            }
        }
        for fill in fills {
            self.touched.insert(fill.conversation.clone());
            self.transmit(&ClientFrame::Fill(fill));
        }
    }

    /// How far each log has been heard, the one on show first.
    pub(super) fn cursors(&self) -> Vec<(ConversationId, Cursor)> {
        let Some(epoch) = &self.epoch else {
            return Vec::new();
        };
        let mut cursors: Vec<_> = self
            .conversations
            .iter()
            .filter(|(_, conversation)| conversation.is_loaded())
            .map(|(id, conversation)| {
                let cursor = Cursor {
                    epoch: epoch.clone(),
                    seq: conversation.last_known(),
                };
                (id.clone(), cursor)
            })
            .collect();
        let on_show = |(id, _): &(ConversationId, Cursor)| self.current.as_ref() == Some(id);
        if let Some(first) = cursors.iter().position(on_show) {
            cursors.swap(0, first);
        }
        cursors
    }
}

fn is_due(fetch: Fetch, now: Instant) -> bool {
    matches!(fetch, Fetch::Wanted(at) if at <= now)
}
