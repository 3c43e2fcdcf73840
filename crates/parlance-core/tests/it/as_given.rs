//! Sessions whose backend numbers nothing and proves little: order as given,
//! honest delivery, nothing said twice by itself (RELIABILITY 2.9).

use std::time::Duration;

use parlance_core::dialect::{Beat, Capabilities, Counts, Doubt, Liveness, Silence, WhenHidden};
use parlance_core::{Command, Input, PageEvent, PageState, Status};

mod bench;
mod random;

use bench::{Bench, by_request, echoing, room, silent};

// ---- order --------------------------------------------------------------------

#[test]
fn history_stands_in_the_order_given_and_live_rows_behind_it() {
    let mut bench = Bench::with_history(echoing(), &["a:1#9", "b:2#3", "a:3#7"]);
    bench.hears("msg b:4#1");
    assert_eq!(bench.rows(), ["a:1", "b:2", "a:3", "b:4"]);
    assert_eq!(bench.unread, 1, "what was there has been read");
}

#[test]
fn what_comes_before_the_first_page_is_not_lost_and_not_doubled() {
    let mut bench = Bench::online(echoing());
    bench.hears("msg a:2");
    bench.hears("msg a:3");
    bench.page(&["a:1", "a:2"], "end");
    assert_eq!(bench.rows(), ["a:1", "a:2", "a:3"]);
}

#[test]
fn a_push_that_a_page_overtook_is_one_row() {
    let mut bench = Bench::with_history(echoing(), &["a:1"]);
    bench.breaks();
    bench.advance(3);
    bench.opens();
    bench.page(&["a:1", "a:2"], "end");
    bench.hears("msg a:2");
    assert_eq!(bench.rows(), ["a:1", "a:2"]);
    bench.advance_alive(10);
    bench.hears("msg a:2");
    assert_eq!(bench.rows(), ["a:1", "a:2", "a:2"], "said again later");
}

#[test]
fn the_same_id_twice_is_one_row() {
    let mut bench = Bench::with_history(echoing(), &["a:1#1"]);
    bench.hears("msg a:2#2");
    bench.hears("msg a:2#2");
    bench.hears("msg a:1#1");
    assert_eq!(bench.rows(), ["a:1", "a:2"]);
}

#[test]
fn an_echo_that_comes_before_the_first_page_that_has_it_is_one_row() {
    for (echo, row) in [("me:1#7", "me:1#7"), ("me:1", "me:1"), ("me:1", "me:1#7")] {
        let mut bench = Bench::online(echoing());
        bench.says("1");
        bench.hears(&format!("msg {echo}"));
        assert_eq!(bench.rows(), ["me:1 sent"]);
        bench.page(&["a:0#3", row], "end");
        assert_eq!(bench.rows(), ["a:0", "me:1 sent"], "{echo}, {row}");
        bench.hears("msg a:2#8");
        assert_eq!(bench.rows(), ["a:0", "me:1 sent", "a:2"]);
    }
}

#[test]
fn a_page_that_says_a_row_twice_proves_and_shows_one() {
    let mut bench = Bench::with_history(echoing(), &["a:1#1", "a:2#2", "a:2#2"]);
    assert_eq!(bench.rows(), ["a:1", "a:2"]);
    bench.says("ok");
    bench.breaks();
    bench.says("ok");
    bench.advance(3);
    bench.opens();
    let page = ["a:1#1", "a:2#2", "me:ok#3", "me:ok#3", "a:4#4"];
    bench.page(&page, "end");
    // The second waits for its own proof.
    assert_eq!(bench.rows()[..4], ["a:1", "a:2", "me:ok sent", "a:4"]);
    assert_eq!(bench.rows()[4..], ["me:ok sending"]);
}

#[test]
fn a_page_in_another_order_shows_nothing_twice() {
    let mut bench = Bench::with_history(echoing(), &["a:1#1", "a:2#2", "a:3#3"]);
    bench.breaks();
    bench.advance(3);
    bench.opens();
    bench.page(&["a:3#3", "a:2#2", "a:1#1", "a:4#4"], "end");
    assert_eq!(bench.rows(), ["a:1", "a:2", "a:3", "a:4"]);
    bench.feed(Input::Command(Command::LoadOlder(room())));
}

