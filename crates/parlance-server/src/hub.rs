//! Who is here, in which conversations, and how far those have got: what the
//! links of this server share.
//!
//! Knows neither sockets nor frames' inside, and keeps nothing that cannot be
//! read from the store again. Locks are taken in the order `rooms`, then a
//! room's `links`; `people` is never held together with either. None is held
//! across an await, except `loading`, which is there for that.

mod present;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use parlance_core::dialect::native::wire;
use parlance_core::frame::Part;
use parlance_core::ids::{ConversationId, Seq, Uid};
use tokio::task::JoinSet;

use crate::bus::{Bus, Hint};
use crate::encode::{self, Pushed, Told};
use crate::lock;
use crate::mailbox::{Closing, Mailbox, Notice, RoomNumber};
use crate::store::{Person, Store, StoreError};
use present::Present;

/// People that a roster lists, and that comings and goings are told of: in a
/// larger crowd nobody reads them, and telling everybody of everybody would
/// cost the square of it.
pub(crate) const CROWD: usize = 500;

/// Links up to which typing and reading are told in a room, for the same
/// reason.
const CIRCLE: usize = 64;

/// Messages and bytes of a room's end that stay encoded in memory, so that
/// its readers share one read of the store.
const TAIL_MESSAGES: usize = 256;
const TAIL_BYTES: usize = 1024 * 1024;

/// Messages that a link takes from a room at once, so that one busy room does
/// not keep it from the others.
const HELPING: u32 = 64;

/// A link's number, in this process.
pub(crate) type LinkNumber = u64;

/// What the links share.
pub(crate) struct Hub {
    store: Arc<dyn Store>,
    bus: Arc<dyn Bus>,
    linger: Duration,
    numbers: AtomicU64,
    rooms: Mutex<HashMap<ConversationId, Arc<Room>>>,
    people: Mutex<HashMap<Uid, Present>>,
    // What is done beside the links; ended and awaited at the end.
    beside: Mutex<JoinSet<()>>,
}

/// A conversation that somebody here is in.
pub(crate) struct Room {
    /// Its number.
    pub(crate) number: RoomNumber,
    /// Which.
    pub(crate) conversation: ConversationId,
    head: AtomicU64,
    links: Mutex<HashMap<LinkNumber, Subscriber>>,
    tail: Mutex<Tail>,
    // One link reads the store, the others wait and take what it brought.
    loading: tokio::sync::Mutex<()>,
}

#[derive(Clone)]
struct Subscriber {
    mailbox: Arc<Mailbox>,
    who: Arc<wire::Person>,
}

#[derive(Default)]
struct Tail {
    messages: VecDeque<Arc<Pushed>>,
    bytes: usize,
}

impl Hub {
    /// Nobody is here.
    pub(crate) fn new(store: Arc<dyn Store>, bus: Arc<dyn Bus>, linger: Duration) -> Self {
        Self {
            store,
            bus,
            linger,
            numbers: AtomicU64::new(1),
            rooms: Mutex::default(),
            people: Mutex::default(),
            beside: Mutex::default(),
        }
    }

    /// Does this beside the links, until the end of the server.
    pub(crate) fn beside(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut beside = lock(&self.beside);
        // What is done is forgotten here, or it would be kept for ever.
        while beside.try_join_next().is_some() {}
        beside.spawn(work);
    }

    /// Ends what is done beside the links.
    pub(crate) async fn end(&self) {
        let mut beside = std::mem::take(&mut *lock(&self.beside));
        beside.shutdown().await;
    }

    /// A number that nothing else here has.
    pub(crate) fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    /// Passes hints from the bus to the links, until the bus is gone.
    pub(crate) async fn pass_hints(self: Arc<Self>) {
        let mut listener = self.bus.listen();
        while let Some(hint) = listener.next().await {
            match hint {
                Hint::Reached(conversation, seq) => {
                    if let Some(room) = self.room(&conversation) {
                        room.reached(seq);
                    }
                }
                Hint::Missed => self.look_at_everything().await,
            }
        }
    }

    async fn look_at_everything(&self) {
        let rooms: Vec<_> = lock(&self.rooms).values().cloned().collect();
        for room in rooms {
            match self.store.head(room.conversation.clone()).await {
                Ok(head) => room.reached(head),
                // The pings look again.
                Err(error) => tracing::warn!(%error, "could not look at a conversation"),
            }
        }
    }

    /// Says that a conversation has got so far. After the commit.
    pub(crate) fn announce(&self, conversation: &ConversationId, seq: Seq) {
        self.bus.announce(conversation, seq);
    }

    /// This conversation, if somebody here is told of it.
    pub(crate) fn room(&self, conversation: &ConversationId) -> Option<Arc<Room>> {
        lock(&self.rooms).get(conversation).cloned()
    }

