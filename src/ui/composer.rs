//! Where one writes. What is typed is sent byte for byte; what is not sent is
//! kept.
//!
//! The text lives in the field, not in a signal: writing into a field while an
//! input method composes in it breaks the composition. Knows no connection.

use std::time::Duration;

use crate::model::live::Live;
use leptos::ev::{CompositionEvent, KeyboardEvent, SubmitEvent};
use leptos::html::{Span, Textarea};
use leptos::prelude::*;
use parlance_core::Command;
use parlance_core::content::Content;
use parlance_core::time::Instant;
use web_sys::HtmlTextAreaElement;

use self::keys::{Key, Keys};
use super::icon::{self, icon};
use crate::driver::Handle;
use crate::i18n::Language;
use crate::model::{Model, Room};

pub mod keys;

/// "Typing" is said at most this often.
const TYPING_EVERY: Duration = Duration::from_secs(3);
/// Unfinished text is kept at most this often while one writes, and when one
/// stops: on leaving the field, the conversation or the page.
const DRAFT_EVERY: Duration = Duration::from_millis(800);
/// The hint about the length shows when less than this part is left.
const NEARLY_FULL: usize = 10;

/// The composer of a room.
#[component]
pub fn Composer(
    /// Where it says it.
    room: Room,
) -> impl IntoView {
    let words = expect_context::<Language>().words;
    let desk = Desk {
        room,
        handle: expect_context::<Handle>(),
        model: expect_context::<Model>(),
        language: expect_context::<Language>(),
        field: NodeRef::new(),
        hint: NodeRef::new(),
        keys: Live::new(Keys::default()),
        typing_at: Live::new(None),
        draft_at: Live::new(None),
    };
    desk.follow();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        desk.send();
    };
    // A button that took the focus would close the phone's keyboard.
    let keep_focus = |event: leptos::ev::PointerEvent| event.prevent_default();
    let keep_focus_mouse = |event: leptos::ev::MouseEvent| event.prevent_default();
    let started = move |_: CompositionEvent| desk.keys.update_value(Keys::on_start);
    let ended = move |event: CompositionEvent| {
        desk.keys
            .update_value(|keys| keys.on_end(event.time_stamp()));
    };
    let note = move || {
        room.given_back().get().map(|_| {
            view! { <p class="composer-note" role="alert">{words.outbox_full}</p> }.into_any()
        })
    };
    view! {
        <form class="composer" on:submit=submit>
            {note}
            <textarea
                id="composer"
                class="composer-field"
                data-part="composer"
                rows="1"
                dir="auto"
                autocomplete="off"
                enterkeyhint="send"
                aria-label=words.composer
                aria-describedby="composer-hint"
                placeholder=words.composer
                node_ref=desk.field
                on:keydown=move |event| desk.on_key(&event)
                on:compositionstart=started
                on:compositionend=ended
                on:input=move |_| desk.on_input()
                on:blur=move |_| desk.keep()
            ></textarea>
            <button
                class="composer-send"
                type="submit"
                data-part="send"
                aria-label=words.send
                on:pointerdown=keep_focus
                on:mousedown=keep_focus_mouse
            >
                {icon(icon::SEND)}
            </button>
            <span id="composer-hint" class="composer-hint" node_ref=desk.hint></span>
        </form>
    }
}

/// As high as its text; the style sheet says how high that may be.
pub fn fit(field: &HtmlTextAreaElement) {
    let style = web_sys::HtmlElement::style(field);
    // An engine that refuses leaves a field of one line that scrolls.
    let _ = style.set_property("height", "auto");
    let borders = field.offset_height() - field.client_height();
    let height = field.scroll_height() + borders;
    let _ = style.set_property("height", &format!("{height}px"));
}

/// The composer's parts and its short memory.
#[derive(Clone, Copy)]
struct Desk {
    room: Room,
    handle: Handle,
    model: Model,
    language: Language,
    field: NodeRef<Textarea>,
    hint: NodeRef<Span>,
    keys: Live<Keys>,
    typing_at: Live<Option<Instant>>,
    draft_at: Live<Option<Instant>>,
}

