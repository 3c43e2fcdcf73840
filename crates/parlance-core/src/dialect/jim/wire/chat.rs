//! A message as J-IM carries it, said or delivered or kept.
//!
//! The seed's server gives `nickName`, `avatar` and `type` back at the top
//! level; the stock one drops them and keeps `extras`. So they are written in
//! both places and read from either. Does not judge whether a message is whole.

use serde_json::{Map, Value};

use super::command;
use crate::dialect::fields::{Fields, Object};

/// A message. Absent fields are not written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chat {
    /// The message's id: the client's where the server honours it.
    pub id: Option<String>,
    /// Who says it, as they claim themselves.
    pub from: Option<String>,
    /// To whom, where it is to one person.
    pub to: Option<String>,
    /// To which group.
    pub group: Option<String>,
    /// [`TO_GROUP`](Self::TO_GROUP) or [`TO_PERSON`](Self::TO_PERSON). Without
    /// it a stock server says nothing at all.
    pub chat_type: Option<u64>,
    /// 0 text, 1 image, 2 voice, 3 video, 4 music, 5 news. The seed always
    /// says 0 and uses `kind`.
    pub msg_type: Option<u64>,
    /// The words, or an address.
    pub content: Option<String>,
    /// When, in milliseconds.
    pub create_time: Option<i64>,
    /// The speaker's name.
    pub nick: Option<String>,
    /// The speaker's picture.
    pub avatar: Option<String>,
    /// The seed's `type`: 1 text, 2 image, 3 like, 4 flower; anything else
    /// is somebody's own.
    pub kind: Option<String>,
    /// What else was in `extras`, which servers hand on as it came.
    pub extras: Map<String, Value>,
}

impl Chat {
    /// The `chatType` of what is said to a group.
    pub const TO_GROUP: u64 = 1;
    /// The `chatType` of what is said to one person.
    pub const TO_PERSON: u64 = 2;

    /// What can be read of it; `None` where it is no object.
    pub fn read(value: &Value) -> Option<Self> {
        let fields = Fields::of(value).ok()?;
        let extras = fields.any_object("extras");
        let either = |name: &str| {
            (fields.maybe_id(name)).or_else(|| extras.and_then(|it| it.maybe_id(name)))
        };
        let others = extras.into_iter().flat_map(Fields::members);
        let others =
            others.filter(|(name, _)| !["nickName", "avatar", "type"].contains(&name.as_str()));
        Some(Self {
            id: fields.maybe_id("id"),
            from: fields.maybe_id("from"),
            to: fields.maybe_id("to"),
            group: fields
                .maybe_id("group_id")
                .or_else(|| fields.maybe_id("groupId")),
            chat_type: fields.natural("chatType"),
            msg_type: fields.natural("msgType"),
            content: fields.maybe_id("content"),
            create_time: fields.whole("createTime"),
            nick: either("nickName"),
            avatar: either("avatar"),
            kind: either("type"),
            extras: others
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        })
    }

    /// As it stands in JSON.
    pub fn write(&self) -> Value {
        let mut chat = Object::default();
        chat.number("cmd", Some(command::CHAT));
        chat.text("id", self.id.as_deref());
        chat.text("from", self.from.as_deref());
        chat.text("to", self.to.as_deref());
        chat.text("group_id", self.group.as_deref());
        chat.text("groupId", self.group.as_deref());
        chat.number("chatType", self.chat_type);
        chat.number("msgType", self.msg_type);
        chat.text("content", self.content.as_deref());
        chat.time("createTime", self.create_time);
        let mut extras = Object::from(self.extras.clone());
        for object in [&mut chat, &mut extras] {
            object.text("nickName", self.nick.as_deref());
            object.text("avatar", self.avatar.as_deref());
            if let Some(kind) = &self.kind {
                // The seed's kinds are numbers, and its page compares them so.
                let number = kind
                    .parse::<u64>()
                    .ok()
                    .filter(|it| it.to_string() == *kind);
                object.value(
                    "type",
                    number.map_or_else(|| Value::from(kind.as_str()), Value::from),
                );
            }
        }
        if !extras.is_empty() {
            chat.value("extras", extras.into_value());
        }
        chat.into_value()
    }
}
