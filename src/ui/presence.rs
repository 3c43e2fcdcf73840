//! The people of a conversation and what its backend guarantees: always in
//! the document, shown on demand.
//!
//! Knows nobody who is not in the list, and no profile.

use parlance_core::dialect::{History, Order, Proof, Resend};
use parlance_core::frame::Person;
use wasm_bindgen::JsCast as _;
use web_sys::KeyboardEvent;

use super::alike::{role, told};
use super::avatar::avatar;
use super::here::{Here, here, words};
use super::icon::{self, icon};
use super::story::story_opener;
use crate::dom::{El, Entry, el, word};
use crate::i18n::fill;
use crate::model::Room;

/// The panel. Folded away it is still there, for hosts' styles and tests.
pub fn presence(room: Room) -> El {
    let model = here().model;
    let words = words();
    let people = move || {
        let people = room.people().look();
        // Who is here, then who is not; in either, as they came.
        let online = people.iter().filter(|person| person.online);
        let offline = people.iter().filter(|person| !person.online);
        online.chain(offline).cloned().map(entry).collect()
    };
    let close = el("button.tool[type=button]")
        .attr("aria-label", words.close())
        .on("click", move |_| model.show_people(false))
        .child(icon(icon::CLOSE));
    let head = el("header.people-head")
        .child(el("h2.people-title").text(words.people()))
        .child(close);
    el("aside.people[id=people]")
        .attr("aria-label", words.people())
        .live(move |panel| panel.put_word("data-shown", model.people_shown().get()))
        .on("keydown", move |event| {
            let event = event.dyn_ref::<KeyboardEvent>();
            if event.is_some_and(|event| event.key() == "Escape") {
                model.show_people(false);
            }
        })
        .child(head)
        .child(promise().child(story_opener()))
        .child(el("ul.people-list").list(people))
}

/// What may be counted on here, said plainly.
fn promise() -> El {
    let Here {
        language, backend, ..
    } = here();
    let words = language.words;
    let proof = match (backend.proof, backend.resend) {
        (Proof::Acknowledged, Resend::Idempotent) => words.promise_once(),
        (Proof::Acknowledged, Resend::Doubles) => words.promise_answered(),
        (Proof::Echoed, _) => words.promise_echoed(),
        (Proof::Never, _) => words.promise_never(),
    };
    let (order, history) = match backend.order {
        Order::Numbered => (words.promise_numbered(), words.promise_history()),
        Order::AsGiven(History::Pages) => (words.promise_as_given(), words.promise_history()),
        Order::AsGiven(History::None) => (words.promise_as_given(), words.promise_no_history()),
    };
    el("p.promise[data-part=promise]").text(&[proof, " ", order, " ", history].concat())
}

fn entry(person: Person) -> Entry {
    // All that is drawn: a person who changes is drawn anew.
    let flags = [word(person.online), word(person.host)].concat();
    let key = [person.uid.as_str(), " ", &flags, &person.name].concat();
    Entry::new(key, move || person_row(&person))
}

fn person_row(person: &Person) -> El {
    el("li.person[data-part=presence]")
        .attr("data-uid", person.uid.as_str())
        .attr("data-online", word(person.online))
        .child(avatar(
            person.uid.as_str(),
            &person.name,
            person.avatar.as_deref(),
        ))
        .child(told(el("span.person-name[dir=auto]"), &person.name))
        .child_if(role(person))
        .child(el("span.person-state").text(&state(person)))
}

/// Whether somebody is here, and if not, since when.
pub(super) fn state(person: &Person) -> String {
    let language = here().language;
    let words = language.words;
    match (person.online, person.last_seen) {
        (true, _) => words.online().to_owned(),
        (false, Some(at)) => fill(words.last_seen(), &language.time(at)),
        (false, None) => words.offline().to_owned(),
    }
}
