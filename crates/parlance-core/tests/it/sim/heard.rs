//! What a tab has heard on its link, and what must follow from it: everything
//! that was heard of is here, wanted, or said to be missing; each loss is
//! noticed, once; a link is given up for silence that there was, and not later
//! than promised; a stay ends for a reason that was given.
//!
//! Knows no rows.

use parlance_core::close::{self, Verdict};
use parlance_core::history::Fetch;
use parlance_core::ids::{ClientId, ConversationId};
use parlance_core::{Input, PageEvent, Session, Status};

use super::network::Frame;
use super::tab::{Cause, Tab, field};
use super::tally::Premise;
use super::{Check, Sim, violation};

/// A link is asked after silence, and so long it may take to answer.
const ANSWER_WITHIN: u64 = 3_000;
/// So long a message may wait for its proof, at least.
const PROOF_WITHIN: u64 = 5_500;
/// P7: a dead path is noticed, by a page that runs and whose timers are on time.
const NOTICED_WITHIN: u64 = 28_000;

/// What was heard on the current link.
#[derive(Default)]
pub(crate) struct Heard {
    /// When anything came last, on the tab's own clock.
    at: u64,
    /// When the first message was handed over that may still be unproved.
    pub(super) handed_at: Option<u64>,
    /// Conversations that are known to go on, up to there.
    heads: Vec<(ConversationId, u64)>,
    /// The number of the last frame.
    last: u64,
    /// Jumps in those numbers, and how many of them the session has noticed.
    jumps: u64,
    pub(super) noticed: u64,
    /// Acknowledgements of what does not wait here, and how many were counted.
    strays: u64,
    pub(super) strays_counted: u64,
    /// It leaves this link for a sum that differs twice.
    pub(super) resyncs: bool,
    /// Since when the page runs and the server cannot reach it.
    deaf_since: Option<u64>,
    /// What may end the stay.
    refused: bool,
    few: u32,
    /// What was fed may dial although the page is hidden.
    may_dial_hidden: bool,
}

impl Heard {
    /// A new link begins. What may end the stay is no link's business.
    pub(super) fn on_dial(&mut self, now: u64) {
        *self = Self {
            at: now,
            refused: self.refused,
            few: self.few,
            may_dial_hidden: self.may_dial_hidden,
            ..Self::default()
        };
    }

    /// Something came down the current link.
    pub(super) const fn on_anything(&mut self, now: u64) {
        self.at = now;
        self.deaf_since = None;
    }

    pub(super) fn on_closed(&mut self, code: u16) {
        match close::verdict(code) {
            Verdict::StayAway => self.refused = true,
            Verdict::FewTries => self.few += 1,
            Verdict::ComeBack | Verdict::AfterHint | Verdict::Refresh => {}
        }
    }

    pub(super) const fn on_answer(&mut self, status: u16) {
        if status == 401 || status == 403 {
            self.refused = true;
        }
    }

    /// What a frame bears, before the session hears it.
    pub(super) fn on_frame(&mut self, frame: &Frame) {
        if frame.number > 0 {
            if self.last > 0 && frame.number > self.last + 1 {
                self.jumps += 1;
            }
            self.last = self.last.max(frame.number);
        }
        for (name, seq) in &frame.heads {
            let Some(id) = ConversationId::parse(name) else {
                continue;
            };
            match self.heads.iter_mut().find(|(known, _)| *known == id) {
                Some((_, known)) => *known = (*known).max(*seq),
                None => self.heads.push((id, *seq)),
            }
        }
    }

