//! The server's addresses: the socket, the API before it, health and figures,
//! and the front end.
//!
//! Knows nothing of what is said on a socket.

mod people;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::multipart::MultipartRejection;
use axum::extract::ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection};
use axum::extract::{DefaultBodyLimit, Extension, Multipart, Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE, CACHE_CONTROL, CONNECTION, CONTENT_TYPE,
    ORIGIN, RETRY_AFTER, USER_AGENT, VARY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Json, Router};
use parlance_core::dialect::native::wire;
use tokio::time::timeout;

use crate::auth::Disbelief;
use crate::config::Config;
use crate::gateway;
use crate::origin::is_host;
use crate::peer::{self, Handshake};
use crate::policy;
use crate::rates;
use crate::server::Server;
use crate::upload::{self, Kept, Rejected, Wanted};
use crate::who::Unknown;

/// Bytes of a message on a socket.
const MESSAGE_BYTES: usize = 64 * 1024;
/// Bytes that may wait in a socket's buffer. Every write waits for its flush,
/// so this holds the largest single frame (a page, a welcome or a roster, each
/// of a megabyte or so at the very most) and the close after it.
const WRITE_BUFFER_BYTES: usize = 4 * 1024 * 1024;
/// Bytes of a request's body: a name fits many times.
const BODY_BYTES: usize = 16 * 1024;
/// The longest origin, user agent and credential that is looked at.
const HEADER_BYTES: usize = 4096;
/// Who is at the other end of the connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Remote(pub(crate) SocketAddr);

/// Everything that the server answers.
pub(crate) fn router(server: Arc<Server>) -> Router {
    Router::new()
        .route("/ws", get(socket))
        .route("/api/guest", post(people::guest))
        .route("/api/ticket", post(people::ticket))
        .route("/api/signout", post(people::signout))
        .route("/api/ban", post(people::ban))
        .route(
            "/api/upload",
            post(take_upload).layer(upload_limit(&server.config)),
        )
        .route("/api/{*rest}", any(no_such_path))
        .route("/healthz", get(health))
        .route("/metrics", get(figures))
        .fallback(front_end)
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .merge(gateway::routes(&server.config))
        .layer(middleware::from_fn_with_state(
            Arc::clone(&server),
            with_headers,
        ))
        .with_state(server)
}

/// Which rules a request is under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Door {
    /// The native API: only our own pages, with their cookie.
    Api,
    /// A gateway that is switched on: its clients, with what they show.
    Gateway,
    /// What people uploaded.
    Upload,
    /// Everything else.
    Other,
}

impl Door {
    /// Whether pages ask here, by their origin.
    fn asks_for_an_origin(self) -> bool {
        match self {
            Self::Api | Self::Gateway => true,
            Self::Upload | Self::Other => false,
        }
    }

    fn of(config: &Config, path: &str) -> Self {
        if path.starts_with("/api/") {
            Self::Api
        } else if gateway::is_on(config, path) {
            Self::Gateway
        } else if path.starts_with(upload::PREFIX) {
            Self::Upload
        } else {
            Self::Other
        }
    }
}

