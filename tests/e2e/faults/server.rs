//! Rows 27 and 35: the server is taken down with a word, and brought back, as it
//! was or with an older copy of its data.

use std::time::Duration;

use thirtyfour::Key;

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
    // It ends in its own time: a person is told of what lasts, and of nothing
    // that is over within a second.
    let told = diary.since(down, "banner").next();
    let told = told.map(|note| note.at.since(down));
    report.figure(
        match told {
            Some(after) => format!("a banner after {} ms", after.as_millis()),
            None => "no banner".to_owned(),
        },
        "none within a second",
        told.is_none_or(|after| after >= Duration::from_secs(1)),
    );
    // Bob's link ended with the server: another one of him reads the log.
    scene.bob_comes_back().await;
    scene.bob_says("after the restart").await;
    report.talk(&scene.talk.reckons(LATER, &[&scene.ann], &[]).await);
    report.concludes();
    scene.ends().await;
}

#[test]
#[ignore = "cargo xtask faults"]
fn row_35_what_a_restored_server_lacks_is_offered_in_chromium() {
    tell(1, async || is_restored(Chromium).await);
}

async fn is_restored(engine: Engine) {
    let mut report = Report::of(35, engine, Length::Quick);
    let mut scene = Scene::begins(engine).await;
    scene.ann_says("kept").await;
    let kept = |page: &State| page.has_delivered("kept");
    scene.ann.sees("what will be in the copy", kept).await;
    scene.server.terminate();
    let copy = scene.server.copied();
    scene.server.restart();
    scene.ann.sees("the server again", State::can_talk).await;
    scene.bob_comes_back().await;
    let lost = ["gone one", "gone two", "gone three"];
    for text in lost {
        scene.ann.sends(text).await;
    }
    scene.bob.sends("gone with them").await;
    let all = |page: &State| {
        lost.iter().all(|text| page.has_delivered(text)) && page.shows("gone with them")
    };
    scene
        .ann
        .sees("what will not be in the copy, sent", all)
        .await;
    scene.server.terminate();
    scene.server.put_back(&copy);
    scene.server.restart();
    let up = Moment::now();
    scene.bob_comes_back().await;
    scene.bob_says("since then").await;
    let is_offered = |page: &State| {
        let texts: Vec<&str> = page
            .rows
            .iter()
            .filter_map(|it| it.text.as_deref())
            .collect();
        let due = ["kept", "gone one", "gone two", "gone three", "since then"];
        let offered = |text: &str| page.row(text).is_some_and(|it| it.is("failed") && it.retry);
        texts.ends_with(&due) && lost.iter().all(|text| offered(text))
    };
    let page = scene
        .ann
        .sees_within(LATER, "what the copy lacks, offered", is_offered)
        .await;
    let seen = Moment::now();
    report.within(
        "3 of hers offered in their place after it listened",
        seen.since(up),
        Duration::from_secs(16),
    );
    report.holds(
        "what others had said is gone",
        !page.shows("gone with them"),
    );
    report.holds(
        "the page says why",
        page.words.contains("The history has changed"),
    );
    scene.pictures("restored").await;
    let row = |text: &str| {
        let key = page.row(text).and_then(|row| row.key.clone());
        format!("[data-key=\"{}\"]", key.unwrap_or_default())
    };
    // By hand, and by the keyboard alone.
    scene.talk.hears("Ann", "gone one");
    let retry = format!("{} [data-part=retry]", row("gone one"));
    scene.ann.clicks(&retry).await;
    let first = |page: &State| page.has_delivered("gone one");
    scene.ann.sees("the first, sent again", first).await;
    scene.talk.hears("Ann", "gone three");
    let retry = format!("{} [data-part=retry]", row("gone three"));
    let button = scene.ann.browser.element(&retry).await;
    button.send_keys(Key::Enter.value()).await.expect("a key");
    let third = |page: &State| page.has_delivered("gone three");
    scene.ann.sees("the third, sent again", third).await;
    let delete = format!("{} [data-part=delete]", row("gone two"));
    scene.ann.clicks(&delete).await;
    scene
        .ann
        .sees("the second given up", |page| !page.shows("gone two"))
        .await;
    scene.ann_says("and on we go").await;
    let reckoning = scene.talk.reckons(LATER, &[&scene.ann], &[]).await;
    report.talk(&reckoning);
    report.concludes();
    scene.ends().await;
}
