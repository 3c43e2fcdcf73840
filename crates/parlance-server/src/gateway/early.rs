//! What a request asked of sockets that were not there yet: an old page opens
//! its socket and asks at once, and the request may be the faster one.
//!
//! Knows nothing of what is asked.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use parlance_core::ids::Uid;
use tokio::time::Instant;

use crate::lock;
use crate::mailbox::Nudge;

/// A socket that comes later than this was not meant.
const WITHIN: Duration = Duration::from_secs(5);
/// So many are remembered; beyond that those that are too old are forgotten,
/// and then all of them.
const MOST: usize = 10_000;

/// For whom, on which gateway.
type Key = (&'static str, Uid);

/// Nudges that wait for a socket.
#[derive(Default)]
pub(crate) struct Early {
    // Held for a look-up, never across an await.
    waiting: Mutex<HashMap<Key, (&'static str, Instant)>>,
}

impl Early {
    /// The next socket of this person on this gateway is to hear of it.
    pub(crate) fn leave(&self, uid: &Uid, nudge: Nudge, now: Instant) {
        let mut waiting = lock(&self.waiting);
        if waiting.len() >= MOST {
            waiting.retain(|_, (_, since)| now.duration_since(*since) < WITHIN);
        }
        if waiting.len() >= MOST {
            waiting.clear();
        }
        let key = (nudge.gateway, uid.clone());
        waiting.insert(key, (nudge.what, now));
    }

    /// What waits for a socket that has come, if it is not too old.
    pub(crate) fn take(
        &self,
        gateway: &'static str,
        uid: &Uid,
        now: Instant,
    ) -> Option<&'static str> {
        let (what, since) = lock(&self.waiting).remove(&(gateway, uid.clone()))?;
        (now.duration_since(since) < WITHIN).then_some(what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUDGE: Nudge = Nudge {
        gateway: "egg",
        what: "missed",
    };

    #[test]
    fn it_waits_for_the_one_whom_it_is_for_and_not_for_ever() {
        let early = Early::default();
        let now = Instant::now();
        let (alice, bob) = (Uid::new("alice"), Uid::new("bob"));
        early.leave(&alice, NUDGE, now);
        assert_eq!(early.take("egg", &bob, now), None);
        assert_eq!(early.take("jim", &alice, now), None);
        assert_eq!(early.take("egg", &alice, now), Some("missed"));
        assert_eq!(early.take("egg", &alice, now), None, "once");
        early.leave(&alice, NUDGE, now);
        assert_eq!(early.take("egg", &alice, now + WITHIN), None);
    }

    #[test]
    fn a_flood_of_them_does_not_stay() {
        let early = Early::default();
        let now = Instant::now();
        for number in 0..MOST + 10 {
            early.leave(&Uid::new(number.to_string()), NUDGE, now);
        }
        assert!(lock(&early.waiting).len() <= MOST);
    }
}
