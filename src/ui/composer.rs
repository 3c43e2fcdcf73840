//! Where one writes. What is typed is sent byte for byte; what is not sent is
//! kept.
//!
//! The text lives in the field, not in a signal: writing into a field while an
//! input method composes in it breaks the composition. Knows no connection.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use gloo_timers::callback::Timeout;
use parlance_core::TYPING;
use parlance_core::content::Content;
use parlance_core::time::Instant;
use parlance_core::{Command, Status};
use wasm_bindgen::JsCast as _;
use web_sys::{Element, HtmlTextAreaElement, KeyboardEvent};

use self::keys::{Key, Keys};
use super::attach::{self, attach};
use super::here::{Here, here};
use super::icon::{self, icon};
use crate::dom::{El, el, follow, listen, on_cleanup, soon, word};
use crate::model::Room;

pub mod keys;

/// "Typing" is said at most this often.
const TYPING_EVERY: Duration = Duration::from_secs(3);
/// Unfinished text is kept at most this often while one writes, and when one
/// stops: for so long, or on leaving the field, the conversation or the page.
const DRAFT_EVERY: Duration = Duration::from_millis(800);
const DRAFT_AFTER_MS: u32 = 800;
/// The hint about the length shows when less than this part is left.
const NEARLY_FULL: usize = 10;

/// The composer of a room, which is drawn in `main`.
pub fn composer(room: Room, main: &El) -> El {
    let here = here();
    let Here {
        model,
        language,
        backend,
        ..
    } = here;
    let words = language.words;
    let field = el(concat!(
        "textarea.composer-field[id=composer][data-part=composer][rows=1][dir=auto]",
        "[autocomplete=off][enterkeyhint=send][aria-describedby=composer-hint]"
    ))
    .attr("aria-label", words.composer())
    .attr("placeholder", words.composer());
    let ask = tool("ask", words.ask())
        .attr("aria-pressed", "false")
        .child(icon(icon::QUESTION));
    let hint = el("span.composer-hint[id=composer-hint]");
    let desk = Rc::new(Desk {
        here,
        room,
        field: field.node(),
        hint: hint.node(),
        asking: Cell::default(),
        ask: ask.clone(),
        keys: RefCell::default(),
        typing_at: Cell::new(None),
        draft_at: Cell::new(None),
        stops: RefCell::default(),
    });
    Desk::follow(&desk);
    let at = |act: fn(&Desk, &web_sys::Event)| {
        let desk = desk.clone();
        move |event: web_sys::Event| act(&desk, &event)
    };
    let field = field
        .on("keydown", at(Desk::on_key))
        .on(
            "compositionstart",
            at(|desk, _| desk.keys.borrow_mut().on_start()),
        )
        .on(
            "compositionend",
            at(|desk, event| desk.keys.borrow_mut().on_end(event.time_stamp())),
        )
        .on("input", {
            let desk = desk.clone();
            move |_| {
                desk.on_input();
                desk.keep_soon();
            }
        })
        .on("blur", at(|desk, _| desk.keep()))
        .on("paste", move |event| attach::on_paste(here, room, &event));
    let offers = &backend.offers;
    let (asks, likes, flowers) = (offers.questions, offers.likes, offers.flowers);
    let tools = el("fieldset.composer-tools")
        .child_if(attach(room, main))
        .child_if(asks.then(|| ask.on("click", at(|desk, _| desk.ask(!desk.asking.get())))))
        .child_if(likes.then(|| applause(room, "like", "👍", words.like(), Content::Like)))
        .child_if(flowers.then(|| applause(room, "flower", "💐", words.flower(), Content::Flower)));
    let send = unfocused(el("button.composer-send[type=submit][data-part=send]"))
        .attr("aria-label", words.send())
        .child(icon(icon::SEND));
    let controls = [field.clone(), send.clone(), tools.clone()];
    // What is typed stays; the banner says why it cannot be sent.
    follow(move || {
        let ended = model.status().get() == Status::Ended;
        for control in &controls {
            control.put("disabled", ended.then_some(""));
        }
    });
    el("form.composer")
        .on(
            "submit",
            at(|desk, event| {
                event.prevent_default();
                desk.send();
            }),
        )
        .part(move |place| {
            if room.given_back().look().is_some() {
                place.add(el("p.composer-note[role=alert]").text(words.outbox_full()));
            }
        })
        .child_if(attach::target(here).map(|_| attach::strip(room)))
        .child(tools)
        .child(field)
        .child(send)
        .child(hint)
}

/// A button beside the field.
fn tool(part: &'static str, name: &str) -> El {
    unfocused(el("button.tool[type=button]"))
        .attr("data-part", part)
        .attr("aria-label", name)
        .attr("title", name)
}

/// A button that says this at once.
fn applause(room: Room, part: &'static str, sign: &str, name: &str, content: Content) -> El {
    let handle = here().handle;
    tool(part, name).text(sign).on("click", move |_| {
        handle.say(room.id().clone(), content.clone());
    })
}

/// A button that took the focus would close the phone's keyboard.
fn unfocused(button: El) -> El {
    button.on("pointerdown mousedown", |event| event.prevent_default())
}

/// As high as its text; the style sheet says how high that may be.
pub fn fit(field: &HtmlTextAreaElement) {
    let style = web_sys::HtmlElement::style(field);
    // An engine that refuses leaves a field of one line that scrolls.
    let _ = style.set_property("height", "auto");
    let borders = field.offset_height() - field.client_height();
    let height = field.scroll_height() + borders;
    let _ = style.set_property("height", &[&height.to_string(), "px"].concat());
}

