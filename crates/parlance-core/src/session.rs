//! One person's stay with one server, across many links.
//!
//! Feed one [`Input`] with the time, drain [`Session::poll`] to `None`, and
//! wake it at [`Session::wake_at`]. It knows no clock, no socket and no JSON:
//! frames come from and go to a [`Dialect`].
//!
//! # The phases
//!
//! All transitions are in this file; `enter` alone assigns the phase.
//!
//! | from | on | to |
//! | --- | --- | --- |
//! | Idle | start; a name was accepted | Connecting |
//! | Connecting (admission) | ticket | Connecting (dialling) |
//! | Connecting (admission) | nobody is known | Idle (join form) |
//! | Connecting (dialling) | link opened | Greeting, or Online where no welcome is awaited |
//! | Greeting | welcome | Online |
//! | Connecting, Greeting | refused for good | Ended |
//! | Connecting, Greeting, Online | lost, overdue, silent | Waiting |
//! | Online | out of the back/forward cache, frozen, proof overdue | Connecting |
//! | Waiting | its time; page shown; device online; "now" | Connecting |
//! | any with a link or an attempt | page hidden for good (`pagehide`, `freeze`) | Suspended |
//! | Suspended | any sign of life | Connecting |
//! | Ended | "now" | Connecting |
//! | any | sign out | Idle (signing out) or Ended |
//!
//! An input from a link that is not the current one changes nothing: `handle`
//! drops it at the door.

use crate::map::{Map, Set};
use std::collections::VecDeque;
use std::time::Duration;

use crate::backoff::Backoff;
use crate::chance::Chance;
use crate::close::{self, EndReason, Verdict};
use crate::conversation::{self, Viewer};
use crate::dialect::{Admission, Asked, Dialect, Entry, Saying, WhenHidden};
use crate::frame::{ClientFrame, Hello, Person, Refusal, Retry};
use crate::heartbeat::Heartbeat;
use crate::ids::{ClientId, ConversationId, Epoch, ItemKey, LinkId, RequestId, SaveId, Uid};
use crate::outbox::{Outbox, State, Via, Write};
use crate::planted::{Bug, Memory, planted};
use crate::time::{Instant, UnixMillis};
use crate::timeline::{Failure, Keys};
use crate::wire::{HttpRequest, HttpResult, Wire};

mod input;
mod output;

mod deadline;
mod phase;

mod attending;
mod receiving;
mod restored;
mod sending;
mod siblings;
mod story;
mod telling;
mod unnumbered;

pub use input::*;
pub use output::*;
pub use story::{Note, What};

use phase::{Connecting, Greeting, Idle, Online, Phase, Sums, Waiting};
use sending::Stamp;
use telling::Told;

/// An attempt may take so long at each of its steps.
const STEP_WITHIN: Duration = Duration::from_secs(8);
/// Trouble that is over sooner is not shown.
const BANNER_AFTER: Duration = Duration::from_secs(2);
/// A hidden page with nothing unsent looks again so often whether it is shown:
/// the event that says so may never come.
const LOOK_AGAIN: Duration = Duration::from_secs(60);
/// A page that was told that it goes and runs all the same looks again then.
const RUNNING_AFTER: Duration = Duration::from_secs(1);
/// Signs of life cause at most one dial at once in such a span.
const DIAL_AT_ONCE_EVERY: Duration = Duration::from_secs(3);
/// Tries after a close that says the two programs do not understand each other.
const FEW: u32 = 3;
/// A longer message, in bytes, is not read: as for the answers to requests.
const MOST_HEARD: usize = 4 << 20;
/// More resynchronisations than this in a minute are a loop.
const MOST_RESYNCS: usize = 3;

/// How a session begins.
#[derive(Debug)]
pub struct Setup {
    /// What the backend speaks.
    pub dialect: Box<dyn Dialect>,
    /// What to show first.
    pub target: Target,
    /// Who this device was last, so that what is unsent can be shown before
    /// the server answers. A hint: the server's word stands.
    pub last_known: Option<Uid>,
    /// All chance comes from this.
    pub seed: u64,
}

