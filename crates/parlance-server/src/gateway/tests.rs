//! The seam itself, driven by a gateway that speaks it out loud: each command
//! is a call, each event a line.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use futures_util::{SinkExt, StreamExt};
use parlance_core::content::Content;
use parlance_core::ids::{ConversationId, Seq, Uid};
use serde_json::json;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message as Frame;

use super::{Call, Dialogue, Event, Scope, Visit, client_id};
use crate::auth::Identity;
use crate::bus::local::LocalBus;
use crate::config::Config;
use crate::http::{self, Remote};
use crate::listen;
use crate::mailbox::{Closing, Notice, Nudge};
use crate::metrics::Metrics;
use crate::server::Server;
use crate::socket::Ending;
use crate::store::sqlite::SqliteStore;
use crate::voice::{NotRecalled, Refusal, Voice};
use crate::who::{self, Unknown};

const NAME: &str = "probe";

/// A gateway that does what it is told.
struct Probe;

impl Dialogue for Probe {
    async fn converse(&mut self, visit: &mut Visit) -> Result<Infallible, Ending> {
        loop {
            let event = visit.next().await?;
            let said = match &event {
                Event::Text(text) => self.obey(visit, text.as_str()).await?,
                Event::Message(conversation, message) => vec![format!(
                    "message {conversation} {} {}",
                    message.seq,
                    super::words(&super::content(message))
                )],
                Event::Recalled(conversation, seq, _, words) => {
                    vec![format!("recalled {conversation} {seq} {words}")]
                }
                Event::Came(conversation, who) => {
                    vec![format!("came {conversation} {} {}", who.uid, who.name)]
                }
                Event::Went(conversation, uid, _) => vec![format!("went {conversation} {uid}")],
                Event::Typing(conversation, who) => {
                    vec![format!("typing {conversation} {}", who.uid)]
                }
                Event::Read(conversation, uid, seq) => {
                    vec![format!("read {conversation} {uid} {seq}")]
                }
                Event::Joined(conversation) => vec![format!("joined {conversation}")],
                Event::People(conversation) => vec![format!("people {conversation}")],
                Event::Nudge(what) => vec![format!("nudge {what}")],
                Event::Woke => vec!["woke".to_owned()],
            };
            visit.tell(said).await?;
        }
    }

    fn last_words(&self, closing: &Closing) -> Vec<String> {
        vec![format!("closing {}", closing.code)]
    }
}

impl Probe {
    async fn obey(&self, visit: &mut Visit, text: &str) -> Result<Vec<String>, Ending> {
        let (command, rest) = text.split_once(' ').unwrap_or((text, ""));
        let (first, words) = rest.split_once(' ').unwrap_or((rest, ""));
        let conversation = ConversationId::parse(first);
        let conversation = conversation.unwrap_or_else(|| ConversationId::room("none"));
        Ok(match command {
            "in" | "all" => {
                let scope = if command == "all" {
                    Scope::Everything
                } else {
                    Scope::Entered
                };
                let identity = who::by_token(visit.server(), first, visit.from).await;
                let mut identity = identity.map_err(|_| Ending::code(1008))?;
                let name = Some(words).filter(|name| !name.is_empty());
                let introduced = who::introduce(visit.server(), &mut identity, name, None);
                introduced.await.map_err(|_| Ending::code(1011))?;
                visit.come_in(identity, scope).await?;
                vec!["in".to_owned()]
            }
            "enter" => vec![match visit.enter(&conversation).await {
                Ok(seq) => format!("entered {seq}"),
                Err(refusal) => refusal.code().to_owned(),
            }],
            "say" => {
                let content = Content::Text(words.to_owned());
                match visit.say(&conversation, None, &content).await {
                    Ok(_) => vec![],
                    Err(refusal) => vec![refusal.code().to_owned()],
                }
            }
            // The echo before the acknowledgement.
            "echo" => {
                let content = Content::Text(words.to_owned());
                let said = visit.say(&conversation, None, &content).await;
                let seq = said.map_err(|_| Ending::code(1011))?.seq;
                let ahead = visit.ahead(&conversation, seq).await?;
                let echo = |message: &Arc<crate::store::Message>| format!("echo {}", message.seq);
                let mut lines: Vec<_> = ahead.iter().map(echo).collect();
                lines.push(format!("ack {seq}"));
                lines
            }
            "wake" => {
                visit.wake_in(Duration::from_millis(1));
                vec![]
            }
            // Without a word: whoever reads what a test run printed looks for
            // those that nobody wanted.
            "fail" => std::panic::resume_unwind(Box::new("a gateway's own fault")),
            _ => vec!["done".to_owned()],
        })
    }
}

