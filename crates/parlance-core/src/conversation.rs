//! One conversation: what the list says of it, its log as far as it is here,
//! its rows and its people. Live messages and pages of history go through one
//! [`apply`](Conversation::apply), so that it does not matter which comes first.
//!
//! Asks for nothing itself: it says what it wants, the session asks.

use crate::map::Map;
use std::time::Duration;

use crate::frame::{ConversationHead, Message, Page, Part, Person, Talk};
use crate::history::{Coverage, Fetch};
use crate::ids::{ClientId, ConversationId, ItemKey, RequestId, Seq, Uid};
use crate::planted::{Bug, planted};
use crate::presence::Presence;
use crate::session::{HistoryState, LastLine};
use crate::time::Instant;
use crate::timeline::{Confirmed, Delivery, Keys, Origin, Timeline};

mod align;
mod as_given;
mod placing;
mod proving;
mod restored;

use as_given::AsGiven;
pub use as_given::{Laid, Mine, Reaches, Unproved};
use restored::Unfound;

/// Messages in a page that is asked for.
pub const PAGE: u32 = 50;
/// Behind by more than this, the newest page comes first and a gap row stays.
pub const CATCH_UP_MOST: u64 = 3 * PAGE as u64;
/// Messages that came too early and wait for those before them.
pub const MOST_BUFFERED: usize = 512;
/// How long a hole may fill itself before it is asked about (TDLib's figure).
pub const GAP_PATIENCE: Duration = Duration::from_millis(700);
/// How long a page may take.
pub const PAGE_WITHIN: Duration = Duration::from_secs(8);

/// One conversation.
#[derive(Debug)]
pub struct Conversation {
    /// Its name, where the server has said one.
    pub title: Option<String>,
    /// Its picture.
    pub avatar: Option<String>,
    /// The highest number that was heard of.
    pub head: Seq,
    /// How far I have read.
    pub read: Seq,
    /// How far I have told the server that I have read.
    pub read_told: Seq,
    /// How many messages of others I have not read.
    pub unread: u64,
    /// Up to here they have been counted.
    counted: Seq,
    /// Whether I may talk.
    pub talk: Talk,
    /// The newest message.
    pub last: Option<LastLine>,
    /// How far each of the others has read.
    pub readers: Map<Uid, Seq>,
    /// Its people.
    pub presence: Presence,
    /// Its rows.
    pub timeline: Timeline,
    /// What is known of its log.
    log: Log,
    /// What comes after what is known.
    pub forward: Fetch,
    /// How often in a row it did not come.
    pub missed: u32,
    /// What comes before it.
    pub backward: Fetch,
    /// A gap that the person wants filled.
    pub gap: Option<(ItemKey, Fetch)>,
    /// Messages that came before those in front of them.
    early: Map<Seq, Message>,
    /// When the hole before them is asked about.
    pub patience: Option<Instant>,
    /// Messages of mine that an earlier log had, until it is known whether this
    /// one has them.
    unfound: Vec<Unfound>,
    /// What is known beside, where messages have no numbers.
    as_given: AsGiven,
}

/// What is known of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Log {
    /// Nothing: the newest page has not come.
    Unknown,
    /// It has no message at all.
    Empty,
    /// These parts of it.
    Known(Coverage),
}

/// What a page or a message did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Messages that were here already.
    pub duplicates: u32,
    /// Rows that waited here and are confirmed now: their ids are to be
    /// taken out of the outbox.
    pub merged: u32,
    /// People who typed and have now said it.
    pub stopped_typing: u32,
}

impl Applied {
    fn add(&mut self, other: Self) {
        self.duplicates += other.duplicates;
        self.merged += other.merged;
        self.stopped_typing += other.stopped_typing;
    }
}

/// Who looks, and how keys are made: what every row needs.
pub struct Viewer<'a> {
    /// Who I am.
    pub me: Option<&'a Uid>,
    /// Makes keys.
    pub keys: &'a mut Keys,
}

