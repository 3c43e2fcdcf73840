//! The laboratory of rig S: one page with a real session and a real dialect,
//! and around it a model of everything that can fail, on virtual time: a path
//! that can be cut, blocked either way or made slow, a page that freezes,
//! reloads and crashes, a device whose storage fails, and a backend that runs
//! by itself.
//!
//! A row says what goes wrong and when; the laboratory keeps the times of
//! what follows. Knows no backend (see [`Backend`]) and no bounds.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use parlance_core::chance::Chance;
use parlance_core::dialect::Dialect;
use parlance_core::ids::{ConversationId, LinkId, RequestId, SaveId, Uid};
use parlance_core::outbox::{Take, Write};
use parlance_core::session::{Banner, Durability, HistoryState, Oddity, StorageFailure};
use parlance_core::time::Instant;
use parlance_core::timeline::{Row, replay};
use parlance_core::wire::{HttpFailure, HttpRequest, HttpResponse, Wire};
use parlance_core::{Command, Event, Input, Output, PageState, Session, Setup, Status, Target};

mod device;
mod path;
mod person;
mod score;
mod views;

pub(crate) use device::{Disk, Storage};
pub(crate) use path::{Dials, Path};
use path::{Down, Link, Up};
pub(crate) use score::Score;

/// A session that wants to be woken more often than this without any time
/// passing is busy doing nothing.
const MOST_WAKES: u32 = 200;

/// The other end. It does nothing by itself but what is due by its own clock.
pub(crate) trait Backend {
    /// A link is open.
    fn opened(&mut self, link: u64, now: u64);
    /// A link says this.
    fn hears(&mut self, link: u64, text: &str, now: u64);
    /// A link is gone, as far as the backend is told.
    fn lost(&mut self, link: u64, now: u64);
    /// A request: after how long it is answered, and what. `None`: never.
    fn asked(&mut self, request: &HttpRequest, now: u64) -> Option<(u64, HttpResponse)>;
    /// When it next does something by itself.
    fn due(&self) -> Option<u64>;
    /// That time has come.
    fn tick(&mut self, now: u64);
    /// What it has said since last asked: on which link, and what.
    fn spoken(&mut self) -> Vec<(u64, Spoken)>;
    /// Every message that it has stored, in order: who said what.
    fn log(&self) -> Vec<(String, String)>;
}

/// What a backend says on a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Spoken {
    Text(String),
    Binary(Vec<u8>),
    Close(u16, String),
}

/// How a page is launched, and on what.
pub(crate) struct Launch {
    pub(crate) dialect: Box<dyn Fn() -> Box<dyn Dialect>>,
    pub(crate) target: Target,
    pub(crate) conversation: ConversationId,
    /// Who the page is told that it is.
    pub(crate) me: Option<&'static str>,
}

/// What is on its way.
enum Due {
    Up(u64, Up),
    Down(u64, Down),
    Ask(u64, RequestId, HttpRequest),
    Answer(u64, RequestId, Result<HttpResponse, HttpFailure>),
    Load(u64, Uid),
    Save(u64, SaveId, Write),
    Take(u64, Take),
}

/// The laboratory, with what it has seen.
pub(crate) struct Lab<B> {
    /// Virtual milliseconds.
    pub(crate) now: u64,
    pub(crate) chance: Chance,
    pub(crate) backend: B,
    pub(crate) page: PageState,
    pub(crate) path: Path,
    pub(crate) storage: Storage,
    /// What the device keeps.
    pub(crate) disk: Disk,
    /// The wall clock beside virtual time.
    pub(crate) wall: i64,
    /// How much the monotonic clock has missed.
    pub(crate) lag: u64,
    pub(crate) seen: Seen,
    session: Option<Session>,
    launch: Launch,
    /// Whether the page runs: a frozen one hears nothing.
    running: bool,
    life: u64,
    seed: u64,
    due: VecDeque<(u64, Due)>,
    /// What came for a page that does not run.
    parked: Vec<Due>,
    links: BTreeMap<u64, Link>,
    links_made: u64,
    /// The link that the session may use, with its number here.
    current: Option<(LinkId, u64)>,
    rows: BTreeMap<ConversationId, Vec<Row>>,
    /// Every text that the person said, in order.
    said: Vec<String>,
    /// Those of them that the page showed while the device kept them.
    promised: BTreeSet<String>,
    /// Texts that may be missing: deleted or refused.
    waived: BTreeSet<String>,
    /// What it said to other pages.
    pub(crate) shared: Vec<String>,
    /// Prints everything: `FAULT_TRACE=1`, for one seed alone.
    pub(crate) traces: bool,
}