/// A server with the probe on it.
struct Rig {
    server: Arc<Server>,
    address: std::net::SocketAddr,
    _folder: TempDir,
}

impl Rig {
    async fn start(set: impl FnOnce(&mut Config)) -> Self {
        let folder = TempDir::new().unwrap();
        let mut config = Config {
            guests: true,
            rate: 100_000,
            burst: 100_000,
            linger: Duration::from_millis(20),
            ..Config::new(folder.path().to_owned())
        };
        set(&mut config);
        let metrics = Arc::new(Metrics::default());
        let store = SqliteStore::open(&config.data, Arc::clone(&metrics)).unwrap();
        let bus = Arc::new(LocalBus::new());
        let server = Arc::new(Server::new(config, Arc::new(store), bus, metrics).unwrap());
        server.hub.beside(Arc::clone(&server.hub).pass_hints());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let probe = Router::new()
            .route("/probe", get(answer))
            .with_state(Arc::clone(&server));
        let router = http::router(Arc::clone(&server)).merge(probe);
        let serving = Arc::clone(&server);
        tokio::spawn(async move {
            while let Ok((stream, remote)) = listener.accept().await {
                let (router, server) = (router.clone(), Arc::clone(&serving));
                tokio::spawn(listen::answer(stream, Remote(remote), router, server));
            }
        });
        Self {
            server,
            address,
            _folder: folder,
        }
    }

    async fn probe(&self) -> Client {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let url = format!("ws://{}/probe", self.address);
        let (socket, _) = tokio_tungstenite::client_async(url, stream).await.unwrap();
        Client(socket)
    }

    /// Somebody who is told of everything that is theirs.
    async fn person(&self, uid: &str) -> Client {
        let mut client = self.probe().await;
        client.does(&format!("all {uid}"), "in").await;
        client
    }

    fn voice(&self, uid: &str) -> Voice {
        let person = crate::auth::named(uid).unwrap().person;
        Voice::new(&self.server, person)
    }
}

async fn answer(call: Call) -> Response {
    call.receive(NAME, Probe)
}

struct Client(WebSocketStream<TcpStream>);

impl Client {
    async fn say(&mut self, text: &str) {
        self.0.send(Frame::text(text)).await.unwrap();
    }

    async fn next(&mut self) -> String {
        let coming = async {
            loop {
                match self.0.next().await {
                    Some(Ok(Frame::Text(text))) => return text.as_str().to_owned(),
                    Some(Ok(Frame::Close(Some(frame)))) => {
                        return format!("closed {}", u16::from(frame.code));
                    }
                    Some(Ok(_)) => {}
                    other => panic!("a line was due, and this came: {other:?}"),
                }
            }
        };
        let coming = tokio::time::timeout(Duration::from_secs(30), coming);
        coming.await.expect("a line in time")
    }

    /// Says this, and the next line is that.
    async fn does(&mut self, text: &str, due: &str) {
        self.say(text).await;
        self.hears(&[due]).await;
    }

    async fn hears(&mut self, due: &[&str]) {
        for due in due {
            assert_eq!(self.next().await, *due);
        }
    }

    /// Nothing more is on its way.
    async fn hears_no_more(&mut self) {
        self.does("ready", "done").await;
    }
}

const LOBBY: &str = "room:lobby";

#[tokio::test]
async fn who_writes_first_is_heard_by_somebody_who_knew_nothing_of_them() {
    let rig = Rig::start(|_| {}).await;
    let mut bob = rig.person("bob").await;
    let mut narrow = rig.probe().await;
    narrow.does("in bob", "in").await;
    let mut alice = rig.person("alice").await;
    alice.say("say pair:alice:bob one").await;
    alice.say("say pair:alice:bob two").await;
    bob.hears(&[
        "joined pair:alice:bob",
        "message pair:alice:bob 1 one",
        "message pair:alice:bob 2 two",
    ])
    .await;
    bob.say("say pair:alice:bob three").await;
    bob.hears(&["message pair:alice:bob 3 three"]).await;
    let mut heard = Vec::new();
    while heard.len() < 3 {
        let line = alice.next().await;
        if line.starts_with("message") {
            heard.push(line);
        }
    }
    assert_eq!(heard[2], "message pair:alice:bob 3 three");
    // Whoever asked for what they enter alone is told of nothing else.
    narrow.hears_no_more().await;
    narrow.does("enter pair:alice:bob", "entered 3").await;
    bob.say("say pair:alice:bob four").await;
    narrow.hears(&["message pair:alice:bob 4 four"]).await;
}