    /// Tells those who are in a conversation that this person is here now.
    pub(crate) fn tell_came(&self, conversation: &ConversationId, who: &Person) {
        if let Some(room) = self.room(conversation) {
            let frame = wire::Server::Came {
                conv: conversation.to_string(),
                who: encode::person(who, true),
            };
            room.tell_crowd(&who.uid, frame);
        }
    }

    /// This link is in this conversation from now on.
    pub(crate) fn subscribe(
        &self,
        conversation: &ConversationId,
        link: LinkNumber,
        mailbox: &Arc<Mailbox>,
        who: &Arc<wire::Person>,
    ) -> Arc<Room> {
        let mut rooms = lock(&self.rooms);
        let room = rooms
            .entry(conversation.clone())
            .or_insert_with(|| Arc::new(Room::new(self.number(), conversation.clone())));
        lock(&room.links).insert(
            link,
            Subscriber {
                mailbox: Arc::clone(mailbox),
                who: Arc::clone(who),
            },
        );
        Arc::clone(room)
    }

    /// This link is not in this conversation any more.
    pub(crate) fn unsubscribe(&self, room: &Room, link: LinkNumber) {
        let mut rooms = lock(&self.rooms);
        let empty = {
            let mut links = lock(&room.links);
            links.remove(&link);
            links.is_empty()
        };
        if empty {
            rooms.remove(&room.conversation);
        }
    }

    /// A message was taken back: whoever reads from now on finds that, and
    /// everybody who is here is told, however many they are.
    pub(crate) async fn tell_recalled(&self, conversation: &ConversationId, frame: wire::Server) {
        let Some(room) = self.room(conversation) else {
            return;
        };
        {
            // Whoever reads the store just now may bring the old words here;
            // after this nobody does.
            let _turn = room.loading.lock().await;
            *lock(&room.tail) = Tail::default();
        }
        let notice = Notice::Frame(Arc::new(Told::new(frame)));
        for subscriber in lock(&room.links).values() {
            subscriber.mailbox.notice(notice.clone());
        }
    }

    /// Tells every link of this person.
    pub(crate) fn tell_person(&self, uid: &Uid, except: Option<LinkNumber>, notice: &Notice) {
        for (link, mailbox) in self.links_of(uid) {
            if Some(link) != except {
                mailbox.notice(notice.clone());
            }
        }
    }

    /// Ends every link of this person.
    pub(crate) fn close_person(&self, uid: &Uid, closing: &Closing) {
        for (_, mailbox) in self.links_of(uid) {
            mailbox.close(closing.clone());
        }
    }

    /// Ends every link, each as it is told.
    pub(crate) fn close_all(&self, closing: impl Fn() -> Closing) {
        let mailboxes: Vec<_> = lock(&self.people)
            .values()
            .flat_map(|present| present.links.values().cloned())
            .collect();
        for mailbox in mailboxes {
            mailbox.close(closing());
        }
    }

    fn links_of(&self, uid: &Uid) -> Vec<(LinkNumber, Arc<Mailbox>)> {
        lock(&self.people)
            .get(uid)
            .map(|present| {
                let links = present.links.iter();
                links
                    .map(|(link, mailbox)| (*link, Arc::clone(mailbox)))
                    .collect()
            })
            .unwrap_or_default()
    }

    /// The members of a conversation, those who are here first.
    pub(crate) async fn roster(
        &self,
        conversation: &ConversationId,
    ) -> Result<Vec<wire::Person>, StoreError> {
        let mut listed = HashSet::new();
        let mut people = Vec::new();
        let here = self.room(conversation).map(|room| room.who_is_here());
        for who in here.unwrap_or_default() {
            if people.len() < CROWD
                && self.is_here(&Uid::new(who.uid.clone()))
                && listed.insert(who.uid.clone())
            {
                people.push(wire::Person {
                    online: true,
                    ..(*who).clone()
                });
            }
        }
        let limit = u32::try_from(CROWD).unwrap_or(u32::MAX);
        let members = self.store.members(conversation.clone(), limit).await?;
        let mut away = Vec::new();
        for member in members {
            if !listed.contains(member.uid.as_str()) {
                // Somebody between two links is still here.
                let here = self.is_here(&member.uid);
                let list = if here { &mut people } else { &mut away };
                list.push(encode::person(&member, here));
            }
        }
        people.append(&mut away);
        people.truncate(CROWD);
        Ok(people)
    }

    /// The messages of a room after this place, as far as it has got, but not
    /// too many at once.
    pub(crate) async fn messages_after(
        &self,
        room: &Room,
        after: Seq,
    ) -> Result<Vec<Arc<Pushed>>, StoreError> {
        if let Some(messages) = room.tail_after(after) {
            return Ok(messages);
        }
        let _turn = room.loading.lock().await;
        // Another link may have brought it while this one waited.
        if let Some(messages) = room.tail_after(after) {
            return Ok(messages);
        }
        let page = self
            .store
            .page(room.conversation.clone(), Part::After(after), HELPING)
            .await?;
        let messages: Vec<_> = page
            .messages
            .into_iter()
            .map(|message| Arc::new(Pushed::new(&room.conversation, message)))
            .collect();
        room.extend_tail(&messages);
        Ok(messages)
    }
}

