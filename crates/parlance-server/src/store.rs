//! What the server keeps: the log of every conversation, who is in it, how
//! far each has read, and who people are.
//!
//! A store knows no sockets, no frames and no rights: who may do a thing is
//! decided before it is asked (`peer.rs`). It promises three things. Appending
//! is idempotent by sender and client id, for ever. A conversation's numbers
//! are contiguous from 1. Nothing is answered before it is committed.

pub mod sqlite;

use std::fmt;

use futures_util::future::BoxFuture;
use parlance_core::frame::Part;
use parlance_core::ids::{ClientId, ConversationId, Epoch, Seq, Uid};
use serde_json::Value;

/// An answer of a store, later.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// Milliseconds since 1970, by the server's clock.
pub type Millis = i64;

/// What is known of a guest's cookie: the hash of its secret, so that the
/// data folder does not hold what lets somebody in.
pub type SecretHash = [u8; 32];

/// A message that wants to be stored.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Where.
    pub conversation: ConversationId,
    /// Who says it; `None`: the system.
    pub sender: Option<Uid>,
    /// The sender's id for it.
    pub client_id: Option<ClientId>,
    /// What.
    pub body: Value,
    /// When.
    pub at: Millis,
}

/// A message that is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Appended {
    /// Its place in its conversation.
    pub seq: Seq,
    /// Its id, unique in this store.
    pub id: String,
    /// When it was stored.
    pub at: Millis,
    /// Whether it had been stored before.
    pub duplicate: bool,
    /// Who became a member by it: the two of a pair, the first time.
    pub joined: Vec<Uid>,
}

/// A message of the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Its place.
    pub seq: Seq,
    /// Its id.
    pub id: String,
    /// The sender's id for it.
    pub client_id: Option<ClientId>,
    /// Who said it; `None`: the system.
    pub from: Option<Person>,
    /// What.
    pub body: Value,
    /// When.
    pub at: Millis,
}

/// A person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub uid: Uid,
    /// What they are called.
    pub name: String,
    /// The address of their picture.
    pub avatar: Option<String>,
    /// Whether they may talk where only hosts may.
    pub host: bool,
    /// When they were last here.
    pub seen: Option<Millis>,
}

/// A part of a log: a statement about a whole range.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// The range that it covers, both ends included; `None`: nothing.
    pub range: Option<(Seq, Seq)>,
    /// The messages, oldest first.
    pub messages: Vec<Message>,
    /// The newest message's place, 0 when there is none.
    pub head: Seq,
}

/// A conversation as one of its members sees it in the list.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Which.
    pub conversation: ConversationId,
    /// Its name; for a pair the other's.
    pub title: Option<String>,
    /// Its picture; for a pair the other's.
    pub avatar: Option<String>,
    /// The newest message's place, 0 when there is none.
    pub head: Seq,
    /// How far this member has read.
    pub read: Seq,
    /// How many messages after that are not this member's own.
    pub unread: u64,
    /// The newest message, if there is one and room for it.
    pub last: Option<Message>,
}

/// A message that its sender wants to take back.
#[derive(Clone, Debug)]
pub struct Recall {
    /// Which.
    pub id: String,
    /// Who wants it.
    pub by: Uid,
    /// It was said then or later, or it is too late.
    pub said_since: Millis,
    /// What stands in its place from now on.
    pub body: Value,
    /// When.
    pub at: Millis,
}

/// What became of a recall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recalled {
    /// It is taken back, now or before: what stands at this place says so.
    Done(Seq),
    /// It was said too long ago.
    TooLate,
    /// There is no such message of this sender in this conversation.
    Nothing,
}

/// Who or what is not let in any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bar {
    /// The signed token with this hash, which runs out by itself then.
    Token(SecretHash, Millis),
    /// This person, whatever they show.
    Person(Uid),
}

/// Whether somebody who was believed may come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Yes.
    Welcome,
    /// They have signed out with this token.
    SignedOut,
    /// They are not wanted.
    Banned,
}

/// Why a store did not do it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// The sender used this client id for other words, or elsewhere.
    ClientIdReused,
    /// Not now: the disk is full, the writer is gone, the reading failed. The
    /// text is for the log, not for the link.
    Unavailable(String),
}

impl fmt::Display for StoreError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClientIdReused => formatter.write_str("the client id was used before"),
            Self::Unavailable(why) => write!(formatter, "the store is unavailable: {why}"),
        }
    }
}

impl std::error::Error for StoreError {}

/// Bytes of bodies in one page, beyond which it ends early: a page of 200
/// messages of 32 kB would be one frame of 6 MB, too much for a phone.
pub const PAGE_BYTES: usize = 512 * 1024;

/// Bytes of newest messages in a list of conversations, beyond which the
/// others come without theirs, for the same reason.
pub const LIST_BYTES: usize = 256 * 1024;

