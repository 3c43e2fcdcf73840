//! Everything that can happen to a session, as one closed enum.
//!
//! Knows nothing of where an input comes from.

use crate::content::Content;
use crate::ids::{ClientId, ConversationId, ItemKey, LinkId, RequestId, SaveId, Seq, Uid};
use crate::outbox::{Stored, Turn};
use crate::time::UnixMillis;
use crate::wire::{HttpResult, Wire};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The person, or the page on their behalf, wants something.
    Command(Command),
    /// Something happened to a link. Ignored unless it is the current one.
    Link(LinkId, LinkEvent),
    /// A request was answered, or failed.
    Http(RequestId, HttpResult),
    /// What the device had kept for this person, and the device's time now.
    Loaded(Uid, UnixMillis, Result<Stored, StorageFailure>),
    /// A write to the device's storage is complete, or failed.
    Saved(SaveId, Result<(), StorageFailure>),
    /// Whether this page may hand that message over.
    Took(ClientId, Result<Turn, StorageFailure>),
    /// Another page of this device said this, by [`Share`](super::Output::Share).
    Shared(String),
    /// Something happened to the page.
    Page(PageEvent, PageState),
    /// Time has passed. An early one changes nothing.
    Wake(PageState),
}

/// What the person wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Begin. Said once, after `Session::new`.
    Start,
    /// I am called this (the join form).
    Join(String),
    /// Show this conversation.
    Open(ConversationId),
    /// Show no conversation (a phone's list page).
    Leave,
    /// Say this here. The time is the device's, for the row and for its age.
    Say(ConversationId, Content, UnixMillis),
    /// Try a failed or unknown one again.
    Retry(ConversationId, ItemKey),
    /// Change the words of a failed one, and try again.
    Edit(ConversationId, ItemKey, Content),
    /// Give a message up that is not on the server.
    Delete(ConversationId, ItemKey),
    /// Show what is older.
    LoadOlder(ConversationId),
    /// Show what is missing in this gap row.
    LoadGap(ConversationId, ItemKey),
    /// Everything up to here was really visible to the person.
    Seen(ConversationId, Seq),
    /// The person is typing here.
    Typing(ConversationId),
    /// Keep this unfinished text. Empty: forget it.
    Draft(ConversationId, String),
    /// Dial now.
    Now,
    /// Leave for good: leaving frame, close, no dial after it, storage wiped.
    SignOut,
}

/// What happened to a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkEvent {
    /// The handshake is through.
    Opened,
    /// A message came.
    Received(Wire),
    /// It is over. The browser says 1006 for most ends.
    Closed {
        /// The close code.
        code: u16,
        /// At most 123 bytes, from outside.
        reason: String,
    },
}

/// What happened to the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageEvent {
    /// `visibilitychange`: read the new state from [`PageState`].
    VisibilityChanged,
    /// `pageshow`; `persisted`: it comes out of the back/forward cache.
    PageShow {
        /// Whether sockets from before are dead whatever they say.
        persisted: bool,
    },
    /// `pagehide`.
    PageHide,
    /// `freeze`.
    Freeze,
    /// `resume` after a freeze.
    Resume,
    /// The window got the focus.
    Focus,
    /// `online`: a hint.
    Online,
    /// `offline`: a hint.
    Offline,
    /// A mini-program host says that the page is in front, or that it is not.
    HostActive(bool),
    /// The wall clock went on while the page did not.
    ClockGap,
    /// Another tab has the link now, or this one has.
    LinkMoved,
}

impl PageEvent {
    /// What a host's word about the page says. Some hosts send a truth, some
    /// the same as text, and `"false"` is true to an `if`; some send nothing
    /// that can be read.
    pub fn of_host(active: Option<bool>, word: Option<&str>) -> Option<Self> {
        match (active, word) {
            (Some(active), _) => Some(Self::HostActive(active)),
            (None, Some("true" | "1")) => Some(Self::HostActive(true)),
            (None, Some("false" | "0")) => Some(Self::HostActive(false)),
            (None, _) => None,
        }
    }
}

/// What the page is like at this very moment. Read when needed, never kept:
/// a remembered visibility goes stale after a freeze, and a page that trusts
/// it never reconnects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageState {
    /// `document.visibilityState` is `visible`.
    pub visible: bool,
    /// `navigator.onLine`.
    pub online: bool,
}

impl PageState {
    /// In front of the person, with a network as far as the device knows.
    pub const SHOWN: Self = Self {
        visible: true,
        online: true,
    };
    /// Behind something else.
    pub const HIDDEN: Self = Self {
        visible: false,
        online: true,
    };
}

/// Why the device did not keep something: for the log only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageFailure(pub String);
