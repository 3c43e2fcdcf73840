//! What I have not read: counted exactly, told to the server sparingly, and
//! the same on every device of mine.

use parlance_core::ids::ConversationId;
use serde_json::json;

use crate::rig::Rig;

fn garden() -> ConversationId {
    ConversationId::room("garden")
}

fn unread_in(rig: &Rig, id: &ConversationId) -> u64 {
    rig.summary(id).unread
}

#[test]
fn the_server_says_how_much_is_unread() {
    let mut rig = Rig::new();
    rig.server.has("room:garden", 7);
    rig.server.read.insert("room:garden".to_owned(), 3);
    rig.goes_online();
    assert_eq!(unread_in(&rig, &garden()), 4);
}

#[test]
fn a_live_message_is_unread_until_it_was_really_seen() {
    let mut rig = Rig::online();
    rig.bob_says("one");
    rig.bob_says("two");
    rig.unread_is(2);
    rig.has_seen(1);
    rig.unread_is(1);
    rig.has_seen(2);
    rig.unread_is(0);
    rig.has_seen(1);
    rig.unread_is(0);
}

#[test]
fn my_own_messages_are_not_unread() {
    let mut rig = Rig::online();
    rig.bob_says("one");
    rig.say("mine");
    rig.takes("mine");
    rig.unread_is(1);
}

#[test]
fn a_room_that_is_not_on_show_counts_too_and_each_message_once() {
    let mut rig = Rig::new();
    rig.server.has("room:garden", 2);
    rig.goes_online();
    assert_eq!(unread_in(&rig, &garden()), 2);
    rig.server.has("room:garden", 2);
    rig.push_in("room:garden", 3);
    rig.push_in("room:garden", 4);
    rig.push_in("room:garden", 4);
    rig.push_in("room:garden", 3);
    assert_eq!(unread_in(&rig, &garden()), 4);
    assert_eq!(
        rig.summary(&garden())
            .last
            .as_ref()
            .map(|it| it.text.as_str()),
        Some("line 4")
    );
}

#[test]
fn a_message_while_the_first_page_is_out_counts_once() {
    let mut rig = Rig::new();
    rig.server.has("room:lobby", 200);
    rig.start();
    rig.logs_in();
    let page = rig.next_page();
    rig.bob_says("two hundred and one");
    rig.frame(page);
    rig.answers_all();
    rig.unread_is(201);
}

#[test]
fn messages_that_a_page_brings_count_once() {
    let mut rig = Rig::online_with(10);
    rig.has_seen(10);
    rig.server.read.insert("room:lobby".to_owned(), 10);
    rig.server.has("room:lobby", 70);
    rig.closed(1006);
    rig.comes_back_whole();
    rig.unread_is(70);
    rig.bob_says("one more");
    rig.unread_is(71);
}

#[test]
fn reading_before_a_gap_leaves_what_is_in_the_gap_unread() {
    let mut rig = Rig::online_with(10);
    rig.server.has("room:lobby", 400);
    rig.closed(1006);
    rig.comes_back_whole();
    rig.sees("1-10 [11..360] 361-410");
    rig.unread_is(410);
    rig.has_seen(10);
    rig.unread_is(400);
    rig.has_seen(410);
    rig.unread_is(0);
}

#[test]
fn what_is_read_on_another_device_is_read_here() {
    let mut rig = Rig::online_with(5);
    rig.unread_is(5);
    rig.frame(json!({"t": "read", "conv": "room:lobby", "uid": "u-ann", "seq": 4}));
    rig.unread_is(1);
    rig.advance(5.0);
    rig.sends_nothing();
    // It never goes back.
    rig.frame(json!({"t": "read", "conv": "room:lobby", "uid": "u-ann", "seq": 2}));
    rig.unread_is(1);
}

#[test]
fn what_others_read_is_no_business_of_my_count() {
    let mut rig = Rig::online_with(5);
    rig.frame(json!({"t": "read", "conv": "room:lobby", "uid": "u-bob", "seq": 5}));
    rig.unread_is(5);
}

#[test]
fn read_marks_are_told_at_most_once_a_second() {
    let mut rig = Rig::online_with(20);
    rig.has_seen(1);
    rig.sends(&["read 1"]);
    for seq in 2..=15 {
        rig.has_seen(seq);
    }
    rig.sends_nothing();
    rig.advance(1.0);
    rig.sends(&["read 15"]);
    rig.advance(5.0);
    rig.sends_nothing();
}

#[test]
fn what_was_read_offline_is_told_on_return() {
    let mut rig = Rig::online_with(5);
    rig.closed(1006);
    rig.has_seen(5);
    rig.unread_is(0);
    rig.comes_back_whole();
    rig.unread_is(0);
    rig.advance(1.1);
    let sent = rig.has_sent();
    assert!(sent.contains(&"read 5".to_owned()), "{sent:?}");
}

#[test]
fn a_read_mark_that_died_with_its_link_is_told_again() {
    let mut rig = Rig::online_with(5);
    rig.has_seen(5);
    rig.sends(&["read 5"]);
    rig.closed(1006);
    // The server has not heard it.
    rig.comes_back_whole();
    rig.advance(1.1);
    let sent = rig.has_sent();
    assert!(sent.contains(&"read 5".to_owned()), "{sent:?}");
    rig.unread_is(0);
}

#[test]
fn a_read_mark_that_arrived_is_not_told_again() {
    let mut rig = Rig::online_with(5);
    rig.has_seen(5);
    rig.server.read.insert("room:lobby".to_owned(), 5);
    rig.closed(1006);
    rig.comes_back_whole();
    rig.advance(2.0);
    let sent = rig.has_sent();
    assert!(sent.iter().all(|it| !it.starts_with("read")), "{sent:?}");
}

#[test]
fn nothing_that_does_not_exist_can_be_read() {
    let mut rig = Rig::online_with(5);
    rig.has_seen(u64::MAX);
    rig.sends(&["read 5"]);
    rig.unread_is(0);
    rig.bob_says("six");
    rig.unread_is(1);
}

#[test]
fn pushes_that_were_lost_for_a_room_that_is_not_on_show_are_counted_in_the_end() {
    let mut rig = Rig::new();
    rig.server.has("room:garden", 2);
    rig.goes_online();
    rig.server_answers_pings();
    rig.server.has("room:garden", 3);
    let heads = json!([{"conv": "room:garden", "seq": 5}]);
    let sum = rig.server.sum();
    rig.frame(json!({"t": "ping", "heads": heads, "sum": sum}));
    rig.advance(1.0);
    rig.answers_all();
    assert_eq!(unread_in(&rig, &garden()), 5);
}
