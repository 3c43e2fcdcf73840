//! Who I am: tickets, names, refusals, and networks that answer for the server.

use parlance_core::close::EndReason;
use parlance_core::frame::Refusal;
use parlance_core::session::Oddity;
use parlance_core::{Status, Target};

use crate::rig::{Launch, Rig};

const AN_HOUR: f64 = 3_600.0;

#[test]
fn a_start_logs_in_before_it_is_online() {
    let mut rig = Rig::new();
    rig.is(Status::Idle);
    rig.start();
    rig.is(Status::Connecting);
    assert!(rig.request().with_cookies);

    rig.admit("ticket-1");
    rig.is(Status::Connecting);
    rig.open();
    rig.sends(&["hello ticket-1"]);
    rig.is(Status::Connecting);

    rig.welcome();
    rig.is(Status::Online);
    rig.sends(&["open room:lobby", "fill newest"]);
}

#[test]
fn a_second_start_is_ignored() {
    let mut rig = Rig::new();
    rig.start();
    rig.start();
    assert_eq!(rig.dials(), 1);
}

#[test]
fn a_token_speaks_instead_of_the_cookie() {
    let mut rig = Rig::launched(Launch {
        token: Some("signed"),
        ..Launch::default()
    });
    rig.start();
    let request = rig.request();
    assert!(!request.with_cookies);
    let bearer = ("authorization".to_owned(), "Bearer signed".to_owned());
    assert!(request.headers.contains(&bearer));
}

#[test]
fn each_dial_has_a_ticket_of_its_own() {
    let mut rig = Rig::online();
    rig.closed(1006);
    rig.until_dial(1.0);
    rig.admit("ticket-2");
    rig.open();
    rig.sends(&["hello ticket-2 room:lobby@e1:0"]);
}

#[test]
fn when_nobody_is_known_the_join_form_is_up_and_nothing_is_dialled() {
    let mut rig = Rig::new();
    rig.start();
    rig.refuse(401, "no_identity");
    rig.is(Status::Idle);
    assert_eq!(rig.identity_needed(), Some(None));

    rig.advance(AN_HOUR);
    assert_eq!(rig.dials(), 1);
    assert_eq!(rig.banner(), None);
}

