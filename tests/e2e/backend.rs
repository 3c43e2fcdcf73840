//! A backend that is played to the real page, and misbehaves when told.
//!
//! One loopback port serves the page's files, answers what the page asks for,
//! and speaks on its sockets, as one of the five old backends does. The words
//! are in the files below, written out from the wire facts: nothing here reads
//! or writes with the project's own types. It remembers everything it heard,
//! and counts the sockets that a page has open.

mod crmeb;
mod desk;
mod egg;
mod http;
mod jim;
mod native;
mod plain;
mod topic;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

pub(crate) use crmeb::{Seed, Stock};
pub(crate) use desk::{Desk, Fate, History, Idle};
pub(crate) use egg::Egg;
pub(crate) use http::{Answer, Request};
pub(crate) use jim::Jim;
pub(crate) use native::Native;
pub(crate) use plain::Plain;
pub(crate) use topic::Topic;

use crate::frames::{self, CLOSE, TEXT};
use crate::page::LATER;
use crate::sockets::{Ear, Ledger};

/// What a backend does about something that it heard.
#[derive(Debug)]
pub(crate) enum Act {
    /// Says this on the link that it heard it on.
    Say(String),
    /// Says this on whichever link it thinks is the person's.
    SayRouted(String),
    /// Drops the TCP connection without a close frame, as they all do.
    Cut,
    /// Closes without a status, as egg does.
    Close,
}

/// The words of one backend. What it keeps is on the desk.
pub(crate) trait Words: Send + Sync + 'static {
    /// A socket was opened at this address.
    fn greets(&self, desk: &mut Desk, link: usize, address: &str) -> Vec<Act>;
    /// The page said something on a socket.
    fn hears(&self, desk: &mut Desk, link: usize, text: &str) -> Vec<Act>;
    /// The page asked for something by HTTP.
    fn answers(&self, desk: &mut Desk, request: &Request) -> (Answer, Vec<Act>);
    /// How the other person's words come to the page.
    fn tells(&self, desk: &Desk, id: &str, text: &str) -> String;
    /// What it says to a close frame before it drops the connection.
    fn last_words(&self) -> Option<String> {
        None
    }
}

/// Everything that a page did.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) links: Vec<LinkSeen>,
    /// How often a socket was asked for and not given.
    pub(crate) turned_away: usize,
    pub(crate) heard: Vec<Heard>,
    pub(crate) asked: Vec<Request>,
}

#[derive(Clone, Debug)]
pub(crate) struct LinkSeen {
    pub(crate) address: String,
    pub(crate) opened: Instant,
    pub(crate) is_open: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) link: usize,
    pub(crate) text: String,
}

impl Seen {
    /// What was said on a link, in order.
    pub(crate) fn on(&self, link: usize) -> Vec<&str> {
        let heard = self.heard.iter().filter(|heard| heard.link == link);
        heard.map(|heard| heard.text.as_str()).collect()
    }

    /// How often this was said, on all links together.
    pub(crate) fn times(&self, part: &str) -> usize {
        let heard = self.heard.iter();
        heard.filter(|heard| heard.text.contains(part)).count()
    }

    /// How many requests were made of this part of the server.
    pub(crate) fn requests(&self, part: &str) -> usize {
        let asked = self.asked.iter();
        asked
            .filter(|request| request.target.contains(part))
            .count()
    }
}

struct Link {
    orders: mpsc::UnboundedSender<Order>,
    silent: bool,
}

enum Order {
    Say(String),
    Cut,
    Close,
}

struct Shared {
    words: Box<dyn Words>,
    desk: Mutex<Desk>,
    seen: watch::Sender<Seen>,
    links: Mutex<Vec<Link>>,
    ledger: Arc<Ledger>,
}

