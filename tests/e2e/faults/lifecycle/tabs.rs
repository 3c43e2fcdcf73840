//! Row 25: one person with several tabs, and the one that was to send is frozen,
//! crashes, is closed, or all of them want to send at once.

use std::time::Duration;

use serde_json::json;
use thirtyfour::WindowHandle;

use crate::browser::Engine::Chromium;
use crate::diary::Moment;
use crate::faults::report::{Length, Report};
use crate::faults::scene::Scene;
use crate::page::{LATER, State};
use crate::stories::tabs::{opens_another, tab_of, turns_to};
use crate::story::tell;

/// From the moment when another tab could send.
const HANDED_OVER_WITHIN: Duration = Duration::from_secs(5);

const TABS: usize = 4;

#[test]
#[ignore = "cargo xtask faults"]
fn row_25_whichever_tab_ends_another_sends_what_it_left() {
    tell(1, async || {
        let mut report = Report::of(25, Chromium, Length::Full);
        let scene = Scene::begins(Chromium).await;
        let first = tab_of(&scene.ann).await;
        for fault in ["frozen", "crashed", "closed"] {
            let heard = hands_over(&scene, &first, fault).await;
            report.within(
                &format!("{fault}: sent by another after"),
                heard,
                HANDED_OVER_WITHIN,
            );
        }
        let (each_once, one_timeline) = race(&scene, &first).await;
        report.holds(
            &format!("{TABS} tabs at once: each message once"),
            each_once,
        );
        report.holds("one timeline in all of them", one_timeline);
        turns_to(&scene.ann, &first).await;
        report.talk(&scene.reckons(LATER).await);
        report.concludes();
        scene.ends().await;
    });
}

/// What a tab has kept and not sent when it ends is sent by the first one, so
/// long after that one could.
async fn hands_over(scene: &Scene, first: &WindowHandle, fault: &str) -> Duration {
    let ann = &scene.ann;
    let second = opens_another(ann, "/").await;
    ann.path.sockets().one_page_more();
    ann.sees("the room in another tab", State::can_talk).await;
    ann.path.refuse_talk();
    ann.sees("that it is not connected", |page| !page.is("online"))
        .await;
    let text = format!("left by a tab that was {fault}");
    scene.ann_says(&text).await;
    let kept = |page: &State| page.row(&text).is_some_and(|row| !row.is_delivered());
    ann.sees("it kept", kept).await;
    let state = |state: &str| json!({ "state": state });
    match fault {
        "frozen" => {
            ann.browser
                .devtools("Page.setWebLifecycleState", state("frozen"))
                .await;
        }
        "crashed" => ann.browser.dies().await,
        _ => ann.browser.driver().close_window().await.expect("closed"),
    }
    turns_to(ann, first).await;
    ann.sees("the page in front", |page| {
        page.visible && !page.is("online")
    })
    .await;
    let healed = Moment::now();
    ann.path.pass().await;
    ann.sees_within(LATER, "the room", State::can_talk).await;
    scene.bob.hears_text(&text).await;
    let heard = Moment::now();
    let sent = |page: &State| page.has_delivered(&text);
    ann.sees_within(LATER, "it sent, in this tab too", sent)
        .await;
    let could = scene.diary().await.first_status(healed, "online");
    if fault == "frozen" {
        turns_to(ann, &second).await;
        ann.browser
            .devtools("Page.setWebLifecycleState", state("active"))
            .await;
        ann.sees_within(LATER, "it sent, in the thawed tab", sent)
            .await;
        ann.browser.driver().close_window().await.expect("closed");
        turns_to(ann, first).await;
    }
    heard.since(could)
}

/// Every tab has something to send when the path is whole again.
async fn race(scene: &Scene, first: &WindowHandle) -> (bool, bool) {
    let ann = &scene.ann;
    let mut tabs = vec![first.clone()];
    while tabs.len() < TABS {
        tabs.push(opens_another(ann, "/").await);
        ann.path.sockets().one_page_more();
        ann.sees("the room in another tab", State::can_talk).await;
    }
    ann.path.refuse_talk();
    let mut texts = Vec::new();
    for (number, tab) in tabs.iter().enumerate() {
        turns_to(ann, tab).await;
        ann.sees("that it is not connected", |page| !page.is("online"))
            .await;
        let text = format!("from tab {}", number + 1);
        scene.ann_says(&text).await;
        ann.sees("it", |page| page.shows(&text)).await;
        texts.push(text);
    }
    ann.path.pass().await;
    let mut timelines = Vec::new();
    for tab in &tabs {
        turns_to(ann, tab).await;
        let all = |page: &State| texts.iter().all(|text| page.has_delivered(text));
        let page = ann.sees_within(LATER, "all of it, sent", all).await;
        let rows = page.rows.into_iter().filter_map(|row| row.text);
        timelines.push(
            rows.filter(|text| text.starts_with("from tab"))
                .collect::<Vec<_>>(),
        );
    }
    let log = scene.bob.log();
    let each_once = texts
        .iter()
        .all(|text| log.iter().filter(|said| *said == text).count() == 1);
    let one_timeline = timelines.iter().all(|shown| *shown == timelines[0]);
    (each_once, one_timeline)
}
