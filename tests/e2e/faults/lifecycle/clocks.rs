//! Row 23: the device's clocks jump, run fast, or stand still.

use std::time::Duration;

use serde_json::json;

use crate::browser::Engine::Chromium;
use crate::diary::Moment;
use crate::faults::report::{Length, Report};
use crate::faults::scene::Scene;
use crate::page::{LATER, SOON};
use crate::story::tell;

const HOUR: i64 = 3_600_000;

#[test]
#[ignore = "cargo xtask faults"]
fn row_23_clocks_that_jump_cost_nothing() {
    tell(1, async || {
        let mut report = Report::of(23, Chromium, Length::Full);
        let scene = Scene::begins_with(Chromium, &[], async |ann| {
            let script = include_str!("../../script/clocks.js");
            ann.browser.init_script(script).await;
        })
        .await;
        let began = Moment::now();
        let faults = [
            ("an hour on", format!("__clocks.wall += {HOUR}"), 1),
            ("an hour back", format!("__clocks.wall -= {HOUR}"), 1),
            ("a day back", format!("__clocks.wall -= {}", 24 * HOUR), 1),
            ("a tenth too fast", "__clocks.slews = 0.1".to_owned(), 6),
            ("right again", "__clocks.slews = 0".to_owned(), 1),
            (
                "the steady clock stands",
                "__clocks.stall(true)".to_owned(),
                6,
            ),
            ("and goes on", "__clocks.stall(false)".to_owned(), 1),
        ];
        for (name, fault, seconds) in &faults {
            let done = scene.ann.browser.execute(fault, vec![json!(null)]).await;
            drop(done);
            for number in 1..=*seconds {
                scene.bob_says(&format!("{name}, Bob {number}")).await;
                scene.ann_says(&format!("{name}, Ann {number}")).await;
                let text = format!("{name}, Ann {number}");
                let sent = scene
                    .ann
                    .watches(SOON, |page| page.has_delivered(&text))
                    .await;
                assert!(sent.is_ok(), "{name}: {}", sent.unwrap_err());
                // The time itself is what this is about.
                tokio::time::sleep(Duration::from_millis(900)).await;
            }
        }
        let diary = scene.diary().await;
        report.figure(format!("{} faults of clocks", faults.len()), "", true);
        report.at_most(diary.count(began, "dial"), "reconnects", 1);
        report.at_most(diary.banners(began).len(), "banners", 0);
        report.talk(&scene.reckons(LATER).await);
        report.concludes();
        scene.ends().await;
    });
}
