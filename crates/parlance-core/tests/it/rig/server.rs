//! The other end: a log for each conversation, and the frames and answers that
//! a server gives, written as JSON text.
//!
//! It answers nothing by itself (but pings, when told so): each answer is a
//! verb of the scenario, so that late, doubled and missing ones are as easy.

use serde_json::{Value, json};

use super::*;

/// What the server has.
pub(crate) struct Server {
    pub(crate) epoch: String,
    pub(crate) spread_ms: u64,
    pub(crate) ping_ms: u64,
    /// Whose links these are.
    pub(crate) me: &'static str,
    /// How far I have read, by conversation.
    pub(crate) read: BTreeMap<String, u64>,
    logs: BTreeMap<String, Vec<Stored>>,
    /// Its clock: one tick for each message that it stores.
    clock: u64,
    /// The number of the last frame on this link.
    frame: u64,
    pub(super) owes_pong: bool,
}

#[derive(Clone)]
struct Stored {
    from: Option<String>,
    text: String,
    cid: Option<String>,
    at: u64,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            epoch: "e1".to_owned(),
            spread_ms: 1_000,
            ping_ms: 20_000,
            me: "u-ann",
            read: BTreeMap::new(),
            logs: BTreeMap::from([("room:lobby".to_owned(), Vec::new())]),
            clock: 1_780_000_000_000,
            frame: 0,
            owes_pong: false,
        }
    }
}

impl Server {
    /// Bob has said so much more there; nobody is told.
    pub(crate) fn has(&mut self, conv: &str, messages: u64) {
        for _ in 0..messages {
            let text = format!("line {}", self.head_of(conv) + 1);
            self.store(conv, "u-bob", &text, None);
        }
    }

    /// This is stored under the next number, which it gives.
    pub(crate) fn store(&mut self, conv: &str, from: &str, text: &str, cid: Option<String>) -> u64 {
        self.clock += 1;
        let log = self.logs.entry(conv.to_owned()).or_default();
        log.push(Stored {
            from: Some(from.to_owned()),
            text: text.to_owned(),
            cid,
            at: self.clock,
        });
        log.len() as u64
    }

    /// Its clock is put forward, or back.
    pub(crate) fn clock_jumps(&mut self, by: i64) {
        self.clock = self.clock.saturating_add_signed(by);
    }

    /// The log is lost: another one begins.
    pub(crate) fn restored_as(&mut self, epoch: &str) {
        self.restored_to(epoch, 0);
    }

    /// It comes back from a copy that has so many messages of each log.
    pub(crate) fn restored_to(&mut self, epoch: &str, keep: usize) {
        self.epoch = epoch.to_owned();
        for log in self.logs.values_mut() {
            log.truncate(keep);
        }
    }

    fn stored_at(&self, conv: &str, seq: u64) -> u64 {
        let stored = self.logs[conv].get(seq as usize - 1);
        stored.map_or(self.clock, |stored| stored.at)
    }

    pub(crate) fn head_of(&self, conv: &str) -> u64 {
        self.logs.get(conv).map_or(0, |log| log.len() as u64)
    }

    /// The sum of heads, as a ping says it.
    pub(crate) fn sum(&self) -> String {
        let sum: u64 = self.logs.values().map(|log| log.len() as u64).sum();
        sum.to_string()
    }

    /// How often this text is in the log.
    pub(crate) fn times_stored(&self, text: &str) -> usize {
        let all = self.logs.values().flatten();
        all.filter(|stored| stored.text == text).count()
    }

    /// The texts of a log, in order, of those that I said.
    pub(crate) fn mine_in(&self, conv: &str) -> Vec<String> {
        let mine = |stored: &&Stored| stored.from.as_deref() == Some(self.me);
        let log = self.logs.get(conv).into_iter().flatten();
        log.filter(mine).map(|stored| stored.text.clone()).collect()
    }

    pub(crate) fn message(&self, conv: &str, seq: u64) -> Value {
        let stored = &self.logs[conv][seq as usize - 1];
        let mut message = json!({
            "seq": seq,
            "id": format!("m{seq}"),
            "body": {"kind": "text", "text": stored.text},
            "ts": stored.at,
        });
        if let Some(from) = &stored.from {
            message["from"] = person(from);
            if let Some(cid) = stored.cid.as_ref().filter(|_| from == self.me) {
                message["cid"] = json!(cid);
            }
        }
        message
    }

