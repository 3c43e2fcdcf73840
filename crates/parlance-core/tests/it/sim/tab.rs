//! One tab: the real session, and the driver's part as a model. Feeds one
//! input, drains all outputs, arms one timer; and holds each output against
//! what a session may ask for in that moment.
//!
//! Knows no rows (see `rows`) and nothing of why an input came.

use std::collections::{BTreeMap, VecDeque};

use parlance_core::dialect::native::{Native, NativeConfig};
use parlance_core::frame::Person;
use parlance_core::ids::{ClientId, ConversationId, LinkId, RequestId, SaveId, Uid};
use parlance_core::outbox::{Stored, Turn};
use parlance_core::session::{HistoryState, StorageFailure};
use parlance_core::time::{Instant, UnixMillis};
use parlance_core::wire::{HttpFailure, HttpResponse, Wire};
use parlance_core::{Command, Input, LinkEvent, Output, PageState, Session, Setup, Status, Target};

use super::heard::Heard;
use super::network::{Down, Path, Up};
use super::siblings::Asked;
use super::tally::Premise;
use super::{Check, Fate, Sim, Views, violation};

/// A session need not wait longer for what the device has kept.
const LOAD_WITHIN: u64 = 2_000;

pub(crate) struct Tab {
    pub(crate) device: usize,
    /// The token that it was launched with.
    pub(crate) token: Option<String>,
    /// Whose messages it keeps, as far as it knows.
    pub(crate) whose: Option<String>,
    /// Counts reloads and crashes: what belongs to an earlier life is dead.
    pub(crate) life: u64,
    pub(crate) session: Option<Session>,
    pub(crate) page: PageState,
    pub(crate) stopped: Stopped,
    /// Timers come so much later than they should.
    pub(crate) late: u64,
    /// How much the monotonic clock has missed.
    pub(crate) lag: u64,
    pub(crate) timer: Option<u64>,
    pub(crate) path: Path,
    pub(crate) views: Views,
    pub(crate) told: Told,
    /// The link that it may speak on, and whether that has opened.
    pub(crate) link: Option<(LinkId, bool)>,
    /// Client ids handed over on it.
    pub(crate) handed: Vec<String>,
    /// Client ids that were refused for good.
    pub(crate) refused: Vec<String>,
    pub(super) load_due: u64,
    /// How many messages the device has given it.
    pub(crate) loaded: usize,
    pub(crate) dials: VecDeque<u64>,
    pub(crate) resyncs: VecDeque<u64>,
    pub(crate) heard: Heard,
    /// What it has asked the device for leave to hand over.
    pub(crate) turns: Vec<Asked>,
    /// Whether it hears the other tabs of its device.
    pub(crate) listens: bool,
}

/// What the page has been told.
#[derive(Default)]
pub(crate) struct Told {
    pub(crate) me: Option<String>,
    pub(crate) current: Option<ConversationId>,
    pub(crate) needs_identity: bool,
    pub(crate) signed_out: bool,
    /// The server has said to stay away, and nobody has acted since.
    pub(crate) barred: bool,
    pub(crate) lost_on_close: bool,
    /// The epoch of the last welcome.
    pub(crate) epoch: u64,
    /// Rows may vanish in this step: another log, or another person.
    pub(crate) anew: bool,
    /// The row that the person deletes in this step.
    pub(crate) deleted: Option<u64>,
    pub(crate) outbox_full: bool,
    /// Conversations whose read mark moved without a count: on another device,
    /// or across a gap. The protocol's `read` does not say how many are left.
    pub(crate) uncounted: Vec<String>,
    /// A frame was lost on this link, perhaps one that named a conversation.
    pub(crate) lossy: bool,
    pub(crate) changed: Vec<ConversationId>,
    pub(crate) status: Option<Status>,
    pub(crate) people: BTreeMap<ConversationId, Vec<Person>>,
    pub(crate) typists: BTreeMap<ConversationId, Vec<Person>>,
    pub(crate) unread: BTreeMap<ConversationId, u64>,
    pub(crate) history: BTreeMap<ConversationId, HistoryState>,
}

impl Told {
    /// What a page shows of one person is not shown to another.
    pub(super) fn forget_lists(&mut self) {
        self.people.clear();
        self.typists.clear();
        self.unread.clear();
        self.history.clear();
    }
}

/// Whether the page is running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stopped {
    No,
    /// In the back/forward cache.
    Cached,
    Frozen,
}

