//! A native server that runs by itself: one room, numbered; every client id
//! stored once; acknowledged after the commit; pings with heads, as
//! `docs/native-dialect.md` has it. What it does wrong, a row tells it to.
//!
//! Knows no network and no page.

use std::collections::{BTreeMap, BTreeSet};

use parlance_core::Target;
use parlance_core::chance::Chance;
use parlance_core::dialect::native::{Native, NativeConfig, wire};
use parlance_core::ids::ConversationId;
use parlance_core::wire::{HttpRequest, HttpResponse};
use serde_json::json;

use super::lab::{Backend, Lab, Launch, Spoken};

pub(super) const ROOM: &str = "room:lobby";
pub(super) const ME: &str = "u-ann";
pub(super) const PING_EVERY: u64 = 20_000;

/// Changes a frame on its way out: none of it, it, or several.
pub(super) type Spoil = Box<dyn FnMut(wire::Server, &mut Chance) -> Vec<wire::Server>>;
/// Refuses a message: with this code, and after how long it may come again.
pub(super) type Refuse = Box<dyn FnMut(&str, u64) -> Option<(&'static str, Option<u64>)>>;
/// Answers a request in the server's place.
pub(super) type Answer = Box<dyn FnMut(&str, u64) -> Option<HttpResponse>>;

pub(super) struct Server {
    pub(super) epoch: String,
    pub(super) me: &'static str,
    pub(super) chance: Chance,
    pub(super) messages: Vec<Stored>,
    /// Its clock: one tick for each message that it stores.
    clock: i64,
    /// Frames are spoiled before they are numbered.
    pub(super) spoil: Option<Spoil>,
    /// One frame in so many is numbered and then lost inside.
    pub(super) loses_one_in: u64,
    /// One push in so many is never made.
    pub(super) forgets_one_in: u64,
    pub(super) refuse: Option<Refuse>,
    /// What it answers tickets with, if not a ticket. `Some(None)`: nothing.
    pub(super) tickets: Option<Answer>,
    /// Tickets are never answered.
    pub(super) silent: bool,
    /// How long a link may say nothing.
    pub(super) patience: u64,
    conns: BTreeMap<u64, Conn>,
    stored: BTreeMap<String, u64>,
    out: Vec<(u64, Spoken)>,
    /// Pushes that were forgotten, and when.
    pub(super) forgotten: Vec<(u64, u64)>,
    /// When links were given up as silent.
    pub(super) gave_up: Vec<u64>,
    pub(super) sends: u64,
    pub(super) fills: u64,
}

pub(super) struct Stored {
    pub(super) from: String,
    pub(super) text: String,
    pub(super) cid: Option<String>,
    at: i64,
}

struct Conn {
    known: bool,
    frames: u64,
    heard_at: u64,
    ping_at: u64,
    told: u64,
    /// Client ids said on this link: none is said twice.
    said: BTreeSet<String>,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            epoch: "e1".to_owned(),
            me: ME,
            chance: Chance::new(1),
            messages: Vec::new(),
            clock: 1_790_000_000_000,
            spoil: None,
            loses_one_in: 0,
            forgets_one_in: 0,
            refuse: None,
            tickets: None,
            silent: false,
            patience: PING_EVERY * 27 / 20,
            conns: BTreeMap::new(),
            stored: BTreeMap::new(),
            out: Vec::new(),
            forgotten: Vec::new(),
            gave_up: Vec::new(),
            sends: 0,
            fills: 0,
        }
    }
}

/// A page in front of this server.
pub(super) fn launch() -> Launch {
    Launch {
        dialect: Box::new(|| {
            Box::new(Native::new(NativeConfig {
                link: "wss://chat.example/ws".to_owned(),
                api: "https://chat.example/".to_owned(),
                token: None,
            }))
        }),
        target: Target::Room("lobby".to_owned()),
        conversation: ConversationId::room("lobby"),
        me: Some(ME),
    }
}

/// A page that is online and has been for so long that it counts as proved.
pub(super) fn online(seed: u64) -> Lab<Server> {
    online_with(seed, 5)
}

