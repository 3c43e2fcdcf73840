//! The other pages of this origin on this device: words that all of them hear.
//!
//! Knows nothing of what is said, which only the session reads. A browser
//! without the channel has pages that do not hear of each other; what they
//! share is on the device all the same.

use std::fmt;
use std::rc::Rc;

use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{BroadcastChannel, MessageEvent};

/// One end of the channel, closed when it is dropped: an open one keeps some
/// browsers from caching the page.
pub struct Siblings {
    channel: BroadcastChannel,
    _heard: Closure<dyn FnMut(MessageEvent)>,
}

impl Siblings {
    /// Listens from now on; `None` where there is no such channel.
    pub fn open(name: &str, deliver: Rc<dyn Fn(String)>) -> Option<Self> {
        let channel = BroadcastChannel::new(name).ok()?;
        let heard = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            if let Some(text) = event.data().as_string() {
                deliver(text);
            }
        });
        channel.set_onmessage(Some(heard.as_ref().unchecked_ref()));
        Some(Self {
            channel,
            _heard: heard,
        })
    }

    /// Says this to all others, if there are any.
    pub fn say(&self, text: &str) {
        let _ = self.channel.post_message(&JsValue::from_str(text));
    }
}

impl Drop for Siblings {
    fn drop(&mut self) {
        self.channel.set_onmessage(None);
        self.channel.close();
    }
}

impl fmt::Debug for Siblings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Siblings").finish_non_exhaustive()
    }
}
