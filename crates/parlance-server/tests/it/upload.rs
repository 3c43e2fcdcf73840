//! Uploads: what is taken, what is given out, and what a browser may do with it.

use std::path::PathBuf;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::rig::{Answer, Client, Rig, soon};

const BOUNDARY: &str = "----rig";

/// A PNG of this size, as far as anybody looks: the header.
pub(crate) fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    bytes.extend(width.to_be_bytes());
    bytes.extend(height.to_be_bytes());
    bytes.extend(b"\x08\x06\0\0\0\0\0\0\0");
    bytes
}

/// A form with one file in it, as a browser sends it.
pub(crate) fn form(field: &str, name: &str, kind: &str, bytes: &[u8]) -> Vec<u8> {
    let mut form = format!(
        "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"token\"\r\n\r\nx\r\n\
         --{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\n\
         content-type: {kind}\r\n\r\n"
    )
    .into_bytes();
    form.extend(bytes);
    form.extend(format!("\r\n--{BOUNDARY}--\r\n").into_bytes());
    form
}

pub(crate) fn with_form(client: &Client) -> Client {
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    client.with("content-type", &kind)
}

async fn upload(rig: &Rig, who: &str, name: &str, kind: &str, bytes: &[u8]) -> Answer {
    let client = with_form(&rig.client().bearing(who));
    let form = form("file", name, kind, bytes);
    client.ask_bytes("POST", "/api/upload", &form).await
}

fn url(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["url"].as_str().unwrap().to_owned()
}

/// What lies in the folder.
fn shelf(rig: &Rig) -> Vec<PathBuf> {
    let folder = rig.folder.path().join("uploads");
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[tokio::test]
async fn a_picture_is_kept_and_shown_as_what_its_bytes_are() {
    let rig = Rig::start().await;
    let bytes = png(640, 480);
    // Neither the name nor the kind that is said is believed.
    let answer = upload(&rig, "alice", "C:\\x\\小猫.html", "text/html", &bytes).await;
    let json = answer.json();
    assert_eq!(
        (&json["width"], &json["height"]),
        (&640.into(), &480.into())
    );
    assert_eq!(json["bytes"], bytes.len());
    assert_eq!(json["name"], "小猫.html");
    let url = url(&answer);
    assert!(
        url.starts_with("/uploads/") && url.ends_with(".png"),
        "{url}"
    );
    // Whoever has the address may see it, from whichever page.
    let given = rig
        .client()
        .from("https://elsewhere.example")
        .get(&url)
        .await;
    assert_eq!((given.status, &given.body), (200, &bytes));
    for (name, value) in [
        ("content-type", "image/png"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; sandbox"),
        ("cross-origin-resource-policy", "cross-origin"),
        ("cache-control", "public, max-age=31536000, immutable"),
    ] {
        assert_eq!(given.header(name), Some(value), "{name}");
    }
    assert_eq!(given.header("content-disposition"), None);
    let head = rig.client().ask("HEAD", &url, "").await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    let again = upload(&rig, "alice", "小猫.png", "image/png", &bytes).await;
    assert_ne!(self::url(&again), url, "another name each time");
}

#[tokio::test]
async fn what_is_no_picture_is_only_ever_saved() {
    let rig = Rig::start().await;
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>";
    let html = b"<!doctype html><script>alert(1)</script>";
    let huge = png(100_000, 10);
    for (name, kind, bytes) in [
        ("a.svg", "image/svg+xml", &svg[..]),
        ("a.png", "image/png", &html[..]),
        ("a.html", "text/html", &html[..]),
        ("a.png", "image/png", &huge[..]),
        ("a.png", "image/png", &png(4, 4)[..20]),
        ("a", "image/png", b"\x89PNG"),
    ] {
        let answer = upload(&rig, "alice", name, kind, bytes).await;
        assert!(answer.json().get("width").is_none(), "{name}");
        let given = rig.client().get(&url(&answer)).await;
        assert_eq!(given.body, bytes);
        for (name, value) in [
            ("content-type", "application/octet-stream"),
            ("content-disposition", "attachment"),
            ("x-content-type-options", "nosniff"),
            ("content-security-policy", "default-src 'none'; sandbox"),
        ] {
            assert_eq!(given.header(name), Some(value), "{name}");
        }
    }
}

#[tokio::test]
async fn only_people_upload_and_only_from_our_pages() {
    let rig = Rig::start().await;
    let form = form("file", "a.png", "image/png", &png(1, 1));
    let nobody = with_form(&rig.client());
    let answer = nobody.ask_bytes("POST", "/api/upload", &form).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (401, "no_identity")
    );
    let elsewhere = with_form(&rig.client().bearing("alice").from("https://evil.example"));
    let answer = elsewhere.ask_bytes("POST", "/api/upload", &form).await;
    assert_eq!(answer.status, 403);
    for (client, body) in [
        (rig.client().bearing("alice"), &form[..]),
        (with_form(&rig.client().bearing("alice")), b"nonsense"),
        (with_form(&rig.client().bearing("alice")), b""),
    ] {
        let answer = client.ask_bytes("POST", "/api/upload", body).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "no_file"));
    }
    let empty = upload(&rig, "alice", "a.png", "image/png", b"").await;
    assert_eq!(empty.code(), "no_file");
    assert!(shelf(&rig).is_empty());
}

