//! What the stock CRMEB server does to people: it reaps, it swallows, it
//! strips, and it forgets who is where.

use tokio::time::Instant;

use super::{Played, SEED, STOCK, Stage};
use crate::backend::{Fate, Idle, Seen};
use crate::story::tell;

/// As the stock server does: every 15 s it drops who said nothing for 12 s.
fn sweeps(stage: &Stage) -> Idle {
    Idle {
        limit: stage.takes(12),
        since: Instant::now(),
        every: stage.takes(15),
    }
}

#[test]
fn a_seed_crmeb_that_sweeps_the_silent_keeps_who_is_awake() {
    tell(1, async || {
        a_sweeping_server_keeps_who_is_awake(&SEED).await
    });
}

#[test]
fn a_stock_crmeb_that_sweeps_the_silent_keeps_who_is_awake() {
    tell(1, async || {
        a_sweeping_server_keeps_who_is_awake(&STOCK).await
    });
}

async fn a_sweeping_server_keeps_who_is_awake(played: &Played) {
    // Two seconds are between a heartbeat and the sweep: not to be hurried much.
    let stage = Stage::online(&Played {
        times: 2,
        ..*played
    })
    .await;
    let idle = sweeps(&stage);
    stage.backend.desk(|desk| desk.idle = Some(idle));
    let pings = |seen: &Seen| {
        let pings = seen.on(0).into_iter().filter(|said| said.contains("ping"));
        (pings.count() >= 3).then_some(())
    };
    stage
        .backend
        .sees("three pings on the first link", pings)
        .await;
    assert_eq!((stage.links(), stage.backend.open()), (1, 1));

    // A frozen page says nothing, and is dropped; when it is shown it is back.
    stage.ann.browser.freeze().await;
    let gone = |seen: &Seen| (!seen.links[0].is_open).then_some(());
    stage.backend.sees("the link dropped", gone).await;
    stage.kim_says("Kim: are you there");
    stage.ann.browser.thaw().await;
    stage.backend.sees_link(2).await;
    stage.can_talk().await;
    stage.hears("Kim: are you there").await;
    assert!(stage.backend.seen().on(1)[0].contains("login"));
    stage.shows_all().await;
    assert_eq!((stage.links(), stage.backend.open()), (2, 1));
    stage.ends().await;
}

/// Fault 7: the server forgets where a person is when an older socket of
/// theirs closes. Open, answered, and nothing arrives: the login is asserted.
#[test]
fn a_link_that_is_no_longer_routed_heals() {
    tell(1, async || {
        let stage = Stage::online(&STOCK).await;
        stage.kim_says("Kim: this arrives");
        stage.hears("Kim: this arrives").await;
        stage.backend.desk(|desk| desk.routed = None);
        let logins = |seen: &Seen| {
            seen.on(0)
                .iter()
                .filter(|said| said.contains("login"))
                .count()
        };
        let before = logins(&stage.backend.seen());
        stage.kim_says("Kim: this is not told to anybody");
        let again = |seen: &Seen| (logins(seen) > before).then_some(());
        stage.backend.sees("the login asserted", again).await;
        stage.hears("Kim: this is not told to anybody").await;
        stage.kim_says("Kim: and this arrives again");
        stage.hears("Kim: and this arrives again").await;
        stage.shows_all().await;
        assert_eq!((stage.links(), stage.backend.open()), (1, 1));
        stage.ends().await;
    });
}

/// Fault 8: a frame can vanish without any answer, or the answer can.
#[test]
fn what_stock_crmeb_swallows_is_known_to_be_unknown() {
    tell(1, async || {
        let stage = Stage::online(&STOCK).await;
        stage
            .backend
            .desk(|desk| desk.fates = vec![Fate::KeptInSilence, Fate::Vanishes, Fate::Refused]);
        // A look at history is evidence; nothing else is.
        stage.says("Ann: kept, and no word of it").await;
        stage.becomes("Ann: kept, and no word of it", "sent").await;
        stage.says("Ann: swallowed").await;
        stage.becomes("Ann: swallowed", "unknown").await;
        stage.says("Ann: refused").await;
        let page = stage.becomes("Ann: refused", "failed").await;
        assert!(page.row("Ann: refused").is_some_and(|row| row.retry));
        for text in ["no word of it", "swallowed", "refused"] {
            stage.was_heard(text, 1);
        }
        for text in ["Ann: swallowed", "Ann: refused"] {
            stage.says_again(text).await;
            stage.becomes(text, "sent").await;
        }
        // What is stripped on the way is the same message all the same.
        stage.ann.sends("Ann: <b>bold</b> and&nbsp;plain").await;
        stage.talk.hears("Ann", "Ann: bold andplain");
        stage.becomes("Ann: bold andplain", "sent").await;
        stage.is_all_there().await;
        assert_eq!((stage.links(), stage.backend.open()), (1, 1));
        stage.ends().await;
    });
}

/// Faults 1 and 3: however often the link is lost, there is one socket, one
/// login and one "online" on it, and nothing of the old ones goes on.
#[test]
fn a_seed_page_logs_in_once_for_each_link() {
    tell(1, async || {
        let stage = Stage::online(&SEED).await;
        for round in 1..=3 {
            stage.backend.cuts();
            stage.backend.sees_link(round + 1).await;
            stage.can_talk().await;
            stage.says(&format!("Ann: on link {round}")).await;
            stage
                .becomes(&format!("Ann: on link {round}"), "unconfirmed")
                .await;
            let seen = stage.backend.seen();
            let said = seen.on(round);
            assert!(said[0].contains(r#""type":"login""#), "{said:?}");
            assert!(said[1].contains(r#""online":1"#), "{said:?}");
            let onlines = said.iter().filter(|said| said.contains(r#""online":1"#));
            assert_eq!(onlines.count(), 1, "{said:?}");
        }
        stage.shows_all().await;
        assert_eq!((stage.links(), stage.backend.open()), (4, 1));
        stage.ends().await;
    });
}
