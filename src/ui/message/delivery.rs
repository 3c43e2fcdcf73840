//! How far a message of mine has got: a small mark with words for those who
//! cannot see it, and where somebody has to decide, what can be decided.
//!
//! Knows not how a message gets further.

use std::rc::Rc;

use parlance_core::Command;
use parlance_core::content::Content;
use parlance_core::timeline::{Delivery, Queued};

use super::super::here::{Here, here, words};
use super::super::icon::{self, icon};
use super::super::words::delivery_name;
use super::of;
use crate::dom::{El, el};
use crate::model::live::Live;
use crate::model::{Line, Room};

/// In this element, the mark behind the time.
pub(super) fn mark(element: El, line: &Rc<Live<Line>>) -> El {
    element.switch(of(line, |item| item.delivery.clone()), |delivery, place| {
        if let Some(delivery) = delivery {
            place.add(draw_mark(delivery));
        }
    })
}

fn draw_mark(delivery: &Delivery) -> El {
    let path = match delivery {
        Delivery::Queued(_) => icon::CLOCK,
        Delivery::Sending => icon::DOTS,
        // No check: nothing has confirmed it.
        Delivery::Unconfirmed => icon::HANDED,
        Delivery::Sent => icon::CHECK,
        Delivery::Read => icon::CHECKS,
        Delivery::Unknown => icon::QUESTION,
        Delivery::Failed(_) | Delivery::Missing(_) => icon::ALERT,
    };
    let name = delivery_name(words(), delivery);
    el("span.mark")
        .attr("data-mark", delivery.word())
        .attr("title", &name)
        .child(icon(path))
        .child(el("span.vh").text(&name))
}

/// In this element, what is below the bubble while somebody has to decide, or
/// wait.
pub(super) fn trouble(element: El, room: Room, line: &Rc<Live<Line>>) -> El {
    let drawn = line.clone();
    element.switch(
        of(line, |item| item.delivery.clone()),
        move |delivery, place| {
            let delivery = delivery.as_ref();
            place.add_if(delivery.and_then(|delivery| decide(room, &drawn, delivery)));
        },
    )
}

fn decide(room: Room, line: &Live<Line>, delivery: &Delivery) -> Option<El> {
    let Here { handle, .. } = here();
    let words = words();
    let line = line.glance();
    let key = line.row.key();
    let is_text = line
        .item()
        .is_some_and(|item| matches!(item.content, Content::Text(_) | Content::Question(_)));
    // The words for trying again, and the hook of that button.
    let (again, editable) = match delivery {
        Delivery::Sending | Delivery::Sent | Delivery::Unconfirmed | Delivery::Read => return None,
        Delivery::Queued(Queued::Turn) => return None,
        Delivery::Queued(Queued::MessageAbove) => (None, false),
        Delivery::Queued(Queued::Consent) => (Some(("consent", words.send_now())), false),
        Delivery::Unknown | Delivery::Missing(_) => (Some(("retry", words.retry())), false),
        Delivery::Failed(_) => (Some(("retry", words.retry())), is_text),
    };
    let mut why = el("span.trouble-why").text(&delivery_name(words, delivery));
    if matches!(delivery, Delivery::Unknown) {
        why = why.child(el("small").text(words.unknown_why()));
    }
    let mut trouble = el("div.trouble")
        .attr("data-trouble", delivery.word())
        .child(why);
    let button = |part, label| {
        el("button.link[type=button]")
            .attr("data-part", part)
            .text(label)
    };
    if let Some((part, label)) = again {
        trouble = trouble.child(button(part, label).on("click", move |_| {
            handle.dispatch(Command::Retry(room.id().clone(), key));
        }));
    }
    if editable {
        let edit = button("edit", words.edit());
        trouble = trouble.child(edit.on("click", move |_| room.edit(Some(key))));
    }
    if again.is_some() {
        trouble = trouble.child(button("delete", words.delete()).on("click", move |_| {
            handle.dispatch(Command::Delete(room.id().clone(), key));
        }));
    }
    Some(trouble)
}
