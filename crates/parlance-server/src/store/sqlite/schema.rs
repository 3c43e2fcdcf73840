//! The tables, their versions, and the settings that the promises stand on.
//!
//! Knows no queries.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

/// Marks a file as ours (`PARL`), so that a wrong path does not turn
/// somebody else's database into one of ours.
const APPLICATION: i64 = 0x5041_524C;

/// One step for each version; a step that was released is never changed.
const STEPS: [&str; 5] = [
    "
    CREATE TABLE log (
        only    INTEGER PRIMARY KEY CHECK (only = 1),
        epoch   TEXT NOT NULL,
        created INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE person (
        uid    TEXT PRIMARY KEY,
        name   TEXT NOT NULL,
        avatar TEXT,
        host   INTEGER NOT NULL DEFAULT 0,
        seen   INTEGER
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE guest (
        secret  BLOB PRIMARY KEY,
        uid     TEXT NOT NULL,
        created INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE conversation (
        key    INTEGER PRIMARY KEY,
        name   TEXT NOT NULL UNIQUE,
        title  TEXT,
        avatar TEXT,
        head   INTEGER NOT NULL DEFAULT 0,
        active INTEGER NOT NULL DEFAULT 0
    ) STRICT;

    -- `nth` counts the sender's messages in the conversation up to this one,
    -- so that unread is two look-ups and not a scan.
    CREATE TABLE message (
        id           INTEGER PRIMARY KEY,
        conversation INTEGER NOT NULL,
        seq          INTEGER NOT NULL,
        sender       TEXT,
        cid          TEXT,
        nth          INTEGER NOT NULL,
        body         TEXT NOT NULL,
        at           INTEGER NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX message_place ON message (conversation, seq);
    CREATE UNIQUE INDEX message_once ON message (sender, cid) WHERE cid IS NOT NULL;
    CREATE INDEX message_sender ON message (conversation, sender, seq, nth);

    CREATE TABLE member (
        conversation INTEGER NOT NULL,
        uid          TEXT NOT NULL,
        read         INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (conversation, uid)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX member_uid ON member (uid, conversation, read);
",
    // Numbers for people whose names are none, where a dialect wants one.
    "
    CREATE TABLE number (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        uid    TEXT NOT NULL UNIQUE
    ) STRICT;
",
    // When a message was taken back; its body then says that alone.
    "
    ALTER TABLE message ADD COLUMN recalled INTEGER;
    CREATE INDEX message_recalled ON message (conversation, seq) WHERE recalled IS NOT NULL;
",
    // How far a person was handed messages on a way in that keeps none.
    "
    CREATE TABLE handed (
        uid          TEXT NOT NULL,
        way          TEXT NOT NULL,
        conversation INTEGER NOT NULL,
        seq          INTEGER NOT NULL,
        PRIMARY KEY (uid, way, conversation)
    ) STRICT, WITHOUT ROWID;
",
    // Who is not wanted, and which signed tokens were signed out with before
    // they ran out; of these the hash alone.
    "
    CREATE TABLE banned (
        uid TEXT PRIMARY KEY,
        at  INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE revoked (
        token BLOB PRIMARY KEY,
        until INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
",
];

/// Opens the one connection that writes, and brings the tables up to date.
pub(super) fn open_writer(path: &Path, epoch: &str, now: i64) -> Result<Connection, String> {
    require_version(rusqlite::version_number(), rusqlite::version())?;
    let mut connection = Connection::open(path).map_err(|error| error.to_string())?;
    prepare(&connection).map_err(|error| error.to_string())?;
    migrate(&mut connection, epoch, now)?;
    Ok(connection)
}

/// Opens a connection that only reads.
pub(super) fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "query_only", true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

/// How long a connection waits for another's lock. Ours never hold one for
/// long; a backup tool may.
const BUSY: Duration = Duration::from_secs(5);

/// All statements of this store fit, so that each is compiled once.
const STATEMENTS: usize = 64;

/// 3.7.0 to 3.51.2 can corrupt a database when the WAL is reset.
fn require_version(number: i32, text: &str) -> Result<(), String> {
    if number < 3_051_003 {
        return Err(format!(
            "this program was built with SQLite {text}, which can damage a database; 3.51.3 is needed"
        ));
    }
    Ok(())
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // NORMAL may roll back what was acknowledged when the power goes.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(())
}

fn migrate(connection: &mut Connection, epoch: &str, now: i64) -> Result<(), String> {
    let failed = |error: rusqlite::Error| error.to_string();
    let known = i64::try_from(STEPS.len()).unwrap_or(i64::MAX);
    let transaction = connection.transaction().map_err(failed)?;
    let number = |name: &str| -> Result<i64, String> {
        transaction
            .pragma_query_value(None, name, |row| row.get(0))
            .map_err(failed)
    };
    let version = number("user_version")?;
    let application = number("application_id")?;
    if version > known {
        return Err(format!(
            "it was written by a newer parlance-server (schema {version}, this one knows {known})"
        ));
    }
    if version < 0
        || (version == 0) != (application == 0)
        || (version > 0 && application != APPLICATION)
    {
        return Err("its database is not one of parlance-server's".to_owned());
    }
    if version == 0 && tables(&transaction).map_err(failed)? > 0 {
        return Err("its database is not one of parlance-server's".to_owned());
    }
    let done = usize::try_from(version).unwrap_or(0);
    for step in STEPS.iter().skip(done) {
        transaction.execute_batch(step).map_err(failed)?;
    }
    if done == 0 {
        transaction
            .execute(
                "INSERT INTO log (only, epoch, created) VALUES (1, ?1, ?2)",
                (epoch, now),
            )
            .map_err(failed)?;
    }
    transaction
        .pragma_update(None, "user_version", known)
        .map_err(failed)?;
    transaction
        .pragma_update(None, "application_id", APPLICATION)
        .map_err(failed)?;
    transaction.commit().map_err(failed)
}

fn tables(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sqlite_that_can_damage_the_log_is_refused() {
        assert!(require_version(3_051_002, "3.51.2").is_err());
        assert!(require_version(3_051_003, "3.51.3").is_ok());
        assert!(require_version(rusqlite::version_number(), rusqlite::version()).is_ok());
    }
}
