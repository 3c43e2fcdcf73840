//! A client that behaves like the page, because everything that it decides is
//! decided by the page's core: a session, and around it the least that carries
//! out what it says. One timer, one inbox, storage in memory that keeps what
//! it is told.
//!
//! Knows nothing of what the session does. It runs on one of the fleet's
//! threads; whoever holds a [`Pilot`] speaks with it through messages.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use parlance_core::content::Content;
use parlance_core::dialect::native::{Native, NativeConfig};
use parlance_core::ids::{ConversationId, ItemKey, LinkId};
use parlance_core::outbox::{Stored, Turn, Write};
use parlance_core::session::Oddity;
use parlance_core::time::{Instant, UnixMillis};
use parlance_core::timeline::{Delivery, Row};
use parlance_core::wire::Wire;
use parlance_core::{
    Command, Event, Input, LinkEvent, Output, PageState, Session, Setup, Status, Target,
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{oneshot, watch};

use super::fleet::{Book, What};
use super::link::{self, Link, Path};
use crate::rig::soon;

/// A deadline that is still past after a wake is asked about again, but not in
/// a loop that never gives the others their turn.
const PAST_DEADLINE: Duration = Duration::from_millis(20);

/// Who flies, and from where.
pub(crate) struct Flight {
    pub(crate) path: Path,
    /// The credential: a bare name, or a signed token.
    pub(crate) token: String,
    /// The room that is shown.
    pub(crate) room: String,
    pub(crate) seed: u64,
    /// What the wire does to frames on their way in; `None`: nothing.
    pub(crate) wire: Option<Arc<Meddler>>,
}

/// Sees every frame before the session does: gives it back, changed or not, or
/// `None` when it is lost.
pub(crate) type Meddler = dyn Fn(String) -> Option<String> + Send + Sync;

/// What can be seen of a pilot at any time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct View {
    pub(crate) status: Status,
    /// Rows of its room, gaps among them.
    pub(crate) rows: usize,
    /// Whether something that was said is not proved yet.
    pub(crate) unsent: bool,
}

/// What a pilot shows of its room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    /// The words in their order, with their numbers once known.
    pub(crate) texts: Vec<(Option<u64>, String)>,
    /// Holes among them.
    pub(crate) gaps: usize,
    holes: Vec<ItemKey>,
    /// How far each of its own has got, in words.
    pub(crate) own: Vec<(String, &'static str)>,
    /// What of its own is not on the server any more.
    pub(crate) missing: Vec<(ItemKey, String)>,
}

impl Shown {
    pub(crate) fn words(&self) -> Vec<&str> {
        self.texts.iter().map(|(_, text)| text.as_str()).collect()
    }
}

/// One client, seen from a test.
pub(crate) struct Pilot {
    room: ConversationId,
    orders: UnboundedSender<Order>,
    pub(crate) view: watch::Receiver<View>,
}

pub(super) enum Order {
    Do(Command),
    Say(ConversationId, String),
    Look(Box<dyn FnOnce(&Session) + Send>),
    /// What has been counted so far.
    Counted(oneshot::Sender<BTreeMap<Oddity, u32>>),
    /// Runs no more until it is told to, as a page that the system has frozen
    /// without a word.
    Freeze(bool),
}

impl Pilot {
    /// The handle, and what its task needs.
    pub(super) fn new(room: &str) -> (Self, UnboundedReceiver<Order>, watch::Sender<View>) {
        let (orders, taken) = unbounded_channel();
        let (shows, view) = watch::channel(View {
            status: Status::Idle,
            rows: 0,
            unsent: false,
        });
        let room = ConversationId::room(room);
        let pilot = Self { room, orders, view };
        (pilot, taken, shows)
    }

    fn order(&self, order: Order) {
        assert!(
            self.orders.send(order).is_ok(),
            "the pilot's task has ended"
        );
    }

    pub(crate) fn command(&self, command: Command) {
        self.order(Order::Do(command));
    }

    /// Says a row of its room again that is not on the server.
    pub(crate) fn retry(&self, key: ItemKey) {
        self.command(Command::Retry(self.room.clone(), key));
    }

    /// Gives it up.
    pub(crate) fn delete(&self, key: ItemKey) {
        self.command(Command::Delete(self.room.clone(), key));
    }

    /// Says this in its room.
    pub(crate) fn say(&self, text: impl Into<String>) {
        self.order(Order::Say(self.room.clone(), text.into()));
    }

    pub(crate) fn freeze(&self, frozen: bool) {
        self.order(Order::Freeze(frozen));
    }

