//! Who gets in: guests, tokens, tickets, origins; and who is put out again.

use std::path::Path;
use std::time::{Duration, Instant};

use parlance_server::config::Gateways;
use serde_json::json;

use crate::rig::{Client, Rig};

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_guest_is_known_by_a_cookie_from_then_on() {
    let rig = Rig::start().await;
    let answer = rig
        .client()
        .post("/api/guest", r#"{"name":" Zoë \ud83d\ude00 "}"#)
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let user = answer.json()["user"].clone();
    assert_eq!(user["name"], "Zoë \u{1F600}");
    let uid = user["uid"].as_str().unwrap();
    assert!(uid.starts_with("g-"), "{uid}");
    let cookie = answer.header("set-cookie").unwrap();
    let (pair, attributes) = cookie.split_once("; ").unwrap();
    assert_eq!(
        attributes,
        "Path=/; Max-Age=34560000; HttpOnly; SameSite=Lax"
    );
    let secret = pair.strip_prefix("parlance_guest=").unwrap();
    assert!(secret.len() * 6 >= 128, "{secret}");
    let guest = rig
        .client()
        .with("cookie", &format!("theme=dark; {pair}; x=y"));
    let peer = guest.online().await;
    assert_eq!(peer.welcome["me"]["uid"], uid);
    assert_eq!(peer.welcome["me"]["online"], true);
    drop(peer);
    let database = std::fs::read(rig.folder.path().join("parlance.db-wal")).unwrap();
    let held = database
        .windows(secret.len())
        .any(|window| window == secret.as_bytes());
    assert!(!held, "the secret itself is not kept");
    let folder = rig.stop().await;
    let rig = Rig::on(folder, |_| {}).await;
    let guest = rig.client().with("cookie", pair);
    assert_eq!(
        guest.online().await.welcome["me"]["uid"],
        uid,
        "also after a restart"
    );
}

#[tokio::test]
async fn the_cookie_is_secure_where_the_public_address_is() {
    let rig =
        Rig::with(|config| config.origins = vec!["https://chat.example".parse().unwrap()]).await;
    let public = rig
        .client()
        .with("host", "chat.example")
        .from("https://chat.example");
    let answer = public.post("/api/guest", r#"{"name":"a"}"#).await;
    assert!(
        answer
            .header("set-cookie")
            .unwrap()
            .ends_with("; SameSite=Lax; Secure")
    );
    assert_eq!(
        answer.header("strict-transport-security"),
        Some("max-age=31536000")
    );
    let rig = Rig::with(|config| config.trusted_hops = 1).await;
    let proxied = rig.client().with("x-forwarded-proto", "https");
    let answer = proxied
        .from(&format!("https://{}", rig.address))
        .post("/api/guest", r#"{"name":"a"}"#)
        .await;
    assert!(answer.header("set-cookie").unwrap().ends_with("; Secure"));
}

#[tokio::test]
async fn a_guests_name_is_something_to_see() {
    let rig = Rig::start().await;
    for name in [
        String::new(),
        "  ".to_owned(),
        "a\nb".to_owned(),
        "\u{202E}evil".to_owned(),
        "\u{200B}\u{2060}".to_owned(),
        "x".repeat(65),
    ] {
        let answer = rig
            .client()
            .post("/api/guest", &json!({"name": name}).to_string())
            .await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (422, "bad_name"),
            "{name:?}"
        );
        assert!(answer.header("set-cookie").is_none());
    }
    let longest = json!({"name": "\u{1F600}".repeat(64)}).to_string();
    assert_eq!(rig.client().post("/api/guest", &longest).await.status, 200);
}

#[tokio::test]
async fn without_guests_only_signed_tokens_get_in() {
    let rig = Rig::with(|config| config.guests = false).await;
    let answer = rig.client().post("/api/guest", r#"{"name":"a"}"#).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (403, "guests_closed")
    );
    let answer = rig.client().bearing("alice").post("/api/ticket", "").await;
    assert_eq!((answer.status, answer.code().as_str()), (401, "bad_token"));
    let token = rig.token("alice", false, MINUTE);
    let peer = rig.client().bearing(&token).online().await;
    assert_eq!(
        peer.welcome["me"],
        json!({"uid": "alice", "name": "ALICE", "online": true})
    );
}

#[tokio::test]
async fn what_is_no_credential_is_refused_by_its_name() {
    let rig = Rig::start().await;
    let token = rig.token("alice", false, MINUTE);
    let (body, _) = token.rsplit_once('.').unwrap();
    let code = async |client: Client| {
        let answer = client.post("/api/ticket", "").await;
        assert_eq!(answer.status, 401, "{answer:?}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        answer.code()
    };
    let client = rig.client();
    assert_eq!(code(client.clone()).await, "no_identity");
    assert_eq!(
        code(client.with("cookie", "parlance_guest=unknown")).await,
        "no_identity"
    );
    assert_eq!(
        code(client.with("authorization", "Basic YTpi")).await,
        "no_identity"
    );
    assert_eq!(
        code(client.bearing(&format!("{body}.AAAA"))).await,
        "bad_token"
    );
    assert_eq!(code(client.bearing("a.b.c")).await, "bad_token");
    assert_eq!(
        code(client.bearing("g-0123456789ab")).await,
        "bad_token",
        "a guest has a cookie"
    );
    assert_eq!(code(client.bearing(&"x".repeat(65))).await, "bad_token");
    let other = tempfile::TempDir::new().unwrap();
    let foreign = crate::rig::token(&other, "alice", false, MINUTE);
    assert_eq!(code(client.bearing(&foreign)).await, "bad_token");
}

#[tokio::test]
async fn a_ticket_is_good_once_for_the_page_and_browser_that_fetched_it() {
    let rig = Rig::with(|config| {
        config.origins = vec!["https://chat.example".parse().unwrap()];
        config.ticket_ttl = Duration::from_millis(300);
    })
    .await;
    let alice = rig.client().bearing("alice");
    let try_it = async |client: Client, ticket: &str| {
        let mut peer = client.dial().await.unwrap();
        peer.hello(ticket).await;
        peer.closed().await.0
    };
    let granted = alice.post("/api/ticket", "").await.json();
    assert_eq!(granted["ttl_ms"], 300);
    assert_eq!(granted["user"], json!({"uid": "alice", "name": "alice"}));
    let ticket = granted["ticket"].as_str().unwrap();
    assert!(ticket.len() * 6 >= 128);
    let mut peer = rig.client().dial().await.unwrap();
    peer.hello(ticket).await;
    assert_eq!(peer.next().await["t"], "welcome");
    assert_eq!(try_it(rig.client(), ticket).await, 4500, "a second time");
    let ticket = alice.ticket().await;
    assert_eq!(
        try_it(rig.client().from("https://chat.example"), &ticket).await,
        4500
    );
    let ticket = alice.ticket().await;
    let other = Client {
        agent: "rig/2".to_owned(),
        ..rig.client()
    };
    assert_eq!(try_it(other, &ticket).await, 4500);
    assert_eq!(
        try_it(rig.client(), &ticket).await,
        4500,
        "and it is gone then"
    );
    assert_eq!(try_it(rig.client(), "made-up").await, 4500);
    assert_eq!(try_it(rig.client(), "").await, 4500);
    let ticket = alice.ticket().await;
    // The clock itself is what is tested.
    tokio::time::sleep(Duration::from_millis(310)).await;
    assert_eq!(try_it(rig.client(), &ticket).await, 4500, "too old");
}

#[tokio::test]
async fn only_our_own_pages_connect() {
    let rig = Rig::with(|config| {
        config.origins = vec![
            "https://chat.example".parse().unwrap(),
            "http://192.0.2.7:8080".parse().unwrap(),
        ];
    })
    .await;
    let port = rig.address.port();
    let table = [
        (format!("http://127.0.0.1:{port}"), true),
        (format!("https://127.0.0.1:{port}"), true),
        ("https://chat.example".to_owned(), true),
        ("http://192.0.2.7:8080".to_owned(), true),
        (String::new(), false),
        ("null".to_owned(), false),
        ("https://evil.example".to_owned(), false),
        ("https://evil-chat.example".to_owned(), false),
        ("https://chat.example.evil".to_owned(), false),
        ("https://chat.example:8443".to_owned(), false),
        ("http://chat.example".to_owned(), false),
        ("https://chat.example/".to_owned(), false),
        (
            "https://chat.example, https://evil.example".to_owned(),
            false,
        ),
        (format!("http://localhost:{port}"), false),
        ("http://127.0.0.1".to_owned(), false),
        (format!("http://127.0.0.1:{port}0"), false),
        (format!("http://127.0.0.1:{port}@evil.example"), false),
    ];
    for (origin, allowed) in table {
        let dialled = rig.client().from(&origin).dial().await;
        let status = dialled.err();
        assert_eq!(status, (!allowed).then_some(403), "{origin:?}");
        if !allowed && !origin.is_empty() {
            let answer = rig
                .client()
                .bearing("alice")
                .from(&origin)
                .post("/api/ticket", "")
                .await;
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (403, "foreign_origin")
            );
            assert!(answer.header("access-control-allow-origin").is_none());
        }
    }
    // Refused before the upgrade, also when it is no upgrade.
    assert_eq!(
        rig.client()
            .from("https://evil.example")
            .get("/ws")
            .await
            .status,
        403
    );
    assert_eq!(rig.client().get("/ws").await.status, 400);
    let twice = rig.client().with("origin", "https://evil.example");
    assert_eq!(twice.dial().await.err(), Some(403), "two origins are none");
}

#[tokio::test]
async fn pages_of_named_origins_may_use_the_api_with_credentials() {
    let rig =
        Rig::with(|config| config.origins = vec!["https://chat.example".parse().unwrap()]).await;
    let page = rig.client().from("https://chat.example");
    let preflight = page.ask("OPTIONS", "/api/ticket", "").await;
    assert_eq!(preflight.status, 204);
    for answer in [
        preflight,
        page.bearing("alice").post("/api/ticket", "").await,
    ] {
        assert_eq!(
            answer.header("access-control-allow-origin"),
            Some("https://chat.example")
        );
        assert_eq!(
            answer.header("access-control-allow-credentials"),
            Some("true")
        );
        assert_eq!(answer.header("vary"), Some("origin"));
        let headers = answer.header("access-control-allow-headers").unwrap();
        for name in ["token", "authorization", "authori-zation", "content-type"] {
            assert!(
                headers.split(", ").any(|header| header == name),
                "{headers}"
            );
        }
    }
    let foreign = rig
        .client()
        .from("https://evil.example")
        .ask("OPTIONS", "/api/ticket", "")
        .await;
    assert_eq!(foreign.status, 403);
    assert!(foreign.header("access-control-allow-origin").is_none());
}

#[tokio::test]
async fn signing_out_ends_every_link_and_the_cookie() {
    let rig = Rig::start().await;
    let answer = rig.client().post("/api/guest", r#"{"name":"Zoe"}"#).await;
    let cookie = answer
        .header("set-cookie")
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let zoe = rig.client().with("cookie", &cookie);
    let mut tab = zoe.online().await;
    let mut phone = zoe.online().await;
    let mut bystander = rig.person("bystander").await;
    let unused = zoe.ticket().await;
    let answer = zoe.post("/api/signout", "").await;
    assert_eq!(answer.status, 204);
    assert!(
        answer
            .header("set-cookie")
            .unwrap()
            .starts_with("parlance_guest=; Path=/; Max-Age=0;")
    );
    assert_eq!(tab.closed().await.0, 4501);
    assert_eq!(phone.closed().await.0, 4501);
    let mut late = rig.client().dial().await.unwrap();
    late.hello(&unused).await;
    assert_eq!(
        late.closed().await.0,
        4500,
        "a ticket from before is no way back"
    );
    assert_eq!(zoe.post("/api/ticket", "").await.code(), "no_identity");
    assert_eq!(zoe.post("/api/signout", "").await.status, 401);
    bystander.say(json!({"t": "ping"})).await;
    bystander.wait("pong").await;
}

#[tokio::test]
async fn a_link_ends_with_its_token() {
    let rig = Rig::start().await;
    // Believed for 30 s longer than it says, as clocks differ: one that ran
    // out 28 s ago has two left.
    let token = rig.token("alice", false, Duration::from_secs(1));
    let expired = made_earlier(rig.folder.path(), &token, 29);
    let mut peer = rig.client().bearing(&expired).online().await;
    assert_eq!(peer.closed().await.0, 4005);
    let answer = rig.client().bearing(&expired).post("/api/ticket", "").await;
    assert_eq!((answer.status, answer.code().as_str()), (401, "expired"));
}

/// The same token, as if it had been made so many seconds earlier.
pub(crate) fn made_earlier(data: &Path, token: &str, seconds: i64) -> String {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use hmac::Mac;
    let parts: Vec<_> = token.split('.').collect();
    let claims = URL_SAFE_NO_PAD.decode(parts[1]).unwrap();
    let mut claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    claims["exp"] = json!(claims["exp"].as_i64().unwrap() - seconds);
    let said = format!(
        "{}.{}",
        parts[0],
        URL_SAFE_NO_PAD.encode(claims.to_string())
    );
    let secret = std::fs::read(data.join("secret")).unwrap();
    let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(&secret).unwrap();
    mac.update(said.as_bytes());
    let signature = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
    format!("{said}.{signature}")
}

/// How soon a link must be over when its person is not to be here any more.
const OUT_WITHIN: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_signed_token_is_nobody_after_the_sign_out() {
    let rig = Rig::with(|config| {
        config.guests = false;
        config.gateways = Gateways(vec!["plain"]);
    })
    .await;
    let token = rig.token("alice", false, MINUTE);
    let other = rig.token("alice", true, MINUTE);
    let alice = rig.client().bearing(&token);
    let mut tab = alice.online().await;
    let mut page = rig
        .client()
        .visitor(&format!("/plain/?token={token}"))
        .await
        .unwrap();
    let asked = Instant::now();
    let answer = alice.post("/api/signout", "").await;
    assert_eq!(answer.status, 204);
    // What others on this device have not sent stays: the page wipes its own.
    assert_eq!(answer.header("clear-site-data"), Some("\"cache\""));
    assert_eq!(tab.closed().await.0, 4501);
    page.closed().await;
    assert!(asked.elapsed() < OUT_WITHIN, "{:?}", asked.elapsed());
    let refused = async |client: Client| {
        let answer = client.post("/api/ticket", "").await;
        assert_eq!((answer.status, answer.code().as_str()), (401, "bad_token"));
        assert_eq!(client.post("/api/signout", "").await.status, 401);
        let history = client.get("/plain/api/historyMessages").await;
        assert_eq!(history.status, 401, "{history:?}");
    };
    refused(alice).await;
    rig.client().bearing(&other).online().await;
    let folder = rig.stop().await;
    let rig = Rig::on(folder, |config| {
        config.guests = false;
        config.gateways = Gateways(vec!["plain"]);
    })
    .await;
    refused(rig.client().bearing(&token)).await;
    rig.client().bearing(&other).online().await;
}

#[tokio::test]
async fn a_host_puts_somebody_out_and_lets_them_in_again() {
    let rig = Rig::with(|config| config.gateways = Gateways(vec!["plain"])).await;
    let host = rig.client().bearing(&rig.token("host", true, MINUTE));
    let mallory = rig.client().bearing(&rig.token("mallory", false, MINUTE));
    let mut bystander = rig.person_in("bystander", "room:lobby").await;
    let mut phone = mallory.online().await;
    let mut tab = mallory.online().await;
    let mut page = rig.client().visitor("/plain/?token=mallory").await.unwrap();
    let unused = mallory.ticket().await;
    let ban = |banned: bool| json!({"uid": "mallory", "banned": banned}).to_string();
    for (client, status, code) in [
        (mallory.clone(), 403, "forbidden"),
        // Who named themselves is no host, whatever they are called.
        (rig.client().bearing("host"), 403, "forbidden"),
        (rig.client(), 401, "no_identity"),
    ] {
        let answer = client.post("/api/ban", &ban(true)).await;
        assert_eq!((answer.status, answer.code().as_str()), (status, code));
    }
    for body in ["", "{}", r#"{"uid":"","banned":true}"#, r#"{"uid":"a"}"#] {
        let answer = host.post("/api/ban", body).await;
        assert_eq!((answer.status, answer.code().as_str()), (422, "bad_ban"));
    }
    phone.say(json!({"t": "ping"})).await;
    phone.wait("pong").await;

    let asked = Instant::now();
    assert_eq!(host.post("/api/ban", &ban(true)).await.status, 204);
    assert_eq!(phone.closed().await.0, 4502);
    assert_eq!(tab.closed().await.0, 4502);
    page.closed().await;
    assert!(asked.elapsed() < OUT_WITHIN, "{:?}", asked.elapsed());
    let mut late = rig.client().dial().await.unwrap();
    late.hello(&unused).await;
    assert_eq!(late.closed().await.0, 4500, "a ticket from before");
    for client in [&mallory, &rig.client().bearing("mallory")] {
        let answer = client.post("/api/ticket", "").await;
        assert_eq!((answer.status, answer.code().as_str()), (403, "banned"));
        let history = client.get("/plain/api/historyMessages").await;
        assert_eq!(history.status, 401, "{history:?}");
    }
    bystander.talk("room:lobby", "calm").await;

    assert_eq!(host.post("/api/ban", &ban(false)).await.status, 204);
    mallory.online().await;
}