#[test]
fn what_was_missed_finds_its_place_between_what_is_here() {
    let mut bench = Bench::with_history(echoing(), &["a:1"]);
    bench.hears("msg a:4");
    bench.breaks();
    bench.advance(3);
    bench.opens();
    bench.hears("msg a:6");
    bench.page(&["a:1", "b:2", "b:3", "a:4", "b:5", "a:6"], "end");
    let all = ["a:1", "b:2", "b:3", "a:4", "b:5", "a:6"];
    assert_eq!(bench.rows(), all);
}

#[test]
fn older_pages_go_in_front_and_what_overlaps_is_left_out() {
    let mut bench = Bench::online(echoing());
    bench.page(&["a:5#5", "a:6#6"], "more");
    bench.feed(Input::Command(Command::LoadOlder(room())));
    let asked = bench.sent.last().cloned().unwrap_or_default();
    assert!(asked.ends_with("before 1 5"), "{asked}");
    // One was said meanwhile: the pages have shifted.
    bench.hears("msg a:7#7");
    bench.page(&["a:4#4", "a:5#5"], "more");
    bench.feed(Input::Command(Command::LoadOlder(room())));
    let asked = bench.sent.last().cloned().unwrap_or_default();
    assert!(asked.ends_with("before 2 4"), "{asked}");
    bench.page(&["a:3#3"], "end");
    assert_eq!(bench.rows(), ["a:3", "a:4", "a:5", "a:6", "a:7"]);
    let before = bench.sent.len();
    bench.feed(Input::Command(Command::LoadOlder(room())));
    assert_eq!(bench.sent.len(), before, "there is nothing older");
}

#[test]
fn a_page_that_does_not_reach_what_is_here_is_followed_back() {
    let mut bench = Bench::with_history(echoing(), &["a:1#1", "a:2#2"]);
    bench.breaks();
    bench.advance(3);
    bench.opens();
    bench.page(&["a:5#5", "a:6#6"], "more");
    assert_eq!(bench.rows(), ["a:1", "a:2"], "no hole is shown");
    let asked = bench.sent.last().cloned().unwrap_or_default();
    assert!(asked.ends_with("before 1 5"), "{asked}");
    bench.page(&["a:3#3", "a:4#4"], "more");
    bench.page(&["a:1#1", "a:2#2"], "end");
    let all = ["a:1", "a:2", "a:3", "a:4", "a:5", "a:6"];
    assert_eq!(bench.rows(), all);
}

#[test]
fn where_too_much_was_missed_the_log_begins_anew() {
    let mut bench = Bench::with_history(echoing(), &["a:1#1"]);
    bench.says("mine");
    bench.breaks();
    bench.advance(3);
    bench.opens();
    for page in 0..5 {
        let row = format!("a:{}#{}", 100 - page, 100 - page);
        bench.page(&[&row], "more");
    }
    let rows = bench.rows();
    assert_eq!(
        rows,
        ["a:96", "a:97", "a:98", "a:99", "a:100", "me:mine unknown"]
    );
}

#[test]
fn a_history_that_fails_does_not_hold_the_talk_up() {
    let mut bench = Bench::online(echoing());
    bench.hears("msg a:2");
    assert!(bench.rows().is_empty());
    bench.advance_alive(9);
    bench.hears("msg a:3");
    assert_eq!(bench.rows(), ["a:2", "a:3"]);
    // It is asked for again, and goes in front.
    bench.advance_alive(5);
    bench.page(&["a:1", "a:2", "a:3"], "end");
    assert_eq!(bench.rows(), ["a:1", "a:2", "a:3"]);
    assert_eq!(bench.unread, 2);
}

#[test]
fn an_empty_page_takes_nothing_away() {
    let mut bench = Bench::with_history(echoing(), &["a:1", "a:2"]);
    bench.breaks();
    bench.advance(3);
    bench.opens();
    bench.page(&[], "end");
    assert_eq!(bench.rows(), ["a:1", "a:2"]);
}

