//! A backend of the plainest kind, for sessions whose backend numbers nothing:
//! one line of text a frame, and capabilities that each test chooses.
//!
//! Holds the clock and plays device and network. Knows none of the real
//! dialects: what is shown here holds for all of them.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use parlance_core::content::Content;
use parlance_core::dialect::{
    Asked, Beat, Capabilities, Counts, DecodeError, Dialect, Doubt, History, Liveness, Offers,
    Order, Proof, Resend, RetryPolicy, Saying, Silence, WhenHidden,
};
use parlance_core::frame::{ClientFrame, Heads, Message, Part, Person, Rows, ServerFrame, Welcome};
use parlance_core::ids::{
    ClientId, ConversationId, Epoch, ItemKey, LinkId, MessageId, RequestId, Uid,
};
use parlance_core::outbox::{Stored, Turn, Write};
use parlance_core::time::{Instant, UnixMillis};
use parlance_core::timeline::{Row, Side, replay};
use parlance_core::wire::{HttpFailure, HttpRequest, HttpResponse, Method, Wire};
use parlance_core::{
    Command, Event, Input, LinkEvent, Output, PageEvent, PageState, Session, Setup, Status, Target,
};

pub(crate) const WALL: i64 = 1_790_000_000_000;

/// What most backends without numbers are like: an echo without the client's
/// id, pages of history, a period of 5 s that is answered.
pub(crate) fn echoing() -> Capabilities {
    Capabilities {
        proof: Proof::Echoed,
        resend: Resend::Doubles,
        order: Order::AsGiven(History::Pages),
        close_codes: false,
        when_hidden: WhenHidden::Stays,
        liveness: Liveness {
            beat: Beat::Every(Duration::from_secs(5)),
            silence: Some(Silence {
                within: Duration::from_secs(20),
                counts: Counts::Always,
            }),
            proof_within: Duration::from_secs(10),
        },
        retry: RetryPolicy::grown_from(Duration::from_secs(3)),
        doubt: Doubt::default(),
        offers: Offers::default(),
    }
}

/// One that never confirms anything.
pub(crate) fn silent() -> Capabilities {
    Capabilities {
        proof: Proof::Never,
        ..echoing()
    }
}

/// One that takes messages by HTTP, and whose answer is the acknowledgement.
pub(crate) fn by_request() -> Capabilities {
    Capabilities {
        proof: Proof::Acknowledged,
        order: Order::AsGiven(History::None),
        ..echoing()
    }
}

#[derive(Debug)]
struct Plainest {
    capabilities: Capabilities,
}

fn person(uid: &str) -> Person {
    Person {
        uid: Uid::new(uid),
        name: uid.to_owned(),
        avatar: None,
        online: true,
        last_seen: None,
        host: false,
    }
}

pub(crate) fn room() -> ConversationId {
    ConversationId::room("r")
}

/// `who:words` or `who:words#id`.
fn message(text: &str) -> Message {
    let (who, rest) = text.split_once(':').expect("who said it");
    let (words, id) = match rest.split_once('#') {
        Some((words, id)) => (words, Some(MessageId::new(id))),
        None => (rest, None),
    };
    Message {
        conversation: room(),
        seq: None,
        id,
        client_id: None,
        from: Some(person(who)),
        content: Content::Text(words.to_owned()),
        at: None,
    }
}

impl Dialect for Plainest {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn link_address(&self) -> String {
        "wss://chat.example/".to_owned()
    }

    fn greeting(&self) -> Option<Welcome> {
        Some(Welcome {
            me: person("me"),
            epoch: Epoch::new("local"),
            spread: Duration::from_secs(1),
            ping_every: None,
            limits: parlance_core::frame::Limits::default(),
            conversations: Vec::new(),
        })
    }

