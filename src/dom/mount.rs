//! The root: what Leptos mounts is one element of ours.
//!
//! Knows not what is in it.

use leptos::mount::{UnmountHandle, mount_to_renderer};
use leptos::reactive::owner::Owner;
use leptos::tachys::view::{Mountable, Render};
use web_sys::{Element, HtmlElement, Node};

use super::El;

/// What is in the document as long as this lives, with everything that it
/// listens to and follows.
pub struct Mounted(UnmountHandle<Root>);

impl Mounted {
    /// Stays as long as the page.
    pub fn forget(self) {
        self.0.forget();
    }
}

/// Draws this at the end of `parent`.
pub fn mount(parent: &HtmlElement, draw: impl FnOnce() -> El + 'static) -> Mounted {
    Mounted(mount_to_renderer(parent, || View(Box::new(draw))))
}

struct View(Box<dyn FnOnce() -> El>);

struct Root {
    element: Element,
    owner: Owner,
}

impl Render for View {
    type State = Root;

    fn build(self) -> Root {
        let owner = Owner::new();
        let element = owner.with(self.0).node();
        Root { element, owner }
    }

    /// A root is drawn once.
    fn rebuild(self, _: &mut Root) {}
}

impl Mountable for Root {
    fn unmount(&mut self) {
        self.element.remove();
        self.owner.cleanup();
    }

    fn mount(&mut self, parent: &Element, marker: Option<&Node>) {
        // Fails where the parent takes no children: then there is no page.
        let _ = parent.insert_before(&self.element, marker);
    }

    fn insert_before_this(&self, child: &mut dyn Mountable) -> bool {
        let parent = self.element.parent_element();
        if let Some(parent) = &parent {
            child.mount(parent, Some(&self.element));
        }
        parent.is_some()
    }

    fn elements(&self) -> Vec<Element> {
        vec![self.element.clone()]
    }
}
