//! Rows that are kept in step with what they should be: what stays is not
//! drawn again and, where that can be, not moved, so that a video goes on
//! playing and whoever reads keeps the focus.
//!
//! Knows no key's meaning: only whether two are the same.

use leptos::reactive::owner::Owner;
use web_sys::{Element, HtmlElement};

use super::erased::{Make, MakeOne};
use super::{El, follow};

/// The rows in an element that holds nothing else.
pub struct Rows {
    container: Element,
    owner: Owner,
    drawn: Vec<Row>,
    /// Of rows that went: a parent never forgets a child, so they are used again.
    spare: Vec<Owner>,
}

struct Row {
    element: HtmlElement,
    owner: Owner,
}

/// One entry of a list.
pub struct Entry {
    key: String,
    draw: Box<dyn Make>,
}

impl Entry {
    /// An entry with this key, which tells it from the others; one that
    /// changes what is in its key is drawn anew.
    pub fn new(key: String, draw: impl Fn() -> El + 'static) -> Self {
        Self {
            key,
            draw: Box::new(draw),
        }
    }
}

impl El {
    /// Holds these entries, and nothing else.
    pub fn list(self, entries: impl FnMut() -> Vec<Entry> + 'static) -> Self {
        self.list_boxed(Box::new(entries))
    }

    fn list_boxed(self, mut entries: Box<dyn FnMut() -> Vec<Entry>>) -> Self {
        let mut rows = Rows::new(self.node());
        let mut keys: Vec<String> = Vec::new();
        follow(move || {
            let (wanted, draws): (Vec<_>, Vec<_>) = entries()
                .into_iter()
                .map(|entry| (entry.key, entry.draw))
                .unzip();
            rows.step(&wanted, &keys, |index| draws[index].make());
            keys = wanted;
        });
        self
    }
}

/// For each key that is wanted the place where it is drawn.
fn places<K: PartialEq>(wanted: &[K], drawn: &[K]) -> Vec<Option<usize>> {
    let mut taken = vec![false; drawn.len()];
    let mut next = 0;
    wanted
        .iter()
        .map(|key| {
            // Mostly they follow each other as before.
            let found = (next..drawn.len())
                .chain(0..next)
                .find(|at| !taken[*at] && drawn[*at] == *key);
            if let Some(at) = found {
                taken[at] = true;
                next = at + 1;
            }
            found
        })
        .collect()
}

impl Rows {
    /// None yet. Rows see the contexts of whoever makes this.
    pub fn new(container: Element) -> Self {
        Self {
            container,
            owner: Owner::new(),
            drawn: Vec::new(),
            spare: Vec::new(),
        }
    }

    /// The rows, from the top.
    pub fn drawn(&self) -> impl DoubleEndedIterator<Item = &HtmlElement> + ExactSizeIterator {
        self.drawn.iter().map(|row| &row.element)
    }

    /// Draws the rows with these keys and no others; `drawn` are the keys of
    /// those that are there. Whether anything changed.
    pub fn step<K: PartialEq>(
        &mut self,
        wanted: &[K],
        drawn: &[K],
        mut build: impl FnMut(usize) -> El,
    ) -> bool {
        let changed = wanted != drawn;
        if changed {
            self.draw(&places(wanted, drawn), &mut build);
        }
        changed
    }

    /// Draws `places`: each a row that is there, by its place, or one to build.
    fn draw(&mut self, places: &[Option<usize>], build: &mut dyn MakeOne) {
        let stays = longest_rise(places);
        let mut before: Vec<Option<Row>> = self.drawn.drain(..).map(Some).collect();
        let mut rows = Vec::with_capacity(places.len());
        for (index, place) in places.iter().enumerate() {
            let stay = place.and_then(|place| before.get_mut(place)?.take());
            rows.push(stay.unwrap_or_else(|| self.build(index, build)));
        }
        for row in before.into_iter().flatten() {
            self.discard(row);
        }
        // From the end, where each knows what comes behind it.
        let mut behind: Option<&HtmlElement> = None;
        for (index, row) in rows.iter().enumerate().rev() {
            if !stays.get(index).copied().unwrap_or_default() {
                let behind = behind.map(|behind| behind.as_ref());
                // Cannot fail: what is behind it is in the container.
                let _ = self.container.insert_before(&row.element, behind);
            }
            behind = Some(&row.element);
        }
        self.drawn = rows;
    }

    fn build(&mut self, index: usize, build: &mut dyn MakeOne) -> Row {
        let owner = self.spare.pop().unwrap_or_else(|| self.owner.child());
        let element = owner.with(|| build.make_one(index)).node();
        Row { element, owner }
    }

    fn discard(&mut self, row: Row) {
        row.element.remove();
        row.owner.cleanup();
        self.spare.push(row.owner);
    }
}

/// Which of these may stay where they are: the most that stand in their old
/// order already.
fn longest_rise(places: &[Option<usize>]) -> Vec<bool> {
    // `ends[n]`: where the lowest rise of n + 1 ends; `before`: what it came from.
    let mut ends: Vec<usize> = Vec::new();
    let mut before = vec![None; places.len()];
    for (index, place) in places.iter().enumerate() {
        if place.is_some() {
            let length = ends.partition_point(|end| places[*end] < *place);
            before[index] = length.checked_sub(1).map(|last| ends[last]);
            match ends.get_mut(length) {
                Some(end) => *end = index,
                None => ends.push(index),
            }
        }
    }
    let mut stays = vec![false; places.len()];
    let mut at = ends.last().copied();
    while let Some(index) = at {
        stays[index] = true;
        at = before[index];
    }
    stays
}
