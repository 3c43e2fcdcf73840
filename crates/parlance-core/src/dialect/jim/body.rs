//! A J-IM message as a body of the native dialect, and back: what native
//! people read, and beside it what was said in J-IM's own words, so that J-IM's
//! pages get back what they said to the letter.
//!
//! For the gateway. Knows neither people nor conversations.

use serde_json::{Map, Value};

use super::content_of;
use super::message::kind_of;
use super::wire::Chat;
use crate::content::Content;
use crate::dialect::fields::{Fields, Object};
use crate::dialect::native;

/// Where a body keeps what only J-IM's pages read.
const OWN: &str = "jim";

/// The body that says this.
pub fn body_of(chat: &Chat) -> Value {
    let content = content_of(chat);
    let body = if let Content::Unknown(unknown) = &content {
        let mut body = Object::default();
        // Not the sender's word for it: another dialect may mean something by
        // that.
        body.text("kind", Some(OWN));
        body.text("fallback", Some(&unknown.fallback));
        body.into_value()
    } else {
        native::body_of(&content)
    };
    let Value::Object(body) = body else {
        return body;
    };
    let plain = said(&content);
    let mut own = Object::default();
    own.time("createTime", chat.create_time);
    if chat.kind != plain.kind {
        own.value(
            "type",
            chat.kind.as_deref().map_or(Value::Null, Value::from),
        );
    }
    if chat.msg_type.is_some() && chat.msg_type != plain.msg_type {
        own.number("msgType", chat.msg_type);
    }
    if chat.content.is_some() && chat.content != plain.content {
        own.text("content", chat.content.as_deref());
    }
    if !chat.extras.is_empty() {
        own.value("extras", Value::Object(chat.extras.clone()));
    }
    let mut body = Object::from(body);
    if !own.is_empty() {
        body.value(OWN, own.into_value());
    }
    body.into_value()
}

/// What this body says, as a message of which nothing else is known: when it
/// was said counts only where it is told here. `words` are for what J-IM's
/// pages have no kind for.
pub fn chat_of(body: &Value, words: impl Fn(&Content) -> String) -> Chat {
    let content = native::content_of(body);
    let mut chat = said(&content);
    if chat.content.is_none() {
        chat.content = Some(words(&content));
    }
    let Some(own) = body.get(OWN).and_then(|own| Fields::of(own).ok()) else {
        return chat;
    };
    let extras = own
        .any_object("extras")
        .into_iter()
        .flat_map(Fields::members);
    let extras: Map<String, Value> = extras
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    Chat {
        kind: match body[OWN].get("type") {
            None => chat.kind,
            Some(_) => own.maybe_id("type"),
        },
        msg_type: own.natural("msgType").or(chat.msg_type),
        content: own.maybe_id("content").or(chat.content),
        create_time: own.whole("createTime"),
        extras,
        ..chat
    }
}

/// How J-IM says this when nobody has said it otherwise: the seed's kinds, all
/// else as a text whose words are still to be found.
fn said(content: &Content) -> Chat {
    let (kind, words) = match kind_of(content, "") {
        Some((kind, words)) => (kind, Some(words)),
        None => ("1", None),
    };
    let blank = matches!(content, Content::Text(_)).then(|| content.text().to_owned());
    Chat {
        kind: Some(kind.to_owned()),
        msg_type: Some(0),
        content: words.or(blank),
        ..Chat::default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn words(content: &Content) -> String {
        format!("[{}]", content.kind())
    }

    #[test]
    fn what_a_jim_page_said_comes_back_to_the_letter() {
        for chat in [
            json!({"msgType": 0, "type": 1, "content": " a\n", "createTime": 7}),
            json!({"msgType": 0, "type": 1, "content": "", "createTime": 7}),
            json!({"msgType": 0, "type": 2, "content": "https://x/p.png", "createTime": -7}),
            json!({"msgType": 0, "type": 3, "content": "", "createTime": 7}),
            json!({"msgType": 0, "type": 4, "content": "rose", "createTime": 7}),
            json!({"msgType": 1, "content": "https://x/p.png", "createTime": 7}),
            json!({"msgType": 3, "content": "https://x/p.mp4", "createTime": 7}),
            json!({"msgType": 5, "content": "news", "createTime": 7}),
            json!({"msgType": 0, "type": "gift", "content": "car", "extras": {"price": 5}}),
            json!({"msgType": 0, "content": "x", "createTime": 7}),
        ] {
            let chat = Chat::read(&chat).unwrap();
            let back = chat_of(&body_of(&chat), words);
            assert_eq!(back, chat, "{}", body_of(&chat));
        }
    }

    #[test]
    fn native_people_read_it_as_their_own() {
        let body = |chat: Value| body_of(&Chat::read(&chat).unwrap());
        assert_eq!(
            body(json!({"type": 1, "msgType": 0, "content": "hi"})),
            json!({"kind": "text", "text": "hi"})
        );
        let rose = body(json!({"type": 4, "msgType": 0, "content": "rose"}));
        assert_eq!(native::content_of(&rose), Content::Flower);
        let gift = native::content_of(&body(json!({"type": "notice", "content": "car"})));
        assert_eq!((gift.kind(), gift.text()), ("unknown", "car"));
    }

    #[test]
    fn what_native_people_say_has_a_kind_that_jim_pages_know() {
        let chat = |body: Value| {
            let chat = chat_of(&body, words);
            (chat.kind.unwrap(), chat.content.unwrap())
        };
        let text = json!({"kind": "text", "text": "hi"});
        assert_eq!(chat(text), ("1".to_owned(), "hi".to_owned()));
        let image = json!({"kind": "image", "url": "/a.png", "width": 3});
        assert_eq!(chat(image), ("2".to_owned(), "/a.png".to_owned()));
        let video = json!({"kind": "video", "url": "/a.mp4"});
        assert_eq!(chat(video), ("1".to_owned(), "[video]".to_owned()));
        // A body that only looks like ours harms nobody.
        let odd = json!({"kind": "text", "text": "hi", "jim": [1, {"type": {}}]});
        assert_eq!(chat(odd), ("1".to_owned(), "hi".to_owned()));
    }
}
