//! What stands on the wire of a topic backend, for both ends: frames that are
//! JSON in JSON in JSON, and the bodies of its two requests. Texts inside are
//! made by a serialiser at each level, and taken apart at each level by
//! readers that name what is wrong.
//!
//! Knows types and spellings. Whose words they are, where they go and what
//! time it is, is said by the dialect and by the gateway.

use serde_json::Value;

use crate::content::{Answer, Content, Unknown};
use crate::dialect::DecodeError;
use crate::dialect::address::percent;
use crate::dialect::fields::{Fields, Object, id_value, text_of};

/// How many rows a page of history has.
pub const PAGE_ROWS: usize = 1_000;
/// Everything is well.
pub const OK: i64 = 200;
/// The token is not one, or not any more.
pub const BAD_TOKEN: i64 = 401;
/// The token's owner may not be here.
pub const FORBIDDEN: i64 = 403;
/// Too much in too short a time.
pub const TOO_FAST: i64 = 429;

/// The base of all paths, after which the two requests stand.
pub const HISTORY: &str = "api/message/chatmsg";
/// Where a question is put.
pub const ASK: &str = "api/question/add";
/// Where a host answers one: on our own gateway alone.
pub const REPLY: &str = "api/question/answer";

/// An id as it stands there: a number and its digits are told apart, since
/// backends may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Id {
    /// A whole number.
    Number(u64),
    /// A text.
    Text(String),
}

impl Id {
    /// A number where the text is one, to the digit, that every reader can hold.
    pub fn by_look(text: &str) -> Self {
        Self::read(&id_value(text)).unwrap_or_else(|| Self::Text(text.to_owned()))
    }

    /// The id without its type.
    pub fn text(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.clone(),
        }
    }

    fn value(&self) -> Value {
        match self {
            Self::Number(number) => Value::from(*number),
            Self::Text(text) => Value::from(text.as_str()),
        }
    }

    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Number(number) => number.as_u64().map(Self::Number),
            Value::String(text) if !text.is_empty() => Some(Self::Text(text.clone())),
            Value::Null
            | Value::Bool(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_) => None,
        }
    }
}

/// One thing that was said in a topic, as it stands in `chatInfo`, in `data`
/// and in a row of history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chat {
    /// In history alone.
    pub id: Option<Id>,
    /// Who said it; of an answer, who had asked.
    pub user: Option<Id>,
    /// What they are called.
    pub name: String,
    /// Their picture's address.
    pub avatar: Option<String>,
    /// The stream of the topic.
    pub stream: Option<String>,
    /// A text, a question or an answer.
    pub content: Content,
    /// When, as local text: `YYYY-M-D HH:mm`.
    pub created: Option<String>,
}

impl Chat {
    fn value(&self) -> Value {
        let mut object = Object::default();
        if let Some(id) = &self.id {
            object.value("id", id.value());
        }
        if let Some(user) = &self.user {
            object.value("user", user.value());
        }
        object.text("displayName", Some(&self.name));
        object.text("avatarurl", self.avatar.as_deref());
        object.text("stream", self.stream.as_deref());
        let (kind, content) = written(&self.content);
        object.text("content", Some(&content));
        object.text("type", Some(kind));
        object.text("createdat", self.created.as_deref());
        object.into_value()
    }

    fn read(value: &Value) -> Result<Self, DecodeError> {
        let fields = Fields::of(value)?;
        // What was said has to be there; of what is said about it, what can be
        // read is taken.
        let words = |name: &str| fields.maybe(name)?.as_str().map(str::to_owned);
        Ok(Self {
            content: content(&fields.text("type")?, fields.value("content")?)?,
            id: fields.maybe("id").and_then(Id::read),
            user: fields.maybe("user").and_then(Id::read),
            name: words("displayName").unwrap_or_default(),
            avatar: words("avatarurl").filter(|avatar| !avatar.is_empty()),
            stream: fields.maybe_id("stream"),
            created: fields.maybe_id("createdat"),
        })
    }
}

