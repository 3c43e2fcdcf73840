//! The statements about people: who they are, what proves a guest, and the
//! numbers that some were given.
//!
//! Knows nothing of conversations.

use parlance_core::ids::Uid;
use rusqlite::{Connection, OptionalExtension, Row};

use super::queries::{Outcome, whole};
use crate::store::{Bar, Person, SecretHash, Standing};

pub(super) fn put_person(connection: &Connection, person: &Person) -> Outcome<()> {
    connection
        .prepare_cached(
            "INSERT INTO person (uid, name, avatar, host) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (uid) DO UPDATE SET name = ?2, avatar = ?3, host = ?4",
        )?
        .execute((
            person.uid.as_str(),
            &person.name,
            &person.avatar,
            person.host,
        ))?;
    Ok(())
}

pub(super) fn person(connection: &Connection, uid: &Uid) -> Outcome<Option<Person>> {
    Ok(connection
        .prepare_cached("SELECT uid, name, avatar, host, seen FROM person WHERE uid = ?1")?
        .query_row([uid.as_str()], known)
        .optional()?)
}

pub(super) fn seen(connection: &Connection, uid: &Uid, at: i64) -> Outcome<()> {
    connection
        .prepare_cached("UPDATE person SET seen = ?2 WHERE uid = ?1")?
        .execute((uid.as_str(), at))?;
    Ok(())
}

pub(super) fn add_guest(
    connection: &Connection,
    person: &Person,
    secret: &SecretHash,
    now: i64,
) -> Outcome<()> {
    put_person(connection, person)?;
    connection
        .prepare_cached("INSERT INTO guest (secret, uid, created) VALUES (?1, ?2, ?3)")?
        .execute((secret, person.uid.as_str(), now))?;
    Ok(())
}

pub(super) fn guest(connection: &Connection, secret: &SecretHash) -> Outcome<Option<Person>> {
    Ok(connection
        .prepare_cached(
            "SELECT guest.uid, name, avatar, host, seen
             FROM guest LEFT JOIN person ON person.uid = guest.uid WHERE secret = ?1",
        )?
        .query_row([secret], known)
        .optional()?)
}

pub(super) fn forget_guest(connection: &Connection, secret: &SecretHash) -> Outcome<()> {
    connection
        .prepare_cached("DELETE FROM guest WHERE secret = ?1")?
        .execute([secret])?;
    Ok(())
}

pub(super) fn bar(connection: &Connection, bar: &Bar, now: i64) -> Outcome<()> {
    match bar {
        Bar::Token(token, until) => {
            // What has run out is refused without this.
            connection
                .prepare_cached("DELETE FROM revoked WHERE until < ?1")?
                .execute([now])?;
            connection
                .prepare_cached("INSERT OR REPLACE INTO revoked (token, until) VALUES (?1, ?2)")?
                .execute((token, until))?;
        }
        Bar::Person(uid) => {
            connection
                .prepare_cached("INSERT OR REPLACE INTO banned (uid, at) VALUES (?1, ?2)")?
                .execute((uid.as_str(), now))?;
        }
    }
    Ok(())
}

pub(super) fn unbar(connection: &Connection, uid: &Uid) -> Outcome<()> {
    connection
        .prepare_cached("DELETE FROM banned WHERE uid = ?1")?
        .execute([uid.as_str()])?;
    Ok(())
}

pub(super) fn standing(
    connection: &Connection,
    uid: &Uid,
    token: Option<&SecretHash>,
) -> Outcome<Standing> {
    let banned = connection
        .prepare_cached("SELECT 1 FROM banned WHERE uid = ?1")?
        .exists([uid.as_str()])?;
    if banned {
        return Ok(Standing::Banned);
    }
    let revoked = match token {
        Some(token) => connection
            .prepare_cached("SELECT 1 FROM revoked WHERE token = ?1")?
            .exists([token])?,
        None => false,
    };
    Ok(if revoked {
        Standing::SignedOut
    } else {
        Standing::Welcome
    })
}

/// A person, perhaps one of whom nothing but the uid is known.
pub(super) fn known(row: &Row<'_>) -> rusqlite::Result<Person> {
    let uid: String = row.get(0)?;
    Ok(Person {
        name: row
            .get::<_, Option<String>>(1)?
            .unwrap_or_else(|| uid.clone()),
        uid: Uid::new(uid),
        avatar: row.get(2)?,
        host: row.get::<_, Option<bool>>(3)?.unwrap_or(false),
        seen: row.get(4)?,
    })
}

/// The number of this person, given on the first asking.
pub(super) fn number(connection: &Connection, uid: &Uid) -> Outcome<u64> {
    connection
        .prepare_cached("INSERT INTO number (uid) VALUES (?1) ON CONFLICT (uid) DO NOTHING")?
        .execute([uid.as_str()])?;
    let number: i64 = connection
        .prepare_cached("SELECT number FROM number WHERE uid = ?1")?
        .query_row([uid.as_str()], |row| row.get(0))?;
    Ok(u64::try_from(number).unwrap_or(0))
}

/// Whose number this is.
pub(super) fn numbered(connection: &Connection, number: u64) -> Outcome<Option<Uid>> {
    Ok(connection
        .prepare_cached("SELECT uid FROM number WHERE number = ?1")?
        .query_row([whole(number)], |row| {
            Ok(Uid::new(row.get::<_, String>(0)?))
        })
        .optional()?)
}
