//! Every reason to wake, and which is next. The whole time-behaviour of a
//! session is on this page: `next` says when, `Session::on_deadline` says what.
//!
//! Deadlines are derived from the state that owns them, never stored twice.

use std::time::Duration;

use super::phase::{Connecting, Idle, Phase};
use super::sending::SAVE_WITHIN;
use super::siblings::ELSEWHERE_WITHIN;
use super::{Account, PageState, Session, What};
use crate::TYPING;
use crate::close::EndReason;
use crate::dialect::Resend;
use crate::heartbeat::{Heartbeat, Verdict};
use crate::history::{Fetch, again_after};
use crate::ids::ConversationId;
use crate::outbox::{State, Via};
use crate::planted::{Bug, planted};
use crate::time::Instant;

/// A stay that lasts so long has proved itself: back-off starts anew.
pub(super) const PROVEN_AFTER: Duration = Duration::from_secs(30);
/// How often read marks of one conversation are told.
pub(super) const READ_EVERY: Duration = Duration::from_secs(1);

/// A reason to wake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Deadline {
    /// The join form's or the sign-out's answer did not come.
    Identity,
    /// The attempt has taken too long.
    Attempt,
    /// The link has been silent, or has not answered.
    Heartbeat,
    /// The stay has proved itself.
    Proven,
    /// The link is doubted although it looks alive.
    Doubt,
    /// The next attempt is due.
    Dial,
    /// Suspended, and yet running.
    Running,
    /// The trouble is old enough to be shown.
    Banner,
    /// The device has not said what it kept.
    Loading,
    /// A proof, a delay or a write is due.
    Outbox,
    /// A hole has had its time to fill itself.
    Patience(ConversationId),
    /// A page is due to be asked for, or did not come.
    Page(ConversationId),
    /// Somebody has stopped typing without a word.
    Typists(ConversationId),
    /// A read mark is due to be told.
    ReadMark,
}

impl Session {
    /// The next reason to wake, and when.
    pub(super) fn next_deadline(&self) -> Option<(Instant, Deadline)> {
        let mut next = Earliest(None);
        let online = match &self.phase {
            Phase::Idle(Idle::Fresh | Idle::NeedsIdentity) | Phase::Ended(_) => false,
            Phase::Idle(Idle::Joining(_, at) | Idle::SigningOut(_, at, _)) => {
                next.offer(*at, Deadline::Identity);
                false
            }
            Phase::Connecting(Connecting::Admission(_, at) | Connecting::Dialling(_, _, at)) => {
                next.offer(*at, Deadline::Attempt);
                false
            }
            Phase::Greeting(greeting) => {
                next.offer(greeting.deadline, Deadline::Attempt);
                false
            }
            Phase::Online(online) => {
                if let Some(at) = online.heartbeat.deadline() {
                    next.offer(at, Deadline::Heartbeat);
                }
                if let Some(at) = self.doubt_due() {
                    next.offer(at, Deadline::Doubt);
                }
                if self.backoff.attempts() > 0 || self.few_tries > 0 {
                    next.offer(online.since + PROVEN_AFTER, Deadline::Proven);
                }
                true
            }
            Phase::Waiting(waiting) => {
                next.offer(waiting.until, Deadline::Dial);
                false
            }
            Phase::Suspended(until) => {
                next.offer(*until, Deadline::Running);
                false
            }
        };
        if let Some(at) = self.banner_due() {
            next.offer(at, Deadline::Banner);
        }
        if let Account::Loading(_, Some(at)) = &self.account {
            next.offer(*at, Deadline::Loading);
        }
        if let Some(at) = self.outbox.deadline() {
            next.offer(at, Deadline::Outbox);
        }
        for (id, conversation) in &self.conversations {
            if let Some(at) = conversation.presence.typists_until().filter(|_| TYPING) {
                next.offer(at, Deadline::Typists(id.clone()));
            }
            if !online {
                continue;
            }
            if let Some(at) = conversation.patience {
                next.offer(at, Deadline::Patience(id.clone()));
            }
            let gap = conversation.gap.map_or(Fetch::Idle, |(_, fetch)| fetch);
            let backward = self.backward_of(conversation);
            for fetch in [conversation.forward, backward, gap] {
                match fetch {
                    Fetch::Wanted(at) | Fetch::Asked(_, at) => {
                        next.offer(at, Deadline::Page(id.clone()));
                    }
                    Fetch::Idle | Fetch::Failed => {}
                }
            }
            if self.is_numbered() && conversation.read > conversation.read_told {
                let at = self
                    .read_told_at
                    .get(id)
                    .map_or_else(Instant::default, |at| *at + READ_EVERY);
                next.offer(at, Deadline::ReadMark);
            }
        }
        next.0
    }

