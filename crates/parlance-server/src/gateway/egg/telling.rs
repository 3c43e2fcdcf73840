//! How a stored message is written in this dialect, whichever way it was said.
//!
//! Knows neither sockets nor requests.

use parlance_core::content::{Content, Unknown};
use parlance_core::dialect::egg::content::{known, words_for};
use parlance_core::dialect::egg::wire::{Chat, Data, End, Id, Message as Told, Say};
use parlance_core::ids::{ConversationId, Uid};
use serde_json::{Value, json};

use super::super::{content, words};
use crate::server::Server;
use crate::store::{Message, Millis, Person, StoreError};

/// What the kinds are called inside that only this dialect knows.
const FOREIGN: &str = "egg-";

/// This message of this conversation, as `me` is told it.
pub(super) async fn told(
    server: &Server,
    me: &Uid,
    conversation: &ConversationId,
    message: &Message,
) -> Result<Told, StoreError> {
    let (kind, data) = written(&content(message));
    let said = Said {
        conversation,
        id: &message.id,
        at: message.at,
        kind,
        data,
    };
    let other = match conversation.other(me) {
        None => None,
        // Mine goes to the other, theirs comes to me.
        Some(other) => match &message.from {
            Some(from) if from.uid == *me => Some(other),
            Some(_) | None => Some(me),
        },
    };
    wrap(server, message.from.as_ref(), other, said).await
}

/// What was said, apart from by whom and to whom.
pub(super) struct Said<'a> {
    pub(super) conversation: &'a ConversationId,
    pub(super) id: &'a str,
    pub(super) at: Millis,
    pub(super) kind: String,
    pub(super) data: Data,
}

impl<'a> Said<'a> {
    /// That this was taken back: the notice bears the message's own id.
    pub(super) fn recall(
        conversation: &'a ConversationId,
        id: &'a str,
        at: Millis,
        words: &str,
    ) -> Self {
        let (kind, data) = written(&Content::Notice(words.to_owned()));
        Self {
            conversation,
            id,
            at,
            kind,
            data,
        }
    }
}

/// The same message as a recall, which has no group in it where there is none.
pub(super) fn revoked(told: Told) -> Told {
    Told {
        action: Some("revoke".to_owned()),
        group: told.group.or(Some(Value::Null)),
        ..told
    }
}

/// The message around what was said. `to`: whom a pair's goes to.
pub(super) async fn wrap(
    server: &Server,
    from: Option<&Person>,
    to: Option<&Uid>,
    said: Said<'_>,
) -> Result<Told, StoreError> {
    let (chat, to, group) = match (said.conversation, to) {
        (ConversationId::Room(name), _) => {
            let id = Id::of(name);
            let group = json!({"id": id.value(), "name": name});
            (Chat::Group, end(id, name, None), Some(group))
        }
        (ConversationId::Pair(_, other), to) => {
            let to = person(server, to.unwrap_or(other)).await?;
            (Chat::Single, to, None)
        }
    };
    let from_end = match from {
        Some(from) => known_person(server, from).await?,
        None => end(Id::of("0"), "系统", None),
    };
    Ok(Told {
        id: Some(said.id.to_owned()),
        from: from_end,
        to,
        chat,
        kind: said.kind,
        data: said.data,
        options: Some(json!({})),
        create_time: Some(said.at),
        removed: false,
        // Pages of ours know by it whom they named themselves.
        send_uuid: from.map(|from| from.uid.to_string()),
        group,
        redirect: None,
        action: None,
        notice: None,
    })
}

async fn person(server: &Server, uid: &Uid) -> Result<End, StoreError> {
    match server.store.person(uid.clone()).await? {
        Some(person) => known_person(server, &person).await,
        None => {
            let id = number(server, uid).await?;
            Ok(end(id, uid.as_str(), None))
        }
    }
}

async fn known_person(server: &Server, person: &Person) -> Result<End, StoreError> {
    let id = number(server, &person.uid).await?;
    Ok(end(id, &person.name, person.avatar.as_deref()))
}

/// The id of a person in this dialect.
pub(super) async fn number(server: &Server, uid: &Uid) -> Result<Id, StoreError> {
    let number = server.numbers.of(uid).await?;
    Ok(Id::of(&number.to_string()))
}

/// Old pages read both without looking whether they are there.
fn end(id: Id, name: &str, avatar: Option<&str>) -> End {
    End {
        id,
        name: Some(name.to_owned()),
        avatar: Some(avatar.unwrap_or_default().to_owned()),
    }
}

/// The kind and the data of what was said. People's objects go out as texts,
/// which is what the old server makes of them.
pub(super) fn written(content: &Content) -> (String, Data) {
    if let Content::Unknown(unknown) = content
        && let Some(kind) = unknown.kind.strip_prefix(FOREIGN)
    {
        let raw: Value = serde_json::from_str(&unknown.raw).unwrap_or_default();
        if let Some(data) = raw.get("data") {
            return (kind.to_owned(), packed(Data::read(data)));
        }
    }
    match words_for(content) {
        Some((kind, data @ Data::Object(_))) if kind == "systemNotice" => (kind.to_owned(), data),
        Some((kind, data)) => (kind.to_owned(), packed(data)),
        None => ("text".to_owned(), Data::Bare(words(content))),
    }
}

/// As it comes out of the old server when it was put in like this.
pub(super) fn packed(data: Data) -> Data {
    match data {
        Data::Object(pack) => Data::Packed(pack),
        other @ (Data::Bare(_) | Data::Packed(_)) => other,
    }
}

/// What a request to send says. A kind that only this dialect knows is kept
/// whole, under a name that is nobody else's.
pub(super) fn heard(say: &Say) -> Content {
    known(&say.kind, &say.data, false).unwrap_or_else(|| {
        let kind = format!("{FOREIGN}{}", say.kind);
        let fallback = say.data.text().to_owned();
        let raw = json!({"kind": kind, "fallback": fallback, "data": say.data.value()});
        Content::Unknown(Unknown {
            raw: raw.to_string(),
            kind,
            fallback,
        })
    })
}
