//! The launch as a browser has it: address bar, tab storage, real addresses.

use parlance::config::{Launched, Problem, browser};
use parlance_core::ids::Uid;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::Window;

use crate::rig::{Shim, js, text};

fn window() -> Window {
    web_sys::window().expect("a window")
}

/// Puts this behind the path of the address bar.
fn visit(address: &str) {
    js(&format!(
        "history.replaceState(null, '', location.pathname + {address:?})"
    ));
}

async fn read() -> Result<Launched, Vec<Problem>> {
    browser::read(&window()).await
}

fn token(launched: &Launched) -> Option<String> {
    let token = launched.launch.token.as_ref();
    token.map(|token| token.reveal().to_owned())
}

fn forget_everything() {
    js("sessionStorage.clear(); localStorage.clear(); delete globalThis.parlanceLaunch");
    visit("");
}

#[wasm_bindgen_test]
async fn a_launch_leaves_no_secret_behind_and_a_reload_keeps_it() {
    forget_everything();
    visit("?theme=dark&token=in%20query#token=in-fragment&room=den#wechat_redirect");
    let first = read().await.expect("a good launch");
    assert_eq!(
        text("return location.search + location.hash"),
        "?theme=dark"
    );
    assert_eq!(token(&first).as_deref(), Some("in-fragment"));
    assert_eq!(first.launch.room.as_deref(), Some("den"));
    assert_eq!(text("return Object.keys(localStorage).join()"), "");

    let again = read().await.expect("the same launch");
    assert_eq!(again.launch, first.launch);
    forget_everything();
}

#[wasm_bindgen_test]
async fn what_the_shell_has_taken_out_of_the_address_counts_once() {
    forget_everything();
    js("globalThis.parlanceLaunch = { query: '?token=t', fragment: '#room=den' }");
    let launched = read().await.expect("a good launch");
    assert_eq!(token(&launched).as_deref(), Some("t"));
    assert_eq!(launched.launch.room.as_deref(), Some("den"));
    assert_eq!(text("return typeof parlanceLaunch"), "undefined");
    forget_everything();
}

#[wasm_bindgen_test]
async fn what_the_shell_keeps_for_a_reload_goes_when_the_page_has_started() {
    forget_everything();
    let left = || text("return sessionStorage.getItem('parlance.taken')");
    js("sessionStorage.setItem('parlance.taken', 'x')");
    visit("?theme=pink");
    assert!(read().await.is_err());
    assert_eq!(left(), "x", "a reload has the same problem");
    visit("");
    assert!(read().await.is_ok());
    assert_eq!(left(), "");
    forget_everything();
}

#[wasm_bindgen_test]
async fn addresses_are_the_browsers_idea_of_an_address() {
    forget_everything();
    for hostile in [
        "ws=java%0Ascript:alert(1)",
        "ws=%20javascript:alert(1)",
        "api=%01data:text/html,x",
        "api=blob:https://a.example/x",
        "upload=https://me:you@a.example/",
        "ws=wss://",
        "api=https://a.example:999999/",
    ] {
        visit(&format!("?{hostile}"));
        let problems = read().await.expect_err(hostile);
        let named = hostile.split('=').next().unwrap_or_default();
        assert_eq!(problems[0].parameter, named, "{hostile}");
    }
    visit("?ws=//a.example/b/../ws%3Fx%3D1%23y&api=/base?x");
    let launch = read().await.expect("good").launch;
    assert_eq!(launch.ws, "ws://a.example/ws?x=1");
    assert!(launch.api.ends_with("/base/"), "{}", launch.api);
    forget_everything();
}

#[wasm_bindgen_test]
async fn a_guest_is_remembered_by_the_device_and_a_credential_by_the_tab() {
    forget_everything();
    let window = window();
    let guest = read().await.expect("a guest");
    assert_eq!(browser::last_known(&window, &guest), None);
    browser::remember(&window, &guest.launch, &Uid::new("g1"));
    js("sessionStorage.clear()");
    let next_day = read().await.expect("a guest");
    assert_eq!(
        browser::last_known(&window, &next_day),
        Some(Uid::new("g1"))
    );

    visit("#token=alice");
    let alice = read().await.expect("alice");
    assert_eq!(
        browser::last_known(&window, &alice),
        None,
        "somebody else's"
    );
    browser::remember(&window, &alice.launch, &Uid::new("a1"));
    let reloaded = read().await.expect("alice");
    assert_eq!(
        browser::last_known(&window, &reloaded),
        Some(Uid::new("a1"))
    );

    browser::forget(&window, &reloaded.launch);
    let after = read().await.expect("a guest again");
    assert_eq!(token(&after), None);
    assert_eq!(browser::last_known(&window, &after), None);
    forget_everything();
}

#[wasm_bindgen_test]
async fn a_tab_that_keeps_nothing_can_be_launched() {
    forget_everything();
    visit("#token=t");
    let nothing = Shim::new(
        "window",
        "sessionStorage",
        "get() { throw new DOMException('no', 'SecurityError') }",
    );
    let launched = read().await;
    drop(nothing);
    assert_eq!(
        token(&launched.expect("a good launch")).as_deref(),
        Some("t")
    );
    assert_eq!(text("return location.hash"), "");
    forget_everything();
}

#[wasm_bindgen_test]
async fn the_file_that_the_shell_hands_over_is_read_if_it_is_one() {
    forget_everything();
    let cases = [
        ("Promise.resolve('{\"room\": \"den\"}')", Some("den")),
        ("Promise.resolve(null)", None),
        ("Promise.reject(new TypeError('Failed to fetch'))", None),
        ("undefined", None),
    ];
    for (file, room) in cases {
        js(&format!("globalThis.parlanceLaunch = {{ file: {file} }}"));
        let launch = read().await.expect(file).launch;
        assert_eq!(launch.room.as_deref(), room, "{file}");
    }
    js("globalThis.parlanceLaunch = { file: Promise.resolve('{\"room\": ') }");
    let problems = read().await;
    assert_eq!(problems.expect_err("cut off")[0].parameter, "parlance.json");
    forget_everything();
}

#[wasm_bindgen_test]
fn a_jump_on_the_page_is_no_launch() {
    assert!(browser::is_launch("#token=t"));
    assert!(browser::is_launch("#room=den#wechat_redirect"));
    for fragment in ["", "#", "#wechat_redirect", "#composer", "#a=b"] {
        assert!(!browser::is_launch(fragment), "{fragment}");
    }
}