pub(super) fn online_with(seed: u64, messages: u64) -> Lab<Server> {
    let mut server = Server {
        chance: Chance::new(seed ^ 0x5E17),
        ..Server::default()
    };
    server.has(messages);
    let mut lab = Lab::new(seed, launch(), server);
    lab.pass(45_000);
    assert!(lab.is_online(), "seed {seed}: {:?}", lab.status());
    lab
}

impl Server {
    /// Bob has said so much, and nobody was told.
    pub(super) fn has(&mut self, messages: u64) {
        for _ in 0..messages {
            let text = format!("old {}", self.messages.len() + 1);
            self.store("u-bob", &text, None);
        }
    }

    fn store(&mut self, from: &str, text: &str, cid: Option<String>) -> u64 {
        self.clock += 1;
        self.messages.push(Stored {
            from: from.to_owned(),
            text: text.to_owned(),
            cid: cid.clone(),
            at: self.clock,
        });
        let seq = self.messages.len() as u64;
        if let Some(cid) = cid {
            self.stored.insert(cid, seq);
        }
        seq
    }

    pub(super) fn head(&self) -> u64 {
        self.messages.len() as u64
    }

    /// The log is another one, with this in it.
    pub(super) fn restored_as(&mut self, epoch: &str, keep: usize) {
        self.epoch = epoch.to_owned();
        self.messages.truncate(keep);
        let head = self.head();
        self.stored.retain(|_, seq| *seq <= head);
    }

    /// Everybody's link ends with this.
    pub(super) fn closes_all(&mut self, code: u16, reason: &str) {
        for link in std::mem::take(&mut self.conns).into_keys() {
            let close = Spoken::Close(code, reason.to_owned());
            self.out.push((link, close));
        }
    }

    pub(super) fn links(&self) -> usize {
        self.conns.values().filter(|conn| conn.known).count()
    }

    pub(super) fn message(&self, seq: u64) -> wire::Message {
        let stored = &self.messages[seq as usize - 1];
        wire::Message {
            seq,
            id: format!("{}-{seq}", self.epoch),
            cid: stored.cid.clone(),
            from: Some(person(&stored.from)),
            body: json!({"kind": "text", "text": stored.text}),
            ts: stored.at,
        }
    }

    fn conversation(&self) -> wire::ConversationHead {
        wire::ConversationHead {
            conv: ROOM.to_owned(),
            title: None,
            avatar: None,
            seq: self.head(),
            unread: 0,
            read: self.head(),
            last: (self.head() > 0).then(|| self.message(self.head())),
        }
    }

    /// Says it on a link, through whatever is wrong.
    pub(super) fn say(&mut self, link: u64, frame: wire::Server) {
        let frames = match &mut self.spoil {
            Some(spoil) => spoil(frame, &mut self.chance),
            None => vec![frame],
        };
        for frame in frames {
            self.say_unspoiled(link, &frame);
        }
    }

    fn say_unspoiled(&mut self, link: u64, frame: &wire::Server) {
        let Some(conn) = self.conns.get_mut(&link) else {
            return;
        };
        conn.frames += 1;
        if self.loses_one_in > 0 && self.chance.below(self.loses_one_in) == 0 {
            return;
        }
        let numbered = wire::Numbered {
            n: conn.frames,
            frame,
        };
        let text = serde_json::to_string(&numbered).expect("a frame is JSON");
        self.out.push((link, Spoken::Text(text)));
    }

    /// The message of this number, to everybody who is here.
    fn push(&mut self, seq: u64, now: u64) {
        let links: Vec<u64> = self
            .conns
            .iter()
            .filter(|(_, it)| it.known)
            .map(|(link, _)| *link)
            .collect();
        for link in links {
            if self.forgets_one_in > 0 && self.chance.below(self.forgets_one_in) == 0 {
                self.forgotten.push((seq, now));
                continue;
            }
            let push = wire::Server::Push {
                conv: ROOM.to_owned(),
                msg: self.message(seq),
            };
            self.say(link, push);
        }
    }

