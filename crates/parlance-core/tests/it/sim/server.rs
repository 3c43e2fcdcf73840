//! The model server: simple enough to be right by reading. One log for each
//! conversation, numbered from 1 without holes; one store of client ids for
//! ever; acknowledged after the commit. It speaks the native dialect's text,
//! as `docs/native-dialect.md` describes it, and nothing of it is shared with
//! the client but the types of the frames.
//!
//! Knows no network: it hears texts from numbered links and leaves texts for
//! them, and it is told the time.

use std::collections::BTreeMap;

use parlance_core::chance::Chance;
use parlance_core::dialect::native::wire;

use super::{Check, PLACES, violation};

mod answers;
mod conn;
mod door;
mod truth;

pub(crate) use conn::Conn;
pub(crate) use door::{Asked, Cookie};

/// A link that is not heard for twice this is closed.
pub(crate) const PING_EVERY: u64 = 20_000;
const HELLO_WITHIN: u64 = 5_000;
const TICKET_FOR: u64 = 30_000;
/// Somebody whose last link is gone is gone after this.
const LINGER: u64 = 5_000;
/// Nobody's device: what other people, or the system, say.
pub(crate) const NO_DEVICE: usize = usize::MAX;

/// The server.
pub(crate) struct Server {
    pub(crate) up: bool,
    pub(crate) faults: Faults,
    /// Which log: a restored one has another.
    pub(crate) epoch: u64,
    rooms: BTreeMap<String, Room>,
    people: BTreeMap<String, Known>,
    /// By sender and client id: where it was stored.
    stored: BTreeMap<(String, String), (String, u64)>,
    /// Logs of earlier epochs: what was true once.
    old: BTreeMap<u64, BTreeMap<String, Vec<Stored>>>,
    tickets: BTreeMap<String, (String, u64)>,
    tickets_made: u64,
    pub(crate) conns: Vec<Conn>,
    /// Numbers of messages that a device could not read when it said others.
    pub(crate) unordered: Vec<u64>,
}

/// What goes wrong inside, until it is used up or ended.
#[derive(Default)]
pub(crate) struct Faults {
    /// New links are refused.
    pub(crate) refusing: bool,
    /// So many messages are refused for now.
    pub(crate) rate_limited: u64,
    /// So many pages cannot be had.
    pub(crate) gone: u64,
    /// What requests are answered instead.
    pub(crate) http: HttpTrouble,
    /// These people's credentials count for nothing.
    pub(crate) revoked: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum HttpTrouble {
    #[default]
    None,
    Portal,
    Failing,
    Busy,
    Silent,
}

/// One stored message.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    /// Empty: the system.
    pub(crate) sender: String,
    pub(crate) client_id: Option<String>,
    pub(crate) text: String,
    pub(crate) device: usize,
    pub(crate) at: i64,
}

#[derive(Default)]
struct Room {
    log: Vec<Stored>,
    /// Members, and how far each has read.
    members: BTreeMap<String, u64>,
}

struct Known {
    name: String,
    here: Here,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Here {
    Yes,
    /// Still counted as here until then.
    Until(u64),
    No,
}

impl Server {
    pub(crate) fn new() -> Self {
        Self {
            up: true,
            faults: Faults::default(),
            epoch: 1,
            rooms: BTreeMap::new(),
            people: BTreeMap::new(),
            stored: BTreeMap::new(),
            old: BTreeMap::new(),
            tickets: BTreeMap::new(),
            tickets_made: 0,
            conns: Vec::new(),
            unordered: Vec::new(),
        }
    }

    // ---- what happens to it -------------------------------------------------

    /// It dies: everything that was not committed is forgotten.
    pub(crate) fn crash(&mut self) {
        self.up = false;
        self.conns.clear();
        self.tickets.clear();
        for known in self.people.values_mut() {
            known.here = Here::No;
        }
    }

