//! The faults stop, and within a minute everything must be as if they had
//! never been: each session as the server has it, as a fresh one would be,
//! and everything that anybody was promised either stored or visibly waiting
//! for a decision.
//!
//! Knows nothing of what went wrong before.

use std::collections::BTreeMap;

use parlance_core::conversation::Conversation;
use parlance_core::ids::{ConversationId, LinkId};
use parlance_core::outbox::State;
use parlance_core::timeline::{Delivery, Item, Row, Side};
use parlance_core::{Command, Input, PageEvent, PageState, Session, Status, Target};

use super::network::Path;
use super::rows::is_missing;
use super::server::Faults;
use super::tab::{Cause, Stopped, Tab};
use super::tally::Premise;
use super::{Check, Device, Fate, Sim, violation};

/// P8 and I10: by then everybody is back.
const WITHIN: u64 = 60_000;
/// Without any event: a hidden page looks again every minute, and a server may
/// have sent it away for two.
const UNNOTICED_WITHIN: u64 = 240_000;
/// A few journeys on a good path, and the refusal of a page.
const SETTLED_WITHIN: u64 = 3_000;
/// A page is asked for at most so many at once.
const PAGE: u64 = 50;

impl Sim {
    /// Stops every fault, waits a minute, and compares.
    pub(crate) fn calm(&mut self, fresh: bool) -> Check {
        self.trace.note(self.now, || "--- calm".to_owned());
        self.heal();
        // Sometimes nothing tells a page that it is on show again.
        let noticed = self.chance.below(6) > 0;
        let mut settling = Vec::new();
        for at in 0..self.tabs.len() {
            settling.push(Settling::Since(None, self.tabs[at].link));
            self.show(at, noticed)?;
        }
        let within = if noticed { WITHIN } else { UNNOTICED_WITHIN };
        let until = self.now + within;
        while self.now < until {
            self.run_until(self.now + within / 60)?;
            for (at, settling) in settling.iter_mut().enumerate() {
                self.check_settled(at, settling)?;
                // Somebody is there, who joins, taps "now", and asks for a
                // page again that could not be had.
                if !self.join_as(at)? && self.tabs[at].status() == Some(Status::Ended) {
                    self.feed(at, Input::Command(Command::Now), Cause::Person)?;
                }
                self.ask_again(at)?;
            }
        }
        self.tally.met(Premise::Calm);
        for at in 0..self.tabs.len() {
            self.compare(at)?;
        }
        self.check_promises()?;
        if noticed {
            self.check_siblings()?;
        }
        if fresh {
            self.compare_with_fresh()?;
        }
        self.tally.schedules += 1;
        self.tally.virtual_ms += self.now;
        Ok(())
    }

    fn heal(&mut self) {
        self.server.up = true;
        self.server.faults = Faults::default();
        for conn in &mut self.server.conns {
            conn.dropping = 0;
            conn.misrouted = false;
            conn.overtaken = 0;
            conn.release();
        }
        for link in &mut self.links {
            link.forget_hints();
        }
        for device in &mut self.devices {
            device.storage.failing = false;
            device.storage.slow = 0;
            device.deaf = 0;
            device.storage.hurry(self.now);
        }
        for tab in &mut self.tabs {
            tab.path = Path {
                delay: 10,
                jitter: 5,
                ..Path::default()
            };
            tab.late = 0;
            tab.timer = tab.timer.map(|due| due.min(self.now + 1));
        }
    }

    /// On a link that is new since the faults stopped, what is on show is
    /// there at once.
    fn check_settled(&mut self, at: usize, settling: &mut Settling) -> Check {
        let Settling::Since(since, before) = settling else {
            return Ok(());
        };
        let tab = &self.tabs[at];
        if tab.status() != Some(Status::Online) || tab.link == *before {
            *since = None;
            return Ok(());
        }
        let since = *since.get_or_insert(self.now);
        if self.now < since + SETTLED_WITHIN {
            return Ok(());
        }
        *settling = Settling::Done;
        self.tally.met(Premise::SettledOnNewLink);
        let session = tab.session.as_ref();
        let shown = tab.told.current.as_ref();
        let shown = shown.and_then(|id| session?.conversation(id));
        let history = shown.map(Conversation::history_state).unwrap_or_default();
        if history.loading || history.catching_up {
            let what = format!("tab {at} still catches up {SETTLED_WITHIN} ms after its welcome");
            return violation("P8 usable at once", what);
        }
        Ok(())
    }

