//! Rows 20 to 22: the document ends in the middle of something, and comes back,
//! at once or a day later.

use std::time::Duration;

use serde_json::json;
use thirtyfour::Key;

use crate::browser::Engine::Chromium;
use crate::faults::report::{Length, Report};
use crate::faults::scene::Scene;
use crate::page::{Chat, LATER, SOON, State};
use crate::proxy::Direction;
use crate::story::tell;

/// Between the key and the acknowledgement, as `script/points.js` has them.
const POINTS: usize = 12;
/// From here on the device has it.
const KEPT_FROM: usize = 7;

#[test]
#[ignore = "cargo xtask faults"]
fn row_20_a_reload_at_any_point_of_sending_loses_nothing() {
    tell(1, async || {
        let mut report = Report::of(20, Chromium, Length::Full);
        let scene = Scene::begins_with(Chromium, &[], async |ann| {
            let script = include_str!("../../script/points.js");
            ann.browser.init_script(script).await;
        })
        .await;
        let (mut sent, mut in_the_field, mut gone) = (0, 0, Vec::new());
        for point in 1..=POINTS {
            let text = format!("reloaded at point {point}");
            is_reloaded_at(&scene.ann, point, &text).await;
            let known = |page: &State| page.can_talk();
            scene.ann.sees_within(LATER, "the room", known).await;
            // What is not known to be kept may be in the field, to be sent again.
            let shown_or_kept = |page: &State| {
                let field = page.composer.as_ref().map(|field| field.value.clone());
                page.has_delivered(&text) || field.is_some_and(|field| field == text)
            };
            match scene.ann.watches(SOON / 3, shown_or_kept).await {
                Ok(page) if page.has_delivered(&text) => {
                    sent += 1;
                    scene.talk.hears("Ann", &text);
                }
                Ok(_) => {
                    in_the_field += 1;
                    let field = scene.ann.browser.element("[data-part=composer]").await;
                    field.send_keys(Key::Enter.value()).await.expect("Enter");
                    scene.talk.hears("Ann", &text);
                }
                Err(_) => gone.push(point),
            }
        }
        let lost_when_kept: Vec<_> = gone.iter().filter(|point| **point >= KEPT_FROM).collect();
        report.figure(
            format!(
                "{POINTS} points: {sent} sent, {in_the_field} back in the field, {} gone {gone:?}",
                gone.len()
            ),
            "none gone",
            gone.is_empty(),
        );
        report.at_most(lost_when_kept.len(), "lost after \"queued\"", 0);
        report.talk(&scene.reckons(LATER).await);
        report.concludes();
        scene.ends().await;
    });
}

/// Waits until what is unfinished is on the device, as it is a moment after the
/// last key.
const DRAFT_KEPT: &str = "
    const [text, done] = arguments;
    (async () => {
      const promised = (request) => new Promise((then, fail) => {
        request.onsuccess = () => then(request.result);
        request.onerror = () => fail(request.error);
      });
      const until = performance.now() + 10000;
      while (performance.now() < until) {
        for (const { name } of await indexedDB.databases()) {
          const database = await promised(indexedDB.open(name));
          const store = 'unfinished';
          const kept = database.objectStoreNames.contains(store)
            ? await promised(database.transaction(store).objectStore(store).getAll()) : [];
          database.close();
          if (kept.includes(text)) return true;
        }
        await new Promise((then) => setTimeout(then, 20));
      }
      return false;
    })().then(done, (error) => done(String(error)));";

