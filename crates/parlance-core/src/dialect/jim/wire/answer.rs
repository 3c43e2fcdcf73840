//! What a J-IM server says.
//!
//! A frame without a command is an error; fields that are absent or of other
//! types are absent. One broken row of a log never costs the rest.

use serde_json::{Map, Value};

use super::{Chat, code, command, words};
use crate::dialect::DecodeError;
use crate::dialect::fields::{Fields, Object};

/// One answer, or one thing that is pushed.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Whether the login went through, and as whom where forks say it.
    Login {
        /// [`code::LOGIN_OK`], or it failed.
        code: u64,
        /// Who was logged in.
        user: Option<User>,
    },
    /// Whether a token was taken.
    Auth {
        /// [`code::AUTH_OK`], or it failed.
        code: u64,
        /// What it was taken for.
        token: Option<String>,
    },
    /// Whether a group was joined.
    Join {
        /// [`code::JOIN_OK`], or it failed.
        code: u64,
        /// Which.
        group: Option<String>,
    },
    /// Somebody joined a group.
    Joined {
        /// Which.
        group: String,
        /// Who.
        user: User,
    },
    /// A socket of somebody left a group; others of theirs may be there still.
    Left {
        /// Which.
        group: String,
        /// Who.
        user: User,
    },
    /// A message.
    Chat(Chat),
    /// What became of a message.
    Sent {
        /// [`code::SENT`], [`code::OFFLINE`] or [`code::BAD_CHAT`].
        code: u64,
        /// The server's words, where they are not the usual ones.
        words: Option<String>,
        /// Which message it was, and with [`code::SENT`] or [`code::OFFLINE`]
        /// that it is kept. No J-IM server says it; this project's gateway does.
        id: Option<String>,
        /// How many milliseconds to wait before saying it again: likewise.
        retry_ms: Option<u64>,
    },
    /// The beat is answered.
    Heartbeat,
    /// The link is being closed.
    Closed,
    /// People.
    Users {
        /// Which people they are, or that there are none.
        code: u64,
        /// Whose friends and groups, and these.
        profile: Option<Profile>,
    },
    /// Messages.
    Messages {
        /// Which messages they are, or that there are none.
        code: u64,
        /// The messages. An older server leaves it out when it has none.
        log: Option<Log>,
    },
    /// Anything else: what was said is not known there, or this is not known
    /// here.
    Other {
        /// The command.
        command: u64,
        /// Its code, if it has one.
        code: Option<u64>,
    },
}

/// Somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// Who.
    pub id: String,
    /// What they are called.
    pub nick: Option<String>,
    /// Their picture.
    pub avatar: Option<String>,
    /// Whether they are there, where it is said.
    pub online: Option<bool>,
    /// From what they came.
    pub terminal: Option<String>,
}

/// Somebody with their friends and groups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Who.
    pub user: User,
    /// Their friends, by the heading under which they keep them.
    pub friends: Vec<Circle>,
    /// Their groups.
    pub groups: Vec<Circle>,
}

/// Several people under one name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Circle {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub name: Option<String>,
    /// Who is in it; `None` where it is not said.
    pub users: Option<Vec<User>>,
}

/// Messages by whom or where they were said, the oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Log {
    /// Whose log it is.
    pub user: Option<String>,
    /// By person.
    pub friends: Vec<(String, Vec<Chat>)>,
    /// By group.
    pub groups: Vec<(String, Vec<Chat>)>,
}