    fn show(&mut self, at: usize, noticed: bool) -> Check {
        let tab = &mut self.tabs[at];
        tab.page = PageState::SHOWN;
        let down = matches!(tab.status(), Some(Status::Waiting | Status::Suspended));
        if down && !noticed && tab.is_running() {
            self.tally.met(Premise::ShownUnnoticed);
            return Ok(());
        }
        if tab.session.is_none() {
            self.begin(at, Target::Room("lobby".to_owned()))?;
        } else if tab.stopped == Stopped::Frozen {
            self.resume(at, 1)?;
        } else if tab.stopped == Stopped::Cached {
            tab.stopped = Stopped::No;
            self.page(at, PageEvent::PageShow { persisted: true })?;
        }
        self.page(at, PageEvent::VisibilityChanged)?;
        self.page(at, PageEvent::Online)?;
        Ok(())
    }

    fn ask_again(&mut self, at: usize) -> Check {
        let tab = &self.tabs[at];
        let Some(session) = &tab.session else {
            return Ok(());
        };
        let failed: Vec<ConversationId> = self
            .server
            .names()
            .filter_map(|name| ConversationId::parse(name))
            .filter(|id| {
                session
                    .conversation(id)
                    .is_some_and(|it| it.history_state().failed)
            })
            .collect();
        for id in failed {
            self.command(at, Command::LoadOlder(id))?;
        }
        Ok(())
    }

    /// A tab against the server's own state.
    fn compare(&mut self, at: usize) -> Check {
        let tab = &self.tabs[at];
        let differ = |what: String| violation("I10 hybrid is fresh", format!("tab {at}: {what}"));
        let (Some(session), Some(me)) = (&tab.session, &tab.told.me) else {
            return differ("nobody is here".to_owned());
        };
        if session.status() != Status::Online {
            return differ(format!("{:?} after a minute of calm", session.status()));
        }
        if tab.told.epoch != self.server.epoch {
            return differ("another epoch".to_owned());
        }
        let me = me.clone();
        let names: Vec<String> = self.server.names().cloned().collect();
        for name in names {
            if !self.server.is_member(&name, &me) {
                continue;
            }
            let Some(id) = ConversationId::parse(&name) else {
                continue;
            };
            let session = self.tabs[at].session.as_ref();
            let Some(conversation) = session.and_then(|session| session.conversation(&id)) else {
                if self.tabs[at].told.lossy && self.server.head_of(&name) == 0 {
                    // Its name was lost, and an empty one changes no sum.
                    continue;
                }
                return differ(format!("{name} is unknown"));
            };
            let log = self.server.log(self.server.epoch, &name);
            let head = log.len() as u64;
            let unread = self.server.unread(&name, &me);
            if unread > 0 {
                self.tally.met(Premise::Unread);
            }
            let shown = self.tabs[at].told.current.as_ref() == Some(&id);
            check_told(&self.tabs[at], &id, conversation)?;
            if self.tabs[at].told.lossy && !shown {
                // A lost `read` of one's other device is told by the next link.
                continue;
            }
            // Without a count the own messages among the rest are not known.
            let told = &self.tabs[at].told;
            let slack = if told.uncounted.contains(&name) {
                self.server.own_after_read(&name, &me)
            } else {
                0
            };
            if conversation.unread < unread || conversation.unread > unread + slack {
                let what = format!(
                    "tab {at}, {name}: {} here, {unread} there (read {} and {}, head {} and {head}, loaded {})",
                    conversation.unread,
                    conversation.read,
                    self.server.read_by(&name, &me),
                    conversation.head,
                    conversation.is_loaded()
                );
                return violation("I16 unread as the server counts", what);
            }
            if conversation.read.0 != self.server.read_by(&name, &me) {
                return differ(format!("{name}: read up to {}", conversation.read));
            }
            if conversation.head.0 != head {
                return differ(format!("{name}: head {} of {head}", conversation.head));
            }
            let last = conversation.last.as_ref().map(|last| last.text.as_str());
            if last != log.last().map(|last| last.text.as_str()) {
                return differ(format!("{name}: the last line is {last:?}"));
            }
            if shown && !conversation.is_loaded() {
                return differ(format!("{name} is on show and not here"));
            }
            if conversation.is_loaded() {
                self.compare_log(at, &id, conversation, head)?;
            }
            if shown {
                let people = conversation.presence.people();
                let here = people.iter().filter(|person| person.online);
                let mut ours: Vec<_> = here.map(|person| person.uid.as_str()).collect();
                let mut theirs = self.server.here(&name);
                ours.sort_unstable();
                theirs.sort_unstable();
                if ours != theirs {
                    return differ(format!("{name}: {ours:?} are here, not {theirs:?}"));
                }
                if !conversation.presence.typists().is_empty() {
                    return differ(format!("{name}: somebody types for ever"));
                }
            }
        }
        for id in self.tabs[at].views.keys().cloned().collect::<Vec<_>>() {
            self.check_view(at, &id)?;
        }
        Ok(())
    }

