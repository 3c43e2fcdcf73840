//! Where the clients of other backends come in: each gateway speaks as the
//! backend's own server would, and maps its rooms, people and history to the
//! same ones that native links have. How one is made: `docs/gateways.md`.
//!
//! What is here is what every gateway needs. It knows their names and no
//! dialect.

mod ask;
mod crmeb;
mod early;
mod egg;
mod jim;
mod numbers;
mod plain;
mod topic;
mod visit;
mod words;

use std::sync::Arc;

use axum::Router;
use axum::extract::ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection};
use axum::extract::{DefaultBodyLimit, FromRequestParts};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use parlance_core::content::Content;
use parlance_core::dialect::native::content_of;
use parlance_core::ids::ClientId;

use crate::auth;
use crate::config::{Config, GATEWAYS};
use crate::server::{Server, Waiting};
use crate::store::Message;

pub(crate) use ask::{Ask, Head};
pub(crate) use early::Early;
pub(crate) use numbers::Numbers;
pub(crate) use visit::{Dialogue, Event, Scope, Visit};
pub(crate) use words::words;

/// Bytes of a request's body: a text of 32 kB, escaped in a form.
const BODY_BYTES: usize = 256 * 1024;

/// The paths of the gateways that are switched on.
pub(crate) fn routes(config: &Config) -> Router<Arc<Server>> {
    let mut router = Router::new();
    for name in &config.gateways.0 {
        router = match *name {
            crmeb::NAME => router.merge(crmeb::routes(config)),
            egg::NAME => router.merge(egg::routes(config)),
            jim::NAME => router.merge(jim::routes()),
            plain::NAME => router.merge(plain::routes()),
            topic::NAME => router.merge(topic::routes()),
            // Named, and not built yet: its paths answer 404.
            _ => router,
        };
    }
    router.layer(DefaultBodyLimit::max(BODY_BYTES))
}

/// Whether this is a path of a gateway that is switched on.
pub(crate) fn is_on(config: &Config, path: &str) -> bool {
    first(path).is_some_and(|first| config.gateways.0.contains(&first))
}

/// The answer on a gateway's path that nothing else answers; `None` when the
/// path is no gateway's.
pub(crate) fn answer(path: &str) -> Option<Response> {
    GATEWAYS
        .contains(&first(path)?)
        .then(|| (StatusCode::NOT_FOUND, "this gateway is not here\n").into_response())
}

fn first(path: &str) -> Option<&str> {
    path.trim_start_matches('/').split('/').next()
}

/// A handshake whose origin was let through.
pub(crate) struct Call {
    /// What it says in its head.
    pub(crate) head: Head,
    server: Arc<Server>,
    upgrade: WebSocketUpgrade,
    waiting: Waiting,
}

impl Call {
    /// Takes the socket, and lets this gateway speak on it.
    pub(crate) fn receive(self, gateway: &'static str, dialogue: impl Dialogue) -> Response {
        let from = self.head.from;
        let (upgrade, server) = (self.upgrade, self.server);
        visit::receive(upgrade, server, self.waiting, from, gateway, dialogue)
    }
}

impl FromRequestParts<Arc<Server>> for Call {
    type Rejection = Response;

    async fn from_request_parts(
        parts: &mut Parts,
        server: &Arc<Server>,
    ) -> Result<Self, Self::Rejection> {
        let head = Head::from_request_parts(parts, server).await?;
        let upgrade = WebSocketUpgrade::from_request_parts(parts, server)
            .await
            .map_err(WebSocketUpgradeRejection::into_response)?;
        let Some(waiting) = server.stranger(head.from) else {
            tracing::info!(address = %head.from, "too many sockets of strangers");
            server.metrics.refusal("rate_limited");
            return Err((StatusCode::TOO_MANY_REQUESTS, "too many sockets\n").into_response());
        };
        Ok(Self {
            head,
            server: Arc::clone(server),
            upgrade,
            waiting,
        })
    }
}

/// What a stored message says.
pub(crate) fn content(message: &Message) -> Content {
    content_of(&message.body)
}

/// A client's own id for a message, as the store wants it: as it is where it
/// fits, else its hash. The prefix keeps the gateways' ids apart.
pub(crate) fn client_id(gateway: &str, id: &str) -> Option<ClientId> {
    if id.is_empty() {
        return None;
    }
    let plain = ClientId::parse(&format!("{gateway}-{id}"));
    plain.or_else(|| {
        let digits = auth::hash(id).map(|byte| format!("{byte:02x}"));
        ClientId::parse(&format!("{gateway}_{}", &digits.concat()[..48]))
    })
}

#[cfg(test)]
mod tests;