#[test]
fn a_recall_empties_its_row_in_place() {
    let mut bench = Bench::with_history(echoing(), &["a:1#1", "a:2#2"]);
    bench.hears("recall 1");
    assert_eq!(bench.rows(), ["a:gone", "a:2"]);
    bench.hears("recall 99");
    assert_eq!(bench.rows(), ["a:gone", "a:2"]);
}

// ---- echoes -------------------------------------------------------------------

#[test]
fn an_echo_proves_and_the_next_one_goes() {
    let mut bench = Bench::with_history(echoing(), &["a:1"]);
    bench.says("x");
    bench.says("y");
    assert_eq!(bench.count("say x"), 1);
    assert_eq!(bench.count("say y"), 0, "one in flight");
    assert_eq!(bench.rows()[1..], ["me:x sending", "me:y queued"]);
    bench.hears("msg a:2");
    bench.hears("msg me:x");
    assert_eq!(
        bench.rows(),
        ["a:1", "a:2", "me:x sent", "me:y sending"],
        "as the backend ordered them"
    );
    bench.hears("msg me:y");
    assert_eq!(bench.rows()[3], "me:y sent");
    assert!(bench.disk.is_empty(), "nothing is unsent");
}

#[test]
fn an_echo_that_was_stripped_is_still_the_echo() {
    let mut bench = Bench::with_history(echoing(), &["a:1"]);
    bench.says("hello <b>you</b> there");
    bench.hears("msg me:hello you there");
    assert_eq!(bench.rows().len(), 2);
    assert!(bench.rows()[1].ends_with(" sent"));
}

#[test]
fn words_of_my_other_device_prove_nothing() {
    let mut bench = Bench::with_history(echoing(), &["a:1"]);
    bench.says("from here");
    bench.hears("msg me:from there");
    assert_eq!(
        bench.rows(),
        ["a:1", "me:from there sent", "me:from here sending"]
    );
}

#[test]
fn a_backend_that_stays_silent_for_ten_seconds_leaves_it_unknown() {
    let mut bench = Bench::with_history(echoing(), &["a:1"]);
    bench.says("x");
    bench.says("y");
    bench.advance_alive(9);
    assert_eq!(bench.rows()[1], "me:x sending");
    bench.advance_alive(2);
    assert_eq!(bench.rows()[1], "me:x unknown");
    assert_eq!(bench.count("say y"), 1, "the next one is not held up");
    assert_eq!(bench.count("say x"), 1, "and never again by itself");
    bench.hears("msg me:x");
    assert_eq!(bench.rows()[1], "me:x sent", "a late echo is evidence");
}

#[test]
fn what_was_on_its_way_when_the_link_broke_is_unknown_until_a_page_shows_it() {
    let mut bench = Bench::with_history(echoing(), &["a:1"]);
    bench.says("x");
    bench.says("y");
    bench.breaks();
    assert_eq!(bench.rows()[1..], ["me:x unknown", "me:y queued"]);
    bench.advance(3);
    bench.opens();
    bench.page(&["a:1", "me:x", "a:2"], "end");
    let rows = bench.rows();
    assert_eq!(rows, ["a:1", "me:x sent", "a:2", "me:y sending"]);
    assert_eq!(bench.count("say x"), 1);
}

#[test]
fn a_page_without_it_leaves_it_to_the_person() {
    let mut bench = Bench::with_history(echoing(), &["a:1"]);
    bench.says("x");
    bench.breaks();
    bench.advance(3);
    bench.opens();
    bench.page(&["a:1", "a:2"], "end");
    assert_eq!(bench.rows(), ["a:1", "a:2", "me:x unknown"]);
    bench.advance_alive(120);
    assert_eq!(bench.count("say x"), 1);
    bench.retries("x");
    assert_eq!(bench.count("say x"), 2);
    bench.hears("msg me:x");
    assert_eq!(bench.rows(), ["a:1", "a:2", "me:x sent"]);
}

