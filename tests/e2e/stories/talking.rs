//! People talk, and know who is there.

use crate::browser::Engine::{self, Chromium, WebKit};
use crate::page::{Chat, Row};
use crate::server::Server;
use crate::story::{ends_well, tell};
use crate::talk::Talk;

#[test]
fn two_people_talk_in_chromium() {
    tell(2, async || two_people_talk(Chromium, Chromium).await);
}

#[test]
fn two_people_talk_across_engines() {
    tell(2, async || two_people_talk(WebKit, Chromium).await);
}

async fn two_people_talk(first: Engine, second: Engine) {
    let server = Server::start(&[]);
    let (ann, bob) = tokio::join!(
        Chat::sits_down("Ann", first, &server),
        Chat::sits_down("Bob", second, &server),
    );
    tokio::join!(ann.opens_and_joins("/"), bob.opens_and_joins("/"));
    let talk = Talk::default();

    talk.says(&ann, "Hello Bob").await;
    let early = ann
        .sees("her own words", |page| page.shows("Hello Bob"))
        .await;
    let late = ann
        .sees("them sent", |page| page.has_delivered("Hello Bob"))
        .await;
    let key = |row: Option<&Row>| row.and_then(|row| row.key.clone());
    assert_eq!(
        key(early.row("Hello Bob")),
        key(late.row("Hello Bob")),
        "an acknowledgement does not make another row"
    );
    assert!(
        late.row("Hello Bob").unwrap().id.is_some(),
        "what is sent has an id"
    );

    let page = bob
        .sees("Ann's words", |page| page.shows("Hello Bob"))
        .await;
    let row = page.row("Hello Bob").unwrap();
    assert_eq!(row.side.as_deref(), Some("theirs"));
    assert_eq!(row.kind.as_deref(), Some("text"));
    assert_eq!(row.name.as_deref(), Some("Ann"));
    assert_eq!(row.delivery, None, "delivery is for one's own words only");

    // Both at once, without waiting for each other.
    for number in 1..=5 {
        talk.says(&ann, &format!("Ann says {number}")).await;
        talk.says(&bob, &format!("Bob says {number}")).await;
    }
    talk.settles(&[&ann, &bob]).await;
    let page = ann.looks().await;
    for row in &page.rows {
        let text = row.text.as_deref().unwrap_or_default();
        let mine = text.starts_with("Ann says") || text == "Hello Bob";
        let side = if mine { "mine" } else { "theirs" };
        assert_eq!(row.side.as_deref(), Some(side), "{text}");
    }
    assert!(
        page.title.is_some_and(|title| !title.is_empty()),
        "the room has a name"
    );
    ends_well([ann, bob]).await;
}

#[test]
fn what_people_type_arrives_as_they_typed_it() {
    tell(2, async || {
        let server = Server::start(&[]);
        let (ann, bob) = tokio::join!(
            Chat::sits_down("Ann <b>", Chromium, &server),
            Chat::sits_down("Bob", Chromium, &server),
        );
        tokio::join!(ann.opens_and_joins("/"), bob.opens_and_joins("/"));
        let talk = Talk::default();
        for text in [
            "<img src=x onerror=alert(1)>",
            "<script>alert(1)</script>",
            "你好，世界",
            "javascript:alert(1) &amp; &lt;",
            "{{ braces }} \\u0041 %00 \"quotes\"",
        ] {
            talk.says(&ann, text).await;
        }
        talk.settles(&[&ann, &bob]).await;
        let page = bob.looks().await;
        assert!(
            page.rows
                .iter()
                .all(|row| row.name.as_deref() == Some("Ann <b>"))
        );
        let sinks = "return document.querySelectorAll(\
                     '[data-part=message] img, [data-part=message] script').length";
        assert_eq!(bob.browser.execute(sinks, vec![]).await, 0);
        ends_well([ann, bob]).await;
    });
}

#[test]
fn presence_comes_and_goes() {
    tell(2, async || {
        let server = Server::start(&[]);
        let (ann, bob) = tokio::join!(
            Chat::sits_down("Ann", Chromium, &server),
            Chat::sits_down("Bob", Chromium, &server),
        );
        ann.opens_and_joins("/").await;
        ann.sees("nobody called Bob", |page| page.person("Bob").is_none())
            .await;
        bob.opens_and_joins("/").await;
        ann.sees("Bob there", |page| page.sees_online("Bob")).await;
        bob.sees("Ann there", |page| page.sees_online("Ann")).await;
        ends_well([bob]).await;
        ann.sees("Bob gone", |page| !page.sees_online("Bob")).await;
        ends_well([ann]).await;
    });
}

#[test]
fn two_people_talk_alone_and_see_what_was_read() {
    tell(2, async || {
        let server = Server::start(&[]);
        let (ann, bob) = tokio::join!(
            Chat::sits_down("Ann", Chromium, &server),
            Chat::sits_down("Bob", Chromium, &server),
        );
        tokio::join!(ann.opens_and_joins("/"), bob.opens_and_joins("/"));
        let uid = |name: &'static str| {
            move |page: &crate::page::State| page.person(name).and_then(|one| one.uid.clone())
        };
        let bobs = uid("Bob");
        let anns = uid("Ann");
        let bob_uid = bobs(&ann.sees("Bob", |page| bobs(page).is_some()).await).unwrap();
        let ann_uid = anns(&bob.sees("Ann", |page| anns(page).is_some()).await).unwrap();
        ann.opens(&format!("/?to={bob_uid}&to_name=Bob")).await;
        let page = ann.sees("the room for two", |page| page.can_talk()).await;
        assert_eq!(page.title.as_deref(), Some("Bob"));
        let talk = Talk::default();
        talk.says(&ann, "Just between us").await;
        ann.sees("it sent, not read", |page| {
            page.row("Just between us")
                .is_some_and(|row| row.is("sent"))
        })
        .await;
        bob.opens(&format!("/?to={ann_uid}")).await;
        bob.sees("Ann's words", |page| page.shows("Just between us"))
            .await;
        ann.sees("it read", |page| {
            page.row("Just between us")
                .is_some_and(|row| row.is("read"))
        })
        .await;
        let page = bob.looks().await;
        assert_eq!(page.title.as_deref(), Some("Ann"));
        talk.says(&bob, "Nobody else hears").await;
        talk.settles(&[&ann, &bob]).await;
        // The lobby heard nothing of it.
        bob.opens("/?room=lobby").await;
        let page = bob.sees("the lobby", |page| page.can_talk()).await;
        assert!(!page.shows("Just between us"));
        ends_well([ann, bob]).await;
    });
}
