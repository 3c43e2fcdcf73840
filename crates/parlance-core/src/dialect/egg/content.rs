//! The kinds of messages that the egg backend's pages know, as content and
//! back.
//!
//! Reading never fails: what is not understood becomes
//! [`Content::Unknown`] with its value kept. Knows nothing of who said it.

use serde_json::Value;

use super::wire::{Data, Message, Pack};
use crate::content::{Content, Media, Unknown};
use crate::dialect::fields::{Fields, Object, text_of};

/// What a message says. Addresses are as the backend wrote them.
pub fn content_of(message: &Message) -> Content {
    known(&message.kind, &message.data, message.redirect.is_some()).unwrap_or_else(|| {
        Content::Unknown(Unknown {
            kind: message.kind.clone(),
            fallback: message.data.text().to_owned(),
            raw: text_of(&message.value()),
        })
    })
}

/// The same of a kind and its data; `None`: it is not understood.
pub fn known(kind: &str, data: &Data, leads_away: bool) -> Option<Content> {
    let text = || data.text().to_owned();
    let other = Fields::of(data.other()).ok();
    let url = || (!data.text().is_empty()).then(text);
    let duration = || other.and_then(|it| it.maybe("duration")).and_then(millis);
    Some(match kind {
        "text" if leads_away => Content::Notice(text()),
        "text" => Content::Text(text()),
        "systemNotice" => Content::Notice(text()),
        "iconMenus" if data.data_type() == Some("image") => Content::Image(Media {
            url: url()?,
            name: typed(other).and_then(|it| it.words("name")),
            ..Media::default()
        }),
        "iconMenus" => Content::Text(text()),
        "image" => {
            let side = |name| u32::try_from(typed(other)?.maybe(name)?.as_u64()?).ok();
            Content::Image(Media {
                url: url()?,
                name: typed(other).and_then(|it| it.words("name")),
                width: side("width"),
                height: side("height"),
                ..Media::default()
            })
        }
        "video" => {
            let poster = other.and_then(|it| it.words("poster"));
            match other.and_then(|it| it.words("videoData")) {
                Some(film) => Content::Video(Media {
                    url: film,
                    poster: poster.or_else(url),
                    duration: duration(),
                    ..Media::default()
                }),
                None => Content::Video(Media {
                    url: url()?,
                    poster,
                    duration: duration(),
                    ..Media::default()
                }),
            }
        }
        "audio" => Content::Voice(Media {
            url: url()?,
            duration: duration(),
            ..Media::default()
        }),
        "file" | "pdf" | "docx" => Content::File(Media {
            url: url()?,
            name: other.and_then(|it| it.words("name")),
            ..Media::default()
        }),
        _ => return None,
    })
}

fn typed(other: Option<Fields<'_>>) -> Option<Fields<'_>> {
    other?.object("typedata").ok()
}

/// Seconds as a number, or `h:m:s`, `m:s` or seconds as text; in milliseconds.
/// Parts of a second are left out of texts.
fn millis(duration: &Value) -> Option<u64> {
    /// A day of it is no message.
    const MOST: u64 = 86_400_000;
    let millis = match duration {
        Value::String(text) => {
            let parts = text.trim().splitn(3, ':').map(|part| {
                let whole = part.split('.').next().unwrap_or_default();
                whole.parse::<u32>().ok()
            });
            let seconds = parts.into_iter().try_fold(0_u64, |sum, part| {
                Some(sum.saturating_mul(60).saturating_add(u64::from(part?)))
            })?;
            seconds.saturating_mul(1000)
        }
        Value::Number(number) => match number.as_u64() {
            Some(seconds) => seconds.saturating_mul(1000),
            // With a fraction, whose first three digits count.
            None => {
                let written = number.to_string();
                let (whole, fraction) = written.split_once('.')?;
                let whole: u64 = whole.parse().ok()?;
                let digits = fraction.bytes().chain(std::iter::repeat(b'0')).take(3);
                digits.fold(whole, |millis, digit| {
                    let digit = digit.wrapping_sub(b'0');
                    millis.saturating_mul(10).saturating_add(digit.into())
                })
            }
        },
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    (1..MOST).contains(&millis).then_some(millis)
}

/// The kind and the data that say this; `None`: there are no words for it.
pub fn words_for(content: &Content) -> Option<(&'static str, Data)> {
    Some(match content {
        Content::Text(text) => ("text", said(text)),
        Content::Image(media) => ("image", Data::Object(image(media))),
        Content::Video(media) => ("video", Data::Object(video(media))),
        Content::Voice(media) => ("audio", Data::Object(voice(media))),
        Content::File(media) => ("file", Data::Object(file(media))),
        Content::Notice(text) => (
            "systemNotice",
            Data::Object(Pack {
                data: text.clone(),
                ..Pack::default()
            }),
        ),
        Content::Product(_)
        | Content::Order(_)
        | Content::Question(_)
        | Content::Answer(_)
        | Content::Like
        | Content::Flower
        | Content::Unknown(_) => return None,
    })
}

/// A text goes bare, as the first page sends it, unless it would be taken for
/// a packed one.
fn said(text: &str) -> Data {
    let bare = Data::Bare(text.to_owned());
    if Data::read(&bare.value()) == bare {
        return bare;
    }
    Data::Packed(Pack {
        data: text.to_owned(),
        ..Pack::default()
    })
}

fn image(media: &Media) -> Pack {
    let mut typed = Object::default();
    typed.text("path", Some(&media.url));
    typed.text("name", media.name.as_deref());
    typed.number("width", media.width.map(u64::from));
    typed.number("height", media.height.map(u64::from));
    let mut other = Object::default();
    other.text("type", Some("image"));
    other.value("typedata", typed.into_value());
    pack(&media.url, "image", other)
}

fn video(media: &Media) -> Pack {
    let cover = media.poster.as_deref().unwrap_or_default();
    let mut other = Object::default();
    if let Some(duration) = media.duration {
        let seconds = duration / 1000;
        let text = format!("{}:{:02}", seconds / 60, seconds % 60);
        other.text("duration", Some(&text));
    }
    other.text("poster", Some(cover));
    other.text("videoData", Some(&media.url));
    other.value("showPoster", Value::Bool(true));
    pack(cover, "video", other)
}

fn voice(media: &Media) -> Pack {
    let mut other = Object::default();
    other.number("duration", media.duration.map(|it| it.div_ceil(1000)));
    pack(&media.url, "audio", other)
}

fn file(media: &Media) -> Pack {
    let mut other = Object::default();
    other.text("name", media.name.as_deref());
    pack(&media.url, "file", other)
}

fn pack(data: &str, data_type: &str, other: Object) -> Pack {
    Pack {
        data: data.to_owned(),
        data_type: Some(data_type.to_owned()),
        other: other.into_value(),
    }
}
