//! CRMEB's frames, the seed form's and the stock server's, each written once
//! and read once: the page says [`Client`] and hears [`Server`], the gateway
//! the other way round. Their facts are in the backend's page of the docs.
//!
//! Reading is tolerant, and knows no rule beyond types: whether a frame may
//! come now is the reader's business.

use serde_json::{Map, Value};

use super::rows::{Record, Row, Shape, id};
use crate::dialect::DecodeError;
use crate::dialect::fields::{Fields, Object, id_value};

/// What a client sends.
#[derive(Clone, Debug, PartialEq)]
pub enum Client {
    /// The seed form's login: an object, as the page has it.
    LoginSeed(Map<String, Value>),
    /// Stock's login: a token, and how the customer came in, beside whatever
    /// else a launch wants said.
    LoginStock(String, Map<String, Value>),
    /// An agent's login.
    KefuLogin(String),
    /// I am here, or am going.
    Online(Online),
    /// I am looking at this conversation now.
    ToChat(ToChat),
    /// A message.
    Chat(Box<Chat>),
    /// Are you there?
    Ping,
    /// A sound frame of a kind that is not known.
    Unknown(String),
}

/// I am here, or am going.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Online {
    /// Which.
    pub online: bool,
    /// The seed form's `user_type`.
    pub user_type: Option<String>,
    /// Whether I have no account; the seed form says it.
    pub tourist: Option<bool>,
}

/// I am looking at this conversation now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToChat {
    /// With whom; `None`: at none.
    pub with: Option<String>,
    /// Who I am, without an account.
    pub tourist: Option<String>,
}

/// A message on its way out, in the fields of either form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chat {
    /// The seed form's text or address.
    pub content: Option<String>,
    /// Stock's text, address or id.
    pub msn: Option<String>,
    /// The kind: a word of the seed form's, or stock's number.
    pub kind: Option<Kind>,
    /// Who says it; seed.
    pub uid: Option<String>,
    /// What they are called; seed.
    pub name: Option<String>,
    /// Their picture; seed.
    pub avatar: Option<String>,
    /// To whom.
    pub to_uid: Option<String>,
    /// What they are called; seed.
    pub to_name: Option<String>,
    /// Their picture; seed.
    pub to_avatar: Option<String>,
    /// Where the customer came from; seed.
    pub channel_type: Option<String>,
    /// How the customer came in, beside `data`; stock.
    pub form_type: Option<Value>,
    /// Whether the customer has no account; stock.
    pub tourist: Option<bool>,
    /// Who says it, without an account; stock.
    pub tourist_uid: Option<String>,
    /// Their picture; stock.
    pub tourist_avatar: Option<String>,
}

/// A kind, as a client says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The seed form's.
    Word(String),
    /// Stock's.
    Number(u64),
}

impl Client {
    /// The frame's text.
    pub fn text(&self) -> String {
        let mut frame = Object::default();
        let (kind, data) = match self {
            Self::LoginSeed(data) => ("login", Some(Value::Object(data.clone()))),
            Self::LoginStock(token, more) => {
                for (name, value) in more {
                    frame.value(name, value.clone());
                }
                ("login", Some(Value::from(token.as_str())))
            }
            Self::KefuLogin(token) => ("kefu_login", Some(Value::from(token.as_str()))),
            Self::Online(online) => {
                let mut data = Object::default();
                data.number("online", Some(u64::from(online.online)));
                data.text("user_type", online.user_type.as_deref());
                data.number("is_tourist", online.tourist.map(u64::from));
                ("online", Some(data.into_value()))
            }
            Self::ToChat(to_chat) => {
                let mut data = Object::default();
                data.id("id", to_chat.with.as_deref().unwrap_or("0"));
                if let Some(tourist) = &to_chat.tourist {
                    data.id("tourist_uid", tourist);
                }
                ("to_chat", Some(data.into_value()))
            }
            Self::Chat(chat) => {
                if let Some(form_type) = &chat.form_type {
                    frame.value("form_type", form_type.clone());
                }
                ("chat", Some(chat.write()))
            }
            Self::Ping => ("ping", None),
            Self::Unknown(kind) => (kind.as_str(), None),
        };
        frame.text("type", Some(kind));
        if let Some(data) = data {
            frame.value("data", data);
        }
        frame.into_text()
    }

