//! What the device keeps: over reloads, for one person only, and as honestly
//! as the storage allows.

use parlance_core::ids::ConversationId;
use parlance_core::session::{Durability, Oddity};
use parlance_core::{Command, Event, Status};

use crate::rig::{Launch, Rig, lobby};

const A_DAY: f64 = 24.0 * 3_600.0;

/// A page with this unsent, which is then loaded again.
fn reloaded_with(texts: &[&str], after: f64) -> Rig {
    let mut rig = Rig::online();
    rig.closed(1006);
    for text in texts {
        rig.say(text);
    }
    rig.reloads(after);
    rig
}

#[test]
fn what_is_unsent_is_on_show_again_before_the_server_answers() {
    let mut rig = reloaded_with(&["one", "two"], 1.0);
    rig.start();
    rig.sees("(one queued) (two queued)");
}

#[test]
fn what_is_unsent_goes_after_a_reload_once_in_order_and_under_its_id() {
    let mut rig = Rig::online();
    rig.say("one");
    rig.say("two");
    let first = rig.cid("one");
    rig.reloads(5.0);
    rig.start();
    rig.logs_in();
    rig.settles();
    assert_eq!(rig.cid("one"), first);
    rig.takes("one");
    rig.takes("two");
    rig.sees("1:sent 2:sent");
    assert_eq!(rig.disk.unsent_of("u-ann"), 0);
}

#[test]
fn a_reload_after_the_commit_shows_the_message_once() {
    let mut rig = Rig::online();
    rig.say("one");
    let seq = rig.stores("one");
    rig.reloads(1.0);
    rig.start();
    rig.logs_in();
    rig.settles();
    rig.sees("1:sent");
    rig.acks("one", seq);
    rig.sees("1:sent");
    assert_eq!(rig.server.times_stored("one"), 1);
    assert_eq!(rig.disk.unsent_of("u-ann"), 0);
}

#[test]
fn a_reload_at_any_moment_of_a_message_neither_loses_nor_doubles_it() {
    // Said, kept, handed over, committed, acknowledged, echoed, forgotten.
    for moment in 0..7 {
        let mut rig = Rig::online_with(2);
        rig.storage_waits();
        rig.say("hello");
        let mut kept = false;
        if moment > 0 {
            rig.saved();
            kept = true;
        }
        if moment > 1 {
            rig.stores("hello");
        }
        if moment > 2 {
            rig.acks("hello", 3);
        }
        if moment > 3 {
            rig.push(3);
        }
        if moment > 4 {
            rig.saved();
        }
        rig.reloads(if moment > 5 { 100.0 } else { 1.0 });
        rig.storage_works();
        rig.start();
        rig.logs_in();
        rig.settles();
        if kept && moment < 2 {
            rig.takes("hello");
        }
        let expected = if kept { "1 2 3:sent" } else { "1 2" };
        rig.sees(expected);
        assert!(rig.server.times_stored("hello") <= 1);
        assert!(rig.session.outbox().is_empty(), "{moment}");
    }
}

#[test]
fn what_the_device_answers_late_is_not_shown_twice() {
    // The page of the log comes before the device has answered.
    let mut rig = Rig::online();
    rig.say("one");
    rig.stores("one");
    rig.storage_waits();
    rig.reloads(1.0);
    rig.start();
    rig.logs_in();
    rig.settles();
    rig.sees("1:sent");
    rig.loaded();
    rig.sees("1:sent");
    rig.sends_nothing();
    rig.storage_works();
    assert_eq!(rig.disk.unsent_of("u-ann"), 0);
}

#[test]
fn what_is_said_before_the_device_has_answered_goes_after_what_it_kept() {
    let mut rig = reloaded_with(&["one", "two"], 5.0);
    rig.storage_waits();
    rig.start();
    rig.logs_in();
    rig.settles();
    rig.say("three");
    rig.saved_any();
    rig.loaded();
    rig.storage_works();
    for text in ["one", "two", "three"] {
        rig.takes(text);
    }
    assert_eq!(rig.server.mine_in("room:lobby"), ["one", "two", "three"]);
    rig.sees("1:sent 2:sent 3:sent");
}

#[test]
fn what_is_older_than_a_day_is_not_sent_without_asking() {
    let mut rig = reloaded_with(&["old"], A_DAY + 1.0);
    rig.start();
    rig.logs_in();
    rig.settles();
    rig.sees("(old asking)");
    rig.say("new");
    rig.sees("(old asking) (new waiting)");
    assert!(rig.has_sent().is_empty());

    rig.retry("old");
    rig.sends(&["send old"]);
    rig.takes("old");
    rig.takes("new");
    rig.sees("1:sent 2:sent");
}

