//! The list of conversations: beside the room where there is space, a page of
//! its own on phones.
//!
//! Knows no rows: what it shows of a conversation is one line.

use parlance_core::Command;
use parlance_core::session::{Conversation, LastLine};

use super::avatar::avatar;
use super::here::{Here, here, words};
use super::words::kind_name;
use crate::dom::{self, El, Place, el};
use crate::i18n::{Language, local_day};
use crate::model::{Entry, Model};

/// The list.
pub fn conversations() -> El {
    let model = here().model;
    let words = words();
    let list = el("ul.conversations-list").list(move || {
        let all = model.conversations().get().into_iter();
        all.map(|entry| dom::Entry::new(entry.id.to_string(), move || entry_row(&entry)))
            .collect()
    });
    el("nav.conversations")
        .attr("aria-label", words.conversations())
        .child(el("h1.conversations-title").text(words.conversations()))
        .child(list)
        .part(move |place| {
            if model.conversations().look().is_empty() {
                place.add(el("p.conversations-none").text(words.no_conversations()));
            }
        })
}

fn entry_row(entry: &Entry) -> El {
    let Here { model, handle, .. } = here();
    let (current, id) = (entry.id.clone(), entry.id.clone());
    let conversation = entry.conversation.clone();
    let button = el("button.conversation[type=button]")
        .live(move |button| {
            let is_current = model.current().look().as_ref() == Some(&current);
            button.put("aria-current", is_current.then_some("page"));
        })
        .on("click", move |_| handle.dispatch(Command::Open(id.clone())))
        .part(move |place| summary(&conversation.look(), place));
    el("li[data-part=conversation]")
        .attr("data-conversation", &entry.id.to_string())
        .child(button)
}

fn summary(conversation: &Conversation, place: &Place) {
    let Here {
        model, language, ..
    } = here();
    let last = conversation.last.as_ref();
    place.add(avatar(
        &conversation.id.to_string(),
        &conversation.title,
        conversation.avatar.as_deref(),
    ));
    place.add(el("span.conversation-title[dir=auto]").text(&conversation.title));
    let (when, line) = last.map_or_else(Default::default, |last| {
        (when(language, model, last), line(language, last))
    });
    place.add(el("span.conversation-time").text(&when));
    place.add(el("span.conversation-last[dir=auto]").text(&line));
    let unread = conversation.unread;
    if unread > 0 {
        let label = language.count(language.words.unread(), unread);
        place.add(
            el("span.badge[data-part=unread]")
                .attr("data-count", &unread.to_string())
                .child(el("span[aria-hidden=true]").text(&badge(unread)))
                .child(el("span.vh").text(&label)),
        );
    }
}

/// A number in a few characters; nothing is not worth one.
pub fn badge(count: u64) -> String {
    match count {
        0 => String::new(),
        1..=99 => count.to_string(),
        100.. => "99+".to_owned(),
    }
}

fn line(language: Language, last: &LastLine) -> String {
    let words = language.words;
    let text = if last.text.trim().is_empty() {
        kind_name(words, last.kind)
    } else {
        last.text.as_str()
    };
    let author = if last.mine {
        Some(words.you())
    } else {
        last.author.as_deref()
    };
    match author {
        Some(author) => [author, ": ", text].concat(),
        None => text.to_owned(),
    }
}

/// A time on the newest day there is, a date before it: the device's clock,
/// which may be wrong, has no part in it.
fn when(language: Language, model: Model, last: &LastLine) -> String {
    let Some(at) = last.at else {
        return String::new();
    };
    let all = model.conversations().glance();
    let newest = all.first().and_then(|first| {
        let first = first.conversation.glance();
        first.last.as_ref()?.at
    });
    let same_day = newest.is_none_or(|newest| local_day(newest) == local_day(at));
    if same_day {
        language.time(at)
    } else {
        language.short_day(at)
    }
}
