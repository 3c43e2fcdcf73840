//! Row 51: the server refuses what was said, for good or for now.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::browser::Engine::Chromium;
use crate::diary::Moment;
use crate::faults::report::{Length, Report};
use crate::faults::scene::Scene;
use crate::page::{LATER, SOON, State};
use crate::proxy::{Direction, Fate};
use crate::story::tell;

#[test]
fn row_51_a_refusal_wedges_and_a_storm_of_them_is_not_answered_with_one() {
    tell(1, async || {
        let mut report = Report::of(51, Chromium, Length::Quick);
        let scene = Scene::begins(Chromium).await;
        scene.ann.path.tampers(Direction::Up, |said| {
            let frame: Value = serde_json::from_str(said).unwrap_or_default();
            if frame["t"] == "send" && frame["body"]["text"] == "refused" {
                let nack = json!({ "t": "nack", "cid": frame["cid"], "code": "forbidden" });
                Fate::Answered(nack.to_string())
            } else {
                Fate::Passes
            }
        });
        scene.ann_says("before the refusal").await;
        scene.ann_says("refused").await;
        scene.ann_says("after the refusal").await;
        let wedged = |page: &State| {
            page.row("refused")
                .is_some_and(|row| row.is("failed") && row.retry)
                && page
                    .row("after the refusal")
                    .is_some_and(|row| row.is("queued"))
                && page.words.contains("Waiting for the message above")
        };
        let seen = scene.ann.watches(SOON, wedged).await;
        scene
            .pictures("fault-51-waiting-for-the-message-above")
            .await;
        report.holds("the next one says what it waits for", seen.is_ok());
        scene.bob_says("others go on").await;
        scene
            .ann
            .sees("Bob's words", |page| page.shows("others go on"))
            .await;
        scene.ann.path.pass().await;
        scene
            .ann
            .clicks("[data-part=message][data-delivery=failed] [data-part=retry]")
            .await;
        scene
            .ann
            .sees("all sent", |page| page.has_delivered("after the refusal"))
            .await;

        // Too fast, says the server, ten times over.
        let sends = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&sends);
        scene.ann.path.tampers(Direction::Up, move |said| {
            let frame: Value = serde_json::from_str(said).unwrap_or_default();
            if frame["t"] == "send" && counted.fetch_add(1, Ordering::SeqCst) < 10 {
                let nack = json!({
                    "t": "nack", "cid": frame["cid"], "code": "rate_limited", "retry_ms": 300,
                });
                Fate::Answered(nack.to_string())
            } else {
                Fate::Passes
            }
        });
        let began = Moment::now();
        for number in 1..=5 {
            scene.ann_says(&format!("too fast {number}")).await;
        }
        let reckoning = scene.reckons(LATER).await;
        let took = Moment::now().since(began);
        // One at a time: ten refusals and five that pass.
        report.at_most(
            sends.load(Ordering::SeqCst),
            "sends for 5 messages and 10 refusals",
            15,
        );
        report.holds(
            "each refusal was waited out",
            took >= Duration::from_millis(3_000),
        );
        let diary = scene.diary().await;
        report.at_most(diary.count(began, "dial"), "links lost", 0);
        report.talk(&reckoning);
        report.concludes();
        scene.ends().await;
    });
}
