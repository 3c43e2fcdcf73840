//! The words of a message that was refused, to be changed where they stand.
//!
//! Knows only text: a picture that was refused is deleted or sent again.

use parlance_core::Command;
use parlance_core::content::Content;
use web_sys::HtmlTextAreaElement;

use super::super::composer::fit;
use super::super::here::{Here, here, words};
use crate::dom::{El, el, soon};
use crate::model::live::Live;
use crate::model::{Line, Room};

pub(super) fn edit(room: Room, line: &Live<Line>) -> El {
    let Here { handle, .. } = here();
    let words = words();
    let line = line.glance();
    let key = line.row.key();
    let content = line.item().map(|item| &item.content);
    let question = matches!(content, Some(Content::Question(_)));
    let field = el("textarea.field[rows=1][dir=auto]").attr("aria-label", words.edit());
    let node: HtmlTextAreaElement = field.node();
    node.set_value(content.map_or("", Content::text));
    let (fitted, saved, shown) = (node.clone(), node.clone(), node);
    soon(move || {
        if shown.is_connected() {
            fit(&shown);
            let _ = shown.focus();
        }
    });
    let save = move |event: web_sys::Event| {
        event.prevent_default();
        let said = saved.value();
        if said.trim().is_empty() {
            return;
        }
        let content = if question {
            Content::Question(said)
        } else {
            Content::Text(said)
        };
        room.edit(None);
        handle.dispatch(Command::Edit(room.id().clone(), key, content));
    };
    let cancel = el("button.link[type=button]").text(words.cancel());
    el("form.edit")
        .on("submit", save)
        .child(field.on("input", move |_| fit(&fitted)))
        .child(el("button.button[type=submit]").text(words.save()))
        .child(cancel.on("click", move |_| room.edit(None)))
}