    /// Does what is due. Every arm moves its own deadline, or there would be
    /// no end to it.
    pub(super) fn on_deadline(&mut self, now: Instant, deadline: Deadline, page: PageState) {
        match deadline {
            Deadline::Identity => self.on_identity_overdue(now),
            Deadline::Attempt => self.on_attempt_overdue(now),
            Deadline::Heartbeat => self.on_heartbeat(now, page),
            Deadline::Proven => {
                self.backoff.reset();
                self.few_tries = 0;
            }
            Deadline::Doubt => self.on_doubt_due(now, page),
            Deadline::Dial => self.on_dial_due(now, page),
            Deadline::Running => self.on_running_while_suspended(now, page),
            Deadline::Banner => self.on_banner_due(now),
            Deadline::Loading => self.on_load_slow(),
            Deadline::Outbox => self.on_outbox_due(now, page),
            Deadline::Patience(id) => {
                if let Some(conversation) = self.conversations.get_mut(&id) {
                    conversation.on_patience_over(now);
                    self.touched.insert(id);
                }
            }
            Deadline::Page(id) => self.on_page_due(now, &id),
            Deadline::Typists(id) => {
                if let Some(conversation) = self.conversations.get_mut(&id).filter(|_| TYPING) {
                    conversation.presence.expire_typists(now);
                    self.tell_typists(&id);
                }
            }
            Deadline::ReadMark => self.tell_read_marks(now),
        }
    }

    fn on_heartbeat(&mut self, now: Instant, page: PageState) {
        let Phase::Online(online) = &mut self.phase else {
            return;
        };
        match online.heartbeat.at_deadline(now) {
            Verdict::Fine => {}
            Verdict::Ask => self.ask_server(),
            Verdict::Dead if planted(Bug::OwnCloseIsClean) => self.end(now, EndReason::GaveUp),
            Verdict::Dead => {
                self.note(now, What::Silent, 0);
                self.replace_link(now, page);
            }
        }
    }

    fn on_doubt_due(&mut self, now: Instant, page: PageState) {
        if page.visible {
            self.doubt_link(now);
        } else if let Phase::Online(online) = &mut self.phase {
            online.doubted_at = now;
        }
    }

    fn on_outbox_due(&mut self, now: Instant, page: PageState) {
        let doubles = self.dialect.capabilities().resend == Resend::Doubles;
        let mut overdue = None;
        let mut slow = Vec::new();
        let mut unanswered = Vec::new();
        let mut elsewhere = Vec::new();
        let mut given = Vec::new();
        for entry in self.outbox.entries_mut() {
            match entry.state {
                State::Saving(until) if until <= now => {
                    slow.push(entry.draft.client_id.clone());
                }
                State::Delayed(until) if until <= now => entry.state = State::Queued,
                State::Taking(until) if until <= now => {
                    if Heartbeat::slept_through(until, now) {
                        // The answer may be waiting, and be no.
                        entry.state = State::Taking(now + SAVE_WITHIN);
                    } else {
                        unanswered.push(entry.draft.client_id.clone());
                    }
                }
                State::Elsewhere(until) if until <= now => {
                    entry.state = State::Elsewhere(now + ELSEWHERE_WITHIN);
                    elsewhere.push(entry.draft.client_id.clone());
                }
                State::Given(it) if it.deadline <= now => {
                    given.push(entry.draft.client_id.clone());
                }
                State::InFlight(in_flight) if in_flight.deadline <= now => {
                    overdue = Some(in_flight);
                    // Not said again on its own, so nobody waits for it.
                    if doubles && !Heartbeat::slept_through(in_flight.deadline, now) {
                        entry.state = State::Unknown;
                    }
                }
                State::Saving(_)
                | State::Delayed(_)
                | State::Taking(_)
                | State::Elsewhere(_)
                | State::Given(_)
                | State::InFlight(_)
                | State::Unknown
                | State::Queued
                | State::Wedged(_)
                | State::Asking => {}
            }
            self.touched.insert(entry.draft.conversation.clone());
        }
        for client_id in slow {
            self.on_save_slow(&client_id);
        }
        for client_id in unanswered {
            self.give(now, &client_id);
        }
        for client_id in elsewhere {
            self.on_elsewhere_due(now, &client_id);
        }
        for client_id in given {
            self.on_given_due(now, &client_id);
        }
        let Some(in_flight) = overdue else { return };
        if Heartbeat::slept_through(in_flight.deadline, now) {
            // The page was not running when the proof was due: ask the server
            // before judging, and give the proof the same time again.
            self.extend_proofs(now);
            self.ask_server_if_quiet(now, Duration::ZERO);
        } else if doubles {
            // What it is worth is the heartbeat's to judge.
            if let Phase::Online(online) = &mut self.phase
                && in_flight.via == Via::Link
            {
                online.heartbeat.doubt_since(in_flight.since);
            }
        } else {
            self.note(now, What::Unproved, 0);
            self.replace_link(now, page);
        }
    }

    fn on_page_due(&mut self, now: Instant, id: &ConversationId) {
        let Some(conversation) = self.conversations.get_mut(id) else {
            return;
        };
        let gap = conversation.gap.map_or(Fetch::Idle, |(_, fetch)| fetch);
        let mut overdue = false;
        for fetch in [conversation.forward, conversation.backward, gap] {
            if let Fetch::Asked(request, at) = fetch
                && at <= now
            {
                // Not before a while: the link may be slow, and its death is
                // the heartbeat's business.
                let again = again_after(conversation.missed, &mut self.chance);
                conversation.on_page_failed(request, Some(now + again));
                overdue = true;
            }
        }
        if overdue && !self.is_numbered() {
            self.begin_log(now, id);
        }
        self.touched.insert(id.clone());
        self.ask_for_pages(now);
    }
}

/// The earliest of what is offered.
struct Earliest(Option<(Instant, Deadline)>);

impl Earliest {
    fn offer(&mut self, at: Instant, deadline: Deadline) {
        if self.0.as_ref().is_none_or(|(earliest, _)| at < *earliest) {
            self.0 = Some((at, deadline));
        }
    }
}
