//! Rows 17, 18 and 24: nobody looks at the page, and then somebody does.

use std::time::Duration;

use super::{MINUTE, can_be_muffled, muffles};
use crate::browser::Engine::{self, Chromium, WebKit};
use crate::diary::Moment;
use crate::faults::report::{Length, Report, shortened};
use crate::faults::scene::Scene;
use crate::page::{LATER, State};
use crate::proxy::Cut;
use crate::story::tell;

/// Timers of a hidden page run once a minute, after five seconds already.
const THROTTLED: &[&str] = &["--enable-features=IntensiveWakeUpThrottling:grace_period_seconds/5"];

#[test]
#[ignore = "cargo xtask faults"]
fn row_17_a_hidden_page_keeps_its_link_and_hears_at_once_in_chromium() {
    tell(1, async || is_hidden(Chromium).await);
}

#[test]
#[ignore = "cargo xtask faults"]
fn row_17_a_hidden_page_keeps_its_link_and_hears_at_once_in_webkit() {
    tell(1, async || is_hidden(WebKit).await);
}

async fn is_hidden(engine: Engine) {
    let (span, length) = shortened(10 * MINUTE);
    let mut report = Report::of(17, engine, length);
    let scene = Scene::begins_with(engine, THROTTLED, async |_| ()).await;
    scene.ann.browser.hide().await;
    scene
        .ann
        .sees("nothing, hidden", |page| !page.visible)
        .await;
    let hidden = Moment::now();
    let mut said = Vec::new();
    let mut ticks = tokio::time::interval(span / 12);
    for number in 1..=12 {
        ticks.tick().await;
        let text = format!("to a hidden page {number}");
        said.push((text.clone(), Moment::now()));
        scene.bob_says(&text).await;
    }
    let last = "to a hidden page 12";
    scene.bob.hears_text(last).await;
    scene.ann.browser.show().await;
    scene
        .ann
        .sees("Bob's words", |page| page.visible && page.shows(last))
        .await;
    let diary = scene.diary().await;
    let delays = said.iter().map(|(text, at)| {
        let shown = diary.row(text, "shown");
        shown.map_or(span, |shown| shown.since(*at))
    });
    let slowest = delays.max().unwrap_or(span);
    report.figure(format!("{} s hidden", span.as_secs()), "", true);
    let ends = diary.count(hidden, "hangs up") + diary.count(hidden, "close");
    report.at_most(ends, "disconnects", 0);
    report.within(
        "slowest message shown after",
        slowest,
        Duration::from_secs(1),
    );
    report.talk(&scene.reckons(LATER).await);
    report.concludes();
    scene.ends().await;
}

#[test]
fn row_18_dropped_while_hidden_and_shown_there_is_no_red_flash_in_chromium() {
    tell(1, async || dropped_while_hidden(Chromium).await);
}

#[test]
#[ignore = "cargo xtask faults"]
fn row_18_dropped_while_hidden_and_shown_there_is_no_red_flash_in_webkit() {
    tell(1, async || dropped_while_hidden(WebKit).await);
}

async fn dropped_while_hidden(engine: Engine) {
    let mut report = Report::of(18, engine, Length::Quick);
    let scene = Scene::begins(engine).await;
    for (round, wait) in [(1, 0), (2, 4)] {
        scene.ann.reopens().await;
        scene.ann.browser.hide().await;
        scene
            .ann
            .sees("nothing, hidden", |page| !page.visible)
            .await;
        let dropped = Moment::now();
        scene.ann.path.cut(Cut::Fin);
        scene
            .bob_says(&format!("while hidden and dropped {round}"))
            .await;
        scene
            .ann
            .sees("that it is dropped", |page| !page.is("online"))
            .await;
        // Long enough that somebody who looked would have been told.
        tokio::time::sleep(Duration::from_secs(wait)).await;
        let shown = Moment::now();
        scene.ann.browser.show().await;
        scene
            .ann
            .sees("the room", |page| page.visible && page.can_talk())
            .await;
        let diary = scene.diary().await;
        let seen = diary.first(shown, "visible");
        // It may have been back before anybody could see it.
        let online = diary
            .since(shown, "status")
            .find(|note| note.is.as_deref() == Some("online"));
        let usable = online.map_or(Duration::ZERO, |note| note.at.since(seen));
        report.within("usable after show in", usable, Duration::from_millis(1_500));
        let flashes = diary.banners(if wait == 0 { dropped } else { seen });
        report.at_most(flashes.len(), "banners seen", 0);
    }
    report.talk(&scene.reckons(LATER).await);
    report.concludes();
    scene.ends().await;
}

#[test]
#[ignore = "cargo xtask faults"]
fn row_24_a_page_that_is_not_told_that_it_is_shown_comes_back() {
    tell(1, async || {
        let mut report = Report::of(24, Chromium, Length::Full);
        let scene = Scene::begins_with(Chromium, &[], can_be_muffled).await;
        const SIGNS: [&str; 4] = ["visibilitychange", "focus", "pageshow", "online"];

        // Frozen and resumed, and never told that it is visible.
        muffles(&scene, &SIGNS).await;
        scene.ann.browser.freeze().await;
        scene.bob_says("while frozen").await;
        scene.bob.hears_text("while frozen").await;
        let thawed = Moment::now();
        scene.ann.browser.thaw().await;
        scene
            .ann
            .sees_within(LATER, "the room", State::can_talk)
            .await;
        let diary = scene.diary().await;
        let resumed = diary.first(thawed, "resume");
        report.within(
            "resumed without a word of being shown, usable after",
            diary.first_status(resumed, "online").since(resumed),
            Duration::from_millis(1_500),
        );

        // Dropped while hidden, then shown, and nothing says so at all.
        scene.ann.reopens().await;
        scene.ann.browser.hide().await;
        scene
            .ann
            .sees("nothing, hidden", |page| !page.visible)
            .await;
        muffles(&scene, &SIGNS).await;
        scene.ann.path.cut(Cut::Fin);
        scene.bob_says("while hidden").await;
        scene
            .ann
            .sees("that it is dropped", |page| !page.is("online"))
            .await;
        let shown = Moment::now();
        scene.ann.browser.show().await;
        scene
            .ann
            .sees_within(2 * MINUTE, "the room", State::can_talk)
            .await;
        let diary = scene.diary().await;
        report.within(
            "shown without any event, usable after",
            diary.first_status(shown, "online").since(shown),
            MINUTE,
        );
        muffles(&scene, &[]).await;
        report.talk(&scene.reckons(LATER).await);
        report.concludes();
        scene.ends().await;
    });
}
