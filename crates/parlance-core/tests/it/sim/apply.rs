//! Makes a transition happen: what people and pages do. Says whether it could;
//! one that could not has changed nothing.
//!
//! Knows nothing of what should follow. Faults are in `troubles`.

use parlance_core::content::Content;
use parlance_core::ids::{ConversationId, ItemKey, Seq, Uid};
use parlance_core::timeline::{Delivery, Queued, Row};
use parlance_core::{Command, Input, PageEvent, PageState, Status, Target};

use super::server::number_of;
use super::tab::{Cause, Stopped};
use super::transition::{Step, Transition};
use super::{Fate, Said, Sim, Violation};

/// Whether the transition could happen.
pub(super) type Happened = Result<bool, Violation>;

/// More than an outbox takes.
const TOO_MUCH: usize = 510;

impl Sim {
    /// One step of a schedule: time passes, then this.
    pub(crate) fn step(&mut self, step: &Step) -> Happened {
        let at = step.tab % self.tabs.len();
        self.chance = parlance_core::chance::Chance::new(step.salt);
        self.trace.note(self.now, || format!("--- {step}"));
        let happened = self.apply(at, step.transition, step.number)?;
        self.collect();
        if happened {
            self.trace.number(step.transition as u64);
            self.tally.happened(step.transition);
        }
        Ok(happened)
    }

    pub(crate) fn pass(&mut self, millis: u64) -> super::Check {
        self.run_until(self.now + millis)
    }

    fn apply(&mut self, at: usize, transition: Transition, number: u64) -> Happened {
        let running = self.tabs[at].is_running();
        match transition {
            Transition::Say => self.say(at, 'm'),
            Transition::SayRefused => self.say(at, 'x'),
            Transition::SayTooMuch => self.say_too_much(at, number),
            Transition::Retry => self.decide(at, number, Decision::Retry),
            Transition::Edit => self.decide(at, number, Decision::Edit),
            Transition::Delete => self.decide(at, number, Decision::Delete),
            Transition::Open => self.open(at, number),
            Transition::Leave => {
                if self.tabs[at].told.current.is_none() {
                    return Ok(false);
                }
                self.command(at, Command::Leave)
            }
            Transition::LoadOlder => match self.tabs[at].told.current.clone() {
                Some(id) => self.command(at, Command::LoadOlder(id)),
                None => Ok(false),
            },
            Transition::LoadGap => self.load_gap(at),
            Transition::Seen => self.see(at, number),
            Transition::Type => match self.tabs[at].told.current.clone() {
                Some(id) => self.command(at, Command::Typing(id)),
                None => Ok(false),
            },
            Transition::Draft => match self.tabs[at].told.current.clone() {
                Some(id) => self.command(at, Command::Draft(id, "unfinished".to_owned())),
                None => Ok(false),
            },
            Transition::Now => self.feed_if(at, Input::Command(Command::Now), Cause::Person),
            Transition::SignOut => self.sign_out(at),
            Transition::Join => self.join_as(at),
            Transition::OtherSays => self.other_says(number, 1, "zoe"),
            Transition::SystemSays => self.other_says(number, 1, ""),
            Transition::OtherSaysMuch => self.other_says_much(number),
            Transition::Hide if running && self.tabs[at].page.visible => {
                self.tabs[at].page.visible = false;
                self.page(at, PageEvent::VisibilityChanged)
            }
            Transition::Show if running && !self.tabs[at].page.visible => {
                self.tabs[at].page.visible = true;
                self.page(at, PageEvent::VisibilityChanged)
            }
            Transition::ShowUnnoticed if running && !self.tabs[at].page.visible => {
                self.tabs[at].page.visible = true;
                Ok(true)
            }
            Transition::Hide | Transition::Show | Transition::ShowUnnoticed => Ok(false),
            Transition::PageHide if running => self.page_hide(at, number),
            Transition::PageShow if self.tabs[at].session.is_some() => self.page_show(at),
            Transition::Freeze if running => {
                self.page(at, PageEvent::Freeze)?;
                self.tabs[at].stopped = Stopped::Frozen;
                Ok(true)
            }
            Transition::FreezeUnnoticed if running => {
                self.tabs[at].stopped = Stopped::Frozen;
                Ok(true)
            }
            Transition::Resume if self.tabs[at].stopped == Stopped::Frozen => {
                self.resume(at, number)
            }
            Transition::PageHide
            | Transition::PageShow
            | Transition::Freeze
            | Transition::FreezeUnnoticed
            | Transition::Resume => Ok(false),
            Transition::Focus => self.page(at, PageEvent::Focus),
            Transition::HostActive => {
                self.page(at, PageEvent::HostActive(number.is_multiple_of(2)))
            }
            Transition::Reopen if self.tabs[at].session.is_none() => {
                let target = self.target(at, number);
                self.tabs[at].page = PageState::SHOWN;
                self.begin(at, target)?;
                Ok(true)
            }
            Transition::Reopen => Ok(false),
            Transition::Release => {
                let path = &mut self.tabs[at].path;
                let held = path.up_held || path.down_held || path.delay > 15;
                *path = super::Path::default();
                Ok(held)
            }
            Transition::ServerStart if !self.server.up => {
                self.server.up = true;
                Ok(true)
            }
            Transition::ServerStart => Ok(false),
            Transition::Sleep
            | Transition::DeviceOnline
            | Transition::DeviceOffline
            | Transition::Reload
            | Transition::Crash
            | Transition::LateTimers
            | Transition::EarlyWake
            | Transition::WallJump
            | Transition::DayPasses
            | Transition::Slow
            | Transition::HoldUp
            | Transition::HoldDown
            | Transition::HoldBoth
            | Transition::Cut
            | Transition::HalfOpen
            | Transition::ServerCrash
            | Transition::Bye
            | Transition::Refuse
            | Transition::Accept
            | Transition::RateLimit
            | Transition::CloseLink
            | Transition::DropFrame
            | Transition::Misroute
            | Transition::Overtake
            | Transition::Repeat
            | Transition::PageGone
            | Transition::Restore
            | Transition::HttpTrouble
            | Transition::Revoke
            | Transition::Garbage
            | Transition::StorageFails
            | Transition::StorageSlow
            | Transition::StorageSpoiled
            | Transition::WordsLost
            | Transition::StorageWorks => self.trouble(at, transition, number),
        }
    }

