//! Row 56: the page crashes between any two storage writes (I20), exhaustively:
//! each scenario is run once whole, and then once for everything that happens
//! in it, crashing right after that, with each number of the writes that were
//! under way still carried out.

use std::collections::BTreeSet;

use super::figure::Row;
use super::lab::{Backend, Lab, Score};
use super::{crmeb, native};

/// One thing that the person does, or that happens, and when.
#[derive(Clone, Copy, Debug)]
enum Act {
    Say(&'static str),
    Edit(&'static str, &'static str),
    Delete(&'static str),
    Draft(&'static str),
    /// The path ends.
    Fin,
    Block,
    Heal,
}

struct Scenario {
    name: &'static str,
    acts: &'static [(u64, Act)],
}

const SCENARIOS: [Scenario; 8] = [
    Scenario {
        name: "one is said",
        acts: &[(0, Act::Say("a"))],
    },
    Scenario {
        name: "a draft becomes a message",
        acts: &[
            (0, Act::Draft("a, unfin")),
            (40, Act::Say("a")),
            (60, Act::Draft("b")),
        ],
    },
    Scenario {
        name: "three in one breath",
        acts: &[(0, Act::Say("a")), (1, Act::Say("b")), (2, Act::Say("c"))],
    },
    Scenario {
        name: "said offline",
        acts: &[
            (0, Act::Block),
            (5, Act::Say("a")),
            (30, Act::Say("b")),
            (9_000, Act::Heal),
        ],
    },
    Scenario {
        name: "the path ends with one on its way",
        acts: &[(0, Act::Say("a")), (25, Act::Fin), (30, Act::Say("b"))],
    },
    Scenario {
        name: "a refused one is worded anew",
        acts: &[
            (0, Act::Say("refused")),
            (5, Act::Say("b")),
            (400, Act::Edit("refused", "mended")),
        ],
    },
    Scenario {
        name: "a refused one is given up",
        acts: &[
            (0, Act::Say("refused")),
            (5, Act::Say("b")),
            (400, Act::Delete("refused")),
        ],
    },
    Scenario {
        name: "one that waits is given up",
        acts: &[
            (0, Act::Block),
            (5, Act::Say("a")),
            (9, Act::Say("b")),
            (60, Act::Delete("a")),
        ],
    },
];

fn act<B: Backend>(lab: &mut Lab<B>, act: Act) {
    let shown = |lab: &Lab<B>, text: &str| lab.items().iter().any(|it| it.content.text() == text);
    match act {
        Act::Say(text) => lab.says(text),
        Act::Edit(text, other) if shown(lab, text) => lab.edits(text, other),
        Act::Delete(text) if shown(lab, text) => lab.deletes(text),
        Act::Edit(..) | Act::Delete(_) => {}
        Act::Draft(text) => lab.drafts(text),
        Act::Fin => lab.fin(),
        Act::Block => {
            lab.path.up = false;
            lab.path.down = false;
        }
        Act::Heal => lab.heals(),
    }
}

/// Runs a scenario up to so many happenings. Says whether that was all.
fn run<B: Backend>(lab: &mut Lab<B>, scenario: &Scenario, happenings: usize) -> bool {
    let from = lab.now;
    let mut left = happenings;
    for (at, next) in scenario.acts {
        while lab.step(from + at) {
            if left == 0 {
                return false;
            }
            left -= 1;
        }
        lab.now = lab.now.max(from + at);
        if left == 0 {
            return false;
        }
        left -= 1;
        act(lab, *next);
    }
    let end = lab.now + 12_000;
    while lab.step(end) {
        if left == 0 {
            return false;
        }
        left -= 1;
    }
    true
}

#[derive(Default)]
struct Found {
    crashes: u64,
    disks: BTreeSet<String>,
    score: Score,
    /// Sent twice without anybody having said so.
    resent: u64,
}

fn crash_everywhere<B: Backend>(make: impl Fn() -> Lab<B>, found: &mut Found) {
    for scenario in &SCENARIOS {
        let mut happenings = 0;
        loop {
            let mut writes = 0;
            let mut whole = false;
            loop {
                let mut lab = make();
                whole |= run(&mut lab, scenario, happenings);
                let under_way = lab.writes_under_way();
                lab.dies(writes);
                found.crashes += 1;
                found
                    .disks
                    .insert(format!("{}: {:?}", scenario.name, lab.disk.unsent.values()));
                lab.pass(2_000);
                lab.heals();
                lab.begin();
                lab.pass(20_000);
                // Whoever is refused again decides again.
                if lab.delivery_of("refused") == Some("failed") {
                    lab.deletes("refused");
                }
                let settled = lab.settles();
                assert!(
                    settled.is_clean(),
                    "{} after {happenings} happenings and {writes} writes: {settled:?}",
                    scenario.name
                );
                found.score.add(settled);
                found.resent += settled.twice;
                writes += 1;
                if writes > under_way {
                    break;
                }
            }
            if whole {
                break;
            }
            happenings += 1;
        }
    }
}

#[test]
fn row_56_the_page_crashes_between_any_two_storage_writes() {
    let mut numbered = Found::default();
    let refusing = || {
        let mut lab = native::online(56);
        lab.backend.refuse = Some(Box::new(|text, _| {
            (text == "refused").then_some(("forbidden", None))
        }));
        lab
    };
    crash_everywhere(refusing, &mut numbered);
    // Where saying it twice would double it, and the device notes that it goes.
    let mut doubling = Found::default();
    crash_everywhere(|| crmeb::online(56, 5), &mut doubling);
    let crashes = numbered.crashes + doubling.crashes;
    Row {
        number: 56,
        figure: format!(
            "{crashes} crashes in {} scenarios on two backends, {} states of the device; {} and {}",
            SCENARIOS.len(),
            numbered.disks.len() + doubling.disks.len(),
            numbered.score.words(),
            doubling.score.words()
        ),
        bound: "every crash recovers: 0/0/0",
        held: numbered.score.is_clean() && doubling.score.is_clean() && crashes > 300,
    }
    .told();
}
