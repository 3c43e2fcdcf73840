//! A server that was restored from a backup: another epoch, and a log that was
//! cut short. What of mine it lacks is offered, in its old place, and nothing
//! is shown twice.

use parlance_core::content::Content;
use parlance_core::ids::{ClientId, Epoch};
use parlance_core::outbox::Draft;
use parlance_core::session::What;
use parlance_core::timeline::Row;
use parlance_core::{Command, Event, Input};

use crate::rig::{Rig, lobby};

/// Bob has said three lines, and so much was said by me, sent and proved.
fn said(texts: &[&str]) -> Rig {
    let mut rig = Rig::online_with(3);
    for text in texts {
        rig.say(text);
        rig.takes(text);
    }
    rig
}

/// The server comes back with this much of its log, and is read anew.
fn restored(rig: &mut Rig, epoch: &str, keep: usize) {
    rig.closed(1006);
    rig.server.restored_to(epoch, keep);
    rig.comes_back_whole();
}

fn told_of_restores(rig: &Rig) -> (usize, usize) {
    let notes = rig.session.story();
    let notes = notes.filter(|note| note.what == What::Restored).count();
    let told = rig.events.iter().filter(|it| **it == Event::Restored);
    (notes, told.count())
}

#[test]
fn what_a_restored_server_lacks_of_mine_is_offered_in_its_place() {
    let mut rig = said(&["one", "two", "three"]);
    rig.sees("1-3 4:sent 5:sent 6:sent");
    assert_eq!(told_of_restores(&rig), (0, 0));
    restored(&mut rig, "e2", 3);
    rig.sees("1-3 {one} {two} {three}");
    // Said since: below.
    rig.bob_says("anybody here?");
    rig.say("me");
    rig.takes("me");
    rig.sees("1-3 {one} {two} {three} 4 5:sent");
    assert_eq!(told_of_restores(&rig), (1, 1));
}

#[test]
fn nothing_is_offered_before_the_log_is_here() {
    let mut rig = said(&["one"]);
    rig.closed(1006);
    rig.server.restored_to("e2", 3);
    rig.until_dial(70.0);
    rig.logs_in();
    rig.sees("");
    rig.room_answers();
    rig.sees("");
    rig.answers_all();
    rig.sees("1-3 {one}");
}

#[test]
fn what_others_said_is_gone_and_what_i_said_stands_where_it_stood() {
    let mut rig = said(&["one"]);
    rig.bob_says("lost");
    rig.say("two");
    rig.takes("two");
    rig.closed(1006);
    rig.server.restored_to("e2", 4);
    // Others are back before me.
    rig.server.has("room:lobby", 4);
    rig.comes_back_whole();
    rig.sees("1-3 4:sent {two} 5-8");
}

#[test]
fn a_restore_that_loses_only_others_offers_nothing() {
    let mut rig = said(&["one"]);
    rig.bob_says("lost");
    restored(&mut rig, "e2", 4);
    rig.sees("1-3 4:sent");
    assert_eq!(told_of_restores(&rig), (1, 1));
}

#[test]
fn a_log_that_was_only_renamed_offers_nothing() {
    let mut rig = said(&["one", "two"]);
    restored(&mut rig, "e2", 5);
    rig.sees("1-3 4:sent 5:sent");
}

#[test]
fn said_again_it_bears_the_same_id_and_is_shown_once() {
    let mut rig = said(&["one", "two"]);
    let cid = rig.cid("one");
    restored(&mut rig, "e2", 3);
    rig.has_sent();
    rig.retry("one");
    rig.sees("1-3 {two} (one sending)");
    rig.sends(&["send one"]);
    assert_eq!(rig.cid("one"), cid);
    rig.takes("one");
    rig.sees("1-3 {two} 4:sent");
    assert_eq!(rig.server.times_stored("one"), 1);
    rig.retry("two");
    rig.takes("two");
    rig.sees("1-3 4:sent 5:sent");
    assert!(rig.session.outbox().is_empty());
}

#[test]
fn said_again_to_a_server_that_has_it_after_all_it_is_one_row() {
    let mut rig = said(&["one"]);
    let cid = rig.cid("one");
    restored(&mut rig, "e2", 3);
    rig.sees("1-3 {one}");
    rig.retry("one");
    // From another device of mine, which was quicker; here the server says
    // only that it has it.
    let seq = rig.server.store("room:lobby", "u-ann", "one", Some(cid));
    rig.acks("one", seq);
    rig.sees("1-3 4:sent");
    rig.push(seq);
    rig.sees("1-3 4:sent");
}

