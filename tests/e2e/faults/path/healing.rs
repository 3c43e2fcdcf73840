//! Rows 6 and 7: the path heals, by itself or with a sign.

use std::time::Duration;

use super::{DIALS_IN_ONE, DIALS_IN_THREE, MINUTE};
use crate::browser::Engine::{self, Chromium, WebKit};
use crate::diary::Moment;
use crate::faults::report::{Length, Report, shortened};
use crate::faults::scene::Scene;
use crate::page::{LATER, State};
use crate::story::tell;

#[test]
#[ignore = "cargo xtask faults"]
fn row_06_a_healed_path_is_found_again() {
    tell(2, async || {
        let (long, length) = shortened(30 * MINUTE);
        let (middle, _) = shortened(2 * MINUTE);
        let short = Duration::from_secs(10);
        let mut report = Report::of(6, Chromium, length);
        let (first, second) = tokio::join!(
            async {
                let scene = Scene::begins(Chromium).await;
                let after_short = heals_after(&scene, short).await;
                scene.ann.reopens().await;
                (after_short, heals_after(&scene, middle).await, scene)
            },
            async {
                let scene = Scene::begins(Chromium).await;
                (heals_after(&scene, long).await, scene)
            }
        );
        let (after_short, after_middle, one) = first;
        let (after_long, other) = second;
        for (out, healed) in [
            (short, after_short),
            (middle, after_middle),
            (long, after_long),
        ] {
            // The browser itself holds dials back after many that failed.
            let throttled = if out > 2 * MINUTE { 5 } else { 0 };
            report.within(
                &format!("after {} s back in", out.as_secs()),
                healed.back_in,
                Duration::from_secs(16 + throttled),
            );
            report.at_most(healed.first_minute, "dials in a minute", DIALS_IN_ONE);
            if out >= 3 * MINUTE {
                report.at_most(healed.three_minutes, "dials in three", DIALS_IN_THREE);
            }
        }
        for scene in [one, other] {
            report.talk(&scene.reckons(LATER).await);
            scene.ends().await;
        }
        report.concludes();
    });
}

struct Healed {
    back_in: Duration,
    first_minute: usize,
    /// The busiest three minutes.
    three_minutes: usize,
}

async fn heals_after(scene: &Scene, out: Duration) -> Healed {
    let broken = Moment::now();
    scene.ann.path.refuse().await;
    let text = format!("said without a path, {} s", out.as_secs());
    scene.ann_says(&text).await;
    let counts_down = |page: &State| {
        page.banner
            .as_ref()
            .and_then(|banner| banner.text.as_ref())
            .is_some_and(|text| text.contains("Trying again in"))
    };
    scene.ann.sees("a countdown", counts_down).await;
    scene
        .pictures(&format!("fault-06-countdown-{}", out.as_secs()))
        .await;
    tokio::time::sleep(out.saturating_sub(Moment::now().since(broken))).await;
    scene.ann.path.pass().await;
    let healed = Moment::now();
    let is_back = |page: &State| page.can_talk() && page.has_delivered(&text);
    scene
        .ann
        .sees_within(LATER, "her words sent", is_back)
        .await;
    let diary = scene.diary().await;
    let dials: Vec<Moment> = diary
        .since(broken, "asks")
        .filter(|note| note.is.as_deref() == Some("/api/ticket"))
        .map(|note| note.at)
        .filter(|at| *at < healed)
        .collect();
    let busiest = |span: Duration| {
        let within = |from: Moment| {
            let until = from.after(span);
            dials
                .iter()
                .filter(|at| **at >= from && **at < until)
                .count()
        };
        dials.iter().map(|from| within(*from)).max().unwrap_or(0)
    };
    Healed {
        back_in: diary.first_status(healed, "online").since(healed),
        first_minute: busiest(MINUTE),
        three_minutes: busiest(3 * MINUTE),
    }
}

#[test]
#[ignore = "cargo xtask faults"]
fn row_07_a_sign_finds_a_healed_path_at_once_in_chromium() {
    tell(1, async || a_sign_finds_a_healed_path(Chromium).await);
}

#[test]
#[ignore = "cargo xtask faults"]
fn row_07_a_sign_finds_a_healed_path_at_once_in_webkit() {
    tell(1, async || a_sign_finds_a_healed_path(WebKit).await);
}

async fn a_sign_finds_a_healed_path(engine: Engine) {
    let mut report = Report::of(7, engine, Length::Quick);
    let scene = Scene::begins(engine).await;
    let bound = Duration::from_millis(1_500);
    for sign in ["tap", "online", "show"] {
        scene.ann.reopens().await;
        // The device itself knows that it has no network, where it can be told.
        let knows = sign == "online" && engine == Chromium;
        scene.ann.path.refuse().await;
        if knows {
            scene.ann.browser.network(false).await;
            let says = |page: &State| {
                let banner = page.banner.as_ref().and_then(|banner| banner.text.as_ref());
                page.is("offline") && banner.is_some_and(|text| text.contains("You’re offline"))
            };
            let said = scene.ann.watches(LATER, says).await;
            scene.pictures("fault-07-offline").await;
            report.holds("offline is told apart", said.is_ok());
        }
        scene
            .bob_says(&format!("while the path is broken: {sign}"))
            .await;
        if !knows {
            // So long a wait that only the sign can explain what comes.
            let waits_long = |page: &State| seconds_left(page).is_some_and(|left| left >= 3);
            scene.ann.sees("a long wait", waits_long).await;
        }
        if sign == "show" {
            scene.ann.browser.hide().await;
            scene
                .ann
                .sees("nothing, hidden", |page| !page.visible)
                .await;
        }
        // Before, and not after: clocks of pages may be rounded to milliseconds.
        let healed = Moment::now();
        scene.ann.path.pass().await;
        let noted = match sign {
            "tap" => {
                scene.pictures("fault-07-try-now").await;
                scene.ann.clicks("[data-part=now]").await;
                "tap"
            }
            "online" if knows => {
                scene.ann.browser.network(true).await;
                "online"
            }
            "online" => {
                let lie = "dispatchEvent(new Event('online'))";
                scene.ann.browser.execute(lie, vec![]).await;
                "online"
            }
            _ => {
                scene.ann.browser.show().await;
                "visible"
            }
        };
        scene
            .ann
            .sees_within(LATER, "her room", State::can_talk)
            .await;
        let diary = scene.diary().await;
        // Showing a page gives it the focus too, in whichever order.
        let signs = diary.notes.iter().filter(|note| note.at >= healed);
        let signed = signs
            .filter(|note| note.what == noted || sign == "show" && note.what == "focus")
            .map(|note| note.at)
            .next();
        let Some(signed) = signed else {
            panic!(
                "{sign} is not in the diary since {healed:?}: {:?}",
                diary.notes
            );
        };
        let acted = diary.first(signed, "asks").since(signed);
        if sign == "tap" {
            report.within("\"now\" acts within", acted, Duration::from_millis(200));
        }
        let online = diary.first_status(signed, "online").since(signed);
        report.within(&format!("usable after {sign} in"), online, bound);
    }
    report.talk(&scene.reckons(LATER).await);
    report.concludes();
    scene.ends().await;
}

/// What the banner counts down from.
pub(super) fn seconds_left(page: &State) -> Option<u32> {
    let text = page.banner.as_ref()?.text.as_ref()?;
    let (_, after) = text.split_once("Trying again in ")?;
    after.split(' ').next()?.parse().ok()
}
