//! The way in: live messages, holes, numbers that disagree. Whatever comes
//! twice, early or never, the rows are right in the end and nothing is asked
//! for in a circle.

use parlance_core::Status;
use parlance_core::session::Oddity;
use serde_json::json;

use crate::rig::{Rig, lobby};

#[test]
fn a_live_message_is_shown() {
    let mut rig = Rig::online_with(2);
    rig.bob_says("hello");
    rig.sees("1-3");
}

#[test]
fn a_message_that_comes_twice_is_shown_once_and_counted() {
    let mut rig = Rig::online_with(2);
    let seq = rig.bob_says("hello");
    rig.push(seq);
    rig.push(1);
    rig.sees("1-3");
    assert_eq!(rig.counted(Oddity::Duplicate), 2);
}

#[test]
fn a_message_that_comes_early_waits_and_the_hole_is_asked_about_after_a_moment() {
    let mut rig = Rig::online_with(2);
    rig.server.has("room:lobby", 3);
    rig.push(5);
    rig.sees("1 2");
    rig.advance(0.699);
    assert_eq!(rig.pages_wanted(), 0);
    rig.advance(0.001);
    rig.sends(&["fill after 2"]);
    rig.answers_all();
    rig.sees("1-5");
}

#[test]
fn a_hole_that_fills_itself_in_time_is_not_asked_about() {
    let mut rig = Rig::online_with(2);
    rig.server.has("room:lobby", 3);
    rig.push(5);
    rig.push(4);
    rig.advance(0.3);
    rig.push(3);
    rig.sees("1-5");
    rig.advance(5.0);
    assert_eq!(rig.pages_wanted(), 0);
}

#[test]
fn a_shuffled_burst_ends_in_order() {
    let mut rig = Rig::online_with(1);
    rig.server.has("room:lobby", 10);
    for seq in [4, 2, 7, 3, 11, 5, 6, 10, 9, 8, 3, 7] {
        rig.push(seq);
    }
    rig.sees("1-11");
}

#[test]
fn too_many_early_ones_are_asked_for_at_once() {
    let mut rig = Rig::online_with(2);
    rig.server.has("room:lobby", 700);
    for seq in 4..=520 {
        rig.push(seq);
    }
    rig.advance(0.0);
    assert_eq!(rig.pages_wanted(), 1);
    rig.answers_all();
    rig.advance(1.0);
    rig.answers_all();
    let picture = rig.picture(&lobby());
    assert!(picture.ends_with("702"), "{picture}");
}

#[test]
fn an_enormous_jump_neither_freezes_nor_asks_in_a_circle() {
    let mut rig = Rig::online_with(5);
    let mut message = rig.server.message("room:lobby", 5);
    message["seq"] = json!(1_000_000_000_u64);
    rig.frame(json!({"t": "push", "conv": "room:lobby", "msg": message}));
    rig.server_answers_pings();
    let mut pages = 0;
    for _ in 0..60 {
        rig.advance(1.0);
        pages += rig.answers_all();
    }
    assert!(pages <= 3, "{pages}");
    rig.sees("1-5");
    rig.bob_says("and on it goes");
}

#[test]
fn an_enormous_jump_is_forgotten_with_its_link() {
    let mut rig = Rig::online_with(5);
    let mut message = rig.server.message("room:lobby", 5);
    message["seq"] = json!(1_000_000_000_u64);
    rig.frame(json!({"t": "push", "conv": "room:lobby", "msg": message}));
    rig.closed(1006);
    rig.comes_back_whole();
    for _ in 0..12 {
        rig.advance(18.0);
        rig.pings();
        rig.answers_all();
    }
    assert_eq!(
        rig.dials(),
        2,
        "a number that one frame made up costs links"
    );
    rig.bob_says("live again");
    rig.sees("1-6");
}

#[test]
fn frames_that_the_server_lost_are_noticed_by_their_numbers() {
    let mut rig = Rig::online_with(2);
    rig.server.has("room:lobby", 1);
    rig.frame_is_lost();
    rig.pings();
    assert_eq!(rig.counted(Oddity::LostFrames), 1);
    // People may be among what was lost: the room is opened anew.
    rig.sends(&["open room:lobby", "pong", "fill after 2"]);
    rig.answers_all();
    rig.sees("1-3");
}

