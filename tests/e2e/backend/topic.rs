//! The topic room's words: three levels of JSON, and no answer to anything but
//! a message.

use serde_json::{Value, json};

use super::crmeb::query;
use super::desk::{Desk, Fate, Stored};
use super::{Act, Answer, Request, Words};

pub(crate) struct Topic;

impl Topic {
    fn item(desk: &Desk, stored: &Stored) -> Value {
        let mut item = json!({
            "type": "message", "user": if stored.mine { json!("7") } else { json!(5) },
            "stream": "R-8", "content": stored.text, "createdat": "2018-10-8 14:33",
        });
        if !desk.loses_names {
            item["displayName"] = json!(if stored.mine { "Ann" } else { "Kim" });
            item["avatarurl"] = json!("/icon.svg");
        }
        item
    }

    /// How everybody is told of something: the second level is a text.
    pub(crate) fn frame(data: &Value) -> String {
        json!({"code": 200, "data": data.to_string()}).to_string()
    }
}

impl Words for Topic {
    fn greets(&self, _: &mut Desk, _: usize, _: &str) -> Vec<Act> {
        Vec::new()
    }

    fn hears(&self, desk: &mut Desk, link: usize, text: &str) -> Vec<Act> {
        let said: Value = serde_json::from_str(text).unwrap_or_default();
        let payload = said["payLoad"].as_str().unwrap_or_default();
        let payload: Value = serde_json::from_str(payload).unwrap_or_default();
        match said["type"].as_u64() {
            Some(3) if desk.refuses => {
                let refused = r#"{"code":401,"data":"token expired"}"#;
                vec![Act::Say(refused.to_owned()), Act::Cut]
            }
            Some(3) => {
                desk.routed = Some(link);
                Vec::new()
            }
            Some(2) => {
                let info = payload["chatInfo"].as_str().unwrap_or_default();
                let chat: Value = serde_json::from_str(info).unwrap_or_default();
                let words = chat["content"].as_str().unwrap_or_default();
                let echo = json!({"code": 200, "data": info}).to_string();
                let fate = desk.fate();
                if !matches!(fate, Fate::LostAndCut | Fate::Vanishes | Fate::Refused) {
                    desk.keeps(true, words);
                }
                match fate {
                    Fate::Kept => vec![Act::SayRouted(echo)],
                    Fate::KeptAndCut | Fate::LostAndCut => vec![Act::Cut],
                    Fate::KeptInSilence | Fate::Vanishes => Vec::new(),
                    Fate::Refused => {
                        vec![Act::Say(r#"{"code":400,"data":"bad message"}"#.to_owned())]
                    }
                }
            }
            _ => Vec::new(),
        }
    }

    fn answers(&self, desk: &mut Desk, request: &Request) -> (Answer, Vec<Act>) {
        if request.target.ends_with("api/question/add") {
            let asked = request.json();
            let words = asked["content"].as_str().unwrap_or_default();
            let told = json!({
                "user": "7", "displayName": "Ann", "avatarurl": "", "stream": "R-8",
                "type": "question", "content": json!({"content": words}).to_string(),
                "createdat": "2018-10-8 14:33",
            });
            let accepted = Answer::json(&json!({"code": 200, "data": null}));
            return (accepted, vec![Act::SayRouted(Self::frame(&told))]);
        }
        if !request.target.contains("api/message/chatmsg") {
            return (Answer::status(404, ""), Vec::new());
        }
        let first = query(&request.target, "page").is_none_or(|page| page == "1");
        let stored = desk.stored.iter().filter(|_| first);
        let items = stored.map(|stored| {
            let mut item = Self::item(desk, stored);
            item["id"] = stored.id.parse::<u64>().map_or(Value::Null, Value::from);
            item
        });
        let items: Vec<Value> = items.collect();
        let with = |items| json!({"code": 200, "data": {"items": items}});
        let page = desk.page(items, with, json!({"code": 200, "data": {}}));
        (Answer::page(page), Vec::new())
    }

    fn tells(&self, desk: &Desk, _: &str, text: &str) -> String {
        let stored = Stored::of("", false, text);
        Self::frame(&Self::item(desk, &stored))
    }
}
