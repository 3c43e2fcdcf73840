//! The phases of a stay. Each variant owns what is true only in it; the
//! transitions between them are in `session.rs`, which alone assigns them.

use crate::close::EndReason;
use crate::heartbeat::Heartbeat;
use crate::ids::{LinkId, RequestId};
use crate::time::Instant;

/// Which part of its life a session is in.
#[derive(Debug)]
pub(super) enum Phase {
    /// Not begun, or nobody is known.
    Idle(Idle),
    /// An attempt: asking to be admitted, or dialling.
    Connecting(Connecting),
    /// The link is open and the first frame is out; the welcome is due.
    Greeting(Greeting),
    /// The login is through.
    Online(Online),
    /// Between attempts.
    Waiting(Waiting),
    /// The page closed the link on purpose. If it turns out to be running all
    /// the same, it looks again then.
    Suspended(Instant),
    /// No more attempts until the person acts.
    Ended(EndReason),
}

/// Nobody is here yet.
#[derive(Debug)]
pub(super) enum Idle {
    /// Not begun.
    Fresh,
    /// The join form is up.
    NeedsIdentity,
    /// A name was given; by then it should have been answered.
    Joining(RequestId, Instant),
    /// Signing out; a name that is given meanwhile waits for it, so that the
    /// answer cannot take the new guest's cookie away.
    SigningOut(RequestId, Instant, Option<String>),
}

/// An attempt.
#[derive(Debug)]
pub(super) enum Connecting {
    /// Waiting to be admitted.
    Admission(RequestId, Instant),
    /// Waiting for the link to open, with the ticket for it.
    Dialling(LinkId, Option<String>, Instant),
}

/// Waiting for the welcome.
#[derive(Debug)]
pub(super) struct Greeting {
    pub(super) link: LinkId,
    pub(super) deadline: Instant,
}

/// Talking.
#[derive(Debug)]
pub(super) struct Online {
    pub(super) link: LinkId,
    pub(super) since: Instant,
    pub(super) heartbeat: Heartbeat,
    pub(super) sums: Sums,
    /// When it was last doubted although it looks alive; at first, its opening.
    pub(super) doubted_at: Instant,
}

/// Whether the sum of heads in a ping agrees with what is known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sums {
    /// It has.
    Agree,
    /// It did not the last time: one ping may overtake a push.
    Doubted,
    /// A new link did not help: it says nothing on this one.
    Ignored,
}

/// Between attempts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    /// When to try if the page is visible.
    pub(super) until: Instant,
    /// When to try if it is hidden and something is unsent.
    pub(super) hidden_until: Instant,
}

impl Phase {
    /// The current link, if there is one.
    pub(super) fn link(&self) -> Option<LinkId> {
        match self {
            Self::Connecting(Connecting::Dialling(link, ..)) => Some(*link),
            Self::Greeting(greeting) => Some(greeting.link),
            Self::Online(online) => Some(online.link),
            Self::Idle(_)
            | Self::Connecting(Connecting::Admission(..))
            | Self::Waiting(_)
            | Self::Suspended(_)
            | Self::Ended(_) => None,
        }
    }
}
