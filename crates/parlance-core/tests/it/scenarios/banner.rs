//! Trouble is shown when it lasts, and at once when only the person can help.

use parlance_core::{Command, Status};

use crate::rig::{Rig, seconds};

#[test]
fn trouble_that_is_over_within_two_seconds_is_not_shown() {
    let mut rig = Rig::online();
    rig.closed(1006);
    rig.comes_back_whole();
    assert!(
        rig.events
            .iter()
            .all(|it| !matches!(it, parlance_core::Event::Banner(Some(_))))
    );
}

#[test]
fn trouble_is_shown_after_two_seconds_with_the_countdown() {
    let mut rig = Rig::online();
    rig.closed(1006);
    let began = rig.now;
    rig.until_dial(1.0);
    rig.unreachable("api/ticket");
    let rest = (began + seconds(1.999)).since(rig.now).as_secs_f64();
    rig.advance(rest);
    assert_eq!(rig.banner(), None);
    rig.advance(0.001);
    let banner = rig.banner().expect("the banner is due").clone();
    assert_eq!(rig.now, began + seconds(2.0));
    if banner.status == Status::Waiting {
        assert_eq!(banner.retry_at, rig.session.wake_at());
    }
}

#[test]
fn the_countdown_is_when_the_next_attempt_really_comes() {
    let mut rig = Rig::online();
    rig.closed(1006);
    for _ in 0..5 {
        rig.until_dial(16.0);
        rig.unreachable("api/ticket");
    }
    rig.advance(2.0);
    let due = rig.banner().and_then(|banner| banner.retry_at);
    let due = due.expect("there is a countdown");
    rig.until_dial(16.0);
    assert_eq!(rig.now, due);
    // While the attempt is under way there is nothing to count down.
    assert_eq!(rig.banner().map(|it| it.retry_at), Some(None));
}

#[test]
fn a_long_login_is_trouble_too() {
    let mut rig = Rig::new();
    rig.start();
    rig.advance(1.9);
    assert_eq!(rig.banner(), None);
    rig.advance(0.1);
    let banner = rig.banner().expect("the banner is due");
    assert_eq!((banner.status, banner.retry_at), (Status::Connecting, None));
}

#[test]
fn the_banner_is_gone_once_there_is_talk() {
    let mut rig = Rig::online();
    rig.closed(1006);
    rig.until_dial(1.0);
    rig.advance(5.0);
    assert!(rig.banner().is_some());
    rig.logs_in();
    assert_eq!(rig.banner(), None);
}

#[test]
fn an_end_is_shown_at_once() {
    let mut rig = Rig::online();
    rig.closed(4502);
    assert_eq!(rig.banner().map(|it| it.status), Some(Status::Ended));
}

#[test]
fn what_went_wrong_while_nobody_looked_is_forgiven_on_show() {
    let mut rig = Rig::online();
    rig.hides();
    rig.closed(1006);
    rig.advance(600.0);
    rig.shows();
    assert_eq!(rig.banner(), None);
    rig.advance(1.9);
    assert_eq!(rig.banner(), None);
    rig.logs_in();
    assert_eq!(rig.banner(), None);
}

#[test]
fn an_end_is_not_forgiven_on_show() {
    let mut rig = Rig::online();
    rig.hides();
    rig.closed(4501);
    rig.advance(600.0);
    rig.shows();
    assert_eq!(rig.banner().map(|it| it.status), Some(Status::Ended));
}

#[test]
fn a_page_that_goes_shows_no_trouble() {
    let mut rig = Rig::online();
    rig.closed(1006);
    rig.advance(0.2);
    rig.leaves_page();
    rig.advance(600.0);
    assert_eq!(rig.banner(), None);
    rig.is(Status::Suspended);
}

#[test]
fn a_device_without_network_says_so() {
    let mut rig = Rig::online();
    rig.closed(1006);
    rig.until_dial(1.0);
    rig.unreachable("api/ticket");
    rig.device_offline();
    rig.is(Status::Offline);
    rig.advance(2.0);
    let status = rig.banner().map(|banner| banner.status);
    assert!(matches!(status, Some(Status::Offline | Status::Connecting)));
    rig.until_dial(16.0);
    rig.unreachable("api/ticket");
    assert_eq!(rig.banner().map(|it| it.status), Some(Status::Offline));
}

#[test]
fn now_leaves_the_banner_until_it_has_helped() {
    let mut rig = Rig::online();
    rig.closed(1006);
    rig.until_dial(1.0);
    rig.unreachable("api/ticket");
    rig.advance(5.0);
    assert!(rig.banner().is_some());
    rig.command(Command::Now);
    assert_eq!(rig.banner().map(|it| it.status), Some(Status::Connecting));
}
