//! One link for all tabs of a person: who holds it, and that nobody is left
//! without.
//!
//! Each tab is a relay and the simplest of sessions: it dials at once when it
//! is told to, and two seconds after a loss. The channel between tabs is
//! delivered in turn; what a frozen tab would hear waits until it thaws.

use std::collections::VecDeque;

use parlance_core::LinkEvent;
use parlance_core::chance::Chance;
use parlance_core::ids::LinkId;
use parlance_core::relay::{Deed, Relay};
use parlance_core::time::Instant;
use parlance_core::wire::Wire;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    Runs,
    Frozen,
    Gone,
}

struct Tab {
    relay: Relay,
    life: Life,
    visible: bool,
    /// The session's link, and whether it was told that it is open.
    link: Option<(LinkId, bool)>,
    links: u64,
    dial_at: Option<u64>,
    inbox: VecDeque<String>,
    /// What its session heard.
    heard: Vec<String>,
    /// Its own socket.
    socket: Option<LinkId>,
}

/// A person's tabs and the backend's sockets.
struct Tabs {
    now: u64,
    tabs: Vec<Tab>,
    /// What the backend heard.
    said: Vec<String>,
    /// How many dials there were.
    dials: usize,
}

fn text(wire: &Wire) -> String {
    match wire {
        Wire::Text(text) => text.clone(),
        Wire::Binary(_) => unreachable!("nobody speaks binary"),
    }
}

impl Tabs {
    fn opened(count: usize) -> Self {
        let mut all = Self {
            now: 10_000,
            tabs: Vec::new(),
            said: Vec::new(),
            dials: 0,
        };
        for at in 0..count {
            all.joins(at as u64 + 1);
            all.advance(1_000);
        }
        all
    }

    fn joins(&mut self, number: u64) {
        self.tabs.push(Tab {
            relay: Relay::new(number),
            life: Life::Runs,
            visible: true,
            link: None,
            links: 0,
            dial_at: None,
            inbox: VecDeque::new(),
            heard: Vec::new(),
            socket: None,
        });
        self.dials_anew(self.tabs.len() - 1);
    }

    fn instant(&self) -> Instant {
        Instant::from_millis(self.now)
    }

    fn dials_anew(&mut self, at: usize) {
        let now = self.instant();
        let tab = &mut self.tabs[at];
        if let Some((link, _)) = tab.link.take() {
            tab.relay.close(link, 1000, "");
        }
        tab.links += 1;
        let link = LinkId(tab.links);
        tab.link = Some((link, false));
        tab.dial_at = None;
        tab.relay.open(now, link, "wss://one".to_owned());
        self.drain(at);
    }

    fn drain(&mut self, at: usize) {
        while let Some(deed) = self.tabs[at].relay.poll() {
            match deed {
                Deed::Dial(link, _) => {
                    self.dials += 1;
                    assert_eq!(self.tabs[at].socket, None, "two sockets in one tab");
                    self.tabs[at].socket = Some(link);
                    // It opens at once.
                    self.tabs[at].relay.on_link(link, &LinkEvent::Opened);
                    self.tell(at, link, &LinkEvent::Opened);
                }
                Deed::Send(link, wire) => {
                    assert_eq!(self.tabs[at].socket, Some(link));
                    self.said.push(text(&wire));
                }
                Deed::Shut(link, ..) => {
                    assert_eq!(self.tabs[at].socket.take(), Some(link));
                }
                Deed::Say(word) => {
                    for (other, tab) in self.tabs.iter_mut().enumerate() {
                        if other != at && tab.life != Life::Gone {
                            tab.inbox.push_back(word.clone());
                        }
                    }
                }
                Deed::Tell(link, event) => self.tell(at, link, &event),
                Deed::Renew => self.dials_anew(at),
            }
        }
    }

    fn tell(&mut self, at: usize, link: LinkId, event: &LinkEvent) {
        let now = self.now;
        let tab = &mut self.tabs[at];
        if tab.link.map(|(it, _)| it) != Some(link) {
            return;
        }
        match event {
            LinkEvent::Opened => tab.link = Some((link, true)),
            LinkEvent::Received(wire) => tab.heard.push(text(wire)),
            LinkEvent::Closed { .. } => {
                tab.link = None;
                tab.dial_at = Some(now + 2_000);
            }
        }
    }

    /// Words are delivered, timers fire, until so much time has passed.
    fn advance(&mut self, span: u64) {
        let end = self.now + span;
        loop {
            self.deliver();
            let due = self.tabs.iter().filter(|tab| tab.life == Life::Runs);
            let due = due.filter_map(|tab| {
                let wake = tab.relay.wake_at().map(Instant::as_millis);
                [wake, tab.dial_at].into_iter().flatten().min()
            });
            let Some(due) = due.min().filter(|due| *due <= end) else {
                break;
            };
            self.now = self.now.max(due);
            for at in 0..self.tabs.len() {
                if self.tabs[at].life != Life::Runs {
                    continue;
                }
                self.ticks(at);
                if self.tabs[at].dial_at.is_some_and(|due| due <= self.now) {
                    self.dials_anew(at);
                }
            }
        }
        self.now = end;
        self.deliver();
    }

