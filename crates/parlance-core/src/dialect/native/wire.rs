//! The native dialect's frames as they stand in JSON, for both ends.
//!
//! Plain data: what the fields mean is in `docs/native-dialect.md`; knows no
//! rules beyond types. Numbers above 2^53 travel as text.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a client sends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
#[allow(
    missing_docs,
    reason = "the frames and their fields are described in docs/native-dialect.md"
)]
pub enum Client {
    Hello {
        ticket: String,
        ver: u32,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        cursors: Vec<Heard>,
    },
    Open {
        conv: String,
    },
    Send {
        cid: String,
        conv: String,
        body: Value,
    },
    Fill {
        req: u64,
        conv: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<u64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<u64>,
        limit: u32,
    },
    Read {
        conv: String,
        seq: u64,
    },
    Typing {
        conv: String,
    },
    Ping {},
    Pong {},
    /// A kind that this version does not know.
    #[serde(other, skip_serializing)]
    Unknown,
}

/// What a server sends, without its number: see [`Numbered`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
#[allow(
    missing_docs,
    reason = "the frames and their fields are described in docs/native-dialect.md"
)]
pub enum Server {
    Welcome {
        me: Person,
        epoch: String,
        spread_ms: u64,
        ping_ms: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limits: Option<Limits>,
        convs: Vec<ConversationHead>,
    },
    Opened {
        head: ConversationHead,
        talk: String,
        #[serde(default)]
        readers: Vec<Reader>,
    },
    Conv {
        head: ConversationHead,
    },
    Ack {
        cid: String,
        conv: String,
        seq: u64,
        id: String,
        ts: i64,
        #[serde(default, skip_serializing_if = "is_false")]
        dup: bool,
    },
    Nack {
        cid: String,
        code: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_ms: Option<u64>,
    },
    Push {
        conv: String,
        msg: Message,
    },
    Page {
        req: u64,
        conv: String,
        epoch: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<u64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<u64>,
        msgs: Vec<Message>,
        head: u64,
    },
    Gone {
        req: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_ms: Option<u64>,
    },
    Recalled {
        conv: String,
        seq: u64,
        id: String,
        text: String,
    },
    Roster {
        conv: String,
        people: Vec<Person>,
    },
    Came {
        conv: String,
        who: Person,
    },
    Went {
        conv: String,
        uid: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seen: Option<i64>,
    },
    Typing {
        conv: String,
        who: Person,
    },
    Read {
        conv: String,
        uid: String,
        seq: u64,
    },
    Ping {
        #[serde(default)]
        heads: Vec<Head>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sum: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        spread_ms: Option<u64>,
    },
    Pong {
        #[serde(default)]
        heads: Vec<Head>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sum: Option<String>,
    },
    Bye {
        retry_ms: u64,
    },
    Error {
        text: String,
    },
    /// A kind that this version does not know.
    #[serde(other, skip_serializing)]
    Unknown,
}

/// A server frame with its number on the link. Only ever written: a reader
/// takes `n` out of the object first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Numbered<'a> {
    /// Counts the frames of a link, from 1.
    pub n: u64,
    /// The frame.
    #[serde(flatten)]
    pub frame: &'a Server,
}

/// How far a client has heard a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "described in docs/native-dialect.md")]
pub struct Heard {
    pub conv: String,
    pub epoch: String,
    pub seq: u64,
}

/// How far a conversation has got.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "described in docs/native-dialect.md")]
pub struct Head {
    pub conv: String,
    pub seq: u64,
}

/// How far somebody has read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "described in docs/native-dialect.md")]
pub struct Reader {
    pub uid: String,
    pub seq: u64,
}

/// What may be said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "described in docs/native-dialect.md")]
pub struct Limits {
    pub text_bytes: usize,
}

/// A person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "described in docs/native-dialect.md")]
pub struct Person {
    pub uid: String,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar: Option<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub online: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<i64>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub host: bool,
}

/// A conversation in the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "described in docs/native-dialect.md")]
pub struct ConversationHead {
    pub conv: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar: Option<String>,
    pub seq: u64,
    #[serde(default)]
    pub unread: u64,
    #[serde(default)]
    pub read: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Message>,
}

/// A message of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "described in docs/native-dialect.md")]
pub struct Message {
    pub seq: u64,
    pub id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Person>,
    pub body: Value,
    pub ts: i64,
}

/// The body of `POST api/ban`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "described in docs/native-dialect.md")]
pub struct Ban {
    pub uid: String,
    pub banned: bool,
}

/// The body of `POST api/guest`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "described in docs/native-dialect.md")]
pub struct Guest {
    pub name: String,
}

/// The answer of `api/guest` and `api/ticket` when they agree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "described in docs/native-dialect.md")]
pub struct Granted {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_ms: Option<u64>,
    pub user: Person,
}

/// The answer of `api/upload` when the file is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "described in docs/native-dialect.md")]
pub struct Uploaded {
    pub url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub bytes: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
}

/// The answer of any HTTP path that refuses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "described in docs/native-dialect.md")]
pub struct Refused {
    pub error: Reason,
}

/// Why it refuses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "described in docs/native-dialect.md")]
pub struct Reason {
    pub code: String,
    #[serde(default)]
    pub text: String,
}

fn is_false(value: &bool) -> bool {
    !*value
}