/// The kind of a content and its text. What a topic has no words for is said
/// in plain ones.
fn written(content: &Content) -> (&'static str, String) {
    let mut object = Object::default();
    let kind = match content {
        Content::Question(text) => {
            object.text("content", Some(text));
            "question"
        }
        Content::Answer(answer) => {
            object.text("question", Some(&answer.question));
            object.text("answer", Some(&answer.answer));
            object.text("orgName", answer.organisation.as_deref());
            object.text("orgLogo", answer.logo.as_deref());
            "answer"
        }
        Content::Text(_)
        | Content::Image(_)
        | Content::Video(_)
        | Content::Voice(_)
        | Content::File(_)
        | Content::Product(_)
        | Content::Order(_)
        | Content::Like
        | Content::Flower
        | Content::Notice(_)
        | Content::Unknown(_) => return ("message", content.text().to_owned()),
    };
    (kind, object.into_text())
}

fn content(kind: &str, value: &Value) -> Result<Content, DecodeError> {
    match kind {
        "message" => match value {
            Value::String(text) => Ok(Content::Text(text.clone())),
            Value::Number(number) => Ok(Content::Text(number.to_string())),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                Err(DecodeError::malformed("content"))
            }
        },
        "question" | "answer" => Ok(nested(kind, value)),
        _ => Err(DecodeError::unknown("a message of an unknown type")),
    }
}

/// A question or an answer: a text that holds an object, or that object. One
/// that is neither is shown as the text that it is.
fn nested(kind: &str, value: &Value) -> Content {
    let inside = match value {
        Value::String(text) => match nested_object(text) {
            Some(inside) => inside,
            None if kind == "question" => return Content::Question(text.clone()),
            None => {
                return Content::Answer(Answer {
                    answer: text.clone(),
                    ..Answer::default()
                });
            }
        },
        Value::Object(_) => value.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => Value::Null,
    };
    let words = |name: &str| inside.get(name)?.as_str().map(str::to_owned);
    let known = if kind == "question" {
        words("content").map(Content::Question)
    } else {
        words("answer").map(|answer| {
            Content::Answer(Answer {
                question: words("question").unwrap_or_default(),
                answer,
                organisation: words("orgName").filter(|it| !it.is_empty()),
                logo: words("orgLogo").filter(|it| !it.is_empty()),
                to: None,
                to_uid: None,
            })
        })
    };
    known.unwrap_or_else(|| {
        let raw = value.as_str().map_or_else(|| text_of(value), str::to_owned);
        Content::Unknown(Unknown {
            kind: kind.to_owned(),
            fallback: raw.clone(),
            raw,
        })
    })
}

fn nested_object(text: &str) -> Option<Value> {
    let inside: Value = crate::json::read(text)?;
    inside.is_object().then_some(inside)
}

/// What a page says on the socket: every frame bears the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The credential.
    pub token: String,
    /// What is said.
    pub what: What,
}

/// What a page says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// I am here.
    Heartbeat,
    /// I want to hear this topic.
    Join(String),
    /// These words, in this topic.
    Talk(String, Box<Chat>),
}

impl Said {
    /// As it stands on the wire.
    pub fn write(&self) -> String {
        let mut load = Object::default();
        let (kind, load) = match &self.what {
            What::Heartbeat => (1, String::new()),
            What::Talk(topic, chat) => {
                load.text("topic", Some(topic));
                load.text("chatInfo", Some(&text_of(&chat.value())));
                (2, load.into_text())
            }
            What::Join(topic) => {
                load.text("topic", Some(topic));
                (3, load.into_text())
            }
        };
        let mut frame = Object::default();
        frame.text("token", Some(&self.token));
        frame.number("type", Some(kind));
        frame.text("payLoad", Some(&load));
        frame.into_text()
    }

