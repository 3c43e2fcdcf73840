//! The way out: kept, shown, handed over, proved; one at a time in each
//! conversation, under one id, however often the path breaks.

use parlance_core::Status;
use parlance_core::ids::ConversationId;
use parlance_core::session::Oddity;

use crate::rig::{Rig, lobby, seconds};

fn garden() -> ConversationId {
    ConversationId::room("garden")
}

#[test]
fn a_message_is_queued_only_after_the_device_has_kept_it() {
    let mut rig = Rig::online();
    rig.storage_waits();
    rig.say("hello");
    rig.sees("");
    rig.sends_nothing();
    rig.saved();
    rig.sees("(hello sending)");
    rig.sends(&["send hello"]);
}

#[test]
fn a_message_is_handed_over_acknowledged_and_echoed() {
    let mut rig = Rig::online_with(2);
    rig.say("hello");
    rig.sees("1 2 (hello sending)");
    let seq = rig.stores("hello");
    rig.acks("hello", seq);
    rig.sees("1 2 3:sent");
    rig.push(seq);
    rig.sees("1 2 3:sent");
    assert_eq!(rig.counted(Oddity::Duplicate), 0);
    assert!(rig.session.outbox().is_empty());
    assert_eq!(rig.disk.unsent_of("u-ann"), 0);
}

#[test]
fn the_echo_may_come_before_the_acknowledgement() {
    let mut rig = Rig::online_with(2);
    rig.say("hello");
    let seq = rig.stores("hello");
    rig.push(seq);
    rig.sees("1 2 3:sent");
    rig.acks("hello", seq);
    rig.sees("1 2 3:sent");
    assert!(rig.session.outbox().is_empty());
}

#[test]
fn a_row_keeps_its_key_from_saying_to_proof() {
    let mut rig = Rig::online();
    rig.say("hello");
    let before = rig.rows(&lobby())[0].key();
    rig.takes("hello");
    assert_eq!(rig.rows(&lobby())[0].key(), before);
}

#[test]
fn the_next_goes_when_the_one_before_is_proved() {
    let mut rig = Rig::online();
    for text in ["one", "two", "three"] {
        rig.say(text);
    }
    rig.sends(&["send one"]);
    rig.sees("(one sending) (two queued) (three queued)");
    rig.takes("one");
    rig.sends(&["send two"]);
    rig.sees("1:sent (two sending) (three queued)");
    rig.takes("two");
    rig.takes("three");
    rig.sees("1:sent 2:sent 3:sent");
}

#[test]
fn conversations_do_not_wait_for_each_other() {
    let mut rig = Rig::online();
    rig.say("one");
    rig.say_in(&garden(), "rose");
    rig.sends(&["send one", "send room:garden rose"]);
    rig.say("two");
    rig.sends_nothing();
    let seq = rig.stores_in("room:garden", "rose");
    rig.acks_in("room:garden", "rose", seq);
    rig.sends_nothing();
}

#[test]
fn what_others_say_meanwhile_stands_above_what_waits() {
    let mut rig = Rig::online_with(1);
    rig.say("mine");
    rig.bob_says("his");
    rig.sees("1 2 (mine sending)");
    rig.takes("mine");
    rig.sees("1 2 3:sent");
}

#[test]
fn an_acknowledgement_ahead_of_a_push_waits_for_it() {
    let mut rig = Rig::online_with(1);
    rig.say("mine");
    let his = rig.server.store("room:lobby", "u-bob", "his", None);
    let mine = rig.stores("mine");
    rig.acks("mine", mine);
    rig.sees("1 (mine sent)");
    rig.push(his);
    rig.sees("1 2 3:sent");
}

#[test]
fn a_lost_acknowledgement_is_made_good_by_the_page_after_the_welcome() {
    let mut rig = Rig::online_with(2);
    rig.say("hello");
    rig.stores("hello");
    rig.closed(1006);
    rig.sees("1 2 (hello queued)");
    rig.comes_back();
    // What the server has is asked for first: it may have the message.
    assert!(!rig.has_sent().contains(&"send hello".to_owned()));
    rig.answers_all();
    rig.sees("1 2 3:sent");
    rig.sends_nothing();
    assert_eq!(rig.server.times_stored("hello"), 1);
}

