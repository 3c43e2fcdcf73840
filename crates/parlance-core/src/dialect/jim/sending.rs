//! The way out: what each frame is in J-IM's words, and what has to be
//! remembered to understand the answers.
//!
//! Knows nothing of what is heard.

use super::wire::{Chat, Request, Wanted, Which};
use super::{Jim, MOST_SAID, MOST_WAITING, message};
use crate::dialect::Saying;
use crate::frame::{Fill, Say};
use crate::ids::{ConversationId, Uid};

impl Jim {
    pub(super) fn say(&mut self, say: &Say) -> Vec<Saying> {
        let Some((kind, content)) = message::kind_of(&say.content, &self.config.flower) else {
            return Vec::new();
        };
        let me = self.uid();
        let (group, to, chat_type) = match &say.conversation {
            ConversationId::Room(group) => (Some(group.clone()), None, Chat::TO_GROUP),
            pair @ ConversationId::Pair(..) => {
                let to = pair.other(&me).unwrap_or(&me).to_string();
                (None, Some(to), Chat::TO_PERSON)
            }
        };
        let mut sayings = self.join(&say.conversation);
        if self.said.len() >= MOST_SAID {
            self.said.pop_front();
        }
        self.said.push_back(say.client_id.clone());
        if self.waiting.len() >= MOST_WAITING {
            self.waiting.pop_front();
        }
        self.waiting
            .push_back((say.client_id.clone(), say.conversation.clone()));
        let chat = Chat {
            id: Some(say.client_id.as_str().to_owned()),
            from: Some(me.to_string()),
            to,
            group,
            chat_type: Some(chat_type),
            // As the seed: what it is stands in `type`.
            msg_type: Some(0),
            content: Some(content),
            create_time: Some(say.said_at.0),
            nick: self.nickname().map(str::to_owned),
            avatar: self.config.avatar.clone(),
            kind: Some(kind.to_owned()),
            ..Chat::default()
        };
        sayings.push(saying(&Request::Chat(chat)));
        sayings
    }

    /// Joins a group that the server does not count me in: what is said to it
    /// would be taken, and never be heard by anybody.
    fn join(&mut self, conversation: &ConversationId) -> Vec<Saying> {
        match conversation {
            ConversationId::Room(group) if self.people.joins(group) => {
                vec![saying(&Request::Join {
                    group: Some(group.clone()),
                    name: None,
                })]
            }
            ConversationId::Room(_) | ConversationId::Pair(..) => Vec::new(),
        }
    }

    pub(super) fn open(&mut self, conversation: &ConversationId) -> Vec<Saying> {
        match conversation {
            ConversationId::Room(group) => {
                self.opened.insert(group.clone());
                vec![self.ask_who_is_online()]
            }
            pair @ ConversationId::Pair(..) => {
                let me = self.uid();
                let Some(other) = pair.other(&me) else {
                    return Vec::new();
                };
                vec![saying(&Request::Users {
                    which: Some(Which::All),
                    user: Some(other.to_string()),
                })]
            }
        }
    }

    pub(super) fn ask_who_is_online(&mut self) -> Saying {
        self.people.on_asked();
        saying(&Request::Users {
            which: Some(Which::Online),
            user: Some(self.uid().to_string()),
        })
    }

    /// The whole log: what is asked for by number counts from the oldest, and
    /// times are those of the speakers' clocks.
    pub(super) fn fill(&mut self, fill: &Fill) -> Vec<Saying> {
        let me = self.uid();
        let (group, from_user) = match &fill.conversation {
            ConversationId::Room(group) => (Some(group.clone()), None),
            pair @ ConversationId::Pair(..) => (None, pair.other(&me).map(Uid::to_string)),
        };
        // An answer bears no request: whoever asks last gets it.
        self.fills
            .retain(|open| open.conversation != fill.conversation);
        self.fills.push_back(fill.clone());
        vec![saying(&Request::Messages(Wanted {
            kept: Some(true),
            user: Some(me.to_string()),
            group,
            from_user,
            ..Wanted::default()
        }))]
    }

    pub(super) fn beat(&mut self) -> Vec<Saying> {
        let mut sayings = vec![saying(&Request::Heartbeat)];
        self.people.on_beat();
        for group in self.opened.clone() {
            sayings.extend(self.join(&ConversationId::Room(group)));
        }
        if self.people.is_to_ask() {
            sayings.push(self.ask_who_is_online());
        }
        sayings
    }
}

fn saying(request: &Request) -> Saying {
    Saying::text(request.write())
}
