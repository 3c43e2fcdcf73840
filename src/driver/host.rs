//! The program that this page may be a part of, by what it can do.
//!
//! Deliberately names no host in its interface: the marks by which some are
//! recognised are data in this file, and only what follows from them leaves it.

use js_sys::{Function, Reflect};
use parlance_core::PageEvent;
use parlance_core::text::find;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Window;

/// What the surroundings can do, and what they draw themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// Another page or program draws the frame around this one.
    pub embedded: bool,
    /// Links to other domains lead nowhere: copy them instead.
    pub foreign_links_blocked: bool,
}

/// Words in the user agent that say: a mini-program's web-view.
const MINI_PROGRAM_MARKS: [&str; 5] = [
    "miniprogram",
    "toutiaomicroapp",
    "swan/",
    "swan-",
    "ascfweb",
];

impl Capabilities {
    /// Looks around.
    pub fn detect(window: &Window) -> Self {
        let mini_program = is_mini_program(
            &window.navigator().user_agent().unwrap_or_default(),
            &text_of(window, "__wxjs_environment"),
        );
        Self {
            embedded: mini_program || is_framed(window),
            foreign_links_blocked: mini_program,
        }
    }
}

/// Whether these two marks say: a mini-program's web-view.
pub fn is_mini_program(user_agent: &str, environment: &str) -> bool {
    let user_agent = user_agent.to_ascii_lowercase();
    environment == "miniprogram"
        || MINI_PROGRAM_MARKS
            .iter()
            .any(|mark| find(&user_agent, mark).is_some())
}

fn is_framed(window: &Window) -> bool {
    match window.top() {
        Ok(Some(top)) => !js_sys::Object::is(&top, window),
        Ok(None) => false,
        // A host that forbids to ask is a host.
        Err(_) => true,
    }
}

fn text_of(window: &Window, name: &str) -> String {
    Reflect::get(window, &name.into())
        .ok()
        .and_then(|value| value.as_string())
        .unwrap_or_default()
}

/// What a host's page-state message says, if it says anything.
pub fn active(message: &JsValue) -> Option<PageEvent> {
    let value = Reflect::get(message, &"active".into()).ok()?;
    PageEvent::of_host(value.as_bool(), value.as_string().as_deref())
}

/// A host bridge's `on`, once the bridge is there. Hosts that have none, or
/// whose bridge throws, are simply not heard of.
pub fn subscribe(window: &Window, name: &str, callback: &Closure<dyn FnMut(JsValue)>) -> bool {
    let Ok(bridge) = Reflect::get(window, &"WeixinJSBridge".into()) else {
        return false;
    };
    let on = Reflect::get(&bridge, &"on".into())
        .ok()
        .and_then(|on| on.dyn_into::<Function>().ok());
    on.is_some_and(|on| {
        on.call2(&bridge, &name.into(), callback.as_ref().unchecked_ref())
            .is_ok()
    })
}

/// What the document says when the bridge has come.
pub const BRIDGE_READY: &str = "WeixinJSBridgeReady";
/// The bridge's message about the page being in front.
pub const PAGE_STATE: &str = "onPageStateChange";
