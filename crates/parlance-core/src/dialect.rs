//! What a backend speaks. A dialect turns our own frames into wire text or an
//! HTTP request, and wire text or an answer into frames, and says what the
//! backend can do. JSON lives in here and nowhere else in the core.
//!
//! A dialect knows frames; it never sees the session's phases, its outbox or
//! its timeline.

use std::fmt;
use std::time::Duration;

use crate::content::{self, Content};
use crate::frame::{ClientFrame, Fill, ServerFrame, Welcome};
use crate::ids::{ClientId, ConversationId};
use crate::wire::{HttpRequest, HttpResponse, Wire};

pub(crate) mod address;
pub mod crmeb;
pub mod egg;
pub(crate) mod fields;
pub mod identity;
pub mod jim;
pub mod local_time;
pub mod native;
pub mod plain;
pub mod topic;

/// A backend's language.
pub trait Dialect: fmt::Debug {
    /// What the backend can do.
    fn capabilities(&self) -> &Capabilities;

    /// Where the socket is.
    fn link_address(&self) -> String;

    /// What must happen before each dial.
    fn admission(&self) -> Entry {
        Entry::Open
    }

    /// Whether somebody who is not known may come in by name alone.
    fn takes_guests(&self) -> bool {
        false
    }

    /// Somebody is called this; said only where guests are taken.
    fn join(&mut self, _name: &str) -> Entry {
        Entry::NoIdentity
    }

    /// The request that ends the stay, where the backend has one. Afterwards
    /// the credential is forgotten: it would let the same person in again.
    fn sign_out(&mut self) -> Option<HttpRequest> {
        None
    }

    /// Reads the answer to [`admission`](Self::admission) or [`join`](Self::join).
    fn read_admission(&self, _response: &HttpResponse) -> Result<Admission, DecodeError> {
        Err(DecodeError::unknown("an admission that nobody asked for"))
    }

    /// What is known of the stay without being told, for a backend that does
    /// not answer a login, or not in a way that could be waited for. `None`:
    /// the welcome comes as a [`ServerFrame::Welcome`].
    fn greeting(&self) -> Option<Welcome> {
        None
    }

    /// Says it in the backend's words, in this order. An empty list: the
    /// backend has no words for it and needs none.
    fn encode(&mut self, frame: &ClientFrame) -> Vec<Saying>;

    /// Reads what the backend said. One wire message may hold several frames,
    /// or none.
    fn decode(&mut self, wire: &Wire) -> Result<Vec<ServerFrame>, DecodeError>;

    /// Reads the answer to a request that [`encode`](Self::encode) made. An
    /// error: what was asked for cannot be had, or is not proved.
    fn decode_answer(
        &mut self,
        _asked: &Asked,
        _response: &HttpResponse,
    ) -> Result<Vec<ServerFrame>, DecodeError> {
        Err(DecodeError::unknown("an answer that nobody asked for"))
    }

    /// Whether what came back is what was said: many backends strip, trim or
    /// escape. Judged only where no id tells.
    fn is_echo(&self, said: &Content, heard: &Content) -> bool {
        // Numbered logs have ids.
        cfg!(feature = "as-given") && content::alike(said, heard)
    }

    /// A new link begins: what was counted on the old one is void.
    fn reset(&mut self);
}

/// How somebody comes in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// By this request's answer: [`Dialect::read_admission`].
    Ask(HttpRequest),
    /// At once: dial.
    Open,
    /// Not before they have said who they are.
    NoIdentity,
}

/// One thing to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Saying {
    /// On the link.
    Wire(Wire),
    /// By a request; the answer comes to [`Dialect::decode_answer`] with this.
    Request(HttpRequest, Asked),
}

impl Saying {
    /// A text message on the link.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Wire(Wire::Text(text.into()))
    }
}

/// What a request was made for: what its failure means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A page of a log.
    Page(Fill),
    /// A message on its way out. Without an answer nobody knows.
    Say(ClientId, ConversationId),
    /// Something that can fail without harm, by the dialect's own name for it.
    Aside(&'static str, Option<ConversationId>),
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
    /// Who gives messages their places.
    pub order: Order,
    /// Whether close codes mean what [`crate::close`] says; otherwise every
    /// close is taken for a loss, and only a refusal frame ends the stay.
    pub close_codes: bool,
    /// Whether a hidden page keeps its link.
    pub when_hidden: WhenHidden,
    /// Who keeps the link warm, and how its death is noticed.
    pub liveness: Liveness,
    /// How attempts are spaced.
    pub retry: RetryPolicy,
    /// When a link that looks alive is doubted all the same.
    pub doubt: Doubt,
    /// What people may send.
    pub offers: Offers,
}

