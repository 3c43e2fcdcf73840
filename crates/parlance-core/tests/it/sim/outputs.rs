//! What a session asks for: each output is held against what may be asked in
//! that moment, then carried out on the model's storage, network and page.
//!
//! Knows nothing of why it was asked.

use parlance_core::close;
use parlance_core::ids::{LinkId, RequestId};
use parlance_core::outbox::Write;
use parlance_core::session::{Durability, Oddity};
use parlance_core::wire::{HttpRequest, Wire};
use parlance_core::{Event, Output, Status};

use super::network::{Link, Up};
use super::server::Asked;
use super::storage::Work;
use super::tab::{Cause, field};
use super::tally::Premise;
use super::{Call, Check, Fate, Leg, Sim, violation};

/// A stay dials at most so often by itself in so many milliseconds: the
/// shortest waits that the back-off's formula can give, and one replacement.
const MOST_DIALS: [(u64, usize); 2] = [(60_000, 13), (180_000, 29)];

impl Sim {
    pub(super) fn carry_out(&mut self, at: usize, output: Output, cause: Cause) -> Check {
        match output {
            Output::Open(link, _) => self.dial(at, link),
            Output::Transmit(link, wire) => self.transmit(at, link, wire),
            Output::Close(link, code, _) => {
                let tab = &mut self.tabs[at];
                if tab.link.map(|(link, _)| link) != Some(link) {
                    return violation("I8 one live link", format!("closes {link} again"));
                }
                if code != 1000 && code < 3000 {
                    let what = format!("a browser cannot close with {code}");
                    return violation("the driver's words", what);
                }
                tab.link = None;
                if code == close::SILENT {
                    self.check_given_up(at)?;
                }
                let due = self.now + self.travel(at);
                let life = self.tabs[at].life;
                let mine = |it: &&mut Link| it.tab == at && it.life == life && it.link == link;
                if let Some(link) = self.links.iter_mut().find(mine) {
                    link.left = true;
                    link.send_up(due, Up::Close);
                }
                Ok(())
            }
            Output::Request(request, http) => self.request(at, request, &http, cause),
            Output::Load(uid) => {
                self.expects_load(at);
                self.ask_storage(at, Work::Load(uid));
                Ok(())
            }
            Output::Save(save, write) => {
                self.check_write(at, &write)?;
                self.ask_storage(at, Work::Save(save, write));
                Ok(())
            }
            Output::Take(take) => {
                self.tabs[at].on_ask_turn(self.now, &take);
                self.ask_storage(at, Work::Take(take));
                Ok(())
            }
            Output::Share(text) => {
                self.say_to_siblings(at, &text);
                Ok(())
            }
            Output::Event(event) => self.take_event(at, event),
        }
    }

    fn dial(&mut self, at: usize, link: LinkId) -> Check {
        let tab = &mut self.tabs[at];
        if let Some((before, _)) = tab.link {
            let what = format!("tab {at} dials {link} beside {before}");
            return violation("I8 I9 one dial at a time", what);
        }
        if tab.told.signed_out {
            return violation("I9 sign-out", format!("tab {at} dials after it"));
        }
        if link.0 > 1 {
            self.tally.met(Premise::DialAfterLink);
        }
        tab.link = Some((link, false));
        tab.handed.clear();
        let now = tab.clock(self.now);
        tab.heard.on_dial(now);
        self.links_made += 1;
        let mut made = Link::new(self.links_made, at, tab.life, link);
        let due = self.now + self.travel(at);
        made.send_up(due, Up::Dial);
        self.links.push(made);
        Ok(())
    }