#[test]
fn frame_numbers_that_repeat_or_fall_back_are_harmless() {
    let mut rig = Rig::online_with(2);
    rig.raw(r#"{"t":"ping","n":1,"heads":[]}"#);
    rig.raw(r#"{"t":"ping","n":1,"heads":[]}"#);
    rig.raw(r#"{"t":"ping","heads":[]}"#);
    assert_eq!(rig.counted(Oddity::LostFrames), 0);
    rig.sends(&["pong", "pong", "pong"]);
}

#[test]
fn a_ping_that_knows_more_is_believed_after_a_moment() {
    let mut rig = Rig::online_with(2);
    rig.server.has("room:lobby", 2);
    rig.pings_with_head();
    rig.sends(&["pong"]);
    rig.advance(0.7);
    rig.sends(&["fill after 2"]);
    rig.answers_all();
    rig.sees("1-4");
}

#[test]
fn a_late_message_does_not_make_a_ping_forgotten_that_knew_of_more() {
    let mut rig = Rig::online_with(2);
    rig.server.has("room:lobby", 2);
    // Of 3 and 4, one is overtaken by the ping and the other never comes.
    rig.pings_with_head();
    rig.sends(&["pong"]);
    rig.push(3);
    rig.sees("1-3");
    rig.advance(0.7);
    rig.sends(&["fill after 3"]);
    rig.answers_all();
    rig.sees("1-4");
}

#[test]
fn sums_that_disagree_once_are_a_push_on_its_way() {
    let mut rig = Rig::online_with(2);
    rig.server.has("room:garden", 1);
    rig.pings();
    rig.advance(18.0);
    rig.push_in("room:garden", 1);
    rig.pings();
    rig.advance(18.0);
    rig.pings();
    assert_eq!(rig.dials(), 1);
}

#[test]
fn sums_that_disagree_twice_cost_one_new_link() {
    let mut rig = Rig::online_with(2);
    rig.server.has("room:garden", 1);
    rig.pings();
    rig.advance(18.0);
    rig.pings();
    assert_eq!(rig.dials(), 2);
    assert_eq!(rig.counted(Oddity::LostFrames), 1);
    rig.comes_back_whole();
    rig.talks_for(100.0);
    rig.is(Status::Online);
    assert_eq!(rig.dials(), 2);
    assert_eq!(rig.counted(Oddity::LostFrames), 1);
}

#[test]
fn a_server_whose_sums_are_wrong_for_ever_is_not_redialled_for_ever() {
    let mut rig = Rig::online_with(2);
    for _ in 0..60 {
        for _ in 0..3 {
            if rig.session.status() == Status::Online {
                rig.frame(json!({"t": "ping", "heads": [], "sum": "4711"}));
            }
            if rig.session.status() == Status::Online {
                rig.advance(0.3);
            }
        }
        if rig.session.status() != Status::Online {
            rig.comes_back_whole();
        }
    }
    // 60 rounds in a minute or two; three resynchronisations a minute.
    assert!(rig.dials() <= 10, "{}", rig.dials());
    assert!(rig.counted(Oddity::ResyncLoop) > 0);
    rig.is(Status::Online);
}

#[test]
fn another_log_in_the_welcome_is_read_anew_and_what_is_unsent_stays() {
    let mut rig = Rig::online_with(5);
    rig.say("mine");
    rig.closed(1006);
    rig.server.restored_as("e2");
    rig.server.has("room:lobby", 2);
    rig.until_dial(1.0);
    rig.admit("t");
    rig.open();
    rig.welcome();
    rig.sees("(mine sending)");
    rig.settles();
    rig.sees("1 2 (mine sending)");
    rig.takes("mine");
    rig.sees("1 2 3:sent");
}

#[test]
fn the_cursors_of_another_log_are_not_said() {
    let mut rig = Rig::online_with(5);
    rig.closed(1006);
    rig.server.restored_as("e2");
    rig.server.has("room:lobby", 9);
    rig.comes_back_whole();
    rig.sees("1-9");
    rig.closed(1006);
    rig.until_dial(2.0);
    rig.admit("t");
    rig.open();
    rig.sends(&["hello t room:lobby@e2:9"]);
}

#[test]
fn another_log_in_a_page_is_read_anew() {
    let mut rig = Rig::online_with(60);
    rig.sees("11-60");
    rig.load_older();
    rig.server.restored_as("e2");
    rig.server.has("room:lobby", 3);
    rig.answers();
    rig.answers_all();
    rig.sees("1-3");
}

#[test]
fn a_log_that_is_shorter_than_what_was_heard_is_read_anew() {
    let mut rig = Rig::online_with(5);
    rig.closed(1006);
    rig.server.restored_as("e1");
    rig.server.has("room:lobby", 2);
    rig.comes_back_whole();
    rig.sees("1 2");
    assert_eq!(rig.counted(Oddity::CursorAhead), 1);
}

#[test]
fn the_hello_says_how_far_was_heard_the_room_on_show_first() {
    let garden = parlance_core::ids::ConversationId::room("garden");
    let mut rig = Rig::new();
    rig.server.has("room:lobby", 5);
    rig.server.has("room:garden", 7);
    rig.goes_online();
    rig.opens(&garden);
    rig.answers_all();
    rig.command(parlance_core::Command::Open(lobby()));
    rig.closed(1006);
    rig.until_dial(1.0);
    rig.admit("t");
    rig.open();
    rig.sends(&["hello t room:lobby@e1:5 room:garden@e1:7"]);
}

#[test]
fn early_messages_of_a_link_that_died_come_with_the_next_page() {
    let mut rig = Rig::online_with(2);
    rig.server.has("room:lobby", 3);
    rig.push(5);
    rig.closed(1006);
    rig.comes_back_whole();
    rig.sees("1-5");
}

#[test]
fn a_message_of_the_system_has_no_author() {
    let mut rig = Rig::online_with(1);
    rig.server.has("room:lobby", 1);
    rig.raw(
        r#"{"t":"push","conv":"room:lobby","msg":{"seq":2,"id":"m2","ts":1,
            "body":{"kind":"notice","text":"The room is closed"}}}"#,
    );
    rig.sees("1 2!");
}

#[test]
fn a_message_without_a_place_is_malformed() {
    let mut rig = Rig::online_with(1);
    rig.raw(r#"{"t":"push","conv":"room:lobby","msg":{"seq":0,"id":"x","ts":1,"body":{}}}"#);
    rig.sees("1");
    assert_eq!(rig.counted(Oddity::Malformed), 1);
}
