//! A server in this process, clients for it, and the words to talk to them.

mod visitor;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use parlance_server::Ready;
use parlance_server::bus::Bus;
use parlance_server::bus::local::LocalBus;
use parlance_server::config::Config;
use parlance_server::metrics::Metrics;
use parlance_server::store::Store;
use parlance_server::store::sqlite::SqliteStore;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue, Request};
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};

pub(crate) use visitor::{Line, Visitor, transcript};

/// How long anything may take before the test has failed.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// The browser that our clients say they are.
pub(crate) const AGENT: &str = "rig/1";

/// Fails the test when this does not come in time.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, future)
        .await
        .unwrap_or_else(|_| panic!("{what} did not come in time"))
}

/// A server in this process.
pub(crate) struct Rig {
    pub(crate) address: SocketAddr,
    pub(crate) folder: Arc<TempDir>,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

/// Settings under which nobody waits for a rate.
pub(crate) fn generous(folder: &TempDir) -> Config {
    Config {
        guests: true,
        rate: 100_000,
        burst: 100_000,
        ip_rate: 100_000,
        // A ping makes up for what was lost, which must not be lost.
        ping_every: Duration::from_secs(600),
        ..Config::new(folder.path().to_owned())
    }
}

impl Rig {
    /// A server with generous settings.
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// A server with these settings.
    pub(crate) async fn with(set: impl FnOnce(&mut Config)) -> Self {
        let folder = Arc::new(TempDir::new().unwrap());
        Self::on(folder, set).await
    }

    /// A server on this data.
    pub(crate) async fn on(folder: Arc<TempDir>, set: impl FnOnce(&mut Config)) -> Self {
        Self::beside(folder, Arc::new(LocalBus::new()), |store| store, set).await
    }

    /// A server on this bus, whose store is looked at by something in between.
    pub(crate) async fn beside(
        folder: Arc<TempDir>,
        bus: Arc<dyn Bus>,
        wrap: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>,
        set: impl FnOnce(&mut Config),
    ) -> Self {
        let mut config = generous(&folder);
        set(&mut config);
        let metrics = Arc::new(Metrics::default());
        let store = SqliteStore::open(&config.data, Arc::clone(&metrics)).unwrap();
        let store = wrap(Arc::new(store));
        let ready = Ready::on(config, store, bus, metrics).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(ready.serve(listener, async {
            let _ = stopped.await;
        }));
        Self {
            address,
            folder,
            stop,
            served,
        }
    }

    /// Asks it to end; ready when it has.
    pub(crate) async fn stop(self) -> Arc<TempDir> {
        self.stop.send(()).unwrap();
        soon("the end", self.served).await.unwrap();
        self.folder
    }

    /// Asks it to end, without waiting.
    pub(crate) fn end(self) -> JoinHandle<()> {
        self.stop.send(()).unwrap();
        self.served
    }

    pub(crate) fn client(&self) -> Client {
        Client::of(self.address)
    }

    /// A person who is online, known by a bare token.
    pub(crate) async fn person(&self, name: &str) -> Peer {
        self.client().person(name).await
    }

    /// A person who is online and has opened this conversation.
    pub(crate) async fn person_in(&self, name: &str, conv: &str) -> Peer {
        let mut peer = self.person(name).await;
        peer.open(conv).await;
        peer
    }

    /// A signed token, as the program would print it.
    pub(crate) fn token(&self, uid: &str, host: bool, ttl: Duration) -> String {
        token(&self.folder, uid, host, ttl)
    }
}

/// A signed token for the server on this data.
pub(crate) fn token(folder: &TempDir, uid: &str, host: bool, ttl: Duration) -> String {
    use secrecy::ExposeSecret;
    let tokens = parlance_server::auth::Tokens::open(&folder.path().join("secret"), true).unwrap();
    let person = parlance_server::store::Person {
        uid: parlance_core::ids::Uid::new(uid),
        name: uid.to_uppercase(),
        avatar: None,
        host,
        seen: None,
    };
    tokens
        .sign(&person, ttl)
        .unwrap()
        .expose_secret()
        .to_owned()
}

/// One who speaks HTTP and opens sockets, like a browser with one page.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) address: SocketAddr,
    pub(crate) origin: String,
    pub(crate) agent: String,
    pub(crate) more: Vec<(String, String)>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("not JSON: {:?}", String::from_utf8_lossy(&self.body)))
    }

    /// The code of a refusal.
    pub(crate) fn code(&self) -> String {
        let json = self.json();
        assert!(!json["error"]["text"].as_str().unwrap().is_empty());
        json["error"]["code"].as_str().unwrap().to_owned()
    }
}

