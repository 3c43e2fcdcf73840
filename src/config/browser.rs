//! Where the parameters are in a browser: address bar, file, and what this
//! tab keeps.
//!
//! Secrets leave the address bar before anything is asked of any server. The
//! file is the shell's to ask for: it may say which program to start. Does not
//! judge the parameters.

use js_sys::{Promise, Reflect};
use parlance_core::ids::Uid;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Storage, Url, Window};

use super::parameters::without_secrets;
use super::{Address, Kept, Launch, Launched, Page, Parameters, Problem, Resolver, Sources};
use crate::driver::host;

/// What this tab keeps of its launch.
const KEPT: &str = "parlance.launch";
/// Who the server said I am, by my cookie: a hint, and no secret.
const GUEST: &str = "parlance.guest";
/// Where the shell's script puts what it has taken out of the address bar, and
/// a promise of the file's text.
const TAKEN: &str = "parlanceLaunch";
/// Where it keeps the same until the page has started.
const UNTIL_STARTED: &str = "parlance.taken";

/// Reads everything, clears the address bar, and keeps what a reload needs.
pub async fn read(window: &Window) -> Result<Launched, Vec<Problem>> {
    // Before the first await, and so before the first request.
    let (mut sources, file) = take_address(window);
    sources.kept = kept(window);
    if let Some(file) = file {
        sources.file = read_file(file).await.map_err(|problem| vec![problem])?;
    }
    let page = page(window)?;
    let launched = super::launch(&sources, &page, &Browser)?;
    keep(window, &launched.kept);
    if let Some(storage) = session(window) {
        // Only now: a launch with a problem is to have it after a reload too.
        let _ = storage.remove_item(UNTIL_STARTED);
    }
    Ok(launched)
}

/// Whom to show before the server answers.
pub fn last_known(window: &Window, launched: &Launched) -> Option<Uid> {
    let uid = if is_guest(&launched.launch) {
        let kept = local(window)?.get_item(&guest_key(&launched.launch));
        kept.ok().flatten()
    } else {
        launched.kept.me().map(str::to_owned)
    };
    uid.map(Uid::new)
}

/// The server has said who I am.
pub fn remember(window: &Window, launch: &Launch, uid: &Uid) {
    if is_guest(launch) {
        if let Some(storage) = local(window) {
            // A full or forbidden storage costs only the hint.
            let _ = storage.set_item(&guest_key(launch), uid.as_str());
        }
    } else if let Some(kept) = kept(window) {
        keep(window, &kept.with_me(uid.as_str()));
    }
}

/// Signed out: nothing of who I was stays.
pub fn forget(window: &Window, launch: &Launch) {
    if let Some(storage) = session(window) {
        let _ = storage.remove_item(KEPT);
    }
    if let Some(storage) = local(window) {
        let _ = storage.remove_item(&guest_key(launch));
    }
}

/// Whether a change of the fragment is another launch, and not a jump on the page.
pub fn is_launch(fragment: &str) -> bool {
    !Parameters::from_fragment(fragment).is_empty()
}

/// What this tab is told apart by: a guest's cookie serves all tabs, a
/// credential from the launch only the tab that it was given to.
fn is_guest(launch: &Launch) -> bool {
    launch.token.is_none()
}

fn guest_key(launch: &Launch) -> String {
    format!("{GUEST} {}", launch.server())
}

fn take_address(window: &Window) -> (Sources, Option<Promise>) {
    let location = window.location();
    let query = location.search().unwrap_or_default();
    let path = location.pathname().unwrap_or_default();
    let address = format!("{path}{}", without_secrets(&query));
    let taken = |name: &str| {
        Reflect::get(window, &TAKEN.into())
            .and_then(|taken| Reflect::get(&taken, &name.into()))
            .unwrap_or_default()
    };
    let file = taken("file").dyn_into().ok();
    let fragment = taken("fragment").as_string();
    let sources = Sources {
        query: Parameters::from_query(&taken("query").as_string().unwrap_or(query)),
        fragment: Parameters::from_fragment(
            &fragment.unwrap_or_else(|| location.hash().unwrap_or_default()),
        ),
        address: address.clone(),
        ..Sources::default()
    };
    // Once: what was in it is in this tab's keeping from here on.
    let _ = Reflect::delete_property(window, &TAKEN.into());
    if let Ok(history) = window.history() {
        // The shell has done this already; a page with another shell has not.
        // A sandbox that forbids it has no address bar to speak of.
        let state = history.state().unwrap_or(JsValue::NULL);
        let origin = location.origin().unwrap_or_default();
        let _ = history.replace_state_with_url(&state, "", Some(&format!("{origin}{address}")));
    }
    (sources, file)
}

fn page(window: &Window) -> Result<Page, Vec<Problem>> {
    let address = window
        .location()
        .href()
        .ok()
        .and_then(|href| Browser.resolve(&href));
    let embedded = host::Capabilities::detect(window).embedded;
    match address {
        Some(address) => Ok(Page { address, embedded }),
        // No page runs without an address.
        None => Err(Vec::new()),
    }
}

/// Anything but text: there is no file.
async fn read_file(file: Promise) -> Result<Parameters, Problem> {
    match JsFuture::from(file)
        .await
        .ok()
        .and_then(|it| it.as_string())
    {
        Some(text) => Parameters::from_file(&text),
        None => Ok(Parameters::default()),
    }
}

/// The browser's own idea of an address.
struct Browser;

impl Resolver for Browser {
    fn resolve(&self, text: &str) -> Option<Address> {
        let url = Url::new_with_base(text, &base()).ok()?;
        Some(Address {
            scheme: url.protocol().trim_end_matches(':').to_owned(),
            host: url.host(),
            rest: format!("{}{}", url.pathname(), url.search()),
            has_credentials: !(url.username().is_empty() && url.password().is_empty()),
        })
    }
}

fn base() -> String {
    web_sys::window()
        .and_then(|window| window.document())
        .and_then(|document| document.base_uri().ok().flatten())
        .unwrap_or_default()
}

fn kept(window: &Window) -> Option<Kept> {
    let text = session(window)?.get_item(KEPT).ok().flatten()?;
    Kept::from_text(&text)
}

fn keep(window: &Window, kept: &Kept) {
    if let Some(storage) = session(window) {
        // Without it a reload asks again who I am.
        let _ = storage.set_item(KEPT, &kept.to_text());
    }
}

/// Reading the property itself throws where the browser keeps nothing.
fn session(window: &Window) -> Option<Storage> {
    window.session_storage().ok().flatten()
}

fn local(window: &Window) -> Option<Storage> {
    window.local_storage().ok().flatten()
}
