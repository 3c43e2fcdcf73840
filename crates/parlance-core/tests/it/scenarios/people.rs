//! Who is here, who types, and how far the other one has read.

use parlance_core::frame::Talk;
use parlance_core::ids::{ConversationId, Uid};
use parlance_core::{Command, Target};
use serde_json::json;

use crate::rig::{Launch, Rig, lobby};

fn came(rig: &mut Rig, uid: &str) {
    let who = json!({"uid": uid, "name": uid.trim_start_matches("u-")});
    rig.frame(json!({"t": "came", "conv": "room:lobby", "who": who}));
}

fn went(rig: &mut Rig, uid: &str) {
    rig.frame(json!({"t": "went", "conv": "room:lobby", "uid": uid, "seen": 1}));
}

fn types(rig: &mut Rig, uid: &str) {
    let who = json!({"uid": uid, "name": uid.trim_start_matches("u-")});
    rig.frame(json!({"t": "typing", "conv": "room:lobby", "who": who}));
}

/// A talk between Ann and Bob, with three messages of Ann's.
fn talk() -> (Rig, ConversationId) {
    let pair = ConversationId::pair(Uid::new("u-ann"), Uid::new("u-bob"));
    let mut rig = Rig::launched(Launch {
        target: Target::Person(Uid::new("u-bob"), None),
        ..Launch::default()
    });
    for text in ["one", "two", "three"] {
        rig.server.store("pair:u-ann:u-bob", "u-ann", text, None);
    }
    rig.start();
    rig.logs_in();
    rig.answers_all();
    (rig, pair)
}

#[test]
fn people_come_and_go() {
    let mut rig = Rig::online();
    assert_eq!(rig.people_here(), ["ann", "bob"]);
    came(&mut rig, "u-eve");
    assert_eq!(rig.people_here(), ["ann", "bob", "eve"]);
    went(&mut rig, "u-bob");
    assert_eq!(rig.people_here(), ["ann", "eve"]);
}

#[test]
fn comings_before_the_first_list_are_held_and_then_applied() {
    let mut rig = Rig::new();
    rig.start();
    rig.logs_in();
    came(&mut rig, "u-eve");
    went(&mut rig, "u-bob");
    assert!(rig.people_here().is_empty());
    rig.roster(&["u-ann", "u-bob"]);
    assert_eq!(rig.people_here(), ["ann", "eve"]);
}

#[test]
fn a_new_link_shows_the_old_list_until_its_own_has_come() {
    let mut rig = Rig::online();
    rig.closed(1006);
    rig.until_dial(1.0);
    rig.logs_in();
    assert_eq!(rig.people_here(), ["ann", "bob"]);
    went(&mut rig, "u-bob");
    assert_eq!(
        rig.people_here(),
        ["ann", "bob"],
        "held: this link has no list yet"
    );
    rig.roster(&["u-ann", "u-eve"]);
    assert_eq!(rig.people_here(), ["ann", "eve"]);
}

#[test]
fn who_types_is_shown_for_five_seconds() {
    let mut rig = Rig::online();
    types(&mut rig, "u-bob");
    assert_eq!(rig.typists(), ["bob"]);
    rig.advance(4.0);
    types(&mut rig, "u-bob");
    rig.advance(4.9);
    assert_eq!(rig.typists(), ["bob"]);
    rig.advance(0.1);
    assert!(rig.typists().is_empty());
}

#[test]
fn who_has_said_it_types_no_more() {
    let mut rig = Rig::online();
    types(&mut rig, "u-bob");
    rig.bob_says("done");
    assert!(rig.typists().is_empty());
}

#[test]
fn who_has_gone_types_no_more() {
    let mut rig = Rig::online();
    types(&mut rig, "u-bob");
    went(&mut rig, "u-bob");
    assert!(rig.typists().is_empty());
}

#[test]
fn i_am_not_told_that_i_type_on_another_device() {
    let mut rig = Rig::online();
    types(&mut rig, "u-ann");
    assert!(rig.typists().is_empty());
}

#[test]
fn who_typed_when_the_link_died_is_not_shown_typing_for_ever() {
    let mut rig = Rig::online();
    types(&mut rig, "u-bob");
    rig.closed(1006);
    rig.advance(10.0);
    assert!(rig.typists().is_empty());
}

#[test]
fn my_typing_is_told_at_most_every_three_seconds() {
    let mut rig = Rig::online();
    for _ in 0..29 {
        rig.command(Command::Typing(lobby()));
        rig.advance(0.1);
    }
    rig.sends(&["typing"]);
    rig.advance(0.1);
    rig.command(Command::Typing(lobby()));
    rig.sends(&["typing"]);
}

