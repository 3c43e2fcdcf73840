//! A link after its hello: it answers frames, passes on what gathers in the
//! mailbox, pings, and knows when to end.
//!
//! Every right is asked for frame by frame. Knows nothing of other links.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use parlance_core::close;
use parlance_core::dialect::native::wire;
use parlance_core::frame::Part;
use parlance_core::ids::{ClientId, ConversationId, Seq, Uid};
use serde_json::Value;
use tokio::time::{Instant, sleep_until};

use super::link::{Ending, Heard, Link};
use crate::auth::{self, Identity};
use crate::clock;
use crate::encode;
use crate::hub::{CROWD, LinkNumber, Room};
use crate::mailbox::{Closing, Gathered, Mailbox, Notice, RoomNumber};
use crate::metrics::count;
use crate::random;
use crate::rates::Rate;
use crate::server::Server;
use crate::store::{Draft, Millis, StoreError, Summary};

/// Bytes of UTF-8 in a text.
const TEXT_BYTES: usize = 32 * 1024;
/// How deep a body may be nested.
const BODY_DEPTH: usize = 64;
/// The longest name of a body's kind.
const KIND_BYTES: usize = 64;
/// Conversations in the welcome.
const LIST: u32 = 500;
/// Messages in a page.
const PAGE: u32 = 200;
/// Heads in a ping.
const HEADS: usize = 32;
/// Frames a minute that cannot be read, before the link is closed.
const FAULTS: u32 = 10;
const FAULT_WINDOW: Duration = Duration::from_secs(60);
/// How long somebody who was too fast stays away.
const COOL_DOWN_MS: u64 = 10_000;
/// Frames of any kind that a link may send: well above what a busy client
/// does, so that only a broken or hostile one gets there.
const FRAMES_PER_SECOND: u32 = 50;
const FRAMES_AT_ONCE: u32 = 400;
/// A person's links at once: many tabs on many devices.
const LINKS: usize = 64;
const TOO_MANY_LINKS_RETRY_MS: u64 = 30_000;
/// A reader that is further behind in a conversation is better served by a
/// page of the newest.
const BEHIND: u64 = 2000;
/// Bytes that are pushed with one flush, which is what a link has in memory.
const BATCH_BYTES: usize = 256 * 1024;
/// At most one typing notice in so long.
const TYPING_EVERY: Duration = Duration::from_secs(3);
/// When to try again what the store could not do.
const UNAVAILABLE_RETRY_MS: u64 = 2000;

/// Serves a link from its welcome to its end.
pub(super) async fn stay(
    link: &mut Link,
    server: &Arc<Server>,
    identity: Identity,
    mailbox: Arc<Mailbox>,
) -> Result<Infallible, Ending> {
    let attendance = Attendance::new(server, &identity, &mailbox)?;
    let now = Instant::now();
    let ping_every = server.config.ping_every;
    let mut stay = Stay {
        link,
        server,
        mailbox,
        host: identity.person.host,
        expires: identity.expires,
        attendance,
        frames: Rate::new(
            FRAMES_PER_SECOND.max(server.config.rate.saturating_mul(4)),
            FRAMES_AT_ONCE.max(server.config.burst.saturating_mul(4)),
        ),
        faults: 0,
        faults_since: now,
        heard_at: now,
        // Links that came together are not pinged together.
        ping_at: now + portion(ping_every, 0, 1000),
    };
    stay.welcome().await?;
    stay.go_on().await
}

/// A random part of a time, in thousandths.
fn portion(of: Duration, from: u32, to: u32) -> Duration {
    let span = u64::from(to - from).max(1);
    let thousandths = from + u32::try_from(random::below(span)).unwrap_or(0);
    of * thousandths / 1000
}

/// That a person is here on this link, and in which conversations. Ends with
/// it, also when the link's task fails.
struct Attendance {
    server: Arc<Server>,
    me: Arc<wire::Person>,
    uid: Uid,
    link: LinkNumber,
    was_away: bool,
    rooms: HashMap<RoomNumber, Subscription>,
    numbers: HashMap<ConversationId, RoomNumber>,
}

