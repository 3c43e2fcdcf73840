//! The pump with the real session in it, against a scripted server.

use std::cell::Cell;
use std::rc::Rc;

use parlance::driver::clock::{Clock, Reading};
use parlance::driver::{self, Handle, Parts};
use parlance_core::content::Content;
use parlance_core::dialect::native::{Native, NativeConfig};
use parlance_core::ids::ConversationId;
use parlance_core::session::Durability;
use parlance_core::timeline::{Change, Delivery, Row};
use parlance_core::{Command, Event, Setup, Status, Target};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::rig::{Heard, Shim, ears, js, turn};
use crate::scripted::Scripted;

thread_local! {
    /// How long the machine has slept: the wall clock alone goes on.
    static SLEPT: Cell<f64> = const { Cell::new(0.0) };
}

struct Site {
    handle: Handle,
    heard: Heard<Event>,
    server: Scripted,
    _fetch: Shim,
}

impl Site {
    fn open(name: &str, server: Scripted) -> Self {
        let (deliver, heard) = ears();
        Self::with(name, server, heard, move |event, _| deliver(event))
    }

    fn with(
        name: &str,
        server: Scripted,
        heard: Heard<Event>,
        deliver: impl Fn(Event, Option<Handle>) + 'static,
    ) -> Self {
        js("globalThis.granted = async () => new Response(
                JSON.stringify({ ticket: 't1', user: { uid: 'u1', name: 'Ada' } }))");
        let fetch = Shim::new("window", "fetch", "value: () => granted()");
        let setup = Setup {
            dialect: Box::new(Native::new(NativeConfig {
                link: "ws://chat.example/ws".to_owned(),
                api: "http://chat.example/".to_owned(),
                token: None,
            })),
            target: Target::Room("lobby".to_owned()),
            last_known: None,
            seed: 1,
        };
        let place = Rc::new(Cell::new(None));
        let known = place.clone();
        let parts = Parts {
            clock: Clock::reading_from(|| Reading {
                monotonic: js_sys::Date::now(),
                wall: js_sys::Date::now() + SLEPT.get(),
            }),
            storage: format!("driver {name}"),
            one_link: name.strip_prefix("one ").map(|_| name.to_owned()),
            deliver: Box::new(move |event| deliver(event, known.get())),
        };
        let handle = driver::start(setup, parts);
        place.set(Some(handle));
        Self {
            handle,
            heard,
            server,
            _fetch: fetch,
        }
    }

    async fn online(&mut self) {
        self.heard
            .until(|event| *event == Event::Status(Status::Online))
            .await;
    }

    async fn delivery(&mut self, due: &Delivery) {
        self.heard
            .until(|event| match event {
                Event::Timeline(_, changes) => changes.iter().any(|change| has(change, due)),
                _ => false,
            })
            .await;
    }

    /// How often this was done to a socket.
    fn count(&self, what: &str) -> usize {
        self.server.done().matches(what).count()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.handle.retire();
    }
}

fn has(change: &Change, due: &Delivery) -> bool {
    match change {
        Change::Insert(_, Row::Message(item), _) | Change::Update(_, Row::Message(item)) => {
            item.delivery.as_ref() == Some(due)
        }
        _ => false,
    }
}

fn lobby() -> ConversationId {
    ConversationId::room("lobby")
}

fn words(text: &str) -> Content {
    Content::Text(text.to_owned())
}

#[wasm_bindgen_test]
async fn a_stay_begins_with_a_dial_and_a_hello() {
    let mut site = Site::open("begins", Scripted::with_server(""));
    site.online().await;
    let done = site.server.done();
    let mut steps = done.split("; ");
    assert_eq!(steps.next(), Some("dial ws://chat.example/ws"));
    let hello = steps.next().unwrap_or_default();
    assert!(hello.contains(r#""t":"hello""#), "{hello}");
    assert!(hello.contains(r#""ticket":"t1""#), "{hello}");
}

#[wasm_bindgen_test]
async fn what_is_said_is_acknowledged() {
    let mut site = Site::open("said", Scripted::with_server(""));
    site.online().await;
    site.handle.say(lobby(), words("hello"));
    site.delivery(&Delivery::Sent).await;
    assert_eq!(site.count(r#""t":"send""#), 1);
}

#[wasm_bindgen_test]
async fn what_an_event_causes_waits_for_its_turn() {
    let (deliver, heard) = ears();
    let server = Scripted::with_server("");
    let mut site = Site::with("reentrant", server, heard, move |event, handle| {
        // From within the drain, as an effect of a component might.
        if let Some(handle) = handle {
            handle.dispatch(Command::Typing(lobby()));
            let _ = handle.now();
        }
        deliver(event);
    });
    site.online().await;
}

#[wasm_bindgen_test]
async fn a_sleep_costs_a_question_and_no_link() {
    let mut site = Site::open("slept", Scripted::with_server(""));
    site.online().await;
    turn().await;
    SLEPT.set(SLEPT.get() + 600_000.0);
    let before = site.handle.now();
    js("dispatchEvent(new Event('focus'))");
    turn().await;
    assert_eq!(site.count(r#""t":"ping""#), 1, "asked at once");
    turn().await;
    assert!(site.handle.now() >= before);
    assert_eq!((site.count("close"), site.count("dial")), (0, 1));
}

#[wasm_bindgen_test]
async fn a_page_out_of_the_cache_replaces_its_link_at_once() {
    let mut site = Site::open("cached", Scripted::with_server(""));
    site.online().await;
    js("dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))");
    site.heard
        .until(|event| *event == Event::Status(Status::Suspended))
        .await;
    turn().await;
    assert_eq!(site.count("close"), 1);
    js("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))");
    site.online().await;
    assert_eq!(site.count("dial"), 2);
}

#[wasm_bindgen_test]
async fn leaving_is_questioned_while_what_is_unsent_is_kept_nowhere() {
    let _broken = Shim::new("window", "indexedDB", "value: null");
    let mut site = Site::open("nowhere", Scripted::with_server("send"));
    site.heard
        .until(|event| *event == Event::Durability(Durability::LostOnClose))
        .await;
    let questioned = || {
        js(
            "const event = new Event('beforeunload', { cancelable: true });
            dispatchEvent(event); return event.defaultPrevented",
        )
        .is_truthy()
    };
    let told = js("return document.documentElement.getAttribute('data-unsent')");
    assert_eq!(told, "lost", "the shell was told");
    assert!(!questioned());
    site.handle.say(lobby(), words("only here"));
    site.delivery(&Delivery::Sending).await;
    assert!(questioned());
    site.handle.retire();
    assert!(!questioned());
}

#[wasm_bindgen_test]
async fn tabs_of_a_backend_that_bears_one_link_share_it_and_the_last_one_keeps_it() {
    let mut first = Site::open("one link", Scripted::with_server(""));
    first.online().await;
    let (deliver, heard) = ears();
    let server = Scripted;
    let mut second = Site::with("one link", server, heard, move |event, _| deliver(event));
    second.online().await;
    assert_eq!(first.count("dial "), 1, "{}", first.server.done());
    second.handle.say(lobby(), words("through the other"));
    second.delivery(&Delivery::Sent).await;
    assert_eq!(first.count("dial "), 1);
    // The holder dies, and says nothing to anybody.
    first.handle.retire();
    second.online().await;
    assert_eq!(first.count("dial "), 2);
    second.handle.say(lobby(), words("by itself"));
    second.delivery(&Delivery::Sent).await;
}
