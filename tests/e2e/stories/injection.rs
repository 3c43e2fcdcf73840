//! Rows 2 and 3 of the security checklist: the corpus through every field of
//! every dialect, in a real page under the server's own policy. Nothing is
//! run, nothing is asked for elsewhere, no element is drawn that the page does
//! not draw for ordinary words, and no policy is broken.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::backend::{Backend, Egg, Jim, Native, Plain, Seed, Stock, Topic, Words};
use crate::browser::Engine::Chromium;
use crate::corpus::{CANARY, payloads};
use crate::page::{Chat, State};
use crate::server::Server;
use crate::story::tell;

/// What the page draws, whatever people say.
const DRAWN: &[&str] = &[
    "html",
    "article",
    "fieldset",
    "head",
    "body",
    "meta",
    "title",
    "link",
    "script",
    "style",
    "noscript",
    "div",
    "span",
    "main",
    "section",
    "aside",
    "nav",
    "header",
    "footer",
    "ul",
    "ol",
    "li",
    "p",
    "h1",
    "h2",
    "h3",
    "button",
    "textarea",
    "input",
    "label",
    "form",
    "img",
    "svg",
    "path",
    "time",
    "a",
    "blockquote",
    "video",
    "audio",
    "dl",
    "dt",
    "dd",
    "output",
    "circle",
    "g",
    "use",
    "summary",
    "details",
];
/// Drawn once, by the shell: never by what people say.
const SHELLS: &[&str] = &["script", "style", "meta", "link", "title", "noscript"];
/// Rows that come at once: no more than are drawn at the bottom of the room,
/// however high they are.
const AT_ONCE: usize = 7;

/// The frames that bear one payload in every field that a backend has.
type Bears = fn(&str, usize) -> Vec<Value>;

/// The policy that the real server gives its page.
async fn policy() -> String {
    let server = Server::start(&[]);
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let head = String::from_utf8_lossy(&answer).into_owned();
    let policy = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-security-policy")
            .then(|| value.to_owned())
    });
    policy.expect("the server says what its page may do")
}

async fn injects(
    words: Box<dyn Words>,
    launch: &str,
    numbers: impl Fn(Value) -> String,
    bears: Bears,
) {
    let backend = Backend::plays(words).await;
    let policy = policy().await;
    backend.desk(|desk| desk.policy = Some(policy));
    let ann = Chat::sits_down_at("Ann", Chromium, backend.address()).await;
    ann.browser
        .init_script(include_str!("../script/injected.js"))
        .await;
    ann.expects_trouble();
    ann.opens(launch).await;
    ann.sees("the talk, ready", State::can_talk).await;
    let mut frames = Vec::new();
    let payloads = payloads();
    for (number, payload) in payloads.iter().enumerate() {
        frames.extend(bears(&payload.text, number));
    }
    let begun = Instant::now();
    let drawn = async || -> usize {
        let script = "return window.__injected ? __injected.keys.size : -1";
        let drawn = ann.browser.execute(script, vec![]).await;
        drawn.as_u64().expect("the page is there") as usize
    };
    let before = drawn().await;
    let shells = "return __injected.elements";
    let shells = ann.browser.execute(shells, vec![]).await;
    let mut said = 0;
    for chunk in frames.chunks(AT_ONCE) {
        for frame in chunk {
            backend.says(&numbers(frame.clone()));
        }
        said += chunk.len();
        let until = Instant::now() + Duration::from_secs(20);
        while drawn().await < before + said {
            if Instant::now() > until {
                let there = drawn().await - before;
                ann.fails(&format!("{there} of {said} rows drawn")).await;
            }
        }
    }
    let script = "const seen = __injected; return {calls: seen.calls, elements: seen.elements, \
                  attributes: seen.attributes, reports: seen.reports, \
                  page: document.documentElement.dataset.unsent ?? ''}";
    let seen = ann.browser.execute(script, vec![]).await;
    println!(
        "injection: {} payloads, {said} rows drawn in {:.1} s through {launch}; elements {}",
        payloads.len(),
        begun.elapsed().as_secs_f64(),
        seen["elements"]
    );
    assert_eq!(seen["calls"], json!([]), "something was run");
    assert_eq!(seen["attributes"], json!([]), "something would run");
    let elements = seen["elements"].as_object().expect("elements");
    let strange: Vec<&String> = elements
        .keys()
        .filter(|it| !DRAWN.contains(&it.as_str()))
        .collect();
    assert!(strange.is_empty(), "drawn: {strange:?}");
    for name in SHELLS {
        assert_eq!(elements.get(*name), shells.get(*name), "{name} was drawn");
    }
    let reports = seen["reports"].as_array().expect("reports");
    // Whatever the page would ask a stranger for, the policy forbids and tells.
    let enforced: Vec<&Value> = reports.iter().filter(|it| it[0] == "enforce").collect();
    assert!(enforced.is_empty(), "the policy was broken: {enforced:?}");
    let told: Vec<&Value> = reports
        .iter()
        .filter(|it| it.to_string().contains(CANARY))
        .collect();
    assert!(told.is_empty(), "a payload reached a sink: {told:?}");
    // And it works on.
    assert!(ann.looks().await.can_talk());
}