/// A conversation that the link is told of.
struct Subscription {
    room: Arc<Room>,
    /// Everything up to here was pushed, or was there before.
    delivered: Seq,
    /// What the last ping said.
    pinged: Seq,
    typed_at: Option<Instant>,
}

impl Attendance {
    fn new(
        server: &Arc<Server>,
        identity: &Identity,
        mailbox: &Arc<Mailbox>,
    ) -> Result<Self, Ending> {
        let uid = identity.person.uid.clone();
        let link = server.hub.number();
        let was_away = server.hub.arrive(&uid, link, mailbox, LINKS);
        let Some(was_away) = was_away else {
            return Err(Ending::Close(Closing::retry(
                close::TRY_LATER,
                TOO_MANY_LINKS_RETRY_MS,
            )));
        };
        Ok(Self {
            server: Arc::clone(server),
            me: Arc::new(encode::person(&identity.person, false)),
            uid,
            link,
            was_away,
            rooms: HashMap::new(),
            numbers: HashMap::new(),
        })
    }

    /// Is told of this conversation from now on. What was there before this
    /// call is `delivered` when the caller has read how far it had got.
    fn attend(&mut self, conversation: &ConversationId, mailbox: &Arc<Mailbox>) -> RoomNumber {
        if let Some(number) = self.numbers.get(conversation) {
            return *number;
        }
        let room = self
            .server
            .hub
            .subscribe(conversation, self.link, mailbox, &self.me);
        let number = room.number;
        self.numbers.insert(conversation.clone(), number);
        self.rooms.insert(
            number,
            Subscription {
                room,
                // Nothing is pushed before the caller has said.
                delivered: Seq(u64::MAX),
                pinged: Seq(0),
                typed_at: None,
            },
        );
        number
    }

    /// Everything up to here was there before, or is said in a head.
    fn begin(&mut self, number: RoomNumber, head: Seq) {
        if let Some(subscription) = self.rooms.get_mut(&number) {
            if subscription.delivered == Seq(u64::MAX) {
                subscription.delivered = head;
                subscription.pinged = head;
            }
            subscription.room.reached(head);
        }
    }

    fn room(&self, conversation: &ConversationId) -> Option<&Arc<Room>> {
        let number = self.numbers.get(conversation)?;
        self.rooms
            .get(number)
            .map(|subscription| &subscription.room)
    }
}

impl Drop for Attendance {
    fn drop(&mut self) {
        for subscription in self.rooms.values() {
            self.server.hub.unsubscribe(&subscription.room, self.link);
        }
        let from = self.numbers.drain().map(|(conversation, _)| conversation);
        self.server.hub.depart(&self.uid, self.link, from.collect());
    }
}

struct Stay<'a> {
    link: &'a mut Link,
    server: &'a Arc<Server>,
    mailbox: Arc<Mailbox>,
    attendance: Attendance,
    host: bool,
    expires: Option<Millis>,
    frames: Rate,
    faults: u32,
    faults_since: Instant,
    heard_at: Instant,
    ping_at: Instant,
}

/// Why a frame is not done. Each has its own way of being said.
enum Refused {
    /// There is no such conversation, or this person is not in it: the same
    /// answer, so that nobody learns which.
    NoConversation,
    /// The store could not.
    Store(StoreError),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Stay<'_> {
    async fn welcome(&mut self) -> Result<(), Ending> {
        let store = &self.server.store;
        let uid = self.attendance.uid.clone();
        // First subscribed, then read: what is stored in between is in the
        // summaries or hinted at, and never neither.
        let heads = or_internal(store.heads(uid.clone()).await)?;
        for (conversation, _) in &heads {
            self.attendance.attend(conversation, &self.mailbox);
        }
        let summaries = or_internal(store.summaries(uid.clone(), LIST).await)?;
        for summary in &summaries {
            let number = self.attendance.attend(&summary.conversation, &self.mailbox);
            self.attendance.begin(number, summary.head);
        }
        for (conversation, head) in &heads {
            let number = self.attendance.attend(conversation, &self.mailbox);
            self.attendance.begin(number, *head);
        }
        let welcome = wire::Server::Welcome {
            me: wire::Person {
                online: true,
                ..(*self.attendance.me).clone()
            },
            epoch: store.epoch().as_str().to_owned(),
            spread_ms: self.server.spread_ms(),
            ping_ms: millis(self.server.config.ping_every),
            limits: Some(wire::Limits {
                text_bytes: TEXT_BYTES,
            }),
            convs: summaries
                .iter()
                .map(|summary| encode::head(summary, &uid))
                .collect(),
        };
        self.link.say(&welcome).await?;
        if self.attendance.was_away {
            for subscription in self.attendance.rooms.values() {
                tell_came(&subscription.room, &self.attendance);
            }
        }
        Ok(())
    }

