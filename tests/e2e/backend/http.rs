//! As much of HTTP as a browser and one backend need: a request, an answer, the
//! page's own files, and the handshake of a socket.

use std::path::Path;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tungstenite::handshake::derive_accept_key;

use crate::settings;

#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query, as they were asked for.
    pub(crate) target: String,
    pub(super) head: Vec<u8>,
    pub(crate) body: String,
}

impl Request {
    pub(super) async fn read(stream: &mut TcpStream) -> Option<Self> {
        let mut bytes = Vec::new();
        let mut buffer = vec![0; 16 * 1024];
        let end = loop {
            if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            bytes.extend_from_slice(taken(stream, &mut buffer).await?);
        };
        let head = bytes[..end].to_vec();
        let mut body = bytes[end..].to_vec();
        let text = String::from_utf8_lossy(&head).into_owned();
        let mut words = text.split(' ');
        let mut request = Self {
            method: words.next()?.to_owned(),
            target: words.next()?.to_owned(),
            head,
            body: String::new(),
        };
        let length = request.header("content-length");
        let length = length.and_then(|length| length.parse().ok()).unwrap_or(0);
        while body.len() < length {
            body.extend_from_slice(taken(stream, &mut buffer).await?);
        }
        request.body = String::from_utf8_lossy(&body).into_owned();
        Some(request)
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let head = String::from_utf8_lossy(&self.head);
        head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            let same = found.eq_ignore_ascii_case(name);
            same.then(|| value.trim().to_owned())
        })
    }

    /// The body as JSON; null if it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    pub(super) fn wants_socket(&self) -> bool {
        let upgrade = self.header("upgrade");
        upgrade.is_some_and(|upgrade| upgrade.eq_ignore_ascii_case("websocket"))
    }

    pub(super) async fn accept(&self, stream: &mut TcpStream) -> std::io::Result<()> {
        let key = self.header("sec-websocket-key").unwrap_or_default();
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
             Connection: Upgrade\r\nSec-WebSocket-Accept: {}\r\n\r\n",
            derive_accept_key(key.as_bytes())
        );
        stream.write_all(answer.as_bytes()).await
    }
}

async fn taken<'a>(stream: &mut TcpStream, buffer: &'a mut [u8]) -> Option<&'a [u8]> {
    let taken = stream.read(buffer).await.ok()?;
    (taken > 0).then(|| &buffer[..taken])
}

#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// Status, content type, body.
    Body(u16, &'static str, Vec<u8>),
    /// The page itself, and what it may do.
    Policed(Vec<u8>, String),
    /// The connection ends, and nobody knows what became of it.
    None,
}

impl Answer {
    pub(crate) fn json(value: &Value) -> Self {
        Self::Body(200, "application/json", value.to_string().into_bytes())
    }

    pub(crate) fn status(status: u16, body: &str) -> Self {
        Self::Body(status, "application/json", body.as_bytes().to_vec())
    }

    /// What a proxy or a portal says in the backend's place.
    pub(crate) fn html() -> Self {
        let body = "<!doctype html><title>502 Bad Gateway</title><h1>502</h1>";
        Self::Body(200, "text/html", body.as_bytes().to_vec())
    }

    /// The page under this policy.
    pub(super) fn under(self, policy: Option<String>) -> Self {
        match (self, policy) {
            (Self::Body(200, "text/html; charset=utf-8", body), Some(policy)) => {
                Self::Policed(body, policy)
            }
            (answer, _) => answer,
        }
    }

    /// A page of history, or what comes in its place.
    pub(super) fn page(page: Option<Value>) -> Self {
        page.map_or_else(Self::html, |page| Self::json(&page))
    }

    pub(super) async fn write(&self, stream: &mut TcpStream) {
        let mut policies = String::new();
        let (status, kind, body) = match self {
            Self::Body(status, kind, body) => (*status, *kind, body),
            Self::Policed(body, policy) => {
                policies = format!(
                    "Content-Security-Policy: {policy}\r\n\
                     Content-Security-Policy-Report-Only: require-trusted-types-for 'script'\r\n"
                );
                (200, "text/html; charset=utf-8", body)
            }
            Self::None => {
                let _ = stream.set_zero_linger();
                return;
            }
        };
        let head = format!(
            "HTTP/1.1 {status} Told\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n{policies}\
             Cache-Control: no-store\r\nConnection: close\r\n\r\n",
            body.len()
        );
        let _ = stream.write_all(head.as_bytes()).await;
        let _ = stream.write_all(body).await;
        let _ = stream.shutdown().await;
    }
}

/// A file of the page, if this asks for one.
pub(super) fn file(request: &Request) -> Option<Answer> {
    let path = request.target.split('?').next().unwrap_or_default();
    if path == "/parlance.json" {
        return Some(Answer::status(200, "{}"));
    }
    let name = path.strip_prefix('/')?;
    let name = if name.is_empty() { "index.html" } else { name };
    if request.method != "GET" || name.contains("..") {
        return None;
    }
    let kind = match name.rsplit('.').next()? {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript",
        "wasm" => "application/wasm",
        "css" => "text/css",
        "svg" => "image/svg+xml",
        _ => "application/octet-stream",
    };
    let body = std::fs::read(Path::new(&settings::dist()).join(name));
    Some(match body {
        Ok(body) => Answer::Body(200, kind, body),
        // What is deeper down and no file is for the backend to answer.
        Err(_) if name.contains('/') => return None,
        Err(_) => Answer::status(404, ""),
    })
}
