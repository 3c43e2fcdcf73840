//! Rows 57 and 58: more comes than anybody reads.
//!
//! The floods are played by the path, in the server's words and numbers: a
//! person's link may not say so much, and the server's own speed is measured
//! elsewhere.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::report::{Length, Report, in_full, shortened};
use super::scene::Scene;
use crate::browser::Engine::Chromium;
use crate::diary::{Moment, watches_no_rows};
use crate::page::{LATER, State};
use crate::proxy::{Cut, Direction, Fate};
use crate::story::tell;

/// What the server would say of a message of Bob's.
fn push(seq: u64, text: &str) -> String {
    json!({
        "t": "push", "conv": "room:lobby",
        "msg": {
            "seq": seq, "id": format!("flood-{seq}"),
            "from": { "uid": "g-flood", "name": "Flood" },
            "body": { "kind": "text", "text": text }, "ts": 1_795_164_628_000_u64,
        },
    })
    .to_string()
}

/// Says so many things to the page, so many a second, after what the room has;
/// nothing of the server's passes meanwhile, for it knows of none of them.
async fn floods(scene: &Scene, count: u64, a_second: u64) -> Duration {
    const TICK: Duration = Duration::from_millis(20);
    scene.ann.path.tampers(Direction::Down, |_| Fate::IsLost);
    let last = scene
        .bob
        .heard()
        .log
        .keys()
        .next_back()
        .copied()
        .unwrap_or(0);
    let began = Instant::now();
    let mut ticks = tokio::time::interval(TICK);
    let mut said = 0;
    while said < count {
        ticks.tick().await;
        let due = (began.elapsed().as_secs_f64() * a_second as f64) as u64;
        while said < due.min(count) {
            said += 1;
            let text = format!("flood {said}");
            scene.ann.path.inject_text(&push(last + said, &text));
        }
    }
    began.elapsed()
}

/// The number in the last row of the document, and whether the rows around many
/// places of the list follow each other without a hole.
const SAMPLES: &str = "
    const [places, done] = arguments;
    const list = document.querySelector('[data-part=timeline]');
    const numbers = () => [...list.querySelectorAll('[data-part=text]')]
      .map((text) => /^flood (\\d+)$/.exec(text.textContent)).filter(Boolean)
      .map((found) => Number(found[1]));
    const holes = [];
    let place = 0, worst = 0;
    const step = () => {
      if (place > places) {
        list.scrollTop = list.scrollHeight;
        return requestAnimationFrame(() => done({ holes, worst }));
      }
      list.scrollTop = (list.scrollHeight - list.clientHeight) * (1 - place++ / places);
      const from = performance.now();
      requestAnimationFrame(() => requestAnimationFrame(() => {
        worst = Math.max(worst, performance.now() - from);
        const seen = numbers();
        for (let i = 1; i < seen.length; i++)
          if (seen[i] !== seen[i - 1] + 1) holes.push([seen[i - 1], seen[i]]);
        step();
      }));
    };
    step();";

async fn samples(scene: &Scene, places: usize) -> Value {
    let found = scene
        .ann
        .browser
        .try_execute_async(SAMPLES, vec![json!(places)])
        .await;
    found.expect("samples")
}

/// Notes how far apart the page's frames are.
const WATCH_FRAMES: &str = "
    const gaps = (window.__gaps = []);
    let last = performance.now();
    const frame = (now) => { gaps.push(now - last); last = now; requestAnimationFrame(frame); };
    requestAnimationFrame(frame);";

const FRAMES: &str = "
    const gaps = window.__gaps.splice(0).sort((a, b) => a - b);
    const at = (part) => Math.round(gaps[Math.min(gaps.length - 1, Math.floor(gaps.length * part))]);
    return { p99: at(0.99), worst: at(1) };";

