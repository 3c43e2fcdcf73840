//! Row 15 of the security checklist: who may have the page in a frame of
//! theirs. Told by what stands in the frame.

use crate::browser::Engine::Chromium;
use crate::page::Chat;
use crate::server::Server;
use crate::site::Site;
use crate::story::tell;

/// A page of somebody's with whatever its fragment names in a frame. The frame
/// has loaded, one way or the other, when the page has.
const FRAMES: &[(&str, &str)] = &[(
    "/frames",
    "<!doctype html><title>elsewhere</title><body><script>
       const frame = document.createElement('iframe');
       frame.width = 400; frame.height = 600;
       frame.onload = () => { document.title = 'framed'; };
       frame.src = location.hash.slice(1);
       document.body.append(frame);
     </script>",
)];

/// What the browser shows in the place of what it has blocked.
const BLOCKED: &str = "chrome-error://chromewebdata/";

#[test]
fn row_15_a_foreign_page_frames_ours_only_where_it_is_named_exactly() {
    tell(1, async || {
        let (named, other) = tokio::join!(Site::start(FRAMES), Site::start(FRAMES));
        let by_default = Server::start(&[]);
        let allows = Server::start(&["--frame-ancestor", named.url("").as_str()]);
        let ann = Chat::sits_down("Ann", Chromium, &allows).await;
        // What was blocked is said on the console.
        ann.expects_trouble();

        let page = format!("http://{}/", by_default.address());
        assert_eq!(framed(&ann, &named.url("/frames"), &page).await, BLOCKED);

        let page = format!("{}/", ann.path.origin());
        assert_eq!(framed(&ann, &other.url("/frames"), &page).await, BLOCKED);
        // The same computer and port by another name.
        let port = named.address().port();
        let alias = format!("http://localhost:{port}/frames");
        assert_eq!(framed(&ann, &alias, &page).await, BLOCKED);

        assert_eq!(framed(&ann, &named.url("/frames"), &page).await, page);
        ann.sees("the join form in the frame", |page| page.join)
            .await;
        ann.browser
            .driver()
            .enter_default_frame()
            .await
            .expect("the page around it");
        let _ = ann.hidden_faults().await;
    });
}

/// Opens `host` with `page` in its frame, goes into the frame, and says what
/// stands there.
async fn framed(ann: &Chat, host: &str, page: &str) -> String {
    // Another fragment alone would be the same document.
    ann.browser.goto("about:blank").await;
    ann.browser.goto(&format!("{host}#{page}")).await;
    let title = ann.browser.execute("return document.title", vec![]).await;
    assert_eq!(title, "framed", "{page} in {host}");
    let driver = ann.browser.driver();
    driver.enter_frame(0).await.expect("a frame");
    let there = ann.browser.execute("return location.href", vec![]).await;
    there.as_str().expect("an address").to_owned()
}
