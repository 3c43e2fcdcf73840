//! A dialog over the page, and how what it shows is copied.
//!
//! The browser's own dialog: it keeps the focus inside and goes with Escape.
//! Knows not what is in it.

use wasm_bindgen::JsCast as _;
use web_sys::{HtmlDialogElement, HtmlDocument, HtmlElement, Node};

use super::here::{here, words};
use super::icon::{self, icon};
use super::{link, story};
use crate::dom::{El, document, el, on_cleanup, soon};

/// Where the dialogs are, one at a time.
pub fn sheets() -> El {
    let model = here().model;
    el("div.story-place").part(move |place| {
        if model.story_shown().get() {
            place.add(story::story());
        } else if let Some(href) = &*model.link().look() {
            place.add_if(link::question(href));
        }
    })
}

/// This dialog with a title and the way out of it. What had the focus has it
/// again afterwards.
pub fn sheet(dialog: El, title: &str) -> El {
    let model = here().model;
    let before = document().active_element();
    on_cleanup(move || {
        // The page takes the focus when the dialog is gone.
        soon(move || {
            let before = before.map(|before| before.unchecked_into::<HtmlElement>());
            let _ = before.map(|before| before.focus());
        });
    });
    let close = el("button.tool[type=button]")
        .attr("aria-label", words().close())
        .on("click", move |_| model.close_sheet())
        .child(icon(icon::CLOSE));
    let head = el("header.story-head")
        .child(el("h2.people-title[id=sheet-title]").text(title))
        .child(close);
    let shown = dialog.node::<HtmlDialogElement>();
    soon(move || {
        // A browser without dialogs shows it where it stands.
        if shown.is_connected() && shown.show_modal().is_err() {
            shown.set_open(true);
        }
    });
    dialog
        .attr("aria-labelledby", "sheet-title")
        .on("close", move |_| model.close_sheet())
        .child(head)
}

/// Marks what is on show and copies it as it stands. Where the page may not do
/// that, it is marked at least.
pub fn copy(shown: &El) -> bool {
    let selection = web_sys::window().and_then(|window| window.get_selection().ok()?);
    selection.is_some_and(|selection| {
        selection.select_all_children(&shown.node::<Node>()).is_ok()
            && document()
                .unchecked_into::<HtmlDocument>()
                .exec_command("copy")
                .unwrap_or_default()
    })
}
