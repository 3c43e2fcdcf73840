//! The native API for who somebody is: to come by name, to get a ticket, to
//! sign out, to put somebody out.
//!
//! Knows nothing of sockets but that they are closed.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Extension, State};
use axum::http::header::{AUTHORIZATION, COOKIE, ORIGIN, SET_COOKIE, USER_AGENT};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use parlance_core::close;
use parlance_core::dialect::native::wire;
use parlance_core::ids::Uid;
use secrecy::{ExposeSecret, SecretString};

use super::{Remote, address, broken, refuse, text, too_many, unknown};
use crate::auth::{self, Identity};
use crate::encode;
use crate::mailbox::Closing;
use crate::policy;
use crate::rates;
use crate::server::Server;
use crate::store::Bar;
use crate::who::{self, Unknown};

/// What a browser has cached of this origin is to go, pages that it would show
/// on going back included. Not its storage: what others on this device have
/// not sent yet is there too, and the page wipes what is this person's. Not
/// the cookies: the guest's is taken back by itself.
const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");
/// What a guest is known by.
const COOKIE_NAME: &str = "parlance_guest";
/// How long a browser keeps it: as long as browsers keep any.
const COOKIE_SECONDS: u64 = 400 * 24 * 3600;

pub(super) async fn guest(
    State(server): State<Arc<Server>>,
    Extension(Remote(remote)): Extension<Remote>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    if !server.config.guests {
        return refuse(
            &server,
            StatusCode::FORBIDDEN,
            "guests_closed",
            "nobody gets in by name here",
        );
    }
    let address = address(&server, remote, &headers);
    if let Err(wait) = server.joining.take(&rates::bucket(address)) {
        return too_many(&server, wait);
    }
    let Ok(body) = body else {
        let text = "the body is too large";
        return refuse(&server, StatusCode::PAYLOAD_TOO_LARGE, "too_large", text);
    };
    let Ok(wire::Guest { name }) = serde_json::from_slice(&body) else {
        return refuse(
            &server,
            StatusCode::UNPROCESSABLE_ENTITY,
            "bad_name",
            "the body is not {\"name\":…}",
        );
    };
    let name = name.trim();
    if !auth::is_name(name) {
        return refuse(
            &server,
            StatusCode::UNPROCESSABLE_ENTITY,
            "bad_name",
            "a name has 1 to 64 characters, something to see and no control characters",
        );
    }
    let (person, secret) = match auth::new_guest(name) {
        Ok(new) => new,
        Err(error) => return broken(&server, &error),
    };
    let hash = auth::hash(secret.expose_secret());
    if let Err(error) = server.store.add_guest(person.clone(), hash).await {
        return broken(&server, &error);
    }
    tracing::info!(uid = ?person.uid.as_str(), %address, "a guest came");
    let granted = wire::Granted {
        ticket: None,
        ttl_ms: None,
        user: encode::person(&person, false),
    };
    let cookie = cookie(&server, &headers, secret.expose_secret(), COOKIE_SECONDS);
    ([(SET_COOKIE, cookie)], Json(granted)).into_response()
}

pub(super) async fn ticket(
    State(server): State<Arc<Server>>,
    Extension(Remote(remote)): Extension<Remote>,
    headers: HeaderMap,
) -> Response {
    let address = address(&server, remote, &headers);
    if let Err(wait) = server.ticketing.take(&rates::bucket(address)) {
        return too_many(&server, wait);
    }
    let identity = match identify(&server, &headers, address).await {
        Ok(identity) => identity,
        Err(why) => {
            tracing::info!(%address, code = why.code(), "no ticket was given");
            return unknown(&server, &why);
        }
    };
    let origin = text(&headers, &ORIGIN).unwrap_or_default();
    let agent = text(&headers, &USER_AGENT).unwrap_or_default();
    let user = encode::person(&identity.person, false);
    match server.tickets.issue(identity, origin, agent) {
        Ok(Some(ticket)) => Json(wire::Granted {
            ticket: Some(ticket.expose_secret().to_owned()),
            ttl_ms: Some(u64::try_from(server.tickets.ttl().as_millis()).unwrap_or(0)),
            user,
        })
        .into_response(),
        Ok(None) => too_many(&server, server.tickets.ttl()),
        Err(error) => broken(&server, &error),
    }
}

