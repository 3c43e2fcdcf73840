//! The front end as it is served: read once at start, held in memory, looked
//! up by its whole path. There is no path to climb out of.
//!
//! Knows nothing of the API, nor of what the files do.

use std::collections::HashMap;
use std::path::Path;

use axum::body::Bytes;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::error::Error;

/// The front end is a hundred times smaller. A larger folder is not one, and
/// would fill the memory.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// Folders inside folders, in case a link leads in a circle.
const MOST_LEVELS: usize = 8;

/// What is said when there is no front end.
const PLACEHOLDER: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
<title>Parlance</title><h1>The front end is not built</h1>\
<p>This server runs, and has no page to show. Build one with <code>cargo xtask dist</code> \
and name its folder with <code>--dist</code>.</p></html>";

/// The files, by path.
#[derive(Debug)]
pub(crate) struct Assets {
    files: HashMap<String, Asset>,
    /// The hashes of the inline scripts and styles of index.html, as a policy
    /// wants them said.
    pub(crate) scripts: Vec<String>,
    /// See `scripts`.
    pub(crate) styles: Vec<String>,
}

#[derive(Debug)]
struct Asset {
    plain: Bytes,
    brotli: Option<Bytes>,
    gzip: Option<Bytes>,
    kind: &'static str,
    cache: &'static str,
    etag: HeaderValue,
}

impl Assets {
    /// Reads the folder, if there is one.
    pub(crate) fn load(folder: Option<&Path>) -> Result<Self, Error> {
        let mut found = HashMap::new();
        if let Some(folder) = folder {
            let mut left = MOST_BYTES;
            read_folder(folder, "", MOST_LEVELS, &mut left, &mut found)
                .map_err(|why| Error::Dist(folder.to_owned(), why))?;
            if !found.contains_key("index.html") {
                return Err(Error::Dist(
                    folder.to_owned(),
                    "there is no index.html in it".to_owned(),
                ));
            }
        }
        let placeholder = || Bytes::from_static(PLACEHOLDER.as_bytes());
        found
            .entry("index.html".to_owned())
            .or_insert_with(placeholder);
        Ok(Self::of(&found))
    }

    fn of(found: &HashMap<String, Bytes>) -> Self {
        let index = found.get("index.html").cloned().unwrap_or_default();
        let index = String::from_utf8_lossy(&index);
        let files = found
            .iter()
            .filter(|(path, _)| !is_variant(path, found))
            .map(|(path, plain)| {
                let variant = |ending| found.get(&format!("{path}{ending}")).cloned();
                let asset = Asset {
                    plain: plain.clone(),
                    brotli: variant(".br"),
                    gzip: variant(".gz"),
                    kind: kind_of(path),
                    cache: cache_of(path),
                    etag: etag_of(plain),
                };
                (path.clone(), asset)
            })
            .collect();
        Self {
            files,
            scripts: inline_hashes(&index, "script"),
            styles: inline_hashes(&index, "style"),
        }
    }

    /// The answer to a request for this path.
    pub(crate) fn answer(&self, path: &str, headers: &HeaderMap) -> Response {
        let path = match path.strip_prefix('/').unwrap_or(path) {
            "" => "index.html",
            path => path,
        };
        let Some(asset) = self.files.get(path) else {
            if path == "parlance.json" {
                return no_settings();
            }
            return (StatusCode::NOT_FOUND, "not found\n").into_response();
        };
        asset.answer(headers)
    }
}

/// A page without settings of its own asks for them all the same: it has none,
/// and an error in its console would be noise.
fn no_settings() -> Response {
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "no-cache"),
    ];
    (headers, "{}").into_response()
}

