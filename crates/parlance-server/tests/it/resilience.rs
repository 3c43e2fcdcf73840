//! When something fails or is slow: a hint is lost, a reader does not read, a
//! task panics, the disk is full, the server ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use parlance_core::frame::Part;
use parlance_core::ids::{ConversationId, Epoch, Seq, Uid};
use parlance_server::bus::local::LocalBus;
use parlance_server::bus::{Bus, Hint, Listener};
use parlance_server::store::{
    Answer, Appended, Bar, Draft, Message, Millis, Page, Person, Recall, Recalled, SecretHash,
    Standing, Store, StoreError, Summary,
};
use serde_json::json;
use tempfile::TempDir;
use tokio::net::TcpSocket;

use crate::rig::{Peer, Rig, new_cid, seqs, soon, words};

const LOBBY: &str = "room:lobby";

/// A bus that never tells anybody anything.
pub(crate) struct DeadBus;

struct Deaf;

impl Bus for DeadBus {
    fn announce(&self, _: &ConversationId, _: Seq) {}

    fn listen(&self) -> Box<dyn Listener> {
        Box::new(Deaf)
    }
}

impl Listener for Deaf {
    fn next(&mut self) -> BoxFuture<'_, Option<Hint>> {
        std::future::pending().boxed()
    }
}

#[tokio::test]
async fn a_dead_bus_delays_and_loses_nothing() {
    let folder = Arc::new(TempDir::new().unwrap());
    let rig = Rig::beside(
        folder,
        Arc::new(DeadBus),
        |store| store,
        |config| {
            config.ping_every = Duration::from_millis(300);
        },
    )
    .await;
    let mut alice = rig.person_in("alice", LOBBY).await;
    let mut bob = rig.person_in("bob", LOBBY).await;
    for number in 1..=5 {
        alice.talk(LOBBY, &format!("m{number}")).await;
    }
    let ping = bob
        .wait_for("ping", |ping| ping["heads"][0]["seq"] == 5)
        .await;
    assert_eq!(ping["sum"], "5");
    for seq in 1..=5 {
        assert_eq!(bob.wait("push").await["msg"]["seq"], seq);
    }
}

/// A bus that says everything twice, in the wrong order, and of conversations
/// that nobody knows.
struct ConfusedBus(LocalBus);

impl Bus for ConfusedBus {
    fn announce(&self, conversation: &ConversationId, seq: Seq) {
        self.0.announce(&ConversationId::room("nowhere"), Seq(9));
        self.0.announce(conversation, seq);
        self.0.announce(conversation, Seq(seq.0.saturating_sub(1)));
        self.0.announce(conversation, seq);
    }

    fn listen(&self) -> Box<dyn Listener> {
        self.0.listen()
    }
}

#[tokio::test]
async fn hints_that_are_doubled_late_or_of_nothing_change_nothing() {
    let folder = Arc::new(TempDir::new().unwrap());
    let bus = Arc::new(ConfusedBus(LocalBus::new()));
    let rig = Rig::beside(folder, bus, |store| store, |_| {}).await;
    let mut alice = rig.person_in("alice", LOBBY).await;
    let mut bob = rig.person_in("bob", LOBBY).await;
    for number in 1..=50 {
        alice.talk(LOBBY, &format!("m{number}")).await;
    }
    bob.wait_for("push", |frame| frame["msg"]["seq"] == 50)
        .await;
    let pushed = bob.so_far("push").await;
    let places: Vec<_> = pushed
        .iter()
        .map(|frame| frame["msg"]["seq"].as_u64().unwrap())
        .collect();
    assert_eq!(places, (1..=49).collect::<Vec<_>>());
}

#[tokio::test]
async fn pings_say_which_heads_changed_and_the_sum_of_all() {
    let rig = Rig::with(|config| config.ping_every = Duration::from_secs(1)).await;
    let mut alice = rig.person_in("alice", LOBBY).await;
    alice.talk(LOBBY, "one").await;
    alice.talk(LOBBY, "two").await;
    let mut bob = rig.person("bob").await;
    bob.open("room:other").await;
    bob.open(LOBBY).await;
    bob.talk("room:other", "x").await;
    let ping = bob.wait_for("ping", |ping| ping["sum"] == "3").await;
    assert_eq!(ping["heads"], json!([{"conv": "room:other", "seq": 1}]));
    let ping = bob.wait("ping").await;
    assert_eq!((&ping["heads"], &ping["sum"]), (&json!([]), &json!("3")));
    // Alice has not been listening, and is not here any more.
    let mut carol = rig.person_in("carol", LOBBY).await;
    carol.talk(LOBBY, "three").await;
    bob.say(json!({"t": "ping"})).await;
    let pong = bob.wait("pong").await;
    assert_eq!(pong["heads"], json!([{"conv": LOBBY, "seq": 3}]));
    assert_eq!(pong["sum"], "4");
}

