//! Elements, drawn once and changed in place: what every component is made of.
//!
//! One type for every element and one for every part that changes, so that
//! the program holds this machinery once. A view whose type spells out what is
//! inside it brings a copy of the machinery for each: half of the download.
//! Leptos gives signals, effects and owners; what it would draw is drawn here.
//!
//! What it guarantees:
//!
//! * Text goes in as text: there is no way to hand over markup.
//! * Names of elements and attributes are written in the source (`'static`),
//!   and never those that run code or take an address ([`takes_text`]).
//! * An address is set by [`El::address`] alone, which takes one that was
//!   checked.
//! * A listener, an effect and whatever is [kept](keep) go with the owner under
//!   which they were made.
//!
//! Knows no component, no model and no word of the page.

use wasm_bindgen::JsCast;
use web_sys::{Document, Element, Event, HtmlElement, Node};

use self::address::Address;

pub mod address;
mod erased;
mod listen;
mod mount;
pub mod pattern;
mod place;
mod reactive;
mod rows;

pub use listen::{Listener, listen};
pub use mount::{Mounted, mount};
pub use place::Place;
pub use reactive::{follow, keep, on_cleanup, soon};
pub use rows::{Entry, Rows};

const XHTML: &str = "http://www.w3.org/1999/xhtml";
const SVG: &str = "http://www.w3.org/2000/svg";

thread_local! {
    static DOCUMENT: Document = match web_sys::window().and_then(|window| window.document()) {
        Some(document) => document,
        None => panic!("there is no document"),
    };
}

/// The page's document.
///
/// # Panics
/// Where there is none: nothing here can be done without one.
pub fn document() -> Document {
    DOCUMENT.with(Document::clone)
}

/// An element that is being made, or that a [`live`](El::live) part of it
/// changes.
#[derive(Clone)]
pub struct El(Element);

/// An element as a selector would find it: `button.tool.wide[type=button]`.
/// The tag, classes, attributes; an attribute without `=` is empty.
///
/// # Panics
/// When that is no selector of this kind: a mistake of the program.
pub fn el(selector: &'static str) -> El {
    let (head, attributes) = selector.split_once('[').unwrap_or((selector, ""));
    let (tag, classes) = head.split_once('.').unwrap_or((head, ""));
    let namespace = if matches!(tag, "svg" | "path") {
        SVG
    } else {
        XHTML
    };
    let Ok(element) = document().create_element_ns(Some(namespace), tag) else {
        panic!("no element: {selector}");
    };
    if !classes.is_empty() {
        write(&element, "class", &classes.replace('.', " "));
    }
    for attribute in attributes.split_terminator('[') {
        let attribute = attribute.trim_end_matches(']');
        let (name, value) = attribute.split_once('=').unwrap_or((attribute, ""));
        debug_assert!(!runs_code(name), "{selector}");
        write(&element, name, value);
    }
    El(element)
}

impl El {
    /// This attribute. Refused where the name is not one that takes text.
    pub fn attr(self, name: &'static str, value: &str) -> Self {
        debug_assert!(takes_text(name), "{name} does not take text");
        if takes_text(name) {
            write(&self.0, name, value);
        }
        self
    }

    /// This attribute, if there is a value.
    pub fn attr_if(self, name: &'static str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.attr(name, value),
            None => self,
        }
    }

    /// This address as `href`, `src` or `poster`.
    pub fn address(self, name: &'static str, address: &Address) -> Self {
        write(&self.0, name, address.href());
        self
    }

    /// This property of its style.
    pub fn style(self, property: &'static str, value: &str) -> Self {
        let style = self.0.unchecked_ref::<HtmlElement>().style();
        // A property that the engine refuses leaves the style sheet's.
        let _ = style.set_property(property, value);
        self
    }

    /// This text, behind what is in it.
    pub fn text(self, text: &str) -> Self {
        append(&self.0, &document().create_text_node(text));
        self
    }

    /// This element, behind what is in it.
    pub fn child(self, child: Self) -> Self {
        append(&self.0, &child.0);
        self
    }

    /// The same, if there is one.
    pub fn child_if(self, child: Option<Self>) -> Self {
        match child {
            Some(child) => self.child(child),
            None => self,
        }
    }

    /// Hears of these events, their names with a space between, for as long as
    /// the present owner lives.
    pub fn on(self, names: &'static str, act: impl FnMut(Event) + 'static) -> Self {
        listen(&self.0, names, act);
        self
    }

    /// Does this now, and again whenever a signal changes that it has read.
    pub fn live(self, mut act: impl FnMut(&Self) + 'static) -> Self {
        let element = self.clone();
        follow(move || act(&element));
        self
    }

    /// Changes this attribute; `None` takes it away. Nothing is touched that is
    /// as it should be.
    pub fn put<'a>(&self, name: &'static str, value: impl Into<Option<&'a str>>) {
        self.put_value(name, value.into());
    }

    fn put_value(&self, name: &'static str, value: Option<&str>) {
        debug_assert!(takes_text(name), "{name} does not take text");
        if self.0.get_attribute(name).as_deref() == value || !takes_text(name) {
            return;
        }
        match value {
            Some(value) => write(&self.0, name, value),
            // Cannot fail: the name is a name.
            None => drop(self.0.remove_attribute(name)),
        }
    }

    /// Changes this attribute to `true` or `false`.
    pub fn put_word(&self, name: &'static str, is: bool) {
        self.put(name, word(is));
    }

    /// Changes its text, which is all that is in it.
    pub fn say(&self, text: &str) {
        if self.0.text_content().as_deref().unwrap_or_default() != text {
            self.0.set_text_content(Some(text));
        }
    }

    /// The element itself, as what it was made as.
    pub fn node<T: JsCast>(&self) -> T {
        self.0.clone().unchecked_into()
    }
}

/// How an attribute says yes or no.
pub fn word(is: bool) -> &'static str {
    if is { "true" } else { "false" }
}

/// Whether an attribute of this name may be given any text: it neither runs
/// code nor is asked for, and it does not style past the style sheets.
pub fn takes_text(name: &str) -> bool {
    const ADDRESSES: [&str; 13] = [
        "href",
        "src",
        "srcset",
        "poster",
        "action",
        "formaction",
        "data",
        "xlink:href",
        "ping",
        "background",
        "manifest",
        "codebase",
        "style",
    ];
    !runs_code(name) && !ADDRESSES.contains(&name)
}

/// Handlers as text, documents as text; the properties that make HTML of text
/// are no attributes, and are named for whoever takes them for such.
fn runs_code(name: &str) -> bool {
    name.starts_with("on") || matches!(name, "srcdoc" | "innerHTML" | "outerHTML")
}

fn write(element: &Element, name: &str, value: &str) {
    // Cannot fail: the name is a name.
    let _ = element.set_attribute(name, value);
}

fn append(to: &Node, child: &Node) {
    // Cannot fail: what is made here has no place yet, and takes children.
    let _ = to.append_child(child);
}
