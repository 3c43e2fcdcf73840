//! Putting the page together: launch, model, driver, components.
//!
//! Holds nothing of its own. What is wrong with the launch, or with the
//! program, is said by [`notice`], which needs none of the rest.

use parlance_core::{Event, Setup};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::{SecurityPolicyViolationEvent, Window};

use self::pace::Pace;
use crate::config::{Launch, Launched, Problem, Should, browser};
use crate::dialects::{dialect, one_link};
use crate::driver::{self, Parts, clock::Clock, random};
use crate::model::Model;
use crate::ui;

pub mod notice;
mod pace;

/// Starts the page. Returns at once; the rest follows the parameters' file.
pub fn mount() {
    if cfg!(debug_assertions) {
        // The page in dist/ has no words for it; the shell sees that it failed.
        std::panic::set_hook(Box::new(|panic| {
            web_sys::console::error_1(&JsValue::from_str(&panic.to_string()));
        }));
    }
    let Some(window) = web_sys::window() else {
        return;
    };
    watch_fragment(&window);
    spawn_local(async move {
        match browser::read(&window).await {
            Ok(launched) => run(&window, launched),
            Err(problems) => notice::problems(&problems),
        }
    });
}

fn run(window: &Window, launched: Launched) {
    let Some(dialect) = dialect(&launched.launch, offset_minutes()) else {
        let word = launched.launch.dialect.word();
        notice::problems(&[Problem {
            parameter: "dialect".to_owned(),
            should: Should::BeBuilt(word),
        }]);
        return;
    };
    let backend = dialect.capabilities().clone();
    let one_link = one_link(&launched.launch, dialect.as_ref());
    let setup = Setup {
        dialect,
        target: launched.launch.target(),
        last_known: browser::last_known(window, &launched),
        seed: random::seed(),
    };
    // As long as the page.
    let launch: &'static Launch = Box::leak(Box::new(launched.launch));
    watch_policy(window, launch);
    let Some(parent) = notice::clear_the_page() else {
        return;
    };
    let window = window.clone();
    ui::mount(&parent, launch, backend, move |model| {
        driver::start(
            setup,
            Parts {
                clock: Clock::browser(),
                storage: format!("parlance {}", launch.server()),
                one_link,
                deliver: deliver(window, launch, model),
            },
        )
    })
    .forget();
}

/// Everything goes to the model; who I am is kept on its way there.
fn deliver(window: Window, launch: &'static Launch, model: Model) -> Box<dyn Fn(Event)> {
    let pace = Pace::new(window.clone(), model);
    Box::new(move |event| {
        if let Event::Me(person) = &event {
            browser::remember(&window, launch, &person.uid);
        } else if let Event::SignedOut = &event {
            browser::forget(&window, launch);
        }
        pace.show(event);
    })
}

/// How far the device's clock is from UTC, eastward.
fn offset_minutes() -> i32 {
    -(js_sys::Date::new_0().get_timezone_offset() as i32)
}

/// A host that changes the fragment launches the page anew; some reload it,
/// some do not.
fn watch_fragment(window: &Window) {
    let location = window.location();
    let relaunch = Closure::<dyn FnMut()>::new(move || {
        if browser::is_launch(&location.hash().unwrap_or_default()) {
            let _ = location.reload();
        }
    });
    let function = relaunch.as_ref().unchecked_ref();
    if window
        .add_event_listener_with_callback("hashchange", function)
        .is_ok()
    {
        // As long as the page.
        relaunch.forget();
    }
}

/// An address that the page's policy blocks fails like a dead network, for
/// ever. The browser says which it was, so the page can.
fn watch_policy(window: &Window, launch: &'static Launch) {
    let told = Closure::<dyn FnMut(SecurityPolicyViolationEvent)>::new(
        move |violation: SecurityPolicyViolationEvent| {
            if let Some(problem) = blocked(launch, &violation) {
                driver::stop();
                notice::problems(&[problem]);
            }
        },
    );
    let Some(document) = window.document() else {
        return;
    };
    let function = told.as_ref().unchecked_ref();
    if document
        .add_event_listener_with_callback("securitypolicyviolation", function)
        .is_ok()
    {
        told.forget();
    }
}

fn blocked(launch: &Launch, violation: &SecurityPolicyViolationEvent) -> Option<Problem> {
    let enforced =
        violation.disposition() == web_sys::SecurityPolicyViolationEventDisposition::Enforce;
    if !enforced || violation.effective_directive() != "connect-src" {
        return None;
    }
    let at = origin(&violation.blocked_uri())?;
    let watched = [
        ("ws", Some(&launch.ws)),
        ("api", Some(&launch.api)),
        ("upload", launch.upload.as_ref()),
    ];
    watched
        .into_iter()
        .find(|(_, address)| address.and_then(|it| origin(it)).as_ref() == Some(&at))
        .map(|(parameter, _)| Problem {
            parameter: parameter.to_owned(),
            should: Should::BeAllowed(at.clone()),
        })
}

fn origin(address: &str) -> Option<String> {
    web_sys::Url::new(address).ok().map(|url| url.origin())
}