/// A link whose reader takes little at a time.
async fn narrow(rig: &Rig, name: &str) -> Peer {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(32 * 1024).unwrap();
    let stream = socket.connect(rig.address).await.unwrap();
    let ticket = rig.client().bearing(name).ticket().await;
    let mut peer = rig.client().dial_on(stream).await.unwrap();
    peer.hello(&ticket).await;
    peer.welcome = peer.next().await;
    peer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_does_not_read_is_closed_and_catches_up_with_nothing_lost() {
    let rig = Rig::with(|config| config.stall = Duration::from_millis(400)).await;
    let mut alice = rig.person_in("alice", LOBBY).await;
    let mut reader = rig.person_in("reader", LOBBY).await;
    let mut slow = narrow(&rig, "slow").await;
    slow.open(LOBBY).await;
    // More than the buffers on the way hold.
    let long = "x".repeat(30_000);
    let count = 400;
    let talking = tokio::spawn(async move {
        for _ in 0..count {
            alice.post(LOBBY, &new_cid(), words(&long)).await;
            alice.wait("push").await;
        }
        alice
    });
    reader
        .wait_for("push", |frame| frame["msg"]["seq"] == count)
        .await;
    talking.await.unwrap();
    // It reads again once it is being closed.
    let counted = "parlance_closes_total{code=\"4001\"} 1";
    soon("the closing", async {
        while !figures(&rig).await.contains(counted) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let closed = slow.closed().await;
    assert_eq!(closed, (4001, String::new()));
    let heard: Vec<_> = slow
        .kept
        .iter()
        .filter(|frame| frame["t"] == "push")
        .collect();
    let heard = heard
        .last()
        .map_or(0, |frame| frame["msg"]["seq"].as_u64().unwrap());
    assert!(heard < count, "it heard all {count}");
    let mut back = rig.person_in("slow", LOBBY).await;
    let mut cursor = heard;
    while cursor < count {
        let page = back
            .fill(json!({"conv": LOBBY, "after": cursor, "limit": 200}))
            .await;
        assert_eq!(page["from"], cursor + 1);
        let to = page["to"].as_u64().unwrap();
        assert_eq!(seqs(&page), (cursor + 1..=to).collect::<Vec<_>>());
        cursor = to;
    }
}

async fn figures(rig: &Rig) -> String {
    String::from_utf8(rig.client().get("/metrics").await.body).unwrap()
}

#[tokio::test]
async fn the_end_says_goodbye_to_everybody_and_is_quick() {
    let rig = Rig::start().await;
    let mut peers = Vec::new();
    for number in 0..50 {
        peers.push(rig.person_in(&format!("p{number}"), LOBBY).await);
    }
    let mut stranger = rig.client().dial().await.unwrap();
    let address = rig.address;
    let asked = std::time::Instant::now();
    let end = rig.end();
    for peer in &mut peers {
        assert_eq!(peer.closed().await, (1012, String::new()));
        let bye = peer.wait("bye").await;
        assert!(bye["retry_ms"].as_u64().unwrap() >= 1);
    }
    soon("the end", end).await.unwrap();
    assert!(
        asked.elapsed() < Duration::from_secs(3),
        "{:?}",
        asked.elapsed()
    );
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
    assert_eq!(stranger.closed().await.0, 1012);
}

#[tokio::test]
async fn an_end_with_a_reader_that_does_not_read_is_still_quick() {
    let rig = Rig::start().await;
    let mut alice = rig.person_in("alice", LOBBY).await;
    let mut slow = narrow(&rig, "slow").await;
    slow.open(LOBBY).await;
    let long = "x".repeat(30_000);
    for _ in 0..300 {
        alice.post(LOBBY, &new_cid(), words(&long)).await;
        alice.wait("push").await;
    }
    let asked = std::time::Instant::now();
    rig.stop().await;
    assert!(
        asked.elapsed() < Duration::from_secs(3),
        "{:?}",
        asked.elapsed()
    );
}

/// A store that fails where a test wants it to.
struct Faulty {
    store: Arc<dyn Store>,
    full: Arc<AtomicBool>,
}

impl Faulty {
    fn trip(&self, conversation: &ConversationId) {
        if conversation.to_string() == "room:boom" {
            // A panic that says nothing: who reads what a test run printed
            // looks for those that nobody wanted.
            std::panic::resume_unwind(Box::new("as the test wants it"));
        }
    }
}

impl Store for Faulty {
    fn epoch(&self) -> &Epoch {
        self.store.epoch()
    }

    fn append(&self, draft: Draft) -> Answer<'_, Appended> {
        if self.full.load(Ordering::SeqCst) {
            let full = StoreError::Unavailable("the disk is full".to_owned());
            return async { Err(full) }.boxed();
        }
        self.store.append(draft)
    }

    fn page(&self, conversation: ConversationId, part: Part, limit: u32) -> Answer<'_, Page> {
        if self.full.load(Ordering::SeqCst) {
            let full = StoreError::Unavailable("the disk is gone".to_owned());
            return async { Err(full) }.boxed();
        }
        self.store.page(conversation, part, limit)
    }

    fn place(&self, conversation: ConversationId, id: String) -> Answer<'_, Option<Seq>> {
        self.store.place(conversation, id)
    }

    fn recall(&self, conversation: ConversationId, recall: Recall) -> Answer<'_, Recalled> {
        self.store.recall(conversation, recall)
    }

    fn recalled(&self, conversation: ConversationId, after: Seq) -> Answer<'_, Vec<Message>> {
        self.store.recalled(conversation, after)
    }

    fn head(&self, conversation: ConversationId) -> Answer<'_, Seq> {
        self.store.head(conversation)
    }

    fn heads(&self, uid: Uid) -> Answer<'_, Vec<(ConversationId, Seq)>> {
        self.store.heads(uid)
    }

    fn summaries(&self, uid: Uid, limit: u32) -> Answer<'_, Vec<Summary>> {
        self.store.summaries(uid, limit)
    }

    fn summary(&self, uid: Uid, conversation: ConversationId) -> Answer<'_, Option<Summary>> {
        self.store.summary(uid, conversation)
    }

    fn join(&self, uid: Uid, conversation: ConversationId) -> Answer<'_, bool> {
        self.trip(&conversation);
        self.store.join(uid, conversation)
    }

    fn is_member(&self, uid: Uid, conversation: ConversationId) -> Answer<'_, bool> {
        self.store.is_member(uid, conversation)
    }

    fn members(&self, conversation: ConversationId, limit: u32) -> Answer<'_, Vec<Person>> {
        self.store.members(conversation, limit)
    }

    fn readers(&self, conversation: ConversationId, limit: u32) -> Answer<'_, Vec<(Uid, Seq)>> {
        self.store.readers(conversation, limit)
    }

    fn read(&self, uid: Uid, conversation: ConversationId, seq: Seq) -> Answer<'_, Option<Seq>> {
        self.store.read(uid, conversation, seq)
    }

    fn put_person(&self, person: Person) -> Answer<'_, ()> {
        self.store.put_person(person)
    }

    fn person(&self, uid: Uid) -> Answer<'_, Option<Person>> {
        self.store.person(uid)
    }

    fn number(&self, uid: Uid) -> Answer<'_, u64> {
        self.store.number(uid)
    }

    fn numbered(&self, number: u64) -> Answer<'_, Option<Uid>> {
        self.store.numbered(number)
    }

    fn owed(&self, uid: Uid, way: &'static str) -> Answer<'_, Vec<(ConversationId, Seq, Seq)>> {
        self.store.owed(uid, way)
    }

    fn hand(
        &self,
        uid: Uid,
        way: &'static str,
        upto: Vec<(ConversationId, Seq)>,
    ) -> Answer<'_, ()> {
        self.store.hand(uid, way, upto)
    }

    fn seen(&self, uid: Uid, at: Millis) -> Answer<'_, ()> {
        self.store.seen(uid, at)
    }

    fn add_guest(&self, person: Person, secret: SecretHash) -> Answer<'_, ()> {
        self.store.add_guest(person, secret)
    }

    fn guest(&self, secret: SecretHash) -> Answer<'_, Option<Person>> {
        self.store.guest(secret)
    }

    fn forget_guest(&self, secret: SecretHash) -> Answer<'_, ()> {
        self.store.forget_guest(secret)
    }

    fn bar(&self, bar: Bar) -> Answer<'_, ()> {
        self.store.bar(bar)
    }

    fn unbar(&self, uid: Uid) -> Answer<'_, ()> {
        self.store.unbar(uid)
    }

    fn standing(&self, uid: Uid, token: Option<SecretHash>) -> Answer<'_, Standing> {
        self.store.standing(uid, token)
    }

    fn check(&self) -> Answer<'_, ()> {
        if self.full.load(Ordering::SeqCst) {
            let full = StoreError::Unavailable("the disk is full".to_owned());
            return async { Err(full) }.boxed();
        }
        self.store.check()
    }
}

