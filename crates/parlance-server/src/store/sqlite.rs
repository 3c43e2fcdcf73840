//! The embedded store: SQLite, one thread that writes, a few connections that
//! read.
//!
//! Knows nothing of other servers: whoever opens a data folder has it alone.
//! With WAL and `synchronous=FULL` what is acknowledged survives `kill -9` and
//! the loss of power.

mod mark;
mod people;
mod queries;
mod schema;
mod writer;

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use parlance_core::frame::Part;
use parlance_core::ids::{ConversationId, Epoch, Seq, Uid};
use rusqlite::Connection;
use tokio::sync::Semaphore;

use crate::clock;
use crate::error::Error;
use crate::lock;
use crate::metrics::Metrics;
use crate::store::{
    Answer, Appended, Bar, Draft, Message, Millis, Page, Person, Recall, Recalled, SecretHash,
    Standing, Store, StoreError, Summary,
};
use mark::{Identity, Mark};
use writer::Writer;

/// Reads that run at once. They are short and come from the page cache; more
/// threads than that would only wait for each other.
const READERS: usize = 4;

/// A store in a folder.
pub struct SqliteStore {
    epoch: Epoch,
    // Dropped in this order, before the lock below.
    writer: Writer,
    readers: Arc<Readers>,
    _mark: Mark,
    // Held for as long as the store lives: a second server on the same folder
    // would commit messages that nobody here is told of.
    _lock: File,
}

impl SqliteStore {
    /// Opens the store in this folder, which is made if it is not there.
    pub fn open(folder: &Path, metrics: Arc<Metrics>) -> Result<Self, Error> {
        let unusable = |why: String| Error::Data(folder.to_owned(), why);
        let io = |error: std::io::Error| unusable(error.to_string());
        std::fs::create_dir_all(folder).map_err(io)?;
        let held = hold(folder)?;
        let path = folder.join(DATABASE);
        let found = Identity::of(&path);
        let fresh = crate::random::text::<16>()?;
        let connection =
            schema::open_writer(&path, &fresh, clock::unix_millis()).map_err(unusable)?;
        let failed = |error: rusqlite::Error| unusable(error.to_string());
        let newest = queries::newest(&connection).map_err(failed)?;
        if found.is_some_and(|found| !mark::fits(folder, found, newest)) {
            queries::set_epoch(&connection, &fresh).map_err(failed)?;
            tracing::warn!(
                "the data was put back from a copy, or changed by another program:                  its log has a new identity, and every page reads it anew"
            );
        }
        let mark = Mark::open(folder, &path, newest);
        let epoch = queries::epoch(&connection).map_err(|error| unusable(error.to_string()))?;
        let writer = Writer::start(connection, metrics).map_err(io)?;
        Ok(Self {
            epoch: Epoch::new(epoch),
            writer,
            readers: Arc::new(Readers {
                path,
                idle: Mutex::new(Vec::new()),
                free: Semaphore::new(READERS),
            }),
            _mark: mark,
            _lock: held,
        })
    }

    /// The data in this folder was put back from a copy: when it is opened next,
    /// its log has a new identity.
    pub fn was_restored(folder: &Path) -> Result<(), Error> {
        let unusable = |why: String| Error::Data(folder.to_owned(), why);
        if !folder.join(DATABASE).is_file() {
            return Err(unusable(format!("there is no {DATABASE} in it")));
        }
        let _held = hold(folder)?;
        mark::forget(folder).map_err(|error| unusable(error.to_string()))
    }

    fn reading<T, F>(&self, work: F) -> Answer<'_, T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let readers = Arc::clone(&self.readers);
        async move { Readers::read(readers, work).await }.boxed()
    }

    fn writing<T, F>(&self, work: F) -> Answer<'_, T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        self.writer.write(work).boxed()
    }
}

/// The database in its folder.
const DATABASE: &str = "parlance.db";

/// Makes sure that nobody else uses this folder.
fn hold(folder: &Path) -> Result<File, Error> {
    let io = |error: std::io::Error| Error::Data(folder.to_owned(), error.to_string());
    let held = File::create(folder.join("lock")).map_err(io)?;
    match held.try_lock() {
        Ok(()) => Ok(held),
        Err(TryLockError::WouldBlock) => Err(Error::InUse(folder.to_owned())),
        Err(TryLockError::Error(error)) => Err(io(error)),
    }
}

/// The connections that read.
struct Readers {
    path: PathBuf,
    // A stack: the one used last has the warmest cache.
    idle: Mutex<Vec<Connection>>,
    // Bounds the threads that read, whatever the number of peers.
    free: Semaphore,
}

impl Readers {
    async fn read<T, F>(readers: Arc<Self>, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let gone = |_| StoreError::Unavailable("a reading thread has ended".to_owned());
        let shared = Arc::clone(&readers);
        let _permit = shared
            .free
            .acquire()
            .await
            .map_err(|_| StoreError::Unavailable("the store is closed".to_owned()))?;
        tokio::task::spawn_blocking(move || readers.read_here(work))
            .await
            .map_err(gone)?
    }

    fn read_here<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        // Not in the `match`: the lock would be held for the whole opening.
        let idle = lock(&self.idle).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => schema::open_reader(&self.path)?,
        };
        // One transaction, so that a head and the messages under it agree.
        connection.execute_batch("BEGIN")?;
        let result = work(&connection);
        connection.execute_batch("COMMIT")?;
        lock(&self.idle).push(connection);
        result
    }
}

