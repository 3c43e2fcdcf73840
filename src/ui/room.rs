//! A conversation on show: its header, its timeline, its composer, its people.
//!
//! Knows how they stand to each other and nothing of their insides.

use parlance_core::Command;
use parlance_core::TYPING;
use parlance_core::frame::Talk;
use parlance_core::ids::ConversationId;

use super::account::not_kept;
use super::avatar::avatar;
use super::composer::composer;
use super::here::{Here, here, words};
use super::icon::{self, icon};
use super::presence::{presence, state};
use super::status::status_banner;
use super::timeline::timeline;
use super::words::talk_refusal;
use crate::dom::{El, Place, el};
use crate::i18n::fill;
use crate::model::{Model, Room};

/// The room. Built anew for each conversation.
pub fn room_page(room: Room, place: &Place) {
    let model = here().model;
    let kind = match room.id() {
        ConversationId::Room(_) => "group",
        ConversationId::Pair(..) => "single",
    };
    let talk = move || {
        let conversation = model.conversation(room.id());
        conversation.map_or(Talk::Allowed, |conversation| conversation.look().talk)
    };
    let main = el("main.room")
        .attr("data-chat", kind)
        .child(header(room))
        .child(timeline(el("div.room-body").child(status_banner()), room));
    let around = main.clone();
    place.add(not_kept(main).switch(talk, move |talk, place| {
        let words = words();
        if *talk == Talk::Stranger {
            place.add(el("p.stranger[data-part=stranger]").text(words.stranger()));
        }
        place.add(match talk_refusal(words, *talk) {
            Some(refusal) => el("p.composer-none[data-part=no-composer]").text(refusal),
            None => composer(room, &around),
        });
    }));
    place.add(presence(room));
}

fn header(room: Room) -> El {
    let Here { model, handle, .. } = here();
    let words = words();
    let title = el("h2.room-title[data-part=title][dir=auto]").live(move |title| {
        let conversation = model.conversation(room.id());
        match &conversation {
            Some(conversation) => title.say(&conversation.look().title),
            None => title.say(""),
        }
    });
    let picture = el("span.room-avatar").switch(
        move || {
            let conversation = model.conversation(room.id())?;
            let conversation = conversation.look();
            Some((conversation.title.clone(), conversation.avatar.clone()))
        },
        move |head, place| {
            if let Some((title, picture)) = head {
                place.add(avatar(&room.id().to_string(), title, picture.as_deref()));
            }
        },
    );
    let back = el("button.tool.room-back[type=button][data-part=back]")
        .attr("aria-label", words.back())
        .on("click", move |_| handle.dispatch(Command::Leave))
        .child(icon(icon::BACK));
    let people = el("button.tool[type=button][data-part=people][aria-controls=people]")
        .attr("aria-label", words.people())
        .live(move |button| button.put_word("aria-expanded", model.people_shown().get()))
        .on("click", move |_| {
            let shown = model.people_shown().get_untracked();
            model.show_people(!shown);
        })
        .child(icon(icon::PEOPLE));
    let names = el("div.room-names")
        .child(title)
        .child(el("p.room-subtitle").live(move |line| line.say(&subtitle(room, model))));
    el("header.room-head")
        .child(back)
        .child(picture)
        .child(names)
        .child(people)
        .child(el("span.room-account"))
}

/// Who is typing, else who is there.
fn subtitle(room: Room, model: Model) -> String {
    let language = here().language;
    let words = language.words;
    let id = room.id();
    match (room.typists().look().as_slice(), id) {
        ([], _) => {}
        _ if !TYPING => {}
        (_, ConversationId::Pair(..)) => return words.typing().to_owned(),
        ([one], ConversationId::Room(_)) => return fill(words.typing_one(), &one.name),
        (_, ConversationId::Room(_)) => return words.typing_many().to_owned(),
    }
    let people = room.people().look();
    match id {
        ConversationId::Room(_) if people.is_empty() => String::new(),
        ConversationId::Room(_) => {
            let online = people.iter().filter(|person| person.online).count();
            language.count(words.people_online(), online as u64)
        }
        ConversationId::Pair(..) => {
            let me = model.me().look();
            let other = me.as_ref().and_then(|me| id.other(&me.uid));
            let other = other.and_then(|uid| people.iter().find(|person| person.uid == *uid));
            other.map(state).unwrap_or_default()
        }
    }
}