    pub(crate) fn head(&self, conv: &str) -> Value {
        let log = &self.logs[conv];
        let read = self.read.get(conv).copied().unwrap_or(0);
        let unread = log.iter().skip(read as usize);
        let unread = unread.filter(|it| it.from.as_deref().is_some_and(|from| from != self.me));
        let mut head = json!({
            "conv": conv,
            "seq": log.len(),
            "unread": unread.count(),
            "read": read,
        });
        if !log.is_empty() {
            head["last"] = self.message(conv, log.len() as u64);
        }
        head
    }

    pub(crate) fn welcome(&self) -> Value {
        let convs: Vec<Value> = self.logs.keys().map(|conv| self.head(conv)).collect();
        json!({
            "t": "welcome",
            "me": person(self.me),
            "epoch": self.epoch,
            "spread_ms": self.spread_ms,
            "ping_ms": self.ping_ms,
            "limits": {"text_bytes": 32_768},
            "convs": convs,
        })
    }

    pub(super) fn link_lost(&mut self) {
        self.frame = 0;
        self.owes_pong = false;
    }

    fn page(&self, fill: &Client) -> Value {
        let Client::Fill {
            req,
            conv,
            before,
            after,
            limit,
        } = fill
        else {
            panic!("not a fill: {fill:?}");
        };
        let head = self.head_of(conv);
        let limit = u64::from(*limit);
        let (from, to) = match (before, after) {
            (None, None) => ((head + 1).saturating_sub(limit).max(1), head),
            (Some(before), _) => (before.saturating_sub(limit).max(1), (before - 1).min(head)),
            (None, Some(after)) => (after + 1, (after + limit).min(head)),
        };
        let mut page = json!({
            "t": "page", "req": req, "conv": conv, "epoch": self.epoch, "head": head, "msgs": [],
        });
        if from <= to && head > 0 {
            let msgs: Vec<Value> = (from..=to).map(|seq| self.message(conv, seq)).collect();
            page["from"] = json!(from);
            page["to"] = json!(to);
            page["msgs"] = json!(msgs);
        }
        page
    }
}

impl Rig {
    // ---- HTTP -------------------------------------------------------------------

    /// The ticket request is granted.
    pub(crate) fn admit(&mut self, ticket: &str) {
        let body = json!({"ticket": ticket, "ttl_ms": 30_000, "user": person(self.server.me)});
        self.answers_request("api/ticket", 200, &body.to_string());
    }

    /// The ticket request is refused with this code.
    pub(crate) fn refuse(&mut self, status: u16, code: &str) {
        let body = json!({"error": {"code": code, "text": "no"}});
        self.answers_request("api/ticket", status, &body.to_string());
    }

    pub(crate) fn answers_request(&mut self, path: &str, status: u16, body: &str) {
        let response = HttpResponse {
            status,
            body: body.to_owned(),
        };
        self.request_ends(path, Ok(response));
    }

    /// No answer comes back.
    pub(crate) fn unreachable(&mut self, path: &str) {
        let failure = parlance_core::wire::HttpFailure("refused".to_owned());
        self.request_ends(path, Err(failure));
    }

    fn request_ends(&mut self, path: &str, result: HttpResult) {
        let open = |(_, request): &(RequestId, HttpRequest)| request.url.ends_with(path);
        let at = self.requests.iter().rposition(open);
        let at = at.unwrap_or_else(|| panic!("nobody asks for {path}; {}", self.story()));
        let (id, _) = self.requests.remove(at);
        self.feed(Input::Http(id, result));
    }

    // ---- the link ---------------------------------------------------------------

    pub(crate) fn open(&mut self) {
        let Socket::Dialling(link) = self.socket else {
            panic!("nothing is being dialled; {}", self.story());
        };
        self.socket = Socket::Open(link);
        self.feed(Input::Link(link, LinkEvent::Opened));
    }

    pub(crate) fn closed(&mut self, code: u16) {
        self.closed_saying(code, "");
    }

