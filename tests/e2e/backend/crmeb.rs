//! CRMEB's words, in the seed's private form and as the stock Workerman server
//! says them.

use serde_json::{Value, json};

use super::desk::{Desk, Fate, Stored};
use super::{Act, Answer, Request, Words};

const PONG: &str = r#"{"type":"ping","data":{"now":1666661624}}"#;
const REFUSED: &str = r#"{"type":"error","data":{"msg":"授权失败!"},"close":true}"#;
const ERR_TIP: &str = r#"{"type":"err_tip","data":{"msg":"格式错误"}}"#;

fn turned_away() -> Vec<Act> {
    vec![Act::Say(REFUSED.to_owned()), Act::Cut]
}

/// The server that the seed's page was written for: no answer to a login, no
/// echo of one's own words.
pub(crate) struct Seed;

impl Seed {
    fn row(desk: &Desk, stored: &Stored) -> Value {
        let id: Value = stored.id.parse::<u64>().map_or(Value::Null, Value::from);
        let position = if stored.mine { "right" } else { "left" };
        let (uid, to) = if stored.mine { (42, 9) } else { (9, 42) };
        let mut row = json!({
            "id": id, "add_time": 1_666_661_420, "chat_type": "chat", "is_tourist": 0,
            "mer_id": 0, "msn": stored.text, "msn_type": 0, "position": position,
            "remind": 0, "time_node": 0, "to_uid": to, "type": 1, "uid": uid,
        });
        if !desk.loses_names {
            let name = if stored.mine { "Ann" } else { "Kim" };
            // For one's own rows the old page reads its own name from to_*.
            row["uname"] = json!(name);
            row["uavatar"] = json!("/icon.svg");
            row["to_name"] = json!("Ann");
            row["to_avatar"] = json!("/icon.svg");
        }
        row
    }
}

impl Words for Seed {
    fn greets(&self, _: &mut Desk, _: usize, _: &str) -> Vec<Act> {
        Vec::new()
    }

    fn hears(&self, desk: &mut Desk, link: usize, text: &str) -> Vec<Act> {
        let said: Value = serde_json::from_str(text).unwrap_or_default();
        match said["type"].as_str() {
            Some("login") if desk.refuses => turned_away(),
            Some("login") => {
                desk.routed = Some(link);
                Vec::new()
            }
            Some("ping") if !desk.mute => vec![Act::Say(PONG.to_owned())],
            Some("chat") => {
                let words = said["data"]["content"].as_str().unwrap_or_default();
                match desk.fate() {
                    Fate::Kept | Fate::KeptInSilence => {
                        desk.keeps(true, words);
                        Vec::new()
                    }
                    Fate::KeptAndCut => {
                        desk.keeps(true, words);
                        vec![Act::Cut]
                    }
                    Fate::LostAndCut => vec![Act::Cut],
                    Fate::Vanishes => Vec::new(),
                    Fate::Refused => vec![Act::Say(ERR_TIP.to_owned())],
                }
            }
            _ => Vec::new(),
        }
    }

    fn answers(&self, desk: &mut Desk, request: &Request) -> (Answer, Vec<Act>) {
        if !request.target.ends_with("gzh/crmebchat/chatMessageList") {
            return (Answer::status(404, ""), Vec::new());
        }
        let asked = request.json();
        let (page, limit) = (asked["page"].as_u64(), asked["limit"].as_u64());
        let limit = limit.unwrap_or(10) as usize;
        let skipped = (page.unwrap_or(1).max(1) - 1) as usize * limit;
        let newest = desk.stored.iter().rev().skip(skipped).take(limit);
        let mut rows: Vec<Value> = newest.map(|stored| Self::row(desk, stored)).collect();
        rows.reverse();
        let with = |rows| json!({"data": {"list": rows}});
        let page = desk.page(rows, with, json!({"data": {}}));
        (Answer::page(page), Vec::new())
    }

    fn tells(&self, desk: &Desk, id: &str, text: &str) -> String {
        let stored = Stored::of(id, false, text);
        let mut row = Self::row(desk, &stored);
        row["type"] = json!("text");
        row["msn_type"] = json!(1);
        json!({"type": "chat", "data": row}).to_string()
    }
}

/// The stock server on Workerman, with a customer on it.
pub(crate) struct Stock;