    /// Bob says it, and everybody hears it.
    pub(super) fn bob_says(&mut self, text: &str, now: u64) -> u64 {
        let seq = self.store("u-bob", text, None);
        self.push(seq, now);
        seq
    }

    fn fill(&mut self, link: u64, req: u64, before: Option<u64>, after: Option<u64>, limit: u32) {
        self.fills += 1;
        let head = self.head();
        let limit = u64::from(limit);
        let (from, to) = match (before, after) {
            (None, None) => ((head + 1).saturating_sub(limit).max(1), head),
            (Some(before), _) => (before.saturating_sub(limit).max(1), (before - 1).min(head)),
            (None, Some(after)) => (after + 1, (after + limit).min(head)),
        };
        let covers = from <= to && head > 0;
        let page = wire::Server::Page {
            req,
            conv: ROOM.to_owned(),
            epoch: self.epoch.clone(),
            from: covers.then_some(from),
            to: covers.then_some(to),
            msgs: if covers {
                (from..=to).map(|seq| self.message(seq)).collect()
            } else {
                Vec::new()
            },
            head,
        };
        self.say(link, page);
    }

    fn takes(&mut self, link: u64, cid: String, text: &str, now: u64) {
        self.sends += 1;
        if let Some(conn) = self.conns.get_mut(&link) {
            let fresh = conn.said.insert(cid.clone());
            assert!(fresh, "{cid} is said twice on one link");
        }
        let refused = self.refuse.as_mut().and_then(|refuse| refuse(text, now));
        if let Some((code, retry_ms)) = refused {
            if let Some(conn) = self.conns.get_mut(&link) {
                conn.said.remove(&cid);
            }
            let nack = wire::Server::Nack {
                cid,
                code: code.to_owned(),
                text: None,
                retry_ms,
            };
            return self.say(link, nack);
        }
        let known = self.stored.get(&cid).copied();
        let me = self.me;
        let seq = known.unwrap_or_else(|| self.store(me, text, Some(cid.clone())));
        let ack = wire::Server::Ack {
            cid,
            conv: ROOM.to_owned(),
            seq,
            id: format!("{}-{seq}", self.epoch),
            ts: self.message(seq).ts,
            dup: known.is_some(),
        };
        // The echo may be first.
        let echo_first = self.chance.below(2) == 0;
        if known.is_none() && echo_first {
            self.push(seq, now);
        }
        self.say(link, ack);
        if known.is_none() && !echo_first {
            self.push(seq, now);
        }
    }

    fn welcomes(&mut self, link: u64, now: u64) {
        let first_ping = self.chance.below(PING_EVERY);
        if let Some(conn) = self.conns.get_mut(&link) {
            conn.known = true;
            conn.ping_at = now + first_ping;
        }
        let welcome = wire::Server::Welcome {
            me: person(self.me),
            epoch: self.epoch.clone(),
            spread_ms: 1_000,
            ping_ms: PING_EVERY,
            limits: Some(wire::Limits { text_bytes: 32_768 }),
            convs: vec![self.conversation()],
        };
        self.say(link, welcome);
    }
}

impl Backend for Server {
    fn opened(&mut self, link: u64, now: u64) {
        let conn = Conn {
            known: false,
            frames: 0,
            heard_at: now,
            ping_at: u64::MAX,
            told: 0,
            said: BTreeSet::new(),
        };
        self.conns.insert(link, conn);
    }