    fn compare_log(
        &self,
        at: usize,
        id: &ConversationId,
        conversation: &Conversation,
        head: u64,
    ) -> Check {
        let differ =
            |what: &str| violation("I10 hybrid is fresh", format!("tab {at}, {id}: {what}"));
        let history = conversation.history_state();
        if conversation.last_known().0 != head {
            return differ("it is behind");
        }
        if history.failed || history.loading || history.catching_up {
            return differ("it is still asking for pages");
        }
        if conversation.early_len() > 0 {
            return differ("messages still wait for earlier ones");
        }
        let other = match id {
            ConversationId::Pair(one, other) => {
                let me = self.tabs[at].told.me.as_deref().unwrap_or_default();
                Some(if one.as_str() == me { other } else { one })
            }
            ConversationId::Room(_) => None,
        };
        let name = id.to_string();
        let read = other.map_or(0, |other| self.server.read_by(&name, other.as_str()));
        for row in conversation
            .timeline
            .rows()
            .take(conversation.timeline.confirmed_len())
        {
            match row {
                Row::Gap(gap) if gap.last.0 + PAGE > head || gap.loading => {
                    return differ("a gap where a fresh session has none");
                }
                Row::Gap(_) => {}
                Row::Message(item) if is_missing(item) => {}
                Row::Message(item) => {
                    let is_read = item.delivery == Some(Delivery::Read);
                    let seq = item.seq.unwrap_or_default().0;
                    let shown = self.tabs[at].told.current.as_ref() == Some(id);
                    // Others' marks come with the opening.
                    if shown && item.side == Side::Mine && is_read != (seq <= read) {
                        return differ("a read mark differs");
                    }
                }
            }
        }
        Ok(())
    }

    /// What was promised is stored, or visibly waits for somebody.
    fn check_promises(&self) -> Check {
        let mut stored: BTreeMap<&str, u64> = BTreeMap::new();
        for name in self.server.names() {
            for message in self.server.log(self.server.epoch, name) {
                if let Some(client_id) = &message.client_id {
                    *stored.entry(client_id.as_str()).or_default() += 1;
                }
            }
        }
        for (at, tab) in self.tabs.iter().enumerate() {
            let device = &self.devices[tab.device];
            if tab.session.is_none() {
                continue;
            }
            for said in self.said.iter().filter(|it| it.device == tab.device) {
                if said.fate != Fate::Owed || stored.contains_key(said.client_id.as_str()) {
                    continue;
                }
                let uid = said.uid.as_deref().or(tab.told.me.as_deref());
                let uid = uid.unwrap_or_default();
                if self.server.was_stored(uid, &said.client_id) {
                    continue;
                }
                if tab.told.me.as_deref() != Some(uid) {
                    if said.kept && !device.storage.has(uid, &said.client_id) {
                        let what = format!("message {} of {uid}", said.number);
                        return violation("I6 kept until proved", what);
                    }
                    continue;
                }
                let waits = |tab: &Tab| {
                    let session = tab.session.as_ref().filter(|_| tab.device == said.device);
                    session.is_some_and(|it| waits_for_a_decision(it, &said.client_id))
                };
                if !self.tabs.iter().any(waits) {
                    let what = format!(
                        "tab {at}: message {} in {} is neither stored nor waits",
                        said.number, said.conversation
                    );
                    return violation("P5 typed is kept", what);
                }
            }
        }
        Ok(())
    }

