//! One conversation's signals: its rows, which of them are drawn, where the
//! reader is, and who is there.
//!
//! Replays the core's [`Change`]s and nothing else; knows no document. Heights
//! and the reader's place are kept here, not in the component that measures
//! them, so that leaving a conversation and coming back finds them again.

use std::collections::BTreeMap;
use std::ops::Range;

use super::live::{ArcLive, Follow, Live};
use parlance_core::content::Content;
use parlance_core::frame::Person;
use parlance_core::ids::{ConversationId, ItemKey, Seq};
use parlance_core::session::{Conversation, HistoryState};
use parlance_core::time::UnixMillis;
use parlance_core::timeline::{Change, Item, Origin, Row, Side};
use parlance_core::viewport::{Place, Viewport};

use super::announce::Said;
use super::line::Line;

/// What a row that was never drawn is taken to measure.
const ROW_ESTIMATE: f64 = 56.0;

/// One conversation. A handful of numbers: copy it freely.
#[derive(Clone, Copy)]
pub struct Room {
    id: Live<ConversationId>,
    rows: Live<Vec<Slot>>,
    newer: Live<u64>,
    follows: Live<bool>,
    history: Live<HistoryState>,
    people: Live<Vec<Person>>,
    typists: Live<Vec<Person>>,
    draft: Live<String>,
    given_back: Live<Option<String>>,
    editing: Live<Option<ItemKey>>,
    viewport: Live<Viewport>,
    window: Live<Range<usize>>,
    place: Live<Place>,
    read: Live<Option<Seq>>,
    /// Just opened, and nothing has been read or said since: what is unread
    /// now was unread before.
    fresh: Live<bool>,
    seen: Live<Seq>,
}

/// A row by its key: an edit touches this one signal.
#[derive(Clone)]
pub struct Slot {
    /// Stable for the row's life.
    pub key: ItemKey,
    /// The row as it stands.
    pub line: ArcLive<Line>,
}

impl Room {
    /// A conversation of which nothing is known yet.
    pub(super) fn new(id: ConversationId) -> Self {
        Self {
            id: Live::new(id),
            rows: Live::new(Vec::new()),
            newer: Live::new(0),
            follows: Live::new(true),
            history: Live::new(HistoryState::default()),
            people: Live::new(Vec::new()),
            typists: Live::new(Vec::new()),
            draft: Live::new(String::new()),
            given_back: Live::new(None),
            editing: Live::new(None),
            viewport: Live::new(Viewport::new(ROW_ESTIMATE)),
            window: Live::new(0..0),
            place: Live::new(Place::END),
            read: Live::new(None),
            fresh: Live::new(true),
            seen: Live::new(Seq(0)),
        }
    }

    /// Which conversation.
    pub fn id(self) -> ConversationId {
        self.id.get_untracked()
    }

    /// Every row, in order.
    pub fn rows(self) -> Follow<Vec<Slot>> {
        self.rows.read_only()
    }

    /// How many messages of others came while the reader was further up.
    pub fn newer(self) -> Follow<u64> {
        self.newer.read_only()
    }

    /// Whether new rows are followed: the reader is at the end.
    pub fn follows(self) -> Follow<bool> {
        self.follows.read_only()
    }

    /// What is known of the log's beginning and end.
    pub fn history(self) -> Follow<HistoryState> {
        self.history.read_only()
    }

    /// Everybody there.
    pub fn people(self) -> Follow<Vec<Person>> {
        self.people.read_only()
    }

    /// Who is typing there now.
    pub fn typists(self) -> Follow<Vec<Person>> {
        self.typists.read_only()
    }

    /// The unfinished text that the composer begins with.
    pub fn draft(self) -> Follow<String> {
        self.draft.read_only()
    }

    /// A text that was not taken.
    pub fn given_back(self) -> Follow<Option<String>> {
        self.given_back.read_only()
    }

    /// The failed message whose words are being changed.
    pub fn editing(self) -> Follow<Option<ItemKey>> {
        self.editing.read_only()
    }

