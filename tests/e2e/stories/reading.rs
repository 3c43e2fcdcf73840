//! Reading with the ears, and writing with the keyboard alone.

use serde_json::json;
use thirtyfour::Key;

use crate::browser::Engine::Chromium;
use crate::page::{Chat, State};
use crate::server::Server;
use crate::story::{ends_well, tell};
use crate::talk::Talk;

/// Counts what a screen reader would be told: what is added within anything
/// that is live at that moment.
const LISTEN: &str = "
    window.heard = [];
    const loud = (node) => {
      for (let at = node; at && at.getAttribute; at = at.parentElement) {
        const live = at.getAttribute('aria-live');
        if (live) return live !== 'off';
        if (['log', 'status', 'alert'].includes(at.getAttribute('role'))) return true;
      }
      return false;
    };
    new MutationObserver((changes) => {
      for (const { addedNodes, target, type } of changes) {
        if (!loud(target.nodeType === 1 ? target : target.parentElement)) continue;
        if (type === 'characterData') window.heard.push(target.data);
        for (const node of addedNodes) window.heard.push(node.textContent);
      }
    }).observe(document.body, { subtree: true, childList: true, characterData: true });";

async fn heard(person: &Chat, text: &str) -> usize {
    let all = person.browser.execute("return window.heard", vec![]).await;
    let all = all.as_array().unwrap();
    all.iter()
        .filter(|said| said.as_str().is_some_and(|said| said.contains(text)))
        .count()
}

#[test]
fn a_screen_reader_hears_each_new_message_once() {
    tell(2, async || {
        let server = Server::start(&[]);
        let (ann, bob) = tokio::join!(
            Chat::sits_down("Ann", Chromium, &server),
            Chat::sits_down("Bob", Chromium, &server),
        );
        bob.opens_and_joins("/").await;
        let talk = Talk::default();
        talk.says(&bob, "said before").await;
        talk.settles(&[&bob]).await;
        // The listener stands before the page, so that history counts too.
        ann.browser
            .init_script(&format!(
                "addEventListener('DOMContentLoaded', () => {{ {LISTEN} }})"
            ))
            .await;
        ann.opens_and_joins("/").await;
        ann.sees("what was said before", |page| page.shows("said before"))
            .await;
        for number in 1..=3 {
            let text = format!("news {number}");
            talk.says(&bob, &text).await;
            ann.sees("it", |page| page.shows(&text)).await;
        }
        talk.says(&ann, "my own").await;
        talk.settles(&[&ann, &bob]).await;
        assert_eq!(heard(&ann, "said before").await, 0, "history is not news");
        for number in 1..=3 {
            assert_eq!(
                heard(&ann, &format!("news {number}")).await,
                1,
                "news {number}"
            );
        }
        assert!(heard(&ann, "my own").await <= 1);
        ends_well([ann, bob]).await;
    });
}

#[test]
fn the_keyboard_alone_is_enough() {
    tell(1, async || {
        let server = Server::start(&[]);
        let ann = Chat::sits_down("Ann", Chromium, &server).await;
        ann.opens("/").await;
        ann.sees("the join form", |page| page.join).await;
        tab_to(&ann, "[name=name]").await;
        ann.browser.press("Ann").await;
        ann.browser.press(Key::Enter).await;
        ann.sees("the room", State::can_talk).await;
        tab_to(&ann, "[data-part=composer]").await;
        ann.browser.press("one line").await;
        let shift_enter = ann
            .browser
            .driver()
            .action_chain()
            .key_down(Key::Shift)
            .send_keys(Key::Enter)
            .key_up(Key::Shift);
        shift_enter.perform().await.unwrap();
        ann.browser.press("and another").await;
        let page = ann.looks().await;
        assert_eq!(page.composer.unwrap().value, "one line\nand another");
        ann.browser.press(Key::Enter).await;
        let page = ann
            .sees("both lines in one message", |page| {
                page.has_delivered("one line\nand another")
            })
            .await;
        let composer = page.composer.unwrap();
        assert_eq!(composer.value, "");
        assert!(composer.focused, "one can go on typing");
        tab_to(&ann, "[data-part=signout]").await;
        ends_well([ann]).await;
    });
}

/// Presses Tab until the element has the focus, within reason.
async fn tab_to(person: &Chat, selector: &str) {
    for _ in 0..40 {
        let there = person
            .browser
            .execute(
                "return !!document.activeElement?.matches(arguments[0])",
                vec![json!(selector)],
            )
            .await;
        if there == true {
            return;
        }
        person.browser.press(Key::Tab).await;
    }
    person
        .fails(&format!("cannot reach {selector} with the Tab key"))
        .await;
}
