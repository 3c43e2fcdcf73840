//! What the page goes through: shown, hidden, cached, frozen, left; and hints
//! that lie. Every sign of life is answered by what is true now.

use parlance_core::session::PageEvent;
use parlance_core::{Command, Input, PageState, Status};

use crate::rig::Rig;

const AN_HOUR: f64 = 3_600.0;

const EVENTS: [PageEvent; 12] = [
    PageEvent::VisibilityChanged,
    PageEvent::PageShow { persisted: false },
    PageEvent::PageShow { persisted: true },
    PageEvent::PageHide,
    PageEvent::Freeze,
    PageEvent::Resume,
    PageEvent::Focus,
    PageEvent::Online,
    PageEvent::Offline,
    PageEvent::HostActive(true),
    PageEvent::HostActive(false),
    PageEvent::ClockGap,
];

/// A rig in each phase of a stay, with its name.
fn phases() -> Vec<(&'static str, Rig)> {
    let fresh = Rig::new();
    let mut form = Rig::new();
    form.start();
    form.refuse(401, "no_identity");
    let mut joining = Rig::new();
    joining.start();
    joining.refuse(401, "no_identity");
    joining.joins_as("Ann");
    let mut admission = Rig::new();
    admission.start();
    let mut dialling = Rig::new();
    dialling.start();
    dialling.admit("t");
    let mut greeting = Rig::new();
    greeting.start();
    greeting.admit("t");
    greeting.open();
    let online = Rig::online();
    let mut waiting = Rig::online();
    waiting.closed(1006);
    let mut suspended = Rig::online();
    suspended.leaves_page();
    let mut ended = Rig::online();
    ended.closed(4502);
    let mut signed_out = Rig::online();
    signed_out.command(Command::SignOut);
    vec![
        ("fresh", fresh),
        ("form", form),
        ("joining", joining),
        ("admission", admission),
        ("dialling", dialling),
        ("greeting", greeting),
        ("online", online),
        ("waiting", waiting),
        ("suspended", suspended),
        ("ended", ended),
        ("signed out", signed_out),
    ]
}

#[test]
fn every_event_in_every_phase_leaves_a_session_that_works() {
    for event in EVENTS {
        for page in [PageState::SHOWN, PageState::HIDDEN] {
            for (name, mut rig) in phases() {
                let before = rig.dials();
                rig.page = page;
                rig.page_event(event);
                rig.wake();
                rig.advance(90.0);
                let quiet = ["fresh", "form", "joining", "ended", "signed out"];
                if quiet.contains(&name) {
                    assert_eq!(rig.dials(), before, "{event:?} dials when {name}");
                }
            }
        }
    }
}

#[test]
fn whatever_happens_to_the_page_a_shown_one_gets_back_online() {
    for event in EVENTS {
        for (name, mut rig) in phases() {
            let alive = ["online", "waiting", "suspended", "admission", "greeting"];
            if !alive.contains(&name) {
                continue;
            }
            rig.page_event(event);
            rig.advance(0.1);
            rig.shows();
            rig.path_dies();
            // The path of before is given up or asked; a new one stands.
            for _ in 0..3 {
                if rig.session.status() == Status::Online {
                    break;
                }
                if !rig.has_link() && !rig.wants_ticket() {
                    rig.until_dial(4.0);
                }
                if rig.wants_ticket() {
                    rig.logs_in();
                } else {
                    rig.advance(8.0);
                }
            }
            rig.is(Status::Online);
        }
    }
}

#[test]
fn a_hidden_page_without_anything_unsent_dials_nothing() {
    let mut rig = Rig::online();
    rig.hides();
    rig.closed(1006);
    rig.advance(AN_HOUR);
    assert_eq!(rig.dials(), 1);
    rig.is(Status::Waiting);
}

#[test]
fn a_hidden_page_with_something_unsent_dials() {
    let mut rig = Rig::online();
    rig.say("hello");
    rig.hides();
    rig.closed(1006);
    rig.until_dial(1.0);
    for _ in 0..6 {
        rig.unreachable("api/ticket");
        rig.until_dial(60.0);
    }
    rig.comes_back_whole();
    rig.takes("hello");
    rig.sees("1:sent");
}