    pub(super) fn feed_if(&mut self, at: usize, input: Input, cause: Cause) -> Happened {
        if !self.tabs[at].is_running() {
            return Ok(false);
        }
        self.feed(at, input, cause)?;
        Ok(true)
    }

    pub(super) fn command(&mut self, at: usize, command: Command) -> Happened {
        self.feed_if(at, Input::Command(command), Cause::Own)
    }

    pub(super) fn page(&mut self, at: usize, event: PageEvent) -> Happened {
        let tab = &mut self.tabs[at];
        if !tab.is_running() {
            return Ok(false);
        }
        tab.listens = !matches!(event, PageEvent::PageHide | PageEvent::Freeze);
        let page = tab.page;
        self.feed_if(at, Input::Page(event, page), Cause::Sign)
    }

    // ---- people --------------------------------------------------------------

    fn say(&mut self, at: usize, kind: char) -> Happened {
        let tab = &self.tabs[at];
        let Some(id) = tab.told.current.clone() else {
            return Ok(false);
        };
        if !tab.is_running() || tab.told.needs_identity || tab.told.signed_out {
            return Ok(false);
        }
        let device = tab.device;
        let uid = tab.whose.clone();
        let (number, text) = self.text(kind, Some(at));
        let wall = self.wall(device);
        let content = Content::Text(text.clone());
        self.command(at, Command::Say(id.clone(), content, wall))?;
        let tab = &self.tabs[at];
        if tab.told.outbox_full {
            return Ok(true);
        }
        let entry = tab.session.as_ref().and_then(|session| {
            let mut entries = session.outbox().entries();
            entries.find(|entry| entry.draft.content.text() == text)
        });
        let Some(entry) = entry else {
            super::violation("P5 typed is kept", format!("{text} is nowhere"))?;
            return Ok(true);
        };
        self.said.push(Said {
            number,
            device,
            tab: at,
            uid,
            conversation: id.to_string(),
            client_id: entry.draft.client_id.as_str().to_owned(),
            kept: false,
            fate: Fate::Owed,
        });
        Ok(true)
    }

    fn say_too_much(&mut self, at: usize, number: u64) -> Happened {
        // Rarely: five hundred messages are slow.
        if !number.is_multiple_of(8) || self.tabs[at].status() == Some(Status::Online) {
            return Ok(false);
        }
        if !self.say(at, 'm')? {
            return Ok(false);
        }
        for _ in 0..TOO_MUCH {
            self.say(at, 'm')?;
        }
        Ok(true)
    }

