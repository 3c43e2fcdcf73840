//! HTTP requests with an end: own deadline, capped body, cookies only where
//! they are asked for.
//!
//! Knows nothing of what is asked: any status is an answer, and the dialect
//! reads it.

use std::pin::pin;

use futures_util::future::{Either, select};
use gloo_timers::future::TimeoutFuture;
use js_sys::{Object, Reflect, Uint8Array};
use parlance_core::wire::{HttpFailure, HttpRequest, HttpResponse, HttpResult, Method};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, ReadableStreamDefaultReader, RequestInit, Response, Url, Window};

/// A request that is not answered in this time is not going to be. Short,
/// because a browser sends it on an idle connection that may be dead, and the
/// next attempt takes another.
const ANSWER_WITHIN_MS: u32 = 5_000;

/// Bodies beyond this are refused while they are read, not after.
pub const LARGEST_BODY: usize = 4 * 1024 * 1024;

/// Makes a request and reads its answer.
pub async fn request(request: HttpRequest) -> HttpResult {
    let abort = AbortController::new().ok();
    let answer = pin!(fetch(request, abort.as_ref()));
    match select(answer, TimeoutFuture::new(ANSWER_WITHIN_MS)).await {
        Either::Left((result, _)) => result,
        Either::Right(_) => {
            // The socket under it is given back; the answer is given up either way.
            if let Some(abort) = &abort {
                abort.abort();
            }
            Err(HttpFailure(format!(
                "no answer within {ANSWER_WITHIN_MS} ms"
            )))
        }
    }
}

async fn fetch(request: HttpRequest, abort: Option<&AbortController>) -> HttpResult {
    let network = || HttpFailure("the network failed".to_owned());
    let window = web_sys::window().ok_or_else(network)?;
    let options = options(&window, &request, abort);
    // Neither the address nor the browser's words about it go into the log:
    // an address may hold a credential.
    let response: Response = JsFuture::from(window.fetch_with_str_and_init(&request.url, &options))
        .await
        .map_err(|_| network())?
        .unchecked_into();
    let status = response.status();
    let body = match response.body() {
        Some(stream) => text(stream.get_reader().unchecked_into()).await?,
        None => String::new(),
    };
    Ok(HttpResponse { status, body })
}

/// By name: a setter for each would be an import for each.
fn options(window: &Window, request: &HttpRequest, abort: Option<&AbortController>) -> RequestInit {
    let options = Object::new();
    let set = |object: &Object, name: &str, value: &JsValue| {
        // A new object takes any property.
        let _ = Reflect::set(object, &name.into(), value);
    };
    let method = match request.method {
        Method::Get => "GET",
        Method::Post => "POST",
    };
    set(&options, "method", &method.into());
    set(
        &options,
        "credentials",
        &credentials(window, request).into(),
    );
    // An answer is only worth what the server says now.
    set(&options, "cache", &"no-store".into());
    if let Some(abort) = abort {
        set(&options, "signal", &abort.signal());
    }
    if let Some(body) = &request.body {
        set(&options, "body", &body.into());
    }
    let headers = Object::new();
    for (name, value) in &request.headers {
        set(&headers, name, &value.into());
    }
    set(&options, "headers", &headers);
    options.unchecked_into()
}

/// Cookies go to the page's own origin by `same-origin`; another origin gets
/// them only by `include`, and only if it allows this page.
fn credentials(window: &Window, request: &HttpRequest) -> &'static str {
    if !request.with_cookies {
        return "omit";
    }
    let own = window.location().origin().ok();
    let asked = Url::new(&request.url).ok().map(|url| url.origin());
    if own.is_some() && own == asked {
        "same-origin"
    } else {
        "include"
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
