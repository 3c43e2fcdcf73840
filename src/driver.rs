//! The pump between the session and the browser: feed one input, drain all
//! outputs, re-arm one timer.
//!
//! Knows no protocol and no phase: what to do is decided in the core, and how
//! it looks is decided by whoever takes the events. Holds the only timer that
//! wakes the session and the only clock that stamps its inputs.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use gloo_timers::callback::Timeout;
use parlance_core::content::Content;
use parlance_core::ids::{ConversationId, LinkId};
use parlance_core::session::{Durability, What};
use parlance_core::time::{Instant, UnixMillis, whole_millis};
use parlance_core::wire::Wire;
use parlance_core::{Command, Event, Input, LinkEvent, Output, PageEvent, RELAYED, Session, Setup};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;

use self::clock::Clock;
use self::page::{Guard, Listener, Listeners};
use self::siblings::Siblings;
use self::socket::Socket;
use self::storage::{Answer, Storage};
use self::tabs::OneLink;
use self::unsent::Unsent;

pub mod clock;
pub mod host;
pub mod http;
pub mod page;
pub mod random;
pub mod siblings;
pub mod socket;
pub mod storage;
mod tabs;
pub mod unsent;
pub mod upload;

/// While the page is on show, time is looked at this often whatever the
/// session's deadline: some systems stop timers while they sleep, and a sleep
/// has to be noticed soon after its end. An early wake changes nothing.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// A timer that is later than this on a page on show: the page was stopped.
/// Hidden pages' timers are late by design.
const LATE_AFTER: Duration = Duration::from_secs(3);

/// A deadline that is still past after a wake is asked about again, but not
/// in a loop that never gives the page its turn.
const PAST_DEADLINE_MS: u32 = 20;

/// What components hold: says what the person wants, and what time it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handle {
    /// The place in [`DRIVERS`]: a number can be copied into every closure.
    place: usize,
}

thread_local! {
    /// A page has one driver, for its whole life; a test page has many.
    static DRIVERS: RefCell<Vec<Place>> = const { RefCell::new(Vec::new()) };
    /// A failure leaves the program in an unknown state: nothing is done after it.
    static STOPPED: Cell<bool> = const { Cell::new(false) };
}

impl Handle {
    /// Says what the person wants.
    pub fn dispatch(self, command: Command) {
        self.feed(Input::Command(command));
    }

    /// Says this here, now.
    pub fn say(self, conversation: ConversationId, content: Content) {
        let at = self.driver().map(|driver| driver.clock.wall());
        let at = at.unwrap_or_default();
        self.dispatch(Command::Say(conversation, content, at));
    }

    /// The time by the clock that stamps inputs, for countdowns.
    pub fn now(self) -> Instant {
        self.driver()
            .map(|driver| driver.clock.now())
            .unwrap_or_default()
    }

    /// What happened to the connection in the last hour, oldest first: when by
    /// the device's clock, what, and how much of it.
    pub fn story(self) -> Vec<(UnixMillis, What, u64)> {
        let Some(driver) = self.driver() else {
            return Vec::new();
        };
        let (now, wall) = (driver.clock.now(), driver.clock.wall());
        let session = driver.session.borrow();
        let notes = session.story().map(|note| {
            let ago = i64::try_from(whole_millis(now.since(note.at))).unwrap_or_default();
            (UnixMillis(wall.0 - ago), note.what, note.number)
        });
        notes.collect()
    }

    /// Lets go of everything: timer, listeners, sockets. Nothing is said to the
    /// server, and nothing happens through this handle any more.
    pub fn retire(self) {
        let driver = DRIVERS.with_borrow_mut(|drivers| {
            let place = drivers.get_mut(self.place);
            place.map(|place| std::mem::replace(place, Place::Nowhere))
        });
        // Outside of the borrow: a socket's end may come back here.
        if let Some(Place::Driver(driver)) = driver {
            driver.let_go();
            drop(driver.links.take());
            drop(driver.failed.take());
        }
    }

    /// A handle without a session: what is said to it is written down, and
    /// nothing happens. For the tests of components.
    pub fn recording() -> (Self, Rc<RefCell<Vec<Command>>>) {
        let record = Rc::<RefCell<Vec<Command>>>::default();
        let place = DRIVERS.with_borrow_mut(|drivers| {
            drivers.push(Place::Record(record.clone()));
            drivers.len() - 1
        });
        (Self { place }, record)
    }

