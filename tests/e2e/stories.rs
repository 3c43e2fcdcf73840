//! Every story there is, by what it is about.

mod attaching;
mod backends;
mod connection_story;
mod failing;
mod framing;
mod history;
mod injection;
pub(crate) mod joining;
mod leaving;
mod outbox;
mod page_life;
mod path;
mod pictures;
mod programs;
mod reading;
mod server_gone;
mod stock;
mod storm;
mod strange_frames;
pub(crate) mod tabs;
mod talking;
mod tools;
