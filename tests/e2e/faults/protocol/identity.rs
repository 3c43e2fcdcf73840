//! Row 49: who somebody is ends, cannot be renewed, or changes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::browser::Engine::Chromium;
use crate::diary::Moment;
use crate::faults::report::{Length, Report};
use crate::faults::scene::Scene;
use crate::page::{LATER, State};
use crate::proxy::Instead;
use crate::story::tell;

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
