//! Messages that the server does not take: again later, or never; and what the
//! person can do about it.

use parlance_core::ids::ConversationId;
use parlance_core::timeline::{Delivery, Failure, Row};

use crate::rig::{Rig, lobby, seconds};

fn failure(rig: &Rig) -> Option<Failure> {
    rig.rows(&lobby()).iter().find_map(|row| match row {
        Row::Message(item) => match &item.delivery {
            Some(Delivery::Failed(failure)) => Some(failure.clone()),
            _ => None,
        },
        Row::Gap(_) => None,
    })
}

#[test]
fn a_transient_refusal_is_tried_again_after_its_time() {
    let mut rig = Rig::online();
    rig.say("one");
    rig.say("two");
    rig.nacks("one", "unavailable", Some(2_000));
    rig.sees("(one queued) (two queued)");
    rig.sends(&["send one"]);
    rig.advance(1.999);
    rig.sends_nothing();
    rig.advance(0.001);
    rig.sends(&["send one"]);
    rig.takes("one");
    rig.sends(&["send two"]);
}

#[test]
fn a_storm_of_rate_limits_is_not_hammered_against() {
    let mut rig = Rig::online();
    rig.server_answers_pings();
    rig.say("one");
    let mut sent = 0;
    let began = rig.now;
    while rig.now.since(began) < seconds(60.0) {
        let said = rig.has_sent().iter().filter(|it| *it == "send one").count();
        sent += said;
        if said > 0 {
            rig.nacks("one", "rate_limited", Some(5_000));
        }
        rig.advance(0.5);
    }
    assert!((10..=13).contains(&sent), "{sent}");
}

#[test]
fn a_refusal_that_says_at_once_is_not_a_busy_loop() {
    let mut rig = Rig::online();
    rig.say("one");
    for _ in 0..5 {
        rig.nacks("one", "unavailable", Some(0));
    }
    let sent = rig.has_sent();
    assert_eq!(sent.len(), 6);
}

#[test]
fn a_delay_outlives_the_link() {
    let mut rig = Rig::online();
    rig.say("one");
    rig.nacks("one", "rate_limited", Some(60_000));
    rig.closed(1006);
    rig.comes_back_whole();
    assert!(!rig.has_sent().contains(&"send one".to_owned()));
    rig.server_answers_pings();
    rig.advance(60.0);
    assert!(rig.has_sent().contains(&"send one".to_owned()));
}

#[test]
fn a_permanent_refusal_holds_those_behind_it() {
    let mut rig = Rig::online();
    rig.say("one");
    rig.say("two");
    rig.nacks("one", "forbidden", None);
    rig.sees("(one failed) (two waiting)");
    rig.sends(&["send one"]);
    rig.say("three");
    rig.sees("(one failed) (two waiting) (three waiting)");
    rig.advance(10.0);
    rig.sends_nothing();
    assert_eq!(failure(&rig), Some(Failure::Forbidden));
}

#[test]
fn a_refusal_holds_only_its_own_conversation() {
    let mut rig = Rig::online();
    rig.say("one");
    rig.nacks("one", "forbidden", None);
    rig.has_sent();
    let garden = ConversationId::room("garden");
    rig.say_in(&garden, "rose");
    rig.sends(&["send room:garden rose"]);
    let seq = rig.stores_in("room:garden", "rose");
    rig.acks_in("room:garden", "rose", seq);
    rig.say_in(&garden, "tulip");
    rig.sends(&["send room:garden tulip"]);
}

#[test]
fn each_refusal_says_why() {
    for (code, expected) in [
        ("too_large", Failure::TooLarge),
        ("forbidden", Failure::Forbidden),
        ("no_conversation", Failure::NoConversation),
        ("bad_body", Failure::Other("bad_body".to_owned())),
    ] {
        let mut rig = Rig::online();
        rig.say("one");
        rig.nacks("one", code, None);
        assert_eq!(failure(&rig), Some(expected), "{code}");
    }
}

#[test]
fn a_refused_message_can_be_tried_again() {
    let mut rig = Rig::online();
    rig.say("one");
    rig.say("two");
    rig.nacks("one", "forbidden", None);
    rig.has_sent();
    rig.retry("one");
    rig.sends(&["send one"]);
    rig.sees("(one sending) (two queued)");
    rig.takes("one");
    rig.takes("two");
    rig.sees("1:sent 2:sent");
}