/// What was seen, with the time of each.
#[derive(Default)]
pub(crate) struct Seen {
    /// When each attempt began: a ticket was asked for, or a dial.
    pub(crate) attempts: Vec<u64>,
    pub(crate) opens: Vec<u64>,
    /// When the page closed a link, and with which code.
    pub(crate) closes: Vec<(u64, u16)>,
    pub(crate) statuses: Vec<(u64, Status)>,
    pub(crate) banners: Vec<(u64, Option<Banner>)>,
    pub(crate) oddities: BTreeMap<Oddity, u64>,
    pub(crate) durability: Vec<Durability>,
    pub(crate) outbox_full: Vec<String>,
    pub(crate) history: HistoryState,
    pub(crate) identity_asked: u64,
    pub(crate) inputs: u64,
    /// Messages that were handed over while another page had the turn.
    pub(crate) out_of_turn: u64,
    /// Messages that said `sent` once.
    pub(crate) ticked: BTreeSet<String>,
}

impl Seen {
    /// When the page was first online after then.
    pub(crate) fn online_after(&self, then: u64) -> Option<u64> {
        let online = |(at, status): &&(u64, Status)| *at >= then && *status == Status::Online;
        self.statuses.iter().find(online).map(|(at, _)| *at)
    }

    /// When it was first known after then that the link is of no use.
    pub(crate) fn noticed_after(&self, then: u64) -> Option<u64> {
        let noticed = |(at, status): &&(u64, Status)| *at >= then && *status != Status::Online;
        self.statuses.iter().find(noticed).map(|(at, _)| *at)
    }

    /// When an attempt first began after then.
    pub(crate) fn attempt_after(&self, then: u64) -> Option<u64> {
        self.attempts.iter().copied().find(|at| *at >= then)
    }

    pub(crate) fn attempts_between(&self, from: u64, to: u64) -> usize {
        let within = |at: &&u64| (from..to).contains(*at);
        self.attempts.iter().filter(within).count()
    }

    /// When a banner that says something was first shown after then.
    pub(crate) fn banner_after(&self, then: u64) -> Option<u64> {
        let shown = |(at, banner): &&(u64, Option<Banner>)| *at >= then && banner.is_some();
        self.banners.iter().find(shown).map(|(at, _)| *at)
    }

    pub(crate) fn counted(&self, oddity: Oddity) -> u64 {
        self.oddities.get(&oddity).copied().unwrap_or_default()
    }
}

impl<B: Backend> Lab<B> {
    /// A page on show that has begun.
    pub(crate) fn new(seed: u64, launch: Launch, backend: B) -> Self {
        let mut lab = Self::unopened(seed, launch, backend);
        lab.begin();
        lab
    }

    /// As [`Lab::new`], before its page is opened.
    pub(crate) fn unopened(seed: u64, launch: Launch, backend: B) -> Self {
        Self {
            now: 1_000_000,
            chance: Chance::new(seed ^ 0xFA17_1AB0),
            backend,
            page: PageState::SHOWN,
            path: Path::default(),
            storage: Storage::default(),
            disk: Disk::default(),
            wall: 1_790_000_000_000,
            lag: 0,
            seen: Seen::default(),
            session: None,
            launch,
            running: true,
            life: 0,
            seed,
            due: VecDeque::new(),
            parked: Vec::new(),
            links: BTreeMap::new(),
            links_made: 0,
            current: None,
            rows: BTreeMap::new(),
            said: Vec::new(),
            promised: BTreeSet::new(),
            waived: BTreeSet::new(),
            shared: Vec::new(),
            traces: std::env::var_os("FAULT_TRACE").is_some(),
        }
    }