    async fn go_on(&mut self) -> Result<Infallible, Ending> {
        loop {
            let silent_at = self.heard_at + self.server.config.ping_every * 2;
            let expires_at = self.expires_at();
            tokio::select! {
                heard = self.link.hear() => {
                    self.heard_at = Instant::now();
                    if let Heard::Text(text) = heard? {
                        self.hear(&text).await?;
                    }
                }
                () = self.mailbox.something() => {
                    let gathered = self.mailbox.take();
                    self.pass_on(gathered).await?;
                }
                () = sleep_until(self.ping_at) => self.ping().await?,
                () = sleep_until(silent_at) => return Err(Ending::code(close::SILENT)),
                () = sleep_until(expires_at) => return Err(Ending::code(close::EXPIRED)),
            }
        }
    }

    /// When the credential runs out. Computed from the wall clock each time,
    /// so that a clock that is set right meanwhile counts.
    fn expires_at(&self) -> Instant {
        let far = Duration::from_secs(24 * 3600);
        let left = self.expires.map_or(far, |expires| {
            let left = expires.saturating_sub(clock::unix_millis());
            Duration::from_millis(u64::try_from(left).unwrap_or(0))
        });
        // A day ahead is far enough: the pings come by before.
        Instant::now() + left.min(far)
    }

    async fn hear(&mut self, text: &str) -> Result<(), Ending> {
        if !self.frames.take() {
            return Err(Ending::Close(Closing::retry(close::ABUSIVE, COOL_DOWN_MS)));
        }
        let Ok(frame) = serde_json::from_str(text) else {
            return self.fault("the frame cannot be read").await;
        };
        match frame {
            wire::Client::Hello { .. } => self.fault("hello comes once").await,
            wire::Client::Open { conv } => self.open(&conv).await,
            wire::Client::Send { cid, conv, body } => match ClientId::parse(&cid) {
                Some(cid) => self.send(cid, &conv, body).await,
                None => self.fault("the cid cannot be read").await,
            },
            wire::Client::Fill {
                req,
                conv,
                before,
                after,
                limit,
            } => {
                let part = match (before, after) {
                    (None, None) => Part::Newest,
                    (Some(seq), None) => Part::Before(Seq(seq)),
                    (None, Some(seq)) => Part::After(Seq(seq)),
                    (Some(_), Some(_)) => {
                        return self.fault("fill goes before or after, not both").await;
                    }
                };
                self.fill(req, &conv, part, limit.clamp(1, PAGE)).await
            }
            wire::Client::Read { conv, seq } => self.read(&conv, Seq(seq)).await,
            wire::Client::Typing { conv } => {
                self.typing(&conv);
                Ok(())
            }
            wire::Client::Ping {} => {
                let (heads, sum) = self.heads().await?;
                self.link.say(&wire::Server::Pong { heads, sum }).await
            }
            // That it was heard is all there is to it.
            wire::Client::Pong {} => Ok(()),
            wire::Client::Unknown => {
                self.server.metrics.oddity("unknown_frame");
                Ok(())
            }
        }
    }

    /// A frame was ignored because it could not be read, or asked for what
    /// there is not.
    async fn fault(&mut self, text: &str) -> Result<(), Ending> {
        self.server.metrics.oddity("fault");
        let now = Instant::now();
        if now.duration_since(self.faults_since) > FAULT_WINDOW {
            self.faults = 0;
            self.faults_since = now;
        }
        self.faults += 1;
        if self.faults > FAULTS {
            return Err(Ending::Close(Closing::retry(close::ABUSIVE, COOL_DOWN_MS)));
        }
        let text = text.to_owned();
        self.link.say(&wire::Server::Error { text }).await
    }

