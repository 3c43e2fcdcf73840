//! The people of a conversation: always in the document, shown on demand.
//!
//! Knows nobody who is not in the list, and no profile.

use crate::ui::dynamic::dynamic;
use leptos::prelude::*;
use parlance_core::frame::Person;

use super::avatar::avatar;
use super::icon::{self, icon};
use super::list::{Entry, list};
use crate::i18n::{Language, fill};
use crate::model::{Model, Room};

/// The panel. Folded away it is still there, for hosts' styles and tests.
#[component]
pub fn Presence(
    /// Whose people.
    room: Room,
) -> impl IntoView {
    let model = expect_context::<Model>();
    let words = expect_context::<Language>().words;
    let close = move |_| model.show_people(false);
    let escape = move |event: leptos::ev::KeyboardEvent| {
        if event.key() == "Escape" {
            model.show_people(false);
        }
    };
    let people = move || {
        let mut people = room.people().get();
        people.sort_by_key(|person| !person.online);
        let rows = people.into_iter().map(|person| {
            // All that is drawn: a person who changes is drawn anew.
            let key = format!(
                "{} {}{}{}",
                person.uid,
                u8::from(person.online),
                u8::from(person.host),
                person.name
            );
            Entry::new(key, move || person_row(person))
        });
        rows.collect()
    };
    view! {
        <aside
            id="people"
            class="people"
            aria-label=words.people
            data-shown=dynamic(move || model.people_shown().get().to_string())
            on:keydown=escape
        >
            <header class="people-head">
                <h2 class="people-title">{words.people}</h2>
                <button class="tool" type="button" aria-label=words.close on:click=close>
                    {icon(icon::CLOSE)}
                </button>
            </header>
            <ul class="people-list">
                {list(Box::new(people))}
            </ul>
        </aside>
    }
}

fn person_row(person: Person) -> AnyView {
    let language = expect_context::<Language>();
    let words = language.words;
    let state = match (person.online, person.last_seen) {
        (true, _) => words.online.to_owned(),
        (false, Some(at)) => fill(words.last_seen, &language.time(at)),
        (false, None) => words.offline.to_owned(),
    };
    view! {
        <li
            class="person"
            data-part="presence"
            data-uid=person.uid.as_str().to_owned()
            data-online=person.online.to_string()
        >
            {avatar(person.uid.as_str(), &person.name, person.avatar.as_deref())}
            <span class="person-name" dir="auto">{person.name.clone()}</span>
            {person.host.then(|| view! { <span class="person-host">{words.host}</span> })}
            <span class="person-state">{state}</span>
        </li>
    }
    .into_any()
}