impl Answer {
    /// Reads what a server said.
    pub fn read(text: &str) -> Result<Self, DecodeError> {
        let value: Value =
            crate::json::read(text).ok_or_else(|| DecodeError::malformed("not JSON"))?;
        let fields = Fields::of(&value)?;
        let command = fields
            .natural("command")
            .ok_or_else(|| DecodeError::malformed("command"))?;
        let code = fields.natural("code");
        // Absent where something is said, as in stock answers without it.
        let data = fields.any_object("data");
        let coded = || code.ok_or_else(|| DecodeError::malformed("code"));
        Ok(match command {
            command::LOGIN_ANSWER => Self::Login {
                code: coded()?,
                user: data.and_then(user),
            },
            command::AUTH_ANSWER => Self::Auth {
                code: coded()?,
                token: data.and_then(|data| data.maybe_id("token")),
            },
            command::JOIN_ANSWER => Self::Join {
                code: coded()?,
                group: data.or(Some(fields)).and_then(group),
            },
            command::JOINED | command::LEFT => {
                // At the top level on 3.x joins, under `data` elsewhere.
                let inside = data.unwrap_or(fields);
                let group = group(inside).ok_or_else(|| DecodeError::malformed("group"))?;
                let user = inside.any_object("user").and_then(user);
                let user = user.ok_or_else(|| DecodeError::malformed("user"))?;
                if command == command::JOINED {
                    Self::Joined { group, user }
                } else {
                    Self::Left { group, user }
                }
            }
            command::CHAT => Self::Chat(
                Chat::read(fields.value("data")?).ok_or_else(|| DecodeError::malformed("data"))?,
            ),
            command::CHAT_ANSWER => {
                let code = coded()?;
                Self::Sent {
                    code,
                    words: fields.maybe_id("msg").filter(|it| it != words(code)),
                    id: fields.maybe_id("id"),
                    retry_ms: fields.natural("retryMs"),
                }
            }
            command::HEARTBEAT => Self::Heartbeat,
            command::CLOSE => Self::Closed,
            command::USERS_ANSWER => Self::Users {
                code: coded()?,
                profile: data.and_then(profile),
            },
            command::MESSAGES_ANSWER => Self::Messages {
                code: coded()?,
                log: data.map(log),
            },
            command => Self::Other { command, code },
        })
    }

    /// As it goes over the wire.
    pub fn write(&self) -> String {
        let mut answer = Object::default();
        let mut data = None;
        let (command, code) = match self {
            Self::Login { code, user } => {
                data = user
                    .as_ref()
                    .map(|user| write_user(user, "id").into_value());
                (command::LOGIN_ANSWER, Some(*code))
            }
            Self::Auth { code, token } => {
                data = token.as_deref().map(|token| {
                    let mut data = Object::default();
                    data.text("token", Some(token));
                    data.into_value()
                });
                (command::AUTH_ANSWER, Some(*code))
            }
            Self::Join { code, group } => {
                answer.text("group", group.as_deref());
                (command::JOIN_ANSWER, Some(*code))
            }
            Self::Joined { group, user } => {
                answer.text("group", Some(group));
                answer.value("user", write_user(user, "userId").into_value());
                (command::JOINED, Some(code::JOIN_OK))
            }
            Self::Left { group, user } => {
                let mut left = Object::default();
                left.text("group", Some(group));
                left.value("user", write_user(user, "userId").into_value());
                data = Some(left.into_value());
                (command::LEFT, None)
            }
            Self::Chat(chat) => {
                data = Some(chat.write());
                (command::CHAT, None)
            }
            Self::Sent {
                code,
                words,
                id,
                retry_ms,
            } => {
                answer.text("msg", words.as_deref());
                answer.text("id", id.as_deref());
                answer.number("retryMs", *retry_ms);
                (command::CHAT_ANSWER, Some(*code))
            }
            Self::Heartbeat => {
                let mut beat = Object::default();
                beat.time("hbbyte", Some(-128));
                data = Some(beat.into_value());
                (command::HEARTBEAT, None)
            }
            Self::Closed => (command::CLOSE, Some(code::CLOSED)),
            Self::Users { code, profile } => {
                data = profile.as_ref().map(write_profile);
                (command::USERS_ANSWER, Some(*code))
            }
            Self::Messages { code, log } => {
                data = log.as_ref().map(write_log);
                (command::MESSAGES_ANSWER, Some(*code))
            }
            Self::Other { command, code } => (*command, *code),
        };
        answer.number("command", Some(command));
        answer.number("code", code);
        let usual = code.map(words).filter(|words| !words.is_empty());
        if !answer.has("msg") {
            answer.text("msg", usual);
        }
        if let Some(data) = data {
            answer.value("data", data);
        }
        answer.into_text()
    }
}