    fn ticks(&mut self, at: usize) {
        let now = self.instant();
        let visible = self.tabs[at].visible;
        self.tabs[at].relay.tick(now, visible);
        self.drain(at);
    }

    fn deliver(&mut self) {
        loop {
            let ready = |tab: &Tab| tab.life == Life::Runs && !tab.inbox.is_empty();
            let Some(at) = self.tabs.iter().position(ready) else {
                return;
            };
            let now = self.instant();
            let word = self.tabs[at].inbox.pop_front().expect("a word");
            self.tabs[at].relay.hear(now, &word);
            self.drain(at);
        }
    }

    fn hides(&mut self, at: usize) {
        self.tabs[at].visible = false;
        self.ticks(at);
    }

    fn shows(&mut self, at: usize) {
        self.tabs[at].visible = true;
        self.ticks(at);
    }

    fn says(&mut self, at: usize, word: &str) {
        let (link, open) = self.tabs[at].link.expect("a link");
        assert!(open, "tab {at} says {word} on a link that is not open");
        let wire = Wire::Text(word.to_owned());
        self.tabs[at].relay.transmit(link, wire);
        self.tabs[at].relay.settle();
        self.drain(at);
        self.deliver();
    }

    /// The backend says something on every socket there is.
    fn backend_says(&mut self, word: &str) {
        for at in 0..self.tabs.len() {
            if let Some(link) = self.tabs[at].socket
                && self.tabs[at].life == Life::Runs
            {
                let event = LinkEvent::Received(Wire::Text(word.to_owned()));
                self.tabs[at].relay.on_link(link, &event);
                self.tell(at, link, &event);
                self.drain(at);
            }
        }
        self.deliver();
    }

    fn socket_closes(&mut self, at: usize) {
        let link = self.tabs[at].socket.take().expect("a socket");
        let event = LinkEvent::Closed {
            code: 1006,
            reason: String::new(),
        };
        self.tabs[at].relay.on_link(link, &event);
        self.tell(at, link, &event);
        self.drain(at);
        self.deliver();
    }

    /// The page leaves: its session closes, and then the relay is told.
    fn leaves(&mut self, at: usize) {
        if let Some((link, _)) = self.tabs[at].link.take() {
            let bye = Wire::Text("leaving".to_owned());
            self.tabs[at].relay.transmit(link, bye);
            self.tabs[at].relay.close(link, 1000, "");
            self.tabs[at].relay.settle();
        }
        self.tabs[at].relay.leave();
        self.drain(at);
        self.tabs[at].life = Life::Gone;
        self.deliver();
    }

    fn crashes(&mut self, at: usize) {
        self.tabs[at].life = Life::Gone;
        self.tabs[at].socket = None;
        self.tabs[at].link = None;
    }

    /// Which tabs have a socket.
    fn sockets(&self) -> Vec<usize> {
        let with = self.tabs.iter().enumerate();
        let with = with.filter(|(_, tab)| tab.socket.is_some());
        with.map(|(at, _)| at).collect()
    }

    fn everybody_is_open(&self) -> bool {
        let alive = self.tabs.iter().filter(|tab| tab.life == Life::Runs);
        alive
            .map(|tab| tab.link)
            .all(|link| matches!(link, Some((_, true))))
    }
}

#[test]
fn the_first_tab_dials_when_nobody_answers_and_the_others_share_its_link() {
    let mut tabs = Tabs::opened(3);
    assert_eq!(tabs.sockets(), [0]);
    assert_eq!(tabs.dials, 1);
    assert!(tabs.everybody_is_open());
    tabs.says(2, "hello");
    assert_eq!(tabs.said, ["hello"]);
    tabs.backend_says("news");
    for tab in &tabs.tabs {
        assert_eq!(tab.heard, ["news"]);
    }
}

#[test]
fn a_hidden_holder_gives_the_link_to_the_tab_that_comes_to_the_front() {
    let mut tabs = Tabs::opened(2);
    tabs.hides(1);
    tabs.hides(0);
    tabs.advance(5_000);
    assert_eq!(tabs.sockets(), [0], "nobody asks while nobody looks");
    tabs.shows(1);
    tabs.advance(100);
    assert_eq!(tabs.sockets(), [1]);
    assert!(tabs.everybody_is_open(), "the old holder follows");
    tabs.says(0, "from behind");
    assert_eq!(tabs.said, ["from behind"]);
}

#[test]
fn two_tabs_side_by_side_do_not_take_the_link_from_each_other() {
    let mut tabs = Tabs::opened(2);
    tabs.advance(60_000);
    assert_eq!(tabs.sockets(), [0]);
    assert_eq!(tabs.dials, 1);
}