#[test]
fn the_same_words_twice_are_proved_one_by_one() {
    let mut bench = Bench::with_history(echoing(), &["a:1"]);
    bench.says("ok");
    bench.breaks();
    bench.says("ok");
    bench.advance(3);
    bench.opens();
    bench.page(&["a:1", "me:ok"], "end");
    assert_eq!(bench.rows(), ["a:1", "me:ok sent", "me:ok sending"]);
    bench.hears("msg me:ok");
    assert_eq!(bench.rows(), ["a:1", "me:ok sent", "me:ok sent"]);
}

#[test]
fn the_device_knows_that_it_may_have_gone_before_it_goes() {
    let mut bench = Bench::with_history(echoing(), &["a:1"]);
    bench.says("x");
    // The page dies with it under way, and comes back.
    let disk = bench.disk.clone();
    assert_eq!(disk.len(), 1);
    let mut again = Bench::with_disk(echoing(), disk, 2);
    again.opens();
    again.page(&["a:1"], "end");
    assert_eq!(again.rows(), ["a:1", "me:x unknown"]);
    assert_eq!(again.count("say x"), 0);
    again.deletes("x");
    assert_eq!(again.rows(), ["a:1"]);
    assert!(again.disk.is_empty());
}

#[test]
fn the_same_words_of_yesterday_prove_nothing() {
    let before = ["me:ok#1", "a:1#2"];
    let mut bench = Bench::with_history(echoing(), &before);
    bench.says("ok");
    let mut again = Bench::with_disk(echoing(), bench.disk.clone(), 2);
    again.opens();
    again.page(&before, "end");
    assert_eq!(again.rows(), ["me:ok sent", "a:1", "me:ok unknown"]);
    // But those that came after do.
    let mut again = Bench::with_disk(echoing(), bench.disk.clone(), 3);
    again.opens();
    again.page(&["me:ok#1", "a:1#2", "me:ok#3"], "end");
    assert_eq!(again.rows(), ["me:ok sent", "a:1", "me:ok sent"]);
    // And those of an older page do not either.
    let mut again = Bench::with_disk(echoing(), bench.disk.clone(), 4);
    again.opens();
    again.page(&["a:1#2"], "more");
    again.feed(Input::Command(Command::LoadOlder(room())));
    again.page(&["me:ok#1"], "end");
    assert_eq!(again.rows(), ["me:ok sent", "a:1", "me:ok unknown"]);
}

#[test]
fn it_does_not_go_before_the_device_has_noted_it_or_taken_too_long() {
    let mut bench = Bench::with_history(echoing(), &["a:1"]);
    bench.says("w");
    bench.hears("msg me:w");
    bench.slow_disk = true;
    bench.says("x");
    assert_eq!(bench.count("say x"), 0);
    bench.advance_alive(5);
    assert_eq!(bench.count("say x"), 1, "a slow device holds nobody up");
}

#[test]
fn what_was_queued_and_never_went_goes_after_a_reload() {
    let mut bench = Bench::with_history(echoing(), &["a:1"]);
    bench.breaks();
    bench.says("x");
    let mut again = Bench::with_disk(echoing(), bench.disk.clone(), 2);
    again.opens();
    assert_eq!(again.count("say x"), 1);
}

#[test]
fn what_another_page_has_handed_over_is_not_said_here() {
    let mut bench = Bench::with_history(echoing(), &["a:1"]);
    bench.breaks();
    bench.says("x");
    let mut other = Bench::with_disk(echoing(), bench.disk.clone(), 2);
    // The first page is on line again, and says it.
    bench.until_dialling();
    bench.opens();
    bench.page(&["a:1"], "end");
    assert_eq!(bench.count("say x"), 1);
    other.disk = bench.disk.clone();
    other.opens();
    other.page(&["a:1"], "end");
    assert_eq!(other.count("say x"), 0);
    assert_eq!(other.rows(), ["a:1", "me:x unknown"]);
    // The person may.
    other.retries("x");
    assert_eq!(other.count("say x"), 1);
}

// ---- backends that never confirm ---------------------------------------------------

