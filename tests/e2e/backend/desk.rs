//! What a backend keeps, and how it means to behave. The same for all of them;
//! knows none of their words.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

/// What is done about the page's next message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Kept, and answered as this backend answers.
    Kept,
    /// Kept, and the link is gone before anything is said of it.
    KeptAndCut,
    /// Not kept, and the link is gone.
    LostAndCut,
    /// Neither kept nor answered: an exception was swallowed.
    Vanishes,
    /// Kept, and not answered.
    KeptInSilence,
    /// Refused in this backend's words.
    Refused,
}

/// How history is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum History {
    #[default]
    Right,
    /// With a page for people, as a portal or a broken proxy does.
    Html,
    /// With everything but the rows.
    NoKey,
    /// With rows of which some are broken, among those that are not.
    BrokenRows,
}

/// Links that say nothing are dropped: who was silent for longer than the
/// limit, looked at every so often.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Idle {
    pub(crate) limit: Duration,
    pub(crate) since: Instant,
    pub(crate) every: Duration,
}

impl Idle {
    /// When it is looked next whether somebody was silent since then.
    pub(super) fn next(&self, heard_at: Instant) -> Instant {
        let now = Instant::now().max(heard_at);
        let rounds = now.duration_since(self.since).as_nanos() / self.every.as_nanos().max(1);
        self.since + self.every * (u32::try_from(rounds).unwrap_or(u32::MAX - 1) + 1)
    }

    pub(super) fn is_over(&self, heard_at: Instant) -> bool {
        heard_at.elapsed() > self.limit
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) id: String,
    pub(crate) mine: bool,
    pub(crate) text: String,
}

impl Stored {
    pub(super) fn of(id: &str, mine: bool, text: &str) -> Self {
        Self {
            id: id.to_owned(),
            mine,
            text: text.to_owned(),
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Desk {
    pub(crate) stored: Vec<Stored>,
    /// The link on which the page hears what others say.
    pub(crate) routed: Option<usize>,
    pub(crate) history: History,
    /// What becomes of the next messages; then they are kept.
    pub(crate) fates: Vec<Fate>,
    pub(crate) idle: Option<Idle>,
    /// Who comes in is turned away, for good.
    pub(crate) refuses: bool,
    /// Sockets are not given.
    pub(crate) refuses_links: bool,
    /// Pings are not answered.
    pub(crate) mute: bool,
    /// A socket that closes takes the person's routing along, whosever it is.
    pub(crate) reaps_without_looking: bool,
    /// Frames that nobody was there to hear, where the backend keeps them.
    pub(super) owed: Vec<String>,
    /// Names and pictures are lost on the way.
    pub(crate) loses_names: bool,
    /// What the page may do, as its server says; and what would break Trusted
    /// Types is reported.
    pub(crate) policy: Option<String>,
}

impl Desk {
    /// Keeps it under the next number.
    pub(crate) fn keeps(&mut self, mine: bool, text: &str) -> String {
        let id = (100 + self.stored.len()).to_string();
        self.keeps_as(mine, text, &id);
        id
    }

    /// Keeps it under an id that somebody else gave.
    pub(super) fn keeps_as(&mut self, mine: bool, text: &str, id: &str) {
        self.stored.push(Stored::of(id, mine, text));
    }

    /// A page of its log with these rows, as the page is to get it: `with`
    /// puts rows where the backend has them, `bare` has no place for any.
    /// `None`: something else comes in its place.
    pub(super) fn page(
        &self,
        rows: Vec<Value>,
        with: impl Fn(Vec<Value>) -> Value,
        bare: Value,
    ) -> Option<Value> {
        match self.history {
            History::Right => Some(with(rows)),
            History::BrokenRows => Some(with(among_broken(rows))),
            History::NoKey => Some(bare),
            History::Html => None,
        }
    }

    /// What is done about the message that just came.
    pub(super) fn fate(&mut self) -> Fate {
        if self.fates.is_empty() {
            Fate::Kept
        } else {
            self.fates.remove(0)
        }
    }

    /// The texts of one side, in the order in which they were kept.
    pub(crate) fn texts(&self, mine: bool) -> Vec<String> {
        let stored = self.stored.iter().filter(|stored| stored.mine == mine);
        stored.map(|stored| stored.text.clone()).collect()
    }

    pub(super) fn is_closed(&mut self, link: usize) {
        if self.reaps_without_looking || self.routed == Some(link) {
            self.routed = None;
        }
    }
}

/// These rows, and between them some that nobody can read.
fn among_broken(rows: Vec<Value>) -> Vec<Value> {
    let broken = [
        json!(null),
        json!(7),
        json!("row"),
        json!([]),
        json!({"id": {}}),
    ];
    let mut all = Vec::new();
    for (place, row) in rows.into_iter().enumerate() {
        all.push(broken[place % broken.len()].clone());
        all.push(row);
    }
    all.extend(broken);
    all
}