/// What to show first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The room of this name.
    Room(String),
    /// The talk with this person, with the name to show until it is known.
    Person(Uid, Option<String>),
    /// Only the list of conversations.
    Nothing,
}

/// One person's stay with one server, across many links.
#[derive(Debug)]
pub struct Session {
    dialect: Box<dyn Dialect>,
    phase: Phase,
    backoff: Backoff,
    chance: Chance,

    me: Option<Person>,
    account: Account,
    epoch: Option<Epoch>,
    target: Target,
    aim: Aim,
    current: Option<ConversationId>,
    conversations: Map<ConversationId, conversation::Conversation>,
    outbox: Outbox,
    durability: Durability,
    /// Rows that the device is to forget, until it has, and which log there was.
    forgetting: Map<SaveId, (ClientId, Option<Epoch>)>,

    outputs: VecDeque<Output>,
    /// Conversations that changed since the page was last told.
    touched: Set<ConversationId>,
    told: Told,

    keys: Keys,
    last_link: LinkId,
    last_request: RequestId,
    /// What the open requests were made for.
    asked: Vec<(RequestId, Asked)>,
    last_save: SaveId,

    /// What the device said last about its network: a hint, shown as such.
    network: Network,
    /// Since when there has been no talk, for the banner.
    trouble_since: Option<Instant>,
    dialled_at_once: Option<Instant>,
    few_tries: u32,
    /// Whether the backend was ever heard to answer a ping.
    ponged: bool,
    resyncs: VecDeque<Instant>,
    read_told_at: Map<ConversationId, Instant>,
    typing_told: Option<(ConversationId, Instant)>,
    /// What the device's clock said last, and when that was.
    wall: Option<(Instant, UnixMillis)>,
    story: story::Story,
    /// Nothing, unless a bug is planted.
    memory: Memory,
}

/// Whose rows of the device's storage are here.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Account {
    /// Nobody is known.
    Nobody,
    /// They have been asked for. Until then what is said waits for them, for
    /// they were said before; `None`: it does not wait any longer.
    Loading(Uid, Option<Instant>),
    /// They are here.
    Loaded(Uid),
    /// They could not be read: asked for again when storage works, or the
    /// page shows life.
    Unread(Uid),
}

/// Whether the person has been taken to what is to be shown first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Aim {
    /// As soon as it can be named.
    Due,
    /// They have, and go where they like.
    Taken,
}

/// What the device says about its network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Network {
    Up,
    Down,
}

impl Session {
    /// A session that has not begun: say [`Command::Start`].
    pub fn new(_now: Instant, setup: Setup) -> Self {
        let Setup {
            dialect,
            target,
            last_known,
            seed,
        } = setup;
        let backoff = Backoff::new(dialect.capabilities().retry);
        Self {
            dialect,
            phase: Phase::Idle(Idle::Fresh),
            backoff,
            chance: Chance::new(seed),
            me: None,
            account: last_known.map_or(Account::Nobody, |uid| Account::Loading(uid, None)),
            epoch: None,
            target,
            aim: Aim::Due,
            current: None,
            conversations: Map::new(),
            outbox: Outbox::default(),
            durability: Durability::Kept,
            forgetting: Map::new(),
            outputs: VecDeque::new(),
            touched: Set::new(),
            told: Told::default(),
            keys: Keys::default(),
            last_link: LinkId::default(),
            last_request: RequestId::default(),
            asked: Vec::new(),
            last_save: SaveId::default(),
            network: Network::Up,
            trouble_since: None,
            dialled_at_once: None,
            few_tries: 0,
            ponged: false,
            resyncs: VecDeque::new(),
            read_told_at: Map::new(),
            typing_told: None,
            wall: None,
            story: story::Story::default(),
            memory: Memory::default(),
        }
    }