#[test]
fn what_nobody_confirms_stands_where_it_was_said() {
    let mut bench = Bench::with_history(silent(), &["a:1"]);
    bench.says("x");
    bench.says("y");
    assert_eq!(bench.count("say y"), 1, "nothing is waited for");
    bench.hears("msg a:2");
    assert_eq!(bench.rows(), ["a:1", "me:x sending", "me:y sending", "a:2"]);
    bench.advance_alive(6);
    let rows = bench.rows();
    assert_eq!(rows, ["a:1", "me:x unconfirmed", "me:y unconfirmed", "a:2"]);
    assert!(bench.disk.is_empty(), "the device need not keep it");
    let claimed = bench.shown.iter().any(|(_, delivery)| *delivery == "sent");
    assert!(!claimed, "never claimed: {:?}", bench.shown);
}

#[test]
fn a_page_proves_what_nobody_confirmed() {
    let mut bench = Bench::with_history(silent(), &["a:1"]);
    bench.says("x");
    bench.advance_alive(6);
    bench.breaks();
    bench.advance(3);
    bench.opens();
    bench.page(&["a:1", "me:x#5", "a:2"], "end");
    assert_eq!(bench.rows(), ["a:1", "me:x sent", "a:2"]);
}

#[test]
fn a_link_that_dies_first_leaves_it_unknown_and_in_place() {
    let mut bench = Bench::with_history(silent(), &["a:1"]);
    bench.says("x");
    bench.breaks();
    assert_eq!(bench.rows(), ["a:1", "me:x unknown"]);
    bench.advance(3);
    bench.opens();
    bench.page(&["a:1", "a:2"], "end");
    let rows = bench.rows();
    assert!(rows.contains(&"me:x unknown".to_owned()), "{rows:?}");
    bench.retries("x");
    assert_eq!(bench.count("say x"), 2);
    assert_eq!(bench.rows(), ["a:1", "a:2", "me:x sending"]);
}

#[test]
fn silence_that_nobody_judges_is_no_evidence_against_it() {
    let mute = Capabilities {
        liveness: Liveness {
            silence: Some(Silence {
                within: Duration::from_secs(75),
                counts: Counts::OncePonged,
            }),
            beat: Beat::Every(Duration::from_secs(30)),
            ..silent().liveness
        },
        ..silent()
    };
    let mut bench = Bench::with_history(mute, &["a:1"]);
    bench.says("x");
    bench.advance(6);
    assert_eq!(bench.rows(), ["a:1", "me:x unconfirmed"]);
    bench.advance(600);
    assert_eq!(bench.status(), Status::Online, "silence says nothing");
    bench.hears("pong");
    bench.advance(90);
    assert!(bench.dialled_at.len() > 1, "now it does");
}

#[test]
fn a_dead_link_is_not_taken_for_a_live_one() {
    let mut bench = Bench::with_history(silent(), &["a:1"]);
    bench.advance_alive(3);
    bench.says("x");
    bench.advance(19);
    let shown = bench.shown.iter().any(|(_, it)| *it == "unconfirmed");
    assert!(!shown, "nothing was heard: {:?}", bench.rows());
    bench.advance(10);
    assert_eq!(bench.rows()[1], "me:x unknown");
}

// ---- by request ---------------------------------------------------------------------

#[test]
fn the_answer_is_the_acknowledgement() {
    let mut bench = Bench::online(by_request());
    bench.hears("msg a:1#1");
    bench.says("x");
    bench.hears("msg a:2#2");
    bench.answers(200, "77");
    assert_eq!(bench.rows(), ["a:1", "a:2", "me:x sent"]);
    bench.hears("msg me:x#77");
    assert_eq!(bench.rows().len(), 3, "known by its id");
}

#[test]
fn an_answer_that_is_lost_leaves_it_unknown() {
    let mut bench = Bench::online(by_request());
    bench.says("x");
    bench.says("y");
    bench.no_answer();
    assert_eq!(bench.rows(), ["me:x unknown", "me:y sending"]);
    bench.answers(200, "8");
    assert_eq!(bench.rows(), ["me:y sent", "me:x unknown"]);
}

