//! Signs of the page's life, and what hosts say of it.

use parlance::driver::host;
use parlance::driver::page::{Guard, Listeners, state};
use parlance_core::{PageEvent, PageState};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::rig::{Heard, Shim, ears, js};

fn listen() -> (Listeners, Heard<PageEvent>) {
    let (deliver, heard) = ears();
    let window = web_sys::window().expect("a window");
    (Listeners::install(&window, deliver), heard)
}

#[wasm_bindgen_test]
fn every_sign_has_its_event() {
    let signs = [
        (
            "document.dispatchEvent(new Event('visibilitychange'))",
            PageEvent::VisibilityChanged,
        ),
        (
            "dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))",
            PageEvent::PageShow { persisted: true },
        ),
        (
            "dispatchEvent(new PageTransitionEvent('pageshow'))",
            PageEvent::PageShow { persisted: false },
        ),
        (
            "dispatchEvent(new PageTransitionEvent('pagehide'))",
            PageEvent::PageHide,
        ),
        (
            "document.dispatchEvent(new Event('freeze'))",
            PageEvent::Freeze,
        ),
        (
            "document.dispatchEvent(new Event('resume'))",
            PageEvent::Resume,
        ),
        ("dispatchEvent(new Event('focus'))", PageEvent::Focus),
        ("dispatchEvent(new Event('online'))", PageEvent::Online),
        ("dispatchEvent(new Event('offline'))", PageEvent::Offline),
    ];
    let (listeners, mut heard) = listen();
    for (script, event) in signs {
        js(script);
        assert_eq!(heard.so_far(), [event], "{script}");
    }
    drop(listeners);
    for (script, _) in signs {
        js(script);
    }
    assert_eq!(heard.so_far(), [], "heard after it was dropped");
}

#[wasm_bindgen_test]
fn a_resume_after_a_pause_is_the_hosts_and_after_a_freeze_the_browsers() {
    let (_listeners, mut heard) = listen();
    let say = |name: &str| js(&format!("document.dispatchEvent(new Event('{name}'))"));
    say("pause");
    say("resume");
    say("pause");
    say("freeze");
    say("resume");
    say("resume");
    assert_eq!(
        heard.so_far(),
        [
            PageEvent::HostActive(false),
            PageEvent::HostActive(true),
            PageEvent::HostActive(false),
            PageEvent::Freeze,
            PageEvent::Resume,
            PageEvent::Resume,
        ]
    );
}

#[wasm_bindgen_test]
fn a_hosts_word_is_read_as_it_is_meant() {
    let cases = [
        ("return { active: true }", Some(true)),
        ("return { active: false }", Some(false)),
        ("return { active: 'true' }", Some(true)),
        ("return { active: 'false' }", Some(false)),
        ("return { active: '0' }", Some(false)),
        ("return { active: 'perhaps' }", None),
        ("return { active: null }", None),
        ("return {}", None),
        ("return undefined", None),
        ("return 'false'", None),
    ];
    for (script, active) in cases {
        let event = active.map(PageEvent::HostActive);
        assert_eq!(host::active(&js(script)), event, "{script}");
    }
}

const BRIDGE: &str = "globalThis.WeixinJSBridge = {
    on(name, callback) { (this.heard ??= []).push([name, callback]); },
    say(message) { for (const [name, callback] of this.heard ?? []) if (name === 'onPageStateChange') callback(message); },
};";

#[wasm_bindgen_test]
fn a_bridge_that_is_there_is_heard_of() {
    js(BRIDGE);
    let (_listeners, mut heard) = listen();
    js("WeixinJSBridge.say({ active: 'false' }); WeixinJSBridge.say({ active: true })");
    js("delete globalThis.WeixinJSBridge");
    assert_eq!(
        heard.so_far(),
        [PageEvent::HostActive(false), PageEvent::HostActive(true)]
    );
}

#[wasm_bindgen_test]
fn a_bridge_that_comes_later_is_heard_of_once() {
    let (_listeners, mut heard) = listen();
    js(BRIDGE);
    for _ in 0..2 {
        js("document.dispatchEvent(new Event('WeixinJSBridgeReady'))");
    }
    js("WeixinJSBridge.say({ active: 'true' })");
    js("delete globalThis.WeixinJSBridge");
    assert_eq!(heard.so_far(), [PageEvent::HostActive(true)]);
}

#[wasm_bindgen_test]
fn a_bridge_that_throws_does_no_harm() {
    js("globalThis.WeixinJSBridge = { on() { throw new Error('not yet') } }");
    let (_listeners, mut heard) = listen();
    js("delete globalThis.WeixinJSBridge");
    assert_eq!(heard.so_far(), []);
}

#[wasm_bindgen_test]
fn the_pages_state_is_read_when_it_is_asked_for() {
    let shown = |visibility: &str, online: bool| {
        let visibility = format!("value: '{visibility}'");
        let online = format!("value: {online}");
        let _visibility = Shim::new("document", "visibilityState", &visibility);
        let _online = Shim::new("navigator", "onLine", &online);
        state()
    };
    assert_eq!(shown("visible", true), PageState::SHOWN);
    assert_eq!(shown("hidden", true), PageState::HIDDEN);
    assert!(!shown("visible", false).online);
}

#[wasm_bindgen_test]
fn leaving_is_questioned_only_while_the_guard_is_raised() {
    let leaving = "const event = new Event('beforeunload', { cancelable: true });
         dispatchEvent(event); return event.defaultPrevented";
    let mut guard = Guard::default();
    let mut asked = |raised| {
        guard.set(raised);
        js(leaving).is_truthy()
    };
    assert!(!asked(false));
    assert!(asked(true));
    assert!(asked(true));
    assert!(!asked(false));
}

#[wasm_bindgen_test]
fn hosts_are_known_by_their_marks() {
    let marks = [
        (
            "Mozilla/5.0 … MicroMessenger/8.0 miniProgram/wx123",
            "",
            true,
        ),
        (
            "Mozilla/5.0 … AliApp(AP/10) MiniProgram APXWebView",
            "",
            true,
        ),
        ("Mozilla/5.0 … MicroMessenger/8.0", "miniprogram", true),
        ("Mozilla/5.0 … MicroMessenger/8.0", "browser", false),
        ("Mozilla/5.0 … Chrome/156", "", false),
    ];
    for (user_agent, environment, mini_program) in marks {
        let found = host::is_mini_program(user_agent, environment);
        assert_eq!(found, mini_program, "{user_agent}");
    }
}
