//! Where the clients of other backends come in: each gateway turns an
//! existing backend's frames into what a native link would say.
//!
//! None is built yet. The seam is here so that their paths answer what is
//! true, and so that `http.rs` knows one module and not five.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::config::GATEWAYS;

/// The answer on a gateway's path; `None` when the path is no gateway's.
pub(crate) fn answer(path: &str) -> Option<Response> {
    let first = path.trim_start_matches('/').split('/').next()?;
    GATEWAYS
        .contains(&first)
        .then(|| (StatusCode::NOT_FOUND, "this gateway is not here\n").into_response())
}