#[test]
fn an_answer_may_outlive_the_link() {
    let mut bench = Bench::online(by_request());
    bench.says("x");
    bench.breaks();
    assert_eq!(bench.rows(), ["me:x sending"]);
    bench.answers(200, "5");
    assert_eq!(bench.rows(), ["me:x sent"]);
}

// ---- the link ----------------------------------------------------------------------

#[test]
fn the_first_wait_is_the_dialects_and_later_ones_grow() {
    let mut bench = Bench::online(echoing());
    let begin = bench.now;
    bench.breaks();
    bench.advance(600);
    assert_eq!(bench.dialled_at[1], begin + Duration::from_secs(3));
    // Each dial hangs for its 8 s, then the next wait begins.
    let gaps: Vec<u64> = bench.dialled_at[1..]
        .windows(2)
        .map(|pair| pair[1].since(pair[0]).as_millis() as u64 - 8_000)
        .collect();
    for pair in gaps.windows(2) {
        let grown = pair[1] >= pair[0] * 3 / 2 && pair[1] <= pair[0] * 2;
        assert!(grown || pair[1] == 30_000, "{gaps:?}");
    }
}

#[test]
fn a_dialect_may_stop_by_itself_and_showing_the_page_begins_anew() {
    let mut capabilities = echoing();
    capabilities.retry.most = Some(3);
    let mut bench = Bench::online(capabilities);
    bench.breaks();
    bench.advance(900);
    assert_eq!(bench.status(), Status::Ended);
    let dials = bench.dialled_at.len();
    bench.advance(900);
    assert_eq!(bench.dialled_at.len(), dials, "it stopped");
    bench.page_event(PageEvent::VisibilityChanged, PageState::SHOWN);
    assert_eq!(bench.dialled_at.len(), dials + 1);
    assert_eq!(bench.status(), Status::Connecting);
}

#[test]
fn a_page_that_closes_when_hidden_returns_when_shown() {
    let mut bench = Bench::online(Capabilities {
        when_hidden: WhenHidden::Closes,
        ..silent()
    });
    bench.page_event(PageEvent::VisibilityChanged, PageState::HIDDEN);
    assert_eq!(bench.status(), Status::Suspended);
    assert_eq!(bench.count("leave"), 1);
    bench.says("x");
    bench.advance(600);
    assert_eq!(bench.dialled_at.len(), 1, "not even for what is unsent");
    bench.page_event(PageEvent::VisibilityChanged, PageState::SHOWN);
    bench.opens();
    assert_eq!(bench.count("say x"), 1);
}

const ASSERTS: &[Duration] = &[Duration::from_secs(13), Duration::from_secs(28)];

#[test]
fn a_link_that_looks_alive_is_doubted() {
    let mut bench = Bench::with_history(
        Capabilities {
            doubt: Doubt {
                assert_after: ASSERTS,
                look_again: Some(Duration::from_secs(60)),
            },
            ..echoing()
        },
        &["a:1"],
    );
    bench.advance_alive(12);
    assert_eq!(bench.count("assert"), 0);
    bench.advance_alive(2);
    assert_eq!(bench.count("assert"), 1);
    // What the routing lost, the page brings.
    bench.page(&["a:1", "a:2"], "end");
    assert_eq!(bench.rows(), ["a:1", "a:2"]);
    bench.advance_alive(15);
    assert_eq!(bench.count("assert"), 2);
    bench.page(&["a:1", "a:2"], "end");
    bench.advance_alive(61);
    assert_eq!(bench.count("assert"), 3);
    bench.page(&["a:1", "a:2"], "end");
    bench.advance_alive(10);
    bench.page_event(PageEvent::VisibilityChanged, PageState::SHOWN);
    assert_eq!(bench.count("assert"), 4, "and when the page is shown");
    bench.page_event(PageEvent::VisibilityChanged, PageState::HIDDEN);
    bench.advance_alive(300);
    assert_eq!(bench.count("assert"), 4, "not while nobody looks");
}

#[test]
fn close_codes_of_others_mean_nothing() {
    let mut bench = Bench::online(echoing());
    for _ in 0..5 {
        bench.breaks();
        bench.until_dialling();
        bench.opens();
    }
    assert_eq!(bench.status(), Status::Online);
}