#[test]
fn a_message_that_the_server_has_not_goes_again_under_the_same_id() {
    let mut rig = Rig::online();
    rig.say("hello");
    let first = rig.cid("hello");
    rig.closed(1006);
    rig.comes_back_whole();
    assert!(rig.has_sent().contains(&"send hello".to_owned()));
    assert_eq!(rig.cid("hello"), first);
    rig.takes("hello");
    rig.sees("1:sent");
}

#[test]
fn what_is_typed_offline_is_sent_once_and_in_order_on_return() {
    let mut rig = Rig::online();
    rig.closed(1006);
    for text in ["one", "two", "three"] {
        rig.say(text);
    }
    rig.sees("(one queued) (two queued) (three queued)");
    rig.comes_back_whole();
    for text in ["one", "two", "three"] {
        rig.takes(text);
    }
    assert_eq!(rig.server.mine_in("room:lobby"), ["one", "two", "three"]);
    rig.sees("1:sent 2:sent 3:sent");
}

#[test]
fn a_path_that_is_cut_every_three_seconds_loses_and_doubles_nothing() {
    let mut rig = Rig::online();
    let mut said = Vec::new();
    let began = rig.now;
    let mut committed: Vec<String> = Vec::new();
    let mut cut = 0;
    while rig.now.since(began) < seconds(600.0) {
        let text = format!("line {}", said.len());
        rig.say(&text);
        said.push(text);
        rig.advance(0.5);
        if rig.session.status() == Status::Online {
            // Commits what is in flight; the acknowledgement is lost when the
            // path is cut right now.
            for frame in rig.has_sent() {
                let Some(text) = frame.strip_prefix("send ") else {
                    continue;
                };
                let lost = cut % 3 == 0 && rig.now.as_millis() % 3_000 >= 2_000;
                if !committed.contains(&text.to_owned()) {
                    committed.push(text.to_owned());
                    rig.stores(text);
                }
                if !lost {
                    let seq = committed.iter().position(|it| it == text);
                    rig.acks(text, seq.map_or(0, |at| at as u64 + 1));
                }
            }
        }
        if rig.now.as_millis() % 3_000 < 500 && rig.has_link() {
            rig.closed(1006);
            cut += 1;
            rig.comes_back_whole();
        }
    }
    assert!(cut > 40, "{cut}");
    rig.comes_back_if_away();
    while !rig.session.outbox().is_empty() {
        for frame in rig.has_sent() {
            if let Some(text) = frame.strip_prefix("send ") {
                if !committed.contains(&text.to_owned()) {
                    committed.push(text.to_owned());
                    rig.stores(text);
                }
                let seq = committed.iter().position(|it| it == text);
                rig.acks(text, seq.map_or(0, |at| at as u64 + 1));
            }
        }
    }
    assert_eq!(rig.server.mine_in("room:lobby"), said);
    assert_eq!(rig.rows(&lobby()).len(), said.len());
}

#[test]
fn an_acknowledgement_said_twice_or_of_nothing_is_counted_and_harmless() {
    let mut rig = Rig::online();
    rig.say("hello");
    let seq = rig.takes("hello");
    rig.acks("hello", seq);
    rig.frame(serde_json::json!({
        "t": "ack", "cid": "nobody", "conv": "room:lobby", "seq": 99, "id": "x", "ts": 1
    }));
    rig.frame(serde_json::json!({"t": "nack", "cid": "nobody", "code": "forbidden"}));
    rig.sees("1:sent");
    assert_eq!(rig.counted(Oddity::StrayAck), 3);
}

#[test]
fn an_acknowledgement_that_comes_late_on_a_new_link_counts() {
    let mut rig = Rig::online();
    rig.say("hello");
    let seq = rig.stores("hello");
    rig.closed(1006);
    rig.comes_back();
    rig.acks("hello", seq);
    rig.answers_all();
    rig.sees("1:sent");
    assert!(!rig.has_sent().contains(&"send hello".to_owned()));
}