#[tokio::test]
async fn a_room_entered_elsewhere_is_heard_from_now_on() {
    let rig = Rig::start(|_| {}).await;
    let mut alice = rig.person("alice").await;
    alice.does("enter room:lobby", "entered 0").await;
    alice.say("say room:lobby before").await;
    alice.hears(&["message room:lobby 1 before"]).await;
    let mut bob = rig.person("bob").await;
    let mut phone = rig.person("bob").await;
    bob.does("enter room:lobby", "entered 1").await;
    alice.hears(&["came room:lobby bob bob"]).await;
    phone.hears(&["joined room:lobby"]).await;
    alice.say("say room:lobby after").await;
    for client in [&mut bob, &mut phone] {
        client.hears(&["message room:lobby 2 after"]).await;
    }
}

#[tokio::test]
async fn an_echo_comes_before_its_acknowledgement_and_only_once() {
    let rig = Rig::start(|_| {}).await;
    let mut alice = rig.person("alice").await;
    alice.does("enter room:lobby", "entered 0").await;
    let mut bob = rig.person("bob").await;
    bob.does("enter room:lobby", "entered 0").await;
    alice.hears(&["came room:lobby bob bob"]).await;
    for number in 1..=50 {
        bob.say("say room:lobby x").await;
        alice.say("echo room:lobby y").await;
        let mut last = 0;
        let mut heard = 0;
        // Both messages in order, mine before its acknowledgement.
        while heard < 2 {
            let line = alice.next().await;
            let place = line.split(' ').find_map(|word| word.parse::<u64>().ok());
            let place = place.unwrap();
            if line.starts_with("ack") {
                assert!(place <= last, "{line} before its echo");
                continue;
            }
            assert!(place > last, "{line} after {last}");
            assert!((2 * number - 1..=2 * number).contains(&place), "{line}");
            (last, heard) = (place, heard + 1);
        }
        // The acknowledgement may still be to come.
        alice.say("ready").await;
        while alice.next().await != "done" {}
        for _ in 0..2 {
            assert!(bob.next().await.starts_with("message"));
        }
    }
    alice.hears_no_more().await;
}

#[tokio::test]
async fn a_second_login_renews_a_name_and_another_person_is_another() {
    let rig = Rig::start(|_| {}).await;
    let mut bob = rig.person("bob").await;
    bob.does("enter room:lobby", "entered 0").await;
    let mut alice = rig.probe().await;
    alice.does("in alice", "in").await;
    alice.does("enter room:lobby", "entered 0").await;
    bob.hears(&["came room:lobby alice alice"]).await;
    alice.does("in alice Alice the First", "in").await;
    // Still there, and still told.
    bob.say("say room:lobby hello").await;
    bob.hears(&["message room:lobby 1 hello"]).await;
    alice.hears(&["message room:lobby 1 hello"]).await;
    let people = rig
        .voice("bob")
        .people(&ConversationId::room("lobby"))
        .await;
    let people = people.unwrap();
    let named = people.iter().find(|who| who.uid == "alice").unwrap();
    assert_eq!(
        (named.name.as_str(), named.online),
        ("Alice the First", true)
    );
    alice.does("in carol", "in").await;
    bob.hears(&["went room:lobby alice"]).await;
    bob.say("say room:lobby anybody").await;
    alice.hears_no_more().await;
}