impl Client {
    pub(crate) fn of(address: SocketAddr) -> Self {
        Self {
            address,
            origin: format!("http://{address}"),
            agent: AGENT.to_owned(),
            more: Vec::new(),
        }
    }

    /// The same, with one more header on every request.
    pub(crate) fn with(&self, name: &str, value: &str) -> Self {
        let mut client = self.clone();
        client.more.push((name.to_owned(), value.to_owned()));
        client
    }

    /// The same, with a token.
    pub(crate) fn bearing(&self, token: &str) -> Self {
        self.with("authorization", &format!("Bearer {token}"))
    }

    /// The same, on a page of another origin.
    pub(crate) fn from(&self, origin: &str) -> Self {
        Self {
            origin: origin.to_owned(),
            ..self.clone()
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, "").await
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> Answer {
        self.ask("POST", path, body).await
    }

    pub(crate) async fn ask(&self, method: &str, path: &str, body: &str) -> Answer {
        self.ask_bytes(method, path, body.as_bytes()).await
    }

    pub(crate) async fn ask_bytes(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        soon("an answer", self.exchange(method, path, body)).await
    }

    /// The head of a request with a body of this length.
    pub(crate) fn head(&self, method: &str, path: &str, length: usize) -> String {
        let mut head = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
        if !self.more.iter().any(|(name, _)| name == "host") {
            head += &format!("host: {}\r\n", self.address);
        }
        if !self.origin.is_empty() {
            head += &format!("origin: {}\r\n", self.origin);
        }
        head += &format!("user-agent: {}\r\n", self.agent);
        for (name, value) in &self.more {
            head += &format!("{name}: {value}\r\n");
        }
        head + &format!("content-length: {length}\r\n\r\n")
    }

    async fn exchange(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        let head = self.head(method, path, body.len());
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        // One that refuses early may not take all of it.
        let _ = stream.write_all(body).await;
        let mut bytes = Vec::new();
        // A server that refuses early may reset after its answer.
        let _ = stream.read_to_end(&mut bytes).await;
        read_answer(&bytes)
    }

    /// A ticket for whoever this is.
    pub(crate) async fn ticket(&self) -> String {
        let answer = self.post("/api/ticket", "").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["ticket"].as_str().unwrap().to_owned()
    }

    /// The handshake of a socket, or the status of its refusal.
    pub(crate) async fn dial(&self) -> Result<Peer, u16> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        self.dial_on(stream).await
    }

    pub(crate) async fn dial_on(&self, stream: TcpStream) -> Result<Peer, u16> {
        Ok(Peer {
            socket: self.handshake("/ws", stream).await?,
            kept: VecDeque::new(),
            n: 0,
            welcome: Value::Null,
        })
    }

