//! The plain dialect's frames and its history as they stand in JSON, for both
//! ends.
//!
//! Plain data: there are no names, ids, times or acknowledgements in it, and
//! what follows from that is for those who use it to know.

use serde_json::Value;

use crate::dialect::DecodeError;
use crate::dialect::fields::{Fields, Object};
use crate::json;

/// What a client says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Client {
    /// A text.
    Message(String),
    /// Are you there? No answer is due, and ours is [`Server::Pong`].
    Ping,
}

/// What a server says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Server {
    /// A text of somebody else. An empty one is nothing to show.
    Message(String),
    /// A text that came bare, not in a frame: shown all the same.
    Bare(String),
    /// I am here.
    Pong,
    /// What was said last is not kept, or nobody is let in. Our own addition:
    /// the old page logs it, as every frame of a kind that it does not know.
    Refused {
        /// Why, in one word.
        code: String,
        /// Why, for people.
        text: String,
        /// The text that is not kept, for want of ids.
        said: Option<String>,
    },
    /// A frame of another kind: nothing to show.
    Other {
        /// What the server calls it.
        kind: String,
        /// What it says.
        content: Option<String>,
    },
}

/// A frame as it is written. The order of the fields is the old page's.
struct Frame<'a> {
    r#type: &'a str,
    code: Option<&'a str>,
    content: Option<&'a str>,
    said: Option<&'a str>,
}

impl Frame<'_> {
    fn text(&self) -> String {
        let quoted = |text: &str| json::write(&Value::from(text));
        let mut frame = ["{\"type\":", &quoted(self.r#type)].concat();
        let more = [
            (",\"code\":", self.code),
            (",\"content\":", self.content),
            (",\"said\":", self.said),
        ];
        for (name, text) in more {
            if let Some(text) = text {
                frame.push_str(name);
                frame.push_str(&quoted(text));
            }
        }
        frame.push('}');
        frame
    }
}

const fn frame<'a>(r#type: &'a str, content: Option<&'a str>) -> Frame<'a> {
    Frame {
        r#type,
        code: None,
        content,
        said: None,
    }
}

impl Client {
    /// As it stands on the wire.
    pub fn text(&self) -> String {
        match self {
            Self::Message(text) => frame("msg", Some(text)).text(),
            Self::Ping => frame("ping", None).text(),
        }
    }

    /// Reads what a client said.
    pub fn read(text: &str) -> Result<Self, DecodeError> {
        let value: Value = json::read(text).ok_or_else(|| DecodeError::malformed("not JSON"))?;
        let fields = Fields::of(&value)?;
        match fields.text("type")?.as_str() {
            "msg" => Ok(Self::Message(fields.text("content")?)),
            "ping" => Ok(Self::Ping),
            _ => Err(DecodeError::unknown("a frame of an unknown kind")),
        }
    }
}

impl Server {
    /// As it stands on the wire.
    pub fn text(&self) -> String {
        match self {
            Self::Message(text) => frame("msg", Some(text)).text(),
            Self::Bare(text) => text.clone(),
            Self::Pong => frame("pong", None).text(),
            Self::Refused { code, text, said } => Frame {
                code: Some(code),
                said: said.as_deref(),
                ..frame("error", Some(text))
            }
            .text(),
            Self::Other { kind, content } => frame(kind, content.as_deref()).text(),
        }
    }

    /// Reads what a server said. What is no JSON object is a bare text.
    pub fn read(text: &str) -> Result<Self, DecodeError> {
        let Some(value @ Value::Object(_)) = json::read(text) else {
            return Ok(Self::Bare(text.to_owned()));
        };
        let fields = Fields::of(&value)?;
        match fields.text("type")?.as_str() {
            "msg" => Ok(Self::Message(fields.text("content")?)),
            "pong" => Ok(Self::Pong),
            "error" => Ok(Self::Refused {
                code: fields.maybe_text("code")?.unwrap_or_default(),
                text: fields.maybe_text("content")?.unwrap_or_default(),
                said: fields.maybe_text("said")?,
            }),
            kind => Ok(Self::Other {
                kind: kind.to_owned(),
                content: fields.maybe_text("content")?,
            }),
        }
    }
}

/// The body that answers a request for history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum History {
    /// Rows, oldest first.
    Rows(Vec<Row>),
    /// Not given.
    Refused {
        /// Anything but 0; ours are the HTTP status.
        code: i64,
        /// Why, for people.
        text: String,
    },
}

