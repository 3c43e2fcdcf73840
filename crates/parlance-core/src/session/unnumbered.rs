//! Backends that give messages no numbers, and those that prove little: live
//! messages and pages of such logs, echoes known by their words, and messages
//! of which nobody knows whether they arrived.
//!
//! Where a message stands is the conversation's affair; how a frame was
//! written is a dialect's.

use std::time::Duration;

use super::phase::Phase;
use super::{Oddity, Session, Stamp};
use crate::content::Content;
use crate::conversation::{Conversation, Laid, Mine, Reaches, Unproved};
use crate::dialect::{Asked, Counts, History, Order, Proof};
use crate::frame::{ClientFrame, Message, Rows};
use crate::history::{Fetch, again_after};
use crate::ids::{ClientId, ConversationId, MessageId, RequestId};
use crate::outbox::State;
use crate::time::{Instant, UnixMillis, whole_millis};
use crate::timeline::Delivery;

/// A message that was handed over to a backend that never confirms: a frame
/// that comes so long after it shows that the link was alive when it went.
const ALIVE_AFTER: Duration = Duration::from_secs(1);
/// Where no frame need ever come, a link that stayed open for so long was alive.
pub(super) const OPEN_FOR: Duration = Duration::from_secs(5);
/// Where silence is judged, it is by then.
pub(super) const JUDGED_BY: Duration = Duration::from_secs(19);
/// Signs of life make a link doubted at most so often.
const DOUBT_EVERY: Duration = Duration::from_secs(5);

impl Session {
    /// What there is to read of earlier messages, where they have no numbers.
    ///
    /// A program that is built for one of the two alone is without the other
    /// half of the session: the answer is known to its compiler.
    pub(super) fn as_given(&self) -> Option<History> {
        match self.dialect.capabilities().order {
            Order::AsGiven(history) if cfg!(feature = "as-given") => Some(history),
            Order::Numbered if !cfg!(feature = "numbered") => Some(History::None),
            Order::AsGiven(_) | Order::Numbered => None,
        }
    }

    /// Whether the server numbers what is said: only then are there gaps, read
    /// marks and heads to speak of.
    pub(super) fn is_numbered(&self) -> bool {
        self.as_given().is_none()
    }

    /// A live message without a number.
    pub(super) fn on_live_as_given(
        &mut self,
        now: Instant,
        mut message: Message,
        history: History,
    ) {
        let uid = self.uid().cloned();
        let from = message.from.as_ref().map(|person| &person.uid);
        let mine = uid.is_some() && from == uid.as_ref();
        if mine {
            if message.client_id.is_none() {
                message.client_id = self.echoed(&message);
            }
            self.on_own_message(&message);
        } else if message.at.is_none() {
            // It was said when it came, for all that is known.
            message.at = self.wall.map(|(then, wall)| {
                let since = whole_millis(now.since(then)).cast_signed();
                UnixMillis(wall.0.saturating_add(since))
            });
        }
        let id = message.conversation.clone();
        let conversation = Self::conversation_mut(&mut self.conversations, &id);
        let mut viewer = Self::viewer(uid.as_ref(), &mut self.keys);
        let applied = conversation.on_live_as_given(message, now, history, &mut viewer);
        // Backends say one thing to several sockets, and again after a loss.
        self.on_applied(&id, applied, mine);
    }

    /// Which of my messages came back here without its id: the oldest that it
    /// may be.
    fn echoed(&self, heard: &Message) -> Option<ClientId> {
        if self.dialect.capabilities().proof == Proof::Never {
            return None;
        }
        self.outbox
            .unproved(&heard.conversation)
            .find(|entry| self.dialect.is_echo(&entry.draft.content, &heard.content))
            .map(|entry| entry.draft.client_id.clone())
    }

    /// What is wanted of older messages. Pages without numbers are counted
    /// from the newest: only where that is known is it known what is older.
    pub(super) fn backward_of(&self, conversation: &Conversation) -> Fetch {
        let wanted = matches!(conversation.backward, Fetch::Wanted(_));
        if wanted && !self.is_numbered() && conversation.forward.is_open() {
            Fetch::Idle
        } else {
            conversation.backward
        }
    }

