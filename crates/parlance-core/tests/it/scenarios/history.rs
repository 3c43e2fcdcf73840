//! Pages: the newest first, then what is missing, then what is older; and
//! pages that lie, come twice, come late or not at all.

use parlance_core::session::Oddity;
use serde_json::json;

use crate::rig::{Rig, lobby};

#[test]
fn the_newest_page_comes_first() {
    let mut rig = Rig::new();
    rig.server.has("room:lobby", 120);
    rig.start();
    rig.logs_in();
    rig.sends(&["hello a-ticket", "open room:lobby", "fill newest"]);
    assert!(rig.history().loading);
    rig.answers();
    rig.sees("71-120");
    assert!(!rig.history().loading && !rig.history().oldest_known);
}

#[test]
fn an_empty_room_is_known_to_be_empty() {
    let mut rig = Rig::online();
    rig.sees("");
    assert!(rig.history().oldest_known);
    rig.load_older();
    assert_eq!(rig.pages_wanted(), 0);
    rig.bob_says("first");
    rig.sees("1");
}

#[test]
fn what_is_older_comes_page_by_page_to_the_beginning() {
    let mut rig = Rig::online_with(120);
    rig.load_older();
    rig.sends(&["fill before 71"]);
    assert!(rig.history().loading);
    rig.answers();
    rig.sees("21-120");
    rig.load_older();
    rig.answers();
    rig.sees("1-120");
    assert!(rig.history().oldest_known);
    rig.load_older();
    assert_eq!(rig.pages_wanted(), 0);
}

#[test]
fn older_pages_are_asked_for_one_at_a_time() {
    let mut rig = Rig::online_with(120);
    rig.load_older();
    rig.load_older();
    rig.load_older();
    rig.sends(&["fill before 71"]);
}

#[test]
fn a_live_message_while_the_first_page_is_out_is_shown_once() {
    let mut rig = Rig::new();
    rig.server.has("room:lobby", 3);
    rig.start();
    rig.logs_in();
    // Pushed before the page is made, and in it.
    rig.bob_says("four");
    rig.sees("");
    let page = rig.next_page();
    // Pushed after the page was made, before it is here.
    rig.bob_says("five");
    rig.frame(page);
    rig.sees("1-5");
    assert_eq!(rig.counted(Oddity::Duplicate), 0);
}

#[test]
fn a_live_message_while_a_page_catches_up_is_shown_once_and_in_order() {
    let mut rig = Rig::online_with(10);
    rig.server.has("room:lobby", 5);
    rig.closed(1006);
    rig.comes_back();
    let page = rig.next_page();
    rig.bob_says("sixteen");
    rig.sees("1-10");
    rig.frame(page);
    rig.sees("1-16");
}

#[test]
fn a_little_is_caught_up_with_page_by_page() {
    let mut rig = Rig::online_with(10);
    rig.server.has("room:lobby", 120);
    rig.closed(1006);
    rig.comes_back();
    let sent = rig.has_sent();
    assert!(sent.contains(&"fill after 10".to_owned()), "{sent:?}");
    assert!(rig.history().catching_up);
    assert_eq!(rig.answers_all(), 3);
    rig.sees("1-130");
    assert!(!rig.history().catching_up);
}

#[test]
fn a_lot_is_caught_up_with_from_the_newest_and_leaves_a_gap_row() {
    let mut rig = Rig::online_with(10);
    rig.server.has("room:lobby", 400);
    rig.closed(1006);
    rig.comes_back();
    assert_eq!(rig.answers_all(), 1);
    rig.sees("1-10 [11..360] 361-410");
    rig.bob_says("live goes on");
    rig.sees("1-10 [11..360] 361-411");
}

#[test]
fn a_gap_is_filled_from_its_newer_end_until_it_is_gone() {
    let mut rig = Rig::online_with(10);
    rig.server.has("room:lobby", 160);
    rig.closed(1006);
    rig.comes_back_whole();
    rig.sees("1-10 [11..120] 121-170");
    rig.has_sent();
    rig.load_gap();
    rig.sends(&["fill before 121"]);
    rig.sees("1-10 [11..120 loading] 121-170");
    rig.answers();
    rig.sees("1-10 [11..70] 71-170");
    rig.load_gap();
    rig.answers();
    rig.load_gap();
    rig.answers();
    rig.sees("1-170");
}

