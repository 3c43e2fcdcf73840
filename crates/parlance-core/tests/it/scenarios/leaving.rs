//! Signing out: everything of that person goes, and nothing is dialled until
//! somebody says who they are.

use parlance_core::{Command, Event, Status};

use crate::rig::{Launch, Rig, lobby};

#[test]
fn a_sign_out_closes_wipes_and_dials_nothing_for_an_hour() {
    let mut rig = Rig::online_with(3);
    rig.closed(1006);
    rig.say("unsent");
    rig.command(Command::Draft(lobby(), "half".to_owned()));
    rig.comes_back();
    assert_eq!(rig.disk.unsent_of("u-ann"), 1);

    rig.command(Command::SignOut);
    assert!(!rig.has_link());
    assert_eq!(rig.closed_here, [1000]);
    assert_eq!(rig.disk.unsent_of("u-ann"), 0);
    assert!(rig.disk.unfinished.is_empty());
    assert!(rig.was_told(&Event::SignedOut));
    assert!(rig.rows(&lobby()).is_empty());
    assert!(rig.session.outbox().is_empty());

    let dials = rig.dials();
    rig.answers_request("api/signout", 204, "");
    rig.advance(3_600.0);
    for _ in 0..3 {
        rig.shows();
        rig.device_online();
        rig.comes_out_of_cache();
        rig.command(Command::Now);
        rig.advance(100.0);
    }
    assert_eq!(rig.dials(), dials);
    rig.is(Status::Idle);
    assert_eq!(rig.banner(), None);
}

#[test]
fn a_sign_out_that_is_not_answered_ends_all_the_same() {
    let mut rig = Rig::online();
    rig.command(Command::SignOut);
    rig.advance(8.0);
    rig.joins_as("Ann");
    assert!(rig.open_requests().contains(&"guest".to_owned()));
}

#[test]
fn a_name_given_while_signing_out_waits_for_its_answer() {
    // Or the answer would take the new guest's cookie away.
    let mut rig = Rig::online();
    rig.command(Command::SignOut);
    rig.joins_as("Eve");
    assert_eq!(rig.open_requests(), ["signout"]);
    rig.answers_request("api/signout", 204, "");
    assert_eq!(rig.open_requests(), ["guest"]);
    rig.server.me = "u-eve";
    rig.answers_request("api/guest", 200, r#"{"user":{"uid":"u-eve","name":"eve"}}"#);
    rig.logs_in();
    rig.settles();
    assert_eq!(rig.current(), Some(&lobby()));
    rig.say("hello");
    rig.takes("hello");
    rig.sees("1:sent");
    assert_eq!(rig.disk.unsent_of("u-ann"), 0);
}

#[test]
fn a_sign_out_while_it_dials_gives_the_dial_up() {
    for step in 0..3 {
        let mut rig = Rig::new();
        rig.start();
        if step > 0 {
            rig.admit("t");
        }
        if step > 1 {
            rig.open();
        }
        rig.command(Command::SignOut);
        assert!(!rig.has_link());
        if step == 0 {
            rig.admit("late");
        }
        assert!(!rig.has_link(), "the ticket of before opens nothing");
        rig.is(Status::Idle);
    }
}

#[test]
fn a_sign_out_while_it_waits_dials_no_more() {
    let mut rig = Rig::online();
    rig.closed(1006);
    rig.command(Command::SignOut);
    rig.advance(600.0);
    assert_eq!(rig.dials(), 1);
}

#[test]
fn a_person_who_signs_out_with_a_token_is_not_let_in_by_it_again() {
    let mut rig = Rig::launched(Launch {
        token: Some("anns-token"),
        ..Launch::default()
    });
    rig.goes_online();
    rig.command(Command::SignOut);
    let request = rig.request();
    assert!(
        request
            .headers
            .iter()
            .any(|(name, _)| name == "authorization")
    );
    rig.answers_request("api/signout", 204, "");

    // Somebody else joins on the same page.
    rig.joins_as("Eve");
    let token = |rig: &Rig| {
        rig.request()
            .headers
            .iter()
            .any(|(name, _)| name == "authorization")
    };
    assert!(!token(&rig) && rig.request().with_cookies);
    rig.answers_request("api/guest", 200, r#"{"user":{"uid":"u-eve","name":"eve"}}"#);
    assert!(!token(&rig) && rig.request().with_cookies);
}

#[test]
fn a_write_that_completes_after_the_sign_out_brings_nothing_back() {
    let mut rig = Rig::online();
    rig.storage_waits();
    rig.say("late");
    rig.command(Command::SignOut);
    rig.storage_works();
    assert_eq!(rig.disk.unsent_of("u-ann"), 0);
    assert!(rig.rows(&lobby()).is_empty());
    assert!(rig.session.outbox().is_empty());
}

#[test]
fn a_sign_out_on_another_device_ends_the_stay_here() {
    let mut rig = Rig::online();
    rig.closed(4501);
    rig.is(Status::Ended);
    rig.advance(3_600.0);
    assert_eq!(rig.dials(), 1);
}

#[test]
fn nothing_said_before_the_sign_out_is_heard_after_it() {
    let mut rig = Rig::online();
    let old = rig.link();
    rig.command(Command::SignOut);
    rig.raw_on(
        old,
        r#"{"t":"push","conv":"room:lobby","msg":{"seq":1,"id":"x","body":{},"ts":1}}"#,
    );
    assert!(rig.rows(&lobby()).is_empty());
}
