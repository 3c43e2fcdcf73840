//! The front end as it is served, and the other addresses.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::rig::Rig;

const INDEX: &str = "<!doctype html><html><head><style>body{margin:0}</style>\
<script type=\"module\">boot()</script><script src=\"x.js\"></script></head></html>";

fn front_end() -> TempDir {
    let folder = TempDir::new().unwrap();
    let write = |path: &str, bytes: &[u8]| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    };
    write("index.html", INDEX.as_bytes());
    write("index.html.br", b"brotli index");
    write("parlance-0123456789abcdef_bg.wasm", b"\0asm");
    write("parlance-0123456789abcdef_bg.wasm.br", b"brotli wasm");
    write("parlance-0123456789abcdef_bg.wasm.gz", b"gzip wasm");
    write("parlance-0123456789abcdef.js", b"js");
    write("img/logo.svg", b"<svg/>");
    write(".hidden", b"not to be seen");
    write("archive.gz", b"its own file");
    folder
}

async fn serving(folder: &Path) -> Rig {
    let folder = folder.to_owned();
    Rig::with(move |config| config.dist = Some(folder)).await
}

fn hash(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)))
}

#[tokio::test]
async fn the_page_has_its_policy_and_its_headers() {
    let folder = front_end();
    let rig = serving(folder.path()).await;
    let answer = rig.client().get("/").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body, INDEX.as_bytes());
    let policy = format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval' {}; style-src 'self' {}; \
         img-src 'self' blob:; media-src 'self' blob:; font-src 'self'; \
         connect-src 'self' ws://{}; worker-src 'self'; manifest-src 'self'; base-uri 'none'; \
         form-action 'none'; object-src 'none'; frame-ancestors 'none'",
        hash("boot()"),
        hash("body{margin:0}"),
        rig.address
    );
    for (name, value) in [
        ("content-security-policy", policy.as_str()),
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-cache"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin-allow-popups"),
        ("cross-origin-resource-policy", "same-origin"),
        (
            "permissions-policy",
            "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
        ),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
    assert_eq!(
        answer.header("strict-transport-security"),
        None,
        "not over http"
    );
    let same = rig.client().get("/index.html").await;
    assert_eq!(same.body, INDEX.as_bytes());
}

#[tokio::test]
async fn the_policy_has_the_origins_that_the_operator_names() {
    let rig = Rig::with(|config| {
        config.origins = vec!["https://chat.example".parse().unwrap()];
        config.backends = vec![
            "https://api.example".parse().unwrap(),
            "http://192.0.2.7:20".parse().unwrap(),
        ];
        config.frame_ancestors = vec![
            "https://host.example".parse().unwrap(),
            "https://two.example".parse().unwrap(),
        ];
    })
    .await;
    let public = rig.client().with("host", "chat.example").from("");
    let answer = public.get("/").await;
    let policy = answer.header("content-security-policy").unwrap();
    let media = "'self' blob: https://api.example http://192.0.2.7:20";
    for part in [
        format!("; img-src {media}; "),
        format!("; media-src {media}; "),
        "; connect-src 'self' wss://chat.example https://api.example wss://api.example \
         http://192.0.2.7:20 ws://192.0.2.7:20; "
            .to_owned(),
        "; frame-ancestors https://host.example https://two.example".to_owned(),
    ] {
        assert!(policy.contains(&part), "{part} in {policy}");
    }
    assert_eq!(
        answer.header("strict-transport-security"),
        Some("max-age=31536000")
    );
}

