//! Logs whose backend gives messages no numbers. They get numbers here, far
//! apart, so that what a page shows to have been missed still finds a place
//! between two that are here: history in the order given, live messages in the
//! order of arrival. Ids and times never sort a row.
//!
//! A page is laid beside what is here, and each of its rows is either one that
//! is here already or one that was missed. Knows neither requests nor links.

use std::collections::VecDeque;
use std::time::Duration;

use super::align::{Found, align, distinct, is_same, joined};
use super::{Applied, Conversation, Log, MOST_BUFFERED, Viewer, last_line};
use crate::content::{self, Content};
use crate::dialect::History;
use crate::frame::{Anchor, ConversationHead, Message};
use crate::history::{Coverage, Fetch};
use crate::ids::{ClientId, MessageId, Seq, Uid};
use crate::time::Instant;
use crate::timeline::{Delivery, Item, Origin, Side};

/// The number below the first message that is heard: as much room for what
/// is older as for what is to come.
pub(super) const BASE: u64 = 1 << 40;
/// The room between two neighbours.
pub(super) const STRIDE: u64 = 1 << 16;
/// A page is laid beside at most so many rows that are here.
const MOST_COMPARED: usize = 300;
/// At most so many pages are asked for to join on to what is here.
const MOST_WALKED: u32 = 5;
/// A message that a page brought may be pushed so long after it.
const PUSH_WITHIN: Duration = Duration::from_secs(5);

/// A row that was said so long before is not pushed any more: clocks differ,
/// but seldom by so much.
pub(super) const OF_OLD: i64 = 10 * 60 * 1000;

/// So many of the newest rows of a page may.
pub(super) const MOST_PUSHED: usize = 16;

/// What is known of a log without numbers beside its rows.
#[derive(Debug, Default)]
pub(super) struct AsGiven {
    /// Live messages that wait for the first page.
    held: Vec<Message>,
    /// Newest pages that do not reach what is here yet, oldest first.
    walked: Vec<Message>,
    /// How many pages of it.
    walked_pages: u32,
    /// How many pages have been had, from the newest.
    pages: u32,
    /// Up to here nothing was missed: a page has shown it.
    whole_upto: Seq,
    /// When the newest page came last.
    newest_at: Option<Instant>,
    /// The newest page has been laid beside what is here on this link, or
    /// could not be had.
    pub(super) caught_up: bool,
    /// What a page brought a moment ago: its push may still come.
    pub(super) paged: VecDeque<(Seq, Instant)>,
}

/// What knows my own messages: the outbox, as far as a log has to ask it.
pub struct Mine<'a> {
    /// Those that were handed over and are not proved, in the order of saying.
    pub unproved: Vec<Unproved<'a>>,
    /// Whether what came back is what was said.
    pub is_echo: &'a dyn Fn(&Content, &Content) -> bool,
}

/// A message of mine of which nobody knows yet whether it arrived.
#[derive(Debug)]
pub struct Unproved<'a> {
    /// Which.
    pub client_id: ClientId,
    /// What it says.
    pub content: &'a Content,
    /// The newest message of the log when it was said: the same words up to
    /// there are other words of mine.
    pub after: Option<&'a MessageId>,
}

/// What a page of rows came to.
#[derive(Debug, Default)]
pub struct Laid {
    /// As for a page with numbers.
    pub applied: Applied,
    /// My messages that it proves, with the backend's id.
    pub proved: Vec<(ClientId, Option<MessageId>)>,
    /// It does not reach what is here: nothing was shown, the page before it
    /// is wanted.
    pub reaches: Reaches,
}

/// Whether a page joins on to what is here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reaches {
    /// Yes.
    #[default]
    Yes,
    /// Not yet: the page before it is wanted.
    NotYet,
    /// No: so much was missed that the log was begun anew with it.
    No,
}

impl AsGiven {
    /// Live messages that wait for the first page.
    pub(super) fn held(&self) -> &[Message] {
        &self.held
    }
}

impl Conversation {
    /// Takes what the backend says of it.
    pub fn on_head_as_given(&mut self, head: &ConversationHead, me: Option<&Uid>) {
        self.title = head.title.clone().or_else(|| self.title.take());
        self.avatar = head.avatar.clone().or_else(|| self.avatar.take());
        if let Some(unread) = head.unread
            && (self.log == Log::Unknown || unread == 0)
        {
            // Where the rows are here, they are counted.
            self.unread = unread;
        }
        if let Some(last) = &head.last {
            self.last = Some(last_line(last, me));
        }
    }

