//! An old page at one of the server's gateways, played by hand: what it says is
//! written by the story, to the letter. Knows a socket and a request, and no
//! backend.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::frames::{self, TEXT};

pub(crate) struct Visitor {
    stream: TcpStream,
    heard: Vec<u8>,
}

impl Visitor {
    pub(crate) async fn connects(server: SocketAddr, path: &str) -> Self {
        let mut stream = TcpStream::connect(server).await.expect("a connection");
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: {server}\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.expect("a request");
        let mut visitor = Self {
            stream,
            heard: Vec::new(),
        };
        visitor.hears("\r\n\r\n").await;
        assert!(visitor.heard.starts_with(b"HTTP/1.1 101"), "{path}");
        visitor
    }

    pub(crate) async fn says(&mut self, text: &str) {
        let frame = frames::masked(TEXT, text.as_bytes());
        self.stream.write_all(&frame).await.expect("said");
    }

    /// Waits until this was among what came.
    pub(crate) async fn hears(&mut self, part: &str) {
        let part = part.as_bytes();
        let mut buffer = [0; 4096];
        while !self.heard.windows(part.len()).any(|window| window == part) {
            let taken = self.stream.read(&mut buffer).await.expect("an answer");
            assert!(taken > 0, "{}", String::from_utf8_lossy(&self.heard));
            self.heard.extend_from_slice(&buffer[..taken]);
        }
    }
}

/// Posts JSON with one more header; what is refused fails the story.
pub(crate) async fn posts(server: SocketAddr, path: &str, header: &str, body: &str) {
    let mut stream = TcpStream::connect(server).await.expect("a connection");
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n{header}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.expect("asked");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
}