    /// The conversation of this name, if this person may look into it: a room
    /// that they are a member of, or a pair that they are one of.
    async fn mine(&mut self, name: &str) -> Result<ConversationId, Refused> {
        let conversation = self.possible(name)?;
        let known = self.attendance.numbers.contains_key(&conversation);
        let pair = matches!(conversation, ConversationId::Pair(..));
        if known || pair {
            return Ok(conversation);
        }
        let uid = self.attendance.uid.clone();
        let store = &self.server.store;
        if store.is_member(uid, conversation.clone()).await? {
            Ok(conversation)
        } else {
            Err(Refused::NoConversation)
        }
    }

    /// The conversation of this name, if it is one that this person may enter.
    fn possible(&self, name: &str) -> Result<ConversationId, Refused> {
        let conversation = ConversationId::parse(name).ok_or(Refused::NoConversation)?;
        let fits = match &conversation {
            ConversationId::Room(name) => auth::is_name(name),
            ConversationId::Pair(one, other) => {
                conversation.other(&self.attendance.uid).is_some()
                    && auth::is_uid(one.as_str())
                    && auth::is_uid(other.as_str())
            }
        };
        if fits {
            Ok(conversation)
        } else {
            Err(Refused::NoConversation)
        }
    }

    async fn refuse(&mut self, refused: Refused) -> Result<(), Ending> {
        match refused {
            Refused::NoConversation => self.fault("no_conversation").await,
            Refused::Store(error) => {
                tracing::warn!(%error, "a frame was not done");
                let text = "unavailable".to_owned();
                self.link.say(&wire::Server::Error { text }).await
            }
        }
    }

    async fn open(&mut self, name: &str) -> Result<(), Ending> {
        match self.enter(name).await {
            Ok((summary, readers, roster, room)) => {
                let conv = summary.conversation.to_string();
                let opened = wire::Server::Opened {
                    head: encode::head(&summary, &self.attendance.uid),
                    talk: self.talk(&summary.conversation).to_owned(),
                    readers,
                };
                self.link.say(&opened).await?;
                let people = roster;
                self.link
                    .say(&wire::Server::Roster { conv, people })
                    .await?;
                self.deliver(room).await
            }
            Err(refused) => self.refuse(refused).await,
        }
    }

    async fn enter(
        &mut self,
        name: &str,
    ) -> Result<(Summary, Vec<wire::Reader>, Vec<wire::Person>, RoomNumber), Refused> {
        let conversation = self.possible(name)?;
        let store = &self.server.store;
        let uid = self.attendance.uid.clone();
        let news = if self.attendance.numbers.contains_key(&conversation) {
            false
        } else {
            store.join(uid.clone(), conversation.clone()).await?
        };
        let number = self.attendance.attend(&conversation, &self.mailbox);
        let summary = store
            .summary(uid.clone(), conversation.clone())
            .await?
            .ok_or(Refused::NoConversation)?;
        self.attendance.begin(number, summary.head);
        let Some(room) = self.attendance.room(&conversation).cloned() else {
            return Err(Refused::NoConversation);
        };
        if news {
            tell_came(&room, &self.attendance);
            let joined = Notice::Joined(conversation.clone());
            let but_here = Some(self.attendance.link);
            self.server.hub.tell_person(&uid, but_here, &joined);
        }
        let limit = u32::try_from(CROWD).unwrap_or(u32::MAX);
        let readers = store.readers(conversation, limit).await?;
        let readers = readers.into_iter().map(|(uid, seq)| wire::Reader {
            uid: uid.as_str().to_owned(),
            seq: seq.0,
        });
        let roster = self.server.hub.roster(&room).await?;
        Ok((summary, readers.collect(), roster, number))
    }