impl Asset {
    fn answer(&self, headers: &HeaderMap) -> Response {
        let accepted = Accepted::read(headers);
        let (body, encoding) = match (&self.brotli, &self.gzip) {
            (Some(brotli), _) if accepted.brotli => (brotli, Some("br")),
            (_, Some(gzip)) if accepted.gzip => (gzip, Some("gzip")),
            (Some(_) | None, Some(_) | None) => (&self.plain, None),
        };
        let unchanged = headers.get_all(IF_NONE_MATCH).iter().any(|header| {
            let Ok(header) = header.to_str() else {
                return false;
            };
            let mut tags = header.split(',').map(str::trim);
            tags.any(|tag| tag.strip_prefix("W/").unwrap_or(tag).as_bytes() == self.etag.as_bytes())
        });
        let mut response = if unchanged {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            body.clone().into_response()
        };
        let answer = response.headers_mut();
        answer.insert(CONTENT_TYPE, HeaderValue::from_static(self.kind));
        answer.insert(CACHE_CONTROL, HeaderValue::from_static(self.cache));
        answer.insert(ETAG, self.etag.clone());
        if self.brotli.is_some() || self.gzip.is_some() {
            answer.insert(VARY, HeaderValue::from_static("accept-encoding"));
        }
        if let Some(encoding) = encoding
            && !unchanged
        {
            answer.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        response
    }
}

/// Which of our encodings a request accepts.
#[derive(Debug, Default, PartialEq, Eq)]
struct Accepted {
    brotli: bool,
    gzip: bool,
}

impl Accepted {
    fn read(headers: &HeaderMap) -> Self {
        let mut listed = HashMap::new();
        for header in headers.get_all(ACCEPT_ENCODING) {
            let Ok(header) = header.to_str() else {
                continue;
            };
            for part in header.split(',') {
                let mut pieces = part.split(';').map(str::trim);
                let coding = pieces.next().unwrap_or_default().to_ascii_lowercase();
                let refused = pieces.any(|piece| {
                    let piece = piece.to_ascii_lowercase();
                    let quality = piece.strip_prefix("q=").map(str::trim);
                    quality.is_some_and(|q| q.parse::<f32>().is_ok_and(|q| q <= 0.0))
                });
                listed.insert(coding, !refused);
            }
        }
        // What is not listed is as the star says; without one it is refused.
        let any = listed.get("*").copied().unwrap_or(false);
        let accepts = |coding: &str| listed.get(coding).copied().unwrap_or(any);
        Self {
            brotli: accepts("br"),
            gzip: accepts("gzip") || listed.get("x-gzip").copied().unwrap_or(false),
        }
    }
}

fn read_folder(
    folder: &Path,
    prefix: &str,
    levels: usize,
    left: &mut u64,
    found: &mut HashMap<String, Bytes>,
) -> Result<(), String> {
    let said = |error: std::io::Error| error.to_string();
    for entry in std::fs::read_dir(folder).map_err(said)? {
        let entry = entry.map_err(said)?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        // Not ours to show: editors' and version control's own.
        if name.starts_with('.') {
            continue;
        }
        let path = format!("{prefix}{name}");
        let about = std::fs::metadata(entry.path()).map_err(said)?;
        if about.is_dir() {
            if levels > 0 {
                read_folder(&entry.path(), &format!("{path}/"), levels - 1, left, found)?;
            }
            continue;
        }
        *left = left.checked_sub(about.len()).ok_or_else(|| {
            format!(
                "it holds more than {} MB, which is no front end",
                MOST_BYTES / 1024 / 1024
            )
        })?;
        let bytes = std::fs::read(entry.path()).map_err(said)?;
        found.insert(path, bytes.into());
    }
    Ok(())
}

/// Whether this is another file, compressed.
fn is_variant(path: &str, found: &HashMap<String, Bytes>) -> bool {
    [".br", ".gz"].iter().any(|ending| {
        path.strip_suffix(ending)
            .is_some_and(|plain| found.contains_key(plain))
    })
}

fn kind_of(path: &str) -> &'static str {
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
    match ending.to_ascii_lowercase().as_str() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "wasm" => "application/wasm",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "mp3" => "audio/mpeg",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

fn cache_of(path: &str) -> &'static str {
    if is_hashed(path) {
        "public, max-age=31536000, immutable"
    } else {
        // Kept, but never used without asking. Not `no-store`: that would keep
        // the page out of the back-forward cache.
        "no-cache"
    }
}