    fn encode(&mut self, frame: &ClientFrame) -> Vec<Saying> {
        match frame {
            ClientFrame::Hello(_) => vec![Saying::text("hello")],
            ClientFrame::Assert => vec![Saying::text("assert")],
            ClientFrame::Leave => vec![Saying::text("leave")],
            ClientFrame::Ping => vec![Saying::text("ping")],
            ClientFrame::Say(say) if self.capabilities.proof == Proof::Acknowledged => {
                let request = HttpRequest {
                    method: Method::Post,
                    url: "https://chat.example/say".to_owned(),
                    headers: Vec::new(),
                    body: Some(say.content.text().to_owned()),
                    with_cookies: false,
                };
                let asked = Asked::Say(say.client_id.clone(), say.conversation.clone());
                vec![Saying::Request(request, asked)]
            }
            ClientFrame::Say(say) => vec![Saying::text(format!("say {}", say.content.text()))],
            ClientFrame::Fill(fill) => {
                let part = match fill.part {
                    Part::Newest => "newest",
                    Part::Before(_) => "before",
                    Part::After(_) => "after",
                };
                let oldest = fill.anchor.oldest.as_ref().map_or("", MessageId::as_str);
                let pages = fill.anchor.pages;
                let text = format!("fill {} {part} {pages} {oldest}", fill.request);
                vec![Saying::text(text)]
            }
            ClientFrame::Open(_)
            | ClientFrame::Read(..)
            | ClientFrame::Typing(_)
            | ClientFrame::Pong => Vec::new(),
        }
    }

    fn decode(&mut self, wire: &Wire) -> Result<Vec<ServerFrame>, DecodeError> {
        let Wire::Text(text) = wire else {
            return Err(DecodeError::malformed("binary"));
        };
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        Ok(vec![match word {
            "pong" => ServerFrame::Pong(Heads::default()),
            "msg" => ServerFrame::Message(message(rest)),
            "recall" => ServerFrame::Recalled(room(), MessageId::new(rest), "gone".to_owned()),
            "rows" => {
                let mut parts = rest.splitn(3, ' ');
                let request = parts.next().and_then(|it| it.parse().ok()).expect("which");
                let more = parts.next() == Some("more");
                let rows = parts.next().unwrap_or_default();
                ServerFrame::Rows(Rows {
                    request: RequestId(request),
                    conversation: room(),
                    messages: rows
                        .split('|')
                        .filter(|it| !it.is_empty())
                        .map(message)
                        .collect(),
                    more,
                })
            }
            "noise" => return Ok(Vec::new()),
            _ => return Err(DecodeError::unknown("what")),
        }])
    }

    fn decode_answer(
        &mut self,
        asked: &Asked,
        response: &HttpResponse,
    ) -> Result<Vec<ServerFrame>, DecodeError> {
        let Asked::Say(client_id, conversation) = asked else {
            return Err(DecodeError::unknown("what"));
        };
        if response.status != 200 {
            return Err(DecodeError::malformed("status"));
        }
        Ok(vec![ServerFrame::Ack(parlance_core::frame::Ack {
            client_id: client_id.clone(),
            conversation: conversation.clone(),
            seq: None,
            id: Some(MessageId::new(response.body.clone())),
            at: None,
        })])
    }

    fn reset(&mut self) {}
}

/// A session with its device, its network and its clock.
pub(crate) struct Bench {
    pub(crate) session: Session,
    pub(crate) now: Instant,
    pub(crate) page: PageState,
    /// What went out on the link, oldest first.
    pub(crate) sent: Vec<String>,
    pub(crate) requests: Vec<(RequestId, HttpRequest)>,
    /// When each link was dialled.
    pub(crate) dialled_at: Vec<Instant>,
    /// What the device keeps: survives a reload.
    pub(crate) disk: BTreeMap<ClientId, String>,
    /// Writes are answered at once, or wait here.
    pub(crate) slow_disk: bool,
    waiting: VecDeque<Input>,
    link: Option<LinkId>,
    opened: Option<LinkId>,
    rows: Vec<Row>,
    /// Every delivery that a row was ever shown with, by its words.
    pub(crate) shown: Vec<(String, &'static str)>,
    pub(crate) unread: u64,
}

impl Bench {
    /// On show, dialled, not yet open.
    pub(crate) fn dialling(capabilities: Capabilities) -> Self {
        Self::with_disk(capabilities, BTreeMap::new(), 1)
    }