pub(crate) struct Backend {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

impl Backend {
    pub(crate) async fn plays(words: Box<dyn Words>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a port for the backend");
        let address = listener.local_addr().expect("own address");
        let shared = Arc::new(Shared {
            words,
            desk: Mutex::default(),
            seen: watch::channel(Seen::default()).0,
            links: Mutex::default(),
            ledger: Arc::default(),
        });
        let sharing = Arc::clone(&shared);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&sharing)));
            }
        });
        Self {
            address,
            shared,
            accepting,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    // ---- verbs ----

    /// Sets how it behaves from now on, or looks at what it kept.
    pub(crate) fn desk<T>(&self, act: impl FnOnce(&mut Desk) -> T) -> T {
        act(&mut self.shared.desk.lock().unwrap())
    }

    /// The other person says something: it is kept, and told on the link that
    /// the backend thinks is the page's.
    pub(crate) fn other_says(&self, text: &str) {
        let mut desk = self.shared.desk.lock().unwrap();
        let id = desk.keeps(false, text);
        let frame = self.shared.words.tells(&desk, &id, text);
        let routed = desk.routed;
        if routed.is_none() {
            desk.owed.push(frame.clone());
        }
        drop(desk);
        self.shared.says_to(routed, frame);
    }

    /// Says this on the link that it thinks is the page's.
    pub(crate) fn says(&self, frame: &str) {
        let routed = self.desk(|desk| desk.routed);
        self.shared.says_to(routed, frame.to_owned());
    }

    /// Drops every connection without a close frame.
    pub(crate) fn cuts(&self) {
        for link in self.shared.links.lock().unwrap().iter() {
            let _ = link.orders.send(Order::Cut);
        }
    }

    /// The links that exist stay open, and nothing more comes or goes on them.
    pub(crate) fn goes_silent(&self) {
        for link in self.shared.links.lock().unwrap().iter_mut() {
            link.silent = true;
        }
    }

    // ---- what it saw ----

    pub(crate) fn seen(&self) -> Seen {
        self.shared.seen.borrow().clone()
    }

    /// How many sockets the page has neither closed nor given up as dead.
    pub(crate) fn open(&self) -> usize {
        self.shared.ledger.open()
    }

    /// Waits until it has seen this of the page.
    pub(crate) async fn sees<T>(&self, what: &str, pick: impl Fn(&Seen) -> Option<T>) -> T {
        let mut seen = self.shared.seen.subscribe();
        let until = Instant::now() + LATER;
        loop {
            if let Some(found) = pick(&seen.borrow_and_update()) {
                return found;
            }
            if tokio::time::timeout_at(until, seen.changed())
                .await
                .is_err()
            {
                panic!("the backend never saw {what}: {:#?}", self.seen());
            }
        }
    }

    /// Waits for the page's so-manieth socket, counted from one, and tells how
    /// it stands with the others.
    pub(crate) async fn sees_link(&self, number: usize) -> LinkSeen {
        let what = format!("link {number}");
        self.sees(&what, |seen| seen.links.get(number - 1).cloned())
            .await
    }

    /// Watches for a while that no socket is asked for: the one thing that has
    /// to be looked at, that something does not happen.
    pub(crate) async fn is_left_alone(&self, for_so_long: Duration) {
        let before = self.seen().links.len();
        let mut seen = self.shared.seen.subscribe();
        let until = Instant::now() + for_so_long;
        while let Ok(Ok(())) = tokio::time::timeout_at(until, seen.changed()).await {
            let links = &seen.borrow_and_update().links;
            assert_eq!(links.len(), before, "dialled again: {links:#?}");
        }
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.accepting.abort();
        if !std::thread::panicking() {
            let worst = self.shared.ledger.worst();
            assert!(worst <= 1, "a page had {worst} sockets open at once");
        }
    }
}

impl Shared {
    fn says_to(&self, link: Option<usize>, frame: String) {
        self.orders(link, Order::Say(frame));
    }

    fn orders(&self, link: Option<usize>, order: Order) {
        let links = self.links.lock().unwrap();
        if let Some(link) = link.and_then(|link| links.get(link)) {
            let _ = link.orders.send(order);
        }
    }

    fn acts(&self, link: Option<usize>, acts: Vec<Act>) {
        for act in acts {
            match act {
                Act::Say(frame) => self.says_to(link, frame),
                Act::SayRouted(frame) => {
                    let routed = self.desk.lock().unwrap().routed;
                    self.says_to(routed, frame);
                }
                Act::Cut => self.orders(link, Order::Cut),
                Act::Close => self.orders(link, Order::Close),
            }
        }
    }

    fn is_silent(&self, link: usize) -> bool {
        self.links.lock().unwrap()[link].silent
    }
}