#[tokio::test]
async fn what_is_taken_back_is_gone_for_everybody() {
    let rig = Rig::start(|_| {}).await;
    let lobby = ConversationId::room("lobby");
    let mut alice = rig.person("alice").await;
    alice.does("enter room:lobby", "entered 0").await;
    alice.say("say room:lobby secret").await;
    alice.hears(&["message room:lobby 1 secret"]).await;
    let (mine, theirs) = (rig.voice("alice"), rig.voice("bob"));
    theirs.enter(&lobby, None).await.unwrap();
    let page = mine
        .page(&lobby, parlance_core::frame::Part::Newest, 9)
        .await;
    let id = page.unwrap().messages[0].id.clone();
    let (minute, words) = (Duration::from_secs(60), "gone");
    let refused = theirs.recall(&lobby, &id, minute, words).await;
    assert_eq!(refused, Err(NotRecalled::Nothing));
    let stranger = rig.voice("carol").recall(&lobby, &id, minute, words).await;
    let nowhere = Err(NotRecalled::Refused(Refusal::NoConversation));
    assert_eq!(stranger, nowhere);
    alice.hears_no_more().await;
    let done = mine.recall(&lobby, &id, minute, words).await;
    assert_eq!(done, Ok(Seq(1)));
    alice.hears(&["recalled room:lobby 1 gone"]).await;
    // What was read before for others is not read to anybody again.
    let mut bob = rig.probe().await;
    bob.does("in bob", "in").await;
    bob.does("enter room:lobby", "entered 1").await;
    let room = rig.server.hub.room(&lobby).unwrap();
    let read = rig.server.hub.messages_after(&room, Seq(0)).await.unwrap();
    assert_eq!(
        read[0].message.body,
        json!({"kind": "notice", "text": "gone"})
    );
    let late = mine.recall(&lobby, "7", minute, words).await;
    assert_eq!(late, Err(NotRecalled::Nothing));
}

#[tokio::test]
async fn a_nudge_reaches_the_same_gateway_and_the_same_person() {
    let rig = Rig::start(|_| {}).await;
    let mut alice = rig.person("alice").await;
    let mut bob = rig.person("bob").await;
    for gateway in ["elsewhere", NAME] {
        let nudge = Notice::Nudge(Nudge {
            gateway,
            what: gateway,
        });
        rig.server.hub.tell_person(&Uid::new("alice"), None, &nudge);
    }
    alice.hears(&["nudge probe"]).await;
    alice.hears_no_more().await;
    bob.hears_no_more().await;
    alice.does("wake", "woke").await;
}

#[tokio::test]
async fn a_stranger_hears_nothing_and_is_not_kept() {
    let rig = Rig::start(|config| config.hello_within = Duration::from_millis(300)).await;
    let mut stranger = rig.probe().await;
    stranger.does("enter room:lobby", "forbidden").await;
    stranger.does("say room:lobby x", "forbidden").await;
    stranger.hears(&["closing 4002", "closed 1013"]).await;
    let mut wrong = rig.probe().await;
    wrong.say("in a.b.c").await;
    wrong.hears(&["closing 1008", "closed 1008"]).await;
}

#[tokio::test]
async fn a_gateway_that_fails_ends_its_own_visit_alone() {
    let rig = Rig::start(|_| {}).await;
    let mut bob = rig.person("bob").await;
    bob.does("enter room:lobby", "entered 0").await;
    let mut alice = rig.person("alice").await;
    alice.does("enter room:lobby", "entered 0").await;
    bob.hears(&["came room:lobby alice alice"]).await;
    alice.say("fail").await;
    alice.hears(&["closing 4006", "closed 1011"]).await;
    bob.hears(&["went room:lobby alice"]).await;
    bob.hears_no_more().await;
}

#[tokio::test]
async fn a_name_is_believed_with_guests_and_signed_for_without() {
    let from = [127, 0, 0, 1].into();
    let uid = |known: Result<Identity, Unknown>| known.map(|it| it.person.uid.to_string());
    let bad = Err(Unknown::Disbelieved(crate::auth::Disbelief::Bad));
    let rig = Rig::start(|_| {}).await;
    let person = crate::auth::named("alice").unwrap().person;
    let sign = |rig: &Rig| {
        use secrecy::ExposeSecret;
        let token = rig.server.tokens.sign(&person, Duration::from_secs(60));
        token.unwrap().expose_secret().to_owned()
    };
    let token = sign(&rig);
    for (name, shown) in [("alice", ""), ("alice", "any password."), ("alice", &token)] {
        let known = who::by_name(&rig.server, name, shown, from).await;
        assert_eq!(uid(known), Ok("alice".to_owned()), "{shown}");
    }
    let known = who::by_name(&rig.server, "bob", &token, from).await;
    assert_eq!(uid(known), bad, "a token of somebody else");
    let known = who::by_name(&rig.server, "g-1234", "", from).await;
    assert_eq!(uid(known), bad, "a guest has a secret of their own");
    let rig = Rig::start(|config| config.guests = false).await;
    let token = sign(&rig);
    let known = who::by_name(&rig.server, "alice", &token, from).await;
    assert!(known.as_ref().is_ok_and(Identity::is_signed));
    for (name, shown) in [("alice", ""), ("alice", "alice"), ("bob", &token)] {
        let known = who::by_name(&rig.server, name, shown, from).await;
        assert_eq!(uid(known), bad, "{name} {shown}");
    }
    let nobody = who::by_name(&rig.server, "", &token, from).await;
    assert_eq!(nobody, Err(Unknown::Nobody));
}