/// Why an input is fed, for what it may cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The person asked for an attempt.
    Person,
    /// The page showed a sign of life.
    Sign,
    /// Anything else.
    Own,
}

impl Tab {
    pub(crate) fn new(device: usize, token: Option<String>) -> Self {
        Self {
            device,
            token,
            whose: None,
            life: 0,
            session: None,
            page: PageState::SHOWN,
            stopped: Stopped::No,
            late: 0,
            lag: 0,
            timer: None,
            path: Path::default(),
            views: Views::new(),
            told: Told::default(),
            link: None,
            handed: Vec::new(),
            refused: Vec::new(),
            load_due: u64::MAX,
            loaded: 0,
            dials: VecDeque::new(),
            resyncs: VecDeque::new(),
            heard: Heard::default(),
            turns: Vec::new(),
            listens: true,
        }
    }

    pub(crate) fn is_running(&self) -> bool {
        self.stopped == Stopped::No && self.session.is_some()
    }

    pub(crate) fn status(&self) -> Option<Status> {
        self.session.as_ref().map(Session::status)
    }
}

impl Sim {
    /// A page is loaded: another session, with what the device has kept.
    pub(super) fn begin(&mut self, at: usize, target: Target) -> Check {
        let tab = &mut self.tabs[at];
        let device = &self.devices[tab.device];
        tab.life += 1;
        let config = NativeConfig {
            link: "ws://model/ws".to_owned(),
            api: "http://model/".to_owned(),
            token: tab.token.clone(),
        };
        let setup = Setup {
            dialect: Box::new(Native::new(config)),
            target,
            last_known: device.last_known.as_deref().map(Uid::new),
            seed: self.chance.bits(),
        };
        tab.whose.clone_from(&device.last_known);
        tab.stopped = Stopped::No;
        tab.views.clear();
        tab.told = Told::default();
        tab.link = None;
        tab.handed.clear();
        tab.refused.clear();
        tab.loaded = 0;
        tab.dials.clear();
        tab.resyncs.clear();
        tab.heard = Heard::default();
        tab.turns.clear();
        tab.listens = true;
        tab.session = Some(Session::new(
            Instant::from_millis(self.now - tab.lag),
            setup,
        ));
        self.trace.note(self.now, || format!("tab {at} begins"));
        self.feed(at, Input::Command(Command::Start), Cause::Person)
    }

    /// A page is gone, with so many of its writes still carried out. `told`:
    /// the server hears of it.
    pub(super) fn end(&mut self, at: usize, still: u64, told: bool) {
        if self.now > self.tabs[at].load_due {
            self.forgive_order(self.tabs[at].device);
        }
        let tab = &mut self.tabs[at];
        let page = (at, tab.life);
        tab.load_due = u64::MAX;
        tab.session = None;
        tab.timer = None;
        tab.life += 1;
        tab.views.clear();
        let device = tab.device;
        for link in &mut self.links {
            if link.tab == at && !link.left {
                link.left = true;
                link.down.clear();
                if told {
                    let due = self.now + tab.path.delay;
                    link.send_up(due, Up::Close);
                } else {
                    link.up.clear();
                }
            }
        }
        let writes = self.devices[device]
            .storage
            .page_dies(self.now, page, still);
        self.after_wiping(device);
        if writes > 0 {
            self.tally.met(Premise::CrashWithWrites);
        }
        for said in self.said.iter_mut().filter(|said| said.tab == at) {
            if said.fate != Fate::Owed {
                continue;
            }
            if said.kept {
                self.tally.met(Premise::KeptRowSurvivedPage);
            } else {
                said.fate = Fate::MayBeLost;
            }
        }
    }

    /// One input, all outputs, every check, one timer.
    pub(super) fn feed(&mut self, at: usize, input: Input, cause: Cause) -> Check {
        let tab = &mut self.tabs[at];
        let Some(session) = &mut tab.session else {
            return Ok(());
        };
        self.tally.inputs += 1;
        self.trace.number(self.now ^ ((at as u64) << 56));
        self.trace
            .note(self.now, || format!("tab {at} <- {input:?}"));
        tab.told.outbox_full = false;
        if cause == Cause::Person {
            tab.told.barred = false;
        }
        let status = session.status();
        let ended = status == Status::Ended || tab.told.barred;
        tab.heard.on_input(&input, status);
        let now = Instant::from_millis(self.now - tab.lag);
        session.handle(now, input);
        let mut outputs = Vec::new();
        while let Some(output) = session.poll() {
            outputs.push(output);
        }
        for output in outputs {
            self.trace
                .note(self.now, || format!("tab {at} -> {output:?}"));
            let dials = matches!(output, Output::Open(..))
                || matches!(&output, Output::Request(_, it) if it.url.ends_with("ticket"));
            if dials && ended && cause != Cause::Person {
                return violation("I17 ended", format!("tab {at} dials after a final end"));
            }
            self.carry_out(at, output, cause)?;
        }
        self.check_tab(at)?;
        self.check_heard(at)?;
        self.tabs[at].told.anew = false;
        self.rearm(at);
        Ok(())
    }