    /// A page of a log without numbers.
    pub(super) fn on_rows(&mut self, now: Instant, rows: Rows) {
        let Rows {
            request,
            conversation: id,
            messages,
            more,
        } = rows;
        let uid = self.uid().cloned();
        let given = self.as_given();
        let Some(conversation) = self.conversations.get_mut(&id).filter(|_| given.is_some()) else {
            self.count(Oddity::StrayPage, "rows of no conversation");
            return;
        };
        let forward = conversation.forward.is(request);
        if forward {
            conversation.missed = 0;
        } else if !conversation.backward.is(request) {
            self.count(Oddity::StrayPage, "rows that nobody waits for");
            return;
        }
        let dialect = &self.dialect;
        let is_echo = |said: &Content, heard: &Content| dialect.is_echo(said, heard);
        let unproved = self.outbox.unproved(&id);
        let mut mine = Mine {
            unproved: unproved
                .map(|entry| Unproved {
                    client_id: entry.draft.client_id.clone(),
                    content: &entry.draft.content,
                    after: entry.draft.after.as_ref(),
                })
                .collect(),
            is_echo: &is_echo,
        };
        let mut viewer = Self::viewer(uid.as_ref(), &mut self.keys);
        let laid = if forward {
            let laid = conversation.on_newest_rows(messages, more, now, &mut mine, &mut viewer);
            conversation.forward = match laid.reaches {
                Reaches::NotYet => Fetch::Wanted(now),
                Reaches::Yes | Reaches::No => Fetch::Idle,
            };
            laid
        } else {
            let laid = conversation.on_older_rows(messages, more, &mut mine, &mut viewer);
            conversation.backward = match laid.reaches {
                Reaches::NotYet => Fetch::Wanted(now),
                Reaches::Yes | Reaches::No => Fetch::Idle,
            };
            laid
        };
        let Laid {
            applied, proved, ..
        } = laid;
        for (client_id, message) in proved {
            self.on_evidence(&client_id, message);
        }
        self.on_applied(&id, applied, true);
    }

    /// A page shows a message of mine.
    fn on_evidence(&mut self, client_id: &ClientId, id: Option<MessageId>) {
        let Some(entry) = self.outbox.find(client_id) else {
            return;
        };
        let draft = entry.draft.clone();
        let stamp = Stamp {
            id,
            seq: None,
            at: None,
        };
        self.on_proved(&draft, &stamp);
    }

    /// A message was taken back: its row stays in place.
    pub(super) fn on_recalled(&mut self, id: &ConversationId, message: &MessageId, words: String) {
        let Some(conversation) = self.conversations.get_mut(id) else {
            return;
        };
        let emptied = conversation
            .timeline
            .update_by_id(message, |item| item.content = Content::Notice(words));
        self.touched.insert(id.clone());
        if !emptied {
            self.count(Oddity::StrayAck, "a recall of nothing that is here");
        }
    }

    /// A request came to nothing, or to nothing that can be read.
    pub(super) fn on_unanswered(&mut self, now: Instant, asked: &Asked) {
        match asked {
            Asked::Page(fill) => {
                let id = &fill.conversation;
                let Some(conversation) = self.conversations.get_mut(id) else {
                    return;
                };
                let again = again_after(conversation.missed, &mut self.chance);
                conversation.on_page_failed(fill.request, Some(now + again));
                self.begin_log(now, id);
            }
            Asked::Say(client_id, id) => {
                let found = self.outbox.find_mut(client_id);
                if let Some(entry) = found
                    && matches!(entry.state, State::InFlight(_))
                {
                    entry.state = State::Unknown;
                    self.touched.insert(id.clone());
                }
            }
            Asked::Aside(..) => {}
        }
    }

    /// The page that this request asked for cannot be had: what is said now
    /// need not wait for it.
    pub(super) fn begin_logs_without(&mut self, now: Instant, request: RequestId) {
        let waits = self.conversations.iter();
        let waiting = waits.filter(|(_, it)| it.forward.is(request));
        let ids: Vec<ConversationId> = waiting.map(|(id, _)| id.clone()).collect();
        for id in ids {
            self.begin_log(now, &id);
        }
    }

    /// What is said now need not wait for what was said before.
    pub(super) fn begin_log(&mut self, now: Instant, id: &ConversationId) {
        let uid = self.uid().cloned();
        let Some(history) = self.as_given() else {
            return;
        };
        let Some(conversation) = self.conversations.get_mut(id) else {
            return;
        };
        conversation.begin_as_given(history);
        let mut viewer = Self::viewer(uid.as_ref(), &mut self.keys);
        let applied = conversation.stop_holding(now, &mut viewer);
        self.on_applied(id, applied, true);
    }