#[test]
fn a_hidden_page_waits_longer_than_a_shown_one() {
    let mut longest = 0.0_f64;
    let mut rig = Rig::online();
    rig.say("hello");
    rig.hides();
    rig.closed(1006);
    for _ in 0..30 {
        let from = rig.now;
        rig.until_dial(60.0);
        rig.unreachable("api/ticket");
        longest = longest.max(rig.now.since(from).as_secs_f64());
    }
    assert!(longest > 30.0, "{longest}");
}

#[test]
fn something_said_on_a_hidden_page_that_waits_is_dialled_for_within_a_minute() {
    let mut rig = Rig::online();
    rig.hides();
    rig.closed(1006);
    rig.advance(AN_HOUR);
    rig.say("from a notification");
    rig.until_dial(60.0);
}

#[test]
fn a_page_that_is_shown_without_an_event_looks_again_within_a_minute() {
    let mut rig = Rig::online();
    rig.hides();
    rig.closed(1006);
    rig.advance(AN_HOUR);
    // The event that says so never comes; the next look finds out.
    rig.page.visible = true;
    rig.until_dial(60.0);
}

#[test]
fn a_page_that_is_shown_dials_at_once() {
    let mut rig = Rig::online();
    rig.hides();
    rig.closed(1006);
    rig.advance(600.0);
    rig.shows();
    assert_eq!(rig.dials(), 2);
    rig.comes_back_whole();
}

#[test]
fn a_link_keeps_when_the_page_hides() {
    let mut rig = Rig::online();
    rig.hides();
    rig.talks_for(600.0);
    rig.is(Status::Online);
    assert!(rig.closed_here.is_empty());
    let seq = rig.bob_says("still here?");
    rig.sees(&seq.to_string());
}

#[test]
fn a_page_that_is_shown_asks_a_link_that_was_quiet() {
    let mut rig = Rig::online();
    rig.advance(4.0);
    rig.shows();
    rig.sends(&["ping"]);
    rig.pongs();
    rig.advance(3.0);
    assert!(rig.closed_here.is_empty());
}

#[test]
fn a_page_that_is_shown_does_not_ask_a_link_that_was_just_heard() {
    let mut rig = Rig::online();
    rig.advance(2.9);
    rig.shows();
    rig.sends_nothing();
}

#[test]
fn a_link_that_does_not_answer_a_shown_page_is_replaced_after_3_seconds() {
    let mut rig = Rig::online();
    rig.talks_for(40.0);
    rig.hides();
    rig.advance(10.0);
    rig.shows();
    rig.advance(2.999);
    assert_eq!(rig.dials(), 1);
    rig.advance(0.001);
    assert_eq!(rig.dials(), 2);
    assert_eq!(rig.closed_here.len(), 1);
}

#[test]
fn the_focus_asks_only_a_link_that_was_quiet_for_10_seconds() {
    let mut rig = Rig::online();
    rig.advance(9.0);
    rig.page_event(PageEvent::Focus);
    rig.sends_nothing();
    rig.advance(2.0);
    rig.page_event(PageEvent::Focus);
    rig.sends(&["ping"]);
}

#[test]
fn the_focus_dials_when_the_link_is_down() {
    let mut rig = Rig::online();
    rig.closed(1006);
    rig.page_event(PageEvent::Focus);
    assert_eq!(rig.dials(), 2);
}

