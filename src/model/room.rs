//! One conversation's signals: its rows, which of them are drawn, where the
//! reader is, and who is there.
//!
//! Replays the core's [`Change`]s and nothing else; knows no document. Heights
//! and the reader's place are kept here, not in the component that measures
//! them, so that leaving a conversation and coming back finds them again.

use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::rc::Rc;

use parlance_core::content::Content;
use parlance_core::frame::Person;
use parlance_core::ids::{ConversationId, ItemKey, Seq};
use parlance_core::session::{Conversation, HistoryState};
use parlance_core::time::UnixMillis;
use parlance_core::timeline::{Change, Delivery, Item, Origin, Row, Side};
use parlance_core::viewport::{Place, Viewport};

use super::announce::Said;
use super::line::Line;
use super::live::Live;
use crate::driver::upload::{Stage, Upload};

/// What a row that was never drawn is taken to measure.
const ROW_ESTIMATE: f64 = 56.0;

/// One conversation. An address: copy it freely. What it leads to stays as
/// long as the page; its rows go when it is cleared.
#[derive(Clone, Copy)]
pub struct Room(&'static Signals);

struct Signals {
    id: ConversationId,
    rows: Live<Vec<Slot>>,
    newer: Live<u64>,
    follows: Live<bool>,
    history: Live<HistoryState>,
    people: Live<Vec<Person>>,
    typists: Live<Vec<Person>>,
    draft: Live<String>,
    given_back: Live<Option<String>>,
    editing: Live<Option<ItemKey>>,
    uploads: Live<Vec<Rc<Upload>>>,
    viewport: RefCell<Viewport>,
    window: RefCell<Range<usize>>,
    place: Cell<Place>,
    read: Cell<Option<Seq>>,
    /// Just opened, and nothing has been read or said since: what is unread
    /// now was unread before.
    fresh: Cell<bool>,
    seen: Cell<Seq>,
}

/// A row by its key: an edit touches this one signal.
#[derive(Clone)]
pub struct Slot {
    /// Stable for the row's life.
    pub key: ItemKey,
    /// The row as it stands.
    pub line: Rc<Live<Line>>,
}

impl Room {
    /// A conversation of which nothing is known yet.
    pub(super) fn new(id: ConversationId) -> Self {
        Self(Box::leak(Box::new(Signals {
            id,
            rows: Live::new(Vec::new()),
            newer: Live::new(0),
            follows: Live::new(true),
            history: Live::new(HistoryState::default()),
            people: Live::new(Vec::new()),
            typists: Live::new(Vec::new()),
            draft: Live::new(String::new()),
            given_back: Live::new(None),
            editing: Live::new(None),
            uploads: Live::new(Vec::new()),
            viewport: RefCell::new(Viewport::new(ROW_ESTIMATE)),
            window: RefCell::new(0..0),
            place: Cell::new(Place::END),
            read: Cell::new(None),
            fresh: Cell::new(true),
            seen: Cell::new(Seq(0)),
        })))
    }

    /// Which conversation.
    pub fn id(self) -> &'static ConversationId {
        &self.0.id
    }

    /// Every row, in order.
    pub fn rows(self) -> &'static Live<Vec<Slot>> {
        &self.0.rows
    }

    /// How many messages of others came while the reader was further up.
    pub fn newer(self) -> &'static Live<u64> {
        &self.0.newer
    }

    /// Whether new rows are followed: the reader is at the end.
    pub fn follows(self) -> &'static Live<bool> {
        &self.0.follows
    }

    /// What is known of the log's beginning and end.
    pub fn history(self) -> &'static Live<HistoryState> {
        &self.0.history
    }

    /// Everybody there.
    pub fn people(self) -> &'static Live<Vec<Person>> {
        &self.0.people
    }

    /// Who is typing there now.
    pub fn typists(self) -> &'static Live<Vec<Person>> {
        &self.0.typists
    }

    /// The unfinished text that the composer begins with.
    pub fn draft(self) -> &'static Live<String> {
        &self.0.draft
    }

    /// A text that was not taken.
    pub fn given_back(self) -> &'static Live<Option<String>> {
        &self.0.given_back
    }

    /// The failed message whose words are being changed.
    pub fn editing(self) -> &'static Live<Option<ItemKey>> {
        &self.0.editing
    }

    /// The pictures on their way to the server, in the order of their turn.
    pub fn uploads(self) -> &'static Live<Vec<Rc<Upload>>> {
        &self.0.uploads
    }

    /// When the newest row was said.
    pub fn newest_at(self) -> Option<UnixMillis> {
        let at = |slot: &Slot| slot.line.glance().item().and_then(|item| item.at);
        self.0.rows.glance().iter().rev().find_map(at)
    }

    /// Where the reader is.
    pub fn place(self) -> Place {
        self.0.place.get()
    }

    /// Where the row with this key is.
    pub fn index_of(self, key: ItemKey) -> Option<usize> {
        self.0.rows.glance().iter().position(|slot| slot.key == key)
    }

    /// The sequence number of the row with this key.
    pub fn seq_of(self, key: ItemKey) -> Option<Seq> {
        let index = self.index_of(key)?;
        let rows = self.0.rows.glance();
        let line = rows.get(index)?.line.glance();
        line.item()?.seq
    }

    /// Asks the rows' heights.
    pub fn with_viewport<T>(self, ask: impl FnOnce(&Viewport) -> T) -> T {
        ask(&self.0.viewport.borrow())
    }

    /// The row at this place was drawn so high.
    pub fn measured(self, index: usize, height: f64) {
        self.0.viewport.borrow_mut().measure(index, height);
    }

    /// The width or the font changed: what was measured is void.
    pub fn remeasure(self) {
        self.0.viewport.borrow_mut().forget();
    }

    /// What to draw when `seen` pixels are seen from `top` on; and `kept`, the
    /// row that has the focus, wherever it is.
    pub fn window(self, top: f64, seen: f64, kept: Option<ItemKey>) -> Vec<Slot> {
        let before = self.0.window.borrow().clone();
        let window = self.0.viewport.borrow().window(top, seen, Some(before));
        self.0.window.replace(window.clone());
        let kept = kept
            .and_then(|key| self.index_of(key))
            .filter(|index| !window.contains(index));
        let rows = self.0.rows.glance();
        let mut slots = Vec::new();
        let at = |index: Option<usize>| index.and_then(|index| rows.get(index)).cloned();
        slots.extend(at(kept.filter(|index| *index < window.start)));
        slots.extend_from_slice(rows.get(window.clone()).unwrap_or_default());
        slots.extend(at(kept.filter(|index| *index >= window.end)));
        slots
    }

    /// The reader is here now.
    pub fn went_to(self, place: Place) {
        self.0.place.set(place);
        let follows = place.follows();
        if self.0.follows.get_untracked() != follows {
            self.0.follows.set(follows);
        }
        if follows && self.0.newer.get_untracked() != 0 {
            self.0.newer.set(0);
        }
    }

    /// Notes that everything up to here was seen. Whether that is news.
    pub fn saw(self, seq: Seq) -> bool {
        let news = seq > self.0.seen.get();
        if news {
            self.0.seen.set(seq);
        }
        self.0.fresh.set(false);
        news
    }

    /// Keeps the unfinished text for when the composer comes back.
    pub fn keep_draft(self, text: String) {
        self.0.draft.set_value(text);
    }

    /// The composer has taken the text back.
    pub fn took_back(self) {
        self.0.given_back.set(None);
    }

    /// Changes the words of this message, or of none.
    pub fn edit(self, key: Option<ItemKey>) {
        self.0.editing.set(key);
    }

    /// A picture is to go to the server.
    pub fn attach(self, upload: Upload) {
        self.0.uploads.update(|all| all.push(Rc::new(upload)));
    }

    /// It has got so far.
    pub fn upload_at(self, upload: &Upload, stage: Stage) {
        self.0.uploads.update(|_| upload.reach(stage));
    }

    /// It is there, or nobody wants it there. Whatever it still does ends.
    pub fn detach(self, key: &str) {
        self.0.uploads.update(|all| {
            let at = all.iter().position(|it| it.key() == key);
            // Who still draws it must not hold its request.
            if let Some(at) = at {
                all.remove(at).reach(Stage::Waiting);
            }
        });
    }

    /// Replays changes; gives what a screen reader is to be told of them.
    pub(super) fn replay(self, changes: Vec<Change>) -> Vec<Said> {
        let mut said = Vec::new();
        let mut newer = 0;
        let mut missing = 0;
        let mut mine = false;
        let mut touched = Touched::default();
        let mut moved = false;
        self.0.rows.maybe_update(|rows| {
            let viewport = &mut *self.0.viewport.borrow_mut();
            for change in changes {
                moved |= !matches!(change, Change::Update(..));
                match change {
                    Change::Insert(index, row, origin) => {
                        let index = index.min(rows.len());
                        match origin {
                            Origin::Live => {
                                newer += u64::from(is_theirs(&row));
                                said.extend(tell(&row));
                            }
                            Origin::Mine => mine = true,
                            Origin::History => missing += u64::from(is_missing(&row)),
                        }
                        rows.insert(index, Slot::new(row));
                        viewport.insert(index);
                        touched.insert(index);
                    }
                    Change::Update(index, row) => {
                        if let Some(slot) = rows.get(index) {
                            slot.line.update(|line| line.replace_row(row));
                            touched.add(index);
                        }
                    }
                    Change::Move(from, to) => {
                        if from < rows.len() {
                            let slot = rows.remove(from);
                            let to = to.min(rows.len());
                            rows.insert(to, slot);
                            viewport.shift(from, to);
                            touched.add(from.min(to));
                            touched.add(from.max(to));
                        }
                    }
                    Change::Remove(index) => {
                        if index < rows.len() {
                            rows.remove(index);
                            viewport.remove(index);
                            touched.remove(index);
                        }
                    }
                    Change::Reset(new) => {
                        reset(rows, new);
                        viewport.reset(rows.len());
                        touched = Touched::default();
                        touched.add(0);
                        touched.add(rows.len());
                    }
                }
            }
            place_between(rows, touched, self.0.read.get());
            moved
        });
        if missing > 0 {
            said.push(Said::Missing(missing));
        }
        if mine || newer > 0 {
            self.0.fresh.set(false);
        }
        if mine {
            self.went_to(Place::END);
        } else if newer > 0 && self.place().follows() {
            self.0.place.set(Place::END);
        } else if newer > 0 {
            self.0.newer.update(|count| *count += newer);
        }
        said
    }

    pub(super) fn on_history(self, history: HistoryState) {
        self.0.history.set(history);
    }

    pub(super) fn on_people(self, people: Vec<Person>) {
        self.0.people.set(people);
    }

    pub(super) fn on_typists(self, typists: Vec<Person>) {
        self.0.typists.set(typists);
    }

    pub(super) fn on_draft(self, text: String) {
        self.0.draft.set(text);
    }

    pub(super) fn on_given_back(self, text: String) {
        self.0.given_back.set(Some(text));
    }

    /// Draws the unread line where it is now, and leaves it there until the
    /// conversation is opened again.
    pub(super) fn mark_unread(self, conversation: &Conversation) {
        let unmarked = self.0.fresh.get() && self.0.read.get().is_none();
        if unmarked && conversation.unread > 0 && conversation.read > Seq(0) {
            self.set_read(Some(conversation.read));
        }
    }

    /// It is opened again: the line of the last time has done its work.
    pub(super) fn forget_unread(self) {
        self.0.fresh.set(true);
        if self.0.read.get().is_some() {
            self.set_read(None);
        }
    }

    pub(super) fn clear(self) {
        self.0.rows.set(Vec::new());
        self.0.draft.set(String::new());
        self.0.people.set(Vec::new());
        self.0.uploads.set(Vec::new());
    }

    fn set_read(self, read: Option<Seq>) {
        self.0.read.set(read);
        let rows = self.0.rows.glance();
        let mut touched = Touched::default();
        touched.add(0);
        touched.add(rows.len());
        place_between(&rows, touched, read);
    }
}

