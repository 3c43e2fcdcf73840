//! A stored message as a row of either form, and a conversation as a record.
//!
//! Ids are places in the conversation: numbers that grow, by which pages ask
//! for what is older.

use parlance_core::dialect::crmeb::kinds;
use parlance_core::dialect::crmeb::rows::{Position, Record, Row, Shape};
use parlance_core::dialect::local_time;
use parlance_core::ids::Uid;
use parlance_core::time::UnixMillis;

use super::desk::Desk;
use crate::gateway::{content, words};
use crate::store::{Message, Person};
use crate::voice::Voice;

/// The stock server writes its times in China's.
const OFFSET_MINUTES: i32 = 8 * 60;

/// Another's words, live, for a seed page.
pub(super) fn seed(me: &Person, other: &Uid, message: &Message) -> Row {
    let mut row = bare(me, other, message, Shape::Seed);
    row.position = Some(Position::Left);
    row
}

/// A row of a seed page's history.
pub(super) fn seed_page(me: &Person, other: &Uid, message: &Message) -> Row {
    let mut row = bare(me, other, message, Shape::SeedPage);
    if is_from(message, &me.uid) {
        row.position = Some(Position::Right);
        // Of one's own rows these are one's own.
        row.to_name = Some(me.name.clone());
        row.to_avatar = Some(me.avatar.clone().unwrap_or_default());
    } else {
        row.position = Some(Position::Left);
    }
    row
}

/// A message, live, for a stock page. What was said with a seed page keeps
/// its words, for the agent may look with one.
pub(super) fn stock(
    desk: &Desk,
    voice: &Voice,
    other: &Uid,
    message: &Message,
    read: bool,
    tourist: bool,
) -> Row {
    let me = voice.person();
    let mine = is_from(message, &me.uid);
    let seed = !mine && desk.has_seed_page(other);
    let shape = if seed { Shape::Seed } else { Shape::Stock };
    let mut row = stamped(bare(me, other, message, shape), message);
    row.read = Some(read);
    row.tourist = Some(tourist);
    row.position = seed.then_some(Position::Left);
    if !seed {
        (row.to_name, row.to_avatar) = (None, None);
    }
    row
}

/// A row of a stock page's history; `read` says how far the reader of one's
/// own words has got.
pub(super) fn stock_page(me: &Person, other: &Uid, message: &Message) -> Row {
    let mut row = stamped(bare(me, other, message, Shape::StockPage), message);
    (row.to_name, row.to_avatar) = (None, None);
    row.read = Some(true);
    row.tourist = Some(false);
    row
}

/// The talk with this one as its last message has it.
pub(super) fn record(voice: &Voice, other: &Uid, message: &Message) -> Record {
    let content = content(message);
    let text = words(&content);
    let said = kinds::said_of(&content, Shape::Stock, &text);
    let seconds = message.at.div_euclid(1000);
    let from = message.from.as_ref().filter(|from| from.uid == *other);
    Record {
        id: Some(other.to_string()),
        user_id: Some(voice.uid().to_string()),
        to_uid: Some(other.to_string()),
        name: from.map(|from| from.name.clone()),
        avatar: from.map(|from| from.avatar.clone().unwrap_or_default()),
        tourist: Some(false),
        online: Some(voice.server().hub.is_here(other)),
        form_type: Some(0),
        added: Some(seconds),
        updated: Some(seconds),
        unread: Some(0),
        message: Some(said.msn.filter(|msn| !msn.is_empty()).unwrap_or(text)),
        message_type: said.msn_type,
        created: None,
    }
}

pub(super) fn with_unread(record: Record, unread: u64) -> Record {
    Record {
        unread: Some(unread),
        ..record
    }
}

pub(super) fn is_from(message: &Message, uid: &Uid) -> bool {
    message.from.as_ref().is_some_and(|from| from.uid == *uid)
}

fn bare(me: &Person, other: &Uid, message: &Message, shape: Shape) -> Row {
    let mine = is_from(message, &me.uid);
    let (uid, to_uid) = match mine {
        true => (&me.uid, other),
        false => (other, &me.uid),
    };
    let content = content(message);
    let from = message.from.as_ref();
    let text = |text: Option<&String>| Some(text.cloned().unwrap_or_default());
    Row {
        id: Some(message.seq.to_string()),
        uid: Some(uid.to_string()),
        to_uid: Some(to_uid.to_string()),
        name: text(from.map(|from| &from.name)),
        avatar: text(from.and_then(|from| from.avatar.as_ref())),
        to_name: (!mine).then(|| me.name.clone()),
        to_avatar: (!mine).then(|| me.avatar.clone().unwrap_or_default()),
        said: kinds::said_of(&content, shape, &words(&content)),
        at: Some(message.at.div_euclid(1000)),
        ..Row::default()
    }
}

fn stamped(mut row: Row, message: &Message) -> Row {
    let when = local_time::write_padded(UnixMillis(message.at), OFFSET_MINUTES);
    row.created = Some(when.clone());
    row.updated = Some(when.clone());
    row.shown = Some(when);
    row
}
