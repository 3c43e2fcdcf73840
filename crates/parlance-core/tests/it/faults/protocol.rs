//! Rows 42, 43, 46 and 47: acknowledgements, messages and pages that are wrong.

use std::cell::Cell;
use std::rc::Rc;

use parlance_core::dialect::native::wire;
use parlance_core::session::Oddity;

use super::figure::{Figures, Row, SEEDS, for_seeds, seconds};
use super::lab::{Lab, Score};
use super::native::{Server, Spoil, online, online_with};

/// Acknowledgements doubled, held back behind what follows or until another
/// link, and of messages that nobody said.
fn acks_wrongly() -> Spoil {
    let mut held: Vec<wire::Server> = Vec::new();
    Box::new(move |frame, chance| {
        let mut out = Vec::new();
        let ack = matches!(frame, wire::Server::Ack { .. });
        if ack {
            match chance.below(6) {
                0 => out.extend([frame.clone(), frame.clone(), frame]),
                1 | 2 => held.push(frame),
                3 => {
                    let mut stray = frame.clone();
                    if let wire::Server::Ack { cid, .. } = &mut stray {
                        *cid = format!("nobodys-{}", chance.below(1_000));
                    }
                    out.extend([stray, frame]);
                }
                _ => {
                    // Again, when it is long known.
                    held.push(frame.clone());
                    out.push(frame);
                }
            }
        } else {
            out.push(frame);
        }
        if !held.is_empty() && chance.below(3) == 0 {
            let at = chance.below(held.len() as u64) as usize;
            // On whichever link there is by now.
            out.push(held.swap_remove(at));
        }
        out
    })
}

#[test]
fn row_42_acknowledgements_are_doubled_reordered_late_and_nobodys() {
    let mut stray = 0;
    let mut score = Score::default();
    for_seeds(SEEDS, |seed| {
        let mut lab = online(seed);
        lab.backend.spoil = Some(acks_wrongly());
        for round in 0..4 {
            lab.chats(6_000, 150, &format!("round {round}"));
            if lab.chance.below(2) == 0 {
                lab.rst()
            } else {
                lab.fin()
            }
        }
        score.add(lab.settles());
        // Each says `sent` and went on saying it: see `check`.
        assert_eq!(lab.unsent(), 0);
        stray += lab.seen.counted(Oddity::StrayAck);
    });
    Row {
        number: 42,
        figure: format!(
            "one tick each, and it stays; {stray} acknowledgements of nothing that waits counted; \
             {}",
            score.words()
        ),
        bound: "one tick; ignored and counted; 0/0/0",
        held: stray > 0 && score.is_clean(),
    }
    .told();
}

/// Messages doubled, exchanged and said again of old.
fn pushes_wrongly() -> Spoil {
    let mut held: Option<wire::Server> = None;
    let mut said: Vec<wire::Server> = Vec::new();
    Box::new(move |frame, chance| {
        if !matches!(frame, wire::Server::Push { .. }) {
            return vec![frame];
        }
        said.push(frame.clone());
        let before = held.take();
        let mut out = match chance.below(4) {
            0 => vec![frame.clone(), frame],
            1 => {
                held = Some(frame);
                Vec::new()
            }
            2 => {
                let at = chance.below(said.len() as u64) as usize;
                vec![frame, said[at].clone()]
            }
            _ => vec![frame],
        };
        out.extend(before);
        out
    })
}

#[test]
fn row_43_messages_are_doubled_reordered_old_and_far_ahead() {
    let mut fills = Figures::default();
    let mut healed = Figures::default();
    let mut score = Score::default();
    for_seeds(SEEDS, |seed| {
        let mut lab = online(seed);
        lab.backend.spoil = Some(pushes_wrongly());
        lab.chats(20_000, 200, "wild");
        lab.backend.spoil = None;
        lab.pass(30_000);
        // A number a thousand million ahead.
        let before = lab.backend.fills;
        let ahead = 1_000_000_000 + lab.chance.below(1_000);
        let mut msg = lab.backend.message(1);
        msg.seq = ahead;
        msg.id = "from far away".to_owned();
        let push = wire::Server::Push {
            conv: super::native::ROOM.to_owned(),
            msg,
        };
        let link = lab.link().expect("it is online");
        lab.backend.say(link, push);
        lab.carries_away();
        lab.pass(15_000);
        fills.add(lab.backend.fills - before);
        let said = lab.now;
        lab.says("after the jump");
        assert!(lab.until(60_000, |lab| lab.delivery_of("after the jump")
            == Some("sent")));
        healed.add(lab.now - said);
        score.add(lab.settles());
    });
    Row {
        number: 43,
        figure: format!(
            "pages asked for after a jump of 10^9 {}; said afterwards and sent within {} s; {}",
            fills.counts(),
            seconds(healed.max()),
            score.words()
        ),
        bound: "at most 3 requests, no freeze; 0/0/0",
        held: fills.max() <= 3 && healed.max() <= 10_000 && score.is_clean(),
    }
    .told();
}

