//! What may become of a single frame or of a single request on its way.
//! Decides nothing by itself: whoever breaks the path does.

use std::time::Duration;

use super::Cut;

/// What becomes of one frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Passes,
    /// It never arrives, and nobody is told.
    IsLost,
    ComesTwice,
    /// Frames after it overtake it.
    ComesLater(Duration),
    /// Something else arrives, byte by byte as it stands.
    Becomes(Vec<u8>),
    /// So many of its bytes arrive, and then the connection ends.
    CutAfter(usize, Cut),
    /// So many of its bytes arrive, and then nothing ever again.
    StallsAfter(usize),
    /// It never arrives; its sender gets this text instead.
    Answered(String),
}

/// Is asked about every frame of one direction; what it holds is its payload
/// as it would be read.
pub(super) type Tamper = Box<dyn FnMut(&str) -> Fate + Send>;

/// What is answered in the server's stead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Instead {
    /// Nothing, ever.
    Silence,
    /// Status, further header lines, and a body, after so long.
    Answer(u16, &'static str, String, Duration),
}

impl Instead {
    pub(crate) fn status(status: u16) -> Self {
        Self::Answer(status, "", String::new(), Duration::ZERO)
    }

    pub(crate) fn html(status: u16, body: &str) -> Self {
        let header = "Content-Type: text/html; charset=utf-8\r\n";
        Self::Answer(status, header, body.to_owned(), Duration::ZERO)
    }

    pub(super) fn bytes(&self) -> Option<(Vec<u8>, Duration)> {
        let Self::Answer(status, header, body, after) = self else {
            return None;
        };
        let answer = format!(
            "HTTP/1.1 {status} Instead\r\n{header}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        Some((answer.into_bytes(), *after))
    }
}

/// Is asked about every request, as `METHOD /path`.
pub(super) type Clerk = Box<dyn FnMut(&str) -> Option<Instead> + Send>;
