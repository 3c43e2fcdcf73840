//! The egg backend's frames and bodies as they stand in JSON, for both ends.
//!
//! Plain data with a tolerant reader: what a kind of message means is in
//! [`content`](super::content), what follows from a frame is for those who
//! use it to know.

use serde_json::Value;

use crate::dialect::DecodeError;
use crate::dialect::fields::{Fields, Object, id_value, text_of};

/// What a client says on the socket. Messages are sent by HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    /// Are you there?
    Ping,
    /// I am here.
    Pong,
}

impl Client {
    /// As it stands on the wire.
    pub fn text(self) -> String {
        let mut frame = Object::default();
        frame.text("type", Some(self.kind()));
        frame.into_text()
    }

    const fn kind(self) -> &'static str {
        match self {
            Self::Ping => "ping",
            Self::Pong => "pong",
        }
    }

    /// Reads what a client said: a frame, or the bare word that some send.
    pub fn read(text: &str) -> Result<Self, DecodeError> {
        if text == Self::Ping.kind() {
            return Ok(Self::Ping);
        }
        let value = json(text)?;
        match Fields::of(&value)?.text("type")?.as_str() {
            "ping" => Ok(Self::Ping),
            "pong" => Ok(Self::Pong),
            _ => Err(DecodeError::unknown("a frame of an unknown kind")),
        }
    }
}

/// What a server says on the socket.
#[derive(Clone, Debug, PartialEq)]
pub enum Server {
    /// Words that greet a new link, and when they were said.
    System(String, Option<i64>),
    /// A message, a notice or a recall, of a pair or of a group; and when it
    /// was handed out.
    Chat(Box<Message>, Option<i64>),
    /// Are you there?
    Ping,
    /// I am here. Later servers say when.
    Pong(Option<i64>),
    /// The link is refused, in words; the socket is closed next.
    Fail(String),
    /// The same person has come in elsewhere; the socket is closed next.
    ForceLogout(String),
}

impl Server {
    /// As it stands on the wire.
    pub fn text(&self) -> String {
        let mut frame = Object::default();
        let (name, kind, at) = match self {
            Self::System(words, at) => {
                frame.text("data", Some(words));
                ("type", "system", *at)
            }
            Self::Chat(message, at) => {
                frame.value("data", message.value());
                ("type", "singleChat", *at)
            }
            Self::Ping => ("type", "ping", None),
            Self::Pong(at) => ("type", "pong", *at),
            Self::Fail(words) => {
                frame.text("data", Some(words));
                ("msg", "fail", None)
            }
            Self::ForceLogout(words) => {
                frame.text("data", Some(words));
                ("msg", "force_logout", None)
            }
        };
        frame.text(name, Some(kind));
        if let Some(at) = at {
            frame.value("timestamp", Value::from(at));
        }
        frame.into_text()
    }

    /// Reads what a server said: told apart by `type`, else by `msg`.
    pub fn read(text: &str) -> Result<Self, DecodeError> {
        let value = json(text)?;
        let fields = Fields::of(&value)?;
        let at = || fields.maybe("timestamp").and_then(Value::as_i64);
        let words = || fields.maybe_id("data").unwrap_or_default();
        if fields.maybe("type").is_none() {
            return match fields.text("msg")?.as_str() {
                "fail" => Ok(Self::Fail(words())),
                "force_logout" => Ok(Self::ForceLogout(words())),
                _ => Err(DecodeError::unknown("words of an unknown kind")),
            };
        }
        match fields.text("type")?.as_str() {
            "system" => Ok(Self::System(words(), at())),
            "singleChat" => {
                let message = Message::read(fields.value("data")?)?;
                Ok(Self::Chat(Box::new(message), at()))
            }
            "ping" => Ok(Self::Ping),
            "pong" => Ok(Self::Pong(at())),
            _ => Err(DecodeError::unknown("a frame of an unknown kind")),
        }
    }
}

/// An id as it is written: most are numbers, those of service notices texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Id(Value);

impl Id {
    /// A number where it looks like one, else a text.
    pub fn of(id: &str) -> Self {
        Self(id_value(id))
    }

    /// A text, whatever it looks like: some servers write all ids so.
    pub fn text(id: &str) -> Self {
        Self(Value::from(id))
    }

    /// Its letters, written either way.
    pub fn letters(&self) -> String {
        match &self.0 {
            Value::String(text) => text.clone(),
            number @ (Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_)) => text_of(number),
        }
    }

    /// As it stands in JSON.
    pub fn value(&self) -> Value {
        self.0.clone()
    }

    pub(super) fn read(fields: Fields<'_>, name: &str) -> Result<Self, DecodeError> {
        fields.id(name)?;
        Ok(Self(fields.value(name)?.clone()))
    }
}

/// One end of a message: a person, a group, or a service of the backend's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// Who.
    pub id: Id,
    /// What they are called.
    pub name: Option<String>,
    /// Their picture's address, often without a host.
    pub avatar: Option<String>,
}

impl End {
    fn read(fields: Fields<'_>, id: &str, name: &str, avatar: &str) -> Result<Self, DecodeError> {
        Ok(Self {
            id: Id::read(fields, id)?,
            name: fields.maybe_id(name),
            avatar: fields.maybe_id(avatar),
        })
    }

