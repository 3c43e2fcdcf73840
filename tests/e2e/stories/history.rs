//! Reading what was said before, and staying where one reads.

use serde_json::json;

use crate::browser::Engine::{self, Chromium, WebKit};
use crate::page::{Chat, State};
use crate::server::Server;
use crate::story::{ends_well, tell};
use crate::talk::Talk;

#[test]
fn a_long_history_loads_above_the_reader_in_chromium() {
    tell(1, async || {
        a_long_history_loads_above_the_reader(Chromium).await
    });
}

#[test]
fn a_long_history_loads_above_the_reader_in_webkit() {
    tell(1, async || {
        a_long_history_loads_above_the_reader(WebKit).await
    });
}

async fn a_long_history_loads_above_the_reader(engine: Engine) {
    const MESSAGES: usize = 300;
    let server = Server::start(&[]);
    let ann = Chat::sits_down("Ann", engine, &server).await;
    a_crowd_writes(&ann, "lobby", MESSAGES).await;
    ann.opens_and_joins("/").await;
    let newest = format!("line {MESSAGES}");
    let page = ann
        .sees("the newest line, at the bottom", |page| {
            page.shows(&newest) && page.is_at_bottom()
        })
        .await;
    assert!(
        !page.timeline.as_ref().unwrap().oldest_known,
        "300 lines are more than a page"
    );

    let talk = Talk::default();
    for number in 1..=MESSAGES {
        talk.hears(
            &format!("Guest {}", 1 + (number - 1) / 15),
            &format!("line {number}"),
        );
    }
    let (read, moved) = ann.reads_back(&["line 1".to_owned()]).await;
    println!("{engine:?}: the reader was moved by {moved} px at most");
    let top = ann.scrolls_by(-10_000.0).await;
    assert!(top.oldest, "at the top the beginning is known");
    assert!(moved <= 1.0, "the reader was moved by {moved} px");
    let read = read.into_iter().filter_map(|row| row.text).collect();
    talk.judges(&[(ann.name.clone(), read)]);
    ends_well([ann]).await;
}

async fn a_crowd_writes(somebody: &Chat, room: &str, messages: usize) {
    somebody
        .browser
        .goto(&format!("{}/healthz", somebody.path.origin()))
        .await;
    let done = somebody
        .browser
        .try_execute_async(
            include_str!("../script/crowd.js"),
            vec![json!(room), json!(messages), json!(15), json!("line")],
        )
        .await
        .unwrap();
    assert_eq!(done, "done", "the crowd could not write");
    somebody
        .browser
        .driver()
        .delete_all_cookies()
        .await
        .unwrap();
    // That page had no icon; this is not about it.
    let _ = somebody.browser.console_errors().await;
}

#[test]
fn the_newest_line_is_followed_only_by_who_is_at_the_bottom() {
    tell(2, async || {
        let server = Server::start(&[]);
        let (ann, bob) = tokio::join!(
            Chat::sits_down("Ann", Chromium, &server),
            Chat::sits_down("Bob", Chromium, &server),
        );
        a_crowd_writes(&ann, "lobby", 45).await;
        tokio::join!(ann.opens_and_joins("/"), bob.opens_and_joins("/"));
        let at_bottom =
            |text: &'static str| move |page: &State| page.shows(text) && page.is_at_bottom();
        ann.sees("the newest line", at_bottom("line 45")).await;
        bob.sends("while you look").await;
        ann.sees("Bob's words at the bottom", at_bottom("while you look"))
            .await;

        ann.scrolls_by(-600.0).await;
        let before = ann.sees("older lines", |page| !page.is_at_bottom()).await;
        let reading = |page: &State| {
            let timeline = page.timeline.clone().unwrap();
            page.rows
                .iter()
                .find(|row| row.top >= timeline.from + 1.0)
                .cloned()
                .unwrap()
        };
        let row = reading(&before);
        bob.sends("while you read").await;
        bob.sends("and once more").await;
        let after = ann
            .sees("that two are new", |page| {
                page.newer.as_deref() == Some("2")
            })
            .await;
        let same = after
            .rows
            .iter()
            .find(|other| other.key == row.key)
            .unwrap();
        assert!(
            (same.top - row.top).abs() <= 1.0,
            "reading was disturbed: {row:?} {same:?}"
        );
        ann.clicks("[data-part=newer]").await;
        ann.sees("the newest, and the pill gone", |page| {
            page.shows("and once more") && page.is_at_bottom() && page.newer.is_none()
        })
        .await;

        // One's own words are always followed.
        ann.scrolls_by(-600.0).await;
        ann.sees("older lines again", |page| !page.is_at_bottom())
            .await;
        ann.sends("my own words").await;
        ann.sees("them at the bottom", at_bottom("my own words"))
            .await;
        ends_well([ann, bob]).await;
    });
}

#[test]
fn an_empty_room_has_a_beginning() {
    tell(1, async || {
        let server = Server::start(&[]);
        let ann = Chat::sits_down("Ann", Chromium, &server).await;
        ann.opens_and_joins("/?room=quiet").await;
        let page = ann
            .sees("that there is nothing older", |page| {
                page.timeline
                    .as_ref()
                    .is_some_and(|timeline| timeline.oldest_known)
            })
            .await;
        assert!(page.rows.is_empty());
        ends_well([ann]).await;
    });
}