    /// Reads what a page said.
    pub fn read(text: &str) -> Result<Self, DecodeError> {
        let frame = parsed(text)?;
        let frame = Fields::of(&frame)?;
        let token = frame.maybe_text("token")?.unwrap_or_default();
        let kind = frame.id("type")?;
        if kind == "1" {
            return Ok(Self {
                token,
                what: What::Heartbeat,
            });
        }
        let load = opened(frame.value("payLoad")?)?;
        let load = Fields::of(&load)?;
        let topic = load.id("topic")?;
        let what = match kind.as_str() {
            "2" => {
                let chat = Chat::read(&opened(load.value("chatInfo")?)?)?;
                What::Talk(topic, Box::new(chat))
            }
            "3" => What::Join(topic),
            _ => return Err(DecodeError::unknown("a frame of an unknown type")),
        };
        Ok(Self { token, what })
    }
}

/// What a server says on the socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// Something was said in the topic.
    Chat(Box<Chat>),
    /// Well received.
    Fine,
    /// Anything but well, in the server's words.
    Trouble(i64, String),
}

impl Told {
    /// As it stands on the wire.
    pub fn write(&self) -> String {
        let (code, data) = match self {
            Self::Chat(chat) => (OK, text_of(&chat.value())),
            Self::Fine => (OK, String::new()),
            Self::Trouble(code, words) => (*code, words.clone()),
        };
        answer(code, Value::from(data))
    }

    /// Reads what a server said.
    pub fn read(text: &str) -> Result<Self, DecodeError> {
        let frame = parsed(text)?;
        let fields = Fields::of(&frame)?;
        if let Some(trouble) = trouble(fields)? {
            return Ok(trouble);
        }
        match fields.maybe("data") {
            None => Ok(Self::Fine),
            Some(Value::String(data)) if data.trim().is_empty() => Ok(Self::Fine),
            Some(data) => {
                let chat = Chat::read(&opened(data)?)?;
                Ok(Self::Chat(Box::new(chat)))
            }
        }
    }
}

/// What an answer or a frame says when its code is not the good one.
fn trouble(fields: Fields<'_>) -> Result<Option<Told>, DecodeError> {
    let code = fields.id("code")?;
    let code: i64 = code.parse().map_err(|_| DecodeError::malformed("code"))?;
    if code == OK {
        return Ok(None);
    }
    let words = ["data", "msg", "message"].iter().find_map(|name| {
        let data = fields.maybe(name)?;
        let inside = data.as_object().and_then(|it| it.get("msg"));
        inside.unwrap_or(data).as_str().map(str::to_owned)
    });
    Ok(Some(Told::Trouble(code, words.unwrap_or_default())))
}

/// A body with a code.
fn answer(code: i64, data: Value) -> String {
    let mut frame = Object::default();
    frame.value("code", Value::from(code));
    frame.value("data", data);
    frame.into_text()
}

fn parsed(text: &str) -> Result<Value, DecodeError> {
    crate::json::read(text).ok_or_else(|| DecodeError::malformed("not JSON"))
}

/// A value that stands there as it is, or written as a text.
fn opened(value: &Value) -> Result<Value, DecodeError> {
    match value {
        Value::String(text) => {
            crate::json::read(text).ok_or_else(|| DecodeError::malformed("not JSON inside"))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Ok(value.clone())
        }
    }
}

/// Which page of a stream's history is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Counted from 1, the newest.
    pub page: u64,
    /// Of one kind alone; empty: all.
    pub kind: String,
    /// How many rows a page has.
    pub rows: u64,
    /// Of which stream.
    pub stream: String,
}

impl Wanted {
    /// The query of the address, without its question mark.
    pub fn write(&self) -> String {
        format!(
            "page={}&type={}&resultsPerPage={}&stream={}",
            self.page,
            percent(&self.kind),
            self.rows,
            percent(&self.stream)
        )
    }

