//! The one live region for messages: each addition is read once.
//!
//! Knows not which messages are news: the model does.

use super::here::here;
use super::words::kind_name;
use crate::dom::{El, Entry, el};
use crate::i18n::{Language, fill};
use crate::model::{Announcement, Said};

/// Polite, and out of sight.
pub fn announcer() -> El {
    let model = here().model;
    let language = here().language;
    el("div.vh[data-part=announcer][aria-live=polite][aria-relevant=additions]").list(move || {
        let all = model.announcements().get().into_iter();
        all.map(|announcement| {
            Entry::new(announcement.number.to_string(), move || {
                el("p").text(&say(language, &announcement))
            })
        })
        .collect()
    })
}

fn say(language: Language, announcement: &Announcement) -> String {
    let words = language.words;
    match &announcement.said {
        Said::Many(count) => language.count(words.new_messages(), *count),
        Said::Missing(count) => language.count(words.missing_told(), *count),
        Said::Message { author, kind, text } => {
            let mut sentence = author
                .as_deref()
                .map(|author| fill(words.announced(), author))
                .unwrap_or_default();
            if text.trim().is_empty() {
                sentence.push_str(kind_name(words, kind));
            } else {
                sentence.push_str(text);
            }
            sentence
        }
    }
}
