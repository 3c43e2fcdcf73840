//! A test double of the driver: it carries out what a session asks, holds the
//! clock, and plays page, device and server in a little language.
//!
//! The session speaks the real native dialect: what the server says is written
//! as JSON text, what the client says is read back from the wire. After every
//! input the [`checks`] run; a scenario need not ask for them.
//!
//! Knows nothing of the session's inside beyond what it shows to everybody.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use parlance_core::content::Content;
use parlance_core::dialect::native::wire::Client;
use parlance_core::dialect::native::{Native, NativeConfig};
use parlance_core::ids::{ConversationId, LinkId, RequestId, SaveId, Uid};
use parlance_core::outbox::{Take, Write};
use parlance_core::session::{Banner, Conversation as Summary, Oddity, StorageFailure};
use parlance_core::time::{Instant, UnixMillis};
use parlance_core::timeline::{Row, replay};
use parlance_core::wire::{HttpRequest, HttpResponse, HttpResult, Wire};
use parlance_core::{
    Command, Event, Input, LinkEvent, Output, PageEvent, PageState, Session, Setup, Status, Target,
};

mod checks;
mod device;
mod expect;
mod person;
mod picture;
mod server;

pub(crate) use device::Disk;
use device::Storage;
use server::Server;

/// Midnight of some day, so that the device's time is no small number.
const WALL: i64 = 1_790_000_000_000;
/// A session that wants to be woken more often than this in one span is busy
/// doing nothing.
const MOST_WAKES: u32 = 2_000;

/// The double, with everything that it has seen.
pub(crate) struct Rig {
    pub(crate) session: Session,
    pub(crate) now: Instant,
    pub(crate) page: PageState,
    /// What the device keeps; survives [`Rig::reloads`].
    pub(crate) disk: Disk,
    /// What the other end has.
    pub(crate) server: Server,
    /// Every event, oldest first.
    pub(crate) events: Vec<Event>,
    /// When each ticket was asked for: the beginning of an attempt.
    pub(crate) dialled_at: Vec<Instant>,
    /// With which code each link was closed here.
    pub(crate) closed_here: Vec<u16>,

    socket: Socket,
    last_link: Option<LinkId>,
    sent: VecDeque<Client>,
    fills: VecDeque<Client>,
    requests: Vec<(RequestId, HttpRequest)>,
    loads: VecDeque<Uid>,
    saves: VecDeque<(SaveId, Write)>,
    takes: VecDeque<Take>,
    /// Another page of this device has the turn until then.
    turn_of_another: Option<Instant>,
    turns_wait: bool,
    /// What was said to the other pages.
    pub(crate) shared: Vec<String>,
    storage: Storage,
    copies: BTreeMap<ConversationId, Vec<Row>>,
    watch: checks::Watch,
    launch: Launch,
    /// The client id of each text that was handed over.
    cids: BTreeMap<String, String>,
    /// Whether the server answers every ping at once.
    answers_pings: bool,
    told: Told,
}

/// What the page was told last.
#[derive(Default)]
struct Told {
    status: Option<Status>,
    banner: Option<Banner>,
    current: Option<ConversationId>,
    summaries: BTreeMap<ConversationId, Summary>,
}

/// How a session is begun.
#[derive(Clone)]
pub(crate) struct Launch {
    pub(crate) target: Target,
    pub(crate) last_known: Option<&'static str>,
    pub(crate) token: Option<&'static str>,
    pub(crate) seed: u64,
}

impl Default for Launch {
    fn default() -> Self {
        Self {
            target: Target::Room("lobby".to_owned()),
            last_known: Some("u-ann"),
            token: None,
            seed: 7,
        }
    }
}

/// The one socket that may be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Socket {
    Absent,
    Dialling(LinkId),
    Open(LinkId),
}

impl Rig {
    /// A page that has not begun: the lobby, as Ann, in front of the person.
    pub(crate) fn new() -> Self {
        Self::launched(Launch::default())
    }

    pub(crate) fn launched(launch: Launch) -> Self {
        let session = Self::session_for(&launch, Instant::from_millis(1_000_000));
        Self {
            session,
            now: Instant::from_millis(1_000_000),
            page: PageState::SHOWN,
            disk: Disk::default(),
            server: Server::default(),
            events: Vec::new(),
            dialled_at: Vec::new(),
            closed_here: Vec::new(),
            socket: Socket::Absent,
            last_link: None,
            sent: VecDeque::new(),
            fills: VecDeque::new(),
            requests: Vec::new(),
            loads: VecDeque::new(),
            saves: VecDeque::new(),
            takes: VecDeque::new(),
            turn_of_another: None,
            turns_wait: false,
            shared: Vec::new(),
            storage: Storage::Works,
            copies: BTreeMap::new(),
            watch: checks::Watch::default(),
            launch,
            cids: BTreeMap::new(),
            answers_pings: false,
            told: Told::default(),
        }
    }