/// A row of history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The backend's id for it, where it has one.
    pub id: Option<String>,
    /// Whether the asker said it.
    pub mine: bool,
    /// What.
    pub content: String,
    /// When, where it is known.
    pub time: Option<Time>,
}

/// When a row was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Time {
    /// Milliseconds since 1970.
    Millis(i64),
    /// `YYYY-MM-DD HH:mm:ss`, by a clock on the wall of nobody knows where.
    Local(String),
}

impl History {
    /// The body.
    pub fn text(&self) -> String {
        let mut body = Object::default();
        match self {
            Self::Rows(rows) => {
                body.value("code", Value::from(0));
                body.value("lists", rows.iter().map(Row::value).collect());
            }
            Self::Refused { code, text } => {
                body.value("code", Value::from(*code));
                body.text("msg", Some(text));
                body.value("lists", Value::Array(Vec::new()));
            }
        }
        body.into_text()
    }

    /// Reads a body. A row that cannot be read costs itself alone.
    pub fn read(body: &str) -> Result<Self, DecodeError> {
        let value: Value = json::read(body).ok_or_else(|| DecodeError::malformed("not JSON"))?;
        let fields = Fields::of(&value)?;
        match whole(fields.value("code")?) {
            None => Err(DecodeError::malformed("code")),
            Some(0) => {
                let rows = fields.maybe_list("lists")?.iter();
                Ok(Self::Rows(
                    rows.filter_map(|row| Row::read(row).ok()).collect(),
                ))
            }
            Some(code) => {
                let text = fields.maybe("msg").or_else(|| fields.maybe("message"));
                Ok(Self::Refused {
                    code,
                    text: text.and_then(Value::as_str).unwrap_or_default().to_owned(),
                })
            }
        }
    }
}

impl Row {
    fn value(&self) -> Value {
        let mut row = Object::default();
        if let Some(id) = &self.id {
            // As the old server writes them, where it is exact.
            let number = id.parse().ok().filter(|number: &u64| *number < 1 << 53);
            let number = number.filter(|number| number.to_string() == *id);
            row.value(
                "id",
                number.map_or_else(|| Value::from(id.as_str()), Value::from),
            );
        }
        row.text("from", Some(if self.mine { "me" } else { "other" }));
        row.text("content", Some(&self.content));
        row.text("type", Some("msg"));
        match &self.time {
            Some(Time::Millis(millis)) => row.value("time", Value::from(*millis)),
            Some(Time::Local(text)) => row.text("time", Some(text)),
            None => {}
        }
        row.into_value()
    }

    fn read(value: &Value) -> Result<Self, DecodeError> {
        let fields = Fields::of(value)?;
        let id = fields.maybe("id").and_then(|id| match id {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        });
        let time = fields.maybe("time").and_then(|time| match time {
            Value::String(text) => Some(match text.parse() {
                Ok(millis) => Time::Millis(millis),
                Err(_) => Time::Local(text.clone()),
            }),
            Value::Number(_) => whole(time).map(Time::Millis),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        });
        Ok(Self {
            id,
            mine: match fields.text("from")?.as_str() {
                "me" => true,
                "other" => false,
                _ => return Err(DecodeError::malformed("from")),
            },
            content: fields.text("content")?,
            time,
        })
    }
}