    fn rearm(&mut self, at: usize) {
        let tab = &mut self.tabs[at];
        let wake_at = tab.session.as_ref().and_then(Session::wake_at);
        tab.timer = wake_at.map(|wake| (wake.as_millis() + tab.lag).max(self.now) + tab.late);
    }

    /// What a session could not read in time it cannot send first.
    pub(super) fn forgive_order(&mut self, device: usize) {
        let owed = self.said.iter().filter(|it| it.device == device);
        self.server.unordered.extend(owed.map(|it| it.number));
    }

    pub(super) fn expects_load(&mut self, at: usize) {
        self.tabs[at].load_due = self.now + LOAD_WITHIN;
    }

    /// The one timer fires.
    pub(super) fn wake(&mut self, at: usize) -> Check {
        let (page, late) = (self.tabs[at].page, self.tabs[at].late);
        if late > 0 {
            self.tally.met(Premise::LateTimer);
        }
        self.feed(at, Input::Wake(page), Cause::Own)?;
        let tab = &self.tabs[at];
        let wake_at = tab.session.as_ref().and_then(Session::wake_at);
        if let Some(wake) = wake_at
            && wake.as_millis() <= self.now - tab.lag
        {
            let what = format!("tab {at} wants to be woken again at once");
            return violation("I21 a wake makes progress", what);
        }
        Ok(())
    }

    /// Something comes down a link.
    pub(super) fn hear(&mut self, place: usize, what: Down) -> Check {
        let link = &mut self.links[place];
        let (at, id) = (link.tab, link.link);
        if link.life != self.tabs[at].life {
            return Ok(());
        }
        let stale = link.left || link.over;
        if stale && self.chance.below(3) > 0 {
            return Ok(());
        }
        let tab = &mut self.tabs[at];
        let current = tab.link.map(|(link, _)| link) == Some(id);
        if stale == current {
            let what = format!("tab {at} and link {id}: stale {stale}, current {current}");
            return violation("I8 one live link", what);
        }
        if current {
            let now = tab.clock(self.now);
            tab.heard.on_anything(now);
        }
        let event = match what {
            Down::Opened => {
                if current {
                    tab.link = Some((id, true));
                }
                LinkEvent::Opened
            }
            Down::Text(frame) => {
                if current {
                    tab.heard.on_frame(&frame);
                    if let Some(session) = &tab.session
                        && tab.heard.on_proof(&frame.text, session)
                    {
                        self.tally.met(Premise::StrayAck);
                    }
                    tab.listen(&frame.text);
                }
                self.trace.text(&frame.text);
                LinkEvent::Received(Wire::Text(frame.text))
            }
            Down::Binary => LinkEvent::Received(Wire::Binary(vec![0, 159, 146, 150])),
            Down::Closed(code, reason) => {
                link.over = true;
                if current {
                    tab.link = None;
                    if code == 1009 {
                        tab.refused.append(&mut tab.handed);
                    }
                    tab.heard.on_closed(code);
                    tab.told.barred = (4500..=4999).contains(&code);
                    if code == 4500 {
                        self.tally.ended_by_stale_ticket += 1;
                    }
                }
                LinkEvent::Closed { code, reason }
            }
        };
        if stale {
            return self.hear_stale(at, id, event);
        }
        self.feed(at, Input::Link(id, event), Cause::Own)
    }

    /// What a dead link says changes nothing.
    fn hear_stale(&mut self, at: usize, id: LinkId, event: LinkEvent) -> Check {
        self.tally.met(Premise::StaleInput);
        let tab = &mut self.tabs[at];
        let Some(session) = &mut tab.session else {
            return Ok(());
        };
        let now = Instant::from_millis(self.now - tab.lag);
        if session.wake_at().is_some_and(|wake| wake <= now) {
            // Something else is overdue, and any input is an occasion for it.
            return self.feed(at, Input::Link(id, event), Cause::Own);
        }
        let look = self.chance.below(8) == 0;
        let before = look.then(|| format!("{session:?}"));
        session.handle(now, Input::Link(id, event));
        if let Some(output) = session.poll() {
            let what = format!("tab {at}: link {id} is dead and caused {output:?}");
            return violation("I8 a dead link changes nothing", what);
        }
        if before.is_some_and(|before| before != format!("{session:?}")) {
            let what = format!("tab {at}: link {id} is dead and changed the session");
            return violation("I8 a dead link changes nothing", what);
        }
        Ok(())
    }

