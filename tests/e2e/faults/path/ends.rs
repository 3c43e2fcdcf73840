//! Rows 1 and 2: the connection ends, and says so.

use std::time::Duration;

use crate::browser::Engine::{self, Chromium, WebKit};
use crate::diary::Moment;
use crate::faults::report::{Length, Report, in_full};
use crate::faults::scene::Scene;
use crate::page::{LATER, State};
use crate::proxy::{Cut, Direction, Fate};
use crate::story::tell;

#[test]
fn row_01_a_finished_connection_comes_back_in_chromium() {
    tell(1, async || comes_back(1, Chromium, ends).await);
}

#[test]
#[ignore = "cargo xtask faults"]
fn row_01_a_finished_connection_comes_back_in_webkit() {
    tell(1, async || comes_back(1, WebKit, ends).await);
}

#[test]
fn row_02_a_connection_reset_mid_frame_comes_back_in_chromium() {
    tell(1, async || comes_back(2, Chromium, breaks_mid_frame).await);
}

#[test]
#[ignore = "cargo xtask faults"]
fn row_02_a_connection_reset_mid_frame_comes_back_in_webkit() {
    tell(1, async || comes_back(2, WebKit, breaks_mid_frame).await);
}

async fn ends(scene: &Scene, text: &str) -> Moment {
    let at = Moment::now();
    scene.ann.path.cut(Cut::Fin);
    scene.bob_says(text).await;
    at
}

async fn breaks_mid_frame(scene: &Scene, text: &str) -> Moment {
    let wanted = text.to_owned();
    scene.ann.path.tampers(Direction::Down, move |said| {
        if said.contains(&wanted) && said.contains("push") {
            Fate::CutAfter(20, Cut::Reset)
        } else {
            Fate::Passes
        }
    });
    let at = Moment::now();
    scene.bob_says(text).await;
    at
}

/// The first loss after a page was opened, several times over: later ones wait
/// longer by intent.
async fn comes_back(row: u8, engine: Engine, breaks: impl AsyncFn(&Scene, &str) -> Moment) {
    let mut report = Report::of(row, engine, Length::Quick);
    let scene = Scene::begins(engine).await;
    let mut times = Vec::new();
    let mut banners = Vec::new();
    let rounds = if in_full() { 20 } else { 6 };
    for round in 1..=rounds {
        if round > 1 {
            scene.ann.reopens().await;
        }
        let text = format!("while it broke {round}");
        let broken = breaks(&scene, &text).await;
        let is_back = |page: &State| page.can_talk() && page.shows(&text);
        scene
            .ann
            .sees_within(LATER, "her room again", is_back)
            .await;
        let diary = scene.diary().await;
        let lost = diary.first_other_status(broken, "online");
        times.push(diary.first_status(lost, "online").since(lost));
        banners.extend(diary.banners(broken));
        scene.ann.path.pass().await;
        // What is not shown yet may go with the page.
        let after = format!("afterwards {round}");
        scene.ann_says(&after).await;
        scene.ann.sees("her words", |page| page.shows(&after)).await;
    }
    times.sort();
    let p95 = times[(times.len() * 95).div_ceil(100) - 1];
    report.figure(format!("{} losses", times.len()), "", true);
    report.within("back at p95 after", p95, Duration::from_millis(1_500));
    report.at_most(banners.len(), "banners shown", 0);
    report.talk(&scene.reckons(LATER).await);
    report.concludes();
    scene.ends().await;
}
