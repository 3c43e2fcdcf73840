//! A stock CRMEB server that runs by itself, with the faults of the real one:
//! it drops who is silent for more than 12 s, keeps one socket of a person, and
//! forgets them when an older one closes, however late it notices that (D5).
//!
//! Knows no network and no page.

use std::collections::BTreeMap;

use parlance_core::Target;
use parlance_core::chance::Chance;
use parlance_core::dialect::crmeb::{Crmeb, CrmebConfig, Form, Role};
use parlance_core::dialect::identity::Me;
use parlance_core::ids::{ConversationId, Uid};
use parlance_core::wire::{HttpRequest, HttpResponse};
use serde_json::{Map, Value, json};

use super::lab::{Backend, Lab, Launch, Spoken};

const ME: u64 = 7;
const AGENT: u64 = 1;
const PAGE: usize = 15;
/// Who is silent for longer is dropped at the next sweep.
const IDLE: u64 = 12_000;
const SWEEP: u64 = 15_000;

/// Answers a page of history in the server's place, given the rows that are
/// due: after how long, the status and the body.
pub(super) type Spoil = Box<dyn FnMut(Vec<Value>, &mut Chance) -> Option<(u64, u16, String)>>;

pub(super) struct Server {
    pub(super) chance: Chance,
    pub(super) messages: Vec<(u64, String)>,
    /// Where messages for the customer go.
    routed: Option<u64>,
    /// How late the end of a socket is noticed.
    pub(super) notices_after: u64,
    ends: Vec<(u64, u64)>,
    conns: BTreeMap<u64, u64>,
    sweep_at: u64,
    out: Vec<(u64, Spoken)>,
    pub(super) spoil: Option<Spoil>,
    /// When history was asked for.
    pub(super) pages: Vec<u64>,
    /// When messages had nowhere to go: from, until.
    pub(super) unrouted: Vec<(u64, Option<u64>)>,
    /// Live messages are heard twice, one in so many.
    pub(super) doubles_one_in: u64,
}

pub(super) fn launch() -> Launch {
    let person = |uid: u64, name: &str| Me {
        uid: Some(uid.to_string()),
        name: Some(name.to_owned()),
        avatar: None,
    };
    Launch {
        dialect: Box::new(move || {
            Box::new(Crmeb::new(CrmebConfig {
                form: Form::Stock,
                link: "wss://chat.example/msg".to_owned(),
                api: "https://api.example/".to_owned(),
                token: Some("TOK".to_owned()),
                role: Role::Customer,
                me: person(ME, "customer"),
                to: Some(person(AGENT, "agent")),
                login: Map::new(),
                upload: None,
            }))
        }),
        target: Target::Person(Uid::new("1"), None),
        conversation: ConversationId::pair(Uid::new("7"), Uid::new("1")),
        me: Some("7"),
    }
}

pub(super) fn online(seed: u64, messages: u64) -> Lab<Server> {
    let mut server = Server::new(seed);
    for number in 1..=messages {
        server.messages.push((AGENT, format!("old {number}")));
    }
    let mut lab = Lab::new(seed, launch(), server);
    lab.pass(45_000);
    assert!(lab.is_online(), "seed {seed}: {:?}", lab.status());
    lab
}

impl Server {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            chance: Chance::new(seed ^ 0xC12E),
            messages: Vec::new(),
            routed: None,
            notices_after: 0,
            ends: Vec::new(),
            conns: BTreeMap::new(),
            sweep_at: 0,
            out: Vec::new(),
            spoil: None,
            pages: Vec::new(),
            unrouted: Vec::new(),
            doubles_one_in: 0,
        }
    }

    fn row(&self, at: usize) -> Value {
        let (from, words) = &self.messages[at];
        let to = ME + AGENT - from;
        json!({"id": at + 1, "uid": from, "to_uid": to, "msn": words, "msn_type": 1, "type": 1,
            "add_time": 1_795_164_000 + at, "nickname": format!("n{from}"), "avatar": "",
            "productInfo": null, "orderInfo": null})
    }

    fn says(&mut self, link: u64, value: &Value) {
        self.out.push((link, Spoken::Text(value.to_string())));
    }

    fn live(&mut self, link: u64, kind: &str, at: usize) {
        let mut row = self.row(at);
        row["id"] = json!((at + 1).to_string());
        row["productInfo"] = json!([]);
        let frame = json!({"type": kind, "data": row});
        self.says(link, &frame);
        if self.doubles_one_in > 0 && self.chance.below(self.doubles_one_in) == 0 {
            self.says(link, &frame);
        }
    }

    /// The agent says it; it goes where the customer is routed, or nowhere.
    pub(super) fn agent_says(&mut self, words: &str) {
        self.messages.push((AGENT, words.to_owned()));
        if let Some(link) = self.routed {
            self.live(link, "reply", self.messages.len() - 1);
        }
    }

    fn forgets(&mut self, link: u64, now: u64) {
        let was_routed = self.routed.is_some();
        // The fault: it forgets the person, not the socket.
        self.routed = None;
        if was_routed && self.conns.keys().any(|it| *it != link) {
            self.unrouted.push((now, None));
        }
    }
}

