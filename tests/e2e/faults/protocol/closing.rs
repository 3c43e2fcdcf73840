//! Rows 48 and 50: how links end, and links that end at once.

use std::time::Duration;

use crate::browser::Engine::Chromium;
use crate::diary::Moment;
use crate::faults::report::{Length, Report, in_full};
use crate::faults::scene::Scene;
use crate::frames;
use crate::page::{Chat, LATER, State};
use crate::proxy::{Cut, Direction, Fate};
use crate::server::Server;
use crate::stories::joining::stays_quiet;
use crate::story::tell;

const MINUTE: Duration = Duration::from_secs(60);

/// What a page does after a close with this code, once.
fn comes_back_after(code: u16) -> bool {
    !(4500..=4999).contains(&code)
}

#[test]
#[ignore = "cargo xtask faults"]
fn row_48_every_close_code_is_answered_as_it_asks() {
    tell(1, async || {
        let mut report = Report::of(48, Chromium, Length::Full);
        let scene = Scene::begins(Chromium).await;
        let codes: Vec<u16> = (1000..=1015)
            .chain([2999, 3000, 3999])
            .chain(4000..=4006)
            .chain([4100, 4499, 4500, 4501, 4502, 4503, 4999, 5000])
            .collect();
        let mut wrong = Vec::new();
        for code in &codes {
            let name = format!("what follows {code}");
            scene.ann.opens("/").await;
            let known = |page: &State| page.can_talk() || page.join;
            if scene.ann.sees("the room or the form", known).await.join {
                scene.ann.joins().await;
            }
            let closed = Moment::now();
            scene.ann.path.inject_close(*code, "");
            let gone = |page: &State| page.is("waiting") || page.is("ended");
            scene.ann.sees_within(LATER, &name, gone).await;
            let diary = scene.diary().await;
            let first = diary.first_other_status(closed, "online");
            let ended = diary
                .since(first, "status")
                .next()
                .is_some_and(|note| note.is.as_deref() == Some("ended"));
            if ended == comes_back_after(*code) {
                wrong.push(*code);
            }
            if ended {
                let page = scene
                    .ann
                    .sees("a banner", |page| page.banner.is_some())
                    .await;
                if *code == 4501 {
                    let told = page.words.contains("You have been signed out");
                    report.holds("signed out is told apart", told);
                }
                if [4500, 4501, 4502].contains(code) {
                    scene.pictures(&format!("fault-48-close-{code}")).await;
                }
            }
        }
        report.figure(
            format!(
                "{} codes, {} answered otherwise {wrong:?}",
                codes.len(),
                wrong.len()
            ),
            "as the table of closes says",
            wrong.is_empty(),
        );

        // Nothing is dialled after a word that ends it.
        scene.ann.opens("/").await;
        scene.ann.sees("her room", State::can_talk).await;
        scene.ann.path.inject_close(4502, "");
        scene.ann.sees("the end", |page| page.is("ended")).await;
        let ended = Moment::now();
        stays_quiet(&scene.ann).await;
        let diary = scene.diary().await;
        report.at_most(diary.count(ended, "dial"), "dials in 7 s after the end", 0);

        report.holds("taken over is told apart", is_taken_over().await);

        // Two programs that do not understand each other stop after three tries.
        scene.ann.opens("/").await;
        scene.ann.sees("her room", State::can_talk).await;
        let began = Moment::now();
        scene.ann.path.tampers(Direction::Down, |said| {
            if said.contains(r#""t":"welcome""#) {
                Fate::Becomes(frames::frame(8, &1002_u16.to_be_bytes()))
            } else {
                Fate::Passes
            }
        });
        scene.ann.path.inject_close(1002, "");
        let stops = scene.ann.watches(LATER, |page| page.is("ended")).await;
        scene.pictures("fault-48-incompatible").await;
        let diary = scene.diary().await;
        report.holds("three times 1002 ends it", stops.is_ok());
        report.at_most(diary.count(began, "dial"), "tries after 1002", 3);
        report.concludes();
        scene.ends().await;
    });
}

/// Where a backend lets one device in at a time, the other is told so, and can
/// have it back.
async fn is_taken_over() -> bool {
    let server = Server::start(&["--gateway", "egg"]);
    let ann = Chat::sits_down("Ann", Chromium, &server).await;
    ann.expects_trouble();
    ann.opens("/?dialect=egg&uid=42&to=9&to_name=Bob#token=42")
        .await;
    ann.sees("the talk", |page| page.is("online")).await;
    ann.path
        .inject_text(r#"{"msg":"force_logout","data":"你的账号在其他设备登录"}"#);
    let told = |page: &State| {
        page.is("ended")
            && page.words.contains("opened somewhere else")
            && page.words.contains("Use it here")
    };
    let told = ann.watches(LATER, told).await;
    ann.pictures("fault-48-taken-over").await;
    told.is_ok()
}

#[test]
#[ignore = "cargo xtask faults"]
fn row_50_a_server_that_accepts_and_drops_is_not_hammered() {
    tell(1, async || {
        let (span, most) = if in_full() {
            (3 * MINUTE, 20)
        } else {
            (MINUTE, 9)
        };
        let length = if in_full() {
            Length::Full
        } else {
            Length::Tenth
        };
        let mut report = Report::of(50, Chromium, length);
        let scene = Scene::begins(Chromium).await;
        let began = Moment::now();
        scene.ann.path.tampers(Direction::Down, |said| {
            if said.contains(r#""t":"opened""#) {
                Fate::CutAfter(0, Cut::Fin)
            } else {
                Fate::Passes
            }
        });
        scene.ann.path.cut(Cut::Fin);
        scene.ann_says("on a link that flaps").await;
        tokio::time::sleep(span).await;
        scene.pictures("fault-50-flapping").await;
        let diary = scene.diary().await;
        let dials: Vec<Moment> = diary.since(began, "dial").map(|note| note.at).collect();
        let gaps: Vec<u64> = dials
            .windows(2)
            .map(|pair| pair[1].since(pair[0]).as_secs())
            .collect();
        report.at_most(dials.len(), &format!("dials in {} s", span.as_secs()), most);
        report.figure(format!("waits grow {gaps:?} s"), "", true);
        scene.ann.path.pass().await;
        report.talk(&scene.reckons(LATER).await);
        report.concludes();
        scene.ends().await;
    });
}