    /// Takes one input. Drain [`poll`](Self::poll) before the next.
    pub fn handle(&mut self, now: Instant, input: Input) {
        match input {
            Input::Command(command) => self.on_command(now, command),
            // Links are numbered: what a dead one says changes nothing.
            Input::Link(link, event) if self.phase.link() == Some(link) => {
                self.on_link(now, link, event);
            }
            Input::Link(link, event @ LinkEvent::Received(_))
                if planted(Bug::ReplacedLinkHeard) && self.phase.link() > Some(link) =>
            {
                self.on_link(now, link, event);
            }
            Input::Link(..) => {}
            Input::Http(request, result) => self.on_http(now, request, result),
            Input::Loaded(uid, wall, stored) => self.on_loaded(now, &uid, wall, stored),
            Input::Saved(save, result) => self.on_saved(now, save, result),
            Input::Took(client_id, turn) => self.on_took(now, &client_id, turn),
            Input::Shared(text) => self.on_shared(&text),
            Input::Page(event, page) => {
                self.on_page_state(page);
                self.on_page_event(now, event, page);
            }
            Input::Wake(page) => {
                self.on_page_state(page);
                while let Some((at, deadline)) = self.next_deadline()
                    && at <= now
                {
                    self.on_deadline(now, deadline, page);
                }
            }
        }
        self.settle(now);
    }

    /// The next thing to do, until there is none.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to say [`Input::Wake`], if nothing else happens before.
    pub fn wake_at(&self) -> Option<Instant> {
        self.next_deadline().map(|(at, _)| at)
    }

    /// The phase as told to people.
    pub const fn status(&self) -> Status {
        match &self.phase {
            Phase::Idle(_) => Status::Idle,
            Phase::Connecting(_) | Phase::Greeting(_) => Status::Connecting,
            Phase::Online(_) => Status::Online,
            Phase::Waiting(_) => match self.network {
                Network::Up => Status::Waiting,
                Network::Down => Status::Offline,
            },
            Phase::Suspended(_) => Status::Suspended,
            Phase::Ended(_) => Status::Ended,
        }
    }

    /// A conversation, for tests and for tools that look inside.
    pub fn conversation(&self, id: &ConversationId) -> Option<&conversation::Conversation> {
        self.conversations.get(id)
    }

    /// What is unsent, for tests and for tools that look inside.
    pub const fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    // ---- transitions ----------------------------------------------------

    /// The only place that assigns the phase.
    fn enter(&mut self, now: Instant, phase: Phase) {
        match &phase {
            Phase::Online(_) => {
                let since = self.trouble_since.take().unwrap_or(now);
                self.note(now, What::Online, now.since(since).as_secs());
            }
            Phase::Idle(_) | Phase::Suspended(_) => self.trouble_since = None,
            Phase::Connecting(_) | Phase::Greeting(_) | Phase::Waiting(_) => {
                self.trouble_since.get_or_insert(now);
            }
            Phase::Ended(_) => {
                self.trouble_since.get_or_insert(now);
                self.note(now, What::Ended, 0);
            }
        }
        self.phase = phase;
    }

    fn start(&mut self, now: Instant) {
        if !matches!(self.phase, Phase::Idle(Idle::Fresh)) {
            return;
        }
        if let Account::Loading(uid, _) = &self.account {
            let uid = uid.clone();
            self.load(now, uid);
        }
        self.note(now, What::Began, 0);
        self.aim();
        self.dial(now);
    }

    /// An attempt begins now. Whatever link there was is closed first, without
    /// waiting for its close event.
    fn dial(&mut self, now: Instant) {
        if !planted(Bug::TwoLinks) {
            self.drop_link(now, close::NORMAL);
        }
        self.attempt(now);
    }

    /// Asks to be admitted, or dials. Whatever link there was has been closed.
    fn attempt(&mut self, now: Instant) {
        match self.dialect.admission() {
            Entry::Ask(request) => {
                let id = self.request(request);
                self.enter(
                    now,
                    Phase::Connecting(Connecting::Admission(id, now + STEP_WITHIN)),
                );
            }
            Entry::Open => self.open_link(now, None),
            Entry::NoIdentity => self.need_identity(now, None),
        }
    }

    fn open_link(&mut self, now: Instant, ticket: Option<String>) {
        self.last_link.0 += 1;
        let link = self.last_link;
        self.dialect.reset();
        let address = self.dialect.link_address();
        self.outputs.push_back(Output::Open(link, address));
        let dialling = Connecting::Dialling(link, ticket, now + STEP_WITHIN);
        self.enter(now, Phase::Connecting(dialling));
    }

