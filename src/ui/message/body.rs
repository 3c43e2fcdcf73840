//! Which drawing goes with which kind of content.
//!
//! Knows no row: a body looks the same whoever said it.

use parlance_core::content::{Answer, Content, Unknown};

use super::super::here::words;
use super::{card, media, text};
use crate::dom::{El, el};
use crate::i18n::fill;

pub(super) fn body(content: &Content) -> El {
    let words = words();
    match content {
        Content::Text(said) => text::text(said),
        Content::Image(picture) => media::image(picture),
        Content::Video(video) => media::video(video),
        Content::Voice(voice) => media::voice(voice),
        Content::File(file) => media::file(file),
        Content::Product(product) => card::card(product, words.product()),
        Content::Order(order) => card::card(order, words.order()),
        Content::Question(question) => el("div.asked")
            .child(label(words.question()))
            .child(text::text(question)),
        Content::Answer(answer) => answered(answer),
        Content::Like => applause("👍", words.like()),
        Content::Flower => applause("💐", words.flower()),
        Content::Notice(notice) => text::text(notice),
        Content::Unknown(unknown) => fallback(unknown),
    }
}

/// A few words about what stands beside them.
pub(super) fn label(words: &str) -> El {
    el("span.label").text(words)
}

fn answered(answer: &Answer) -> El {
    let words = words();
    let who = answer
        .organisation
        .as_deref()
        .unwrap_or_else(|| words.answer());
    let to = answer.to.as_deref().filter(|to| !to.is_empty());
    let to = to.map(|to| label(&fill(words.answer_to(), to)).attr("dir", "auto"));
    el("div.asked")
        .child_if(to)
        .child(el("blockquote.quote[dir=auto]").text(&answer.question))
        .child(label(who).attr("dir", "auto"))
        .child(text::text(&answer.answer))
}

fn applause(sign: &str, name: &str) -> El {
    el("span.applause[role=img]")
        .attr("aria-label", name)
        .text(sign)
}

/// Never a blank bubble.
fn fallback(unknown: &Unknown) -> El {
    let unsupported = words().unsupported();
    let blank = unknown.fallback.trim().is_empty();
    let said = if blank {
        unsupported
    } else {
        &unknown.fallback
    };
    el("div.fallback")
        .child(text::text(said))
        .child_if((!blank).then(|| label(unsupported)))
}
