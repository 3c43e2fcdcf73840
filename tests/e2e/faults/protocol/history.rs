//! Rows 44 and 45: what was said before comes wrong, or not.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::browser::Engine::Chromium;
use crate::faults::report::{Length, Report};
use crate::faults::scene::Scene;
use crate::frames::{self, TEXT};
use crate::page::{Chat, LATER, State};
use crate::proxy::{Direction, Fate, Instead};
use crate::server::Server;
use crate::story::{ends_well, tell};
use crate::talk::Talk;

/// What stands above the first row when there is no reading on.
const FAILED: &str = "Earlier messages couldn’t be loaded";

const MINUTE: Duration = Duration::from_secs(60);

/// The frame, read and changed.
fn changed(said: &str, change: impl FnOnce(&mut Value)) -> Fate {
    let Ok(mut frame) = serde_json::from_str(said) else {
        return Fate::Passes;
    };
    change(&mut frame);
    Fate::Becomes(frames::frame(TEXT, frame.to_string().as_bytes()))
}

#[test]
#[ignore = "cargo xtask faults"]
fn row_44_pages_that_overlap_repeat_lie_or_run_backwards_make_one_list() {
    tell(1, async || {
        const LINES: usize = 120;
        let mut report = Report::of(44, Chromium, Length::Full);
        let scene = Scene::begins(Chromium).await;
        for number in 1..=LINES {
            scene.bob_says(&format!("line {number}")).await;
        }
        let newest = format!("line {LINES}");
        scene.bob.hears_text(&newest).await;
        let is_page = |said: &str| said.contains(r#""t":"page""#);
        for trick in ["overlap", "twice", "empty", "backwards"] {
            let mut lied = false;
            scene.ann.path.tampers(Direction::Down, move |said| {
                if !is_page(said) {
                    return Fate::Passes;
                }
                match trick {
                    // What is said live while the page is on its way is in both.
                    "overlap" => Fate::ComesLater(Duration::from_millis(400)),
                    "twice" => Fate::ComesTwice,
                    "empty" if std::mem::replace(&mut lied, true) => Fate::Passes,
                    "empty" => changed(said, |page| {
                        page["msgs"] = json!([]);
                        page["from"] = Value::Null;
                        page["to"] = Value::Null;
                    }),
                    _ => changed(said, |page| {
                        if let Some(messages) = page["msgs"].as_array_mut() {
                            messages.reverse();
                        }
                    }),
                }
            });
            scene.ann.opens("/").await;
            for number in 1..=3 {
                scene.bob_says(&format!("live, {trick} {number}")).await;
            }
            let last = format!("live, {trick} 3");
            let failed = |page: &State| page.words.contains(FAILED);
            let page = scene
                .ann
                .sees_within(LATER, &last, |page| {
                    page.can_talk() && (page.shows(&last) || failed(page))
                })
                .await;
            if failed(&page) {
                // An empty page of a log that is not: said, and not believed.
                scene.pictures("fault-44-empty-page").await;
                scene.ann.clicks("[data-part=history-failed] button").await;
            }
            let reckoning = scene.reckons(LATER).await;
            report.figure(
                format!(
                    "{trick} {}/{}/{}",
                    reckoning.lost, reckoning.doubled, reckoning.disordered
                ),
                "0/0/0 each",
                reckoning.is_clean(),
            );
            scene.ann.path.pass().await;
        }
        report.concludes();
        scene.ends().await;
    });
}

#[test]
#[ignore = "cargo xtask faults"]
fn row_45_history_that_cannot_be_read_is_said_and_asked_for_again() {
    tell(1, async || {
        let mut report = Report::of(45, Chromium, Length::Full);
        let server = Server::start(&["--gateway", "all", "--rate", "5000", "--burst", "5000"]);
        let ann = Chat::sits_down("Ann", Chromium, &server).await;
        ann.expects_trouble();
        ann.keeps_a_diary().await;
        let launch = "/?dialect=topic&room=R-45&uid=ann&name=Ann#token=ann";
        let talk = Talk::default();
        ann.opens(launch).await;
        ann.sees("the room", State::can_talk).await;
        for number in 1..=3 {
            talk.says(&ann, &format!("kept {number}")).await;
        }
        talk.settles(&[&ann]).await;
        let truncated = r#"{"code":200,"data":{"list":[{"id":1,"con"#;
        let answers = [
            ("HTML", Instead::html(200, "<h1>Bad Gateway</h1>")),
            ("500", Instead::status(500)),
            (
                "truncated",
                Instead::Answer(
                    200,
                    "Content-Type: application/json\r\n",
                    truncated.to_owned(),
                    Duration::ZERO,
                ),
            ),
            (
                "429",
                Instead::Answer(429, "Retry-After: 1\r\n", String::new(), Duration::ZERO),
            ),
            ("silent", Instead::Silence),
        ];
        for (name, answer) in answers {
            let asked = Arc::new(AtomicUsize::new(0));
            let counted = Arc::clone(&asked);
            ann.path.serves_instead(move |request| {
                let is_history = request.contains("/chatmsg");
                is_history.then(|| {
                    counted.fetch_add(1, Ordering::SeqCst);
                    answer.clone()
                })
            });
            ann.opens(launch).await;
            let said = |page: &State| page.words.contains(FAILED);
            let seen = ann.watches(MINUTE, said).await;
            report.holds(&format!("{name} is said"), seen.is_ok());
            if name == "HTML" {
                ann.pictures("fault-45-history-failed").await;
            }
            let asked = asked.load(Ordering::SeqCst);
            report.figure(format!("asked {asked} times"), "at most 3", asked <= 3);
            ann.path.pass().await;
            let again = talk.reckons(MINUTE, &[&ann], &[]).await;
            report.talk(&again);
        }
        report.concludes();
        ends_well([ann]).await;
    });
}