#[test]
fn typing_in_another_room_is_told_at_once() {
    let mut rig = Rig::online();
    rig.command(Command::Typing(lobby()));
    rig.command(Command::Typing(ConversationId::room("garden")));
    rig.sends(&["typing", "typing"]);
}

#[test]
fn my_typing_is_not_told_while_the_link_is_down() {
    let mut rig = Rig::online();
    rig.closed(1006);
    rig.command(Command::Typing(lobby()));
    rig.comes_back_whole();
    let sent = rig.has_sent();
    assert!(!sent.contains(&"typing".to_owned()), "{sent:?}");
}

#[test]
fn the_other_one_of_a_pair_has_read_so_far() {
    let (mut rig, pair) = talk();
    rig.sees_in(&pair, "1:sent 2:sent 3:sent");
    let conv = pair.to_string();
    rig.frame(json!({"t": "read", "conv": conv, "uid": "u-bob", "seq": 2}));
    rig.sees_in(&pair, "1:read 2:read 3:sent");
    // It never goes back.
    rig.frame(json!({"t": "read", "conv": conv, "uid": "u-bob", "seq": 1}));
    rig.sees_in(&pair, "1:read 2:read 3:sent");
    rig.frame(json!({"t": "read", "conv": conv, "uid": "u-bob", "seq": 3}));
    rig.sees_in(&pair, "1:read 2:read 3:read");
}

#[test]
fn how_far_the_other_one_has_read_is_known_on_opening() {
    let (mut rig, pair) = talk();
    let head = rig.server.head("pair:u-ann:u-bob");
    let readers = json!([{"uid": "u-bob", "seq": 2}, {"uid": "u-ann", "seq": 3}]);
    rig.frame(json!({"t": "opened", "head": head, "talk": "allowed", "readers": readers}));
    rig.sees_in(&pair, "1:read 2:read 3:sent");
}

#[test]
fn a_read_mark_that_overtakes_its_message_holds_for_it() {
    let (mut rig, pair) = talk();
    rig.say_in(&pair, "four");
    let conv = pair.to_string();
    rig.frame(json!({"t": "read", "conv": conv, "uid": "u-bob", "seq": 4}));
    let seq = rig.stores_in("pair:u-ann:u-bob", "four");
    rig.acks_in("pair:u-ann:u-bob", "four", seq);
    rig.sees_in(&pair, "1:read 2:read 3:read 4:read");
}

#[test]
fn in_a_room_nobody_is_said_to_have_read() {
    let mut rig = Rig::online();
    rig.say("mine");
    rig.takes("mine");
    rig.frame(json!({"t": "read", "conv": "room:lobby", "uid": "u-bob", "seq": 1}));
    rig.sees("1:sent");
}

#[test]
fn whether_i_may_talk_is_said_on_opening_and_may_change() {
    for (word, talk) in [
        ("hosts_only", Talk::HostsOnly),
        ("muted", Talk::Muted),
        ("closed", Talk::Closed),
        ("allowed", Talk::Allowed),
        ("something new", Talk::Allowed),
    ] {
        let mut rig = Rig::new();
        rig.start();
        rig.logs_in();
        rig.room_answers_with(word);
        assert_eq!(rig.summary(&lobby()).talk, talk, "{word}");
    }
}

#[test]
fn a_conversation_that_somebody_begins_comes_into_the_list() {
    let mut rig = Rig::online();
    rig.server
        .store("pair:u-ann:u-eve", "u-eve", "hi Ann", None);
    let mut head = rig.server.head("pair:u-ann:u-eve");
    head["title"] = json!("Eve");
    rig.frame(json!({"t": "conv", "head": head}));
    let pair = ConversationId::pair(Uid::new("u-ann"), Uid::new("u-eve"));
    let summary = rig.summary(&pair);
    assert_eq!((summary.title.as_str(), summary.unread), ("Eve", 1));
    assert_eq!(
        summary.last.as_ref().map(|it| it.text.as_str()),
        Some("hi Ann")
    );
    assert_eq!(rig.pages_wanted(), 0, "not read before it is on show");
}

#[test]
fn a_room_may_change_its_name() {
    let mut rig = Rig::online();
    let mut head = rig.server.head("room:lobby");
    head["title"] = json!("The Lobby");
    rig.frame(json!({"t": "conv", "head": head}));
    assert_eq!(rig.summary(&lobby()).title, "The Lobby");
    rig.closed(1006);
    rig.comes_back_whole();
    assert_eq!(rig.summary(&lobby()).title, "The Lobby");
}
