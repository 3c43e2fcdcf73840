//! Rows 16 to 26: the page's life and the device's clocks.

use parlance_core::PageEvent;
use parlance_core::timeline::{Delivery, Queued};

use super::figure::{Figures, Row, SEEDS, for_seeds, seconds};
use super::lab::{Lab, Score};
use super::native::{Server, online, online_with};

const HOUR: i64 = 3_600_000;

#[test]
fn row_16_the_page_is_frozen_while_ten_messages_a_second_come() {
    let mut dialled = Figures::default();
    let mut caught_up = Figures::default();
    let mut counted_out = Figures::default();
    let mut score = Score::default();
    let mut frozen = |seed: u64, span: u64, told: bool| {
        let mut lab = online(seed);
        let from = lab.now;
        if told {
            lab.page.visible = false;
            lab.page_event(PageEvent::Freeze);
        }
        lab.freezes();
        let mut gone = None;
        for number in 0..span / 100 {
            lab.bob_says(&format!("while frozen {number}"));
            lab.pass(100);
            if gone.is_none() && lab.backend.links() == 0 {
                gone = Some(lab.now);
            }
        }
        if let Some(gone) = gone {
            counted_out.add(gone - from);
        } else {
            assert!(span < 30_000, "it counts as here though it is frozen");
        }
        lab.page.visible = true;
        let woken = lab.now;
        lab.thaws(Some(PageEvent::Resume));
        assert!(lab.until(5_000, |lab| lab.seen.attempt_after(woken).is_some()));
        dialled.add(lab.seen.attempt_after(woken).unwrap_or(u64::MAX) - woken);
        let head = lab.backend.head();
        let newest = move |lab: &Lab<Server>| {
            lab.items()
                .iter()
                .any(|it| it.seq.is_some_and(|seq| seq.0 == head))
        };
        assert!(lab.until(20_000, newest));
        caught_up.add(lab.now - woken);
        score.add(lab.settles());
    };
    for_seeds(SEEDS / 10, |seed| frozen(seed, 5_000, seed % 2 == 0));
    for_seeds(4, |seed| frozen(1_000 + seed, 600_000, seed % 2 == 0));
    Row {
        number: 16,
        figure: format!(
            "dial begins max {} ms after resume; the newest is shown {}; counted as gone max {} s \
             after the freeze; {}",
            dialled.max(),
            caught_up.seconds(),
            seconds(counted_out.max()),
            score.words()
        ),
        bound: "dial at most 100 ms; counted as gone at most 30 s; 0/0/0",
        held: dialled.max() <= 100 && counted_out.max() <= 30_000 && score.is_clean(),
    }
    .told();
}

/// The steps from a key to the acknowledgement being forgotten, with a reload
/// after so many of them and so many writes still carried out.
fn reloaded(seed: u64, steps: u64, writes: usize, told: bool) -> (Lab<Server>, bool) {
    let mut lab = online(seed);
    lab.says("mid-send");
    for _ in 0..steps {
        if !lab.step(u64::MAX) {
            break;
        }
    }
    if told {
        lab.page_event(PageEvent::PageHide);
    }
    let enough = writes <= lab.writes_under_way();
    lab.dies(writes);
    let away = lab.chance.below(3_000);
    lab.pass(200 + away);
    lab.begin();
    (lab, enough)
}

#[test]
fn row_20_the_page_is_reloaded_between_key_and_acknowledgement() {
    let mut points = Figures::default();
    let mut before_kept = 0;
    let mut score = Score::default();
    for_seeds(SEEDS / 10, |seed| {
        // How many things happen from the key to the last write.
        let mut lab = online(seed);
        let from = lab.backend.sends;
        lab.says("mid-send");
        let mut steps = 0;
        while lab.unsent() > 0 || lab.writes_under_way() > 0 || lab.backend.sends == from {
            assert!(lab.step(u64::MAX));
            steps += 1;
        }
        let mut tried = 0;
        for point in 0..=(4 * steps + 3) {
            let (step, writes, told) = (point / 4, point as usize / 2 % 2, point % 2 == 0);
            let (mut lab, enough) = reloaded(seed, step, writes, told);
            if !enough {
                continue;
            }
            tried += 1;
            let settled = lab.settles();
            let there = lab.items().iter().any(|it| it.content.text() == "mid-send");
            before_kept += u64::from(!there);
            // Only what the device had not even been given is not there.
            assert!(
                there || (writes == 0 && step <= 1),
                "seed {seed}, step {step}"
            );
            score.add(settled);
        }
        points.add(tried);
    });
    Row {
        number: 20,
        figure: format!(
            "each of at least {} points (event, write carried out or not, told or not) in {} runs; \
             not there in the {before_kept} reloads before the device had it and before it was \
             shown; {}",
            points.percentile(1),
            points.len(),
            score.words()
        ),
        bound: "at least 12 points; lost 0, twice 0 once shown",
        held: points.percentile(1) >= 12 && score.is_clean(),
    }
    .told();
}