    /// The page is loaded.
    pub(crate) fn begin(&mut self) {
        self.life += 1;
        self.running = true;
        self.page = PageState::SHOWN;
        self.rows.clear();
        self.seen.ticked.clear();
        self.current = None;
        let setup = Setup {
            dialect: (self.launch.dialect)(),
            target: self.launch.target.clone(),
            last_known: self.launch.me.map(Uid::new),
            // No two lives have the same chance, or their ids would be one.
            seed: self.seed.wrapping_mul(1_000_003).wrapping_add(self.life),
        };
        self.session = Some(Session::new(self.instant(), setup));
        self.feed(Input::Command(Command::Start));
    }

    /// Another page of the same device: its lives are its own.
    pub(crate) fn is_page(&mut self, number: u64) {
        self.life = number * 1_000;
    }

    /// Another page of this device said this.
    pub(crate) fn hears_word(&mut self, word: String) {
        self.feed(Input::Shared(word));
    }

    /// The page is gone, with what it had under way; the device still carries
    /// out so many of its writes.
    pub(crate) fn dies(&mut self, writes: usize) {
        let life = self.life;
        self.session = None;
        self.life += 1;
        self.parked.clear();
        let mut carried_out = 0;
        let mut left = VecDeque::new();
        for (at, due) in std::mem::take(&mut self.due) {
            match due {
                Due::Save(whose, _, write) if whose == life => {
                    if carried_out < writes && self.storage == Storage::Works {
                        self.disk.apply(&write);
                        carried_out += 1;
                    }
                }
                Due::Take(whose, take) if whose == life => {
                    // A transaction too, which may note something.
                    if carried_out < writes && self.storage == Storage::Works {
                        let _ = self.disk.turn(at, whose, &take);
                        carried_out += 1;
                    }
                }
                Due::Load(..) | Due::Save(..) | Due::Take(..) => {}
                Due::Up(..) | Due::Down(..) | Due::Ask(..) | Due::Answer(..) => {
                    left.push_back((at, due));
                }
            }
        }
        self.due = left;
        if let Some((_, number)) = self.current.take() {
            // The browser closes what was open.
            self.send_up(number, Up::Close);
        }
    }

    /// How many writes the device has not carried out yet.
    pub(crate) fn writes_under_way(&self) -> usize {
        let writes = self
            .due
            .iter()
            .filter(|(_, due)| matches!(due, Due::Save(..) | Due::Take(..)));
        writes.count()
    }

    // ---- time ---------------------------------------------------------------

    /// So many milliseconds pass.
    pub(crate) fn pass(&mut self, millis: u64) {
        let end = self.now + millis;
        while self.step(end) {}
        self.now = end;
    }

    /// When the next thing happens.
    pub(crate) fn next(&self) -> Option<u64> {
        let times = [self.wake_due(), self.first_due().map(|(_, at)| at)];
        times
            .into_iter()
            .chain([self.backend.due()])
            .flatten()
            .min()
    }

    fn wake_due(&self) -> Option<u64> {
        self.session
            .as_ref()
            .filter(|_| self.running)
            .and_then(Session::wake_at)
            .map(|at| at.as_millis() + self.lag)
    }

    /// The next thing happens, if it is due by then.
    pub(crate) fn step(&mut self, end: u64) -> bool {
        let wake = self.wake_due();
        let first = self.first_due();
        let backend = self.backend.due();
        let times = [wake, first.map(|(_, at)| at), backend];
        let Some(next) = times.into_iter().flatten().min().filter(|at| *at <= end) else {
            return false;
        };
        self.now = self.now.max(next);
        if backend == Some(next) {
            self.backend.tick(self.now);
            self.collect();
        } else if let Some((place, at)) = first
            && at == next
        {
            if let Some((_, due)) = self.due.remove(place) {
                self.happens(due);
            }
        } else {
            self.wake();
        }
        true
    }