    /// Whether this person may talk in this conversation.
    fn talk(&self, conversation: &ConversationId) -> &'static str {
        let read_only = match conversation {
            ConversationId::Room(name) => self.server.config.read_only.contains(name),
            ConversationId::Pair(..) => false,
        };
        if read_only && !self.host {
            "hosts_only"
        } else {
            "allowed"
        }
    }

    async fn send(&mut self, cid: ClientId, conv: &str, body: Value) -> Result<(), Ending> {
        match self.store_message(&cid, conv, body).await {
            Ok(ack) => self.link.say(&ack).await,
            Err(nack) => {
                self.server.metrics.nack(nack.code);
                self.link
                    .say(&wire::Server::Nack {
                        cid: cid.as_str().to_owned(),
                        code: nack.code.to_owned(),
                        text: None,
                        retry_ms: nack.retry_ms,
                    })
                    .await
            }
        }
    }

    async fn store_message(
        &mut self,
        cid: &ClientId,
        conv: &str,
        body: Value,
    ) -> Result<wire::Server, Nack> {
        let conversation = self.mine(conv).await.map_err(Nack::from)?;
        if self.talk(&conversation) != "allowed" {
            return Err(Nack::never("forbidden"));
        }
        check_body(&body)?;
        let uid = &self.attendance.uid;
        self.server
            .talking
            .take(uid)
            .map_err(|wait| Nack::after("rate_limited", millis(wait) + 1))?;
        let draft = Draft {
            conversation: conversation.clone(),
            sender: Some(uid.clone()),
            client_id: Some(cid.clone()),
            body,
            at: clock::unix_millis(),
        };
        let appended = match self.server.store.append(draft).await {
            Ok(appended) => appended,
            Err(StoreError::ClientIdReused) => return Err(Nack::never("cid_reuse")),
            Err(error) => return Err(Nack::from(Refused::Store(error))),
        };
        // From here on it is committed: everybody may be told.
        if appended.duplicate {
            count(&self.server.metrics.duplicates);
        } else {
            count(&self.server.metrics.appended);
            let hub = &self.server.hub;
            hub.announce(&conversation, appended.seq);
            for joined in &appended.joined {
                hub.tell_person(joined, None, &Notice::Joined(conversation.clone()));
            }
            if !appended.joined.is_empty()
                && let Some(room) = self.attendance.room(&conversation)
            {
                room.renew_rosters();
            }
        }
        Ok(wire::Server::Ack {
            cid: cid.as_str().to_owned(),
            conv: conversation.to_string(),
            seq: appended.seq.0,
            id: appended.id,
            ts: appended.at,
            dup: appended.duplicate,
        })
    }

    async fn fill(&mut self, req: u64, conv: &str, part: Part, limit: u32) -> Result<(), Ending> {
        let page = match self.mine(conv).await {
            Ok(conversation) => {
                let page = self.server.store.page(conversation, part, limit).await;
                page.map_err(Refused::from)
            }
            Err(refused) => Err(refused),
        };
        let answer = match page {
            Ok(page) => wire::Server::Page {
                req,
                conv: conv.to_owned(),
                epoch: self.server.store.epoch().as_str().to_owned(),
                from: page.range.map(|(from, _)| from.0),
                to: page.range.map(|(_, to)| to.0),
                msgs: page
                    .messages
                    .iter()
                    .map(|message| encode::message(message, &self.attendance.uid))
                    .collect(),
                head: page.head.0,
            },
            Err(Refused::NoConversation) => wire::Server::Gone {
                req,
                retry_ms: None,
            },
            Err(Refused::Store(error)) => {
                tracing::warn!(%error, "a page could not be read");
                wire::Server::Gone {
                    req,
                    retry_ms: Some(UNAVAILABLE_RETRY_MS),
                }
            }
        };
        self.link.say(&answer).await
    }

    async fn read(&mut self, conv: &str, seq: Seq) -> Result<(), Ending> {
        let conversation = match self.mine(conv).await {
            Ok(conversation) => conversation,
            Err(refused) => return self.refuse(refused).await,
        };
        let Some(room) = self.attendance.room(&conversation).cloned() else {
            return Ok(());
        };
        // Beside the link's task: it waits for a commit, and nobody waits for
        // it. The order does not matter, for a cursor never goes back.
        let (store, uid) = (Arc::clone(&self.server.store), self.attendance.uid.clone());
        let link = self.attendance.link;
        self.server.hub.beside(async move {
            match store.read(uid.clone(), conversation, seq).await {
                Ok(Some(seq)) => room.tell_read(&uid, seq, link),
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "a read cursor was not kept"),
            }
        });
        Ok(())
    }

    fn typing(&mut self, conv: &str) {
        let number =
            ConversationId::parse(conv).and_then(|id| self.attendance.numbers.get(&id).copied());
        let Some(subscription) = number.and_then(|number| self.attendance.rooms.get_mut(&number))
        else {
            self.server.metrics.oddity("typing_elsewhere");
            return;
        };
        let now = Instant::now();
        let lately = subscription
            .typed_at
            .is_some_and(|typed_at| now.duration_since(typed_at) < TYPING_EVERY);
        if !lately {
            subscription.typed_at = Some(now);
            subscription.room.tell_typing(&self.attendance.me);
        }
    }

    async fn pass_on(&mut self, gathered: Gathered) -> Result<(), Ending> {
        if let Some(closing) = gathered.closing {
            return Err(Ending::Close(closing));
        }
        for notice in gathered.notices {
            match notice {
                Notice::Frame(frame) => self.link.say_encoded(&frame).await?,
                Notice::Joined(conversation) => self.joined(conversation).await?,
                Notice::Roster(conversation) => self.renew_roster(&conversation).await?,
            }
        }
        for ((conv, uid), seq) in gathered.reads {
            self.link
                .say(&wire::Server::Read { conv, uid, seq })
                .await?;
        }
        for number in gathered.rooms {
            self.deliver(number).await?;
        }
        Ok(())
    }

    /// This person is in a conversation that this link was not told of.
    async fn joined(&mut self, conversation: ConversationId) -> Result<(), Ending> {
        let known = self.attendance.numbers.contains_key(&conversation);
        let number = self.attendance.attend(&conversation, &self.mailbox);
        let uid = self.attendance.uid.clone();
        match self.server.store.summary(uid, conversation).await {
            Ok(Some(summary)) => {
                self.attendance.begin(number, summary.head);
                if !known {
                    let head = encode::head(&summary, &self.attendance.uid);
                    self.link.say(&wire::Server::Conv { head }).await?;
                }
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "a conversation was not told of"),
        }
        Ok(())
    }

    async fn renew_roster(&mut self, conversation: &ConversationId) -> Result<(), Ending> {
        let Some(room) = self.attendance.room(conversation).cloned() else {
            return Ok(());
        };
        match self.server.hub.roster(&room).await {
            Ok(people) => {
                let conv = conversation.to_string();
                self.link.say(&wire::Server::Roster { conv, people }).await
            }
            Err(error) => {
                tracing::warn!(%error, "a roster was not told");
                Ok(())
            }
        }
    }

    /// Pushes what a room has got since, in order.
    async fn deliver(&mut self, number: RoomNumber) -> Result<(), Ending> {
        loop {
            let Some(subscription) = self.attendance.rooms.get_mut(&number) else {
                return Ok(());
            };
            let (head, delivered) = (subscription.room.head(), subscription.delivered);
            if delivered >= head {
                return Ok(());
            }
            if head.0 - delivered.0 > BEHIND {
                return Err(Ending::code(close::SLOW));
            }
            let room = Arc::clone(&subscription.room);
            let messages = match self.server.hub.messages_after(&room, delivered).await {
                Ok(messages) => messages,
                Err(error) => {
                    // The next hint or the next ping comes back to it.
                    tracing::warn!(%error, "messages were not pushed yet");
                    return Ok(());
                }
            };
            if messages.is_empty() {
                return Ok(());
            }
            let mut frames = Vec::with_capacity(messages.len());
            let mut bytes = 0;
            for message in &messages {
                let n = self.link.next_number();
                frames.push(message.text(n, &self.attendance.uid));
                subscription.delivered = message.seq;
                count(&self.server.metrics.pushed);
                bytes += message.bytes();
                if bytes > BATCH_BYTES {
                    break;
                }
            }
            self.link.say_all(frames).await?;
        }
    }

    async fn ping(&mut self) -> Result<(), Ending> {
        let every = self.server.config.ping_every;
        self.ping_at = Instant::now() + portion(every, 900, 1100);
        if self.expires.is_some_and(|at| at <= clock::unix_millis()) {
            return Err(Ending::code(close::EXPIRED));
        }
        let (heads, sum) = self.heads().await?;
        self.link.say(&wire::Server::Ping { heads, sum }).await
    }

    /// How far this person's conversations have got, by the store and not by
    /// hints: a hint that was lost is made up for here.
    async fn heads(&mut self) -> Result<(Vec<wire::Head>, Option<String>), Ending> {
        let heads = match self.server.store.heads(self.attendance.uid.clone()).await {
            Ok(heads) => heads,
            Err(error) => {
                tracing::warn!(%error, "heads could not be read");
                return Ok((Vec::new(), None));
            }
        };
        let mut sum = 0_u64;
        let mut changed = Vec::new();
        for (conversation, head) in heads {
            if !self.attendance.numbers.contains_key(&conversation) {
                self.joined(conversation.clone()).await?;
            }
            sum = sum.wrapping_add(head.0);
            let number = self.attendance.attend(&conversation, &self.mailbox);
            // Also where an earlier look failed half-way.
            self.attendance.begin(number, head);
            let Some(subscription) = self.attendance.rooms.get_mut(&number) else {
                continue;
            };
            if subscription.pinged != head && changed.len() < HEADS {
                subscription.pinged = head;
                changed.push(wire::Head {
                    conv: conversation.to_string(),
                    seq: head.0,
                });
            }
        }
        Ok((changed, Some(sum.to_string())))
    }
}