    /// It comes back with another log: all of it, or all but the newest few.
    pub(crate) fn restore(&mut self, lost: u64) {
        self.crash();
        self.up = true;
        let logs = self
            .rooms
            .iter()
            .map(|(name, room)| (name.clone(), room.log.clone()));
        self.old.insert(self.epoch, logs.collect());
        self.epoch += 1;
        for room in self.rooms.values_mut() {
            let keep = room.log.len().saturating_sub(lost as usize);
            // A device that had not forgotten one yet says it again.
            let gone = room.log[keep..].iter();
            self.unordered
                .extend(gone.filter_map(|it| number_of(&it.text)));
            room.log.truncate(keep);
            for read in room.members.values_mut() {
                *read = (*read).min(keep as u64);
            }
        }
        let rooms = &self.rooms;
        self.stored.retain(|_, (name, seq)| {
            rooms
                .get(name)
                .is_some_and(|room| *seq <= room.log.len() as u64)
        });
    }

    /// A link is gone without a word.
    pub(crate) fn lost(&mut self, link: u64, now: u64) {
        let Some(at) = self.conns.iter().position(|conn| conn.link == link) else {
            return;
        };
        let conn = self.conns.remove(at);
        self.left(conn.uid, now);
    }

    fn left(&mut self, uid: Option<String>, now: u64) {
        let Some(uid) = uid else { return };
        let others = self
            .conns
            .iter()
            .any(|conn| conn.uid.as_ref() == Some(&uid));
        if let Some(known) = self.people.get_mut(&uid)
            && !others
            && known.here == Here::Yes
        {
            known.here = Here::Until(now + LINGER);
        }
    }

    /// Closes a link from this side.
    pub(crate) fn close(&mut self, link: u64, code: u16, reason: &str) {
        if let Some(conn) = self.conn(link) {
            conn.closing = Some((code, reason.to_owned()));
        }
    }

    /// Says that it goes, to everybody.
    pub(crate) fn bye(&mut self, retry_ms: u64) {
        for conn in &mut self.conns {
            if conn.uid.is_some() {
                conn.say(wire::Server::Bye { retry_ms });
            }
            conn.closing = Some((1012, String::new()));
        }
    }

    /// When something is due.
    pub(crate) fn due(&self) -> Option<u64> {
        let conns = self.conns.iter().filter(|conn| conn.closing.is_none());
        let due = conns.map(|conn| match conn.uid {
            None => conn.hello_by,
            Some(_) => conn.ping_at.min(conn.heard_at + 2 * PING_EVERY),
        });
        let going = self.people.values().filter_map(|known| match known.here {
            Here::Until(at) => Some(at),
            Here::Yes | Here::No => None,
        });
        due.chain(going).min()
    }

    pub(crate) fn tick(&mut self, now: u64, chance: &mut Chance) {
        for at in 0..self.conns.len() {
            let heads = self.heads_for(at);
            let conn = &mut self.conns[at];
            if conn.closing.is_some() {
                continue;
            }
            if conn.uid.is_none() {
                if conn.hello_by <= now {
                    conn.closing = Some((4002, String::new()));
                }
            } else if conn.heard_at + 2 * PING_EVERY <= now {
                conn.closing = Some((4003, String::new()));
            } else if conn.ping_at <= now {
                conn.ping_at = now + PING_EVERY * 9 / 10 + chance.below(PING_EVERY / 5);
                let (heads, sum) = heads;
                conn.say(wire::Server::Ping {
                    heads,
                    sum,
                    spread_ms: None,
                });
            }
        }
        let gone: Vec<String> = self
            .people
            .iter()
            .filter(|(_, known)| matches!(known.here, Here::Until(at) if at <= now))
            .map(|(uid, _)| uid.clone())
            .collect();
        for uid in gone {
            if let Some(known) = self.people.get_mut(&uid) {
                known.here = Here::No;
            }
            for (name, room) in &self.rooms {
                if room.members.contains_key(&uid) {
                    let went = wire::Server::Went {
                        conv: name.clone(),
                        uid: uid.clone(),
                        seen: None,
                    };
                    tell(&mut self.conns, room, &uid, &went);
                }
            }
        }
    }