async fn is_reloaded_at(ann: &Chat, point: usize, text: &str) {
    let composer = ann.browser.element("[data-part=composer]").await;
    composer.clear().await.expect("an empty field");
    composer.send_keys(text).await.expect("keys");
    let kept = ann
        .browser
        .try_execute_async(DRAFT_KEPT, vec![json!(text)])
        .await;
    assert!(kept.as_ref().is_ok_and(|kept| *kept == true), "{kept:?}");
    let mark = "window.oldDocument = true; __arms(arguments[0])";
    ann.browser.execute(mark, vec![json!(point)]).await;
    // The document may go before the driver has its answer.
    let _ = composer.send_keys(Key::Enter.value()).await;
    let until = tokio::time::Instant::now() + SOON;
    loop {
        let there = "return !window.oldDocument && sessionStorage.getItem('__reached')";
        let there = ann.browser.try_execute(there, vec![]).await;
        if there.is_ok_and(|there| there.as_str() == Some(&point.to_string())) {
            return;
        }
        if tokio::time::Instant::now() > until {
            ann.fails(&format!("point {point} was never reached")).await;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[test]
#[ignore = "cargo xtask faults"]
fn row_21_a_crashed_page_and_a_killed_browser_lose_nothing() {
    tell(1, async || {
        let mut report = Report::of(21, Chromium, Length::Full);
        let mut scene = Scene::begins(Chromium).await;
        scene.ann.browser.cookies_are_kept(LATER).await;
        for end in ["crash", "SIGKILL"] {
            // One is on its way, one waits, when it happens.
            scene.ann.path.hold_links(Direction::Up);
            for number in 1..=3 {
                let text = format!("{end} {number}");
                scene.ann_says(&text).await;
                let kept = |page: &State| page.shows(&text);
                scene.ann.sees("it kept", kept).await;
            }
            if end == "crash" {
                scene.ann.browser.crashes().await;
            } else {
                scene.ann.browser.kill_and_reopen().await;
                scene.ann.keeps_a_diary().await;
            }
            scene.ann.path.pass().await;
            scene.ann.reopens().await;
            let reckoning = scene.reckons(LATER).await;
            report.figure(
                format!(
                    "{end}: {}/{}/{}",
                    reckoning.lost, reckoning.doubled, reckoning.disordered
                ),
                "0/0/0 each",
                reckoning.is_clean(),
            );
        }
        report.concludes();
        scene.ends().await;
    });
}

/// As many as the device keeps unsent.
const FULL: usize = 500;

/// Writes and sends in the page as a person would, without a driver's round
/// trip for each key.
const WRITE_MANY: &str = "
    const [count, done] = arguments;
    const field = document.querySelector('[data-part=composer]');
    const send = () => document.querySelector('[data-part=send]').click();
    const rows = () => [...document.querySelectorAll('[data-part=message] [data-part=text]')]
      .map((text) => text.textContent);
    (async () => {
      for (let number = 1; number <= count; number++) {
        const text = `kept over night ${number}`;
        field.value = text;
        field.dispatchEvent(new InputEvent('input', { bubbles: true }));
        send();
        // The next is typed when this one is kept, or was refused.
        const until = performance.now() + 5000;
        while (!rows().includes(text) && field.value !== text && performance.now() < until)
          await new Promise((then) => setTimeout(then, 1));
      }
      return field.value;
    })().then(done, (error) => done('error ' + error));";

#[test]
#[ignore = "cargo xtask faults"]
fn row_22_a_full_outbox_opened_the_next_day_asks_before_it_sends() {
    tell(1, async || {
        let mut report = Report::of(22, Chromium, Length::Full);
        let scene = Scene::begins(Chromium).await;
        scene.ann.path.refuse_talk();
        scene
            .ann
            .sees("that she is not connected", |page| !page.is("online"))
            .await;
        // One more than there is room for.
        let left = scene
            .ann
            .browser
            .try_execute_async(WRITE_MANY, vec![json!(FULL + 1)])
            .await
            .expect("written");
        let refused = format!("kept over night {}", FULL + 1);
        report.holds(
            "one too many is refused, and back in the field",
            left == refused.as_str(),
        );
        scene.pictures("fault-22-full-outbox").await;
        let page = scene.ann.looks().await;
        report.holds("and it is said", page.words.contains("Too much is waiting"));

        // She closes it, and comes back a day later.
        scene.ann.browser.goto("about:blank").await;
        scene.ann.path.pass().await;
        let later = "const now = Date.now.bind(Date); Date.now = () => now() + 25 * 3600 * 1000;";
        scene.ann.browser.init_script(later).await;
        scene.ann.reopens().await;
        let asks = |page: &State| page.words.contains("Written more than a day ago");
        let asked = scene.ann.watches(SOON, asks).await;
        scene.pictures("fault-22-next-day").await;
        report.holds("asks before it sends", asked.is_ok());
        let before = scene.bob.log().len();
        scene.bob_says("good morning").await;
        scene.bob.hears_text("good morning").await;
        let unasked = scene.bob.log().len() - before - 1;
        report.at_most(unasked, "sent without asking", 0);

        // All of it, oldest first, when she says so.
        let say_yes = "
            const done = arguments[0];
            let clicks = 0, still = 0;
            const step = () => {
              const list = document.querySelector('[data-part=timeline]');
              const yes = [...document.querySelectorAll('button')]
                .find((button) => button.textContent.trim() === 'Send now');
              if (yes) { yes.click(); clicks++; still = 0; }
              else { list.scrollTop = Math.max(0, list.scrollTop - 300); still++; }
              if (still < 40) setTimeout(step, 10); else done(clicks);
            };
            step();";
        let clicks = scene.ann.browser.try_execute_async(say_yes, vec![]).await;
        report.figure(
            format!("{} clicks on send now", clicks.expect("clicked")),
            "",
            true,
        );
        let all = |heard: &crate::correspondent::Heard| heard.log.len() >= before + 1 + FULL;
        scene.bob.hears_within(2 * LATER, all).await;
        let log = scene.bob.log();
        let kept: Vec<String> = (1..=FULL)
            .map(|number| format!("kept over night {number}"))
            .collect();
        let came: Vec<&String> = log.iter().filter(|text| kept.contains(text)).collect();
        let in_order = came.iter().zip(&kept).all(|(came, kept)| *came == kept);
        report.figure(
            format!("{} of {FULL} sent once, in order: {in_order}", came.len()),
            "all, in order",
            came.len() == FULL && in_order,
        );
        report.concludes();
        scene.ends().await;
    });
}
