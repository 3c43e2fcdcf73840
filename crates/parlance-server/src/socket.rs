//! A WebSocket with bounded waits and an orderly end: what every link stands
//! on, whatever is spoken over it.
//!
//! Knows nothing of what the texts say.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use futures_util::{FutureExt, SinkExt};
use parlance_core::close;
use tokio::time::timeout;

use crate::mailbox::{Closing, Mailbox};
use crate::metrics::{Metrics, count};
use crate::server::Server;

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
pub(crate) struct Socket {
    socket: WebSocket,
    mailbox: Arc<Mailbox>,
    stall: Duration,
    metrics: Arc<Metrics>,
    said_goodbye: bool,
}

impl Socket {
    /// On this socket, for the link with this mailbox.
    pub(crate) fn new(socket: WebSocket, server: &Server, mailbox: Arc<Mailbox>) -> Self {
        Self {
            socket,
            mailbox,
            stall: server.config.stall,
            metrics: Arc::clone(&server.metrics),
            said_goodbye: false,
        }
    }

    /// Whether the other side closed in order, and so had come that far.
    pub(crate) const fn said_goodbye(&self) -> bool {
        self.said_goodbye
    }

    /// What comes next. Can be dropped and called again without loss.
    pub(crate) async fn hear(&mut self) -> Result<Heard, Ending> {
        match self.socket.recv().await {
            Some(Ok(Message::Close(_))) => {
                self.said_goodbye = true;
                Err(Ending::Gone)
            }
            None => Err(Ending::Gone),
            Some(Ok(Message::Text(text))) => {
                count(&self.metrics.frames_in);
                Ok(Heard::Text(text))
            }
            Some(Ok(Message::Binary(_))) => Err(Ending::code(close::UNSUPPORTED)),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(Heard::Alive),
            Some(Err(error)) => Err(ending_of(error)),
        }
    }

    /// Says these with one flush. A reader that does not take them in time is
    /// too slow: it comes back and asks for what it missed, instead of making
    /// the server remember.
    pub(crate) async fn say_all(
        &mut self,
        frames: impl IntoIterator<Item = String>,
    ) -> Result<(), Ending> {
        let frames = frames.into_iter().map(Message::text);
        self.send_all(frames).await
    }

    /// Asks below the dialect whether the other side is there: browsers and
    /// hosts answer by themselves, without the page.
    pub(crate) async fn ping(&mut self) -> Result<(), Ending> {
        self.send_all([Message::Ping(Default::default())]).await
    }

    async fn send_all(
        &mut self,
        messages: impl IntoIterator<Item = Message>,
    ) -> Result<(), Ending> {
        let socket = &mut self.socket;
        let metrics = &self.metrics;
        let all = async {
            for message in messages {
                socket.feed(message).await?;
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

    /// Ends the link, after these last words; none when the other side went.
    pub(crate) async fn finish(mut self, ending: Ending, last_words: Vec<String>) {
        let patience = match &ending {
            Ending::Close(closing) if closing.code == close::SLOW => LONG_FAREWELL,
            Ending::Close(_) | Ending::Gone => FAREWELL,
        };
        let farewell = async {
            if let Ending::Close(closing) = ending {
                for words in last_words {
                    let _ = self.socket.feed(Message::text(words)).await;
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
                    Some(Err(error)) => match ending_of(error) {
                        Ending::Gone => break,
                        // After a message that was refused unread the rest of
                        // it is never read, so there is only waiting.
                        Ending::Close(_) => failed = true,
                    },
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

/// Counts a link for as long as it lives. Dropped last: when the count is
/// zero, nobody holds the server any more.
pub(crate) struct Counted(Arc<Metrics>);

impl Counted {
    /// One link more.
    pub(crate) fn one_more(server: &Server) -> Self {
        let metrics = Arc::clone(&server.metrics);
        count(&metrics.opened);
        let now = metrics.connections.fetch_add(1, Ordering::Relaxed) + 1;
        server.crowd.fetch_max(now, Ordering::Relaxed);
        Self(metrics)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Runs what is spoken on one link until it ends. A failure of one link's task
/// is that link's end, and nobody else's.
pub(crate) async fn until_it_ends(
    server: &Server,
    conversation: impl Future<Output = Result<std::convert::Infallible, Ending>>,
) -> Ending {
    let ending = match AssertUnwindSafe(conversation).catch_unwind().await {
        Ok(Ok(never)) => match never {},
        Ok(Err(ending)) => ending,
        Err(_) => {
            tracing::error!("a link's task failed");
            Ending::Close(Closing::with(close::INTERNAL))
        }
    };
    if let Ending::Close(closing) = &ending {
        server.metrics.close(closing.code);
        tracing::debug!(code = closing.code, "link closed");
    }
    ending
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
