//! Rows 38, 39, 44, 45, 48 to 51: what comes over the path is not what a server
//! should say.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::report::{Length, Report, in_full};
use super::scene::Scene;
use crate::browser::Engine::Chromium;
use crate::diary::{Diary, Moment};
use crate::frames::{self, TEXT};
use crate::page::{Chat, LATER, SOON, State};
use crate::proxy::{Cut, Direction, Fate, Instead};
use crate::server::Server;
use crate::story::{ends_well, tell};
use crate::talk::Talk;

/// What stands above the first row when there is no reading on.
const FAILED: &str = "Earlier messages couldn’t be loaded";

const MINUTE: Duration = Duration::from_secs(60);

// ---- 38 and 39: frames ----

/// What breaks the WebSocket itself, so that the browser ends it.
fn broken_frames() -> [(&'static str, Vec<u8>); 6] {
    [
        ("invalid UTF-8", frames::frame(TEXT, &[0xff, 0xfe, 0xc0])),
        ("a reserved bit", {
            let mut frame = frames::frame(TEXT, b"{}");
            frame[0] |= 0x40;
            frame
        }),
        ("an unknown opcode", frames::frame(0x0b, b"{}")),
        ("a masked frame", frames::masked(TEXT, b"{}")),
        ("a ping of 126 bytes", frames::frame(0x09, &[b'p'; 126])),
        ("a close without a code", frames::frame(0x08, b"")),
    ]
}

#[test]
#[ignore = "cargo xtask faults"]
fn row_38_frames_that_are_none_cost_a_link_and_nothing_else() {
    tell(1, async || {
        let mut report = Report::of(38, Chromium, Length::Full);
        let scene = Scene::begins(Chromium).await;
        let mut back = Vec::new();
        let mut codes = Vec::new();
        for (name, bytes) in broken_frames() {
            // Each is a first loss, which is not waited for long.
            scene.ann.reopens().await;
            let broken = Moment::now();
            scene.ann.path.inject_raw(&bytes);
            scene.bob_says(&format!("after {name}")).await;
            let shows = format!("after {name}");
            scene
                .ann
                .sees_within(LATER, name, |page| page.can_talk() && page.shows(&shows))
                .await;
            let diary = scene.diary().await;
            let closed = diary.since(broken, "close").next();
            codes.extend(closed.and_then(|note| note.is.clone()));
            let lost = diary.first_other_status(broken, "online");
            back.push(diary.first_status(lost, "online").since(lost));
        }
        codes.sort();
        codes.dedup();
        report.figure(
            format!("{} kinds, seen as {}", back.len(), codes.join(" and ")),
            "1005 or 1006",
            codes.iter().all(|code| code == "1006" || code == "1005"),
        );
        let worst = back.iter().max().copied().unwrap_or_default();
        report.within("back at worst after", worst, Duration::from_millis(1_500));
        report.talk(&scene.reckons(LATER).await);
        report.concludes();
        scene.ends().await;
    });
}

/// What a WebSocket carries well and no server of ours says.
fn strange_frames() -> Vec<(&'static str, Vec<u8>)> {
    let text = |text: &str| frames::frame(TEXT, text.as_bytes());
    let push = |seq: &str, ts: &str| {
        format!(
            r#"{{"t":"push","n":1,"conv":"room:lobby","msg":{{"seq":{seq},"id":"x","body":{{"kind":"text","text":"strange"}},"ts":{ts}}}}}"#
        )
    };
    vec![
        ("binary", frames::frame(2, &[0xff, 0x00, 0xfe])),
        ("empty", text("")),
        ("10 MB of text", text(&"x".repeat(10_000_000))),
        (
            "10 MB of a string",
            text(&format!(r#"{{"t":"{}"}}"#, "x".repeat(10_000_000))),
        ),
        ("100,000 brackets", text(&"[".repeat(100_000))),
        ("100,000 objects", text(&r#"{"t":"#.repeat(100_000))),
        (
            "a huge number",
            text(&push("99999999999999999999999999", "1")),
        ),
        (
            "a number with 100,000 digits",
            text(&push(&"9".repeat(100_000), "1")),
        ),
        ("1e400", text(&push("1e400", "1e400"))),
        ("NaN", text(&push("NaN", "NaN"))),
        ("a negative number", text(&push("-1", "-1"))),
        (
            "keys twice",
            text(r#"{"t":"ping","t":"bye","t":7,"heads":[],"heads":{}}"#),
        ),
    ]
}

#[test]
fn row_39_strange_frames_are_ignored() {
    tell(1, async || {
        let mut report = Report::of(39, Chromium, Length::Quick);
        let scene = Scene::begins(Chromium).await;
        let began = Moment::now();
        let kinds = strange_frames();
        let mut slowest = (Duration::ZERO, "");
        for (name, bytes) in &kinds {
            let injected = Moment::now();
            scene.ann.path.inject_raw(bytes);
            // What is said after it comes after it.
            let after = format!("after {name}");
            scene.bob_says(&after).await;
            scene
                .ann
                .sees_within(LATER, name, |page| page.shows(&after))
                .await;
            let diary = scene.diary().await;
            let tasks = diary.since(injected, "long task");
            let spent = tasks.filter_map(|note| note.is.as_ref()?.parse().ok());
            let spent = Duration::from_millis(spent.max().unwrap_or(0));
            if spent > slowest.0 {
                slowest = (spent, name);
            }
        }
        let diary = scene.diary().await;
        report.figure(format!("{} kinds", kinds.len()), "", true);
        let longest = if slowest.0.is_zero() {
            "no task over".to_owned()
        } else {
            format!("longest task ({})", slowest.1)
        };
        let measured = slowest.0.max(Duration::from_millis(50));
        report.within(&longest, measured, Duration::from_millis(50));
        report.at_most(diary.count(began, "dial"), "links lost", 0);
        report.talk(&scene.reckons(LATER).await);
        report.concludes();
        scene.ends().await;
    });
}

// ---- 44 and 45: history ----

/// The frame, read and changed.
fn changed(said: &str, change: impl FnOnce(&mut Value)) -> Fate {
    let Ok(mut frame) = serde_json::from_str(said) else {
        return Fate::Passes;
    };
    change(&mut frame);
    Fate::Becomes(frames::frame(TEXT, frame.to_string().as_bytes()))
}

#[test]
#[ignore = "cargo xtask faults"]
fn row_44_pages_that_overlap_repeat_lie_or_run_backwards_make_one_list() {
    tell(1, async || {
        const LINES: usize = 120;
        let mut report = Report::of(44, Chromium, Length::Full);
        let scene = Scene::begins(Chromium).await;
        for number in 1..=LINES {
            scene.bob_says(&format!("line {number}")).await;
        }
        let newest = format!("line {LINES}");
        scene.bob.hears_text(&newest).await;
        let is_page = |said: &str| said.contains(r#""t":"page""#);
        for trick in ["overlap", "twice", "empty", "backwards"] {
            let mut lied = false;
            scene.ann.path.tampers(Direction::Down, move |said| {
                if !is_page(said) {
                    return Fate::Passes;
                }
                match trick {
                    // What is said live while the page is on its way is in both.
                    "overlap" => Fate::ComesLater(Duration::from_millis(400)),
                    "twice" => Fate::ComesTwice,
                    "empty" if std::mem::replace(&mut lied, true) => Fate::Passes,
                    "empty" => changed(said, |page| {
                        page["msgs"] = json!([]);
                        page["from"] = Value::Null;
                        page["to"] = Value::Null;
                    }),
                    _ => changed(said, |page| {
                        if let Some(messages) = page["msgs"].as_array_mut() {
                            messages.reverse();
                        }
                    }),
                }
            });
            scene.ann.opens("/").await;
            for number in 1..=3 {
                scene.bob_says(&format!("live, {trick} {number}")).await;
            }
            let last = format!("live, {trick} 3");
            let failed = |page: &State| page.words.contains(FAILED);
            let page = scene
                .ann
                .sees_within(LATER, &last, |page| {
                    page.can_talk() && (page.shows(&last) || failed(page))
                })
                .await;
            if failed(&page) {
                // An empty page of a log that is not: said, and not believed.
                scene.pictures("fault-44-empty-page").await;
                scene.ann.clicks("[data-part=history-failed] button").await;
            }
            let reckoning = scene.reckons(LATER).await;
            report.figure(
                format!(
                    "{trick} {}/{}/{}",
                    reckoning.lost, reckoning.doubled, reckoning.disordered
                ),
                "0/0/0 each",
                reckoning.is_clean(),
            );
            scene.ann.path.pass().await;
        }
        report.concludes();
        scene.ends().await;
    });
}

#[test]
#[ignore = "cargo xtask faults"]
fn row_45_history_that_cannot_be_read_is_said_and_asked_for_again() {
    tell(1, async || {
        let mut report = Report::of(45, Chromium, Length::Full);
        let server = Server::start(&["--gateway", "all", "--rate", "5000", "--burst", "5000"]);
        let ann = Chat::sits_down("Ann", Chromium, &server).await;
        ann.expects_trouble();
        ann.keeps_a_diary().await;
        let launch = "/?dialect=topic&room=R-45&uid=ann&name=Ann#token=ann";
        let talk = Talk::default();
        ann.opens(launch).await;
        ann.sees("the room", State::can_talk).await;
        for number in 1..=3 {
            talk.says(&ann, &format!("kept {number}")).await;
        }
        talk.settles(&[&ann]).await;
        let truncated = r#"{"code":200,"data":{"list":[{"id":1,"con"#;
        let answers = [
            ("HTML", Instead::html(200, "<h1>Bad Gateway</h1>")),
            ("500", Instead::status(500)),
            (
                "truncated",
                Instead::Answer(
                    200,
                    "Content-Type: application/json\r\n",
                    truncated.to_owned(),
                    Duration::ZERO,
                ),
            ),
            (
                "429",
                Instead::Answer(429, "Retry-After: 1\r\n", String::new(), Duration::ZERO),
            ),
            ("silent", Instead::Silence),
        ];
        for (name, answer) in answers {
            let asked = Arc::new(AtomicUsize::new(0));
            let counted = Arc::clone(&asked);
            ann.path.serves_instead(move |request| {
                let is_history = request.contains("/chatmsg");
                is_history.then(|| {
                    counted.fetch_add(1, Ordering::SeqCst);
                    answer.clone()
                })
            });
            ann.opens(launch).await;
            let said = |page: &State| page.words.contains(FAILED);
            let seen = ann.watches(MINUTE, said).await;
            report.holds(&format!("{name} is said"), seen.is_ok());
            if name == "HTML" {
                ann.pictures("fault-45-history-failed").await;
            }
            let asked = asked.load(Ordering::SeqCst);
            report.figure(format!("asked {asked} times"), "at most 3", asked <= 3);
            ann.path.pass().await;
            let again = talk.reckons(MINUTE, &[&ann], &[]).await;
            report.talk(&again);
        }
        report.concludes();
        ends_well([ann]).await;
    });
}

// ---- 48 and 50: ends of links ----

/// What a page does after a close with this code, once.
fn comes_back_after(code: u16) -> bool {
    !(4500..=4999).contains(&code)
}

#[test]
#[ignore = "cargo xtask faults"]
fn row_48_every_close_code_is_answered_as_it_asks() {
    tell(1, async || {
        let mut report = Report::of(48, Chromium, Length::Full);
        let scene = Scene::begins(Chromium).await;
        let codes: Vec<u16> = (1000..=1015)
            .chain([2999, 3000, 3999])
            .chain(4000..=4006)
            .chain([4100, 4499, 4500, 4501, 4502, 4503, 4999, 5000])
            .collect();
        let mut wrong = Vec::new();
        for code in &codes {
            let name = format!("what follows {code}");
            scene.ann.opens("/").await;
            let known = |page: &State| page.can_talk() || page.join;
            if scene.ann.sees("the room or the form", known).await.join {
                scene.ann.joins().await;
            }
            let closed = Moment::now();
            scene.ann.path.inject_close(*code, "");
            let gone = |page: &State| page.is("waiting") || page.is("ended");
            scene.ann.sees_within(LATER, &name, gone).await;
            let diary = scene.diary().await;
            let first = diary.first_other_status(closed, "online");
            let ended = diary
                .since(first, "status")
                .next()
                .is_some_and(|note| note.is.as_deref() == Some("ended"));
            if ended == comes_back_after(*code) {
                wrong.push(*code);
            }
            if ended {
                scene
                    .ann
                    .sees("a banner", |page| page.banner.is_some())
                    .await;
                if [4500, 4501, 4502].contains(code) {
                    scene.pictures(&format!("fault-48-close-{code}")).await;
                }
            }
        }
        report.figure(
            format!(
                "{} codes, {} answered otherwise {wrong:?}",
                codes.len(),
                wrong.len()
            ),
            "as the table of closes says",
            wrong.is_empty(),
        );

        // Nothing is dialled after a word that ends it.
        scene.ann.opens("/").await;
        scene.ann.sees("her room", State::can_talk).await;
        scene.ann.path.inject_close(4502, "");
        scene.ann.sees("the end", |page| page.is("ended")).await;
        let ended = Moment::now();
        crate::stories::joining::stays_quiet(&scene.ann).await;
        let diary = scene.diary().await;
        report.at_most(diary.count(ended, "dial"), "dials in 7 s after the end", 0);

        // Two programs that do not understand each other stop after three tries.
        scene.ann.opens("/").await;
        scene.ann.sees("her room", State::can_talk).await;
        let began = Moment::now();
        scene.ann.path.tampers(Direction::Down, |said| {
            if said.contains(r#""t":"welcome""#) {
                Fate::Becomes(frames::frame(8, &1002_u16.to_be_bytes()))
            } else {
                Fate::Passes
            }
        });
        scene.ann.path.inject_close(1002, "");
        let stops = scene.ann.watches(LATER, |page| page.is("ended")).await;
        scene.pictures("fault-48-incompatible").await;
        let diary = scene.diary().await;
        report.holds("three times 1002 ends it", stops.is_ok());
        report.at_most(diary.count(began, "dial"), "tries after 1002", 3);
        report.concludes();
        scene.ends().await;
    });
}

#[test]
#[ignore = "cargo xtask faults"]
fn row_50_a_server_that_accepts_and_drops_is_not_hammered() {
    tell(1, async || {
        let (span, most) = if in_full() {
            (3 * MINUTE, 20)
        } else {
            (MINUTE, 9)
        };
        let length = if in_full() {
            Length::Full
        } else {
            Length::Tenth
        };
        let mut report = Report::of(50, Chromium, length);
        let scene = Scene::begins(Chromium).await;
        let began = Moment::now();
        scene.ann.path.tampers(Direction::Down, |said| {
            if said.contains(r#""t":"opened""#) {
                Fate::CutAfter(0, Cut::Fin)
            } else {
                Fate::Passes
            }
        });
        scene.ann.path.cut(Cut::Fin);
        scene.ann_says("on a link that flaps").await;
        tokio::time::sleep(span).await;
        scene.pictures("fault-50-flapping").await;
        let diary = scene.diary().await;
        let dials: Vec<Moment> = diary.since(began, "dial").map(|note| note.at).collect();
        let gaps: Vec<u64> = dials
            .windows(2)
            .map(|pair| pair[1].since(pair[0]).as_secs())
            .collect();
        report.at_most(dials.len(), &format!("dials in {} s", span.as_secs()), most);
        report.figure(format!("waits grow {gaps:?} s"), "", true);
        scene.ann.path.pass().await;
        report.talk(&scene.reckons(LATER).await);
        report.concludes();
        scene.ends().await;
    });
}

// ---- 49: who is who ----

#[test]
#[ignore = "cargo xtask faults"]
fn row_49_credentials_that_expire_fail_or_change_send_nothing_as_somebody_else() {
    tell(1, async || {
        let mut report = Report::of(49, Chromium, Length::Full);
        let scene = Scene::begins(Chromium).await;

        // It ran out: a new ticket is bought and nobody sees anything.
        let expired = Moment::now();
        scene.ann.path.inject_close(4005, "");
        scene.ann_says("after it ran out").await;
        let sent = |page: &State| page.can_talk() && page.has_delivered("after it ran out");
        scene.ann.sees_within(LATER, "her words sent", sent).await;
        let diary = scene.diary().await;
        report.at_most(diary.banners(expired).len(), "banners when it ran out", 0);

        // The refresh fails three times.
        let failed = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&failed);
        scene.ann.path.serves_instead(move |request| {
            let refuse = request.starts_with("POST /api/ticket")
                && counted.fetch_add(1, Ordering::SeqCst) < 3;
            refuse.then(|| Instead::status(503))
        });
        scene.ann.path.inject_close(4005, "");
        scene.ann_says("while it cannot be renewed").await;
        let sent =
            |page: &State| page.can_talk() && page.has_delivered("while it cannot be renewed");
        scene.ann.sees_within(LATER, "her words sent", sent).await;
        let asked = failed.load(Ordering::SeqCst);
        report.figure(format!("back at attempt {asked}"), "4", asked == 4);
        scene.ann.path.pass().await;

        // Somebody else is in the jar of cookies: what Ann wrote is not theirs.
        scene.ann.reopens().await;
        let driver = scene.ann.browser.driver();
        let anns = driver.get_all_cookies().await.expect("cookies");
        scene.ann.path.refuse_talk();
        let down = |page: &State| !page.is("online");
        scene.ann.sees("that she is not connected", down).await;
        scene.ann_says("only ever Ann's").await;
        let kept = |page: &State| {
            page.row("only ever Ann's")
                .is_some_and(|row| row.is("queued"))
        };
        scene.ann.sees("it kept", kept).await;
        scene.ann.path.pass().await;
        scene.ann.path.serves_instead(|request| {
            request
                .starts_with("POST /api/ticket")
                .then(|| Instead::status(503))
        });
        let becomes_eve = "
            const done = arguments[0];
            fetch('/api/guest', { method: 'POST', headers: { 'content-type': 'application/json' },
              body: JSON.stringify({ name: 'Eve' }) }).then((it) => done(it.status), (e) => done(String(e)));";
        let eve = scene
            .ann
            .browser
            .try_execute_async(becomes_eve, vec![])
            .await;
        assert!(eve.as_ref().is_ok_and(|eve| *eve == 200), "{eve:?}");
        scene.ann.path.pass().await;
        let eves = scene
            .ann
            .watches(LATER, |page| page.can_talk() || page.is("ended"))
            .await;
        scene.pictures("fault-49-somebody-else").await;
        report.holds(
            "Ann's words are not drawn as Eve's",
            eves.is_ok_and(|page| {
                page.row("only ever Ann's")
                    .is_none_or(|row| !row.is_delivered())
            }),
        );
        scene.bob_says("who is there").await;
        scene.bob.hears_text("who is there").await;
        let sent_as_eve = scene.bob.log().contains(&"only ever Ann's".to_owned());
        report.holds("nothing sent as Eve", !sent_as_eve);

        // And Ann comes back to what she wrote.
        for cookie in anns {
            scene
                .ann
                .browser
                .driver()
                .add_cookie(cookie)
                .await
                .expect("her cookie");
        }
        scene.ann.reopens().await;
        report.talk(&scene.reckons(LATER).await);

        // Revoked: she is asked who she is, and what she wrote is kept.
        scene.ann.path.refuse_talk();
        scene.ann.sees("that she is not connected", down).await;
        scene.ann_says("kept while signed out").await;
        let kept = |page: &State| {
            page.row("kept while signed out")
                .is_some_and(|row| row.is("queued"))
        };
        scene.ann.sees("it kept", kept).await;
        scene.ann.path.pass().await;
        let refusal = r#"{"error":{"code":"no_identity","text":"who?"}}"#;
        scene.ann.path.serves_instead(move |request| {
            request.starts_with("POST /api/ticket").then(|| {
                let header = "Content-Type: application/json\r\n";
                Instead::Answer(401, header, refusal.to_owned(), Duration::ZERO)
            })
        });
        let asked = scene
            .ann
            .watches(LATER, |page| page.join || page.is("ended"))
            .await;
        scene.pictures("fault-49-revoked").await;
        report.holds("a revoked person is asked who they are", asked.is_ok());
        scene.ann.path.pass().await;
        scene.ann.reopens().await;
        report.talk(&scene.reckons(LATER).await);
        report.concludes();
        scene.ends().await;
    });
}

// ---- 51: refusals ----

#[test]
fn row_51_a_refusal_wedges_and_a_storm_of_them_is_not_answered_with_one() {
    tell(1, async || {
        let mut report = Report::of(51, Chromium, Length::Quick);
        let scene = Scene::begins(Chromium).await;
        scene.ann.path.tampers(Direction::Up, |said| {
            let frame: Value = serde_json::from_str(said).unwrap_or_default();
            if frame["t"] == "send" && frame["body"]["text"] == "refused" {
                let nack = json!({ "t": "nack", "cid": frame["cid"], "code": "forbidden" });
                Fate::Answered(nack.to_string())
            } else {
                Fate::Passes
            }
        });
        scene.ann_says("before the refusal").await;
        scene.ann_says("refused").await;
        scene.ann_says("after the refusal").await;
        let wedged = |page: &State| {
            page.row("refused")
                .is_some_and(|row| row.is("failed") && row.retry)
                && page
                    .row("after the refusal")
                    .is_some_and(|row| row.is("queued"))
                && page.words.contains("Waiting for the message above")
        };
        let seen = scene.ann.watches(SOON, wedged).await;
        scene
            .pictures("fault-51-waiting-for-the-message-above")
            .await;
        report.holds("the next one says what it waits for", seen.is_ok());
        scene.bob_says("others go on").await;
        scene
            .ann
            .sees("Bob's words", |page| page.shows("others go on"))
            .await;
        scene.ann.path.pass().await;
        scene
            .ann
            .clicks("[data-part=message][data-delivery=failed] [data-part=retry]")
            .await;
        scene
            .ann
            .sees("all sent", |page| page.has_delivered("after the refusal"))
            .await;

        // Too fast, says the server, ten times over.
        let sends = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&sends);
        scene.ann.path.tampers(Direction::Up, move |said| {
            let frame: Value = serde_json::from_str(said).unwrap_or_default();
            if frame["t"] == "send" && counted.fetch_add(1, Ordering::SeqCst) < 10 {
                let nack = json!({
                    "t": "nack", "cid": frame["cid"], "code": "rate_limited", "retry_ms": 300,
                });
                Fate::Answered(nack.to_string())
            } else {
                Fate::Passes
            }
        });
        let began = Moment::now();
        for number in 1..=5 {
            scene.ann_says(&format!("too fast {number}")).await;
        }
        let reckoning = scene.reckons(LATER).await;
        let took = Moment::now().since(began);
        // One at a time: ten refusals and five that pass.
        report.at_most(
            sends.load(Ordering::SeqCst),
            "sends for 5 messages and 10 refusals",
            15,
        );
        report.holds(
            "each refusal was waited out",
            took >= Duration::from_millis(3_000),
        );
        let diary: Diary = scene.diary().await;
        report.at_most(diary.count(began, "dial"), "links lost", 0);
        report.talk(&reckoning);
        report.concludes();
        scene.ends().await;
    });
}