#[tokio::test]
async fn new_people_from_one_address_are_counted_and_known_ones_are_not() {
    let rig = Rig::start(|config| config.ip_rate = 1).await;
    let from = [10, 0, 0, 7].into();
    let mut refused = 0;
    for number in 0..30 {
        let name = format!("p{number}");
        match who::by_token(&rig.server, &name, from).await {
            Ok(_) => {}
            Err(Unknown::TooMany(_)) => refused += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!((5..=10).contains(&refused), "{refused}");
    for _ in 0..30 {
        assert!(who::by_token(&rig.server, "p0", from).await.is_ok());
    }
}

#[tokio::test]
async fn numbers_lead_back_to_their_people() {
    let rig = Rig::start(|_| {}).await;
    let numbers = &rig.server.numbers;
    for (name, number) in [("42", Some(42)), ("13800000000", Some(13_800_000_000))] {
        assert_eq!(numbers.of(&Uid::new(name)).await.ok(), number);
    }
    let mut given = Vec::new();
    for name in ["alice", "042", "小明", "alice", "9000000000000001"] {
        let uid = Uid::new(name);
        let number = numbers.of(&uid).await.unwrap();
        assert!(number > 9_000_000_000_000_000 && number < 1 << 53);
        let back = numbers.named(&number.to_string()).await;
        assert_eq!(back, Ok(Some(uid.clone())), "{name}");
        assert_eq!(numbers.person(number).await, Ok(Some(uid)));
        given.push(number);
    }
    assert_eq!(given[0], given[3], "the same for ever");
    given.dedup();
    given.sort_unstable();
    given.dedup();
    assert_eq!(given.len(), 4, "and nobody else's");
    assert_eq!(numbers.named("alice").await, Ok(Some(Uid::new("alice"))));
    assert_eq!(numbers.named("42").await, Ok(Some(Uid::new("42"))));
    assert_eq!(numbers.named("9000000000009999").await, Ok(None));
    assert_eq!(numbers.named("").await, Ok(None));
}

#[test]
fn a_clients_own_id_fits_the_store_whatever_it_is() {
    let id = |text: &str| client_id("jim", text).map(|id| id.as_str().to_owned());
    assert_eq!(id("a-1").as_deref(), Some("jim-a-1"));
    assert_eq!(id(""), None);
    let odd = ["{\"x\":1}", "小", &"x".repeat(500)].map(|text| id(text).unwrap());
    assert!(odd.iter().all(|id| id.len() <= 64));
    assert_eq!(odd[0], id("{\"x\":1}").unwrap());
    assert_ne!(odd[0], odd[1]);
}

#[tokio::test]
async fn read_and_typing_cross_over() {
    let rig = Rig::start(|_| {}).await;
    let lobby = ConversationId::room("lobby");
    let mut alice = rig.person("alice").await;
    alice.does("enter room:lobby", "entered 0").await;
    alice.say("say room:lobby x").await;
    alice.hears(&["message room:lobby 1 x"]).await;
    let bob = rig.voice("bob");
    bob.enter(&lobby, None).await.unwrap();
    bob.read(lobby.clone(), Seq(1), None);
    alice.hears(&["read room:lobby bob 1"]).await;
    let room = rig.server.hub.room(&lobby).unwrap();
    room.tell_typing(&bob.seen_by_others(true));
    alice.hears(&["typing room:lobby bob"]).await;
    let list = bob.conversations(10).await.unwrap();
    assert_eq!((list.len(), list[0].unread, list[0].read), (1, 0, Seq(1)));
    assert_eq!(LOBBY, list[0].conversation.to_string());
}
