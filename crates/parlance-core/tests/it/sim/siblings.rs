//! Tabs of one device: words that they say to each other and that may be lost,
//! one turn for all of them to hand over, and at the end one outbox that all
//! of them show.
//!
//! Knows nothing of links.

use std::collections::BTreeSet;

use parlance_core::Input;
use parlance_core::ids::ClientId;
use parlance_core::outbox::{Kept, Take, Turn};

use super::tab::{Cause, Tab};
use super::tally::Premise;
use super::{Check, Fate, Sim, Word, violation};

/// A device that does not say whose turn it is holds nothing up for longer.
const ANSWER_WITHIN: u64 = 2_000;

/// A question whose turn it is.
pub(crate) struct Asked {
    client_id: ClientId,
    /// On the tab's own clock.
    at: u64,
    answer: Option<Answer>,
}

/// What the device said last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// This tab's, then, in the world's time.
    Mine(u64),
    Theirs,
    Gone,
    /// It could not say.
    Failed,
}

impl Tab {
    pub(super) fn on_ask_turn(&mut self, now: u64, take: &Take) {
        let at = self.clock(now);
        self.turns.retain(|asked| asked.client_id != take.client_id);
        self.turns.push(Asked {
            client_id: take.client_id.clone(),
            at,
            answer: None,
        });
    }

    pub(super) fn on_turn(&mut self, now: u64, client_id: &ClientId, turn: Option<&Turn>) {
        let mut asked = self.turns.iter_mut();
        if let Some(asked) = asked.find(|asked| asked.client_id == *client_id) {
            asked.answer = Some(match turn {
                Some(Turn::Mine(Some(_))) => Answer::Mine(now),
                Some(Turn::Mine(None)) => Answer::Gone,
                Some(Turn::Theirs(_)) => Answer::Theirs,
                None => Answer::Failed,
            });
        }
    }
}

impl Sim {
    /// I24: what the device keeps is handed over by the tab whose turn it is,
    /// in the moment in which the device has said so; or the device cannot say.
    pub(super) fn check_turn(&mut self, at: usize, client_id: &str) -> Check {
        let tab = &self.tabs[at];
        let Some(client_id) = ClientId::parse(client_id) else {
            return violation("the client's words", "a strange client id".to_owned());
        };
        let entry = tab
            .session
            .as_ref()
            .and_then(|it| it.outbox().find(&client_id));
        if entry.is_none_or(|entry| entry.kept != Kept::Yes) {
            return Ok(());
        }
        let mut asked = tab.turns.iter();
        let asked = asked.find(|asked| asked.client_id == client_id);
        let page = (at, tab.life);
        let fits = match asked.map(|asked| (asked.answer, asked.at)) {
            Some((Some(Answer::Mine(when)), _)) => {
                when == self.now && self.devices[tab.device].storage.has_turn(self.now, page)
            }
            Some((Some(Answer::Failed), _)) => true,
            Some((None, at)) => {
                self.tally.met(Premise::TurnUnanswered);
                tab.clock(self.now) >= at + ANSWER_WITHIN
            }
            Some((Some(Answer::Theirs | Answer::Gone), _)) | None => false,
        };
        if !fits {
            let answer = asked.map(|asked| asked.answer);
            let what = format!("tab {at} hands {client_id:?} over, and the device said {answer:?}");
            return violation("I24 nothing without the turn", what);
        }
        Ok(())
    }

    /// Says a word to the other tabs of the device.
    pub(super) fn say_to_siblings(&mut self, at: usize, text: &str) {
        let device = self.tabs[at].device;
        for other in 0..self.tabs.len() {
            let tab = &self.tabs[other];
            if other == at || tab.device != device || tab.session.is_none() || !tab.listens {
                continue;
            }
            if self.devices[device].deaf > 0 {
                self.devices[device].deaf -= 1;
                continue;
            }
            let due = self.now + self.chance.below(4);
            let life = self.tabs[other].life;
            // One channel: what one tab says is heard in order.
            let last = self.words.iter().rfind(|word| word.tab == other);
            let due = last.map_or(due, |last| last.due.max(due));
            self.words.push(Word {
                tab: other,
                life,
                text: text.to_owned(),
                due,
            });
        }
    }

    pub(super) fn hear_word(&mut self, at: usize) -> Check {
        let Word {
            tab, life, text, ..
        } = self.words.remove(at);
        if self.tabs[tab].life != life {
            return Ok(());
        }
        self.tally.met(Premise::WordHeard);
        self.feed(tab, Input::Shared(text), Cause::Own)
    }

    /// Whoever signs out in one tab takes what all of them had said.
    pub(super) fn after_wiping(&mut self, device: usize) {
        for uid in std::mem::take(&mut self.devices[device].storage.wiped) {
            for said in &mut self.said {
                let theirs = said.uid.as_ref().is_none_or(|it| *it == uid.as_str());
                if said.device == device && theirs {
                    said.fate = Fate::Waived;
                }
            }
        }
    }

    /// I22: what a device keeps, all its tabs of that person show, alike.
    pub(super) fn check_siblings(&mut self) -> Check {
        for one in 0..self.tabs.len() {
            for other in one + 1..self.tabs.len() {
                let (a, b) = (&self.tabs[one], &self.tabs[other]);
                if a.device != b.device || a.told.me != b.told.me {
                    continue;
                }
                let Some(me) = &a.told.me else { continue };
                self.tally.met(Premise::TabsAgree);
                let kept: Vec<&ClientId> = self.devices[a.device].storage.kept_of(me).collect();
                let shown = |tab: &Tab| {
                    let session = tab.session.as_ref();
                    let entries = session.into_iter().flat_map(|it| it.outbox().entries());
                    let ids = entries.map(|entry| entry.draft.client_id.clone());
                    // Two of one millisecond may stand either way.
                    ids.filter(|id| kept.contains(&id)).collect::<BTreeSet<_>>()
                };
                let (first, second) = (shown(a), shown(b));
                if first != second {
                    let what = format!("tabs {one} and {other}: {first:?} and {second:?}");
                    return violation("I22 tabs converge", what);
                }
            }
        }
        Ok(())
    }
}
