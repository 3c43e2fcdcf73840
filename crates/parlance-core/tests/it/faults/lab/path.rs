//! The way between page and backend: links in order, as TCP is; each direction
//! can be blocked, and what was on it arrives when it heals, as TCP has it too.
//!
//! Knows no frames, only texts.

use parlance_core::LinkEvent;
use parlance_core::ids::{LinkId, RequestId};
use parlance_core::wire::{HttpRequest, Wire};

use super::{Backend, Due, Input, Lab, Spoken};

/// What the way is like.
pub(crate) struct Path {
    /// Whether anything gets to the backend.
    pub(crate) up: bool,
    /// Whether anything gets to the page.
    pub(crate) down: bool,
    pub(crate) dials: Dials,
    /// How long anything takes, in milliseconds, and how much longer by chance.
    pub(crate) delay: u64,
    pub(crate) jitter: u64,
    /// Requests that wait for the way up.
    pub(super) held: Vec<(u64, RequestId, HttpRequest)>,
}

/// What becomes of new connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dials {
    Through,
    /// Neither requests nor sockets are let in.
    Refused,
    /// Both are taken and never answered.
    Silent,
    /// Requests work; a handshake is answered with something else.
    SocketRefused,
    /// Requests work; a handshake is never answered.
    SocketSilent,
}

impl Default for Path {
    fn default() -> Self {
        Self {
            up: true,
            down: true,
            dials: Dials::Through,
            delay: 15,
            jitter: 30,
            held: Vec::new(),
        }
    }
}

/// One link.
pub(super) struct Link {
    pub(super) link: LinkId,
    /// Which of the page's lives dialled it.
    pub(super) life: u64,
    /// The page has closed it.
    pub(super) left: bool,
    /// The backend has it.
    taken: bool,
    /// The page has heard that it is over.
    over: bool,
    last_up: u64,
    last_down: u64,
    held_up: Vec<Up>,
    held_down: Vec<Down>,
}

impl Link {
    pub(super) fn new(link: LinkId, life: u64) -> Self {
        Self {
            link,
            life,
            left: false,
            taken: false,
            over: false,
            last_up: 0,
            last_down: 0,
            held_up: Vec::new(),
            held_down: Vec::new(),
        }
    }
}

/// From the page.
pub(super) enum Up {
    Dial,
    Text(String),
    Close,
}

/// From the backend.
pub(super) enum Down {
    Opened,
    Said(Spoken),
}

impl<B: Backend> Lab<B> {
    pub(super) fn travel(&mut self) -> u64 {
        self.path.delay + self.chance.below(self.path.jitter + 1)
    }

    pub(super) fn send_up(&mut self, number: u64, what: Up) {
        let at = self.now + self.travel();
        if let Some(link) = self.links.get_mut(&number) {
            link.last_up = link.last_up.max(at);
            self.due.push_back((link.last_up, Due::Up(number, what)));
        }
    }

    fn send_down(&mut self, number: u64, what: Down) {
        let at = self.now + self.travel();
        if let Some(link) = self.links.get_mut(&number) {
            link.last_down = link.last_down.max(at);
            self.due
                .push_back((link.last_down, Due::Down(number, what)));
        }
    }

    pub(super) fn arrives_up(&mut self, number: u64, what: Up) {
        let Some(link) = self.links.get_mut(&number) else {
            return;
        };
        if !self.path.up || !link.held_up.is_empty() {
            link.held_up.push(what);
            return;
        }
        match what {
            Up::Dial => match self.path.dials {
                Dials::Through => {
                    link.taken = true;
                    self.send_down(number, Down::Opened);
                    self.backend.opened(number, self.now);
                }
                Dials::Refused | Dials::SocketRefused => {
                    let refused = Spoken::Close(1006, String::new());
                    self.send_down(number, Down::Said(refused));
                }
                Dials::Silent | Dials::SocketSilent => {}
            },
            Up::Text(text) if link.taken => self.backend.hears(number, &text, self.now),
            Up::Text(_) => {}
            Up::Close => {
                if std::mem::take(&mut link.taken) {
                    self.backend.lost(number, self.now);
                }
            }
        }
        self.collect();
    }