/// About how many bytes a body has.
pub(crate) fn weight(body: &Value) -> usize {
    match body {
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
        Value::String(text) => text.len() + 2,
        Value::Array(items) => items.iter().map(weight).sum::<usize>() + 2,
        Value::Object(fields) => fields
            .iter()
            .map(|(name, field)| name.len() + weight(field) + 4)
            .sum(),
    }
}

/// Where everything is kept.
pub trait Store: Send + Sync + 'static {
    /// The identity of the log: another one after a restore.
    fn epoch(&self) -> &Epoch;

    /// Stores a message at its conversation's next place and answers after
    /// the commit. Of a pair, both become members.
    fn append(&self, draft: Draft) -> Answer<'_, Appended>;

    /// A part of a conversation's log, at most `limit` messages.
    fn page(&self, conversation: ConversationId, part: Part, limit: u32) -> Answer<'_, Page>;

    /// The place of the message with this id in this conversation, if it is there.
    fn place(&self, conversation: ConversationId, id: String) -> Answer<'_, Option<Seq>>;

    /// Takes a message back: its words are gone, its place and id stay.
    fn recall(&self, conversation: ConversationId, recall: Recall) -> Answer<'_, Recalled>;

    /// The messages after this place that were taken back, oldest first.
    fn recalled(&self, conversation: ConversationId, after: Seq) -> Answer<'_, Vec<Message>>;

    /// The newest message's place, 0 when there is none.
    fn head(&self, conversation: ConversationId) -> Answer<'_, Seq>;

    /// The heads of every conversation that this person is a member of.
    fn heads(&self, uid: Uid) -> Answer<'_, Vec<(ConversationId, Seq)>>;

    /// Every conversation that this person is a member of, most recently
    /// active first, at most `limit`. Those that were active long ago may come
    /// without their newest message.
    fn summaries(&self, uid: Uid, limit: u32) -> Answer<'_, Vec<Summary>>;

    /// One of them; `None` when this person is not a member.
    fn summary(&self, uid: Uid, conversation: ConversationId) -> Answer<'_, Option<Summary>>;

    /// Makes a member, and the conversation if there is none. Answers whether
    /// that is news.
    fn join(&self, uid: Uid, conversation: ConversationId) -> Answer<'_, bool>;

    /// Whether this person is a member.
    fn is_member(&self, uid: Uid, conversation: ConversationId) -> Answer<'_, bool>;

    /// The members, those seen last first, at most `limit`.
    fn members(&self, conversation: ConversationId, limit: u32) -> Answer<'_, Vec<Person>>;

    /// How far each member has read, those who have read anything, at most `limit`.
    fn readers(&self, conversation: ConversationId, limit: u32) -> Answer<'_, Vec<(Uid, Seq)>>;

    /// Moves a member's read cursor on, never back and never beyond the head.
    /// Answers where it is now if it moved.
    fn read(&self, uid: Uid, conversation: ConversationId, seq: Seq) -> Answer<'_, Option<Seq>>;

    /// Writes down who a person is. When they were seen is left as it is.
    fn put_person(&self, person: Person) -> Answer<'_, ()>;

    /// Who this is, if anybody.
    fn person(&self, uid: Uid) -> Answer<'_, Option<Person>>;

    /// A number for this person that nobody else has, given on the first
    /// asking and the same for ever: small, from 1, in the order of asking.
    fn number(&self, uid: Uid) -> Answer<'_, u64>;

    /// Who has this number, if anybody.
    fn numbered(&self, number: u64) -> Answer<'_, Option<Uid>>;

    /// What a person was not handed yet on a way in that keeps no messages:
    /// their conversations, after which place, and up to which. Where nothing
    /// was ever handed it begins after what they have read.
    fn owed(&self, uid: Uid, way: &'static str) -> Answer<'_, Vec<(ConversationId, Seq, Seq)>>;

    /// They were handed everything up to these places. Never goes back.
    fn hand(&self, uid: Uid, way: &'static str, upto: Vec<(ConversationId, Seq)>)
    -> Answer<'_, ()>;

    /// A person was here until now.
    fn seen(&self, uid: Uid, at: Millis) -> Answer<'_, ()>;

    /// Writes down a guest and what proves them.
    fn add_guest(&self, person: Person, secret: SecretHash) -> Answer<'_, ()>;

    /// The guest whom this proves.
    fn guest(&self, secret: SecretHash) -> Answer<'_, Option<Person>>;

    /// From now on this proves nobody.
    fn forget_guest(&self, secret: SecretHash) -> Answer<'_, ()>;

    /// From now on this is not let in.
    fn bar(&self, bar: Bar) -> Answer<'_, ()>;

    /// From now on this person is let in again.
    fn unbar(&self, uid: Uid) -> Answer<'_, ()>;

    /// Whether this person may come in, by a signed token with this hash or
    /// by something else.
    fn standing(&self, uid: Uid, token: Option<SecretHash>) -> Answer<'_, Standing>;

    /// Whether it can read and write now.
    fn check(&self) -> Answer<'_, ()>;
}