#[test]
fn a_message_of_another_person_never_becomes_mine_by_its_id() {
    let mut rig = Rig::online();
    rig.say("hello");
    let cid = rig.cid("hello");
    rig.server.store("room:lobby", "u-bob", "forged", None);
    let mut message = rig.server.message("room:lobby", 1);
    message["cid"] = serde_json::json!(cid);
    rig.frame(serde_json::json!({"t": "push", "conv": "room:lobby", "msg": message}));
    rig.sees("1 (hello sending)");
    assert!(!rig.session.outbox().is_empty());
    rig.takes("hello");
    rig.sees("1 2:sent");
}

#[test]
fn what_i_say_on_another_device_is_mine_and_sent() {
    let mut rig = Rig::online();
    let other = Some("other-device".to_owned());
    let seq = rig
        .server
        .store("room:lobby", "u-ann", "from the phone", other);
    rig.push(seq);
    rig.sees("1:sent");
    rig.unread_is(0);
}

#[test]
fn a_message_on_its_way_cannot_be_deleted_or_tried_again() {
    let mut rig = Rig::online();
    rig.say("hello");
    rig.sends(&["send hello"]);
    rig.delete("hello");
    rig.retry("hello");
    rig.edit("hello", "bye");
    rig.sees("(hello sending)");
    rig.sends_nothing();
    rig.takes("hello");
    rig.sees("1:sent");
}

#[test]
fn a_message_that_waits_for_the_network_can_be_taken_back() {
    let mut rig = Rig::online();
    rig.closed(1006);
    rig.say("one");
    rig.say("two");
    rig.delete("one");
    rig.sees("(two queued)");
    assert_eq!(rig.disk.unsent_of("u-ann"), 1);
    rig.comes_back_whole();
    assert!(!rig.has_sent().contains(&"send one".to_owned()));
    rig.takes("two");
    rig.sees("1:sent");
}

#[test]
fn pages_that_never_come_do_not_hold_a_message_for_ever() {
    let mut rig = Rig::online_with(10);
    rig.server_answers_pings();
    rig.say("hello");
    rig.server.has("room:lobby", 3);
    rig.closed(1006);
    rig.comes_back();
    // The store of pages is down; the rest of the server is well.
    rig.advance(8.1);
    assert!(rig.has_sent().contains(&"send hello".to_owned()));
}

#[test]
fn a_page_that_cannot_be_had_does_not_hold_a_message() {
    for retry in [None, Some(60_000)] {
        let mut rig = Rig::online_with(10);
        rig.say("hello");
        rig.server.has("room:lobby", 3);
        rig.closed(1006);
        rig.comes_back();
        rig.gone(retry);
        assert!(
            rig.has_sent().contains(&"send hello".to_owned()),
            "{retry:?}"
        );
    }
}

#[test]
fn a_message_proved_far_above_what_is_here_stands_in_its_place() {
    // Sent yesterday, its acknowledgement lost with the page; meanwhile the
    // room went on.
    let mut rig = Rig::online_with(3);
    rig.say("hello");
    rig.stores("hello");
    rig.server.has("room:lobby", 300);
    rig.reloads(600.0);
    rig.start();
    rig.logs_in();
    rig.settles();
    rig.acks("hello", 4);
    rig.sees("4:sent [5..254] 255-304");
    rig.load_older();
    rig.answers_all();
    rig.sees("1-3 4:sent [5..254] 255-304");
}

#[test]
fn a_proof_before_the_first_page_ends_in_the_same_place() {
    let mut rig = Rig::online_with(3);
    rig.say("hello");
    rig.stores("hello");
    rig.server.has("room:lobby", 300);
    rig.reloads(600.0);
    rig.start();
    rig.logs_in();
    rig.acks("hello", 4);
    rig.room_answers();
    rig.answers_all();
    rig.sees("4:sent [5..254] 255-304");
}

#[test]
fn the_restart_of_a_server_between_two_messages_is_not_noticed_in_the_order() {
    let mut rig = Rig::online();
    rig.say("one");
    rig.say("two");
    rig.stores("one");
    rig.frame(serde_json::json!({"t": "bye", "retry_ms": 500}));
    rig.comes_back_whole();
    rig.takes("two");
    rig.sees("1:sent 2:sent");
    assert_eq!(rig.server.mine_in("room:lobby"), ["one", "two"]);
}