#[test]
fn a_name_makes_a_guest_who_is_then_let_in() {
    let mut rig = Rig::new();
    rig.start();
    rig.refuse(401, "no_identity");
    rig.joins_as("Ann");
    assert_eq!(rig.request().body.as_deref(), Some(r#"{"name":"Ann"}"#));

    rig.answers_request("api/guest", 200, r#"{"user":{"uid":"u-ann","name":"Ann"}}"#);
    rig.is(Status::Connecting);
    rig.logs_in();
    assert_eq!(rig.current(), Some(&crate::rig::lobby()));
}

#[test]
fn a_refused_name_comes_back_to_the_form_with_the_reason() {
    for (status, code) in [(422, "bad_name"), (403, "guests_closed")] {
        let mut rig = Rig::new();
        rig.start();
        rig.refuse(401, "no_identity");
        rig.joins_as("\u{0}");
        let body = format!(r#"{{"error":{{"code":"{code}","text":"not this one"}}}}"#);
        rig.answers_request("api/guest", status, &body);
        rig.is(Status::Idle);
        assert_eq!(rig.identity_needed(), Some(Some("not this one".to_owned())));
        rig.joins_as("Ann");
        assert_eq!(rig.open_requests(), ["guest"]);
    }
}

#[test]
fn a_name_that_is_not_answered_in_time_can_be_given_again() {
    let mut rig = Rig::new();
    rig.start();
    rig.refuse(401, "no_identity");
    rig.joins_as("Ann");
    rig.advance(7.9);
    assert_eq!(rig.identity_needed(), Some(None));
    rig.advance(0.1);
    assert_eq!(rig.identity_needed(), Some(Some(String::new())));

    // The answer comes after all: nobody waits for it.
    rig.answers_request("api/guest", 200, r#"{"user":{"uid":"u-ann","name":"Ann"}}"#);
    rig.is(Status::Idle);
    rig.joins_as("Ann");
    assert_eq!(rig.open_requests(), ["guest"]);
}

#[test]
fn a_name_that_meets_no_network_or_nonsense_comes_back_to_the_form() {
    let mut rig = Rig::new();
    rig.start();
    rig.refuse(401, "no_identity");
    rig.joins_as("Ann");
    rig.unreachable("api/guest");
    assert_eq!(rig.identity_needed(), Some(Some(String::new())));

    rig.joins_as("Ann");
    rig.answers_request("api/guest", 200, "<html>Pay for the lounge</html>");
    rig.is(Status::Idle);
    assert_eq!(rig.identity_needed(), Some(Some(String::new())));
    assert_eq!(rig.counted(Oddity::BadAnswer), 1);
}

#[test]
fn a_name_is_heard_only_while_the_form_is_up() {
    let mut rig = Rig::online();
    rig.joins_as("Mallory");
    assert!(rig.open_requests().is_empty());
    rig.is(Status::Online);
}

#[test]
fn a_refused_credential_ends_the_stay_until_the_person_acts() {
    for (status, code, refusal) in [
        (401, "bad_token", Refusal::BadToken),
        (401, "expired", Refusal::BadToken),
        (403, "banned", Refusal::Banned),
    ] {
        let mut rig = Rig::new();
        rig.start();
        rig.refuse(status, code);
        rig.is(Status::Ended);
        let end = rig.banner().and_then(|banner| banner.end.clone());
        assert_eq!(end, Some(EndReason::Refused(refusal)), "{code}");

        rig.advance(AN_HOUR);
        assert_eq!(rig.dials(), 1, "{code}");
        rig.command(parlance_core::Command::Now);
        assert_eq!(rig.dials(), 2, "{code}");
        rig.is(Status::Connecting);
    }
}

#[test]
fn a_server_with_no_time_is_asked_again_later() {
    for (status, body) in [
        (429, r#"{"error":{"code":"rate_limited","text":""}}"#),
        (502, "<html>Bad Gateway</html>"),
        (500, ""),
        (503, "{}"),
    ] {
        let mut rig = Rig::new();
        rig.start();
        rig.answers_request("api/ticket", status, body);
        rig.is(Status::Waiting);
        rig.until_dial(1.0);
        rig.logs_in();
    }
}

#[test]
fn a_captive_portal_is_trouble_and_no_verdict_about_me() {
    for (status, body) in [
        (200, "<html>Welcome to the lounge</html>"),
        (200, ""),
        (200, r#"{"ticket":17,"user":null}"#),
        (401, "<html>Please log in to the hotel</html>"),
        (403, "[]"),
        (404, "<html>not here</html>"),
        (302, ""),
        (511, "<html>Network Authentication Required</html>"),
    ] {
        let mut rig = Rig::new();
        rig.start();
        rig.answers_request("api/ticket", status, body);
        rig.is(Status::Waiting);
        assert_eq!(rig.identity_needed(), None, "{status} {body}");
        rig.until_dial(1.0);
        rig.logs_in();
    }
}

#[test]
fn a_refusal_in_unknown_words_is_trouble_and_counted() {
    let mut rig = Rig::new();
    rig.start();
    rig.refuse(418, "teapot");
    rig.is(Status::Waiting);
    assert_eq!(rig.counted(Oddity::BadAnswer), 1);
}

#[test]
fn no_network_at_login_is_tried_again() {
    let mut rig = Rig::new();
    rig.start();
    rig.unreachable("api/ticket");
    rig.is(Status::Waiting);
    rig.until_dial(1.0);
    rig.logs_in();
}

#[test]
fn an_answer_to_an_attempt_that_was_given_up_is_ignored() {
    let mut rig = Rig::new();
    rig.start();
    rig.advance(8.0);
    rig.is(Status::Waiting);
    rig.admit("late");
    rig.is(Status::Waiting);
    assert!(!rig.has_link());
}

#[test]
fn a_cookie_that_is_gone_on_the_way_back_shows_the_form() {
    let mut rig = Rig::online();
    rig.closed(1006);
    rig.until_dial(1.0);
    rig.refuse(401, "no_identity");
    rig.is(Status::Idle);
    assert_eq!(rig.identity_needed(), Some(None));
    rig.advance(AN_HOUR);
    assert_eq!(rig.dials(), 2);
}

#[test]
fn a_talk_with_a_person_opens_as_soon_as_i_am_known() {
    let mut rig = Rig::launched(Launch {
        target: Target::Person(
            parlance_core::ids::Uid::new("u-bob"),
            Some("Bob".to_owned()),
        ),
        last_known: None,
        ..Launch::default()
    });
    rig.start();
    assert_eq!(rig.current(), None);
    rig.logs_in();
    let pair = parlance_core::ids::ConversationId::parse("pair:u-ann:u-bob");
    assert_eq!(rig.current(), pair.as_ref());
    assert_eq!(
        pair.map(|it| rig.summary(&it).title.clone()).as_deref(),
        Some("Bob")
    );
    rig.sends(&[
        "hello a-ticket",
        "open pair:u-ann:u-bob",
        "fill pair:u-ann:u-bob newest",
    ]);
}

#[test]
fn a_list_page_opens_nothing_by_itself() {
    let mut rig = Rig::launched(Launch {
        target: Target::Nothing,
        ..Launch::default()
    });
    rig.start();
    rig.logs_in();
    rig.sends(&["hello a-ticket"]);
    assert_eq!(rig.current(), None);
    rig.opens(&crate::rig::lobby());
    rig.sends(&["open room:lobby", "fill newest"]);
}
