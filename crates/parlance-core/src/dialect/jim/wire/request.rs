//! What a J-IM client says.
//!
//! Reading never fails: what is not understood is [`Request::Unknown`], which
//! a server answers as such.

use serde_json::Value;

use super::{Chat, command};
use crate::dialect::fields::{Fields, Object, text_of};

/// One request.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// Asks to be authenticated by a token.
    Auth {
        /// The token.
        token: Option<String>,
    },
    /// Logs in on a link whose handshake did not.
    Login {
        /// The user's name.
        user: Option<String>,
        /// The password.
        password: Option<String>,
        /// Or a token.
        token: Option<String>,
    },
    /// Joins a group.
    Join {
        /// Which.
        group: Option<String>,
        /// What it is called.
        name: Option<String>,
    },
    /// A message.
    Chat(Chat),
    /// A beat.
    Heartbeat,
    /// Closes: all links of that user, where one is named.
    Close {
        /// Whose.
        user: Option<String>,
    },
    /// Asks for people.
    Users {
        /// Which; `None` where it is none of the three.
        which: Option<Which>,
        /// Whose groups and friends.
        user: Option<String>,
    },
    /// Asks for messages.
    Messages(Wanted),
    /// No JSON, no command, or one that nobody knows.
    Unknown,
}

/// Which people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Those who are there.
    Online,
    /// Those who are not.
    Offline,
    /// All.
    All,
}

/// Which messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Those kept (`true`), or those missed (`false`), which reading takes off
    /// the server for good. `None`: neither was said.
    pub kept: Option<bool>,
    /// Whose.
    pub user: Option<String>,
    /// Of which group.
    pub group: Option<String>,
    /// Of whom, where it is one person.
    pub from_user: Option<String>,
    /// Not before, in milliseconds.
    pub begin: Option<i64>,
    /// Not after, in milliseconds.
    pub end: Option<i64>,
    /// How many to leave out, counted from the oldest.
    pub offset: Option<u64>,
    /// How many at most.
    pub count: Option<u64>,
}

impl Request {
    /// Reads what a client said.
    pub fn read(text: &str) -> Self {
        crate::json::read(text)
            .and_then(|value: Value| Self::of(&value))
            .unwrap_or(Self::Unknown)
    }

    fn of(value: &Value) -> Option<Self> {
        let fields = Fields::of(value).ok()?;
        let user = || {
            fields
                .maybe_id("userId")
                .or_else(|| fields.maybe_id("userid"))
        };
        let group = || {
            fields
                .maybe_id("group_id")
                .or_else(|| fields.maybe_id("groupId"))
        };
        Some(match fields.natural("cmd")? {
            command::AUTH => Self::Auth {
                token: fields.maybe_id("token"),
            },
            command::LOGIN => Self::Login {
                user: fields.maybe_id("loginname").or_else(user),
                password: fields.maybe_id("password"),
                token: fields.maybe_id("token"),
            },
            command::JOIN => Self::Join {
                group: group(),
                name: fields.maybe_id("name"),
            },
            command::CHAT => Self::Chat(Chat::read(value)?),
            command::HEARTBEAT => Self::Heartbeat,
            command::CLOSE => Self::Close { user: user() },
            command::USERS => Self::Users {
                which: match fields.natural("type") {
                    Some(0) => Some(Which::Online),
                    Some(1) => Some(Which::Offline),
                    Some(2) => Some(Which::All),
                    _ => None,
                },
                user: user(),
            },
            command::MESSAGES => Self::Messages(Wanted {
                kept: match fields.natural("type") {
                    Some(0) => Some(false),
                    Some(1) => Some(true),
                    _ => None,
                },
                user: user(),
                group: group(),
                from_user: fields.maybe_id("fromUserId"),
                begin: fields.whole("beginTime"),
                end: fields.whole("endTime"),
                offset: fields.natural("offset"),
                count: fields.natural("count"),
            }),
            _ => return None,
        })
    }

    /// As it goes over the wire. [`Unknown`](Self::Unknown) is an empty object.
    pub fn write(&self) -> String {
        let mut request = Object::default();
        match self {
            Self::Chat(chat) => return text_of(&chat.write()),
            Self::Auth { token } => {
                request.number("cmd", Some(command::AUTH));
                request.text("token", token.as_deref());
            }
            Self::Login {
                user,
                password,
                token,
            } => {
                request.number("cmd", Some(command::LOGIN));
                request.text("loginname", user.as_deref());
                request.text("password", password.as_deref());
                request.text("token", token.as_deref());
            }
            Self::Join { group, name } => {
                request.number("cmd", Some(command::JOIN));
                request.text("group_id", group.as_deref());
                request.text("groupId", group.as_deref());
                request.text("name", name.as_deref());
            }
            Self::Heartbeat => {
                request.number("cmd", Some(command::HEARTBEAT));
                // A text here, a number in the answer.
                request.text("hbbyte", Some("-127"));
            }
            Self::Close { user } => {
                request.number("cmd", Some(command::CLOSE));
                request.text("userId", user.as_deref());
            }
            Self::Users { which, user } => {
                request.number("cmd", Some(command::USERS));
                let which = which.map(|which| match which {
                    Which::Online => 0,
                    Which::Offline => 1,
                    Which::All => 2,
                });
                request.number("type", which);
                request.text("userId", user.as_deref());
            }
            Self::Messages(wanted) => {
                request.number("cmd", Some(command::MESSAGES));
                request.number("type", wanted.kept.map(u64::from));
                request.text("groupId", wanted.group.as_deref());
                request.text("userId", wanted.user.as_deref());
                request.text("fromUserId", wanted.from_user.as_deref());
                request.time("beginTime", wanted.begin);
                request.time("endTime", wanted.end);
                request.number("offset", wanted.offset);
                request.number("count", wanted.count);
            }
            Self::Unknown => {}
        }
        request.into_text()
    }
}
