//! IndexedDB's requests and transactions as futures.
//!
//! Knows nothing of what is asked. The names of errors are kept, their
//! messages are not: they may repeat what was stored.

use futures_channel::oneshot;
use parlance_core::session::StorageFailure;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{DomException, IdbRequest, IdbTransaction};

/// Waits for a request's result.
pub(super) async fn result(request: &IdbRequest) -> Result<JsValue, StorageFailure> {
    let (done, failed, outcome) = pair();
    request.set_onsuccess(Some(done.as_ref().unchecked_ref()));
    request.set_onerror(Some(failed.as_ref().unchecked_ref()));
    let quiet = OnDrop(|| {
        request.set_onsuccess(None);
        request.set_onerror(None);
    });
    let succeeded = outcome.await.unwrap_or(false);
    drop(quiet);
    if !succeeded {
        let error = request.error().ok().flatten();
        return Err(failure("request", error.as_ref()));
    }
    request.result().map_err(|error| thrown("result", &error))
}

/// Waits until a transaction is complete: a request's success is not enough.
pub(super) async fn complete(transaction: &IdbTransaction) -> Result<(), StorageFailure> {
    let (done, failed, outcome) = pair();
    transaction.set_oncomplete(Some(done.as_ref().unchecked_ref()));
    // An error that nobody catches aborts, and only the abort is the end.
    transaction.set_onabort(Some(failed.as_ref().unchecked_ref()));
    let quiet = OnDrop(|| {
        transaction.set_oncomplete(None);
        transaction.set_onabort(None);
    });
    let succeeded = outcome.await.unwrap_or(false);
    drop(quiet);
    if succeeded {
        Ok(())
    } else {
        Err(failure("transaction", transaction.error().as_ref()))
    }
}

/// Something that was thrown.
pub(super) fn thrown(doing: &str, error: &JsValue) -> StorageFailure {
    failure(doing, error.dyn_ref::<DomException>())
}

fn failure(doing: &str, error: Option<&DomException>) -> StorageFailure {
    let name = error.map_or_else(|| "Error".to_owned(), DomException::name);
    StorageFailure(format!("{doing}: {name}"))
}

/// Runs when it is dropped, which an operation out of time is in the middle of
/// its waiting: the browser must not call a closure that is gone.
pub(super) struct OnDrop<F: Fn()>(pub(super) F);

impl<F: Fn()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

type Callback = Closure<dyn FnMut()>;

fn pair() -> (Callback, Callback, oneshot::Receiver<bool>) {
    let (first, outcome) = oneshot::channel();
    let once = std::rc::Rc::new(std::cell::Cell::new(Some(first)));
    let say = move |succeeded| {
        let once = once.clone();
        Closure::<dyn FnMut()>::new(move || {
            if let Some(sender) = once.take() {
                // Nobody waits any more: the operation ran out of time.
                let _ = sender.send(succeeded);
            }
        })
    };
    (say(true), say(false), outcome)
}