impl Stock {
    /// Live, ids are texts and empty cards lists; in history, numbers and null.
    fn row(desk: &Desk, stored: &Stored, live: bool) -> Value {
        let number: Value = stored.id.parse::<u64>().map_or(Value::Null, Value::from);
        let id = if live { json!(stored.id) } else { number };
        let (uid, to) = if stored.mine { (42, 9) } else { (9, 42) };
        let none = if live { json!([]) } else { Value::Null };
        let mut row = json!({
            "to_uid": to, "msn_type": 1, "msn": stored.text, "uid": uid,
            "add_time": 1_795_164_628, "is_tourist": 0, "type": 0,
            "create_time": "2026-11-20 16:50:28", "update_time": "2026-11-20 16:50:28",
            "id": id, "_add_time": "2026-11-20 16:50:28",
            "productInfo": none, "orderInfo": none,
        });
        if !desk.loses_names {
            row["nickname"] = json!(if stored.mine { "Ann" } else { "Kim" });
            row["avatar"] = json!("/icon.svg");
        }
        row
    }

    fn kept(desk: &mut Desk, words: &str) -> Stored {
        let text = stripped(words);
        let id = desk.keeps(true, &text);
        Stored {
            id,
            mine: true,
            text,
        }
    }
}

/// What the stock server leaves of a text.
fn stripped(words: &str) -> String {
    let mut text = String::new();
    let mut in_tag = false;
    for character in words.replace("&nbsp;", "").chars() {
        match character {
            '<' => in_tag = true,
            '>' if in_tag => in_tag = false,
            '\n' | '\r' | '\t' => {}
            _ if in_tag => {}
            _ => text.push(character),
        }
    }
    text.trim().to_owned()
}

impl Words for Stock {
    fn greets(&self, _: &mut Desk, _: usize, _: &str) -> Vec<Act> {
        Vec::new()
    }

    fn hears(&self, desk: &mut Desk, link: usize, text: &str) -> Vec<Act> {
        let said: Value = serde_json::from_str(text).unwrap_or_default();
        match said["type"].as_str() {
            Some("login") if desk.refuses || !said["data"].is_string() => turned_away(),
            Some("login") => {
                desk.routed = Some(link);
                vec![Act::Say(r#"{"type":"success"}"#.to_owned())]
            }
            Some("to_chat") => {
                let read = json!({"type": "mssage_num", "data": {
                    "uid": said["data"]["id"], "num": 0, "recored": {},
                }});
                vec![Act::Say(read.to_string())]
            }
            Some("chat") => {
                let words = said["data"]["msn"].as_str().unwrap_or_default();
                let fate = desk.fate();
                let echo = |desk: &mut Desk| {
                    let stored = Self::kept(desk, words);
                    json!({"type": "chat", "data": Self::row(desk, &stored, true)}).to_string()
                };
                match fate {
                    Fate::Kept => vec![Act::Say(echo(desk))],
                    Fate::KeptAndCut => {
                        echo(desk);
                        vec![Act::Cut]
                    }
                    Fate::KeptInSilence => {
                        echo(desk);
                        Vec::new()
                    }
                    Fate::LostAndCut => vec![Act::Cut],
                    Fate::Vanishes => Vec::new(),
                    Fate::Refused => vec![Act::Say(ERR_TIP.to_owned())],
                }
            }
            // A ping, and whatever it does not know.
            _ if desk.mute => Vec::new(),
            _ => vec![Act::Say(PONG.to_owned())],
        }
    }

    fn answers(&self, desk: &mut Desk, request: &Request) -> (Answer, Vec<Act>) {
        if !request.target.contains("api/v2/user/service/record") {
            return (Answer::status(404, ""), Vec::new());
        }
        let before = query(&request.target, "uidTo").and_then(|id| id.parse::<u64>().ok());
        let before = before.filter(|id| *id > 0).unwrap_or(u64::MAX);
        let older = desk.stored.iter().rev();
        let older = older.filter(|stored| stored.id.parse::<u64>().is_ok_and(|id| id < before));
        let rows = older.take(15).map(|stored| Self::row(desk, stored, false));
        let mut rows: Vec<Value> = rows.collect();
        rows.reverse();
        let with = |rows| {
            json!({"status": 200, "msg": "success", "data": {
                "serviceList": rows, "uid": 9, "nickname": "Kim", "avatar": "/icon.svg",
            }})
        };
        let bare = json!({"status": 200, "msg": "success", "data": {}});
        let page = desk.page(rows, with, bare);
        (Answer::page(page), Vec::new())
    }

    fn tells(&self, desk: &Desk, id: &str, text: &str) -> String {
        let stored = Stored::of(id, false, text);
        json!({"type": "reply", "data": Self::row(desk, &stored, true)}).to_string()
    }
}

pub(super) fn query(target: &str, name: &str) -> Option<String> {
    let (_, query) = target.split_once('?')?;
    let mut fields = query.split('&').filter_map(|field| field.split_once('='));
    let (_, value) = fields.find(|(found, _)| *found == name)?;
    Some(value.to_owned())
}
