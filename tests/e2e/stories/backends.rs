//! Two pages talk by each of the other backends' words, through the gateways
//! of the real server: both ways, over a path that breaks, after a reload, to
//! a hidden page, until one of them leaves; and see what else old pages send.
//! What a delivery may be called differs: no page claims more than its backend
//! proves.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::browser::Engine::Chromium;
use crate::page::{Chat, State};
use crate::server::Server;
use crate::story::{ends_well, tell};
use crate::visitor::{Visitor, posts};

/// How two people come to one talk, and what may be said of it.
struct Backend {
    ann: &'static str,
    bob: &'static str,
    /// What a message of mine may stand as in the end.
    ends_as: &'static [&'static str],
    /// Whether a reload finds what was said.
    remembers: bool,
    /// Whether it tells who is there.
    tells_who: bool,
    /// Whether a hidden page keeps its link.
    stays: bool,
    /// What old pages can say beside text, as the rows that become of it.
    kinds: &'static [&'static str],
}

#[test]
fn people_talk_by_crmeb() {
    talk_by(&Backend {
        ann: "/?dialect=crmeb&uid=42&name=Ann&to=9&to_name=Bob#token=42",
        bob: "/?dialect=crmeb&uid=9&name=Bob&to=42&to_name=Ann#token=9",
        ends_as: &["unconfirmed", "sent"],
        remembers: true,
        tells_who: true,
        stays: true,
        kinds: &["image", "video"],
    });
}

#[test]
fn people_talk_by_stock_crmeb() {
    talk_by(&Backend {
        ann: "/?dialect=crmeb-stock&uid=42&name=Ann&to=9&to_name=Bob#token=42",
        bob: "/?dialect=crmeb-stock&uid=9&name=Bob&to=42&to_name=Ann#token=9",
        ends_as: &["sent"],
        remembers: true,
        tells_who: true,
        stays: true,
        kinds: &["text", "image", "voice"],
    });
}

#[test]
fn people_talk_by_topic() {
    talk_by(&Backend {
        ann: "/?dialect=topic&room=R-8&uid=ann&name=Ann#token=ann",
        bob: "/?dialect=topic&room=R-8&uid=bob&name=Bob#token=bob",
        ends_as: &["sent"],
        remembers: true,
        tells_who: false,
        stays: true,
        kinds: &["question", "answer"],
    });
}

#[test]
fn people_talk_by_j_im() {
    talk_by(&Backend {
        ann: "/?dialect=jim&room=100&uid=ann&name=Ann",
        bob: "/?dialect=jim&room=100&uid=bob&name=Bob",
        ends_as: &["sent"],
        remembers: true,
        tells_who: true,
        stays: true,
        kinds: &["image", "like", "flower"],
    });
}

#[test]
fn people_talk_by_plain() {
    talk_by(&Backend {
        ann: "/?dialect=plain#token=ann",
        bob: "/?dialect=plain#token=bob",
        ends_as: &["unconfirmed", "sent"],
        remembers: true,
        tells_who: false,
        stays: false,
        kinds: &[],
    });
}

#[test]
fn people_talk_by_egg() {
    talk_by(&Backend {
        ann: "/?dialect=egg&uid=42&to=9&to_name=Bob#token=42",
        bob: "/?dialect=egg&uid=9&to=42&to_name=Ann#token=9",
        ends_as: &["sent"],
        remembers: false,
        tells_who: false,
        stays: true,
        kinds: &["text", "image", "voice", "video"],
    });
}