#[tokio::test]
async fn a_file_that_is_too_large_is_refused_and_leaves_nothing() {
    let rig = Rig::with(|config| config.file_bytes = 1000).await;
    let fits = upload(&rig, "alice", "a.bin", "x/y", &[7; 1000]).await;
    assert_eq!(fits.status, 200);
    for length in [1001, 3000, 100_000] {
        let answer = upload(&rig, "alice", "a.bin", "x/y", &vec![7; length]).await;
        let due = (413, "too_large".to_owned());
        assert_eq!((answer.status, answer.code()), due, "{length}");
    }
    assert_eq!(shelf(&rig).len(), 1);
}

#[tokio::test]
async fn nobody_fills_the_disk() {
    let rig = Rig::with(|config| {
        config.files_bytes_a_day = 2500;
        config.files_bytes = 5000;
    })
    .await;
    let mut said = Vec::new();
    for who in ["alice", "alice", "alice", "bob", "bob", "carol"] {
        let answer = upload(&rig, who, "a.bin", "x/y", &[7; 1000]).await;
        said.push(answer.status);
    }
    // Alice's day is full, which is no matter to Bob.
    assert_eq!(said, [200, 200, 507, 200, 200, 200]);
    let full = upload(&rig, "dave", "a.bin", "x/y", b"7").await;
    assert_eq!((full.status, full.code().as_str()), (507, "no_room"));
    assert_eq!(shelf(&rig).len(), 5);
}

#[tokio::test]
async fn who_uploads_too_often_waits() {
    let rig = Rig::with(|config| {
        config.rate = 5;
        config.burst = 3;
    })
    .await;
    for _ in 0..3 {
        assert_eq!(upload(&rig, "alice", "a", "x/y", b"x").await.status, 200);
    }
    let answer = upload(&rig, "alice", "a", "x/y", b"x").await;
    assert_eq!(
        (answer.status, answer.header("retry-after")),
        (429, Some("1"))
    );
    assert_eq!(upload(&rig, "bob", "a", "x/y", b"x").await.status, 200);
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let rig = Rig::start().await;
    let client = with_form(&rig.client().bearing("alice"));
    let form = form("file", "a.bin", "x/y", &[7; 50_000]);
    let mut stream = TcpStream::connect(rig.address).await.unwrap();
    let head = client.head("POST", "/api/upload", form.len());
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&form[..form.len() / 2]).await.unwrap();
    let shelf_is = async |due: usize| {
        while shelf(&rig).len() != due {
            tokio::task::yield_now().await;
        }
    };
    soon("the first half", shelf_is(1)).await;
    drop(stream);
    soon("the end of it", shelf_is(0)).await;
}

#[tokio::test]
async fn what_was_kept_is_there_after_the_server_came_back() {
    let rig = Rig::start().await;
    let bytes = png(3, 2);
    let url = url(&upload(&rig, "alice", "a.png", "image/png", &bytes).await);
    let folder = rig.stop().await;
    std::fs::write(folder.path().join("uploads/.part-left"), "unfinished").unwrap();
    let rig = Rig::on(folder, |_| {}).await;
    assert_eq!(rig.client().get(&url).await.body, bytes);
    assert_eq!(shelf(&rig).len(), 1, "what was unfinished is gone");
}

#[tokio::test]
async fn no_other_file_is_given_out() {
    let rig = Rig::start().await;
    for path in [
        "/uploads/",
        "/uploads/../parlance.db",
        "/uploads/..%2fparlance.db",
        "/uploads/%2e%2e/secret",
        "/uploads/.part-x",
        "/uploads/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.png",
    ] {
        let answer = rig.client().get(path).await;
        assert_eq!(answer.status, 404, "{path}");
    }
    let answer = rig.client().ask("DELETE", "/uploads/x", "").await;
    assert_eq!(answer.status, 405);
}
