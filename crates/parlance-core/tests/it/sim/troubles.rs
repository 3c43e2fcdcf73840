//! Makes faults happen: sleep, crashes, clocks, the network, the server, the
//! device's storage.
//!
//! Knows nothing of what should follow.

use parlance_core::outbox::State;
use parlance_core::{Input, PageEvent, PageState};

use super::apply::Happened;
use super::network::{Down, Frame};
use super::server::HttpTrouble;
use super::tab::{Cause, Stopped};
use super::tally::Premise;
use super::transition::Transition;
use super::{Check, Sim, violation};

const CODES: [(u16, &str); 26] = [
    (1000, ""),
    (1001, ""),
    (1002, ""),
    (1003, ""),
    (1005, ""),
    (1006, ""),
    (1007, ""),
    (1008, ""),
    (1009, ""),
    (1011, ""),
    (1012, ""),
    (1013, "retry=2500"),
    (1013, "retry=120000"),
    (1015, ""),
    (2999, ""),
    (3000, ""),
    (4001, "too slow"),
    (4003, ""),
    (4004, "retry=9"),
    (4005, ""),
    (4006, "retry=-1;x"),
    (4499, ""),
    (4501, ""),
    (4502, ""),
    (4999, ""),
    (5000, ""),
];

const NONSENSE: [&str; 14] = [
    "",
    "{",
    "null",
    "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]",
    "<html><h1>502 Bad Gateway</h1>",
    r#"{"t":"push"}"#,
    r#"{"t":"push","conv":"room:lobby","msg":{"seq":"7"}}"#,
    r#"{"t":"push","conv":"nowhere","msg":{"seq":7,"id":"i","body":{},"ts":1}}"#,
    r#"{"t":"ack","cid":"no spaces here","conv":"room:lobby","seq":1,"id":"i","ts":1}"#,
    r#"{"t":"ack","cid":"nobodys","conv":"room:lobby","seq":1,"id":"i","ts":1}"#,
    r#"{"t":"page","req":987654,"conv":"room:lobby","epoch":"e1","from":9,"to":3,"msgs":[],"head":9}"#,
    r#"{"t":"page","req":987654,"conv":"room:lobby","epoch":"e1","msgs":[],"head":9}"#,
    r#"{"t":"confetti","amount":1e308}"#,
    r#"{"t":"nack","cid":"nobodys","code":"forbidden"}"#,
];

/// Rows of another version, and rows that a disk has damaged.
const UNREADABLE: [&str; 4] = [
    "",
    "{",
    r#"{"v":2,"cid":"later","conv":"room:lobby","text":"as a later version writes it"}"#,
    r#"{"v":1,"cid":"no spaces","conv":"nowhere","body":7,"at":"yesterday","order":-1}"#,
];