#[test]
fn out_of_the_cache_the_link_is_replaced_at_once() {
    let mut rig = Rig::online_with(3);
    let old = rig.link();
    rig.sleeps(600.0);
    rig.server.has("room:lobby", 2);
    rig.comes_out_of_cache();
    assert_eq!(rig.dialled_at.last(), Some(&rig.now));
    assert_eq!(rig.closed_here.len(), 1);
    rig.sees("1-3");

    // Frames that were sent meanwhile are gone, whatever the old one says.
    rig.raw_on(old, r#"{"t":"pong","heads":[]}"#);
    rig.logs_in();
    rig.room_answers();
    rig.answers_all();
    rig.sees("1-5");
}

#[test]
fn after_a_freeze_the_link_is_replaced_at_once() {
    let mut rig = Rig::online_with(3);
    rig.sleeps(5.0);
    rig.page_event(PageEvent::Resume);
    assert_eq!(rig.dials(), 2);
    rig.logs_in();
    rig.room_answers();
    rig.answers_all();
    rig.sees("1-3");
}

#[test]
fn a_frozen_page_closes_and_comes_back_on_resume() {
    let mut rig = Rig::online();
    rig.page.visible = false;
    rig.page_event(PageEvent::Freeze);
    rig.is(Status::Suspended);
    assert_eq!(rig.closed_here, [1000]);
    rig.sleeps(600.0);
    rig.page.visible = true;
    rig.page_event(PageEvent::Resume);
    rig.is(Status::Connecting);
    assert_eq!(rig.dialled_at.last(), Some(&rig.now));
}

#[test]
fn a_second_renewal_while_the_first_dials_still_leaves_one_link() {
    let mut rig = Rig::online();
    rig.comes_out_of_cache();
    rig.admit("t");
    rig.page_event(PageEvent::Resume);
    rig.admit("u");
    rig.open();
    rig.sends(&["hello u room:lobby@e1:0"]);
    rig.welcome();
    rig.is(Status::Online);
}

#[test]
fn a_page_that_goes_closes_and_dials_no_more() {
    let mut rig = Rig::online();
    rig.leaves_page();
    rig.is(Status::Suspended);
    assert_eq!(rig.closed_here, [1000]);
    rig.advance(AN_HOUR);
    assert_eq!(rig.dials(), 1);
}

#[test]
fn a_page_that_goes_while_it_dials_gives_the_dial_up() {
    let mut rig = Rig::new();
    rig.start();
    rig.admit("t");
    rig.leaves_page();
    assert!(!rig.has_link());
    rig.is(Status::Suspended);
}

#[test]
fn a_page_that_was_told_it_goes_and_stays_dials_after_a_second() {
    // A download link, or a dialog that was answered with "stay".
    let mut rig = Rig::online();
    rig.page_event(PageEvent::PageHide);
    rig.is(Status::Suspended);
    rig.advance(0.999);
    assert_eq!(rig.dials(), 1);
    rig.advance(0.001);
    assert_eq!(rig.dials(), 2);
}

#[test]
fn a_suspended_page_comes_back_on_any_sign_of_life() {
    for event in [
        PageEvent::VisibilityChanged,
        PageEvent::PageShow { persisted: false },
        PageEvent::PageShow { persisted: true },
        PageEvent::Resume,
        PageEvent::Focus,
        PageEvent::Online,
        PageEvent::HostActive(true),
        PageEvent::ClockGap,
    ] {
        let mut rig = Rig::online();
        rig.leaves_page();
        rig.sleeps(30.0);
        rig.page.visible = true;
        rig.page_event(event);
        rig.is(Status::Connecting);
    }
}

#[test]
fn a_hidden_page_whose_link_falls_silent_dials_when_it_is_shown() {
    let mut rig = Rig::online();
    rig.talks_for(60.0);
    rig.hides();
    rig.advance(600.0);
    assert_eq!(rig.closed_here.len(), 1);
    assert_eq!(rig.dials(), 1);
    rig.shows();
    assert_eq!(rig.dials(), 2);
}

#[test]
fn visibility_is_read_and_never_remembered() {
    let mut rig = Rig::online();
    rig.hides();
    rig.closed(1006);
    // No event says that the page is shown, but the wake bears the truth.
    let due = rig.session.wake_at().expect("an attempt is due");
    rig.now = due;
    rig.feed(Input::Wake(PageState::SHOWN));
    assert_eq!(rig.dials(), 2);
}
