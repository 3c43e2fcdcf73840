//! One link for all tabs of a person, for backends that throw the older of two
//! sockets out: one tab holds it, the others speak and hear through that one.
//!
//! Each tab has a whole session of its own, which does not know of this: it
//! opens, sends and closes as if the link were its own. What goes between tabs
//! are words on a channel that may lose them. The tab that somebody looks at
//! holds the link: one that is hidden gives it up when it is asked, and one
//! that does not answer, because it is frozen or gone, has lost it. Of two that
//! take it at once the later stands, and of two in the same round the one with
//! the greater number.
//!
//! Knows no dialect and no storage. What a frame says is not looked at.

use std::collections::VecDeque;
use std::time::Duration;

use crate::ids::LinkId;
use crate::session::LinkEvent;
use crate::time::Instant;
use crate::wire::Wire;

/// Who holds the link says so within that, or nobody does. It is short, for a
/// first tab waits for it before it dials: a holder that is too slow loses the
/// link to it, and follows.
pub const ANSWER_WITHIN: Duration = Duration::from_millis(150);
/// A holder that has not answered for so long has lost the link.
pub const MISSED_AFTER: Duration = Duration::from_secs(1);
/// A tab that follows and is looked at asks so often whether the other is there.
pub const ASK_EVERY: Duration = Duration::from_secs(2);

/// One thing to do for the link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Dial this for that link of the session's.
    Dial(LinkId, String),
    /// Send this on the socket of that link.
    Send(LinkId, Wire),
    /// Close the socket of that link and forget it.
    Shut(LinkId, u16, &'static str),
    /// Say this to the other tabs.
    Say(String),
    /// Tell the session what happened to its link.
    Tell(LinkId, LinkEvent),
    /// Tell the session that its link has moved: it dials anew, at once.
    Renew,
}

/// One tab's part in it.
#[derive(Debug)]
pub struct Relay {
    me: u64,
    /// The newest round in which anybody took the link.
    round: u64,
    role: Role,
    /// The link that has a socket here.
    real: Option<LinkId>,
    /// The link is to be taken without asking.
    takes: bool,
    visible: bool,
    /// What was said in this turn: a leaving frame is not said for others.
    held: Vec<String>,
    deeds: VecDeque<Deed>,
}

#[derive(Debug)]
enum Role {
    /// It is not known whether anybody holds it.
    Nobody,
    /// Asking who does, for this link; until then.
    Asking(LinkId, String, Instant),
    /// This tab does. Whether the link is open.
    Holder(bool),
    /// Another tab does.
    Follower {
        /// The session's link, and whether it was told that it is open.
        link: Option<(LinkId, bool)>,
        /// When the holder was last heard.
        heard: Instant,
        /// When it was asked and has not answered since.
        asked: Option<Instant>,
    },
}

impl Relay {
    /// A tab with this number of its own.
    pub const fn new(me: u64) -> Self {
        Self {
            me,
            round: 0,
            role: Role::Nobody,
            real: None,
            takes: false,
            visible: true,
            held: Vec::new(),
            deeds: VecDeque::new(),
        }
    }

    /// The next thing to do, until there is none.
    pub fn poll(&mut self) -> Option<Deed> {
        self.deeds.pop_front()
    }

    /// When to [`tick`](Self::tick), if nothing else happens before.
    pub fn wake_at(&self) -> Option<Instant> {
        match &self.role {
            Role::Asking(.., until) => Some(*until),
            Role::Follower { heard, asked, .. } if self.visible => Some(match asked {
                Some(asked) => *asked + MISSED_AFTER,
                None => *heard + ASK_EVERY,
            }),
            Role::Nobody | Role::Holder(_) | Role::Follower { .. } => None,
        }
    }

    // ---- what the session wants ---------------------------------------------

    /// The session dials.
    pub fn open(&mut self, now: Instant, link: LinkId, address: String) {
        if matches!(self.role, Role::Holder(_)) || std::mem::take(&mut self.takes) {
            self.take(link, address);
        } else {
            self.role = Role::Asking(link, address, now + ANSWER_WITHIN);
            self.ask();
        }
    }