#[test]
#[ignore = "cargo xtask faults"]
fn row_57_a_flood_leaves_the_page_usable() {
    tell(1, async || {
        const A_SECOND: u64 = 5_000;
        let (span, length) = shortened(Duration::from_secs(10));
        let count = span.as_secs() * A_SECOND;
        let mut report = Report::of(57, Chromium, length);
        let scene = Scene::begins(Chromium).await;
        watches_no_rows(&scene.ann).await;
        let began = Moment::now();
        let watched = scene.ann.browser.execute(WATCH_FRAMES, vec![]).await;
        assert_eq!(watched, Value::Null);
        let took = floods(&scene, count, A_SECOND).await;
        let last = format!("flood {count}");
        let seen = scene.ann.watches(3 * LATER, |page| page.shows(&last)).await;
        let caught_up = Moment::now().since(began.after(took));
        let frames = scene.ann.browser.execute(FRAMES, vec![]).await;
        let found = samples(&scene, 200).await;
        scene.pictures("fault-57-flood").await;
        let diary = scene.diary().await;
        let mut tasks: Vec<u64> = diary
            .since(began, "long task")
            .filter_map(|note| note.is.as_ref()?.parse().ok())
            .collect();
        tasks.sort_unstable();
        let place = (tasks.len() * 99).div_ceil(100).saturating_sub(1);
        let p99 = tasks.get(place).copied().unwrap_or(0);
        report.figure(
            format!("{count} messages in {:.1} s", took.as_secs_f64()),
            "",
            true,
        );
        report.holds("the last one is shown", seen.is_ok());
        report.figure(
            format!("{} ms after it was sent", caught_up.as_millis()),
            "",
            true,
        );
        report.within(
            &format!("p99 of {} long tasks", tasks.len()),
            Duration::from_millis(p99),
            Duration::from_millis(200),
        );
        report.figure(
            format!(
                "frames {} ms apart at p99, {} at worst",
                frames["p99"], frames["worst"]
            ),
            "",
            true,
        );
        report.figure(
            format!(
                "{} holes at 200 places",
                found["holes"].as_array().map_or(0, Vec::len)
            ),
            "no loss",
            found["holes"] == json!([]),
        );
        report.concludes();
        scene.ends().await;
    });
}

#[test]
#[ignore = "cargo xtask faults"]
fn row_58_a_long_conversation_scrolls_and_resumes() {
    tell(1, async || {
        const MISSED: usize = 1_000;
        let (rows, length) = if in_full() {
            (100_000, Length::Full)
        } else {
            (10_000, Length::Tenth)
        };
        let mut report = Report::of(58, Chromium, length);
        let scene = Scene::begins(Chromium).await;

        // A thousand are missed on a link that is cut while she is away.
        scene.ann.path.refuse_talk();
        scene
            .ann
            .sees("that she is not connected", |page| !page.is("online"))
            .await;
        for number in 1..=MISSED {
            scene.bob_says(&format!("missed {number}")).await;
            // A link may say fifty things a second.
            tokio::time::sleep(Duration::from_millis(21)).await;
        }
        let last = format!("missed {MISSED}");
        scene.bob.hears_text(&last).await;
        let healed = Moment::now();
        scene.ann.path.pass().await;
        let shows = |page: &State| page.can_talk() && page.shows(&last);
        scene.ann.sees_within(LATER, "the newest", shows).await;
        let diary = scene.diary().await;
        let online = diary.first_status(healed, "online");
        let shown = diary.row(&last, "shown").expect("it is shown");
        report.within(
            &format!("newest of {MISSED} missed shown, once online, after"),
            shown.since(online),
            Duration::from_secs(1),
        );
        report.talk(&scene.reckons(2 * LATER).await);

        // As many in one room, on a slow device. She has read upwards, and
        // follows what comes once she is back at the end.
        let down = "const list = document.querySelector('[data-part=timeline]');
                    list.scrollTop = list.scrollHeight;";
        scene.ann.browser.execute(down, vec![]).await;
        scene.ann.sees("the end", |page| page.shows(&last)).await;
        watches_no_rows(&scene.ann).await;
        floods(&scene, rows, 5_000).await;
        let last = format!("flood {rows}");
        scene
            .ann
            .sees_within(3 * LATER, "the last of them", |page| page.shows(&last))
            .await;
        let slow = json!({ "rate": 6 });
        scene
            .ann
            .browser
            .devtools("Emulation.setCPUThrottlingRate", slow)
            .await;
        let found = samples(&scene, 100).await;
        scene.pictures("fault-58-long").await;
        let fast = json!({ "rate": 1 });
        scene
            .ann
            .browser
            .devtools("Emulation.setCPUThrottlingRate", fast)
            .await;
        report.figure(
            format!(
                "{rows} rows: 100 jumps on a sixth of the processor, slowest drawn in {:.0} ms",
                found["worst"].as_f64().unwrap_or(f64::NAN)
            ),
            "scrolls",
            found["worst"].is_number(),
        );
        report.figure(
            format!("{} holes", found["holes"].as_array().map_or(0, Vec::len)),
            "no loss",
            found["holes"] == json!([]),
        );
        scene.ann.path.pass().await;
        scene.ann.path.cut(Cut::Fin);
        report.concludes();
        scene.ends().await;
    });
}