    /// Waits until it looks as wanted.
    pub(crate) async fn until(&self, what: &str, wanted: impl Fn(&View) -> bool) -> View {
        let mut view = self.view.clone();
        let seen = soon(what, view.wait_for(|view| wanted(view))).await;
        *seen.unwrap()
    }

    pub(crate) async fn online(&self) -> View {
        let online = |view: &View| view.status == Status::Online;
        self.until("a pilot online", online).await
    }

    /// What it shows of its room now.
    pub(crate) async fn shown(&self) -> Shown {
        let room = self.room.clone();
        self.look(move |session| shown(session, &room)).await
    }

    /// What it shows once it has read its room back to the first message:
    /// at least so many.
    pub(crate) async fn whole_log(&self, least: usize) -> Shown {
        loop {
            let before = *self.view.borrow();
            let shown = self.shown().await;
            let from_the_first = shown.texts.first().is_none_or(|(seq, _)| *seq == Some(1));
            if from_the_first && shown.gaps == 0 && shown.texts.len() >= least {
                return shown;
            }
            if !from_the_first {
                self.command(Command::LoadOlder(self.room.clone()));
            }
            for hole in shown.holes {
                self.command(Command::LoadGap(self.room.clone(), hole));
            }
            self.until("more of the log", |view| *view != before).await;
        }
    }

    /// What its session has counted as odd.
    pub(crate) async fn counted(&self) -> BTreeMap<Oddity, u32> {
        let (answer, answered) = oneshot::channel();
        self.order(Order::Counted(answer));
        soon("a pilot's counts", answered).await.unwrap()
    }

    async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Session) -> T + Send + 'static,
    ) -> T {
        let (answer, answered) = oneshot::channel();
        self.order(Order::Look(Box::new(move |session| {
            let _ = answer.send(look(session));
        })));
        soon("a look at a pilot", answered).await.unwrap()
    }
}

fn shown(session: &Session, room: &ConversationId) -> Shown {
    let mut shown = Shown::default();
    let Some(conversation) = session.conversation(room) else {
        return shown;
    };
    for row in conversation.timeline.rows() {
        let item = match row {
            Row::Message(item) => item,
            Row::Gap(gap) => {
                shown.gaps += 1;
                shown.holes.push(gap.key);
                continue;
            }
        };
        let text = if let Content::Text(text) = &item.content {
            text.clone()
        } else {
            format!("{:?}", item.content)
        };
        if let Some(delivery) = &item.delivery {
            shown.own.push((text.clone(), delivery.word()));
            if let Delivery::Missing(_) = delivery {
                shown.missing.push((item.key, text.clone()));
            }
        }
        shown.texts.push((item.seq.map(|seq| seq.0), text));
    }
    shown
}

/// Flies until the pilot is dropped.
pub(super) async fn fly(
    flight: Flight,
    book: Book,
    mut orders: UnboundedReceiver<Order>,
    shows: watch::Sender<View>,
) {
    let room = ConversationId::room(flight.room.clone());
    let dialect = Native::new(NativeConfig {
        link: format!("ws://{}/ws", flight.path.server),
        api: format!("{}/", flight.path.origin()),
        token: Some(flight.token),
    });
    let setup = Setup {
        dialect: Box::new(dialect),
        target: Target::Room(flight.room),
        last_known: None,
        seed: flight.seed,
    };
    let (happens, mut happened) = unbounded_channel();
    let mut cockpit = Cockpit {
        session: Session::new(book.now(), setup),
        book,
        path: flight.path,
        wire: flight.wire,
        happens,
        links: Vec::new(),
        kept: Rc::default(),
        counted: BTreeMap::new(),
    };
    let mut frozen = false;
    cockpit.feed(Input::Command(Command::Start));
    loop {
        let view = View {
            status: cockpit.session.status(),
            rows: cockpit
                .session
                .conversation(&room)
                .map_or(0, |conversation| conversation.timeline.rows().len()),
            unsent: !cockpit.session.outbox().is_empty(),
        };
        shows.send_if_modified(|shown| std::mem::replace(shown, view) != view);
        let now = cockpit.book.now();
        let wait = match cockpit.session.wake_at() {
            Some(at) => at.since(now).max(PAST_DEADLINE),
            None => Duration::from_secs(3600),
        };
        let input = tokio::select! {
            order = orders.recv() => match order {
                None => return,
                Some(Order::Freeze(wanted)) => {
                    frozen = wanted;
                    continue;
                }
                Some(Order::Do(command)) => Input::Command(command),
                Some(Order::Say(conversation, text)) => {
                    Input::Command(Command::Say(conversation, Content::Text(text), wall()))
                }
                Some(Order::Look(look)) => {
                    look(&cockpit.session);
                    continue;
                }
                Some(Order::Counted(answer)) => {
                    let _ = answer.send(cockpit.counted.clone());
                    continue;
                }
            },
            Some(input) = happened.recv(), if !frozen => input,
            () = tokio::time::sleep(wait), if !frozen => Input::Wake(PageState::SHOWN),
        };
        cockpit.feed(input);
    }
}

