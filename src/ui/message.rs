//! One row: a message with its author, time and delivery, or a gap; above it
//! the day that begins and the line above what is unread.
//!
//! Knows its own row and no other: what its neighbours make of it comes with
//! the row. The content's drawing is in the files below.

use std::rc::Rc;

use parlance_core::Command;
use parlance_core::NUMBERED;
use parlance_core::frame::Person;
use parlance_core::timeline::{Delivery, Gap, Item, Row, Side};

use super::alike::{not_staff, role, told};
use super::avatar::{avatar, tinted};
use super::here::{Here, here, words};
use super::words::kind_name;
use crate::dom::{El, el};
use crate::i18n::machine_time;
use crate::model::live::Live;
use crate::model::{Line, Room, Slot};

mod body;
mod card;
mod delivery;
mod edit;
mod media;
mod text;

pub use media::LINK;
pub use text::parts;

/// One row with what is above it: a single element.
pub fn message(room: Room, row: &Slot) -> El {
    let line = row.line.clone();
    let surroundings = row.line.clone();
    let is_gap = NUMBERED && matches!(row.line.glance().row, Row::Gap(_));
    let drawn = if is_gap {
        gap_row(room, &row.line)
    } else {
        message_row(room, &row.line)
    };
    el("div")
        .attr("data-row", &row.key.to_string())
        .live(move |row| {
            let between = line.look().between;
            let class = match (between.head, between.tail) {
                (true, true) => "line head tail",
                (true, false) => "line head",
                (false, true) => "line tail",
                (false, false) => "line",
            };
            row.put("class", class);
        })
        .switch(
            move || {
                let line = surroundings.look();
                let at = line.item().and_then(|item| item.at);
                let day = at.filter(|_| line.between.starts_day);
                (day, line.between.first_unread)
            },
            // The day that begins here, and the line above what is unread.
            move |(day, unread), place| {
                if let Some(at) = day {
                    let day = here().language.day(*at, room.newest_at());
                    place.add(el("div.day[data-part=day]").child(el("span").text(&day)));
                }
                if *unread {
                    let line = el("span").text(words().new_line());
                    place.add(el("div.unread-line[data-part=unread-line]").child(line));
                }
            },
        )
        .child(drawn)
}

fn gap_row(room: Room, line: &Rc<Live<Line>>) -> El {
    let Here {
        handle, language, ..
    } = here();
    let text = el("span");
    let load = el("button.link[type=button]").text(language.words.gap_load());
    let (says, button) = (text.clone(), load.clone());
    let (followed, loaded) = (line.clone(), line.clone());
    el("div.gap[data-part=gap]")
        .live(move |row| {
            if let Some(gap) = gap(&followed.look()) {
                let missing = gap.last.0.saturating_sub(gap.first.0) + 1;
                says.say(&language.count(language.words.gap(), missing));
                button.put("disabled", gap.loading.then_some(""));
                row.put_word("aria-busy", gap.loading);
            }
        })
        .child(text)
        .child(load.on("click", move |_| {
            let gap = gap(&loaded.glance());
            if let Some(gap) = gap {
                handle.dispatch(Command::LoadGap(room.id().clone(), gap.key));
            }
        }))
}

fn gap(line: &Line) -> Option<Gap> {
    match line.row {
        Row::Gap(gap) => Some(gap),
        Row::Message(_) => None,
    }
}

fn message_row(room: Room, line: &Rc<Live<Line>>) -> El {
    // Side, key and author are a row's for life.
    let (key, side, author) = {
        let line = line.glance();
        let item = line.item();
        (
            line.row.key(),
            item.map_or(Side::System, |item| item.side),
            item.and_then(|item| item.author.clone()),
        )
    };
    let side_word = match side {
        Side::Mine => "mine",
        Side::Theirs => "theirs",
        Side::System => "system",
    };
    let kind = el("span.vh");
    let row = el("article.message[tabindex=-1][data-part=message]")
        .attr("data-key", &key.to_string())
        .attr("data-side", side_word)
        .live({
            let (line, kind) = (line.clone(), kind.clone());
            move |row| {
                let line = line.look();
                let item = line.item();
                let id = item.and_then(|item| item.id.as_ref());
                let delivery = item.and_then(|item| item.delivery.as_ref());
                let word = item.map_or("notice", |item| item.content.kind());
                row.put("data-id", id.map(|id| id.as_str()));
                row.put("data-kind", word);
                row.put("data-delivery", delivery.map(Delivery::word));
                kind.say(spoken_kind(word));
            }
        });
    let mut bubble = el("div.bubble");
    if side == Side::Theirs {
        bubble = bubble.child(who(room, author.as_ref()));
    }
    if side == Side::Mine {
        bubble = bubble.child(el("span.vh").text(words().you()));
    }
    let shown = line.clone();
    let mut meta = el("span.meta").switch(of(line, |item| item.at), |at, place| {
        if let Some(at) = at {
            let language = here().language;
            place.add(
                el("time[data-part=time]")
                    .attr("datetime", &machine_time(*at))
                    .attr("title", &language.full(*at))
                    .text(&language.time(*at)),
            );
        }
    });
    if side == Side::Mine {
        meta = delivery::mark(meta, line);
    }
    // The body is drawn anew only when the words change: a delivery mark must
    // not restart a video.
    let bubble = bubble.child(kind).switch(
        move || {
            let is_edited = *room.editing().look() == Some(key);
            let line = (!is_edited).then(|| shown.look())?;
            Some(line.item().map(|item| item.content.clone()))
        },
        {
            let line = line.clone();
            move |shown, place| match shown {
                None => place.add(edit::edit(room, &line)),
                Some(Some(content)) => place.add(body::body(content)),
                Some(None) => {}
            }
        },
    );
    match side {
        Side::Mine => delivery::trouble(row.child(bubble.child(meta)), room, line),
        Side::Theirs => row.child(theirs(author.as_ref())).child(bubble.child(meta)),
        Side::System => row.child(bubble.child(meta)),
    }
}

/// What this is of the message, tracked.
fn of<T>(line: &Rc<Live<Line>>, ask: fn(&Item) -> Option<T>) -> impl FnMut() -> Option<T> + use<T> {
    let line = line.clone();
    move || line.look().item().and_then(ask)
}

fn theirs(author: Option<&Person>) -> El {
    match author {
        Some(author) => avatar(author.uid.as_str(), &author.name, author.avatar.as_deref()),
        None => avatar("", "", None),
    }
}

/// The name, and what the server has to say about it.
fn who(room: Room, author: Option<&Person>) -> El {
    let who = el("div.who").child(name(author));
    match author {
        Some(author) => who
            .child_if(role(author))
            .child(not_staff(room, author.clone())),
        None => who,
    }
}

/// In every row of another person, also where it is not drawn: whoever reads
/// one row alone must know whose it is.
fn name(author: Option<&Person>) -> El {
    let class = author.map_or_else(
        || "name ink-0".to_owned(),
        |author| tinted("name ink-", author.uid.as_str()),
    );
    let name = el("span[data-part=name][dir=auto]").attr("class", &class);
    told(name, author.map_or("", |author| &author.name))
}

/// A kind without words of its own is named to those who cannot see it.
fn spoken_kind(kind: &'static str) -> &'static str {
    match kind {
        "text" | "notice" | "unknown" => "",
        _ => kind_name(words(), kind),
    }
}
