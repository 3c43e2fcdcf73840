//! How many sockets a page has open at once, counted at the other end.
//!
//! A socket counts from the request that asks for it until the page is heard
//! to be done with it: a close frame, the end of its bytes, a reset, or the
//! other end's own close. Giving a dead link up is a close frame too: it is
//! heard here although it gets no further. Knows neither pages nor dialects.
//!
//! The figure of the whole run is printed by the last story, and a page that
//! ever had two sockets fails its own.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;

use crate::frames;

/// A page closes the old socket before it asks for a new one, but the two go
/// to the network by ways of their own: so long may the close come later.
const ON_ITS_WAY: Duration = Duration::from_millis(500);

static PAGES: AtomicUsize = AtomicUsize::new(0);
static SOCKETS: AtomicUsize = AtomicUsize::new(0);
static WORST: AtomicUsize = AtomicUsize::new(0);

pub(crate) fn summary() -> String {
    format!(
        "e2e: sockets open at once per page, worst seen {} ({} sockets, {} pages)",
        WORST.load(Ordering::Relaxed),
        SOCKETS.load(Ordering::Relaxed),
        PAGES.load(Ordering::Relaxed),
    )
}

/// Every socket of one page, also those that are closed.
#[derive(Default)]
pub(crate) struct Ledger {
    sockets: Mutex<Vec<Span>>,
    /// Tabs beside the first, each with a link of its own.
    more_pages: AtomicUsize,
}

#[derive(Clone, Copy)]
struct Span {
    opened: Instant,
    closed: Option<Instant>,
}

impl Ledger {
    /// The page asks for a socket; it is closed at the latest when what this
    /// gives is dropped.
    pub(crate) fn opens(self: &Arc<Self>) -> Socket {
        let mut sockets = self.sockets.lock().unwrap();
        sockets.push(Span {
            opened: Instant::now(),
            closed: None,
        });
        Socket {
            number: sockets.len() - 1,
            ledger: Arc::clone(self),
        }
    }

    /// How many there were at once, at worst.
    pub(crate) fn worst(&self) -> usize {
        worst(&self.sockets.lock().unwrap(), Instant::now())
    }

    /// The same path serves another page from now on.
    pub(crate) fn one_page_more(&self) {
        self.more_pages.fetch_add(1, Ordering::Relaxed);
    }

    /// How many the page ever asked for.
    pub(crate) fn opened(&self) -> usize {
        self.sockets.lock().unwrap().len()
    }

    /// How many the page has open now.
    pub(crate) fn open(&self) -> usize {
        let sockets = self.sockets.lock().unwrap();
        sockets.iter().filter(|span| span.closed.is_none()).count()
    }

    /// Adds this page to the figure of the run.
    pub(crate) fn conclude(&self) -> usize {
        let pages = 1 + self.more_pages.load(Ordering::Relaxed);
        let (opened, worst) = (self.opened(), self.worst().div_ceil(pages));
        if opened > 0 {
            PAGES.fetch_add(pages, Ordering::Relaxed);
            SOCKETS.fetch_add(opened, Ordering::Relaxed);
            WORST.fetch_max(worst, Ordering::Relaxed);
        }
        worst
    }
}

fn worst(sockets: &[Span], now: Instant) -> usize {
    let open_beside = |at: Instant| {
        let at = at + ON_ITS_WAY;
        let still =
            |span: &&Span| span.opened + ON_ITS_WAY <= at && at < span.closed.unwrap_or(now);
        sockets.iter().filter(still).count()
    };
    // However short its life, a socket was one.
    let least = usize::from(!sockets.is_empty());
    let opened = sockets.iter().map(|span| open_beside(span.opened));
    opened.max().unwrap_or(0).max(least)
}

/// One socket of a page.
pub(crate) struct Socket {
    number: usize,
    ledger: Arc<Ledger>,
}

impl Socket {
    pub(crate) fn closes(&self) {
        let mut sockets = self.ledger.sockets.lock().unwrap();
        sockets[self.number].closed.get_or_insert_with(Instant::now);
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.closes();
    }
}

