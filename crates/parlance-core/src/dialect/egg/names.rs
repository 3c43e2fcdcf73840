//! Who is who: the token alone says who I am, and a server may call people by
//! other ids than the launch does. Inside, everybody has the launch's.
//!
//! Also what conversations are called. Knows no frame.

use crate::map::{Map, Set};

use crate::dialect::fields::id_value;
use crate::frame::Person;
use crate::ids::{ConversationId, Uid};

/// People and their ids, conversations and their titles.
#[derive(Debug)]
pub(super) struct Names {
    me: Person,
    /// What the backend calls me. More than one: the launch may use another.
    mine: Set<String>,
    /// Whether the backend said so itself.
    told: bool,
    /// The other person of the launch.
    to: Option<String>,
    /// Whom the launch names otherwise than the backend.
    aliases: Map<String, Uid>,
    /// Titles, and whether a friend's remark says so.
    titles: Map<ConversationId, (String, bool)>,
}

impl Names {
    /// I am this person, and the launch names that other one.
    pub(super) fn new(me: Person, to: Option<String>) -> Self {
        let id = me.uid.to_string();
        Self {
            told: is_number(&id),
            mine: Set::from_iter([id]),
            me,
            to,
            aliases: Map::new(),
            titles: Map::new(),
        }
    }

    /// Who I am.
    pub(super) const fn me(&self) -> &Uid {
        &self.me.uid
    }

    /// Who I am, as others see me.
    pub(super) const fn person(&self) -> &Person {
        &self.me
    }

    /// Whether the backend means me.
    pub(super) fn is_me(&self, id: &str) -> bool {
        self.mine.contains(id)
    }

    /// Whom the backend means.
    pub(super) fn uid(&self, id: &str) -> Uid {
        if self.is_me(id) {
            return self.me.uid.clone();
        }
        let known = self.aliases.get(id);
        known.map_or_else(|| Uid::new(id), Uid::clone)
    }

    /// The conversation with the one whom the backend means.
    pub(super) fn pair(&self, id: &str) -> ConversationId {
        ConversationId::pair(self.me.uid.clone(), self.uid(id))
    }

    /// The backend says that this is what it calls me.
    pub(super) fn am(&mut self, id: String) {
        self.told = true;
        self.mine.insert(id);
    }

    /// A message goes from one to the other. What comes to me alone is for
    /// me, by whatever id.
    pub(super) fn are_ends(&mut self, from: &str, to: &str) {
        if !self.told && !self.is_me(from) && !self.is_me(to) {
            self.am(to.to_owned());
        }
    }

    /// The backend says a person's id and beside it their other name, which may
    /// be the one that the launch has.
    pub(super) fn may_be(&mut self, id: &str, name: Option<&str>) {
        if let (Some(to), Some(name)) = (&self.to, name)
            && to == name
        {
            let conversation = ConversationId::pair(self.me.uid.clone(), Uid::new(to.as_str()));
            self.is_called(&conversation, id.to_owned());
        }
    }

    /// The backend says what it calls the other one of this conversation. Ids
    /// that are numbers are the backend's own, and have no other name.
    pub(super) fn is_called(&mut self, conversation: &ConversationId, id: String) {
        let other = conversation.other(&self.me.uid);
        if let Some(other) = other
            && other.as_str() != id
            && !is_number(other.as_str())
            && !self.is_me(&id)
        {
            self.aliases.insert(id, other.clone());
        }
    }

    /// What a conversation is called.
    pub(super) fn title(&self, conversation: &ConversationId) -> Option<&str> {
        let known = self.titles.get(conversation);
        known.map(|(title, _)| title.as_str())
    }

    /// A conversation is called this; answers it when that is news. A friend's
    /// remark is not replaced by the name under which they write.
    pub(super) fn call(
        &mut self,
        conversation: &ConversationId,
        title: String,
        remark: bool,
    ) -> Option<String> {
        if title.trim().is_empty() {
            return None;
        }
        if let Some((known, said)) = self.titles.get_mut(conversation) {
            if *said && !remark {
                return None;
            }
            *said |= remark;
            if *known == title {
                return None;
            }
        }
        let title_now = (title.clone(), remark);
        self.titles.insert(conversation.clone(), title_now);
        Some(title)
    }
}

fn is_number(id: &str) -> bool {
    id_value(id).is_number()
}