    /// Reads a frame. An error: it is none, and a stock server answers it as
    /// if it were a ping.
    pub fn read(text: &str) -> Result<Self, DecodeError> {
        let (value, kind) = envelope(text)?;
        let data = value.get("data").unwrap_or(&Value::Null);
        let empty = Value::Object(Map::new());
        // A frame without data is one with empty data.
        let fields = Fields::of(data).or_else(|_| Fields::of(&empty))?;
        Ok(match kind.as_str() {
            "login" => match data.as_object() {
                Some(login) => Self::LoginSeed(login.clone()),
                None => {
                    let mut more = value.as_object().cloned().unwrap_or_default();
                    more.remove("type");
                    more.remove("data");
                    Self::LoginStock(token(data), more)
                }
            },
            "kefu_login" => Self::KefuLogin(token(data)),
            "online" => Self::Online(Online {
                online: fields.truth("online").unwrap_or_default(),
                user_type: fields.words("user_type"),
                tourist: fields.truth("is_tourist"),
            }),
            "to_chat" => Self::ToChat(ToChat {
                with: id(fields, &["id"]),
                tourist: id(fields, &["tourist_uid"]),
            }),
            "chat" => Self::Chat(Box::new(Chat {
                form_type: value.get("form_type").filter(|it| !it.is_null()).cloned(),
                ..Chat::read(fields)
            })),
            "ping" => Self::Ping,
            _ => Self::Unknown(kind),
        })
    }
}

/// What a seed login says under this name.
pub fn login_field(login: &Map<String, Value>, name: &str) -> Option<String> {
    let text = match login.get(name)? {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    (!text.is_empty() && text != "0").then_some(text)
}

/// A token is a text; some pages send digits as a number.
fn token(data: &Value) -> String {
    match data {
        Value::String(token) => token.clone(),
        Value::Number(token) => token.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => String::new(),
    }
}

impl Chat {
    fn read(fields: Fields<'_>) -> Self {
        let kind = match fields.whole("type") {
            Some(number) => u64::try_from(number).ok().map(Kind::Number),
            None => fields.words("type").map(Kind::Word),
        };
        Self {
            content: fields.said("content"),
            msn: fields.said("msn"),
            kind,
            uid: id(fields, &["uid"]),
            name: fields.words("uname"),
            avatar: fields.words("uavatar"),
            to_uid: id(fields, &["to_uid", "to_user_id"]),
            to_name: fields.words("to_name"),
            to_avatar: fields.words("to_avatar"),
            channel_type: fields.words("channel_type"),
            form_type: None,
            tourist: fields.truth("is_tourist"),
            tourist_uid: id(fields, &["tourist_uid"]),
            tourist_avatar: fields.words("tourist_avatar"),
        }
    }

    fn write(&self) -> Value {
        let mut data = Object::default();
        data.text("content", self.content.as_deref());
        data.text("msn", self.msn.as_deref());
        match &self.kind {
            Some(Kind::Word(word)) => data.text("type", Some(word)),
            Some(Kind::Number(number)) => data.number("type", Some(*number)),
            None => {}
        }
        for (name, person) in [
            ("uid", &self.uid),
            ("to_uid", &self.to_uid),
            ("tourist_uid", &self.tourist_uid),
        ] {
            if let Some(uid) = person {
                data.id(name, uid);
            }
        }
        data.text("uname", self.name.as_deref());
        data.text("uavatar", self.avatar.as_deref());
        data.text("to_name", self.to_name.as_deref());
        data.text("to_avatar", self.to_avatar.as_deref());
        data.text("channel_type", self.channel_type.as_deref());
        data.number("is_tourist", self.tourist.map(u64::from));
        data.text("tourist_avatar", self.tourist_avatar.as_deref());
        data.into_value()
    }
}

/// What a server sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Server {
    /// The login went through. CRMchat says to whom.
    Success(Option<String>),
    /// I am here; also the answer to what is no frame. Seconds.
    Ping(Option<i64>),
    /// Seed: a message from the other person. Stock: one's own, as kept.
    Chat(Row),
    /// Seed, to an agent: a message from a customer. Stock: from the other.
    Reply(Row),
    /// Somebody came or went.
    Online(String, bool),
    /// A customer came or went, to agents.
    UserOnline(String, bool),
    /// How much of somebody's is unread.
    Unread(Unread),
    /// The last message is not kept.
    ErrTip(ErrTip),
    /// Go away, and do not come back with this.
    Error(String),
    /// Nothing was heard for too long.
    Timeout,
    /// Talk to this agent from now on.
    ToTransfer(ToTransfer),
    /// No agent is left.
    KefuLogout(String),
}