#[test]
fn one_that_another_device_says_again_is_the_row_that_was_missing() {
    let mut rig = said(&["one", "two"]);
    let cid = rig.cid("two");
    restored(&mut rig, "e2", 3);
    let key = |rig: &Rig| rig.rows(&lobby()).last().map(Row::key);
    let before = key(&rig);
    rig.bob_says("back");
    let seq = rig.server.store("room:lobby", "u-ann", "two", Some(cid));
    rig.push(seq);
    rig.sees("1-3 {one} 4 5:sent");
    assert_eq!(key(&rig), before, "the row is the same");
}

#[test]
fn it_is_kept_before_it_is_said_again_and_asked_for_once() {
    let mut rig = said(&["one"]);
    restored(&mut rig, "e2", 3);
    rig.has_sent();
    rig.storage_waits();
    let before = rig.rows(&lobby()).last().map(Row::key);
    rig.retry("one");
    rig.retry("one");
    // The device has not kept it: the row still says so.
    rig.sees("1-3 {one}");
    rig.sends_nothing();
    rig.storage_works();
    rig.sees("1-3 (one sending)");
    rig.sends(&["send one"]);
    assert_ne!(rig.rows(&lobby()).last().map(Row::key), before, "it moved");
    // And what is kept outlives the page, as anything that waits.
    rig.reloads(1.0);
    rig.goes_online();
    rig.sees("1-3 (one sending)");
}

#[test]
fn it_is_not_too_old_to_go_after_a_reload() {
    let mut rig = said(&["one"]);
    restored(&mut rig, "e2", 3);
    rig.talks_for(25.0 * 3_600.0);
    rig.comes_back_if_away();
    rig.path_dies();
    rig.retry("one");
    rig.reloads(1.0);
    rig.goes_online();
    rig.sees("1-3 (one sending)");
}

#[test]
fn given_up_it_is_gone() {
    let mut rig = said(&["one", "two"]);
    restored(&mut rig, "e2", 3);
    rig.has_sent();
    rig.delete("one");
    rig.sees("1-3 {two}");
    rig.closed(1006);
    rig.comes_back_whole();
    rig.sees("1-3 {two}");
    assert!(rig.session.outbox().is_empty());
}

#[test]
fn given_up_while_the_device_keeps_it_to_say_it_again_it_is_gone_too() {
    let mut rig = said(&["one"]);
    restored(&mut rig, "e2", 3);
    rig.has_sent();
    rig.storage_waits();
    rig.retry("one");
    rig.delete("one");
    rig.sees("1-3");
    rig.storage_works();
    rig.sees("1-3");
    rig.sends_nothing();
    assert_eq!(rig.disk.unsent_of("u-ann"), 0);
}

#[test]
fn what_the_server_refuses_now_is_a_refused_message() {
    let mut rig = said(&["one"]);
    restored(&mut rig, "e2", 3);
    rig.retry("one");
    rig.nacks("one", "forbidden", None);
    rig.sees("1-3 (one failed)");
    rig.delete("one");
    rig.sees("1-3");
}

/// The lobby has two pages, and what I said stands on the older one.
fn said_long_ago(after: u64) -> Rig {
    let mut rig = said(&["one"]);
    rig.server.has("room:lobby", after);
    for seq in 5..5 + after {
        rig.push(seq);
    }
    rig.sees(&format!("1-3 4:sent 5-{}", 4 + after));
    rig
}

#[test]
fn an_older_page_says_whether_the_server_has_it() {
    for has_it in [true, false] {
        let mut rig = said_long_ago(70);
        rig.closed(1006);
        rig.server.restored_to("e2", if has_it { 74 } else { 3 });
        if !has_it {
            rig.server.has("room:lobby", 71);
        }
        rig.comes_back_whole();
        // Nobody knows yet: it would stand further up than what is here.
        rig.sees("25-74");
        rig.load_older();
        rig.answers_all();
        rig.sees(if has_it {
            "1-3 4:sent 5-74"
        } else {
            "1-3 {one} 4-74"
        });
    }
}

#[test]
fn a_clock_that_was_wrong_makes_nothing_missing() {
    let mut rig = Rig::online_with(3);
    // Said while the server's clock was an hour ahead: by its time it would
    // stand below everything.
    rig.server.clock_jumps(3_600_000);
    rig.say("one");
    rig.takes("one");
    rig.server.clock_jumps(-3_600_000);
    rig.server.has("room:lobby", 60);
    for seq in 5..65 {
        rig.push(seq);
    }
    restored(&mut rig, "e2", 64);
    rig.sees("15-64");
    rig.load_older();
    rig.answers_all();
    rig.sees("1-3 4:sent 5-64");
}