#[test]
fn a_gap_that_is_loading_when_the_link_dies_is_asked_for_again() {
    let mut rig = Rig::online_with(10);
    rig.server.has("room:lobby", 160);
    rig.closed(1006);
    rig.comes_back_whole();
    rig.load_gap();
    rig.closed(1006);
    rig.comes_back_whole();
    rig.sees("1-10 [11..70] 71-170");
}

#[test]
fn two_long_absences_leave_two_gaps() {
    let mut rig = Rig::online_with(10);
    for _ in 0..2 {
        rig.server.has("room:lobby", 300);
        rig.closed(1006);
        rig.comes_back_whole();
    }
    rig.sees("1-10 [11..260] 261-310 [311..560] 561-610");
    rig.load_gap();
    rig.answers();
    rig.sees("1-10 [11..210] 211-310 [311..560] 561-610");
}

#[test]
fn a_page_that_overlaps_what_is_here_doubles_nothing() {
    let mut rig = Rig::online_with(60);
    rig.load_older();
    let mut page = rig.next_page();
    let msgs: Vec<_> = (1..=60)
        .map(|seq| rig.server.message("room:lobby", seq))
        .collect();
    page["msgs"] = json!(msgs);
    page["to"] = json!(60);
    rig.frame(page);
    rig.sees("1-60");
}

#[test]
fn a_page_that_comes_twice_is_counted_and_harmless() {
    let mut rig = Rig::online_with(60);
    rig.load_older();
    let page = rig.next_page();
    rig.frame(page.clone());
    rig.frame(page);
    rig.sees("1-60");
    assert_eq!(rig.counted(Oddity::StrayPage), 1);
}

#[test]
fn a_page_in_the_wrong_order_and_with_doubles_is_put_right() {
    let mut rig = Rig::new();
    rig.server.has("room:lobby", 4);
    rig.start();
    rig.logs_in();
    let mut page = rig.next_page();
    let order = [4, 2, 3, 3, 1, 2];
    let msgs: Vec<_> = order
        .iter()
        .map(|seq| rig.server.message("room:lobby", *seq))
        .collect();
    page["msgs"] = json!(msgs);
    rig.frame(page);
    rig.sees("1-4");
}

#[test]
fn a_number_that_a_page_leaves_out_does_not_exist_and_leaves_no_gap() {
    let mut rig = Rig::new();
    rig.server.has("room:lobby", 6);
    rig.start();
    rig.logs_in();
    let mut page = rig.next_page();
    let msgs: Vec<_> = [1, 2, 5, 6]
        .iter()
        .map(|seq| rig.server.message("room:lobby", *seq))
        .collect();
    page["msgs"] = json!(msgs);
    rig.frame(page);
    rig.sees("1 2 5 6");
    rig.advance(5.0);
    assert_eq!(rig.pages_wanted(), 0);
}

#[test]
fn a_broken_message_costs_no_other_of_its_page() {
    let mut rig = Rig::new();
    rig.server.has("room:lobby", 4);
    rig.start();
    rig.logs_in();
    let mut page = rig.next_page();
    page["msgs"][1] = json!({"seq": 0, "id": "", "body": null, "ts": 0});
    rig.frame(page);
    rig.sees("1 3 4");
}

#[test]
fn an_empty_page_that_lies_is_not_asked_for_in_a_circle() {
    let mut rig = Rig::online_with(5);
    rig.server_answers_pings();
    rig.server.has("room:lobby", 3);
    rig.pings_with_head();
    rig.advance(0.7);
    let mut lie = rig.next_page();
    lie["msgs"] = json!([]);
    lie.as_object_mut()
        .map(|it| (it.remove("from"), it.remove("to")));
    rig.frame(lie);
    rig.sees("1-5");
    assert!(rig.history().failed);
    rig.advance(60.0);
    assert_eq!(rig.pages_wanted(), 0);
    // The person, or the next ping, asks again.
    rig.load_older();
    assert_eq!(rig.pages_wanted(), 1);
    rig.answers_all();
    rig.sees("1-8");
    assert!(!rig.history().failed);
}