/// These rows instead; one that stays keeps its signal: it may be drawn.
fn reset(rows: &mut Vec<Slot>, new: Vec<Row>) {
    let before = std::mem::take(rows);
    // Keys are given in turn: a row that is newer than all of them is new.
    let newest = before.iter().map(|slot| slot.key).max();
    let mut next = 0;
    rows.extend(new.into_iter().map(|row| {
        let key = row.key();
        // Mostly they follow each other as before.
        let known = (newest >= Some(key))
            .then(|| {
                let places = (next..before.len()).chain(0..next);
                places.into_iter().find(|at| before[*at].key == key)
            })
            .flatten();
        match known {
            Some(at) => {
                next = at + 1;
                let slot = before[at].clone();
                slot.line.update(|line| line.replace_row(row));
                slot
            }
            None => Slot::new(row),
        }
    }));
}

impl Slot {
    fn new(row: Row) -> Self {
        Self {
            key: row.key(),
            line: Rc::new(Live::new(Line::new(row))),
        }
    }
}

/// The range of rows that a batch of changes touched.
#[derive(Clone, Copy, Default)]
struct Touched(Option<(usize, usize)>);

impl Touched {
    fn add(&mut self, index: usize) {
        let (first, last) = self.0.unwrap_or((index, index));
        self.0 = Some((first.min(index), last.max(index)));
    }

