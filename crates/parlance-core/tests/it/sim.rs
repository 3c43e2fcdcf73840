//! A whole world on virtual time, decided by one number: people with real
//! sessions that speak the real dialect, and around them a model server,
//! model storage, a model network and model pages, to which everything
//! happens that can happen. After each input every invariant that concerns
//! the tab is checked.
//!
//! Knows no real time, no thread and no chance but the seed's.

use std::collections::BTreeMap;

use parlance_core::chance::Chance;
use parlance_core::ids::RequestId;

use network::{Down, Link, Path, Up};
use server::{Asked, Server};
use storage::{Done, Storage};
use tab::Tab;
use tally::Tally;
use trace::Trace;

pub(crate) mod regressions;
pub(crate) mod schedule;
pub(crate) mod transition;

mod apply;
mod calm;
mod check;
mod heard;
mod invariants;
mod network;
mod outputs;
mod restored;
mod rows;
mod server;
mod siblings;
mod storage;
mod tab;
pub(crate) mod tally;
pub(crate) mod trace;
mod troubles;

/// A number counts, and says at which of so many places: the tabs, and all others.
pub(crate) const PLACES: u64 = 16;

/// An invariant does not hold.
#[derive(Clone, Debug)]
pub(crate) struct Violation {
    pub(crate) invariant: &'static str,
    pub(crate) what: String,
}

pub(crate) type Check = Result<(), Violation>;

fn violation(invariant: &'static str, what: String) -> Check {
    Err(Violation { invariant, what })
}

/// The world.
pub(crate) struct Sim {
    /// Virtual milliseconds.
    now: u64,
    chance: Chance,
    server: Server,
    tabs: Vec<Tab>,
    devices: Vec<Device>,
    links: Vec<Link>,
    calls: Vec<Call>,
    words: Vec<Word>,
    said: Vec<Said>,
    /// Client ids that the person gave up: other words took their place.
    waived: Vec<String>,
    /// Every text of the run bears its own number.
    texts: u64,
    links_made: u64,
    tally: Tally,
    trace: Trace,
}

/// What outlives pages.
struct Device {
    storage: Storage,
    /// Whose guest cookie it has.
    cookie: Option<String>,
    last_known: Option<String>,
    /// The wall clock, beside virtual time.
    wall: i64,
    /// So many of the words between its tabs are lost.
    deaf: u64,
}

/// One word of a tab to another of the same device, on its way.
struct Word {
    tab: usize,
    life: u64,
    text: String,
    due: u64,
}

/// One HTTP request on its way.
struct Call {
    tab: usize,
    life: u64,
    request: RequestId,
    leg: Leg,
    due: u64,
}

enum Leg {
    Up(Asked, Option<String>),
    Down(Option<(u16, String)>),
}

/// What somebody said, as the test remembers it.
struct Said {
    number: u64,
    device: usize,
    /// Where it was said, or given its present words.
    tab: usize,
    uid: Option<String>,
    conversation: String,
    client_id: String,
    /// The device promised to keep it.
    kept: bool,
    fate: Fate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It must be on the server in the end, or visibly not.
    Owed,
    /// The person gave it up, or left.
    Waived,
    /// Its page died before the device had kept it.
    MayBeLost,
}

/// What happens next by itself.
#[derive(Clone, Copy, Debug)]
enum Happening {
    Up(usize),
    Down(usize),
    Call(usize),
    Word(usize),
    Storage(usize),
    Timer(usize),
    Server,
}