#[test]
fn nothing_is_offered_before_its_place_is_here() {
    let mut rig = said(&["one"]);
    restored(&mut rig, "e2", 3);
    rig.sees("1-3 {one}");
    // Another restore, to an older copy, and much that was said since.
    rig.closed(1006);
    rig.server.restored_to("e3", 2);
    rig.server.has("room:lobby", 100);
    rig.comes_back_whole();
    rig.sees("53-102");
    rig.load_older();
    rig.answers_all();
    rig.sees("3-102");
    rig.load_older();
    rig.answers_all();
    rig.sees("1 2 {one} 3-102");
}

#[test]
fn nothing_is_offered_while_a_gap_may_hide_it() {
    let mut rig = said(&["one"]);
    let cid = rig.cid("one");
    rig.closed(1006);
    rig.server.restored_to("e2", 3);
    rig.server.has("room:lobby", 60);
    rig.comes_back_whole();
    rig.sees("14-63");
    // While I am away, another device of mine says it again.
    rig.closed(1006);
    rig.server.has("room:lobby", 30);
    rig.server.store("room:lobby", "u-ann", "one", Some(cid));
    rig.server.has("room:lobby", 200);
    rig.comes_back_whole();
    rig.load_older();
    rig.answers_all();
    rig.sees("1-63 [64..244] 245-294");
    for _ in 0..4 {
        rig.load_gap();
        rig.answers_all();
    }
    rig.sees("1-93 94:sent 95-294");
}

#[test]
fn two_restores_and_the_second_copy_has_it() {
    let mut rig = said(&["one", "two"]);
    let cid = rig.cid("one");
    restored(&mut rig, "e2", 3);
    rig.sees("1-3 {one} {two}");
    rig.closed(1006);
    rig.server.restored_to("e3", 3);
    rig.server.store("room:lobby", "u-ann", "one", Some(cid));
    rig.comes_back_whole();
    rig.sees("1-3 {two} 4:sent");
    assert_eq!(told_of_restores(&rig), (2, 2));
}

#[test]
fn two_restores_lose_twice_and_the_order_is_kept() {
    let mut rig = said(&["one", "two"]);
    restored(&mut rig, "e2", 4);
    rig.sees("1-3 4:sent {two}");
    rig.say("three");
    rig.takes("three");
    restored(&mut rig, "e3", 2);
    rig.sees("1 2 {one} {two} {three}");
}

#[test]
fn an_empty_log_offers_everything() {
    let mut rig = said(&["one", "two"]);
    restored(&mut rig, "e2", 0);
    rig.sees("{one} {two}");
    rig.bob_says("first");
    rig.sees("{one} {two} 1");
    rig.delete("one");
    rig.retry("two");
    rig.takes("two");
    rig.sees("1 2:sent");
}

#[test]
fn a_shorter_log_of_the_same_name_is_a_restore_too() {
    let mut rig = said(&["one"]);
    restored(&mut rig, "e1", 3);
    rig.sees("1-3 {one}");
    assert_eq!(told_of_restores(&rig), (1, 1));
}

#[test]
fn a_page_of_another_log_on_a_live_link_is_a_restore_too() {
    let mut rig = said(&["one"]);
    rig.server.restored_to("e2", 3);
    rig.frame_is_lost();
    rig.pings();
    rig.answers_all();
    rig.sees("1-3 {one}");
    assert_eq!(told_of_restores(&rig), (1, 1));
}

#[test]
fn what_is_on_its_way_while_the_server_is_restored_is_not_offered() {
    let mut rig = said(&["one"]);
    rig.say("two");
    rig.stores("two");
    rig.closed(1006);
    rig.server.restored_to("e2", 3);
    rig.comes_back_whole();
    rig.sees("1-3 {one} (two sending)");
    rig.takes("two");
    rig.sees("1-3 {one} 4:sent");
}

#[test]
fn what_was_proved_and_had_no_place_yet_is_offered() {
    let mut rig = Rig::online_with(3);
    rig.say("one");
    rig.server.has("room:lobby", 2);
    let seq = rig.stores("one");
    rig.acks("one", seq);
    // The two before it have not come.
    rig.sees("1-3 (one sent)");
    restored(&mut rig, "e2", 3);
    rig.sees("1-3 {one}");
}