    async fn handshake(
        &self,
        path: &str,
        stream: TcpStream,
    ) -> Result<WebSocketStream<TcpStream>, u16> {
        let url = format!("ws://{}{path}", self.address);
        let mut request: Request<()> = url.into_client_request().unwrap();
        let headers = request.headers_mut();
        if !self.origin.is_empty() {
            headers.insert("origin", HeaderValue::from_str(&self.origin).unwrap());
        }
        headers.insert("user-agent", HeaderValue::from_str(&self.agent).unwrap());
        for (name, value) in &self.more {
            let name: HeaderName = name.parse().unwrap();
            headers.insert(name, HeaderValue::from_str(value).unwrap());
        }
        let handshake = tokio_tungstenite::client_async(request, stream);
        match soon("the handshake", handshake).await {
            Ok((socket, answer)) => {
                assert!(answer.headers().get("sec-websocket-extensions").is_none());
                Ok(socket)
            }
            Err(SocketError::Http(answer)) => Err(answer.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// A person who is online, known by what this client bears.
    pub(crate) async fn online(&self) -> Peer {
        let mut peer = self.dial().await.unwrap();
        peer.hello(&self.ticket().await).await;
        peer.welcome = peer.next().await;
        assert_eq!(peer.welcome["t"], "welcome", "{}", peer.welcome);
        peer
    }

    /// A person who is online, known by a bare token.
    pub(crate) async fn person(&self, name: &str) -> Peer {
        self.bearing(name).online().await
    }
}

fn read_answer(bytes: &[u8]) -> Answer {
    let end = bytes
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .unwrap_or_else(|| panic!("no answer: {:?}", String::from_utf8_lossy(bytes)));
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap();
    let headers = lines.map(|line| {
        let (name, value) = line.split_once(": ").unwrap();
        (name.to_ascii_lowercase(), value.to_owned())
    });
    Answer {
        status: status.parse().unwrap(),
        headers: headers.collect(),
        body: bytes[end + 4..].to_vec(),
    }
}

/// One link, seen from the client.
pub(crate) struct Peer {
    pub(crate) socket: WebSocketStream<TcpStream>,
    /// Frames that came while another was waited for.
    pub(crate) kept: VecDeque<Value>,
    n: u64,
    pub(crate) welcome: Value,
}

static MADE: AtomicU64 = AtomicU64::new(1);

/// A client id that no other test uses.
pub(crate) fn new_cid() -> String {
    format!("cid-{}", MADE.fetch_add(1, Ordering::Relaxed))
}

pub(crate) fn words(text: &str) -> Value {
    json!({"kind": "text", "text": text})
}

impl Peer {
    pub(crate) async fn hello(&mut self, ticket: &str) {
        self.say(json!({"t": "hello", "ticket": ticket, "ver": 1}))
            .await;
    }

    pub(crate) async fn say(&mut self, frame: Value) {
        self.raw(Message::text(frame.to_string())).await;
    }

    pub(crate) async fn raw(&mut self, message: Message) {
        soon("the sending", self.socket.send(message))
            .await
            .unwrap();
    }

    /// The next frame, whatever it is; the numbers have no hole.
    pub(crate) async fn next(&mut self) -> Value {
        if let Some(frame) = self.kept.pop_front() {
            return frame;
        }
        soon("a frame", self.fresh()).await
    }

    async fn fresh(&mut self) -> Value {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    let frame: Value = serde_json::from_str(&text).unwrap();
                    self.n += 1;
                    assert_eq!(frame["n"], self.n, "{frame}");
                    if frame["t"] == "ping" {
                        // As every client does.
                        self.say(json!({"t": "pong"})).await;
                    }
                    return frame;
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("a frame was due, and this came: {other:?}"),
            }
        }
    }

    /// The next frame of this kind; the others are kept.
    pub(crate) async fn wait(&mut self, kind: &str) -> Value {
        self.wait_for(kind, |_| true).await
    }

    /// The next frame of this kind that is as wanted; the others are kept.
    pub(crate) async fn wait_for(&mut self, kind: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let is_it = |frame: &Value| frame["t"] == kind && wanted(frame);
        if let Some(at) = self.kept.iter().position(is_it) {
            return self.kept.remove(at).unwrap();
        }
        let coming = async {
            loop {
                let frame = self.fresh().await;
                if is_it(&frame) {
                    return frame;
                }
                // Nobody but a test of pings asks for those.
                if frame["t"] != "ping" || kind == "ping" {
                    self.kept.push_back(frame);
                }
            }
        };
        soon(kind, coming).await
    }

    /// The frames of this kind that have come until everything that was on
    /// its way when this was called is here.
    pub(crate) async fn so_far(&mut self, kind: &str) -> Vec<Value> {
        self.say(json!({"t": "ping"})).await;
        self.wait("pong").await;
        let (wanted, kept): (VecDeque<_>, _) =
            self.kept.drain(..).partition(|frame| frame["t"] == kind);
        self.kept = kept;
        Vec::from(wanted)
    }

    pub(crate) async fn open(&mut self, conv: &str) -> Value {
        self.say(json!({"t": "open", "conv": conv})).await;
        let opened = self
            .wait_for("opened", |frame| frame["head"]["conv"] == conv)
            .await;
        self.wait_for("roster", |frame| frame["conv"] == conv).await;
        opened
    }

    /// Sends, without waiting for what comes of it.
    pub(crate) async fn post(&mut self, conv: &str, cid: &str, body: Value) {
        self.say(json!({"t": "send", "cid": cid, "conv": conv, "body": body}))
            .await;
    }

    /// Sends, and answers the acknowledgement or the refusal.
    pub(crate) async fn send(&mut self, conv: &str, cid: &str, body: Value) -> Value {
        self.post(conv, cid, body).await;
        self.answer_to(cid).await
    }

    pub(crate) async fn answer_to(&mut self, cid: &str) -> Value {
        let is_it =
            |frame: &Value| (frame["t"] == "ack" || frame["t"] == "nack") && frame["cid"] == cid;
        if let Some(at) = self.kept.iter().position(is_it) {
            return self.kept.remove(at).unwrap();
        }
        let coming = async {
            loop {
                let frame = self.fresh().await;
                if is_it(&frame) {
                    return frame;
                }
                self.kept.push_back(frame);
            }
        };
        soon("an acknowledgement", coming).await
    }

    /// Says something, and answers its place.
    pub(crate) async fn talk(&mut self, conv: &str, text: &str) -> u64 {
        let ack = self.send(conv, &new_cid(), words(text)).await;
        assert_eq!(ack["t"], "ack", "{ack}");
        ack["seq"].as_u64().unwrap()
    }

    /// The code of the refusal of a message.
    pub(crate) async fn refusal(&mut self, conv: &str, body: Value) -> String {
        let nack = self.send(conv, &new_cid(), body).await;
        assert_eq!(nack["t"], "nack", "{nack}");
        nack["code"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn fill(&mut self, mut more: Value) -> Value {
        let req = MADE.fetch_add(1, Ordering::Relaxed);
        more["t"] = json!("fill");
        more["req"] = json!(req);
        if more.get("limit").is_none() {
            more["limit"] = json!(50);
        }
        self.say(more).await;
        let coming = async {
            loop {
                let frame = self.fresh().await;
                if frame["req"] == req {
                    return frame;
                }
                self.kept.push_back(frame);
            }
        };
        soon("a page", coming).await
    }

    /// The code that the server closes with, and its reason. What came before
    /// the close is kept.
    pub(crate) async fn closed(&mut self) -> (u16, String) {
        let coming = async {
            loop {
                match self.socket.next().await {
                    Some(Ok(Message::Close(Some(frame)))) => {
                        return (frame.code.into(), frame.reason.as_str().to_owned());
                    }
                    Some(Ok(Message::Text(text))) => {
                        self.kept.push_back(serde_json::from_str(&text).unwrap());
                    }
                    Some(Ok(_)) => {}
                    other => panic!("a close was due, and this came: {other:?}"),
                }
            }
        };
        soon("the close", coming).await
    }

    /// Goes away as a browser does.
    pub(crate) async fn leave(mut self) {
        self.socket.close(None).await.unwrap();
        while let Some(Ok(_)) = self.socket.next().await {}
    }
}

/// The texts of a page.
pub(crate) fn texts(page: &Value) -> Vec<&str> {
    let messages = page["msgs"].as_array().unwrap().iter();
    messages
        .map(|message| message["body"]["text"].as_str().unwrap())
        .collect()
}

/// The places of a page's messages.
pub(crate) fn seqs(page: &Value) -> Vec<u64> {
    let messages = page["msgs"].as_array().unwrap().iter();
    messages
        .map(|message| message["seq"].as_u64().unwrap())
        .collect()
}
