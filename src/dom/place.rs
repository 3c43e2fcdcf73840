//! A part of an element that is drawn anew when what it shows changes.
//!
//! Stands between two empty texts, so that what is drawn may be any number of
//! elements, and places of their own among them. Each drawing has an owner,
//! which goes with it. Knows not what is drawn.

use leptos::reactive::owner::Owner;
use web_sys::Node;

use super::{El, append, document, follow};

/// Where something is drawn.
pub struct Place {
    begin: Node,
    end: Node,
    owner: Owner,
}

/// What is drawn there.
trait Draw {
    /// Whether it has to be drawn anew.
    fn differs(&mut self) -> bool;
    fn draw(&mut self, place: &Place);
}

struct Always<D>(D);

impl<D: FnMut(&Place)> Draw for Always<D> {
    fn differs(&mut self) -> bool {
        true
    }

    fn draw(&mut self, place: &Place) {
        self.0(place);
    }
}

struct When<T, O, D> {
    of: O,
    draw: D,
    drawn: Option<T>,
}

impl<T: PartialEq, O: FnMut() -> T, D: FnMut(&T, &Place)> Draw for When<T, O, D> {
    fn differs(&mut self) -> bool {
        let wanted = Some((self.of)());
        let differs = self.drawn != wanted;
        self.drawn = wanted;
        differs
    }

    fn draw(&mut self, place: &Place) {
        if let Some(wanted) = &self.drawn {
            (self.draw)(wanted, place);
        }
    }
}

impl El {
    /// A part that is drawn now, and anew whenever a signal changes that was
    /// read while drawing it.
    pub fn part(self, draw: impl FnMut(&Place) + 'static) -> Self {
        self.place(Box::new(Always(draw)))
    }

    /// A part that is drawn now, and anew whenever `of` comes out differently:
    /// `of` alone says what it depends on.
    pub fn switch<T: PartialEq + 'static>(
        self,
        of: impl FnMut() -> T + 'static,
        draw: impl FnMut(&T, &Place) + 'static,
    ) -> Self {
        self.place(Box::new(When {
            of,
            draw,
            drawn: None,
        }))
    }

    fn place(self, mut what: Box<dyn Draw>) -> Self {
        let place = Place::new(&self.node());
        follow(move || {
            if what.differs() {
                place.clear();
                place.owner.with(|| what.draw(&place));
            }
        });
        self
    }
}

impl Place {
    fn new(parent: &Node) -> Self {
        let mark = || {
            let mark = Node::from(document().create_text_node(""));
            append(parent, &mark);
            mark
        };
        Self {
            begin: mark(),
            end: mark(),
            // Not the effect's own owner: that one forgets with every run.
            owner: Owner::new(),
        }
    }

    /// One more element, behind those that are there.
    pub fn add(&self, element: El) {
        if let Some(parent) = self.end.parent_node() {
            // Cannot fail: the mark is where it was put.
            let _ = parent.insert_before(&element.0, Some(&self.end));
        }
    }

    /// The same, if there is one.
    pub fn add_if(&self, element: Option<El>) {
        if let Some(element) = element {
            self.add(element);
        }
    }

    fn clear(&self) {
        self.owner.cleanup();
        while let Some(node) = self.begin.next_sibling()
            && !node.is_same_node(Some(&self.end))
            && let Some(parent) = node.parent_node()
        {
            // Cannot fail: it is the parent's child.
            let _ = parent.remove_child(&node);
        }
    }
}