    fn on_link(&mut self, now: Instant, link: LinkId, event: LinkEvent) {
        match event {
            LinkEvent::Opened => self.on_opened(now, link),
            LinkEvent::Received(wire) => self.on_received(now, &wire),
            LinkEvent::Closed { code, reason } => self.on_closed(now, code, &reason),
        }
    }

    fn on_opened(&mut self, now: Instant, link: LinkId) {
        let Phase::Connecting(Connecting::Dialling(_, ticket, _)) = &mut self.phase else {
            return;
        };
        let ticket = ticket.take();
        let cursors = self.cursors();
        self.enter(
            now,
            Phase::Greeting(Greeting {
                link,
                deadline: now + STEP_WITHIN,
            }),
        );
        self.transmit(&ClientFrame::Hello(Hello { ticket, cursors }));
        if let Some(welcome) = self.dialect.greeting() {
            self.on_welcome(now, welcome);
        }
    }

    /// The login is through.
    fn enter_online(&mut self, now: Instant, ping_every: Option<Duration>) {
        let Some(link) = self.phase.link() else {
            return;
        };
        let mut heartbeat = Heartbeat::new(self.dialect.capabilities().liveness, now);
        if let Some(period) = ping_every {
            heartbeat.expect_every(period);
        }
        if self.ponged {
            heartbeat.expect_pongs();
        }
        if planted(Bug::StaleHeartbeat)
            && let Some(stale) = self.memory.heartbeat()
        {
            heartbeat = stale;
        }
        self.enter(
            now,
            Phase::Online(Online {
                link,
                since: now,
                heartbeat,
                sums: Sums::Agree,
                doubted_at: now,
            }),
        );
    }

    fn on_closed(&mut self, now: Instant, code: u16, reason: &str) {
        self.note(now, What::Closed, u64::from(code));
        if code == close::TOO_LARGE && self.dialect.capabilities().close_codes {
            self.wedge_largest();
        }
        self.forget_link(now);
        if !self.dialect.capabilities().close_codes {
            return self.wait(now, None);
        }
        let hint = || close::retry_hint(reason).map(Duration::from_millis);
        match close::verdict(code) {
            Verdict::ComeBack | Verdict::Refresh => self.wait(now, None),
            Verdict::AfterHint => self.wait(now, hint()),
            Verdict::FewTries => {
                self.few_tries += 1;
                if self.few_tries >= FEW {
                    self.enter(now, Phase::Ended(EndReason::Incompatible));
                } else {
                    self.wait(now, None);
                }
            }
            Verdict::StayAway => self.enter(now, Phase::Ended(close::end_of(code))),
        }
    }

    /// The attempt or the link has failed: the next attempt comes later, not
    /// before the hint.
    fn wait(&mut self, now: Instant, hint: Option<Duration>) {
        if self.backoff.is_exhausted() {
            return self.enter(now, Phase::Ended(EndReason::GaveUp));
        }
        let wait = self.backoff.next(&mut self.chance);
        let hint = hint.unwrap_or_default();
        self.enter(
            now,
            Phase::Waiting(Waiting {
                until: now + hint + wait.shown,
                hidden_until: now + hint + wait.hidden,
            }),
        );
    }

    /// The server has said when to come back: within its spread after that. One
    /// that says so again at once is not ready yet: that counts as a failure.
    fn wait_out(&mut self, now: Instant, after: Duration) {
        let proven = matches!(&self.phase, Phase::Online(online)
            if now.since(online.since) >= deadline::PROVEN_AFTER);
        if !proven {
            if self.backoff.attempts() > 0 {
                return self.wait(now, Some(after));
            }
            let _spent = self.backoff.next(&mut self.chance);
        }
        let until = now + after + self.backoff.spread_out(&mut self.chance);
        self.enter(
            now,
            Phase::Waiting(Waiting {
                until,
                hidden_until: until,
            }),
        );
    }

