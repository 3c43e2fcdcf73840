//! Rows 11 to 13: the path is bad, but it is there.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::MINUTE;
use crate::browser::Engine::{self, Chromium, WebKit};
use crate::diary::Moment;
use crate::faults::report::{Length, Report, shortened};
use crate::faults::scene::Scene;
use crate::page::{LATER, SOON};
use crate::proxy::{Cut, Shape};
use crate::story::tell;

#[test]
#[ignore = "cargo xtask faults"]
fn row_11_a_slow_path_is_not_taken_for_a_dead_one() {
    tell(1, async || {
        let (span, length) = shortened(10 * MINUTE);
        let mut report = Report::of(11, Chromium, length);
        let scene = Scene::begins(Chromium).await;
        // Two seconds there and back, up to one more, and 5 kB/s.
        scene.weather.turns(Shape {
            latency: Duration::from_secs(1),
            jitter: Duration::from_millis(500),
            bandwidth: 5_000,
        });
        let began = Moment::now();
        let until = Instant::now() + span;
        let mut number = 0;
        while Instant::now() < until {
            number += 1;
            scene.ann_says(&format!("slowly {number}")).await;
            scene.bob_says(&format!("slowly back {number}")).await;
            let text = format!("slowly {number}");
            scene
                .ann
                .sees("her words sent", |page| page.has_delivered(&text))
                .await;
        }
        let diary = scene.diary().await;
        let dials = diary.count(began, "dial");
        report.at_most(dials, &format!("reconnects in {} s", span.as_secs()), 0);
        report.at_most(diary.banners(began).len(), "banners", 0);
        report.talk(&scene.reckons(LATER).await);
        report.concludes();
        scene.ends().await;
    });
}

#[test]
#[ignore = "cargo xtask faults"]
fn row_12_a_path_that_is_cut_every_3_s_still_carries_everything_in_chromium() {
    tell(1, async || cut_every_three_seconds(Chromium).await);
}

#[test]
#[ignore = "cargo xtask faults"]
fn row_12_a_path_that_is_cut_every_3_s_still_carries_everything_in_webkit() {
    tell(1, async || cut_every_three_seconds(WebKit).await);
}

async fn cut_every_three_seconds(engine: Engine) {
    let (span, length) = shortened(10 * MINUTE);
    let mut report = Report::of(12, engine, length);
    let scene = Scene::begins(engine).await;
    let mut ticks = tokio::time::interval(Duration::from_millis(500));
    let until = Instant::now() + span;
    let mut tick = 0_u32;
    let mut cuts = 0;
    while Instant::now() < until {
        ticks.tick().await;
        tick += 1;
        if tick.is_multiple_of(6) {
            let cut = if tick.is_multiple_of(12) {
                Cut::Fin
            } else {
                Cut::Reset
            };
            scene.ann.path.cut(cut);
            cuts += 1;
        }
        if tick.is_multiple_of(2) {
            scene.ann_says(&format!("between two cuts {tick}")).await;
        } else {
            scene.bob_says(&format!("meanwhile {tick}")).await;
        }
    }
    let ended = Instant::now();
    let reckoning = scene.reckons(2 * MINUTE).await;
    report.figure(format!("{cuts} cuts in {} s", span.as_secs()), "", true);
    report.within("all acknowledged after", ended.elapsed(), MINUTE);
    report.talk(&reckoning);
    report.concludes();
    scene.ends().await;
}

#[test]
fn row_13_lies_about_the_network_close_nothing_in_chromium() {
    tell(1, async || lies_about_the_network(Chromium).await);
}

#[test]
#[ignore = "cargo xtask faults"]
fn row_13_lies_about_the_network_close_nothing_in_webkit() {
    tell(1, async || lies_about_the_network(WebKit).await);
}

/// SplitMix64, as in the page: fifty flips at the moments that one seed gives.
const LIE: &str = "
    const [seed, done] = arguments;
    let state = BigInt(seed), online = true, left = 50;
    const next = (below) => {
      state = BigInt.asUintN(64, state + 0x9e3779b97f4a7c15n);
      let mixed = state;
      mixed = BigInt.asUintN(64, (mixed ^ (mixed >> 30n)) * 0xbf58476d1ce4e5b9n);
      mixed = BigInt.asUintN(64, (mixed ^ (mixed >> 27n)) * 0x94d049bb133111ebn);
      return Number((mixed ^ (mixed >> 31n)) % BigInt(below));
    };
    Object.defineProperty(navigator, 'onLine', { configurable: true, get: () => online });
    const flip = () => {
      online = next(2) === 0;
      dispatchEvent(new Event(online ? 'online' : 'offline'));
      if (--left) setTimeout(flip, next(100));
      else { online = true; dispatchEvent(new Event('online')); done('done'); }
    };
    flip();";

async fn lies_about_the_network(engine: Engine) {
    let mut report = Report::of(13, engine, Length::Quick);
    let scene = Scene::begins(engine).await;
    let seed = Moment::now().since(Moment::default()).as_nanos() as u32;
    println!("PARLANCE_SEED={seed}");
    let began = Moment::now();
    let lied = scene
        .ann
        .browser
        .try_execute_async(LIE, vec![json!(seed.to_string())])
        .await;
    assert!(lied.is_ok_and(|lied| lied == "done"));
    scene.ann_says("after the lies").await;
    scene.bob_says("what lies").await;
    let reckoning = scene.reckons(SOON).await;
    let diary = scene.diary().await;
    let flips = diary.count(began, "online") + diary.count(began, "offline");
    let closes = diary.count(began, "hangs up") + diary.count(began, "close");
    report.figure(format!("{flips} flips"), "", flips >= 50);
    report.at_most(closes, "closes of a healthy socket", 0);
    report.at_most(diary.count(began, "dial"), "dials", 0);
    report.talk(&reckoning);
    report.concludes();
    scene.ends().await;
}
