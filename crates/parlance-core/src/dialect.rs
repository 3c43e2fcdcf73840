//! What a backend speaks. A dialect turns our own frames into wire text or an
//! HTTP request, and wire text or an answer into frames, and says what the
//! backend can do. JSON lives in here and nowhere else in the core.
//!
//! A dialect knows frames; it never sees the session's phases, its outbox or
//! its timeline.

use std::fmt;
use std::time::Duration;

use crate::frame::{ClientFrame, ServerFrame};
use crate::wire::{HttpRequest, HttpResponse, Wire};

pub(crate) mod fields;
pub mod native;

/// A backend's language.
pub trait Dialect: fmt::Debug {
    /// What the backend can do.
    fn capabilities(&self) -> &Capabilities;

    /// Where the socket is.
    fn link_address(&self) -> String;

    /// The request that must be answered before each dial, if there is one.
    fn admission(&self) -> Option<HttpRequest>;

    /// The request that makes somebody of a name, where guests may join.
    fn join(&self, name: &str) -> Option<HttpRequest>;

    /// The request that ends the stay, where the backend has one. Afterwards
    /// the credential is forgotten: it would let the same person in again.
    fn sign_out(&mut self) -> Option<HttpRequest>;

    /// Reads the answer to [`admission`](Self::admission) or [`join`](Self::join).
    fn read_admission(&self, response: &HttpResponse) -> Result<Admission, DecodeError>;

    /// Says it in the backend's words. An empty list: the backend has no
    /// words for it and needs none.
    fn encode(&mut self, frame: &ClientFrame) -> Vec<Wire>;

    /// Reads what the backend said. One wire message may hold several frames,
    /// or none.
    fn decode(&mut self, wire: &Wire) -> Result<Vec<ServerFrame>, DecodeError>;

    /// A new link begins: what was counted on the old one is void.
    fn reset(&mut self);
}

/// What an admission request came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Dial with this ticket.
    Ticket(String),
    /// Somebody was made of the name: ask for a ticket.
    Joined,
    /// Nobody is known.
    NoIdentity,
    /// The name was refused, in the server's words.
    NameRefused(String),
    /// The credential was refused.
    BadToken,
    /// Not wanted.
    Banned,
    /// Not now.
    TryLater(Option<Duration>),
}

/// What a backend can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// How a message of one's own is proved to have arrived.
    pub proof: Proof,
    /// Whether saying the same client id again is harmless.
    pub resend: Resend,
    /// Whether the first frames are answered before anything else counts.
    pub greeting: Greeting,
    /// Who keeps the link warm, and how its death is noticed.
    pub liveness: Liveness,
    /// How attempts are spaced.
    pub retry: RetryPolicy,
}

/// How a message of one's own is proved to have arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// An acknowledgement that bears the client id.
    Acknowledged,
    /// Nothing ever proves it.
    Never,
}

/// Whether saying the same client id again is harmless.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resend {
    /// Stored once, whatever happens.
    Idempotent,
    /// A second row: only evidence or the person decides.
    Doubles,
}

/// Whether a login is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Greeting {
    /// Online when the welcome has come.
    Awaited,
    /// Online when the first frames are handed over.
    Silent,
}

/// How the death of a link is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Liveness {
    /// Without any frame for so long, the server is asked.
    pub quiet_after: Duration,
    /// Without any frame for so long after that, the link is given up.
    pub probe_within: Duration,
    /// How long a message may wait for its proof before the path is suspect.
    pub proof_within: Duration,
}

/// How attempts are spaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// What the wait grows from, doubling.
    pub base: Duration,
    /// What it grows to while the page is visible.
    pub cap: Duration,
    /// What it grows to while the page is hidden and something is unsent.
    pub hidden_cap: Duration,
}

/// What the server said could not be read. The session lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError {
    /// Whether the frame itself is sound but of a kind unknown here.
    pub unknown: bool,
    /// What was wrong, for the log: never the frame's text.
    pub what: String,
}

impl DecodeError {
    /// A frame that is broken.
    pub fn malformed(what: impl Into<String>) -> Self {
        Self {
            unknown: false,
            what: what.into(),
        }
    }

    /// A sound frame of a kind that this version does not know.
    pub fn unknown(what: impl Into<String>) -> Self {
        Self {
            unknown: true,
            what: what.into(),
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.what)
    }
}