/// The headers of every answer, and what cross-origin requests are told.
async fn with_headers(State(server): State<Arc<Server>>, request: Request, next: Next) -> Response {
    let config = &server.config;
    let headers = request.headers();
    let own = policy::own_origin(config, headers);
    let door = Door::of(config, request.uri().path());
    let origin = text(headers, &ORIGIN).map(str::to_owned);
    let allowed = match (&origin, headers.contains_key(ORIGIN)) {
        (Some(origin), _) if door == Door::Gateway => {
            policy::allows_at_gateway(config, headers, origin)
        }
        (Some(origin), _) => policy::allows(config, headers, origin),
        // One that cannot be read is not missing.
        (None, present) => !present,
    };
    let named = headers
        .get(axum::http::header::HOST)
        .is_some_and(|host| host.to_str().is_ok_and(is_host));
    let preflight = door.asks_for_an_origin() && request.method() == Method::OPTIONS;
    let mut response = if !named {
        refuse(
            &server,
            StatusCode::BAD_REQUEST,
            "bad_host",
            "the Host header is missing or wrong",
        )
    } else if door.asks_for_an_origin() && !allowed {
        // At the API a cookie comes along wherever a request comes from.
        refuse(
            &server,
            StatusCode::FORBIDDEN,
            "foreign_origin",
            "this page may not ask here",
        )
    } else if preflight {
        StatusCode::NO_CONTENT.into_response()
    } else {
        answer_in_time(&server, request, next).await
    };
    let answer = response.headers_mut();
    policy::apply(config, &server.assets, own.as_ref(), answer);
    if door == Door::Api {
        // A browser would ask for the next ticket on this connection, and on a
        // path that has died meanwhile wait for it in vain.
        answer.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    if door == Door::Upload {
        upload::policy(answer);
    }
    if door.asks_for_an_origin() {
        answer.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        answer.append(VARY, HeaderValue::from_static("origin"));
        if let (true, Some(origin)) = (allowed, origin)
            && let Ok(origin) = HeaderValue::from_str(&origin)
        {
            answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            if door == Door::Api {
                let yes = HeaderValue::from_static("true");
                answer.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
            }
            for (name, value) in [
                (ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"),
                (
                    ACCESS_CONTROL_ALLOW_HEADERS,
                    "token, authorization, authori-zation, content-type",
                ),
                (ACCESS_CONTROL_MAX_AGE, "600"),
            ] {
                answer.insert(name, HeaderValue::from_static(value));
            }
        }
    }
    response
}

/// Whoever sends a body a byte at a time does not keep the server waiting.
async fn answer_in_time(server: &Server, request: Request, next: Next) -> Response {
    let brings_a_file = text(request.headers(), &CONTENT_TYPE)
        .is_some_and(|kind| kind.starts_with("multipart/form-data"));
    let patience = if brings_a_file {
        // It has limits of its own, which end it first.
        upload::WITHIN * 2
    } else {
        server.config.request_within
    };
    match timeout(patience, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            let text = "the request did not come in time";
            refuse(server, StatusCode::REQUEST_TIMEOUT, "too_slow", text)
        }
    }
}

async fn socket(
    State(server): State<Arc<Server>>,
    Extension(Remote(remote)): Extension<Remote>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let origin = text(&headers, &ORIGIN).unwrap_or_default();
    let address = address(&server, remote, &headers);
    if !policy::allows(&server.config, &headers, origin) {
        tracing::info!(?origin, %address, "a foreign origin was refused");
        return refuse(
            &server,
            StatusCode::FORBIDDEN,
            "foreign_origin",
            "this page may not connect here",
        );
    }
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(rejection) => return rejection.into_response(),
    };
    if let Err(wait) = server.dialling.take(&rates::bucket(address)) {
        return too_many(&server, wait);
    }
    let Some(waiting) = server.stranger(address) else {
        tracing::info!(%address, "too many sockets without a ticket");
        return refuse_for(
            &server,
            StatusCode::TOO_MANY_REQUESTS,
            "rate_limited",
            "too many sockets from here are waiting for a ticket",
            Duration::from_secs(5),
        );
    };
    let handshake = Handshake {
        origin: origin.to_owned(),
        agent: text(&headers, &USER_AGENT).unwrap_or_default().to_owned(),
    };
    upgrade
        .max_message_size(MESSAGE_BYTES)
        .max_frame_size(MESSAGE_BYTES)
        .read_buffer_size(8 * 1024)
        // Flushed after each batch anyway: no need to gather here.
        .write_buffer_size(0)
        .max_write_buffer_size(WRITE_BUFFER_BYTES)
        .on_upgrade(move |socket| peer::serve(socket, server, handshake, waiting))
}

/// The bytes of a request that brings a file.
pub(crate) fn upload_limit(config: &Config) -> DefaultBodyLimit {
    DefaultBodyLimit::max(upload::request_bytes(config.file_bytes))
}

async fn take_upload(
    State(server): State<Arc<Server>>,
    Extension(Remote(remote)): Extension<Remote>,
    headers: HeaderMap,
    form: Result<Multipart, MultipartRejection>,
) -> Response {
    let address = address(&server, remote, &headers);
    let identity = match people::identify(&server, &headers, address).await {
        Ok(identity) => identity,
        Err(why) => return unknown(&server, &why),
    };
    let kept = match form {
        Ok(form) => upload::receive(&server, &identity, Wanted::Anything, form).await,
        Err(_) => Err(Rejected::NoFile),
    };
    match kept {
        Ok(kept) => Json(wire_upload(kept)).into_response(),
        Err(Rejected::TooFast(wait)) => too_many(&server, wait),
        Err(Rejected::Unavailable(why)) => broken(&server, &why),
        Err(rejected) => {
            let text = "the file is not taken";
            refuse(&server, rejected.status(), rejected.code(), text)
        }
    }
}