    /// When the newest row was said.
    pub fn newest_at(self) -> Option<UnixMillis> {
        self.rows.with_untracked(|rows| {
            let at = |slot: &Slot| {
                slot.line
                    .with_untracked(|line| line.item().and_then(|item| item.at))
            };
            rows.iter().rev().find_map(at)
        })
    }

    /// Where the reader is.
    pub fn place(self) -> Place {
        self.place.get_untracked()
    }

    /// Where the row with this key is.
    pub fn index_of(self, key: ItemKey) -> Option<usize> {
        self.rows
            .with_untracked(|rows| rows.iter().position(|slot| slot.key == key))
    }

    /// The sequence number of the row with this key.
    pub fn seq_of(self, key: ItemKey) -> Option<Seq> {
        let index = self.index_of(key)?;
        self.rows.with_untracked(|rows| {
            let line = rows.get(index)?.line.clone();
            line.with_untracked(|line| line.item()?.seq)
        })
    }

    /// Asks the rows' heights.
    pub fn with_viewport<T>(self, ask: impl FnOnce(&Viewport) -> T) -> T {
        self.viewport.with_untracked(ask)
    }

    /// The row at this place was drawn so high.
    pub fn measured(self, index: usize, height: f64) {
        self.viewport
            .update_value(|viewport| viewport.measure(index, height));
    }

    /// The width or the font changed: what was measured is void.
    pub fn remeasure(self) {
        self.viewport.update_value(Viewport::forget);
    }

    /// What to draw when `seen` pixels are seen from `top` on; and `kept`, the
    /// row that has the focus, wherever it is.
    pub fn window(self, top: f64, seen: f64, kept: Option<ItemKey>) -> Vec<Slot> {
        let window = self.viewport.with_untracked(|viewport| {
            viewport.window(top, seen, Some(self.window.get_untracked()))
        });
        self.window.set_value(window.clone());
        let kept = kept
            .and_then(|key| self.index_of(key))
            .filter(|index| !window.contains(index));
        self.rows.with_untracked(|rows| {
            let slots = rows.get(window.clone()).unwrap_or_default().iter();
            let above = kept.filter(|index| *index < window.start);
            let below = kept.filter(|index| *index >= window.end);
            let at = |index: Option<usize>| index.and_then(|index| rows.get(index));
            at(above)
                .into_iter()
                .chain(slots)
                .chain(at(below))
                .cloned()
                .collect()
        })
    }

    /// The reader is here now.
    pub fn went_to(self, place: Place) {
        self.place.set_value(place);
        let follows = place.follows();
        if self.follows.get_untracked() != follows {
            self.follows.set(follows);
        }
        if follows && self.newer.get_untracked() != 0 {
            self.newer.set(0);
        }
    }

    /// Notes that everything up to here was seen. Whether that is news.
    pub fn saw(self, seq: Seq) -> bool {
        let news = seq > self.seen.get_untracked();
        if news {
            self.seen.set_value(seq);
        }
        self.fresh.set_value(false);
        news
    }

    /// Keeps the unfinished text for when the composer comes back.
    pub fn keep_draft(self, text: String) {
        self.draft.set_value(text);
    }

    /// The composer has taken the text back.
    pub fn took_back(self) {
        self.given_back.set(None);
    }

    /// Changes the words of this message, or of none.
    pub fn edit(self, key: Option<ItemKey>) {
        self.editing.set(key);
    }