    /// A message of mine was handed over to a backend that never confirms: it
    /// stands where it was said.
    pub(super) fn place_given(&mut self, message: Message) {
        let Some(history) = self.as_given() else {
            return;
        };
        let uid = self.uid().cloned();
        let id = message.conversation.clone();
        let conversation = Self::conversation_mut(&mut self.conversations, &id);
        let mut viewer = Self::viewer(uid.as_ref(), &mut self.keys);
        conversation.on_given(message, history, &mut viewer);
        self.touched.insert(id);
    }

    /// Something was heard: what was handed over long enough before went out
    /// on a link that was alive. More can never be known here.
    pub(super) fn settle_given(&mut self, now: Instant) {
        if self.is_numbered() {
            return;
        }
        let due = self
            .outbox
            .entries()
            .filter(|entry| match entry.state {
                State::Given(given) => now.since(given.since) >= ALIVE_AFTER,
                State::Saving(_)
                | State::Queued
                | State::Delayed(_)
                | State::Taking(_)
                | State::InFlight(_)
                | State::Unknown
                | State::Wedged(_)
                | State::Asking
                | State::Elsewhere(_) => false,
            })
            .map(|entry| entry.draft.client_id.clone());
        let due: Vec<ClientId> = due.collect();
        for client_id in due {
            self.leave_unconfirmed(&client_id);
        }
    }

    /// The time of one that was handed over is up. Where silence is judged,
    /// the heartbeat's word is waited for.
    pub(super) fn on_given_due(&mut self, now: Instant, client_id: &ClientId) {
        if self.silence_is_judged() {
            if let Some(entry) = self.outbox.find_mut(client_id)
                && let State::Given(given) = &mut entry.state
            {
                given.deadline = now + OPEN_FOR;
            }
        } else {
            self.leave_unconfirmed(client_id);
        }
    }

    /// How long one that is handed over now may stand as being sent.
    pub(super) fn given_within(&self) -> Duration {
        if self.silence_is_judged() {
            JUDGED_BY
        } else {
            OPEN_FOR
        }
    }

    fn silence_is_judged(&self) -> bool {
        match self.dialect.capabilities().liveness.silence {
            None => false,
            Some(silence) => match silence.counts {
                Counts::Always => true,
                Counts::OncePonged => self.ponged,
                Counts::AfterUnproved => false,
            },
        }
    }

    /// The most that can honestly be said, and the device need not keep it.
    fn leave_unconfirmed(&mut self, client_id: &ClientId) {
        if self.is_numbered() {
            return;
        }
        let Some(entry) = self.outbox.remove(client_id) else {
            return;
        };
        if let Some(uid) = self.keeper() {
            self.forget(uid, client_id.clone());
        }
        let id = entry.draft.conversation;
        if let Some(conversation) = self.conversations.get_mut(&id) {
            conversation.timeline.update_own(client_id, |item| {
                item.delivery = Some(Delivery::Unconfirmed);
            });
        }
        self.touched.insert(id);
        self.settle_durability();
    }

    /// The link looks alive and may be routed nowhere: who I am is said again,
    /// and the newest page is laid beside what is here.
    pub(super) fn doubt_link(&mut self, now: Instant) {
        if self.is_numbered() {
            return;
        }
        let look_again = self.dialect.capabilities().doubt.look_again;
        let Phase::Online(online) = &mut self.phase else {
            return;
        };
        online.doubted_at = now;
        self.transmit(&ClientFrame::Assert);
        if look_again.is_some()
            && self.as_given() == Some(History::Pages)
            && let Some(current) = self.current.clone()
            && let Some(conversation) = self.conversations.get_mut(&current)
        {
            conversation.look_again(now);
            self.touched.insert(current);
        }
    }

    /// The same, on a sign of life.
    pub(super) fn doubt_link_on_show(&mut self, now: Instant) {
        let doubts = self.dialect.capabilities().doubt.look_again.is_some();
        let Phase::Online(online) = &self.phase else {
            return;
        };
        if doubts && now.since(online.doubted_at) >= DOUBT_EVERY {
            self.doubt_link(now);
        }
    }

    /// When the link is doubted next, as counted from its opening.
    pub(super) fn doubt_due(&self) -> Option<Instant> {
        self.as_given()?;
        let Phase::Online(online) = &self.phase else {
            return None;
        };
        let doubt = self.dialect.capabilities().doubt;
        let asserts = doubt.assert_after.iter().map(|after| online.since + *after);
        let next = asserts.filter(|at| *at > online.doubted_at).min();
        let look = doubt.look_again.map(|every| online.doubted_at + every);
        [next, look].into_iter().flatten().min()
    }
}