    pub(crate) fn closed_saying(&mut self, code: u16, reason: &str) {
        let link = self.link();
        self.link_is_gone();
        self.stale_closed(link, code, reason);
    }

    /// A close event of whichever link.
    pub(crate) fn stale_closed(&mut self, link: LinkId, code: u16, reason: &str) {
        let reason = reason.to_owned();
        self.feed(Input::Link(link, LinkEvent::Closed { code, reason }));
    }

    #[track_caller]
    pub(crate) fn link(&self) -> LinkId {
        match self.socket {
            Socket::Dialling(link) | Socket::Open(link) => link,
            Socket::Absent => panic!("there is no link; {}", self.story()),
        }
    }

    /// The server says this on the current link, with the next number.
    pub(crate) fn frame(&mut self, mut frame: Value) {
        self.server.frame += 1;
        frame["n"] = json!(self.server.frame);
        self.raw(&frame.to_string());
    }

    /// These bytes come on the current link.
    pub(crate) fn raw(&mut self, text: &str) {
        let link = self.link();
        self.raw_on(link, text);
    }

    pub(crate) fn raw_on(&mut self, link: LinkId, text: &str) {
        let wire = Wire::Text(text.to_owned());
        self.feed(Input::Link(link, LinkEvent::Received(wire)));
    }

    pub(crate) fn binary(&mut self, bytes: &[u8]) {
        let wire = Wire::Binary(bytes.to_vec());
        let link = self.link();
        self.feed(Input::Link(link, LinkEvent::Received(wire)));
    }

    /// A frame of the server is lost on the way: its number is used up.
    pub(crate) fn frame_is_lost(&mut self) {
        self.server.frame += 1;
    }

    pub(crate) fn welcome(&mut self) {
        let welcome = self.server.welcome();
        self.frame(welcome);
    }

    /// The answer to `open` of the lobby: its head, then its people.
    pub(crate) fn room_answers(&mut self) {
        self.room_answers_with("allowed");
    }

    pub(crate) fn room_answers_with(&mut self, talk: &str) {
        let head = self.server.head("room:lobby");
        self.frame(json!({"t": "opened", "head": head, "talk": talk, "readers": []}));
        self.roster(&["u-ann", "u-bob"]);
    }

    pub(crate) fn roster(&mut self, here: &[&str]) {
        let people: Vec<Value> = here.iter().map(|uid| here_now(uid)).collect();
        self.frame(json!({"t": "roster", "conv": "room:lobby", "people": people}));
    }

    /// Bob says it, and I hear it.
    pub(crate) fn bob_says(&mut self, text: &str) -> u64 {
        let seq = self.server.store("room:lobby", "u-bob", text, None);
        self.push(seq);
        seq
    }

    /// The message of this number is pushed.
    pub(crate) fn push(&mut self, seq: u64) {
        self.push_in("room:lobby", seq);
    }

    pub(crate) fn push_in(&mut self, conv: &str, seq: u64) {
        let message = self.server.message(conv, seq);
        if let Some(cid) = message["cid"].as_str() {
            self.watch.on_answered(cid, false);
        }
        self.frame(json!({"t": "push", "conv": conv, "msg": message}));
    }

    /// The server commits what I handed over, and says nothing yet.
    pub(crate) fn stores(&mut self, text: &str) -> u64 {
        self.stores_in("room:lobby", text)
    }

    pub(crate) fn stores_in(&mut self, conv: &str, text: &str) -> u64 {
        let cid = self.cid(text);
        let me = self.server.me;
        self.server.store(conv, me, text, Some(cid))
    }

    pub(crate) fn acks(&mut self, text: &str, seq: u64) {
        self.acks_in("room:lobby", text, seq);
    }

    pub(crate) fn acks_in(&mut self, conv: &str, text: &str, seq: u64) {
        let cid = self.cid(text);
        self.watch.on_answered(&cid, false);
        let at = self.server.stored_at(conv, seq);
        self.frame(json!({
            "t": "ack", "cid": cid, "conv": conv, "seq": seq, "id": format!("m{seq}"), "ts": at,
        }));
    }

    /// Commits, acknowledges and echoes what I handed over.
    pub(crate) fn takes(&mut self, text: &str) -> u64 {
        let seq = self.stores(text);
        self.acks(text, seq);
        self.push(seq);
        seq
    }

