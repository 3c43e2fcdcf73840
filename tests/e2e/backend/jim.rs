//! J-IM's words, as its server 3.0 says them: numbered commands, an echo and an
//! answer, history on the socket, and a text in answer to a close.

use serde_json::{Value, json};

use super::desk::{Desk, Fate, Stored};
use super::{Act, Answer, Request, Words};

const LOGIN: &str = r#"{"code":10007,"command":6,"msg":"ok 登录成功!"}"#;
const REFUSED: &str = r#"{"code":10008,"command":6,"msg":"login failed ! 登录失败!"}"#;
const SENT: &str = r#"{"code":10000,"command":12,"msg":"ok 发送成功"}"#;
const BAD: &str = r#"{"code":10002,"command":12,"msg":"send failed 消息发送失败,数据格式不正确"}"#;
const BEAT: &str = r#"{"command":13,"data":{"hbbyte":-128}}"#;
const UNKNOWN: &str = r#"{"code":10017,"command":0,"msg":"cmd failed! 未知的cmd命令!"}"#;

pub(crate) struct Jim;

impl Jim {
    /// What stock 3.0 leaves of a message: the three fields of the seed only in
    /// `extras`, if at all.
    fn body(desk: &Desk, stored: &Stored) -> Value {
        let (from, nick) = if stored.mine {
            ("ann", "Ann")
        } else {
            ("kim", "Kim")
        };
        let mut body = json!({
            "id": stored.id, "from": from, "createTime": 1_733_800_000_000_u64, "cmd": 11,
            "chatType": 1, "msgType": 0, "groupId": "100", "content": stored.text,
        });
        if !desk.loses_names {
            body["extras"] = json!({"nickName": nick, "avatar": "/icon.svg", "type": 1});
        }
        body
    }

    fn history(desk: &Desk) -> String {
        let rows = desk.stored.iter().map(|stored| Self::body(desk, stored));
        let rows: Vec<Value> = rows.collect();
        let Some(groups) = desk.page(rows, |rows| json!({"100": rows}), json!({})) else {
            return "<!doctype html><title>502 Bad Gateway</title>".to_owned();
        };
        json!({
            "code": 10018, "command": 20, "msg": "get user message ok! 获取历史消息成功!",
            "data": {"userId": "ann", "friends": {}, "groups": groups},
        })
        .to_string()
    }

    fn users() -> String {
        let user = |id: &str, nick: &str| {
            json!({"userId": id, "nick": nick, "avatar": "/icon.svg",
                   "status": "online", "terminal": "ws"})
        };
        let mut me = user("ann", "Ann");
        me["friends"] = json!([{"groupId": "1", "name": "我的好友", "users": []}]);
        me["groups"] = json!([{"groupId": "100", "name": "J-IM朋友圈",
                               "users": [user("ann", "Ann"), user("kim", "Kim")]}]);
        json!({"code": 10005, "command": 18, "msg": "ok 获取所有在线用户信息成功!", "data": me})
            .to_string()
    }
}

impl Words for Jim {
    /// It logs in from the address, and says who joined before it says so.
    fn greets(&self, desk: &mut Desk, link: usize, _: &str) -> Vec<Act> {
        if desk.refuses {
            return vec![Act::Say(REFUSED.to_owned()), Act::Cut];
        }
        desk.routed = Some(link);
        let joined = json!({
            "code": 10011, "command": 9, "group": "100", "msg": "join group ok! 加入群组成功!",
            "user": {"nick": "Ann", "status": "online", "userId": "ann"},
        });
        vec![Act::Say(joined.to_string()), Act::Say(LOGIN.to_owned())]
    }

    fn hears(&self, desk: &mut Desk, _: usize, text: &str) -> Vec<Act> {
        let said: Value = serde_json::from_str(text).unwrap_or_default();
        match said["cmd"].as_u64() {
            Some(13) if desk.mute => Vec::new(),
            Some(13) => vec![Act::Say(BEAT.to_owned())],
            Some(17) => vec![Act::Say(Self::users())],
            Some(19) => vec![Act::Say(Self::history(desk))],
            Some(11) => {
                let words = said["content"].as_str().unwrap_or_default();
                let id = said["id"].as_str().unwrap_or_default();
                let fate = desk.fate();
                if !matches!(fate, Fate::LostAndCut | Fate::Vanishes | Fate::Refused) {
                    desk.keeps_as(true, words, id);
                }
                let echo = |desk: &Desk| {
                    let stored = desk.stored.last().expect("just kept");
                    json!({"command": 11, "data": Self::body(desk, stored)}).to_string()
                };
                match fate {
                    Fate::Kept => vec![Act::Say(echo(desk)), Act::Say(SENT.to_owned())],
                    Fate::KeptAndCut | Fate::LostAndCut => vec![Act::Cut],
                    Fate::KeptInSilence => Vec::new(),
                    // So it answers those who are not in the group, too.
                    Fate::Vanishes => vec![Act::Say(SENT.to_owned())],
                    Fate::Refused => vec![Act::Say(BAD.to_owned())],
                }
            }
            _ => vec![Act::Say(UNKNOWN.to_owned())],
        }
    }

    fn answers(&self, _: &mut Desk, _: &Request) -> (Answer, Vec<Act>) {
        (Answer::status(404, ""), Vec::new())
    }

    fn tells(&self, desk: &Desk, id: &str, text: &str) -> String {
        let stored = Stored::of(id, false, text);
        json!({"command": 11, "data": Self::body(desk, &stored)}).to_string()
    }

    fn last_words(&self) -> Option<String> {
        Some(r#"{"code":10021,"command":14,"msg":"close ok! 关闭成功"}"#.to_owned())
    }
}
