//! What the person does, and what the page goes through.
//!
//! Knows nothing of what follows from it.

use parlance_core::content::Content;
use parlance_core::ids::ItemKey;
use parlance_core::timeline::Row;
use parlance_core::{Command, Input, PageEvent};

use super::{Backend, Lab};

impl<B: Backend> Lab<B> {
    /// Says this.
    pub(crate) fn says(&mut self, text: &str) {
        self.said.push(text.to_owned());
        let content = Content::Text(text.to_owned());
        let id = self.launch.conversation.clone();
        let wall = self.wall();
        self.feed(Input::Command(Command::Say(id, content, wall)));
    }

    pub(crate) fn retries(&mut self, text: &str) {
        let key = self.key_of(text);
        let id = self.launch.conversation.clone();
        self.feed(Input::Command(Command::Retry(id, key)));
    }

    /// Gives it up.
    pub(crate) fn deletes(&mut self, text: &str) {
        let key = self.key_of(text);
        self.waived.insert(text.to_owned());
        let id = self.launch.conversation.clone();
        self.feed(Input::Command(Command::Delete(id, key)));
    }

    /// Asks for everything that is older or missing, until nothing is.
    pub(crate) fn reads_everything(&mut self) {
        let id = self.launch.conversation.clone();
        for _ in 0..400 {
            let gap = self.rows(&id).iter().find_map(|row| match row {
                Row::Gap(gap) => Some(gap.key),
                Row::Message(_) => None,
            });
            match gap {
                Some(key) => self.feed(Input::Command(Command::LoadGap(id.clone(), key))),
                None if self.seen.history.oldest_known => return,
                None => self.feed(Input::Command(Command::LoadOlder(id.clone()))),
            }
            self.pass(300);
        }
    }

    /// Other words for one that was refused.
    pub(crate) fn edits(&mut self, text: &str, other: &str) {
        let key = self.key_of(text);
        self.waived.insert(text.to_owned());
        // In its place.
        for said in self.said.iter_mut().filter(|said| *said == text) {
            other.clone_into(said);
        }
        let id = self.launch.conversation.clone();
        let content = Content::Text(other.to_owned());
        self.feed(Input::Command(Command::Edit(id, key, content)));
    }

    /// Does not finish saying it.
    pub(crate) fn drafts(&mut self, text: &str) {
        let id = self.launch.conversation.clone();
        self.feed(Input::Command(Command::Draft(id, text.to_owned())));
    }

    /// What the page showed may be missing from now on: the person left, or
    /// the log is another one.
    pub(crate) fn waives_everything(&mut self) {
        self.waived.extend(self.said.iter().cloned());
        self.promised.clear();
        self.seen.ticked.clear();
    }

    fn key_of(&self, text: &str) -> ItemKey {
        let items = self.items();
        let found = items.iter().find(|item| item.content.text() == text);
        let found = found.unwrap_or_else(|| panic!("no row says {text:?}"));
        found.key
    }

    pub(crate) fn page_event(&mut self, event: PageEvent) {
        if self.running {
            let page = self.page;
            self.feed(Input::Page(event, page));
        }
    }

    pub(crate) fn hides(&mut self) {
        self.page.visible = false;
        self.page_event(PageEvent::VisibilityChanged);
    }

    /// Nothing runs any more; what comes waits.
    pub(crate) fn freezes(&mut self) {
        self.running = false;
    }

    /// It runs again: the event first, then what has waited, then timers.
    pub(crate) fn thaws(&mut self, event: Option<PageEvent>) {
        self.running = true;
        if let Some(event) = event {
            self.page_event(event);
        }
        let now = self.now;
        for due in std::mem::take(&mut self.parked) {
            self.due.push_back((now, due));
        }
    }
}
