//! The path between a person and the server breaks in every way there is.

use std::time::Duration;

use tokio::time::Instant;

use crate::browser::Engine::Chromium;
use crate::page::{LATER, State};
use crate::proxy::{Cut, Direction};
use crate::server::Server;
use crate::story::{ends_well, tell, two_in_the_lobby};
use crate::talk::Talk;

/// What a busy machine may add to a promise of the program.
const MARGIN: Duration = Duration::from_secs(4);

#[test]
fn a_path_that_swallows_everything_is_noticed_after_a_send_and_heals() {
    tell(2, async || {
        let server = Server::start(&[]);
        let (ann, bob) = two_in_the_lobby(&server, Chromium).await;
        let talk = Talk::default();
        ann.path.black_hole(Direction::Both);
        let started = Instant::now();
        talk.says(&ann, "into the void").await;
        talk.says(&bob, "are you there").await;
        ann.sees_within(
            Duration::from_secs(6) + MARGIN,
            "that the path is dead",
            |page| !page.is("online"),
        )
        .await;
        println!("noticed after {:?}", started.elapsed());
        let page = ann.sees("a banner", |page| page.banner.is_some()).await;
        assert!(
            page.row("into the void")
                .is_some_and(|row| !row.is_delivered()),
            "nothing is called sent that is not"
        );
        ann.path.pass().await;
        talk.settles(&[&ann, &bob]).await;
        ann.sees("no banner", |page| {
            page.is("online") && page.banner.is_none()
        })
        .await;
        ends_well([ann, bob]).await;
    });
}

#[test]
fn a_link_that_is_deaf_or_mute_is_replaced_after_a_send() {
    tell(2, async || {
        let server = Server::start(&[]);
        let (ann, bob) = two_in_the_lobby(&server, Chromium).await;
        let talk = Talk::default();
        for direction in [Direction::Up, Direction::Down] {
            let links = ann.path.count("GET /ws");
            ann.path.swallow_links(direction);
            talk.says(&ann, &format!("nobody answers {direction:?}"))
                .await;
            talk.settles(&[&ann, &bob]).await;
            assert!(
                ann.path.count("GET /ws") > links,
                "a new link after {direction:?}"
            );
        }
        ends_well([ann, bob]).await;
    });
}

#[test]
fn a_link_that_goes_silent_is_replaced_without_a_word() {
    tell(2, async || {
        let server = Server::start(&[]);
        let (ann, bob) = two_in_the_lobby(&server, Chromium).await;
        let talk = Talk::default();
        let links = ann.path.count("GET /ws");
        ann.path.swallow_links(Direction::Both);
        talk.says(&bob, "said into the silence").await;
        ann.sees_within(
            Duration::from_secs(28) + MARGIN + MARGIN,
            "it all the same",
            |page| page.shows("said into the silence"),
        )
        .await;
        assert!(ann.path.count("GET /ws") > links);
        talk.settles(&[&ann, &bob]).await;
        ends_well([ann, bob]).await;
    });
}

#[test]
fn a_cut_link_comes_back_at_once() {
    tell(2, async || {
        let server = Server::start(&[]);
        let (ann, bob) = two_in_the_lobby(&server, Chromium).await;
        let talk = Talk::default();
        for cut in [Cut::Fin, Cut::Reset] {
            let links = ann.path.count("GET /ws");
            talk.says(&ann, &format!("just before {cut:?}")).await;
            ann.path.cut(cut);
            talk.says(&ann, &format!("just after {cut:?}")).await;
            talk.says(&bob, &format!("meanwhile {cut:?}")).await;
            talk.settles(&[&ann, &bob]).await;
            ann.sees("a new link", State::can_talk).await;
            assert!(
                ann.path.count("GET /ws") > links,
                "a new link after {cut:?}"
            );
        }
        ends_well([ann, bob]).await;
    });
}

#[test]
fn a_path_that_forgets_every_connection_is_left_behind() {
    tell(2, async || {
        let server = Server::start(&[]);
        let (ann, bob) = two_in_the_lobby(&server, Chromium).await;
        let talk = Talk::default();
        // The browser may still try its idle connections one by one, all dead.
        ann.path.swallow_all();
        let started = Instant::now();
        talk.says(&ann, "over another connection").await;
        talk.says(&bob, "are you there").await;
        talk.settles_within(LATER * 2, &[&ann, &bob]).await;
        println!("left behind after {:?}", started.elapsed());
        ends_well([ann, bob]).await;
    });
}