impl Backend for Server {
    fn opened(&mut self, link: u64, now: u64) {
        self.conns.insert(link, now);
        self.sweep_at = self.sweep_at.max(now + SWEEP);
    }

    fn hears(&mut self, link: u64, text: &str, now: u64) {
        let Some(heard_at) = self.conns.get_mut(&link) else {
            return;
        };
        *heard_at = now;
        let frame: Value = serde_json::from_str(text).expect("a page writes JSON");
        match frame["type"].as_str() {
            Some("login") => {
                self.routed = Some(link);
                if let Some((_, until @ None)) = self.unrouted.last_mut() {
                    *until = Some(now);
                }
                self.says(link, &json!({"type": "success"}));
            }
            Some("chat") => {
                let words = frame["data"]["msn"].as_str().unwrap_or_default();
                self.messages.push((ME, words.to_owned()));
                self.live(link, "chat", self.messages.len() - 1);
            }
            Some("ping") => self.says(link, &json!({"type": "ping", "data": {"now": now}})),
            _ => {}
        }
    }

    fn lost(&mut self, link: u64, now: u64) {
        self.conns.remove(&link);
        self.ends.push((now + self.notices_after, link));
    }

    fn asked(&mut self, request: &HttpRequest, now: u64) -> Option<(u64, HttpResponse)> {
        self.pages.push(now);
        let query = request.url.split_once('?').map_or("", |(_, query)| query);
        let field = |name: &str| {
            let mut fields = query.split('&').filter_map(|it| it.split_once('='));
            let found = fields.find(|(key, _)| *key == name)?;
            found.1.parse::<usize>().ok()
        };
        let before = field("uidTo").filter(|it| *it > 0);
        let end = before.map_or(self.messages.len(), |it| (it - 1).min(self.messages.len()));
        let rows = (end.saturating_sub(PAGE)..end)
            .map(|at| self.row(at))
            .collect();
        if let Some(mut spoil) = self.spoil.take() {
            let answer = spoil(rows, &mut self.chance);
            self.spoil = Some(spoil);
            return answer.map(|(after, status, body)| (after, HttpResponse { status, body }));
        }
        let response = HttpResponse {
            status: 200,
            body: record(rows),
        };
        Some((0, response))
    }

    fn due(&self) -> Option<u64> {
        let sweep = (!self.conns.is_empty()).then_some(self.sweep_at);
        self.ends.iter().map(|(at, _)| *at).chain(sweep).min()
    }

    fn tick(&mut self, now: u64) {
        for (at, link) in std::mem::take(&mut self.ends) {
            if at <= now {
                self.forgets(link, now);
            } else {
                self.ends.push((at, link));
            }
        }
        if self.sweep_at <= now {
            self.sweep_at = now + SWEEP;
            let idle = self.conns.iter().filter(|(_, heard)| **heard + IDLE < now);
            let idle: Vec<u64> = idle.map(|(link, _)| *link).collect();
            for link in idle {
                self.says(link, &json!({"type": "timeout", "close": true}));
                self.conns.remove(&link);
                self.out.push((link, Spoken::Close(1006, String::new())));
                self.forgets(link, now);
            }
        }
    }

    fn spoken(&mut self) -> Vec<(u64, Spoken)> {
        std::mem::take(&mut self.out)
    }

    fn log(&self) -> Vec<(String, String)> {
        let all = self.messages.iter();
        all.map(|(from, words)| (from.to_string(), words.clone()))
            .collect()
    }
}

impl Lab<Server> {
    pub(super) fn agent_says(&mut self, words: &str) {
        self.backend.agent_says(words);
        self.carries_away();
    }
}

/// An answer with these rows.
pub(super) fn record(rows: Vec<Value>) -> String {
    json!({"status": 200, "msg": "ok", "data":
        {"serviceList": rows, "uid": AGENT, "nickname": "agent", "avatar": ""}})
    .to_string()
}
