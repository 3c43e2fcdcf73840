//! Row 35: the server is restored from a copy that lacks what was said last.

use std::collections::BTreeMap;

use parlance_core::session::What;
use parlance_core::timeline::Delivery;

use super::figure::{Figures, Row, SEEDS, for_seeds};
use super::lab::{Lab, Score};
use super::native::{ME, Server, online_with};

/// Whose, and what, as it should be on the page from the top.
type Rows = Vec<(bool, String)>;

/// What is on show: whether it is in the log, and its words.
fn shown(lab: &Lab<Server>) -> Rows {
    let items = lab.items();
    let rows = items.iter().map(|item| {
        let missing = matches!(item.delivery, Some(Delivery::Missing(_)));
        (!missing, item.content.text().to_owned())
    });
    rows.collect()
}

/// The log that there is, with what of mine it has lost between what it had
/// kept and what was said since.
fn due(lab: &Lab<Server>, keep: usize, lost: &[String]) -> Rows {
    let log = lab
        .backend
        .messages
        .iter()
        .map(|it| (true, it.text.clone()));
    let mut due: Rows = log.collect();
    let lost = lost.iter().map(|text| (false, text.clone()));
    due.splice(keep..keep, lost);
    due
}

#[test]
fn row_35_a_restored_server_lacks_what_was_said_last() {
    let mut offered = Figures::default();
    let (mut lost_mine, mut lost_theirs, mut again, mut given_up) = (0, 0, 0, 0);
    let mut score = Score::default();
    for_seeds(SEEDS, |seed| {
        let mut lab = online_with(seed, 20);
        lab.chats(4_000, 300, "before");
        lab.says("the last word");
        lab.pass(3_000);
        lab.reads_everything();
        let head = lab.backend.head();
        let keep = (10 + lab.chance.below(head - 10)) as usize;
        let mut cids: BTreeMap<String, Option<String>> = BTreeMap::new();
        let mut lost = Vec::new();
        for stored in &lab.backend.messages[keep..] {
            if stored.from == ME {
                lost.push(stored.text.clone());
                cids.insert(stored.text.clone(), stored.cid.clone());
            } else {
                lost_theirs += 1;
            }
        }
        lost_mine += lost.len();
        lab.backend.restored_as("e2", keep);
        lab.waives_everything();
        // It restarts, and others are back before this page.
        lab.backend.closes_all(1012, "");
        let now = lab.now;
        for number in 0..lab.chance.below(4) {
            lab.backend.bob_says(&format!("since {number}"), now);
        }
        lab.carries_away();
        assert!(lab.until(90_000, Lab::is_online), "seed {seed}: never back");
        let back = lab.now;
        let all = |lab: &Lab<Server>| shown(lab) == due(lab, keep, &lost);
        assert!(
            lab.until(10_000, all),
            "seed {seed}: {:?}, not {:?}",
            shown(&lab),
            due(&lab, keep, &lost)
        );
        offered.add(lab.now - back);
        let told = lab.session().story();
        assert_eq!(told.filter(|it| it.what == What::Restored).count(), 1);
        // The person decides about each, and talks on.
        for (index, text) in lost.iter().enumerate() {
            lab.says(&format!("meanwhile {index}"));
            if lab.chance.below(3) == 0 {
                lab.deletes(text);
                given_up += 1;
                continue;
            }
            lab.retries(text);
            again += 1;
            // Twice, or on a path that dies under it.
            if lab.chance.below(4) == 0 {
                lab.rst();
            }
            lab.pass(lab_pause(seed));
        }
        score.add(lab.settles());
        for (text, cid) in &cids {
            let stored: Vec<_> = lab
                .backend
                .messages
                .iter()
                .filter(|it| it.text == *text)
                .collect();
            assert!(stored.len() <= 1, "seed {seed}: {text:?} is stored twice");
            assert!(stored.iter().all(|it| it.cid == *cid), "another id");
        }
        let left = lab.items();
        let missing = |delivery: &Option<Delivery>| matches!(delivery, Some(Delivery::Missing(_)));
        assert!(!left.iter().any(|it| missing(&it.delivery)));
    });
    Row {
        number: 35,
        figure: format!(
            "{lost_mine} of mine and {lost_theirs} of others lost; mine offered in their places {} after \
             the return; {again} said again and {given_up} given up; {}",
            offered.seconds(),
            score.words()
        ),
        bound: "all of mine offered, none of others shown; 0/0/0",
        held: lost_mine > 100 && lost_theirs > 100 && again > 50 && given_up > 20 && score.is_clean(),
    }
    .told();
}

/// Sometimes the next comes before the last is proved.
const fn lab_pause(seed: u64) -> u64 {
    if seed.is_multiple_of(2) { 20 } else { 400 }
}
