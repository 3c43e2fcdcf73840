//! Rows 3 to 5: nothing gets through, and nobody is told.

use std::time::Duration;

use tokio::time::Instant;

use crate::browser::Engine::{self, Chromium, WebKit};
use crate::diary::Moment;
use crate::faults::report::{Length, Report};
use crate::faults::scene::Scene;
use crate::page::{LATER, State};
use crate::proxy::{Direction, Fate};
use crate::story::tell;

#[test]
#[ignore = "cargo xtask faults"]
fn row_03_a_black_hole_is_noticed_idle_in_chromium() {
    tell(1, async || a_black_hole_idle(Chromium).await);
}

#[test]
#[ignore = "cargo xtask faults"]
fn row_03_a_black_hole_is_noticed_idle_in_webkit() {
    tell(1, async || a_black_hole_idle(WebKit).await);
}

async fn a_black_hole_idle(engine: Engine) {
    let mut report = Report::of(3, engine, Length::Full);
    let scene = Scene::begins(engine).await;
    let died = Moment::now();
    scene.ann.path.black_hole(Direction::Both);
    scene.bob_says("into the silence").await;
    let noticed = |page: &State| page.banner.is_some();
    scene.ann.sees_within(LATER, "a banner", noticed).await;
    scene.pictures("fault-03-black-hole").await;
    let diary = scene.diary().await;
    let lost = diary.first_other_status(died, "online");
    report.within(
        "dead path noticed, idle, after",
        lost.since(died),
        Duration::from_secs(28),
    );
    let shown = diary.first(died, "banner").since(lost);
    report.figure(format!("banner {} ms later", shown.as_millis()), "", true);
    scene.ann.path.pass().await;
    report.talk(&scene.reckons(LATER).await);
    report.concludes();
    scene.ends().await;
}

#[test]
#[ignore = "cargo xtask faults"]
fn row_04_a_black_hole_is_noticed_after_a_send_in_chromium() {
    tell(1, async || a_black_hole_after_a_send(Chromium).await);
}

#[test]
#[ignore = "cargo xtask faults"]
fn row_04_a_black_hole_is_noticed_after_a_send_in_webkit() {
    tell(1, async || a_black_hole_after_a_send(WebKit).await);
}

async fn a_black_hole_after_a_send(engine: Engine) {
    let mut report = Report::of(4, engine, Length::Quick);
    let scene = Scene::begins(engine).await;
    scene.ann.path.black_hole(Direction::Both);
    let died = Moment::now();
    scene.ann_says("into the void").await;
    scene.ann_says("and after it").await;
    scene.bob_says("are you there").await;
    let page = scene
        .ann
        .sees("a banner", |page| page.banner.is_some())
        .await;
    scene.pictures("fault-04-sent-into-a-black-hole").await;
    let diary = scene.diary().await;
    let said = diary.row("into the void", "sending");
    let said = said.expect("it was on its way");
    let lost = diary.first_other_status(died, "online");
    report.within(
        "dead path noticed after a send in",
        lost.since(said),
        Duration::from_secs(6),
    );
    let honest = ["into the void", "and after it"]
        .iter()
        .all(|text| page.row(text).is_some_and(|row| !row.is_delivered()));
    report.holds("nothing called sent that is not", honest);
    scene.ann.path.pass().await;
    report.talk(&scene.reckons(LATER).await);
    report.concludes();
    scene.ends().await;
}

#[test]
#[ignore = "cargo xtask faults"]
fn row_05_a_deaf_or_mute_link_is_noticed() {
    tell(1, async || {
        let mut report = Report::of(5, Chromium, Length::Full);
        let scene = Scene::begins(Chromium).await;
        for direction in [Direction::Up, Direction::Down] {
            let died = Moment::now();
            scene.ann.path.swallow_links(direction);
            let text = format!("to a link that is broken {direction:?}");
            scene.bob_says(&text).await;
            let lost = lost(&scene, died, LATER * 2).await;
            report.within(
                &format!("{direction:?} only, idle, noticed after"),
                lost.since(died),
                Duration::from_secs(28),
            );
            scene
                .ann
                .sees_within(LATER, "her room", State::can_talk)
                .await;

            let died = Moment::now();
            scene.ann.path.swallow_links(direction);
            let text = format!("said on a link that is broken {direction:?}");
            scene.ann_says(&text).await;
            let lost = self::lost(&scene, died, LATER).await;
            let said = scene.diary().await.row(&text, "sending");
            report.within(
                &format!("{direction:?} only, after a send in"),
                lost.since(said.expect("it was on its way")),
                Duration::from_secs(6),
            );
            scene
                .ann
                .sees_within(LATER, "her room", State::can_talk)
                .await;
        }

        // A frame that begins, and never ends.
        scene.ann.path.tampers(Direction::Down, |said| {
            if said.contains("of which half comes") {
                Fate::StallsAfter(20)
            } else {
                Fate::Passes
            }
        });
        let died = Moment::now();
        scene.bob_says("of which half comes").await;
        let lost = lost(&scene, died, LATER * 2).await;
        report.within(
            "stalled mid-frame, noticed after",
            lost.since(died),
            Duration::from_secs(28),
        );
        scene.ann.path.pass().await;
        report.talk(&scene.reckons(LATER).await);
        report.concludes();
        scene.ends().await;
    });
}

/// When the page gave up the link that it had then.
async fn lost(scene: &Scene, then: Moment, deadline: Duration) -> Moment {
    let until = Instant::now() + deadline;
    loop {
        let diary = scene.diary().await;
        let mut said = diary.since(then, "status");
        if let Some(note) = said.find(|note| note.is.as_deref() != Some("online")) {
            return note.at;
        }
        if Instant::now() > until {
            scene.ann.fails("never noticed that the link is dead").await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
