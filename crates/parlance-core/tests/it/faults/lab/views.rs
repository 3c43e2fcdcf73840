//! What there is to see of a page and its session.
//!
//! Changes nothing.

use parlance_core::ids::ConversationId;
use parlance_core::time::UnixMillis;
use parlance_core::timeline::{Item, Row};
use parlance_core::{Session, Status};

use super::{Backend, Lab};

impl<B: Backend> Lab<B> {
    pub(crate) fn wall(&self) -> UnixMillis {
        UnixMillis(self.wall + self.now.cast_signed())
    }

    pub(crate) fn status(&self) -> Option<Status> {
        self.session.as_ref().map(Session::status)
    }

    /// Who it was last, for the next page on this device.
    pub(crate) fn known_as(&mut self, me: Option<&'static str>) {
        self.launch.me = me;
    }

    pub(crate) fn is_running(&self) -> bool {
        self.running && self.session.is_some()
    }

    pub(crate) fn is_online(&self) -> bool {
        self.status() == Some(Status::Online)
    }

    pub(crate) fn session(&self) -> &Session {
        self.session.as_ref().expect("the page is open")
    }

    pub(crate) fn rows(&self, id: &ConversationId) -> &[Row] {
        self.rows.get(id).map_or(&[], Vec::as_slice)
    }

    /// The messages on show.
    pub(crate) fn items(&self) -> Vec<&Item> {
        let rows = self.rows(&self.launch.conversation).iter();
        rows.filter_map(|row| match row {
            Row::Message(item) => Some(&**item),
            Row::Gap(_) => None,
        })
        .collect()
    }

    pub(crate) fn gaps(&self) -> usize {
        let rows = self.rows(&self.launch.conversation).iter();
        rows.filter(|row| matches!(row, Row::Gap(_))).count()
    }

    /// How many numbers the gap rows stand for.
    pub(crate) fn missing(&self) -> u64 {
        let rows = self.rows(&self.launch.conversation).iter();
        let missing = rows.map(|row| match row {
            Row::Gap(gap) => gap.last.0 - gap.first.0 + 1,
            Row::Message(_) => 0,
        });
        missing.sum()
    }

    /// The delivery word of what the person said.
    pub(crate) fn delivery_of(&self, text: &str) -> Option<&'static str> {
        let items = self.items();
        let found = items.iter().find(|item| item.content.text() == text)?;
        found.delivery.as_ref().map(|delivery| delivery.word())
    }

    /// How many unsent messages wait.
    pub(crate) fn unsent(&self) -> usize {
        self.session().outbox().entries().count()
    }
}
