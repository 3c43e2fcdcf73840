//! Rows 52 to 55: the device's storage is missing, full, dead or broken.

use std::time::Duration;

use serde_json::{Value, json};

use super::report::{Length, Report};
use super::scene::Scene;
use crate::browser::Engine::{self, Chromium, WebKit};
use crate::diary::Moment;
use crate::page::{Chat, LATER, SOON, State};
use crate::story::tell;

/// What the page says where nothing is kept.
const BADGE: &str = "Not kept if you close";

fn is_unkept(page: &State) -> bool {
    page.words.contains(BADGE)
}

/// Whether the page asks before it is closed.
const ASKS_ON_LEAVE: &str = "
    const leaving = new Event('beforeunload', { cancelable: true });
    dispatchEvent(leaving);
    return leaving.defaultPrevented;";

async fn asks_on_leave(person: &Chat) -> bool {
    person.browser.execute(ASKS_ON_LEAVE, vec![]).await == true
}

// ---- 52: there is none ----

/// A database that is not there, may not be used, or never opens because
/// another tab does not let go of an older one.
const NO_DATABASE: [(&str, &str); 3] = [
    (
        "missing",
        "Object.defineProperty(window, 'indexedDB', { value: undefined });",
    ),
    (
        "denied",
        "Object.defineProperty(window, 'indexedDB', { get() {
           throw new DOMException('denied', 'SecurityError'); } });",
    ),
    (
        "blocked",
        "const open = IDBFactory.prototype.open;
         IDBFactory.prototype.open = function (name, version) {
           const asked = open.call(this, name + ' elsewhere', version);
           for (const happens of ['success', 'upgradeneeded'])
             asked.addEventListener(happens, (event) => event.stopImmediatePropagation(), true);
           return asked;
         };",
    ),
];

#[test]
#[ignore = "cargo xtask faults"]
fn row_52_without_a_database_the_page_says_so_and_works() {
    tell(1, async || {
        let mut report = Report::of(52, Chromium, Length::Full);
        for (name, script) in NO_DATABASE {
            let scene = Scene::begins_with(Chromium, &[], async |ann| {
                ann.browser.init_script(script).await;
            })
            .await;
            let badge = scene.ann.watches(SOON, is_unkept).await;
            report.holds(&format!("{name}: said"), badge.is_ok());
            report.holds(
                "no question with nothing unsent",
                !asks_on_leave(&scene.ann).await,
            );
            scene.ann.path.refuse_talk();
            scene
                .ann
                .sees("that she is not connected", |page| !page.is("online"))
                .await;
            scene.ann_says("neither kept nor sent").await;
            scene
                .ann
                .sees("her words", |page| page.shows("neither kept nor sent"))
                .await;
            if name == "missing" {
                scene.pictures("fault-52-not-kept").await;
            }
            report.holds("asks before it is closed", asks_on_leave(&scene.ann).await);
            scene.ann.path.pass().await;
            report.talk(&scene.reckons(LATER).await);
            scene.ends().await;
        }
        report.concludes();
    });
}

// ---- 53: it is full ----

/// The disk is full from now on, for this store, as the browsers say it: at the
/// request, or when everything seemed written.
const FULL: &str = "
    const [store, when] = arguments;
    const put = IDBObjectStore.prototype.put;
    IDBObjectStore.prototype.put = function (...given) {
      if (this.name !== store) return put.apply(this, given);
      window.__refusedPuts = (window.__refusedPuts ?? 0) + 1;
      if (when === 'at once') throw new DOMException('full', 'QuotaExceededError');
      const request = put.apply(this, given);
      request.addEventListener('success', () => this.transaction.abort());
      return request;
    };";

#[test]
fn row_53_a_full_disk_loses_nothing_in_chromium() {
    tell(1, async || a_full_disk(Chromium).await);
}

#[test]
#[ignore = "cargo xtask faults"]
fn row_53_a_full_disk_loses_nothing_in_webkit() {
    tell(1, async || a_full_disk(WebKit).await);
}