impl Conversation {
    /// One of which nothing is known.
    pub fn new() -> Self {
        Self {
            title: None,
            avatar: None,
            head: Seq(0),
            read: Seq(0),
            read_told: Seq(0),
            unread: 0,
            counted: Seq(0),
            talk: Talk::Allowed,
            last: None,
            readers: Map::new(),
            presence: Presence::default(),
            timeline: Timeline::default(),
            log: Log::Unknown,
            forward: Fetch::Idle,
            missed: 0,
            backward: Fetch::Idle,
            gap: None,
            early: Map::new(),
            patience: None,
            unfound: Vec::new(),
            as_given: AsGiven::default(),
        }
    }

    /// Takes what the server says of it, without its log.
    pub fn on_head(&mut self, head: &ConversationHead, me: Option<&Uid>) {
        self.title = head.title.clone().or_else(|| self.title.take());
        self.avatar = head.avatar.clone().or_else(|| self.avatar.take());
        if let Some(read) = head.read {
            self.read = self.read.max(read);
            // What was told on a link that is gone may not have arrived.
            self.read_told = read;
        }
        if let Some(unread) = head.unread {
            // What I have read here and could not tell yet counts as read.
            let theirs = head.read.unwrap_or_default().min(self.read);
            let read_here =
                self.timeline.unread_after(theirs) - self.timeline.unread_after(self.read);
            self.unread = if self.read >= head.head {
                0
            } else {
                let most = head.head.0.saturating_sub(self.read.0);
                unread.saturating_sub(read_here).min(most)
            };
            self.counted = head.head;
        }
        self.head = head.head.max(self.head);
        if head.unread.is_some() {
            self.recount();
        }
        if let Some(last) = &head.last
            && last.seq.is_some_and(|seq| seq >= self.last_known())
        {
            self.last = Some(last_line(last, me));
        }
    }

    /// The server's log is shorter than what was heard of it.
    pub fn is_ahead_of(&self, head: Seq) -> bool {
        self.last_known() > head
    }

    /// What a link said of numbers that are not here is void with it: the next
    /// welcome says it anew, and one frame that made a number up costs no more
    /// than its link.
    pub fn forget_heard_of(&mut self) {
        self.head = self.last_known();
    }

    /// The log is another one, or is to be read anew. What waits to be sent
    /// stays, and what was sent is looked for in the new one.
    pub fn forget_log(&mut self) {
        self.log = Log::Unknown;
        self.head = Seq(0);
        self.read = Seq(0);
        self.read_told = Seq(0);
        self.unread = 0;
        self.counted = Seq(0);
        self.readers.clear();
        self.forward = Fetch::Idle;
        self.missed = 0;
        self.backward = Fetch::Idle;
        self.gap = None;
        self.early.clear();
        self.patience = None;
        self.last = None;
        self.as_given = AsGiven::default();
        self.look_for_mine();
    }

    /// The link is gone.
    pub fn on_link_lost(&mut self, now: Instant) {
        self.forward.on_link_lost(now);
        self.backward.on_link_lost(now);
        if let Some((_, fetch)) = &mut self.gap {
            fetch.on_link_lost(now);
        }
        self.early.clear();
        self.patience = None;
        self.as_given.caught_up = false;
    }

