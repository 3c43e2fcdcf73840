//! Everything that a session can ask of its driver, as one closed enum.
//!
//! Knows nothing of how it is carried out.

use crate::close::EndReason;
use crate::frame::{Limits, Person, Talk};
use crate::ids::{ConversationId, LinkId, RequestId, SaveId, Seq, Uid};
use crate::outbox::{Take, Write};
use crate::time::{Instant, UnixMillis};
use crate::timeline::Change;
use crate::wire::{HttpRequest, Wire};

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Dial this address. An earlier link has been closed or given up before.
    Open(LinkId, String),
    /// Send this on this link.
    Transmit(LinkId, Wire),
    /// Close this link and forget it: do not wait for its close event.
    Close(LinkId, u16, &'static str),
    /// Make this request.
    Request(RequestId, HttpRequest),
    /// Read what the device has kept for this person.
    Load(Uid),
    /// Write this in one strict transaction, then say [`Saved`](super::Input::Saved).
    Save(SaveId, Write),
    /// Ask whether this page may hand a message over, then say
    /// [`Took`](super::Input::Took).
    Take(Take),
    /// Say this to the other pages of this device. Nobody may be there.
    Share(String),
    /// Tell the page.
    Event(Event),
}

/// What the page must know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The status changed.
    Status(Status),
    /// What the connection banner says; `None`: nothing.
    Banner(Option<Banner>),
    /// Nobody is known: show the join form. `refused`: why the last try failed.
    IdentityNeeded {
        /// The server's words about the last name, if it refused it.
        refused: Option<String>,
    },
    /// Who I am.
    Me(Person),
    /// What may be said.
    Limits(Limits),
    /// A conversation in the list is new or changed.
    Conversation(Conversation),
    /// This conversation is on show, or none is.
    Current(Option<ConversationId>),
    /// Rows of a conversation changed. In order: each index is right after
    /// the changes before it.
    Timeline(ConversationId, Vec<Change>),
    /// What is known of the log's beginning and end.
    History(ConversationId, HistoryState),
    /// The whole list of people in a conversation.
    People(ConversationId, Vec<Person>),
    /// Who is typing there now.
    Typists(ConversationId, Vec<Person>),
    /// The text that the person had not finished.
    Draft(ConversationId, String),
    /// Whether what is unsent survives closing the page.
    Durability(Durability),
    /// The person has signed out: forget everything.
    SignedOut,
    /// The log is not the one that was shown: its rows are gone, and it is read
    /// anew. What of mine it lacks comes back as [`Delivery::Missing`].
    ///
    /// [`Delivery::Missing`]: crate::timeline::Delivery::Missing
    Restored,
    /// The outbox is full: this text was not taken, give it back to the composer.
    OutboxFull(ConversationId, String),
    /// Something from outside was odd and was counted: for the log.
    Counted(Oddity, String),
}

/// The session's phase as told to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// Not begun, or nobody is known.
    Idle,
    /// Until the login is through.
    Connecting,
    /// Talking.
    Online,
    /// Between attempts.
    Waiting,
    /// Between attempts, and the device says that it has no network.
    Offline,
    /// The page closed the link on purpose, because it is hidden or left.
    Suspended,
    /// No more attempts until the person acts.
    Ended,
}

impl Status {
    /// The word in `data-status`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Connecting => "connecting",
            Self::Online => "online",
            Self::Waiting => "waiting",
            Self::Offline => "offline",
            Self::Suspended => "suspended",
            Self::Ended => "ended",
        }
    }
}

/// What the connection banner says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Banner {
    /// As in the root's `data-status`.
    pub status: Status,
    /// When the next attempt is due, for the countdown.
    pub retry_at: Option<Instant>,
    /// Why the stay ended, when it did.
    pub end: Option<EndReason>,
}

/// A conversation in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// Which.
    pub id: ConversationId,
    /// Its name, or the other person's; the id's own text until it is known.
    pub title: String,
    /// The address of its picture.
    pub avatar: Option<String>,
    /// How many messages of others have not been read.
    pub unread: u64,
    /// How far I have read, for the unread line.
    pub read: Seq,
    /// Whether I may talk here.
    pub talk: Talk,
    /// Author's name and text (or kind, where it has no text) of the newest message.
    pub last: Option<LastLine>,
}

/// The newest message of a conversation, for the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastLine {
    /// Who said it.
    pub author: Option<String>,
    /// Whether it is mine.
    pub mine: bool,
    /// The kind in one word.
    pub kind: &'static str,
    /// Its words; may be empty.
    pub text: String,
    /// When.
    pub at: Option<UnixMillis>,
}

/// What is known of a conversation's log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HistoryState {
    /// There is nothing older than the first row.
    pub oldest_known: bool,
    /// What is older, or newest, has been asked for.
    pub loading: bool,
    /// It could not be had; it can be asked for again.
    pub failed: bool,
    /// The newest is not here yet.
    pub catching_up: bool,
}

/// Whether what is unsent survives closing the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Yes.
    Kept,
    /// No: the device's storage does not work.
    LostOnClose,
}

/// Something odd from outside. Counted and logged; the session lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Oddity {
    /// A frame that could not be read.
    Malformed,
    /// A frame of a kind that this version does not know.
    UnknownFrame,
    /// An acknowledgement of nothing that is waiting.
    StrayAck,
    /// A message that was already here.
    Duplicate,
    /// A page that nobody asked for.
    StrayPage,
    /// Frames lost between server and page, noticed and filled.
    LostFrames,
    /// An answer to a request that could not be read.
    BadAnswer,
    /// A row of the device's storage that could not be read.
    BadRow,
    /// Storage that failed.
    Storage,
    /// Resynchronising did not help three times in a minute.
    ResyncLoop,
    /// The server's log is shorter than what was heard of it.
    CursorAhead,
}
