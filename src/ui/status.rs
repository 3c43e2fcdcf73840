//! The connection banner: there only while the core has something to say. And
//! in the same place the notice that the history has changed, until it is read.
//!
//! Knows no timer of the connection; the second hand of its countdown turns
//! only while a countdown is on show.

use gloo_timers::callback::Interval;
use parlance_core::close::EndReason;
use parlance_core::frame::Refusal;
use parlance_core::session::Banner;
use parlance_core::time::{Instant, whole_millis};
use parlance_core::{Command, Status};

use super::here::{Here, here, words};
use super::story::story_opener;
use super::words::end_name;
use crate::dom::{El, el, keep};

/// The banner. The region around it stays, so that what comes into it is read.
pub fn status_banner() -> El {
    let model = here().model;
    el("div.status-place[role=status]").part(move |place| {
        if let Some(shown) = &*model.banner().look() {
            place.add(banner(shown));
        }
        if model.restored().get() {
            place.add(restored());
        }
    })
}

/// What others said in the lost part is gone without a row of its own.
fn restored() -> El {
    let words = words();
    let model = here().model;
    el("div.status[data-part=restored]")
        .child(el("span.status-light[aria-hidden=true]"))
        .child(el("span.status-text").text(words.restored()))
        .child(
            el("button.status-act[type=button]")
                .text(words.close())
                .on("click", move |_| model.knows_restored()),
        )
}

fn banner(banner: &Banner) -> El {
    let words = words();
    let said = match (banner.status, &banner.end) {
        (Status::Ended, Some(end)) => end_name(words, end),
        (Status::Ended, None) => words.ended_signed_out().to_owned(),
        (Status::Waiting, _) => words.status_waiting().to_owned(),
        (Status::Offline, _) => words.status_offline().to_owned(),
        (Status::Suspended, _) => words.status_suspended().to_owned(),
        (Status::Idle | Status::Connecting | Status::Online, _) => {
            words.status_connecting().to_owned()
        }
    };
    let text = el("span.status-text")
        .text(&said)
        .child_if(banner.retry_at.map(countdown));
    el("div.status[data-part=status]")
        .attr("data-status", banner.status.word())
        .child(el("span.status-light[aria-hidden=true]"))
        .child(text)
        .child_if(act(banner))
        // Behind what helps: the first button of a banner is that.
        .child(story_opener())
}

/// What helps, as a button.
fn act(banner: &Banner) -> Option<El> {
    let words = words();
    let handle = here().handle;
    let label = match (banner.status, &banner.end) {
        (Status::Idle | Status::Connecting | Status::Online, _) => return None,
        (Status::Waiting | Status::Offline | Status::Suspended, _) => words.status_now(),
        (Status::Ended, Some(EndReason::Incompatible)) => return Some(reload(words.reload())),
        (
            Status::Ended,
            Some(
                EndReason::SignedOut | EndReason::Refused(Refusal::SignedOut | Refusal::NoIdentity),
            ),
        ) => {
            return Some(reload(words.join_again()));
        }
        (Status::Ended, Some(EndReason::Refused(Refusal::BadToken | Refusal::Banned))) => {
            return None;
        }
        (Status::Ended, Some(EndReason::Refused(Refusal::TakenOver))) => words.use_here(),
        (Status::Ended, Some(EndReason::GaveUp | EndReason::Refused(Refusal::Other(_))) | None) => {
            words.again()
        }
    };
    Some(
        el("button.status-act[type=button][data-part=now]")
            .text(label)
            .on("click", move |_| handle.dispatch(Command::Now)),
    )
}

/// A button that begins anew.
pub fn reload(label: &str) -> El {
    el("button.button[type=button]")
        .text(label)
        .on("click", |_| {
            if let Some(window) = web_sys::window() {
                // Nothing can be done about a host that refuses it.
                let _ = window.location().reload();
            }
        })
}

/// The seconds until the next attempt, drawn for the eye alone: read aloud
/// each second it would be torment.
fn countdown(due: Instant) -> El {
    let Here {
        handle, language, ..
    } = here();
    let place = el("span.status-count[aria-hidden=true]");
    let shown = place.clone();
    let draw = move || {
        let left = whole_millis(due.since(handle.now())).div_ceil(1000);
        if left > 0 {
            shown.say(&language.count(language.words.status_retry_in(), left));
        } else {
            shown.say("");
        }
    };
    draw();
    keep(Interval::new(1000, draw));
    place
}
