//! The form that asks who is here.
//!
//! Knows not what a name is good for, nor who refuses one.

use parlance_core::Command;
use web_sys::HtmlInputElement;

use super::here::{Here, here, words};
use super::icon::{self, icon};
use crate::dom::{El, el, follow, soon};
use crate::model::Identity;

/// Asks for a name, once.
pub fn join() -> El {
    let Here { model, handle, .. } = here();
    let words = words();
    let busy = move || *model.identity().look() == Identity::Joining;
    // Longer names are the server's to refuse; the limit keeps a slip short.
    let name = el(concat!(
        "input.field[id=join-name][name=name][type=text][autocomplete=nickname][enterkeyhint=go]",
        "[maxlength=64][dir=auto][aria-describedby=join-refused]"
    ))
    .attr("placeholder", words.join_name())
    .live(move |name| {
        let refused = matches!(*model.identity().look(), Identity::Needed(Some(_)));
        name.put_word("aria-invalid", refused);
        name.put("readonly", busy().then_some(""));
    });
    let field: HtmlInputElement = name.node();
    let submit = {
        let field = field.clone();
        move |event: web_sys::Event| {
            event.prevent_default();
            let said = field.value();
            if said.trim().is_empty() || *model.identity().glance() == Identity::Joining {
                let _ = field.focus();
                return;
            }
            model.joining();
            handle.dispatch(Command::Join(said.trim().to_owned()));
        }
    };
    follow(move || {
        // Back in the field after a refusal, too.
        if !busy() {
            let field = field.clone();
            soon(move || {
                let _ = field.focus();
            });
        }
    });
    let refused = el("p.card-error[id=join-refused][role=alert]").live(move |place| {
        let identity = model.identity().look();
        place.say(match &*identity {
            Identity::Needed(refused) => refused.as_deref().unwrap_or_default(),
            Identity::Known | Identity::Joining | Identity::SignedOut => "",
        });
    });
    let go = el("button.button.button-wide[type=submit]").live(move |button| {
        let busy = busy();
        button.put_word("aria-disabled", busy);
        button.say(if busy {
            words.join_busy()
        } else {
            words.join_go()
        });
    });
    let form = el("form.card[data-part=join]")
        .live(move |form| form.put_word("aria-busy", busy()))
        .on("submit", submit)
        .child(el("span.card-mark").child(icon(icon::CHAT)))
        .child(el("h1.card-title").text(words.join_title()))
        .child(el("label.card-text[for=join-name]").text(words.join_hint()))
        .child(name)
        .child(refused)
        .child(go);
    el("main.page").child(form)
}