fn wire_upload(kept: Kept) -> wire::Uploaded {
    wire::Uploaded {
        url: kept.path,
        name: kept.name,
        bytes: kept.bytes,
        width: kept.picture.map(|picture| picture.width),
        height: kept.picture.map(|picture| picture.height),
    }
}

async fn no_such_path(State(server): State<Arc<Server>>) -> Response {
    refuse(
        &server,
        StatusCode::NOT_FOUND,
        "not_found",
        "there is nothing here",
    )
}

async fn health(State(server): State<Arc<Server>>) -> Response {
    // A store that answers late answers nobody.
    let checked = timeout(Duration::from_secs(2), server.store.check()).await;
    let (status, text) = match checked {
        Ok(Ok(())) => (StatusCode::OK, "ok\n"),
        Ok(Err(_)) | Err(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the store does not answer\n",
        ),
    };
    (status, [(CACHE_CONTROL, "no-store")], text).into_response()
}

async fn figures(State(server): State<Arc<Server>>) -> Response {
    let headers = [
        (CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
    ];
    (headers, server.metrics.text()).into_response()
}

async fn front_end(
    State(server): State<Arc<Server>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    if let Some(answer) = gateway::answer(uri.path()) {
        return answer;
    }
    if method != Method::GET && method != Method::HEAD {
        return (StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n").into_response();
    }
    if uri.path().starts_with(upload::PREFIX) {
        return upload::serve(&server, &method, uri.path()).await;
    }
    server.assets.answer(uri.path(), &headers)
}

fn unknown(server: &Server, unknown: &Unknown) -> Response {
    let text = match unknown {
        Unknown::Nobody => "neither a token nor a guest's cookie that is known",
        Unknown::Disbelieved(Disbelief::Bad) => "the token is not one of this server's",
        Unknown::Disbelieved(Disbelief::Expired) => "the token has run out",
        Unknown::Banned => {
            let text = "this person is not wanted here";
            return refuse(server, StatusCode::FORBIDDEN, unknown.code(), text);
        }
        Unknown::TooMany(wait) => return too_many(server, *wait),
        Unknown::Unavailable(why) => return broken(server, why),
    };
    refuse(server, StatusCode::UNAUTHORIZED, unknown.code(), text)
}

pub(crate) fn address(server: &Server, remote: SocketAddr, headers: &HeaderMap) -> IpAddr {
    let forwarded: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|header| header.to_str().ok())
        .collect();
    rates::client(remote.ip(), &forwarded, server.config.trusted_hops)
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let only = values.next()?;
    // Two of a kind are two answers to one question.
    if values.next().is_some() || only.len() > HEADER_BYTES {
        return None;
    }
    only.to_str().ok()
}

fn refuse(server: &Server, status: StatusCode, code: &'static str, text: &str) -> Response {
    server.metrics.refusal(code);
    let error = wire::Reason {
        code: code.to_owned(),
        text: text.to_owned(),
    };
    (status, Json(wire::Refused { error })).into_response()
}

fn refuse_for(
    server: &Server,
    status: StatusCode,
    code: &'static str,
    text: &str,
    wait: Duration,
) -> Response {
    let seconds = wait.as_millis().div_ceil(1000).max(1).to_string();
    let mut response = refuse(server, status, code, text);
    if let Ok(seconds) = HeaderValue::from_str(&seconds) {
        response.headers_mut().insert(RETRY_AFTER, seconds);
    }
    response
}

fn too_many(server: &Server, wait: Duration) -> Response {
    refuse_for(
        server,
        StatusCode::TOO_MANY_REQUESTS,
        "rate_limited",
        "too many requests from here",
        wait,
    )
}

fn broken(server: &Server, error: &dyn std::fmt::Display) -> Response {
    tracing::error!(%error, "a request failed");
    refuse_for(
        server,
        StatusCode::SERVICE_UNAVAILABLE,
        "unavailable",
        "not now",
        Duration::from_secs(2),
    )
}
