//! What the model server answers on a link.
//!
//! Knows no HTTP and no faults of the network.

use parlance_core::chance::Chance;
use parlance_core::dialect::native::wire;
use serde_json::Value;

use super::{Check, Conn, HELLO_WITHIN, Here, PING_EVERY, Server, Stored, check_order, pair_of};
use crate::sim::tally::{Premise, Tally};
use crate::sim::violation;

impl Server {
    /// A link has been dialled. Says whether it is taken.
    pub(crate) fn opened(&mut self, link: u64, device: usize, now: u64) -> bool {
        if !self.up || self.faults.refusing {
            return false;
        }
        self.conns.push(Conn {
            link,
            device,
            uid: None,
            out: Vec::new(),
            closing: None,
            dropping: 0,
            overtaken: 0,
            held: None,
            misrouted: false,
            frames: 0,
            hello_by: now + HELLO_WITHIN,
            ping_at: 0,
            heard_at: now,
            told: std::collections::BTreeMap::new(),
            last: None,
            held_acks: Vec::new(),
        });
        true
    }

    /// A text came on a link.
    pub(crate) fn hear(
        &mut self,
        link: u64,
        text: &str,
        now: u64,
        chance: &mut Chance,
        tally: &mut Tally,
    ) -> Check {
        let Some(at) = self.conns.iter().position(|conn| conn.link == link) else {
            return Ok(());
        };
        if self.conns[at].closing.is_some() {
            return Ok(());
        }
        self.conns[at].heard_at = now;
        let Ok(frame) = serde_json::from_str::<wire::Client>(text) else {
            return violation("the client's words", format!("unreadable: {text}"));
        };
        let Some(uid) = self.conns[at].uid.clone() else {
            return self.greet(at, frame, now, chance);
        };
        match frame {
            wire::Client::Hello { .. } | wire::Client::Unknown => {
                return violation("the client's words", format!("out of place: {text}"));
            }
            wire::Client::Open { conv } => self.open(at, &conv, &uid),
            wire::Client::Send { cid, conv, body } => {
                self.store(at, &uid, cid, conv, &body, now, chance, tally)?;
            }
            wire::Client::Fill {
                req,
                conv,
                before,
                after,
                limit,
            } => self.fill(at, &uid, req, &conv, before, after, limit),
            wire::Client::Read { conv, seq } => self.read(&conv, &uid, seq),
            wire::Client::Typing { conv } => {
                let who = self.person(&uid);
                if let Some(room) = self.rooms.get(&conv)
                    && room.members.contains_key(&uid)
                {
                    let typing = wire::Server::Typing { conv, who };
                    super::tell(&mut self.conns, room, &uid, &typing);
                }
            }
            wire::Client::Ping {} => {
                let (heads, sum) = self.heads_for(at);
                self.conns[at].say(wire::Server::Pong { heads, sum });
            }
            wire::Client::Pong {} => {}
        }
        for conn in &mut self.conns {
            for ack in std::mem::take(&mut conn.held_acks) {
                conn.say(ack);
            }
        }
        Ok(())
    }

    fn greet(&mut self, at: usize, frame: wire::Client, now: u64, chance: &mut Chance) -> Check {
        let wire::Client::Hello { ticket, ver: 1, .. } = frame else {
            return violation("the client's words", "the first frame is no hello".into());
        };
        let Some(uid) = self.redeem(&ticket, now) else {
            self.conns[at].closing = Some((4500, String::new()));
            return Ok(());
        };
        let was_here = self.is_here(&uid);
        if let Some(known) = self.people.get_mut(&uid) {
            known.here = Here::Yes;
        }
        let names: Vec<String> = self.rooms.keys().cloned().collect();
        let convs = names
            .iter()
            .filter(|name| self.is_member(name, &uid))
            .map(|name| self.head(name, &uid))
            .collect();
        let welcome = wire::Server::Welcome {
            me: self.person(&uid),
            epoch: format!("e{}", self.epoch),
            spread_ms: 1_000,
            ping_ms: PING_EVERY,
            limits: None,
            convs,
        };
        let conn = &mut self.conns[at];
        conn.ping_at = now + chance.below(PING_EVERY);
        conn.say(welcome);
        conn.uid = Some(uid.clone());
        if !was_here {
            let who = self.person(&uid);
            for (name, room) in &self.rooms {
                if room.members.contains_key(&uid) {
                    let came = wire::Server::Came {
                        conv: name.clone(),
                        who: who.clone(),
                    };
                    super::tell(&mut self.conns, room, &uid, &came);
                }
            }
        }
        Ok(())
    }

