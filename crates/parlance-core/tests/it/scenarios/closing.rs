//! What each close code asks of a client.

use parlance_core::close::EndReason;
use parlance_core::frame::Refusal;
use parlance_core::{Command, Status};

use crate::rig::{Rig, seconds};

#[test]
fn codes_of_loss_come_back_by_the_back_off() {
    let codes = [
        1000, 1001, 1004, 1005, 1006, 1011, 1012, 1014, 1015, 2999, 3000, 3999, 4000, 4001, 4002,
        4003, 4006, 4007, 4499, 5000,
    ];
    for code in codes {
        let mut rig = Rig::online();
        rig.closed(code);
        rig.is(Status::Waiting);
        rig.until_dial(1.0);
        rig.logs_in();
    }
}

#[test]
fn a_network_that_drops_the_link_is_come_back_from() {
    let mut rig = Rig::online();
    rig.closed(1006);
    rig.is(Status::Waiting);
    rig.comes_back_whole();
    rig.is(Status::Online);
}

#[test]
fn a_server_that_restarts_is_come_back_to() {
    let mut rig = Rig::online();
    rig.closed(1012);
    rig.until_dial(1.0);
    rig.logs_in();
}

#[test]
fn a_server_without_room_is_left_alone_as_long_as_it_says() {
    for code in [1013, 4004] {
        let mut rig = Rig::online();
        rig.closed_saying(code, "retry=40000");
        let from = rig.now;
        rig.until_dial(41.0);
        assert!(rig.now.since(from) >= seconds(40.0), "{code}");
    }
}

#[test]
fn a_hint_that_is_no_number_in_range_is_ignored() {
    for reason in [
        "retry=120001",
        "retry=-1",
        "retry=1e3",
        "later",
        "Retry=9",
        "",
    ] {
        let mut rig = Rig::online();
        rig.closed_saying(1013, reason);
        rig.until_dial(1.0);
    }
}

#[test]
fn a_hint_on_any_other_code_is_ignored() {
    let mut rig = Rig::online();
    rig.closed_saying(1006, "retry=60000");
    rig.until_dial(1.0);
}

#[test]
fn a_credential_that_ran_out_is_renewed_before_the_dial() {
    let mut rig = Rig::online();
    rig.closed(4005);
    rig.until_dial(1.0);
    rig.admit("fresh");
    rig.open();
    rig.sends(&["hello fresh room:lobby@e1:0"]);
}

#[test]
fn a_credential_that_cannot_be_renewed_ends_the_stay() {
    let mut rig = Rig::online();
    rig.closed(4005);
    rig.until_dial(1.0);
    rig.refuse(401, "expired");
    rig.is(Status::Ended);
    rig.advance(3_600.0);
    assert_eq!(rig.dials(), 2);
}

#[test]
fn programs_that_do_not_understand_each_other_try_three_times() {
    for code in [1002, 1003, 1007, 1008, 1009, 1010] {
        let mut rig = Rig::new();
        rig.start();
        for _ in 0..2 {
            rig.logs_in();
            rig.closed(code);
            rig.is(Status::Waiting);
            rig.until_dial(16.0);
        }
        rig.logs_in();
        rig.closed(code);
        rig.is(Status::Ended);
        let end = rig.banner().and_then(|banner| banner.end.clone());
        assert_eq!(end, Some(EndReason::Incompatible), "{code}");
        rig.advance(3_600.0);
        assert_eq!(rig.dials(), 3, "{code}");
    }
}

#[test]
fn a_stay_that_proved_itself_forgives_a_misunderstanding() {
    let mut rig = Rig::online();
    for _ in 0..6 {
        rig.talks_for(31.0);
        rig.closed(1002);
        rig.is(Status::Waiting);
        rig.comes_back_whole();
    }
}

#[test]
fn a_person_may_try_again_after_a_misunderstanding() {
    let mut rig = Rig::new();
    rig.start();
    for _ in 0..3 {
        rig.until_dial(16.0);
        rig.logs_in();
        rig.closed(1003);
    }
    rig.is(Status::Ended);
    rig.command(Command::Now);
    rig.logs_in();
    rig.closed(1003);
    rig.is(Status::Waiting);
}

#[test]
fn stay_away_codes_end_the_stay_until_the_person_acts() {
    let ends = [
        (4500, EndReason::Refused(Refusal::BadToken)),
        (4501, EndReason::Refused(Refusal::SignedOut)),
        (4502, EndReason::Refused(Refusal::Banned)),
        (4503, EndReason::Incompatible),
        (
            4999,
            EndReason::Refused(Refusal::Other("close code 4999".to_owned())),
        ),
    ];
    for (code, end) in ends {
        let mut rig = Rig::online();
        rig.closed(code);
        rig.is(Status::Ended);
        let told = rig.banner().and_then(|banner| banner.end.clone());
        assert_eq!(told, Some(end), "{code}");
        rig.advance(3_600.0);
        rig.shows();
        rig.device_online();
        assert_eq!(rig.dials(), 1, "{code}");
        rig.command(Command::Now);
        assert_eq!(rig.dials(), 2, "{code}");
    }
}

#[test]
fn a_refused_ticket_ends_the_stay_while_it_is_greeted() {
    let mut rig = Rig::new();
    rig.start();
    rig.admit("used");
    rig.open();
    rig.closed(4500);
    rig.is(Status::Ended);
}

#[test]
fn a_dial_that_is_turned_away_is_a_loss() {
    let mut rig = Rig::new();
    rig.start();
    rig.admit("t");
    rig.closed(1006);
    rig.is(Status::Waiting);
    rig.until_dial(1.0);
}

#[test]
fn a_hello_that_came_too_late_is_said_again() {
    let mut rig = Rig::new();
    rig.start();
    rig.admit("t");
    rig.open();
    rig.closed(4002);
    rig.until_dial(1.0);
    rig.logs_in();
}

#[test]
fn a_reader_that_was_too_slow_comes_back_and_fills() {
    let mut rig = Rig::online_with(10);
    rig.server.has("room:lobby", 5);
    rig.closed(4001);
    rig.comes_back();
    assert_eq!(rig.pages_wanted(), 1);
    rig.answers_all();
    rig.sees("1-15");
}
