//! One protocol statement, in our words, whatever the backend calls it.
//!
//! Dialects turn these into wire text and back; the session handles these
//! and nothing else. Knows neither JSON nor the session's phases.

use std::time::Duration;

use crate::content::Content;
use crate::ids::{ClientId, ConversationId, Epoch, MessageId, RequestId, Seq, Uid};
use crate::time::UnixMillis;

/// What the client says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientFrame {
    /// The first frame of a link: who I am and how far I have heard.
    Hello(Hello),
    /// I am now in this conversation: tell me about it and its people.
    Open(ConversationId),
    /// A message.
    Say(Say),
    /// Give me a page of a conversation's log.
    Fill(Fill),
    /// I have read up to here.
    Read(ConversationId, Seq),
    /// I am typing.
    Typing(ConversationId),
    /// Are you there?
    Ping,
    /// I am here.
    Pong,
    /// I am still who I said I was: for a backend that forgets whom an open
    /// link belongs to.
    Assert,
    /// I am going away.
    Leave,
}

/// The first frame of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// What admits this link, where the dialect asks for it before dialling.
    pub ticket: Option<String>,
    /// How far each conversation has been heard.
    pub cursors: Vec<(ConversationId, Cursor)>,
}

/// How far a conversation has been heard: every message up to `seq` of the
/// log `epoch` is here or known to be absent. One value: adopt both or neither.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Which log.
    pub epoch: Epoch,
    /// How far.
    pub seq: Seq,
}

/// A message on its way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Say {
    /// Made once; the same in every attempt.
    pub client_id: ClientId,
    /// Where.
    pub conversation: ConversationId,
    /// What.
    pub content: Content,
    /// The device's time when it was said; the same in every attempt.
    pub said_at: UnixMillis,
}

/// A request for a page of a conversation's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fill {
    /// Names the request; the answer repeats it.
    pub request: RequestId,
    /// Of which conversation.
    pub conversation: ConversationId,
    /// Which part of it.
    pub part: Part,
    /// Where a backend without numbers goes on from, when `part` is `Before`.
    pub anchor: Anchor,
    /// At most how many messages.
    pub limit: u32,
}

/// How far a log without numbers has been paged through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Anchor {
    /// How many pages have been had, from the newest.
    pub pages: u32,
    /// The backend's id of the oldest message that is here, where it has one.
    pub oldest: Option<MessageId>,
}

/// Which part of a log a page covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The newest messages.
    Newest,
    /// The newest of those before this one.
    Before(Seq),
    /// The oldest of those after this one.
    After(Seq),
}

/// What the server says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerFrame {
    /// The login went through.
    Welcome(Welcome),
    /// The login, or the stay, was refused for a reason that retrying cannot cure.
    Refused(Refusal),
    /// The conversation that was opened.
    Opened(Opened),
    /// A message of mine is stored.
    Ack(Ack),
    /// A message of mine is not stored.
    Nack(Nack),
    /// A message, live.
    Message(Message),
    /// A page of a conversation's log.
    Page(Page),
    /// A page of a log whose messages have no numbers.
    Rows(Rows),
    /// A message was taken back: its row stays in place, with this to say.
    Recalled(ConversationId, MessageId, String),
    /// The page cannot be had.
    Gone(Gone),
    /// Everybody in a conversation.
    Roster(ConversationId, Vec<Person>),
    /// Somebody came.
    Came(ConversationId, Person),
    /// Somebody went. The time is when they were last here.
    Went(ConversationId, Uid, Option<UnixMillis>),
    /// Somebody is typing.
    Typing(ConversationId, Person),
    /// Somebody (perhaps I, on another device) has read up to here.
    Read(ConversationId, Uid, Seq),
    /// Are you there? And: these conversations have got so far.
    Ping(Heads),
    /// I am here. And: these conversations have got so far.
    Pong(Heads),
    /// I am going away; come back.
    Bye(Bye),
    /// A conversation that I am in, or that changed its name, as in `Welcome`.
    Conversation(ConversationHead),
    /// Frames were lost between the server and here: look again.
    Lost,
}

/// The answer to a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Welcome {
    /// Who I am.
    pub me: Person,
    /// Which log the server keeps.
    pub epoch: Epoch,
    /// Over how long a crowd should spread its return.
    pub spread: Duration,
    /// How often the server pings; `None`: never.
    pub ping_every: Option<Duration>,
    /// What may be said.
    pub limits: Limits,
    /// Every conversation that I am in.
    pub conversations: Vec<ConversationHead>,
}

/// What may be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of UTF-8 in a text.
    pub text_bytes: usize,
}

impl Default for Limits {
    /// What the native server allows when it does not say.
    fn default() -> Self {
        Self {
            text_bytes: 32 * 1024,
        }
    }
}

