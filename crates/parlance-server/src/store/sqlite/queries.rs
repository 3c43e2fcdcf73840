//! Every statement of the store, on one connection, inside whatever
//! transaction the caller has begun. All values are bound, never pasted.
//!
//! Knows nothing of threads.

use parlance_core::frame::Part;
use parlance_core::ids::{ClientId, ConversationId, Seq, Uid};
use rusqlite::{Connection, OptionalExtension, Row};
use serde_json::Value;

use super::people::{known, person};
use crate::store::{
    Appended, Draft, LIST_BYTES, Message, PAGE_BYTES, Page, Person, Recall, Recalled, StoreError,
    Summary, weight,
};

pub(super) type Outcome<T> = Result<T, StoreError>;

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Unavailable(error.to_string())
    }
}

pub(super) fn append(connection: &Connection, draft: &Draft) -> Outcome<Appended> {
    let body = draft.body.to_string();
    let sender = draft.sender.as_ref().map(Uid::as_str);
    let cid = draft.client_id.as_ref().map(ClientId::as_str);
    let name = draft.conversation.to_string();
    if let (Some(sender), Some(cid)) = (sender, cid)
        && let Some(stored) = stored(connection, sender, cid)?
    {
        // What was taken back is not there to be compared.
        let alike = stored.recalled || same(&stored.body, &body, &draft.body);
        return if stored.conversation == name && alike {
            Ok(stored.appended)
        } else {
            Err(StoreError::ClientIdReused)
        };
    }
    let key = ensure(connection, &name)?;
    let mut joined = Vec::new();
    if let (ConversationId::Pair(one, other), Some(_)) = (&draft.conversation, sender) {
        for uid in [one, other] {
            if add_member(connection, key, uid)? && !joined.contains(uid) {
                joined.push(uid.clone());
            }
        }
    }
    let seq: i64 = connection
        .prepare_cached(
            "UPDATE conversation SET head = head + 1, active = ?2 WHERE key = ?1 RETURNING head",
        )?
        .query_row((key, draft.at), |row| row.get(0))?;
    let nth = match sender {
        Some(sender) => said(connection, key, sender, i64::MAX)? + 1,
        None => 0,
    };
    connection
        .prepare_cached(
            "INSERT INTO message (conversation, seq, sender, cid, nth, body, at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute((key, seq, sender, cid, nth, &body, draft.at))?;
    Ok(Appended {
        seq: place(seq),
        id: connection.last_insert_rowid().to_string(),
        at: draft.at,
        duplicate: false,
        joined,
    })
}

struct Stored {
    conversation: String,
    body: String,
    recalled: bool,
    appended: Appended,
}

fn stored(connection: &Connection, sender: &str, cid: &str) -> Outcome<Option<Stored>> {
    Ok(connection
        .prepare_cached(
            "SELECT conversation.name, body, seq, id, at, recalled IS NOT NULL
             FROM message JOIN conversation ON conversation.key = message.conversation
             WHERE sender = ?1 AND cid = ?2",
        )?
        .query_row((sender, cid), |row| {
            Ok(Stored {
                conversation: row.get(0)?,
                body: row.get(1)?,
                recalled: row.get(5)?,
                appended: Appended {
                    seq: place(row.get(2)?),
                    id: row.get::<_, i64>(3)?.to_string(),
                    at: row.get(4)?,
                    duplicate: true,
                    joined: Vec::new(),
                },
            })
        })
        .optional()?)
}

/// The same words, however the fields were ordered.
fn same(stored: &str, text: &str, body: &Value) -> bool {
    stored == text || serde_json::from_str::<Value>(stored).is_ok_and(|stored| stored == *body)
}

fn ensure(connection: &Connection, name: &str) -> Outcome<i64> {
    if let Some((key, _)) = find(connection, name)? {
        return Ok(key);
    }
    connection
        .prepare_cached("INSERT INTO conversation (name) VALUES (?1)")?
        .execute([name])?;
    Ok(connection.last_insert_rowid())
}

/// The key and the head of a conversation.
fn find(connection: &Connection, name: &str) -> Outcome<Option<(i64, i64)>> {
    Ok(connection
        .prepare_cached("SELECT key, head FROM conversation WHERE name = ?1")?
        .query_row([name], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?)
}

fn add_member(connection: &Connection, key: i64, uid: &Uid) -> Outcome<bool> {
    let added = connection
        .prepare_cached(
            "INSERT INTO member (conversation, uid) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        )?
        .execute((key, uid.as_str()))?;
    Ok(added > 0)
}

/// How many messages this sender has in the conversation up to a place.
fn said(connection: &Connection, key: i64, sender: &str, upto: i64) -> Outcome<i64> {
    Ok(connection
        .prepare_cached(
            "SELECT nth FROM message WHERE conversation = ?1 AND sender = ?2 AND seq <= ?3
             ORDER BY seq DESC LIMIT 1",
        )?
        .query_row((key, sender, upto), |row| row.get(0))
        .optional()?
        .unwrap_or(0))
}

pub(super) fn head(connection: &Connection, conversation: &ConversationId) -> Outcome<Seq> {
    Ok(find(connection, &conversation.to_string())?.map_or(Seq(0), |(_, head)| place(head)))
}

pub(super) fn heads(connection: &Connection, uid: &Uid) -> Outcome<Vec<(ConversationId, Seq)>> {
    let mut statement = connection.prepare_cached(
        "SELECT name, head FROM member JOIN conversation ON key = conversation WHERE uid = ?1",
    )?;
    let rows = statement.query_map([uid.as_str()], |row| {
        Ok((row.get::<_, String>(0)?, place(row.get(1)?)))
    })?;
    let mut heads = Vec::new();
    for row in rows {
        let (name, head) = row?;
        heads.push((conversation(&name)?, head));
    }
    Ok(heads)
}

pub(super) fn page(
    connection: &Connection,
    conversation: &ConversationId,
    part: Part,
    limit: u32,
) -> Outcome<Page> {
    let nothing = |head| Page {
        range: None,
        messages: Vec::new(),
        head,
    };
    let Some((key, head)) = find(connection, &conversation.to_string())? else {
        return Ok(nothing(Seq(0)));
    };
    // The first and the last place that the page may cover, and from which
    // end it is filled.
    let (first, last, newest_first) = match part {
        Part::Newest => (1, head, true),
        Part::Before(Seq(before)) => (1, head.min(whole(before).saturating_sub(1)), true),
        Part::After(Seq(after)) => (whole(after).saturating_add(1), head, false),
    };
    if first > last {
        return Ok(nothing(place(head)));
    }
    let order = if newest_first { "DESC" } else { "ASC" };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {MESSAGE} WHERE message.conversation = ?1 AND seq BETWEEN ?2 AND ?3
         ORDER BY seq {order} LIMIT ?4"
    ))?;
    let mut rows = statement.query((key, first, last, limit))?;
    let mut messages = Vec::new();
    let mut bytes = 0;
    let mut ended_early = false;
    while let Some(row) = rows.next()? {
        bytes += row.get_ref(BODY)?.as_str().map_err(unreadable)?.len();
        if bytes > PAGE_BYTES && !messages.is_empty() {
            ended_early = true;
            break;
        }
        messages.push(message(row)?);
    }
    let all = !ended_early && messages.len() < usize::try_from(limit).unwrap_or(usize::MAX);
    if newest_first {
        messages.reverse();
    }
    let from = match messages.first() {
        Some(oldest) if newest_first && !all => oldest.seq,
        Some(_) | None => place(first),
    };
    let to = match messages.last() {
        Some(newest) if !newest_first && !all => newest.seq,
        Some(_) | None => place(last),
    };
    Ok(Page {
        range: Some((from, to)),
        messages,
        head: place(head),
    })
}

/// The columns that [`message`] reads.
const MESSAGE: &str = "seq, id, cid, sender, body, at, name, avatar, host
    FROM message LEFT JOIN person ON uid = sender";
const BODY: usize = 4;

fn message(row: &Row<'_>) -> Outcome<Message> {
    let sender: Option<String> = row.get(3)?;
    let body = row.get_ref(BODY)?.as_str().map_err(unreadable)?;
    let from = match sender {
        Some(sender) => Some(Person {
            name: row
                .get::<_, Option<String>>(6)?
                .unwrap_or_else(|| sender.clone()),
            uid: Uid::new(sender),
            avatar: row.get(7)?,
            host: row.get::<_, Option<bool>>(8)?.unwrap_or(false),
            seen: None,
        }),
        None => None,
    };
    Ok(Message {
        seq: place(row.get(0)?),
        id: row.get::<_, i64>(1)?.to_string(),
        client_id: row
            .get::<_, Option<String>>(2)?
            .as_deref()
            .and_then(ClientId::parse),
        from,
        body: serde_json::from_str(body).map_err(unreadable)?,
        at: row.get(5)?,
    })
}

pub(super) fn summaries(connection: &Connection, uid: &Uid, limit: u32) -> Outcome<Vec<Summary>> {
    let mut statement = connection.prepare_cached(
        "SELECT key, conversation.name, title, avatar, head, read
         FROM member JOIN conversation ON key = conversation
         WHERE uid = ?1 ORDER BY active DESC, key DESC LIMIT ?2",
    )?;
    let mut rows = statement.query((uid.as_str(), limit))?;
    let mut summaries = Vec::new();
    let mut bytes = 0;
    while let Some(row) = rows.next()? {
        let mut summary = summarised(connection, uid, row)?;
        bytes += summary.last.as_ref().map_or(0, |last| weight(&last.body));
        if bytes > LIST_BYTES {
            summary.last = None;
        }
        summaries.push(summary);
    }
    Ok(summaries)
}

pub(super) fn summary(
    connection: &Connection,
    uid: &Uid,
    conversation: &ConversationId,
) -> Outcome<Option<Summary>> {
    let mut statement = connection.prepare_cached(
        "SELECT key, conversation.name, title, avatar, head, read
         FROM conversation JOIN member ON key = conversation AND uid = ?1
         WHERE conversation.name = ?2",
    )?;
    let mut rows = statement.query((uid.as_str(), conversation.to_string()))?;
    match rows.next()? {
        Some(row) => summarised(connection, uid, row).map(Some),
        None => Ok(None),
    }
}

fn summarised(connection: &Connection, uid: &Uid, row: &Row<'_>) -> Outcome<Summary> {
    let key: i64 = row.get(0)?;
    let id = conversation(&row.get::<_, String>(1)?)?;
    let (mut title, mut avatar) = (row.get(2)?, row.get(3)?);
    let (head, read): (i64, i64) = (row.get(4)?, row.get(5)?);
    if let Some(other) = id.other(uid)
        && let Some(other) = person(connection, other)?
    {
        title = Some(other.name);
        avatar = other.avatar;
    }
    let mine =
        said(connection, key, uid.as_str(), i64::MAX)? - said(connection, key, uid.as_str(), read)?;
    let last = if head == 0 {
        None
    } else {
        let mut statement = connection.prepare_cached(&format!(
            "SELECT {MESSAGE} WHERE message.conversation = ?1 AND seq = ?2"
        ))?;
        let mut rows = statement.query((key, head))?;
        rows.next()?.map(message).transpose()?
    };
    Ok(Summary {
        conversation: id,
        title,
        avatar,
        head: place(head),
        read: place(read),
        unread: u64::try_from(head - read - mine).unwrap_or(0),
        last,
    })
}

pub(super) fn join(connection: &Connection, uid: &Uid, id: &ConversationId) -> Outcome<bool> {
    let key = ensure(connection, &id.to_string())?;
    add_member(connection, key, uid)
}

pub(super) fn is_member(connection: &Connection, uid: &Uid, id: &ConversationId) -> Outcome<bool> {
    Ok(connection
        .prepare_cached(
            "SELECT 1 FROM conversation JOIN member ON key = conversation
             WHERE name = ?1 AND uid = ?2",
        )?
        .exists((id.to_string(), uid.as_str()))?)
}

pub(super) fn members(
    connection: &Connection,
    id: &ConversationId,
    limit: u32,
) -> Outcome<Vec<Person>> {
    let Some((key, _)) = find(connection, &id.to_string())? else {
        return Ok(Vec::new());
    };
    let mut statement = connection.prepare_cached(
        "SELECT member.uid, name, avatar, host, seen
         FROM member LEFT JOIN person ON person.uid = member.uid
         WHERE conversation = ?1 ORDER BY seen DESC, member.uid LIMIT ?2",
    )?;
    let rows = statement.query_map((key, limit), known)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn readers(
    connection: &Connection,
    id: &ConversationId,
    limit: u32,
) -> Outcome<Vec<(Uid, Seq)>> {
    let Some((key, _)) = find(connection, &id.to_string())? else {
        return Ok(Vec::new());
    };
    let mut statement = connection.prepare_cached(
        "SELECT uid, read FROM member WHERE conversation = ?1 AND read > 0
         ORDER BY read DESC LIMIT ?2",
    )?;
    let rows = statement.query_map((key, limit), |row| {
        Ok((Uid::new(row.get::<_, String>(0)?), place(row.get(1)?)))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn read(
    connection: &Connection,
    uid: &Uid,
    id: &ConversationId,
    seq: Seq,
) -> Outcome<Option<Seq>> {
    let Some((key, head)) = find(connection, &id.to_string())? else {
        return Ok(None);
    };
    let upto = whole(seq.0).min(head);
    let moved = connection
        .prepare_cached(
            "UPDATE member SET read = ?3 WHERE conversation = ?1 AND uid = ?2 AND read < ?3",
        )?
        .execute((key, uid.as_str(), upto))?;
    Ok((moved > 0).then(|| place(upto)))
}

/// The place of the message with this id in this conversation.
pub(super) fn place_of(
    connection: &Connection,
    id: &ConversationId,
    message: &str,
) -> Outcome<Option<Seq>> {
    let Ok(message) = message.parse::<i64>() else {
        return Ok(None);
    };
    Ok(connection
        .prepare_cached(
            "SELECT seq FROM message JOIN conversation ON conversation.key = message.conversation
             WHERE id = ?1 AND name = ?2",
        )?
        .query_row((message, id.to_string()), |row| Ok(place(row.get(0)?)))
        .optional()?)
}

pub(super) fn recall(
    connection: &Connection,
    id: &ConversationId,
    recall: &Recall,
) -> Outcome<Recalled> {
    let Ok(message) = recall.id.parse::<i64>() else {
        return Ok(Recalled::Nothing);
    };
    let found: Option<(i64, i64, bool)> = connection
        .prepare_cached(
            "SELECT seq, at, recalled IS NOT NULL
             FROM message JOIN conversation ON conversation.key = message.conversation
             WHERE id = ?1 AND name = ?2 AND sender = ?3",
        )?
        .query_row((message, id.to_string(), recall.by.as_str()), |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    match found {
        None => Ok(Recalled::Nothing),
        Some((seq, _, true)) => Ok(Recalled::Done(place(seq))),
        Some((_, said_at, false)) if said_at < recall.said_since => Ok(Recalled::TooLate),
        Some((seq, _, false)) => {
            connection
                .prepare_cached("UPDATE message SET body = ?2, recalled = ?3 WHERE id = ?1")?
                .execute((message, recall.body.to_string(), recall.at))?;
            Ok(Recalled::Done(place(seq)))
        }
    }
}

pub(super) fn recalled(
    connection: &Connection,
    id: &ConversationId,
    after: Seq,
) -> Outcome<Vec<Message>> {
    let Some((key, _)) = find(connection, &id.to_string())? else {
        return Ok(Vec::new());
    };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {MESSAGE} WHERE message.conversation = ?1 AND seq > ?2
         AND recalled IS NOT NULL ORDER BY seq"
    ))?;
    let mut rows = statement.query((key, whole(after.0)))?;
    let mut messages = Vec::new();
    while let Some(row) = rows.next()? {
        messages.push(message(row)?);
    }
    Ok(messages)
}

/// What this person was not handed yet on this way.
pub(super) fn owed(
    connection: &Connection,
    uid: &Uid,
    way: &str,
) -> Outcome<Vec<(ConversationId, Seq, Seq)>> {
    let mut statement = connection.prepare_cached(
        "SELECT c.name, coalesce(h.seq, m.read), c.head FROM member m
         JOIN conversation c ON c.key = m.conversation
         LEFT JOIN handed h ON h.uid = m.uid AND h.way = ?2 AND h.conversation = m.conversation
         WHERE m.uid = ?1",
    )?;
    let rows = statement.query_map((uid.as_str(), way), |row| {
        let name: String = row.get(0)?;
        Ok((name, place(row.get(1)?), place(row.get(2)?)))
    })?;
    let mut owed = Vec::new();
    for row in rows {
        let (name, after, head) = row?;
        owed.push((conversation(&name)?, after, head));
    }
    Ok(owed)
}

/// They were handed everything up to these places.
pub(super) fn hand(
    connection: &Connection,
    uid: &Uid,
    way: &str,
    upto: &[(ConversationId, Seq)],
) -> Outcome<()> {
    for (id, seq) in upto {
        let Some((key, head)) = find(connection, &id.to_string())? else {
            continue;
        };
        connection
            .prepare_cached(
                "INSERT INTO handed (uid, way, conversation, seq) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (uid, way, conversation)
                 DO UPDATE SET seq = excluded.seq WHERE excluded.seq > seq",
            )?
            .execute((uid.as_str(), way, key, whole(seq.0).min(head)))?;
    }
    Ok(())
}

/// Writes to the disk, and changes nothing: a row that comes and goes. To put
/// what is there already in its place would write nothing.
pub(super) fn touch(connection: &Connection) -> Result<(), StoreError> {
    connection.execute_batch(
        "INSERT INTO guest (secret, uid, created) VALUES (x'', '', 0);
         DELETE FROM guest WHERE secret = x''",
    )?;
    Ok(())
}

pub(super) fn epoch(connection: &Connection) -> rusqlite::Result<String> {
    connection.query_row("SELECT epoch FROM log", (), |row| row.get(0))
}

pub(super) fn set_epoch(connection: &Connection, epoch: &str) -> rusqlite::Result<()> {
    connection.execute("UPDATE log SET epoch = ?1", [epoch])?;
    Ok(())
}

/// The newest message of all; 0 where there is none.
pub(super) fn newest(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT coalesce(max(id), 0) FROM message", (), |row| {
        row.get(0)
    })
}

fn conversation(name: &str) -> Outcome<ConversationId> {
    ConversationId::parse(name)
        .ok_or_else(|| StoreError::Unavailable("a conversation's name cannot be read".to_owned()))
}

fn unreadable(error: impl std::fmt::Display) -> StoreError {
    StoreError::Unavailable(format!("a stored body cannot be read: {error}"))
}

/// A place as the database has it: never negative there.
fn place(number: i64) -> Seq {
    Seq(u64::try_from(number).unwrap_or(0))
}

/// A place as a client says it: anything beyond the database's range is its end.
pub(super) fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
