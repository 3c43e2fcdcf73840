//! The headers that tell a browser what a page of ours may do, and what
//! others may do with it.
//!
//! Knows nothing of what the page is.

use axum::http::HeaderMap;
use axum::http::header::{
    CONTENT_SECURITY_POLICY, HOST, HeaderName, HeaderValue, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};

use crate::assets::Assets;
use crate::config::Config;
use crate::origin::Origin;

/// What is the same on every answer.
const ALWAYS: [(HeaderName, &str); 5] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // Not `no-referrer`: with it some browsers also hide the Origin of our own
    // requests, which we ask for.
    (REFERRER_POLICY, "same-origin"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin-allow-popups",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
];

/// A year, in seconds.
const HSTS: &str = "max-age=31536000";

/// The origin under which this request reached us, by its `Host`. `None` when
/// that is missing or is more than a host.
pub(crate) fn own_origin(config: &Config, headers: &HeaderMap) -> Option<Origin> {
    let host = headers.get(HOST)?.to_str().ok()?;
    Origin::of_host(is_secure(config, host, headers), host)
}

/// Whether the public address is https: the proxy in front says so, if there
/// is one of ours, or the operator does.
fn is_secure(config: &Config, host: &str, headers: &HeaderMap) -> bool {
    let said = || {
        let proto = headers.get("x-forwarded-proto")?.to_str().ok()?;
        Some(
            proto
                .rsplit(',')
                .next()?
                .trim()
                .eq_ignore_ascii_case("https"),
        )
    };
    if config.trusted_hops > 0
        && let Some(secure) = said()
    {
        return secure;
    }
    let secure = Origin::of_host(true, host);
    secure.is_some_and(|secure| config.origins.contains(&secure))
}

/// Whether pages of this origin may speak with us: those that we serve, by
/// the `Host` of the request, and those that the operator names.
pub(crate) fn allows(config: &Config, headers: &HeaderMap, origin: &str) -> bool {
    let own = || {
        let host = headers.get(HOST)?.to_str().ok()?;
        let of_host = |secure| Origin::of_host(secure, host);
        let same = |own: Option<Origin>| own.is_some_and(|own| own.is(origin));
        Some(same(of_host(false)) || same(of_host(true)))
    };
    config.origins.iter().any(|allowed| allowed.is(origin)) || own().unwrap_or(false)
}

/// Whether pages of this origin may speak with a gateway: no credential there
/// comes along by itself, so where anybody gets in by name, pages of this
/// computer may too.
pub(crate) fn allows_at_gateway(config: &Config, headers: &HeaderMap, origin: &str) -> bool {
    let loopback = || {
        origin
            .parse()
            .is_ok_and(|parsed: Origin| parsed.is(origin) && parsed.is_loopback())
    };
    allows(config, headers, origin) || (config.guests && loopback())
}

/// Puts the headers on an answer.
pub(crate) fn apply(
    config: &Config,
    assets: &Assets,
    own: Option<&Origin>,
    headers: &mut HeaderMap,
) {
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if own.is_some_and(Origin::is_secure) {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(HSTS));
    }
    // Made of origins that were parsed and of hashes: always a header.
    if let Ok(value) = HeaderValue::from_str(&content_security_policy(config, assets, own)) {
        headers.insert(CONTENT_SECURITY_POLICY, value);
    }
}

fn content_security_policy(config: &Config, assets: &Assets, own: Option<&Origin>) -> String {
    let list = |first: &[&str], more: &mut dyn Iterator<Item = String>| {
        let mut list = first.join(" ");
        for one in more {
            list.push(' ');
            list.push_str(&one);
        }
        list
    };
    let backends = || config.backends.iter().map(Origin::to_string);
    // `'self'` covers the same host's sockets in new browsers only.
    let mut sockets = own.map(Origin::socket).into_iter().chain(
        config
            .backends
            .iter()
            .flat_map(|backend| [backend.to_string(), backend.socket()]),
    );
    let scripts = list(
        &["'self'", "'wasm-unsafe-eval'"],
        &mut assets.scripts.iter().cloned(),
    );
    let styles = list(&["'self'"], &mut assets.styles.iter().cloned());
    let media = list(&["'self'", "blob:"], &mut backends());
    let connect = list(&["'self'"], &mut sockets);
    let mut framers = config.frame_ancestors.iter().map(Origin::to_string);
    let framers = if config.frame_ancestors.is_empty() {
        "'none'".to_owned()
    } else {
        list(&[], &mut framers).trim_start().to_owned()
    };
    format!(
        "default-src 'none'; script-src {scripts}; style-src {styles}; img-src {media}; \
         media-src {media}; font-src 'self'; connect-src {connect}; worker-src 'self'; \
         manifest-src 'self'; base-uri 'none'; form-action 'none'; object-src 'none'; \
         frame-ancestors {framers}"
    )
}