    /// A new session of the same person, on a device that has kept nothing.
    fn compare_with_fresh(&mut self) -> Check {
        let whose = self.chance.below(self.tabs.len() as u64) as usize;
        let device = &self.devices[self.tabs[whose].device];
        let fresh = Device {
            storage: super::Storage::default(),
            cookie: device.cookie.clone(),
            last_known: None,
            wall: device.wall,
            deaf: 0,
        };
        let token = self.tabs[whose].token.clone();
        let known = token.as_ref().or(fresh.cookie.as_ref());
        if known != self.tabs[whose].told.me.as_ref() {
            // The cookie went with a signing out that came late.
            return Ok(());
        }
        let Some(id) = self.tabs[whose].told.current.clone() else {
            return Ok(());
        };
        let at = self.tabs.len();
        self.devices.push(fresh);
        self.tabs.push(Tab::new(self.devices.len() - 1, token));
        self.begin(at, Target::Nothing)?;
        self.run_until(self.now + 2_000)?;
        self.command(at, Command::Open(id.clone()))?;
        self.run_until(self.now + 2_000)?;
        self.tally.met(Premise::CalmAgainstFresh);
        let (Some(old), Some(new)) = (&self.tabs[whose].session, &self.tabs[at].session) else {
            return Ok(());
        };
        if let Some(what) = difference(old, new, &id) {
            let what = format!("tab {whose}, {id}: {what}");
            return violation("I10 hybrid is fresh", what);
        }
        self.end(at, 0, true);
        Ok(())
    }
}

/// Whether a tab has got over its new link.
enum Settling {
    /// Since when it is online on another link than this.
    Since(Option<u64>, Option<(LinkId, bool)>),
    Done,
}

/// What the page was told is what the session has.
fn check_told(tab: &Tab, id: &ConversationId, conversation: &Conversation) -> Check {
    let told = &tab.told;
    let typists = told.typists.get(id).cloned().unwrap_or_default();
    let history = told.history.get(id).copied().unwrap_or_default();
    let shown = told.current.as_ref() == Some(id);
    let people = told.people.get(id);
    let what = if told.status != tab.status() {
        "another status"
    } else if told.unread.get(id) != Some(&conversation.unread) {
        "another count"
    } else if typists != conversation.presence.typists() {
        "others who type"
    } else if history != conversation.history_state() {
        "another state of history"
    } else if shown && people != Some(&conversation.presence.people()) {
        "other people"
    } else {
        return Ok(());
    };
    violation("the page is told", format!("{id}: {what}"))
}

/// The message is refused or asks, or one before it in its conversation is.
fn waits_for_a_decision(session: &Session, client_id: &str) -> bool {
    let entries = || session.outbox().entries();
    let Some(entry) = entries().find(|it| it.draft.client_id.as_str() == client_id) else {
        return false;
    };
    let id = &entry.draft.conversation;
    let first = entries().find(|it| it.draft.conversation == *id);
    first.is_some_and(|first| matches!(first.state, State::Wedged(_) | State::Asking))
}

/// What a person would see differently in the two.
fn difference(old: &Session, new: &Session, id: &ConversationId) -> Option<String> {
    let (Some(old), Some(new)) = (old.conversation(id), new.conversation(id)) else {
        return Some("one does not know it".to_owned());
    };
    // What is unread has been held against the server's own count.
    if (old.read, old.head) != (new.read, new.head) {
        return Some("other counts".to_owned());
    }
    if (&old.title, &old.talk, &old.last) != (&new.title, &new.talk, &new.last) {
        return Some(format!("{:?} and {:?}", old.last, new.last));
    }
    let fresh: Vec<&Item> = confirmed(new);
    let first = fresh.first().map(|item| item.seq);
    let hybrid = confirmed(old).into_iter();
    let hybrid: Vec<&Item> = hybrid
        .filter(|item| first.is_some_and(|it| item.seq >= it))
        .collect();
    if hybrid.len() != fresh.len() {
        return Some(format!("{} rows, not {}", hybrid.len(), fresh.len()));
    }
    let different = hybrid.iter().zip(&fresh).find(|(one, other)| {
        let author = |item: &Item| {
            item.author
                .as_ref()
                .map(|it| (it.uid.clone(), it.name.clone()))
        };
        (
            &one.id,
            one.seq,
            one.side,
            &one.content,
            one.at,
            &one.delivery,
            author(one),
        ) != (
            &other.id,
            other.seq,
            other.side,
            &other.content,
            other.at,
            &other.delivery,
            author(other),
        )
    });
    different.map(|(one, other)| format!("{one:?} is {other:?}"))
}

fn confirmed(conversation: &Conversation) -> Vec<&Item> {
    let rows = conversation.timeline.rows();
    let rows = rows.take(conversation.timeline.confirmed_len());
    rows.filter_map(|row| match row {
        Row::Message(item) => Some(&**item),
        Row::Gap(_) => None,
    })
    .collect()
}