#[test]
fn a_page_of_another_range_than_asked_for_leaves_a_visible_gap() {
    let mut rig = Rig::online_with(5);
    rig.server.has("room:lobby", 25);
    rig.pings_with_head();
    rig.advance(0.7);
    let mut page = rig.next_page();
    let msgs: Vec<_> = (21..=30)
        .map(|seq| rig.server.message("room:lobby", seq))
        .collect();
    page["from"] = json!(21);
    page["msgs"] = json!(msgs);
    rig.frame(page);
    rig.sees("1-5 [6..20] 21-30");
    rig.load_gap();
    rig.answers();
    rig.sees("1-30");
}

#[test]
fn messages_outside_the_range_of_their_page_are_left_out() {
    let mut rig = Rig::online_with(60);
    rig.load_older();
    let mut page = rig.next_page();
    let mut strange = rig.server.message("room:lobby", 3);
    strange["seq"] = json!(5_000);
    page["msgs"].as_array_mut().expect("a list").push(strange);
    rig.frame(page);
    rig.sees("1-60");
    rig.bob_says("on");
    rig.sees("1-61");
}

#[test]
fn a_page_that_claims_numbers_that_are_not_given_out_yet_hides_nothing() {
    let mut rig = Rig::new();
    rig.server.has("room:lobby", 3);
    rig.start();
    rig.logs_in();
    let mut page = rig.next_page();
    page["to"] = json!(u64::MAX);
    rig.frame(page);
    rig.sees("1-3");
    rig.bob_says("four");
    rig.bob_says("five");
    rig.sees("1-5");
}

#[test]
fn a_page_with_a_broken_range_is_malformed_and_asked_for_again() {
    let mut rig = Rig::new();
    rig.server.has("room:lobby", 3);
    rig.start();
    rig.logs_in();
    rig.server_answers_pings();
    for (from, to) in [
        (json!(3), json!(1)),
        (json!(0), json!(3)),
        (json!(1), json!(null)),
    ] {
        let page = rig.next_page();
        let mut broken = page.clone();
        broken["from"] = from;
        broken["to"] = to;
        rig.frame(broken);
        rig.sees("");
        // Longer each time.
        for _ in 0..60 {
            if rig.pages_wanted() == 0 {
                rig.advance(0.5);
            }
        }
    }
    assert_eq!(rig.counted(Oddity::Malformed), 3);
    rig.answers_all();
    rig.sees("1-3");
}

#[test]
fn a_page_that_can_never_be_had_can_be_asked_for_by_the_person() {
    let mut rig = Rig::online_with(60);
    rig.server_answers_pings();
    rig.load_older();
    rig.gone(None);
    assert!(rig.history().failed && !rig.history().loading);
    rig.advance(60.0);
    assert_eq!(rig.pages_wanted(), 0);
    rig.load_older();
    rig.answers();
    rig.sees("1-60");
    assert!(!rig.history().failed);
}

#[test]
fn a_newest_page_that_cannot_be_had_now_is_asked_for_again_in_time() {
    let mut rig = Rig::new();
    rig.server.has("room:lobby", 3);
    rig.start();
    rig.logs_in();
    rig.gone(Some(3_000));
    rig.advance(2.999);
    assert_eq!(rig.pages_wanted(), 0);
    rig.advance(0.001);
    rig.answers();
    rig.sees("1-3");
}