    fn feed(self, input: Input) {
        match (self.place(), input) {
            (Some(Place::Driver(driver)), input) => driver.feed(input),
            (Some(Place::Record(record)), Input::Command(command)) => {
                record.borrow_mut().push(command);
            }
            (Some(Place::Record(_) | Place::Nowhere) | None, _) => {}
        }
    }

    fn driver(self) -> Option<&'static Driver> {
        match self.place()? {
            Place::Driver(driver) => Some(driver),
            Place::Record(_) | Place::Nowhere => None,
        }
    }

    fn place(self) -> Option<Place> {
        DRIVERS.with_borrow(|drivers| drivers.get(self.place).cloned())
    }
}

/// Where a handle leads.
#[derive(Clone)]
enum Place {
    /// As long as the page: what takes it apart would have to be downloaded.
    Driver(&'static Driver),
    Record(Rc<RefCell<Vec<Command>>>),
    /// It has been retired.
    Nowhere,
}

/// What a driver is made of, beside the session.
pub struct Parts {
    /// Where time comes from.
    pub clock: Clock,
    /// The name of the server's storage on this device, and of the channel
    /// between the pages that share it.
    pub storage: String,
    /// The name of the one link of all tabs of a person, where the backend
    /// bears no more.
    pub one_link: Option<String>,
    /// Who takes the events.
    pub deliver: Box<dyn Fn(Event)>,
}

impl fmt::Debug for Parts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Parts").finish_non_exhaustive()
    }
}

/// Makes a session and begins it.
pub fn start(setup: Setup, parts: Parts) -> Handle {
    let place = DRIVERS.with_borrow(Vec::len);
    let handle = Handle { place };
    let session = Session::new(parts.clock.judge().now, setup);
    let storage = Storage::start(
        parts.storage.clone(),
        Rc::new(move |answer| match answer {
            Answer::Loaded(uid, result) => {
                if let Some(driver) = handle.driver() {
                    let wall = driver.clock.wall();
                    driver.feed(Input::Loaded(uid, wall, result));
                }
            }
            Answer::Saved(id, result) => handle.feed(Input::Saved(id, result)),
            Answer::Took(id, turn) => handle.feed(Input::Took(id, turn)),
        }),
    );
    let driver = Driver {
        handle,
        session: RefCell::new(session),
        waiting: RefCell::default(),
        draining: Cell::new(false),
        clock: parts.clock,
        timer: RefCell::default(),
        links: RefCell::default(),
        storage,
        shared_as: parts.storage,
        siblings: RefCell::default(),
        one_link: parts.one_link.filter(|_| RELAYED).map(OneLink::new),
        deliver: parts.deliver,
        unsent: RefCell::default(),
        guard: RefCell::default(),
        listeners: RefCell::default(),
        failed: RefCell::default(),
    };
    let driver: &'static Driver = Box::leak(Box::new(driver));
    DRIVERS.with_borrow_mut(|drivers| drivers.push(Place::Driver(driver)));
    if let Some(window) = web_sys::window() {
        let failed = Listener::new(&window, FAILED, |_| stop());
        *driver.failed.borrow_mut() = Some(failed);
        let listeners = Listeners::install(
            &window,
            Rc::new(move |event| {
                if let Some(driver) = handle.driver() {
                    driver.enqueue(Happening::Page(event));
                }
            }),
        );
        *driver.listeners.borrow_mut() = Some(listeners);
    }
    driver.listen_to_siblings(true);
    handle.dispatch(Command::Start);
    handle
}

/// Stops every driver for good. After a failure in the middle of something
/// nothing is counted on: what is still borrowed is left as it is.
pub fn stop() {
    STOPPED.set(true);
    let drivers = DRIVERS.with(|drivers| {
        let drivers = drivers.try_borrow();
        drivers.map(|drivers| drivers.clone()).unwrap_or_default()
    });
    for place in drivers {
        if let Place::Driver(driver) = place {
            driver.let_go();
        }
    }
}

/// What the shell's script says when the program has failed.
const FAILED: &str = "parlance-failed";
/// Where it looks for what is to become of the unsent: `kept` or `lost`.
const UNSENT: &str = "data-unsent";

