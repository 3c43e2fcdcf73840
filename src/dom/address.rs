//! Addresses that may be used: the only ones that an element takes.
//!
//! Anything but http and https, a mailbox or a number to call where somebody
//! typed one, and what the page itself has made of a file, is not an address
//! here: nothing that somebody sent is ever run. Knows no backend.

use web_sys::Url;

/// An address that may be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    href: String,
    shown: String,
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
            shown: url.href(),
            host: url.host(),
            origin: url.origin(),
        })
    }

    /// An absolute address as somebody typed it, kept to the letter. One with a
    /// name before its host is none: it is there to be taken for the host.
    pub fn typed(text: &str) -> Option<Self> {
        let url = Url::new(text).ok()?;
        let (asked, origin) = (url.href(), url.origin());
        // As it is written: a browser reads past what is no part of a scheme.
        let begins = |scheme| text.starts_with(scheme);
        let web = begins("https://") || begins("http://");
        let usable = if web {
            asked.starts_with(&origin)
        } else {
            begins("mailto:") || begins("tel:")
        };
        let plain = !web || begins(&origin);
        usable.then(|| Self {
            href: text.to_owned(),
            shown: if plain { text.to_owned() } else { asked },
            host: url.host(),
            origin,
        })
    }

    /// Absolute.
    pub fn href(&self) -> &str {
        &self.href
    }

    /// Its host as it is asked for: in ASCII, without whatever was written to
    /// look like one. Empty for a mailbox and a number.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The address to be read: as it was typed where its host is written as it
    /// is asked for, in ASCII. Letters of other scripts are there as punycode,
    /// whether they are mixed or one script looks like another as a whole.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Whether it leads to the server that this absolute address leads to.
    pub fn is_of(&self, address: &str) -> bool {
        Url::new(address).is_ok_and(|own| own.origin() == self.origin)
    }
}