    fn write(&self, object: &mut Object, id: &str, name: &str, avatar: &str) {
        object.value(id, self.id.0.clone());
        object.text(name, self.name.as_deref());
        object.text(avatar, self.avatar.as_deref());
    }
}

/// Whether a message is between two or in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chat {
    /// Between two.
    Single,
    /// In a group.
    Group,
}

impl Chat {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Group => "group",
        }
    }

    pub(super) fn read(fields: Fields<'_>) -> Result<Self, DecodeError> {
        match fields.text("chatType")?.as_str() {
            "single" => Ok(Self::Single),
            "group" => Ok(Self::Group),
            _ => Err(DecodeError::malformed("chatType")),
        }
    }
}

/// A message, as it is stored and handed out.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Its id; a recall bears that of the message that it takes back.
    pub id: Option<String>,
    /// Who says it.
    pub from: End,
    /// To whom: the other one, or the group.
    pub to: End,
    /// Which of both.
    pub chat: Chat,
    /// The backend's word for its kind.
    pub kind: String,
    /// What it says.
    pub data: Data,
    /// Further things, of no use here.
    pub options: Option<Value>,
    /// When, in milliseconds since 1970.
    pub create_time: Option<i64>,
    /// Whether it was taken back.
    pub removed: bool,
    /// The sender's long id.
    pub send_uuid: Option<String>,
    /// The group, as the backend keeps it.
    pub group: Option<Value>,
    /// Where a tap on it leads, inside the backend's own app.
    pub redirect: Option<Value>,
    /// What it does, beside saying something: `revoke`.
    pub action: Option<String>,
    /// What tells a notice of the service from its other copies.
    pub notice: Option<String>,
}

impl Message {
    /// Reads one; the ends and the kind have to be there.
    pub fn read(value: &Value) -> Result<Self, DecodeError> {
        let fields = Fields::of(value)?;
        Ok(Self {
            id: fields.maybe_id("id").filter(|id| !id.is_empty()),
            from: End::read(fields, "from_id", "from_name", "from_avatar")?,
            to: End::read(fields, "to_id", "to_name", "to_avatar")?,
            chat: Chat::read(fields)?,
            kind: fields.text("type")?,
            data: Data::read(value.get("data").unwrap_or(&Value::Null)),
            options: value.get("options").cloned(),
            create_time: fields.maybe("create_time").and_then(Value::as_i64),
            removed: match fields.maybe("isremove") {
                Some(Value::Bool(removed)) => *removed,
                Some(_) => fields.maybe_id("isremove").is_some_and(|it| it == "1"),
                None => false,
            },
            send_uuid: fields.maybe_id("sendUUid"),
            group: value.get("group").cloned(),
            redirect: fields.maybe("redirect").cloned(),
            action: fields.words("actionType"),
            notice: fields.words("msgidKey"),
        })
    }

    /// As it stands in JSON.
    pub fn value(&self) -> Value {
        let mut object = Object::default();
        object.text("id", self.id.as_deref());
        self.from
            .write(&mut object, "from_id", "from_name", "from_avatar");
        self.to.write(&mut object, "to_id", "to_name", "to_avatar");
        object.text("chatType", Some(self.chat.word()));
        object.text("type", Some(&self.kind));
        object.value("data", self.data.value());
        object.value("isremove", Value::from(u8::from(self.removed)));
        object.text("sendUUid", self.send_uuid.as_deref());
        object.text("actionType", self.action.as_deref());
        object.text("msgidKey", self.notice.as_deref());
        let create_time = self.create_time.map(Value::from);
        for (name, value) in [
            ("options", &self.options),
            ("create_time", &create_time),
            ("group", &self.group),
            ("redirect", &self.redirect),
        ] {
            if let Some(value) = value {
                object.value(name, value.clone());
            }
        }
        object.into_value()
    }
}

/// What a message says, in the form in which it came.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// Bare: the first page's way.
    Bare(String),
    /// An object, written as JSON in a text: what the later page's objects
    /// become on their way.
    Packed(Pack),
    /// An object: the service's own notices.
    Object(Pack),
}

/// What stands inside an object of data.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pack {
    /// A text, or an address.
    pub data: String,
    /// What `data` is; `None` is written `false`.
    pub data_type: Option<String>,
    /// What belongs to it.
    pub other: Value,
}

impl Data {
    /// Reads any of the three forms; what is none of them is a bare text.
    pub fn read(value: &Value) -> Self {
        match value {
            Value::Object(_) => Self::Object(Pack::read(value)),
            Value::String(text) => match crate::json::read(text) {
                Some(Value::Object(inner)) if inner.contains_key("data") => {
                    Self::Packed(Pack::read(&Value::Object(inner)))
                }
                _ => Self::Bare(text.clone()),
            },
            Value::Null => Self::Bare(String::new()),
            Value::Bool(_) | Value::Number(_) | Value::Array(_) => Self::Bare(text_of(value)),
        }
    }