impl Store for SqliteStore {
    fn epoch(&self) -> &Epoch {
        &self.epoch
    }

    fn append(&self, draft: Draft) -> Answer<'_, Appended> {
        self.writing(move |connection| queries::append(connection, &draft))
    }

    fn page(&self, conversation: ConversationId, part: Part, limit: u32) -> Answer<'_, Page> {
        self.reading(move |connection| queries::page(connection, &conversation, part, limit))
    }

    fn place(&self, conversation: ConversationId, id: String) -> Answer<'_, Option<Seq>> {
        self.reading(move |connection| queries::place_of(connection, &conversation, &id))
    }

    fn recall(&self, conversation: ConversationId, recall: Recall) -> Answer<'_, Recalled> {
        self.writing(move |connection| queries::recall(connection, &conversation, &recall))
    }

    fn recalled(&self, conversation: ConversationId, after: Seq) -> Answer<'_, Vec<Message>> {
        self.reading(move |connection| queries::recalled(connection, &conversation, after))
    }

    fn head(&self, conversation: ConversationId) -> Answer<'_, Seq> {
        self.reading(move |connection| queries::head(connection, &conversation))
    }

    fn heads(&self, uid: Uid) -> Answer<'_, Vec<(ConversationId, Seq)>> {
        self.reading(move |connection| queries::heads(connection, &uid))
    }

    fn summaries(&self, uid: Uid, limit: u32) -> Answer<'_, Vec<Summary>> {
        self.reading(move |connection| queries::summaries(connection, &uid, limit))
    }

    fn summary(&self, uid: Uid, conversation: ConversationId) -> Answer<'_, Option<Summary>> {
        self.reading(move |connection| queries::summary(connection, &uid, &conversation))
    }

    fn join(&self, uid: Uid, conversation: ConversationId) -> Answer<'_, bool> {
        self.writing(move |connection| queries::join(connection, &uid, &conversation))
    }

    fn is_member(&self, uid: Uid, conversation: ConversationId) -> Answer<'_, bool> {
        self.reading(move |connection| queries::is_member(connection, &uid, &conversation))
    }

    fn members(&self, conversation: ConversationId, limit: u32) -> Answer<'_, Vec<Person>> {
        self.reading(move |connection| queries::members(connection, &conversation, limit))
    }

    fn readers(&self, conversation: ConversationId, limit: u32) -> Answer<'_, Vec<(Uid, Seq)>> {
        self.reading(move |connection| queries::readers(connection, &conversation, limit))
    }

    fn read(&self, uid: Uid, conversation: ConversationId, seq: Seq) -> Answer<'_, Option<Seq>> {
        self.writing(move |connection| queries::read(connection, &uid, &conversation, seq))
    }

    fn put_person(&self, person: Person) -> Answer<'_, ()> {
        self.writing(move |connection| people::put_person(connection, &person))
    }

    fn person(&self, uid: Uid) -> Answer<'_, Option<Person>> {
        self.reading(move |connection| people::person(connection, &uid))
    }

    fn number(&self, uid: Uid) -> Answer<'_, u64> {
        self.writing(move |connection| people::number(connection, &uid))
    }

    fn numbered(&self, number: u64) -> Answer<'_, Option<Uid>> {
        self.reading(move |connection| people::numbered(connection, number))
    }

    fn owed(&self, uid: Uid, way: &'static str) -> Answer<'_, Vec<(ConversationId, Seq, Seq)>> {
        self.reading(move |connection| queries::owed(connection, &uid, way))
    }

    fn hand(
        &self,
        uid: Uid,
        way: &'static str,
        upto: Vec<(ConversationId, Seq)>,
    ) -> Answer<'_, ()> {
        self.writing(move |connection| queries::hand(connection, &uid, way, &upto))
    }

    fn seen(&self, uid: Uid, at: Millis) -> Answer<'_, ()> {
        self.writing(move |connection| people::seen(connection, &uid, at))
    }

    fn add_guest(&self, person: Person, secret: SecretHash) -> Answer<'_, ()> {
        let now = clock::unix_millis();
        self.writing(move |connection| people::add_guest(connection, &person, &secret, now))
    }

    fn guest(&self, secret: SecretHash) -> Answer<'_, Option<Person>> {
        self.reading(move |connection| people::guest(connection, &secret))
    }

    fn forget_guest(&self, secret: SecretHash) -> Answer<'_, ()> {
        self.writing(move |connection| people::forget_guest(connection, &secret))
    }

    fn bar(&self, bar: Bar) -> Answer<'_, ()> {
        let now = clock::unix_millis();
        self.writing(move |connection| people::bar(connection, &bar, now))
    }

    fn unbar(&self, uid: Uid) -> Answer<'_, ()> {
        self.writing(move |connection| people::unbar(connection, &uid))
    }

    fn standing(&self, uid: Uid, token: Option<SecretHash>) -> Answer<'_, Standing> {
        self.reading(move |connection| people::standing(connection, &uid, token.as_ref()))
    }

    fn check(&self) -> Answer<'_, ()> {
        async {
            self.reading(|connection| Ok(queries::epoch(connection).map(|_| ())?))
                .await?;
            // An empty write still opens and commits a transaction, after
            // everything that was asked before it. It need not reach the disk:
            // where that has failed, only a real one shows that it works again.
            if !self.writer.has_failed() {
                return self.writing(|_| Ok(())).await;
            }
            self.writing(queries::touch).await?;
            self.writer.works_again();
            Ok(())
        }
        .boxed()
    }
}