    /// A live message.
    pub fn on_live(&mut self, message: Message, now: Instant, viewer: &mut Viewer<'_>) -> Applied {
        let Some(seq) = message.seq else {
            return Applied::default();
        };
        self.head = self.head.max(seq);
        let known = match &self.log {
            // Live messages are not shown while the newest page is unknown:
            // there would be a hole that nobody can see.
            Log::Unknown => {
                self.on_unseen(seq, &message, now, viewer.me);
                if self.forward.is_open() {
                    self.keep_early(seq, message, now);
                }
                return Applied::default();
            }
            Log::Empty => Seq(0),
            Log::Known(coverage) if coverage.has(seq) => {
                return Applied {
                    duplicates: 1,
                    ..Applied::default()
                };
            }
            Log::Known(coverage) => coverage.last().unwrap_or_default(),
        };
        if seq <= known {
            // Inside a gap: the fill will bring it, in its place. But what I
            // see waiting goes there now.
            let mut applied = Applied::default();
            self.place_proved(&message.conversation, &mut applied, viewer);
            return applied;
        }
        let early = seq > known.next() || self.forward.is_open();
        if early && !planted(Bug::LastPostCursor) {
            self.keep_early(seq, message, now);
            return Applied::default();
        }
        let mut applied = self.apply(seq, seq, vec![message], Origin::Live, None, viewer);
        self.drain_early(&mut applied, viewer);
        applied
    }

    /// A message of a conversation whose log is not here: the list shows it.
    fn on_unseen(&mut self, seq: Seq, message: &Message, now: Instant, me: Option<&Uid>) {
        let line = last_line(message, me);
        if seq > self.counted.next() {
            // Some before it were not heard: the log counts them, and it.
            self.patience.get_or_insert(now + GAP_PATIENCE);
        } else {
            self.count_unread(seq, !line.mine);
        }
        if seq >= self.head {
            self.last = Some(line);
        }
    }

    /// The message of this number is here, mine or not.
    fn count_unread(&mut self, seq: Seq, not_mine: bool) {
        if not_mine && seq > self.read && seq > self.counted {
            self.unread += 1;
        }
        self.counted = self.counted.max(seq);
    }

    /// What comes before this number and was never counted is taken for unread
    /// until it is here.
    fn count_before(&mut self, first: Seq) {
        let from = self.counted.max(self.read);
        self.unread += first.previous().0.saturating_sub(from.0);
        self.counted = self.counted.max(first.previous());
    }

    /// A page of the log.
    pub fn on_page(&mut self, page: Page, now: Instant, viewer: &mut Viewer<'_>) -> Applied {
        let request = page.request;
        self.head = self.head.max(page.head);
        let before = self.last_known();
        let had_log = self.log != Log::Unknown;
        let forward = self.forward.is(request);
        let backward = self.backward.is(request);
        let gap = self
            .gap
            .filter(|(_, fetch)| fetch.is(request))
            .map(|(key, _)| key);
        let Page {
            conversation,
            range,
            messages,
            head,
            ..
        } = page;
        let mut applied = Applied::default();
        // A backend that has thrown its oldest away answers "before" with
        // nothing: then there is nothing older.
        let range = match range {
            None if backward => self.first_known().map(|first| (Seq(1), first.previous())),
            // No page knows what is not said yet: those numbers would be taken
            // for known, and what gets them for a repetition.
            Some((first, last)) => {
                let said = messages.iter().filter_map(|message| message.seq);
                let newest = said.filter(|seq| *seq <= last).max().unwrap_or_default();
                let last = last.min(head.max(newest));
                (first <= last).then_some((first, last))
            }
            None => None,
        };
        if let Some((first, last)) = range {
            let messages = in_range(messages, first, last);
            let origin = if had_log && first > before {
                Origin::Live
            } else {
                Origin::History
            };
            applied = self.apply(first, last, messages, origin, None, viewer);
        } else if self.log == Log::Unknown {
            self.log = Log::Empty;
        }
        self.place_proved(&conversation, &mut applied, viewer);
        if forward {
            self.forward = Fetch::Idle;
            self.missed = 0;
            self.drain_early(&mut applied, viewer);
            if self.is_behind() && planted(Bug::ShortPageIsAll) {
                self.head = self.last_known();
            } else if self.is_behind() {
                // A page that brings nothing new although there is more: asked
                // again only when the next ping says so, or it would be a loop.
                self.forward = if self.last_known() > before {
                    Fetch::Wanted(now)
                } else {
                    Fetch::Failed
                };
            }
        }
        if backward {
            self.backward = Fetch::Idle;
        }
        if let Some(key) = gap {
            self.gap = None;
            self.timeline.set_gap_loading(key, false);
        }
        self.recount();
        applied
    }