#[test]
fn a_holder_that_freezes_or_crashes_is_replaced_within_five_seconds() {
    for frozen in [true, false] {
        let mut tabs = Tabs::opened(3);
        tabs.hides(2);
        if frozen {
            tabs.tabs[0].life = Life::Frozen;
        } else {
            tabs.crashes(0);
        }
        tabs.advance(5_000);
        let taken: Vec<usize> = tabs.sockets().into_iter().filter(|at| *at != 0).collect();
        assert_eq!(taken, [1], "frozen {frozen}");
        assert!(tabs.everybody_is_open());
        if frozen {
            // It thaws with a socket that it believes in, and is told better.
            tabs.tabs[0].life = Life::Runs;
            tabs.ticks(0);
            tabs.advance(5_000);
            assert_eq!(tabs.sockets(), [1]);
            assert!(tabs.everybody_is_open());
        }
    }
}

#[test]
fn a_holder_that_leaves_hands_the_link_over_at_once_and_no_follower_says_goodbye_for_it() {
    let mut tabs = Tabs::opened(3);
    tabs.leaves(2);
    assert_eq!(tabs.said, Vec::<String>::new(), "a follower leaves alone");
    tabs.leaves(0);
    assert_eq!(tabs.said, ["leaving"]);
    tabs.advance(100);
    assert_eq!(tabs.sockets(), [1]);
    assert!(tabs.everybody_is_open());
}

#[test]
fn a_link_that_breaks_is_broken_for_all_and_comes_back_for_all() {
    let mut tabs = Tabs::opened(3);
    tabs.socket_closes(0);
    assert!(tabs.tabs.iter().all(|tab| tab.link.is_none()));
    tabs.advance(4_000);
    assert_eq!(tabs.sockets().len(), 1);
    assert!(tabs.everybody_is_open());
}

#[test]
fn tabs_that_begin_at_the_same_moment_end_with_one_link() {
    let mut tabs = Tabs::opened(0);
    for number in [7, 3, 9] {
        tabs.joins(number);
    }
    tabs.advance(5_000);
    assert_eq!(tabs.sockets().len(), 1);
    assert!(tabs.everybody_is_open());
}

#[test]
fn words_that_mean_nothing_change_nothing() {
    let mut tabs = Tabs::opened(2);
    for word in [
        "", "é", "x", "m", "m1", "m.", "m1.x", "mx.1", "c", "h9", "w",
    ] {
        tabs.tabs[1].inbox.push_back(word.to_owned());
        tabs.deliver();
    }
    tabs.advance(5_000);
    assert_eq!(tabs.sockets().len(), 1);
    assert!(tabs.everybody_is_open());
}

/// Anything happens to anybody; once it stops, one tab that somebody looks at
/// has the link and everybody uses it.
#[test]
fn whatever_happens_to_the_tabs_one_of_them_has_the_link_in_the_end() {
    for seed in 0..3_000 {
        let mut chance = Chance::new(seed);
        let mut tabs = Tabs::opened(2 + chance.below(3) as usize);
        for _ in 0..30 {
            let at = chance.below(tabs.tabs.len() as u64) as usize;
            match (chance.below(8), tabs.tabs[at].life) {
                (0, Life::Runs) => tabs.hides(at),
                (1, Life::Runs) => tabs.shows(at),
                (2, Life::Runs) => tabs.tabs[at].life = Life::Frozen,
                (3, Life::Frozen) => {
                    tabs.tabs[at].life = Life::Runs;
                    tabs.ticks(at);
                }
                (4, Life::Runs) if tabs.tabs[at].socket.is_some() => tabs.socket_closes(at),
                (5, Life::Runs) if chance.below(3) == 0 => tabs.leaves(at),
                (6, Life::Runs | Life::Frozen) if chance.below(3) == 0 => tabs.crashes(at),
                _ => {}
            }
            tabs.advance(chance.below(3_000));
        }
        // Everybody who is left wakes up, and somebody looks.
        let left: Vec<usize> = (0..tabs.tabs.len())
            .filter(|at| tabs.tabs[*at].life != Life::Gone)
            .collect();
        let Some(seen) = left.first().copied() else {
            continue;
        };
        for at in left {
            tabs.tabs[at].life = Life::Runs;
            tabs.hides(at);
        }
        tabs.shows(seen);
        tabs.advance(15_000);
        assert_eq!(tabs.sockets(), [seen], "seed {seed}");
        assert!(tabs.everybody_is_open(), "seed {seed}");
        tabs.backend_says("still there");
        let running = tabs.tabs.iter().filter(|tab| tab.life == Life::Runs);
        for tab in running {
            assert_eq!(
                tab.heard.last().map(String::as_str),
                Some("still there"),
                "seed {seed}"
            );
        }
    }
}
