//! Rows 38 and 39: frames that are none, and frames that nobody should say.

use std::time::Duration;

use crate::browser::Engine::Chromium;
use crate::diary::Moment;
use crate::faults::report::{Length, Report};
use crate::faults::scene::Scene;
use crate::frames::{self, TEXT};
use crate::page::LATER;
use crate::story::tell;

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
#[ignore = "cargo xtask faults"]
fn row_39_strange_frames_are_ignored() {
    tell(1, async || {
        let mut report = Report::of(39, Chromium, Length::Full);
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