    pub(crate) fn nacks(&mut self, text: &str, code: &str, retry_ms: Option<u64>) {
        let cid = self.cid(text);
        self.watch.on_answered(&cid, true);
        let mut nack = json!({"t": "nack", "cid": cid, "code": code});
        if let Some(retry_ms) = retry_ms {
            nack["retry_ms"] = json!(retry_ms);
        }
        self.frame(nack);
    }

    /// The page that is asked for longest comes.
    pub(crate) fn answers(&mut self) {
        let page = self.next_page();
        self.frame(page);
    }

    /// That page, not sent, for the scenario to spoil.
    pub(crate) fn next_page(&mut self) -> Value {
        let fill = self.fills.pop_front();
        let fill = fill.unwrap_or_else(|| panic!("no page is asked for; {}", self.story()));
        let page = self.server.page(&fill);
        for message in page["msgs"].as_array().into_iter().flatten() {
            if let Some(cid) = message["cid"].as_str() {
                self.watch.on_answered(cid, false);
            }
        }
        page
    }

    /// Every page that is asked for comes, until none is. Says how many.
    pub(crate) fn answers_all(&mut self) -> usize {
        let mut pages = 0;
        while !self.fills.is_empty() {
            self.answers();
            pages += 1;
            assert!(pages < 50, "page after page is asked for");
        }
        pages
    }

    pub(crate) fn pages_wanted(&self) -> usize {
        self.fills.len()
    }

    /// The page that is asked for longest cannot be had.
    pub(crate) fn gone(&mut self, retry_ms: Option<u64>) {
        let page = self.next_page();
        let mut gone = json!({"t": "gone", "req": page["req"]});
        if let Some(retry_ms) = retry_ms {
            gone["retry_ms"] = json!(retry_ms);
        }
        self.frame(gone);
    }

    /// The server pings, saying that nothing is new.
    pub(crate) fn pings(&mut self) {
        let sum = self.server.sum();
        self.frame(json!({"t": "ping", "heads": [], "sum": sum}));
    }

    /// The server pings, saying how far the lobby has got.
    pub(crate) fn pings_with_head(&mut self) {
        let (head, sum) = (self.server.head_of("room:lobby"), self.server.sum());
        let heads = json!([{"conv": "room:lobby", "seq": head}]);
        self.frame(json!({"t": "ping", "heads": heads, "sum": sum}));
    }

    pub(crate) fn pongs(&mut self) {
        self.frame(json!({"t": "pong", "heads": []}));
    }

    /// From now on the server answers every ping at once.
    pub(crate) fn server_answers_pings(&mut self) {
        self.answers_pings = true;
    }

    /// The path is dead: nothing comes back any more.
    pub(crate) fn path_dies(&mut self) {
        self.answers_pings = false;
    }

    pub(super) fn server_answers(&mut self) -> bool {
        if !std::mem::take(&mut self.server.owes_pong) {
            return false;
        }
        self.pongs();
        true
    }

    /// Waits for the next attempt and logs in; pages are left to the scenario.
    pub(crate) fn comes_back(&mut self) {
        self.until_dial(70.0);
        self.logs_in();
        self.room_answers();
    }

    /// Comes back and catches up.
    pub(crate) fn comes_back_whole(&mut self) {
        self.comes_back();
        self.answers_all();
    }

    pub(crate) fn comes_back_if_away(&mut self) {
        if self.session.status() != Status::Online {
            self.comes_back_whole();
        }
    }

    /// So much time passes on a link whose server pings as it should.
    pub(crate) fn talks_for(&mut self, span: f64) {
        let end = self.now + seconds(span);
        while self.now + seconds(18.0) < end {
            self.advance(18.0);
            self.pings();
        }
        let rest = end.since(self.now).as_secs_f64();
        self.advance(rest);
    }
}

pub(crate) fn person(uid: &str) -> Value {
    let name = uid.trim_start_matches("u-");
    json!({"uid": uid, "name": name})
}

pub(crate) fn here_now(uid: &str) -> Value {
    let mut person = person(uid);
    person["online"] = json!(true);
    person
}
