//! The server dies or is taken down while people talk, and comes back.

use crate::browser::Engine::{Chromium, WebKit};
use crate::page::Chat;
use crate::server::Server;
use crate::story::{ends_well, tell};
use crate::talk::Talk;

#[derive(Clone, Copy)]
enum End {
    /// `kill -9`
    Killed,
    /// SIGTERM: it may tell people when to come back.
    TakenDown,
}

#[test]
fn a_killed_and_restarted_server_loses_nothing() {
    tell(2, async || talk_goes_on_after(End::Killed).await);
}

#[test]
fn a_server_that_is_taken_down_and_brought_back_loses_nothing() {
    tell(2, async || talk_goes_on_after(End::TakenDown).await);
}

async fn talk_goes_on_after(end: End) {
    let mut server = Server::start(&[]);
    let (ann, bob) = tokio::join!(
        Chat::sits_down("Ann", Chromium, &server),
        Chat::sits_down("Bob", WebKit, &server),
    );
    tokio::join!(ann.opens_and_joins("/"), bob.opens_and_joins("/"));
    ann.expects_trouble();
    bob.expects_trouble();
    let talk = Talk::default();
    for number in 1..=3 {
        talk.says(&ann, &format!("before, Ann {number}")).await;
        talk.says(&bob, &format!("before, Bob {number}")).await;
    }
    // Not waited for: some of it is on the way when the server goes.
    match end {
        End::Killed => server.kill(),
        End::TakenDown => server.terminate(),
    }
    for number in 1..=3 {
        talk.says(&ann, &format!("without, Ann {number}")).await;
        talk.says(&bob, &format!("without, Bob {number}")).await;
    }
    ann.sees("that she is not connected", |page| !page.is("online"))
        .await;
    server.restart();
    talk.settles(&[&ann, &bob]).await;
    talk.says(&ann, "after").await;
    let all = ann
        .sees("all is well", |page| page.has_delivered("after"))
        .await;
    assert!(
        all.is("online") && all.banner.is_none(),
        "no banner once it is well"
    );

    // And the store says the same to somebody who was not there.
    ann.reloads().await;
    ann.sees("who she is, and the room", |page| page.can_talk())
        .await;
    talk.settles(&[&ann, &bob]).await;
    ends_well([ann, bob]).await;
}