    /// Begins a log of which nothing is known and nothing can be, or not now.
    pub fn begin_as_given(&mut self, history: History) {
        if self.log != Log::Unknown {
            return;
        }
        let first = match history {
            History::Pages => BASE,
            History::None => 1,
        };
        let mut coverage = Coverage::default();
        coverage.add(Seq(first), Seq(BASE));
        self.log = Log::Known(coverage);
        self.head = Seq(BASE);
        self.read = Seq(BASE);
        self.read_told = Seq(BASE);
        self.counted = Seq(BASE);
    }

    /// The live messages that waited for a page which does not come.
    pub fn stop_holding(&mut self, now: Instant, viewer: &mut Viewer<'_>) -> Applied {
        let mut applied = Applied::default();
        for message in std::mem::take(&mut self.as_given.held) {
            applied.add(self.on_live_as_given(message, now, History::Pages, viewer));
        }
        applied
    }

    /// A live message.
    pub fn on_live_as_given(
        &mut self,
        message: Message,
        now: Instant,
        history: History,
        viewer: &mut Viewer<'_>,
    ) -> Applied {
        if history == History::None {
            self.begin_as_given(history);
        }
        if self.log == Log::Unknown {
            return self.on_unseen_as_given(message, viewer.me);
        }
        if self.is_here(&message, now, viewer.me) {
            return Applied {
                duplicates: 1,
                ..Applied::default()
            };
        }
        let seq = Seq(self.last_known().0 + STRIDE);
        self.head = seq;
        self.put(vec![(seq, message)], Origin::Live, viewer)
    }

    /// A message of mine that was handed over to a backend that never confirms:
    /// its place is where it was said.
    pub fn on_given(&mut self, message: Message, history: History, viewer: &mut Viewer<'_>) {
        self.begin_as_given(history);
        let seq = Seq(self.last_known().0 + STRIDE);
        self.head = seq;
        let first = self.last_known().next();
        let message = Message {
            seq: Some(seq),
            ..message
        };
        let own = Some(Delivery::Sending);
        self.apply(first, seq, vec![message], Origin::Mine, own, viewer);
    }

    /// A message of a conversation whose log is not here: the list shows it,
    /// and the page that is on its way may not have it.
    fn on_unseen_as_given(&mut self, message: Message, me: Option<&Uid>) -> Applied {
        let line = last_line(&message, me);
        let waits = self.forward.is_open();
        if !line.mine && !waits {
            self.unread += 1;
        }
        self.last = Some(line);
        if waits && self.as_given.held.len() < MOST_BUFFERED {
            self.as_given.held.push(message);
        }
        Applied::default()
    }

    /// Whether a live message is here already: by its id, or as one that a
    /// page brought a moment ago.
    fn is_here(&mut self, message: &Message, now: Instant, me: Option<&Uid>) -> bool {
        if let Some(id) = &message.id
            && self.timeline.has_id(id)
        {
            return true;
        }
        let awaited = message.client_id.as_ref();
        if awaited.is_some_and(|client_id| self.timeline.has_waiting(client_id)) {
            return false;
        }
        let paged = &mut self.as_given.paged;
        paged.retain(|(_, at)| now.since(*at) <= PUSH_WITHIN);
        let timeline = &self.timeline;
        let same = |seq: Seq| {
            timeline.numbered(seq).is_some_and(|item| {
                is_same(item, message, me, &content::alike) && !is_of_old(item, message)
            })
        };
        let at = paged.iter().position(|(seq, _)| same(*seq));
        let Some((seq, _)) = at.and_then(|at| paged.remove(at)) else {
            return false;
        };
        if let Some(id) = &message.id {
            // Told apart by it from now on.
            self.timeline
                .update_numbered(seq, |item| item.id = Some(id.clone()));
        }
        true
    }

    /// The backend's id of the newest message that is here and has one.
    pub fn newest_id(&self) -> Option<MessageId> {
        self.timeline
            .newest_first()
            .find_map(|item| item.id.clone())
    }

    /// Where a backend without numbers goes on from.
    pub fn anchor(&self) -> Anchor {
        let given = &self.as_given;
        if let Some(oldest) = given.walked.first() {
            return Anchor {
                pages: given.walked_pages,
                oldest: oldest.id.clone(),
            };
        }
        Anchor {
            pages: given.pages,
            oldest: self.timeline.oldest_first().find_map(|it| it.id.clone()),
        }
    }

    /// Whether what was missed on this link is being looked for: what is said
    /// now would shift the pages.
    pub fn is_catching_up(&self, now: Instant) -> bool {
        let first = !self.as_given.caught_up && self.is_loaded();
        (first || self.is_walking()) && self.forward.is_due_or_asked(now)
    }

    /// Whether newest pages are being gone through towards what is here.
    pub fn is_walking(&self) -> bool {
        !self.as_given.walked.is_empty()
    }

