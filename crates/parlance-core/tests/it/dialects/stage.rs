//! A real session with a real dialect, its device, its network and its clock:
//! what the backend says and answers is written by the test, to the letter.
//!
//! Holds that there is never a second socket. Knows no dialect.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use parlance_core::content::Content;
use parlance_core::dialect::Dialect;
use parlance_core::frame::{Person, Talk};
use parlance_core::ids::{ClientId, ConversationId, LinkId, RequestId};
use parlance_core::outbox::{Stored, Turn, Write};
use parlance_core::session::{Banner, Oddity};
use parlance_core::time::{Instant, UnixMillis};
use parlance_core::timeline::{Item, Row, Side, replay};
use parlance_core::wire::{HttpFailure, HttpRequest, HttpResponse, Wire};
use parlance_core::{
    Command, Event, Input, LinkEvent, Output, PageEvent, PageState, Session, Setup, Status, Target,
};

/// The device's time when something is said.
pub(crate) const WALL: i64 = 1_790_000_000_000;

/// A conversation as the list shows it.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    pub(crate) title: String,
    pub(crate) unread: u64,
    pub(crate) talk: Talk,
}

/// Everything around one session.
pub(crate) struct Stage {
    pub(crate) session: Session,
    pub(crate) now: Instant,
    pub(crate) page: PageState,
    /// What went out on links, oldest first.
    pub(crate) sent: Vec<String>,
    /// Requests that are not answered yet.
    pub(crate) requests: Vec<(RequestId, HttpRequest)>,
    /// Where and when each link was dialled.
    pub(crate) dialled: Vec<(Instant, String)>,
    pub(crate) listed: BTreeMap<ConversationId, Listed>,
    pub(crate) oddities: Vec<Oddity>,
    pub(crate) banner: Option<Banner>,
    /// Whether the page was told that there is no older history.
    pub(crate) knows_oldest: bool,
    /// Everybody, wherever somebody was told of.
    pub(crate) people: BTreeMap<ConversationId, Vec<Person>>,
    disk: BTreeMap<ClientId, String>,
    /// What the device will say, where it takes its time.
    held: Option<Vec<Input>>,
    waiting: VecDeque<Input>,
    link: Option<LinkId>,
    rows: BTreeMap<ConversationId, Vec<Row>>,
}

impl Stage {
    /// On show, begun: dialled, if the dialect needs nothing before that.
    pub(crate) fn new(dialect: impl Dialect + 'static, target: Target) -> Self {
        Self::on(dialect, target, BTreeMap::new(), false)
    }

    /// The page is loaded anew, on a device that takes its time to say what
    /// it has kept.
    pub(crate) fn reloads_slowly(self, dialect: impl Dialect + 'static, target: Target) -> Self {
        Self::on(dialect, target, self.disk, true)
    }

    fn on(
        dialect: impl Dialect + 'static,
        target: Target,
        disk: BTreeMap<ClientId, String>,
        slow: bool,
    ) -> Self {
        let now = Instant::from_millis(1_000_000);
        let setup = Setup {
            dialect: Box::new(dialect),
            target,
            last_known: None,
            seed: 11,
        };
        let mut stage = Self {
            session: Session::new(now, setup),
            now,
            page: PageState::SHOWN,
            sent: Vec::new(),
            requests: Vec::new(),
            dialled: Vec::new(),
            listed: BTreeMap::new(),
            oddities: Vec::new(),
            banner: None,
            knows_oldest: false,
            people: BTreeMap::new(),
            disk,
            held: slow.then(Vec::new),
            waiting: VecDeque::new(),
            link: None,
            rows: BTreeMap::new(),
        };
        stage.feed(Input::Command(Command::Start));
        stage
    }

    pub(crate) fn feed(&mut self, input: Input) {
        self.waiting.push_back(input);
        while let Some(input) = self.waiting.pop_front() {
            self.session.handle(self.now, input);
            while let Some(output) = self.session.poll() {
                self.carry_out(output);
            }
        }
    }

    /// The device says what it has kept at last.
    pub(crate) fn device_answers(&mut self) {
        for input in self.held.take().into_iter().flatten() {
            self.feed(input);
        }
    }