#[test]
fn row_22_a_full_outbox_is_opened_again_the_next_day() {
    let mut score = Score::default();
    let mut refused = 0;
    let mut asked = Figures::default();
    let mut silent_sends = 0;
    for_seeds(SEEDS / 50, |seed| {
        for hours in [23, 25] {
            let mut lab = online(seed);
            lab.path.up = false;
            lab.path.down = false;
            for number in 0..501 {
                lab.says(&format!("offline {number}"));
            }
            lab.pass(5_000);
            assert_eq!(lab.unsent(), 500);
            refused += lab.seen.outbox_full.len();
            lab.dies(600);
            lab.heals();
            lab.wall += hours * HOUR;
            let before = lab.backend.sends;
            lab.begin();
            lab.pass(300_000);
            let waits = |lab: &Lab<Server>| {
                let asks = |it: &&parlance_core::timeline::Item| {
                    it.delivery == Some(Delivery::Queued(Queued::Consent))
                };
                lab.items().iter().filter(|it| asks(it)).count() as u64
            };
            if hours > 24 {
                asked.add(waits(&lab));
                silent_sends += lab.backend.sends - before;
                for number in 0..500 {
                    lab.retries(&format!("offline {number}"));
                }
                lab.pass(300_000);
            }
            assert_eq!(lab.unsent(), 0);
            score.add(lab.settles());
        }
    });
    Row {
        number: 22,
        figure: format!(
            "after 23 h all 500 went by themselves; after 25 h {} asked and {silent_sends} went \
             unasked; the 501st was given back each time ({refused}); {}",
            asked.percentile(1),
            score.words()
        ),
        bound: "older than 24 h asks, none goes silently; 0/0/0",
        held: asked.percentile(1) == 500 && silent_sends == 0 && score.is_clean(),
    }
    .told();
}

#[test]
fn row_23_the_clocks_jump_slew_and_stand_still() {
    let mut reconnects = Figures::default();
    let mut score = Score::default();
    for_seeds(SEEDS, |seed| {
        let mut lab = online(seed);
        let before = lab.seen.attempts.len();
        lab.chats(3_000, 250, "before");
        match seed % 5 {
            0 => lab.wall += HOUR,
            1 => lab.wall -= HOUR,
            2 => lab.wall -= 24 * HOUR,
            // Set right slowly: half a second every second.
            3 => {
                for second in 0..60 {
                    lab.wall += 500;
                    if second % 10 == 0 {
                        lab.says(&format!("slew {second}"));
                    }
                    lab.pass(1_000);
                }
            }
            // `performance.now` stands still while the network goes on.
            _ => {
                for tenth in 0..300 {
                    lab.lag += 100;
                    if tenth % 50 == 0 {
                        lab.bob_says(&format!("stall {tenth}"));
                        lab.says(&format!("while stalled {tenth}"));
                    }
                    lab.pass(100);
                }
            }
        }
        // The driver says so where the wall clock ran ahead.
        if seed % 5 != 3 {
            lab.page_event(PageEvent::ClockGap);
        }
        lab.chats(40_000, 1_000, "after");
        reconnects.add((lab.seen.attempts.len() - before) as u64);
        score.add(lab.settles());
    });
    Row {
        number: 23,
        figure: format!("reconnects {}; {}", reconnects.counts(), score.words()),
        bound: "at most 1 reconnect; order unchanged, 0/0/0",
        held: reconnects.max() <= 1 && score.is_clean(),
    }
    .told();
}

