//! Other pages of this person on this device: one at a time hands over, and
//! what one keeps the others show.

use parlance_core::content::Content;
use parlance_core::ids::{ClientId, Uid};
use parlance_core::outbox::{Draft, Turn};
use parlance_core::time::UnixMillis;
use parlance_core::{Input, PageEvent};

use crate::rig::{Rig, lobby};

/// The id of what the other page says.
const THEIRS: u128 = 0xABCD;
const A_WORD: &str = r#"{"uid":"u-ann"}"#;

/// What another page has written to the disk that both share.
fn another_page_keeps(rig: &mut Rig, text: &str) -> ClientId {
    let client_id = ClientId::from_bits(THEIRS);
    let draft = Draft {
        client_id: client_id.clone(),
        conversation: lobby(),
        content: Content::Text(text.to_owned()),
        said_at: rig.wall(),
        order: rig.wall().0 as u64 + 1_000,
        handed_over: false,
        after: None,
        again: None,
    };
    let key = ("u-ann".to_owned(), client_id.as_str().to_owned());
    rig.disk.unsent.insert(key, draft.to_record().value);
    client_id
}

fn another_page_forgets(rig: &mut Rig) {
    let theirs = ClientId::from_bits(THEIRS);
    let key = ("u-ann".to_owned(), theirs.as_str().to_owned());
    rig.disk.unsent.remove(&key);
}

fn hears(rig: &mut Rig, word: &str) {
    rig.feed(Input::Shared(word.to_owned()));
}

#[test]
fn while_another_page_hands_over_this_one_does_not() {
    let mut rig = Rig::online();
    rig.another_page_takes_the_turn();
    rig.say("hello");
    rig.sees("(hello queued)");
    rig.sends_nothing();
    rig.talks_for(3.9);
    assert!(!rig.has_sent().iter().any(|it| it.starts_with("send")));
    rig.talks_for(0.2);
    rig.takes("hello");
    rig.sees("1:sent");
}

#[test]
fn what_another_page_keeps_is_shown_here_at_once_and_goes_if_nobody_else_says_it() {
    let mut rig = Rig::online();
    another_page_keeps(&mut rig, "theirs");
    rig.another_page_takes_the_turn();
    hears(&mut rig, A_WORD);
    rig.sees("(theirs queued)");
    // The other page is gone: four seconds later its turn is over.
    rig.talks_for(4.1);
    rig.takes("theirs");
    rig.sees("1:sent");
    assert_eq!(rig.disk.unsent_of("u-ann"), 0);
}

#[test]
fn what_another_page_saw_through_is_sent_here_before_this_link_hears_of_it() {
    let mut rig = Rig::online();
    let theirs = another_page_keeps(&mut rig, "theirs");
    rig.another_page_takes_the_turn();
    hears(&mut rig, A_WORD);
    another_page_forgets(&mut rig);
    let cid = theirs.as_str();
    let stored = rig
        .server
        .store("room:lobby", "u-ann", "theirs", Some(cid.to_owned()));
    hears(
        &mut rig,
        &format!(
            r#"{{"uid":"u-ann","cid":"{cid}","epoch":"e1","conv":"room:lobby","seq":{stored},"id":"m1","at":1}}"#
        ),
    );
    // Its place is told by this page's own link: until then it stands below.
    rig.sees("(theirs sent)");
    rig.push(stored);
    rig.sees("1:sent");
    rig.talks_for(10.0);
    rig.sees("1:sent");
}

#[test]
fn a_place_in_a_log_that_this_page_does_not_know_is_no_place() {
    let mut rig = Rig::online();
    let theirs = another_page_keeps(&mut rig, "theirs");
    rig.another_page_takes_the_turn();
    hears(&mut rig, A_WORD);
    // The other page is on the restored log already, this one on its old link.
    let cid = theirs.as_str();
    for epoch in [r#""epoch":"e2","#, ""] {
        hears(
            &mut rig,
            &format!(
                r#"{{"uid":"u-ann","cid":"{cid}",{epoch}"conv":"room:lobby","seq":1,"id":"m1","at":1}}"#
            ),
        );
        rig.sees("(theirs queued)");
    }
}

