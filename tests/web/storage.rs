//! The device's storage: what is saved is there, what fails says so.

use parlance::driver::storage::{Answer, Storage};
use parlance_core::ids::{ClientId, ConversationId, SaveId, Uid};
use parlance_core::outbox::{Record, Stored, TURN_LASTS, Take, Turn, Write};
use parlance_core::session::StorageFailure;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::rig::{Heard, Shim, ears, js};

struct Device {
    storage: Storage,
    heard: Heard<Answer>,
    saves: u64,
}

impl Device {
    fn open(name: &str) -> Self {
        let (deliver, heard) = ears();
        Self {
            storage: Storage::start(name.to_owned(), deliver),
            heard,
            saves: 0,
        }
    }

    async fn save(&mut self, write: Write) -> Result<(), StorageFailure> {
        self.saves += 1;
        self.storage.save(SaveId(self.saves), write);
        match self.heard.next().await {
            Answer::Saved(id, result) => {
                assert_eq!(id, SaveId(self.saves));
                result
            }
            Answer::Loaded(..) | Answer::Took(..) => panic!("nothing was asked"),
        }
    }

    async fn take(&mut self, uid: &str, number: u128, note: Option<&str>) -> Turn {
        self.storage.take(Take {
            uid: Uid::new(uid),
            client_id: id(number),
            note: note.map(str::to_owned),
        });
        match self.heard.next().await {
            Answer::Took(client_id, turn) => {
                assert_eq!(client_id, id(number));
                turn.expect("a turn")
            }
            Answer::Saved(..) | Answer::Loaded(..) => panic!("nobody's turn was asked for"),
        }
    }

    async fn load(&mut self, uid: &str) -> Result<Stored, StorageFailure> {
        self.storage.load(Uid::new(uid));
        match self.heard.next().await {
            Answer::Loaded(whose, result) => {
                assert_eq!(whose, Uid::new(uid));
                result
            }
            Answer::Saved(..) | Answer::Took(..) => panic!("nothing was saved"),
        }
    }
}

fn lobby() -> ConversationId {
    ConversationId::room("lobby")
}

fn id(number: u128) -> ClientId {
    ClientId::from_bits(number)
}

fn keep(uid: &str, number: u128, value: &str) -> Write {
    let record = Record {
        client_id: id(number),
        conversation: lobby(),
        value: value.to_owned(),
    };
    Write::Keep(Uid::new(uid), Box::new(record))
}

fn unfinished(uid: &str, text: &str) -> Write {
    Write::Unfinished(Uid::new(uid), lobby(), text.to_owned())
}

fn rows(values: &[&str]) -> Stored {
    Stored {
        unsent: values.iter().map(|it| (*it).to_owned()).collect(),
        unfinished: Vec::new(),
    }
}

#[wasm_bindgen_test]
async fn what_is_saved_is_there_for_the_next_page() {
    let mut device = Device::open("kept");
    device
        .save(unfinished("alice", "half a"))
        .await
        .expect("saved");
    device.save(keep("alice", 1, "one")).await.expect("saved");
    device.save(keep("alice", 2, "two")).await.expect("saved");
    device
        .save(unfinished("alice", "and a"))
        .await
        .expect("saved");

    let mut next = Device::open("kept");
    let stored = next.load("alice").await.expect("loaded");
    assert_eq!(stored.unsent, ["one", "two"]);
    let text = ("room:lobby".to_owned(), "and a".to_owned());
    assert_eq!(stored.unfinished, [text]);
}

#[wasm_bindgen_test]
async fn an_unsent_message_takes_the_place_of_the_unfinished_text() {
    let mut device = Device::open("replaced");
    device
        .save(unfinished("alice", "hello"))
        .await
        .expect("saved");
    device.save(keep("alice", 1, "hello")).await.expect("saved");
    assert_eq!(device.load("alice").await, Ok(rows(&["hello"])));
    device.save(unfinished("alice", "x")).await.expect("saved");
    device.save(unfinished("alice", "")).await.expect("saved");
    assert_eq!(device.load("alice").await, Ok(rows(&["hello"])));
}

#[wasm_bindgen_test]
async fn writes_are_in_order_without_waiting() {
    let mut device = Device::open("ordered");
    let writes = [
        keep("alice", 1, "first"),
        keep("alice", 1, "second"),
        keep("alice", 2, "gone"),
        Write::Forget(Uid::new("alice"), id(2)),
    ];
    for (number, write) in (10..).zip(writes) {
        device.storage.save(SaveId(number), write);
    }
    for number in 10..14 {
        let answer = device.heard.next().await;
        assert!(matches!(answer, Answer::Saved(id, Ok(())) if id == SaveId(number)));
    }
    assert_eq!(device.load("alice").await, Ok(rows(&["second"])));
}

