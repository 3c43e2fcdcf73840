//! Coming in: names, launch parameters, credentials, and what is refused.

use std::time::Duration;

use serde_json::json;

use crate::browser::Engine::{Chromium, WebKit};
use crate::page::{Chat, State};
use crate::server::Server;
use crate::story::{ends_well, tell};

#[test]
fn the_join_form_refuses_what_is_no_name() {
    tell(1, async || {
        let server = Server::start(&[]);
        let ann = Chat::sits_down("Ann", Chromium, &server).await;
        ann.opens("/").await;
        ann.sees("the join form", |page| page.join).await;
        for bad in ["", "   "] {
            ann.types_name(bad).await;
        }
        let page = ann.looks().await;
        assert!(page.join, "nobody came in without a name");
        assert_eq!(
            ann.path.count("POST /api/guest"),
            0,
            "and nobody was asked for"
        );
        // The field does not take more than a name can have.
        let field = ann.browser.element("[name=name]").await;
        field.clear().await.unwrap();
        field.send_keys("n".repeat(80)).await.unwrap();
        let length = "return document.querySelector('[name=name]').value.length";
        assert_eq!(ann.browser.execute(length, vec![]).await, 64);
        ann.joins().await;
        ends_well([ann]).await;
    });
}

#[test]
fn a_parameter_that_cannot_be_used_is_named() {
    tell(1, async || {
        let server = Server::start(&[]);
        let ann = Chat::sits_down("Ann", Chromium, &server).await;
        for (launch, name) in [
            ("/?dialect=nope", "dialect"),
            ("/?ws=ftp://x", "ws"),
            ("/?theme=mauve", "theme"),
            ("/?chat=crowd", "chat"),
            ("/?login=%7Bnot", "login"),
        ] {
            ann.opens(launch).await;
            let page = ann
                .sees(&format!("{name} named for {launch}"), |page| {
                    let mut words = page
                        .words
                        .split(|letter: char| !letter.is_ascii_alphabetic());
                    words.any(|word| word == name)
                })
                .await;
            assert!(
                !page.join && page.composer.is_none(),
                "nothing to type into: {launch}"
            );
        }
        assert_eq!(ann.path.count("GET /ws"), 0, "nothing is dialled");
        ends_well([ann]).await;
    });
}

#[test]
fn a_refused_token_ends_it() {
    tell(1, async || {
        let server = Server::start(&[]);
        let ann = Chat::sits_down("Ann", Chromium, &server).await;
        ann.expects_trouble();
        ann.opens("/#token=a.b.c").await;
        let page = ann
            .sees("that it is over", |page| {
                page.is("ended") && page.banner.is_some()
            })
            .await;
        assert!(!page.address.contains("token"), "{}", page.address);
        assert!(
            !ann.path
                .requests()
                .iter()
                .any(|request| request.contains("a.b.c"))
        );
        stays_quiet(&ann).await;
        ends_well([ann]).await;
    });
}