/// Somebody, as a list or a notice has them.
pub fn user_of(value: &Value) -> Option<User> {
    Fields::of(value).ok().and_then(user)
}

fn user(fields: Fields<'_>) -> Option<User> {
    Some(User {
        id: fields
            .maybe_id("userId")
            .or_else(|| fields.maybe_id("id"))?,
        nick: fields.maybe_id("nick"),
        avatar: fields.maybe_id("avatar"),
        online: fields.maybe_id("status").map(|status| status == "online"),
        terminal: fields.maybe_id("terminal"),
    })
}

fn group(fields: Fields<'_>) -> Option<String> {
    let names = ["group", "groupId", "group_id"];
    names.iter().find_map(|name| fields.maybe_id(name))
}

fn profile(fields: Fields<'_>) -> Option<Profile> {
    let circles = |name| fields.any_list(name).iter().filter_map(circle).collect();
    Some(Profile {
        user: user(fields)?,
        friends: circles("friends"),
        groups: circles("groups"),
    })
}

fn circle(value: &Value) -> Option<Circle> {
    let fields = Fields::of(value).ok()?;
    let users = fields.maybe_list("users").ok();
    let users = users.filter(|_| fields.maybe("users").is_some());
    Some(Circle {
        id: group(fields)?,
        name: fields.maybe_id("name"),
        users: users.map(|users| users.iter().filter_map(user_of).collect()),
    })
}

fn log(fields: Fields<'_>) -> Log {
    let logs = |name| {
        let logs = fields
            .any_object(name)
            .into_iter()
            .flat_map(Fields::members);
        let rows = |value: &Value| {
            let rows = value.as_array().into_iter().flatten();
            rows.filter_map(Chat::read).collect()
        };
        logs.map(|(name, value)| (name.clone(), rows(value)))
            .collect()
    };
    Log {
        user: fields.maybe_id("userId"),
        friends: logs("friends"),
        groups: logs("groups"),
    }
}

fn write_user(user: &User, id: &str) -> Object {
    let mut fields = Object::default();
    fields.text(id, Some(&user.id));
    fields.text("nick", user.nick.as_deref());
    fields.text("avatar", user.avatar.as_deref());
    let status = user
        .online
        .map(|online| if online { "online" } else { "offline" });
    fields.text("status", status);
    fields.text("terminal", user.terminal.as_deref());
    fields
}

fn write_profile(profile: &Profile) -> Value {
    let mut fields = write_user(&profile.user, "userId");
    for (name, circles) in [("friends", &profile.friends), ("groups", &profile.groups)] {
        let circles = circles.iter().map(|circle| {
            let mut fields = Object::default();
            fields.text("groupId", Some(&circle.id));
            fields.text("name", circle.name.as_deref());
            if let Some(users) = &circle.users {
                let users = users
                    .iter()
                    .map(|user| write_user(user, "userId").into_value());
                fields.value("users", users.collect());
            }
            fields.into_value()
        });
        fields.value(name, circles.collect());
    }
    fields.into_value()
}

fn write_log(log: &Log) -> Value {
    let mut fields = Object::default();
    for (name, logs) in [("friends", &log.friends), ("groups", &log.groups)] {
        let logs = logs.iter().map(|(name, rows)| {
            let rows: Value = rows.iter().map(Chat::write).collect();
            (name.clone(), rows)
        });
        fields.value(name, Value::Object(logs.collect::<Map<_, _>>()));
    }
    fields.text("userId", log.user.as_deref());
    fields.into_value()
}