fn talk_by(backend: &Backend) {
    tell(2, async || {
        let server = Server::start(&["--gateway", "all"]);
        let (ann, bob) = tokio::join!(
            Chat::sits_down("Ann", Chromium, &server),
            Chat::sits_down("Bob", Chromium, &server),
        );
        tokio::join!(ann.opens(backend.ann), bob.opens(backend.bob));
        tokio::join!(
            ann.sees("the talk, ready", State::can_talk),
            bob.sees("the talk, ready", State::can_talk),
        );
        let mut said = Vec::new();
        for round in 1..=3 {
            for (speaker, listener) in [(&ann, &bob), (&bob, &ann)] {
                let text = format!("{} says {round} <b>\"你好\"</b> & 😀", speaker.name);
                speaker.sends(&text).await;
                let page = listener
                    .sees("what was said", |page| page.shows(&text))
                    .await;
                let side = page.row(&text).and_then(|row| row.side.clone());
                assert_eq!(side.as_deref(), Some("theirs"), "{text}");
                said.push(text);
            }
        }
        is_shown(&ann, &said, backend).await;
        is_shown(&bob, &said, backend).await;

        // The path breaks; what is said meanwhile goes when it is whole.
        ann.expects_trouble();
        ann.path.cut(crate::proxy::Cut::Reset);
        let late = "Ann says it without a network".to_owned();
        ann.sends(&late).await;
        bob.sees("what waited", |page| page.shows(&late)).await;
        said.push(late);
        is_shown(&ann, &said, backend).await;

        if backend.remembers {
            bob.reloads().await;
            bob.sees("the talk again", |page| {
                page.can_talk() && said.iter().all(|text| page.shows(text))
            })
            .await;
            is_shown(&bob, &said, backend).await;
        }
        let hidden = the_page_is_hidden(&ann, &bob, backend.stays).await;
        said.push(hidden);
        is_shown(&bob, &said, backend).await;
        if backend.tells_who {
            tokio::join!(
                ann.sees("Bob there", |page| is_there(page, backend.bob)),
                bob.sees("Ann there", |page| is_there(page, backend.ann)),
            );
        }
        let wanted: Vec<Option<&str>> = backend.kinds.iter().map(|kind| Some(*kind)).collect();
        if !wanted.is_empty() {
            old_pages_say_more(backend.ann, server.address()).await;
            ann.sees("all kinds, in order", |page| {
                let kinds: Vec<Option<&str>> =
                    page.rows.iter().map(|row| row.kind.as_deref()).collect();
                kinds.ends_with(&wanted)
            })
            .await;
        }
        the_other_leaves(&ann, &bob, backend).await;
        ends_well([ann, bob]).await;
    });
}

/// What is said to a hidden page is there when it is shown, and where a hidden
/// page keeps its link, before.
async fn the_page_is_hidden(ann: &Chat, bob: &Chat, stays: bool) -> String {
    let sockets = bob.path.sockets();
    let opened = sockets.opened();
    bob.expects_trouble();
    bob.browser.hide().await;
    bob.sees("nothing, hidden", |page| !page.visible).await;
    let text = "Ann says it to a hidden page".to_owned();
    ann.sends(&text).await;
    if stays {
        bob.sees("it, hidden", |page| page.shows(&text)).await;
        assert_eq!((sockets.opened(), sockets.open()), (opened, 1));
    } else {
        bob.sees("that it is away", |page| page.is("suspended"))
            .await;
        assert_eq!(sockets.open(), 0);
    }
    bob.browser.show().await;
    bob.sees("it, shown", |page| {
        page.visible && page.can_talk() && page.shows(&text)
    })
    .await;
    assert_eq!(sockets.open(), 1);
    text
}

/// By the id that they came with: a stock page does not say its name.
fn is_there(page: &State, launch: &str) -> bool {
    let uid = launch.split(['?', '&', '#']);
    let uid = uid.filter_map(|field| field.strip_prefix("uid=")).next();
    let people = page.people.iter();
    let mut people = people.filter(|person| person.uid.as_deref() == uid);
    people.any(|person| person.online)
}

