//! stub
use crate::content::Content;
use crate::frame::Person;
use crate::ids::{ClientId, ItemKey, MessageId, Seq};
use crate::time::UnixMillis;

/// One change to the rows of a conversation. Replayed in order by whoever
/// shows them: each index is right after the changes before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A row came in at this place.
    Insert(usize, Row, Origin),
    /// The row at this place changed; its key did not.
    Update(usize, Row),
    /// The row at this place went to that place (counted without it).
    Move(usize, usize),
    /// The row at this place is gone.
    Remove(usize),
    /// These are the rows now.
    Reset(Vec<Row>),
}

/// Why a row came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It was said just now: announce it, count it.
    Live,
    /// It is the person's own, said here.
    Mine,
    /// It was said before and is shown now: announce nothing.
    History,
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// A message.
    Message(Box<Item>),
    /// Messages are missing here.
    Gap(Gap),
}

/// Messages that exist and are not here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Stable for the row's life.
    pub key: ItemKey,
    /// The first that is missing.
    pub first: Seq,
    /// The last that is missing.
    pub last: Seq,
    /// They have been asked for.
    pub loading: bool,
}

/// One message, as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Stable from local echo to acknowledgement to edit.
    pub key: ItemKey,
    /// The sender's id, for my own.
    pub client_id: Option<ClientId>,
    /// The backend's id, once known.
    pub id: Option<MessageId>,
    /// Its place in the log, once known.
    pub seq: Option<Seq>,
    /// Whose it is.
    pub side: Side,
    /// Who said it; `None`: the system.
    pub author: Option<Person>,
    /// What was said.
    pub content: Content,
    /// When: the server's time once known, the device's before.
    pub at: Option<UnixMillis>,
    /// How far it has got; mine only.
    pub delivery: Option<Delivery>,
}

/// Whose a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Mine.
    Mine,
    /// Another person's.
    Theirs,
    /// Nobody's.
    System,
}

/// How far a message of mine has got, as INTERFACE names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Kept on this device, not yet handed over.
    Queued(Queued),
    /// Handed over, waiting for what would prove it.
    Sending,
    /// Proved.
    Sent,
    /// Handed over to a backend that never confirms.
    Unconfirmed,
    /// The other side read it.
    Read,
    /// May or may not have arrived.
    Unknown,
    /// Refused, or given up.
    Failed(Failure),
}

/// What a queued message waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queued {
    /// Its turn, or the network.
    Turn,
    /// Somebody's decision about the message above it.
    MessageAbove,
    /// The person's word: it is more than a day old.
    Consent,
}

/// Why a message was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Too long.
    TooLarge,
    /// I may not talk here.
    Forbidden,
    /// There is no such conversation.
    NoConversation,
    /// Anything else, in the server's words.
    Other(String),
}

impl Row {
    /// The row's key.
    pub const fn key(&self) -> ItemKey {
        match self {
            Self::Message(item) => item.key,
            Self::Gap(gap) => gap.key,
        }
    }
}

impl Delivery {
    /// The word in `data-delivery`.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Queued(_) => "queued",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Unconfirmed => "unconfirmed",
            Self::Read => "read",
            Self::Unknown => "unknown",
            Self::Failed(_) => "failed",
        }
    }
}