/// How much of somebody's is unread.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unread {
    /// Whose; `None`: nobody's.
    pub uid: Option<String>,
    /// How many.
    pub number: u64,
    /// The conversation, where something is.
    pub record: Option<Record>,
}

/// The last message is not kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErrTip {
    /// Why, for people.
    pub words: String,
    /// When to try again, in milliseconds; our own gateway alone says it.
    pub retry: Option<u64>,
}

/// Talk to this agent from now on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToTransfer {
    /// Who.
    pub uid: String,
    /// What they are called.
    pub name: Option<String>,
    /// Their picture.
    pub avatar: Option<String>,
}

impl Server {
    /// The frame's text, with rows in these fields.
    pub fn text(&self, shape: Shape) -> String {
        let mut frame = Object::default();
        let mut data = Object::default();
        let presence = |data: &mut Object, name: &str, uid: &str, online: bool| {
            data.number("online", Some(u64::from(online)));
            data.id(name, uid);
        };
        let mut told = true;
        let kind = match self {
            Self::Success(_) => {
                told = false;
                "success"
            }
            Self::Ping(now) => {
                data.value("now", now.map_or(Value::Null, Value::from));
                "ping"
            }
            Self::Chat(row) => {
                frame.value("data", row.write(shape));
                "chat"
            }
            Self::Reply(row) => {
                frame.value("data", row.write(shape));
                "reply"
            }
            Self::Online(uid, online) => {
                presence(&mut data, "uid", uid, *online);
                "online"
            }
            Self::UserOnline(uid, online) => {
                presence(&mut data, "to_uid", uid, *online);
                "user_online"
            }
            Self::Unread(unread) => {
                data.id("uid", unread.uid.as_deref().unwrap_or("0"));
                data.number("num", Some(unread.number));
                let empty = || Value::Object(Map::new());
                let record = unread.record.as_ref();
                data.value("recored", record.map_or_else(empty, Record::write));
                "mssage_num"
            }
            Self::ErrTip(tip) => {
                data.text("msg", Some(&tip.words));
                data.number("retry_ms", tip.retry);
                "err_tip"
            }
            Self::Error(words) => {
                data.text("msg", Some(words));
                frame.value("close", Value::Bool(true));
                "error"
            }
            Self::Timeout => {
                told = false;
                frame.value("close", Value::Bool(true));
                "timeout"
            }
            Self::ToTransfer(to) => {
                data.id("toUid", &to.uid);
                data.text("avatar", Some(to.avatar.as_deref().unwrap_or_default()));
                data.text("nickname", Some(to.name.as_deref().unwrap_or_default()));
                "to_transfer"
            }
            Self::KefuLogout(uid) => {
                presence(&mut data, "user_id", uid, false);
                "kefu_logout"
            }
        };
        frame.text("type", Some(kind));
        if told && !matches!(self, Self::Chat(_) | Self::Reply(_)) {
            frame.value("data", data.into_value());
        }
        frame.into_text()
    }

