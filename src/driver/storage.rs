//! What is unsent and unfinished, kept on the device: strict transactions, one
//! after the other, each with an end.
//!
//! Rows are text whose inside only the session knows. Nothing secret is kept
//! here. Knows nothing of memory mode: it says that it failed, once, after a
//! second try on a fresh handle.

use std::pin::Pin;
use std::rc::Rc;

use futures_channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures_util::StreamExt;
use futures_util::future::{Either, select};
use gloo_timers::future::TimeoutFuture;
use parlance_core::ids::{ClientId, SaveId, Uid};
use parlance_core::outbox::{Stored, Take, Turn, Write};
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
    /// Whose turn it is to hand this one over.
    Took(ClientId, Result<Turn, StorageFailure>),
}

enum Job {
    Load(Uid),
    Save(SaveId, Write),
    Take(Take),
}

/// What came of a job that worked.
enum Done {
    Read(Stored),
    Written,
    Turn(Turn),
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

    /// Asks whose turn it is, after the writes before.
    pub fn take(&self, take: Take) {
        let _ = self.jobs.unbounded_send(Job::Take(take));
    }

    /// Writes, after the writes before.
    pub fn save(&self, id: SaveId, write: Write) {
        let _ = self.jobs.unbounded_send(Job::Save(id, write));
    }
}

/// One job after the other: a second try must not overtake what came later.
async fn run(name: String, mut jobs: UnboundedReceiver<Job>, deliver: Rc<dyn Fn(Answer)>) {
    let mut keeper = Keeper {
        name,
        // Whole, and told apart by all 53 bits.
        page: (js_sys::Math::random() * 9e15).floor(),
        database: None,
        asked_to_persist: false,
    };
    while let Some(job) = jobs.next().await {
        let result = keeper.perform(&job).await;
        deliver(match (job, result) {
            (Job::Load(uid), Ok(Done::Read(stored))) => Answer::Loaded(uid, Ok(stored)),
            (Job::Load(uid), Err(failure)) => Answer::Loaded(uid, Err(failure)),
            (Job::Take(take), Ok(Done::Turn(turn))) => Answer::Took(take.client_id, Ok(turn)),
            (Job::Take(take), Err(failure)) => Answer::Took(take.client_id, Err(failure)),
            (Job::Save(id, _), Err(failure)) => Answer::Saved(id, Err(failure)),
            (Job::Save(id, _), Ok(_)) => {
                keeper.ask_to_persist();
                Answer::Saved(id, Ok(()))
            }
            // Each job ends as its own kind.
            (Job::Load(_) | Job::Take(_), Ok(_)) => continue,
        });
    }
}

struct Keeper {
    name: String,
    /// This page, among those that ask whose turn it is.
    page: f64,
    database: Option<Database>,
    asked_to_persist: bool,
}

impl Keeper {
    async fn perform(&mut self, job: &Job) -> Result<Done, StorageFailure> {
        let mut tries = 2;
        loop {
            let result = self.attempt(job).await;
            tries -= 1;
            if result.is_ok() {
                return result;
            }
            // A handle that failed once fails for ever on some systems, so it
            // is thrown away whatever the error says.
            if let Some(database) = self.database.take() {
                database.close();
            }
            if tries == 0 {
                return result;
            }
        }
    }

    async fn attempt(&mut self, job: &Job) -> Result<Done, StorageFailure> {
        let database = self.open().await?;
        let page = self.page;
        let work: Work<'_, Done> = Box::pin(async {
            Ok(match job {
                Job::Load(uid) => Done::Read(database.load(uid).await?),
                Job::Take(take) => Done::Turn(database.take(page, take).await?),
                Job::Save(_, write) => {
                    database.write(write).await?;
                    Done::Written
                }
            })
        });
        in_time(work).await
    }

    async fn open(&mut self) -> Result<Database, StorageFailure> {
        if let Some(database) = self.database.as_ref().filter(|it| it.is_alive()) {
            return Ok(database.clone());
        }
        let opening: Work<'_, Database> = Box::pin(Database::open(&self.name));
        let database = in_time(opening).await?;
        self.database = Some(database.clone());
        Ok(database)
    }

    /// Asks, once, that the browser does not clear this away when the disk is
    /// full. The answer changes nothing.
    fn ask_to_persist(&mut self) {
        if std::mem::replace(&mut self.asked_to_persist, true) {
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

/// Something that the device does for us, sooner or later.
type Work<'a, T> = Pin<Box<dyn Future<Output = Result<T, StorageFailure>> + 'a>>;

async fn in_time<T>(work: Work<'_, T>) -> Result<T, StorageFailure> {
    match select(work, TimeoutFuture::new(ANSWER_WITHIN_MS)).await {
        Either::Left((result, _)) => result,
        Either::Right(_) => Err(StorageFailure(format!(
            "the device's storage said nothing for {ANSWER_WITHIN_MS} ms"
        ))),
    }
}
