//! One row: a message with its author, time and delivery, or a gap; above it
//! the day that begins and the line above what is unread.
//!
//! Knows its own row and no other: what its neighbours make of it comes with
//! the row. The content's drawing is in the files below.

use crate::model::live::{Derived, Live};
use crate::ui::dynamic::dynamic;
use leptos::prelude::*;
use parlance_core::Command;
use parlance_core::content::Content;
use parlance_core::frame::Person;
use parlance_core::timeline::{Gap, Item, Row, Side};

use super::avatar::{avatar, tint};
use super::words::kind_name;
use crate::driver::Handle;
use crate::i18n::{Language, machine_time};
use crate::model::{Line, Room, Slot};

mod body;
mod card;
mod delivery;
mod edit;
mod media;
mod text;

/// One row with what is above it: a single element.
pub fn message(room: Room, row: Slot) -> AnyView {
    let line = row.line.here();
    let gap = line.with_untracked(|line| match line.row {
        Row::Gap(gap) => Some(gap),
        Row::Message(_) => None,
    });
    let drawn = if gap.is_some() {
        gap_row(room, line)
    } else {
        message_row(room, line)
    };
    view! {
        <div
            class="line"
            class:head=dynamic(move || line.with(|line| line.head))
            class:tail=dynamic(move || line.with(|line| line.tail))
            data-row=row.key.to_string()
        >
            {dynamic(move || above(room, line))}
            {drawn}
        </div>
    }
    .into_any()
}

/// The day that begins here, and the line above what is unread.
fn above(room: Room, line: Live<Line>) -> Option<AnyView> {
    let language = expect_context::<Language>();
    let (day, unread) = line.with(|line| {
        let at = line.item().and_then(|item| item.at);
        (at.filter(|_| line.starts_day), line.first_unread)
    });
    if day.is_none() && !unread {
        return None;
    }
    let day = day.map(|at| {
        let day = language.day(at, room.newest_at());
        view! { <div class="day" data-part="day"><span>{day}</span></div> }
    });
    let unread = unread.then(|| {
        view! { <div class="unread-line" data-part="unread-line"><span>{language.words.new_line}</span></div> }
    });
    Some(view! { {day}{unread} }.into_any())
}

fn gap_row(room: Room, line: Live<Line>) -> AnyView {
    let language = expect_context::<Language>();
    let handle = expect_context::<Handle>();
    let gap = move || {
        line.with(|line| match line.row {
            Row::Gap(gap) => Some(gap),
            Row::Message(_) => None,
        })
    };
    let missing = |gap: Gap| gap.last.0.saturating_sub(gap.first.0) + 1;
    let text = move || gap().map(|gap| language.count(&language.words.gap, missing(gap)));
    let loading = move || gap().is_some_and(|gap| gap.loading);
    let load = move |_| {
        if let Some(gap) = gap() {
            handle.dispatch(Command::LoadGap(room.id(), gap.key));
        }
    };
    view! {
        <div class="gap" data-part="gap" aria-busy=dynamic(move || loading().to_string())>
            <span>{text}</span>
            <button class="link" type="button" disabled=loading on:click=load>{language.words.gap_load}</button>
        </div>
    }
    .into_any()
}

fn message_row(room: Room, line: Live<Line>) -> AnyView {
    let words = expect_context::<Language>().words;
    // Side, key and author are a row's for life.
    let (key, side, author) = line.with_untracked(|line| {
        let item = line.item();
        (
            line.row.key(),
            item.map_or(Side::System, |item| item.side),
            item.and_then(|item| item.author.clone()),
        )
    });
    let side_word = match side {
        Side::Mine => "mine",
        Side::Theirs => "theirs",
        Side::System => "system",
    };
    // The body is built anew only when the words change: a delivery mark must
    // not restart a video.
    let content = Derived::new(move || {
        line.with(|line| {
            line.item().map_or_else(
                || Content::Notice(String::new()),
                |item| item.content.clone(),
            )
        })
    });
    let kind = move || content.with(Content::kind);
    let edited = move || room.editing().get() == Some(key);
    let body = move || {
        if edited() {
            edit::edit(room, key, content.get_untracked())
        } else {
            content.with(body::body)
        }
    };
    view! {
        <article
            class="message"
            tabindex="-1"
            data-part="message"
            data-key=key.to_string()
            data-id=dynamic(move || of(line, |item| item.id.as_ref().map(|id| id.as_str().to_owned())))
            data-side=side_word
            data-kind=kind
            data-delivery=dynamic(move || of(line, |item| item.delivery.as_ref().map(parlance_core::timeline::Delivery::word)))
        >
            {(side == Side::Theirs).then(|| theirs(author.as_ref()))}
            <div class="bubble">
                {(side == Side::Theirs).then(|| name(author.as_ref()))}
                {(side == Side::Mine).then(|| view! { <span class="vh">{words.you}</span> })}
                <span class="vh">{dynamic(move || spoken_kind(kind()))}</span>
                {body}
                <span class="meta">
                    {dynamic(move || time(line))}
                    {(side == Side::Mine).then(|| delivery::mark(line))}
                </span>
            </div>
            {(side == Side::Mine).then(|| delivery::trouble(room, line))}
        </article>
    }
    .into_any()
}

fn of<T>(line: Live<Line>, ask: fn(&Item) -> Option<T>) -> Option<T> {
    line.with(|line| line.item().and_then(ask))
}

fn theirs(author: Option<&Person>) -> AnyView {
    match author {
        Some(author) => avatar(author.uid.as_str(), &author.name, author.avatar.as_deref()),
        None => avatar("", "", None),
    }
}

/// In every row of another person, also where it is not drawn: whoever reads
/// one row alone must know whose it is.
fn name(author: Option<&Person>) -> AnyView {
    let name = author.map(|author| author.name.clone()).unwrap_or_default();
    let class = format!(
        "name ink-{}",
        author.map_or(0, |author| tint(author.uid.as_str()))
    );
    view! { <span class=class data-part="name" dir="auto">{name}</span> }.into_any()
}

/// A kind without words of its own is named to those who cannot see it.
fn spoken_kind(kind: &'static str) -> Option<&'static str> {
    match kind {
        "text" | "notice" | "unknown" => None,
        _ => Some(kind_name(expect_context::<Language>().words, kind)),
    }
}

fn time(line: Live<Line>) -> Option<AnyView> {
    let language = expect_context::<Language>();
    let at = of(line, |item| item.at)?;
    Some(
        view! {
            <time data-part="time" datetime=machine_time(at) title=language.full(at)>{language.time(at)}</time>
        }
        .into_any(),
    )
}