/// Who leaves is gone for the other, has no socket any more, and asks for none.
async fn the_other_leaves(ann: &Chat, bob: &Chat, backend: &Backend) {
    ann.signs_out().await;
    ann.sees("an empty page", |page| {
        page.rows.is_empty() && page.composer.is_none()
    })
    .await;
    if backend.tells_who {
        bob.sees("Ann gone", |page| !is_there(page, backend.ann))
            .await;
    }
    let sockets = ann.path.sockets();
    let opened = sockets.opened();
    let until = tokio::time::Instant::now() + std::time::Duration::from_secs(6);
    while tokio::time::Instant::now() < until {
        assert_eq!(sockets.opened(), opened, "dialled again");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(sockets.open(), 0);
}

/// Old pages, or people with them, say all that they can beside plain text.
async fn old_pages_say_more(launch: &str, server: SocketAddr) {
    let picture = "https://img.example/p.png";
    if launch.contains("dialect=crmeb&") {
        let mut bob = Visitor::connects(server, "/crmeb/msg").await;
        bob.says(r#"{"type":"login","data":{"id":9,"channel_type":"wechat","uid":9,"openid":""}}"#)
            .await;
        for (kind, address) in [("img", picture), ("video", "https://img.example/v.mp4")] {
            let chat = json!({
                "content": address, "uid": 9, "uname": "Bob", "uavatar": "", "to_uid": 42,
                "to_name": "Ann", "to_avatar": "", "type": kind, "channel_type": "wechat",
            });
            bob.says(&json!({"type": "chat", "data": chat}).to_string())
                .await;
        }
        bob.says(r#"{"type":"ping"}"#).await;
        bob.hears(r#""type":"ping""#).await;
    } else if launch.contains("dialect=crmeb-stock") {
        let mut bob = Visitor::connects(server, "/crmeb/msg").await;
        bob.says(r#"{"type":"login","data":"9","form_type":2}"#)
            .await;
        bob.hears("success").await;
        for (number, words) in [
            (2, "[em-smile]"),
            (3, picture),
            (4, "https://img.example/v.amr"),
        ] {
            let data = json!({"msn": words, "type": number, "to_uid": 42});
            bob.says(&json!({"type": "chat", "form_type": 2, "data": data}).to_string())
                .await;
        }
        bob.hears("v.amr").await;
    } else if launch.contains("dialect=topic") {
        let token = "Authorization: carl";
        let path = "/topic/api/question/";
        let question = r#"{"content":"when?","streamId":"R-8"}"#;
        posts(server, &format!("{path}add"), token, question).await;
        let answer = r#"{"streamId":"R-8","question":"when?","answer":"tomorrow"}"#;
        posts(server, &format!("{path}answer"), token, answer).await;
    } else if launch.contains("dialect=jim") {
        let path = "/jim/?username=carl&password=&courseId=100&nickName=Carl";
        let mut carl = Visitor::connects(server, path).await;
        carl.hears("10007").await;
        for (kind, content) in [(2, picture), (3, ""), (4, "")] {
            let chat = json!({
                "from": "carl", "createTime": 1_733_800_010_000_u64, "cmd": 11,
                "group_id": "100", "chatType": 1, "msgType": 0, "content": content,
                "nickName": "Carl", "avatar": "", "type": kind,
            });
            carl.says(&chat.to_string()).await;
        }
        carl.says(r#"{"cmd":13,"hbbyte":"-127"}"#).await;
        carl.hears("hbbyte").await;
    } else {
        let other = |kind: &str, more: Value| json!({"type": kind, "typedata": more});
        for (kind, data, data_type, more) in [
            (
                "iconMenus",
                "😀",
                json!("emoji"),
                other("iconMenus", json!({})),
            ),
            (
                "image",
                picture,
                json!("image"),
                other("image", json!({"path": picture})),
            ),
            (
                "audio",
                "https://img.example/a.mp3",
                json!("audio"),
                json!({"duration": 3}),
            ),
            (
                "video",
                "https://img.example/cover.png",
                json!("video"),
                json!({"duration": "0:12", "poster": picture, "showPoster": true,
                       "videoData": "https://img.example/v.mp4"}),
            ),
        ] {
            let data = json!({"data": data, "dataType": data_type, "otherData": more});
            let body = json!({"sendto_id": 42, "chatType": "single", "type": kind, "data": data});
            let path = "/egg/api/chat/socket/sendmessage";
            posts(server, path, "token: 9", &body.to_string()).await;
        }
    }
}

/// All of it, once and in order, and mine as far as it can be said.
async fn is_shown(reader: &Chat, said: &[String], backend: &Backend) {
    let page = reader
        .sees("everything in the end", |page| {
            said.iter().all(|text| page.shows(text))
                && page.rows.iter().all(|row| {
                    let delivery = row.delivery.as_deref();
                    delivery.is_none_or(|word| backend.ends_as.contains(&word))
                })
        })
        .await;
    let shown: Vec<&str> = page
        .rows
        .iter()
        .filter_map(|row| row.text.as_deref())
        .filter(|text| text.contains(" says "))
        .collect();
    assert_eq!(
        shown, *said,
        "once, and in order, on {}'s page",
        reader.name
    );
    for row in &page.rows {
        let text = row.text.as_deref().unwrap_or_default();
        let mine = text.starts_with(&format!("{} says", reader.name));
        let side = if mine { "mine" } else { "theirs" };
        assert_eq!(row.side.as_deref(), Some(side), "{text}");
    }
}