    /// A page of this life (no two make the same ids) on this device.
    pub(crate) fn with_disk(
        capabilities: Capabilities,
        disk: BTreeMap<ClientId, String>,
        life: u64,
    ) -> Self {
        let now = Instant::from_millis(1_000_000);
        let setup = Setup {
            dialect: Box::new(Plainest { capabilities }),
            target: Target::Room("r".to_owned()),
            last_known: Some(Uid::new("me")),
            seed: life,
        };
        let mut bench = Self {
            session: Session::new(now, setup),
            now,
            page: PageState::SHOWN,
            sent: Vec::new(),
            requests: Vec::new(),
            dialled_at: Vec::new(),
            disk,
            slow_disk: false,
            waiting: VecDeque::new(),
            link: None,
            opened: None,
            rows: Vec::new(),
            shown: Vec::new(),
            unread: 0,
        };
        bench.feed(Input::Command(Command::Start));
        bench
    }

    /// Online, with nothing said about history yet.
    pub(crate) fn online(capabilities: Capabilities) -> Self {
        let mut bench = Self::dialling(capabilities);
        bench.opens();
        bench
    }

    /// Online with this history, all of it.
    pub(crate) fn with_history(capabilities: Capabilities, rows: &[&str]) -> Self {
        let mut bench = Self::online(capabilities);
        bench.page(rows, "end");
        bench
    }

    pub(crate) fn feed(&mut self, input: Input) {
        self.session.handle(self.now, input);
        self.drain();
        while let Some(input) = self.waiting.pop_front() {
            self.session.handle(self.now, input);
            self.drain();
        }
    }

    fn drain(&mut self) {
        while let Some(output) = self.session.poll() {
            match output {
                Output::Open(link, _) => {
                    assert!(self.link.is_none(), "two sockets at once");
                    self.link = Some(link);
                    self.dialled_at.push(self.now);
                }
                Output::Transmit(_, Wire::Text(text)) => self.sent.push(text),
                Output::Transmit(_, Wire::Binary(_)) => panic!("binary"),
                Output::Close(link, ..) => {
                    assert_eq!(self.link, Some(link), "closes its own");
                    self.link = None;
                }
                Output::Request(id, request) => self.requests.push((id, request)),
                Output::Load(uid) => {
                    let stored = Stored {
                        unsent: self.disk.values().cloned().collect(),
                        unfinished: Vec::new(),
                    };
                    let wall = UnixMillis(WALL);
                    self.waiting.push_back(Input::Loaded(uid, wall, Ok(stored)));
                }
                Output::Save(id, write) => {
                    match write {
                        Write::Keep(_, record) => {
                            self.disk.insert(record.client_id, record.value);
                        }
                        Write::Forget(_, client_id) => {
                            self.disk.remove(&client_id);
                        }
                        Write::Unfinished(..) => {}
                        Write::Wipe(_) => self.disk.clear(),
                    }
                    if !self.slow_disk {
                        self.waiting.push_back(Input::Saved(id, Ok(())));
                    }
                }
                Output::Take(take) => {
                    let row = self.disk.get_mut(&take.client_id);
                    let before = row.map(|row| match take.note {
                        Some(note) => std::mem::replace(row, note),
                        None => row.clone(),
                    });
                    if !self.slow_disk {
                        let turn = Ok(Turn::Mine(before));
                        self.waiting.push_back(Input::Took(take.client_id, turn));
                    }
                }
                Output::Share(_) => {}
                Output::Event(Event::Timeline(_, changes)) => {
                    replay(&mut self.rows, &changes);
                    for row in &self.rows {
                        if let Row::Message(item) = row
                            && let Some(delivery) = &item.delivery
                        {
                            let shown = (item.content.text().to_owned(), delivery.word());
                            if self.shown.last() != Some(&shown) {
                                self.shown.push(shown);
                            }
                        }
                    }
                }
                Output::Event(Event::Conversation(summary)) => self.unread = summary.unread,
                Output::Event(_) => {}
            }
        }
    }

    /// A socket is there, open or being opened.
    pub(crate) fn is_linked(&self) -> bool {
        self.link.is_some()
    }

    /// It is open.
    pub(crate) fn is_open(&self) -> bool {
        self.link.is_some() && self.opened == self.link
    }

    pub(crate) fn opens(&mut self) {
        let link = self.link.expect("a dial");
        self.opened = Some(link);
        self.feed(Input::Link(link, LinkEvent::Opened));
    }