    /// Reads a frame.
    pub fn read(text: &str) -> Result<Self, DecodeError> {
        let (value, kind) = envelope(text)?;
        let data = value.get("data").unwrap_or(&Value::Null);
        let missing = |what: &str| DecodeError::malformed(format!("{kind} without {what}"));
        let fields = Fields::of(data);
        let row = || Row::read(data).ok_or_else(|| missing("a row"));
        let presence = |names: &[&str]| -> Result<(String, bool), DecodeError> {
            let fields = fields.clone()?;
            let uid = id(fields, names).ok_or_else(|| missing("whose"))?;
            let online = fields.truth("online").ok_or_else(|| missing("whether"))?;
            Ok((uid, online))
        };
        let words = || {
            let words = fields.as_ref().ok().and_then(|fields| fields.said("msg"));
            words.unwrap_or_default()
        };
        Ok(match kind.as_str() {
            "success" => Self::Success(
                fields
                    .ok()
                    .and_then(|fields| id(fields, &["uid", "user_id"])),
            ),
            "ping" | "pong" => Self::Ping(fields.ok().and_then(|fields| fields.whole("now"))),
            "chat" => Self::Chat(row()?),
            "reply" => Self::Reply(row()?),
            "online" => {
                let (uid, online) = presence(&["uid", "user_id", "to_uid"])?;
                Self::Online(uid, online)
            }
            "user_online" => {
                let (uid, online) = presence(&["to_uid", "user_id", "uid"])?;
                Self::UserOnline(uid, online)
            }
            "mssage_num" => {
                let fields = fields.clone()?;
                let number = fields.whole("num").unwrap_or_default();
                Self::Unread(Unread {
                    uid: id(fields, &["uid", "user_id"]),
                    number: u64::try_from(number).unwrap_or_default(),
                    record: fields.maybe("recored").and_then(Record::read),
                })
            }
            "err_tip" => Self::ErrTip(ErrTip {
                retry: fields
                    .as_ref()
                    .ok()
                    .and_then(|fields| u64::try_from(fields.whole("retry_ms")?).ok()),
                words: words(),
            }),
            "error" if is_closing(&value) => Self::Error(words()),
            // What leaves the socket open refuses no login.
            "error" => Self::ErrTip(ErrTip {
                words: words(),
                retry: None,
            }),
            "timeout" => Self::Timeout,
            "to_transfer" => {
                let fields = fields.clone()?;
                Self::ToTransfer(ToTransfer {
                    uid: id(fields, &["toUid", "to_uid"]).ok_or_else(|| missing("whom"))?,
                    name: fields.words("nickname"),
                    avatar: fields.words("avatar"),
                })
            }
            "kefu_logout" => {
                let fields = fields.clone()?;
                let uid = id(fields, &["user_id", "uid"]).ok_or_else(|| missing("whose"))?;
                Self::KefuLogout(uid)
            }
            _ => return Err(DecodeError::unknown("a frame of an unknown kind")),
        })
    }
}

fn is_closing(value: &Value) -> bool {
    Fields::of(value).is_ok_and(|fields| fields.truth("close").unwrap_or_default())
}

/// A frame and its kind.
fn envelope(text: &str) -> Result<(Value, String), DecodeError> {
    let value: Value = crate::json::read(text).ok_or_else(|| DecodeError::malformed("not JSON"))?;
    let kind = Fields::of(&value)?.words("type");
    let kind = kind.ok_or_else(|| DecodeError::malformed("a frame without a type"))?;
    Ok((value, kind))
}

/// An id as JSON: a number where it looks like one.
pub(super) fn id_of(id: &str) -> Value {
    id_value(id)
}
