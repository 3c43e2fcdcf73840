//! Attempts: each step has its time, and each failure makes the next wait
//! longer, up to a limit, until a stay has proved itself.

use serde_json::json;

use parlance_core::session::Oddity;
use parlance_core::time::Instant;
use parlance_core::{Command, LinkEvent, Status};

use crate::rig::{Launch, Rig, seconds};

#[test]
fn a_login_that_is_not_answered_is_given_up_after_8_seconds() {
    let mut rig = Rig::new();
    rig.start();
    rig.advance(7.999);
    rig.is(Status::Connecting);
    rig.advance(0.001);
    rig.is(Status::Waiting);
}

#[test]
fn a_dial_that_is_not_answered_is_given_up_after_8_seconds() {
    let mut rig = Rig::new();
    rig.start();
    rig.admit("t");
    rig.advance(7.999);
    assert!(rig.has_link());
    rig.advance(0.001);
    rig.is(Status::Waiting);
    assert!(!rig.has_link());
    assert_eq!(rig.closed_here, [1000]);
}

#[test]
fn a_hello_that_is_not_answered_is_given_up_after_8_seconds() {
    let mut rig = Rig::new();
    rig.start();
    rig.admit("t");
    rig.open();
    rig.advance(7.999);
    rig.is(Status::Connecting);
    rig.advance(0.001);
    rig.is(Status::Waiting);
    assert!(!rig.has_link());
}

#[test]
fn each_step_of_an_attempt_has_its_own_time() {
    let mut rig = Rig::new();
    rig.start();
    rig.advance(7.0);
    rig.admit("t");
    rig.advance(7.0);
    rig.open();
    rig.advance(7.0);
    rig.welcome();
    rig.is(Status::Online);
    assert_eq!(rig.dials(), 1);
}

#[test]
fn a_second_opened_and_a_second_welcome_change_nothing() {
    let mut rig = Rig::online();
    let link = rig.link();
    rig.feed(parlance_core::Input::Link(link, LinkEvent::Opened));
    rig.is(Status::Online);
    rig.sends_nothing();
    rig.welcome();
    rig.is(Status::Online);
    rig.sends_nothing();
    assert_eq!(rig.counted(Oddity::UnknownFrame), 1);
}

