//! Every main state in its clothes: narrow and wide, light and dark. What a
//! person must judge goes into pictures; what a machine can judge, that nothing
//! is cut off at the side, is judged here.

use serde_json::json;

use crate::browser::Engine::Chromium;
use crate::page::{Chat, State};
use crate::server::Server;
use crate::story::{ends_well, tell};
use crate::talk::Talk;

const WIDTHS: [(u32, u32); 2] = [(375, 740), (1280, 800)];

async fn poses(person: &Chat, state: &str) {
    for (width, height) in WIDTHS {
        person.browser.resize(width, height).await;
        for theme in ["light", "dark"] {
            let feature = json!({ "name": "prefers-color-scheme", "value": theme });
            let media = json!({ "features": [feature, {
                "name": "prefers-reduced-motion", "value": "reduce",
            }] });
            person
                .browser
                .devtools("Emulation.setEmulatedMedia", media)
                .await;
            painted(person).await;
            person.pictures(&format!("{state}-{width}-{theme}")).await;
        }
        let overflow = "return document.documentElement.scrollWidth - innerWidth";
        let overflow = person.browser.execute(overflow, vec![]).await;
        assert!(
            overflow.as_i64().unwrap_or(1) <= 0,
            "{state} is too wide at {width}: {overflow}"
        );
    }
}

async fn painted(person: &Chat) {
    let frames = "const done = arguments[0]; \
        requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 0)));";
    person
        .browser
        .try_execute_async(frames, vec![])
        .await
        .unwrap();
}

#[test]
fn pictures_of_coming_in_and_of_being_refused() {
    tell(1, async || {
        let server = Server::start(&["--read-only", "news"]);
        let ann = Chat::sits_down("Ann", Chromium, &server).await;
        ann.expects_trouble();
        ann.opens("/").await;
        ann.sees("the join form", |page| page.join).await;
        poses(&ann, "join").await;
        ann.opens("/?dialect=nope").await;
        ann.sees("the fault", |page| page.words.contains("dialect"))
            .await;
        poses(&ann, "bad-parameter").await;
        ann.opens("/#token=a.b.c").await;
        ann.sees("that it is over", |page| page.is("ended")).await;
        poses(&ann, "ended").await;
        ann.browser.driver().delete_all_cookies().await.unwrap();
        ann.browser.execute("sessionStorage.clear()", vec![]).await;
        ann.opens("/?room=news").await;
        ann.sees("the join form", |page| page.join).await;
        ann.types_name("Ann").await;
        ann.sees("a room to read", |page| {
            page.is("online") && page.composer.is_none()
        })
        .await;
        poses(&ann, "read-only").await;
        ends_well([ann]).await;
    });
}

#[test]
fn pictures_of_a_room() {
    tell(2, async || {
        let server = Server::start(&[]);
        let (ann, bob) = tokio::join!(
            Chat::sits_down("Ann Archer", Chromium, &server),
            Chat::sits_down("Bob", Chromium, &server),
        );
        ann.expects_trouble();
        ann.opens_and_joins("/").await;
        poses(&ann, "room-empty").await;
        bob.opens_and_joins("/").await;
        let talk = Talk::default();
        for (number, (mine, theirs)) in [
            ("Did the parcel come?", "It did, this morning."),
            ("你好，收到了吗？", "收到了，谢谢！"),
            (
                "A longer message that takes more than one line on a telephone, so that \
                 one sees how the lines break and how the bubble grows.",
                "https://example.com/a/very/long/address/that/does/not/break/anywhere/at/all/and/goes/on",
            ),
        ]
        .into_iter()
        .enumerate()
        {
            talk.says(&ann, mine).await;
            bob.sees("it", |page| page.shows(mine)).await;
            talk.says(&bob, theirs).await;
            ann.sees("the answer", |page| page.shows(theirs)).await;
            println!("said {}", number + 1);
        }
        talk.settles(&[&ann, &bob]).await;
        poses(&ann, "room").await;
        ann.clicks("[data-part=people]").await;
        ann.sees("both people", |page| {
            page.sees_online("Ann") && page.sees_online("Bob")
        })
        .await;
        poses(&ann, "people").await;
        ann.clicks("[data-part=people]").await;

        ann.path.refuse_talk();
        talk.says(&ann, "Typed without a network").await;
        ann.sees("a banner and a queued row", |page| {
            page.banner.is_some()
                && page
                    .row("Typed without a network")
                    .is_some_and(|row| row.is("queued"))
        })
        .await;
        poses(&ann, "waiting").await;
        ann.path.pass().await;
        talk.settles(&[&ann, &bob]).await;
        let (width, height) = WIDTHS[0];
        ann.browser.resize(width, height).await;
        ann.clicks("[data-part=back]").await;
        ann.sees("the list of conversations", |page| page.composer.is_none())
            .await;
        poses(&ann, "conversations").await;
        ann.opens("/?lang=zh-CN").await;
        ann.sees("the room in Chinese", |page| {
            page.can_talk() && !page.rows.is_empty()
        })
        .await;
        poses(&ann, "room-chinese").await;
        ends_well([ann, bob]).await;
    });
}

#[test]
fn a_message_that_is_refused_stays_with_its_reason() {
    tell(1, async || {
        let server = Server::start(&[]);
        let ann = Chat::sits_down("Ann", Chromium, &server).await;
        ann.opens_and_joins("/?room=den").await;
        ann.sends("a word").await;
        let page = ann
            .sees("it sent", |page| page.has_delivered("a word"))
            .await;
        assert!(page.row("a word").is_some_and(|row| !row.retry));
        // The answer is changed on the way: a permanent refusal.
        ann.path.answers_instead(|message| {
            let message: serde_json::Value = serde_json::from_str(message).ok()?;
            let cid = message.get("cid").filter(|_| message["t"] == "send")?;
            Some(json!({ "t": "nack", "cid": cid, "code": "forbidden" }).to_string())
        });
        ann.sends("not wanted").await;
        ann.sees("it refused", |page| {
            page.row("not wanted")
                .is_some_and(|row| row.is("failed") && row.retry)
        })
        .await;
        poses(&ann, "failed").await;
        let retry = "[data-part=message][data-delivery=failed] [data-part=retry]";
        ann.clicks(retry).await;
        ann.sees("it sent after all", |page: &State| {
            page.has_delivered("not wanted")
        })
        .await;
        ends_well([ann]).await;
    });
}
