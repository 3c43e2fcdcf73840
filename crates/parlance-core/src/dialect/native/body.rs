//! Message bodies of the native dialect: content to JSON and back.
//!
//! Reading never fails: what is not understood becomes
//! [`Content::Unknown`] with its value kept.

use serde_json::Value;

use crate::content::{Answer, Card, Content, Media, Unknown};
use crate::dialect::fields::{Object, text_of};

/// The body that says this.
pub fn body_of(content: &Content) -> Value {
    let mut body = Object::default();
    body.text("kind", Some(content.kind()));
    match content {
        Content::Text(text) | Content::Question(text) | Content::Notice(text) => {
            body.text("text", Some(text));
        }
        Content::Image(media)
        | Content::Video(media)
        | Content::Voice(media)
        | Content::File(media) => {
            body.text("url", Some(&media.url));
            body.text("name", media.name.as_deref());
            body.number("width", media.width.map(u64::from));
            body.number("height", media.height.map(u64::from));
            body.number("bytes", media.bytes);
            body.number("duration", media.duration);
            body.text("poster", media.poster.as_deref());
        }
        Content::Product(card) | Content::Order(card) => {
            body.text("title", Some(&card.title));
            body.text("id", card.id.as_deref());
            body.text("text", card.text.as_deref());
            body.text("price", card.price.as_deref());
            body.text("image", card.image.as_deref());
            body.text("url", card.url.as_deref());
        }
        Content::Answer(answer) => {
            body.text("question", Some(&answer.question));
            body.text("answer", Some(&answer.answer));
            body.text("organisation", answer.organisation.as_deref());
            body.text("logo", answer.logo.as_deref());
            body.text("to", answer.to.as_deref());
            body.text("to_uid", answer.to_uid.as_deref());
        }
        Content::Like | Content::Flower => {}
        // Said again as it came.
        Content::Unknown(unknown) => {
            return crate::json::read(&unknown.raw).unwrap_or(Value::Null);
        }
    }
    body.into_value()
}

/// What this body says.
pub fn content_of(body: &Value) -> Content {
    known(body).unwrap_or_else(|| {
        Content::Unknown(Unknown {
            kind: text(body, "kind").unwrap_or_default(),
            fallback: text(body, "fallback")
                .or_else(|| text(body, "text"))
                .unwrap_or_default(),
            raw: text_of(body),
        })
    })
}

fn known(body: &Value) -> Option<Content> {
    Some(match body.get("kind")?.as_str()? {
        "text" => Content::Text(text(body, "text")?),
        "image" => Content::Image(media(body)?),
        "video" => Content::Video(media(body)?),
        "voice" => Content::Voice(media(body)?),
        "file" => Content::File(media(body)?),
        "product" => Content::Product(card(body)?),
        "order" => Content::Order(card(body)?),
        "question" => Content::Question(text(body, "text")?),
        "answer" => Content::Answer(Answer {
            question: text(body, "question")?,
            answer: text(body, "answer")?,
            organisation: text(body, "organisation"),
            logo: text(body, "logo"),
            to: text(body, "to"),
            to_uid: text(body, "to_uid"),
        }),
        "like" => Content::Like,
        "flower" => Content::Flower,
        "notice" => Content::Notice(text(body, "text")?),
        _ => return None,
    })
}

fn media(body: &Value) -> Option<Media> {
    Some(Media {
        url: text(body, "url")?,
        name: text(body, "name"),
        width: side(body, "width"),
        height: side(body, "height"),
        bytes: body.get("bytes").and_then(Value::as_u64),
        duration: body.get("duration").and_then(Value::as_u64),
        poster: text(body, "poster"),
    })
}

fn card(body: &Value) -> Option<Card> {
    Some(Card {
        id: text(body, "id"),
        title: text(body, "title")?,
        text: text(body, "text"),
        price: text(body, "price"),
        image: text(body, "image"),
        url: text(body, "url"),
    })
}

fn text(body: &Value, name: &str) -> Option<String> {
    body.get(name)?.as_str().map(str::to_owned)
}

fn side(body: &Value, name: &str) -> Option<u32> {
    u32::try_from(body.get(name)?.as_u64()?).ok()
}