    /// Counts what is unread, where everything after the last read is here.
    fn recount(&mut self) {
        if let Log::Known(coverage) = &self.log
            && !self.is_behind()
            && coverage
                .last_start()
                .is_some_and(|start| start <= self.read.next())
        {
            self.unread = self.timeline.unread_after(self.read);
            self.counted = self.head;
        }
    }

    /// What was asked for did not come, or cannot be had.
    pub fn on_page_failed(&mut self, request: RequestId, retry_at: Option<Instant>) {
        let after = retry_at.map_or(Fetch::Failed, Fetch::Wanted);
        if self.forward.is(request) {
            self.forward = after;
            self.missed = self.missed.saturating_add(1);
            self.as_given.caught_up = true;
        }
        if self.backward.is(request) {
            // The person asks again: nothing is urgent about old messages.
            self.backward = Fetch::Failed;
        }
        if let Some((key, fetch)) = self.gap
            && fetch.is(request)
        {
            self.gap = None;
            self.timeline.set_gap_loading(key, false);
        }
    }

    /// Everything in `first..=last` is known now, and these are its messages.
    /// `own`: how far mine have got, where that is not what the log says.
    fn apply(
        &mut self,
        first: Seq,
        last: Seq,
        messages: Vec<Message>,
        origin: Origin,
        own: Option<Delivery>,
        viewer: &mut Viewer<'_>,
    ) -> Applied {
        let mut coverage = match std::mem::replace(&mut self.log, Log::Empty) {
            Log::Known(coverage) => coverage,
            Log::Unknown | Log::Empty => Coverage::default(),
        };
        coverage.add(first, last);
        if cfg!(feature = "numbered") {
            // Gaps first: while the messages go in, no gap stands among them.
            let holes: Vec<_> = coverage.holes().collect();
            self.timeline.set_gaps(&holes, viewer.keys);
        }
        let newest = coverage.last();
        self.log = Log::Known(coverage);
        self.count_before(first);
        let mut applied = Applied::default();
        for message in messages {
            // The system's words count too: they are not mine.
            let not_mine = message
                .from
                .as_ref()
                .is_none_or(|from| Some(&from.uid) != viewer.me);
            let seq = message.seq.unwrap_or_default();
            let delivery = own.clone().unwrap_or_else(|| self.delivery_of(seq));
            let confirmed =
                self.timeline
                    .confirm(&message, viewer.me, delivery, origin, viewer.keys);
            match confirmed {
                Confirmed::Known => applied.duplicates += 1,
                Confirmed::Merged => applied.merged += 1,
                Confirmed::Inserted => {}
            }
            if !not_mine {
                self.find(&message);
            }
            self.count_unread(seq, not_mine);
            if Some(seq) == newest || self.last.is_none() {
                self.last = Some(last_line(&message, viewer.me));
            }
            if let Some(from) = &message.from
                && self.presence.on_said(&from.uid)
            {
                applied.stopped_typing += 1;
            }
        }
        applied
    }

    /// Lets those that came early in, as far as they join on.
    fn drain_early(&mut self, applied: &mut Applied, viewer: &mut Viewer<'_>) {
        loop {
            let next = self.last_known().next();
            // What a page has brought meanwhile is known.
            while self
                .early
                .first_key_value()
                .is_some_and(|(seq, _)| *seq < next)
            {
                self.early.pop_first();
                applied.duplicates += 1;
            }
            let Some(message) = self.early.remove(&next) else {
                break;
            };
            applied.add(self.apply(next, next, vec![message], Origin::Live, None, viewer));
        }
        // What a ping has named may still be missing behind them.
        if self.early.is_empty() && !self.is_behind() {
            self.patience = None;
        }
    }

