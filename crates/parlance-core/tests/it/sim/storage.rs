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
    /// Whose rows were all forgotten since somebody looked.
    pub(crate) wiped: Vec<Uid>,
    pub(crate) failing: bool,
    /// Every job takes so much longer.
    pub(crate) slow: u64,
}

/// Something that was asked of the storage.
pub(crate) struct Job {
    pub(crate) due: u64,
    /// Who asked. A page that does not run gets nothing done.
    pub(crate) page: Page,
    pub(crate) work: Work,
}

pub(crate) enum Work {
    Load(Uid),
    Save(SaveId, Write),
    Take(Take),
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
    /// One more job, behind this page's others.
    pub(crate) fn ask(&mut self, due: u64, page: Page, work: Work) {
        let mine = self.queue.iter().rfind(|job| job.page == page);
        let due = mine.map_or(due, |last| last.due.max(due));
        self.queue.push_back(Job { due, page, work });
    }

    /// When the first job of this page is due.
    pub(crate) fn due(&self, page: Page) -> Option<u64> {
        let mine = self.queue.iter().find(|job| job.page == page);
        mine.map(|job| job.due)
    }

    /// Carries this page's first job out: one transaction, whatever the other
    /// pages do.
    pub(crate) fn work(&mut self, now: u64, page: Page) -> Option<Done> {
        let at = self.queue.iter().position(|job| job.page == page)?;
        let job = self.queue.remove(at)?;
        Some(match job.work {
            Work::Load(uid) => {
                let stored = (!self.failing).then(|| self.stored(&uid));
                Done::Loaded(uid, stored)
            }
            Work::Take(take) if self.failing => Done::Took(take.client_id, None),
            Work::Take(take) => {
                let turn = self.turn(now, page, &take);
                Done::Took(take.client_id, Some(turn))
            }
            Work::Save(save, _) if self.failing => Done::Saved(save, false, None),
            Work::Save(save, write) => {
                let wiped = match &write {
                    Write::Wipe(uid) => Some(uid.clone()),
                    Write::Keep(..) | Write::Forget(..) | Write::Unfinished(..) => None,
                };
                let kept = self.write(write);
                if let Some(uid) = wiped {
                    self.wiped.push(uid);
                }
                Done::Saved(save, true, kept)
            }
        })
    }

    /// The page dies: so many of its writes were still carried out. Says how
    /// many were waiting.
    pub(crate) fn page_dies(&mut self, now: u64, page: Page, still: u64) -> usize {
        let writes = self.pending_writes(page);
        for _ in 0..still {
            self.work(now, page);
        }
        self.queue.retain(|job| job.page != page);
        writes
    }

    pub(crate) fn pending_writes(&self, page: Page) -> usize {
        let write = |job: &&Job| job.page == page && matches!(job.work, Work::Save(..));
        self.queue.iter().filter(write).count()
    }

    /// Whether it is this page's turn to hand over.
    pub(crate) fn has_turn(&self, now: u64, page: Page) -> bool {
        self.turn
            .is_some_and(|(whose, until)| whose == page && until > now)
    }

    /// What is kept of this person, by client id.
    pub(crate) fn kept_of(&self, uid: &str) -> impl Iterator<Item = &ClientId> {
        let rows = self
            .rows
            .iter()
            .filter(move |(whose, ..)| whose.as_str() == uid);
        rows.map(|(_, id, _)| id)
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