impl Room {
    fn new(number: RoomNumber, conversation: ConversationId) -> Self {
        Self {
            number,
            conversation,
            head: AtomicU64::new(0),
            links: Mutex::default(),
            tail: Mutex::default(),
            loading: tokio::sync::Mutex::new(()),
        }
    }

    /// How far it has got, as far as is known here.
    pub(crate) fn head(&self) -> Seq {
        Seq(self.head.load(Ordering::Acquire))
    }

    /// It has got so far; nobody need be told.
    pub(crate) fn raise(&self, seq: Seq) -> bool {
        self.head.fetch_max(seq.0, Ordering::AcqRel) < seq.0
    }

    /// It has got so far; its links are told when that is news.
    pub(crate) fn reached(&self, seq: Seq) {
        if self.raise(seq) {
            for subscriber in lock(&self.links).values() {
                subscriber.mailbox.room(self.number);
            }
        }
    }

    /// Tells everybody but this person, unless they are a crowd.
    pub(crate) fn tell_crowd(&self, but: &Uid, frame: wire::Server) {
        let notice = Notice::Frame(Arc::new(Told::new(frame)));
        let links = lock(&self.links);
        if links.len() <= CROWD {
            for subscriber in links.values().filter(|one| one.who.uid != but.as_str()) {
                subscriber.mailbox.notice(notice.clone());
            }
        }
    }

    /// Tells everybody that the people are others now.
    pub(crate) fn renew_rosters(&self) {
        for subscriber in lock(&self.links).values() {
            let notice = Notice::Roster(self.conversation.clone());
            subscriber.mailbox.notice(notice);
        }
    }

    /// Tells everybody but this person that they type, unless they are many.
    pub(crate) fn tell_typing(&self, who: &wire::Person) {
        let links = lock(&self.links);
        if links.len() > CIRCLE {
            return;
        }
        let frame = wire::Server::Typing {
            conv: self.conversation.to_string(),
            who: who.clone(),
        };
        let notice = Notice::Frame(Arc::new(Told::new(frame)));
        for subscriber in links.values().filter(|one| one.who.uid != who.uid) {
            subscriber.mailbox.notice(notice.clone());
        }
    }

    /// Tells every link but this one how far somebody has read: the others',
    /// unless they are many, and that person's own.
    pub(crate) fn tell_read(&self, uid: &Uid, seq: Seq, except: Option<LinkNumber>) {
        let links = lock(&self.links);
        let few = links.len() <= CIRCLE;
        let name = self.conversation.to_string();
        for (link, subscriber) in links.iter() {
            let own = subscriber.who.uid == uid.as_str();
            if Some(*link) != except && (few || own) {
                subscriber.mailbox.read(&name, uid.as_str(), seq.0);
            }
        }
    }

    fn who_is_here(&self) -> Vec<Arc<wire::Person>> {
        let links = lock(&self.links);
        links.values().map(|one| Arc::clone(&one.who)).collect()
    }

    /// What is in memory after this place; `None` when the store must be asked.
    fn tail_after(&self, after: Seq) -> Option<Vec<Arc<Pushed>>> {
        let tail = lock(&self.tail);
        let (first, last) = (tail.messages.front()?.seq, tail.messages.back()?.seq);
        if after.0 + 1 < first.0 || after >= last {
            return None;
        }
        let skip = usize::try_from(after.0 + 1 - first.0).ok()?;
        let some = usize::try_from(HELPING).ok()?;
        let messages = tail.messages.iter().skip(skip).take(some);
        Some(messages.cloned().collect())
    }

    /// Keeps these if they follow what is there, so that the tail has no hole.
    fn extend_tail(&self, messages: &[Arc<Pushed>]) {
        let mut tail = lock(&self.tail);
        let Some(first) = messages.first() else {
            return;
        };
        let follows = match tail.messages.back() {
            Some(last) => first.seq.0 == last.seq.0 + 1,
            None => true,
        };
        if !follows {
            // A slow link reading what the others have had; unless the tail
            // itself is old, because nobody read for a while.
            let stale = tail
                .messages
                .back()
                .is_some_and(|last| last.seq < first.seq);
            if !stale {
                return;
            }
            *tail = Tail::default();
        }
        for message in messages {
            tail.bytes += message.bytes();
            tail.messages.push_back(Arc::clone(message));
        }
        while tail.messages.len() > TAIL_MESSAGES || tail.bytes > TAIL_BYTES {
            match tail.messages.pop_front() {
                Some(oldest) => tail.bytes -= oldest.bytes(),
                None => break,
            }
        }
    }
}