    /// Waits for the next dial.
    pub(crate) fn until_dialling(&mut self) {
        for _ in 0..60 {
            if self.link.is_some() {
                return;
            }
            self.advance(1);
        }
        panic!("nothing is dialled");
    }

    pub(crate) fn breaks(&mut self) {
        let link = self.link.take().expect("a link");
        self.feed(Input::Link(
            link,
            LinkEvent::Closed {
                code: 1006,
                reason: String::new(),
            },
        ));
    }

    /// The backend says this line.
    pub(crate) fn hears(&mut self, line: &str) {
        let link = self.link.expect("a link");
        let wire = Wire::Text(line.to_owned());
        self.feed(Input::Link(link, LinkEvent::Received(wire)));
    }

    /// The page that was asked for last comes.
    pub(crate) fn page(&mut self, rows: &[&str], more: &str) {
        let fill = self.sent.iter().rfind(|line| line.starts_with("fill "));
        let request = fill
            .and_then(|line| line.split(' ').nth(1))
            .expect("a page was asked for")
            .to_owned();
        self.hears(&format!("rows {request} {more} {}", rows.join("|")));
    }

    pub(crate) fn answers(&mut self, status: u16, body: &str) {
        let (id, _) = self.requests.remove(0);
        let response = HttpResponse {
            status,
            body: body.to_owned(),
        };
        self.feed(Input::Http(id, Ok(response)));
    }

    pub(crate) fn no_answer(&mut self) {
        let (id, _) = self.requests.remove(0);
        self.feed(Input::Http(id, Err(HttpFailure("offline".to_owned()))));
    }

    pub(crate) fn says(&mut self, text: &str) {
        let content = Content::Text(text.to_owned());
        let at = UnixMillis(WALL);
        self.feed(Input::Command(Command::Say(room(), content, at)));
    }

    pub(crate) fn page_event(&mut self, event: PageEvent, page: PageState) {
        self.page = page;
        self.feed(Input::Page(event, page));
    }

    /// Time passes, and every deadline in it is met in time.
    pub(crate) fn advance(&mut self, seconds: u64) {
        let end = self.now + Duration::from_secs(seconds);
        while let Some(at) = self.session.wake_at().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.feed(Input::Wake(self.page));
        }
        self.now = end;
    }

    /// Time passes; every ping is answered, and the link stays open.
    pub(crate) fn advance_alive(&mut self, seconds: u64) {
        for _ in 0..seconds {
            let pings = self.count("ping");
            self.advance(1);
            if self.count("ping") > pings && self.link.is_some() {
                self.hears("pong");
            }
        }
    }

    pub(crate) fn count(&self, line: &str) -> usize {
        self.sent.iter().filter(|sent| *sent == line).count()
    }

    /// The rows as `who:words` with what is shown of their delivery.
    pub(crate) fn rows(&self) -> Vec<String> {
        let rows = self.rows.iter().map(|row| match row {
            Row::Gap(_) => "gap".to_owned(),
            Row::Message(item) => {
                let who = match item.side {
                    Side::Mine => "me",
                    Side::Theirs | Side::System => {
                        item.author.as_ref().map_or("", |it| it.uid.as_str())
                    }
                };
                let delivery = item.delivery.as_ref().map_or("", |it| it.word());
                let words = item.content.text();
                if delivery.is_empty() {
                    format!("{who}:{words}")
                } else {
                    format!("{who}:{words} {delivery}")
                }
            }
        });
        rows.collect()
    }

    pub(crate) fn key_of(&self, words: &str) -> ItemKey {
        let found = self.rows.iter().find_map(|row| match row {
            Row::Message(item) if item.content.text() == words => Some(item.key),
            Row::Message(_) | Row::Gap(_) => None,
        });
        found.expect("a row with these words")
    }

    pub(crate) fn retries(&mut self, words: &str) {
        let key = self.key_of(words);
        self.feed(Input::Command(Command::Retry(room(), key)));
    }

    pub(crate) fn deletes(&mut self, words: &str) {
        let key = self.key_of(words);
        self.feed(Input::Command(Command::Delete(room(), key)));
    }

    pub(crate) fn status(&self) -> Status {
        self.session.status()
    }
}