    fn decide(&mut self, at: usize, number: u64, decision: Decision) -> Happened {
        if !self.tabs[at].is_running() {
            return Ok(false);
        }
        let mut choices = Vec::new();
        for (id, view) in &self.tabs[at].views {
            for row in view.rows.iter().rev() {
                let Row::Message(item) = row else { continue };
                // The page offers other words for a failed one only.
                let fits = match &item.delivery {
                    Some(Delivery::Failed(_)) => true,
                    Some(Delivery::Missing(_)) => decision != Decision::Edit,
                    Some(Delivery::Queued(Queued::Consent)) => decision != Decision::Edit,
                    Some(Delivery::Queued(_)) => decision == Decision::Delete,
                    _ => false,
                };
                if fits {
                    choices.push((id.clone(), item.key, item.content.text().to_owned()));
                }
            }
        }
        if choices.is_empty() {
            return Ok(false);
        }
        let (id, key, text) = choices.swap_remove(number as usize % choices.len());
        match decision {
            Decision::Retry => {
                if self.lacking(at, &id, key).is_some() {
                    self.tally.met(super::tally::Premise::SaidAgain);
                }
                self.command(at, Command::Retry(id, key))
            }
            Decision::Edit => {
                self.texts += 1;
                let number = number_of(&text).unwrap_or_default();
                let text = format!("m{number}e{}", self.texts);
                self.edit(at, id, key, text)
            }
            Decision::Delete => self.delete(at, id, key),
        }
    }

    /// Other words are another message, in the place of the first.
    fn edit(&mut self, at: usize, id: ConversationId, key: ItemKey, text: String) -> Happened {
        let before = self.client_id_of(at, key);
        self.waived.extend(before.clone());
        self.command(at, Command::Edit(id, key, Content::Text(text)))?;
        let after = self.client_id_of(at, key);
        for said in &mut self.said {
            if Some(&said.client_id) == before.as_ref()
                && let Some(after) = &after
            {
                said.client_id.clone_from(after);
                said.kept = false;
                said.tab = at;
                // Another tab may still say the old words, or has.
                self.server.unordered.push(said.number);
            }
        }
        Ok(true)
    }

    fn client_id_of(&self, at: usize, key: ItemKey) -> Option<String> {
        let session = self.tabs[at].session.as_ref()?;
        let entry = session.outbox().find_key(key)?;
        Some(entry.draft.client_id.as_str().to_owned())
    }

    fn delete(&mut self, at: usize, id: ConversationId, key: ItemKey) -> Happened {
        let lacking = self.lacking(at, &id, key);
        self.waived.extend(lacking);
        let client_id = self.client_id_of(at, key);
        self.tabs[at].told.deleted = Some(key.0);
        for said in &mut self.said {
            if Some(&said.client_id) == client_id.as_ref() {
                said.fate = Fate::Waived;
                // If the device cannot forget it, it comes back whenever.
                self.server.unordered.push(said.number);
            }
        }
        let happened = self.command(at, Command::Delete(id, key));
        self.tabs[at].told.deleted = None;
        happened
    }

    fn open(&mut self, at: usize, number: u64) -> Happened {
        let me = self.tabs[at].told.me.clone();
        let id = match (number % 6, me) {
            (0 | 1, _) => ConversationId::room("lobby"),
            (2, _) => ConversationId::room("den"),
            (3, Some(me)) => ConversationId::pair(Uid::new(me), Uid::new("zoe")),
            // Where somebody else is, so that two meet.
            (4, Some(me)) => {
                let other = &self.tabs[(at + 1 + number as usize / 8) % self.tabs.len()];
                match &other.told.current {
                    Some(id @ ConversationId::Pair(one, two))
                        if one.as_str() == me || two.as_str() == me =>
                    {
                        id.clone()
                    }
                    Some(_) | None => return Ok(false),
                }
            }
            (_, Some(me)) => {
                // Whoever is at another tab: so that two read the same.
                let other = (at + 1 + number as usize / 8) % self.tabs.len();
                let other = self.tabs[other].told.me.clone();
                let Some(other) = other.filter(|other| *other != me) else {
                    return Ok(false);
                };
                ConversationId::pair(Uid::new(me), Uid::new(other))
            }
            (_, None) => return Ok(false),
        };
        self.command(at, Command::Open(id))
    }

    fn load_gap(&mut self, at: usize) -> Happened {
        let mut views = self.tabs[at].views.iter();
        let gap = views.find_map(|(id, view)| {
            let gaps = view.rows.iter().find(|row| matches!(row, Row::Gap(_)));
            gaps.map(|row| (id.clone(), row.key()))
        });
        match gap {
            Some((id, key)) => self.command(at, Command::LoadGap(id, key)),
            None => Ok(false),
        }
    }

