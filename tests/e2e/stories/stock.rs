//! One page against each of the old backends as they misbehave: links that
//! drop without a word or go silent, answers that get lost, sockets that are
//! refused, history that is a page for people. What is asserted is what the
//! person sees, what the backend heard, and how many sockets it saw at once.
//!
//! What all of them do is told here, for each; what only one does is below.
//! The page's clock is hurried, so that a minute's silence takes seconds.

mod crmeb;
mod egg;
mod jim;
mod plain;
mod stage;
mod topic;

use std::time::Duration;

use tokio::time::Instant;

use crate::backend::{Fate, History, Seen};
use crate::story::tell;

use stage::{EGG, JIM, PLAIN, Played, SEED, STOCK, Stage, TOPIC};

/// What a busy machine may add to a wait of the page.
const MARGIN: Duration = Duration::from_secs(4);

#[test]
fn the_path_to_a_seed_crmeb_breaks() {
    tell(1, async || the_path_breaks(&SEED).await);
}

#[test]
fn the_path_to_a_stock_crmeb_breaks() {
    tell(1, async || the_path_breaks(&STOCK).await);
}

#[test]
fn the_path_to_a_topic_breaks() {
    tell(1, async || the_path_breaks(&TOPIC).await);
}

#[test]
fn the_path_to_a_j_im_breaks() {
    tell(1, async || the_path_breaks(&JIM).await);
}

#[test]
fn the_path_to_a_plain_backend_breaks() {
    tell(1, async || the_path_breaks(&PLAIN).await);
}

#[test]
fn the_path_to_an_egg_breaks() {
    tell(1, async || the_path_breaks(&EGG).await);
}

async fn the_path_breaks(played: &Played) {
    let stage = Stage::online(played).await;
    stage.kim_says("Kim: how do you do");
    stage.hears("Kim: how do you do").await;
    stage.says("Ann: well, and you").await;
    stage.becomes("Ann: well, and you", played.ends_as).await;
    the_link_goes_silent(&stage, played).await;
    the_link_drops_around_a_message(&stage, played).await;
    nobody_is_there_for_a_while(&stage, played).await;
    stage.shows_all().await;
    the_page_is_hidden(&stage, played).await;
    stage.shows_all().await;
    the_person_leaves(&stage, played).await;
    stage.ends().await;
}

/// TCP ends without a close frame just after a message, which was kept, or not.
async fn the_link_drops_around_a_message(stage: &Stage, played: &Played) {
    for (fate, text) in [
        (Fate::KeptAndCut, "Ann: kept, and the link is gone"),
        (Fate::LostAndCut, "Ann: lost, and the link is gone"),
    ] {
        let links = stage.links();
        stage.backend.desk(|desk| desk.fates.push(fate));
        stage.says(text).await;
        if !played.remembers {
            // A request it is that is lost; the link goes with it.
            stage.becomes(text, "unknown").await;
            stage.backend.cuts();
        }
        stage.backend.sees_link(links + 1).await;
        stage.can_talk().await;
        let proved = fate == Fate::KeptAndCut && played.remembers;
        let page = stage
            .becomes(text, if proved { "sent" } else { "unknown" })
            .await;
        let row = page.row(text);
        assert_eq!(row.map(|row| row.retry), Some(!proved), "{text}");
        // Never said again by itself; the person decides.
        stage.was_heard(text, 1);
        if !proved {
            stage.says_again(text).await;
            stage.becomes(text, played.ends_as).await;
            stage.was_heard(text, 2);
        }
    }
}