    /// The path is suspect or known to be dead: another link, at once. One
    /// that has not proved itself counts as a failed attempt, or two programs
    /// that disagree would dial in a circle. Nobody looks at a hidden page: it
    /// dials when it is shown, or for what is unsent.
    fn replace_link(&mut self, now: Instant, page: PageState) {
        let unseen = !page.visible && self.outbox.is_empty();
        let young = matches!(&self.phase, Phase::Online(online)
            if now.since(online.since) < deadline::PROVEN_AFTER);
        if unseen || (young && self.backoff.attempts() > 0) {
            self.drop_link(now, close::SILENT);
            self.wait(now, None);
        } else {
            if young {
                // Spends the first attempt: the next loss waits.
                let _spent = self.backoff.next(&mut self.chance);
            }
            self.drop_link(now, close::SILENT);
            self.attempt(now);
        }
    }

    fn on_attempt_overdue(&mut self, now: Instant) {
        self.note(now, What::Overdue, 0);
        self.drop_link(now, close::NORMAL);
        self.wait(now, None);
    }

    fn on_dial_due(&mut self, now: Instant, page: PageState) {
        let Phase::Waiting(waiting) = self.phase else {
            return;
        };
        let stays = self.dialect.capabilities().when_hidden == WhenHidden::Stays;
        let unsent = stays && !self.outbox.is_empty();
        let visible = page.visible && !(planted(Bug::RememberedVisibility) && self.memory.hidden());
        if visible || (unsent && waiting.hidden_until <= now) {
            self.dial(now);
            return;
        }
        // Nobody looks: nothing is dialled unless something is unsent.
        let until = if unsent {
            waiting.hidden_until
        } else {
            now + LOOK_AGAIN
        };
        self.enter(now, Phase::Waiting(Waiting { until, ..waiting }));
    }

    fn on_running_while_suspended(&mut self, now: Instant, page: PageState) {
        if page.visible {
            self.dial(now);
        } else {
            self.enter(now, Phase::Suspended(now + LOOK_AGAIN));
        }
    }

    /// The page goes: leaving frame, close, and no attempt until a sign of life.
    fn suspend(&mut self, now: Instant) {
        match &self.phase {
            Phase::Idle(_) | Phase::Ended(_) | Phase::Suspended(_) => {}
            Phase::Connecting(_) | Phase::Greeting(_) | Phase::Online(_) | Phase::Waiting(_) => {
                self.note(now, What::Left, 0);
                self.transmit(&ClientFrame::Leave);
                self.drop_link(now, close::NORMAL);
                self.enter(now, Phase::Suspended(now + RUNNING_AFTER));
            }
        }
    }

    /// A sign of life, or the person's wish: an attempt now, if none is under
    /// way. Signs of life are rationed, wishes are not.
    fn dial_if_down(&mut self, now: Instant, wish: Wish) {
        match &self.phase {
            Phase::Waiting(_) | Phase::Suspended(_) => {}
            Phase::Ended(EndReason::GaveUp) => self.backoff.reset(),
            Phase::Ended(_) if wish == Wish::Person => {}
            Phase::Idle(Idle::NeedsIdentity) if planted(Bug::DialAfterLeaving) => {}
            Phase::Ended(_)
            | Phase::Idle(_)
            | Phase::Connecting(_)
            | Phase::Greeting(_)
            | Phase::Online(_) => return,
        }
        let free_at = self
            .dialled_at_once
            .map_or(now, |at| at + DIAL_AT_ONCE_EVERY);
        if wish == Wish::Sign && free_at > now {
            let until = match self.phase {
                Phase::Waiting(waiting) => waiting.until.min(free_at),
                Phase::Idle(_)
                | Phase::Connecting(_)
                | Phase::Greeting(_)
                | Phase::Online(_)
                | Phase::Suspended(_)
                | Phase::Ended(_) => free_at,
            };
            self.enter(
                now,
                Phase::Waiting(Waiting {
                    until,
                    hidden_until: until,
                }),
            );
            return;
        }
        self.dialled_at_once = Some(now);
        self.few_tries = 0;
        self.dial(now);
    }

    fn end(&mut self, now: Instant, reason: EndReason) {
        self.drop_link(now, close::NORMAL);
        self.enter(now, Phase::Ended(reason));
    }

    // ---- identity ---------------------------------------------------------