    /// A message of mine that was proved by an acknowledgement may belong far
    /// before what is here: it goes to its number, with gaps around it, or it
    /// would stand below what was said after it.
    fn place_proved(
        &mut self,
        conversation: &ConversationId,
        applied: &mut Applied,
        viewer: &mut Viewer<'_>,
    ) {
        for item in self.timeline.proved_upto(self.last_known()) {
            let Some(seq) = item.seq.filter(|seq| !self.has(*seq)) else {
                continue;
            };
            let message = Message {
                conversation: conversation.clone(),
                seq: Some(seq),
                id: item.id,
                client_id: item.client_id,
                from: item.author,
                content: item.content,
                at: item.at,
            };
            let one = self.apply(seq, seq, vec![message], Origin::Mine, None, viewer);
            applied.merged += one.merged;
        }
    }

    fn keep_early(&mut self, seq: Seq, message: Message, now: Instant) {
        if self.early.len() >= MOST_BUFFERED {
            // The fill brings it: the newest is the one to forget.
            self.early.pop_last();
            self.patience = Some(now);
        }
        self.early.insert(seq, message);
        if self.patience.is_none() && !planted(Bug::NoGapTimer) {
            self.patience = Some(now + GAP_PATIENCE);
        }
    }

    /// A number was heard of: what is missing up to it is asked for after a
    /// moment, in case it is on its way.
    pub fn on_heard_of(&mut self, seq: Seq, now: Instant) {
        self.head = self.head.max(seq);
        let missing = match self.log {
            // Only the count is shown: is it of this head?
            Log::Unknown => seq > self.counted,
            Log::Empty | Log::Known(_) => self.is_behind(),
        };
        if missing && self.patience.is_none() {
            self.patience = Some(now + GAP_PATIENCE);
        }
    }

    /// The hole has had its time: what is missing is wanted now.
    pub fn on_patience_over(&mut self, now: Instant) {
        self.patience = None;
        if self.is_behind() && !self.forward.is_open() {
            self.forward = Fetch::Wanted(now);
        }
    }

    /// What to ask for to get on: the next part, or the newest when too much
    /// is missing.
    pub fn forward_part(&self) -> Part {
        match &self.log {
            Log::Unknown => Part::Newest,
            Log::Empty => Part::After(Seq(0)),
            Log::Known(_) => {
                let known = self.last_known();
                if self.head.0.saturating_sub(known.0) > CATCH_UP_MOST {
                    Part::Newest
                } else {
                    Part::After(known)
                }
            }
        }
    }

    /// What to ask for to see what is older; `None` when there is nothing older.
    pub fn backward_part(&self) -> Option<Part> {
        match &self.log {
            Log::Unknown | Log::Empty => None,
            Log::Known(_) if self.is_oldest_known() => None,
            Log::Known(coverage) => coverage.first().map(Part::Before),
        }
    }

    /// I have read up to here, on this device.
    pub fn on_seen(&mut self, seq: Seq) -> bool {
        let seq = seq.min(self.head);
        if seq <= self.read {
            return false;
        }
        let before = self.timeline.unread_after(self.read);
        self.read = seq;
        // Where a gap follows, the server's count goes on without what was
        // read; where nothing is missing, the rows are counted.
        let read_now = before - self.timeline.unread_after(seq);
        let most = self.head.0.saturating_sub(seq.0);
        self.unread = self.unread.saturating_sub(read_now).min(most);
        self.recount();
        true
    }

    /// I have read up to here, on another device.
    pub fn on_read_elsewhere(&mut self, seq: Seq, now: Instant) {
        self.read_told = self.read_told.max(seq);
        self.on_heard_of(seq, now);
        if self.on_seen(seq) && !self.is_loaded() && self.unread > 0 && self.patience.is_none() {
            // Whose those after it are, only the log says.
            self.patience = Some(now + GAP_PATIENCE);
        }
    }

