//! The first frame of a link: it shows a ticket, or the link ends.
//!
//! Knows nothing of what follows.

use parlance_core::close;
use parlance_core::dialect::native::wire;
use tokio::time::timeout;

use super::Handshake;
use super::link::Link;
use crate::auth::Identity;
use crate::mailbox::Closing;
use crate::server::Server;
use crate::socket::{Ending, Heard};
use crate::who::{self, Unknown};

/// The version of the dialect that this server speaks.
const VERSION: u32 = 1;

/// Bytes of the first frame: nobody has signed for what it costs.
const HELLO_BYTES: usize = 4096;

/// When to come back when the store cannot say who may.
const LATER_MS: u64 = 2000;

/// Waits for the hello and takes its ticket.
pub(super) async fn hear(
    link: &mut Link,
    server: &Server,
    handshake: &Handshake,
) -> Result<Identity, Ending> {
    let first = async {
        loop {
            if let Heard::Text(text) = link.hear().await? {
                return Ok(text);
            }
        }
    };
    let text = tokio::select! {
        heard = timeout(server.config.hello_within, first) => match heard {
            Ok(text) => text?,
            Err(_) => return Err(Ending::code(close::NO_HELLO)),
        },
        () = server.ends() => return Err(Ending::Close(server.goodbye())),
    };
    if text.len() > HELLO_BYTES {
        return Err(Ending::code(close::TOO_LARGE));
    }
    let ticket = match serde_json::from_str(&text) {
        Ok(wire::Client::Hello {
            ticket,
            ver: VERSION,
            // How far the client has heard is for servers that replay; this
            // one says the heads, and the client asks.
            cursors: _,
        }) => ticket,
        Ok(
            wire::Client::Hello { .. }
            | wire::Client::Open { .. }
            | wire::Client::Send { .. }
            | wire::Client::Fill { .. }
            | wire::Client::Read { .. }
            | wire::Client::Typing { .. }
            | wire::Client::Ping {}
            | wire::Client::Pong {}
            | wire::Client::Unknown,
        )
        | Err(_) => return Err(Ending::code(close::BAD_HELLO)),
    };
    let identity = server
        .tickets
        .redeem(&ticket, &handshake.origin, &handshake.agent);
    let identity = identity.ok_or_else(|| {
        tracing::info!(origin = ?handshake.origin, "a ticket was refused");
        Ending::code(close::BAD_TICKET)
    })?;
    // The ticket is a moment old, and somebody may have been put out in it.
    match who::may_enter(server, &identity).await {
        Ok(()) => Ok(identity),
        Err(Unknown::Banned) => Err(Ending::code(close::BANNED)),
        Err(Unknown::Nobody | Unknown::Disbelieved(_)) => Err(Ending::code(close::SIGNED_OUT)),
        Err(Unknown::TooMany(_) | Unknown::Unavailable(_)) => {
            Err(Ending::Close(Closing::retry(close::TRY_LATER, LATER_MS)))
        }
    }
}