#[wasm_bindgen_test]
async fn a_wipe_takes_one_persons_rows_and_nobody_elses() {
    let mut device = Device::open("wiped");
    for uid in ["alice", "alice2", "alic", ""] {
        device.save(keep(uid, 1, uid)).await.expect("saved");
        device.save(unfinished(uid, uid)).await.expect("saved");
    }
    device
        .save(Write::Wipe(Uid::new("alice")))
        .await
        .expect("wiped");
    assert_eq!(device.load("alice").await, Ok(Stored::default()));
    for uid in ["alice2", "alic", ""] {
        assert_eq!(device.load(uid).await.expect("loaded").unsent, [uid]);
    }
}

#[wasm_bindgen_test]
async fn a_row_that_is_no_text_does_not_hide_the_others() {
    let mut device = Device::open("corrupted");
    device.save(keep("alice", 2, "sound")).await.expect("saved");
    on_database(
        "corrupted",
        "const rows = handle.transaction(['unsent', 'unfinished'], 'readwrite');
         rows.objectStore('unsent').put({ odd: [1] }, ['alice', '1']);
         rows.objectStore('unfinished').put(7, ['alice', 'room:lobby']);
         rows.objectStore('unfinished').put('x', ['alice', 8]);",
    )
    .await;
    assert_eq!(device.load("alice").await, Ok(rows(&["sound", ""])));
}

#[wasm_bindgen_test]
async fn a_handle_that_another_tab_takes_away_is_opened_again() {
    let mut device = Device::open("taken");
    device.save(keep("alice", 1, "one")).await.expect("saved");
    // Not granted unless the handle is let go.
    promise(
        "return new Promise((done, failed) => {
            const asked = indexedDB.deleteDatabase('taken');
            asked.onsuccess = done; asked.onerror = failed; asked.onblocked = failed;
         })",
    )
    .await;
    assert_eq!(device.load("alice").await, Ok(Stored::default()));
    device.save(keep("alice", 2, "two")).await.expect("saved");
    assert_eq!(device.load("alice").await, Ok(rows(&["two"])));
}

#[wasm_bindgen_test]
async fn a_dead_handle_costs_one_second_try() {
    let mut device = Device::open("dead");
    device.save(keep("alice", 1, "one")).await.expect("saved");
    js("globalThis.begin = IDBDatabase.prototype.transaction;
        IDBDatabase.prototype.transaction = function () {
            IDBDatabase.prototype.transaction = begin;
            throw new DOMException('lost', 'UnknownError');
        };");
    device.save(keep("alice", 2, "two")).await.expect("saved");
    assert_eq!(device.load("alice").await, Ok(rows(&["one", "two"])));
}

#[wasm_bindgen_test]
async fn a_transaction_that_aborts_twice_is_a_failure_that_tells_no_words() {
    let mut device = Device::open("full");
    js("globalThis.put = IDBObjectStore.prototype.put;
        IDBObjectStore.prototype.put = function (...row) {
            const asked = put.apply(this, row);
            this.transaction.abort();
            return asked;
        };");
    let result = device.save(keep("alice", 1, "private words")).await;
    js("IDBObjectStore.prototype.put = put");
    let StorageFailure(what) = result.expect_err("aborted");
    assert!(!what.contains("private"), "{what}");
    device.save(keep("alice", 1, "again")).await.expect("saved");
    assert_eq!(device.load("alice").await, Ok(rows(&["again"])));
}

#[wasm_bindgen_test]
async fn storage_that_throws_or_is_missing_is_a_failure_at_once() {
    let ways = [
        "get() { throw new DOMException('no', 'SecurityError') }",
        "value: undefined",
        "value: null",
        "value: { open() { throw new DOMException('no', 'SecurityError') } }",
    ];
    for way in ways {
        let shim = Shim::new("window", "indexedDB", way);
        let mut device = Device::open("forbidden");
        let saved = device.save(keep("alice", 1, "one")).await;
        let loaded = device.load("alice").await;
        drop(shim);
        assert!(saved.is_err() && loaded.is_err(), "{way}");
    }
}

#[wasm_bindgen_test]
async fn storage_that_says_nothing_is_a_failure_in_time() {
    js("globalThis.later ??= globalThis.setTimeout");
    let _mute = Shim::new("window", "indexedDB", "value: { open: () => ({}) }");
    // Two tries of four seconds would pass for real; the page's timers are
    // made to run at once instead.
    let _fast = Shim::new(
        "window",
        "setTimeout",
        "value: (call, wait) => later(call, wait === 4000 ? 0 : wait)",
    );
    let mut device = Device::open("silent");
    let saved = device.save(keep("alice", 1, "one")).await;
    assert!(saved.is_err());
}

#[wasm_bindgen_test]
async fn a_newer_versions_database_serves() {
    promise(
        "return new Promise((done, failed) => {
            const asked = indexedDB.open('newer', 9);
            asked.onupgradeneeded = () => ['unsent', 'unfinished', 'turns', 'more']
                .forEach(name => asked.result.createObjectStore(name));
            asked.onsuccess = () => { asked.result.close(); done(); };
            asked.onerror = failed;
         })",
    )
    .await;
    let mut device = Device::open("newer");
    device.save(keep("alice", 1, "one")).await.expect("saved");
    assert_eq!(device.load("alice").await, Ok(rows(&["one"])));
}

