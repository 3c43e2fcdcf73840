//! Uploads on their way out: a picture as the kind of picture that its bytes
//! are, everything else as something to save.
//!
//! Knows nothing of who asks: an address is as secret as its bearer keeps it.

use axum::body::{Body, Bytes};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
    HeaderName,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use crate::server::Server;

/// What the address of every upload begins with.
pub(crate) const PREFIX: &str = "/uploads/";

/// Letters of a name before its ending: 24 bytes of chance.
const LETTERS: usize = 32;
/// Bytes of a file that are in memory on its way out.
const CHUNK: usize = 64 * 1024;

/// The kinds that a browser may show. The endings are given by what the bytes
/// are; no other file has one of these.
const PICTURES: [(&str, &str); 4] = [
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
];

/// The ending of a file that is no picture.
pub(super) fn file_ending(said: Option<String>) -> String {
    let free = said.filter(|ending| PICTURES.iter().all(|(picture, _)| picture != ending));
    free.unwrap_or_else(|| "bin".to_owned())
}

/// Answers a request for an upload.
pub(crate) async fn serve(server: &Server, method: &Method, path: &str) -> Response {
    let name = path.strip_prefix(PREFIX).unwrap_or_default();
    let Some(ending) = ending(name) else {
        return not_found();
    };
    let (file, length) = match server.shelf.find(name).await {
        Ok(Some(found)) => found,
        Ok(None) => return not_found(),
        Err(error) => {
            tracing::warn!(%error, "an upload could not be read");
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
    };
    let picture = PICTURES.iter().find(|(picture, _)| *picture == ending);
    let body = if *method == Method::HEAD {
        Body::empty()
    } else {
        Body::from_stream(chunks(file))
    };
    let mut response = body.into_response();
    let headers = response.headers_mut();
    let kind = picture.map_or("application/octet-stream", |(_, kind)| kind);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    // A name is never given twice.
    let for_ever = "public, max-age=31536000, immutable";
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(for_ever));
    if picture.is_none() {
        let save = HeaderValue::from_static("attachment");
        headers.insert(CONTENT_DISPOSITION, save);
    }
    response
}

/// What a browser may do with an upload that somebody opens by itself:
/// nothing. Any page may show it: the old pages are elsewhere.
pub(crate) fn policy(headers: &mut HeaderMap) {
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "cross-origin",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

fn not_found() -> Response {
    (StatusCode::NOT_FOUND, "not found\n").into_response()
}

/// The ending of a name that can be one of ours: no other reaches the disk.
fn ending(name: &str) -> Option<&str> {
    let (letters, ending) = name.split_once('.')?;
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let fits = letters.len() == LETTERS
        && letters.bytes().all(letter)
        && (1..=8).contains(&ending.len())
        && ending.bytes().all(|byte| byte.is_ascii_alphanumeric());
    fits.then_some(ending)
}

/// A file, a piece at a time, as fast as it is taken.
fn chunks(file: File) -> impl stream::Stream<Item = std::io::Result<Bytes>> {
    stream::try_unfold(file, |mut file| async move {
        let mut chunk = vec![0; CHUNK];
        let read = file.read(&mut chunk).await?;
        chunk.truncate(read);
        Ok((read > 0).then(|| (Bytes::from(chunk), file)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_ours_reach_the_disk() {
        let letters = "a".repeat(LETTERS);
        assert_eq!(ending(&format!("{letters}.png")), Some("png"));
        for name in [
            String::new(),
            letters.clone(),
            format!("{letters}."),
            format!("../{letters}.png"),
            format!("{letters}.png/x"),
            format!("{letters}.p.g"),
            format!("{}/{}.png", &letters[..16], &letters[..15]),
            format!("{}%2f.png", &letters[..29]),
        ] {
            assert_eq!(ending(&name), None, "{name}");
        }
    }

    #[test]
    fn only_a_picture_has_a_pictures_ending() {
        assert_eq!(file_ending(Some("pdf".to_owned())), "pdf");
        for said in [None, Some("png"), Some("jpg"), Some("webp")] {
            assert_eq!(file_ending(said.map(str::to_owned)), "bin");
        }
        // An SVG is a document with scripts, whatever it looks like.
        assert_eq!(file_ending(Some("svg".to_owned())), "svg");
    }
}
