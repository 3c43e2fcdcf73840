//! Which addresses may be asked for without the person's word: asking alone
//! tells a stranger's server that they are reading.
//!
//! Knows no component, and leaves it to [`Address`] what an address is.

use super::here::here;
use crate::config::Launch;
use crate::dom::El;
use crate::dom::address::Address;

/// An address that may be used, and whose it is.
pub struct Resolved {
    /// The address.
    pub address: Address,
    /// It is the page's own or the backend's: asking there tells nobody else
    /// that the person is reading.
    pub first_party: bool,
}

/// Resolves an address against the backend's.
pub fn resolve(text: &str) -> Option<Resolved> {
    let launch = here().launch;
    let address = Address::resolve(text, &launch.api)?;
    // Nobody can send what this page alone has made of a file.
    if !address.href().starts_with("http") {
        return None;
    }
    Some(Resolved {
        first_party: is_own(&address, launch),
        address,
    })
}

/// Whether this address is the page's own or the backend's.
pub fn is_own(address: &Address, launch: &Launch) -> bool {
    let page = web_sys::window().and_then(|window| window.location().href().ok());
    let own = [page.as_deref(), Some(&launch.api), launch.upload.as_deref()];
    own.into_iter().flatten().any(|own| address.is_of(own))
}

/// The address of this text, if it is our own.
pub fn first_party(text: Option<&str>) -> Option<Address> {
    let resolved = resolve(text?)?;
    resolved.first_party.then_some(resolved.address)
}

impl Resolved {
    /// `src` where it may be asked for, `data-src` where it may not yet.
    pub fn source_of(&self, element: El) -> El {
        if self.first_party {
            element.address("src", &self.address)
        } else {
            element.attr("data-src", self.address.href())
        }
    }
}
