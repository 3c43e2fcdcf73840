//! Which drawing goes with which kind of content.
//!
//! Knows no row: a body looks the same whoever said it.

use leptos::prelude::*;
use parlance_core::content::{Answer, Content, Unknown};

use super::{card, media, text};
use crate::i18n::Language;

pub(super) fn body(content: &Content) -> AnyView {
    let words = expect_context::<Language>().words;
    match content {
        Content::Text(said) => text::text(said),
        Content::Image(picture) => media::image(picture),
        Content::Video(video) => media::video(video),
        Content::Voice(voice) => media::voice(voice),
        Content::File(file) => media::file(file),
        Content::Product(product) => card::card(product, words.product),
        Content::Order(order) => card::card(order, words.order),
        Content::Question(question) => asked(words.question, question),
        Content::Answer(answer) => answered(answer),
        Content::Like => applause("👍", words.like),
        Content::Flower => applause("💐", words.flower),
        Content::Notice(notice) => text::text(notice),
        Content::Unknown(unknown) => fallback(unknown),
    }
}

fn asked(label: &'static str, question: &str) -> AnyView {
    view! {
        <div class="asked">
            <span class="label">{label}</span>
            {text::text(question)}
        </div>
    }
    .into_any()
}

fn answered(answer: &Answer) -> AnyView {
    let words = expect_context::<Language>().words;
    let who = answer
        .organisation
        .clone()
        .unwrap_or_else(|| words.answer.to_owned());
    view! {
        <div class="asked">
            <blockquote class="quote" dir="auto">{answer.question.clone()}</blockquote>
            <span class="label" dir="auto">{who}</span>
            {text::text(&answer.answer)}
        </div>
    }
    .into_any()
}

fn applause(sign: &'static str, name: &'static str) -> AnyView {
    view! { <span class="applause" role="img" aria-label=name>{sign}</span> }.into_any()
}

/// Never a blank bubble.
fn fallback(unknown: &Unknown) -> AnyView {
    let words = expect_context::<Language>().words;
    let (said, note) = if unknown.fallback.trim().is_empty() {
        (words.unsupported, None)
    } else {
        (unknown.fallback.as_str(), Some(words.unsupported))
    };
    view! {
        <div class="fallback">
            {text::text(said)}
            {note.map(|note| view! { <span class="label">{note}</span> })}
        </div>
    }
    .into_any()
}
