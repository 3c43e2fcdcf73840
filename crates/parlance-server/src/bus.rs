//! The bus says "conversation C has reached n", and nothing else.
//!
//! It carries no messages and promises nothing: a hint may come late, twice
//! or not at all. Whoever hears one reads the store from where it stopped, and
//! every peer compares its heads with the store at each ping, so a dead bus
//! delays and never loses.

pub mod local;

use futures_util::future::BoxFuture;
use parlance_core::ids::{ConversationId, Seq};

/// What a listener hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hint {
    /// This conversation has got so far.
    Reached(ConversationId, Seq),
    /// Hints were lost: look at everything.
    Missed,
}

/// Carries hints to every server of the system, this one included.
pub trait Bus: Send + Sync + 'static {
    /// Says that a conversation has got so far. Called after the commit.
    fn announce(&self, conversation: &ConversationId, seq: Seq);

    /// Hears everything that is announced from now on.
    fn listen(&self) -> Box<dyn Listener>;
}

/// One who hears hints.
pub trait Listener: Send {
    /// The next hint; `None` when the bus is gone for good.
    fn next(&mut self) -> BoxFuture<'_, Option<Hint>>;
}
