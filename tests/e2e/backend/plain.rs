//! The plain chat's words: a kind and a text, and nothing that answers.

use serde_json::{Value, json};

use super::desk::{Desk, Fate};
use super::{Act, Answer, Request, Words};

pub(crate) struct Plain;

impl Words for Plain {
    fn greets(&self, desk: &mut Desk, link: usize, _: &str) -> Vec<Act> {
        desk.routed = Some(link);
        Vec::new()
    }

    fn hears(&self, desk: &mut Desk, _: usize, text: &str) -> Vec<Act> {
        let said: Value = serde_json::from_str(text).unwrap_or_default();
        match said["type"].as_str() {
            Some("ping") if !desk.mute => vec![Act::Say(r#"{"type":"pong"}"#.to_owned())],
            Some("msg") => {
                let words = said["content"].as_str().unwrap_or_default();
                let fate = desk.fate();
                if !matches!(fate, Fate::LostAndCut | Fate::Vanishes | Fate::Refused) {
                    desk.keeps(true, words);
                }
                match fate {
                    Fate::KeptAndCut | Fate::LostAndCut => vec![Act::Cut],
                    Fate::Kept | Fate::KeptInSilence | Fate::Vanishes | Fate::Refused => Vec::new(),
                }
            }
            _ => Vec::new(),
        }
    }

    fn answers(&self, desk: &mut Desk, request: &Request) -> (Answer, Vec<Act>) {
        if !request.target.contains("api/historyMessages") {
            return (Answer::status(404, ""), Vec::new());
        }
        let rows = desk.stored.iter().map(|stored| {
            let from = if stored.mine { "me" } else { "other" };
            json!({"id": stored.id.parse::<u64>().unwrap_or_default(), "from": from,
                   "content": stored.text, "type": "msg", "time": "2025-07-01 10:00:00"})
        });
        let rows: Vec<Value> = rows.collect();
        let with = |rows| json!({"code": 0, "lists": rows});
        let page = desk.page(rows, with, json!({"code": 0}));
        (Answer::page(page), Vec::new())
    }

    fn tells(&self, _: &Desk, _: &str, text: &str) -> String {
        json!({"type": "msg", "content": text}).to_string()
    }
}