    /// The session sends.
    pub fn transmit(&mut self, link: LinkId, wire: Wire) {
        match wire {
            _ if self.real == Some(link) => self.deeds.push_back(Deed::Send(link, wire)),
            Wire::Text(text) => self.held.push(text),
            // Nobody who shares a link speaks binary.
            Wire::Binary(_) => {}
        }
    }

    /// The session closes.
    pub fn close(&mut self, link: LinkId, code: u16, reason: &'static str) {
        self.held.clear();
        if self.real == Some(link) {
            self.real = None;
            self.deeds.push_back(Deed::Shut(link, code, reason));
            self.hold_closed(1006);
        }
        match &mut self.role {
            Role::Asking(asking, ..) if *asking == link => self.role = Role::Nobody,
            Role::Follower { link: mine, .. } => *mine = None,
            Role::Asking(..) | Role::Nobody | Role::Holder(_) => {}
        }
    }

    /// The session has said everything of this turn.
    pub fn settle(&mut self) {
        for text in std::mem::take(&mut self.held) {
            self.say(&["u", &text]);
        }
    }

    // ---- what happens -------------------------------------------------------

    /// Something happened to the socket here; the session hears of it as well.
    pub fn on_link(&mut self, link: LinkId, event: &LinkEvent) {
        if self.real != Some(link) {
            return;
        }
        match event {
            LinkEvent::Opened => {
                self.role = Role::Holder(true);
                self.say(&["o"]);
            }
            LinkEvent::Received(Wire::Text(text)) => self.say(&["d", text]),
            LinkEvent::Received(Wire::Binary(_)) => {}
            LinkEvent::Closed { code, .. } => {
                self.real = None;
                self.hold_closed(*code);
            }
        }
    }

    /// Another tab said this.
    pub fn hear(&mut self, now: Instant, text: &str) {
        let Some(kind) = text.get(..1) else { return };
        let rest = &text[1..];
        if let Role::Follower { heard, asked, .. } = &mut self.role
            && matches!(kind, "h" | "m" | "o" | "c" | "d")
        {
            *heard = now;
            *asked = None;
        }
        match kind {
            "w" => self.on_asked(rest == "1"),
            "h" => {
                self.follow(now);
                if rest == "1" {
                    self.on_open();
                }
            }
            "m" => self.on_taken(now, rest),
            "y" if self.visible => self.on_given_up(),
            "o" => self.on_open(),
            "c" => self.on_closed(rest.parse().unwrap_or(1006)),
            "d" => {
                if let Role::Follower {
                    link: Some((link, true)),
                    ..
                } = self.role
                {
                    let wire = Wire::Text(rest.to_owned());
                    self.tell(link, LinkEvent::Received(wire));
                }
            }
            "u" => {
                if let (Role::Holder(true), Some(link)) = (&self.role, self.real) {
                    let wire = Wire::Text(rest.to_owned());
                    self.deeds.push_back(Deed::Send(link, wire));
                }
            }
            // Of another version.
            _ => {}
        }
    }

    /// Time has passed, or somebody has come to look or has gone.
    pub fn tick(&mut self, now: Instant, visible: bool) {
        let was_visible = std::mem::replace(&mut self.visible, visible);
        let shown = visible && !was_visible;
        if let Role::Asking(link, address, until) = &mut self.role
            && *until <= now
        {
            let (link, address) = (*link, std::mem::take(address));
            self.take(link, address);
        }
        let Role::Follower { heard, asked, .. } = &mut self.role else {
            return;
        };
        if !visible {
            *asked = None;
            return;
        }
        match asked {
            Some(at) if now.since(*at) >= MISSED_AFTER => self.take_over(),
            Some(_) => {}
            None if shown || now.since(*heard) >= ASK_EVERY => {
                *asked = Some(now);
                self.ask();
            }
            None => {}
        }
    }

    /// The page goes, or is frozen: whoever is looked at may have the link. To
    /// be said when the session has closed it.
    pub fn leave(&mut self) {
        if matches!(self.role, Role::Holder(_)) {
            self.give_up();
        } else {
            self.role = Role::Nobody;
        }
    }