impl Sim {
    pub(crate) fn new(seed: u64, trace: Trace) -> Self {
        let mut chance = Chance::new(seed ^ 0x51D0_FACE);
        let count = 2 + chance.below(2) as usize;
        let mut sim = Self {
            now: 1_000,
            chance: Chance::new(seed),
            server: Server::new(),
            tabs: Vec::new(),
            devices: Vec::new(),
            links: Vec::new(),
            calls: Vec::new(),
            words: Vec::new(),
            said: Vec::new(),
            waived: Vec::new(),
            texts: 0,
            links_made: 0,
            tally: Tally::default(),
            trace,
        };
        for at in 0..count {
            // Sometimes two devices of one person, or one that nobody knows.
            let whose = if at > 0 && chance.below(5) == 0 {
                1
            } else {
                at + 1
            };
            let uid = format!("u{whose}");
            sim.server.known(&uid, &format!("name {whose}"));
            let credential = chance.below(6);
            sim.devices.push(Device {
                storage: Storage::default(),
                cookie: (1..5).contains(&credential).then(|| uid.clone()),
                last_known: (credential >= 3).then(|| uid.clone()),
                wall: 1_700_000_000_000,
                deaf: 0,
            });
            let token = (credential == 5).then_some(uid);
            sim.tabs.push(Tab::new(at, token));
        }
        // Often somebody has the page open twice, and now and then thrice.
        for _ in 0..[0, 0, 1, 1, 2][chance.below(5) as usize] {
            let token = sim.tabs[0].token.clone();
            sim.tabs.push(Tab::new(0, token));
        }
        sim
    }

    /// Lets everything happen that is due up to then.
    fn run_until(&mut self, until: u64) -> Check {
        while let Some((at, happening)) = self.next() {
            if at > until {
                break;
            }
            self.now = self.now.max(at);
            self.happen(happening)?;
            self.check_noticed()?;
        }
        self.now = self.now.max(until);
        self.check_noticed()
    }

    /// The earliest of everything that is due.
    fn next(&self) -> Option<(u64, Happening)> {
        let mut next: Option<(u64, Happening)> = None;
        let mut offer = |at: u64, happening: Happening| {
            if next.is_none_or(|(earliest, _)| at < earliest) {
                next = Some((at, happening));
            }
        };
        for (at, link) in self.links.iter().enumerate() {
            let tab = &self.tabs[link.tab];
            if let Some((due, _)) = link.up.front()
                && !tab.path.up_held
            {
                offer(*due, Happening::Up(at));
            }
            if let Some((due, _)) = link.down.front()
                && !tab.path.down_held
                && (tab.is_running() || link.life != tab.life)
            {
                offer(*due, Happening::Down(at));
            }
        }
        for (at, call) in self.calls.iter().enumerate() {
            let tab = &self.tabs[call.tab];
            let held = match call.leg {
                Leg::Up(..) => tab.path.up_held,
                Leg::Down(_) => tab.path.down_held || !tab.is_running(),
            };
            if !held || call.life != tab.life {
                offer(call.due, Happening::Call(at));
            }
        }
        for (at, word) in self.words.iter().enumerate() {
            let tab = &self.tabs[word.tab];
            if tab.is_running() || word.life != tab.life {
                offer(word.due, Happening::Word(at));
            }
        }
        for (at, tab) in self.tabs.iter().enumerate() {
            if !tab.is_running() {
                continue;
            }
            if let Some(due) = self.devices[tab.device].storage.due((at, tab.life)) {
                offer(due, Happening::Storage(at));
            }
            if let Some(due) = tab.timer {
                offer(due, Happening::Timer(at));
            }
        }
        if self.server.up
            && let Some(due) = self.server.due()
        {
            offer(due, Happening::Server);
        }
        next
    }

    fn happen(&mut self, happening: Happening) -> Check {
        match happening {
            Happening::Up(at) => self.arrive_up(at)?,
            Happening::Down(at) => self.arrive_down(at)?,
            Happening::Call(at) => self.go_on_with(at)?,
            Happening::Word(at) => self.hear_word(at)?,
            Happening::Storage(tab) => self.work_storage(tab)?,
            Happening::Timer(tab) => self.wake(tab)?,
            Happening::Server => self.server.tick(self.now, &mut self.chance),
        }
        self.collect();
        Ok(())
    }

    fn arrive_up(&mut self, at: usize) -> Check {
        let link = &mut self.links[at];
        let Some((_, what)) = link.up.pop_front() else {
            return Ok(());
        };
        let (id, tab) = (link.id, link.tab);
        if link.half_open {
            return Ok(());
        }
        match what {
            Up::Dial => {
                let device = self.tabs[tab].device;
                let taken = self.server.opened(id, device, self.now);
                let due = self.now + self.travel(tab);
                let link = &mut self.links[at];
                link.taken = taken;
                link.send_down(
                    due,
                    if taken {
                        Down::Opened
                    } else {
                        Down::Closed(1006, String::new())
                    },
                );
            }
            Up::Text(text) => {
                let (chance, tally) = (&mut self.chance, &mut self.tally);
                self.server.hear(id, &text, self.now, chance, tally)?;
            }
            Up::Close => {
                link.taken = false;
                self.server.lost(id, self.now);
            }
        }
        Ok(())
    }