    pub(super) fn arrives_down(&mut self, number: u64, what: Down) {
        let Some(link) = self.links.get_mut(&number) else {
            return;
        };
        if !self.path.down || !link.held_down.is_empty() {
            link.held_down.push(what);
            return;
        }
        // A browser lets go of a socket that was closed; a late event of one
        // is what `gen` is for, and now and then it comes all the same.
        if link.life != self.life || link.over || (link.left && self.chance.below(3) > 0) {
            return;
        }
        let id = link.link;
        let event = match what {
            Down::Opened => LinkEvent::Opened,
            Down::Said(Spoken::Text(text)) => LinkEvent::Received(Wire::Text(text)),
            Down::Said(Spoken::Binary(bytes)) => LinkEvent::Received(Wire::Binary(bytes)),
            Down::Said(Spoken::Close(code, reason)) => {
                link.over = true;
                if self.current.map(|(_, it)| it) == Some(number) {
                    self.current = None;
                }
                LinkEvent::Closed { code, reason }
            }
        };
        self.feed(Input::Link(id, event));
    }

    /// Puts what the backend has said on its way.
    pub(super) fn collect(&mut self) {
        for (number, spoken) in self.backend.spoken() {
            if matches!(spoken, Spoken::Close(..))
                && let Some(link) = self.links.get_mut(&number)
            {
                link.taken = false;
            }
            self.send_down(number, Down::Said(spoken));
        }
    }

    /// What a row made the backend say goes its way.
    pub(crate) fn carries_away(&mut self) {
        self.collect();
    }

    /// The number of the link that the page has.
    pub(crate) fn link(&self) -> Option<u64> {
        self.current.map(|(_, number)| number)
    }

    /// The backend says this on the page's link, whatever it is.
    pub(crate) fn injects(&mut self, spoken: Spoken) {
        if let Some(number) = self.link() {
            if matches!(spoken, Spoken::Close(..)) {
                self.ends_at_backend(number);
            }
            self.send_down(number, Down::Said(spoken));
        }
    }

    /// The page hears this now, on whichever link it has.
    pub(crate) fn hears_now(&mut self, spoken: Spoken) {
        if let Some(number) = self.link() {
            self.arrives_down(number, Down::Said(spoken));
        }
    }

    /// The path ends in order: what is on its way arrives, then the end.
    pub(crate) fn fin(&mut self) {
        self.injects(Spoken::Close(1006, String::new()));
    }

    /// The path is torn: what is on its way either way is lost, each end of it
    /// from some frame on.
    pub(crate) fn rst(&mut self) {
        let Some(number) = self.link() else { return };
        let mut lost_up = false;
        let mut lost_down = false;
        let chance = &mut self.chance;
        self.due.retain(|(_, due)| match due {
            Due::Up(of, _) if *of == number => {
                lost_up |= chance.below(2) == 0;
                !lost_up
            }
            Due::Down(of, _) if *of == number => {
                lost_down |= chance.below(2) == 0;
                !lost_down
            }
            Due::Up(..)
            | Due::Down(..)
            | Due::Ask(..)
            | Due::Answer(..)
            | Due::Load(..)
            | Due::Save(..)
            | Due::Take(..) => true,
        });
        self.fin();
    }

    fn ends_at_backend(&mut self, number: u64) {
        let taken = self.links.get_mut(&number);
        if taken.is_some_and(|link| std::mem::take(&mut link.taken)) {
            self.backend.lost(number, self.now);
        }
    }

    /// The way is whole again: what was held arrives.
    pub(crate) fn heals(&mut self) {
        self.path.up = true;
        self.path.down = true;
        self.path.dials = Dials::Through;
        let numbers: Vec<u64> = self.links.keys().copied().collect();
        for number in numbers {
            let Some(link) = self.links.get_mut(&number) else {
                continue;
            };
            let up = std::mem::take(&mut link.held_up);
            let down = std::mem::take(&mut link.held_down);
            for what in up {
                self.send_up(number, what);
            }
            for what in down {
                self.send_down(number, what);
            }
        }
        for (life, id, request) in std::mem::take(&mut self.path.held) {
            let at = self.now + self.travel();
            self.due.push_back((at, Due::Ask(life, id, request)));
        }
        if self.running {
            for due in std::mem::take(&mut self.parked) {
                self.due.push_back((self.now, due));
            }
        }
    }
}