    // ---- the roles ----------------------------------------------------------

    fn ask(&mut self) {
        self.say(&[if self.visible { "w1" } else { "w0" }]);
    }

    fn take(&mut self, link: LinkId, address: String) {
        if !matches!(self.role, Role::Holder(_)) {
            self.round += 1;
        }
        self.role = Role::Holder(false);
        self.real = Some(link);
        self.say_mine();
        self.deeds.push_back(Deed::Dial(link, address));
    }

    fn say_mine(&mut self) {
        self.say(&["m", &self.round.to_string(), ".", &self.me.to_string()]);
    }

    /// The link is to be this tab's: its session dials anew.
    fn take_over(&mut self) {
        self.role = Role::Nobody;
        self.takes = true;
        self.deeds.push_back(Deed::Renew);
    }

    /// It was this tab's.
    fn let_go(&mut self) {
        self.role = Role::Nobody;
        if let Some(link) = self.real.take() {
            self.deeds.push_back(Deed::Shut(link, 1000, ""));
        }
    }

    fn give_up(&mut self) {
        self.let_go();
        self.say(&["y"]);
    }

    fn on_asked(&mut self, by_one_on_show: bool) {
        let Role::Holder(open) = self.role else {
            return;
        };
        if self.real.is_none() {
            // Between attempts, or its stay has ended: the other may try.
            self.give_up();
        } else if by_one_on_show && !self.visible {
            self.give_up();
            self.deeds.push_back(Deed::Renew);
        } else {
            self.say(&[if open { "h1" } else { "h0" }]);
        }
    }

    /// Somebody else holds it.
    fn follow(&mut self, now: Instant) {
        let link = match &self.role {
            Role::Asking(link, ..) => Some((*link, false)),
            Role::Nobody => None,
            Role::Holder(_) | Role::Follower { .. } => return,
        };
        self.role = Role::Follower {
            link,
            heard: now,
            asked: None,
        };
    }

    fn on_taken(&mut self, now: Instant, by: &str) {
        let Some((round, number)) = by.split_once('.') else {
            return;
        };
        let (Ok(round), Ok(number)) = (round.parse::<u64>(), number.parse::<u64>()) else {
            return;
        };
        if matches!(self.role, Role::Holder(_)) {
            if (round, number) > (self.round, self.me) {
                self.round = round;
                self.let_go();
                self.deeds.push_back(Deed::Renew);
            } else {
                self.say_mine();
            }
            return;
        }
        self.round = self.round.max(round);
        self.follow(now);
    }

    fn on_given_up(&mut self) {
        match &mut self.role {
            Role::Asking(link, address, _) => {
                let (link, address) = (*link, std::mem::take(address));
                self.take(link, address);
            }
            Role::Follower { .. } => self.take_over(),
            Role::Nobody | Role::Holder(_) => {}
        }
    }

    fn on_open(&mut self) {
        let Role::Follower { link, .. } = &mut self.role else {
            return;
        };
        match link {
            Some((link, open @ false)) => {
                *open = true;
                let link = *link;
                self.tell(link, LinkEvent::Opened);
            }
            Some((_, true)) => {}
            // The session waits for its next attempt: now is the time.
            None => self.deeds.push_back(Deed::Renew),
        }
    }

    fn on_closed(&mut self, code: u16) {
        if let Role::Follower { link, .. } = &mut self.role
            && let Some((link, _)) = link.take()
        {
            let reason = String::new();
            self.tell(link, LinkEvent::Closed { code, reason });
        }
    }

    fn hold_closed(&mut self, code: u16) {
        if matches!(self.role, Role::Holder(_)) {
            self.role = Role::Holder(false);
            self.say(&["c", &code.to_string()]);
        }
    }

    fn tell(&mut self, link: LinkId, event: LinkEvent) {
        self.deeds.push_back(Deed::Tell(link, event));
    }

    fn say(&mut self, parts: &[&str]) {
        self.deeds.push_back(Deed::Say(parts.concat()));
    }
}
