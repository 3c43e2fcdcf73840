//! A client of another backend: texts on a WebSocket, as they stand on the
//! wire, and nothing that our own code wrote.

use std::collections::VecDeque;

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use super::{Client, Rig, soon};

impl Rig {
    /// A server with these gateways, and generous settings.
    pub(crate) async fn with_gateways(names: &[&'static str]) -> Self {
        Self::with_gateways_and(names, |_| {}).await
    }

    /// The same, with these settings.
    pub(crate) async fn with_gateways_and(
        names: &[&'static str],
        set: impl FnOnce(&mut parlance_server::config::Config),
    ) -> Self {
        Self::with(|config| {
            config.gateways.0 = names.to_vec();
            set(config);
        })
        .await
    }

    /// A page of another backend, at this path and query. It sends no Origin,
    /// as native mini-program sockets do not.
    pub(crate) async fn visitor(&self, path: &str) -> Visitor {
        self.client().from("").visitor(path).await.unwrap()
    }
}

impl Client {
    /// The handshake at this path, or the status of its refusal.
    pub(crate) async fn visitor(&self, path: &str) -> Result<Visitor, u16> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let socket = self.handshake(path, stream).await?;
        Ok(Visitor {
            socket,
            kept: VecDeque::new(),
        })
    }
}

/// One socket, seen from the old page.
pub(crate) struct Visitor {
    pub(crate) socket: WebSocketStream<TcpStream>,
    /// Texts that came while another was waited for.
    pub(crate) kept: VecDeque<String>,
}

impl Visitor {
    /// Says this text as it is.
    pub(crate) async fn say(&mut self, text: &str) {
        let message = Message::text(text);
        soon("the sending", self.socket.send(message))
            .await
            .unwrap();
    }

    /// The next text, whatever it is.
    pub(crate) async fn next(&mut self) -> String {
        if let Some(text) = self.kept.pop_front() {
            return text;
        }
        soon("a text", self.fresh()).await
    }

    /// The next text, as JSON.
    pub(crate) async fn json(&mut self) -> Value {
        let text = self.next().await;
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("not JSON: {text}"))
    }

    /// The next frame that is as wanted; the others are kept.
    pub(crate) async fn wait_for(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        let read = |text: &str| serde_json::from_str(text).unwrap_or(Value::Null);
        if let Some(at) = self.kept.iter().position(|text| wanted(&read(text))) {
            return read(&self.kept.remove(at).unwrap());
        }
        let coming = async {
            loop {
                let text = self.fresh().await;
                let frame = read(&text);
                if wanted(&frame) {
                    return frame;
                }
                self.kept.push_back(text);
            }
        };
        soon("a frame", coming).await
    }

    async fn fresh(&mut self) -> String {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => return text.as_str().to_owned(),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("a text was due, and this came: {other:?}"),
            }
        }
    }

    /// Every text until this one, which the gateway answers to `asked`: what
    /// was on its way before is in the answer.
    pub(crate) async fn until(&mut self, asked: &str, answer: &str) -> Vec<String> {
        self.say(asked).await;
        let mut before = Vec::new();
        loop {
            let text = self.next().await;
            if text == answer {
                return before;
            }
            before.push(text);
        }
    }

    /// The code that the server closes with. What came before is kept.
    pub(crate) async fn closed(&mut self) -> u16 {
        let coming = async {
            loop {
                match self.socket.next().await {
                    Some(Ok(Message::Close(Some(frame)))) => return frame.code.into(),
                    Some(Ok(Message::Text(text))) => {
                        self.kept.push_back(text.as_str().to_owned());
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

/// A line of a transcript.
pub(crate) struct Line {
    pub(crate) n: u64,
    /// `c2s`, `s2c`, `http` or `ev`.
    pub(crate) dir: String,
    /// The whole line.
    pub(crate) all: Value,
}

impl Line {
    /// The text on the wire.
    pub(crate) fn frame(&self) -> &str {
        self.all["frame"].as_str().unwrap()
    }
}

/// What the old pages and servers said to each other (`parlance-core`'s tests
/// hold the same lines against the other end).
pub(crate) fn transcript(name: &str) -> Vec<Line> {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../parlance-core/tests/transcripts"
    );
    let text = std::fs::read_to_string(format!("{folder}/{name}.jsonl")).unwrap();
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| {
            let all: Value = serde_json::from_str(line).unwrap();
            Line {
                n: all["n"].as_u64().unwrap(),
                dir: all["dir"].as_str().unwrap().to_owned(),
                all,
            }
        })
        .collect()
}
