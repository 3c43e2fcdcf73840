//! The message list: a window of its rows, the reader's place in it, the pill
//! back to the newest.
//!
//! Knows no message's inside. How far to scroll is worked out in the core;
//! here it is measured and done.

use std::rc::Rc;

use parlance_core::Command;
use parlance_core::viewport::Place as ReadingPlace;

use self::scroll::Scroll;
use super::conversations::badge;
use super::here::{Here, here, words};
use super::icon::{self, icon};
use crate::dom::{El, Place, el};
use crate::model::Room;

mod keys;
mod observer;
mod rows;
mod scroll;

/// In this element, the message list of a room.
pub fn timeline(element: El, room: Room) -> El {
    // Not a live region, log or not: the announcer speaks.
    let list = el("div.timeline[data-part=timeline][role=log][aria-live=off][tabindex=0]")
        .attr("aria-label", words().timeline())
        .live(move |list| {
            let history = room.history().look();
            list.put_word("aria-busy", history.loading);
            list.put_word("data-oldest-known", history.oldest_known);
        });
    let above = el("div.timeline-pad");
    let container = el("div.timeline-rows");
    let below = el("div.timeline-pad");
    let scroll = Scroll::new(
        room,
        list.node(),
        above.node(),
        container.node(),
        below.node(),
    );
    Scroll::follow(&scroll);
    let (scrolled, walked) = (scroll.clone(), scroll.clone());
    let list = list
        .on("scroll", move |_| scrolled.on_scroll())
        .on("keydown", move |event| keys::on_keydown(&event, &walked))
        .child(el("div.timeline-head").part(move |place| head(room, place)))
        .child(above)
        .child(container)
        .child(below);
    newer(element.child(list), room, scroll)
}

/// What is above the first row.
fn head(room: Room, place: &Place) {
    let words = words();
    let handle = here().handle;
    let history = room.history().get();
    if history.failed {
        let again = el("button.link[type=button]")
            .text(words.again())
            .on("click", move |_| {
                handle.dispatch(Command::LoadOlder(room.id().clone()));
            });
        place.add(
            el("p.timeline-note[data-part=history-failed]")
                .text(words.history_failed())
                .text(" ")
                .child(again),
        );
    } else if history.loading || history.catching_up {
        place.add(
            el("p.timeline-note[data-part=history-loading]")
                .child(el("span.spinner[aria-hidden=true]"))
                .child(el("span.vh").text(words.loading())),
        );
    } else if history.oldest_known {
        let empty = room.rows().look().is_empty();
        let note = if empty {
            words.empty()
        } else {
            words.beginning()
        };
        place.add(el("p.timeline-note[data-part=beginning]").text(note));
    }
}

/// In this element, the pill: there while the reader is further up.
fn newer(element: El, room: Room, scroll: Rc<Scroll>) -> El {
    let Here { language, .. } = here();
    // While further up, the number alone changes: the button keeps the focus.
    element.part(move |place| {
        if room.follows().get() {
            return;
        }
        let number = el("span.newer-count[aria-hidden=true]");
        let (shown, scroll) = (number.clone(), scroll.clone());
        place.add(
            el("button.newer[type=button][data-part=newer]")
                .live(move |button| {
                    let count = room.newer().get();
                    button.put("data-count", count.to_string().as_str());
                    button.put(
                        "aria-label",
                        match count {
                            0 => language.words.newer().to_owned(),
                            count => language.count(language.words.new_messages(), count),
                        }
                        .as_str(),
                    );
                    shown.say(&badge(count));
                })
                .on("click", move |_| scroll.go_to(ReadingPlace::END))
                .child(number)
                .child(icon(icon::DOWN)),
        );
    })
}