/// The answer to what was missed has a hole: inside, at its beginning, or at
/// its end, and its range says so or not.
fn resumes_with_a_hole(holes: Rc<Cell<u64>>) -> Spoil {
    Box::new(move |mut frame, chance| {
        if let wire::Server::Page {
            from: Some(from),
            to: Some(to),
            msgs,
            ..
        } = &mut frame
            && holes.get() > 0
            && *from > 5
            && *to > *from + 2
        {
            holes.set(holes.get() - 1);
            match chance.below(3) {
                0 => {
                    *from += 1 + chance.below(*to - *from - 1);
                    let first = *from;
                    msgs.retain(|it| it.seq >= first);
                }
                1 => {
                    *to -= 1 + chance.below(*to - *from - 1);
                    let last = *to;
                    msgs.retain(|it| it.seq <= last);
                }
                // More than the range says: what is beyond it is no assertion.
                _ => {
                    *to -= 2;
                    *from += 1;
                }
            }
        }
        vec![frame]
    })
}

#[test]
fn row_46_what_was_missed_comes_with_a_hole() {
    let mut whole = Figures::default();
    let mut score = Score::default();
    let mut spoiled = 0;
    let mut gaps = 0;
    for_seeds(SEEDS, |seed| {
        let mut lab = online(seed);
        lab.path.dials = super::lab::Dials::Refused;
        lab.fin();
        let missed = 10 + lab.chance.below(80);
        for number in 0..missed {
            lab.bob_says(&format!("missed {number}"));
        }
        lab.pass(4_000);
        let holes = Rc::new(Cell::new(2));
        lab.backend.spoil = Some(resumes_with_a_hole(holes.clone()));
        lab.heals();
        let back = lab.now;
        assert!(lab.until(30_000, |lab| lab.seen.online_after(back).is_some()));
        let online = lab.now;
        // Never a hole without a row that says so (see `check`), and soon
        // every number is there, or in a row that offers to load it.
        let head = lab.backend.head();
        let covered = |lab: &Lab<Server>| lab.items().len() as u64 + lab.missing() == head;
        assert!(lab.until(60_000, covered), "seed {seed}: a silent hole");
        gaps += u64::from(lab.gaps() > 0);
        whole.add(lab.now - online);
        spoiled += 2 - holes.get();
        score.add(lab.settles());
    });
    Row {
        number: 46,
        figure: format!(
            "{spoiled} pages with a hole; every number shown or in a gap row {} after the welcome, a \
             gap row in {gaps}; {}",
            whole.seconds(),
            score.words()
        ),
        bound: "detected within one ping (22 s) and its answer; 0/0/0",
        held: spoiled > SEEDS && whole.max() <= 46_000 && score.is_clean(),
    }
    .told();
}

#[test]
fn row_47_the_cursor_is_ahead_of_the_log_or_the_log_is_another_one() {
    let mut read_anew = Figures::default();
    let mut pages = Figures::default();
    let mut ahead = 0;
    let mut score = Score::default();
    for_seeds(SEEDS, |seed| {
        let mut lab = online_with(seed, 40);
        lab.chats(4_000, 200, "before");
        lab.pass(3_000);
        // On a living link a log that comes out as long as the old one could not
        // be told; but a server that restores restarts, and no link lives on.
        let keep = lab.chance.below(lab.backend.head() - 1) as usize;
        let other_epoch = seed % 2 == 0;
        let epoch = if other_epoch { "e2" } else { "e1" };
        lab.backend.restored_as(epoch, keep);
        lab.waives_everything();
        let before = lab.backend.fills;
        let restored = lab.now;
        if seed % 4 < 2 {
            lab.backend.closes_all(1012, "");
            lab.carries_away();
        } else if other_epoch {
            // The link lives: the next page tells.
            lab.reads_everything();
            lab.bob_says("in the new log");
        } else {
            lab.fin();
        }
        let same = |lab: &Lab<Server>| {
            let log: Vec<&str> = lab
                .backend
                .messages
                .iter()
                .map(|it| it.text.as_str())
                .collect();
            let shown: Vec<&str> = lab
                .items()
                .iter()
                .filter(|it| it.seq.is_some())
                .map(|it| it.content.text())
                .collect();
            lab.is_online() && log.ends_with(&shown) && shown.len() >= log.len().min(50)
        };
        assert!(lab.until(90_000, same), "seed {seed}: never the same again");
        read_anew.add(lab.now - restored);
        pages.add(lab.backend.fills - before);
        ahead += lab.seen.counted(Oddity::CursorAhead);
        lab.says("in this log");
        score.add(lab.settles());
    });
    Row {
        number: 47,
        figure: format!(
            "read anew {} with at most {} pages; {ahead} cursors ahead counted; {}",
            read_anew.seconds(),
            pages.max(),
            score.words()
        ),
        bound: "re-read, within one ping (22 s) and its answer; 0/0/0",
        held: ahead > 0 && read_anew.max() <= 46_000 && score.is_clean(),
    }
    .told();
}