/// A whole number, written as one or as text.
fn whole(value: &Value) -> Option<i64> {
    value
        .as_i64()
        .or_else(|| value.as_str()?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ODD: &str = "带引号 \" 反斜杠 \\ 换行\n 和 😀 <i>\u{0}\u{2028}";

    #[test]
    fn every_frame_reads_as_it_was_written() {
        for text in ["", "hello", ODD, "12345", "{\"type\":\"ping\"}"] {
            let said = Client::Message(text.to_owned());
            assert_eq!(Client::read(&said.text()), Ok(said));
            for said in [
                Server::Message(text.to_owned()),
                Server::Refused {
                    code: "rate_limited".to_owned(),
                    text: text.to_owned(),
                    said: (!text.is_empty()).then(|| text.to_owned()),
                },
            ] {
                assert_eq!(Server::read(&said.text()), Ok(said));
            }
        }
        assert_eq!(Client::read(&Client::Ping.text()), Ok(Client::Ping));
        assert_eq!(Server::read(&Server::Pong.text()), Ok(Server::Pong));
    }

    #[test]
    fn frames_are_written_as_the_old_page_writes_them() {
        assert_eq!(
            Client::Message("a \"b\"".to_owned()).text(),
            r#"{"type":"msg","content":"a \"b\""}"#
        );
        assert_eq!(Client::Ping.text(), r#"{"type":"ping"}"#);
        assert_eq!(Server::Pong.text(), r#"{"type":"pong"}"#);
    }

    #[test]
    fn what_is_no_object_is_a_bare_text_and_what_is_mistyped_is_none() {
        for text in [
            "服务器维护通知",
            "12345",
            "null",
            "[]",
            "\"x\"",
            "{\"type\":\"msg\",\"con",
        ] {
            assert_eq!(Server::read(text), Ok(Server::Bare(text.to_owned())));
            assert!(Client::read(text).is_err(), "{text}");
        }
        for text in [
            "{}",
            r#"{"type":7}"#,
            r#"{"type":"msg"}"#,
            r#"{"type":"msg","content":5}"#,
            r#"{"type":"msg","content":null}"#,
        ] {
            assert!(!Server::read(text).unwrap_err().unknown, "{text}");
            assert!(Client::read(text).is_err(), "{text}");
        }
        let system = r#"{"type":"system","content":"x"}"#;
        let other = Server::Other {
            kind: "system".to_owned(),
            content: Some("x".to_owned()),
        };
        assert_eq!(other.text(), system);
        assert_eq!(Server::read(system), Ok(other));
    }

    #[test]
    fn history_reads_as_it_was_written() {
        let row = |id: Option<&str>, mine, time| Row {
            id: id.map(str::to_owned),
            mine,
            content: ODD.to_owned(),
            time,
        };
        let rows = History::Rows(vec![
            row(Some("1"), true, Some(Time::Millis(1_700_000_000_000))),
            row(
                Some("007"),
                false,
                Some(Time::Local("2025-07-01 10:00:00".to_owned())),
            ),
            row(Some("99999999999999999999"), false, None),
            row(None, true, None),
        ]);
        assert_eq!(History::read(&rows.text()), Ok(rows));
        let refused = History::Refused {
            code: 401,
            text: "no".to_owned(),
        };
        assert_eq!(History::read(&refused.text()), Ok(refused));
        assert_eq!(
            History::read(r#"{"code":"0"}"#),
            Ok(History::Rows(Vec::new()))
        );
    }

    #[test]
    fn a_broken_row_costs_itself_alone() {
        let body = r#"{"code":0,"lists":[7,{"from":"me"},{"from":"they","content":"x"},
            {"from":"other","content":"kept","time":{},"id":[]}]}"#;
        let Ok(History::Rows(rows)) = History::read(body) else {
            panic!("not read");
        };
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].content, "kept");
        for body in [
            "",
            "<html>",
            "[]",
            "{}",
            r#"{"code":[]}"#,
            r#"{"code":0,"lists":7}"#,
        ] {
            assert!(History::read(body).is_err(), "{body}");
        }
    }
}