pub(super) async fn signout(
    State(server): State<Arc<Server>>,
    Extension(Remote(remote)): Extension<Remote>,
    headers: HeaderMap,
) -> Response {
    let address = address(&server, remote, &headers);
    let identity = match identify(&server, &headers, address).await {
        Ok(identity) => identity,
        Err(why) => return unknown(&server, &why),
    };
    if let Some(secret) = guest_secret(&headers) {
        let hash = auth::hash(secret.expose_secret());
        if let Err(error) = server.store.forget_guest(hash).await {
            return broken(&server, &error);
        }
    }
    if let (Some(token), Some(expires)) = (identity.token, identity.expires)
        && let Err(error) = server.store.bar(Bar::Token(token, expires)).await
    {
        return broken(&server, &error);
    }
    let uid = &identity.person.uid;
    server.tickets.revoke(uid);
    server
        .hub
        .close_person(uid, &Closing::with(close::SIGNED_OUT));
    tracing::info!(uid = ?uid.as_str(), %address, "signed out");
    let cookie = cookie(&server, &headers, "", 0);
    let headers = [
        (SET_COOKIE, cookie),
        (CLEAR_SITE_DATA, "\"cache\"".to_owned()),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// A host puts somebody out, or lets them in again.
pub(super) async fn ban(
    State(server): State<Arc<Server>>,
    Extension(Remote(remote)): Extension<Remote>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let address = address(&server, remote, &headers);
    let identity = match identify(&server, &headers, address).await {
        Ok(identity) => identity,
        Err(why) => return unknown(&server, &why),
    };
    let by = &identity.person;
    if !identity.is_signed() || !by.host {
        let text = "only a host may do this, by a signed token";
        return refuse(&server, StatusCode::FORBIDDEN, "forbidden", text);
    }
    let asked = body
        .ok()
        .and_then(|body| serde_json::from_slice(&body).ok());
    let Some(wire::Ban { uid, banned }) =
        asked.filter(|asked: &wire::Ban| auth::is_uid(&asked.uid))
    else {
        let text = "the body is not {\"uid\":…,\"banned\":…}";
        return refuse(&server, StatusCode::UNPROCESSABLE_ENTITY, "bad_ban", text);
    };
    let uid = Uid::new(uid);
    let done = if banned {
        server.store.bar(Bar::Person(uid.clone())).await
    } else {
        server.store.unbar(uid.clone()).await
    };
    if let Err(error) = done {
        return broken(&server, &error);
    }
    if banned {
        server.tickets.revoke(&uid);
        server.hub.close_person(&uid, &Closing::with(close::BANNED));
    }
    tracing::info!(uid = ?uid.as_str(), by = ?by.uid.as_str(), %address, banned, "a ban was changed");
    StatusCode::NO_CONTENT.into_response()
}

/// Whom a request comes from: by its token, else by its cookie.
pub(super) async fn identify(
    server: &Server,
    headers: &HeaderMap,
    from: IpAddr,
) -> Result<Identity, Unknown> {
    if let Some(token) = bearer(headers) {
        return who::by_token(server, token.expose_secret(), from).await;
    }
    let secret = guest_secret(headers).ok_or(Unknown::Nobody)?;
    let hash = auth::hash(secret.expose_secret());
    let person = server.store.guest(hash).await?.ok_or(Unknown::Nobody)?;
    let identity = Identity {
        person,
        expires: None,
        token: None,
    };
    who::may_enter(server, &identity).await?;
    Ok(identity)
}

fn bearer(headers: &HeaderMap) -> Option<SecretString> {
    // Not `to_str`: a name may have letters beyond ASCII.
    let value = headers.get(AUTHORIZATION)?.as_bytes();
    let value = std::str::from_utf8(value).ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    let fits = scheme.eq_ignore_ascii_case("bearer") && !token.is_empty();
    (fits && token.len() <= who::TOKEN_BYTES).then(|| SecretString::from(token))
}

fn guest_secret(headers: &HeaderMap) -> Option<SecretString> {
    let cookies = headers.get_all(COOKIE).iter();
    let mut pairs = cookies
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'));
    let secret = pairs.find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == COOKIE_NAME && !value.is_empty()).then_some(value)
    })?;
    Some(SecretString::from(secret))
}

fn cookie(server: &Server, headers: &HeaderMap, value: &str, seconds: u64) -> String {
    let own = policy::own_origin(&server.config, headers);
    let secure = if own.is_some_and(|own| own.is_secure()) {
        "; Secure"
    } else {
        ""
    };
    format!("{COOKIE_NAME}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}")
}
