//! J-IM's frames as they stand in JSON, for both ends: requests are written
//! by the page and read by the gateway, answers the other way round.
//!
//! Readers take what forks and versions differ in: numbers as text, either
//! name of a group, fields at the top or in `extras`. Knows neither people nor
//! conversations; what a frame means is the dialect's and the gateway's.

mod answer;
mod chat;
mod request;

pub use answer::{Answer, Circle, Log, Profile, User, user_of};
pub use chat::Chat;
pub use request::{Request, Wanted, Which};

/// The numbers in `cmd` (requests) and `command` (answers).
pub mod command {
    /// Nobody knows what.
    pub const UNKNOWN: u64 = 0;
    /// Asks to be authenticated.
    pub const AUTH: u64 = 3;
    /// Answers that.
    pub const AUTH_ANSWER: u64 = 4;
    /// Logs in.
    pub const LOGIN: u64 = 5;
    /// Answers that, also where the handshake logged in.
    pub const LOGIN_ANSWER: u64 = 6;
    /// Joins a group.
    pub const JOIN: u64 = 7;
    /// Answers that.
    pub const JOIN_ANSWER: u64 = 8;
    /// Somebody joined.
    pub const JOINED: u64 = 9;
    /// A socket of somebody left.
    pub const LEFT: u64 = 10;
    /// A message, said and delivered.
    pub const CHAT: u64 = 11;
    /// Answers a message.
    pub const CHAT_ANSWER: u64 = 12;
    /// A beat, said and answered.
    pub const HEARTBEAT: u64 = 13;
    /// Closes.
    pub const CLOSE: u64 = 14;
    /// Asks for people.
    pub const USERS: u64 = 17;
    /// Answers that.
    pub const USERS_ANSWER: u64 = 18;
    /// Asks for messages.
    pub const MESSAGES: u64 = 19;
    /// Answers that.
    pub const MESSAGES_ANSWER: u64 = 20;
}

/// The numbers in `code`.
pub mod code {
    /// A message was taken; it proves nothing by itself.
    pub const SENT: u64 = 10_000;
    /// The other person is not there.
    pub const OFFLINE: u64 = 10_001;
    /// A message that could not be taken.
    pub const BAD_CHAT: u64 = 10_002;
    /// Everybody.
    pub const USERS_ALL: u64 = 10_003;
    /// No people can be had.
    pub const USERS_FAILED: u64 = 10_004;
    /// Those who are online.
    pub const USERS_ONLINE: u64 = 10_005;
    /// Those who are not.
    pub const USERS_OFFLINE: u64 = 10_006;
    /// Logged in.
    pub const LOGIN_OK: u64 = 10_007;
    /// Not logged in.
    pub const LOGIN_FAILED: u64 = 10_008;
    /// Authenticated.
    pub const AUTH_OK: u64 = 10_009;
    /// Not authenticated.
    pub const AUTH_FAILED: u64 = 10_010;
    /// In the group.
    pub const JOIN_OK: u64 = 10_011;
    /// Not in the group.
    pub const JOIN_FAILED: u64 = 10_012;
    /// No messages can be had.
    pub const MESSAGES_FAILED: u64 = 10_015;
    /// What was said while nobody was there.
    pub const MESSAGES_MISSED: u64 = 10_016;
    /// A command that the server does not know, or no JSON.
    pub const UNKNOWN_COMMAND: u64 = 10_017;
    /// What was said.
    pub const MESSAGES_KEPT: u64 = 10_018;
    /// Closed.
    pub const CLOSED: u64 = 10_021;
}

/// The server's words for a code: English, a blank, Chinese. Spelt as the
/// server spells them.
pub const fn words(code: u64) -> &'static str {
    match code {
        code::SENT => "ok 发送成功",
        code::OFFLINE => "offline 用户不在线",
        code::BAD_CHAT => "send failed 消息发送失败,数据格式不正确",
        code::USERS_ALL => "ok 获取用户信息成功!",
        code::USERS_FAILED => "get user failed ! 获取用户信息失败!",
        code::USERS_ONLINE => "ok 获取所有在线用户信息成功!",
        code::USERS_OFFLINE => "ok 获取所有离线用户信息成功!",
        code::LOGIN_OK => "ok 登录成功!",
        code::LOGIN_FAILED => "login failed ! 登录失败!",
        code::AUTH_OK => "ok 鉴权成功!",
        code::AUTH_FAILED => "auth failed! 鉴权失败!",
        code::JOIN_OK => "join group ok! 加入群组成功!",
        code::JOIN_FAILED => "join group failed! 加入群组失败!",
        code::MESSAGES_FAILED => "get user message failed! 获取用户消息失败!",
        code::MESSAGES_MISSED => "get user message ok! 获取离线消息成功!",
        code::UNKNOWN_COMMAND => "cmd failed! 未知的cmd命令!",
        code::MESSAGES_KEPT => "get user message ok! 获取历史消息成功!",
        code::CLOSED => "close ok! 关闭成功",
        _ => "",
    }
}