    /// The newest page, oldest row first.
    pub fn on_newest_rows(
        &mut self,
        rows: Vec<Message>,
        more: bool,
        now: Instant,
        mine: &mut Mine<'_>,
        viewer: &mut Viewer<'_>,
    ) -> Laid {
        let walked = std::mem::take(&mut self.as_given.walked);
        let Some(mut rows) = joined(rows, walked) else {
            // So much was said meanwhile that the pages have passed each other.
            self.as_given.walked_pages = 0;
            return Laid {
                reaches: Reaches::NotYet,
                ..Laid::default()
            };
        };
        distinct(&mut rows);
        self.name_held(&mut rows, viewer.me);
        self.as_given.walked_pages += 1;
        let walked = self.as_given.walked_pages;
        let first_ever = self.as_given.pages == 0;
        let here: Vec<Item> = nearest(self.timeline.newest_first());
        let here: Vec<&Item> = here.iter().rev().collect();
        let matches = align(&here, &rows, viewer.me, mine.is_echo);
        // Behind what a page has shown to be whole something may be missing,
        // before and between the live rows: a page has to reach that far. And
        // what only I know of says nothing of where a page belongs.
        let whole_upto = self.as_given.whole_upto;
        let whole = |item: &Item| first_ever || !more || item.seq <= Some(whole_upto);
        let anchored = here
            .iter()
            .any(|item| item.side != Side::Mine || item.id.is_some());
        let reaches = matches.iter().any(|found| match found {
            Found::Nowhere => false,
            Found::At(at) | Found::Astray(at) => whole(here[*at]),
        });
        let joins = reaches || !anchored || rows.is_empty() || (first_ever && !more);
        if !joins && more && walked < MOST_WALKED {
            self.as_given.walked = rows;
            return Laid {
                reaches: Reaches::NotYet,
                ..Laid::default()
            };
        }
        self.as_given.walked_pages = 0;
        self.as_given.caught_up = true;
        self.as_given.pages = self.as_given.pages.max(walked);
        let unread = self.unread;
        let mut laid = Laid::default();
        if here.is_empty() || !joins {
            if !joins {
                self.forget_rows();
                self.as_given.pages = walked;
                laid.reaches = Reaches::No;
            }
            self.begin_as_given(History::Pages);
            laid.proved = self.prove(&mut rows, mine, viewer.me);
            laid.applied = self.append(rows, now, Origin::History, viewer);
            self.read_all_but(unread);
        } else {
            laid = self.merge(&here, rows, &matches, now, mine, viewer);
            if first_ever {
                self.read_all_but(unread);
            }
        }
        // What came live since the page was made may have a hole before it.
        self.as_given.whole_upto = match matches.last() {
            Some(Found::At(at)) if joins => here[*at].seq.unwrap_or_default(),
            _ => self.last_known(),
        };
        self.as_given.newest_at = Some(now);
        if !more {
            self.know_oldest();
        }
        laid.applied.add(self.stop_holding(now, viewer));
        laid
    }

    /// An older page, oldest row first. What overlaps with the oldest rows
    /// that are here is left out: pages shift while people talk.
    pub fn on_older_rows(
        &mut self,
        rows: Vec<Message>,
        more: bool,
        mine: &mut Mine<'_>,
        viewer: &mut Viewer<'_>,
    ) -> Laid {
        self.as_given.pages += 1;
        let here: Vec<Item> = nearest(self.timeline.oldest_first());
        let here: Vec<&Item> = here.iter().collect();
        let matches = align(&here, &rows, viewer.me, mine.is_echo);
        let overlap = matches
            .iter()
            .position(|found| *found != Found::Nowhere)
            .unwrap_or(rows.len());
        let mut laid = Laid::default();
        let mut older = rows;
        older.truncate(overlap);
        distinct(&mut older);
        older.retain(|row| !self.has_row(row));
        let nothing_new = older.is_empty();
        // What was said after a message that is here is not older than it.
        mine.unproved
            .retain(|it| !it.after.is_some_and(|after| self.timeline.has_id(after)));
        laid.proved = self.prove(&mut older, mine, viewer.me);
        let first = self.first_known().unwrap_or(Seq(BASE));
        let count = older.len() as u64;
        let numbered = older.into_iter().enumerate().map(|(index, message)| {
            let below = (count - index as u64).saturating_mul(STRIDE);
            (Seq(first.0.saturating_sub(below).max(2)), message)
        });
        laid.applied = self.put(numbered.collect(), Origin::History, viewer);
        if !more {
            self.know_oldest();
        } else if nothing_new {
            laid.reaches = Reaches::NotYet;
        }
        laid
    }

