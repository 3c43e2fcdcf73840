//! The message list: a window of its rows, the reader's place in it, the pill
//! back to the newest.
//!
//! Knows no message's inside. How far to scroll is worked out in the core;
//! here it is measured and done.

use crate::ui::dynamic::dynamic;
use leptos::prelude::*;
use parlance_core::Command;
use parlance_core::viewport::Place;

use self::scroll::Scroll;
use super::icon::{self, icon};
use crate::driver::Handle;
use crate::i18n::Language;
use crate::model::Room;

mod keys;
mod observer;
mod rows;
mod scroll;

/// The message list of a room.
#[component]
pub fn Timeline(
    /// Whose.
    room: Room,
) -> impl IntoView {
    let words = expect_context::<Language>().words;
    let scroll = Scroll::new(room);
    scroll.follow();
    let oldest_known = move || room.history().get().oldest_known.to_string();
    let busy = move || room.history().get().loading.to_string();
    view! {
        // Not a live region, log or not: the announcer speaks.
        <div
            class="timeline"
            data-part="timeline"
            role="log"
            aria-live="off"
            aria-label=words.timeline
            aria-busy=busy
            data-oldest-known=oldest_known
            tabindex="0"
            node_ref=scroll.scroller
            on:scroll=move |_| scroll.on_scroll()
            on:keydown=move |event| keys::on_keydown(&event, scroll)
        >
            <div class="timeline-head">{dynamic(move || head(room))}</div>
            <div class="timeline-pad" node_ref=scroll.above></div>
            <div class="timeline-rows" node_ref=scroll.container></div>
            <div class="timeline-pad" node_ref=scroll.below></div>
        </div>
        <Newer room=room scroll=scroll/>
    }
}

/// What is above the first row.
fn head(room: Room) -> AnyView {
    let words = expect_context::<Language>().words;
    let handle = expect_context::<Handle>();
    let history = room.history().get();
    if history.failed {
        let again = move |_| handle.dispatch(Command::LoadOlder(room.id()));
        return view! {
            <p class="timeline-note" data-part="history-failed">
                {words.history_failed}" "
                <button class="link" type="button" on:click=again>{words.again}</button>
            </p>
        }
        .into_any();
    }
    if history.loading || history.catching_up {
        return view! {
            <p class="timeline-note" data-part="history-loading">
                <span class="spinner" aria-hidden="true"></span>
                <span class="vh">{words.loading}</span>
            </p>
        }
        .into_any();
    }
    if !history.oldest_known {
        return ().into_any();
    }
    let empty = room.rows().with(Vec::is_empty);
    let note = if empty { words.empty } else { words.beginning };
    view! { <p class="timeline-note" data-part="beginning">{note}</p> }.into_any()
}

/// The pill: there while the reader is further up.
#[component]
fn Newer(
    /// Whose.
    room: Room,
    /// What it moves.
    scroll: Scroll,
) -> impl IntoView {
    let language = expect_context::<Language>();
    let count = move || room.newer().get();
    let label = move || match count() {
        0 => language.words.newer.to_owned(),
        count => language.count(&language.words.new_messages, count),
    };
    let number = move || match count() {
        0 => String::new(),
        count @ 1..=99 => count.to_string(),
        100.. => "99+".to_owned(),
    };
    // While further up, the number alone changes: the button keeps the focus.
    move || {
        let away = !room.follows().get();
        away.then(|| {
            view! {
                <button
                    class="newer"
                    type="button"
                    data-part="newer"
                    data-count=dynamic(move || count().to_string())
                    aria-label=label
                    on:click=move |_| scroll.go_to(Place::END)
                >
                    <span class="newer-count" aria-hidden="true">{number}</span>
                    {icon(icon::DOWN)}
                </button>
            }
            .into_any()
        })
    }
}
