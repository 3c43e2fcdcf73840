//! Rows 44 and 45: pages of history that overlap, lie, or cannot be had.

use std::cell::Cell;
use std::rc::Rc;

use parlance_core::dialect::native::wire;
use serde_json::Value;

use super::crmeb;
use super::figure::{Figures, Row, SEEDS, for_seeds, seconds};
use super::lab::Score;
use super::native::{Spoil, online_with};

/// Pages twice, with the messages in another order, with more messages than
/// the range, or empty although there are some.
fn pages_wrongly(lies: Rc<Cell<u64>>) -> Spoil {
    Box::new(move |mut frame, chance| {
        let wire::Server::Page {
            from,
            to,
            msgs,
            head,
            ..
        } = &mut frame
        else {
            return vec![frame];
        };
        match chance.below(5) {
            0 => return vec![frame.clone(), frame],
            1 => msgs.reverse(),
            2 => {
                let first = msgs.first().cloned();
                msgs.extend(first);
            }
            // What comes after is known to be there; that nothing is older is
            // a thing that only the server can know.
            3 if lies.get() > 0 && to.is_some_and(|to| to == *head) => {
                lies.set(lies.get() - 1);
                *from = None;
                *to = None;
                msgs.clear();
            }
            _ => {}
        }
        vec![frame]
    })
}

#[test]
fn row_44_history_overlaps_comes_twice_reversed_and_empty() {
    let mut score = Score::default();
    for_seeds(SEEDS, |seed| {
        let mut lab = online_with(seed, 120);
        let lies = Rc::new(Cell::new(2));
        lab.backend.spoil = Some(pages_wrongly(lies));
        for round in 0..3 {
            lab.chats(4_000, 250, &format!("round {round}"));
            lab.rst();
            lab.chats(4_000, 400, &format!("away {round}"));
        }
        lab.reads_everything();
        lab.backend.spoil = None;
        score.add(lab.settles());
    });
    // The same of a backend whose history has no numbers: two pages overlap,
    // come twice, or are empty although there are rows.
    let mut as_given = Score::default();
    for_seeds(SEEDS, |seed| {
        let mut lab = crmeb::online(seed, 10);
        let mut before: Vec<Value> = Vec::new();
        let mut lies = 2;
        lab.backend.doubles_one_in = 4;
        lab.backend.spoil = Some(Box::new(move |mut rows, chance| {
            let held = std::mem::replace(&mut before, rows.clone());
            match chance.below(4) {
                // The page that was asked for before, once more in front.
                0 if held.last().map(|it| it["id"].as_u64())
                    < rows.first().map(|it| it["id"].as_u64()) =>
                {
                    rows.splice(0..0, held);
                }
                1 => {
                    let last = rows.last().cloned();
                    rows.extend(last);
                }
                2 if lies > 0 => {
                    lies -= 1;
                    rows.clear();
                }
                _ => {}
            }
            Some((0, 200, crmeb::record(rows)))
        }));
        for round in 0..6 {
            lab.agent_says(&format!("agent {round}"));
            lab.says(&format!("mine {round}"));
            lab.pass(3_000);
            if round % 3 == 1 {
                lab.fin();
                lab.pass(2_000);
                lab.agent_says(&format!("missed {round}"));
                lab.pass(9_000);
            }
        }
        lab.backend.spoil = None;
        lab.pass(70_000);
        as_given.add(lab.settles());
    });
    Row {
        number: 44,
        figure: format!("numbered {}; as given {}", score.words(), as_given.words()),
        bound: "correct list: 0/0/0",
        held: score.is_clean() && as_given.is_clean(),
    }
    .told();
}

/// What a history request is answered with instead: after how long, what.
const ANSWERS: [(u64, u16, &str); 8] = [
    (0, 200, "<!doctype html><h1>Welcome to the hotel</h1>"),
    (0, 500, "<html>Internal Server Error"),
    (
        0,
        200,
        "{\"status\":200,\"data\":{\"serviceList\":[{\"id\":1,\"ui",
    ),
    (0, 429, "{\"status\":429,\"msg\":\"slow down\"}"),
    (0, 200, "{\"status\":400,\"msg\":\"no\"}"),
    (0, 404, ""),
    (0, 200, ""),
    (30_000, 500, ""),
];

#[test]
fn row_45_history_cannot_be_had() {
    let mut waits = Figures::default();
    let mut hammered = Figures::default();
    let mut said_so = 0;
    let mut taken_away = 0;
    let mut runs = 0;
    let mut score = Score::default();
    for_seeds(SEEDS, |seed| {
        let mut lab = crmeb::online(seed, 20);
        let list = lab.items().len();
        let (after, status, body) = ANSWERS[seed as usize % ANSWERS.len()];
        lab.backend.spoil = Some(Box::new(move |_, _| Some((after, status, body.to_owned()))));
        lab.fin();
        lab.agent_says("missed");
        let from = lab.now;
        assert!(lab.until(30_000, |lab| lab.seen.online_after(from + 1).is_some()));
        let online = lab.now;
        let asked = lab.backend.pages.len();
        // The talk goes on meanwhile.
        lab.pass(20_000);
        lab.agent_says("heard live");
        lab.says("said meanwhile");
        lab.pass(40_000);
        runs += 1;
        said_so += u64::from(lab.seen.history.failed || lab.seen.history.catching_up);
        taken_away += list.saturating_sub(lab.items().len());
        assert_eq!(lab.delivery_of("said meanwhile"), Some("sent"));
        let pages = &lab.backend.pages[asked.min(lab.backend.pages.len())..];
        hammered.add(pages.iter().filter(|at| **at < online + 60_000).count() as u64);
        // Those that fail at once show how the asking itself is spread.
        for pair in pages.windows(2).filter(|_| after == 0) {
            waits.add(pair[1] - pair[0]);
        }
        lab.backend.spoil = None;
        lab.pass(40_000);
        score.add(lab.settles());
    });
    // A slow answer that is sound is taken, however late.
    for_seeds(SEEDS / 10, |seed| {
        let mut lab = crmeb::online(seed, 20);
        lab.backend.spoil = Some(Box::new(|rows, _| Some((30_000, 200, crmeb::record(rows)))));
        lab.fin();
        lab.agent_says("missed");
        lab.pass(60_000);
        lab.backend.spoil = None;
        score.add(lab.settles());
    });
    let spread = waits.max() - waits.percentile(1);
    Row {
        number: 45,
        figure: format!(
            "said so in {said_so} of {runs}; rows taken away {taken_away}; asked again after {} \
             to {} s, in the first minute {}; {}",
            seconds(waits.percentile(1)),
            seconds(waits.max()),
            hammered.counts(),
            score.words()
        ),
        bound: "told, list kept, retry spread by at least a quarter; 0/0/0",
        held: said_so == runs
            && taken_away == 0
            && spread * 4 >= waits.percentile(50)
            && hammered.max() <= 13
            && score.is_clean(),
    }
    .told();
}