    fn hears(&mut self, link: u64, text: &str, now: u64) {
        let Some(conn) = self.conns.get_mut(&link) else {
            return;
        };
        conn.heard_at = now;
        let frame: wire::Client = serde_json::from_str(text).expect("a page writes what is read");
        match frame {
            wire::Client::Hello { .. } => self.welcomes(link, now),
            wire::Client::Open { conv } => {
                if conv == ROOM {
                    let head = self.conversation();
                    let opened = wire::Server::Opened {
                        head,
                        talk: "allowed".to_owned(),
                        readers: Vec::new(),
                    };
                    self.say(link, opened);
                    let people = vec![person(self.me), person("u-bob")];
                    let roster = wire::Server::Roster { conv, people };
                    self.say(link, roster);
                }
            }
            wire::Client::Send { cid, body, .. } => {
                let text = body["text"].as_str().unwrap_or_default().to_owned();
                self.takes(link, cid, &text, now);
            }
            wire::Client::Fill {
                req,
                before,
                after,
                limit,
                ..
            } => self.fill(link, req, before, after, limit),
            wire::Client::Ping {} => {
                let sum = Some(self.head().to_string());
                let heads = Vec::new();
                self.say(link, wire::Server::Pong { heads, sum });
            }
            wire::Client::Read { .. } | wire::Client::Typing { .. } | wire::Client::Pong {} => {}
            wire::Client::Unknown => panic!("a page says what there is: {text}"),
        }
    }

    fn lost(&mut self, link: u64, _now: u64) {
        self.conns.remove(&link);
    }

    fn asked(&mut self, request: &HttpRequest, now: u64) -> Option<(u64, HttpResponse)> {
        if self.silent {
            return None;
        }
        if let Some(answer) = self.tickets.as_mut()
            && let Some(response) = answer(&request.url, now)
        {
            return Some((0, response));
        }
        let user = json!({"uid": self.me, "name": self.me});
        let response = HttpResponse {
            status: 200,
            body: json!({"ticket": "t", "ttl_ms": 30_000, "user": user}).to_string(),
        };
        Some((0, response))
    }

    fn due(&self) -> Option<u64> {
        let conns = self.conns.values().filter(|conn| conn.known);
        conns
            .map(|conn| conn.ping_at.min(conn.heard_at + self.patience))
            .min()
    }

    fn tick(&mut self, now: u64) {
        let links: Vec<u64> = self.conns.keys().copied().collect();
        let head = self.head();
        for link in links {
            let wait = PING_EVERY * 9 / 10 + self.chance.below(PING_EVERY / 5);
            let Some(conn) = self.conns.get_mut(&link).filter(|conn| conn.known) else {
                continue;
            };
            if conn.heard_at + self.patience <= now {
                self.gave_up.push(now);
                self.conns.remove(&link);
                self.out.push((link, Spoken::Close(4003, String::new())));
            } else if conn.ping_at <= now {
                conn.ping_at = now + wait;
                let changed = conn.told < head;
                conn.told = head;
                let heads = vec![wire::Head {
                    conv: ROOM.to_owned(),
                    seq: head,
                }];
                let ping = wire::Server::Ping {
                    heads: if changed { heads } else { Vec::new() },
                    sum: Some(head.to_string()),
                    spread_ms: None,
                };
                self.say(link, ping);
            }
        }
    }

    fn spoken(&mut self) -> Vec<(u64, Spoken)> {
        std::mem::take(&mut self.out)
    }

    fn log(&self) -> Vec<(String, String)> {
        let all = self.messages.iter();
        all.map(|it| (it.from.clone(), it.text.clone())).collect()
    }
}

impl Lab<Server> {
    /// Bob says it, now.
    pub(super) fn bob_says(&mut self, text: &str) {
        let now = self.now;
        self.backend.bob_says(text, now);
        self.carries_away();
    }

    /// Bob and the person talk for so long, one message every so often.
    pub(super) fn chats(&mut self, span: u64, every: u64, tag: &str) {
        let end = self.now + span;
        let mut number = 0;
        while self.now + every <= end {
            number += 1;
            if number % 2 == 0 {
                self.says(&format!("mine {tag} {number}"));
            } else {
                self.bob_says(&format!("bob {tag} {number}"));
            }
            self.pass(every);
        }
        let rest = end.saturating_sub(self.now);
        self.pass(rest);
    }
}

pub(super) fn person(uid: &str) -> wire::Person {
    wire::Person {
        uid: uid.to_owned(),
        name: uid.to_owned(),
        online: true,
        ..wire::Person::default()
    }
}