struct Cockpit {
    session: Session,
    book: Book,
    path: Path,
    wire: Option<Arc<Meddler>>,
    happens: UnboundedSender<Input>,
    links: Vec<(LinkId, Link)>,
    kept: Rc<RefCell<BTreeMap<String, String>>>,
    counted: BTreeMap<Oddity, u32>,
}

impl Cockpit {
    /// One input, all outputs.
    fn feed(&mut self, input: Input) {
        let input = match (input, &self.wire) {
            (Input::Link(link, LinkEvent::Received(Wire::Text(text))), Some(meddler)) => {
                match meddler(text) {
                    Some(text) => Input::Link(link, LinkEvent::Received(Wire::Text(text))),
                    None => return,
                }
            }
            (input, _) => input,
        };
        let was = self.session.status();
        self.session.handle(self.book.now(), input);
        while let Some(output) = self.session.poll() {
            self.carry_out(output);
        }
        let is = self.session.status();
        if was != is {
            match (was, is) {
                (_, Status::Online) => self.book.note(What::Online),
                (Status::Online, _) => self.book.note(What::Lost),
                (_, _) => {}
            }
        }
    }

    fn carry_out(&mut self, output: Output) {
        let happens = self.happens.clone();
        // An error means that the pilot has landed meanwhile.
        match output {
            Output::Open(link, address) => {
                self.book.note(What::Dialled);
                let opened = Link::open(self.path, address, move |event| {
                    let _ = happens.send(Input::Link(link, event));
                });
                self.links.push((link, opened));
            }
            Output::Transmit(link, wire) => {
                if let Some((_, link)) = self.links.iter().find(|(it, _)| *it == link) {
                    link.send(wire);
                }
            }
            Output::Close(link, code, reason) => {
                if let Some(at) = self.links.iter().position(|(it, _)| *it == link) {
                    self.links.swap_remove(at).1.close(code, reason);
                }
            }
            Output::Request(id, request) => {
                if request.url.ends_with("api/ticket") {
                    self.book.note(What::Asked);
                }
                let path = self.path;
                tokio::task::spawn_local(async move {
                    let result = link::request(path, request).await;
                    let _ = happens.send(Input::Http(id, result));
                });
            }
            Output::Load(uid) => {
                let unsent = self.kept.borrow().values().cloned().collect();
                let stored = Stored {
                    unsent,
                    unfinished: Vec::new(),
                };
                let _ = happens.send(Input::Loaded(uid, wall(), Ok(stored)));
            }
            Output::Save(id, write) => {
                let mut kept = self.kept.borrow_mut();
                match write {
                    Write::Keep(_, record) => {
                        kept.insert(record.client_id.as_str().to_owned(), record.value);
                    }
                    Write::Forget(_, client_id) => {
                        kept.remove(client_id.as_str());
                    }
                    Write::Wipe(_) => kept.clear(),
                    Write::Unfinished(..) => {}
                }
                let _ = happens.send(Input::Saved(id, Ok(())));
            }
            Output::Take(take) => {
                // A pilot is the only page of its device.
                let cid = take.client_id.as_str().to_owned();
                let mut kept = self.kept.borrow_mut();
                let before = kept.get(&cid).cloned();
                if let (true, Some(note)) = (before.is_some(), take.note) {
                    kept.insert(cid, note);
                }
                let _ = happens.send(Input::Took(take.client_id, Ok(Turn::Mine(before))));
            }
            Output::Share(_) => {}
            Output::Event(Event::Counted(oddity, _)) => {
                *self.counted.entry(oddity).or_default() += 1;
            }
            Output::Event(_) => {}
        }
    }
}

/// What the device's clock says.
fn wall() -> UnixMillis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    UnixMillis(i64::try_from(since.as_millis()).unwrap())
}

/// The time since `start` as the core counts it.
pub(super) fn core_time(start: std::time::Instant) -> Instant {
    let millis = start.elapsed().as_millis();
    Instant::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
}

/// Whether this is proved, in the word that a page shows.
pub(crate) fn is_proved(word: &str) -> bool {
    [Delivery::Sent, Delivery::Read]
        .iter()
        .any(|delivery| delivery.word() == word)
}