fn tell_came(room: &Room, attendance: &Attendance) {
    let who = wire::Person {
        online: true,
        ..(*attendance.me).clone()
    };
    let conv = room.conversation.to_string();
    room.tell_crowd(&attendance.uid, &wire::Server::Came { conv, who });
}

/// Without the store there is no welcome: the client comes back.
fn or_internal<T>(result: Result<T, StoreError>) -> Result<T, Ending> {
    result.map_err(|error| {
        tracing::warn!(%error, "nobody can be welcomed");
        Ending::Close(Closing::retry(close::TRY_LATER, UNAVAILABLE_RETRY_MS))
    })
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Why a message is not stored.
struct Nack {
    code: &'static str,
    retry_ms: Option<u64>,
}

impl Nack {
    fn never(code: &'static str) -> Self {
        Self {
            code,
            retry_ms: None,
        }
    }

    fn after(code: &'static str, retry_ms: u64) -> Self {
        Self {
            code,
            retry_ms: Some(retry_ms),
        }
    }
}

impl From<Refused> for Nack {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::NoConversation => Self::never("no_conversation"),
            Refused::Store(error) => {
                tracing::warn!(%error, "a message was not stored");
                Self::after("unavailable", UNAVAILABLE_RETRY_MS)
            }
        }
    }
}