async fn serve(mut stream: TcpStream, shared: Arc<Shared>) {
    let _ = stream.set_nodelay(true);
    let Some(request) = Request::read(&mut stream).await else {
        return;
    };
    if request.wants_socket() {
        let mut ear = Ear::new(&shared.ledger);
        ear.hears(&request.head);
        let refused = shared.desk.lock().unwrap().refuses_links;
        if refused {
            shared.seen.send_modify(|seen| seen.turned_away += 1);
            Answer::status(503, "").write(&mut stream).await;
            return;
        }
        if request.accept(&mut stream).await.is_ok() {
            converse(stream, ear, request, shared).await;
        }
        return;
    }
    let answer = match http::file(&request) {
        Some(answer) => {
            let policy = shared.desk.lock().unwrap().policy.clone();
            answer.under(policy)
        }
        None => {
            let mut desk = shared.desk.lock().unwrap();
            let (answer, acts) = shared.words.answers(&mut desk, &request);
            drop(desk);
            shared.seen.send_modify(|seen| seen.asked.push(request));
            shared.acts(None, acts);
            answer
        }
    };
    answer.write(&mut stream).await;
}

/// One socket, until either side has had enough of it.
async fn converse(mut stream: TcpStream, mut ear: Ear, request: Request, shared: Arc<Shared>) {
    let (orders, mut ordered) = mpsc::unbounded_channel();
    let number = {
        let mut links = shared.links.lock().unwrap();
        links.push(Link {
            orders,
            silent: false,
        });
        links.len() - 1
    };
    let acts = {
        let mut desk = shared.desk.lock().unwrap();
        shared.words.greets(&mut desk, number, &request.target)
    };
    shared.seen.send_modify(|seen| {
        seen.links.push(LinkSeen {
            address: request.target.clone(),
            opened: Instant::now(),
            is_open: true,
        });
    });
    shared.acts(Some(number), acts);
    let mut heard_at = Instant::now();
    let mut kept = Vec::new();
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let sweep = shared.desk.lock().unwrap().idle;
        let cut = sweep.map_or_else(|| Instant::now() + LATER, |idle| idle.next(heard_at));
        tokio::select! {
            order = ordered.recv() => match order {
                Some(Order::Say(text)) if !shared.is_silent(number) => {
                    let frame = frames::frame(TEXT, text.as_bytes());
                    if stream.write_all(&frame).await.is_err() { break }
                }
                Some(Order::Say(_)) => {}
                Some(Order::Close) => {
                    if stream.write_all(&frames::frame(CLOSE, &[])).await.is_err() { break }
                }
                Some(Order::Cut) | None => break,
            },
            read = stream.read(&mut buffer) => {
                let Ok(taken) = read else { break };
                ear.hears(&buffer[..taken]);
                if taken == 0 { break }
                kept.extend_from_slice(&buffer[..taken]);
                if !hears_frames(&mut kept, number, &shared) {
                    if let Some(words) = shared.words.last_words() {
                        let frame = frames::frame(TEXT, words.as_bytes());
                        let _ = stream.write_all(&frame).await;
                    }
                    break;
                }
                heard_at = Instant::now();
            }
            () = tokio::time::sleep_until(cut), if sweep.is_some() => {
                if sweep.is_some_and(|idle| idle.is_over(heard_at)) { break }
            }
        }
    }
    shared.desk.lock().unwrap().is_closed(number);
    shared
        .seen
        .send_modify(|seen| seen.links[number].is_open = false);
}

/// Whether the page still wants the link.
fn hears_frames(kept: &mut Vec<u8>, number: usize, shared: &Shared) -> bool {
    while let Some(length) = frames::length(kept) {
        let frame: Vec<u8> = kept.drain(..length).collect();
        if frame[0] & 0x0f == CLOSE {
            return false;
        }
        let Some(text) = frames::unmasked(&frame) else {
            continue;
        };
        // What is said into the silence arrives nowhere.
        let acts = if shared.is_silent(number) {
            Vec::new()
        } else {
            let mut desk = shared.desk.lock().unwrap();
            shared.words.hears(&mut desk, number, &text)
        };
        shared.seen.send_modify(|seen| {
            seen.heard.push(Heard { link: number, text });
        });
        shared.acts(Some(number), acts);
    }
    true
}