/// What is typed meanwhile waits, and is said once.
async fn nobody_is_there_for_a_while(stage: &Stage, played: &Played) {
    let links = stage.links();
    stage.backend.desk(|desk| desk.refuses_links = true);
    stage.backend.cuts();
    let page = stage
        .ann
        .sees("that the link is gone", |page| page.banner.is_some())
        .await;
    assert!(!page.is("online"), "{page:?}");
    stage.says("Ann: typed while nobody is there").await;
    stage
        .becomes("Ann: typed while nobody is there", "queued")
        .await;
    stage.says("Ann: and a second").await;
    stage.kim_says("Kim: meanwhile");
    stage.backend.desk(|desk| desk.refuses_links = false);
    stage.backend.sees_link(links + 1).await;
    for text in ["Ann: typed while nobody is there", "Ann: and a second"] {
        stage.becomes(text, played.ends_as).await;
    }
    stage.hears("Kim: meanwhile").await;
    let page = stage.ann.sees("no banner", |page| page.banner.is_none());
    assert!(page.await.is("online"));
    let mut typed = stage.talk.texts();
    typed.retain(|text| text.starts_with("Ann"));
    for text in &typed[typed.len() - 2..] {
        stage.was_heard(text, 1);
    }
    let mut kept = stage.backend.desk(|desk| desk.texts(true));
    kept.dedup();
    assert_eq!(kept, typed, "in the order in which it was typed");
}

/// Open, and nothing comes or goes: it is given up in time, and replaced.
async fn the_link_goes_silent(stage: &Stage, played: &Played) {
    let links = stage.links();
    if played.launch.contains("dialect=plain") {
        // Silence means something here once a pong was seen: the second ping
        // comes after the first was answered.
        let pinged = |seen: &Seen| (seen.times("ping") > 1).then_some(());
        stage.backend.sees("a second ping", pinged).await;
    }
    let heard = stage.backend.seen().heard.len();
    stage.backend.goes_silent();
    let began = Instant::now();
    if played.launch.contains("dialect=topic") {
        // And here after a message that nobody answers.
        stage.says("Ann: into the silence").await;
    }
    if played.remembers {
        stage.kim_says("Kim: into the silence");
    }
    let link = stage.backend.sees_link(links + 1).await;
    let took = link.opened.duration_since(began);
    println!(
        "a silent link was replaced after {:.0} of the page's seconds ({} promised), {} frames went into it",
        took.as_secs_f64() * f64::from(stage.times),
        played.silent_within,
        stage.backend.seen().heard.len() - heard,
    );
    assert!(
        took <= stage.takes(played.silent_within) + MARGIN,
        "{took:?}"
    );
    stage.can_talk().await;
    if played.remembers {
        stage.hears("Kim: into the silence").await;
    }
    if played.launch.contains("dialect=topic") {
        stage.becomes("Ann: into the silence", "unknown").await;
        stage.says_again("Ann: into the silence").await;
        stage.becomes("Ann: into the silence", played.ends_as).await;
    }
    assert_eq!(stage.backend.open(), 1);
}

/// A hidden page keeps its link, or closes it where that is the custom; one
/// that was dropped meanwhile is back when it is shown, and only once.
async fn the_page_is_hidden(stage: &Stage, played: &Played) {
    let links = stage.links();
    stage.ann.browser.hide().await;
    stage
        .ann
        .sees("nothing, hidden", |page| !page.visible)
        .await;
    if played.launch.contains("dialect=plain") {
        let closed = |seen: &Seen| {
            let last = seen.links.last()?;
            (!last.is_open).then_some(())
        };
        stage.backend.sees("the link closed", closed).await;
        stage.kim_says("Kim: to a hidden page");
    } else {
        stage.kim_says("Kim: to a hidden page");
        stage.hears("Kim: to a hidden page").await;
        assert_eq!((stage.links(), stage.backend.open()), (links, 1));
        // A page that is frozen as well says nothing, and is dropped.
        stage.ann.browser.freeze().await;
        stage.backend.cuts();
        let gone = |seen: &Seen| {
            let open = seen.links.iter().any(|link| link.is_open);
            (!open).then_some(())
        };
        stage.backend.sees("no link", gone).await;
        stage.kim_says("Kim: to a frozen page");
        stage.ann.browser.thaw().await;
    }
    stage.ann.browser.show().await;
    stage.backend.sees_link(links + 1).await;
    stage
        .ann
        .sees("the talk again", |page| page.visible && page.can_talk())
        .await;
    stage.says("Ann: back again").await;
    stage.becomes("Ann: back again", played.ends_as).await;
    assert_eq!((stage.links(), stage.backend.open()), (links + 1, 1));
}