/// Runs a script with `handle` open beside the storage's own, and waits until
/// its transactions are over.
async fn on_database(name: &str, script: &str) {
    promise(&format!(
        "return new Promise((done, failed) => {{
            const asked = indexedDB.open('{name}');
            asked.onsuccess = () => {{
                const handle = asked.result;
                {script}
                rows.oncomplete = () => {{ handle.close(); done(); }};
                rows.onabort = failed;
            }};
            asked.onerror = failed;
         }})"
    ))
    .await;
}

async fn promise(script: &str) {
    let promise = js_sys::Promise::resolve(&js(script));
    JsFuture::from(promise).await.expect("the script failed");
}

#[wasm_bindgen_test]
async fn one_page_at_a_time_hands_over_and_another_hears_how_long_that_lasts() {
    let mut one = Device::open("turns");
    let mut other = Device::open("turns");
    one.save(keep("ann", 1, "row")).await.unwrap();
    let row = Some("row".to_owned());
    assert_eq!(one.take("ann", 1, None).await, Turn::Mine(row.clone()));
    let Turn::Theirs(left) = other.take("ann", 1, None).await else {
        panic!("two pages have the turn");
    };
    assert!(left > TURN_LASTS / 2 && left <= TURN_LASTS, "{left:?}");
    // It goes on being the first one's, and is each person's own.
    assert_eq!(one.take("ann", 1, None).await, Turn::Mine(row));
    assert_eq!(other.take("bob", 1, None).await, Turn::Mine(None));
}

#[wasm_bindgen_test]
async fn the_turn_comes_with_the_row_as_it_stood_and_notes_that_it_goes() {
    let mut page = Device::open("turns-note");
    page.save(keep("ann", 1, "row")).await.unwrap();
    let before = page.take("ann", 1, Some("row, gone")).await;
    assert_eq!(before, Turn::Mine(Some("row".to_owned())));
    let again = page.take("ann", 1, None).await;
    assert_eq!(again, Turn::Mine(Some("row, gone".to_owned())));
    // What is not kept any longer is not brought back by a note.
    page.save(Write::Forget(Uid::new("ann"), id(1)))
        .await
        .unwrap();
    assert_eq!(page.take("ann", 1, Some("back")).await, Turn::Mine(None));
    assert_eq!(page.load("ann").await.unwrap().unsent, Vec::<String>::new());
}

#[wasm_bindgen_test]
async fn two_pages_that_ask_at_the_same_moment_are_not_both_answered_yes() {
    let mut one = Device::open("turns-race");
    let mut other = Device::open("turns-race");
    one.save(keep("ann", 1, "row")).await.unwrap();
    assert_eq!(other.load("ann").await.unwrap().unsent.len(), 1);
    for number in 1..=10 {
        let uid = format!("u{number}");
        let (mine, theirs) =
            futures_util::future::join(one.take(&uid, 1, None), other.take(&uid, 1, None)).await;
        let both = [mine, theirs];
        let said_yes = both.iter().filter(|turn| matches!(turn, Turn::Mine(_)));
        assert_eq!(said_yes.count(), 1, "{both:?}");
    }
}

#[wasm_bindgen_test]
async fn a_turn_that_another_clock_gave_out_keeps_nobody_waiting() {
    let mut one = Device::open("turns-clock");
    let mut other = Device::open("turns-clock");
    let clock = Shim::new("Date", "now", "value: () => 9e15");
    assert_eq!(one.take("ann", 1, None).await, Turn::Mine(None));
    drop(clock);
    assert_eq!(other.take("ann", 1, None).await, Turn::Mine(None));
}