impl Desk {
    /// Takes texts that come from outside, and keeps what is left behind.
    fn follow(self) {
        let room = self.room;
        Effect::new(move |_| {
            let draft = room.draft().get();
            if let Some(field) = self.field.get()
                && field.value().is_empty()
                && !draft.is_empty()
            {
                field.set_value(&draft);
                self.on_change(&field);
            }
        });
        Effect::new(move |_| {
            if let (Some(text), Some(field)) = (room.given_back().get(), self.field.get()) {
                let written = field.value();
                if written.is_empty() {
                    field.set_value(&text);
                } else if written != text {
                    field.set_value(&[&text, "\n", &written].concat());
                }
                self.on_change(&field);
            }
        });
        Effect::new(move |_| {
            // Where a keyboard would not come up over the conversation.
            if let Some(field) = self.field.get()
                && window()
                    .match_media("(pointer: fine)")
                    .ok()
                    .flatten()
                    .is_some_and(|fine| fine.matches())
            {
                let _ = field.focus();
            }
        });
        let hidden = window_event_listener(leptos::ev::visibilitychange, move |_| self.keep());
        let left = window_event_listener(leptos::ev::pagehide, move |_| self.keep());
        on_cleanup(move || {
            hidden.remove();
            left.remove();
            self.keep();
        });
    }

    fn on_key(self, event: &KeyboardEvent) {
        let key = Key {
            enter: event.key() == "Enter",
            modified: event.shift_key() || event.ctrl_key() || event.alt_key() || event.meta_key(),
            composing: event.is_composing(),
            taken: event.key_code() == 229,
            at: event.time_stamp(),
        };
        let mut sends = false;
        self.keys.update_value(|keys| sends = keys.on_key(key));
        if sends {
            event.prevent_default();
            self.send();
        } else if key.enter && !key.modified && !key.composing && !key.taken {
            // The Enter that chose a candidate: neither sends nor breaks.
            event.prevent_default();
        }
    }

    fn on_input(self) {
        let Some(field) = self.field.get_untracked() else {
            return;
        };
        self.on_change(&field);
        let now = self.handle.now();
        let id = self.room.id();
        if !field.value().is_empty() && is_due(self.typing_at, now, TYPING_EVERY) {
            self.handle.dispatch(Command::Typing(id.clone()));
        }
        if is_due(self.draft_at, now, DRAFT_EVERY) {
            self.handle.dispatch(Command::Draft(id, field.value()));
        }
    }

    /// The field's height and the hint about its length.
    fn on_change(self, field: &HtmlTextAreaElement) {
        fit(field);
        let Some(hint) = self.hint.get_untracked() else {
            return;
        };
        let limit = self.model.limits().get_untracked().text_bytes;
        let used = field.value().len();
        let words = self.language.words;
        let text = if used > limit {
            Some(
                self.language
                    .count(&words.bytes_over, (used - limit) as u64),
            )
        } else if limit - used < limit / NEARLY_FULL {
            Some(
                self.language
                    .count(&words.bytes_left, (limit - used) as u64),
            )
        } else {
            None
        };
        hint.set_text_content(text.as_deref());
        let _ = hint.set_attribute("data-over", if used > limit { "true" } else { "false" });
    }

    fn send(self) {
        let Some(field) = self.field.get_untracked() else {
            return;
        };
        let said = field.value();
        let fits = said.len() <= self.model.limits().get_untracked().text_bytes;
        if !said.trim().is_empty() && fits {
            field.set_value("");
            self.room.took_back();
            self.room.keep_draft(String::new());
            self.typing_at.set_value(None);
            self.draft_at.set_value(None);
            self.on_change(&field);
            self.handle.say(self.room.id(), Content::Text(said));
        }
        let _ = field.focus();
    }

    /// Keeps the unfinished text.
    fn keep(self) {
        let Some(field) = self.field.try_get_untracked().flatten() else {
            return;
        };
        let text = field.value();
        if self
            .room
            .draft()
            .try_with_untracked(|kept| *kept != text)
            .unwrap_or(false)
        {
            self.room.keep_draft(text.clone());
            self.handle.dispatch(Command::Draft(self.room.id(), text));
        }
    }
}

fn is_due(last: Live<Option<Instant>>, now: Instant, every: Duration) -> bool {
    let due = last
        .get_untracked()
        .is_none_or(|last| now.since(last) >= every);
    if due {
        last.set_value(Some(now));
    }
    due
}
