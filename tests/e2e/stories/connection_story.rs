//! What the page tells of its connection's last hour, and what it hands on.

use serde_json::json;

use crate::browser::Engine::Chromium;
use crate::page::Chat;
use crate::proxy::Cut;
use crate::server::Server;
use crate::story::{ends_well, tell};

#[test]
fn a_person_reads_what_happened_and_hands_it_on() {
    tell(1, async || {
        let server = Server::start(&[]);
        let ann = Chat::sits_down("Ann", Chromium, &server).await;
        ann.opens_and_joins("/").await;
        ann.expects_trouble();
        ann.sends("a secret of mine").await;
        ann.sees("it, sent", |page| page.has_delivered("a secret of mine"))
            .await;
        ann.path.refuse().await;
        ann.path.cut(Cut::Reset);
        ann.sees("the banner", |page| page.banner.is_some()).await;
        ann.pictures("banner").await;
        ann.clicks("[data-part=status] [data-part=story-open]")
            .await;
        let said = "return document.querySelector('[data-part=story]')?.innerText ?? ''";
        let told = ann.browser.execute(said, vec![]).await;
        let told = told.as_str().unwrap_or_default().to_owned();
        for line in ["Page opened", "Connected", "Connection closed (code 1006)"] {
            assert!(told.contains(line), "{line:?} is told: {told}");
        }
        ann.pictures("story").await;
        ann.browser.resize(375, 720).await;
        let dark = json!({ "features": [{ "name": "prefers-color-scheme", "value": "dark" }] });
        ann.browser
            .devtools("Emulation.setEmulatedMedia", dark)
            .await;
        ann.pictures("story-phone-dark").await;
        ann.browser
            .execute(
                "Object.defineProperty(navigator, 'clipboard', { value: { \
                     writeText(text) { window.__copied = text; return Promise.resolve(); } } })",
                vec![],
            )
            .await;
        ann.clicks("[data-part=story-copy]").await;
        let copied = ann
            .browser
            .execute("return window.__copied ?? ''", vec![])
            .await;
        let copied = copied.as_str().unwrap_or_default();
        assert!(copied.contains("Connection closed (code 1006)"), "{copied}");
        for secret in ["a secret of mine", "Ann", "ticket", "127.0.0.1"] {
            assert!(
                !copied.contains(secret),
                "{secret:?} is handed on: {copied}"
            );
        }
        // Escape closes it, and the focus is where it was.
        ann.browser.press(thirtyfour::Key::Escape.value()).await;
        let open = "return document.querySelector('[data-part=story]') === null";
        let until = tokio::time::Instant::now() + crate::page::SOON;
        while ann.browser.execute(open, vec![]).await != true {
            assert!(tokio::time::Instant::now() < until, "it stays open");
        }
        ann.path.pass().await;
        ann.sees("the talk again", |page| {
            page.is("online") && page.banner.is_none()
        })
        .await;
        ends_well([ann]).await;
    });
}