#[tokio::test]
async fn files_come_compressed_where_that_is_accepted() {
    let folder = front_end();
    let rig = serving(folder.path()).await;
    let path = "/parlance-0123456789abcdef_bg.wasm";
    for (accepted, encoding, body) in [
        ("gzip, deflate, br, zstd", Some("br"), "brotli wasm"),
        ("gzip", Some("gzip"), "gzip wasm"),
        ("br;q=0, gzip", Some("gzip"), "gzip wasm"),
        ("identity", None, "\0asm"),
        ("brotli", None, "\0asm"),
        ("*;q=0", None, "\0asm"),
    ] {
        let answer = rig
            .client()
            .with("accept-encoding", accepted)
            .get(path)
            .await;
        assert_eq!(answer.header("content-encoding"), encoding, "{accepted}");
        assert_eq!(
            String::from_utf8(answer.body.clone()).unwrap(),
            body,
            "{accepted}"
        );
        assert_eq!(answer.header("content-type"), Some("application/wasm"));
        assert_eq!(answer.header("vary"), Some("accept-encoding"));
        assert_eq!(
            answer.header("cache-control"),
            Some("public, max-age=31536000, immutable")
        );
    }
    let index = rig.client().with("accept-encoding", "br").get("/").await;
    assert_eq!(index.body, b"brotli index");
    assert_eq!(
        index.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    let head = rig.client().ask("HEAD", path, "").await;
    assert_eq!((head.status, head.body.len()), (200, 0));
}

#[tokio::test]
async fn what_is_not_hashed_is_asked_for_again() {
    let folder = front_end();
    let rig = serving(folder.path()).await;
    let first = rig.client().get("/img/logo.svg").await;
    assert_eq!(first.header("cache-control"), Some("no-cache"));
    assert_eq!(first.header("content-type"), Some("image/svg+xml"));
    let tag = first.header("etag").unwrap();
    let again = rig
        .client()
        .with("if-none-match", tag)
        .get("/img/logo.svg")
        .await;
    assert_eq!((again.status, again.body.len()), (304, 0));
    assert_eq!(again.header("etag"), Some(tag));
    let changed = rig
        .client()
        .with("if-none-match", "\"x\"")
        .get("/img/logo.svg")
        .await;
    assert_eq!(changed.status, 200);
}

#[tokio::test]
async fn nothing_else_is_served() {
    let folder = front_end();
    std::fs::write(
        folder.path().parent().unwrap().join("parlance-outside"),
        "x",
    )
    .unwrap();
    let rig = serving(folder.path()).await;
    for path in [
        "/../parlance-outside",
        "/img/../../parlance-outside",
        "/%2e%2e/parlance-outside",
        "/..%2fparlance-outside",
        "//etc/passwd",
        "/etc/passwd",
        "/index.html.br",
        "/.hidden",
        "/img",
        "/img/",
        "/index.html%00",
        "/C:\\windows",
        "/crmeb/msg",
        "/topic/ws",
        "/jim/",
        "/plain/api/historyMessages",
        "/egg/ws",
        "/nowhere",
    ] {
        assert_eq!(rig.client().get(path).await.status, 404, "{path}");
    }
    assert_eq!(rig.client().get("/archive.gz").await.body, b"its own file");
    assert_eq!(rig.client().post("/", "").await.status, 405);
    let api = rig.client().get("/api/nowhere").await;
    assert_eq!((api.status, api.code().as_str()), (404, "not_found"));
    assert_eq!(api.header("cache-control"), Some("no-store"));
    assert_eq!(rig.client().get("/api/ticket").await.status, 405);
}

#[tokio::test]
async fn the_settings_are_served_and_their_absence_is_an_empty_object() {
    let folder = front_end();
    let absent = serving(folder.path())
        .await
        .client()
        .get("/parlance.json")
        .await;
    assert_eq!(absent.status, 200);
    assert_eq!(absent.json(), json!({}));
    assert_eq!(absent.header("cache-control"), Some("no-cache"));
    std::fs::write(
        folder.path().join("parlance.json"),
        r#"{"dialect":"native"}"#,
    )
    .unwrap();
    let rig = serving(folder.path()).await;
    let present = rig.client().get("/parlance.json").await;
    assert_eq!(present.json(), json!({"dialect": "native"}));
    assert_eq!(present.header("cache-control"), Some("no-cache"));
    assert_eq!(present.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn without_a_front_end_a_page_says_so() {
    let rig = Rig::start().await;
    let answer = rig.client().get("/").await;
    assert_eq!(answer.status, 200);
    let text = String::from_utf8(answer.body).unwrap();
    assert!(text.contains("The front end is not built"), "{text}");
}

#[tokio::test]
async fn health_and_figures_are_told() {
    let rig = Rig::start().await;
    let mut alice = rig.person_in("alice", "room:lobby").await;
    alice.talk("room:lobby", "hello").await;
    alice.refusal("room:nowhere", json!({"kind": "like"})).await;
    let health = rig.client().get("/healthz").await;
    assert_eq!((health.status, health.body.as_slice()), (200, &b"ok\n"[..]));
    assert_eq!(health.header("cache-control"), Some("no-store"));
    let answer = rig.client().get("/metrics").await;
    assert_eq!(
        answer.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
    let text = String::from_utf8(answer.body).unwrap();
    for line in [
        "parlance_connections 1",
        "parlance_messages_appended_total 1",
        "parlance_messages_pushed_total 1",
        "parlance_nacks_total{code=\"no_conversation\"} 1",
        "parlance_commit_failures_total 0",
    ] {
        assert!(text.lines().any(|one| one == line), "{line} in\n{text}");
    }
    assert!(text.contains("parlance_commit_seconds_bucket{le=\"0.005\"}"));
    // Each line is a comment, or a name, perhaps labels, and a number.
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (_, number) = line.rsplit_once(' ').unwrap();
        number.parse::<f64>().unwrap();
    }
}
