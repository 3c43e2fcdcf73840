//! What passes through a socket or a request, unopened.
//!
//! Knows nothing of what is inside: opening it is a dialect's job.

/// One WebSocket message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wire {
    /// A text message.
    Text(String),
    /// A binary message. No dialect speaks binary; it is counted and ignored.
    Binary(Vec<u8>),
}

/// How an HTTP request is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Writes.
    Post,
}

/// One HTTP request that the driver is asked to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRequest {
    /// How.
    pub method: Method,
    /// The absolute address.
    pub url: String,
    /// Header names and values, beside those that the browser adds.
    pub headers: Vec<(String, String)>,
    /// A JSON body.
    pub body: Option<String>,
    /// Whether the browser's cookies for that origin go along.
    pub with_cookies: bool,
}

/// What came back: any status is an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpResponse {
    /// The status code.
    pub status: u16,
    /// The body as text, at most 4 MiB.
    pub body: String,
}

/// Why no answer came back: the network's words, for the log only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpFailure(pub String);

/// An answer, or none.
pub type HttpResult = Result<HttpResponse, HttpFailure>;