/// Hears what a page says on one connection, whatever becomes of the bytes.
pub(crate) struct Ear {
    ledger: Arc<Ledger>,
    socket: Option<Socket>,
    kept: Vec<u8>,
}

impl Ear {
    pub(crate) fn new(ledger: &Arc<Ledger>) -> Self {
        Self {
            ledger: Arc::clone(ledger),
            socket: None,
            kept: Vec::new(),
        }
    }

    /// No bytes are the end of them.
    pub(crate) fn hears(&mut self, bytes: &[u8]) {
        let Some(socket) = &self.socket else {
            if asks_for_a_socket(bytes) {
                self.socket = Some(self.ledger.opens());
            }
            return;
        };
        if bytes.is_empty() {
            socket.closes();
        }
        self.kept.extend_from_slice(bytes);
        while let Some(length) = frames::length(&self.kept) {
            if frames::is_close(&self.kept) {
                socket.closes();
            }
            self.kept.drain(..length);
        }
    }

    /// The socket was not given, or the other end has closed it.
    pub(crate) fn is_over(&mut self) {
        self.socket = None;
    }
}

/// A browser's request is one write, head and all.
fn asks_for_a_socket(bytes: &[u8]) -> bool {
    let head = String::from_utf8_lossy(bytes).to_ascii_lowercase();
    head.starts_with("get ") && head.contains("\r\nupgrade: websocket\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKS: &[u8] = b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n";
    /// Masked, empty: what a browser says when `close()` is called.
    const CLOSES: [u8; 6] = [0x88, 0x80, 1, 2, 3, 4];

    fn span(opened: u64, closed: Option<u64>, from: Instant) -> Span {
        let at = |seconds| from + Duration::from_secs(seconds);
        Span {
            opened: at(opened),
            closed: closed.map(at),
        }
    }

    #[test]
    fn only_those_count_that_are_open_beside_another() {
        let from = Instant::now();
        let now = from + Duration::from_secs(60);
        let one_after_the_other = [
            span(0, Some(5), from),
            span(5, Some(9), from),
            span(20, None, from),
        ];
        assert_eq!(worst(&one_after_the_other, now), 1);
        let beside = [span(0, Some(7), from), span(5, Some(9), from)];
        assert_eq!(worst(&beside, now), 2);
        let never_closed = [
            span(0, None, from),
            span(5, None, from),
            span(6, None, from),
        ];
        assert_eq!(worst(&never_closed, now), 3);
        // The close is on its way when the next is asked for.
        let mut late = span(0, None, from);
        late.closed = Some(from + Duration::from_millis(5_100));
        assert_eq!(worst(&[late, span(5, None, from)], now), 1);
        assert_eq!(worst(&[], now), 0);
    }

    #[test]
    fn a_page_is_heard_to_close_whatever_becomes_of_the_bytes() {
        let ledger = Arc::<Ledger>::default();
        let mut ear = Ear::new(&ledger);
        ear.hears(b"GET /style.css HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_eq!(ledger.opened(), 0);
        ear.hears(ASKS);
        ear.hears(&[0x81, 0x82, 1, 2, 3, 4, b'h' ^ 1]);
        assert_eq!(ledger.open(), 1);
        ear.hears(&[&[b'i' ^ 2], CLOSES.as_slice()].concat());
        assert_eq!((ledger.open(), ledger.opened()), (0, 1));
        let mut ear = Ear::new(&ledger);
        ear.hears(ASKS);
        assert_eq!(ledger.open(), 1);
        ear.hears(&[]);
        assert_eq!(ledger.open(), 0, "the end of its bytes");
        let mut ear = Ear::new(&ledger);
        ear.hears(ASKS);
        ear.is_over();
        assert_eq!(ledger.open(), 0, "never given");
        ear.hears(ASKS);
        drop(ear);
        assert_eq!((ledger.open(), ledger.opened()), (0, 4));
    }
}