fn native(text: &str, number: usize) -> Vec<Value> {
    let bodies = [
        json!({"kind": "image", "url": text, "name": text}),
        json!({"kind": "video", "url": text, "name": text, "poster": text}),
        json!({"kind": "file", "url": "/f", "name": text, "bytes": 3}),
        json!({"kind": "product", "title": text, "text": text, "price": text, "image": text, "url": text}),
        json!({"kind": "answer", "question": text, "answer": text, "organisation": text, "logo": text, "to": text}),
        json!({"kind": "notice", "text": text}),
        json!({"kind": text, "fallback": text}),
    ];
    let pushed = |place: usize, body: Value| {
        let seq = number * 2 + place;
        json!({"t": "push", "conv": "room:lobby", "msg": {
            "seq": seq, "id": format!("m{seq}"), "ts": 1_790_000_000_000_u64, "body": body,
            "from": {"uid": format!("u-{}", number % 50), "name": text, "avatar": text, "host": true},
        }})
    };
    let first = pushed(1, json!({"kind": "text", "text": text}));
    in_turn(number, first, bodies.map(|body| pushed(2, body)))
}

#[test]
fn row_02_the_corpus_through_every_field_of_native() {
    tell(1, async || {
        let words = Native::default();
        let numbers = words.clone();
        let number = move |frame| numbers.frame(frame);
        injects(Box::new(words), "/?room=lobby", number, native).await;
    });
}

/// Each payload as text, with a name and a picture, and in one of the other
/// kinds, all its fields at once: which, goes by turns.
fn in_turn<const KINDS: usize>(number: usize, first: Value, rest: [Value; KINDS]) -> Vec<Value> {
    vec![first, rest[number % KINDS].clone()]
}

fn crmeb(text: &str, number: usize, kind: &str, words: [(&str, Value); 4]) -> Vec<Value> {
    let row = |place: usize, fields: Value| {
        let mut row = json!({
            "id": (10_000 + number * 2 + place).to_string(), "uid": 9, "to_uid": 42, "add_time": 1_795_164_628,
            "is_tourist": 0, "type": 0, "nickname": text, "avatar": text, "uname": text, "uavatar": text,
            "productInfo": [], "orderInfo": [],
        });
        for (name, value) in fields.as_object().expect("fields") {
            row[name] = value.clone();
        }
        json!({"type": kind, "data": row})
    };
    let first = row(0, json!({"msn": text, "msn_type": 1}));
    let rest = words.map(|(_, fields)| row(1, fields));
    in_turn(number, first, rest)
}

