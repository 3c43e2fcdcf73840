//! That a person is here on one link: which conversations the link is told
//! of, and what is due to it in each, in order and without a hole.
//!
//! Knows neither sockets nor dialects. A hint that is lost only delays: what
//! is due is read from where the link stopped, and the heads are compared
//! with the store now and then.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parlance_core::close;
use parlance_core::dialect::native::wire;
use parlance_core::ids::{ConversationId, Seq, Uid};
use tokio::time::Instant;

use crate::encode::Pushed;
use crate::hub::{LinkNumber, Room};
use crate::mailbox::{Mailbox, RoomNumber};
use crate::metrics::count;
use crate::socket::Ending;
use crate::store::StoreError;
use crate::voice::{Refusal, Voice};

/// A person's links at once: many tabs on many devices.
const LINKS: usize = 64;
/// A reader that is further behind in a conversation is better served by a
/// page of the newest.
const BEHIND: u64 = 2000;
/// Bytes that are due at once, which is what a link has in memory.
const BATCH_BYTES: usize = 256 * 1024;

/// A person on a link. Ends with it, also when the link's task fails.
pub(crate) struct Attendance {
    /// What they may do.
    pub(crate) voice: Voice,
    /// Which link.
    pub(crate) link: LinkNumber,
    /// Whether they were away before.
    pub(crate) was_away: bool,
    me: Arc<wire::Person>,
    mailbox: Arc<Mailbox>,
    rooms: HashMap<RoomNumber, Subscription>,
    numbers: HashMap<ConversationId, RoomNumber>,
}

/// They have too many links already.
#[derive(Debug)]
pub(crate) struct TooManyLinks;

/// A conversation that the link is told of.
pub(crate) struct Subscription {
    pub(crate) room: Arc<Room>,
    /// Everything up to here was given out, or was there before.
    delivered: Seq,
    /// What the last ping said.
    pub(crate) pinged: Seq,
    /// When they typed last.
    pub(crate) typed_at: Option<Instant>,
}

impl Attendance {
    /// This person, on the link with this mailbox.
    pub(crate) fn new(voice: Voice, mailbox: &Arc<Mailbox>) -> Result<Self, TooManyLinks> {
        let hub = &voice.server().hub;
        let link = hub.number();
        let was_away = hub.arrive(voice.uid(), link, mailbox, LINKS);
        let was_away = was_away.ok_or(TooManyLinks)?;
        Ok(Self {
            link,
            was_away,
            me: Arc::new(voice.seen_by_others(false)),
            mailbox: Arc::clone(mailbox),
            rooms: HashMap::new(),
            numbers: HashMap::new(),
            voice,
        })
    }

    /// Who.
    pub(crate) fn uid(&self) -> &Uid {
        self.voice.uid()
    }

    /// Who, as others see them.
    pub(crate) fn me(&self) -> &Arc<wire::Person> {
        &self.me
    }

    /// Is told of this conversation from now on. What was there before this
    /// call is given out by nobody once the caller has said how far it had
    /// got (see [`begin`](Self::begin)), and nothing is given out before.
    pub(crate) fn attend(&mut self, conversation: &ConversationId) -> RoomNumber {
        if let Some(number) = self.numbers.get(conversation) {
            return *number;
        }
        let hub = &self.voice.server().hub;
        let room = hub.subscribe(conversation, self.link, &self.mailbox, &self.me);
        let number = room.number;
        self.numbers.insert(conversation.clone(), number);
        self.rooms.insert(
            number,
            Subscription {
                room,
                delivered: Seq(u64::MAX),
                pinged: Seq(0),
                typed_at: None,
            },
        );
        number
    }

    /// Everything up to here was there before, or is said in a head.
    pub(crate) fn begin(&mut self, number: RoomNumber, head: Seq) {
        self.begin_after(number, head, head);
    }

    /// The same, and what is after this place is due.
    pub(crate) fn begin_after(&mut self, number: RoomNumber, after: Seq, head: Seq) {
        if let Some(subscription) = self.rooms.get_mut(&number) {
            if subscription.delivered == Seq(u64::MAX) {
                subscription.delivered = after;
                subscription.pinged = head;
            }
            subscription.room.reached(head);
        }
    }

    /// The same person, perhaps by another name: those who come from now on
    /// see it.
    pub(crate) fn be_known_as(&mut self, voice: Voice) {
        self.me = Arc::new(voice.seen_by_others(false));
        self.voice = voice;
        let hub = &self.voice.server().hub;
        for conversation in self.numbers.keys() {
            hub.subscribe(conversation, self.link, &self.mailbox, &self.me);
        }
    }

