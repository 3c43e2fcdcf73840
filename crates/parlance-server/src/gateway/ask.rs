//! One HTTP request as a gateway sees it: what was asked, in whichever of the
//! old ways, and by whom.
//!
//! Knows no dialect's answers.

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

use crate::auth::Identity;
use crate::http::{self, Remote};
use crate::origin::Origin;
use crate::policy;
use crate::server::Server;
use crate::voice::Voice;
use crate::who::{self, Unknown};

/// Where an HTTP credential may stand, in the order in which it is looked for.
const TOKEN_HEADERS: [&str; 3] = ["token", "authorization", "authori-zation"];

/// Where a request, or a handshake, comes from and what it says in its head.
#[derive(Debug)]
pub(crate) struct Head {
    /// The client's address.
    pub(crate) from: IpAddr,
    headers: HeaderMap,
    query: Vec<(String, String)>,
    origin: Option<Origin>,
}

impl Head {
    pub(super) fn new(server: &Server, remote: Remote, headers: HeaderMap, uri: &Uri) -> Self {
        let query = uri.query().unwrap_or_default().as_bytes();
        Self {
            from: http::address(server, remote.0, &headers),
            origin: policy::own_origin(&server.config, &headers),
            query: form_urlencoded::parse(query).into_owned().collect(),
            headers,
        }
    }

    /// This parameter of the query; the first one counts.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// This header. Not only ASCII: a bare token may be anybody's name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.headers.get(name)?.as_bytes()).ok()
    }

    /// The whole address of a path on this server, as this client reaches it:
    /// an old page may stand elsewhere.
    pub(crate) fn address(&self, path: &str) -> String {
        match &self.origin {
            Some(origin) => format!("{origin}{path}"),
            None => path.to_owned(),
        }
    }

    /// The credential: of the headers `token`, `authorization` and
    /// `authori-zation`, with or without `Bearer`, or of the query. Empty when
    /// there is none.
    pub(crate) fn token(&self) -> &str {
        let headers = TOKEN_HEADERS.iter().filter_map(|name| self.header(name));
        let mut shown = headers.map(bare).chain(self.query("token"));
        shown.find(|token| !token.is_empty()).unwrap_or_default()
    }
}

/// Without the scheme in front.
fn bare(credential: &str) -> &str {
    let credential = credential.trim();
    match credential.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        // Nothing after the scheme is no credential.
        None if credential.eq_ignore_ascii_case("bearer") => "",
        Some(_) | None => credential,
    }
}

/// A request with its body.
#[derive(Debug)]
pub(crate) struct Ask {
    /// Where it comes from.
    pub(crate) head: Head,
    /// The body's fields, be it JSON or a form; empty when it is neither.
    pub(crate) body: Map<String, Value>,
}

impl Ask {
    /// This field of the body, else of the query, as text: numbers too, for
    /// each old page writes them as it likes.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let field = self.body.get(name).and_then(|value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        });
        field.or_else(|| self.head.query(name).map(str::to_owned))
    }

    /// The same as a whole number.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.text(name)?.trim().parse().ok()
    }

    /// Who asks, by [`Head::token`].
    pub(crate) async fn who(&self, server: &Server) -> Result<Identity, Unknown> {
        who::by_token(server, self.head.token(), self.head.from).await
    }

    /// Who asks, able to act.
    pub(crate) async fn voice(&self, server: &Arc<Server>) -> Result<Voice, Unknown> {
        let identity = self.who(server).await?;
        Ok(Voice::new(server, identity.person))
    }
}

impl FromRequestParts<Arc<Server>> for Head {
    type Rejection = Response;

    async fn from_request_parts(
        parts: &mut Parts,
        server: &Arc<Server>,
    ) -> Result<Self, Self::Rejection> {
        let remote = parts.extensions.get::<Remote>().copied();
        // Every connection of ours has one.
        let remote = remote.ok_or_else(|| StatusCode::INTERNAL_SERVER_ERROR.into_response())?;
        Ok(Self::new(server, remote, parts.headers.clone(), &parts.uri))
    }
}

impl FromRequest<Arc<Server>> for Ask {
    type Rejection = Response;

    async fn from_request(request: Request, server: &Arc<Server>) -> Result<Self, Self::Rejection> {
        let (mut parts, body) = request.into_parts();
        let head = Head::from_request_parts(&mut parts, server).await?;
        let form = head
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        let request = Request::from_parts(parts, body);
        let bytes = Bytes::from_request(request, server)
            .await
            .map_err(IntoResponse::into_response)?;
        Ok(Self {
            head,
            body: fields(&bytes, form),
        })
    }
}

fn fields(bytes: &[u8], form: bool) -> Map<String, Value> {
    if form {
        let pairs = form_urlencoded::parse(bytes).into_owned();
        return pairs
            .map(|(name, value)| (name, Value::String(value)))
            .collect();
    }
    serde_json::from_slice(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(query: &str, headers: &[(&'static str, &str)]) -> Head {
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).parse().unwrap(), value.parse().unwrap()));
        Head {
            from: [127, 0, 0, 1].into(),
            headers: headers.collect(),
            query: form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
            origin: "https://chat.example".parse().ok(),
        }
    }

    #[test]
    fn a_credential_is_found_wherever_it_stands() {
        assert_eq!(head("token=q", &[("token", "h")]).token(), "h");
        assert_eq!(head("token=%E5%B0%8F+x", &[]).token(), "小 x");
        assert_eq!(
            head("", &[("authorization", "Bearer  a.b ")]).token(),
            "a.b"
        );
        assert_eq!(head("", &[("authorization", "raw")]).token(), "raw");
        assert_eq!(head("", &[("authori-zation", "bearer c")]).token(), "c");
        // An old page without a user sends an empty one.
        assert_eq!(
            head("token=q", &[("authorization", "Bearer ")]).token(),
            "q"
        );
        assert_eq!(head("", &[]).token(), "");
    }

    #[test]
    fn a_path_has_a_whole_address() {
        assert_eq!(
            head("", &[]).address("/uploads/x"),
            "https://chat.example/uploads/x"
        );
    }

    #[test]
    fn fields_are_read_from_json_and_from_forms() {
        let json = fields(br#"{"a":"x","n":7,"o":{}}"#, false);
        let form = fields("a=%E4%BD%A0&n=7".as_bytes(), true);
        let ask = |body| Ask {
            head: head("page=3", &[]),
            body,
        };
        assert_eq!(ask(json.clone()).text("a").as_deref(), Some("x"));
        assert_eq!(ask(json.clone()).number("n"), Some(7));
        assert_eq!(ask(json.clone()).number("page"), Some(3));
        assert_eq!(ask(json).text("o"), None);
        assert_eq!(ask(form.clone()).text("a").as_deref(), Some("你"));
        assert_eq!(ask(form).number("n"), Some(7));
        for body in [&b"[1]"[..], b"nonsense", b"", b"\xff\xfe"] {
            assert!(fields(body, false).is_empty());
        }
    }
}
