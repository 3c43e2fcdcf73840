//! What the person does, and what the page goes through.

use super::*;
use parlance_core::ids::{ItemKey, Seq};

impl Rig {
    pub(crate) fn start(&mut self) {
        self.command(Command::Start);
    }

    /// Says it in the lobby.
    pub(crate) fn say(&mut self, text: &str) {
        self.say_in(&lobby(), text);
    }

    pub(crate) fn say_in(&mut self, id: &ConversationId, text: &str) {
        let at = self.wall();
        let content = Content::Text(text.to_owned());
        self.command(Command::Say(id.clone(), content, at));
    }

    pub(crate) fn retry(&mut self, text: &str) {
        let (id, key) = self.row_saying(text);
        self.command(Command::Retry(id, key));
    }

    pub(crate) fn edit(&mut self, text: &str, to: &str) {
        let (id, key) = self.row_saying(text);
        self.command(Command::Edit(id, key, Content::Text(to.to_owned())));
    }

    pub(crate) fn delete(&mut self, text: &str) {
        let (id, key) = self.row_saying(text);
        self.command(Command::Delete(id, key));
    }

    pub(crate) fn load_older(&mut self) {
        self.command(Command::LoadOlder(lobby()));
    }

    /// Opens the first gap row of the lobby.
    pub(crate) fn load_gap(&mut self) {
        let gap = self.rows(&lobby()).into_iter().find_map(|row| match row {
            Row::Gap(gap) => Some(gap.key),
            Row::Message(_) => None,
        });
        let key = gap.expect("there is no gap row");
        self.command(Command::LoadGap(lobby(), key));
    }

    pub(crate) fn has_seen(&mut self, seq: u64) {
        self.command(Command::Seen(lobby(), Seq(seq)));
    }

    pub(crate) fn opens(&mut self, id: &ConversationId) {
        self.command(Command::Open(id.clone()));
    }

    pub(crate) fn joins_as(&mut self, name: &str) {
        self.command(Command::Join(name.to_owned()));
    }

    // ---- the page -------------------------------------------------------------

    pub(crate) fn page_event(&mut self, event: PageEvent) {
        self.feed(Input::Page(event, self.page));
    }

    pub(crate) fn hides(&mut self) {
        self.page.visible = false;
        self.page_event(PageEvent::VisibilityChanged);
    }

    pub(crate) fn shows(&mut self) {
        self.page.visible = true;
        self.page_event(PageEvent::VisibilityChanged);
    }

    pub(crate) fn device_offline(&mut self) {
        self.page.online = false;
        self.page_event(PageEvent::Offline);
    }

    pub(crate) fn device_online(&mut self) {
        self.page.online = true;
        self.page_event(PageEvent::Online);
    }

    /// `pagehide`: the document says hidden then.
    pub(crate) fn leaves_page(&mut self) {
        self.page.visible = false;
        self.page_event(PageEvent::PageHide);
    }

    /// Out of the back/forward cache.
    pub(crate) fn comes_out_of_cache(&mut self) {
        self.page.visible = true;
        self.page_event(PageEvent::PageShow { persisted: true });
    }

    fn row_saying(&self, text: &str) -> (ConversationId, ItemKey) {
        for (id, rows) in &self.copies {
            for row in rows {
                if let Row::Message(item) = row
                    && item.content.text() == text
                {
                    return (id.clone(), item.key);
                }
            }
        }
        panic!("no row says {text:?}");
    }
}