    /// Is told of every conversation of which they are a member, from where
    /// each is now.
    pub(crate) async fn attend_everything(&mut self) -> Result<(), StoreError> {
        // First subscribed, then read: what is stored in between is in the
        // heads or hinted at, and never neither.
        for (conversation, _) in self.heads().await? {
            self.attend(&conversation);
        }
        for (conversation, head) in self.heads().await? {
            let number = self.attend(&conversation);
            self.begin(number, head);
        }
        Ok(())
    }

    /// How far their conversations have got, by the store and not by hints.
    pub(crate) async fn heads(&self) -> Result<Vec<(ConversationId, Seq)>, StoreError> {
        let store = &self.voice.server().store;
        store.heads(self.uid().clone()).await
    }

    /// Becomes a member, and is told of what is said there after what the
    /// store has now. Answers how far that is.
    pub(crate) async fn enter(
        &mut self,
        conversation: &ConversationId,
    ) -> Result<(RoomNumber, Seq), Refusal> {
        if !self.attends(conversation) {
            self.voice.enter(conversation, Some(self.link)).await?;
        }
        let number = self.attend(conversation);
        let store = &self.voice.server().store;
        let head = store.head(conversation.clone()).await?;
        self.begin(number, head);
        Ok((number, head))
    }

    /// Whether the link is told of this conversation.
    pub(crate) fn attends(&self, conversation: &ConversationId) -> bool {
        self.numbers.contains_key(conversation)
    }

    /// As [`Voice::is_in`], which need not ask the store for what is attended.
    pub(crate) async fn is_in(&self, conversation: &ConversationId) -> Result<bool, StoreError> {
        Ok(self.attends(conversation) || self.voice.is_in(conversation).await?)
    }

    /// The conversation of this number, if it is attended.
    pub(crate) fn subscription(&mut self, number: RoomNumber) -> Option<&mut Subscription> {
        self.rooms.get_mut(&number)
    }

    /// The number of this conversation, if it is attended.
    pub(crate) fn number(&self, conversation: &ConversationId) -> Option<RoomNumber> {
        self.numbers.get(conversation).copied()
    }

    /// Every conversation that is attended.
    pub(crate) fn attended(&self) -> impl Iterator<Item = &ConversationId> {
        self.numbers.keys()
    }

    /// The link has been silent for so long: whoever is on it is not here.
    pub(crate) fn doze(&self, silence: Duration) {
        let hub = &self.voice.server().hub;
        let from = self.attended().cloned().collect();
        hub.doze(self.uid(), self.link, silence, from);
    }

    /// The link has been heard again.
    pub(crate) fn wake(&self) {
        let hub = &self.voice.server().hub;
        if hub.wake(self.uid(), self.link) {
            for conversation in self.attended() {
                hub.tell_came(conversation, self.voice.person());
            }
        }
    }

    /// What is due to the link in this room: the next messages, in order,
    /// none twice. Some of them at once; empty when there is nothing left.
    pub(crate) async fn due(&mut self, number: RoomNumber) -> Result<Vec<Arc<Pushed>>, Ending> {
        let Some(subscription) = self.rooms.get_mut(&number) else {
            return Ok(Vec::new());
        };
        let (head, delivered) = (subscription.room.head(), subscription.delivered);
        if delivered >= head {
            return Ok(Vec::new());
        }
        if head.0 - delivered.0 > BEHIND {
            return Err(Ending::code(close::SLOW));
        }
        let server = self.voice.server();
        let found = server
            .hub
            .messages_after(&subscription.room, delivered)
            .await;
        let mut messages = match found {
            Ok(messages) => messages,
            Err(error) => {
                // The next hint or the next look at the heads comes back to it.
                tracing::warn!(%error, "messages were not given out yet");
                return Ok(Vec::new());
            }
        };
        let mut bytes = 0;
        let fits = messages.iter().position(|message| {
            bytes += message.bytes();
            bytes > BATCH_BYTES
        });
        if let Some(last) = fits {
            messages.truncate(last + 1);
        }
        for message in &messages {
            subscription.delivered = message.seq;
            count(&server.metrics.pushed);
        }
        Ok(messages)
    }
}

impl Drop for Attendance {
    fn drop(&mut self) {
        let hub = &self.voice.server().hub;
        for subscription in self.rooms.values() {
            hub.unsubscribe(&subscription.room, self.link);
        }
        let from = self.numbers.drain().map(|(conversation, _)| conversation);
        hub.depart(self.voice.uid(), self.link, from.collect());
    }
}
