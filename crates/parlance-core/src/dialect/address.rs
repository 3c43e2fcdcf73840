//! Addresses in text: a base and what stands behind it, what a query may hold,
//! and where a file is that was named without its host.
//!
//! Makes no request and judges no scheme: what may be loaded is the page's
//! business.

use crate::text;

/// The path behind the base, whether or not that ends with a slash.
pub(crate) fn behind(base: &str, path: &str) -> String {
    format!("{}/{path}", base.trim_end_matches('/'))
}

/// The address with one parameter more.
pub(crate) fn with_parameter(address: &str, name: &str, value: &str) -> String {
    let sign = if address.contains('?') { '&' } else { '?' };
    format!("{address}{sign}{name}={}", percent(value))
}

/// A text as it stands in a query: all but unreserved letters as `%XX`.
pub(crate) fn percent(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            const DIGITS: [char; 16] = [
                '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
            ];
            out.push('%');
            out.push(DIGITS[usize::from(byte >> 4)]);
            out.push(DIGITS[usize::from(byte & 15)]);
        }
    }
    out
}

/// Scheme and host of an absolute address, without a slash at the end.
pub(crate) fn origin(address: &str) -> &str {
    let Some(host) = text::find(address, "://").map(|at| at + 3) else {
        return "";
    };
    let end = address[host..].find(['/', '?', '#']);
    &address[..end.map_or(address.len(), |end| host + end)]
}

/// Where a file is that a backend under `base` calls `address`: an address
/// without a host is on the base's.
pub(crate) fn absolute(base: &str, address: &str) -> String {
    let origin = origin(base);
    let scheme = address.find(':').is_some_and(|at| {
        let letters = &address[..at];
        letters.starts_with(|first: char| first.is_ascii_alphabetic())
            && letters
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
    });
    if address.is_empty() || scheme || origin.is_empty() {
        address.to_owned()
    } else if let Some(host) = address.strip_prefix("//") {
        let scheme = text::cut(origin, "//").map_or("", |(scheme, _)| scheme);
        format!("{scheme}//{host}")
    } else {
        behind(origin, address.trim_start_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stands_behind_a_base_with_or_without_its_slash() {
        for base in ["https://a.example/egg", "https://a.example/egg/"] {
            assert_eq!(behind(base, "api/x"), "https://a.example/egg/api/x");
        }
    }

    #[test]
    fn what_a_query_cannot_hold_is_escaped() {
        let address = with_parameter("ws://a.example:8000", "token", "a&b=c 你/+%");
        assert_eq!(
            address,
            "ws://a.example:8000?token=a%26b%3Dc%20%E4%BD%A0%2F%2B%25"
        );
        assert_eq!(with_parameter("x?y=1", "z", "-._~"), "x?y=1&z=-._~");
    }

    #[test]
    fn an_address_without_a_host_is_on_the_bases() {
        let base = "https://a.example:8/egg/?x#y";
        for (address, whole) in [
            ("/public/1.png", "https://a.example:8/public/1.png"),
            ("public/1.png", "https://a.example:8/public/1.png"),
            ("//b.example/1.png", "https://b.example/1.png"),
            ("http://b.example/1.png", "http://b.example/1.png"),
            ("data:image/png;base64,x", "data:image/png;base64,x"),
            ("/a:b.png", "https://a.example:8/a:b.png"),
            ("", ""),
        ] {
            assert_eq!(absolute(base, address), whole);
        }
        assert_eq!(absolute("egg", "/1.png"), "/1.png");
        assert_eq!(origin("https://a.example?x"), "https://a.example");
    }
}