/// The composer's parts and its short memory.
struct Desk {
    here: Here,
    room: Room,
    field: HtmlTextAreaElement,
    hint: Element,
    /// What is sent next is a question.
    asking: Cell<bool>,
    ask: El,
    keys: RefCell<Keys>,
    typing_at: Cell<Option<Instant>>,
    draft_at: Cell<Option<Instant>>,
    /// Until one has stopped writing.
    stops: RefCell<Option<Timeout>>,
}

impl Desk {
    /// Takes texts that come from outside, and keeps what is left behind.
    fn follow(self: &Rc<Self>) {
        let room = self.room;
        let desk = self.clone();
        follow(move || {
            let draft = room.draft().look();
            if desk.field.value().is_empty() && !draft.is_empty() {
                desk.field.set_value(&draft);
                desk.on_change();
            }
        });
        let desk = self.clone();
        follow(move || {
            if let Some(text) = &*room.given_back().look() {
                let written = desk.field.value();
                if written.is_empty() {
                    desk.field.set_value(text);
                } else if !text.is_empty() && written != *text {
                    desk.field.set_value(&[text, "\n", &written].concat());
                }
                desk.on_change();
            }
        });
        let desk = self.clone();
        soon(move || {
            // What was filled in before it had a place had no height.
            if !desk.field.value().is_empty() {
                desk.on_change();
            }
            // Where a keyboard would not come up over the conversation.
            let fine = web_sys::window()
                .and_then(|window| window.match_media("(pointer: fine)").ok().flatten());
            if fine.is_some_and(|fine| fine.matches()) {
                let _ = desk.field.focus();
            }
        });
        if let Some(window) = web_sys::window() {
            let desk = self.clone();
            listen(&window, "visibilitychange pagehide", move |_| desk.keep());
        }
        let desk = self.clone();
        on_cleanup(move || desk.keep());
    }

    fn on_key(&self, event: &web_sys::Event) {
        // A form that is filled in by the browser says `keydown` without a key.
        let Some(event) = event.dyn_ref::<KeyboardEvent>() else {
            return;
        };
        let key = Key {
            enter: event.key() == "Enter",
            modified: event.shift_key() || event.ctrl_key() || event.alt_key() || event.meta_key(),
            composing: event.is_composing(),
            taken: event.key_code() == 229,
            at: event.time_stamp(),
        };
        let sends = self.keys.borrow_mut().on_key(key);
        if sends {
            event.prevent_default();
            self.send();
        } else if key.enter && !key.modified && !key.composing && !key.taken {
            // The Enter that chose a candidate: neither sends nor breaks.
            event.prevent_default();
        }
    }

    fn on_input(&self) {
        self.on_change();
        let handle = self.here.handle;
        let now = handle.now();
        let text = self.field.value();
        if TYPING && !text.is_empty() && is_due(&self.typing_at, now, TYPING_EVERY) {
            handle.dispatch(Command::Typing(self.room.id().clone()));
        }
        if is_due(&self.draft_at, now, DRAFT_EVERY) {
            handle.dispatch(Command::Draft(self.room.id().clone(), text));
        }
    }

    /// Keeps the unfinished text when nothing was typed for a while.
    fn keep_soon(self: &Rc<Self>) {
        let desk = self.clone();
        let timer = Timeout::new(DRAFT_AFTER_MS, move || desk.keep());
        // The one before is called off with this.
        self.stops.replace(Some(timer));
    }

    /// The field's height and the hint about its length.
    fn on_change(&self) {
        if self.field.is_connected() {
            fit(&self.field);
        }
        let limit = self.limit();
        let used = self.field.value().len();
        let language = self.here.language;
        let words = language.words;
        let text = if used > limit {
            Some(language.count(words.bytes_over(), (used - limit) as u64))
        } else if limit - used < limit / NEARLY_FULL {
            Some(language.count(words.bytes_left(), (limit - used) as u64))
        } else {
            None
        };
        self.hint.set_text_content(text.as_deref());
        let _ = self.hint.set_attribute("data-over", word(used > limit));
    }

    fn send(&self) {
        let said = self.field.value();
        if !said.trim().is_empty() && said.len() <= self.limit() {
            self.field.set_value("");
            self.room.took_back();
            self.room.keep_draft(String::new());
            self.typing_at.take();
            self.draft_at.take();
            self.stops.take();
            self.on_change();
            let handle = self.here.handle;
            let content = if self.asking.get() {
                self.ask(false);
                Content::Question(said)
            } else {
                Content::Text(said)
            };
            handle.say(self.room.id().clone(), content);
        }
        let _ = self.field.focus();
    }

    /// Makes a question of what is sent next, or not.
    fn ask(&self, asks: bool) {
        let words = self.here.language.words;
        self.asking.replace(asks);
        self.ask.put_word("aria-pressed", asks);
        let hint = if asks {
            words.ask_hint()
        } else {
            words.composer()
        };
        for name in ["placeholder", "aria-label"] {
            let _ = self.field.set_attribute(name, hint);
        }
        let _ = self.field.focus();
    }

    /// How many bytes may be said at once.
    fn limit(&self) -> usize {
        self.here.model.limits().glance().text_bytes
    }

    /// Keeps the unfinished text.
    fn keep(&self) {
        let text = self.field.value();
        if *self.room.draft().glance() != text {
            self.room.keep_draft(text.clone());
            let handle = self.here.handle;
            handle.dispatch(Command::Draft(self.room.id().clone(), text));
        }
    }
}

fn is_due(last: &Cell<Option<Instant>>, now: Instant, every: Duration) -> bool {
    let due = last.get().is_none_or(|last| now.since(last) >= every);
    if due {
        last.replace(Some(now));
    }
    due
}
