//! The egg.js messenger's words: in by the socket, out by HTTP, and no history.

use serde_json::{Value, json};

use super::desk::{Desk, Fate, History, Stored};
use super::{Act, Answer, Request, Words};

const WELCOME: &str =
    r#"{"type":"system","data":"欢迎您访问我们的系统！","timestamp":1753934390000}"#;
const REFUSED: &str = r#"{"msg":"fail","data":"Token 不合法"}"#;

pub(crate) struct Egg;

impl Egg {
    fn message(desk: &Desk, stored: &Stored) -> Value {
        let (from, to) = if stored.mine { (6, 9) } else { (9, 6) };
        let mut message = json!({
            "id": format!("m-{}", stored.id), "from_id": from, "to_id": to,
            "chatType": "single", "type": "text", "data": stored.text, "options": {},
            "create_time": 1_753_934_395_000_u64, "isremove": 0,
        });
        if !desk.loses_names {
            let name = |mine: bool| json!(if mine { "Ann" } else { "Kim" });
            message["from_name"] = name(stored.mine);
            message["from_avatar"] = json!("/icon.svg");
            message["to_name"] = name(!stored.mine);
            message["to_avatar"] = json!("/icon.svg");
        }
        message
    }

    /// A message to the page, as every one comes.
    pub(crate) fn frame(message: &Value) -> String {
        json!({"type": "singleChat", "data": message, "timestamp": 1_753_934_400_001_u64})
            .to_string()
    }

    fn said(desk: &mut Desk, request: &Request) -> Answer {
        let body = request.json();
        let words = body["data"].as_str().unwrap_or_default();
        let fate = desk.fate();
        if !matches!(fate, Fate::LostAndCut | Fate::Vanishes | Fate::Refused) {
            desk.keeps(true, words);
        }
        match fate {
            Fate::Kept => {
                let stored = desk.stored.last().expect("just kept");
                Answer::json(&json!({"msg": "ok", "data": Self::message(desk, stored)}))
            }
            Fate::KeptAndCut | Fate::LostAndCut => Answer::None,
            Fate::KeptInSilence | Fate::Vanishes => Answer::html(),
            Fate::Refused => Answer::status(400, r#"{"msg":"fail","data":"对方不是你的好友"}"#),
        }
    }
}

impl Words for Egg {
    fn greets(&self, desk: &mut Desk, link: usize, _: &str) -> Vec<Act> {
        if desk.refuses {
            return vec![Act::Say(REFUSED.to_owned()), Act::Close];
        }
        desk.routed = Some(link);
        vec![Act::Say(WELCOME.to_owned())]
    }

    fn hears(&self, desk: &mut Desk, _: usize, text: &str) -> Vec<Act> {
        let said: Value = serde_json::from_str(text).unwrap_or_default();
        match said["type"].as_str() {
            Some("ping") if !desk.mute => vec![Act::Say(r#"{"type":"pong"}"#.to_owned())],
            _ => Vec::new(),
        }
    }

    fn answers(&self, desk: &mut Desk, request: &Request) -> (Answer, Vec<Act>) {
        let path = request.target.split('?').next().unwrap_or_default();
        let Some((_, path)) = path.split_once("/api/") else {
            return (Answer::status(404, ""), Vec::new());
        };
        let ok = |data: Value| Answer::json(&json!({"msg": "ok", "data": data}));
        if desk.refuses {
            let refused = r#"{"msg":"fail","data":"Token 令牌不合法！"}"#;
            return (Answer::status(400, refused), Vec::new());
        }
        if desk.history == History::Html {
            return (Answer::html(), Vec::new());
        }
        match path {
            "chat/socket/sendmessage" => (Self::said(desk, request), Vec::new()),
            // Pushed on the socket and forgotten in the same breath.
            "chat/chatGetmessageOffLine" if desk.history != History::NoKey => {
                let owed = std::mem::take(&mut desk.owed);
                let acts = owed.into_iter().map(Act::SayRouted).collect();
                (ok(json!("ok")), acts)
            }
            "chat/ismygoodfriend/9" => {
                let friend = json!({"id": 29, "user_id": 6, "friend_id": 9, "nickname": "阿金",
                    "friendlookme": 1, "melookfriend": 1, "ismystarfriend": 0,
                    "isblack": 0, "status": 1});
                (ok(friend), Vec::new())
            }
            "chat/goodfriendlist/1" => {
                let friend = json!({"id": 29, "beizhu": "阿金", "username": "kim",
                    "avatar": "/icon.svg", "friend_nickname": "Kim", "friend_id": 9,
                    "name": "阿金"});
                let list = json!({"title": "A", "list": [friend]});
                let rows = json!({"newList": [list], "indexList": ["A"], "total": 1});
                (ok(json!({"count": 1, "rows": rows})), Vec::new())
            }
            _ => (
                Answer::status(404, r#"{"msg":"fail","data":"not found"}"#),
                Vec::new(),
            ),
        }
    }

    fn tells(&self, desk: &Desk, id: &str, text: &str) -> String {
        let stored = Stored::of(id, false, text);
        Self::frame(&Self::message(desk, &stored))
    }
}
