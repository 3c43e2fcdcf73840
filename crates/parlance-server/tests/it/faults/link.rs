//! A pilot's socket and its requests, as a browser would carry them out:
//! opened, heard and closed on their own, each from an address of this
//! computer's that the fleet chooses.
//!
//! Knows no session. A failure is an event and never a panic: the server is
//! supposed to be gone now and then.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use parlance_core::LinkEvent;
use parlance_core::wire::{HttpFailure, HttpRequest, HttpResponse, HttpResult, Method, Wire};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use crate::rig::AGENT;

/// As the page's own requests (`src/driver/http.rs`).
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// What a browser says of an end that it knows nothing about.
const ABNORMAL: u16 = 1006;
/// How long the other side's close is waited for.
const FAREWELL: Duration = Duration::from_secs(2);
/// Bytes of an answer that are read.
const LARGEST_ANSWER: u64 = 4 * 1024 * 1024;

/// Where a pilot sits, and whom it speaks to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Path {
    pub(crate) server: SocketAddr,
    pub(crate) from: Ipv4Addr,
}

impl Path {
    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.server)
    }

    async fn connect(&self) -> std::io::Result<TcpStream> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((self.from, 0)))?;
        let stream = socket.connect(self.server).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

/// A link, while it is wanted.
pub(crate) struct Link {
    orders: UnboundedSender<Order>,
}

enum Order {
    Send(Wire),
    Close(u16, &'static str),
}

impl Link {
    /// Dials; what happens is said to `deliver`.
    pub(crate) fn open(path: Path, address: String, deliver: impl Fn(LinkEvent) + 'static) -> Self {
        let (orders, taken) = unbounded_channel();
        tokio::task::spawn_local(async move {
            if let Some((code, reason)) = run(path, &address, taken, &deliver).await {
                deliver(LinkEvent::Closed { code, reason });
            }
        });
        Self { orders }
    }

    pub(crate) fn send(&self, wire: Wire) {
        // An error means that the task is over, and has said so.
        let _ = self.orders.send(Order::Send(wire));
    }

    /// Closes, and forgets: nothing is delivered any more.
    pub(crate) fn close(self, code: u16, reason: &'static str) {
        let _ = self.orders.send(Order::Close(code, reason));
    }
}

/// The life of one socket. `None`: it was closed from here.
async fn run(
    path: Path,
    address: &str,
    mut orders: UnboundedReceiver<Order>,
    deliver: &impl Fn(LinkEvent),
) -> Option<(u16, String)> {
    let abnormal = || Some((ABNORMAL, String::new()));
    let mut socket = tokio::select! {
        dialled = dial(path, address) => match dialled {
            Some(socket) => socket,
            None => return abnormal(),
        },
        // Nothing is said on a socket that is not open: this is its end.
        _ = orders.recv() => return None,
    };
    deliver(LinkEvent::Opened);
    loop {
        tokio::select! {
            // What was ordered first: a link that is closed hears nothing more.
            biased;
            order = orders.recv() => match order {
                Some(Order::Send(Wire::Text(text))) => {
                    if socket.send(Message::text(text)).await.is_err() {
                        return abnormal();
                    }
                }
                Some(Order::Send(Wire::Binary(bytes))) => {
                    if socket.send(Message::binary(bytes)).await.is_err() {
                        return abnormal();
                    }
                }
                Some(Order::Close(code, reason)) => {
                    let frame = CloseFrame { code: code.into(), reason: reason.into() };
                    let _ = socket.close(Some(frame)).await;
                    // The other side's close is read, and tells nobody.
                    let end = async { while let Some(Ok(_)) = socket.next().await {} };
                    let _ = tokio::time::timeout(FAREWELL, end).await;
                    return None;
                }
                None => return None,
            },
            heard = socket.next() => match heard {
                Some(Ok(Message::Text(text))) => {
                    deliver(LinkEvent::Received(Wire::Text(text.as_str().to_owned())));
                }
                Some(Ok(Message::Close(Some(frame)))) => {
                    return Some((frame.code.into(), frame.reason.as_str().to_owned()));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return abnormal(),
            },
        }
    }
}

async fn dial(path: Path, address: &str) -> Option<WebSocketStream<TcpStream>> {
    let mut request = address.into_client_request().ok()?;
    let headers = request.headers_mut();
    headers.insert("origin", HeaderValue::from_str(&path.origin()).ok()?);
    headers.insert("user-agent", HeaderValue::from_static(AGENT));
    // Ten thousand of them fit into this process.
    let config = WebSocketConfig::default()
        .read_buffer_size(2048)
        .write_buffer_size(0);
    let stream = path.connect().await.ok()?;
    let dialled = tokio_tungstenite::client_async_with_config(request, stream, Some(config));
    Some(dialled.await.ok()?.0)
}

/// Makes a request and reads its answer.
pub(crate) async fn request(path: Path, request: HttpRequest) -> HttpResult {
    let failed = |why: &str| HttpFailure(why.to_owned());
    match tokio::time::timeout(ANSWER_WITHIN, exchange(path, request)).await {
        Ok(Ok(bytes)) => read(&bytes).ok_or_else(|| failed("no answer")),
        Ok(Err(error)) => Err(failed(&error.to_string())),
        Err(_) => Err(failed("no answer in time")),
    }
}

async fn exchange(path: Path, request: HttpRequest) -> std::io::Result<Vec<u8>> {
    let method = match request.method {
        Method::Get => "GET",
        Method::Post => "POST",
    };
    let at = request.url.strip_prefix(&path.origin());
    let at = at.ok_or_else(|| std::io::Error::other("an address elsewhere"))?;
    let body = request.body.unwrap_or_default();
    let mut head = format!(
        "{method} {at} HTTP/1.1\r\nhost: {}\r\norigin: {}\r\nuser-agent: {AGENT}\r\n\
         connection: close\r\ncontent-length: {}\r\n",
        path.server,
        path.origin(),
        body.len()
    );
    for (name, value) in &request.headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += "\r\n";
    let mut stream = path.connect().await?;
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    let mut bytes = Vec::new();
    stream.take(LARGEST_ANSWER).read_to_end(&mut bytes).await?;
    Ok(bytes)
}

fn read(bytes: &[u8]) -> Option<HttpResponse> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    Some(HttpResponse {
        status: head.split(' ').nth(1)?.parse().ok()?,
        body: body.to_owned(),
    })
}
