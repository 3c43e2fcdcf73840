//! What is asked of the egg backend by HTTP, for both ends: where each request
//! goes and what its body says.
//!
//! Knows neither headers nor answers.

use serde_json::Value;

use super::wire::{Chat, Id, Missing, Say};
use crate::dialect::address;
use crate::dialect::fields::{Fields, Object};
use crate::wire::Method;

/// A request.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// Who am I, by name and password?
    Login(Login),
    /// The same of somebody new.
    Register(Login),
    /// I am not here any more.
    Logout,
    /// Hand me on the socket what I missed; it is not kept after that.
    Missed,
    /// Whether this person is a friend, and by what name I know them.
    IsFriend(String),
    /// My friends, so many on a page, from page 1.
    Friends(u64, u64),
    /// What is known of this group.
    Group(String),
    /// A message.
    Say(Say),
    /// A file, for this folder; it comes in a form.
    Upload(String),
    /// Takes a message back.
    Revoke(Revoke),
}

/// A name and a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// 4 to 20 letters, digits and `_`.
    pub username: String,
    /// 6 to 20 letters.
    pub password: String,
}

/// Which message is taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revoke {
    /// Its id.
    pub id: String,
    /// To whom it was said.
    pub to: Id,
    /// Whether that is a person or a group.
    pub chat: Chat,
    /// When it was said, in milliseconds since 1970.
    pub create_time: i64,
}

/// A page of friends that does not say how long it is.
const FRIENDS: u64 = 2000;

const LOGIN: &str = "api/loginChat";
const REGISTER: &str = "api/regChat";
const LOGOUT: &str = "api/chat/logout";
const MISSED: &str = "api/chat/chatGetmessageOffLine";
const IS_FRIEND: &str = "api/chat/ismygoodfriend/";
const FRIEND_LIST: &str = "api/chat/goodfriendlist/";
const GROUP: &str = "api/chat/groupinfo/";
const SAY: &str = "api/chat/socket/sendmessage";
const UPLOAD: &str = "api/chat/uploadStreamSingleToServerDiy/";
const REVOKE: &str = "api/chat/revokeMessage";

impl Request {
    /// How it is asked.
    pub const fn method(&self) -> Method {
        match self {
            Self::Friends(..) | Self::Group(_) => Method::Get,
            Self::Login(_)
            | Self::Register(_)
            | Self::Logout
            | Self::Missed
            | Self::IsFriend(_)
            | Self::Say(_)
            | Self::Upload(_)
            | Self::Revoke(_) => Method::Post,
        }
    }

    /// Where, behind the backend's base.
    pub fn path(&self) -> String {
        match self {
            Self::Login(_) => LOGIN.to_owned(),
            Self::Register(_) => REGISTER.to_owned(),
            Self::Logout => LOGOUT.to_owned(),
            Self::Missed => MISSED.to_owned(),
            Self::IsFriend(id) => format!("{IS_FRIEND}{}", address::percent(id)),
            Self::Friends(page, limit) => format!("{FRIEND_LIST}{page}?limit={limit}"),
            Self::Group(id) => format!("{GROUP}{}", address::percent(id)),
            Self::Say(_) => SAY.to_owned(),
            Self::Upload(folder) => format!("{UPLOAD}{}", address::percent(folder)),
            Self::Revoke(_) => REVOKE.to_owned(),
        }
    }

    /// The JSON body; what is read or posted as a form has none.
    pub fn body(&self) -> Option<String> {
        match self {
            Self::Logout | Self::Missed | Self::IsFriend(_) => Some("{}".to_owned()),
            Self::Say(say) => Some(say.text()),
            Self::Login(login) | Self::Register(login) => {
                let mut body = Object::default();
                body.text("username", Some(&login.username));
                body.text("password", Some(&login.password));
                Some(body.into_text())
            }
            Self::Revoke(revoke) => {
                let mut body = Object::default();
                body.text("id", Some(&revoke.id));
                body.value("to_id", revoke.to.value());
                body.text("chatType", Some(revoke.chat.word()));
                body.value("create_time", Value::from(revoke.create_time));
                Some(body.into_text())
            }
            Self::Friends(..) | Self::Group(_) | Self::Upload(_) => None,
        }
    }

    /// Reads a request by its path behind the base, without escapes, and the
    /// fields of its body and its query. `None`: there is no such path.
    pub fn read(method: Method, path: &str, fields: &Value) -> Result<Option<Self>, Missing> {
        let whole = |name| {
            let text = Fields::of(fields).ok()?.maybe_id(name)?;
            text.trim().parse::<u64>().ok()
        };
        if let (Some(page), Method::Get) = (path.strip_prefix(FRIEND_LIST), method) {
            let page = page.parse().ok().filter(|page| *page > 0).unwrap_or(1);
            let limit = whole("limit").filter(|limit| *limit > 0);
            return Ok(Some(Self::Friends(page, limit.unwrap_or(FRIENDS))));
        }
        let rest = |prefix| path.strip_prefix(prefix).filter(|it: &&str| !it.is_empty());
        if method != Method::Post {
            return Ok(rest(GROUP).map(|id| Self::Group(id.to_owned())));
        }
        Ok(Some(match path {
            LOGIN => Self::Login(login(fields)?),
            REGISTER => Self::Register(login(fields)?),
            LOGOUT => Self::Logout,
            MISSED => Self::Missed,
            SAY => Self::Say(Say::read(fields)?),
            REVOKE => Self::Revoke(revoke(fields)?),
            _ => {
                if let Some(id) = rest(IS_FRIEND) {
                    Self::IsFriend(id.to_owned())
                } else if let Some(folder) = rest(UPLOAD) {
                    Self::Upload(folder.to_owned())
                } else {
                    return Ok(None);
                }
            }
        }))
    }
}

fn login(fields: &Value) -> Result<Login, Missing> {
    let fields = Fields::of(fields).map_err(|_| Missing("参数"))?;
    let text = |name| fields.maybe_id(name).filter(|text| !text.is_empty());
    Ok(Login {
        username: text("username").ok_or(Missing("用户名"))?,
        password: text("password").ok_or(Missing("密码"))?,
    })
}

fn revoke(fields: &Value) -> Result<Revoke, Missing> {
    let object = Fields::of(fields).map_err(|_| Missing("参数"))?;
    let time = object.maybe_id("create_time");
    Ok(Revoke {
        id: object.words("id").ok_or(Missing("消息id"))?,
        to: Id::read(object, "to_id").map_err(|_| Missing("接收人/群的id值"))?,
        chat: Chat::read(object).map_err(|_| Missing("接收类型"))?,
        create_time: time
            .and_then(|time| time.parse().ok())
            .ok_or(Missing("创建时间"))?,
    })
}
