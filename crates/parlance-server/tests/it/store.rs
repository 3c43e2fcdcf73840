//! What every store promises: one suite, run on each that there is.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use futures_util::future::join_all;
use parlance_core::frame::Part;
use parlance_core::ids::{ClientId, ConversationId, Seq, Uid};
use parlance_server::metrics::Metrics;
use parlance_server::store::sqlite::SqliteStore;
use parlance_server::store::{Draft, Person, Recall, Recalled, Store, StoreError};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Opens the SQLite store in this folder.
pub(crate) fn open(folder: &Path) -> SqliteStore {
    SqliteStore::open(folder, Arc::new(Metrics::default())).unwrap()
}

/// A store with nothing in it, and a way to open the same one again.
trait Factory {
    /// Opens it; what was opened before has been dropped.
    fn open(&self) -> Arc<dyn Store>;
}

struct Sqlite(TempDir);

impl Factory for Sqlite {
    fn open(&self) -> Arc<dyn Store> {
        // The thread of one that was just dropped may still hold its file for
        // a moment; its lock is gone with it.
        Arc::new(open(self.0.path()))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_keeps_what_every_store_promises() {
    store_suite(|| Sqlite(TempDir::new().unwrap())).await;
}

/// Runs all of it; each part on a store of its own.
async fn store_suite<F: Factory>(factory: impl Fn() -> F) {
    places_are_contiguous_from_one(factory().open()).await;
    appending_again_changes_nothing(factory().open()).await;
    many_at_once_get_each_place_once(factory().open()).await;
    a_client_id_is_the_senders_own(factory().open()).await;
    a_failed_append_leaves_nothing(factory().open()).await;
    pages_are_statements_about_ranges(factory().open()).await;
    a_pair_has_two_members(factory().open()).await;
    unread_is_what_others_said_after(factory().open()).await;
    read_cursors_never_go_back(factory().open()).await;
    what_was_handed_is_owed_no_more(factory().open()).await;
    the_list_has_the_last_active_first(factory().open()).await;
    people_are_kept(factory().open()).await;
    guests_are_known_until_they_are_forgotten(factory().open()).await;
    conversations_do_not_mix(factory().open()).await;
    a_message_is_taken_back_by_whoever_said_it(factory().open()).await;
    an_id_has_its_place(factory().open()).await;
    a_number_is_given_once(&factory()).await;
    everything_is_there_after_opening_again(&factory()).await;
}

fn room() -> ConversationId {
    ConversationId::room("lobby")
}

fn uid(name: &str) -> Uid {
    Uid::new(name)
}

fn text(text: &str) -> Value {
    json!({"kind": "text", "text": text})
}

fn draft(sender: &str, cid: &str, body: Value) -> Draft {
    Draft {
        conversation: room(),
        sender: Some(uid(sender)),
        client_id: ClientId::parse(cid),
        body,
        at: 1_800_000_000_000,
    }
}

async fn say(store: &dyn Store, sender: &str, cid: &str) -> u64 {
    let appended = store.append(draft(sender, cid, text(cid))).await.unwrap();
    appended.seq.0
}

async fn page(store: &dyn Store, part: Part, limit: u32) -> (Option<(u64, u64)>, Vec<u64>, u64) {
    let page = store.page(room(), part, limit).await.unwrap();
    let range = page.range.map(|(from, to)| (from.0, to.0));
    let seqs = page.messages.iter().map(|message| message.seq.0).collect();
    (range, seqs, page.head.0)
}

async fn places_are_contiguous_from_one(store: Arc<dyn Store>) {
    assert_eq!(store.head(room()).await, Ok(Seq(0)));
    for number in 1..=5 {
        assert_eq!(say(&*store, "alice", &format!("c{number}")).await, number);
    }
    assert_eq!(store.head(room()).await, Ok(Seq(5)));
    store.check().await.unwrap();
}

async fn appending_again_changes_nothing(store: Arc<dyn Store>) {
    let first = store.append(draft("alice", "c", text("x"))).await.unwrap();
    assert!(!first.duplicate);
    say(&*store, "alice", "d").await;
    let mut later = draft("alice", "c", text("x"));
    later.at += 1000;
    let second = store.append(later).await.unwrap();
    assert!(second.duplicate);
    assert_eq!(
        (second.seq, &second.id, second.at),
        (first.seq, &first.id, first.at)
    );
    let reused = Err(StoreError::ClientIdReused);
    assert_eq!(store.append(draft("alice", "c", text("y"))).await, reused);
    let elsewhere = Draft {
        conversation: ConversationId::room("other"),
        ..draft("alice", "c", text("x"))
    };
    assert_eq!(store.append(elsewhere).await, reused);
    assert_eq!(store.head(room()).await, Ok(Seq(2)));
}

async fn many_at_once_get_each_place_once(store: Arc<dyn Store>) {
    // Every message twice, all at the same time.
    let appends = (0..400).map(|number| {
        let cid = format!("c{}", number / 2);
        store.append(draft("alice", &cid, text(&cid)))
    });
    let appended = join_all(appends).await;
    let mut fresh = HashSet::new();
    let mut duplicates = 0;
    for one in appended {
        let one = one.unwrap();
        if one.duplicate {
            duplicates += 1;
        } else {
            assert!(fresh.insert(one.seq.0), "place {} twice", one.seq.0);
        }
    }
    assert_eq!((fresh.len(), duplicates), (200, 200));
    assert_eq!(fresh.iter().max(), Some(&200));
    let (range, seqs, head) = page(&*store, Part::After(Seq(0)), 200).await;
    assert_eq!((range, head), (Some((1, 200)), 200));
    assert_eq!(seqs, (1..=200).collect::<Vec<_>>());
}

async fn a_client_id_is_the_senders_own(store: Arc<dyn Store>) {
    assert_eq!(say(&*store, "alice", "same").await, 1);
    assert_eq!(say(&*store, "bob", "same").await, 2);
    // The system has none, and may say the same twice.
    for seq in [3, 4] {
        let notice = Draft {
            sender: None,
            client_id: None,
            ..draft("", "", json!({"kind": "notice", "text": "n"}))
        };
        assert_eq!(store.append(notice).await.unwrap().seq, Seq(seq));
    }
    let page = store.page(room(), Part::Newest, 1).await.unwrap();
    assert_eq!(page.messages[0].from, None);
}

async fn a_failed_append_leaves_nothing(store: Arc<dyn Store>) {
    say(&*store, "alice", "c").await;
    // In one group with others that stand.
    let other = |cid: &str| store.append(draft("bob", cid, text(cid)));
    let wrong = store.append(draft("alice", "c", text("other words")));
    let (one, wrong, two) = tokio::join!(other("d"), wrong, other("e"));
    assert_eq!(wrong, Err(StoreError::ClientIdReused));
    let mut places = [one.unwrap().seq.0, two.unwrap().seq.0];
    places.sort_unstable();
    assert_eq!(places, [2, 3]);
}

async fn pages_are_statements_about_ranges(store: Arc<dyn Store>) {
    assert_eq!(page(&*store, Part::Newest, 5).await, (None, vec![], 0));
    assert_eq!(
        page(&*store, Part::After(Seq(0)), 5).await,
        (None, vec![], 0)
    );
    for number in 1..=10 {
        say(&*store, "alice", &format!("c{number}")).await;
    }
    let table = [
        (Part::Newest, 3, Some((8, 10))),
        (Part::Newest, 10, Some((1, 10))),
        (Part::Newest, 200, Some((1, 10))),
        (Part::Before(Seq(8)), 3, Some((5, 7))),
        (Part::Before(Seq(2)), 3, Some((1, 1))),
        (Part::Before(Seq(1)), 3, None),
        (Part::Before(Seq(0)), 3, None),
        (Part::Before(Seq(u64::MAX)), 1, Some((10, 10))),
        (Part::After(Seq(0)), 3, Some((1, 3))),
        (Part::After(Seq(9)), 3, Some((10, 10))),
        (Part::After(Seq(10)), 3, None),
        (Part::After(Seq(u64::MAX)), 3, None),
    ];
    for (part, limit, range) in table {
        let seqs = range.map_or(Vec::new(), |(from, to)| (from..=to).collect());
        assert_eq!(
            page(&*store, part, limit).await,
            (range, seqs, 10),
            "{part:?} {limit}"
        );
    }
    let whole = store.page(room(), Part::Newest, 1).await.unwrap();
    let message = &whole.messages[0];
    assert_eq!(message.client_id, ClientId::parse("c10"));
    assert_eq!(message.body, text("c10"));
    assert_eq!(message.at, 1_800_000_000_000);
    let from = message.from.as_ref().unwrap();
    assert_eq!(
        (from.uid.as_str(), from.name.as_str()),
        ("alice", "alice"),
        "of whom no more is known"
    );
}

async fn a_pair_has_two_members(store: Arc<dyn Store>) {
    let pair = ConversationId::pair(uid("alice"), uid("bob"));
    let message = |cid: &str| Draft {
        conversation: pair.clone(),
        ..draft("alice", cid, text("x"))
    };
    let first = store.append(message("c1")).await.unwrap();
    assert_eq!(first.joined, [uid("alice"), uid("bob")]);
    let second = store.append(message("c2")).await.unwrap();
    assert!(second.joined.is_empty());
    assert_eq!(store.is_member(uid("bob"), pair.clone()).await, Ok(true));
    assert_eq!(store.is_member(uid("carol"), pair.clone()).await, Ok(false));
    let summary = store
        .summary(uid("bob"), pair.clone())
        .await
        .unwrap()
        .unwrap();
    assert_eq!((summary.unread, summary.title), (2, None));
    assert_eq!(store.summary(uid("carol"), pair).await, Ok(None));
}

async fn unread_is_what_others_said_after(store: Arc<dyn Store>) {
    store.join(uid("alice"), room()).await.unwrap();
    // By place: alice 1, bob 2, alice 3, the system 4, bob 5, alice 6.
    say(&*store, "alice", "c1").await;
    say(&*store, "bob", "c2").await;
    say(&*store, "alice", "c3").await;
    let notice = Draft {
        sender: None,
        client_id: None,
        ..draft("", "", text("n"))
    };
    store.append(notice).await.unwrap();
    say(&*store, "bob", "c5").await;
    say(&*store, "alice", "c6").await;
    let unread = async || {
        let summary = store.summary(uid("alice"), room()).await.unwrap().unwrap();
        summary.unread
    };
    assert_eq!(unread().await, 3);
    for (read, left) in [(1, 3), (2, 2), (3, 2), (4, 1), (5, 0), (6, 0)] {
        store.read(uid("alice"), room(), Seq(read)).await.unwrap();
        assert_eq!(unread().await, left, "after reading up to {read}");
    }
}

async fn read_cursors_never_go_back(store: Arc<dyn Store>) {
    let read = async |who: &str, seq| store.read(uid(who), room(), Seq(seq)).await.unwrap();
    assert_eq!(
        read("alice", 1).await,
        None,
        "there is no such conversation"
    );
    store.join(uid("alice"), room()).await.unwrap();
    for number in 1..=3 {
        say(&*store, "bob", &format!("c{number}")).await;
    }
    assert_eq!(read("alice", 2).await, Some(Seq(2)));
    assert_eq!(read("alice", 2).await, None);
    assert_eq!(read("alice", 1).await, None);
    assert_eq!(
        read("alice", u64::MAX).await,
        Some(Seq(3)),
        "not beyond the newest"
    );
    assert_eq!(read("bob", 3).await, None, "bob is no member");
    assert_eq!(
        store.readers(room(), 10).await,
        Ok(vec![(uid("alice"), Seq(3))])
    );
}

async fn what_was_handed_is_owed_no_more(store: Arc<dyn Store>) {
    let alice = || Uid::new("alice");
    let owed = async |way| {
        let mut owed = store.owed(alice(), way).await.unwrap();
        assert!(owed.len() <= 1);
        owed.pop().map(|(id, after, head)| {
            assert_eq!(id, room());
            (after.0, head.0)
        })
    };
    assert_eq!(owed("egg").await, None, "nowhere a member");
    store.join(alice(), room()).await.unwrap();
    for number in 1..=5 {
        say(&*store, "bob", &format!("c{number}")).await;
    }
    assert_eq!(owed("egg").await, Some((0, 5)));
    store.read(alice(), room(), Seq(2)).await.unwrap();
    assert_eq!(owed("egg").await, Some((2, 5)), "what was read is not owed");
    let hand = async |way, seq| {
        let upto = vec![(room(), Seq(seq)), (ConversationId::room("none"), Seq(1))];
        store.hand(alice(), way, upto).await.unwrap();
    };
    hand("egg", 4).await;
    hand("egg", 3).await;
    assert_eq!(owed("egg").await, Some((4, 5)), "it never goes back");
    assert_eq!(owed("other").await, Some((2, 5)), "each way for itself");
    hand("egg", 99).await;
    assert_eq!(owed("egg").await, Some((5, 5)), "not beyond what there is");
    store.read(alice(), room(), Seq(5)).await.unwrap();
    say(&*store, "bob", "c6").await;
    assert_eq!(owed("egg").await, Some((5, 6)));
}

async fn the_list_has_the_last_active_first(store: Arc<dyn Store>) {
    for (number, name) in ["one", "two", "three"].into_iter().enumerate() {
        let conversation = ConversationId::room(name);
        assert_eq!(
            store.join(uid("alice"), conversation.clone()).await,
            Ok(true)
        );
        assert_eq!(
            store.join(uid("alice"), conversation.clone()).await,
            Ok(false)
        );
        let message = Draft {
            conversation,
            at: 1000 - i64::try_from(number).unwrap(),
            ..draft("bob", name, text(name))
        };
        store.append(message).await.unwrap();
    }
    let names = async |limit| {
        let list = store.summaries(uid("alice"), limit).await.unwrap();
        let names = list.iter().map(|one| one.conversation.to_string());
        names.collect::<Vec<_>>()
    };
    assert_eq!(names(9).await, ["room:one", "room:two", "room:three"]);
    assert_eq!(names(2).await, ["room:one", "room:two"]);
    let mut heads = store.heads(uid("alice")).await.unwrap();
    heads.sort();
    assert_eq!(heads.len(), 3);
    assert!(heads.iter().all(|(_, head)| *head == Seq(1)));
    assert_eq!(
        store.heads(uid("bob")).await,
        Ok(Vec::new()),
        "who talks need not be a member"
    );
}

async fn people_are_kept(store: Arc<dyn Store>) {
    assert_eq!(store.person(uid("alice")).await, Ok(None));
    let mut alice = Person {
        uid: uid("alice"),
        name: "Alice".to_owned(),
        avatar: Some("https://pictures.example/a.png".to_owned()),
        host: true,
        seen: None,
    };
    store.put_person(alice.clone()).await.unwrap();
    store.seen(uid("alice"), 77).await.unwrap();
    alice.name = "Alice A.".to_owned();
    alice.host = false;
    store.put_person(alice.clone()).await.unwrap();
    alice.seen = Some(77);
    assert_eq!(store.person(uid("alice")).await, Ok(Some(alice.clone())));
    for name in ["alice", "bob"] {
        store.join(uid(name), room()).await.unwrap();
    }
    let members = store.members(room(), 10).await.unwrap();
    assert_eq!(members[0], alice, "who was seen last comes first");
    assert_eq!(members[1].name, "bob", "of whom no more is known");
    assert_eq!(store.members(room(), 1).await.unwrap().len(), 1);
    say(&*store, "alice", "c").await;
    let page = store.page(room(), Part::Newest, 1).await.unwrap();
    assert_eq!(page.messages[0].from.as_ref().unwrap().name, "Alice A.");
}

async fn guests_are_known_until_they_are_forgotten(store: Arc<dyn Store>) {
    let zoe = Person {
        uid: uid("g-1"),
        name: "Zoe".to_owned(),
        avatar: None,
        host: false,
        seen: None,
    };
    store.add_guest(zoe.clone(), [7; 32]).await.unwrap();
    assert_eq!(store.guest([7; 32]).await, Ok(Some(zoe)));
    assert_eq!(store.guest([8; 32]).await, Ok(None));
    store.forget_guest([7; 32]).await.unwrap();
    assert_eq!(store.guest([7; 32]).await, Ok(None));
}

async fn conversations_do_not_mix(store: Arc<dyn Store>) {
    // Names that a careless key would confuse.
    let rooms = [
        "a",
        "A",
        "a ",
        "a%",
        "a_",
        "'; DROP TABLE message; --",
        "\u{0}",
    ];
    for (number, name) in rooms.into_iter().enumerate() {
        let message = Draft {
            conversation: ConversationId::room(name),
            ..draft("alice", &format!("c{number}"), text(name))
        };
        assert_eq!(store.append(message).await.unwrap().seq, Seq(1), "{name:?}");
    }
    for name in rooms {
        let page = store
            .page(ConversationId::room(name), Part::Newest, 9)
            .await
            .unwrap();
        assert_eq!(page.messages.len(), 1);
        assert_eq!(page.messages[0].body, text(name));
    }
}

async fn a_message_is_taken_back_by_whoever_said_it(store: Arc<dyn Store>) {
    let first = store.append(draft("alice", "c", text("x"))).await.unwrap();
    let second = store.append(draft("alice", "d", text("y"))).await.unwrap();
    say(&*store, "bob", "e").await;
    let gone = json!({"kind": "notice", "text": "gone"});
    let recall = |by: &str, id: &str, late: i64| Recall {
        id: id.to_owned(),
        by: uid(by),
        said_since: first.at + late,
        body: gone.clone(),
        at: first.at + 9,
    };
    let other = ConversationId::room("other");
    for (conversation, recall, due) in [
        (room(), recall("bob", &first.id, 0), Recalled::Nothing),
        (room(), recall("alice", "nonsense", 0), Recalled::Nothing),
        (room(), recall("alice", "999", 0), Recalled::Nothing),
        (other, recall("alice", &first.id, 0), Recalled::Nothing),
        (room(), recall("alice", &first.id, 1), Recalled::TooLate),
    ] {
        assert_eq!(store.recall(conversation, recall).await, Ok(due));
    }
    assert_eq!(store.recalled(room(), Seq(0)).await, Ok(vec![]));
    // Twice is once, and it is never too late for what is done.
    for late in [0, 1] {
        let recall = recall("alice", &first.id, late);
        let done = store.recall(room(), recall).await;
        assert_eq!(done, Ok(Recalled::Done(first.seq)));
    }
    let page = store.page(room(), Part::Newest, 9).await.unwrap();
    let bodies: Vec<_> = page.messages.iter().map(|it| it.body.clone()).collect();
    assert_eq!(bodies, [gone, text("y"), text("e")]);
    assert_eq!(page.messages[0].id, first.id);
    let recalled = store.recalled(room(), Seq(0)).await.unwrap();
    assert_eq!(recalled, page.messages[..1]);
    assert_eq!(store.recalled(room(), first.seq).await, Ok(vec![]));
    // Said again under its id it is still what was stored, and stays away.
    let again = store.append(draft("alice", "c", text("x"))).await.unwrap();
    assert_eq!((again.seq, again.duplicate), (first.seq, true));
    assert_eq!(store.head(room()).await, Ok(Seq(second.seq.0 + 1)));
}

async fn an_id_has_its_place(store: Arc<dyn Store>) {
    say(&*store, "alice", "c").await;
    let second = store.append(draft("alice", "d", text("y"))).await.unwrap();
    let place = |conversation, id: &str| store.place(conversation, id.to_owned());
    assert_eq!(place(room(), &second.id).await, Ok(Some(Seq(2))));
    let other = ConversationId::room("other");
    assert_eq!(place(other, &second.id).await, Ok(None));
    for id in ["", "999", "x", "-1"] {
        assert_eq!(place(room(), id).await, Ok(None), "{id:?}");
    }
}

async fn a_number_is_given_once(factory: &impl Factory) {
    let store = factory.open();
    let alice = store.number(uid("alice")).await.unwrap();
    assert_eq!(store.numbered(alice).await, Ok(Some(uid("alice"))));
    assert_eq!(store.numbered(alice + 1).await, Ok(None));
    let bob = store.number(uid("bob")).await.unwrap();
    assert!((1..=3).contains(&alice) && bob > alice, "{alice} {bob}");
    drop(store);
    let store = factory.open();
    assert_eq!(store.number(uid("alice")).await, Ok(alice));
    assert_eq!(store.number(uid("bob")).await, Ok(bob));
    assert_eq!(store.numbered(bob).await, Ok(Some(uid("bob"))));
    assert_eq!(store.numbered(u64::MAX).await, Ok(None));
}

async fn everything_is_there_after_opening_again(factory: &impl Factory) {
    let store = factory.open();
    let epoch = store.epoch().clone();
    assert!(epoch.as_str().len() >= 16, "{epoch}");
    store.join(uid("alice"), room()).await.unwrap();
    let first = store.append(draft("alice", "c", text("x"))).await.unwrap();
    store.read(uid("alice"), room(), Seq(1)).await.unwrap();
    drop(store);
    let store = factory.open();
    assert_eq!(*store.epoch(), epoch, "the same log");
    let again = store.append(draft("alice", "c", text("x"))).await.unwrap();
    assert_eq!((again.seq, again.duplicate), (first.seq, true), "for ever");
    assert_eq!(
        store.readers(room(), 10).await,
        Ok(vec![(uid("alice"), Seq(1))])
    );
    assert_eq!(say(&*store, "alice", "d").await, 2);
}

#[test]
fn each_log_has_an_epoch_of_its_own() {
    let (one, two) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    assert_ne!(open(one.path()).epoch(), open(two.path()).epoch());
}
