//! Rows 33, 34 and 37: a server that is well and routes, or hints, wrongly.

use parlance_core::dialect::native::wire;

use super::crmeb;
use super::figure::{Figures, Row, SEEDS, for_seeds, seconds};
use super::lab::{Lab, Score};
use super::native::{Server, online};

/// A ping and a tenth of it, and the page's answer to what it says.
const ONE_PING: u64 = 22_000 + 1_000;

#[test]
fn row_33_the_server_drops_one_frame_in_a_thousand() {
    let mut noticed = Figures::default();
    let mut dropped = 0;
    let mut score = Score::default();
    let mut run = |seed: u64, every: u64, messages: u64, forgets: u64, loses: u64| {
        let mut lab = online(seed);
        lab.backend.forgets_one_in = forgets;
        lab.backend.loses_one_in = loses;
        for number in 0..messages {
            lab.bob_says(&format!("bob {number}"));
            lab.pass(every);
            // How long each that was forgotten was missing.
            let forgotten = std::mem::take(&mut lab.backend.forgotten);
            for (seq, at) in forgotten {
                let there = |lab: &Lab<Server>| {
                    lab.items()
                        .iter()
                        .any(|it| it.seq.is_some_and(|it| it.0 == seq))
                };
                // Bob goes on talking, or nobody says anything more.
                assert!(lab.until(60_000, there), "{seq} is never noticed");
                noticed.add(lab.now - at);
                dropped += 1;
            }
        }
        lab.backend.forgets_one_in = 0;
        lab.backend.loses_one_in = 0;
        score.add(lab.settles());
    };
    // As the row has it: a frame in a thousand, at ten a second, and after
    // each loss nobody says anything.
    for_seeds(SEEDS / 20, |seed| run(seed, 100, 2_000, 1_000, 0));
    // The same of frames that have their number, so that the next one tells.
    for_seeds(SEEDS / 20, |seed| run(seed, 100, 2_000, 0, 1_000));
    // And so often that two are lost in a row, at a talk's pace.
    for_seeds(SEEDS / 2, |seed| run(seed, 7_000, 20, 4, 0));
    Row {
        number: 33,
        figure: format!(
            "{dropped} dropped, noticed and filled {}; {}",
            noticed.seconds(),
            score.words()
        ),
        bound: "within one ping (22 s) and its answer; 0/0/0",
        held: dropped > 100 && noticed.max() <= ONE_PING && score.is_clean(),
    }
    .told();
}

#[test]
fn row_34_an_old_socket_takes_the_routing_of_the_new_one_along() {
    let mut early = Figures::default();
    let mut late = Figures::default();
    let mut score = Score::default();
    for_seeds(SEEDS, |seed| {
        let mut lab = crmeb::online(seed, 5);
        // The server notices the end of the old socket so late.
        lab.backend.notices_after = 5_000 + lab.chance.below(90_000);
        lab.fin();
        let ended = lab.now;
        assert!(lab.until(30_000, |lab| lab.seen.online_after(ended + 1).is_some()));
        let opened = lab.seen.opens.last().copied().unwrap_or_default();
        for number in 0..40 {
            lab.agent_says(&format!("agent {number}"));
            if number % 4 == 0 {
                lab.says(&format!("mine {number}"));
            }
            lab.pass(4_000);
        }
        lab.backend.notices_after = 0;
        score.add(lab.settles());
        for (from, until) in &lab.backend.unrouted {
            let until = until.expect("it is routed again");
            if *from <= opened + 28_000 {
                early.add(until - opened);
            } else {
                late.add(until - from);
            }
        }
    });
    Row {
        number: 34,
        figure: format!(
            "{} evictions within 28 s of the dial, routed again max {} s after it; {} later ones, \
             routed again {}; {}",
            early.len(),
            seconds(early.max()),
            late.len(),
            late.seconds(),
            score.words()
        ),
        bound: "28 s after the dial, later 60 s; 0/0/0 after reconciling",
        held: early.len() > 20
            && late.len() > 20
            && early.max() <= 28_500
            && late.max() <= 60_500
            && score.is_clean(),
    }
    .told();
}

/// Pings whose hints are doubled, lost, old, ahead or about nothing here.
fn hints_wrongly() -> super::native::Spoil {
    let mut last: Option<Vec<wire::Head>> = None;
    Box::new(move |frame, chance| {
        let wire::Server::Ping { heads, sum, .. } = frame else {
            return vec![frame];
        };
        let unknown = wire::Head {
            conv: "room:nowhere".to_owned(),
            seq: 1 + chance.below(1_000_000),
        };
        let ping = |heads: Vec<wire::Head>| wire::Server::Ping {
            heads,
            sum: sum.clone(),
            spread_ms: None,
        };
        let before = last.replace(heads.clone());
        match chance.below(5) {
            0 => vec![ping(heads.clone()), ping(heads)],
            1 => Vec::new(),
            2 => vec![ping(heads), ping(before.unwrap_or_default())],
            3 => vec![ping(before.unwrap_or_default()), ping(heads)],
            _ => vec![ping(heads.into_iter().chain([unknown]).collect())],
        }
    })
}

#[test]
fn row_37_hints_are_doubled_lost_out_of_order_and_about_nothing() {
    let mut fills = Figures::default();
    let mut reconnects = 0;
    let mut score = Score::default();
    for_seeds(SEEDS, |seed| {
        let mut lab = online(seed);
        let before = (lab.backend.fills, lab.seen.attempts.len());
        lab.backend.spoil = Some(hints_wrongly());
        // Half of what is said is told by hints alone.
        lab.backend.forgets_one_in = 2;
        lab.chats(180_000, 5_000, "hinted");
        fills.add(lab.backend.fills - before.0);
        reconnects += lab.seen.attempts.len() - before.1;
        lab.backend.spoil = None;
        lab.backend.forgets_one_in = 0;
        score.add(lab.settles());
    });
    Row {
        number: 37,
        figure: format!(
            "one bubble each; pages asked for while 18 were told by hints alone {}; links given up \
             {reconnects} in {SEEDS} runs; {}",
            fills.counts(),
            score.words()
        ),
        bound: "1 bubble; 0/0/0",
        held: score.is_clean(),
    }
    .told();
}
