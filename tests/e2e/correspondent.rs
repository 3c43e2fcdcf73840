//! Somebody in a room who needs no browser: speaks the native dialect to the
//! server, past every proxy, and keeps what they heard. A witness of what the
//! server has, who says as much and as fast as a row of the matrix wants.
//!
//! The frames are written out here, and not with the project's own types.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;

use crate::frames::{self, TEXT};
use crate::page::LATER;

static SAID: AtomicU64 = AtomicU64::new(0);

/// What came so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard {
    /// The texts of the log, by their numbers.
    pub(crate) log: std::collections::BTreeMap<u64, String>,
    pub(crate) acknowledged: usize,
    /// Who came and who went, as `came Ann`, `went UID`.
    pub(crate) people: Vec<String>,
    pub(crate) refused: Vec<String>,
}

pub(crate) struct Correspondent {
    pub(crate) name: String,
    conv: String,
    writer: Arc<Mutex<OwnedWriteHalf>>,
    heard: watch::Receiver<Heard>,
    listening: JoinHandle<()>,
}

impl Correspondent {
    /// As a guest of this name, in this room.
    pub(crate) async fn joins(server: SocketAddr, name: &str, room: &str) -> Self {
        let body = json!({ "name": name }).to_string();
        let (head, _) = asks(server, "/api/guest", "", &body).await;
        let cookie = head
            .lines()
            .find_map(|line| {
                line.to_ascii_lowercase()
                    .starts_with("set-cookie: ")
                    .then(|| &line[12..])
            })
            .and_then(|cookie| cookie.split(';').next())
            .expect("a cookie");
        let cookie = format!("Cookie: {cookie}\r\n");
        let (_, ticket) = asks(server, "/api/ticket", &cookie, "{}").await;
        let stream = TcpStream::connect(server).await.expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        let (mut reader, mut writer) = stream.into_split();
        let upgrade = format!(
            "GET /ws HTTP/1.1\r\nHost: {server}\r\nOrigin: http://{server}\r\n{cookie}\
             User-Agent: correspondent\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        writer.write_all(upgrade.as_bytes()).await.expect("asked");
        let rest = until_upgraded(&mut reader).await;
        let conv = format!("room:{room}");
        let writer = Arc::new(Mutex::new(writer));
        let (told, heard) = watch::channel(Heard::default());
        let listening = tokio::spawn(listens(
            reader,
            rest,
            Arc::clone(&writer),
            told,
            conv.clone(),
        ));
        let person = Self {
            name: name.to_owned(),
            conv,
            writer,
            heard,
            listening,
        };
        let ticket = ticket["ticket"].as_str().expect("a ticket");
        person
            .transmits(&json!({ "t": "hello", "ticket": ticket, "ver": 1, "cursors": [] }))
            .await;
        person
            .transmits(&json!({ "t": "open", "conv": person.conv }))
            .await;
        person
            .hears("the room", |heard| !heard.people.is_empty())
            .await;
        person
    }

    /// Hands it to the socket; the server's word on it comes later.
    pub(crate) async fn sends(&self, text: &str) {
        let number = SAID.fetch_add(1, Ordering::Relaxed);
        let cid = format!("{:016x}{number:016x}", std::process::id());
        let body = json!({ "kind": "text", "text": text });
        self.transmits(&json!({ "t": "send", "cid": cid, "conv": self.conv, "body": body }))
            .await;
    }

    async fn transmits(&self, frame: &Value) {
        let frame = frames::masked(TEXT, frame.to_string().as_bytes());
        let mut writer = self.writer.lock().await;
        writer.write_all(&frame).await.expect("the server listens");
    }

    pub(crate) fn heard(&self) -> Heard {
        self.heard.borrow().clone()
    }

    /// Every text of the room since they came, in the log's order.
    pub(crate) fn log(&self) -> Vec<String> {
        self.heard.borrow().log.values().cloned().collect()
    }

    pub(crate) async fn hears(&self, what: &str, holds: impl Fn(&Heard) -> bool) {
        assert!(
            self.hears_within(LATER, holds).await,
            "{} never heard {what}: {:#?}",
            self.name,
            self.heard()
        );
    }

    /// Whether it came in time.
    pub(crate) async fn hears_within(
        &self,
        deadline: Duration,
        holds: impl Fn(&Heard) -> bool,
    ) -> bool {
        let mut heard = self.heard.clone();
        let waited = tokio::time::timeout(deadline, heard.wait_for(|heard| holds(heard))).await;
        matches!(waited, Ok(Ok(_)))
    }

    pub(crate) async fn hears_text(&self, text: &str) {
        let said = |heard: &Heard| heard.log.values().any(|said| said == text);
        self.hears(text, said).await;
    }
}

impl Drop for Correspondent {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn listens(
    mut reader: OwnedReadHalf,
    mut kept: Vec<u8>,
    writer: Arc<Mutex<OwnedWriteHalf>>,
    told: watch::Sender<Heard>,
    conv: String,
) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        while let Some(length) = frames::length(&kept) {
            let frame: Vec<u8> = kept.drain(..length).collect();
            let Some(frame) = frames::payload(&frame)
                .and_then(|payload| serde_json::from_slice::<Value>(payload).ok())
            else {
                continue;
            };
            if frame["t"] == "ping" {
                let pong = frames::masked(TEXT, br#"{"t":"pong"}"#);
                let _ = writer.lock().await.write_all(&pong).await;
            }
            told.send_if_modified(|heard| notes(heard, &frame, &conv));
        }
        match reader.read(&mut buffer).await {
            Ok(taken) if taken > 0 => kept.extend_from_slice(&buffer[..taken]),
            _ => return,
        }
    }
}

/// Whether the frame was news.
fn notes(heard: &mut Heard, frame: &Value, conv: &str) -> bool {
    match frame["t"].as_str() {
        Some("push") if frame["conv"] == conv => {
            let message = &frame["msg"];
            let Some(seq) = message["seq"].as_u64() else {
                return false;
            };
            let text = message["body"]["text"].as_str().unwrap_or_default();
            heard.log.insert(seq, text.to_owned());
        }
        Some("ack") => heard.acknowledged += 1,
        Some("nack") => heard.refused.push(frame.to_string()),
        Some("roster") => heard.people.push("roster".to_owned()),
        Some("came") => {
            let who = frame["who"]["name"].as_str().unwrap_or_default();
            heard.people.push(format!("came {who}"));
        }
        Some("went") => heard.people.push("went".to_owned()),
        _ => return false,
    }
    true
}

async fn until_upgraded(reader: &mut OwnedReadHalf) -> Vec<u8> {
    let mut heard = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let end = heard.windows(4).position(|window| window == b"\r\n\r\n");
        if let Some(end) = end {
            assert!(
                heard.starts_with(b"HTTP/1.1 101"),
                "{}",
                String::from_utf8_lossy(&heard)
            );
            return heard.split_off(end + 4);
        }
        let taken = reader.read(&mut buffer).await.expect("an answer");
        assert!(taken > 0, "no answer to the upgrade");
        heard.extend_from_slice(&buffer[..taken]);
    }
}

/// Posts JSON; the answer's head, and its body read.
async fn asks(server: SocketAddr, path: &str, cookie: &str, body: &str) -> (String, Value) {
    let mut stream = TcpStream::connect(server).await.expect("a connection");
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {server}\r\nOrigin: http://{server}\r\n{cookie}\
         User-Agent: correspondent\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.expect("asked");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a whole answer");
    assert!(head.starts_with("HTTP/1.1 200"), "{path}: {answer}");
    let body = serde_json::from_str(body).unwrap_or_else(|error| panic!("{path}: {error}: {body}"));
    (head.to_owned(), body)
}