    /// Passes time until this holds; says whether it did within the span.
    pub(crate) fn until(&mut self, within: u64, holds: impl Fn(&Self) -> bool) -> bool {
        let end = self.now + within;
        while !holds(self) {
            if !self.step(end) {
                self.now = end;
                return holds(self);
            }
        }
        true
    }

    fn wake(&mut self) {
        let page = self.page;
        for _ in 0..MOST_WAKES {
            self.feed(Input::Wake(page));
            let again = self.session.as_ref().and_then(Session::wake_at);
            if again.is_none_or(|at| at > self.instant()) {
                return;
            }
        }
        panic!("seed {}: woken again and again at {}", self.seed, self.now);
    }

    fn first_due(&self) -> Option<(usize, u64)> {
        let due = self.due.iter().enumerate();
        due.map(|(place, (at, _))| (place, *at))
            .min_by_key(|(place, at)| (*at, *place))
    }

    /// What the page's monotonic clock says.
    fn instant(&self) -> Instant {
        Instant::from_millis(self.now - self.lag)
    }

    // ---- the loop -----------------------------------------------------------

    pub(crate) fn feed(&mut self, input: Input) {
        let now = self.instant();
        let Some(session) = &mut self.session else {
            return;
        };
        self.seen.inputs += 1;
        if self.traces {
            println!("{:>9} <- {input:?}", self.now);
        }
        session.handle(now, input);
        let mut touched = BTreeSet::new();
        while let Some(output) = self.session.as_mut().and_then(Session::poll) {
            if self.traces {
                println!("{:>9} -> {output:?}", self.now);
            }
            self.carry_out(output, &mut touched);
        }
        for id in touched {
            self.check(&id);
        }
    }

    fn carry_out(&mut self, output: Output, touched: &mut BTreeSet<ConversationId>) {
        match output {
            Output::Open(link, _) => {
                assert!(self.current.is_none(), "I8: a second link is dialled");
                self.seen.opens.push(self.now);
                if self.seen.attempts.last() != Some(&self.now) && !self.asks_first() {
                    self.seen.attempts.push(self.now);
                }
                self.links_made += 1;
                let number = self.links_made;
                self.links.insert(number, Link::new(link, self.life));
                self.current = Some((link, number));
                self.send_up(number, Up::Dial);
            }
            Output::Transmit(link, wire) => {
                let (current, number) = self.current.expect("sent on a link that is there");
                assert_eq!(current, link, "I8: sent on the link that there is");
                let Wire::Text(text) = wire else {
                    panic!("binary is never sent");
                };
                if text.contains("\"t\":\"send\"") && !self.disk.is_turn_of(self.now, self.life) {
                    self.seen.out_of_turn += 1;
                }
                self.send_up(number, Up::Text(text));
            }
            Output::Close(link, code, _) => {
                let (current, number) = self.current.take().expect("closes what is there");
                assert_eq!(current, link);
                self.seen.closes.push((self.now, code));
                if let Some(link) = self.links.get_mut(&number) {
                    link.left = true;
                }
                self.send_up(number, Up::Close);
            }
            Output::Request(id, request) => {
                if request.url.ends_with("api/ticket") {
                    self.seen.attempts.push(self.now);
                }
                let at = self.now + self.travel();
                self.due.push_back((at, Due::Ask(self.life, id, request)));
            }
            Output::Load(uid) => {
                let at = self.storage_due();
                self.due.push_back((at, Due::Load(self.life, uid)));
            }
            Output::Save(id, write) => {
                let at = self.storage_due();
                self.due.push_back((at, Due::Save(self.life, id, write)));
            }
            Output::Take(take) => {
                let at = self.storage_due();
                self.due.push_back((at, Due::Take(self.life, take)));
            }
            Output::Share(word) => self.shared.push(word),
            Output::Event(event) => {
                if let Some(id) = self.on_event(event) {
                    touched.insert(id);
                }
            }
        }
    }

