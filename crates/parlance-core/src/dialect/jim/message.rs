//! Messages: what is said here as J-IM carries it, and back.
//!
//! Believes the speaker's own name and picture for display and nothing else:
//! `from` is taken from the client unchecked by the servers that exist.

use super::people::People;
use super::wire::Chat;
use crate::content::{Content, Media, Unknown};
use crate::dialect::DecodeError;
use crate::dialect::fields::text_of;
use crate::frame::{Message, Person};
use crate::ids::{ConversationId, MessageId, Uid};
use crate::time::UnixMillis;

/// The seed's `type` and the content for it; `None`: J-IM has no words for it.
/// `flower` is what a flower is called there.
pub(super) fn kind_of(content: &Content, flower: &str) -> Option<(&'static str, String)> {
    Some(match content {
        // The seed sends blanks as well; nobody wants to read them.
        Content::Text(text) if text.trim().is_empty() => return None,
        Content::Text(text) => ("1", text.clone()),
        Content::Image(media) => ("2", media.url.clone()),
        Content::Like => ("3", String::new()),
        Content::Flower => ("4", flower.to_owned()),
        Content::Video(_)
        | Content::Voice(_)
        | Content::File(_)
        | Content::Product(_)
        | Content::Order(_)
        | Content::Question(_)
        | Content::Answer(_)
        | Content::Notice(_)
        | Content::Unknown(_) => return None,
    })
}

/// What a message says: by the seed's `type`, and without one by `msgType`.
pub fn content_of(chat: &Chat) -> Content {
    let words = || chat.content.clone().unwrap_or_default();
    let media = || Media {
        url: words(),
        ..Media::default()
    };
    let unknown = |kind: &str| {
        Content::Unknown(Unknown {
            kind: kind.to_owned(),
            fallback: words(),
            raw: text_of(&chat.write()),
        })
    };
    match chat.kind.as_deref() {
        Some("1") => Content::Text(words()),
        Some("2") => Content::Image(media()),
        Some("3") => Content::Like,
        Some("4") => Content::Flower,
        Some(kind) => unknown(kind),
        None => match chat.msg_type {
            None | Some(0) => Content::Text(words()),
            Some(1) => Content::Image(media()),
            // Music is heard as speech is.
            Some(2 | 4) => Content::Voice(media()),
            Some(3) => Content::Video(media()),
            Some(5) => unknown("news"),
            Some(other) => unknown(&format!("msgType {other}")),
        },
    }
}

/// Where a message belongs, seen from `me`.
pub(super) fn place_of(chat: &Chat, me: &Uid) -> Result<ConversationId, DecodeError> {
    let group = chat.group.clone().filter(|group| !group.is_empty());
    let to_person = match chat.chat_type {
        Some(Chat::TO_GROUP) => false,
        Some(Chat::TO_PERSON) => true,
        // Neither is said: by what is there.
        _ => group.is_none(),
    };
    if !to_person {
        let group = group.ok_or_else(|| DecodeError::malformed("group_id"))?;
        return Ok(ConversationId::Room(group));
    }
    let uid = |text: &Option<String>| text.clone().filter(|it| !it.is_empty()).map(Uid::new);
    match (uid(&chat.from), uid(&chat.to)) {
        (Some(from), Some(to)) if from == *me || to == *me => Ok(ConversationId::pair(from, to)),
        (Some(from), None) if from != *me => Ok(ConversationId::pair(from, me.clone())),
        _ => Err(DecodeError::malformed("a message between other people")),
    }
}

/// A message of this conversation.
pub(super) fn message(conversation: ConversationId, chat: &Chat, people: &mut People) -> Message {
    let from = chat.from.as_ref().filter(|from| !from.is_empty());
    let from = from.map(|from| speaker(Uid::new(from.clone()), chat, people));
    Message {
        conversation,
        seq: None,
        id: chat
            .id
            .clone()
            .filter(|id| !id.is_empty())
            .map(MessageId::new),
        client_id: None,
        from,
        content: content_of(chat),
        at: chat.create_time.map(UnixMillis),
    }
}

fn speaker(uid: Uid, chat: &Chat, people: &mut People) -> Person {
    people.learn(&uid, chat.nick.as_deref(), chat.avatar.as_deref());
    let known = people.person(&uid, true);
    Person {
        name: chat
            .nick
            .clone()
            .filter(|it| !it.is_empty())
            .unwrap_or(known.name),
        avatar: chat
            .avatar
            .clone()
            .filter(|it| !it.is_empty())
            .or(known.avatar),
        ..known
    }
}
