//! Addresses that may be used: the only ones that an element takes.
//!
//! Anything but http and https, and what the page itself has made of a file,
//! is not an address here: nothing that somebody sent is ever run. Knows no
//! backend.

use web_sys::Url;

/// An address that may be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    href: String,
    host: String,
    origin: String,
}

impl Address {
    /// Resolves an address against an absolute one.
    pub fn resolve(text: &str, base: &str) -> Option<Self> {
        let url = Url::new_with_base(text.trim(), base).ok()?;
        let usable = matches!(url.protocol().as_str(), "https:" | "http:" | "blob:");
        usable.then(|| Self {
            href: url.href(),
            host: url.host(),
            origin: url.origin(),
        })
    }

    /// An absolute address as somebody typed it, kept to the letter.
    pub fn typed(text: &str) -> Option<Self> {
        let begins = |scheme| text.starts_with(scheme);
        (begins("https://") || begins("http://")).then(|| Self {
            href: text.to_owned(),
            host: String::new(),
            origin: String::new(),
        })
    }

    /// Absolute.
    pub fn href(&self) -> &str {
        &self.href
    }

    /// Its host, for people; empty where it was typed.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether it leads to the server that this absolute address leads to.
    pub fn is_of(&self, address: &str) -> bool {
        Url::new(address).is_ok_and(|own| own.origin() == self.origin)
    }
}