/// A conversation that I am in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConversationHead {
    /// Which.
    pub conversation: ConversationId,
    /// Its name; for a pair the other person's.
    pub title: Option<String>,
    /// The other person's picture, or the room's.
    pub avatar: Option<String>,
    /// The newest message's place; 0 when there is none.
    pub head: Seq,
    /// How many messages of others I have not read.
    pub unread: Option<u64>,
    /// How far I have read.
    pub read: Option<Seq>,
    /// The newest message.
    pub last: Option<Box<Message>>,
}

/// A conversation that was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// As in the list.
    pub head: ConversationHead,
    /// Whether I may talk here, and if not, why.
    pub talk: Talk,
    /// How far each of the others has read.
    pub readers: Vec<(Uid, Seq)>,
}

/// Whether I may talk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Talk {
    /// Yes.
    Allowed,
    /// Only hosts may.
    HostsOnly,
    /// I have been silenced.
    Muted,
    /// The conversation is over.
    Closed,
    /// Yes, but the other person has not accepted me as a friend yet.
    Stranger,
}

/// A message of mine is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ack {
    /// Which.
    pub client_id: ClientId,
    /// Where.
    pub conversation: ConversationId,
    /// Its place, where the backend has places.
    pub seq: Option<Seq>,
    /// The backend's id for it.
    pub id: Option<MessageId>,
    /// When, by the server's clock.
    pub at: Option<UnixMillis>,
}

/// A message of mine is not stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nack {
    /// Which.
    pub client_id: ClientId,
    /// Why.
    pub reason: NackReason,
    /// Whether saying it again later may help, and when.
    pub retry: Retry,
}

/// Why a message was not stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NackReason {
    /// Too much in too short a time.
    RateLimited,
    /// The message is too long.
    TooLarge,
    /// I may not talk here.
    Forbidden,
    /// There is no such conversation, or I am not in it.
    NoConversation,
    /// The id was used for other words.
    ClientIdReused,
    /// The server could not store it just now.
    Unavailable,
    /// Anything else, in the server's words (for people, never for HTML).
    Other(String),
}

/// Whether saying it again may help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Never: somebody has to decide.
    Never,
    /// After so long.
    After(Duration),
}

/// A message of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Where.
    pub conversation: ConversationId,
    /// Its place, where the backend has places.
    pub seq: Option<Seq>,
    /// The backend's id for it.
    pub id: Option<MessageId>,
    /// The sender's id for it, where the backend keeps it.
    pub client_id: Option<ClientId>,
    /// Who said it; `None`: the system.
    pub from: Option<Person>,
    /// What.
    pub content: Content,
    /// When, by the server's clock.
    pub at: Option<UnixMillis>,
}

/// A person, as others see them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub uid: Uid,
    /// What they are called.
    pub name: String,
    /// The address of their picture.
    pub avatar: Option<String>,
    /// Whether they are here now.
    pub online: bool,
    /// When they were last here.
    pub last_seen: Option<UnixMillis>,
    /// Whether the backend says that they are a host.
    pub host: bool,
}

/// A page of a conversation's log: a statement about a whole range. A number
/// in `first..=last` that has no message is known to be absent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Which request it answers.
    pub request: RequestId,
    /// Of which conversation.
    pub conversation: ConversationId,
    /// Of which log.
    pub epoch: Epoch,
    /// The range that it covers; `None` when it covers nothing.
    pub range: Option<(Seq, Seq)>,
    /// The messages, oldest first.
    pub messages: Vec<Message>,
    /// The newest message's place when the page was made.
    pub head: Seq,
}

/// A page of a log whose messages have no numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows {
    /// Which request it answers.
    pub request: RequestId,
    /// Of which conversation.
    pub conversation: ConversationId,
    /// The messages, oldest first.
    pub messages: Vec<Message>,
    /// Whether there may be older ones behind it.
    pub more: bool,
}

/// A page that cannot be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gone {
    /// Which request it answers.
    pub request: RequestId,
    /// Whether asking again later may help.
    pub retry: Retry,
}

/// How far conversations have got.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heads {
    /// Those that changed since the last time.
    pub changed: Vec<(ConversationId, Seq)>,
    /// The wrapping sum of all heads that this link hears of, where given.
    pub sum: Option<u64>,
    /// Over how long a crowd should spread its return, if that has changed: a
    /// crowd grows after the first of it were welcomed.
    pub spread: Option<Duration>,
}

/// The server is going away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bye {
    /// How long to stay away before the spread begins.
    pub retry_after: Duration,
}

/// A refusal that retrying cannot cure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The credential is not one, or not any more.
    BadToken,
    /// Nobody is known: somebody has to say who they are.
    NoIdentity,
    /// Another device or tab has taken the place.
    TakenOver,
    /// This person is not wanted here.
    Banned,
    /// Signed out elsewhere.
    SignedOut,
    /// Anything else, in the server's words.
    Other(String),
}