async fn faulty() -> (Rig, Arc<AtomicBool>) {
    let full = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&full);
    let folder = Arc::new(TempDir::new().unwrap());
    let bus = Arc::new(LocalBus::new());
    let wrap = move |store| Arc::new(Faulty { store, full }) as Arc<dyn Store>;
    let rig = Rig::beside(folder, bus, wrap, |config| config.linger = Duration::ZERO).await;
    (rig, switch)
}

#[tokio::test]
async fn a_panic_ends_one_link_and_no_other() {
    let (rig, _) = faulty().await;
    let mut alice = rig.person_in("alice", LOBBY).await;
    let mut mallory = rig.person_in("mallory", LOBBY).await;
    mallory.say(json!({"t": "open", "conv": "room:boom"})).await;
    assert_eq!(mallory.closed().await.0, 4006);
    let went = alice.wait("went").await;
    assert_eq!(went["uid"], "mallory", "and is cleared away");
    assert_eq!(alice.talk(LOBBY, "still here").await, 1);
    assert_eq!(rig.client().get("/healthz").await.status, 200);
}

#[tokio::test]
async fn a_full_disk_is_a_refusal_that_may_be_tried_again() {
    let (rig, full) = faulty().await;
    let mut alice = rig.person_in("alice", LOBBY).await;
    alice.talk(LOBBY, "before").await;
    full.store(true, Ordering::SeqCst);
    let cid = new_cid();
    let nack = alice.send(LOBBY, &cid, words("during")).await;
    assert_eq!(
        (&nack["t"], &nack["code"]),
        (&json!("nack"), &json!("unavailable"))
    );
    assert!(nack["retry_ms"].as_u64().unwrap() > 0);
    let gone = alice.fill(json!({"conv": LOBBY})).await;
    assert_eq!(gone["t"], "gone");
    assert!(gone["retry_ms"].as_u64().unwrap() > 0);
    assert_eq!(rig.client().get("/healthz").await.status, 503);
    full.store(false, Ordering::SeqCst);
    let ack = alice.send(LOBBY, &cid, words("during")).await;
    assert_eq!((&ack["t"], &ack["seq"]), (&json!("ack"), &json!(2)));
    assert!(ack.get("dup").is_none());
    assert_eq!(rig.client().get("/healthz").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_in_a_full_room_reads_everything_in_order() {
    let rig = Rig::start().await;
    let mut alice = rig.person_in("alice", LOBBY).await;
    let mut readers = Vec::new();
    for number in 0..100 {
        readers.push(rig.person_in(&format!("r{number}"), LOBBY).await);
    }
    let began = std::time::Instant::now();
    for number in 0..100 {
        alice
            .post(LOBBY, &new_cid(), words(&format!("m{number}")))
            .await;
    }
    let reading = readers.into_iter().map(|mut reader| {
        tokio::spawn(async move {
            for seq in 1..=100 {
                assert_eq!(reader.wait("push").await["msg"]["seq"], seq);
            }
        })
    });
    for reader in reading.collect::<Vec<_>>() {
        reader.await.unwrap();
    }
    println!("100 messages to 100 readers: {:?}", began.elapsed());
}