fn tell_the_shell(durability: Durability) {
    let root = web_sys::window()
        .and_then(|window| window.document())
        .and_then(|document| document.document_element());
    let word = match durability {
        Durability::Kept => "kept",
        Durability::LostOnClose => "lost",
    };
    if let Some(root) = root {
        let _ = root.set_attribute(UNSENT, word);
    }
}

struct Driver {
    handle: Handle,
    session: RefCell<Session>,
    /// What happened while an earlier input was being worked off.
    waiting: RefCell<VecDeque<Happening>>,
    draining: Cell<bool>,
    clock: Clock,
    timer: RefCell<Option<Armed>>,
    /// One or two: an old one may still be closing.
    links: RefCell<Vec<(LinkId, Socket)>>,
    storage: Storage,
    /// What the channel to the other pages is called.
    shared_as: String,
    siblings: RefCell<Option<Siblings>>,
    one_link: Option<OneLink>,
    deliver: Box<dyn Fn(Event)>,
    unsent: RefCell<Unsent>,
    guard: RefCell<Guard>,
    listeners: RefCell<Option<Listeners>>,
    failed: RefCell<Option<Listener>>,
}

/// An input whose page state is read when its turn has come.
enum Happening {
    Input(Input),
    Page(PageEvent),
    Wake,
    /// What another tab says of the one link.
    Word(String),
}

/// The one timer.
struct Armed {
    due: Instant,
    _timeout: Timeout,
}

impl Driver {
    fn feed(&self, input: Input) {
        self.enqueue(Happening::Input(input));
    }

    /// Works off one happening, and those that it causes, one after the other.
    fn enqueue(&self, happening: Happening) {
        if STOPPED.get() {
            return;
        }
        self.waiting.borrow_mut().push_back(happening);
        if self.draining.replace(true) {
            return;
        }
        loop {
            let next = self.waiting.borrow_mut().pop_front();
            let Some(happening) = next else { break };
            let woken = matches!(happening, Happening::Wake);
            let now = self.handle(happening);
            self.rearm(now, woken);
        }
        self.draining.set(false);
    }

    fn handle(&self, happening: Happening) -> Instant {
        let judged = self.clock.judge();
        let now = judged.now;
        let page = page::state();
        if judged.gap || (page.visible && self.timer_is_late(now)) {
            // Said first: deadlines that passed in sleep say nothing of the link.
            self.step(now, Input::Page(PageEvent::ClockGap, page));
        }
        match happening {
            Happening::Input(input) => self.step(now, input),
            Happening::Page(event) => {
                let leaves = matches!(event, PageEvent::PageHide | PageEvent::Freeze);
                if !leaves {
                    self.listen_to_siblings(true);
                }
                self.step(now, Input::Page(event, page));
                if leaves {
                    self.listen_to_siblings(false);
                }
            }
            Happening::Wake => self.step(now, Input::Wake(page)),
            Happening::Word(text) => {
                if let Some(mut relay) = self.relay() {
                    relay.hear(now, &text);
                }
            }
        }
        if let Some(mut relay) = self.relay() {
            relay.tick(now, page.visible);
        }
        self.carry_out_deeds();
        now
    }

    fn timer_is_late(&self, now: Instant) -> bool {
        let mut timer = self.timer.borrow_mut();
        let late = timer
            .as_ref()
            .is_some_and(|armed| now.since(armed.due) > LATE_AFTER);
        if late {
            // Said once: a new one is armed before the next input.
            *timer = None;
        }
        late
    }

    /// One input, all outputs. Nothing is borrowed while an output is carried
    /// out, so that whatever it causes can come back in.
    fn step(&self, now: Instant, input: Input) {
        self.session.borrow_mut().handle(now, input);
        loop {
            let output = self.session.borrow_mut().poll();
            match output {
                Some(output) => self.carry_out(output),
                None => break,
            }
        }
    }

    fn carry_out(&self, output: Output) {
        let handle = self.handle;
        match output {
            Output::Open(link, address) => {
                let now = self.clock.now();
                match self.relay() {
                    Some(mut relay) => relay.open(now, link, address),
                    None => self.dial(link, address),
                }
            }
            Output::Transmit(link, wire) => match self.relay() {
                Some(mut relay) => relay.transmit(link, wire),
                None => self.send(link, wire),
            },
            Output::Close(link, code, reason) => match self.relay() {
                Some(mut relay) => relay.close(link, code, reason),
                None => self.shut(link, code, reason),
            },
            Output::Request(id, request) => spawn_local(async move {
                let result = http::request(request).await;
                handle.feed(Input::Http(id, result));
            }),
            Output::Load(uid) => self.storage.load(uid),
            Output::Save(id, write) => self.storage.save(id, write),
            Output::Take(take) => self.storage.take(take),
            Output::Share(text) => {
                if let Some(siblings) = &*self.siblings.borrow() {
                    siblings.say(&text);
                }
            }
            Output::Event(event) => self.tell(event),
        }
    }

