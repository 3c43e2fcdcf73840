//! Row 19: the lid is closed, every process stops, and nothing on the network
//! is told.

use std::time::Duration;

use super::{MINUTE, bob_says_many};
use crate::browser::Engine::{self, Chromium, WebKit};
use crate::diary::Moment;
use crate::faults::report::{Report, shortened};
use crate::faults::scene::Scene;
use crate::page::{LATER, State};
use crate::story::tell;

#[test]
#[ignore = "cargo xtask faults"]
fn row_19_a_laptop_that_slept_catches_up_in_chromium() {
    tell(1, async || sleeps(Chromium).await);
}

#[test]
#[ignore = "cargo xtask faults"]
fn row_19_a_laptop_that_slept_catches_up_in_webkit() {
    tell(1, async || sleeps(WebKit).await);
}

async fn sleeps(engine: Engine) {
    let (span, length) = shortened(10 * MINUTE);
    let mut report = Report::of(19, engine, length);
    let scene = Scene::begins(engine).await;
    let asleep = Moment::now();
    scene.ann.browser.falls_asleep();
    bob_says_many(&scene, "while asleep", 20, span / 20).await;
    scene.bob.hears_text("while asleep 20").await;
    let awake = Moment::now();
    scene.ann.browser.wakes_up();
    let all = |page: &State| page.can_talk() && page.shows("while asleep 20");
    scene
        .ann
        .sees_within(LATER, "what was said meanwhile", all)
        .await;
    let diary = scene.diary().await;
    let shown = diary.row("while asleep 20", "shown");
    report.figure(format!("{} s asleep", span.as_secs()), "", true);
    report.within(
        "all of it shown after waking in",
        shown.map_or(LATER, |shown| shown.since(awake)),
        Duration::from_secs(3),
    );
    report.at_most(diary.count(asleep, "dial"), "reconnects", 1);
    report.at_most(diary.banners(asleep).len(), "banners", 0);
    scene.ann_says("good morning").await;
    report.talk(&scene.reckons(LATER).await);
    report.concludes();
    scene.ends().await;
}