    fn carry_out(&mut self, output: Output) {
        match output {
            Output::Open(link, address) => {
                assert!(self.link.is_none(), "two sockets at once");
                self.link = Some(link);
                self.dialled.push((self.now, address));
            }
            Output::Transmit(link, Wire::Text(text)) => {
                assert_eq!(self.link, Some(link), "on the link that there is");
                self.sent.push(text);
            }
            Output::Transmit(_, Wire::Binary(_)) => panic!("nobody speaks binary"),
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
                let loaded = Input::Loaded(uid, UnixMillis(WALL), Ok(stored));
                match &mut self.held {
                    Some(held) => held.push(loaded),
                    None => self.waiting.push_back(loaded),
                }
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
                self.waiting.push_back(Input::Saved(id, Ok(())));
            }
            Output::Take(take) => {
                let row = self.disk.get_mut(&take.client_id);
                let before = row.map(|row| match take.note {
                    Some(note) => std::mem::replace(row, note),
                    None => row.clone(),
                });
                let turn = Ok(Turn::Mine(before));
                self.waiting.push_back(Input::Took(take.client_id, turn));
            }
            Output::Share(_) => {}
            Output::Event(event) => self.show(event),
        }
    }

    fn show(&mut self, event: Event) {
        match event {
            Event::Timeline(id, changes) => {
                replay(self.rows.entry(id).or_default(), &changes);
            }
            Event::Conversation(summary) => {
                let listed = Listed {
                    title: summary.title,
                    unread: summary.unread,
                    talk: summary.talk,
                };
                self.listed.insert(summary.id, listed);
            }
            Event::Counted(oddity, _) => self.oddities.push(oddity),
            Event::History(_, state) => self.knows_oldest = state.oldest_known,
            Event::Banner(banner) => self.banner = banner,
            Event::People(id, people) => {
                self.people.insert(id, people);
            }
            Event::Status(_)
            | Event::IdentityNeeded { .. }
            | Event::Me(_)
            | Event::Limits(_)
            | Event::Current(_)
            | Event::Typists(..)
            | Event::Draft(..)
            | Event::Durability(_)
            | Event::SignedOut
            | Event::Restored
            | Event::OutboxFull(..) => {}
        }
    }

    pub(crate) fn is_dialled(&self) -> bool {
        self.link.is_some()
    }

    pub(crate) fn opens(&mut self) {
        let link = self.link.expect("a dial");
        self.feed(Input::Link(link, LinkEvent::Opened));
    }

    /// The link ends without a word, as most do: an error and then a close,
    /// of which the driver tells the close.
    pub(crate) fn breaks(&mut self, code: u16) {
        let link = self.link.take().expect("a link");
        let reason = String::new();
        self.feed(Input::Link(link, LinkEvent::Closed { code, reason }));
    }

    /// The backend says this on the socket.
    pub(crate) fn hears(&mut self, text: &str) {
        let link = self.link.expect("a link");
        let wire = Wire::Text(text.to_owned());
        self.feed(Input::Link(link, LinkEvent::Received(wire)));
    }

    /// The one request whose address has this in it.
    #[track_caller]
    pub(crate) fn asked(&self, part: &str) -> &HttpRequest {
        let mut found = self.requests.iter().filter(|(_, it)| it.url.contains(part));
        let (_, request) = found
            .next()
            .unwrap_or_else(|| panic!("nobody asks for {part}: {:?}", self.requests));
        assert!(found.next().is_none(), "asked twice for {part}");
        request
    }

    #[track_caller]
    pub(crate) fn answers(&mut self, part: &str, status: u16, body: &str) {
        self.asked(part);
        let at = self
            .requests
            .iter()
            .position(|(_, it)| it.url.contains(part));
        let (id, _) = self.requests.remove(at.expect("it was found"));
        let body = body.to_owned();
        self.feed(Input::Http(id, Ok(HttpResponse { status, body })));
    }

    /// Nothing comes back.
    #[track_caller]
    pub(crate) fn no_answer(&mut self, part: &str) {
        self.asked(part);
        let at = self
            .requests
            .iter()
            .position(|(_, it)| it.url.contains(part));
        let (id, _) = self.requests.remove(at.expect("it was found"));
        let failure = HttpFailure("the network".to_owned());
        self.feed(Input::Http(id, Err(failure)));
    }

    pub(crate) fn says(&mut self, conversation: &ConversationId, text: &str) {
        let content = Content::Text(text.to_owned());
        let said = Command::Say(conversation.clone(), content, UnixMillis(WALL));
        self.feed(Input::Command(said));
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

    /// Time passes until the next dial; answers how many seconds.
    pub(crate) fn until_dialled(&mut self) -> u64 {
        let dials = self.dialled.len();
        for second in 0..120 {
            if self.dialled.len() > dials {
                return second;
            }
            self.advance(1);
        }
        panic!("nothing is dialled");
    }

    pub(crate) fn items(&self, conversation: &ConversationId) -> Vec<Item> {
        let rows = self.rows.get(conversation).cloned().unwrap_or_default();
        rows.into_iter()
            .filter_map(|row| match row {
                Row::Message(item) => Some(*item),
                Row::Gap(_) => None,
            })
            .collect()
    }

    /// The rows as `who:words` with what is shown of their delivery; `*` is
    /// nobody.
    pub(crate) fn rows(&self, conversation: &ConversationId) -> Vec<String> {
        let items = self.items(conversation);
        let rows = items.iter().map(|item| {
            let who = match item.side {
                Side::Mine => "me",
                Side::Theirs | Side::System => {
                    item.author.as_ref().map_or("*", |it| it.uid.as_str())
                }
            };
            let words = item.content.text();
            match &item.delivery {
                Some(delivery) => format!("{who}:{words} {}", delivery.word()),
                None => format!("{who}:{words}"),
            }
        });
        rows.collect()
    }

    /// Retries the row with these words.
    pub(crate) fn retries(&mut self, conversation: &ConversationId, words: &str) {
        let items = self.items(conversation);
        let found = items.iter().find(|item| item.content.text() == words);
        let key = found.expect("a row with these words").key;
        self.feed(Input::Command(Command::Retry(conversation.clone(), key)));
    }

    pub(crate) fn count(&self, text: &str) -> usize {
        self.sent.iter().filter(|sent| is_same(sent, text)).count()
    }

    pub(crate) fn status(&self) -> Status {
        self.session.status()
    }
}

/// Whether two frames say the same: the order of an object's members, which a
/// feature of the JSON library decides, says nothing.
pub(crate) fn is_same(one: &str, other: &str) -> bool {
    let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    one == other || (read(one).is_some() && read(one) == read(other))
}
