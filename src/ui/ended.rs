//! What is on show when there is no conversation to show: signed out, or not
//! yet begun. What is wrong with a launch is said before any of this starts.
//!
//! Knows no way back but the one that each end allows.

use parlance_core::Status;

use super::here::{here, words};
use super::icon::{self, icon};
use super::status::reload;
use crate::dom::{El, el};

/// After signing out.
pub fn signed_out() -> El {
    let words = words();
    el("main.page").child(
        el("section.card[data-part=signed-out]")
            .child(el("span.card-mark").child(icon(icon::CHECK)))
            .child(el("h1.card-title[tabindex=-1]").text(words.signed_out_title()))
            .child(el("p.card-text").text(words.signed_out_text()))
            .child(reload(words.join_again())),
    )
}

/// Nothing is here yet, or nothing can be: the banner says which.
pub fn waiting() -> El {
    let model = here().model;
    let busy = move || model.status().get() != Status::Ended;
    el("main.page")
        .live(move |page| page.put_word("aria-busy", busy()))
        .switch(busy, |busy, place| {
            if *busy {
                place.add(el("span.spinner.spinner-large[aria-hidden=true]"));
                place.add(el("span.vh").text(words().status_connecting()));
            }
        })
}
