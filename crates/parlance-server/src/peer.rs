//! One person's link: from the upgraded socket to its close.
//!
//! A link is one task. It owns its socket, shares nothing but its mailbox, and
//! when it fails it fails alone. What it knows of the others it is told by
//! the hub; what it says of the past it reads from the store.

mod greeting;
mod link;
mod stay;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::ws::WebSocket;
use futures_util::FutureExt;
use parlance_core::close;

use crate::mailbox::{Closing, Mailbox};
use crate::metrics::count;
use crate::server::{Server, Waiting};
use link::{Ending, Link};

/// Where a link comes from, as its handshake said.
#[derive(Clone, Debug)]
pub(crate) struct Handshake {
    /// The page's origin. It was allowed.
    pub(crate) origin: String,
    /// The browser.
    pub(crate) agent: String,
}

/// Serves a link until it ends.
pub(crate) async fn serve(
    socket: WebSocket,
    server: Arc<Server>,
    handshake: Handshake,
    waiting: Waiting,
) {
    let metrics = Arc::clone(&server.metrics);
    count(&metrics.opened);
    let now = metrics.connections.fetch_add(1, Ordering::Relaxed) + 1;
    server.crowd.fetch_max(now, Ordering::Relaxed);
    let mailbox = Arc::new(Mailbox::default());
    let mut link = Link::new(
        socket,
        Arc::clone(&mailbox),
        server.config.stall,
        Arc::clone(&metrics),
    );
    // A failure of one link's task is that link's end, and nobody else's.
    let conversation = converse(&mut link, &server, &handshake, waiting, mailbox);
    let ending = match AssertUnwindSafe(conversation).catch_unwind().await {
        Ok(Ok(never)) => match never {},
        Ok(Err(ending)) => ending,
        Err(_) => {
            tracing::error!("a link's task failed");
            Ending::Close(Closing::with(close::INTERNAL))
        }
    };
    if let Ending::Close(closing) = &ending {
        metrics.close(closing.code);
        tracing::debug!(code = closing.code, "link closed");
    }
    link.finish(ending).await;
    // Before the count: when it is zero, nobody holds the server any more.
    drop(server);
    metrics.connections.fetch_sub(1, Ordering::Relaxed);
}

async fn converse(
    link: &mut Link,
    server: &Arc<Server>,
    handshake: &Handshake,
    waiting: Waiting,
    mailbox: Arc<Mailbox>,
) -> Result<std::convert::Infallible, Ending> {
    let identity = greeting::hear(link, server, handshake).await?;
    // Whoever has shown a ticket does not count as a stranger any more.
    drop(waiting);
    stay::stay(link, server, identity, mailbox).await
}