    fn see(&mut self, at: usize, number: u64) -> Happened {
        let tab = &self.tabs[at];
        let seen = tab.told.current.as_ref().and_then(|id| {
            let confirmed = &tab.views.get(id)?.confirmed;
            let back = if number.is_multiple_of(3) {
                number as usize / 4 % 5
            } else {
                0
            };
            let (seq, _) = confirmed.iter().rev().nth(back)?;
            Some((id.clone(), Seq(*seq)))
        });
        match seen {
            Some((id, seq)) => {
                let tab = &mut self.tabs[at];
                let rows = tab.views.get(&id).map_or(&[][..], |view| &view.rows);
                if rows.iter().any(|row| matches!(row, Row::Gap(_))) {
                    tab.told.uncounted.push(id.to_string());
                }
                self.command(at, Command::Seen(id, seq))
            }
            None => Ok(false),
        }
    }

    fn sign_out(&mut self, at: usize) -> Happened {
        let tab = &mut self.tabs[at];
        if !tab.is_running() || tab.told.needs_identity || tab.told.me.is_none() {
            return Ok(false);
        }
        let device = tab.device;
        tab.told.anew = true;
        for said in &mut self.said {
            if said.device == device && said.fate == Fate::Owed {
                said.fate = Fate::Waived;
            }
        }
        self.command(at, Command::SignOut)
    }

    pub(super) fn join_as(&mut self, at: usize) -> Happened {
        let tab = &mut self.tabs[at];
        let asked = tab.told.needs_identity && tab.status() == Some(Status::Idle);
        if !tab.is_running() || !asked {
            return Ok(false);
        }
        tab.told.signed_out = false;
        let command = Command::Join(format!("guest {at}"));
        self.feed_if(at, Input::Command(command), Cause::Person)
    }

    fn other_says(&mut self, number: u64, times: u64, who: &str) -> Happened {
        let names: Vec<&String> = self
            .server
            .names()
            .filter(|name| name.starts_with("room:") || name.contains("zoe"))
            .collect();
        let name = if names.is_empty() {
            "room:lobby".to_owned()
        } else {
            names[number as usize % names.len()].clone()
        };
        if !self.server.up {
            return Ok(false);
        }
        // A pair has two people.
        let pair = name.starts_with("pair:") && !who.is_empty();
        let who = if pair { "zoe" } else { who };
        for _ in 0..times {
            let (_, text) = self.text('o', None);
            self.server.others_say(&name, who, text, self.now);
        }
        Ok(true)
    }

    fn other_says_much(&mut self, number: u64) -> Happened {
        let online = |tab: &&super::Tab| tab.status() == Some(Status::Online);
        let listening = self.tabs.iter().filter(online).count();
        let times = if listening == 0 {
            150 + number % 80
        } else {
            10 + number % 30
        };
        self.other_says(number / 128, times, "yan")
    }

    // ---- pages -----------------------------------------------------------------

    fn page_hide(&mut self, at: usize, number: u64) -> Happened {
        self.tabs[at].page.visible = false;
        if !number.is_multiple_of(4) {
            self.page(at, PageEvent::PageHide)?;
        }
        self.tabs[at].stopped = Stopped::Cached;
        // What the session has not closed itself is dead, and does not say so.
        for place in 0..self.links.len() {
            if self.links[place].tab == at && !self.links[place].left {
                self.sever(place);
            }
        }
        Ok(true)
    }

    fn page_show(&mut self, at: usize) -> Happened {
        let persisted = match self.tabs[at].stopped {
            Stopped::Cached => true,
            Stopped::No => false,
            Stopped::Frozen => return Ok(false),
        };
        self.tabs[at].stopped = Stopped::No;
        self.tabs[at].page.visible = true;
        self.page(at, PageEvent::PageShow { persisted })
    }

    pub(super) fn resume(&mut self, at: usize, number: u64) -> Happened {
        self.tabs[at].stopped = Stopped::No;
        if number.is_multiple_of(3) {
            // What waited is run before the event.
            self.run_until(self.now)?;
        }
        self.page(at, PageEvent::Resume)
    }

    pub(super) fn target(&self, at: usize, number: u64) -> Target {
        let me = self.devices[self.tabs[at].device].last_known.as_deref();
        match number % 8 {
            0 => Target::Nothing,
            1 if me != Some("zoe") => Target::Person(Uid::new("zoe"), Some("Zoe".to_owned())),
            2 => Target::Room("den".to_owned()),
            _ => Target::Room("lobby".to_owned()),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Decision {
    Retry,
    Edit,
    Delete,
}
