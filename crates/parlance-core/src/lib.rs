//! The whole behaviour of a chat client, and none of its surroundings: what
//! happens comes in as an [`Input`], what is to be done comes out as an
//! [`Output`], and time and chance are arguments.
//!
//! Names no clock, no socket, no thread, no runtime, no randomness and no
//! browser type. Start at [`Session`].

#![warn(missing_docs)]

pub mod session;

pub mod dialect;
pub mod frame;

pub mod conversation;
pub mod history;
pub mod map;
pub mod outbox;
pub mod presence;
pub mod relay;
pub mod timeline;
pub mod viewport;

pub mod planted;

pub mod backoff;
pub mod chance;
pub mod heartbeat;

pub mod close;
pub mod content;
pub mod ids;
pub mod json;
pub mod text;
pub mod time;
pub mod wire;

/// Whether any log that this program keeps is numbered: only then has it gaps.
pub const NUMBERED: bool = cfg!(feature = "numbered");
/// Whether any backend of this program's bears only one link of a person.
pub const RELAYED: bool = cfg!(feature = "relay");
/// Whether any backend of this program's says who is typing.
pub const TYPING: bool = cfg!(feature = "typing");
/// Whether this program lets somebody in by name alone.
pub const GUESTS: bool = cfg!(feature = "guests");

pub use session::{
    Command, Event, Input, LinkEvent, Output, PageEvent, PageState, Session, Setup, Status, Target,
};
