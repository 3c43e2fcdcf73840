//! A conversation on show: its header, its timeline, its composer, its people.
//!
//! Knows how they stand to each other and nothing of their insides.

use crate::model::live::Derived;
use crate::ui::dynamic::dynamic;
use leptos::prelude::*;
use parlance_core::Command;
use parlance_core::frame::Talk;
use parlance_core::ids::ConversationId;

use super::account::NotKept;
use super::avatar::avatar;
use super::composer::Composer;
use super::icon::{self, icon};
use super::presence::Presence;
use super::status::StatusBanner;
use super::timeline::Timeline;
use super::words::talk_refusal;
use crate::driver::Handle;
use crate::i18n::{Language, fill};
use crate::model::{Model, Room};

/// The room. Built anew for each conversation.
#[component]
pub fn RoomPage(
    /// Which.
    room: Room,
) -> impl IntoView {
    let model = expect_context::<Model>();
    let words = expect_context::<Language>().words;
    let id = room.id();
    let kind = match &id {
        ConversationId::Room(_) => "group",
        ConversationId::Pair(..) => "single",
    };
    let talk = Derived::new(move || {
        model
            .conversation(&room.id())
            .map_or(Talk::Allowed, |conversation| conversation.talk)
    });
    let composer = move || match talk_refusal(words, talk.get()) {
        Some(refusal) => view! {
            <p class="composer-none" data-part="no-composer">{refusal}</p>
        }
        .into_any(),
        None => view! { <Composer room=room/> }.into_any(),
    };
    view! {
        <main class="room" data-chat=kind>
            <Header room=room/>
            <div class="room-body">
                <StatusBanner/>
                <Timeline room=room/>
            </div>
            <NotKept/>
            {composer}
        </main>
        <Presence room=room/>
    }
}

#[component]
fn Header(
    /// Of which room.
    room: Room,
) -> impl IntoView {
    let model = expect_context::<Model>();
    let handle = expect_context::<Handle>();
    let words = expect_context::<Language>().words;
    let id = room.id();
    let head = Derived::new(move || {
        let conversation = model.conversation(&room.id());
        conversation.map(|conversation| (conversation.title, conversation.avatar))
    });
    let title = move || head.get().map(|(title, _)| title).unwrap_or_default();
    let picture = move || {
        let (title, picture) = head.get()?;
        Some(avatar(&id.to_string(), &title, picture.as_deref()))
    };
    let leave = move |_| handle.dispatch(Command::Leave);
    let people = move |_| model.show_people(!model.people_shown().get_untracked());
    view! {
        <header class="room-head">
            <button class="tool room-back" type="button" data-part="back" aria-label=words.back on:click=leave>
                {icon(icon::BACK)}
            </button>
            <span class="room-avatar">{picture}</span>
            <div class="room-names">
                <h2 class="room-title" data-part="title" dir="auto">{title}</h2>
                <p class="room-subtitle">{dynamic(move || subtitle(room))}</p>
            </div>
            <button
                class="tool"
                type="button"
                data-part="people"
                aria-label=words.people
                aria-expanded=dynamic(move || model.people_shown().get().to_string())
                aria-controls="people"
                on:click=people
            >
                {icon(icon::PEOPLE)}
            </button>
            <span class="room-account"></span>
        </header>
    }
}

/// Who is typing, else who is there.
fn subtitle(room: Room) -> String {
    let language = expect_context::<Language>();
    let words = language.words;
    let id = room.id();
    let single = matches!(id, ConversationId::Pair(..));
    let typing = room.typists().with(|typists| match typists.as_slice() {
        [] => None,
        _ if single => Some(words.typing.to_owned()),
        [one] => Some(fill(words.typing_one, &one.name)),
        [..] => Some(words.typing_many.to_owned()),
    });
    typing.unwrap_or_else(|| {
        room.people().with(|people| match &id {
            ConversationId::Room(_) if people.is_empty() => String::new(),
            ConversationId::Room(_) => {
                let online = people.iter().filter(|person| person.online).count();
                language.count(&words.people_online, online as u64)
            }
            ConversationId::Pair(..) => {
                let model = expect_context::<Model>();
                let me = model.me().get();
                let other = me.as_ref().and_then(|me| id.other(&me.uid));
                let other = other.and_then(|uid| people.iter().find(|person| person.uid == *uid));
                match other {
                    Some(person) if person.online => words.online.to_owned(),
                    Some(person) => person.last_seen.map_or_else(
                        || words.offline.to_owned(),
                        |at| fill(words.last_seen, &language.time(at)),
                    ),
                    None => String::new(),
                }
            }
        })
    })
}
