//! Hints of the device and the host: offline, online, a gap of the clock, a
//! mini-program's word. They lie, so the link is asked and not judged by them.

use parlance_core::Status;
use parlance_core::session::PageEvent;

use crate::rig::{Rig, seconds};

#[test]
fn a_clock_gap_asks_and_does_not_close() {
    let mut rig = Rig::online();
    rig.sleeps(600.0);
    rig.page_event(PageEvent::ClockGap);
    rig.sends(&["ping"]);
    rig.pongs();
    rig.advance(20.0);
    rig.is(Status::Online);
    assert_eq!(rig.dials(), 1);
}

#[test]
fn a_clock_gap_dials_when_the_link_is_down() {
    let mut rig = Rig::online();
    rig.closed(1006);
    rig.page_event(PageEvent::ClockGap);
    assert_eq!(rig.dials(), 2);
}

#[test]
fn a_device_that_says_offline_is_asked_about_not_believed() {
    let mut rig = Rig::online();
    rig.advance(1.0);
    rig.device_offline();
    rig.sends(&["ping"]);
    rig.is(Status::Online);
    rig.pongs();
    rig.advance(10.0);
    rig.is(Status::Online);
    assert!(rig.closed_here.is_empty());
}

#[test]
fn a_device_that_says_offline_and_is_has_its_link_replaced() {
    let mut rig = Rig::online();
    rig.talks_for(40.0);
    rig.advance(1.0);
    rig.device_offline();
    rig.advance(3.0);
    assert_eq!(rig.closed_here.len(), 1);
    assert_eq!(rig.dials(), 2);
}

#[test]
fn a_device_that_is_online_again_dials_at_once() {
    let mut rig = Rig::online();
    rig.closed(1006);
    rig.device_offline();
    rig.is(Status::Offline);
    rig.until_dial(1.0);
    rig.unreachable("api/ticket");
    rig.is(Status::Offline);
    rig.device_online();
    rig.is(Status::Connecting);
    assert_eq!(rig.dials(), 3);
}

#[test]
fn a_device_that_is_online_again_asks_the_link_it_has() {
    let mut rig = Rig::online();
    rig.advance(0.5);
    rig.device_online();
    rig.sends(&["ping"]);
}

#[test]
fn fifty_lies_about_the_network_close_nothing() {
    let mut rig = Rig::online();
    rig.server_answers_pings();
    for _ in 0..25 {
        rig.device_offline();
        rig.advance(1.3);
        rig.device_online();
        rig.advance(0.4);
    }
    rig.is(Status::Online);
    assert!(rig.closed_here.is_empty());
    assert_eq!(rig.dials(), 1);
}

#[test]
fn signs_of_life_dial_at_once_only_every_3_seconds() {
    let mut rig = Rig::online();
    rig.talks_for(40.0);
    rig.closed(1006);
    let began = rig.now;
    for _ in 0..40 {
        rig.shows();
        rig.page_event(PageEvent::Focus);
        if rig.wants_ticket() {
            rig.unreachable("api/ticket");
        }
        rig.advance(0.25);
        if rig.wants_ticket() {
            rig.unreachable("api/ticket");
        }
    }
    let span = rig.now.since(began);
    assert_eq!(span, seconds(10.0));
    let dials = rig.dialled_at.iter().filter(|at| **at >= began).count();
    assert!((4..=8).contains(&dials), "{dials}");
}

#[test]
fn a_host_that_says_active_is_believed_over_a_stale_visibility() {
    let mut rig = Rig::online();
    rig.page.visible = false;
    rig.closed(1006);
    rig.advance(600.0);
    rig.page_event(PageEvent::HostActive(true));
    assert_eq!(rig.dials(), 2);
}

#[test]
fn a_host_that_says_inactive_changes_nothing() {
    let mut rig = Rig::online();
    rig.advance(5.0);
    rig.page_event(PageEvent::HostActive(false));
    rig.sends_nothing();
    rig.is(Status::Online);
}

#[test]
fn a_network_that_comes_back_does_not_make_a_hidden_page_dial() {
    for event in [PageEvent::Online, PageEvent::ClockGap] {
        let mut rig = Rig::online();
        rig.hides();
        rig.closed(1006);
        rig.advance(600.0);
        rig.page_event(event);
        assert_eq!(rig.dials(), 1, "{event:?}");
        // It would, if it had something to say.
        rig.say("hello");
        rig.page_event(event);
        assert_eq!(rig.dials(), 2, "{event:?}");
    }
}
