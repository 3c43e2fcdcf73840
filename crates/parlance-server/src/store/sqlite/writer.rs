//! The one thread that writes: it gathers what is waiting into one
//! transaction, commits, and only then tells each asker.
//!
//! Knows nothing of what is written.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use crate::metrics::Metrics;
use crate::store::StoreError;

/// Writes that may wait. Beyond it askers wait to ask, which slows their
/// links down instead of growing the memory.
const WAITING: usize = 1024;

/// How long a group is gathered at most: the price in latency of sharing one
/// fsync. A group ends earlier when nothing waits.
const GATHER: Duration = Duration::from_millis(5);

/// Writes in a group at most, so that no transaction grows without bound.
const GROUP: usize = 512;

/// The way to the writing thread.
pub(super) struct Writer {
    // Both are there until the drop.
    jobs: Option<mpsc::Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
    // A commit has failed, and nobody has seen since that one does not.
    failed: Arc<AtomicBool>,
}

impl Drop for Writer {
    /// Waits for the thread, which ends when it has written what was asked:
    /// who opens the same folder next finds nobody writing there.
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // It failed, perhaps; there is nobody left to tell.
            let _ = thread.join();
        }
    }
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(connection: Connection, metrics: Arc<Metrics>) -> std::io::Result<Self> {
        let (jobs, waiting) = mpsc::channel(WAITING);
        let failed = Arc::<AtomicBool>::default();
        let fails = Arc::clone(&failed);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || write_all(&connection, waiting, &metrics, &fails))?;
        Ok(Self {
            jobs: Some(jobs),
            thread: Some(thread),
            failed,
        })
    }

    /// Whether a commit has failed since the last time that this one was told
    /// that it works.
    pub(super) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::SeqCst)
    }

    /// Something was written, and it stands.
    pub(super) fn works_again(&self) {
        self.failed.store(false, Ordering::SeqCst);
    }

    /// Does this work in a transaction; answers after the commit. When the
    /// asker goes away in the meantime the work is done all the same.
    pub(super) async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job = Box::new(Work {
            work: Some(work),
            result: None,
            answer,
        });
        let jobs = self.jobs.as_ref().ok_or_else(writer_is_gone)?;
        jobs.send(job).await.map_err(|_| writer_is_gone())?;
        answered.await.map_err(|_| writer_is_gone())?
    }
}

fn writer_is_gone() -> StoreError {
    StoreError::Unavailable("the writing thread has ended".to_owned())
}

/// A piece of work whose result is told after the commit.
trait Job: Send {
    /// Does it. Answers whether it stands.
    fn run(&mut self, connection: &Connection) -> bool;
    /// Tells the asker.
    fn tell(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Work<T, F> {
    work: Option<F>,
    result: Option<Result<T, StoreError>>,
    answer: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Job for Work<T, F>
where
    T: Send,
    F: FnOnce(&Connection) -> Result<T, StoreError> + Send,
{
    fn run(&mut self, connection: &Connection) -> bool {
        self.result = self.work.take().map(|work| work(connection));
        matches!(self.result, Some(Ok(_)))
    }

    fn tell(self: Box<Self>, committed: Result<(), StoreError>) {
        let result = match (self.result, committed) {
            // What failed by itself keeps its own reason.
            (Some(Err(error)), _) | (_, Err(error)) => Err(error),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (None, Ok(())) => Err(StoreError::Unavailable("the work was not begun".to_owned())),
        };
        // The asker may have gone; the work stands all the same.
        let _ = self.answer.send(result);
    }
}

fn write_all(
    connection: &Connection,
    mut waiting: mpsc::Receiver<Box<dyn Job>>,
    metrics: &Metrics,
    fails: &AtomicBool,
) {
    while let Some(first) = waiting.blocking_recv() {
        let began = Instant::now();
        let mut group = vec![first];
        let outcome = write_group(connection, &mut group, &mut waiting, began);
        metrics.committed(began.elapsed(), outcome.is_ok());
        if let Err(error) = &outcome {
            fails.store(true, Ordering::SeqCst);
            tracing::error!(%error, writes = group.len(), "commit failed");
            // Nothing of the group stands, whatever state SQLite left it in.
            if !connection.is_autocommit() {
                let _ = connection.execute_batch("ROLLBACK");
            }
        }
        for job in group {
            job.tell(outcome.clone());
        }
    }
}

fn write_group(
    connection: &Connection,
    group: &mut Vec<Box<dyn Job>>,
    waiting: &mut mpsc::Receiver<Box<dyn Job>>,
    began: Instant,
) -> Result<(), StoreError> {
    batch(connection, "BEGIN IMMEDIATE")?;
    let mut next = 0;
    loop {
        while let Some(job) = group.get_mut(next) {
            run(connection, job.as_mut())?;
            next += 1;
        }
        if group.len() >= GROUP || began.elapsed() >= GATHER {
            break;
        }
        match waiting.try_recv() {
            Ok(job) => group.push(job),
            Err(_) => break,
        }
    }
    batch(connection, "COMMIT")
}

/// Runs one job in a savepoint of its own, so that one that fails half-way
/// leaves nothing behind and takes no other with it.
fn run(connection: &Connection, job: &mut dyn Job) -> Result<(), StoreError> {
    batch(connection, "SAVEPOINT job")?;
    if job.run(connection) {
        return batch(connection, "RELEASE job");
    }
    if connection.is_autocommit() {
        // A full disk makes SQLite roll everything back by itself.
        return Err(StoreError::Unavailable(
            "the transaction was rolled back".to_owned(),
        ));
    }
    batch(connection, "ROLLBACK TO job; RELEASE job")
}

fn batch(connection: &Connection, sql: &str) -> Result<(), StoreError> {
    connection
        .execute_batch(sql)
        .map_err(|error| StoreError::Unavailable(error.to_string()))
}
