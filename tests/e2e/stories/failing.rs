//! The program fails in the middle of something: the page says so, says what
//! has become of the unsent, and nothing of the program goes on.

use serde_json::Value;

use crate::browser::Engine::{self, Chromium, WebKit};
use crate::page::{Chat, State};
use crate::proxy::Direction;
use crate::server::Server;
use crate::stories::joining::stays_quiet;
use crate::story::{ends_well, tell};
use crate::talk::Talk;

/// Takes all the memory that the program could still get, as other tabs do to
/// a small phone.
const TAKE_MEMORY: &str = "
    const done = arguments[0];
    import(document.querySelector('script[src]').src).then((it) => it.default).then(({ memory }) => {
      let pages = 65536 - memory.buffer.byteLength / 65536;
      while (pages > 0) {
        try { memory.grow(pages); pages = 65536 - memory.buffer.byteLength / 65536; }
        catch { pages >>= 1; }
      }
      done(memory.buffer.byteLength);
    }, (error) => done(String(error)));";

/// No free piece of memory that a page of this size has lying about is as large.
const TOO_LONG: usize = 16 << 20;

/// A browser that breaks its word in the middle of the program's pump. It is
/// the program's own script that then throws.
const BREAK_CLOCK: &str = "Object.defineProperty(Performance.prototype, 'now', { value: null });";

/// What other scripts do wrong, with and without a promise.
const OTHERS_FAIL: &str = "setTimeout(JSON.parse, 0, '{'); Promise.reject(new Error('theirs'));";

/// Every sign of life that a page gives, and what is in the document after.
const WAKE: &str = "
    for (const name of ['focus', 'online', 'offline', 'resize', 'pagehide', 'pageshow', 'keydown'])
      dispatchEvent(new Event(name));
    for (const name of ['visibilitychange', 'resume', 'freeze', 'click', 'keydown', 'selectionchange'])
      document.dispatchEvent(new Event(name));
    document.querySelector('main p').click();
    const [main, ...more] = document.body.children;
    return more.length === 0 && document.querySelectorAll('body').length === 1
      && main.getAttribute('data-notice');";

const ERRORS: &str = "return window.__witness.errors";

#[test]
fn a_failure_is_said_and_nothing_goes_on_in_chromium() {
    tell(2, async || {
        a_failure_is_said_and_nothing_goes_on(Chromium).await
    });
}

#[test]
fn a_failure_is_said_and_nothing_goes_on_in_webkit() {
    tell(2, async || {
        a_failure_is_said_and_nothing_goes_on(WebKit).await
    });
}

async fn a_failure_is_said_and_nothing_goes_on(engine: Engine) {
    let server = Server::start(&[]);
    let (ann, bob) = tokio::join!(
        Chat::sits_down("Ann", engine, &server),
        Chat::sits_down("Bob", Chromium, &server),
    );
    tokio::join!(ann.opens_and_joins("/"), bob.opens_and_joins("/"));
    let talk = Talk::default();
    talk.says(&bob, "before").await;
    talk.settles(&[&ann, &bob]).await;
    ann.path.hold_links(Direction::Up);
    talk.says(&ann, "still on its way").await;
    ann.sees("it on its way", |page| {
        page.row("still on its way")
            .is_some_and(|row| row.is("sending"))
    })
    .await;

    let taken = ann.browser.try_execute_async(TAKE_MEMORY, vec![]).await;
    assert!(taken.as_ref().is_ok_and(Value::is_u64), "{taken:?}");
    ann.path.inject_text(&"x".repeat(TOO_LONG));
    stands_still(&ann, "is kept on this device").await;
    let errors = ann.browser.execute(ERRORS, vec![]).await;
    assert!(
        errors.to_string().contains("nreachable"),
        "not a failure of the program: {errors}"
    );

    // The socket is closed, and not only forgotten.
    ann.path.pass().await;
    bob.sees("Ann gone", |page| !page.sees_online("Ann")).await;
    stays_quiet(&ann).await;

    ann.clicks(".notice-button").await;
    ann.sees("the room again", State::can_talk).await;
    talk.says(&bob, "after").await;
    talk.settles(&[&ann, &bob]).await;
    ends_well([bob]).await;
}

#[test]
fn what_is_thrown_through_the_program_stops_it_too_in_chromium() {
    tell(1, async || {
        what_is_thrown_through_the_program_stops_it_too(Chromium).await
    });
}

#[test]
fn what_is_thrown_through_the_program_stops_it_too_in_webkit() {
    tell(1, async || {
        what_is_thrown_through_the_program_stops_it_too(WebKit).await
    });
}

async fn what_is_thrown_through_the_program_stops_it_too(engine: Engine) {
    let server = Server::start(&[]);
    let ann = Chat::sits_down("Ann", engine, &server).await;
    ann.opens_and_joins("/?lang=zh-CN").await;
    ann.browser.execute(OTHERS_FAIL, vec![]).await;
    ann.sends("one more").await;
    ann.sees("it", |page| page.has_delivered("one more")).await;
    ann.browser.execute(BREAK_CLOCK, vec![]).await;
    stands_still(&ann, "已保存在此设备上").await;
    stays_quiet(&ann).await;
}

#[test]
fn a_device_that_keeps_nothing_does_not_promise_to() {
    tell(1, async || {
        let server = Server::start(&[]);
        let ann = Chat::sits_down("Ann", Chromium, &server).await;
        ann.browser
            .init_script("Object.defineProperty(window, 'indexedDB', { value: undefined });")
            .await;
        ann.opens_and_joins("/").await;
        ann.browser.execute(BREAK_CLOCK, vec![]).await;
        stands_still(&ann, "what was not sent yet is lost").await;
    });
}

/// The notice is all that there is, and stays it whatever happens.
async fn stands_still(person: &Chat, says: &str) {
    let page = person
        .sees("that the page has stopped", |page| {
            page.is("ended") && page.words.contains(says)
        })
        .await;
    assert!(page.rows.is_empty() && page.composer.is_none(), "{page:?}");
    for _ in 0..2 {
        let found = person.browser.execute(WAKE, vec![]).await;
        assert_eq!(found, "recover");
    }
}