    fn on_http(&mut self, now: Instant, request: RequestId, result: HttpResult) {
        match &self.phase {
            Phase::Connecting(Connecting::Admission(awaited, _)) if *awaited == request => {
                self.on_admission(now, result);
            }
            Phase::Idle(Idle::Joining(awaited, _)) if *awaited == request => {
                self.on_joined(now, result);
            }
            Phase::Idle(Idle::SigningOut(awaited, ..)) if *awaited == request => {
                self.on_signed_out(now);
            }
            Phase::Idle(_) | Phase::Suspended(_) | Phase::Ended(_)
                if planted(Bug::HeardAfterTeardown) =>
            {
                self.on_admission(now, result);
            }
            Phase::Idle(_)
            | Phase::Connecting(_)
            | Phase::Greeting(_)
            | Phase::Online(_)
            | Phase::Waiting(_)
            | Phase::Suspended(_)
            | Phase::Ended(_) => self.on_answer(now, request, result),
        }
    }

    /// An answer to a request that a frame was turned into. It does not matter
    /// which link there was when it was made.
    fn on_answer(&mut self, now: Instant, request: RequestId, result: HttpResult) {
        let Some(at) = self.asked.iter().position(|(id, _)| *id == request) else {
            return;
        };
        let (_, asked) = self.asked.swap_remove(at);
        let read = match result {
            Ok(response) => self.dialect.decode_answer(&asked, &response),
            Err(_) => {
                self.on_unanswered(now, &asked);
                return;
            }
        };
        match read {
            Ok(frames) => {
                for frame in frames {
                    self.on_frame(now, frame);
                }
            }
            Err(error) => {
                self.count(Oddity::BadAnswer, error.what);
                self.on_unanswered(now, &asked);
            }
        }
    }

    fn on_admission(&mut self, now: Instant, result: HttpResult) {
        let Ok(response) = result else {
            self.note(now, What::Unreachable, 0);
            return self.wait(now, None);
        };
        match self.dialect.read_admission(&response) {
            Ok(Admission::Ticket(ticket)) => self.open_link(now, Some(ticket)),
            Ok(Admission::NoIdentity | Admission::NameRefused(_) | Admission::Joined) => {
                self.need_identity(now, None);
            }
            Ok(Admission::BadToken) => {
                self.end(now, EndReason::Refused(Refusal::BadToken));
            }
            Ok(Admission::Banned) => self.end(now, EndReason::Refused(Refusal::Banned)),
            Ok(Admission::TryLater(hint)) => self.wait(now, hint),
            Err(error) => {
                // A captive portal answers everything with a page of its own.
                self.note(now, What::Unreachable, 0);
                self.count(Oddity::BadAnswer, error.what);
                self.wait(now, None);
            }
        }
    }

    /// Whether somebody may come in by name alone. A program of backends where
    /// nobody can is without what that takes.
    fn takes_guests(&self) -> bool {
        cfg!(feature = "guests") && self.dialect.takes_guests()
    }

    fn join(&mut self, now: Instant, name: String) {
        if !self.takes_guests() {
            return;
        }
        match &mut self.phase {
            Phase::Idle(Idle::NeedsIdentity) => {}
            Phase::Idle(Idle::SigningOut(_, _, then)) => {
                *then = Some(name);
                return;
            }
            Phase::Idle(_)
            | Phase::Connecting(_)
            | Phase::Greeting(_)
            | Phase::Online(_)
            | Phase::Waiting(_)
            | Phase::Suspended(_)
            | Phase::Ended(_) => return,
        }
        match self.dialect.join(&name) {
            Entry::Ask(request) => {
                let id = self.request(request);
                self.enter(now, Phase::Idle(Idle::Joining(id, now + STEP_WITHIN)));
            }
            Entry::Open => self.dial(now),
            Entry::NoIdentity => self.need_identity(now, Some(String::new())),
        }
    }

