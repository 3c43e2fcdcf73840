//! What neither end wrote: every line of the recorded talk with each backend
//! goes through its dialect and through the types that the gateway reads and
//! writes with.

#[allow(dead_code, reason = "what one backend needs, another may not")]
pub(crate) mod replay;

mod crmeb;
mod egg;
mod jim;
mod plain;
mod topic;

use replay::{EXCEPTIONS, Replay, Source};

#[test]
fn what_is_held_otherwise_has_a_reason_and_is_nobodys_seed() {
    assert!(EXCEPTIONS.len() <= 15, "{} of at most 15", EXCEPTIONS.len());
    for exception in EXCEPTIONS {
        let replay = Replay::of(exception.transcript);
        let line = replay.line(exception.line);
        let at = format!("{} line {}", exception.transcript, exception.line);
        assert!(exception.reason.len() > 20, "{at}: that is no reason");
        assert_ne!(line.source, Source::Seed, "{at}: a seed line is held");
    }
}