    fn arrive_down(&mut self, at: usize) -> Check {
        let link = &mut self.links[at];
        let Some((_, what)) = link.down.pop_front() else {
            return Ok(());
        };
        self.hear(at, what)
    }

    /// Puts what the server has said on the network.
    fn collect(&mut self) {
        for at in 0..self.server.conns.len() {
            let conn = &mut self.server.conns[at];
            if conn.out.is_empty() && conn.closing.is_none() {
                continue;
            }
            let texts = std::mem::take(&mut conn.out);
            let closing = conn.closing.take();
            let id = conn.link;
            let Some(place) = self.links.iter().position(|link| link.id == id) else {
                continue;
            };
            for text in texts {
                let due = self.now + self.travel(self.links[place].tab);
                self.links[place].send_down(due, Down::Text(text));
            }
            if let Some((code, reason)) = closing {
                let due = self.now + self.travel(self.links[place].tab);
                self.links[place].taken = false;
                self.links[place].send_down(due, Down::Closed(code, reason));
                self.server.lost(id, self.now);
                return self.collect();
            }
        }
        self.links.retain(|link| !link.is_done());
    }

    fn go_on_with(&mut self, at: usize) -> Check {
        let Call {
            tab,
            life,
            request,
            leg,
            ..
        } = self.calls.swap_remove(at);
        match leg {
            Leg::Up(asked, who) => {
                let device = self.tabs[tab].device;
                if !self.server.up {
                    let due = self.now + self.travel(tab);
                    self.calls.push(Call {
                        tab,
                        life,
                        request,
                        leg: Leg::Down(None),
                        due,
                    });
                    return Ok(());
                }
                let answer = self
                    .server
                    .ask(&asked, who.as_deref(), self.now, &mut self.chance);
                let Some(answer) = answer else {
                    return Ok(());
                };
                let due = self.now + self.travel(tab);
                match answer.cookie {
                    server::Cookie::Keep => {}
                    server::Cookie::Set(uid) => {
                        self.devices[device].cookie = Some(uid);
                    }
                    server::Cookie::Clear => self.devices[device].cookie = None,
                }
                self.calls.push(Call {
                    tab,
                    life,
                    request,
                    leg: Leg::Down(Some((answer.status, answer.body))),
                    due,
                });
                Ok(())
            }
            Leg::Down(answer) if self.tabs[tab].life == life => self.answer(tab, request, answer),
            Leg::Down(_) => Ok(()),
        }
    }

    fn work_storage(&mut self, tab: usize) -> Check {
        let device = self.tabs[tab].device;
        let page = (tab, self.tabs[tab].life);
        let done = self.devices[device].storage.work(self.now, page);
        self.after_wiping(device);
        match done {
            Some(Done::Loaded(uid, stored)) => self.loaded(tab, uid, stored),
            Some(Done::Took(client_id, turn)) => self.took(tab, client_id, turn),
            Some(Done::Saved(save, worked, kept)) => self.saved(tab, save, worked, kept),
            None => Ok(()),
        }
    }

    /// How long something takes on a tab's path.
    fn travel(&mut self, tab: usize) -> u64 {
        let path = self.tabs[tab].path;
        path.delay + self.chance.below(path.jitter + 1)
    }

    /// A new text, told apart from all others of the run. Its number says
    /// where it was said, if that was at a tab.
    fn text(&mut self, kind: char, tab: Option<usize>) -> (u64, String) {
        self.texts += 1;
        let place = tab.map_or(PLACES - 1, |tab| tab as u64);
        let number = self.texts * PLACES + place;
        (number, format!("{kind}{number}"))
    }

    pub(crate) const fn hash(&self) -> u64 {
        self.trace.hash()
    }

    pub(crate) const fn tally(&self) -> &Tally {
        &self.tally
    }

    pub(crate) fn lines(&self) -> &[String] {
        self.trace.lines()
    }
}

/// What is shown of one conversation, kept by replaying changes.
type Views = BTreeMap<parlance_core::ids::ConversationId, rows::View>;
