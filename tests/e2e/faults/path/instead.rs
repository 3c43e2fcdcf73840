//! Rows 8 to 10, and 14: something answers that is no server of ours.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::DIALS_IN_ONE;
use super::healing::seconds_left;
use crate::browser::Engine::Chromium;
use crate::diary::{Diary, Moment};
use crate::faults::report::{Length, Report};
use crate::faults::scene::Scene;
use crate::page::{Chat, LATER, State};
use crate::proxy::{Cut, Instead};
use crate::server::Server;
use crate::story::tell;

#[test]
#[ignore = "cargo xtask faults"]
fn row_08_an_upgrade_that_is_never_answered_is_given_up() {
    tell(1, async || {
        let mut report = Report::of(8, Chromium, Length::Full);
        let scene = Scene::begins(Chromium).await;
        let began = Moment::now();
        let only_links = |request: &str| request.starts_with("GET /ws").then_some(Instead::Silence);
        scene.ann.path.serves_instead(only_links);
        scene.ann.path.cut(Cut::Fin);
        scene.bob_says("while nobody answers").await;
        let counts_down = |page: &State| page.is("waiting") && seconds_left(page).is_some();
        scene
            .ann
            .sees_within(LATER, "a countdown", counts_down)
            .await;
        scene.pictures("fault-08-no-answer").await;
        let diary = scene.diary().await;
        let dialled = diary.first(began, "dial");
        let given_up = diary.first_other_status(dialled, "connecting");
        let after = given_up.since(dialled);
        let step = Duration::from_secs(8);
        report.figure(
            format!("a dial given up after {:.2} s", after.as_secs_f64()),
            "after 8 s, to 100 ms",
            after.abs_diff(step) <= Duration::from_millis(100),
        );
        scene.ann.path.pass().await;
        scene
            .ann
            .sees_within(LATER, "her room", State::can_talk)
            .await;
        report.talk(&scene.reckons(LATER).await);
        report.concludes();
        scene.ends().await;
    });
}

#[test]
fn row_09_an_answer_that_is_no_upgrade_makes_no_loop() {
    tell(1, async || {
        let mut report = Report::of(9, Chromium, Length::Quick);
        let scene = Scene::begins(Chromium).await;
        let answers = [
            Instead::html(200, "<h1 id=foreign>Welcome</h1>"),
            Instead::Answer(
                302,
                "Location: /elsewhere\r\n",
                String::new(),
                Duration::ZERO,
            ),
            Instead::status(401),
            Instead::Answer(429, "Retry-After: 1\r\n", String::new(), Duration::ZERO),
            Instead::html(502, "<h1 id=foreign>Bad Gateway</h1>"),
        ];
        let kinds = answers.len();
        let mut next = 0;
        let served = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&served);
        let began = Moment::now();
        scene.ann.path.serves_instead(move |request| {
            let answer = request
                .starts_with("GET /ws")
                .then(|| answers[next % kinds].clone());
            if answer.is_some() {
                next += 1;
                counted.store(next, Ordering::SeqCst);
            }
            answer
        });
        scene.ann.path.cut(Cut::Fin);
        scene.ann_says("while somebody else answers").await;
        let until = Instant::now() + LATER;
        while served.load(Ordering::SeqCst) < kinds {
            assert!(Instant::now() < until, "not all five were answered");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let page = scene
            .ann
            .sees("a banner", |page| {
                page.banner.is_some() && page.is("waiting")
            })
            .await;
        scene.pictures("fault-09-no-upgrade").await;
        let diary = scene.diary().await;
        report.at_most(diary.count(began, "dial"), "dials", DIALS_IN_ONE);
        report.holds("it goes on trying", !page.is("ended"));
        report.holds("no foreign page drawn", !page.words.contains("Bad Gateway"));
        scene.ann.path.pass().await;
        report.talk(&scene.reckons(LATER).await);
        report.concludes();
        scene.ends().await;
    });
}

#[test]
fn row_10_an_address_that_the_policy_blocks_is_named() {
    tell(1, async || {
        let mut report = Report::of(10, Chromium, Length::Quick);
        let server = Server::start(&[]);
        let ann = Chat::sits_down("Ann", Chromium, &server).await;
        ann.keeps_a_diary().await;
        ann.opens_and_joins("/").await;
        let began = Moment::now();
        ann.opens("/?ws=ws://198.51.100.7:9/ws").await;
        let named = |page: &State| page.words.contains("198.51.100.7");
        let seen = ann.watches(LATER, named).await;
        ann.pictures("fault-10-blocked-by-policy").await;
        let diary = Diary::of(&ann).await;
        let dialled = diary.first(began, "dial");
        let ended = diary
            .since(dialled, "status")
            .find(|note| note.is.as_deref() != Some("connecting"));
        let left = ended.map_or(LATER, |note| note.at.since(dialled));
        report.within("left \"connecting\" after", left, Duration::from_secs(8));
        report.holds("the address is named", seen.is_ok());
        report.concludes();
    });
}

#[test]
fn row_14_a_captive_portal_is_no_server_and_is_not_drawn() {
    tell(1, async || {
        let mut report = Report::of(14, Chromium, Length::Quick);
        let scene = Scene::begins(Chromium).await;
        const PORTAL: &str = "<!doctype html><h1 id=portal>Hotel Wi-Fi</h1>\
                              <script>window.portal = true</script>";
        scene
            .ann
            .path
            .serves_instead(|_| Some(Instead::html(200, PORTAL)));
        scene.ann.path.cut(Cut::Fin);
        scene.ann_says("from the hotel").await;
        scene.bob_says("where are you").await;
        let told = |page: &State| page.banner.is_some();
        let page = scene.ann.sees("a banner", told).await;
        scene.pictures("fault-14-captive-portal").await;
        let drawn = "return !!document.querySelector('#portal') || !!window.portal";
        let drawn = scene.ann.browser.execute(drawn, vec![]).await;
        report.holds("nothing of the portal is drawn", drawn == json!(false));
        report.holds("the page goes on trying", !page.is("ended") && !page.join);
        report.holds("what was said is kept", page.shows("from the hotel"));
        scene.ann.path.pass().await;
        report.talk(&scene.reckons(LATER).await);
        report.concludes();
        scene.ends().await;
    });
}
