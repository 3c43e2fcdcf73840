//! Many pilots on a few threads, and the book in which is written what they
//! did and when.
//!
//! Knows nothing of sessions: a session is not `Send`, so each lives and dies
//! on one thread.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::LocalSet;

use super::link::Path;
use super::pilot::{self, Flight, Meddler, Pilot, core_time};
use crate::kill::random;

/// Clients behind one address: the server bounds what it takes from each, and
/// an address has only so many ports.
const BEHIND_ONE_ADDRESS: usize = 100;

/// What a pilot did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// It began an attempt: asked for a ticket.
    Asked,
    /// It dialled a socket.
    Dialled,
    /// It was welcomed.
    Online,
    /// It was online, and is not any more.
    Lost,
}

/// Who did what, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) pilot: usize,
    pub(crate) at: Instant,
    pub(crate) what: What,
}

/// One pilot's pen.
#[derive(Clone)]
pub(super) struct Book {
    pilot: usize,
    began: Instant,
    entries: Arc<Mutex<Vec<Entry>>>,
}

impl Book {
    pub(super) fn now(&self) -> parlance_core::time::Instant {
        core_time(self.began)
    }

    pub(super) fn note(&self, what: What) {
        let entry = Entry {
            pilot: self.pilot,
            at: Instant::now(),
            what,
        };
        self.entries.lock().unwrap().push(entry);
    }
}

type Take = Box<dyn FnOnce() + Send>;

/// Pilots of one server.
pub(crate) struct Fleet {
    server: SocketAddr,
    began: Instant,
    seed: u64,
    count: usize,
    entries: Arc<Mutex<Vec<Entry>>>,
    threads: Vec<UnboundedSender<Take>>,
}

impl Fleet {
    /// Nobody flies yet. The seed decides what the sessions leave to chance.
    pub(crate) fn new(server: SocketAddr, seed: u64) -> Self {
        let threads = (0..2).map(|_| thread()).collect();
        Self {
            server,
            began: Instant::now(),
            seed,
            count: 0,
            entries: Arc::default(),
            threads,
        }
    }

    /// One more, with this credential, in this room.
    pub(crate) fn launch(&mut self, token: &str, room: &str) -> Pilot {
        self.launch_through(token, room, None)
    }

    /// One more, whose frames this sees first.
    pub(crate) fn launch_through(
        &mut self,
        token: &str,
        room: &str,
        wire: Option<Arc<Meddler>>,
    ) -> Pilot {
        let number = self.count;
        self.count += 1;
        let household = u8::try_from(number / BEHIND_ONE_ADDRESS % 250).unwrap();
        let flight = Flight {
            path: Path {
                server: self.server,
                from: Ipv4Addr::new(127, 0, 1, household + 1),
            },
            token: token.to_owned(),
            room: room.to_owned(),
            seed: random(&mut self.seed),
            wire,
        };
        let book = Book {
            pilot: number,
            began: self.began,
            entries: Arc::clone(&self.entries),
        };
        let (pilot, orders, shows) = Pilot::new(room);
        let take: Take = Box::new(move || {
            tokio::task::spawn_local(pilot::fly(flight, book, orders, shows));
        });
        let thread = &self.threads[number % self.threads.len()];
        assert!(thread.send(take).is_ok(), "a fleet's thread has ended");
        pilot
    }

    /// What was done since then, in order.
    pub(crate) fn since(&self, then: Instant) -> Vec<Entry> {
        let entries = self.entries.lock().unwrap();
        let mut since: Vec<Entry> = entries.iter().filter(|it| it.at >= then).copied().collect();
        since.sort_by_key(|entry| entry.at);
        since
    }
}

/// A thread that runs pilots until nobody can send it any.
fn thread() -> UnboundedSender<Take> {
    let (launches, mut launched) = unbounded_channel::<Take>();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        LocalSet::new().block_on(&runtime, async move {
            while let Some(launch) = launched.recv().await {
                launch();
            }
        });
    });
    launches
}

/// The most of these within any second.
pub(crate) fn peak_a_second(entries: &[Entry], what: What) -> usize {
    let times: Vec<Instant> = entries
        .iter()
        .filter(|entry| entry.what == what)
        .map(|entry| entry.at)
        .collect();
    let mut peak = 0;
    let mut first = 0;
    for (last, at) in times.iter().enumerate() {
        while *at - times[first] >= Duration::from_secs(1) {
            first += 1;
        }
        peak = peak.max(last + 1 - first);
    }
    peak
}

/// How long after `from` each pilot that was lost was online again, for those
/// that were; and how many were not.
pub(crate) fn returns(entries: &[Entry], from: Instant, pilots: usize) -> (Vec<Duration>, usize) {
    let mut back = vec![None; pilots];
    for entry in entries {
        match entry.what {
            What::Online => back[entry.pilot] = Some(entry.at - from),
            What::Lost => back[entry.pilot] = None,
            What::Asked | What::Dialled => {}
        }
    }
    let missing = back.iter().filter(|back| back.is_none()).count();
    (back.into_iter().flatten().collect(), missing)
}

#[test]
fn the_peak_is_of_any_second() {
    let began = Instant::now();
    let entry = |millis| Entry {
        pilot: 0,
        at: began + Duration::from_millis(millis),
        what: What::Dialled,
    };
    let entries = [0, 900, 950, 1_100, 1_899, 1_900, 5_000].map(entry);
    assert_eq!(peak_a_second(&entries, What::Dialled), 4);
    assert_eq!(peak_a_second(&entries, What::Asked), 0);
}