    /// Somebody else has read up to here.
    pub fn on_reader(&mut self, uid: Uid, seq: Seq) {
        let before = self.read_by_other();
        let reader = self.readers.get_or_insert_with(uid, || Seq(0));
        *reader = (*reader).max(seq);
        self.timeline.mark_read(before, self.read_by_other());
    }

    /// How far the other one of a pair has read. In a room "read" would have
    /// to say by whom, so nothing is.
    fn read_by_other(&self) -> Seq {
        self.readers.values().copied().max().unwrap_or_default()
    }

    fn delivery_of(&self, seq: Seq) -> Delivery {
        if seq <= self.read_by_other() {
            Delivery::Read
        } else {
            Delivery::Sent
        }
    }

    /// How far has been heard without a hole at the end; 0 when nothing is known.
    pub fn last_known(&self) -> Seq {
        match &self.log {
            Log::Unknown | Log::Empty => Seq(0),
            Log::Known(coverage) => coverage.last().unwrap_or_default(),
        }
    }

    fn has(&self, seq: Seq) -> bool {
        match &self.log {
            Log::Unknown | Log::Empty => false,
            Log::Known(coverage) => coverage.has(seq),
        }
    }

    fn first_known(&self) -> Option<Seq> {
        match &self.log {
            Log::Unknown | Log::Empty => None,
            Log::Known(coverage) => coverage.first(),
        }
    }

    /// Whether the newest page has come.
    pub fn is_loaded(&self) -> bool {
        self.log != Log::Unknown
    }

    /// Whether messages are known to exist after the last that is here.
    pub fn is_behind(&self) -> bool {
        if planted(Bug::NothingBeforeTheFirst) && self.log == Log::Empty {
            return false;
        }
        self.last_known() < self.head
    }

    fn is_oldest_known(&self) -> bool {
        match &self.log {
            Log::Unknown => false,
            Log::Empty => true,
            Log::Known(coverage) => coverage.first().is_some_and(|first| first <= Seq(1)),
        }
    }

    /// What the page shows of the log's ends.
    pub fn history_state(&self) -> HistoryState {
        HistoryState {
            oldest_known: self.is_oldest_known(),
            loading: self.backward.is_open() || (!self.is_loaded() && self.forward.is_open()),
            failed: self.backward == Fetch::Failed
                || self.forward == Fetch::Failed
                || self.missed > 0 && self.forward.is_open(),
            catching_up: self.is_loaded() && self.forward.is_open(),
        }
    }

    /// The rows waiting here that these ids name stand so.
    pub fn set_deliveries(&mut self, deliveries: Vec<(ClientId, Delivery)>) {
        for (client_id, delivery) in deliveries {
            self.timeline
                .update_own(&client_id, |item| item.delivery = Some(delivery));
        }
    }

    /// How many messages wait for those before them.
    pub fn early_len(&self) -> usize {
        self.early.len()
    }
}

impl Default for Conversation {
    fn default() -> Self {
        Self::new()
    }
}

/// The messages that a page may hold: those of its range, in order, once.
fn in_range(mut messages: Vec<Message>, first: Seq, last: Seq) -> Vec<Message> {
    messages.retain(|message| message.seq.is_some_and(|seq| seq >= first && seq <= last));
    messages.sort_unstable_by_key(|message| message.seq);
    messages.dedup_by_key(|message| message.seq);
    messages
}

fn last_line(message: &Message, me: Option<&Uid>) -> LastLine {
    LastLine {
        author: message
            .from
            .as_ref()
            .map(|person: &Person| person.name.clone()),
        mine: message
            .from
            .as_ref()
            .is_some_and(|person| Some(&person.uid) == me),
        kind: message.content.kind(),
        text: message.content.text().chars().take(120).collect(),
        at: message.at,
    }
}
