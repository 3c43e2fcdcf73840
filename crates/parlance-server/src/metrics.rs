//! What the server counts, and how it says so to Prometheus.
//!
//! Counts only: no names, no addresses, nothing that somebody said.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use crate::lock;

/// Upper bounds of the buckets of the commit latency, in milliseconds.
const COMMIT_BUCKETS: [u64; 9] = [1, 2, 5, 10, 25, 50, 100, 250, 1000];

/// Everything that is counted. Shared by all tasks, so all of it is atomic or
/// behind a lock that is held for one line.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Sockets that are open now.
    pub connections: AtomicI64,
    /// Sockets that were ever opened.
    pub opened: AtomicU64,
    /// Frames that came in.
    pub frames_in: AtomicU64,
    /// Frames that went out.
    pub frames_out: AtomicU64,
    /// Messages pushed to readers.
    pub pushed: AtomicU64,
    /// Messages stored.
    pub appended: AtomicU64,
    /// Messages that had been stored before.
    pub duplicates: AtomicU64,
    commits: AtomicU64,
    commit_failures: AtomicU64,
    commit_micros: AtomicU64,
    commit_buckets: [AtomicU64; COMMIT_BUCKETS.len()],
    nacks: Mutex<BTreeMap<&'static str, u64>>,
    closes: Mutex<BTreeMap<u16, u64>>,
    oddities: Mutex<BTreeMap<&'static str, u64>>,
    refusals: Mutex<BTreeMap<&'static str, u64>>,
}

/// Counts one.
pub fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl Metrics {
    /// A group of writes was committed, or was not.
    pub fn committed(&self, took: Duration, ok: bool) {
        if !ok {
            count(&self.commit_failures);
            return;
        }
        count(&self.commits);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.commit_micros.fetch_add(micros, Ordering::Relaxed);
        for (bound, bucket) in COMMIT_BUCKETS.iter().zip(&self.commit_buckets) {
            if micros <= bound * 1000 {
                count(bucket);
            }
        }
    }

    /// A message was refused.
    pub fn nack(&self, code: &'static str) {
        *lock(&self.nacks).entry(code).or_default() += 1;
    }

    /// A link was closed by the server.
    pub fn close(&self, code: u16) {
        *lock(&self.closes).entry(code).or_default() += 1;
    }

    /// Something came that a client of ours does not send.
    pub fn oddity(&self, what: &'static str) {
        *lock(&self.oddities).entry(what).or_default() += 1;
    }

    /// An HTTP request or a handshake was refused.
    pub fn refusal(&self, code: &'static str) {
        *lock(&self.refusals).entry(code).or_default() += 1;
    }

    /// All of it, as Prometheus reads it.
    pub fn text(&self) -> String {
        let mut out = String::with_capacity(2048);
        let connections = self.connections.load(Ordering::Relaxed);
        let _ = writeln!(
            out,
            "# TYPE parlance_connections gauge\nparlance_connections {connections}"
        );
        for (name, counter) in [
            ("opened", &self.opened),
            ("frames_in", &self.frames_in),
            ("frames_out", &self.frames_out),
            ("messages_pushed", &self.pushed),
            ("messages_appended", &self.appended),
            ("messages_duplicate", &self.duplicates),
            ("commit_failures", &self.commit_failures),
        ] {
            let value = counter.load(Ordering::Relaxed);
            let _ = writeln!(
                out,
                "# TYPE parlance_{name}_total counter\nparlance_{name}_total {value}"
            );
        }
        out.push_str("# TYPE parlance_commit_seconds histogram\n");
        for (bound, bucket) in COMMIT_BUCKETS.iter().zip(&self.commit_buckets) {
            let value = bucket.load(Ordering::Relaxed);
            let (whole, thousandths) = (bound / 1000, bound % 1000);
            let _ = writeln!(
                out,
                "parlance_commit_seconds_bucket{{le=\"{whole}.{thousandths:03}\"}} {value}"
            );
        }
        let commits = self.commits.load(Ordering::Relaxed);
        let micros = self.commit_micros.load(Ordering::Relaxed);
        let _ = writeln!(
            out,
            "parlance_commit_seconds_bucket{{le=\"+Inf\"}} {commits}"
        );
        let _ = writeln!(
            out,
            "parlance_commit_seconds_sum {}.{:06}\nparlance_commit_seconds_count {commits}",
            micros / 1_000_000,
            micros % 1_000_000
        );
        labelled(&mut out, "nacks", "code", &lock(&self.nacks));
        labelled(&mut out, "closes", "code", &lock(&self.closes));
        labelled(&mut out, "oddities", "what", &lock(&self.oddities));
        labelled(&mut out, "refusals", "code", &lock(&self.refusals));
        out
    }
}

fn labelled<K: std::fmt::Display>(
    out: &mut String,
    name: &str,
    label: &str,
    counts: &BTreeMap<K, u64>,
) {
    let _ = writeln!(out, "# TYPE parlance_{name}_total counter");
    for (key, value) in counts {
        let _ = writeln!(out, "parlance_{name}_total{{{label}=\"{key}\"}} {value}");
    }
}