    /// Reads the query's parameters, unescaped; what is absent is as the old
    /// page has it. `None` without a stream.
    pub fn read<'a>(parameters: impl Iterator<Item = (&'a str, &'a str)>) -> Option<Self> {
        let mut wanted = Self {
            page: 1,
            kind: String::new(),
            rows: PAGE_ROWS as u64,
            stream: String::new(),
        };
        for (name, value) in parameters {
            match name {
                "page" => wanted.page = value.parse().ok().filter(|it| *it > 0).unwrap_or(1),
                "type" => wanted.kind = value.to_owned(),
                "resultsPerPage" => {
                    let rows = value.parse().ok().filter(|it| *it > 0);
                    wanted.rows = rows.unwrap_or(PAGE_ROWS as u64);
                }
                "stream" => wanted.stream = value.to_owned(),
                _ => {}
            }
        }
        (!wanted.stream.is_empty()).then_some(wanted)
    }
}

/// A page of history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Past {
    /// Rows.
    Rows(Rows),
    /// It cannot be had, in the server's words.
    Trouble(i64, String),
}

/// The rows of a page of history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// What can be read of them, oldest first.
    pub chats: Vec<Chat>,
    /// How many there were.
    pub count: usize,
    /// Whom the token names, where the server says it: our own addition, for
    /// pages that were launched with a token alone.
    pub me: Option<Id>,
}

impl Past {
    /// The answer's body.
    pub fn write(&self) -> String {
        match self {
            Self::Rows(rows) => {
                let mut data = Object::default();
                data.value("items", rows.chats.iter().map(Chat::value).collect());
                if let Some(me) = &rows.me {
                    data.value("me", me.value());
                }
                answer(OK, data.into_value())
            }
            Self::Trouble(code, words) => answer(*code, Value::from(words.as_str())),
        }
    }

    /// Reads an answer's body. A row that cannot be read never costs the rest.
    pub fn read(body: &str) -> Result<Self, DecodeError> {
        let body = parsed(body)?;
        let body = Fields::of(&body)?;
        if let Some(Told::Trouble(code, words)) = trouble(body)? {
            return Ok(Self::Trouble(code, words));
        }
        let data = opened(body.value("data")?)?;
        let data = Fields::of(&data)?;
        let items = data.list("items")?;
        let chats = items.iter().filter_map(|item| Chat::read(item).ok());
        Ok(Self::Rows(Rows {
            chats: chats.collect(),
            count: items.len(),
            me: data.maybe("me").and_then(Id::read),
        }))
    }
}

/// A question on its way to the hosts, or a host's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Put {
    /// Into which stream.
    pub stream: String,
    /// The question.
    pub question: String,
    /// Its answer, where a host gives one.
    pub answer: Option<String>,
}

impl Put {
    /// The request's body.
    pub fn write(&self) -> String {
        let mut object = Object::default();
        object.text("streamId", Some(&self.stream));
        match &self.answer {
            None => object.text("content", Some(&self.question)),
            Some(answer) => {
                object.text("question", Some(&self.question));
                object.text("answer", Some(answer));
            }
        }
        object.into_text()
    }

    /// Reads the body of a question.
    pub fn read_question(body: &Value) -> Result<Self, DecodeError> {
        let body = Fields::of(body)?;
        Ok(Self {
            stream: body.id("streamId")?,
            question: body.text("content")?,
            answer: None,
        })
    }

    /// Reads the body of an answer.
    pub fn read_answer(body: &Value) -> Result<Self, DecodeError> {
        let body = Fields::of(body)?;
        Ok(Self {
            stream: body.id("streamId")?,
            question: body.text("question")?,
            answer: Some(body.text("answer")?),
        })
    }
}

/// The body of the answer to what was put: nothing more than its code.
pub fn write_put_answer(code: i64, words: Option<&str>) -> String {
    answer(code, words.map_or(Value::Null, Value::from))
}

/// The code of an answer to what was put, and the server's words; `None`: the
/// body says nothing, which is no refusal.
pub fn read_put_answer(body: &str) -> Option<(i64, String)> {
    let body = parsed(body).ok()?;
    match trouble(Fields::of(&body).ok()?).ok()? {
        Some(Told::Trouble(code, words)) => Some((code, words)),
        Some(_) | None => Some((OK, String::new())),
    }
}