    /// Online in an empty lobby, everything said so far looked at.
    pub(crate) fn online() -> Self {
        Self::online_with(0)
    }

    /// Online in a lobby where Bob has said so much, the newest page here.
    pub(crate) fn online_with(messages: u64) -> Self {
        let mut rig = Self::new();
        rig.server.has("room:lobby", messages);
        rig.goes_online();
        rig
    }

    /// Through the login and the first page.
    pub(crate) fn goes_online(&mut self) {
        self.start();
        self.logs_in();
        self.settles();
    }

    /// Ticket, dial, hello, welcome.
    pub(crate) fn logs_in(&mut self) {
        self.admit("a-ticket");
        self.open();
        self.welcome();
        self.is(Status::Online);
    }

    /// The room answers, every page that is asked for comes, and all that was
    /// sent counts as looked at.
    pub(crate) fn settles(&mut self) {
        self.room_answers();
        self.answers_all();
        self.sent.clear();
    }

    /// The page is loaded again, on the same device, after so long: a new
    /// session knows only what the disk has.
    pub(crate) fn reloads(&mut self, after: f64) {
        self.now = self.now + seconds(after);
        // Another stay has other chance, or its ids would be those of before.
        self.launch.seed += 1_000;
        self.session = Self::session_for(&self.launch, self.now);
        self.socket = Socket::Absent;
        self.last_link = None;
        self.requests.clear();
        self.loads.clear();
        self.saves.clear();
        self.takes.clear();
        self.copies.clear();
        self.sent.clear();
        self.fills.clear();
        self.watch = checks::Watch::default();
        self.told = Told::default();
        self.events.clear();
        self.server.link_lost();
    }

    /// The page is loaded again in another way.
    pub(crate) fn relaunch(&mut self, launch: Launch) {
        self.launch = launch;
        self.reloads(1.0);
    }

    fn session_for(launch: &Launch, now: Instant) -> Session {
        let native = Native::new(NativeConfig {
            link: "wss://chat.example/ws".to_owned(),
            api: "https://chat.example/".to_owned(),
            token: launch.token.map(str::to_owned),
        });
        Session::new(
            now,
            Setup {
                dialect: Box::new(native),
                target: launch.target.clone(),
                last_known: launch.last_known.map(Uid::new),
                seed: launch.seed,
            },
        )
    }

    // ---- time ---------------------------------------------------------------

    /// So much time passes on a page whose timers are exact.
    pub(crate) fn advance(&mut self, span: f64) {
        let end = self.now + seconds(span);
        let mut wakes = 0;
        while let Some(at) = self.session.wake_at()
            && at <= end
        {
            self.now = self.now.max(at);
            self.wake();
            wakes += 1;
            assert!(
                wakes < MOST_WAKES,
                "woken again and again: {}",
                self.story()
            );
        }
        self.now = end;
    }

    /// So much time passes while the page does not run: no timer fires.
    pub(crate) fn sleeps(&mut self, span: f64) {
        self.now = self.now + seconds(span);
    }

    /// The timer fires now.
    pub(crate) fn wake(&mut self) {
        self.feed(Input::Wake(self.page));
        if let Some(at) = self.session.wake_at() {
            assert!(
                at > self.now,
                "busy: to be woken at {at:?} after a wake at {:?}; {}",
                self.now,
                self.story()
            );
        }
    }

    /// Until the next attempt begins, which must be within so long.
    pub(crate) fn until_dial(&mut self, within: f64) {
        let end = self.now + seconds(within);
        while !self.wants_ticket() {
            let at = self.session.wake_at();
            assert!(
                at.is_some_and(|at| at <= end),
                "no dial within {within} s; {}",
                self.story()
            );
            self.now = self.now.max(at.unwrap_or(end));
            self.wake();
        }
    }

    // ---- the loop -------------------------------------------------------------

    /// One input, everything that follows from it, and the checks.
    pub(crate) fn feed(&mut self, input: Input) {
        self.session.handle(self.now, input);
        self.drain();
        self.check();
        while self.device_answers() || self.server_answers() {}
    }

