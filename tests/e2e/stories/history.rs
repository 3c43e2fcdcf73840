//! Reading what was said before, and staying where one reads.

use std::time::Duration;

use serde::Deserialize;
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

#[derive(Debug, Deserialize)]
struct Scrolled {
    moved: Option<f64>,
    grown: bool,
    oldest: bool,
    top: f64,
    texts: Vec<Option<String>>,
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
    let mut read: Vec<String> = page.texts().into_iter().map(str::to_owned).collect();
    let mut worst = 0.0_f64;
    let mut loads = 0;
    // Every step goes up by less than a screen, as a reader does.
    for _ in 0..400 {
        let step = ann.browser.try_execute_async(
            include_str!("../script/anchor.js"),
            vec![
                json!(-500),
                json!(Duration::from_secs(1).as_millis() as u64),
            ],
        );
        let step: Scrolled = serde_json::from_value(step.await.unwrap())
            .unwrap_or_else(|error| panic!("scrolling failed: {error}"));
        let moved = step.moved.expect("the row that was read is still there");
        worst = worst.max(moved.abs());
        loads += usize::from(step.grown);
        let texts: Vec<String> = step.texts.into_iter().flatten().collect();
        merge_in_front(&mut read, texts);
        if step.oldest && step.top <= 0.0 {
            break;
        }
    }
    println!("{engine:?}: rows came in front {loads} times, the reader moved {worst} px at most");
    let page = ann.looks().await;
    assert!(
        page.timeline.as_ref().unwrap().oldest_known,
        "the beginning is known at the top"
    );
    assert!(page.shows("line 1"));
    assert!(worst <= 1.0, "the reader was moved by {worst} px");
    talk.judges(&[(ann.name.clone(), read)]);
    ends_well([ann]).await;
}

/// Puts what a window of the timeline shows in front of what is known already.
/// What does not join on stays in, and is judged as doubled or out of order.
fn merge_in_front(read: &mut Vec<String>, window: Vec<String>) {
    let first = read.first().cloned();
    match window.iter().position(|text| Some(text) == first.as_ref()) {
        Some(joint) => {
            read.splice(0..0, window.into_iter().take(joint));
        }
        None if window.iter().all(|text| read.contains(text)) => {}
        None => {
            let unknown: Vec<String> = window
                .into_iter()
                .filter(|text| !read.contains(text))
                .collect();
            read.splice(0..0, unknown);
        }
    }
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

        ann.scrolls_by(-600).await;
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
        ann.scrolls_by(-600).await;
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
