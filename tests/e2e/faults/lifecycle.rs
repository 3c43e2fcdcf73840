//! Rows 15 to 25: what systems do to a page: they hide it, cache it, freeze it,
//! put it to sleep, load it again, kill it, and set its clocks.

mod asleep;
mod cached;
mod clocks;
mod hidden;
mod killed;
mod tabs;

use std::time::Duration;

use serde_json::{Value, json};

use super::scene::Scene;
use crate::page::Chat;

const MINUTE: Duration = Duration::from_secs(60);

/// Events that a test can keep from a page; see `script/muffle.js`.
async fn can_be_muffled(person: &Chat) {
    let script = include_str!("../script/muffle.js");
    person.browser.init_script(script).await;
}

/// From now on these events happen, and the page is not told.
async fn muffles(scene: &Scene, events: &[&str]) {
    let script = "__muffled.clear(); for (const name of arguments[0]) __muffled.add(name)";
    let done = scene.ann.browser.execute(script, vec![json!(events)]);
    assert_eq!(done.await, Value::Null);
}

/// Bob says so many things, so far apart.
async fn bob_says_many(scene: &Scene, what: &str, count: usize, apart: Duration) {
    let mut ticks = tokio::time::interval(apart);
    for number in 1..=count {
        ticks.tick().await;
        scene.bob_says(&format!("{what} {number}")).await;
    }
}
