//! Rows 52 to 56: the device's storage.

use parlance_core::PageEvent;
use parlance_core::session::{Durability, Oddity};

use super::figure::{Figures, Row, SEEDS, for_seeds, seconds};
use super::lab::{Lab, Score, Storage};
use super::native::{self, Server, online};

#[test]
fn row_52_there_is_no_storage() {
    let mut sent = Figures::default();
    let mut blocked = Figures::default();
    let mut warned = 0;
    let mut score = Score::default();
    for_seeds(SEEDS, |seed| {
        let mut server = Server::default();
        server.has(5);
        let mut lab = Lab::unopened(seed, native::launch(), server);
        // Missing or forbidden: it fails. An upgrade that is blocked: silence.
        let silent = seed % 2 == 0;
        lab.storage = if silent {
            Storage::Silent
        } else {
            Storage::Fails
        };
        lab.begin();
        lab.pass(30_000);
        for number in 0..5 {
            let said = lab.now;
            let text = format!("without a device {number}");
            lab.says(&text);
            assert!(lab.until(20_000, |lab| lab.delivery_of(&text) == Some("sent")));
            if silent {
                blocked.add(lab.now - said)
            } else {
                sent.add(lab.now - said)
            }
        }
        warned += u64::from(lab.seen.durability.contains(&Durability::LostOnClose));
        score.add(lab.settles());
    });
    Row {
        number: 52,
        figure: format!(
            "sent {} where storage fails, max {} s where it never answers; told that closing loses \
             what is unsent in {warned} of {SEEDS}; {}",
            sent.seconds(),
            seconds(blocked.max()),
            score.words()
        ),
        bound: "chat works (at most 2 s and a round trip each); always told; 0/0/0",
        held: sent.max() <= 500 && blocked.max() <= 2_500 && warned == SEEDS && score.is_clean(),
    }
    .told();
}

#[test]
fn row_53_the_storage_is_full_for_a_while() {
    let mut kept_again = Figures::default();
    let mut told = 0;
    let mut score = Score::default();
    for_seeds(SEEDS, |seed| {
        let mut lab = online(seed);
        lab.path.up = false;
        lab.path.down = false;
        lab.says("kept before");
        lab.pass(500);
        lab.storage = Storage::Fails;
        lab.says("not kept 1");
        lab.says("not kept 2");
        lab.pass(500);
        told += u64::from(lab.seen.durability.last() == Some(&Durability::LostOnClose));
        assert_eq!(lab.delivery_of("not kept 2"), Some("queued"));
        // There is room again; the next write takes the others along.
        lab.storage = Storage::Works;
        let room = lab.now;
        lab.says("kept after");
        let all = |lab: &Lab<Server>| lab.disk.unsent.len() == 4;
        assert!(lab.until(5_000, all), "seed {seed}");
        kept_again.add(lab.now - room);
        assert_eq!(lab.seen.durability.last(), Some(&Durability::Kept));
        // So that now even a crash loses nothing.
        lab.dies(0);
        lab.heals();
        lab.begin();
        let settled = lab.settles();
        let log: Vec<String> = lab
            .backend
            .messages
            .iter()
            .map(|it| it.text.clone())
            .collect();
        let mine = &log[log.len() - 4..];
        assert_eq!(
            mine,
            ["kept before", "not kept 1", "not kept 2", "kept after"]
        );
        score.add(settled);
    });
    Row {
        number: 53,
        figure: format!(
            "told in {told} of {SEEDS}; all on the device {} after the first write that works; a \
             crash after that: {}",
            kept_again.seconds(),
            score.words()
        ),
        bound: "badge while it fails; outbox lost 0 (there is no cache to evict); 0/0/0",
        held: told == SEEDS && kept_again.max() <= 1_000 && score.is_clean(),
    }
    .told();
}

#[test]
fn row_54_the_handle_is_dead_when_the_page_resumes() {
    let mut again = Figures::default();
    let mut score = Score::default();
    for_seeds(SEEDS, |seed| {
        let mut lab = online(seed);
        lab.page_event(PageEvent::Freeze);
        lab.freezes();
        lab.pass(60_000);
        // The first transaction after it fails; the next one works.
        lab.storage = Storage::Fails;
        lab.thaws(Some(PageEvent::Resume));
        lab.says("into a dead handle");
        let failed = |lab: &Lab<Server>| lab.seen.counted(Oddity::Storage) > 0;
        assert!(lab.until(5_000, failed));
        lab.storage = Storage::Works;
        let writes = lab.disk.writes;
        lab.pass(5_000);
        again.add(lab.disk.writes - writes);
        lab.says("and on");
        lab.pass(5_000);
        assert_eq!(lab.delivery_of("into a dead handle"), Some("sent"));
        assert_eq!(lab.seen.durability.last(), Some(&Durability::Kept));
        score.add(lab.settles());
    });
    Row {
        number: 54,
        figure: format!(
            "a write that fails once: at most {} more for its message; kept again afterwards; {}",
            again.max(),
            score.words()
        ),
        bound: "at most 1 attempt more for the session (reopening is the driver's); 0/0/0",
        held: again.max() <= 2 && score.is_clean(),
    }
    .told();
}

#[test]
fn row_55_rows_of_the_device_cannot_be_read() {
    let mut reported = 0;
    let mut put_there = 0;
    let mut touched = 0;
    let mut score = Score::default();
    for_seeds(SEEDS, |seed| {
        let mut lab = online(seed);
        lab.path.up = false;
        lab.path.down = false;
        for number in 0..4 {
            lab.says(&format!("sound {number}"));
        }
        lab.pass(500);
        lab.dies(9);
        let (key, sound) = lab
            .disk
            .unsent
            .iter()
            .next()
            .map(|(key, it)| (key.clone(), it.clone()))
            .expect("kept");
        let cut = lab.chance.below(sound.len() as u64 - 1) as usize;
        let broken = [
            String::new(),
            "null".to_owned(),
            "[]".to_owned(),
            sound[..cut].to_owned(),
            format!("{{\"v\":99,\"was\":{sound}}}"),
            sound
                .replace("\"conversation\"", "\"talk\"")
                .replace("\"conv\"", "\"talk\""),
            "x".repeat(1_000_000),
            "[".repeat(100_000),
        ];
        for (number, value) in broken.iter().enumerate() {
            // Before and behind the sound ones, in the order of keys.
            let name = format!("{}{number}", if number % 2 == 0 { "0" } else { "z" });
            lab.disk.unsent.insert((key.0.clone(), name), value.clone());
        }
        let bad = broken.iter().filter(|it| **it != sound).count();
        lab.heals();
        // No loop: each boot reads them once, says so, and goes on.
        for boot in 1..=3 {
            lab.begin();
            lab.pass(20_000);
            assert!(lab.is_online());
            reported = reported.max(lab.seen.counted(Oddity::BadRow) / boot);
            put_there = put_there.max(bad as u64);
            let left = lab.disk.unsent.iter().filter(|((_, id), value)| {
                (id.starts_with('0') || id.starts_with('z')) && broken.contains(value)
            });
            touched += broken.len() - left.count();
            if boot < 3 {
                lab.dies(0);
            }
        }
        score.add(lab.settles());
    });
    Row {
        number: 55,
        figure: format!(
            "{reported} of {put_there} broken rows reported at each of three boots, {touched} of \
             them changed; the sound ones sent; {}",
            score.words()
        ),
        bound: "all reported and left alone, no boot loop; 0/0/0",
        held: reported == put_there && touched == 0 && score.is_clean(),
    }
    .told();
}