async fn a_full_disk(engine: Engine) {
    let mut report = Report::of(53, engine, Length::Quick);
    let scene = Scene::begins(engine).await;
    // What is unfinished is all that there is beside the outbox.
    let full = scene
        .ann
        .browser
        .execute(FULL, vec![json!("unfinished"), json!("at once")]);
    assert_eq!(full.await, Value::Null);
    scene.ann_says("typed while drafts do not fit").await;
    scene
        .ann
        .sees("her words sent", |page| {
            page.has_delivered("typed while drafts do not fit")
        })
        .await;
    for when in ["at once", "at the end"] {
        scene.ann.reopens().await;
        let full = scene
            .ann
            .browser
            .execute(FULL, vec![json!("unsent"), json!(when)]);
        assert_eq!(full.await, Value::Null);
        scene.ann.path.refuse_talk();
        scene
            .ann
            .sees("that she is not connected", |page| !page.is("online"))
            .await;
        // What was unfinished when the disk was full may be back in the field.
        let field = scene.ann.browser.element("[data-part=composer]").await;
        field.clear().await.expect("an empty field");
        let text = format!("does not fit, {when}");
        scene.ann_says(&text).await;
        let seen = scene
            .ann
            .watches(SOON, |page| page.shows(&text) && is_unkept(page))
            .await;
        report.holds(&format!("{when}: said that it is not kept"), seen.is_ok());
        scene.pictures("fault-53-disk-full").await;
        report.holds("asks before it is closed", asks_on_leave(&scene.ann).await);
        let refused = scene
            .ann
            .browser
            .execute("return window.__refusedPuts", vec![])
            .await;
        report.figure(
            format!("{refused} writes refused"),
            "",
            refused.as_u64() > Some(0),
        );
        scene.ann.path.pass().await;
        scene
            .ann
            .sees_within(LATER, "it sent", |page| page.has_delivered(&text))
            .await;
    }
    report.talk(&scene.reckons(LATER).await);
    report.concludes();
    scene.ends().await;
}

// ---- 54: its handle dies ----

/// Every handle that exists is dead from now on, and says so only when it is
/// used, as WebKit's do after a while in the background. New ones are well.
const HANDLES_DIE: &str = "
    const begin = IDBDatabase.prototype.transaction;
    const open = IDBFactory.prototype.open;
    const well = new WeakSet();
    window.__reopened = 0;
    IDBFactory.prototype.open = function (...given) {
      window.__reopened++;
      const asked = open.apply(this, given);
      asked.addEventListener('success', () => well.add(asked.result), true);
      return asked;
    };
    IDBDatabase.prototype.transaction = function (...given) {
      if (!well.has(this))
        throw new DOMException('Connection to Indexed Database server lost', 'UnknownError');
      return begin.apply(this, given);
    };";

#[test]
fn row_54_a_dead_handle_is_replaced_unseen_in_chromium() {
    tell(1, async || a_dead_handle(Chromium).await);
}

#[test]
#[ignore = "cargo xtask faults"]
fn row_54_a_dead_handle_is_replaced_unseen_in_webkit() {
    tell(1, async || a_dead_handle(WebKit).await);
}

async fn a_dead_handle(engine: Engine) {
    let mut report = Report::of(54, engine, Length::Quick);
    let scene = Scene::begins(engine).await;
    scene.ann.browser.hide().await;
    scene
        .ann
        .sees("nothing, hidden", |page| !page.visible)
        .await;
    let died = scene.ann.browser.execute(HANDLES_DIE, vec![]).await;
    assert_eq!(died, Value::Null);
    scene.ann.browser.show().await;
    scene
        .ann
        .sees("the page again", |page| page.visible && page.can_talk())
        .await;
    let began = Moment::now();
    for number in 1..=3 {
        scene.ann_says(&format!("with a new handle {number}")).await;
    }
    let reckoning = scene.reckons(LATER).await;
    // And it was on the device: it is there after a reload without a network.
    scene.ann.path.refuse_talk();
    scene
        .ann
        .sees("that she is not connected", |page| !page.is("online"))
        .await;
    scene.ann_says("kept by the new handle").await;
    let queued = |page: &State| {
        page.row("kept by the new handle")
            .is_some_and(|row| row.is("queued"))
    };
    let page = scene.ann.sees("it kept", queued).await;
    let reopened = scene
        .ann
        .browser
        .execute("return window.__reopened", vec![])
        .await;
    let opened = reopened.as_u64().unwrap_or(99) as usize;
    report.at_most(opened, "handles opened anew", 1);
    report.holds("nothing is said of it", !is_unkept(&page));
    let shown = scene.diary().await.row("with a new handle 1", "shown");
    let took = shown.map_or(LATER, |shown| shown.since(began));
    report.figure(format!("kept after {} ms", took.as_millis()), "", true);
    scene.ann.reloads().await;
    scene.ann.sees("it kept over the reload", queued).await;
    scene.ann.path.pass().await;
    report.talk(&reckoning);
    report.talk(&scene.reckons(LATER).await);
    report.concludes();
    scene.ends().await;
}