    fn on_joined(&mut self, now: Instant, result: HttpResult) {
        if !self.takes_guests() {
            return;
        }
        let admission = result.map(|response| self.dialect.read_admission(&response));
        match admission {
            Ok(Ok(Admission::Joined | Admission::Ticket(_))) => self.dial(now),
            Ok(Ok(Admission::NameRefused(text))) => self.need_identity(now, Some(text)),
            Ok(Ok(Admission::Banned)) => self.end(now, EndReason::Refused(Refusal::Banned)),
            Ok(Ok(Admission::NoIdentity | Admission::BadToken | Admission::TryLater(_)))
            | Err(_) => self.need_identity(now, Some(String::new())),
            Ok(Err(error)) => {
                self.count(Oddity::BadAnswer, error.what);
                self.need_identity(now, Some(String::new()));
            }
        }
    }

    fn need_identity(&mut self, now: Instant, refused: Option<String>) {
        self.enter(now, Phase::Idle(Idle::NeedsIdentity));
        self.tell(Event::IdentityNeeded { refused });
    }

    fn on_identity_overdue(&mut self, now: Instant) {
        if matches!(self.phase, Phase::Idle(Idle::SigningOut(..))) {
            self.on_signed_out(now);
        } else {
            self.need_identity(now, Some(String::new()));
        }
    }

    /// Leaves for good: leaving frame, close, that person's storage wiped, and
    /// no dial until somebody says who they are.
    fn sign_out(&mut self, now: Instant) {
        self.transmit(&ClientFrame::Leave);
        self.drop_link(now, close::NORMAL);
        if let Some(uid) = self.uid().cloned() {
            self.save(Write::Wipe(uid));
        }
        self.forget_person();
        self.tell(Event::SignedOut);
        let guests = self.takes_guests();
        match self.dialect.sign_out() {
            None if guests => self.need_identity(now, None),
            Some(request) if guests => {
                let id = self.request(request);
                self.enter(
                    now,
                    Phase::Idle(Idle::SigningOut(id, now + STEP_WITHIN, None)),
                );
                self.tell(Event::IdentityNeeded { refused: None });
            }
            Some(request) => {
                self.request(request);
                self.enter(now, Phase::Ended(EndReason::SignedOut));
            }
            None => self.enter(now, Phase::Ended(EndReason::SignedOut)),
        }
    }

    fn on_signed_out(&mut self, now: Instant) {
        let Phase::Idle(Idle::SigningOut(_, _, then)) = &mut self.phase else {
            return;
        };
        let then = then.take();
        self.enter(now, Phase::Idle(Idle::NeedsIdentity));
        if let Some(name) = then {
            self.join(now, name);
        }
    }

    // ---- links --------------------------------------------------------------

    /// Closes the current link, if there is one, and forgets it.
    fn drop_link(&mut self, now: Instant, code: u16) {
        if let Some(link) = self.phase.link() {
            // A browser may only say 1000 or 3000 and up.
            let code = if code == close::NORMAL || code >= 3_000 {
                code
            } else {
                close::NORMAL
            };
            self.outputs.push_back(Output::Close(link, code, ""));
        }
        self.forget_link(now);
    }

    /// What was asked for on the link is asked for again on the next.
    fn forget_link(&mut self, now: Instant) {
        if let Phase::Online(online) = &self.phase {
            self.memory.link(&online.heartbeat);
        }
        let resend = self.dialect.capabilities().resend;
        let on_their_way = self.outbox.on_link_lost(resend);
        if on_their_way > 0 {
            self.note(now, What::OnTheirWay, on_their_way);
        }
        for (id, conversation) in &mut self.conversations {
            conversation.on_link_lost(now);
            self.touched.insert(id.clone());
        }
        self.await_people();
        self.typing_told = None;
    }

    /// Says it, and how; `None` where the backend has no words for it, or
    /// there is no link.
    fn transmit(&mut self, frame: &ClientFrame) -> Option<Via> {
        let link = self.phase.link()?;
        if matches!(self.phase, Phase::Connecting(_)) {
            return None;
        }
        let mut via = None;
        for saying in self.dialect.encode(frame) {
            match saying {
                Saying::Wire(wire) => {
                    self.outputs.push_back(Output::Transmit(link, wire));
                    via.get_or_insert(Via::Link);
                }
                Saying::Request(request, asked) => {
                    let id = self.request(request);
                    if matches!(asked, Asked::Say(..)) {
                        via = Some(Via::Request);
                    }
                    self.asked.push((id, asked));
                }
            }
        }
        via
    }