#[test]
fn what_a_dead_link_says_changes_nothing() {
    let mut rig = Rig::online();
    let old = rig.link();
    rig.closed(1006);
    rig.stale_closed(old, 4502, "");
    rig.is(Status::Waiting);

    rig.comes_back_whole();
    let now = rig.link();
    assert_ne!(old, now);
    rig.stale_closed(old, 4502, "");
    rig.raw_on(old, r#"{"t":"bye","retry_ms":100000}"#);
    rig.raw_on(
        old,
        r#"{"t":"push","conv":"room:lobby","msg":{"seq":1,"id":"x","body":{},"ts":1}}"#,
    );
    rig.feed(parlance_core::Input::Link(old, LinkEvent::Opened));
    rig.is(Status::Online);
    rig.sees("");
    assert_eq!(rig.link(), now);
}

#[test]
fn a_link_that_was_given_up_may_open_later_without_harm() {
    let mut rig = Rig::new();
    rig.start();
    rig.admit("t");
    let slow = rig.link();
    rig.advance(8.0);
    rig.feed(parlance_core::Input::Link(slow, LinkEvent::Opened));
    rig.is(Status::Waiting);
    rig.until_dial(1.0);
    rig.logs_in();
}

#[test]
fn waits_grow_and_differ_by_chance() {
    let mut firsts = std::collections::BTreeSet::new();
    for seed in 0..40 {
        let mut rig = Rig::launched(Launch {
            seed,
            ..Launch::default()
        });
        rig.start();
        let mut waits = Vec::new();
        for _ in 0..7 {
            rig.unreachable("api/ticket");
            let from = rig.now;
            rig.until_dial(15.0);
            waits.push(rig.now.since(from).as_secs_f64());
        }
        assert!(waits[0] <= 1.0, "{waits:?}");
        for (wait, ceiling) in waits[1..].iter().zip([2.0, 4.0, 8.0, 15.0, 15.0, 15.0]) {
            assert!(*wait >= ceiling / 2.0 && *wait <= ceiling, "{waits:?}");
        }
        firsts.insert(rig.dialled_at[1]);
    }
    assert!(firsts.len() > 30, "a crowd comes back as one: {firsts:?}");
}

#[test]
fn failing_dials_stay_polite() {
    const SEEDS: u64 = 60;
    let (mut in_a_minute, mut in_three) = (0, 0);
    for seed in 0..SEEDS {
        let mut rig = Rig::launched(Launch {
            seed,
            ..Launch::default()
        });
        rig.start();
        let began = rig.now;
        while rig.now.since(began) < seconds(180.0) {
            rig.unreachable("api/ticket");
            rig.until_dial(15.0);
        }
        let within = |span: f64| {
            let until = began + seconds(span);
            rig.dialled_at.iter().filter(|at| **at < until).count()
        };
        assert!(within(60.0) <= 10 && within(180.0) <= 24, "seed {seed}");
        in_a_minute += within(60.0) as u64;
        in_three += within(180.0) as u64;
    }
    assert!(in_a_minute <= 9 * SEEDS, "{in_a_minute}");
    assert!(in_three <= 20 * SEEDS, "{in_three}");
}

#[test]
fn the_first_way_back_is_spread_as_the_server_said() {
    let mut latest = 0.0_f64;
    for seed in 0..40 {
        let mut rig = Rig::launched(Launch {
            seed,
            ..Launch::default()
        });
        rig.server.spread_ms = 20_000;
        rig.goes_online();
        rig.closed(1006);
        let from = rig.now;
        rig.until_dial(20.0);
        latest = latest.max(rig.now.since(from).as_secs_f64());
    }
    assert!(latest > 15.0, "{latest}");
}

#[test]
fn a_crowd_that_has_grown_since_the_welcome_is_spread_as_the_ping_said() {
    let mut latest = 0.0_f64;
    for seed in 0..40 {
        let mut rig = Rig::launched(Launch {
            seed,
            ..Launch::default()
        });
        rig.goes_online();
        let sum = rig.server.sum();
        rig.frame(json!({"t": "ping", "heads": [], "sum": sum, "spread_ms": 20_000}));
        // One that says nothing of it changes nothing.
        rig.pings();
        rig.closed(1006);
        let from = rig.now;
        rig.until_dial(20.0);
        latest = latest.max(rig.now.since(from).as_secs_f64());
    }
    assert!(latest > 15.0, "{latest}");
}

#[test]
fn a_stay_of_30_seconds_makes_the_next_loss_a_first_one() {
    let mut rig = Rig::new();
    rig.start();
    for _ in 0..6 {
        rig.unreachable("api/ticket");
        rig.until_dial(15.0);
    }
    rig.logs_in();
    rig.settles();
    rig.talks_for(30.0);
    rig.closed(1006);
    rig.until_dial(1.0);
}

#[test]
fn a_stay_of_29_seconds_proves_nothing() {
    let mut rig = Rig::new();
    rig.start();
    for _ in 0..6 {
        rig.unreachable("api/ticket");
        rig.until_dial(15.0);
    }
    rig.logs_in();
    rig.settles();
    rig.talks_for(29.0);
    rig.closed(1006);
    let from = rig.now;
    rig.until_dial(15.0);
    assert!(rig.now.since(from) >= seconds(7.5));
}

#[test]
fn a_server_that_lets_in_and_drops_at_once_is_dialled_ever_less() {
    let mut rig = Rig::new();
    rig.start();
    let began = rig.now;
    while rig.now.since(began) < seconds(180.0) {
        rig.logs_in();
        rig.advance(0.5);
        rig.closed(1006);
        rig.until_dial(16.0);
    }
    assert!(rig.dials() <= 22, "{}", rig.dials());
}

#[test]
fn now_dials_at_once_and_is_not_rationed() {
    let mut rig = Rig::new();
    rig.start();
    for dials in 1..6 {
        rig.unreachable("api/ticket");
        rig.is(Status::Waiting);
        rig.command(Command::Now);
        assert_eq!(rig.dials(), dials + 1);
    }
}

#[test]
fn now_on_an_attempt_under_way_starts_no_second_one() {
    let mut rig = Rig::new();
    rig.start();
    rig.command(Command::Now);
    rig.admit("t");
    rig.command(Command::Now);
    rig.open();
    rig.command(Command::Now);
    assert_eq!(rig.dials(), 1);
    rig.welcome();
    rig.is(Status::Online);
}

#[test]
fn bye_closes_here_and_comes_back_spread_out_after_the_hint() {
    let mut rig = Rig::online();
    let link = rig.link();
    rig.frame(serde_json::json!({"t": "bye", "retry_ms": 3_000}));
    rig.is(Status::Waiting);
    assert_eq!(rig.closed_here, [1000]);
    // The close that follows is of a link that is gone.
    rig.stale_closed(link, 1012, "");

    let from = rig.now;
    rig.until_dial(4.0);
    assert!(rig.now.since(from) >= seconds(3.0));
    rig.logs_in();
}

#[test]
fn a_server_that_says_goodbye_to_everybody_at_once_is_asked_ever_more_rarely() {
    let mut rig = Rig::online();
    let mut waits = Vec::new();
    for _ in 0..8 {
        rig.frame(serde_json::json!({"t": "bye", "retry_ms": 100}));
        rig.is(Status::Waiting);
        let from = rig.now;
        rig.until_dial(20.0);
        waits.push(rig.now.since(from));
        rig.logs_in();
    }
    // Half of a wait is chance, and the last are at the cap of 15 s.
    assert!(waits[0] <= seconds(1.1), "{waits:?}");
    assert!(waits[7] >= seconds(7.5), "{waits:?}");
    // A stay that lasts makes the next goodbye a first one.
    rig.settles();
    rig.talks_for(30.0);
    rig.frame(serde_json::json!({"t": "bye", "retry_ms": 100}));
    rig.until_dial(1.2);
}

#[test]
fn a_wake_before_its_time_changes_nothing() {
    let mut rig = Rig::online_with(3);
    rig.closed(1006);
    let due = rig.session.wake_at();
    let told = rig.events.len();
    for _ in 0..10 {
        rig.feed(parlance_core::Input::Wake(rig.page));
    }
    assert_eq!(rig.session.wake_at(), due);
    assert_eq!(rig.events.len(), told);
    assert_eq!(rig.dials(), 1);
}

#[test]
fn the_same_seed_dials_at_the_same_times() {
    let times = |seed| -> Vec<Instant> {
        let mut rig = Rig::launched(Launch {
            seed,
            ..Launch::default()
        });
        rig.start();
        for _ in 0..6 {
            rig.unreachable("api/ticket");
            rig.until_dial(15.0);
        }
        rig.dialled_at.clone()
    };
    assert_eq!(times(3), times(3));
    assert_ne!(times(3), times(4));
}
