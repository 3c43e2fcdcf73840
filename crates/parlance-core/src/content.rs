//! What a message says: one typed enum for every kind that any backend has.
//!
//! Knows nothing of JSON (that is a dialect's) nor of how a kind is drawn
//! (that is a component's). A kind that nobody here knows is kept whole.

use crate::text::{replaced, unescaped};

/// The content of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// What somebody typed, byte for byte. Emoji are text.
    Text(String),
    /// A picture, or a picture sticker.
    Image(Media),
    /// A moving picture.
    Video(Media),
    /// Something said aloud.
    Voice(Media),
    /// Any other file.
    File(Media),
    /// Something that can be bought.
    Product(Card),
    /// Something that was bought.
    Order(Card),
    /// A question put to the hosts of a room.
    Question(String),
    /// A host's answer to a question.
    Answer(Answer),
    /// Applause.
    Like,
    /// A bunch of flowers.
    Flower,
    /// Something that the system says; also what remains of a recalled message.
    Notice(String),
    /// A kind that this version does not know.
    Unknown(Unknown),
}

/// A picture, video, voice message or file, by its address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Media {
    /// The address as the backend gave it.
    pub url: String,
    /// File name or description, for people.
    pub name: Option<String>,
    /// Width in pixels, so that its place can be kept before it loads.
    pub width: Option<u32>,
    /// Height in pixels.
    pub height: Option<u32>,
    /// Size in bytes.
    pub bytes: Option<u64>,
    /// Length in milliseconds.
    pub duration: Option<u64>,
    /// The address of a still picture.
    pub poster: Option<String>,
}

/// A product or an order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Card {
    /// The backend's id for it.
    pub id: Option<String>,
    /// Its name.
    pub title: String,
    /// More about it.
    pub text: Option<String>,
    /// The price as the backend wrote it, currency included where given.
    pub price: Option<String>,
    /// The address of a picture.
    pub image: Option<String>,
    /// Where it leads.
    pub url: Option<String>,
}

/// An answer, with the question that it answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// What was asked.
    pub question: String,
    /// What is answered.
    pub answer: String,
    /// Who answers, when an organisation does.
    pub organisation: Option<String>,
    /// The organisation's picture.
    pub logo: Option<String>,
    /// What the one who asked is called.
    pub to: Option<String>,
    /// Who asked, by the backend's id for them.
    pub to_uid: Option<String>,
}

/// A kind that this version does not know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unknown {
    /// The backend's word for the kind.
    pub kind: String,
    /// What to show instead: never empty on the page, may be empty here.
    pub fallback: String,
    /// The value as it came, as text.
    pub raw: String,
}

impl Content {
    /// The kind in one word, as in `data-kind`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Image(_) => "image",
            Self::Video(_) => "video",
            Self::Voice(_) => "voice",
            Self::File(_) => "file",
            Self::Product(_) => "product",
            Self::Order(_) => "order",
            Self::Question(_) => "question",
            Self::Answer(_) => "answer",
            Self::Like => "like",
            Self::Flower => "flower",
            Self::Notice(_) => "notice",
            Self::Unknown(_) => "unknown",
        }
    }

    /// The words in it, for a last-line preview, an announcement or a copy.
    /// Empty where the kind has none: the page then says the kind's name.
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) | Self::Question(text) | Self::Notice(text) => text,
            Self::Image(media) | Self::Video(media) | Self::Voice(media) | Self::File(media) => {
                media.name.as_deref().unwrap_or_default()
            }
            Self::Product(card) | Self::Order(card) => &card.title,
            Self::Answer(answer) => &answer.answer,
            Self::Like | Self::Flower => "",
            Self::Unknown(unknown) => &unknown.fallback,
        }
    }
}

/// Whether one may be the other as it came back from a backend that strips,
/// trims or escapes: texts by their letters alone, other kinds by what tells
/// them apart, since addresses are rewritten too.
pub fn alike(said: &Content, heard: &Content) -> bool {
    match (said, heard) {
        (Content::Text(said), Content::Text(heard))
        | (Content::Question(said), Content::Question(heard)) => {
            said == heard || letters(said).eq(letters(heard))
        }
        _ => said.kind() == heard.kind(),
    }
}

/// The letters of a text without markup, white space and escapes.
fn letters(text: &str) -> impl Iterator<Item = char> {
    let plain = unescaped(&replaced(text, "&nbsp;", " "));
    let mut rest = plain.as_str();
    let mut out = String::with_capacity(rest.len());
    // What looks like a tag is one for the backends that strip them.
    while let Some((before, tag)) = rest.split_once('<') {
        out.push_str(before);
        let is_tag = tag.starts_with(|letter: char| {
            letter.is_ascii_alphabetic() || letter == '/' || letter == '!'
        });
        match tag.split_once('>') {
            Some((_, after)) if is_tag => rest = after,
            _ => {
                out.push('<');
                rest = tag;
            }
        }
    }
    out.push_str(rest);
    let letters: Vec<char> = out
        .chars()
        .filter(|letter| !letter.is_whitespace())
        .collect();
    letters.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Content {
        Content::Text(text.to_owned())
    }

    #[test]
    fn what_a_backend_stripped_is_still_the_same() {
        let said = text("你好 <b>bold</b>\nline2 & more");
        for heard in [
            "你好 boldline2 & more",
            "你好 &lt;b&gt;bold&lt;/b&gt; line2 &amp; more",
        ] {
            assert!(alike(&said, &text(heard)), "{heard}");
        }
        assert!(alike(&text("a < b"), &text("a &lt; b")));
    }

    #[test]
    fn other_words_are_not() {
        assert!(!alike(&text("yes"), &text("no")));
        assert!(!alike(&text("1 < 2"), &text("1")));
        assert!(!alike(&text("yes"), &Content::Question("yes".to_owned())));
        assert!(alike(&Content::Like, &Content::Like));
        assert!(!alike(&Content::Like, &Content::Flower));
    }
}