    fn open(&mut self, at: usize, name: &str, uid: &str) {
        if let Some(pair) = pair_of(name)
            && !pair.contains(&uid)
        {
            return;
        }
        self.join(name, uid, at);
        let head = self.head(name, uid);
        let Some(room) = self.rooms.get(name) else {
            return;
        };
        let readers = room.members.iter().map(|(uid, seq)| wire::Reader {
            uid: uid.clone(),
            seq: *seq,
        });
        let opened = wire::Server::Opened {
            head,
            talk: "allowed".to_owned(),
            readers: readers.collect(),
        };
        let roster = wire::Server::Roster {
            conv: name.to_owned(),
            people: room.members.keys().map(|it| self.person(it)).collect(),
        };
        self.conns[at].say(opened);
        self.conns[at].say(roster);
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one frame's fields and the world"
    )]
    fn store(
        &mut self,
        at: usize,
        uid: &str,
        cid: String,
        conv: String,
        body: &Value,
        now: u64,
        chance: &mut Chance,
        tally: &mut Tally,
    ) -> Check {
        let text = body.get("text").and_then(Value::as_str).unwrap_or_default();
        let nack = |code: &str, retry_ms: Option<u64>| wire::Server::Nack {
            cid: cid.clone(),
            code: code.to_owned(),
            text: None,
            retry_ms,
        };
        let before = self.stored.get(&(uid.to_owned(), cid.clone()));
        if let Some((name, seq)) = before.cloned() {
            let stored = self.message(self.epoch, &name, seq);
            let same = name == conv && stored.is_some_and(|it| it.text == text);
            tally.met(Premise::ResentMessage);
            let answer = if same {
                self.ack(cid, conv, seq, true)
            } else {
                nack("cid_reuse", None)
            };
            self.conns[at].say(answer);
            return Ok(());
        }
        let refusal = if !self.is_member(&conv, uid) {
            Some(nack("no_conversation", None))
        } else if self.faults.rate_limited > 0 {
            self.faults.rate_limited -= 1;
            let codes = ["rate_limited", "unavailable"];
            let code = codes[chance.below(2) as usize];
            Some(nack(code, Some(200 + chance.below(4_000))))
        } else if text.starts_with('x') {
            let codes = ["too_large", "forbidden", "bad_body", "no_conversation"];
            Some(nack(codes[chance.below(4) as usize], None))
        } else {
            None
        };
        if let Some(refusal) = refusal {
            self.conns[at].say(refusal);
            return Ok(());
        }
        let stored = Stored {
            sender: uid.to_owned(),
            client_id: Some(cid.clone()),
            text: text.to_owned(),
            device: self.conns[at].device,
            at: now as i64,
        };
        let log = self.log(self.epoch, &conv);
        if log.iter().any(|it| it.device == stored.device) {
            tally.met(Premise::CommitBehindAnother);
        }
        check_order(log, &stored, &self.unordered)?;
        if log.iter().any(|it| it.text == stored.text) {
            return violation("I2 stored twice", format!("{text:?} in {conv}"));
        }
        // Before the own echo or after it, and sometimes with others' between.
        let early = chance.below(2) == 0;
        let seq = log.len() as u64 + 1;
        self.stored
            .insert((uid.to_owned(), cid.clone()), (conv.clone(), seq));
        let at_commit = now as i64;
        let ack = wire::Server::Ack {
            cid,
            conv: conv.clone(),
            seq,
            id: format!("id-{}-{seq}", self.epoch),
            ts: at_commit,
            dup: false,
        };
        if early {
            self.conns[at].say(ack.clone());
        } else {
            self.conns[at].held_acks.push(ack.clone());
        }
        self.commit(&conv, stored);
        if chance.below(2) == 0 {
            self.conns[at].last = Some(ack);
        }
        Ok(())
    }

    fn ack(&self, cid: String, conv: String, seq: u64, dup: bool) -> wire::Server {
        let at = self.message(self.epoch, &conv, seq).map_or(0, |it| it.at);
        wire::Server::Ack {
            cid,
            conv,
            seq,
            id: format!("id-{}-{seq}", self.epoch),
            ts: at,
            dup,
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one frame's fields")]
    fn fill(
        &mut self,
        at: usize,
        uid: &str,
        req: u64,
        name: &str,
        before: Option<u64>,
        after: Option<u64>,
        limit: u32,
    ) {
        if self.faults.gone > 0 || !self.is_member(name, uid) {
            self.faults.gone = self.faults.gone.saturating_sub(1);
            let retry_ms = (self.faults.gone % 2 == 1).then_some(1_500);
            self.conns[at].say(wire::Server::Gone { req, retry_ms });
            return;
        }
        let head = self.log(self.epoch, name).len() as u64;
        let limit = u64::from(limit);
        let (from, to) = match (before, after) {
            (_, Some(after)) => (after + 1, (after + limit).min(head)),
            (Some(before), None) => (before.saturating_sub(limit).max(1), before - 1),
            (None, None) => (head.saturating_sub(limit - 1).max(1), head),
        };
        let covers = from <= to;
        let messages = (from..=to).filter_map(|seq| {
            let stored = self.message(self.epoch, name, seq)?;
            Some(self.written(stored, seq, uid))
        });
        let page = wire::Server::Page {
            req,
            conv: name.to_owned(),
            epoch: format!("e{}", self.epoch),
            from: covers.then_some(from),
            to: covers.then_some(to),
            msgs: messages.collect(),
            head,
        };
        self.conns[at].say(page);
    }

    pub(super) fn read(&mut self, name: &str, uid: &str, seq: u64) {
        let Some(room) = self.rooms.get_mut(name) else {
            return;
        };
        let head = room.log.len() as u64;
        let Some(read) = room.members.get_mut(uid) else {
            return;
        };
        if seq.min(head) <= *read {
            return;
        }
        *read = seq.min(head);
        let frame = wire::Server::Read {
            conv: name.to_owned(),
            uid: uid.to_owned(),
            seq: *read,
        };
        // One's own other links too.
        super::tell(&mut self.conns, room, "", &frame);
    }
}
