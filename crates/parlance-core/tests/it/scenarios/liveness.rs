//! Is the path alive? Judged by what was heard while the page was running.

use parlance_core::Status;
use serde_json::json;

use crate::rig::Rig;

#[test]
fn a_silent_link_is_asked_and_then_replaced_within_28_seconds() {
    let mut rig = Rig::online();
    rig.talks_for(40.0);
    rig.pings();
    rig.sends(&["pong", "pong", "pong"]);
    rig.advance(23.999);
    rig.sends_nothing();
    rig.advance(0.001);
    rig.sends(&["ping"]);
    rig.advance(2.999);
    assert_eq!(rig.dials(), 1);
    rig.advance(0.001);
    assert_eq!(rig.dials(), 2);
    rig.is(Status::Connecting);
}

#[test]
fn any_frame_answers_the_question() {
    for frame in [
        r#"{"t":"pong","heads":[]}"#,
        r#"{"t":"typing","conv":"room:lobby","who":{"uid":"u-bob","name":"bob"}}"#,
        r#"{"t":"something new"}"#,
        "not even JSON",
    ] {
        let mut rig = Rig::online();
        rig.advance(25.0);
        rig.sends(&["ping"]);
        rig.raw(frame);
        rig.advance(3.0);
        rig.is(Status::Online);
        assert!(rig.closed_here.is_empty());
    }
}

#[test]
fn a_ping_is_answered_at_once() {
    let mut rig = Rig::online();
    rig.pings();
    rig.sends(&["pong"]);
}

#[test]
fn a_server_that_pings_rarely_is_not_asked_often() {
    let mut rig = Rig::new();
    rig.server.ping_ms = 60_000;
    rig.goes_online();
    rig.advance(71.0);
    rig.sends_nothing();
    rig.advance(2.0);
    rig.sends(&["ping"]);
}

#[test]
fn a_server_that_never_pings_is_asked_by_the_clock() {
    let mut rig = Rig::new();
    rig.server.ping_ms = 0;
    rig.goes_online();
    rig.server_answers_pings();
    rig.advance(600.0);
    rig.is(Status::Online);
    assert_eq!(rig.dials(), 1);
    assert_eq!(rig.has_sent().len(), 25);
}

#[test]
fn a_page_that_slept_asks_before_it_judges() {
    let mut rig = Rig::online();
    rig.sleeps(600.0);
    rig.wake();
    rig.sends(&["ping"]);
    rig.is(Status::Online);
    rig.pongs();
    rig.advance(10.0);
    rig.is(Status::Online);
}

#[test]
fn a_page_that_slept_through_the_answer_asks_once_more() {
    let mut rig = Rig::online();
    rig.advance(24.0);
    rig.sends(&["ping"]);
    rig.sleeps(600.0);
    rig.wake();
    rig.sends(&["ping"]);
    rig.pongs();
    rig.advance(5.0);
    rig.is(Status::Online);
}

#[test]
fn a_page_that_slept_and_finds_the_path_dead_replaces_it_in_3_seconds() {
    let mut rig = Rig::online();
    rig.talks_for(40.0);
    rig.sleeps(600.0);
    rig.wake();
    rig.is(Status::Online);
    rig.advance(3.0);
    assert_eq!(rig.dials(), 2);
}

#[test]
fn throttled_timers_do_not_cost_a_link_that_is_heard() {
    let mut rig = Rig::online();
    rig.hides();
    for _ in 0..60 {
        for _ in 0..3 {
            rig.sleeps(20.0);
            rig.pings();
        }
        rig.wake();
    }
    rig.is(Status::Online);
    assert!(rig.closed_here.is_empty());
    assert_eq!(rig.dials(), 1);
}

#[test]
fn throttled_timers_find_a_dead_link_all_the_same() {
    let mut rig = Rig::online();
    rig.hides();
    for _ in 0..5 {
        rig.sleeps(60.0);
        rig.wake();
    }
    assert!(!rig.has_link());
}

#[test]
fn a_message_without_proof_makes_the_path_suspect_within_6_seconds() {
    // Half a second of the six is left to a browser whose timers come late.
    let mut rig = Rig::online();
    rig.talks_for(40.0);
    rig.say("hello");
    rig.advance(5.499);
    assert_eq!(rig.dials(), 1);
    rig.advance(0.001);
    assert_eq!(rig.dials(), 2);
    rig.sees("(hello queued)");
}

#[test]
fn frames_that_are_no_proof_do_not_help_a_message() {
    // The up path is dead, the down path is not.
    let mut rig = Rig::online();
    rig.say("hello");
    for _ in 0..5 {
        rig.advance(0.999);
        rig.pings();
    }
    assert_eq!(rig.dials(), 1);
    rig.advance(0.6);
    assert_eq!(rig.dials(), 2);
}

#[test]
fn a_slow_path_gets_more_time_for_a_proof() {
    let mut rig = Rig::online();
    rig.say("one");
    rig.advance(3.0);
    rig.takes("one");
    rig.say("two");
    rig.advance(13.9);
    assert_eq!(rig.dials(), 1);
    rig.takes("two");
    rig.sees("1:sent 2:sent");
}

#[test]
fn a_proof_that_was_slept_through_is_asked_about_first() {
    let mut rig = Rig::online();
    rig.say("hello");
    rig.sleeps(600.0);
    rig.wake();
    rig.is(Status::Online);
    let sent = rig.has_sent();
    assert_eq!(sent.last().map(String::as_str), Some("ping"));
    rig.takes("hello");
    rig.sees("1:sent");
    assert_eq!(rig.dials(), 1);
}

#[test]
fn a_slow_path_gets_its_time_again_after_a_sleep() {
    let mut rig = Rig::online();
    rig.say("one");
    rig.advance(4.0);
    rig.takes("one");
    rig.say("two");
    rig.sleeps(600.0);
    rig.wake();
    rig.pongs();
    // Four round trips and two seconds, not six seconds.
    rig.advance(10.0);
    assert_eq!(rig.dials(), 1);
    rig.takes("two");
    rig.sees("1:sent 2:sent");
}

#[test]
fn a_link_that_never_proves_anything_is_not_replaced_in_a_circle() {
    let mut rig = Rig::online();
    rig.say("hello");
    let began = rig.dials();
    let from = rig.now;
    while rig.now.since(from).as_secs() < 180 {
        // Welcomes, takes the message, and says nothing of it, for ever.
        if rig.wants_ticket() {
            rig.comes_back_whole();
        }
        rig.advance(1.0);
    }
    assert!(rig.dials() - began <= 20, "{}", rig.dials());
}

#[test]
fn nothing_more_is_sent_on_a_suspect_path() {
    let mut rig = Rig::online();
    rig.say("one");
    rig.say("two");
    rig.sends(&["send one"]);
    rig.advance(6.0);
    rig.comes_back_whole();
    let sent = rig.has_sent();
    assert_eq!(sent.iter().filter(|it| *it == "send one").count(), 1);
    assert!(!sent.contains(&"send two".to_owned()));
}

#[test]
fn the_answer_to_a_question_measures_the_path() {
    let mut rig = Rig::online();
    rig.advance(24.0);
    rig.sends(&["ping"]);
    rig.advance(2.9);
    rig.frame(json!({"t": "pong", "heads": []}));
    rig.say("hello");
    // 4 × 2.9 + 2 seconds.
    rig.advance(13.0);
    assert_eq!(rig.dials(), 1);
    rig.advance(1.0);
    assert_eq!(rig.dials(), 2);
}