    fn dial(&self, link: LinkId, address: String) {
        let handle = self.handle;
        let deliver = Rc::new(move |event| handle.on_link(link, event));
        let socket = Socket::open(address, deliver);
        self.links.borrow_mut().push((link, socket));
    }

    fn send(&self, link: LinkId, wire: Wire) {
        let links = self.links.borrow();
        if let Some((_, socket)) = links.iter().find(|(it, _)| *it == link) {
            socket.send(wire);
        }
    }

    fn shut(&self, link: LinkId, code: u16, reason: &'static str) {
        if let Some(socket) = self.take_link(link) {
            socket.close(code, reason);
        }
    }

    fn take_link(&self, link: LinkId) -> Option<Socket> {
        let mut links = self.links.borrow_mut();
        let place = links.iter().position(|(it, _)| *it == link)?;
        Some(links.swap_remove(place).1)
    }

    fn tell(&self, event: Event) {
        if let Event::Counted(oddity, what) = &event {
            web_sys::console::warn_1(&JsValue::from_str(&format!("{oddity:?}: {what}")));
        } else if let Event::Durability(durability) = &event {
            tell_the_shell(*durability);
        }
        let would_be_lost = {
            let mut unsent = self.unsent.borrow_mut();
            unsent.look(&event);
            unsent.would_be_lost()
        };
        self.guard.borrow_mut().set(would_be_lost);
        (self.deliver)(event);
    }

    /// Gives back to the browser what it would call this driver by.
    fn let_go(&self) {
        if let Ok(links) = self.links.try_borrow() {
            links.iter().for_each(|(_, socket)| socket.cut());
        }
        if let Ok(mut timer) = self.timer.try_borrow_mut() {
            *timer = None;
        }
        if let Ok(mut siblings) = self.siblings.try_borrow_mut() {
            *siblings = None;
        }
        if let Some(one_link) = &self.one_link
            && let Ok(mut channel) = one_link.channel.try_borrow_mut()
        {
            *channel = None;
        }
        if let Ok(mut listeners) = self.listeners.try_borrow_mut() {
            *listeners = None;
        }
        if let Ok(mut guard) = self.guard.try_borrow_mut() {
            guard.set(false);
        }
    }

    /// Puts the one timer where the session wants to be woken.
    fn rearm(&self, now: Instant, woken: bool) {
        let relays = self.relay().and_then(|relay| relay.wake_at());
        let sessions = self.session.borrow().wake_at();
        let deadline = [sessions, relays].into_iter().flatten().min();
        let Some(deadline) = deadline else {
            *self.timer.borrow_mut() = None;
            return;
        };
        if deadline <= now && !woken {
            *self.timer.borrow_mut() = None;
            self.waiting.borrow_mut().push_back(Happening::Wake);
            return;
        }
        let mut wait = deadline.since(now);
        if page::state().visible {
            wait = wait.min(LOOK_EVERY);
        }
        // The timer's number is a signed one of 32 bits, and one that is too
        // large fires at once.
        let millis = u32::try_from(whole_millis(wait))
            .unwrap_or(u32::MAX)
            .clamp(PAST_DEADLINE_MS, i32::MAX.unsigned_abs());
        let handle = self.handle;
        let timeout = Timeout::new(millis, move || {
            if let Some(driver) = handle.driver() {
                driver.enqueue(Happening::Wake);
            }
        });
        *self.timer.borrow_mut() = Some(Armed {
            due: now + Duration::from_millis(u64::from(millis)),
            _timeout: timeout,
        });
    }
}

impl Handle {
    fn on_link(self, link: LinkId, event: LinkEvent) {
        let Some(driver) = self.driver() else { return };
        if let LinkEvent::Closed { .. } = event {
            driver.take_link(link);
        }
        if let Some(mut relay) = driver.relay() {
            relay.on_link(link, &event);
        }
        driver.feed(Input::Link(link, event));
    }
}