fn crmeb_kinds(text: &str) -> [(&'static str, Value); 4] {
    let card =
        json!({"id": 1, "store_name": text, "image": text, "price": text, "store_info": text});
    [
        ("image", json!({"msn": text, "msn_type": 3})),
        ("voice", json!({"msn": text, "msn_type": 4})),
        (
            "product",
            json!({"msn": text, "msn_type": 5, "productInfo": card}),
        ),
        ("unknown", json!({"msn": text, "msn_type": 77})),
    ]
}

#[test]
fn row_02_the_corpus_through_every_field_of_stock_crmeb() {
    tell(1, async || {
        let launch = "/?dialect=crmeb-stock&uid=42&name=Ann&to=9&to_name=Kim#token=JWT-42";
        let bears: Bears = |text, number| crmeb(text, number, "reply", crmeb_kinds(text));
        injects(Box::new(Stock), launch, |frame| frame.to_string(), bears).await;
    });
}

#[test]
fn row_02_the_corpus_through_every_field_of_the_seeds_crmeb() {
    tell(1, async || {
        let launch = "/?dialect=crmeb&uid=42&name=Ann&to=9&to_name=Kim#token=TOK-42";
        let bears: Bears = |text, number| crmeb(text, number, "chat", crmeb_kinds(text));
        injects(Box::new(Seed), launch, |frame| frame.to_string(), bears).await;
    });
}

#[test]
fn row_02_the_corpus_through_every_field_of_topic() {
    tell(1, async || {
        let launch = "/?dialect=topic&room=R-8&uid=7&name=Ann#token=TOK-A";
        let bears: Bears = |text, number| {
            let said = |kind: &str, content: Value| {
                json!({"type": kind, "user": 100 + number % 50, "stream": "R-8", "content": content,
                    "displayName": text, "avatarurl": text, "createdat": "2018-10-8 14:33"})
            };
            let answer = json!({"question": text, "answer": text, "orgName": text, "orgLogo": text,
                "displayName": text, "toUser": text});
            in_turn(
                number,
                said("message", json!(text)),
                [
                    said("question", json!(json!({"content": text}).to_string())),
                    said("answer", json!(answer.to_string())),
                ],
            )
        };
        injects(Box::new(Topic), launch, |frame| Topic::frame(&frame), bears).await;
    });
}

#[test]
fn row_02_the_corpus_through_every_field_of_jim() {
    tell(1, async || {
        let launch = "/?dialect=jim&room=100&uid=ann&name=Ann#password=p";
        let bears: Bears = |text, number| {
            let said = |place: usize, kind: u64| {
                json!({"command": 11, "data": {
                    "id": format!("x{number}-{place}"), "from": format!("kim{}", number % 50), "createTime": 1_733_800_000_000_u64,
                    "cmd": 11, "chatType": 1, "msgType": 0, "groupId": "100", "content": text,
                    "nickName": text, "avatar": text, "type": kind,
                    "extras": {"nickName": text, "avatar": text, "type": kind},
                }})
            };
            in_turn(number, said(0, 1), [said(1, 2), said(1, 99)])
        };
        injects(Box::new(Jim), launch, |frame| frame.to_string(), bears).await;
    });
}

#[test]
fn row_02_the_corpus_through_every_field_of_plain() {
    tell(1, async || {
        let launch = "/?dialect=plain&to_name=Kim#token=TOK";
        let bears: Bears = |text, _| vec![json!({"type": "msg", "content": text})];
        injects(Box::new(Plain), launch, |frame| frame.to_string(), bears).await;
    });
}

#[test]
fn row_02_the_corpus_through_every_field_of_egg() {
    tell(1, async || {
        let launch = "/?dialect=egg&uid=6&to=9&to_name=Kim#token=JWT-6";
        let bears: Bears = |text, number| {
            let said = |place: usize, kind: &str, data: Value| {
                json!({"id": format!("x-{number}-{place}"), "from_id": 9, "to_id": 6, "chatType": "single",
                    "type": kind, "data": data, "options": {}, "create_time": 1_753_934_395_000_u64, "isremove": 0,
                    "from_name": text, "from_avatar": text, "to_name": "Ann", "to_avatar": "/icon.svg"})
            };
            let inner = |kind: Value| {
                json!(json!({"data": text, "dataType": kind, "otherData": text}).to_string())
            };
            in_turn(
                number,
                said(0, "text", inner(json!(false))),
                [
                    said(1, "image", inner(json!("image"))),
                    said(1, "video", inner(json!("video"))),
                    said(1, "audio", inner(json!("audio"))),
                    said(
                        1,
                        "systemNotice",
                        json!({"data": text, "dataType": false, "otherData": text}),
                    ),
                    said(1, text, json!(text)),
                ],
            )
        };
        injects(Box::new(Egg), launch, |frame| Egg::frame(&frame), bears).await;
    });
}