    /// The rows of a page that were missed find their places between those
    /// that are here.
    fn merge(
        &mut self,
        here: &[&Item],
        rows: Vec<Message>,
        matches: &[Found],
        now: Instant,
        mine: &mut Mine<'_>,
        viewer: &mut Viewer<'_>,
    ) -> Laid {
        let mut laid = Laid::default();
        let mut missed: Vec<Message> = Vec::new();
        // The row here before which the missed ones go.
        let mut runs: Vec<(Option<usize>, Vec<Message>)> = Vec::new();
        for (mut message, found) in rows.into_iter().zip(matches) {
            let at = match *found {
                Found::Nowhere => {
                    // Here, though the page has it in another place.
                    if !self.has_row(&message) {
                        missed.push(message);
                    }
                    continue;
                }
                Found::At(at) => {
                    if !missed.is_empty() {
                        runs.push((Some(at), std::mem::take(&mut missed)));
                    }
                    at
                }
                Found::Astray(at) => {
                    // It stood where I said it; the log knows where it is.
                    if let Some(client_id) = &here[at].client_id {
                        self.timeline.take_back(client_id);
                        mine.unproved.retain(|it| it.client_id != *client_id);
                        laid.proved.push((client_id.clone(), message.id.clone()));
                        message.client_id = Some(client_id.clone());
                    }
                    missed.push(message);
                    continue;
                }
            };
            let item = here[at];
            if let Some(proved) = self.on_seen_in_history(item, &message) {
                mine.unproved.retain(|it| it.client_id != proved.0);
                laid.proved.push(proved);
            }
        }
        if !missed.is_empty() {
            // After the last that the page and this log share, before what
            // came live since.
            let last = matches.iter().filter_map(|found| match found {
                Found::At(at) => Some(at + 1),
                Found::Nowhere | Found::Astray(_) => None,
            });
            let after = last.max().unwrap_or_default();
            runs.push(((after < here.len()).then_some(after), missed));
        }
        for (before, mut messages) in runs {
            laid.proved
                .extend(self.prove(&mut messages, mine, viewer.me));
            let next = before.and_then(|at| here[at].seq);
            let previous = match before {
                Some(0) => None,
                Some(at) => here[at - 1].seq,
                None => None,
            };
            let room = next.map(|next| {
                let previous = previous.unwrap_or_else(|| Seq(next.0.saturating_sub(STRIDE)));
                let room = next.0.saturating_sub(previous.0);
                (previous, room / (messages.len() as u64 + 1))
            });
            let applied = match room {
                Some((previous, step)) if step > 0 => {
                    let numbered = messages.into_iter().enumerate();
                    let numbered = numbered
                        .map(|(index, row)| (Seq(previous.0 + step * (index as u64 + 1)), row));
                    self.put_paged(numbered.collect(), now, Origin::History, viewer)
                }
                // At the end; or there is no room left, and late is better
                // than never.
                Some(_) | None => self.append(messages, now, Origin::Live, viewer),
            };
            laid.applied.add(applied);
        }
        laid
    }

    /// A row that is here was seen in the log: what is mine is proved by it.
    fn on_seen_in_history(
        &mut self,
        item: &Item,
        message: &Message,
    ) -> Option<(ClientId, Option<MessageId>)> {
        let seq = item.seq?;
        self.timeline.update_numbered(seq, |item| {
            if item.id.is_none() {
                item.id.clone_from(&message.id);
            }
            let open = matches!(
                item.delivery,
                Some(Delivery::Sending | Delivery::Unconfirmed | Delivery::Unknown)
            );
            if open {
                item.delivery = Some(Delivery::Sent);
                item.at = message.at.or(item.at);
            }
        });
        if item.side != Side::Mine {
            return None;
        }
        Some((item.client_id.clone()?, message.id.clone()))
    }

    /// Older messages are wanted. Pages are counted from the newest message, so
    /// what is newest has to be known.
    pub fn want_older_as_given(&mut self, now: Instant) {
        let fresh = |at: Instant| now.since(at) <= PUSH_WITHIN;
        if !self.as_given.newest_at.is_some_and(fresh) {
            self.look_again(now);
        }
    }

    /// What is wanted of the log on a link that is new or doubted: its newest
    /// page, to lay beside what is here.
    pub fn look_again(&mut self, now: Instant) {
        if !self.forward.is_open() {
            self.forward = Fetch::Wanted(now);
        }
    }
}

fn nearest<'a>(items: impl Iterator<Item = &'a Item>) -> Vec<Item> {
    items.take(MOST_COMPARED).cloned().collect()
}

/// Whether this row was said long before that message: the same words then
/// prove nothing of now.
fn is_of_old(item: &Item, message: &Message) -> bool {
    match (item.at, message.at) {
        (Some(then), Some(at)) => at.0.saturating_sub(then.0) > OF_OLD,
        (Some(_) | None, _) => false,
    }
}
