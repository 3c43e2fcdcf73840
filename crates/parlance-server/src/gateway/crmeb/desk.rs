//! Who sits at which socket of this gateway, where they look, and who wants to
//! hear of whom.
//!
//! Kept in memory: after a restart every page logs in and asks for its history
//! anew. Knows no frame.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use parlance_core::ids::Uid;

use super::NAME;
use crate::lock;
use crate::mailbox::{Notice, Nudge};
use crate::server::Server;

/// So many people are heard of by others; then it begins anew.
const MOST_WATCHED: usize = 50_000;
/// So many hear of one.
const MOST_WATCHERS: usize = 1_000;
/// So much news waits for a socket; older is dropped, for newer says it again.
const MOST_NEWS: usize = 1_000;

/// How a page logged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// As a seed page.
    Seed,
    /// As a stock customer, or as a tourist.
    Customer,
    /// As a stock agent.
    Agent,
}

/// Where a page looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Looking {
    /// It never said.
    Unsaid,
    /// At no conversation.
    AtNobody,
    /// At the one with this person.
    At(Uid),
}

/// How it is known that somebody is here or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// They came or went.
    Seen,
    /// Their page said so.
    Said,
}

/// Somebody is here now, or is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct News {
    pub(super) uid: Uid,
    pub(super) online: bool,
    pub(super) why: Why,
}

/// A socket of somebody's.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) form: Form,
    // Both held for a look or a push, never across an await.
    looking: Mutex<Looking>,
    news: Mutex<Vec<News>>,
}

impl Seat {
    pub(super) fn look_at(&self, looking: Looking) {
        *lock(&self.looking) = looking;
    }

    pub(super) fn looks_at(&self, other: &Uid) -> bool {
        matches!(&*lock(&self.looking), Looking::At(uid) if uid == other)
    }

    pub(super) fn never_looked(&self) -> bool {
        *lock(&self.looking) == Looking::Unsaid
    }

    pub(super) fn take_news(&self) -> Vec<News> {
        std::mem::take(&mut *lock(&self.news))
    }
}

/// All of it.
#[derive(Debug, Default)]
pub(super) struct Desk {
    seats: Mutex<HashMap<Uid, Vec<Arc<Seat>>>>,
    /// Who hears of whom.
    watchers: Mutex<HashMap<Uid, HashSet<Uid>>>,
}

impl Desk {
    /// Somebody sits down.
    pub(super) fn sit(&self, uid: &Uid, form: Form) -> Arc<Seat> {
        let seat = Arc::new(Seat {
            form,
            looking: Mutex::new(Looking::Unsaid),
            news: Mutex::default(),
        });
        let mut seats = lock(&self.seats);
        seats
            .entry(uid.clone())
            .or_default()
            .push(Arc::clone(&seat));
        seat
    }

    /// Somebody gets up. Answers whether it was their last seat.
    pub(super) fn leave(&self, uid: &Uid, seat: &Arc<Seat>) -> bool {
        let mut seats = lock(&self.seats);
        let Some(theirs) = seats.get_mut(uid) else {
            return true;
        };
        theirs.retain(|it| !Arc::ptr_eq(it, seat));
        let last = theirs.is_empty();
        if last {
            seats.remove(uid);
        }
        last
    }

    pub(super) fn is_seated(&self, uid: &Uid) -> bool {
        lock(&self.seats).contains_key(uid)
    }

    /// Whether this person is here with a seed page.
    pub(super) fn has_seed_page(&self, uid: &Uid) -> bool {
        let seats = lock(&self.seats);
        let mut theirs = seats.get(uid).into_iter().flatten();
        theirs.any(|seat| seat.form == Form::Seed)
    }

    /// Whether this person looks at the conversation with the other one.
    pub(super) fn is_looking(&self, uid: &Uid, other: &Uid) -> bool {
        let seats = lock(&self.seats);
        let mut theirs = seats.get(uid).into_iter().flatten();
        theirs.any(|seat| seat.looks_at(other))
    }

    /// `watcher` has written to `uid`, or asked for their history.
    pub(super) fn watch(&self, uid: &Uid, watcher: &Uid) {
        let mut watchers = lock(&self.watchers);
        if watchers.len() >= MOST_WATCHED && !watchers.contains_key(uid) {
            watchers.clear();
        }
        let theirs = watchers.entry(uid.clone()).or_default();
        if theirs.len() < MOST_WATCHERS {
            theirs.insert(watcher.clone());
        }
    }

    /// Tells everybody who hears of them.
    pub(super) fn announce(&self, server: &Server, uid: &Uid, online: bool, why: Why) {
        let watchers = lock(&self.watchers).get(uid).cloned().unwrap_or_default();
        for watcher in watchers {
            self.tell(server, &watcher, uid, online, why);
        }
    }

    /// Tells one of them.
    pub(super) fn tell(&self, server: &Server, watcher: &Uid, uid: &Uid, online: bool, why: Why) {
        let seats = lock(&self.seats).get(watcher).cloned().unwrap_or_default();
        if seats.is_empty() {
            return;
        }
        for seat in seats {
            let mut news = lock(&seat.news);
            if news.len() >= MOST_NEWS {
                news.remove(0);
            }
            news.push(News {
                uid: uid.clone(),
                online,
                why,
            });
        }
        let nudge = Nudge {
            gateway: NAME,
            what: "presence",
        };
        server.hub.tell_person(watcher, None, &Notice::Nudge(nudge));
    }
}
