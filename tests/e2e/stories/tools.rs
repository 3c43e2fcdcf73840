//! What the browsers do when told to hide, freeze and go back: the ground that
//! the stories about page life stand on.

use serde_json::json;

use crate::browser::Browser;
use crate::browser::Engine::{self, Chromium, WebKit};
use crate::page::SOON;
use crate::site::Site;
use crate::story::tell;

const DIARY: &str = "<!doctype html><title>diary</title><script>
    window.diary = [];
    const note = (word) => diary.push(word);
    addEventListener('pageshow', (event) => note(event.persisted ? 'restored' : 'loaded'));
    document.addEventListener('visibilitychange', () => note(document.visibilityState));
    for (const word of ['freeze', 'resume'])
      document.addEventListener(word, () => note(word));
</script>";

/// Waits until the diary since the last look holds this, in this order.
async fn notes(browser: &Browser, expected: &[&str]) {
    let until = "
        const [expected, done] = arguments;
        const look = () => {
          const start = diary.join(' ').indexOf(expected);
          if (start >= 0) return done(diary.splice(0).join(' '));
          setTimeout(look, 20);
        };
        look();";
    let expected = expected.join(" ");
    let asked = browser.try_execute_async(until, vec![json!(expected)]);
    match tokio::time::timeout(SOON, asked).await {
        Ok(Ok(_)) => {}
        _ => {
            let diary = browser.execute("return window.diary", vec![]).await;
            panic!("{:?}: expected {expected}, noted {diary}", browser.engine);
        }
    }
}

#[test]
fn a_page_can_be_hidden_cached_and_frozen() {
    tell(2, async || {
        let site = Site::start(&[("/diary", DIARY)]).await;
        tokio::join!(lives(Chromium, &site), lives(WebKit, &site));
    });
}

async fn lives(engine: Engine, site: &Site) {
    let browser = Browser::start(engine).await;
    browser.goto(&site.url("/diary")).await;
    notes(&browser, &["loaded"]).await;
    browser.hide().await;
    notes(&browser, &["hidden"]).await;
    browser.show().await;
    notes(&browser, &["visible"]).await;
    browser.leave_for(&site.url("/elsewhere")).await;
    browser.come_back().await;
    notes(&browser, &["visible", "restored"]).await;
    if engine == Chromium {
        browser.freeze().await;
        browser.thaw().await;
        notes(&browser, &["hidden", "freeze", "resume", "visible"]).await;
    }
}
