//! What is unsent and unfinished, kept on the device: strict transactions, one
//! after the other, each with an end.
//!
//! Rows are text whose inside only the session knows. Nothing secret is kept
//! here. Knows nothing of memory mode: it says that it failed, once, after a
//! second try on a fresh handle.

use std::cell::Cell;
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;

use futures_channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures_util::StreamExt;
use futures_util::future::{Either, select};
use gloo_timers::future::TimeoutFuture;
use parlance_core::ids::{SaveId, Uid};
use parlance_core::outbox::{Stored, Write};
use parlance_core::session::StorageFailure;
use wasm_bindgen_futures::{JsFuture, spawn_local};

use self::database::Database;

mod database;
mod request;

/// A browser that says nothing for so long is not going to: web-views have
/// been seen to open a database for ever.
const ANSWER_WITHIN_MS: u32 = 4_000;

/// The storage of one server on this device.
#[derive(Debug)]
pub struct Storage {
    jobs: UnboundedSender<Job>,
}

/// What came of a job.
#[derive(Debug)]
pub enum Answer {
    /// What is kept for this person.
    Loaded(Uid, Result<Stored, StorageFailure>),
    /// The write is complete, or failed.
    Saved(SaveId, Result<(), StorageFailure>),
}

enum Job {
    Load(Uid),
    Save(SaveId, Write),
}

impl Storage {
    /// The storage of this name. Nothing is opened before it is needed.
    pub fn start(name: String, deliver: Rc<dyn Fn(Answer)>) -> Self {
        let (jobs, taken) = unbounded();
        spawn_local(run(name, taken, deliver));
        Self { jobs }
    }

    /// Reads what is kept for this person, after the writes before.
    pub fn load(&self, uid: Uid) {
        let _ = self.jobs.unbounded_send(Job::Load(uid));
    }

    /// Writes, after the writes before.
    pub fn save(&self, id: SaveId, write: Write) {
        let _ = self.jobs.unbounded_send(Job::Save(id, write));
    }
}

/// One job after the other: a second try must not overtake what came later.
async fn run(name: String, mut jobs: UnboundedReceiver<Job>, deliver: Rc<dyn Fn(Answer)>) {
    let keeper = Keeper {
        name,
        database: None,
        asked_to_persist: Cell::new(false),
    };
    let mut keeper = keeper;
    while let Some(job) = jobs.next().await {
        match job {
            Job::Load(uid) => {
                let result = keeper.load(&uid).await;
                deliver(Answer::Loaded(uid, result));
            }
            Job::Save(id, write) => {
                let result = keeper.save(&write).await;
                deliver(Answer::Saved(id, result));
            }
        }
    }
}

struct Keeper {
    name: String,
    database: Option<Database>,
    asked_to_persist: Cell<bool>,
}

impl Keeper {
    async fn load(&mut self, uid: &Uid) -> Result<Stored, StorageFailure> {
        let database = self.open().await;
        let first = match &database {
            Ok(database) => in_time(database.load(uid)).await,
            Err(failure) => Err(failure.clone()),
        };
        match first {
            Ok(stored) => Ok(stored),
            Err(_) => {
                let database = self.reopen().await?;
                let second = in_time(database.load(uid)).await;
                self.judge(second)
            }
        }
    }

    async fn save(&mut self, write: &Write) -> Result<(), StorageFailure> {
        let database = self.open().await;
        let first = match &database {
            Ok(database) => in_time(database.write(write)).await,
            Err(failure) => Err(failure.clone()),
        };
        let result = match first {
            Ok(()) => Ok(()),
            Err(_) => {
                let database = self.reopen().await?;
                let second = in_time(database.write(write)).await;
                self.judge(second)
            }
        };
        if result.is_ok() {
            self.ask_to_persist();
        }
        result
    }

    async fn open(&mut self) -> Result<Database, StorageFailure> {
        if let Some(database) = self.database.as_ref().filter(|it| it.is_alive()) {
            return Ok(database.clone());
        }
        let database = in_time(Database::open(&self.name)).await?;
        self.database = Some(database.clone());
        Ok(database)
    }

    /// A handle that failed once fails for ever on some systems, so it is
    /// thrown away whatever the error says.
    async fn reopen(&mut self) -> Result<Database, StorageFailure> {
        self.drop_handle();
        self.open().await
    }

    fn judge<T>(&mut self, result: Result<T, StorageFailure>) -> Result<T, StorageFailure> {
        if result.is_err() {
            self.drop_handle();
        }
        result
    }

    fn drop_handle(&mut self) {
        if let Some(database) = self.database.take() {
            database.close();
        }
    }

    /// Asks, once, that the browser does not clear this away when the disk is
    /// full. The answer changes nothing.
    fn ask_to_persist(&self) {
        if self.asked_to_persist.replace(true) {
            return;
        }
        let promise = web_sys::window()
            .map(|window| window.navigator())
            // Absent on pages without a secure origin.
            .filter(|navigator| {
                js_sys::Reflect::get(navigator, &"storage".into())
                    .is_ok_and(|storage| storage.is_object())
            })
            .and_then(|navigator| navigator.storage().persist().ok());
        if let Some(promise) = promise {
            spawn_local(async move {
                let _ = JsFuture::from(promise).await;
            });
        }
    }
}

async fn in_time<T>(
    work: impl Future<Output = Result<T, StorageFailure>>,
) -> Result<T, StorageFailure> {
    match select(pin!(work), TimeoutFuture::new(ANSWER_WITHIN_MS)).await {
        Either::Left((result, _)) => result,
        Either::Right(_) => Err(StorageFailure(format!(
            "the device's storage said nothing for {ANSWER_WITHIN_MS} ms"
        ))),
    }
}
