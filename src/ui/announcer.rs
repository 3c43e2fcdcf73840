//! The one live region for messages: each addition is read once.
//!
//! Knows not which messages are news: the model does.

use leptos::prelude::*;

use super::list::{Entry, list};
use super::words::kind_name;
use crate::i18n::{Language, fill};
use crate::model::{Announcement, Model, Said};

/// Polite, and out of sight.
#[component]
pub fn Announcer() -> impl IntoView {
    let model = expect_context::<Model>();
    let language = expect_context::<Language>();
    let announcements = move || {
        let all = model.announcements().get().into_iter();
        all.map(|announcement| {
            Entry::new(announcement.number.to_string(), move || {
                view! { <p>{say(language, announcement)}</p> }.into_any()
            })
        })
        .collect()
    };
    view! {
        <div class="vh" data-part="announcer" aria-live="polite" aria-relevant="additions">
            {list(Box::new(announcements))}
        </div>
    }
}

fn say(language: Language, announcement: Announcement) -> String {
    let words = language.words;
    match announcement.said {
        Said::Many(count) => language.count(&words.new_messages, count),
        Said::Message { author, kind, text } => {
            let mut sentence = author
                .map(|author| fill(words.announced, &author))
                .unwrap_or_default();
            if text.trim().is_empty() {
                sentence.push_str(kind_name(words, kind));
            } else {
                sentence.push_str(&text);
            }
            sentence
        }
    }
}