    pub(super) fn answer(
        &mut self,
        at: usize,
        request: RequestId,
        answer: Option<(u16, String)>,
    ) -> Check {
        if let Some((status, _)) = &answer {
            self.tabs[at].heard.on_answer(*status);
        }
        let result = answer
            .map(|(status, body)| HttpResponse { status, body })
            .ok_or_else(|| HttpFailure("no route".to_owned()));
        self.feed(at, Input::Http(request, result), Cause::Own)
    }

    pub(super) fn loaded(&mut self, at: usize, uid: Uid, stored: Option<Stored>) -> Check {
        let device = self.tabs[at].device;
        let wall = self.wall(device);
        if stored.is_none() || self.now > self.tabs[at].load_due {
            self.forgive_order(device);
        }
        self.tabs[at].load_due = u64::MAX;
        let loaded = stored.as_ref().map_or(0, |stored| stored.unsent.len());
        self.tabs[at].loaded += loaded;
        let stored = stored.ok_or_else(|| StorageFailure("no database".to_owned()));
        self.feed(at, Input::Loaded(uid, wall, stored), Cause::Own)
    }

    pub(super) fn saved(
        &mut self,
        at: usize,
        save: SaveId,
        worked: bool,
        kept: Option<ClientId>,
    ) -> Check {
        if !worked {
            // What the device could not keep no other tab knows of, and may
            // hand over what was said later.
            let unkept = self.said.iter().filter(|it| it.tab == at && !it.kept);
            self.server.unordered.extend(unkept.map(|it| it.number));
        }
        let result = worked
            .then_some(())
            .ok_or_else(|| StorageFailure("quota".to_owned()));
        if let Some(kept) = kept
            && let Some(said) = self
                .said
                .iter_mut()
                .find(|said| said.client_id == kept.as_str())
        {
            said.kept = true;
        }
        self.feed(at, Input::Saved(save, result), Cause::Own)
    }

    pub(super) fn took(&mut self, at: usize, client_id: ClientId, turn: Option<Turn>) -> Check {
        if matches!(turn, Some(Turn::Theirs(_))) {
            self.tally.met(Premise::TurnOfAnother);
        }
        self.tabs[at].on_turn(self.now, &client_id, turn.as_ref());
        let turn = turn.ok_or_else(|| StorageFailure("no database".to_owned()));
        self.feed(at, Input::Took(client_id, turn), Cause::Own)
    }

    pub(super) fn wall(&self, device: usize) -> UnixMillis {
        UnixMillis(self.devices[device].wall + self.now as i64)
    }
}

impl Tab {
    /// What the test has to know of what the session is about to hear.
    fn listen(&mut self, text: &str) {
        if text.contains(r#""t":"welcome""#) {
            let epoch = field(text, "epoch").and_then(|it| it.strip_prefix('e'));
            let epoch = epoch.and_then(|it| it.parse().ok()).unwrap_or_default();
            let uid = text
                .find(r#""me":"#)
                .and_then(|at| field(&text[at..], "uid"));
            let other = self.told.me.as_deref() != uid;
            self.told.anew = epoch != self.told.epoch || other;
            self.told.epoch = epoch;
            self.told.uncounted.clear();
            self.told.lossy = false;
        } else if text.contains(r#""t":"read""#) {
            if field(text, "uid") == self.told.me.as_deref()
                && let Some(conversation) = field(text, "conv")
            {
                self.told.uncounted.push(conversation.to_owned());
            }
        } else if text.contains(r#""t":"nack""#)
            && !text.contains("retry_ms")
            && let Some(client_id) = field(text, "cid")
        {
            self.refused.push(client_id.to_owned());
        }
    }
}

/// The text of a field of compact JSON without escapes.
pub(super) fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = text;
    loop {
        let at = rest.find(name)?;
        let after = &rest[at + name.len()..];
        if rest[..at].ends_with('"')
            && let Some(value) = after.strip_prefix("\":\"")
        {
            return value.split('"').next();
        }
        rest = after;
    }
}