    /// Other people, and the system, say something.
    pub(crate) fn others_say(&mut self, name: &str, sender: &str, text: String, now: u64) {
        if !sender.is_empty() {
            self.known(sender, sender);
            self.join(name, sender, usize::MAX);
            // Who answers has read.
            self.read(name, sender, u64::MAX);
        }
        let stored = Stored {
            sender: sender.to_owned(),
            client_id: None,
            text,
            device: NO_DEVICE,
            at: now as i64,
        };
        self.commit(name, stored);
    }

    // ---- parts that several use ---------------------------------------------

    /// Stores a message and tells everybody. The only place where a log grows.
    fn commit(&mut self, name: &str, stored: Stored) -> u64 {
        let room = self.rooms.entry(name.to_owned()).or_default();
        room.log.push(stored);
        let seq = room.log.len() as u64;
        let fresh: Vec<String> = pair_of(name)
            .into_iter()
            .flatten()
            .filter(|uid| !room.members.contains_key(*uid))
            .map(str::to_owned)
            .collect();
        for uid in &fresh {
            room.members.insert(uid.clone(), 0);
        }
        for uid in &fresh {
            if !self.is_here(uid) {
                continue;
            }
            let came = wire::Server::Came {
                conv: name.to_owned(),
                who: self.person(uid),
            };
            if let Some(room) = self.rooms.get(name) {
                tell(&mut self.conns, room, uid, &came);
            }
        }
        for at in 0..self.conns.len() {
            let Some(uid) = self.conns[at].uid.clone() else {
                continue;
            };
            if self.conns[at].misrouted || !self.is_member(name, &uid) {
                continue;
            }
            if fresh.contains(&uid) {
                let head = self.head(name, &uid);
                self.conns[at].say(wire::Server::Conv { head });
            }
            let Some(stored) = self.message(self.epoch, name, seq) else {
                continue;
            };
            let push = wire::Server::Push {
                conv: name.to_owned(),
                msg: self.written(stored, seq, &uid),
            };
            let conn = &mut self.conns[at];
            conn.last = Some(push.clone());
            conn.say(push);
        }
        seq
    }

    fn written(&self, stored: &Stored, seq: u64, viewer: &str) -> wire::Message {
        let mine = stored.sender == viewer;
        let system = stored.sender.is_empty();
        let kind = if system { "notice" } else { "text" };
        let mut body = serde_json::Map::new();
        body.insert("kind".to_owned(), kind.into());
        body.insert("text".to_owned(), stored.text.as_str().into());
        wire::Message {
            seq,
            id: format!("id-{}-{}", self.epoch, seq),
            cid: stored.client_id.clone().filter(|_| mine),
            from: (!system).then(|| wire::Person {
                online: false,
                ..self.person(&stored.sender)
            }),
            body: body.into(),
            ts: stored.at,
        }
    }

    fn head(&self, name: &str, uid: &str) -> wire::ConversationHead {
        let log = self.log(self.epoch, name);
        let seq = log.len() as u64;
        wire::ConversationHead {
            conv: name.to_owned(),
            title: Some(format!("title of {name}")),
            avatar: None,
            seq,
            unread: self.unread(name, uid),
            read: self.read_by(name, uid),
            last: log.last().map(|it| self.written(it, seq, uid)),
        }
    }

    fn person(&self, uid: &str) -> wire::Person {
        wire::Person {
            uid: uid.to_owned(),
            name: self
                .people
                .get(uid)
                .map_or_else(String::new, |known| known.name.clone()),
            online: self.is_here(uid),
            ..wire::Person::default()
        }
    }

