//! stub
use crate::dialect::Dialect;
use crate::ids::Uid;
use crate::time::Instant;
mod input;
mod output;
pub use input::*;
pub use output::*;

/// How a session begins.
#[derive(Debug)]
pub struct Setup {
    /// What the backend speaks.
    pub dialect: Box<dyn Dialect>,
    /// What to show first.
    pub target: Target,
    /// Who this device was last, so that what is unsent can be shown before
    /// the server answers. A hint: the server's word stands.
    pub last_known: Option<Uid>,
    /// All chance comes from this.
    pub seed: u64,
}

/// What to show first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The room of this name.
    Room(String),
    /// The talk with this person, with the name to show until it is known.
    Person(Uid, Option<String>),
    /// Only the list of conversations.
    Nothing,
}

/// One person's stay with one server, across many links.
#[derive(Debug)]
pub struct Session {}

impl Session {
    /// A session that has not begun: say [`Command::Start`].
    pub fn new(_now: Instant, _setup: Setup) -> Self {
        Self {}
    }
    /// Takes one input. Drain [`poll`](Self::poll) before the next.
    pub fn handle(&mut self, _now: Instant, _input: Input) {}
    /// The next thing to do, until there is none.
    pub fn poll(&mut self) -> Option<Output> {
        None
    }
    /// When to say [`Input::Wake`], if nothing else happens before.
    pub fn wake_at(&self) -> Option<Instant> {
        None
    }
}
