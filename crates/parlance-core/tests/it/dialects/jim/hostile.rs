//! Whatever comes from outside is read without a panic by both ends of J-IM,
//! and what one end writes the other reads.
//!
//! Cases are made from the transcripts and a seed, which is printed:
//! `DECODER_SEED` repeats it, `DECODER_CASES` makes more of them.

use parlance_core::chance::Chance;
use parlance_core::dialect::jim::wire::{Answer, Circle, Log, Profile, User};

use super::*;
use crate::decoders::spoiler::Spoiler;
use crate::decoders::{DEFAULT_CASES, from_environment};
use crate::dialects::hostile::{read_all, sound};

fn both_ends(text: &str) {
    // What could be read can be written, and is then read as the same.
    let request = Request::read(text);
    assert_eq!(Request::read(&request.write()), request, "{text:?}");
    if let Ok(answer) = Answer::read(text) {
        assert_eq!(Answer::read(&answer.write()), Ok(answer), "{text:?}");
    }
}

#[test]
fn nothing_from_outside_makes_the_jim_readers_panic() {
    read_all("jim", 20_261_131, Jim::new(config()), both_ends);
    let stock = "live_jim3_store_on";
    read_all(stock, 20_261_132, Jim::new(config()), both_ends);
}

#[test]
fn nothing_on_a_link_makes_a_session_on_jim_panic_or_stop() {
    let seed = from_environment("DECODER_SEED", 20_261_133);
    let cases = from_environment("DECODER_CASES", DEFAULT_CASES) / 10;
    println!("seed {seed}, {cases} cases");
    let mut spoiler = Spoiler::of(seed, sound("jim"));
    let mut stage = online();
    for number in 0..cases {
        let (_, text) = spoiler.next();
        if stage.status() != Status::Online || !stage.is_dialled() {
            stage = online();
        }
        stage.hears(&text);
        if number % 16 == 0 {
            stage.says(&course(), "still here");
            stage.advance(1);
        }
        // What ends a stay is a refusal of the login and nothing else.
        if stage.status() == Status::Ended {
            let refusal = Answer::read(&text);
            let refused = matches!(refusal, Ok(Answer::Login { .. } | Answer::Auth { .. }));
            assert!(refused, "{text:?}");
        }
    }
}

const TEXTS: [&str; 8] = [
    "",
    "hello",
    " \" \\ \n\t\u{0}\u{2028} <b>&nbsp;</b> ",
    "😀👩‍👩‍👧",
    "123",
    "007",
    "null",
    "{\"cmd\":14}",
];

fn text(chance: &mut Chance) -> String {
    TEXTS[chance.below(TEXTS.len() as u64) as usize].to_owned()
}

fn maybe(chance: &mut Chance) -> Option<String> {
    (chance.below(3) > 0).then(|| text(chance))
}

fn number(chance: &mut Chance) -> Option<u64> {
    [None, Some(0), Some(1), Some(2), Some(5), Some(1 << 40)][chance.below(6) as usize]
}

fn chat(chance: &mut Chance) -> Chat {
    let extras = [json!({}), json!({"own": [1, "x"], "id": null})];
    let extras = extras[chance.below(2) as usize].as_object().cloned();
    let kinds = [
        None,
        Some("1"),
        Some("4"),
        Some("007"),
        Some("gift"),
        Some(""),
    ];
    Chat {
        id: maybe(chance),
        from: maybe(chance),
        to: maybe(chance),
        group: maybe(chance),
        chat_type: number(chance),
        msg_type: number(chance),
        content: maybe(chance),
        create_time: [None, Some(0), Some(-5), Some(i64::MAX)][chance.below(4) as usize],
        nick: maybe(chance),
        avatar: maybe(chance),
        kind: kinds[chance.below(6) as usize].map(str::to_owned),
        extras: extras.unwrap_or_default(),
    }
}