/// How a message of one's own is proved to have arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// An acknowledgement, or an echo, that bears the client id.
    Acknowledged,
    /// It comes back; without its client id it is known by its words, the
    /// oldest first.
    Echoed,
    /// Nothing on the link ever proves it; a page of history may.
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

/// Who gives messages their places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The server, by contiguous numbers from 1.
    Numbered,
    /// Nobody: history in the order given, live messages in the order of
    /// arrival. Pages come as [`ServerFrame::Rows`].
    AsGiven(History),
}

/// Whether there is anything to read of what was said before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum History {
    /// Pages can be asked for.
    Pages,
    /// What is not heard live is not heard.
    None,
}

/// What becomes of the link while the page is hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenHidden {
    /// It stays.
    Stays,
    /// The page closes it, and dials when it is shown.
    Closes,
}

/// How the death of a link is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Liveness {
    /// When [`ClientFrame::Ping`] is said.
    pub beat: Beat,
    /// Without any frame for so long after an unanswered ping (`Quiet`), or
    /// after the last frame (`Every`), the link is given up. `None`: the
    /// backend may be silent for ever.
    pub silence: Option<Silence>,
    /// How long a message may wait for its proof before the path is suspect
    /// (idempotent), or before the message counts as unknown.
    pub proof_within: Duration,
}

/// When the client pings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beat {
    /// After so long without any frame; the server is asked.
    Quiet(Duration),
    /// With this period, counted from the opening, whatever else passes.
    Every(Duration),
}

/// What silence means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Silence {
    /// So long of it, and the link is dead.
    pub within: Duration,
    /// When it counts.
    pub counts: Counts,
}

/// When silence counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counts {
    /// Always: something answers.
    Always,
    /// Once a [`ServerFrame::Pong`] was ever heard in this session.
    OncePonged,
    /// From a message of mine that is not proved in time.
    AfterUnproved,
}

/// How attempts are spaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How long each wait is.
    pub waits: Waits,
    /// After so many waits it stops, and the person is asked.
    pub most: Option<u32>,
}

/// How long each wait is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waits {
    /// The first anywhere within the server's spread, later ones by half and
    /// half (RELIABILITY 2.5).
    Spread {
        /// What the wait grows from, doubling.
        base: Duration,
        /// What it grows to while the page is visible.
        cap: Duration,
        /// What it grows to while the page is hidden and something is unsent.
        hidden_cap: Duration,
    },
    /// Each 1.5 to 2 times the one before.
    Grown {
        /// The first.
        first: Duration,
        /// What they grow to.
        cap: Duration,
    },
}

impl RetryPolicy {
    /// What backends without a rule of their own get: after this long, then
    /// 1.5 to 2 times the wait before, up to 30 s, without end.
    pub const fn grown_from(first: Duration) -> Self {
        Self {
            waits: Waits::Grown {
                first,
                cap: Duration::from_secs(30),
            },
            most: None,
        }
    }
}

/// When a link that looks alive is doubted all the same: it may be open and
/// routed nowhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Doubt {
    /// [`ClientFrame::Assert`] is said so long after each opening.
    pub assert_after: &'static [Duration],
    /// It is said, and the newest page is looked at, so often on a visible
    /// page, and when the page is shown.
    pub look_again: Option<Duration>,
}

/// What people may send, beside text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offers {
    /// Questions to the hosts.
    pub questions: bool,
    /// Applause.
    pub likes: bool,
    /// Flowers.
    pub flowers: bool,
    /// Pictures, and where they are put first.
    pub images: Option<Upload>,
}

/// Where a file is put before it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// The absolute address, asked by POST with a multipart form.
    pub url: String,
    /// Header names and values.
    pub headers: Vec<(String, String)>,
    /// The name of the file's field.
    pub field: &'static str,
    /// Further fields.
    pub fields: Vec<(String, String)>,
    /// Where the answer has the file's address: member names from the root.
    pub answer: &'static [&'static str],
    /// Whether the browser's cookies for that origin go along.
    pub with_cookies: bool,
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
