//! HTTP requests with an end: own deadline, capped body, cookies only where
//! they are asked for.
//!
//! Knows nothing of what is asked: any status is an answer, and the dialect
//! reads it.

use std::pin::pin;

use futures_util::future::{Either, select};
use gloo_net::http::{Request, RequestBuilder};
use gloo_timers::future::TimeoutFuture;
use js_sys::{Reflect, Uint8Array};
use parlance_core::wire::{HttpFailure, HttpRequest, HttpResponse, HttpResult, Method};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, ReadableStreamDefaultReader, RequestCache, RequestCredentials, Url,
};

/// A request that is not answered in this time is not going to be. Short,
/// because a browser sends it on an idle connection that may be dead, and the
/// next attempt takes another.
const ANSWER_WITHIN_MS: u32 = 5_000;

/// Bodies beyond this are refused while they are read, not after.
pub const LARGEST_BODY: usize = 4 * 1024 * 1024;

/// Makes a request and reads its answer.
pub async fn request(request: HttpRequest) -> HttpResult {
    within(request, ANSWER_WITHIN_MS).await
}

/// The same with another deadline.
pub async fn within(request: HttpRequest, millis: u32) -> HttpResult {
    let abort = AbortController::new().ok();
    let answer = pin!(fetch(request, abort.as_ref()));
    match select(answer, TimeoutFuture::new(millis)).await {
        Either::Left((result, _)) => result,
        Either::Right(_) => {
            // The socket under it is given back; the answer is given up either way.
            if let Some(abort) = &abort {
                abort.abort();
            }
            Err(HttpFailure(format!("no answer within {millis} ms")))
        }
    }
}

async fn fetch(request: HttpRequest, abort: Option<&AbortController>) -> HttpResult {
    let signal = abort.map(AbortController::signal);
    let mut builder: RequestBuilder = match request.method {
        Method::Get => Request::get(&request.url),
        Method::Post => Request::post(&request.url),
    }
    .credentials(credentials(&request))
    // An answer is only worth what the server says now.
    .cache(RequestCache::NoStore)
    .abort_signal(signal.as_ref());
    for (name, value) in &request.headers {
        builder = builder.header(name, value);
    }
    let ready = match request.body {
        Some(body) => builder.body(body),
        None => builder.build(),
    };
    // Neither the address nor the browser's words about it go into the log:
    // an address may hold a credential.
    let response = ready
        .map_err(|_| HttpFailure("the browser refuses this request".to_owned()))?
        .send()
        .await
        .map_err(|_| HttpFailure("the network failed".to_owned()))?;
    let status = response.status();
    let body = match response.body() {
        Some(stream) => text(stream.get_reader().unchecked_into()).await?,
        None => String::new(),
    };
    Ok(HttpResponse { status, body })
}

/// Cookies go to the page's own origin by `same-origin`; another origin gets
/// them only by `include`, and only if it allows this page.
fn credentials(request: &HttpRequest) -> RequestCredentials {
    if !request.with_cookies {
        return RequestCredentials::Omit;
    }
    let own = web_sys::window().and_then(|window| window.location().origin().ok());
    let asked = Url::new(&request.url).ok().map(|url| url.origin());
    if own.is_some() && own == asked {
        RequestCredentials::SameOrigin
    } else {
        RequestCredentials::Include
    }
}

/// Reads piece by piece, so that an endless body is noticed early.
async fn text(reader: ReadableStreamDefaultReader) -> Result<String, HttpFailure> {
    let broken = |_: JsValue| HttpFailure("the answer broke off".to_owned());
    let mut bytes = Vec::new();
    loop {
        let piece = JsFuture::from(reader.read()).await.map_err(broken)?;
        let done = Reflect::get(&piece, &"done".into()).map_err(broken)?;
        if done.is_truthy() {
            break;
        }
        let value = Reflect::get(&piece, &"value".into()).map_err(broken)?;
        let Ok(chunk) = value.dyn_into::<Uint8Array>() else {
            return Err(HttpFailure("the answer is not made of bytes".to_owned()));
        };
        if bytes.len() + chunk.length() as usize > LARGEST_BODY {
            let _ = reader.cancel();
            return Err(HttpFailure("the answer is too long".to_owned()));
        }
        bytes.extend(chunk.to_vec());
    }
    Ok(String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}
