//! How a story is told: as many browsers at once as the machine bears, a
//! runtime of its own, a clean end, and the figures after the last one.
//! Knows nothing of what the story is about.

use std::io::Write as _;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Semaphore;

use crate::browser::Engine::{self, Chromium};
use crate::page::Chat;
use crate::server::Server;
use crate::{settings, sockets, talk};

static SEATS: OnceLock<Semaphore> = OnceLock::new();
static TOLD: AtomicUsize = AtomicUsize::new(0);

/// Tells a story that needs this many browsers at once.
pub(crate) fn tell(browsers: u32, story: impl AsyncFnOnce()) {
    let _ending = Ending;
    let seats = SEATS.get_or_init(|| Semaphore::new(settings::browsers().max(2) as usize));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let _seats = seats.acquire_many(browsers).await.expect("seats");
        story().await;
    });
}

/// Ann and Bob in the room that both open first, where Ann's path will break.
/// Ann sits at a browser of this engine.
pub(crate) async fn two_in_the_lobby(server: &Server, engine: Engine) -> (Chat, Chat) {
    let (ann, bob) = tokio::join!(
        Chat::sits_down("Ann", engine, server),
        Chat::sits_down("Bob", Chromium, server),
    );
    tokio::join!(ann.opens_and_joins("/"), bob.opens_and_joins("/"));
    ann.expects_trouble();
    (ann, bob)
}

/// Everybody leaves; whatever went wrong behind the page is said now.
pub(crate) async fn ends_well<const PEOPLE: usize>(people: [Chat; PEOPLE]) {
    for person in people {
        let faults = person.hidden_faults().await;
        assert!(
            faults.is_empty(),
            "behind {}'s page: {faults:#?}",
            person.name
        );
    }
}

/// Runs when a story is over, however it ended.
struct Ending;

impl Drop for Ending {
    fn drop(&mut self) {
        let told = TOLD.fetch_add(1, Ordering::SeqCst) + 1;
        if told == stories() {
            // Past the harness's capture, so that it is seen without asking.
            let _ = writeln!(
                std::io::stdout(),
                "\n{}\n{}",
                talk::summary(),
                sockets::summary()
            );
        }
    }
}

/// How many stories this run tells: the harness itself is asked for the names,
/// with the same filters.
fn stories() -> usize {
    static STORIES: OnceLock<usize> = OnceLock::new();
    *STORIES.get_or_init(|| {
        let asked_for = |argument: &str| std::env::args().any(|given| given == argument);
        let all = listed(&[]);
        // The list has those too that are passed over.
        if asked_for("--include-ignored") || asked_for("--ignored") {
            all
        } else {
            all - listed(&["--ignored"]).min(all)
        }
    })
}

fn listed(more: &[&str]) -> usize {
    let Ok(program) = std::env::current_exe() else {
        return 0;
    };
    let listed = Command::new(program)
        .args(std::env::args().skip(1))
        .args(more)
        .args(["--list", "--format", "terse"])
        .output();
    let listed = listed.map(|listed| listed.stdout).unwrap_or_default();
    let is_story = |line: &&str| {
        (line.starts_with("stories::") || line.contains("::row_")) && line.ends_with(": test")
    };
    String::from_utf8_lossy(&listed)
        .lines()
        .filter(is_story)
        .count()
}

/// The name that the test harness gave to this thread.
pub(crate) fn story_name() -> String {
    let current = std::thread::current();
    current.name().unwrap_or("story").replace("::", "-")
}