/// Whether this can be said. What a kind means is between the clients: of a
/// kind that nobody here knows only the frame is looked at.
fn check_body(body: &Value) -> Result<(), Nack> {
    let bad = || Nack::never("bad_body");
    let kind = body.get("kind").and_then(Value::as_str).ok_or_else(bad)?;
    let text = body.get("text");
    if kind.is_empty() || kind.len() > KIND_BYTES || kind == "notice" {
        return Err(bad());
    }
    if kind == "text" && !text.is_some_and(Value::is_string) {
        return Err(bad());
    }
    if !shallow(body, BODY_DEPTH) {
        return Err(bad());
    }
    if texts(body).any(|text| text.len() > TEXT_BYTES) {
        return Err(Nack::never("too_large"));
    }
    Ok(())
}

/// The texts that stand in a body itself.
fn texts(body: &Value) -> impl Iterator<Item = &str> {
    body.as_object()
        .into_iter()
        .flat_map(|fields| fields.values().filter_map(Value::as_str))
}

fn shallow(value: &Value, depth: usize) -> bool {
    if depth == 0 {
        return false;
    }
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
        Value::Array(items) => items.iter().all(|item| shallow(item, depth - 1)),
        Value::Object(fields) => fields.values().all(|field| shallow(field, depth - 1)),
    }
}
