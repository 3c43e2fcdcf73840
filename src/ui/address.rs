//! Which addresses from outside may be used, and which may be asked for
//! without the person's word.
//!
//! Knows no component. Anything but http and https is not an address here:
//! nothing that somebody sent is ever run.

use leptos::prelude::use_context;
use web_sys::Url;

use crate::config::Launch;

/// An address that may be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Absolute.
    pub href: String,
    /// Its host, for people.
    pub host: String,
    /// It is the page's own or the backend's: asking there tells nobody else
    /// that the person is reading.
    pub first_party: bool,
}

/// Resolves an address against the backend's.
pub fn resolve(text: &str) -> Option<Address> {
    let page = web_sys::window()?.location().href().ok()?;
    let launch = use_context::<Launch>();
    let base = launch
        .as_ref()
        .map_or(page.as_str(), |launch| launch.api.as_str());
    let url = Url::new_with_base(text.trim(), base).ok()?;
    let protocol = url.protocol();
    let blob = protocol == "blob:";
    if !blob && protocol != "https:" && protocol != "http:" {
        return None;
    }
    let origin = url.origin();
    let is_of = |address: &str| Url::new(address).is_ok_and(|own| own.origin() == origin);
    let first_party = is_of(&page)
        || launch.is_some_and(|launch| {
            is_of(&launch.api) || launch.upload.as_deref().is_some_and(is_of)
        });
    Some(Address {
        href: url.href(),
        host: url.host(),
        first_party,
    })
}