    /// As it stands in JSON.
    pub fn value(&self) -> Value {
        match self {
            Self::Bare(text) => Value::from(text.as_str()),
            Self::Packed(pack) => Value::from(text_of(&pack.value())),
            Self::Object(pack) => pack.value(),
        }
    }

    /// The text or address in it.
    pub fn text(&self) -> &str {
        match self {
            Self::Bare(text) => text,
            Self::Packed(pack) | Self::Object(pack) => &pack.data,
        }
    }

    /// What `data` is, where it is said.
    pub fn data_type(&self) -> Option<&str> {
        match self {
            Self::Bare(_) => None,
            Self::Packed(pack) | Self::Object(pack) => pack.data_type.as_deref(),
        }
    }

    /// What belongs to it, where there is anything.
    pub fn other(&self) -> &Value {
        match self {
            Self::Bare(_) => &Value::Null,
            Self::Packed(pack) | Self::Object(pack) => &pack.other,
        }
    }
}

impl Pack {
    fn read(value: &Value) -> Self {
        let data = match value.get("data") {
            Some(Value::String(text)) => text.clone(),
            None | Some(Value::Null) => String::new(),
            Some(other) => text_of(other),
        };
        let data_type = value.get("dataType").and_then(Value::as_str);
        Self {
            data,
            data_type: data_type.map(str::to_owned),
            other: value.get("otherData").cloned().unwrap_or_default(),
        }
    }

    fn value(&self) -> Value {
        let mut object = Object::default();
        object.text("data", Some(&self.data));
        let data_type = self.data_type.as_deref();
        object.value(
            "dataType",
            data_type.map_or(Value::Bool(false), Value::from),
        );
        object.value("otherData", self.other.clone());
        object.into_value()
    }
}

/// The body of a request to send a message.
#[derive(Clone, Debug, PartialEq)]
pub struct Say {
    /// To whom: the other one, or the group.
    pub to: Id,
    /// Which of both.
    pub chat: Chat,
    /// The backend's word for its kind.
    pub kind: String,
    /// What it says; objects are said as objects.
    pub data: Data,
    /// Further things: JSON, escaped as in an address.
    pub options: Option<String>,
}

/// A field of a request that is not there or not what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing(
    /// What people call it.
    pub &'static str,
);

impl Say {
    /// The body.
    pub fn text(&self) -> String {
        let mut body = Object::default();
        body.value("sendto_id", self.to.0.clone());
        body.text("chatType", Some(self.chat.word()));
        body.text("type", Some(&self.kind));
        body.value("data", self.data.value());
        body.text("options", self.options.as_deref());
        body.into_text()
    }

    /// Reads a body. A text that is JSON counts as an object only where it has
    /// all that such an object has: a person may have typed it.
    pub fn read(body: &Value) -> Result<Self, Missing> {
        let fields = Fields::of(body).map_err(|_| Missing("参数"))?;
        let to = Id::read(fields, "sendto_id").ok();
        let to = to.filter(|to| !matches!(to.letters().as_str(), "" | "0"));
        let data = fields.maybe("data").ok_or(Missing("消息内容"))?;
        let typed = data.as_str().filter(|text| !is_whole(text));
        let data = typed.map_or_else(|| Data::read(data), |text| Data::Bare(text.to_owned()));
        if data.text().is_empty() && data.other().is_null() {
            return Err(Missing("消息内容"));
        }
        Ok(Self {
            to: to.ok_or(Missing("接收人/群的id值"))?,
            chat: Chat::read(fields).map_err(|_| Missing("接收类型"))?,
            kind: fields.words("type").ok_or(Missing("消息类型"))?,
            data,
            options: fields.words("options"),
        })
    }
}

/// Whether a text is an object with everything in it that a packed one has.
fn is_whole(text: &str) -> bool {
    let value: Option<Value> = crate::json::read(text);
    let value = value.unwrap_or_default();
    ["data", "dataType", "otherData"]
        .iter()
        .all(|name| value.get(name).is_some())
}

/// The body of any answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// What was asked for.
    Ok(Value),
    /// Why not, in words.
    Fail(String),
}

impl Answer {
    /// The body.
    pub fn text(&self) -> String {
        let mut body = Object::default();
        match self {
            Self::Ok(data) => {
                body.text("msg", Some("ok"));
                body.value("data", data.clone());
            }
            Self::Fail(words) => {
                body.text("msg", Some("fail"));
                body.text("data", Some(words));
            }
        }
        body.into_text()
    }

    /// Reads a body.
    pub fn read(body: &str) -> Result<Self, DecodeError> {
        let mut value = json(body)?;
        let fields = Fields::of(&value)?;
        match fields.text("msg")?.as_str() {
            "ok" => Ok(Self::Ok(
                value.get_mut("data").map(Value::take).unwrap_or_default(),
            )),
            "fail" => Ok(Self::Fail(fields.maybe_id("data").unwrap_or_default())),
            _ => Err(DecodeError::unknown("an answer of an unknown kind")),
        }
    }
}

fn json(text: &str) -> Result<Value, DecodeError> {
    crate::json::read(text).ok_or_else(|| DecodeError::malformed("not JSON"))
}