/// The leaving frame, the end of the link, and no dial after it.
async fn the_person_leaves(stage: &Stage, played: &Played) {
    let link = stage.links() - 1;
    stage.ann.signs_out().await;
    stage
        .ann
        .sees("an empty page", |page| {
            page.rows.is_empty() && page.composer.is_none()
        })
        .await;
    let closed = |seen: &Seen| (!seen.links[link].is_open).then_some(());
    stage.backend.sees("the link closed", closed).await;
    if played.launch.contains("dialect=crmeb&") {
        let seen = stage.backend.seen();
        assert_eq!(
            seen.on(link).last().copied(),
            Some(r#"{"data":{"is_tourist":0,"online":0,"user_type":"user"},"type":"online"}"#),
        );
    }
    stage.backend.is_left_alone(stage.takes(40)).await;
    assert_eq!(stage.backend.open(), 0);
}

#[test]
fn a_seed_crmeb_answers_nonsense_and_turns_people_away() {
    tell(1, async || nonsense_and_a_refusal(&SEED).await);
}

#[test]
fn a_stock_crmeb_answers_nonsense_and_turns_people_away() {
    tell(1, async || nonsense_and_a_refusal(&STOCK).await);
}

#[test]
fn a_topic_answers_nonsense_and_turns_people_away() {
    tell(1, async || nonsense_and_a_refusal(&TOPIC).await);
}

#[test]
fn a_j_im_answers_nonsense_and_turns_people_away() {
    tell(1, async || nonsense_and_a_refusal(&JIM).await);
}

#[test]
fn a_plain_backend_answers_nonsense() {
    tell(1, async || {
        let stage = nonsense(&PLAIN).await;
        stage.ends().await;
    });
}

#[test]
fn an_egg_turns_people_away() {
    tell(1, async || {
        let stage = Stage::online(&EGG).await;
        it_turns_people_away(&stage).await;
        stage.ends().await;
    });
}

async fn nonsense_and_a_refusal(played: &Played) {
    let stage = nonsense(played).await;
    it_turns_people_away(&stage).await;
    stage.ends().await;
}

/// History is a page for people, or has no rows, or broken ones among them,
/// or nobody's names: the page talks on, and shows what can be read.
async fn nonsense(played: &Played) -> Stage {
    let stage = Stage::set(played).await;
    for number in 1..=4 {
        stage
            .talk
            .hears("Kim", &format!("Kim said before {number}"));
        stage.backend.desk(|desk| {
            desk.keeps(false, &format!("Kim said before {number}"));
        });
    }
    let nonsense = [History::Html, History::NoKey, History::BrokenRows];
    for (round, history) in nonsense.into_iter().enumerate() {
        stage.backend.desk(|desk| {
            desk.history = history;
            desk.loses_names = round > 0;
        });
        stage.ann.opens(played.launch).await;
        stage.can_talk().await;
        let (said, heard) = (format!("Ann on {history:?}"), format!("Kim on {history:?}"));
        stage.says(&said).await;
        stage.becomes(&said, played.ends_as).await;
        stage.kim_says(&heard);
        stage.hears(&heard).await;
    }
    // One broken row never costs the rest.
    stage.shows_all().await;
    stage.backend.desk(|desk| desk.history = History::Right);
    stage.ann.opens(played.launch).await;
    stage.can_talk().await;
    stage.shows_all().await;
    assert_eq!(stage.backend.open(), 1);
    stage
}

/// Whoever comes back is turned away for good: it is said, and nobody dials.
async fn it_turns_people_away(stage: &Stage) {
    let links = stage.links();
    stage.backend.desk(|desk| desk.refuses = true);
    stage.backend.cuts();
    stage.backend.sees_link(links + 1).await;
    let page = stage
        .ann
        .sees("that it is over", |page| {
            page.is("ended") && page.banner.is_some()
        })
        .await;
    println!("the banner says {:?}", page.banner);
    stage.backend.is_left_alone(stage.takes(40)).await;
    assert_eq!((stage.links(), stage.backend.open()), (links + 1, 0));
}