/// Whether the content's hash is in the name, as the bundler writes it:
/// `parlance-1a2b3c4d5e6f7081_bg.wasm`, `app-1a2b3c4d5e6f7081.css`.
fn is_hashed(path: &str) -> bool {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    name.split('-').skip(1).any(|piece| {
        let digits = piece.bytes().take_while(u8::is_ascii_hexdigit).count();
        let after = piece.get(digits..).unwrap_or_default();
        digits >= 8 && (after.starts_with('.') || after.starts_with("_bg."))
    })
}

fn etag_of(bytes: &[u8]) -> HeaderValue {
    let hash = STANDARD.encode(Sha256::digest(bytes));
    let tag = format!("\"{}\"", hash.get(..22).unwrap_or(&hash));
    HeaderValue::from_str(&tag).unwrap_or_else(|_| HeaderValue::from_static("\"\""))
}

/// The hashes of what stands between `<name …>` and `</name>` without a `src`.
fn inline_hashes(html: &str, name: &str) -> Vec<String> {
    // As the browser's parser sees the text.
    let html = html.replace("\r\n", "\n").replace('\r', "\n");
    let lower = html.to_ascii_lowercase();
    let (open, close) = (format!("<{name}"), format!("</{name}"));
    let mut hashes = Vec::new();
    let mut at = 0;
    while let Some(found) = lower.get(at..).and_then(|rest| rest.find(&open)) {
        let inside = at + found + open.len();
        let Some(length) = lower.get(inside..).and_then(|rest| rest.find('>')) else {
            break;
        };
        let attributes = lower.get(inside..inside + length).unwrap_or_default();
        let start = inside + length + 1;
        // `<scripty>` is another element.
        let whole = attributes.is_empty() || attributes.starts_with([' ', '\n', '\t', '/']);
        if !whole {
            at = start;
            continue;
        }
        let Some(end) = lower.get(start..).and_then(|rest| rest.find(&close)) else {
            break;
        };
        at = start + end;
        let elsewhere = attributes
            .split_whitespace()
            .any(|word| word.starts_with("src="));
        if let Some(text) = html.get(start..start + end)
            && !elsewhere
        {
            let hash = format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
            if !hashes.contains(&hash) {
                hashes.push(hash);
            }
        }
    }
    hashes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_a_hash_in_them_are_kept_for_ever() {
        for name in [
            "parlance-1a2b3c4d5e6f7081.js",
            "parlance-egg-1a2b3c4d5e6f7081_bg.wasm",
            "style-0123456789abcdef.css",
            "img/logo-0123456789abcdef.png",
        ] {
            assert!(is_hashed(name), "{name}");
        }
        for name in [
            "index.html",
            "parlance.json",
            "parlance-x.js",
            "my-cafe.js",
            "1a2b3c4d5e6f7081.js",
        ] {
            assert!(!is_hashed(name), "{name}");
        }
    }

    #[test]
    fn encodings_are_read_as_the_request_means_them() {
        let accepted = |header: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(header));
            let accepted = Accepted::read(&headers);
            (accepted.brotli, accepted.gzip)
        };
        assert_eq!(accepted("gzip, deflate, br, zstd"), (true, true));
        assert_eq!(accepted("gzip"), (false, true));
        assert_eq!(accepted("br;q=0, GZIP;q=0.5"), (false, true));
        assert_eq!(accepted("*"), (true, true));
        assert_eq!(accepted("*;q=0"), (false, false));
        assert_eq!(accepted("*, br; q=0.000"), (false, true));
        assert_eq!(accepted("brotli, abr, xgzip"), (false, false));
        assert_eq!(accepted("identity"), (false, false));
        assert_eq!(Accepted::read(&HeaderMap::new()), Accepted::default());
    }

    #[test]
    fn each_inline_script_is_hashed_once_and_none_from_elsewhere() {
        let html = "<SCRIPT type=\"module\">a\r\nb</SCRIPT><script src=\"x.js\"></script>\
            <script>a\nb</script><scripty>no</scripty><style>s{}</style><script>c</script>";
        let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
        assert_eq!(inline_hashes(html, "script"), [hash("a\nb"), hash("c")]);
        assert_eq!(inline_hashes(html, "style"), [hash("s{}")]);
        assert!(inline_hashes("<script", "script").is_empty());
        assert!(inline_hashes("<script>endless", "script").is_empty());
    }
}