    fn is_here(&self, uid: &str) -> bool {
        self.people
            .get(uid)
            .is_some_and(|known| known.here != Here::No)
    }

    /// Somebody of this id and name exists.
    pub(crate) fn known(&mut self, uid: &str, name: &str) {
        if !self.people.contains_key(uid) {
            let known = Known {
                name: name.to_owned(),
                here: Here::No,
            };
            self.people.insert(uid.to_owned(), known);
        }
    }

    /// Somebody becomes a member, by what this link said.
    fn join(&mut self, name: &str, uid: &str, by: usize) {
        let who = self.person(uid);
        let room = self.rooms.entry(name.to_owned()).or_default();
        if room.members.contains_key(uid) {
            return;
        }
        room.members.insert(uid.to_owned(), 0);
        // The person's other links learn that they are in it now.
        let others: Vec<usize> = (0..self.conns.len())
            .filter(|at| *at != by && self.conns[*at].uid.as_deref() == Some(uid))
            .collect();
        for at in others {
            let head = self.head(name, uid);
            self.conns[at].say(wire::Server::Conv { head });
        }
        let Some(room) = self.rooms.get(name) else {
            return;
        };
        if who.online {
            let came = wire::Server::Came {
                conv: name.to_owned(),
                who,
            };
            tell(&mut self.conns, room, uid, &came);
        }
    }

    fn heads_for(&mut self, at: usize) -> (Vec<wire::Head>, Option<String>) {
        let conn = &mut self.conns[at];
        let Some(uid) = &conn.uid else {
            return (Vec::new(), None);
        };
        let mut heads = Vec::new();
        let mut sum = 0_u64;
        for (name, room) in &self.rooms {
            if !room.members.contains_key(uid) {
                continue;
            }
            let seq = room.log.len() as u64;
            sum = sum.wrapping_add(seq);
            if conn.told.insert(name.clone(), seq) != Some(seq) {
                heads.push(wire::Head {
                    conv: name.clone(),
                    seq,
                });
            }
        }
        (heads, Some(sum.to_string()))
    }

    fn conn(&mut self, link: u64) -> Option<&mut Conn> {
        self.conns.iter_mut().find(|conn| conn.link == link)
    }
}

/// Tells a conversation's members, but not this one.
fn tell(conns: &mut [Conn], room: &Room, but: &str, frame: &wire::Server) {
    for conn in conns {
        if let Some(uid) = &conn.uid
            && uid != but
            && room.members.contains_key(uid)
        {
            conn.say(frame.clone());
        }
    }
}

/// The two of a pair's name.
fn pair_of(name: &str) -> Option<[&str; 2]> {
    let (one, other) = name.strip_prefix("pair:")?.split_once(':')?;
    Some([one, other])
}

/// The number that every text of a run bears, to be told apart by.
pub(crate) fn number_of(text: &str) -> Option<u64> {
    let digits = text.trim_start_matches(|it: char| !it.is_ascii_digit());
    let end = digits
        .find(|it: char| !it.is_ascii_digit())
        .unwrap_or(digits.len());
    digits[..end].parse().ok()
}

/// Order of one tab's words in a log: the server would not know, the test does.
fn check_order(log: &[Stored], stored: &Stored, unordered: &[u64]) -> Check {
    if number_of(&stored.text).is_some_and(|number| unordered.contains(&number)) {
        return Ok(());
    }
    let place = |it: &Stored| number_of(&it.text).map(|number| number % PLACES);
    let before = log
        .iter()
        .rev()
        .filter(|it| number_of(&it.text).is_none_or(|it| !unordered.contains(&it)))
        .find(|it| place(it) == place(stored) && it.sender == stored.sender);
    if let Some(before) = before
        && number_of(&before.text) >= number_of(&stored.text)
    {
        let what = format!("{:?} came after {:?}", stored.text, before.text);
        return violation("I5 order of saying", what);
    }
    Ok(())
}