#[test]
fn a_page_that_does_not_come_is_asked_for_again() {
    let mut rig = Rig::new();
    rig.server.has("room:lobby", 3);
    rig.start();
    rig.logs_in();
    rig.server_answers_pings();
    let late = rig.next_page();
    rig.advance(7.9);
    assert_eq!(rig.pages_wanted(), 0);
    rig.advance(5.2);
    assert_eq!(rig.pages_wanted(), 1);
    // The first answer comes after all: nobody waits for it any more.
    rig.frame(late);
    rig.sees("");
    assert_eq!(rig.counted(Oddity::StrayPage), 1);
    rig.answers();
    rig.sees("1-3");
}

#[test]
fn a_newest_page_that_does_not_come_is_said_and_asked_for_more_and_more_rarely() {
    let mut rig = Rig::new();
    rig.server.has("room:lobby", 3);
    rig.start();
    rig.logs_in();
    rig.server_answers_pings();
    assert!(!rig.history().failed);
    let mut asked_at = Vec::new();
    let mut passed = 0.0;
    while passed < 300.0 {
        if rig.pages_wanted() > 0 {
            rig.next_page();
            asked_at.push(passed);
        }
        rig.advance(0.25);
        passed += 0.25;
    }
    assert!(rig.history().failed, "said, while it goes on trying");
    assert!((7..=10).contains(&asked_at.len()), "{asked_at:?}");
    let first = asked_at[1] - asked_at[0];
    let last = asked_at[asked_at.len() - 1] - asked_at[asked_at.len() - 2];
    assert!(first <= 13.5 && last >= 38.0, "{asked_at:?}");
    // Nobody has to wait for that.
    while rig.pages_wanted() == 0 && passed < 400.0 {
        rig.advance(1.0);
        passed += 1.0;
    }
    rig.next_page();
    rig.advance(9.0);
    assert_eq!(rig.pages_wanted(), 0);
    rig.load_older();
    assert_eq!(rig.pages_wanted(), 1);
    rig.answers();
    rig.sees("1-3");
    assert!(!rig.history().failed);
}

#[test]
fn an_older_page_that_does_not_come_waits_for_the_person() {
    let mut rig = Rig::online_with(60);
    rig.server_answers_pings();
    rig.load_older();
    rig.next_page();
    rig.advance(60.0);
    assert!(rig.history().failed);
    assert_eq!(rig.pages_wanted(), 0);
    rig.load_older();
    rig.answers();
    rig.sees("1-60");
}

#[test]
fn an_older_page_that_died_with_its_link_is_asked_for_on_the_next() {
    let mut rig = Rig::online_with(60);
    rig.load_older();
    rig.closed(1006);
    rig.comes_back();
    assert_eq!(rig.pages_wanted(), 1);
    rig.answers_all();
    rig.sees("1-60");
}

#[test]
fn a_page_nobody_asked_for_is_counted_and_changes_nothing() {
    let mut rig = Rig::online_with(3);
    rig.frame(json!({
        "t": "page", "req": 999, "conv": "room:lobby", "epoch": "e1",
        "from": 1, "to": 900, "msgs": [], "head": 900,
    }));
    rig.frame(json!({"t": "gone", "req": 998}));
    assert_eq!(rig.counted(Oddity::StrayPage), 1);
    rig.sees("1-3");
    rig.bob_says("on");
    rig.sees("1-4");
}

#[test]
fn history_announces_nothing_and_live_messages_do() {
    use parlance_core::Event;
    use parlance_core::timeline::{Change, Origin};
    let live = |rig: &Rig| {
        let changes = rig.events.iter().filter_map(|event| {
            if let Event::Timeline(id, changes) = event
                && *id == lobby()
            {
                Some(changes)
            } else {
                None
            }
        });
        changes
            .flatten()
            .filter(|change| matches!(change, Change::Insert(_, _, Origin::Live)))
            .count()
    };
    let mut rig = Rig::online_with(120);
    rig.load_older();
    rig.answers();
    assert_eq!(live(&rig), 0);
    rig.bob_says("now");
    assert_eq!(live(&rig), 1);
    rig.server.has("room:lobby", 2);
    rig.closed(1006);
    rig.comes_back_whole();
    assert_eq!(
        live(&rig),
        3,
        "what was said while the page was away is news"
    );
}