#[test]
fn what_is_a_little_younger_than_a_day_is_sent() {
    let mut rig = reloaded_with(&["old"], A_DAY - 60.0);
    rig.start();
    rig.logs_in();
    rig.sees("(old sending)");
}

#[test]
fn what_is_too_old_can_be_given_up() {
    let mut rig = reloaded_with(&["old", "older still"], 2.0 * A_DAY);
    rig.start();
    rig.logs_in();
    rig.settles();
    rig.delete("old");
    rig.delete("older still");
    rig.sees("");
    assert_eq!(rig.disk.unsent_of("u-ann"), 0);
}

#[test]
fn a_device_whose_clock_went_back_sends_what_it_kept() {
    let mut rig = reloaded_with(&["one"], 1.0);
    let wall = parlance_core::time::UnixMillis(0);
    rig.storage_waits();
    rig.start();
    rig.loaded_at(wall);
    rig.logs_in();
    rig.sees("(one sending)");
}

#[test]
fn the_outbox_refuses_visibly_when_it_is_full() {
    let mut rig = Rig::online();
    rig.closed(1006);
    for number in 0..500 {
        rig.say(&format!("line {number}"));
    }
    assert_eq!(rig.rows(&lobby()).len(), 500);
    rig.say("one too many");
    assert_eq!(rig.rows(&lobby()).len(), 500);
    let given_back = Event::OutboxFull(lobby(), "one too many".to_owned());
    assert!(rig.was_told(&given_back));
    rig.delete("line 0");
    rig.say("fits now");
    assert_eq!(rig.rows(&lobby()).len(), 500);
}

#[test]
fn the_outbox_refuses_visibly_what_is_too_much_in_bytes() {
    let mut rig = Rig::online();
    rig.closed(1006);
    rig.say(&"x".repeat(3 << 20));
    rig.say(&"y".repeat(3 << 20));
    assert_eq!(rig.rows(&lobby()).len(), 1);
    assert!(
        rig.events
            .iter()
            .any(|it| matches!(it, Event::OutboxFull(..)))
    );
}

#[test]
fn storage_that_fails_is_said_and_the_message_goes_all_the_same() {
    let mut rig = Rig::online();
    rig.storage_fails();
    rig.say("hello");
    rig.sees("(hello sending)");
    assert_eq!(rig.durability(), Durability::LostOnClose);
    assert!(rig.counted(Oddity::Storage) > 0);
    rig.takes("hello");
    rig.sees("1:sent");
}

#[test]
fn storage_that_is_slow_is_not_waited_for_longer_than_two_seconds() {
    let mut rig = Rig::online();
    rig.storage_waits();
    rig.say("hello");
    rig.advance(1.999);
    rig.sees("");
    rig.advance(0.001);
    rig.sees("(hello sending)");
    assert_eq!(rig.durability(), Durability::LostOnClose);
    // It comes after all: closing loses nothing any more.
    rig.saved();
    rig.sees("(hello sending)");
    assert_eq!(rig.durability(), Durability::Kept);
}

#[test]
fn storage_that_recovers_is_given_what_it_missed() {
    let mut rig = Rig::online();
    rig.closed(1006);
    rig.storage_fails();
    rig.say("one");
    rig.say("two");
    assert_eq!(rig.disk.unsent_of("u-ann"), 0);
    rig.storage_works();
    rig.say("three");
    assert_eq!(rig.disk.unsent_of("u-ann"), 3);
    assert_eq!(rig.durability(), Durability::Kept);
    rig.reloads(1.0);
    rig.start();
    rig.sees("(one queued) (two queued) (three queued)");
}

#[test]
fn storage_that_cannot_be_read_is_said_and_the_session_works() {
    let mut rig = Rig::new();
    rig.storage_fails();
    rig.goes_online();
    assert_eq!(rig.durability(), Durability::LostOnClose);
    rig.say("hello");
    rig.takes("hello");
    rig.sees("1:sent");
}

