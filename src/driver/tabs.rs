//! The driver's side of several tabs: the channel on which pages tell each other
//! of what waits, and the one link that they share where a backend bears no
//! more.
//!
//! What is said on either is decided in the core.

use std::cell::{RefCell, RefMut};
use std::rc::Rc;

use parlance_core::relay::{Deed, Relay};
use parlance_core::{Input, NUMBERED, PageEvent, RELAYED};

use super::siblings::Siblings;
use super::{Driver, Happening, random};

/// The one link of all tabs, and the channel on which they speak of it. Without
/// a channel each tab has a link of its own.
pub(super) struct OneLink {
    name: String,
    relay: RefCell<Relay>,
    pub(super) channel: RefCell<Option<Siblings>>,
}

impl OneLink {
    pub(super) fn new(name: String) -> Self {
        Self {
            name,
            relay: RefCell::new(Relay::new(random::seed())),
            channel: RefCell::default(),
        }
    }
}

impl Driver {
    /// While the page may be cached nobody listens: it looks for itself when it
    /// comes back.
    pub(super) fn listen_to_siblings(&self, listens: bool) {
        if let Some(one_link) = self.one_link.as_ref().filter(|_| RELAYED) {
            if !listens {
                one_link.relay.borrow_mut().leave();
                self.carry_out_deeds();
                *one_link.channel.borrow_mut() = None;
            } else if one_link.channel.borrow().is_none() {
                let handle = self.handle;
                let deliver = Rc::new(move |text| {
                    if let Some(driver) = handle.driver() {
                        driver.enqueue(Happening::Word(text));
                    }
                });
                *one_link.channel.borrow_mut() = Siblings::open(&one_link.name, deliver);
            }
        }
        if !NUMBERED {
            return;
        }
        let mut siblings = self.siblings.borrow_mut();
        if !listens {
            *siblings = None;
        } else if siblings.is_none() {
            let handle = self.handle;
            let deliver = Rc::new(move |text| handle.feed(Input::Shared(text)));
            *siblings = Siblings::open(&self.shared_as, deliver);
        }
    }

    /// This tab's part in the one link, while there is a channel.
    pub(super) fn relay(&self) -> Option<RefMut<'_, Relay>> {
        let one_link = self.one_link.as_ref().filter(|_| RELAYED)?;
        let heard = one_link.channel.borrow().is_some();
        heard.then(|| one_link.relay.borrow_mut())
    }

    pub(super) fn carry_out_deeds(&self) {
        let Some(one_link) = self.one_link.as_ref().filter(|_| RELAYED) else {
            return;
        };
        one_link.relay.borrow_mut().settle();
        loop {
            let deed = one_link.relay.borrow_mut().poll();
            match deed {
                Some(Deed::Dial(link, address)) => self.dial(link, address),
                Some(Deed::Send(link, wire)) => self.send(link, wire),
                Some(Deed::Shut(link, code, reason)) => self.shut(link, code, reason),
                Some(Deed::Say(text)) => {
                    if let Some(channel) = &*one_link.channel.borrow() {
                        channel.say(&text);
                    }
                }
                Some(Deed::Tell(link, event)) => self.feed(Input::Link(link, event)),
                Some(Deed::Renew) => self.enqueue(Happening::Page(PageEvent::LinkMoved)),
                None => return,
            }
        }
    }
}
