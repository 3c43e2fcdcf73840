//! The connection banner: there only while the core has something to say.
//!
//! Knows no timer of the connection; the second hand of its countdown turns
//! only while a countdown is on show.

use std::cell::RefCell;
use std::rc::Rc;

use crate::ui::dynamic::dynamic;
use gloo_timers::callback::Interval;
use leptos::prelude::*;
use parlance_core::close::EndReason;
use parlance_core::frame::Refusal;
use parlance_core::session::Banner;
use parlance_core::time::Instant;
use parlance_core::{Command, Status};

use super::words::end_name;
use crate::driver::Handle;
use crate::i18n::Language;
use crate::model::Model;

/// The banner. The region around it stays, so that what comes into it is read.
#[component]
pub fn StatusBanner() -> impl IntoView {
    let model = expect_context::<Model>();
    view! {
        <div class="status-place" role="status">
            {dynamic(move || model.banner().get().map(banner))}
        </div>
    }
}

fn banner(banner: Banner) -> AnyView {
    let language = expect_context::<Language>();
    let words = language.words;
    let said = match (banner.status, &banner.end) {
        (Status::Ended, Some(end)) => end_name(words, end),
        (Status::Ended, None) => words.ended_signed_out.to_owned(),
        (Status::Waiting, _) => words.status_waiting.to_owned(),
        (Status::Offline, _) => words.status_offline.to_owned(),
        (Status::Suspended, _) => words.status_suspended.to_owned(),
        (Status::Idle | Status::Connecting | Status::Online, _) => {
            words.status_connecting.to_owned()
        }
    };
    view! {
        <div class="status" data-part="status" data-status=banner.status.word()>
            <span class="status-light" aria-hidden="true"></span>
            <span class="status-text">{said}{banner.retry_at.map(countdown)}</span>
            {act(&banner)}
        </div>
    }
    .into_any()
}

/// What helps, as a button.
fn act(banner: &Banner) -> Option<AnyView> {
    let words = expect_context::<Language>().words;
    let handle = expect_context::<Handle>();
    let label = match (banner.status, &banner.end) {
        (Status::Idle | Status::Connecting | Status::Online, _) => return None,
        (Status::Waiting | Status::Offline | Status::Suspended, _) => words.status_now,
        (Status::Ended, Some(EndReason::Incompatible)) => return Some(reload(words.reload)),
        (
            Status::Ended,
            Some(
                EndReason::SignedOut | EndReason::Refused(Refusal::SignedOut | Refusal::NoIdentity),
            ),
        ) => {
            return Some(reload(words.join_again));
        }
        (Status::Ended, Some(EndReason::Refused(Refusal::BadToken | Refusal::Banned))) => {
            return None;
        }
        (Status::Ended, Some(EndReason::Refused(Refusal::TakenOver))) => words.use_here,
        (Status::Ended, Some(EndReason::GaveUp | EndReason::Refused(Refusal::Other(_))) | None) => {
            words.again
        }
    };
    let now = move |_| handle.dispatch(Command::Now);
    Some(view! { <button class="status-act" type="button" data-part="now" on:click=now>{label}</button> }.into_any())
}

/// A button that begins anew.
pub fn reload(label: &'static str) -> AnyView {
    let reload = |_| {
        // Nothing can be done about a host that refuses it.
        let _ = window().location().reload();
    };
    view! { <button class="button" type="button" on:click=reload>{label}</button> }.into_any()
}

/// The seconds until the next attempt, drawn for the eye alone: read aloud
/// each second it would be torment.
fn countdown(due: Instant) -> AnyView {
    let language = expect_context::<Language>();
    let handle = expect_context::<Handle>();
    let place = NodeRef::<leptos::html::Span>::new();
    let draw = move || {
        let left = due.since(handle.now()).as_millis().div_ceil(1000);
        if let Some(place) = place.get_untracked() {
            let text = language.count(&language.words.status_retry_in, left as u64);
            place.set_text_content((left > 0).then_some(text.as_str()));
        }
    };
    let tick = Rc::new(RefCell::new(None));
    Effect::new({
        let tick = tick.clone();
        move |_| {
            place.track();
            draw();
            *tick.borrow_mut() = Some(Interval::new(1000, draw));
        }
    });
    let tick = StoredValue::new_local(tick);
    on_cleanup(move || {
        tick.try_update_value(|tick| tick.borrow_mut().take());
    });
    view! { <span class="status-count" aria-hidden="true" node_ref=place></span> }.into_any()
}
