//! One person with several tabs in one browser: what waits is on show in all of
//! them and goes once, and where a backend bears one link, they share it.

use std::time::Duration;

use thirtyfour::WindowHandle;

use crate::browser::Engine::Chromium;
use crate::page::Chat;
use crate::proxy::Direction;
use crate::server::Server;
use crate::story::{ends_well, tell, two_in_the_lobby};

/// A tab that froze, crashed or was closed is replaced within this.
const HANDED_OVER_WITHIN: Duration = Duration::from_secs(5);
/// What a busy machine may add to it.
const MARGIN: Duration = Duration::from_secs(4);

pub(crate) async fn tab_of(chat: &Chat) -> WindowHandle {
    chat.browser.driver().window().await.expect("a tab")
}

/// One tab more, in front, with the same page in it.
pub(crate) async fn opens_another(chat: &Chat, launch: &str) -> WindowHandle {
    let driver = chat.browser.driver();
    let tab = driver.new_tab().await.expect("another tab");
    driver.switch_to_window(tab.clone()).await.expect("in it");
    chat.opens(launch).await;
    tab
}

pub(crate) async fn turns_to(chat: &Chat, tab: &WindowHandle) {
    let driver = chat.browser.driver();
    driver.switch_to_window(tab.clone()).await.expect("a tab");
    if chat.browser.engine == Chromium {
        let nothing = serde_json::json!({});
        chat.browser.devtools("Page.bringToFront", nothing).await;
    }
}

#[test]
fn what_waits_in_one_tab_is_on_show_in_the_other_and_goes_once() {
    tell(2, async || {
        let server = Server::start(&[]);
        let (ann, bob) = two_in_the_lobby(&server, Chromium).await;
        let first = tab_of(&ann).await;
        let second = opens_another(&ann, "/").await;
        ann.path.sockets().one_page_more();
        ann.sees("the room in the second tab", |page| page.can_talk())
            .await;
        // Nothing gets out of either tab now.
        ann.path.hold_links(Direction::Up);
        ann.sends("from the second").await;
        turns_to(&ann, &first).await;
        ann.sees("what waits in the other tab", |page| {
            page.row("from the second")
                .is_some_and(|row| !row.is_delivered())
        })
        .await;
        ann.sends("from the first").await;
        ann.path.pass().await;
        for tab in [&second, &first] {
            turns_to(&ann, tab).await;
            ann.sees("both messages, sent", |page| {
                page.has_delivered("from the first") && page.has_delivered("from the second")
            })
            .await;
        }
        let page = bob
            .sees("both of them", |page| {
                page.shows("from the first") && page.shows("from the second")
            })
            .await;
        for text in ["from the first", "from the second"] {
            let shown = page
                .rows
                .iter()
                .filter(|row| row.text.as_deref() == Some(text));
            assert_eq!(shown.count(), 1, "{text} is there once");
        }
        turns_to(&ann, &second).await;
        let page = ann.looks().await;
        assert_eq!(page.rows.len(), 2, "nothing stands twice");
        ends_well([ann, bob]).await;
    });
}

#[test]
fn what_a_closed_tab_has_left_is_sent_by_the_other() {
    tell(2, async || {
        let server = Server::start(&[]);
        let (ann, bob) = two_in_the_lobby(&server, Chromium).await;
        let first = tab_of(&ann).await;
        opens_another(&ann, "/").await;
        ann.path.sockets().one_page_more();
        ann.sees("the room in the second tab", |page| page.can_talk())
            .await;
        ann.path.swallow_links(Direction::Up);
        ann.sends("left behind").await;
        ann.sees("it waits", |page| page.row("left behind").is_some())
            .await;
        let driver = ann.browser.driver();
        driver.close_window().await.expect("a closed tab");
        turns_to(&ann, &first).await;
        ann.path.pass().await;
        bob.sees_within(Duration::from_secs(12) + MARGIN, "it", |page| {
            page.shows("left behind")
        })
        .await;
        ann.sees("it, sent", |page| page.has_delivered("left behind"))
            .await;
        let page = bob.looks().await;
        assert_eq!(page.rows.len(), 1, "once");
        ends_well([ann, bob]).await;
    });
}

#[test]
fn tabs_of_one_person_share_the_one_link_that_crmeb_bears() {
    share_one_link(
        "/?dialect=crmeb-stock&uid=42&name=Ann&to=9&to_name=Bob#token=42",
        "/?dialect=crmeb-stock&uid=9&name=Bob&to=42&to_name=Ann#token=9",
    );
}

#[test]
fn tabs_of_one_person_share_the_one_link_that_egg_bears() {
    share_one_link(
        "/?dialect=egg&uid=42&to=9&to_name=Bob#token=42",
        "/?dialect=egg&uid=9&to=42&to_name=Ann#token=9",
    );
}

fn share_one_link(ann_at: &str, bob_at: &str) {
    tell(2, async || {
        let server = Server::start(&["--gateway", "all"]);
        let (ann, bob) = tokio::join!(
            Chat::sits_down("Ann", Chromium, &server),
            Chat::sits_down("Bob", Chromium, &server),
        );
        tokio::join!(ann.opens(ann_at), bob.opens(bob_at));
        ann.sees("the talk", |page| page.is("online")).await;
        bob.sees("the talk", |page| page.is("online")).await;
        let first = tab_of(&ann).await;
        let second = opens_another(&ann, ann_at).await;
        ann.sees("the talk in the second tab", |page| page.is("online"))
            .await;
        bob.sends("to both").await;
        for tab in [&first, &second] {
            turns_to(&ann, tab).await;
            ann.sees("what Bob says", |page| page.shows("to both"))
                .await;
        }
        ann.sends("from the second").await;
        bob.sees("it", |page| page.shows("from the second")).await;
        // The tab in front is closed: the other one holds the link soon.
        ann.browser
            .driver()
            .close_window()
            .await
            .expect("a closed tab");
        turns_to(&ann, &first).await;
        bob.sends("still there").await;
        ann.sees_within(HANDED_OVER_WITHIN + MARGIN, "what Bob says", |page| {
            page.is("online") && page.shows("still there")
        })
        .await;
        ann.sends("from the first").await;
        bob.sees("it", |page| page.shows("from the first")).await;
        let ledger = ann.path.sockets();
        assert_eq!(ledger.worst(), 1, "one link at a time, for all tabs");
        ends_well([ann, bob]).await;
    });
}
