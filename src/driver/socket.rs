//! WebSockets: one task for each link, which owns the socket and selects over
//! what comes in and what is ordered.
//!
//! Knows nothing of what is sent, nor of when to dial. After a close order the
//! socket is dropped and nothing more is heard of it: a half-open socket says
//! `close` a minute late, and nobody waits for it.

use std::cell::OnceCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use futures_channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures_util::{Sink, StreamExt};
use gloo_net::websocket::futures::WebSocket;
use gloo_net::websocket::{Message, State, WebSocketError};
use gloo_timers::future::TimeoutFuture;
use parlance_core::LinkEvent;
use parlance_core::wire::Wire;
use wasm_bindgen_futures::spawn_local;

/// What the browser says of an end that it knows nothing about.
const ABNORMAL: u16 = 1006;

/// A socket that a policy blocked says `error` and never `close`; one that
/// failed says both in the same turn.
const CLOSE_EVENT_WITHIN_MS: u32 = 250;

/// One link, while it is wanted.
#[derive(Debug)]
pub struct Socket {
    orders: UnboundedSender<Order>,
    browsers: Rc<BrowsersOwn>,
}

/// The socket underneath, once it is dialled.
type BrowsersOwn = OnceCell<web_sys::WebSocket>;

#[derive(Debug)]
enum Order {
    Send(Wire),
    Close(u16, &'static str),
}

impl Socket {
    /// Dials. Everything that happens is delivered later, never from within
    /// this call: a constructor that throws included.
    pub fn open(address: String, deliver: Rc<dyn Fn(LinkEvent)>) -> Self {
        let (orders, taken) = unbounded();
        let browsers = Rc::<BrowsersOwn>::default();
        let dialled = browsers.clone();
        // The tasks run in the order in which they were woken, so a socket
        // that was closed before this call is closed before this one is dialled.
        spawn_local(async move {
            if let Some((code, reason)) = run(&address, &dialled, taken, deliver.as_ref()).await {
                deliver(LinkEvent::Closed { code, reason });
            }
        });
        Self { orders, browsers }
    }

    /// Hands a message over. That is no proof of anything.
    pub fn send(&self, wire: Wire) {
        // An error means that the task is over, and has said so.
        let _ = self.orders.unbounded_send(Order::Send(wire));
    }

    /// Closes, and forgets. Nothing is delivered any more.
    pub fn close(self, code: u16, reason: &'static str) {
        let _ = self.orders.unbounded_send(Order::Close(code, reason));
    }

    /// Closes at once, without the task: it may have failed in the middle of
    /// something, and never run again.
    pub fn cut(&self) {
        if let Some(socket) = self.browsers.get() {
            let _ = socket.close();
        }
    }
}

/// The life of one socket. `None`: it was closed from here.
async fn run(
    address: &str,
    browsers: &BrowsersOwn,
    mut orders: UnboundedReceiver<Order>,
    deliver: &dyn Fn(LinkEvent),
) -> Option<(u16, String)> {
    // A bad address, mixed content or a policy may throw. The browser's words
    // are not passed on: they repeat the address, which may hold a credential.
    let dialled = web_sys::WebSocket::new(address).ok();
    let dialled = dialled.map(|dialled| browsers.get_or_init(|| dialled).clone());
    let Some(Ok(mut socket)) = dialled.map(WebSocket::try_from) else {
        return Some((ABNORMAL, "the browser refuses this address".to_owned()));
    };

    let mut stage = Stage::Connecting;
    loop {
        let next = std::future::poll_fn(|context| {
            if let Poll::Ready(order) = orders.poll_next_unpin(context) {
                return Poll::Ready(Next::Ordered(order));
            }
            if let Stage::Connecting = stage {
                // There is no event for "opened": the sink becomes ready when
                // the socket is not connecting any more, whichever way it went.
                let ready = Pin::new(&mut socket).poll_ready(context);
                return ready.map(|_| Next::Dialled);
            }
            if let Poll::Ready(heard) = socket.poll_next_unpin(context) {
                return Poll::Ready(Next::Heard(heard));
            }
            match &mut stage {
                Stage::Failed(late) => Pin::new(late).poll(context).map(|()| Next::Late),
                Stage::Connecting | Stage::Connected => Poll::Pending,
            }
        });
        match (next.await, &stage) {
            // The browser would throw; the session says nothing before `Opened`.
            (Next::Ordered(Some(Order::Send(_))), Stage::Connecting) => {}
            (Next::Ordered(Some(Order::Send(wire))), _) => {
                // On a closing socket this goes nowhere, and the end is on its way.
                let _ = Pin::new(&mut socket).start_send(message(wire));
            }
            (Next::Ordered(Some(Order::Close(code, reason))), _) => {
                close(socket, code, reason);
                return None;
            }
            // Dropped without an order: the driver is gone.
            (Next::Ordered(None), _) => return None,
            (Next::Dialled, _) => {
                stage = Stage::Connected;
                if matches!(socket.state(), State::Open) {
                    deliver(LinkEvent::Opened);
                }
            }
            (Next::Heard(Some(Err(WebSocketError::ConnectionClose(event)))), _) => {
                return Some((event.code, event.reason));
            }
            (Next::Heard(None), _) => return Some((ABNORMAL, String::new())),
            (Next::Late, _) => return Some((ABNORMAL, "failed without a close".to_owned())),
            // `error` says nothing; `close` follows in the same turn, or never.
            (Next::Heard(Some(_)), Stage::Failed(_)) => {}
            (Next::Heard(Some(Err(_))), _) => {
                stage = Stage::Failed(TimeoutFuture::new(CLOSE_EVENT_WITHIN_MS));
            }
            (Next::Heard(Some(Ok(message))), _) => deliver(LinkEvent::Received(wire(message))),
        }
    }
}

/// How far a socket has come.
enum Stage {
    Connecting,
    Connected,
    /// Until the timer ends, `close` may still say why.
    Failed(TimeoutFuture),
}

enum Next {
    Ordered(Option<Order>),
    Dialled,
    Heard(Option<Result<Message, WebSocketError>>),
    Late,
}

fn close(socket: WebSocket, code: u16, reason: &str) {
    // The browser lets a page say 1000 and 3000 to 4999 only, and throws at
    // anything else. Dropping the socket takes its listeners off.
    let code = if (3000..=4999).contains(&code) {
        code
    } else {
        1000
    };
    let _ = socket.close(Some(code), Some(reason));
}

fn message(wire: Wire) -> Message {
    match wire {
        Wire::Text(text) => Message::Text(text),
        Wire::Binary(bytes) => Message::Bytes(bytes),
    }
}

fn wire(message: Message) -> Wire {
    match message {
        Message::Text(text) => Wire::Text(text),
        Message::Bytes(bytes) => Wire::Binary(bytes),
    }
}