    fn request(&mut self, request: HttpRequest) -> RequestId {
        self.last_request.0 += 1;
        self.outputs
            .push_back(Output::Request(self.last_request, request));
        self.last_request
    }

    fn save(&mut self, write: Write) -> SaveId {
        self.last_save.0 += 1;
        self.outputs.push_back(Output::Save(self.last_save, write));
        self.last_save
    }

    fn ask_server(&mut self) {
        self.transmit(&ClientFrame::Ping);
    }

    fn on_received(&mut self, now: Instant, wire: &Wire) {
        if let Phase::Online(online) = &mut self.phase {
            online.heartbeat.heard(now);
            self.settle_given(now);
        }
        if matches!(wire, Wire::Text(text) if text.len() > MOST_HEARD) {
            return self.count(Oddity::Malformed, "an enormous message");
        }
        match self.dialect.decode(wire) {
            Ok(frames) => {
                let link = self.phase.link();
                for frame in frames {
                    // One frame may end the link that bore the next.
                    if self.phase.link() == link {
                        self.on_frame(now, frame);
                    }
                }
            }
            Err(error) if error.unknown => self.count(Oddity::UnknownFrame, error.what),
            Err(error) => self.count(Oddity::Malformed, error.what),
        }
    }

    // ---- small things that several parts use ----------------------------------

    /// Who I am, as far as anybody knows.
    fn uid(&self) -> Option<&Uid> {
        match (&self.me, &self.account) {
            (Some(me), _) => Some(&me.uid),
            (None, Account::Loading(uid, _) | Account::Loaded(uid) | Account::Unread(uid)) => {
                Some(uid)
            }
            (None, Account::Nobody) => None,
        }
    }

    /// The conversation, made if it is new, with who looks at it.
    fn conversation_mut<'a>(
        conversations: &'a mut Map<ConversationId, conversation::Conversation>,
        id: &ConversationId,
    ) -> &'a mut conversation::Conversation {
        conversations.get_or_default(id.clone())
    }

    fn viewer<'a>(uid: Option<&'a Uid>, keys: &'a mut Keys) -> Viewer<'a> {
        Viewer { me: uid, keys }
    }

    fn count(&mut self, oddity: Oddity, what: impl Into<String>) {
        self.outputs
            .push_back(Output::Event(Event::Counted(oddity, what.into())));
    }

    fn tell(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    fn next_key(&mut self) -> ItemKey {
        self.keys.next()
    }

    /// Everything that belongs to the person who was here.
    fn forget_person(&mut self) {
        for (id, conversation) in &mut self.conversations {
            conversation.timeline.clear();
            let changes = conversation.timeline.take_changes();
            self.outputs
                .push_back(Output::Event(Event::Timeline(id.clone(), changes)));
        }
        self.conversations.clear();
        self.touched.clear();
        self.told.conversations.clear();
        self.read_told_at.clear();
        self.outbox.clear();
        self.forgetting.clear();
        self.asked.clear();
        self.me = None;
        self.account = Account::Nobody;
        self.epoch = None;
        self.aim = Aim::Due;
        self.set_current(None);
    }

    /// Three resynchronisations in a minute that did not help are a loop. Says
    /// whether one more is allowed.
    fn may_resync(&mut self, now: Instant) -> bool {
        while self
            .resyncs
            .front()
            .is_some_and(|at| now.since(*at) > Duration::from_secs(60))
        {
            self.resyncs.pop_front();
        }
        if self.resyncs.len() >= MOST_RESYNCS {
            self.count(Oddity::ResyncLoop, "three times in a minute");
            return false;
        }
        self.resyncs.push_back(now);
        true
    }
}

/// Why an attempt is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    /// The page or the device gave a sign of life.
    Sign,
    /// The person said so, or the link is known to be dead.
    Person,
}

/// When a transient refusal may be tried again.
fn retry_at(now: Instant, retry: Retry) -> Option<Instant> {
    match retry {
        Retry::Never => None,
        Retry::After(span) => Some(now + span),
    }
}

/// What a message becomes that has been handed over and is refused for good.
fn wedged(failure: Failure) -> State {
    State::Wedged(failure)
}