// ---- 55: what is kept is broken ----

/// Puts rows that nobody can read beside the one that is there; and says how
/// many rows there are.
const BREAK_ROWS: &str = "
    const done = arguments[0];
    (async () => {
      const promised = (request) => new Promise((then, fail) => {
        request.onsuccess = () => then(request.result);
        request.onerror = () => fail(request.error);
      });
      for (const { name } of await indexedDB.databases()) {
        const database = await promised(indexedDB.open(name));
        if (!database.objectStoreNames.contains('unsent')) { database.close(); continue; }
        const store = database.transaction('unsent', 'readwrite').objectStore('unsent');
        const [key] = await promised(store.getAllKeys());
        const [good] = await promised(store.getAll());
        const broken = ['', '{', 'null', '[]', '{}', good.replace('\"v\":1', '\"v\":0'),
          good.replace('\"v\":1', '\"v\":99'), good.slice(0, good.length / 2),
          good.replace('\"order\":', '\"order\":1e400,\"was\":'), '[' .repeat(10000),
          17, { row: good }, new Uint8Array([0xff])];
        let number = 0;
        for (const row of broken) await promised(store.put(row, [key[0], `broken-${number++}`]));
        const count = await promised(store.count());
        database.close();
        return count;
      }
      return 0;
    })().then(done, (error) => done(String(error)));";

#[test]
fn row_55_broken_rows_are_passed_over() {
    tell(1, async || {
        let mut report = Report::of(55, Chromium, Length::Quick);
        let scene = Scene::begins(Chromium).await;
        scene.ann.path.refuse_talk();
        scene
            .ann
            .sees("that she is not connected", |page| !page.is("online"))
            .await;
        scene.ann_says("good among the broken").await;
        let queued = |page: &State| {
            page.row("good among the broken")
                .is_some_and(|row| row.is("queued"))
        };
        scene.ann.sees("it kept", queued).await;
        let rows = scene
            .ann
            .browser
            .try_execute_async(BREAK_ROWS, vec![])
            .await;
        let rows = rows.ok().and_then(|rows| rows.as_u64()).unwrap_or(0);
        report.figure(
            format!("{} broken rows beside a good one", rows.saturating_sub(1)),
            "",
            rows == 14,
        );
        scene.ann.path.pass().await;
        scene.ann.reopens().await;
        let sent = |page: &State| page.has_delivered("good among the broken");
        let seen = scene.ann.watches(SOON, sent).await;
        report.holds("the good one is sent", seen.is_ok());
        // Once more: nothing of it comes back, and nothing loops.
        let began = Moment::now();
        scene.ann.reopens().await;
        let faults = scene.ann.hidden_faults().await;
        report.holds("no fault behind the page", faults.is_empty());
        report.at_most(scene.diary().await.count(began, "dial"), "dials", 1);
        report.within(
            "usable in",
            Moment::now().since(began),
            Duration::from_secs(10),
        );
        let page = scene.ann.looks().await;
        report.holds("nothing is said to be unkept", !is_unkept(&page));
        report.talk(&scene.reckons(LATER).await);
        report.concludes();
        scene.ends().await;
    });
}