fn user(chance: &mut Chance) -> User {
    User {
        id: text(chance),
        nick: maybe(chance),
        avatar: maybe(chance),
        online: [None, Some(true), Some(false)][chance.below(3) as usize],
        terminal: maybe(chance),
    }
}

fn some<T>(chance: &mut Chance, make: impl Fn(&mut Chance) -> T) -> Vec<T> {
    (0..chance.below(4)).map(|_| make(chance)).collect()
}

fn circle(chance: &mut Chance) -> Circle {
    Circle {
        id: text(chance),
        name: maybe(chance),
        users: (chance.below(2) == 0).then(|| some(chance, user)),
    }
}

fn a_log(chance: &mut Chance) -> Log {
    let mut logs = |names: &[&str]| {
        let logs = names.iter().map(|name| (*name).to_owned());
        logs.map(|name| (name, some(chance, chat))).collect()
    };
    Log {
        friends: logs(&["li"]),
        groups: logs(&["100", "200"]),
        user: Some("zhang".to_owned()),
    }
}

#[test]
fn every_jim_request_reads_as_it_was_written() {
    let seed = from_environment("DECODER_SEED", 20_261_134);
    println!("seed {seed}");
    let chance = &mut Chance::new(seed);
    for _ in 0..2_000 {
        let which = [
            None,
            Some(Which::Online),
            Some(Which::Offline),
            Some(Which::All),
        ];
        let wanted = Wanted {
            kept: [None, Some(true), Some(false)][chance.below(3) as usize],
            user: maybe(chance),
            group: maybe(chance),
            from_user: maybe(chance),
            begin: [None, Some(-1), Some(5)][chance.below(3) as usize],
            end: [None, Some(0)][chance.below(2) as usize],
            offset: number(chance),
            count: number(chance),
        };
        for request in [
            Request::Auth {
                token: maybe(chance),
            },
            Request::Login {
                user: maybe(chance),
                password: maybe(chance),
                token: maybe(chance),
            },
            Request::Join {
                group: maybe(chance),
                name: maybe(chance),
            },
            Request::Chat(chat(chance)),
            Request::Heartbeat,
            Request::Close {
                user: maybe(chance),
            },
            Request::Users {
                which: which[chance.below(4) as usize],
                user: maybe(chance),
            },
            Request::Messages(wanted),
            Request::Unknown,
        ] {
            assert_eq!(Request::read(&request.write()), request);
        }
    }
}

#[test]
fn every_jim_answer_reads_as_it_was_written() {
    let seed = from_environment("DECODER_SEED", 20_261_135);
    println!("seed {seed}");
    let chance = &mut Chance::new(seed);
    for _ in 0..2_000 {
        let code = 10_000 + chance.below(25);
        for answer in [
            Answer::Login {
                code,
                user: (chance.below(2) == 0).then(|| user(chance)),
            },
            Answer::Auth {
                code,
                token: maybe(chance),
            },
            Answer::Join {
                code,
                group: maybe(chance),
            },
            Answer::Joined {
                group: text(chance),
                user: user(chance),
            },
            Answer::Left {
                group: text(chance),
                user: user(chance),
            },
            Answer::Chat(chat(chance)),
            Answer::Sent {
                code,
                words: maybe(chance).filter(|words| !words.is_empty()),
                id: maybe(chance),
                retry_ms: number(chance),
            },
            Answer::Heartbeat,
            Answer::Closed,
            Answer::Users {
                code,
                profile: (chance.below(2) == 0).then(|| Profile {
                    user: user(chance),
                    friends: some(chance, circle),
                    groups: some(chance, circle),
                }),
            },
            Answer::Messages {
                code,
                log: (chance.below(2) == 0).then(|| a_log(chance)),
            },
            Answer::Other {
                command: 0,
                code: Some(10_017),
            },
        ] {
            assert_eq!(Answer::read(&answer.write()), Ok(answer));
        }
    }
}
