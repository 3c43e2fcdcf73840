//! What a scenario expects: each verb asserts, and says what was there instead.

use super::picture::frame_word;
use super::*;
use parlance_core::frame::Person;
use parlance_core::session::{Durability, HistoryState};

impl Rig {
    /// The lobby's rows, as a picture.
    #[track_caller]
    pub(crate) fn sees(&self, picture: &str) {
        assert_eq!(self.picture(&lobby()), picture);
    }

    #[track_caller]
    pub(crate) fn sees_in(&self, id: &ConversationId, picture: &str) {
        assert_eq!(self.picture(id), picture);
    }

    #[track_caller]
    pub(crate) fn is(&self, status: Status) {
        assert_eq!(self.session.status(), status, "{}", self.story());
    }

    /// Everything that was sent on this link since last looked.
    #[track_caller]
    pub(crate) fn sends(&mut self, frames: &[&str]) {
        let sent: Vec<String> = self.sent.drain(..).map(|it| frame_word(&it)).collect();
        assert_eq!(sent, frames);
    }

    #[track_caller]
    pub(crate) fn sends_nothing(&mut self) {
        self.sends(&[]);
    }

    pub(crate) fn has_sent(&mut self) -> Vec<String> {
        self.sent.drain(..).map(|it| frame_word(&it)).collect()
    }

    /// The client id under which this text was handed over last.
    #[track_caller]
    pub(crate) fn cid(&self, text: &str) -> String {
        self.cids
            .get(text)
            .unwrap_or_else(|| panic!("{text:?} was never handed over"))
            .clone()
    }

    pub(crate) fn wants_ticket(&self) -> bool {
        self.requests
            .iter()
            .any(|(_, request)| request.url.ends_with("api/ticket"))
    }

    /// Attempts so far.
    pub(crate) fn dials(&self) -> usize {
        self.dialled_at.len()
    }

    pub(crate) fn has_link(&self) -> bool {
        self.socket != Socket::Absent
    }

    pub(crate) fn banner(&self) -> Option<&Banner> {
        self.told.banner.as_ref()
    }

    /// How often this oddity was counted.
    pub(crate) fn counted(&self, oddity: Oddity) -> usize {
        let counted = |event: &&Event| matches!(event, Event::Counted(it, _) if *it == oddity);
        self.events.iter().filter(counted).count()
    }

    pub(crate) fn summary(&self, id: &ConversationId) -> &Summary {
        self.told
            .summaries
            .get(id)
            .unwrap_or_else(|| panic!("{id} is not in the list"))
    }

    #[track_caller]
    pub(crate) fn unread_is(&self, unread: u64) {
        assert_eq!(self.summary(&lobby()).unread, unread);
    }

    pub(crate) fn current(&self) -> Option<&ConversationId> {
        self.told.current.as_ref()
    }

    pub(crate) fn history(&self) -> HistoryState {
        let histories = self.events.iter().rev().find_map(|event| {
            if let Event::History(id, state) = event
                && *id == lobby()
            {
                Some(*state)
            } else {
                None
            }
        });
        histories.unwrap_or_default()
    }

    pub(crate) fn durability(&self) -> Durability {
        let told = self.events.iter().rev().find_map(|event| {
            if let Event::Durability(durability) = event {
                Some(*durability)
            } else {
                None
            }
        });
        told.unwrap_or(Durability::Kept)
    }

    /// Who is here, as the page was told last.
    pub(crate) fn people_here(&self) -> Vec<String> {
        let told = self.events.iter().rev().find_map(|event| {
            if let Event::People(id, people) = event
                && *id == lobby()
            {
                Some(people.clone())
            } else {
                None
            }
        });
        names(told.unwrap_or_default().into_iter().filter(|it| it.online))
    }

    /// Who types, as the page was told last.
    pub(crate) fn typists(&self) -> Vec<String> {
        let told = self.events.iter().rev().find_map(|event| {
            if let Event::Typists(id, people) = event
                && *id == lobby()
            {
                Some(people.clone())
            } else {
                None
            }
        });
        names(told.unwrap_or_default().into_iter())
    }

    /// Why the join form is up, if it is.
    pub(crate) fn identity_needed(&self) -> Option<Option<String>> {
        self.events.iter().rev().find_map(|event| {
            if let Event::IdentityNeeded { refused } = event {
                Some(refused.clone())
            } else {
                None
            }
        })
    }

    pub(crate) fn was_told(&self, event: &Event) -> bool {
        self.events.contains(event)
    }

    /// The open requests' last path segments.
    pub(crate) fn open_requests(&self) -> Vec<String> {
        let path = |url: &str| url.rsplit('/').next().unwrap_or_default().to_owned();
        let open = self.requests.iter().map(|(_, it)| path(&it.url));
        open.collect()
    }

    pub(crate) fn request(&self) -> &HttpRequest {
        &self.requests.last().expect("nothing is requested").1
    }
}

fn names(people: impl Iterator<Item = Person>) -> Vec<String> {
    people.map(|person| person.name).collect()
}