#[test]
fn row_24_no_event_says_that_the_page_is_visible_again() {
    let mut with_resume = Figures::default();
    let mut with_nothing = Figures::default();
    let mut score = Score::default();
    for_seeds(SEEDS, |seed| {
        let mut lab = online_with(seed, 3);
        lab.hides();
        if seed % 4 < 2 {
            lab.page_event(PageEvent::Freeze);
        }
        lab.freezes();
        if seed % 2 == 0 {
            lab.fin();
        }
        lab.bob_says("while away");
        let away = 1_000 + lab.chance.below(600_000);
        lab.pass(away);
        // What the document says is true again; the event is missing.
        lab.page.visible = true;
        let woken = lab.now;
        if seed % 8 < 4 {
            lab.thaws(Some(PageEvent::Resume));
            assert!(lab.until(90_000, |lab| lab.seen.attempt_after(woken).is_some()));
            with_resume.add(lab.seen.attempt_after(woken).unwrap_or(u64::MAX) - woken);
        } else {
            lab.thaws(None);
            assert!(lab.until(90_000, |lab| lab.is_online() && lab.items().len() == 4));
            with_nothing.add(lab.now - woken);
        }
        score.add(lab.settles());
    });
    Row {
        number: 24,
        figure: format!(
            "dial begins max {} ms after a resume without visibilitychange; without any event \
             whole again {}; {}",
            with_resume.max(),
            with_nothing.seconds(),
            score.words()
        ),
        bound: "reconnects: at once after resume, within 60 s without any event; 0/0/0",
        held: with_resume.max() <= 100 && with_nothing.max() <= 61_500 && score.is_clean(),
    }
    .told();
}

#[test]
fn row_26_a_host_says_whether_the_page_is_in_front() {
    // What a bridge's message has under `active`: a truth, a text, or neither.
    let said: [(Option<bool>, Option<&str>, Option<bool>); 12] = [
        (Some(true), None, Some(true)),
        (Some(false), None, Some(false)),
        (None, Some("true"), Some(true)),
        (None, Some("false"), Some(false)),
        (None, Some("1"), Some(true)),
        (None, Some("0"), Some(false)),
        (None, Some(""), None),
        (None, Some("False"), None),
        (None, Some("undefined"), None),
        (None, None, None),
        (Some(false), Some("true"), Some(false)),
        (Some(true), Some("false"), Some(true)),
    ];
    let mut wrong = 0;
    for (truth, word, active) in said {
        wrong += u64::from(PageEvent::of_host(truth, word) != active.map(PageEvent::HostActive));
    }
    let mut dials = Figures::default();
    let mut closes = 0;
    let mut score = Score::default();
    for_seeds(SEEDS, |seed| {
        // Said once, said thrice, and about a page that is not away at all: a
        // link that answers is asked at most, one that is down is dialled once.
        let mut lab = online(seed);
        let before = (lab.seen.attempts.len(), lab.seen.closes.len());
        for _ in 0..10 {
            let (truth, word, _) = said[lab.chance.below(12) as usize];
            for _ in 0..=lab.chance.below(3) {
                if let Some(event) = PageEvent::of_host(truth, word) {
                    lab.page_event(event);
                }
            }
            let wait = lab.chance.below(8_000);
            lab.pass(wait);
        }
        closes += lab.seen.closes.len() - before.1;
        assert_eq!(lab.seen.attempts.len(), before.0);
        lab.hides();
        lab.fin();
        lab.pass(30_000);
        lab.page.visible = true;
        let shown = lab.now;
        for _ in 0..3 {
            lab.page_event(PageEvent::HostActive(true));
        }
        lab.pass(2_000);
        dials.add(lab.seen.attempts_between(shown, lab.now) as u64);
        assert!(lab.is_online());
        score.add(lab.settles());
    });
    Row {
        number: 26,
        figure: format!(
            "{wrong} of {} forms misread; {closes} closes of a healthy link; dials after being \
             told thrice that it is in front {}; {}",
            said.len(),
            dials.counts(),
            score.words()
        ),
        bound: "0 misread, 0 closes, 1 dial; 0/0/0",
        held: wrong == 0
            && closes == 0
            && dials.percentile(1) == 1
            && dials.max() == 1
            && score.is_clean(),
    }
    .told();
}
