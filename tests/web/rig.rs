//! The little language of these tests: something heard, something next.

use std::fmt::Debug;
use std::pin::pin;
use std::rc::Rc;

use futures_channel::mpsc::{UnboundedReceiver, unbounded};
use futures_util::StreamExt;
use futures_util::future::{Either, select};
use gloo_timers::future::TimeoutFuture;
use js_sys::Function;
use wasm_bindgen::JsValue;

/// Nothing here takes so long; a test that waits is a test that failed.
const PATIENCE_MS: u32 = 8_000;

/// What a part of the driver delivered.
pub(crate) struct Heard<T>(UnboundedReceiver<T>);

/// Somewhere to deliver to, and what was delivered.
pub(crate) fn ears<T: 'static>() -> (Rc<dyn Fn(T)>, Heard<T>) {
    let (sender, receiver) = unbounded();
    let deliver = move |event| {
        let _ = sender.unbounded_send(event);
    };
    (Rc::new(deliver), Heard(receiver))
}

impl<T: Debug> Heard<T> {
    pub(crate) async fn next(&mut self) -> T {
        let patience = TimeoutFuture::new(PATIENCE_MS);
        match select(pin!(self.0.next()), patience).await {
            Either::Left((Some(event), _)) => event,
            Either::Left((None, _)) => panic!("nobody is there to say anything"),
            Either::Right(_) => panic!("nothing was heard"),
        }
    }

    /// The next that is like this.
    pub(crate) async fn until(&mut self, like: impl Fn(&T) -> bool) -> T {
        loop {
            let event = self.next().await;
            if like(&event) {
                return event;
            }
        }
    }

    /// What has been delivered by now.
    pub(crate) fn so_far(&mut self) -> Vec<T> {
        std::iter::from_fn(|| self.0.try_recv().ok()).collect()
    }
}

/// Runs a script in the page.
pub(crate) fn js(script: &str) -> JsValue {
    Function::new_no_args(script)
        .call0(&JsValue::NULL)
        .unwrap_or_else(|error| panic!("{script}: {error:?}"))
}

/// Runs a script whose result is text.
pub(crate) fn text(script: &str) -> String {
    js(script).as_string().unwrap_or_default()
}

/// Lets every task that can run do so, and one turn of the browser's loop pass.
pub(crate) async fn turn() {
    TimeoutFuture::new(0).await;
}

/// A property of the page that is another one while this lives.
pub(crate) struct Shim(String);

impl Shim {
    /// `shim("window", "indexedDB", "value: null")`.
    pub(crate) fn new(object: &str, name: &str, instead: &str) -> Self {
        js(&format!(
            "(globalThis.shimmed ??= {{}})['{object}.{name}'] =
                 Object.getOwnPropertyDescriptor({object}, '{name}');
             Object.defineProperty({object}, '{name}', {{ configurable: true, {instead} }});"
        ));
        Self(format!(
            "const real = shimmed['{object}.{name}'];
             if (real) Object.defineProperty({object}, '{name}', real);
             else delete {object}.{name};"
        ))
    }
}

impl Drop for Shim {
    fn drop(&mut self) {
        js(&self.0);
    }
}