    pub(crate) fn command(&mut self, command: Command) {
        self.feed(Input::Command(command));
    }

    fn drain(&mut self) {
        while let Some(output) = self.session.poll() {
            self.carry_out(output);
        }
    }

    fn carry_out(&mut self, output: Output) {
        match output {
            Output::Open(link, address) => {
                assert_eq!(address, "wss://chat.example/ws");
                assert_eq!(self.socket, Socket::Absent, "a second link is dialled");
                assert!(
                    self.last_link < Some(link),
                    "link numbers go up: {link} after {:?}",
                    self.last_link
                );
                self.last_link = Some(link);
                self.socket = Socket::Dialling(link);
                self.sent.clear();
                self.fills.clear();
            }
            Output::Transmit(link, wire) => {
                assert_eq!(
                    self.socket,
                    Socket::Open(link),
                    "sent on a link that is not open: {wire:?}"
                );
                self.on_sent(&wire);
            }
            Output::Close(link, code, reason) => {
                assert!(
                    [Socket::Dialling(link), Socket::Open(link)].contains(&self.socket),
                    "link {link} is closed, but it is {:?}",
                    self.socket
                );
                assert!(code == 1000 || (3000..5000).contains(&code), "{code}");
                assert!(reason.len() <= 123);
                self.closed_here.push(code);
                self.link_is_gone();
            }
            Output::Request(id, request) => {
                if request.url.ends_with("api/ticket") {
                    self.dialled_at.push(self.now);
                }
                self.requests.push((id, request));
            }
            Output::Load(uid) => self.loads.push_back(uid),
            Output::Save(id, write) => {
                self.watch.on_save(self.now, &write, &self.copies);
                self.saves.push_back((id, write));
            }
            Output::Take(take) => self.takes.push_back(take),
            Output::Share(text) => self.shared.push(text),
            Output::Event(event) => self.on_event(event),
        }
    }

    fn on_sent(&mut self, wire: &Wire) {
        let Wire::Text(text) = wire else {
            panic!("binary is never sent");
        };
        let frame: Client = serde_json::from_str(text).expect("what is sent can be read back");
        assert_ne!(frame, Client::Unknown, "{text}");
        if let Client::Send { cid, conv, body } = &frame {
            self.watch.on_send(self.now, cid, conv);
            if let Some(text) = body["text"].as_str() {
                self.cids.insert(text.to_owned(), cid.clone());
            }
        }
        if matches!(frame, Client::Fill { .. }) {
            self.fills.push_back(frame.clone());
        }
        if matches!(frame, Client::Ping {}) && self.answers_pings {
            self.server.owes_pong = true;
        }
        self.sent.push_back(frame);
    }

    fn on_event(&mut self, event: Event) {
        match &event {
            Event::Timeline(id, changes) => {
                replay(self.copies.entry(id.clone()).or_default(), changes);
            }
            Event::Status(status) => self.told.status = Some(*status),
            Event::Banner(banner) => self.told.banner.clone_from(banner),
            Event::Current(current) => self.told.current.clone_from(current),
            Event::Conversation(summary) => {
                self.told
                    .summaries
                    .insert(summary.id.clone(), summary.clone());
            }
            Event::SignedOut => self.told.summaries.clear(),
            Event::IdentityNeeded { .. }
            | Event::Restored
            | Event::Me(_)
            | Event::Limits(_)
            | Event::History(..)
            | Event::People(..)
            | Event::Typists(..)
            | Event::Draft(..)
            | Event::Durability(_)
            | Event::OutboxFull(..)
            | Event::Counted(..) => {}
        }
        self.events.push(event);
    }

    fn link_is_gone(&mut self) {
        self.socket = Socket::Absent;
        self.watch.on_link_gone();
        self.server.link_lost();
    }

    /// What the device's clock says.
    pub(crate) fn wall(&self) -> UnixMillis {
        UnixMillis(WALL + self.now.as_millis() as i64)
    }

    /// The newest events, for a failing test.
    fn story(&self) -> String {
        let from = self.events.len().saturating_sub(8);
        format!(
            "status {:?}, socket {:?}, now {:?}, newest events {:#?}",
            self.session.status(),
            self.socket,
            self.now,
            &self.events[from..]
        )
    }
}

/// So many seconds, exact to the millisecond.
pub(crate) fn seconds(span: f64) -> Duration {
    Duration::from_millis((span * 1_000.0).round() as u64)
}

/// The conversation that most scenarios are in.
pub(crate) fn lobby() -> ConversationId {
    ConversationId::room("lobby")
}