    /// Whether a frame is an acknowledgement of what does not wait.
    pub(super) fn on_proof(&mut self, text: &str, session: &Session) -> bool {
        let proof = text.contains(r#""t":"ack""#) || text.contains(r#""t":"nack""#);
        let client_id = field(text, "cid").filter(|_| proof);
        let Some(client_id) = client_id.and_then(ClientId::parse) else {
            return false;
        };
        let stray = session.outbox().find(&client_id).is_none();
        self.strays += u64::from(stray);
        stray
    }

    /// Whether what is fed next may make a hidden page dial.
    pub(super) fn on_input(&mut self, input: &Input, status: Status) {
        self.may_dial_hidden = match input {
            Input::Command(_) => true,
            Input::Page(event, _) => !matches!(
                event,
                PageEvent::Online | PageEvent::Offline | PageEvent::ClockGap
            ),
            // A name that was given, or the rest of signing out.
            Input::Http(..) | Input::Wake(_) => status == Status::Idle,
            Input::Link(..)
            | Input::Loaded(..)
            | Input::Saved(..)
            | Input::Took(..)
            | Input::Shared(_) => false,
        };
    }

    /// Everything that was heard of is here, or it is being fetched, or the
    /// page says that it could not be.
    fn check_heads(&mut self, session: &Session) -> Check {
        let mut missing = Ok(());
        self.heads.retain(|(id, seq)| {
            let Some(conversation) = session.conversation(id) else {
                return false;
            };
            if !conversation.is_loaded() || conversation.last_known().0 >= *seq {
                return false;
            }
            let told = conversation.patience.is_some()
                || conversation.forward.is_open()
                || conversation.forward == Fetch::Failed;
            if !told {
                let what = format!("{id}: {seq} was heard of, {}", conversation.last_known());
                missing = violation("P4 no silent hole", what);
            }
            true
        });
        missing
    }
}

impl Sim {
    /// After each input of a tab.
    pub(super) fn check_heard(&mut self, at: usize) -> Check {
        let tab = &mut self.tabs[at];
        let Some(session) = &tab.session else {
            return Ok(());
        };
        if session.status() != Status::Online {
            return Ok(());
        }
        if !tab.heard.heads.is_empty() {
            self.tally.met(Premise::HeardOf);
            tab.heard.check_heads(session)?;
        }
        if tab.heard.strays != tab.heard.strays_counted {
            let what = format!(
                "tab {at}: {} on this link, {} counted",
                tab.heard.strays, tab.heard.strays_counted
            );
            return violation("I23 a stray proof is counted", what);
        }
        if tab.heard.jumps != tab.heard.noticed {
            let what = format!(
                "tab {at}: {} losses on this link, {} noticed",
                tab.heard.jumps, tab.heard.noticed
            );
            return violation("I13 each loss once", what);
        }
        Ok(())
    }

    /// A link is given up as silent.
    pub(super) fn check_given_up(&mut self, at: usize) -> Check {
        let tab = &self.tabs[at];
        let now = tab.clock(self.now);
        let silent = now >= tab.heard.at + ANSWER_WITHIN;
        let unproved = tab
            .heard
            .handed_at
            .is_some_and(|handed| now >= handed + PROOF_WITHIN);
        if !silent && !unproved && !tab.heard.resyncs {
            let what = format!(
                "tab {at} gives up a link that was heard {} ms ago",
                now - tab.heard.at
            );
            return violation("I21 no link given up that was heard", what);
        }
        self.tally.met(Premise::GivenUpAsSilent);
        Ok(())
    }

    /// A hidden page with nothing unsent does not dial.
    pub(super) fn check_dial_hidden(&mut self, at: usize, cause: Cause) -> Check {
        let tab = &self.tabs[at];
        let empty = |session: &Session| session.outbox().is_empty();
        let unsent = !tab.session.as_ref().is_none_or(empty);
        let may = tab.heard.may_dial_hidden || tab.heard.resyncs || cause == Cause::Person;
        if !tab.page.visible && !unsent && !may {
            let what = format!("tab {at} dials while it is hidden, for nothing");
            return violation("I11 hidden pages do not dial", what);
        }
        Ok(())
    }

    /// A stay ends for a reason.
    pub(super) fn check_end(&mut self, at: usize) -> Check {
        let heard = &self.tabs[at].heard;
        if !heard.refused && heard.few < 3 {
            let what = format!("tab {at} has ended, and nobody said so");
            return violation("I17 ended for a reason", what);
        }
        Ok(())
    }

    /// P7: whoever is online is reached by the server, or was a moment ago.
    pub(super) fn check_noticed(&mut self) -> Check {
        for at in 0..self.tabs.len() {
            let deaf = self.is_deaf(at);
            let tab = &mut self.tabs[at];
            if !deaf {
                tab.heard.deaf_since = None;
                continue;
            }
            let since = *tab.heard.deaf_since.get_or_insert(self.now);
            self.tally.met(Premise::DeafLink);
            // A moment for the timer itself.
            if self.now > since + NOTICED_WITHIN + 100 {
                let what = format!("tab {at} is online on a dead link since {since}");
                return violation("P7 a dead path is noticed", what);
            }
        }
        Ok(())
    }

    /// Whether the tab is online, runs on time, and nothing can come to it.
    fn is_deaf(&self, at: usize) -> bool {
        let tab = &self.tabs[at];
        if tab.status() != Some(Status::Online) || !tab.is_running() || tab.late > 0 {
            return false;
        }
        let wake = tab.session.as_ref().and_then(Session::wake_at);
        let wake = wake.map(|wake| (wake.as_millis() + tab.lag).max(self.now));
        if wake.is_some_and(|wake| tab.timer.is_none_or(|timer| timer > wake)) {
            return false;
        }
        let Some((current, _)) = tab.link else {
            return false;
        };
        self.links.iter().any(|link| {
            link.tab == at
                && link.life == tab.life
                && link.link == current
                && (tab.path.down_held || (link.half_open && link.down.is_empty()))
        })
    }
}

impl Tab {
    /// What the tab's own clock says at this time.
    pub(super) const fn clock(&self, now: u64) -> u64 {
        now - self.lag
    }
}
