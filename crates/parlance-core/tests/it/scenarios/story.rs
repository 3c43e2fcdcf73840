//! What the person can read of the connection's last hour.

use parlance_core::PageEvent;
use parlance_core::session::What;

use crate::rig::Rig;

fn story(rig: &Rig) -> Vec<(What, u64)> {
    rig.session
        .story()
        .map(|note| (note.what, note.number))
        .collect()
}

#[test]
fn a_drop_is_told_with_its_evidence_and_what_came_of_it() {
    let mut rig = Rig::online_with(2);
    rig.say("hello");
    rig.advance(3.0);
    rig.closed(1006);
    rig.server.store("room:lobby", "u-bob", "missed", None);
    rig.comes_back_whole();
    rig.takes("hello");
    let story = story(&rig);
    assert_eq!(story[0], (What::Began, 0));
    assert_eq!(story[1], (What::Online, 0));
    assert_eq!(story[2], (What::Closed, 1006));
    assert_eq!(story[3], (What::OnTheirWay, 1));
    assert!(matches!(story[4], (What::Online, 0..=2)), "{story:?}");
    assert_eq!(story[5], (What::Missed, 1));
    assert_eq!(story.len(), 6, "{story:?}");
}

#[test]
fn silence_and_an_overdue_proof_are_told_apart() {
    let mut rig = Rig::online();
    rig.path_dies();
    rig.advance(28.0);
    assert!(
        story(&rig).contains(&(What::Silent, 0)),
        "{:?}",
        story(&rig)
    );
    let mut rig = Rig::online();
    rig.say("hello");
    rig.path_dies();
    rig.advance(6.0);
    assert!(story(&rig).contains(&(What::Unproved, 0)));
    assert!(!story(&rig).contains(&(What::Silent, 0)));
}

#[test]
fn what_the_page_goes_through_is_told() {
    let mut rig = Rig::online();
    rig.hides();
    rig.shows();
    rig.device_offline();
    rig.device_online();
    rig.page_event(PageEvent::Freeze);
    rig.page_event(PageEvent::Resume);
    let told: Vec<What> = story(&rig).iter().map(|(what, _)| *what).collect();
    assert_eq!(
        told[2..],
        [
            What::Hidden,
            What::Shown,
            What::Offline,
            What::Network,
            What::Left,
            What::Back
        ]
    );
}

#[test]
fn what_is_older_than_an_hour_is_forgotten_and_so_is_too_much() {
    let mut rig = Rig::online();
    rig.talks_for(3_500.0);
    assert_eq!(story(&rig)[0], (What::Began, 0));
    rig.talks_for(200.0);
    rig.hides();
    assert_eq!(story(&rig), [(What::Hidden, 0)]);
    for _ in 0..300 {
        rig.shows();
    }
    assert_eq!(story(&rig).len(), 200);
}
