//! Who I am here, whether the device keeps what is unsent, and the way out.
//!
//! One for the page: the style sheet puts it below the list or into the
//! room's header, so that the way out is never behind a menu.

use parlance_core::Command;
use parlance_core::session::Durability;

use super::avatar::avatar;
use super::here::{Here, here, words};
use super::icon::{self, icon};
use crate::dom::{El, el};

/// The account.
pub fn account() -> El {
    let Here { model, handle, .. } = here();
    let words = words();
    let leave = el("button.tool[type=button][data-part=signout]")
        .attr("aria-label", words.sign_out())
        .attr("title", words.sign_out())
        .child(icon(icon::LEAVE))
        .on("click", move |_| handle.dispatch(Command::SignOut));
    el("section.account[data-part=account]")
        .attr("aria-label", words.account())
        .part(move |place| {
            if let Some(me) = &*model.me().look() {
                place.add(avatar(me.uid.as_str(), &me.name, me.avatar.as_deref()));
                place.add(el("span.account-name[dir=auto]").text(&me.name));
            }
        })
        .child(leave)
}

/// In this element, that what is unsent would be lost, while that is so.
pub fn not_kept(element: El) -> El {
    let model = here().model;
    element.part(move |place| {
        if *model.durability().look() == Durability::LostOnClose {
            let words = words();
            place.add(
                el("p.not-kept[data-part=durability]")
                    .attr("title", words.not_kept_why())
                    .text(words.not_kept())
                    .child(el("span.vh").text(" ").text(words.not_kept_why())),
            );
        }
    })
}