    /// Replays changes; gives what a screen reader is to be told of them.
    pub(super) fn replay(self, changes: Vec<Change>) -> Vec<Said> {
        let mut said = Vec::new();
        let mut newer = 0;
        let mut mine = false;
        let mut touched = Touched::default();
        let mut moved = false;
        self.rows.maybe_update(|rows| {
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
                            Origin::History => {}
                        }
                        rows.insert(index, Slot::new(row));
                        self.viewport
                            .update_value(|viewport| viewport.insert(index));
                        touched.insert(index);
                    }
                    Change::Update(index, row) => {
                        if let Some(slot) = rows.get(index) {
                            slot.line.update(|line| *line = line.with_row(row));
                            touched.add(index);
                        }
                    }
                    Change::Move(from, to) => {
                        if from < rows.len() {
                            let slot = rows.remove(from);
                            let to = to.min(rows.len());
                            rows.insert(to, slot);
                            self.viewport
                                .update_value(|viewport| viewport.shift(from, to));
                            touched.add(from.min(to));
                            touched.add(from.max(to));
                        }
                    }
                    Change::Remove(index) => {
                        if index < rows.len() {
                            rows.remove(index);
                            self.viewport
                                .update_value(|viewport| viewport.remove(index));
                            touched.remove(index);
                        }
                    }
                    Change::Reset(new) => {
                        // A row that stays keeps its signal: it may be drawn.
                        let before: BTreeMap<_, _> =
                            rows.drain(..).map(|slot| (slot.key, slot)).collect();
                        rows.extend(new.into_iter().map(|row| match before.get(&row.key()) {
                            Some(slot) => {
                                slot.line.update(|line| *line = line.with_row(row));
                                slot.clone()
                            }
                            None => Slot::new(row),
                        }));
                        self.viewport
                            .update_value(|viewport| viewport.reset(rows.len()));
                        touched = Touched::default();
                        touched.add(0);
                        touched.add(rows.len());
                    }
                }
            }
            place_between(rows, touched, self.read.get_untracked());
            moved
        });
        if mine || newer > 0 {
            self.fresh.set_value(false);
        }
        if mine {
            self.went_to(Place::END);
        } else if newer > 0 && self.place().follows() {
            self.place.set_value(Place::END);
        } else if newer > 0 {
            self.newer.update(|count| *count += newer);
        }
        said
    }

    pub(super) fn on_history(self, history: HistoryState) {
        self.history.set(history);
    }

    pub(super) fn on_people(self, people: Vec<Person>) {
        self.people.set(people);
    }

    pub(super) fn on_typists(self, typists: Vec<Person>) {
        self.typists.set(typists);
    }

    pub(super) fn on_draft(self, text: String) {
        self.draft.set(text);
    }

    pub(super) fn on_given_back(self, text: String) {
        self.given_back.set(Some(text));
    }

    /// Draws the unread line where it is now, and leaves it there until the
    /// conversation is opened again.
    pub(super) fn mark_unread(self, conversation: &Conversation) {
        let unmarked = self.fresh.get_untracked() && self.read.get_untracked().is_none();
        if unmarked && conversation.unread > 0 && conversation.read > Seq(0) {
            self.set_read(Some(conversation.read));
        }
    }

    /// It is opened again: the line of the last time has done its work.
    pub(super) fn forget_unread(self) {
        self.fresh.set_value(true);
        if self.read.get_untracked().is_some() {
            self.set_read(None);
        }
    }

    pub(super) fn clear(self) {
        self.rows.set(Vec::new());
        self.draft.set(String::new());
        self.people.set(Vec::new());
    }

    fn set_read(self, read: Option<Seq>) {
        self.read.set_value(read);
        self.rows.with_untracked(|rows| {
            let mut touched = Touched::default();
            touched.add(0);
            touched.add(rows.len());
            place_between(rows, touched, read);
        });
    }
}

impl Slot {
    fn new(row: Row) -> Self {
        Self {
            key: row.key(),
            line: ArcLive::new(Line::new(row)),
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
        let line = &rows[index].line;
        let above = index.checked_sub(1).and_then(|index| rows.get(index));
        let above = above.map(|slot| slot.line.get_untracked());
        let below = rows.get(index + 1).map(|slot| slot.line.get_untracked());
        let placed = line.with_untracked(|line| line.between(above.as_ref(), below.as_ref(), read));
        line.maybe_update(|line| {
            let differs = *line != placed;
            *line = placed;
            differs
        });
    }
}

fn is_theirs(row: &Row) -> bool {
    matches!(row, Row::Message(item) if item.side != Side::Mine)
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
