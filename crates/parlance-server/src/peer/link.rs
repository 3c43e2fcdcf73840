//! A socket with numbered frames, bounded waits and an orderly end.
//!
//! Knows nothing of what the frames say.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use futures_util::SinkExt;
use parlance_core::close;
use parlance_core::dialect::native::wire;
use tokio::time::timeout;

use crate::encode;
use crate::mailbox::{Closing, Mailbox};
use crate::metrics::{Metrics, count};

/// How long a closed link is kept to hear the other side's close. Whoever
/// drops a socket with unread bytes in it resets the connection, and the close
/// code is lost on the way.
const FAREWELL: Duration = Duration::from_secs(1);
/// The same for a reader that was too slow: there is much before the close
/// that it has not taken yet.
const LONG_FAREWELL: Duration = Duration::from_secs(5);

/// Why a link ends.
#[derive(Debug)]
pub(crate) enum Ending {
    /// The other side went.
    Gone,
    /// This side ends it.
    Close(Closing),
}

impl Ending {
    /// This side ends it with this code.
    pub(crate) fn code(code: u16) -> Self {
        Self::Close(Closing::with(code))
    }
}

/// What was heard.
#[derive(Debug)]
pub(crate) enum Heard {
    /// A text message.
    Text(Utf8Bytes),
    /// A sign of life below the dialect.
    Alive,
}

/// One socket.
pub(crate) struct Link {
    socket: WebSocket,
    mailbox: Arc<Mailbox>,
    stall: Duration,
    metrics: Arc<Metrics>,
    n: u64,
}

impl Link {
    pub(crate) fn new(
        socket: WebSocket,
        mailbox: Arc<Mailbox>,
        stall: Duration,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            socket,
            mailbox,
            stall,
            metrics,
            n: 0,
        }
    }

    /// The number of the next frame.
    pub(crate) fn next_number(&mut self) -> u64 {
        self.n += 1;
        self.n
    }

    /// What comes next. Can be dropped and called again without loss.
    pub(crate) async fn hear(&mut self) -> Result<Heard, Ending> {
        match self.socket.recv().await {
            None | Some(Ok(Message::Close(_))) => Err(Ending::Gone),
            Some(Ok(Message::Text(text))) => {
                count(&self.metrics.frames_in);
                Ok(Heard::Text(text))
            }
            Some(Ok(Message::Binary(_))) => Err(Ending::code(close::UNSUPPORTED)),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(Heard::Alive),
            Some(Err(error)) => Err(ending_of(error)),
        }
    }

    /// Says one frame.
    pub(crate) async fn say(&mut self, frame: &wire::Server) -> Result<(), Ending> {
        self.say_encoded(&encode::frame(frame)).await
    }

    /// Says one frame that was encoded before.
    pub(crate) async fn say_encoded(&mut self, frame: &str) -> Result<(), Ending> {
        let n = self.next_number();
        self.say_all([encode::numbered(n, frame)]).await
    }

    /// Says these, already numbered, with one flush. A reader that does not
    /// take them in time is too slow: it comes back and asks for what it
    /// missed, instead of making the server remember.
    pub(crate) async fn say_all(
        &mut self,
        frames: impl IntoIterator<Item = String>,
    ) -> Result<(), Ending> {
        let socket = &mut self.socket;
        let metrics = &self.metrics;
        let all = async {
            for frame in frames {
                socket.feed(Message::text(frame)).await?;
                count(&metrics.frames_out);
            }
            socket.flush().await
        };
        tokio::select! {
            biased;
            said = timeout(self.stall, all) => match said {
                Ok(Ok(())) => Ok(()),
                Ok(Err(_)) => Err(Ending::Gone),
                Err(_) => Err(Ending::code(close::SLOW)),
            },
            // A sign-out or a shutdown does not wait for a slow reader.
            () = self.mailbox.ending() => Err(match self.mailbox.closing() {
                Some(closing) => Ending::Close(closing),
                None => Ending::Gone,
            }),
        }
    }

    /// Ends the link, with the words that belong to it.
    pub(crate) async fn finish(mut self, ending: Ending) {
        let patience = match &ending {
            Ending::Close(closing) if closing.code == close::SLOW => LONG_FAREWELL,
            Ending::Close(_) | Ending::Gone => FAREWELL,
        };
        let farewell = async {
            if let Ending::Close(closing) = ending {
                if let Some(retry_ms) = closing.bye {
                    let n = self.next_number();
                    let bye = encode::frame(&wire::Server::Bye { retry_ms });
                    let bye = Message::text(encode::numbered(n, &bye));
                    let _ = self.socket.feed(bye).await;
                }
                let close = CloseFrame {
                    code: closing.code,
                    reason: closing.reason.into(),
                };
                let _ = self.socket.send(Message::Close(Some(close))).await;
            }
            let mut failed = false;
            loop {
                match self.socket.recv().await {
                    Some(Ok(_)) => {}
                    // After a message that was refused unread the rest of it
                    // is never read, so there is only waiting.
                    Some(Err(_)) => failed = true,
                    None if failed => std::future::pending().await,
                    None => break,
                }
            }
        };
        // Not in time: the other side is gone or does not answer, and the
        // socket is dropped.
        let _ = timeout(patience, farewell).await;
    }
}

/// What a failed read says of the other side.
fn ending_of(error: axum::Error) -> Ending {
    use tungstenite::Error;
    use tungstenite::error::ProtocolError;
    let Ok(error) = error.into_inner().downcast::<Error>() else {
        return Ending::Gone;
    };
    match *error {
        Error::Capacity(_) => Ending::code(close::TOO_LARGE),
        Error::Utf8(_) => Ending::code(NOT_UTF8),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Ending::Gone,
        Error::Protocol(_) => Ending::code(PROTOCOL),
        Error::ConnectionClosed
        | Error::AlreadyClosed
        | Error::Io(_)
        | Error::Tls(_)
        | Error::WriteBufferFull(_)
        | Error::AttackAttempt
        | Error::Url(_)
        | Error::Http(_)
        | Error::HttpFormat(_) => Ending::Gone,
    }
}

/// The other side broke the WebSocket protocol itself.
const PROTOCOL: u16 = 1002;
/// A text message that is not UTF-8.
const NOT_UTF8: u16 = 1007;