    fn asks_first(&self) -> bool {
        matches!(
            (self.launch.dialect)().admission(),
            parlance_core::dialect::Entry::Ask(_)
        )
    }

    fn on_event(&mut self, event: Event) -> Option<ConversationId> {
        match event {
            Event::Timeline(id, changes) => {
                replay(self.rows.entry(id.clone()).or_default(), &changes);
                return Some(id);
            }
            Event::Status(status) => self.seen.statuses.push((self.now, status)),
            Event::Banner(banner) => self.seen.banners.push((self.now, banner)),
            Event::Counted(oddity, _) => *self.seen.oddities.entry(oddity).or_default() += 1,
            Event::Durability(durability) => self.seen.durability.push(durability),
            Event::OutboxFull(_, text) => {
                self.waived.insert(text.clone());
                self.seen.outbox_full.push(text);
            }
            Event::History(id, state) if id == self.launch.conversation => {
                self.seen.history = state;
            }
            Event::IdentityNeeded { .. } => self.seen.identity_asked += 1,
            Event::SignedOut
            | Event::Restored
            | Event::History(..)
            | Event::Me(_)
            | Event::Limits(_)
            | Event::Conversation(_)
            | Event::Current(_)
            | Event::People(..)
            | Event::Typists(..)
            | Event::Draft(..) => {}
        }
        None
    }

    fn happens(&mut self, due: Due) {
        match due {
            Due::Up(number, what) => self.arrives_up(number, what),
            Due::Ask(life, id, request) => {
                if !self.path.up {
                    self.path.held.push((life, id, request));
                    return;
                }
                let answer = match self.path.dials {
                    Dials::Refused => Some((0, Err(HttpFailure("refused".to_owned())))),
                    Dials::Silent => None,
                    Dials::Through | Dials::SocketRefused | Dials::SocketSilent => {
                        let answer = self.backend.asked(&request, self.now);
                        answer.map(|(after, response)| (after, Ok(response)))
                    }
                };
                self.collect();
                if let Some((after, answer)) = answer {
                    let at = self.now + after + self.travel();
                    self.due.push_back((at, Due::Answer(life, id, answer)));
                }
            }
            Due::Down(..) | Due::Answer(..) | Due::Load(..) | Due::Save(..) | Due::Take(..)
                if !self.running =>
            {
                self.parked.push(due);
            }
            Due::Down(number, what) => self.arrives_down(number, what),
            Due::Answer(life, id, result) => {
                if !self.path.down {
                    self.parked.push(Due::Answer(life, id, result));
                } else if life == self.life {
                    self.feed(Input::Http(id, result));
                }
            }
            Due::Load(life, uid) => {
                if life == self.life {
                    let stored = match self.storage {
                        Storage::Works => Ok(self.disk.stored_for(&uid)),
                        Storage::Fails => Err(StorageFailure("no database".to_owned())),
                        Storage::Silent => return,
                    };
                    let wall = self.wall();
                    self.feed(Input::Loaded(uid, wall, stored));
                }
            }
            Due::Save(life, id, write) => {
                if life == self.life {
                    let result = match self.storage {
                        Storage::Works => {
                            self.disk.apply(&write);
                            Ok(())
                        }
                        Storage::Fails => Err(StorageFailure("quota".to_owned())),
                        Storage::Silent => return,
                    };
                    self.feed(Input::Saved(id, result));
                }
            }
            Due::Take(life, take) => {
                if life == self.life {
                    let turn = match self.storage {
                        Storage::Works => Ok(self.disk.turn(self.now, life, &take)),
                        Storage::Fails => Err(StorageFailure("no database".to_owned())),
                        Storage::Silent => return,
                    };
                    self.feed(Input::Took(take.client_id, turn));
                }
            }
        }
    }
}
