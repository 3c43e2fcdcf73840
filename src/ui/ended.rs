//! What is on show when there is no conversation to show: signed out, or not
//! yet begun. What is wrong with a launch is said before any of this starts.
//!
//! Knows no way back but the one that each end allows.

use crate::ui::dynamic::dynamic;
use leptos::prelude::*;
use parlance_core::Status;

use super::icon::{self, icon};
use super::status::reload;
use crate::i18n::Language;
use crate::model::Model;

/// After signing out.
#[component]
pub fn SignedOut() -> impl IntoView {
    let words = expect_context::<Language>().words;
    view! {
        <main class="page">
            <section class="card" data-part="signed-out">
                <span class="card-mark">{icon(icon::CHECK)}</span>
                <h1 class="card-title" tabindex="-1">{words.signed_out_title}</h1>
                <p class="card-text">{words.signed_out_text}</p>
                {reload(words.join_again)}
            </section>
        </main>
    }
}

/// Nothing is here yet, or nothing can be: the banner says which.
#[component]
pub fn Waiting() -> impl IntoView {
    let model = expect_context::<Model>();
    let words = expect_context::<Language>().words;
    let busy = move || model.status().get() != Status::Ended;
    let spinner = move || {
        busy().then(|| {
            view! {
                <span class="spinner spinner-large" aria-hidden="true"></span>
                <span class="vh">{words.status_connecting}</span>
            }
            .into_any()
        })
    };
    view! {
        <main class="page" aria-busy=dynamic(move || busy().to_string())>
            {spinner}
        </main>
    }
}
