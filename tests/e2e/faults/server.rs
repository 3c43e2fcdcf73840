//! Row 27: the server is taken down with a word, and brought back.

use std::time::Duration;

use crate::browser::Engine::{self, Chromium, WebKit};
use crate::diary::Moment;
use crate::faults::report::{Length, Report};
use crate::faults::scene::Scene;
use crate::page::{LATER, State};
use crate::story::tell;

#[test]
#[ignore = "cargo xtask faults"]
fn row_27_a_server_that_restarts_with_a_word_is_found_again_in_chromium() {
    tell(1, async || restarts(Chromium).await);
}

#[test]
#[ignore = "cargo xtask faults"]
fn row_27_a_server_that_restarts_with_a_word_is_found_again_in_webkit() {
    tell(1, async || restarts(WebKit).await);
}

async fn restarts(engine: Engine) {
    let mut report = Report::of(27, engine, Length::Full);
    let mut scene = Scene::begins(engine).await;
    for number in 1..=3 {
        scene
            .ann_says(&format!("before the restart {number}"))
            .await;
    }
    let down = Moment::now();
    scene.server.terminate();
    scene.ann_says("while it is away").await;
    scene.server.restart();
    let up = Moment::now();
    let is_back = |page: &State| page.can_talk() && page.has_delivered("while it is away");
    scene
        .ann
        .sees_within(LATER, "her words sent", is_back)
        .await;
    let diary = scene.diary().await;
    let online = diary.first_status(up, "online");
    report.figure(
        format!("away for {} ms", up.since(down).as_millis()),
        "",
        true,
    );
    report.within(
        "back after it listened in",
        online.since(up),
        Duration::from_secs(2),
    );
    report.at_most(diary.banners(down).len(), "banners", 0);
    // Bob's link ended with the server: another one of him reads the log.
    scene.bob_comes_back().await;
    scene.bob_says("after the restart").await;
    report.talk(&scene.talk.reckons(LATER, &[&scene.ann], &[]).await);
    report.concludes();
    scene.ends().await;
}
