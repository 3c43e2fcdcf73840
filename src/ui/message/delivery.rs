//! How far a message of mine has got: a small mark with words for those who
//! cannot see it, and where somebody has to decide, what can be decided.
//!
//! Knows not how a message gets further.

use crate::model::live::{Derived, Live};
use leptos::prelude::*;
use parlance_core::Command;
use parlance_core::content::Content;
use parlance_core::timeline::{Delivery, Queued};

use super::super::icon::{self, icon};
use super::super::words::delivery_name;
use super::of;
use crate::driver::Handle;
use crate::i18n::Language;
use crate::model::{Line, Room};

/// The mark behind the time.
pub(super) fn mark(line: Live<Line>) -> AnyView {
    let delivery = Derived::new(move || of(line, |item| item.delivery.clone()));
    let draw = move || {
        let words = expect_context::<Language>().words;
        let delivery = delivery.get()?;
        let path = match delivery {
            Delivery::Queued(_) => icon::CLOCK,
            Delivery::Sending => icon::DOTS,
            Delivery::Sent | Delivery::Unconfirmed => icon::CHECK,
            Delivery::Read => icon::CHECKS,
            Delivery::Unknown => icon::QUESTION,
            Delivery::Failed(_) => icon::ALERT,
        };
        let name = delivery_name(words, &delivery);
        let spoken = name.clone();
        Some(view! {
            <span class="mark" data-mark=delivery.word() title=name>
                {icon(path)}<span class="vh">{spoken}</span>
            </span>
        })
    };
    (move || draw()).into_any()
}

/// What is below the bubble while somebody has to decide, or wait.
pub(super) fn trouble(room: Room, line: Live<Line>) -> AnyView {
    let delivery = Derived::new(move || of(line, |item| item.delivery.clone()));
    (move || {
        delivery
            .get()
            .and_then(|delivery| decide(room, line, &delivery))
    })
    .into_any()
}

fn decide(room: Room, line: Live<Line>, delivery: &Delivery) -> Option<AnyView> {
    let words = expect_context::<Language>().words;
    let handle = expect_context::<Handle>();
    let key = line.with_untracked(|line| line.row.key());
    let is_text = line.with_untracked(|line| {
        line.item()
            .is_some_and(|item| matches!(item.content, Content::Text(_) | Content::Question(_)))
    });
    // The words for trying again, and the hook of that button.
    let (again, editable) = match delivery {
        Delivery::Sending | Delivery::Sent | Delivery::Unconfirmed | Delivery::Read => return None,
        Delivery::Queued(Queued::Turn) => return None,
        Delivery::Queued(Queued::MessageAbove) => (None, false),
        Delivery::Queued(Queued::Consent) => (Some(("consent", words.send_now)), false),
        Delivery::Unknown => (Some(("retry", words.retry)), false),
        Delivery::Failed(_) => (Some(("retry", words.retry)), is_text),
    };
    let reason = delivery_name(words, delivery);
    let why = matches!(delivery, Delivery::Unknown).then_some(words.unknown_why);
    let again = again.map(|(part, label)| {
        let retry = move |_| handle.dispatch(Command::Retry(room.id(), key));
        view! { <button class="link" type="button" data-part=part on:click=retry>{label}</button> }
    });
    let decides = again.is_some();
    let edit = editable.then(|| {
        let edit = move |_| room.edit(Some(key));
        view! { <button class="link" type="button" data-part="edit" on:click=edit>{words.edit}</button> }
    });
    let delete = decides.then(|| {
        let delete = move |_| handle.dispatch(Command::Delete(room.id(), key));
        view! { <button class="link" type="button" data-part="delete" on:click=delete>{words.delete}</button> }
    });
    Some(
        view! {
            <div class="trouble" data-trouble=delivery.word()>
                <span class="trouble-why">{reason}{why.map(|why| view! { <small>{why}</small> })}</span>
                {again}{edit}{delete}
            </div>
        }
        .into_any(),
    )
}