#[test]
fn what_is_said_here_is_told_to_the_others_and_so_is_its_proof() {
    let mut rig = Rig::online();
    rig.shared.clear();
    rig.say("hello");
    assert_eq!(rig.shared, [A_WORD]);
    rig.takes("hello");
    assert_eq!(rig.shared.len(), 2);
    assert!(rig.shared[1].contains(r#""seq":1"#), "{:?}", rig.shared);
    assert!(rig.shared[1].contains(&rig.cid("hello")));
}

#[test]
fn what_is_given_up_elsewhere_goes_here_when_no_proof_has_come() {
    let mut rig = Rig::online();
    another_page_keeps(&mut rig, "theirs");
    rig.another_page_takes_the_turn();
    hears(&mut rig, A_WORD);
    another_page_forgets(&mut rig);
    hears(&mut rig, A_WORD);
    rig.sees("(theirs sending)");
    // Five seconds on a link that is heard; a quiet one is asked first.
    rig.talks_for(5.1);
    rig.sees("(theirs sending)");
    rig.pings();
    rig.talks_for(5.1);
    rig.sees("");
    assert!(!rig.has_sent().iter().any(|it| it.starts_with("send")));
}

#[test]
fn what_is_gone_from_the_device_stays_on_show_while_the_link_may_be_dead() {
    let mut rig = Rig::online();
    another_page_keeps(&mut rig, "theirs");
    rig.another_page_takes_the_turn();
    hears(&mut rig, A_WORD);
    rig.path_dies();
    let theirs = ClientId::from_bits(THEIRS);
    rig.server.store(
        "room:lobby",
        "u-ann",
        "theirs",
        Some(theirs.as_str().to_owned()),
    );
    another_page_forgets(&mut rig);
    hears(&mut rig, A_WORD);
    rig.advance(7.0);
    rig.sees("(theirs sending)");
    assert_eq!(rig.has_sent().last().map(String::as_str), Some("ping"));
}

#[test]
fn a_page_without_a_link_does_not_take_away_what_another_may_have_sent() {
    let mut rig = Rig::online();
    another_page_keeps(&mut rig, "theirs");
    rig.another_page_takes_the_turn();
    hears(&mut rig, A_WORD);
    rig.path_dies();
    rig.closed(1006);
    let theirs = ClientId::from_bits(THEIRS);
    rig.server.store(
        "room:lobby",
        "u-ann",
        "theirs",
        Some(theirs.as_str().to_owned()),
    );
    another_page_forgets(&mut rig);
    hears(&mut rig, A_WORD);
    rig.advance(7.0);
    rig.sees("(theirs sending)");
    rig.comes_back_whole();
    rig.sees("1:sent");
}

#[test]
fn what_is_gone_when_its_turn_comes_is_not_said() {
    let mut rig = Rig::online();
    another_page_keeps(&mut rig, "theirs");
    rig.another_page_takes_the_turn();
    hears(&mut rig, A_WORD);
    // No word of it comes here.
    another_page_forgets(&mut rig);
    rig.talks_for(4.1);
    rig.sees("(theirs sending)");
    assert!(!rig.has_sent().iter().any(|it| it.starts_with("send")));
}

#[test]
fn a_page_that_comes_back_looks_at_what_the_others_kept_meanwhile() {
    let mut rig = Rig::online();
    rig.say("mine");
    rig.takes("mine");
    another_page_keeps(&mut rig, "theirs");
    rig.another_page_takes_the_turn();
    rig.page_event(PageEvent::VisibilityChanged);
    rig.sees("1:sent (theirs queued)");
}

#[test]
fn what_two_pages_keep_stands_in_the_order_of_saying() {
    let mut rig = Rig::online();
    rig.another_page_takes_the_turn();
    another_page_keeps(&mut rig, "later");
    rig.say("sooner");
    hears(&mut rig, A_WORD);
    rig.sees("(sooner queued) (later queued)");
    let mut rig = Rig::online();
    rig.another_page_takes_the_turn();
    another_page_keeps(&mut rig, "sooner");
    rig.advance(3.0);
    rig.say("later");
    rig.sees("(later queued)");
    hears(&mut rig, A_WORD);
    rig.sees("(sooner queued) (later queued)");
}

#[test]
fn what_another_page_said_in_the_same_moment_keeps_its_order() {
    let mut rig = Rig::online();
    rig.another_page_takes_the_turn();
    rig.say("mine");
    let own = rig.wall().0 as u64;
    // The device gives rows by their ids, not by when they were said.
    for (id, text, order) in [(9, "first", own), (1, "second", own + 1)] {
        let draft = Draft {
            client_id: ClientId::from_bits(id),
            conversation: lobby(),
            content: Content::Text(text.to_owned()),
            said_at: rig.wall(),
            order,
            handed_over: false,
            after: None,
            again: None,
        };
        let key = ("u-ann".to_owned(), draft.client_id.as_str().to_owned());
        rig.disk.unsent.insert(key, draft.to_record().value);
    }
    hears(&mut rig, A_WORD);
    rig.sees("(mine queued) (first queued) (second queued)");
}

#[test]
fn words_of_others_and_words_that_mean_nothing_change_nothing() {
    let mut rig = Rig::online();
    another_page_keeps(&mut rig, "theirs");
    for word in [
        "",
        "nonsense",
        "[]",
        r#"{"uid":7}"#,
        r#"{"uid":"u-bob"}"#,
        r#"{"uid":"u-ann","cid":"x"}"#,
        r#"{"uid":"u-ann","cid":"0","conv":"room:lobby","seq":"one"}"#,
    ] {
        hears(&mut rig, word);
        rig.sees("");
    }
}

#[test]
fn a_frozen_page_says_nothing_on_a_turn_that_it_asked_for_before() {
    let mut rig = Rig::online();
    rig.turns_wait();
    rig.say("hello");
    rig.sends_nothing();
    // The answer waits while the page is frozen, and so does its deadline.
    rig.sleeps(60.0);
    rig.wake();
    assert!(!rig.has_sent().iter().any(|it| it.starts_with("send")));
    rig.another_page_takes_the_turn();
    rig.turns_come();
    assert!(!rig.has_sent().iter().any(|it| it.starts_with("send")));
}

#[test]
fn a_device_that_does_not_say_whose_turn_it_is_holds_nothing_up() {
    let mut rig = Rig::online();
    rig.turns_wait();
    rig.say("hello");
    rig.sends_nothing();
    rig.talks_for(2.1);
    rig.takes("hello");
    rig.sees("1:sent");
    // The answer comes too late for anything.
    rig.turns_come();
    rig.sees("1:sent");
}

#[test]
fn an_answer_about_what_is_not_here_changes_nothing() {
    let mut rig = Rig::online();
    for turn in [Turn::Mine(None), Turn::Mine(Some(String::new()))] {
        rig.feed(Input::Took(ClientId::from_bits(9), Ok(turn)));
    }
    rig.sees("");
    // And neither does what the device keeps for somebody else.
    let stored = parlance_core::outbox::Stored::default();
    rig.feed(Input::Loaded(Uid::new("u-bob"), UnixMillis(1), Ok(stored)));
    rig.sees("");
}