#[test]
fn a_broken_row_is_counted_and_costs_no_other() {
    let mut rig = reloaded_with(&["good"], 1.0);
    for (name, value) in [
        ("broken", "{".to_owned()),
        ("other-version", r#"{"v":9}"#.to_owned()),
        (
            "no-cid",
            r#"{"v":1,"cid":"","conv":"room:x","body":{},"at":1,"order":1}"#.to_owned(),
        ),
    ] {
        rig.disk
            .unsent
            .insert(("u-ann".to_owned(), name.to_owned()), value);
    }
    rig.start();
    rig.sees("(good queued)");
    assert_eq!(rig.counted(Oddity::BadRow), 3);
    assert_eq!(
        rig.disk.unsent_of("u-ann"),
        4,
        "left for whoever can read it"
    );
}

#[test]
fn a_row_with_an_impossible_order_does_no_harm() {
    let mut rig = Rig::new();
    for (cid, order) in [("a", u64::MAX), ("b", u64::MAX), ("c", u64::MAX - 1)] {
        let value = format!(
            r#"{{"v":1,"cid":"{cid}","conv":"room:lobby","body":{{"kind":"text","text":"{cid}"}},"at":{},"order":{order}}}"#,
            rig.wall().0
        );
        rig.disk
            .unsent
            .insert(("u-ann".to_owned(), cid.to_owned()), value);
    }
    rig.goes_online();
    rig.say("next");
    let said: Vec<String> = rig
        .session
        .outbox()
        .entries()
        .map(|it| it.draft.content.text().to_owned())
        .collect();
    assert_eq!(said.last().map(String::as_str), Some("next"));
}

#[test]
fn rows_of_another_person_are_never_shown_or_sent() {
    // Ann's messages wait on the device; the cookie turns out to be Eve's.
    let mut rig = reloaded_with(&["ann's secret"], 1.0);
    rig.server.me = "u-eve";
    rig.start();
    rig.sees("(ann's secret queued)");
    rig.logs_in();
    rig.sees("");
    rig.settles();
    rig.say("eve's");
    rig.sends(&["send eve's"]);
    rig.takes("eve's");
    rig.sees("1:sent");
    assert_eq!(rig.disk.unsent_of("u-ann"), 1, "kept for Ann");

    rig.server.me = "u-ann";
    rig.reloads(1.0);
    rig.start();
    rig.logs_in();
    rig.settles();
    rig.takes("ann's secret");
    rig.sees("1 2:sent");
}

#[test]
fn what_the_device_answers_about_somebody_who_left_is_ignored() {
    let mut rig = reloaded_with(&["ann's secret"], 1.0);
    rig.storage_waits();
    rig.server.me = "u-eve";
    rig.start();
    rig.logs_in();
    // The answer about Ann comes only now.
    rig.loaded();
    rig.sees("");
    rig.loaded();
    rig.settles();
    rig.sees("");
    assert!(rig.session.outbox().is_empty());
}

#[test]
fn after_a_killed_browser_the_cookie_alone_brings_the_outbox_back() {
    let mut rig = reloaded_with(&["one"], 1.0);
    rig.relaunch(Launch {
        last_known: None,
        ..Launch::default()
    });
    rig.start();
    rig.sees("");
    rig.logs_in();
    rig.settles();
    rig.takes("one");
    rig.sees("1:sent");
}

#[test]
fn what_is_said_before_anybody_is_known_is_kept_once_somebody_is() {
    let mut rig = Rig::launched(Launch {
        last_known: None,
        ..Launch::default()
    });
    rig.start();
    rig.say("early");
    rig.sees("(early queued)");
    assert_eq!(rig.durability(), Durability::LostOnClose);
    rig.logs_in();
    assert_eq!(rig.disk.unsent_of("u-ann"), 1);
    assert_eq!(rig.durability(), Durability::Kept);
    rig.settles();
    rig.takes("early");
    rig.sees("1:sent");
}

#[test]
fn unfinished_text_comes_back_and_goes_with_the_message() {
    let mut rig = Rig::online();
    rig.command(Command::Draft(lobby(), "half a tho".to_owned()));
    rig.reloads(1.0);
    rig.start();
    assert!(rig.was_told(&Event::Draft(lobby(), "half a tho".to_owned())));
    rig.say("half a thought");
    rig.reloads(1.0);
    rig.start();
    assert!(!rig.events.iter().any(|it| matches!(it, Event::Draft(..))));
}

#[test]
fn an_unfinished_text_with_a_strange_place_is_ignored() {
    let mut rig = Rig::new();
    rig.disk
        .unfinished
        .insert(("u-ann".to_owned(), "pair:x".to_owned()), "?".to_owned());
    rig.start();
    assert!(!rig.events.iter().any(|it| matches!(it, Event::Draft(..))));
    rig.is(Status::Connecting);
}

#[test]
fn the_outbox_of_a_conversation_that_is_not_on_show_goes_too() {
    let garden = ConversationId::room("garden");
    let mut rig = Rig::online();
    rig.closed(1006);
    rig.say_in(&garden, "rose");
    rig.reloads(1.0);
    rig.start();
    rig.logs_in();
    assert!(rig.has_sent().contains(&"send room:garden rose".to_owned()));
    let seq = rig.stores_in("room:garden", "rose");
    rig.acks_in("room:garden", "rose", seq);
    rig.sees_in(&garden, "(rose sent)");
    assert_eq!(rig.disk.unsent_of("u-ann"), 0);
}
