//! One person's native link: from the upgraded socket to its close.
//!
//! A link is one task. It owns its socket, shares nothing but its mailbox, and
//! when it fails it fails alone. What it knows of the others it is told by
//! the hub; what it says of the past it reads from the store.

mod greeting;
mod link;
mod stay;

use std::sync::Arc;

use axum::extract::ws::WebSocket;

use crate::mailbox::Mailbox;
use crate::server::{Server, Waiting};
use crate::socket::{Counted, Ending, Socket, until_it_ends};
use link::Link;

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
    let counted = Counted::one_more(&server);
    let mailbox = Arc::new(Mailbox::default());
    let mut link = Link::new(Socket::new(socket, &server, Arc::clone(&mailbox)));
    let conversation = converse(&mut link, &server, &handshake, waiting, mailbox);
    let ending = until_it_ends(&server, conversation).await;
    link.finish(ending).await;
    drop(server);
    drop(counted);
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