/// Nobody dials for longer than any first retry waits. This is the one thing
/// that has to be looked at for a while: that something does not happen.
pub(crate) async fn stays_quiet(person: &Chat) {
    let dials = || person.path.count("GET /ws") + person.path.count("POST /api/ticket");
    let before = dials();
    let watched = tokio::time::Instant::now() + Duration::from_secs(7);
    while tokio::time::Instant::now() < watched {
        assert_eq!(
            dials(),
            before,
            "{} dialled: {:?}",
            person.name,
            person.path.requests()
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[test]
fn secrets_leave_the_address_bar_at_once() {
    tell(1, async || {
        let server = Server::start(&[]);
        let ann = Chat::sits_down("Ann", Chromium, &server).await;
        ann.expects_trouble();
        for launch in [
            "/?room=den&token=x.y.z",
            "/?room=den#token=x.y.z&password=p",
        ] {
            ann.opens(launch).await;
            let page = ann.sees("that it is over", |page| page.is("ended")).await;
            assert!(!page.address.contains("x.y.z"), "{}", page.address);
            assert!(
                page.address.contains("room=den"),
                "the rest stays: {}",
                page.address
            );
            let kept = "return JSON.stringify(localStorage) + document.referrer";
            let kept = ann.browser.execute(kept, vec![]).await;
            assert!(!kept.as_str().unwrap().contains("x.y.z"), "{kept}");
        }
        ends_well([ann]).await;
    });
}

#[test]
fn a_wechat_redirect_mark_is_no_parameter() {
    tell(1, async || {
        let server = Server::start(&[]);
        let ann = Chat::sits_down("Ann", Chromium, &server).await;
        ann.opens_and_joins("/?room=den#wechat_redirect").await;
        ends_well([ann]).await;
    });
}

#[test]
fn a_reload_keeps_who_i_am_in_chromium() {
    tell(1, async || a_reload_keeps_who_i_am(Chromium).await);
}

#[test]
fn a_reload_keeps_who_i_am_in_webkit() {
    tell(1, async || a_reload_keeps_who_i_am(WebKit).await);
}

async fn a_reload_keeps_who_i_am(engine: crate::browser::Engine) {
    let server = Server::start(&[]);
    let ann = Chat::sits_down("Ann", engine, &server).await;
    ann.opens_and_joins("/").await;
    let me = |page: &State| page.people.first().and_then(|me| me.uid.clone());
    let before = ann
        .sees("herself among the people", |page| me(page).is_some())
        .await;
    ann.reloads().await;
    let after = ann
        .sees("the room and herself", |page| {
            page.can_talk() && me(page).is_some()
        })
        .await;
    assert_eq!(me(&before), me(&after));
    ends_well([ann]).await;
}

#[test]
fn a_page_whose_program_cannot_load_says_so() {
    tell(1, async || {
        let server = Server::start(&[]);
        let ann = Chat::sits_down("Ann", Chromium, &server).await;
        ann.expects_trouble();
        ann.browser.devtools("Network.enable", json!({})).await;
        ann.browser
            .devtools("Network.setBlockedURLs", json!({ "urls": ["*.wasm"] }))
            .await;
        ann.opens("/").await;
        says_something_within_a_second(&ann).await;
        ann.browser
            .devtools("Network.setBlockedURLs", json!({ "urls": [] }))
            .await;
        ann.browser
            .init_script("if (location.search === '?bare') delete window.WebAssembly;")
            .await;
        ann.opens("/?bare").await;
        says_something_within_a_second(&ann).await;
        // What failed is allowed to say so behind the page as well.
        let _ = ann.hidden_faults().await;
    });
}

async fn says_something_within_a_second(person: &Chat) {
    let opened = tokio::time::Instant::now();
    let page = person
        .sees("words about what is wrong", |page| {
            page.words.trim().len() > 20
        })
        .await;
    let took = opened.elapsed();
    println!("after {took:?} it says: {:?}", page.words);
    assert!(took < Duration::from_secs(3), "it took {took:?} to say so");
    assert!(!page.join && page.composer.is_none());
}

#[test]
fn a_room_where_only_hosts_talk_has_no_composer_but_the_reason() {
    tell(1, async || {
        let server = Server::start(&["--read-only", "news"]);
        let ann = Chat::sits_down("Ann", Chromium, &server).await;
        ann.opens("/?room=news").await;
        ann.sees("the join form", |page| page.join).await;
        ann.types_name("Ann").await;
        ann.sees("why she cannot write", |page| {
            page.is("online")
                && page.composer.is_none()
                && page.words.contains("Only hosts can write here.")
        })
        .await;
        ann.opens("/?room=lobby").await;
        ann.sees("a room where she can", State::can_talk).await;
        ends_well([ann]).await;
    });
}

#[test]
fn the_page_speaks_chinese_when_asked() {
    tell(1, async || {
        let server = Server::start(&[]);
        let ann = Chat::sits_down("小安", Chromium, &server).await;
        ann.opens("/?lang=zh-CN").await;
        let page = ann.sees("the join form", |page| page.join).await;
        assert!(page.language.starts_with("zh"), "lang is {}", page.language);
        assert!(has_chinese(&page.words), "{}", page.words);
        ann.joins().await;
        ann.sends("你好").await;
        let page = ann.sees("it sent", |page| page.has_delivered("你好")).await;
        assert!(!page.words.contains("Messages") && !page.words.contains("Sent"));
        // Also where nothing but the launch is known.
        ann.opens("/?lang=zh-CN&dialect=nope").await;
        ann.sees("the fault in Chinese", |page| {
            page.words.contains("dialect") && has_chinese(&page.words)
        })
        .await;
        ends_well([ann]).await;
    });
}

fn has_chinese(words: &str) -> bool {
    words
        .chars()
        .any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter))
}
