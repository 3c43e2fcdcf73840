//! stub
use crate::content::Content;
use crate::ids::{ClientId, ConversationId, Uid};
use crate::time::UnixMillis;

/// What the device keeps of one unsent message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Made once; the same in every attempt.
    pub client_id: ClientId,
    /// Where it goes.
    pub conversation: ConversationId,
    /// What it says.
    pub content: Content,
    /// The device's time when it was said.
    pub said_at: UnixMillis,
    /// Its place among this person's unsent messages on this device.
    pub order: u64,
}

/// One write to the device's storage: one strict transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// Keep this unsent message, and forget the conversation's unfinished text.
    Keep(Uid, Box<Record>),
    /// This one is on the server, or was given up: forget it.
    Forget(Uid, ClientId),
    /// Keep this unfinished text; empty: forget it.
    Unfinished(Uid, ConversationId, String),
    /// Forget everything of this person.
    Wipe(Uid),
}

/// An unsent message as the device stores it: the key and the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The client id: the row's key within the person's rows.
    pub client_id: ClientId,
    /// Which conversation's unfinished text this replaces.
    pub conversation: ConversationId,
    /// The row as text, to be given back as it is.
    pub value: String,
}

/// What the device had kept for a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// The values of the unsent messages' rows, in any order.
    pub unsent: Vec<String>,
    /// Unfinished texts, by the conversation's text.
    pub unfinished: Vec<(String, String)>,
}
