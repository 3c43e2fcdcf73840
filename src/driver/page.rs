//! The page's own life: every sign of it becomes a [`PageEvent`], and its
//! state is read when it is asked for.
//!
//! Remembers neither visibility nor being online: a remembered state goes
//! stale after a freeze. Does not know what any of it means for a link.

use std::cell::Cell;
use std::rc::Rc;

use parlance_core::{PageEvent, PageState};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{
    BeforeUnloadEvent, Event, EventTarget, PageTransitionEvent, VisibilityState, Window,
};

use super::host;

/// What the page is like at this very moment.
pub fn state() -> PageState {
    let Some(window) = web_sys::window() else {
        return PageState::HIDDEN;
    };
    PageState {
        visible: window
            .document()
            .is_none_or(|document| document.visibility_state() == VisibilityState::Visible),
        online: window.navigator().on_line(),
    }
}

/// Hears of the page's life as long as it is kept.
pub struct Listeners {
    _heard: Vec<Listener>,
    _bridge: Rc<Bridge>,
    _bridge_ready: Option<Listener>,
}

impl Listeners {
    /// Begins to listen.
    pub fn install(window: &Window, deliver: Rc<dyn Fn(PageEvent)>) -> Self {
        let mut heard = Vec::new();
        let mut hear = |target: &EventTarget, name, event: PageEvent| {
            let deliver = deliver.clone();
            heard.push(Listener::new(target, name, move |_| deliver(event)));
        };
        hear(window, "pagehide", PageEvent::PageHide);
        hear(window, "focus", PageEvent::Focus);
        hear(window, "online", PageEvent::Online);
        hear(window, "offline", PageEvent::Offline);
        let document = window.document();
        if let Some(document) = &document {
            hear(document, "visibilitychange", PageEvent::VisibilityChanged);
        }
        {
            let deliver = deliver.clone();
            heard.push(Listener::new(window, "pageshow", move |event| {
                let persisted = event
                    .dyn_ref::<PageTransitionEvent>()
                    .is_some_and(PageTransitionEvent::persisted);
                deliver(PageEvent::PageShow { persisted });
            }));
        }
        if let Some(document) = &document {
            heard.extend(suspension(document, &deliver));
        }

        let bridge = Rc::new(Bridge::new(deliver));
        let bridge_ready = (!bridge.connect(window))
            .then(|| {
                let (bridge, window) = (bridge.clone(), window.clone());
                document.map(|document| {
                    Listener::new(&document, host::BRIDGE_READY, move |_| {
                        bridge.connect(&window);
                    })
                })
            })
            .flatten();
        Self {
            _heard: heard,
            _bridge: bridge,
            _bridge_ready: bridge_ready,
        }
    }
}

/// Two worlds say `resume` on the document: the browser after `freeze`, and
/// some hosts after `pause`. Only the first kills sockets, so a `resume` counts
/// as the host's when a `pause` and no `freeze` went before it.
fn suspension(document: &EventTarget, deliver: &Rc<dyn Fn(PageEvent)>) -> Vec<Listener> {
    let frozen = Rc::new(Cell::new(false));
    let paused = Rc::new(Cell::new(false));
    let on_freeze = {
        let (deliver, frozen) = (deliver.clone(), frozen.clone());
        Listener::new(document, "freeze", move |_| {
            frozen.set(true);
            deliver(PageEvent::Freeze);
        })
    };
    let on_pause = {
        let (deliver, paused) = (deliver.clone(), paused.clone());
        Listener::new(document, "pause", move |_| {
            paused.set(true);
            deliver(PageEvent::HostActive(false));
        })
    };
    let on_resume = {
        let deliver = deliver.clone();
        Listener::new(document, "resume", move |_| {
            let by_host = paused.replace(false) & !frozen.replace(false);
            deliver(if by_host {
                PageEvent::HostActive(true)
            } else {
                PageEvent::Resume
            });
        })
    };
    vec![on_freeze, on_pause, on_resume]
}

/// A mini-program's word about the page being in front.
struct Bridge {
    callback: Closure<dyn FnMut(JsValue)>,
    connected: Cell<bool>,
}

impl Bridge {
    fn new(deliver: Rc<dyn Fn(PageEvent)>) -> Self {
        let callback = Closure::new(move |message: JsValue| {
            if let Some(event) = host::active(&message) {
                deliver(event);
            }
        });
        Self {
            callback,
            connected: Cell::new(false),
        }
    }

    /// Whether the bridge was there. Some hosts announce it more than once.
    fn connect(&self, window: &Window) -> bool {
        if !self.connected.get() {
            let connected = host::subscribe(window, host::PAGE_STATE, &self.callback);
            self.connected.set(connected);
        }
        self.connected.get()
    }
}

/// Asks before the page is closed, while it is raised. It is taken off when
/// it is lowered, because its mere presence keeps some browsers from caching
/// the page.
#[derive(Default)]
pub struct Guard {
    raised: Option<Listener>,
}

impl Guard {
    /// Raises or lowers it.
    pub fn set(&mut self, raised: bool) {
        if raised == self.raised.is_some() {
            return;
        }
        self.raised = raised
            .then(web_sys::window)
            .flatten()
            .map(|window| Listener::new(&window, "beforeunload", |event| ask(&event)));
    }
}

fn ask(event: &Event) {
    event.prevent_default();
    // What older browsers look at instead.
    if let Some(event) = event.dyn_ref::<BeforeUnloadEvent>() {
        event.set_return_value("unsent");
    }
}

/// One event listener, taken off when it is dropped.
pub struct Listener {
    target: EventTarget,
    name: &'static str,
    callback: Closure<dyn FnMut(Event)>,
}

impl Listener {
    /// Listens from now on.
    pub fn new(
        target: &EventTarget,
        name: &'static str,
        callback: impl FnMut(Event) + 'static,
    ) -> Self {
        let callback = Closure::<dyn FnMut(Event)>::new(callback);
        // Fails only where there are no events at all.
        let _ = target.add_event_listener_with_callback(name, callback.as_ref().unchecked_ref());
        Self {
            target: target.clone(),
            name,
            callback,
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self
            .target
            .remove_event_listener_with_callback(self.name, self.callback.as_ref().unchecked_ref());
    }
}
