//! Rows 15 and 16: the page stops, with its socket open, and goes on.

use std::time::Duration;

use super::{MINUTE, bob_says_many, can_be_muffled, muffles};
use crate::browser::Engine::{Chromium, WebKit};
use crate::diary::Moment;
use crate::faults::report::{Report, shortened};
use crate::faults::scene::Scene;
use crate::page::{LATER, State};
use crate::site::Site;
use crate::story::tell;

/// From the page's sign to its first word to the network.
const AT_ONCE: Duration = Duration::from_millis(100);
const USABLE: Duration = Duration::from_millis(1_500);

#[test]
#[ignore = "cargo xtask faults"]
fn row_15_a_page_from_the_cache_dials_at_once_in_chromium() {
    tell(2, async || {
        let (long, length) = shortened(10 * MINUTE);
        let short = Duration::from_secs(5);
        let mut report = Report::of(15, Chromium, length);
        let (brief, lasting) = tokio::join!(
            async {
                let scene = Scene::begins_with(Chromium, &[], can_be_muffled).await;
                let told = is_cached(&scene, short, "briefly").await;
                scene.ann.reopens().await;
                // As where `pagehide` does not run: the socket stays open.
                muffles(&scene, &["pagehide", "freeze", "visibilitychange"]).await;
                let untold = is_cached(&scene, short, "untold").await;
                muffles(&scene, &[]).await;
                (told, untold, scene)
            },
            async {
                let scene = Scene::begins(Chromium).await;
                (is_cached(&scene, long, "for long").await, scene)
            }
        );
        let (told, untold, one) = brief;
        let (lasted, other) = lasting;
        for (how, back) in [
            ("5 s".to_owned(), told),
            ("5 s untold".to_owned(), untold),
            (format!("{} s", long.as_secs()), lasted),
        ] {
            report.holds(&format!("{how}: cached"), back.kept);
            let dials = back.dials.unwrap_or(long);
            report.within("dial starts after", dials, AT_ONCE);
            report.within("usable after", back.usable, USABLE);
            report.at_most(back.banners, "banners", 0);
        }
        for scene in [one, other] {
            report.talk(&scene.reckons(LATER).await);
            scene.ends().await;
        }
        report.concludes();
    });
}

#[test]
#[ignore = "cargo xtask faults"]
fn row_15_a_page_from_the_cache_dials_at_once_in_webkit() {
    tell(1, async || {
        let mut report = Report::of(15, WebKit, crate::faults::report::Length::Full);
        let scene = Scene::begins(WebKit).await;
        let back = is_cached(&scene, Duration::from_secs(5), "briefly").await;
        report.figure(
            if back.kept {
                "5 s: cached"
            } else {
                "5 s: loaded anew by this engine"
            },
            "",
            true,
        );
        if let Some(dials) = back.dials {
            report.within("dial starts after", dials, AT_ONCE);
        }
        report.within("usable after", back.usable, USABLE);
        report.talk(&scene.reckons(LATER).await);
        report.concludes();
        scene.ends().await;
    });
}

struct Back {
    /// It is the same document.
    kept: bool,
    /// Nothing where the diary began after it.
    dials: Option<Duration>,
    usable: Duration,
    banners: usize,
}

async fn is_cached(scene: &Scene, span: Duration, what: &str) -> Back {
    let elsewhere = Site::start(&[]).await;
    let mark = "window.sameDocument = true";
    scene.ann.browser.execute(mark, vec![]).await;
    let left = Moment::now();
    scene
        .ann
        .browser
        .leave_for(&elsewhere.url("/elsewhere"))
        .await;
    bob_says_many(scene, &format!("while cached {what}"), 10, span / 10).await;
    scene.ann.browser.come_back().await;
    let kept = scene
        .ann
        .browser
        .execute("return window.sameDocument === true", vec![])
        .await;
    if kept != true && scene.ann.browser.engine == WebKit {
        scene.ann.writes_its_diary_now().await;
    }
    scene
        .ann
        .sees_within(LATER, "the room", State::can_talk)
        .await;
    let diary = scene.diary().await;
    let shown = diary
        .since(left, "pageshow")
        .next()
        .map_or_else(|| diary.notes[0].at, |note| note.at);
    let asked = diary.since(shown, "asks").next().map(|note| note.at);
    Back {
        kept: kept == true,
        dials: asked.map(|asked| asked.since(shown)),
        usable: diary.first_status(shown, "online").since(shown),
        banners: diary.banners(shown).len(),
    }
}

#[test]
#[ignore = "cargo xtask faults"]
fn row_16_a_frozen_page_catches_up_when_it_goes_on() {
    tell(2, async || {
        let (long, length) = shortened(10 * MINUTE);
        let short = Duration::from_secs(5);
        let mut report = Report::of(16, Chromium, length);
        let (brief, lasting) = tokio::join!(
            async {
                let scene = Scene::begins(Chromium).await;
                (is_frozen(&scene, short, "briefly").await, scene)
            },
            async {
                // The page is not told, and its socket stays open.
                let scene = Scene::begins_with(Chromium, &[], can_be_muffled).await;
                muffles(&scene, &["freeze"]).await;
                let back = is_frozen(&scene, long, "for long").await;
                (back, scene)
            }
        );
        for (span, (back, scene)) in [(short, brief), (long, lasting)] {
            let span = span.as_secs();
            report.within(&format!("{span} s: dial starts after"), back.dials, AT_ONCE);
            report.within("usable after", back.usable, USABLE);
            if let Some(went) = back.went {
                report.within("not counted as here after", went, Duration::from_secs(30));
            } else {
                report.holds("still counted as here, briefly", span < 30);
            }
            report.talk(&scene.reckons(2 * MINUTE).await);
            scene.ends().await;
        }
        report.concludes();
    });
}

struct Thawed {
    dials: Duration,
    usable: Duration,
    /// When the others were told that nobody is there.
    went: Option<Duration>,
}

async fn is_frozen(scene: &Scene, span: Duration, what: &str) -> Thawed {
    let frozen = Moment::now();
    scene.ann.browser.freeze().await;
    let ten_a_second = Duration::from_millis(100);
    let count = (span.as_millis() / ten_a_second.as_millis()) as usize;
    let what = format!("while frozen {what}");
    let (went, ()) = tokio::join!(
        async {
            let gone = scene
                .bob
                .hears_within(span, |heard| heard.people.iter().any(|news| news == "went"));
            gone.await.then(|| Moment::now().since(frozen))
        },
        bob_says_many(scene, &what, count, ten_a_second)
    );
    let thawed = Moment::now();
    scene.ann.browser.thaw().await;
    scene
        .ann
        .sees_within(LATER, "the room", State::can_talk)
        .await;
    if count > 100 {
        scene.pictures("fault-16-thawed").await;
    }
    let diary = scene.diary().await;
    let resumed = diary.first(thawed, "resume");
    Thawed {
        dials: diary.first(resumed, "asks").since(resumed),
        usable: diary.first_status(resumed, "online").since(resumed),
        went,
    }
}