impl Sim {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "what cannot happen now, and what is no fault, is all the rest"
    )]
    pub(super) fn trouble(&mut self, at: usize, transition: Transition, number: u64) -> Happened {
        let running = self.tabs[at].is_running();
        let device = self.tabs[at].device;
        match transition {
            Transition::Sleep if running => return self.sleep(at, number),
            Transition::DeviceOnline if running => {
                self.tabs[at].page.online = true;
                return self.page(at, PageEvent::Online);
            }
            Transition::DeviceOffline if running => {
                self.tabs[at].page.online = false;
                return self.page(at, PageEvent::Offline);
            }
            Transition::Reload if running => return self.reload(at, number),
            Transition::Crash if self.tabs[at].session.is_some() => {
                let page = (at, self.tabs[at].life);
                let writes = self.devices[device].storage.pending_writes(page) as u64;
                self.end(at, number % (writes + 1), number & 0x100 == 0);
            }
            Transition::LateTimers => {
                let late = [0, 60, 1_000, 20_000, 60_000, 300_000][number as usize % 6];
                let tab = &mut self.tabs[at];
                tab.late = late;
                tab.timer = tab.timer.map(|due| due + late);
            }
            Transition::EarlyWake if running => return self.early_wake(at),
            Transition::WallJump => {
                let span = (number % (2 * 86_400_000)) as i64 - 86_400_000;
                self.devices[device].wall += span;
            }
            Transition::DayPasses => return self.day_passes(at, number),
            Transition::Slow => {
                let path = &mut self.tabs[at].path;
                path.delay = [80, 400, 1_200, 2_500][number as usize % 4];
                path.jitter = path.delay / 2;
            }
            Transition::HoldUp => self.tabs[at].path.up_held = true,
            Transition::HoldDown => self.tabs[at].path.down_held = true,
            Transition::HoldBoth => {
                self.tabs[at].path.up_held = true;
                self.tabs[at].path.down_held = true;
            }
            Transition::Cut => return self.on_link(at, |sim, place| sim.cut(place, number)),
            Transition::HalfOpen => {
                return self.on_link(at, |sim, place| {
                    sim.sever(place);
                    Ok(())
                });
            }
            Transition::ServerCrash if self.server.up => self.server_crash(number, 0)?,
            Transition::Restore if self.server.up => self.server_crash(number, 1 + number % 5)?,
            Transition::Bye if self.server.up => self.server.bye(number % 4_000),
            Transition::Refuse => self.server.faults.refusing = true,
            Transition::Accept => {
                let faults = &mut self.server.faults;
                let trouble = faults.refusing
                    || faults.http != HttpTrouble::None
                    || !faults.revoked.is_empty();
                faults.refusing = false;
                faults.http = HttpTrouble::None;
                faults.revoked.clear();
                return Ok(trouble);
            }
            Transition::RateLimit => self.server.faults.rate_limited = 1 + number % 4,
            Transition::CloseLink => {
                let (mut code, reason) = CODES[number as usize % CODES.len()];
                if code == 1009 && self.has_stored_in_flight(at) {
                    // What is too large is never stored.
                    code = 1006;
                }
                return self.on_link(at, |sim, place| {
                    let link = sim.links[place].id;
                    sim.server.close(link, code, reason);
                    Ok(())
                });
            }
            Transition::DropFrame
            | Transition::Misroute
            | Transition::Overtake
            | Transition::Repeat => {
                return self.inside(at, transition, number);
            }
            Transition::PageGone => self.server.faults.gone = 1 + number % 3,
            Transition::HttpTrouble => {
                self.server.faults.http = [
                    HttpTrouble::Portal,
                    HttpTrouble::Failing,
                    HttpTrouble::Busy,
                    HttpTrouble::Silent,
                ][number as usize % 4];
            }
            Transition::Revoke => match self.tabs[at].told.me.clone() {
                Some(uid) => self.server.faults.revoked.push(uid),
                None => return Ok(false),
            },
            Transition::Garbage => {
                self.tally.met(Premise::Garbage);
                let due = self.now + self.travel(at);
                return self.on_link(at, |sim, place| {
                    let what = match number as usize % (NONSENSE.len() + 1) {
                        0 => Down::Binary,
                        which => Down::Text(Frame::nonsense(NONSENSE[which - 1])),
                    };
                    sim.links[place].send_down(due, what);
                    Ok(())
                });
            }
            Transition::StorageFails => self.devices[device].storage.failing = true,
            Transition::StorageSlow => {
                self.devices[device].storage.slow = [300, 2_500, 30_000][number as usize % 3];
            }
            Transition::StorageSpoiled => match self.devices[device].last_known.clone() {
                Some(uid) => {
                    self.tally.met(Premise::UnreadableRow);
                    let row = UNREADABLE[number as usize % UNREADABLE.len()];
                    self.devices[device].storage.spoil(&uid, number, row);
                }
                None => return Ok(false),
            },
            Transition::WordsLost => self.devices[device].deaf = 1 + number % 3,
            Transition::StorageWorks => {
                let storage = &mut self.devices[device].storage;
                let trouble = storage.failing || storage.slow > 0;
                storage.failing = false;
                storage.slow = 0;
                return Ok(trouble);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Whether something that the tab waits for is stored already.
    fn has_stored_in_flight(&self, at: usize) -> bool {
        let tab = &self.tabs[at];
        let me = tab.told.me.as_deref().unwrap_or_default();
        let session = tab.session.as_ref();
        session.is_some_and(|session| {
            let mut entries = session.outbox().entries();
            entries.any(|it| self.server.was_stored(me, it.draft.client_id.as_str()))
        })
    }

    /// Does it to the tab's link, if the server has one.
    fn on_link(&mut self, at: usize, act: impl FnOnce(&mut Self, usize) -> Check) -> Happened {
        let life = self.tabs[at].life;
        let place = self
            .links
            .iter()
            .position(|link| link.tab == at && link.life == life && link.taken && !link.left);
        match place {
            Some(place) => act(self, place).map(|()| true),
            None => Ok(false),
        }
    }

    /// The server's end is gone and the tab's is not told; what was on its way
    /// up is lost, and the end of what was on its way down.
    pub(super) fn sever(&mut self, place: usize) {
        let keep = self.chance.below(self.links[place].down.len() as u64 + 1);
        let link = &mut self.links[place];
        link.down.truncate(keep as usize);
        link.up.clear();
        link.half_open = true;
        link.taken = false;
        self.server.lost(link.id, self.now);
    }

    /// Both ends hear that it is over; some of what was on it still arrives.
    pub(super) fn cut(&mut self, place: usize, number: u64) -> Check {
        let arrives = number % (self.links[place].up.len() as u64 + 1);
        for _ in 0..arrives {
            self.arrive_up(place)?;
        }
        let keep = self.chance.below(self.links[place].down.len() as u64 + 1);
        let due = self.now + self.chance.below(40);
        let link = &mut self.links[place];
        link.up.clear();
        link.down.truncate(keep as usize);
        link.taken = false;
        link.send_down(due, Down::Closed(1006, String::new()));
        self.server.lost(link.id, self.now);
        Ok(())
    }

    /// All links end one way or the other; with `lost`, another log follows.
    fn server_crash(&mut self, number: u64, lost: u64) -> Check {
        self.collect();
        for place in 0..self.links.len() {
            if self.links[place].taken {
                if self.chance.below(3) == 0 {
                    self.sever(place);
                } else {
                    self.cut(place, number)?;
                }
            }
        }
        if lost > 0 {
            self.server.restore(lost - 1);
        } else {
            self.server.crash();
        }
        Ok(())
    }

    fn inside(&mut self, at: usize, transition: Transition, number: u64) -> Happened {
        let life = self.tabs[at].life;
        let link = self
            .links
            .iter()
            .find(|link| link.tab == at && link.life == life && link.taken && !link.left)
            .map(|link| link.id);
        let mut conns = self.server.conns.iter_mut();
        let Some(conn) = conns.find(|conn| Some(conn.link) == link && conn.uid.is_some()) else {
            return Ok(false);
        };
        if transition == Transition::DropFrame {
            conn.dropping = 1 + number % 2;
        } else if transition == Transition::Misroute {
            conn.misrouted = true;
        } else if transition == Transition::Overtake {
            conn.overtaken = 1 + number % 3;
        } else {
            return Ok(conn.repeat());
        }
        Ok(true)
    }

    // ---- pages ---------------------------------------------------------------

    fn sleep(&mut self, at: usize, number: u64) -> Happened {
        let span = [2_000, 9_000, 45_000, 400_000][number as usize % 4];
        self.tabs[at].stopped = Stopped::Frozen;
        self.run_until(self.now + span)?;
        let tab = &mut self.tabs[at];
        tab.stopped = Stopped::No;
        if number & 0x40 > 0 {
            // The monotonic clock slept too.
            tab.lag += span;
            tab.timer = tab.timer.map(|due| due + span);
        }
        if number & 0x80 > 0 {
            return self.page(at, PageEvent::ClockGap);
        }
        Ok(true)
    }

    fn reload(&mut self, at: usize, number: u64) -> Happened {
        if !number.is_multiple_of(4) {
            self.page(at, PageEvent::PageHide)?;
        }
        let page = (at, self.tabs[at].life);
        let storage = &self.devices[self.tabs[at].device].storage;
        let writes = storage.pending_writes(page) as u64;
        self.end(at, (number >> 8) % (writes + 1), true);
        let target = self.target(at, number >> 16);
        self.tabs[at].page = PageState::SHOWN;
        self.begin(at, target)?;
        Ok(true)
    }

    fn day_passes(&mut self, at: usize, number: u64) -> Happened {
        let tab = &self.tabs[at];
        let unsent = tab
            .session
            .as_ref()
            .is_some_and(|session| !session.outbox().is_empty());
        if !tab.is_running() || !unsent {
            return Ok(false);
        }
        let device = tab.device;
        self.end(at, u64::MAX >> 50, true);
        self.devices[device].wall += 25 * 3_600_000;
        let target = self.target(at, number);
        self.tabs[at].page = PageState::SHOWN;
        self.begin(at, target)?;
        self.run_until(self.now + 30)?;
        self.count_asking(at);
        Ok(true)
    }

    /// A wake before its time changes nothing.
    fn early_wake(&mut self, at: usize) -> Happened {
        let tab = &mut self.tabs[at];
        let (page, lag) = (tab.page, tab.lag);
        let Some(session) = &mut tab.session else {
            return Ok(false);
        };
        let now = parlance_core::time::Instant::from_millis(self.now - lag);
        let early = session.wake_at().is_none_or(|wake| wake > now);
        if !early || !page.online {
            self.feed(at, Input::Wake(page), Cause::Own)?;
            return Ok(true);
        }
        self.tally.met(Premise::EarlyTimer);
        let look = self.chance.below(8) == 0;
        let before = look.then(|| format!("{session:?}"));
        session.handle(now, Input::Wake(page));
        let output = session.poll();
        let changed = before.is_some_and(|before| before != format!("{session:?}"));
        if output.is_some() || changed {
            let what = format!("tab {at}: an early wake caused {output:?}");
            violation("I21 an early wake changes nothing", what)?;
        }
        Ok(true)
    }

    /// The messages of a tab that ask whether they may still go.
    fn count_asking(&mut self, at: usize) {
        let session = self.tabs[at].session.as_ref();
        let asking = session.is_some_and(|session| {
            let mut entries = session.outbox().entries();
            entries.any(|entry| entry.state == State::Asking)
        });
        if asking {
            self.tally.met(Premise::Asked);
        }
    }
}
