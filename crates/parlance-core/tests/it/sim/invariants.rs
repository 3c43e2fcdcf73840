//! All invariants of the delivery model, and where each is checked. Most are
//! after every input of the tab that it concerns; those that say something
//! about the end, when the faults have stopped.
//!
//! Checks nothing of a run itself: only that no invariant is without a check.

use std::fs;
use std::path::Path;

/// Number, what must hold, the file beside `sim.rs`'s and the words in it.
const INVARIANTS: [(u32, &str, &str, &str); 40] = [
    (
        1,
        "what is shown as stored is in the log, as it is there",
        "sim/rows.rs",
        "I1 only what the log has",
    ),
    (
        1,
        "and says `sent` only then",
        "sim/rows.rs",
        "fn check_word",
    ),
    (
        2,
        "a client id is one row of the log",
        "sim/server/answers.rs",
        "I2 stored twice",
    ),
    (2, "and one bubble", "sim/rows.rs", "I2 shown once"),
    (
        3,
        "numbers rise, and a gap row stands for what is missing",
        "sim/rows.rs",
        "I3 no silent hole",
    ),
    (
        3,
        "what was heard of is here, wanted or said to be missing",
        "sim/heard.rs",
        "P4 no silent hole",
    ),
    (
        4,
        "what was shown stays, in its row and place",
        "sim/rows.rs",
        "I4 nothing vanishes",
    ),
    (
        4,
        "or, mine, is offered when a restored log lacks it",
        "sim/restored.rs",
        "P11 no silent loss",
    ),
    (
        4,
        "and only then",
        "sim/restored.rs",
        "P11 only what is lost",
    ),
    (
        5,
        "the log has one tab's words in the order of saying",
        "sim/server.rs",
        "I5 order of saying",
    ),
    (
        5,
        "nothing passes what waits for a decision",
        "sim/check.rs",
        "I5 nothing passes what is refused",
    ),
    (
        6,
        "the device forgets what is proved or given up",
        "sim/outputs.rs",
        "I6 kept until proved",
    ),
    (
        6,
        "and what it kept is stored or visibly waits",
        "sim/calm.rs",
        "P5 typed is kept",
    ),
    (
        7,
        "the cursor is the last row",
        "sim/rows.rs",
        "I7 the cursor skips nothing",
    ),
    (
        7,
        "and is said with the epoch of that log",
        "sim/check.rs",
        "fn check_hello",
    ),
    (
        8,
        "one link at a time",
        "sim/outputs.rs",
        "I8 one live link",
    ),
    (
        8,
        "a dead one changes nothing",
        "sim/tab.rs",
        "I8 a dead link changes nothing",
    ),
    (
        9,
        "one dial at a time, and none after signing out",
        "sim/outputs.rs",
        "I9 sign-out",
    ),
    (
        10,
        "in the end everything is as the server has it",
        "sim/calm.rs",
        "I10 hybrid is fresh",
    ),
    (
        10,
        "and as a fresh session shows it",
        "sim/calm.rs",
        "fn compare_with_fresh",
    ),
    (
        11,
        "dials in a minute and in three",
        "sim/outputs.rs",
        "I11 dial rate",
    ),
    (
        11,
        "hidden pages dial for what is unsent",
        "sim/heard.rs",
        "I11 hidden pages do not dial",
    ),
    (
        12,
        "buffers and the outbox have an end",
        "sim/check.rs",
        "I12 bounded memory",
    ),
    (
        13,
        "resynchronisations in a minute",
        "sim/outputs.rs",
        "I13 no resync loop",
    ),
    (
        13,
        "each loss is noticed, once",
        "sim/heard.rs",
        "I13 each loss once",
    ),
    (
        14,
        "a message is in one place, the unsent below",
        "sim/rows.rs",
        "I14 in exactly one place",
    ),
    (
        15,
        "a refused message holds up its own conversation only",
        "sim/calm.rs",
        "fn waits_for_a_decision",
    ),
    (
        16,
        "unread as the server counts",
        "sim/calm.rs",
        "I16 unread as the server counts",
    ),
    (17, "no dial after a final end", "sim/tab.rs", "I17 ended"),
    (
        17,
        "and no end without a reason",
        "sim/heard.rs",
        "I17 ended for a reason",
    ),
    (18, "no panic", "sim/schedule.rs", "I18 no panic"),
    (
        19,
        "the same seed, the same trace",
        "sim/schedule.rs",
        "I19 the same seed, the same trace",
    ),
    (
        20,
        "a page dies between any two of its writes",
        "sim/storage.rs",
        "fn page_dies",
    ),
    (
        21,
        "an early wake changes nothing",
        "sim/troubles.rs",
        "I21 an early wake changes nothing",
    ),
    (
        21,
        "a late one costs no link that was heard",
        "sim/heard.rs",
        "I21 no link given up that was heard",
    ),
    (
        21,
        "a wake makes progress",
        "sim/tab.rs",
        "I21 a wake makes progress",
    ),
    (
        22,
        "what a device keeps all its tabs show",
        "sim/siblings.rs",
        "I22 tabs converge",
    ),
    (
        23,
        "a proof of nothing that waits is counted",
        "sim/heard.rs",
        "I23 a stray proof is counted",
    ),
    (
        24,
        "whoever hands over has the turn",
        "sim/siblings.rs",
        "I24 nothing without the turn",
    ),
    (
        25,
        "where nothing numbers, `unknown` ends by evidence",
        "as_given/random.rs",
        "claim",
    ),
];

#[test]
fn every_invariant_is_checked_somewhere() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    for number in 1..=25 {
        let checks = INVARIANTS.iter().filter(|(it, ..)| *it == number);
        assert!(checks.count() > 0, "I{number} is checked nowhere");
    }
    for (number, what, file, words) in INVARIANTS {
        let text = fs::read_to_string(tests.join(file)).unwrap_or_default();
        assert!(text.contains(words), "I{number} ({what}) is not in {file}");
    }
}