    fn insert(&mut self, index: usize) {
        if let Some((first, last)) = &mut self.0 {
            *first += usize::from(*first >= index);
            *last += usize::from(*last >= index);
        }
        self.add(index);
    }

    fn remove(&mut self, index: usize) {
        if let Some((first, last)) = &mut self.0 {
            *first -= usize::from(*first > index);
            *last -= usize::from(*last > index);
        }
        self.add(index);
    }
}

/// Tells the touched rows and their neighbours what surrounds them now.
fn place_between(rows: &[Slot], touched: Touched, read: Option<Seq>) {
    let Some((first, last)) = touched.0 else {
        return;
    };
    let last = (last + 2).min(rows.len());
    for index in first.saturating_sub(1)..last {
        let glance = |index: usize| rows.get(index).map(|slot| slot.line.glance());
        let above = index.checked_sub(1).and_then(glance);
        let below = glance(index + 1);
        let line = &rows[index].line;
        let between = line
            .glance()
            .between(above.as_deref(), below.as_deref(), read);
        line.maybe_update(|line| line.is_now(between));
    }
}

fn is_theirs(row: &Row) -> bool {
    matches!(row, Row::Message(item) if item.side != Side::Mine)
}

fn is_missing(row: &Row) -> bool {
    matches!(row, Row::Message(item) if matches!(item.delivery, Some(Delivery::Missing(_))))
}

fn tell(row: &Row) -> Option<Said> {
    let Row::Message(item) = row else {
        return None;
    };
    let Item {
        side: Side::Theirs | Side::System,
        ..
    } = **item
    else {
        return None;
    };
    Some(Said::Message {
        author: item.author.as_ref().map(|author| author.name.clone()),
        kind: item.content.kind(),
        text: Content::text(&item.content).to_owned(),
    })
}