#[test]
fn a_row_without_a_client_id_is_known_by_its_id_and_time() {
    let mut rig = Rig::online_with(3);
    // Said on another way in: the server knows no client id of it.
    let first = rig.server.store("room:lobby", "u-ann", "kept", None);
    let second = rig
        .server
        .store("room:lobby", "u-ann", "by the other door", None);
    rig.push(first);
    rig.push(second);
    rig.closed(1006);
    rig.server.restored_to("e2", 4);
    // A restored server gives the same id out again.
    rig.server.store("room:lobby", "u-ann", "another", None);
    rig.comes_back_whole();
    rig.sees("1-3 4:sent {by the other door} 5:sent");
    rig.retry("by the other door");
    rig.takes("by the other door");
    rig.sees("1-3 4:sent 5:sent 6:sent");
}

/// Another page of this device knows the log of this epoch, lacks what I said,
/// and keeps it to say it again.
fn another_page_says_again(rig: &mut Rig, text: &str, epoch: &str) {
    let draft = Draft {
        client_id: ClientId::parse(&rig.cid(text)).expect("a client id"),
        conversation: lobby(),
        content: Content::Text(text.to_owned()),
        said_at: rig.wall(),
        order: 1,
        handed_over: false,
        after: None,
        again: Some(Epoch::new(epoch)),
    };
    let record = draft.to_record();
    let key = ("u-ann".to_owned(), record.client_id.as_str().to_owned());
    rig.disk.unsent.insert(key, record.value);
    rig.another_page_takes_the_turn();
    rig.feed(Input::Shared(r#"{"uid":"u-ann"}"#.to_owned()));
}

#[test]
fn a_sibling_that_says_it_again_shows_it_here_as_waiting() {
    let mut rig = said(&["one"]);
    restored(&mut rig, "e2", 3);
    another_page_says_again(&mut rig, "one", "e2");
    rig.sees("1-3 (one queued)");
    assert_eq!(rig.disk.unsent_of("u-ann"), 1, "it is not forgotten");
    let seq = rig.stores("one");
    rig.push(seq);
    rig.sees("1-3 4:sent");
}

#[test]
fn a_page_that_has_not_heard_of_the_restore_leaves_what_is_said_again_alone() {
    let mut rig = said(&["one"]);
    another_page_says_again(&mut rig, "one", "e2");
    // To this page it is proved, by a log that is gone.
    rig.sees("1-3 4:sent");
    assert_eq!(rig.disk.unsent_of("u-ann"), 1, "it is not forgotten");
    restored(&mut rig, "e2", 3);
    rig.sees("1-3 (one queued)");
    rig.talks_for(5.0);
    rig.takes("one");
    rig.sees("1-3 4:sent");
    assert_eq!(rig.disk.unsent_of("u-ann"), 0);
}

#[test]
fn what_a_sibling_gives_up_before_it_goes_is_missing_here_as_before() {
    let mut rig = said(&["one", "two"]);
    restored(&mut rig, "e2", 3);
    another_page_says_again(&mut rig, "one", "e2");
    rig.sees("1-3 {two} (one queued)");
    rig.disk.unsent.clear();
    rig.feed(Input::Shared(r#"{"uid":"u-ann"}"#.to_owned()));
    // No proof comes, on a link that is heard.
    for _ in 0..2 {
        rig.pings();
        rig.talks_for(5.1);
    }
    rig.sees("1-3 {one} {two}");
    // Which is for the person to decide, here too.
    rig.delete("one");
    rig.sees("1-3 {two}");
}

#[test]
fn a_full_outbox_takes_nothing_back_and_the_row_stays() {
    let mut rig = said(&["one"]);
    restored(&mut rig, "e2", 3);
    rig.path_dies();
    rig.closed(1006);
    for number in 0..500 {
        rig.say(&format!("line {number} of many"));
    }
    rig.retry("one");
    assert!(rig.was_told(&Event::OutboxFull(lobby(), String::new())));
    assert!(rig.picture(&lobby()).starts_with("1-3 {one} (line 0"));
    assert_eq!(rig.session.outbox().entries().count(), 500);
}

#[test]
fn another_room_is_looked_at_when_it_is_opened() {
    let garden = parlance_core::ids::ConversationId::room("garden");
    let mut rig = Rig::new();
    rig.server.has("room:garden", 2);
    rig.goes_online();
    rig.opens(&garden);
    rig.answers_all();
    rig.say_in(&garden, "one");
    let seq = rig.stores_in("room:garden", "one");
    rig.acks_in("room:garden", "one", seq);
    rig.push_in("room:garden", seq);
    rig.sees_in(&garden, "1 2 3:sent");
    rig.command(Command::Open(lobby()));
    rig.answers_all();
    restored(&mut rig, "e2", 2);
    rig.sees_in(&garden, "");
    rig.opens(&garden);
    rig.answers_all();
    rig.sees_in(&garden, "1 2 {one}");
}