#[test]
fn a_refused_message_can_be_said_in_other_words() {
    let mut rig = Rig::online();
    rig.say("too long");
    rig.say("two");
    let key = rig.rows(&lobby())[0].key();
    rig.nacks("too long", "too_large", None);
    rig.has_sent();
    rig.edit("too long", "short");
    rig.sends(&["send short"]);
    rig.sees("(short sending) (two queued)");
    assert_eq!(rig.rows(&lobby())[0].key(), key);
    rig.takes("short");
    rig.takes("two");
    assert_eq!(rig.server.mine_in("room:lobby"), ["short", "two"]);
    assert_eq!(rig.disk.unsent_of("u-ann"), 0);
}

#[test]
fn other_words_are_kept_before_they_are_queued() {
    let mut rig = Rig::online();
    rig.say("too long");
    rig.nacks("too long", "too_large", None);
    rig.has_sent();
    rig.storage_waits();
    rig.edit("too long", "short");
    rig.sends_nothing();
    rig.storage_works();
    rig.sends(&["send short"]);
    rig.sees("(short sending)");
}

#[test]
fn other_words_that_storage_is_slow_to_keep_go_after_two_seconds() {
    let mut rig = Rig::online();
    rig.say("too long");
    rig.nacks("too long", "too_large", None);
    rig.has_sent();
    rig.storage_waits();
    rig.edit("too long", "short");
    rig.advance(2.0);
    rig.sends(&["send short"]);
}

#[test]
fn other_words_never_bear_an_id_that_the_server_may_have_for_the_old_ones() {
    // Too old to go unasked: whether it arrived is not known.
    let mut rig = Rig::online();
    rig.say("old words");
    let old = rig.cid("old words");
    rig.stores("old words");
    rig.server.has("room:lobby", 100);
    rig.reloads(25.0 * 3_600.0);
    rig.start();
    rig.logs_in();
    rig.settles();
    rig.edit("old words", "new words");
    assert_ne!(rig.cid("new words"), old);
    rig.takes("new words");
    rig.sees("52-101 102:sent");
    assert_eq!(rig.disk.unsent_of("u-ann"), 0);
}

#[test]
fn other_words_count_for_the_outbox_as_they_are() {
    let mut rig = Rig::online();
    rig.say("one");
    rig.nacks("one", "too_large", None);
    rig.edit("one", &"x".repeat(4 << 20));
    rig.say(&"y".repeat(2 << 20));
    let full = rig
        .events
        .iter()
        .any(|it| matches!(it, parlance_core::Event::OutboxFull(..)));
    assert!(full, "six megabytes fit into five");
}

#[test]
fn a_refused_message_can_be_given_up() {
    let mut rig = Rig::online();
    rig.say("one");
    rig.say("two");
    rig.nacks("one", "forbidden", None);
    rig.has_sent();
    rig.delete("one");
    rig.sees("(two sending)");
    rig.sends(&["send two"]);
    assert_eq!(rig.disk.unsent_of("u-ann"), 1);
}

#[test]
fn of_several_on_their_way_the_largest_is_the_one_too_large() {
    let mut rig = Rig::online();
    let garden = ConversationId::room("garden");
    rig.say("enormous");
    rig.say_in(&garden, "rose");
    rig.has_sent();
    rig.closed(1009);
    rig.sees("(enormous failed)");
    rig.sees_in(&garden, "(rose queued)");
    rig.comes_back_whole();
    let sent = rig.has_sent();
    let said: Vec<_> = sent.iter().filter(|it| it.starts_with("send")).collect();
    assert_eq!(said, ["send room:garden rose"]);
}

#[test]
fn a_message_larger_than_the_server_reads_fails_and_holds_those_behind_it() {
    let mut rig = Rig::online();
    rig.say("enormous");
    rig.say("two");
    rig.closed(1009);
    rig.sees("(enormous failed) (two waiting)");
    assert_eq!(failure(&rig), Some(Failure::TooLarge));
    rig.comes_back_whole();
    let sent = rig.has_sent();
    assert!(sent.iter().all(|it| !it.starts_with("send")), "{sent:?}");
}

#[test]
fn a_refused_message_that_was_stored_all_the_same_is_proved_by_its_page() {
    let mut rig = Rig::online();
    rig.say("one");
    rig.stores("one");
    rig.closed(1009);
    rig.sees("(one failed)");
    rig.comes_back_whole();
    rig.sees("1:sent");
}
