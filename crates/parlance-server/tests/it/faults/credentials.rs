//! Row 49, as the server sees it: a credential runs out, is taken back, or is
//! another person's, while somebody talks. The page comes back by itself where
//! it may, ends where it may not, and what was unsent stays its person's own.

use std::time::{Duration, Instant};

use parlance_core::Status;
use tempfile::TempDir;

use super::fleet::{Fleet, What};
use super::pilot::is_proved;
use super::report::Row;
use super::restart::count;
use crate::auth::made_earlier;
use crate::kill::seed;
use crate::program::Program;
use crate::rig::{soon, token};

/// How soon a link must be over when its person is not to be here any more.
const OUT_WITHIN: Duration = Duration::from_secs(5);
const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_49_a_credential_that_ends_ends_the_stay_and_loses_nothing() {
    let mut row = Row::quick(49);
    let folder = TempDir::new().unwrap();
    let program = Program::start(folder.path(), &["--rate", "1000", "--burst", "1000"]).await;
    let mut fleet = Fleet::new(program.address, seed());

    // One that runs out in the middle of the talk, two seconds from now:
    // believed for 30 s longer than it says.
    let short = made_earlier(
        folder.path(),
        &token(&folder, "short", false, Duration::from_secs(3)),
        31,
    );
    let page = fleet.launch(&short, "lobby");
    page.online().await;
    let began = Instant::now();
    page.say("before the end");
    page.until("proof", |view| !view.unsent).await;
    page.until("the end", |view| view.status == Status::Ended)
        .await;
    let ended = began.elapsed();
    page.say("after the end");
    let own = page.whole_log(2).await.own;
    row.figure(
        format!(
            "a token ran out after {:.1} s, and what was said then is {}",
            ended.as_secs_f64(),
            own[1].1
        ),
        "ended within 10 s, kept as queued",
        ended < Duration::from_secs(10) && is_proved(own[0].1) && own[1].1 == "queued",
    );
    // The same person with a new one, in another tab: what was kept in the
    // first is not this tab's to send, and nothing is there twice.
    let again = fleet.launch(&token(&folder, "short", false, MINUTE), "lobby");
    again.online().await;
    again.say("with a new one");
    again.until("proof", |view| !view.unsent).await;

    // One that is taken back.
    let taken = token(&folder, "taken", false, MINUTE);
    let page = fleet.launch(&taken, "lobby");
    page.online().await;
    let asked = Instant::now();
    let answer = program
        .client()
        .bearing(&taken)
        .post("/api/signout", "")
        .await;
    assert_eq!(answer.status, 204);
    page.until("the end", |view| view.status == Status::Ended)
        .await;
    row.within(
        "signed out elsewhere, ended after",
        asked.elapsed(),
        OUT_WITHIN,
    );
    page.say("nobody hears this");

    // Somebody who is put out.
    let host = program
        .client()
        .bearing(&token(&folder, "host", true, MINUTE));
    let page = fleet.launch(&token(&folder, "mallory", false, MINUTE), "lobby");
    page.online().await;
    let asked = Instant::now();
    let ban = r#"{"uid":"mallory","banned":true}"#;
    assert_eq!(host.post("/api/ban", ban).await.status, 204);
    page.until("the end", |view| view.status == Status::Ended)
        .await;
    row.within("put out, ended after", asked.elapsed(), OUT_WITHIN);
    let then = Instant::now();
    // As long as the first waits of a page that comes back.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let dialled = fleet.since(then);
    let dialled = dialled.iter().filter(|it| it.what == What::Dialled).count();
    row.figure(format!("{dialled} dials after that"), "0", dialled == 0);

    let reader = fleet.launch("reader", "lobby");
    reader.online().await;
    let due = ["before the end", "with a new one"].map(str::to_owned);
    let shown = soon("the log", reader.whole_log(due.len())).await;
    let (lost, twice, disordered) = count(&shown.words(), &due);
    row.nothing(lost, twice, disordered);
    row.figure(
        format!(
            "{} said as somebody else or without leave",
            shown.texts.len() - due.len()
        ),
        "0",
        shown.texts.len() == due.len(),
    );
    row.judge();
}
