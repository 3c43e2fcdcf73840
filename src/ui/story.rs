//! The story of the connection: what happened to it in the last hour, in plain
//! words, for the person and for whoever helps them.
//!
//! Knows kinds, numbers and times, which is all that the session keeps of it:
//! what is handed on holds no message, no name and no credential.

use parlance_core::session::What;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::Clipboard;

use super::here::{Here, here, words};
use super::sheet::{copy, sheet};
use crate::dom::{El, el};
use crate::i18n::{Language, fill, machine_time};

/// The button that shows it.
pub fn story_opener() -> El {
    let model = here().model;
    el("button.story-open[type=button][data-part=story-open]")
        .text(words().story_open())
        .on("click", move |_| model.show_story())
}

/// The story, as it is now.
pub fn story() -> El {
    let Here {
        handle,
        language,
        launch,
        ..
    } = here();
    let words = language.words;
    let notes = handle.story();
    let mut list = el("ol.story-list[tabindex=0]").attr("aria-label", words.story_title());
    // What happened last is what somebody looks for.
    for (at, what, number) in notes.iter().rev() {
        let time = el("time.story-time")
            .attr("datetime", &machine_time(*at))
            .text(&language.exact_time(*at));
        let said = said(language, *what, *number);
        list = list.child(
            el("li.story-note")
                .attr("data-what", tone(*what))
                .child(time)
                .child(el("span").text(&said)),
        );
    }
    if notes.is_empty() {
        list = list.child(el("li.story-note").text(words.story_none()));
    }
    let told = list.clone();
    let copy = el("button.button[type=button][data-part=story-copy]").text(words.story_copy());
    let button = copy.clone();
    let copy = copy.on("click", move |_| {
        let about = [launch.dialect.word(), " ", &user_agent(), "\n"].concat();
        let lines = notes.iter().map(|(at, what, number)| {
            let said = said(language, *what, *number);
            [&machine_time(*at), " ", &said, "\n"].concat()
        });
        hand_on(&[about].into_iter().chain(lines).collect::<String>(), &told);
        button.say(words.story_copied());
    });
    sheet(el("dialog.story[data-part=story]"), words.story_title())
        .child(list)
        .child(el("p.story-hint").text(words.story_hint()))
        .child(copy)
}

fn said(language: Language, what: What, number: u64) -> String {
    let words = language.words;
    let sentence = words.story_kinds()[what as usize];
    if what == What::Online && number > 0 {
        return fill(words.story_online_after(), &number.to_string());
    }
    fill(sentence, &number.to_string())
}

/// How it looks: trouble, its end, or neither.
fn tone(what: What) -> &'static str {
    match what {
        What::Online | What::Missed => "good",
        What::Closed
        | What::Silent
        | What::Unproved
        | What::Overdue
        | What::Unreachable
        | What::Lost
        | What::Storage
        | What::Restored
        | What::Ended => "bad",
        What::Began
        | What::Goodbye
        | What::Left
        | What::Back
        | What::Hidden
        | What::Shown
        | What::Slept
        | What::Offline
        | What::Network
        | What::OnTheirWay
        | What::Moved => "plain",
    }
}

fn user_agent() -> String {
    let window = web_sys::window();
    let agent = window.and_then(|window| window.navigator().user_agent().ok());
    agent.unwrap_or_default()
}

/// To where the person can paste it from. Without that, what is on show is
/// marked and copied as it stands, which old web-views can.
fn hand_on(text: &str, shown: &El) {
    let Some(window) = web_sys::window() else {
        return;
    };
    let clipboard = js_sys::Reflect::get(&window.navigator(), &JsValue::from_str("clipboard"));
    if let Ok(clipboard) = clipboard
        && clipboard.is_object()
    {
        let _ = clipboard.unchecked_into::<Clipboard>().write_text(text);
    } else {
        copy(shown);
    }
}
