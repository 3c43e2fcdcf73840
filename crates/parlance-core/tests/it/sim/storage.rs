//! A device's storage: rows per person, written one whole transaction after
//! the other, which survive the page. A page that dies takes with it whatever
//! suffix of its writes had not been carried out.
//!
//! Knows nothing of what a row says.

use std::collections::VecDeque;
use std::time::Duration;

use parlance_core::ids::{ClientId, SaveId, Uid};
use parlance_core::outbox::{Stored, TURN_LASTS, Take, Turn, Write};

/// One device's storage.
#[derive(Default)]
pub(crate) struct Storage {
    rows: Vec<(Uid, ClientId, String)>,
    unfinished: Vec<(Uid, String, String)>,
    queue: VecDeque<Job>,
    /// Whose turn it is to hand over, and until when.
    turn: Option<(Page, u64)>,
    pub(crate) failing: bool,
    /// Every job takes so much longer.
    pub(crate) slow: u64,
}

/// Something that was asked of the storage.
pub(crate) struct Job {
    pub(crate) due: u64,
    pub(crate) work: Work,
}

pub(crate) enum Work {
    Load(Uid),
    Save(SaveId, Write),
    Take(Page, Take),
}

/// One life of one tab.
pub(crate) type Page = (usize, u64);

/// What a job came to.
pub(crate) enum Done {
    Loaded(Uid, Option<Stored>),
    /// And the client id that is kept from now on.
    Saved(SaveId, bool, Option<ClientId>),
    Took(ClientId, Option<Turn>),
}

impl Storage {
    /// One more job, behind the others.
    pub(crate) fn ask(&mut self, due: u64, work: Work) {
        let due = self.queue.back().map_or(due, |last| last.due.max(due));
        self.queue.push_back(Job { due, work });
    }

    pub(crate) fn due(&self) -> Option<u64> {
        self.queue.front().map(|job| job.due)
    }

    /// Carries the first job out.
    pub(crate) fn work(&mut self, now: u64) -> Option<Done> {
        let job = self.queue.pop_front()?;
        Some(match job.work {
            Work::Load(uid) => {
                let stored = (!self.failing).then(|| self.stored(&uid));
                Done::Loaded(uid, stored)
            }
            Work::Take(_, take) if self.failing => Done::Took(take.client_id, None),
            Work::Take(page, take) => {
                let turn = self.turn(now, page, &take);
                Done::Took(take.client_id, Some(turn))
            }
            Work::Save(save, _) if self.failing => Done::Saved(save, false, None),
            Work::Save(save, write) => Done::Saved(save, true, self.write(write)),
        })
    }

    /// The page dies: so many of its writes were still carried out. Says how
    /// many were waiting.
    pub(crate) fn page_dies(&mut self, now: u64, still: u64) -> usize {
        let writes = self.pending_writes();
        for _ in 0..still {
            self.work(now);
        }
        self.queue.clear();
        writes
    }

    pub(crate) fn pending_writes(&self) -> usize {
        let write = |job: &&Job| matches!(job.work, Work::Save(..));
        self.queue.iter().filter(write).count()
    }

    /// Whether the answers may come at once.
    pub(crate) fn hurry(&mut self, now: u64) {
        for job in &mut self.queue {
            job.due = job.due.min(now);
        }
    }

    pub(crate) fn has(&self, uid: &str, client_id: &str) -> bool {
        self.rows
            .iter()
            .any(|(whose, id, _)| whose.as_str() == uid && id.as_str() == client_id)
    }

    pub(crate) fn has_client_id(&self, client_id: &str) -> bool {
        self.rows.iter().any(|(_, id, _)| id.as_str() == client_id)
    }

    /// A row that cannot be read is among this person's.
    pub(crate) fn spoil(&mut self, uid: &str, number: u64, row: &str) {
        let id = ClientId::from_bits(u128::from(number));
        self.rows.push((Uid::new(uid), id, row.to_owned()));
    }

    fn stored(&self, uid: &Uid) -> Stored {
        let rows = self.rows.iter().filter(|(whose, ..)| whose == uid);
        let unfinished = self.unfinished.iter().filter(|(whose, ..)| whose == uid);
        Stored {
            // In the order of keys, as a database gives them: not of writing.
            unsent: {
                let mut rows: Vec<_> = rows.collect();
                rows.sort_by(|one, other| one.1.cmp(&other.1));
                rows.into_iter().map(|(.., value)| value.clone()).collect()
            },
            unfinished: unfinished
                .map(|(_, conversation, text)| (conversation.clone(), text.clone()))
                .collect(),
        }
    }

    /// Whose turn it is, in one transaction with the row.
    fn turn(&mut self, now: u64, page: Page, take: &Take) -> Turn {
        match self.turn {
            Some((whose, until)) if whose != page && until > now => {
                return Turn::Theirs(Duration::from_millis(until - now));
            }
            _ => {}
        }
        self.turn = Some((page, now + TURN_LASTS.as_millis() as u64));
        let row = self
            .rows
            .iter_mut()
            .find(|(uid, id, _)| *uid == take.uid && *id == take.client_id);
        Turn::Mine(row.map(|(.., value)| {
            let before = value.clone();
            if let Some(note) = &take.note {
                value.clone_from(note);
            }
            before
        }))
    }

    fn write(&mut self, write: Write) -> Option<ClientId> {
        match write {
            Write::Keep(uid, record) => {
                let conversation = record.conversation.to_string();
                self.unfinished
                    .retain(|(whose, id, _)| *whose != uid || *id != conversation);
                self.rows
                    .retain(|(whose, id, _)| *whose != uid || *id != record.client_id);
                let kept = record.client_id.clone();
                self.rows.push((uid, record.client_id, record.value));
                Some(kept)
            }
            Write::Forget(uid, client_id) => {
                self.rows
                    .retain(|(whose, id, _)| *whose != uid || *id != client_id);
                None
            }
            Write::Unfinished(uid, conversation, text) => {
                let conversation = conversation.to_string();
                self.unfinished
                    .retain(|(whose, id, _)| *whose != uid || *id != conversation);
                if !text.is_empty() {
                    self.unfinished.push((uid, conversation, text));
                }
                None
            }
            Write::Wipe(uid) => {
                self.rows.retain(|(whose, ..)| *whose != uid);
                self.unfinished.retain(|(whose, ..)| *whose != uid);
                None
            }
        }
    }
}