    fn transmit(&mut self, at: usize, link: LinkId, wire: Wire) -> Check {
        let tab = &mut self.tabs[at];
        if tab.link != Some((link, true)) {
            let what = format!("tab {at} speaks on link {link}, current is {:?}", tab.link);
            return violation("I8 nothing is said on a dead link", what);
        }
        let Wire::Text(text) = wire else {
            return violation("the driver's words", "binary".to_owned());
        };
        self.trace.text(&text);
        if text.contains(r#""t":"send""#)
            && let Some(client_id) = field(&text, "cid")
        {
            tab.handed.push(client_id.to_owned());
            let now = tab.clock(self.now);
            tab.heard.handed_at.get_or_insert(now);
            let client_id = client_id.to_owned();
            if self.now >= self.tabs[at].load_due {
                // It waits no longer for what the device has kept.
                self.forgive_order(self.tabs[at].device);
            }
            self.check_turn(at, &client_id)?;
            self.check_above(at, &client_id)?;
        }
        if text.contains(r#""t":"hello""#) {
            self.check_hello(at, &text)?;
        }
        let due = self.now + self.travel(at);
        let life = self.tabs[at].life;
        let mine = |it: &&mut Link| it.tab == at && it.life == life && it.link == link;
        if let Some(link) = self.links.iter_mut().find(mine) {
            link.send_up(due, Up::Text(text));
        }
        Ok(())
    }

    fn request(&mut self, at: usize, id: RequestId, http: &HttpRequest, cause: Cause) -> Check {
        let device = &self.devices[self.tabs[at].device];
        let asked = match http.url.strip_prefix("http://model/api/") {
            Some("ticket") => Asked::Ticket,
            Some("guest") => {
                let body = http.body.as_deref().unwrap_or_default();
                Asked::Guest(field(body, "name").unwrap_or_default().to_owned())
            }
            Some("signout") => Asked::SignOut,
            _ => return violation("the client's words", http.url.clone()),
        };
        let who = if http.with_cookies {
            device.cookie.clone()
        } else {
            self.tabs[at].token.clone()
        };
        if asked == Asked::Ticket {
            self.check_dial_rate(at, cause)?;
            self.check_dial_hidden(at, cause)?;
        }
        let due = self.now + self.travel(at);
        self.calls.push(Call {
            tab: at,
            life: self.tabs[at].life,
            request: id,
            leg: Leg::Up(asked, who),
            due,
        });
        Ok(())
    }

    fn check_dial_rate(&mut self, at: usize, cause: Cause) -> Check {
        let tab = &mut self.tabs[at];
        if tab.told.signed_out {
            return violation("I9 sign-out", format!("tab {at} dials after it"));
        }
        if cause != Cause::Own {
            return Ok(());
        }
        tab.dials.push_back(self.now);
        for (window, most) in MOST_DIALS {
            let from = self.now.saturating_sub(window);
            let dials = tab.dials.iter().filter(|at| **at > from).count();
            if window == 60_000 && dials > 3 {
                self.tally.met(Premise::FailedDials);
            }
            if dials > most {
                let what = format!("tab {at}: {dials} dials in {window} ms");
                return violation("I11 dial rate", what);
            }
        }
        while tab.dials.len() > 40 {
            tab.dials.pop_front();
        }
        Ok(())
    }

    fn ask_storage(&mut self, at: usize, work: Work) {
        let took = 1 + self.chance.below(20);
        let tab = &self.tabs[at];
        let storage = &mut self.devices[tab.device].storage;
        let due = self.now + took + storage.slow;
        storage.ask(due, (at, tab.life), work);
    }

    fn take_event(&mut self, at: usize, event: Event) -> Check {
        let tab = &mut self.tabs[at];
        match event {
            Event::Me(person) => {
                let uid = person.uid.to_string();
                self.devices[tab.device].last_known = Some(uid.clone());
                // What was said before anybody was known is theirs.
                for said in self.said.iter_mut().filter(|said| said.tab == at) {
                    let whose = said.uid.get_or_insert_with(|| uid.clone());
                    // Somebody else is here, by a cookie that all tabs share:
                    // what the device did not keep goes, as the page said.
                    if *whose != uid && !said.kept && said.fate == Fate::Owed {
                        said.fate = Fate::MayBeLost;
                    }
                }
                if tab.told.me.as_ref() != Some(&uid) {
                    tab.told.forget_lists();
                }
                tab.whose = Some(uid.clone());
                tab.told.me = Some(uid);
                tab.told.needs_identity = false;
            }
            Event::IdentityNeeded { .. } => tab.told.needs_identity = true,
            Event::Current(current) => tab.told.current = current,
            Event::Durability(durability) => {
                tab.told.lost_on_close = durability == Durability::LostOnClose;
            }
            Event::SignedOut => {
                self.tally.met(Premise::SignedOut);
                self.devices[tab.device].last_known = None;
                tab.token = None;
                tab.whose = None;
                tab.told.forget_lists();
                tab.told.me = None;
                tab.told.anew = true;
                tab.told.signed_out = true;
            }
            Event::OutboxFull(..) => tab.told.outbox_full = true,
            Event::Timeline(id, changes) => return self.replay(at, id, changes),
            Event::Counted(Oddity::LostFrames, what) if !what.contains("sum") => {
                tab.told.lossy = true;
                tab.heard.noticed += 1;
            }
            Event::Counted(Oddity::LostFrames, _) => {
                tab.heard.resyncs = true;
                self.tally.met(Premise::Resync);
                let from = self.now.saturating_sub(60_000);
                tab.resyncs.retain(|at| *at > from);
                tab.resyncs.push_back(self.now);
                if tab.resyncs.len() > 3 {
                    let what = format!("tab {at}: {} in a minute", tab.resyncs.len());
                    return violation("I13 no resync loop", what);
                }
            }
            Event::Counted(oddity @ (Oddity::Duplicate | Oddity::StrayAck), _) => {
                self.tally.met(Premise::SecondProof);
                tab.heard.strays_counted += u64::from(oddity == Oddity::StrayAck);
            }
            Event::Status(status) => {
                if status == Status::Ended {
                    self.tally.met(Premise::Ended);
                }
                tab.told.status = Some(status);
                if status == Status::Ended {
                    return self.check_end(at);
                }
            }
            Event::Conversation(it) => {
                tab.told.unread.insert(it.id, it.unread);
            }
            Event::People(id, people) => {
                tab.told.people.insert(id, people);
            }
            Event::Typists(id, typists) => {
                tab.told.typists.insert(id, typists);
            }
            Event::History(id, history) => {
                tab.told.history.insert(id, history);
            }
            Event::Restored
            | Event::Counted(..)
            | Event::Banner(_)
            | Event::Limits(_)
            | Event::Draft(..) => {}
        }
        Ok(())
    }

    /// What is forgotten must be proved or given up.
    fn check_write(&mut self, at: usize, write: &Write) -> Check {
        match write {
            Write::Forget(uid, client_id) => {
                self.tally.met(Premise::KeptRowForgotten);
                let stored = self.server.was_stored(uid.as_str(), client_id.as_str());
                let waived = self.waived.iter().any(|it| it == client_id.as_str())
                    || self
                        .said
                        .iter()
                        .any(|it| it.client_id == client_id.as_str() && it.fate == Fate::Waived);
                if !stored && !waived {
                    let what = format!("tab {at} forgets {client_id:?} without proof");
                    return violation("I6 kept until proved", what);
                }
            }
            Write::Wipe(_) => {
                if !self.tabs[at].told.anew {
                    let what = format!("tab {at} wipes, and nobody signs out");
                    return violation("I6 kept until proved", what);
                }
            }
            Write::Keep(..) | Write::Unfinished(..) => {}
        }
        Ok(())
    }
}
