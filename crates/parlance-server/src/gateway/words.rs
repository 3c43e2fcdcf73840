//! Words for content that a dialect has no words for: an old page that shows
//! texts alone still shows that something was said, and where it is.
//!
//! Knows no dialect. The old pages are in Chinese, and so is this.

use parlance_core::content::{Card, Content, Media};

/// This content as a text, never empty unless the text itself is.
pub(crate) fn words(content: &Content) -> String {
    match content {
        Content::Text(text) | Content::Notice(text) => text.clone(),
        Content::Image(media) => media_words("[图片]", media),
        Content::Video(media) => media_words("[视频]", media),
        Content::Voice(media) => media_words("[语音]", media),
        Content::File(media) => media_words("[文件]", media),
        Content::Product(card) => card_words("[商品]", card),
        Content::Order(card) => card_words("[订单]", card),
        Content::Question(question) => format!("[问] {question}"),
        Content::Answer(answer) => format!("[答] {}\n{}", answer.question, answer.answer),
        Content::Like => "[赞]".to_owned(),
        Content::Flower => "[送花]".to_owned(),
        Content::Unknown(unknown) if unknown.fallback.is_empty() => "[未知消息]".to_owned(),
        Content::Unknown(unknown) => unknown.fallback.clone(),
    }
}

fn media_words(kind: &str, media: &Media) -> String {
    joined([Some(kind), media.name.as_deref(), Some(&media.url)])
}

fn card_words(kind: &str, card: &Card) -> String {
    let (price, url) = (card.price.as_deref(), card.url.as_deref());
    joined([Some(kind), Some(&card.title), price, url])
}

fn joined<const N: usize>(parts: [Option<&str>; N]) -> String {
    let parts = parts.into_iter().flatten().filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_was_said_is_shown_as_nothing() {
        let media = Media {
            url: "https://x/a.png".to_owned(),
            ..Media::default()
        };
        assert_eq!(words(&Content::Image(media)), "[图片] https://x/a.png");
        for content in [
            Content::Like,
            Content::Flower,
            Content::Product(Card::default()),
            Content::Unknown(Default::default()),
            Content::File(Media::default()),
        ] {
            assert!(!words(&content).is_empty(), "{content:?}");
        }
        assert_eq!(words(&Content::Text(" as is\n".to_owned())), " as is\n");
    }
}
