//! Kinds of content: stock's numbers 1 to 6, the seed form's words, and what
//! either says in which field.
//!
//! Reading never fails: what is not understood is [`Content::Unknown`] with
//! its words kept. Draws no emoji: [`emoji`](super::emoji) does.

use super::emoji;
use super::rows::{Order, Product, Said, Shape};
use super::wire::{Chat, Kind};
use crate::content::{Card, Content, Media, Unknown};
use crate::dialect::fields::Object;

const TEXT: u64 = 1;
const EMOJI: u64 = 2;
const IMAGE: u64 = 3;
const VOICE: u64 = 4;
const PRODUCT: u64 = 5;
const ORDER: u64 = 6;

/// What a row says: by its number if it is one of stock's, else by its word,
/// else it is a text.
pub fn content_of(said: &Said) -> Content {
    let msn = || said.msn.clone().unwrap_or_default();
    let known = match (said.msn_type, said.kind.as_deref()) {
        (Some(TEXT | EMOJI), _) => Some(Content::Text(msn())),
        (Some(IMAGE), _) => media(said).map(Content::Image),
        (Some(VOICE), _) => media(said).map(Content::Voice),
        (Some(PRODUCT), _) => product(said),
        (Some(ORDER), _) => order(said),
        (_, None | Some("text" | "emoji")) => Some(Content::Text(msn())),
        (_, Some("img" | "image")) => media(said).map(Content::Image),
        (_, Some("video")) => media(said).map(Content::Video),
        (_, Some("voice" | "audio")) => media(said).map(Content::Voice),
        (_, Some("file")) => media(said).map(Content::File),
        (_, Some("shop" | "product" | "goods" | "store")) => product(said),
        (_, Some("order")) => order(said),
        (_, Some(_)) => None,
    };
    known.unwrap_or_else(|| {
        let number = || said.msn_type.map(|number| number.to_string());
        Content::Unknown(Unknown {
            kind: said.kind.clone().or_else(number).unwrap_or_default(),
            fallback: msn(),
            raw: msn(),
        })
    })
}

/// The words for a number, as in a list's last line.
pub fn content_of_number(number: Option<u64>, message: &str) -> Content {
    content_of(&Said {
        msn: Some(message.to_owned()),
        msn_type: number,
        ..Said::default()
    })
}

/// How a server says this in rows of that shape; what has no words there is
/// said as `words`.
pub fn said_of(content: &Content, shape: Shape, words: &str) -> Said {
    let seed = matches!(shape, Shape::Seed | Shape::SeedPage);
    match content {
        Content::Image(media) if seed => seed_media("img", Some(IMAGE), media),
        Content::Video(media) => seed_media("video", None, media),
        Content::Voice(media) if seed => seed_media("voice", Some(VOICE), media),
        Content::Image(media) => stock(IMAGE, &media.url),
        Content::Voice(media) => stock(VOICE, &media.url),
        Content::Product(card) => Said {
            kind: seed.then(|| "shop".to_owned()),
            product: Some(Product {
                id: card.id.clone(),
                name: Some(card.title.clone()),
                text: card.text.clone(),
                price: card.price.clone(),
                image: card.image.clone(),
                ..Product::default()
            }),
            ..stock(
                PRODUCT,
                card.id.as_deref().filter(|_| !seed).unwrap_or_default(),
            )
        },
        Content::Order(card) if !seed => Said {
            order: Some(Order {
                id: card.id.clone(),
                day: card.text.clone(),
                time: None,
                products: vec![Product {
                    name: Some(card.title.clone()),
                    image: card.image.clone(),
                    price: card.price.clone(),
                    ..Product::default()
                }],
            }),
            ..stock(ORDER, card.id.as_deref().unwrap_or_default())
        },
        Content::Text(_)
        | Content::File(_)
        | Content::Order(_)
        | Content::Question(_)
        | Content::Answer(_)
        | Content::Like
        | Content::Flower
        | Content::Notice(_)
        | Content::Unknown(_) => match shape {
            Shape::Seed => Said {
                kind: Some("text".to_owned()),
                ..stock(TEXT, words)
            },
            // Where the number is 0 for a text, and the word is missing.
            Shape::SeedPage => stock(0, words),
            Shape::Stock | Shape::StockPage => stock(number_of_text(words), words),
        },
    }
}

/// What a client says, in either form; `None`: in neither, or nothing.
pub fn content_said(chat: &Chat) -> Option<Content> {
    let full = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    match &chat.kind {
        Some(Kind::Number(number @ TEXT..=ORDER)) => {
            let said = stock(*number, &full(&chat.msn)?);
            Some(content_of(&said))
        }
        Some(Kind::Number(_)) => None,
        Some(Kind::Word(_)) | None => {
            let content = full(&chat.content)?;
            let word = match &chat.kind {
                Some(Kind::Word(word)) => word.as_str(),
                Some(Kind::Number(_)) | None => "text",
            };
            let said = Said {
                msn: Some(content.clone()),
                kind: Some(word.to_owned()),
                ..Said::default()
            };
            let mut read = content_of(&said);
            if let Content::Unknown(unknown) = &mut read {
                unknown.raw = unknown_body(word, &content);
            }
            Some(read)
        }
    }
}

/// The native body of a kind that nobody here knows.
fn unknown_body(kind: &str, fallback: &str) -> String {
    let mut body = Object::default();
    body.text("kind", Some(kind));
    body.text("fallback", Some(fallback));
    body.into_text()
}

/// Stock's number for a text: an emoji when it is one code alone.
pub(super) fn number_of_text(text: &str) -> u64 {
    if emoji::is_code(text) { EMOJI } else { TEXT }
}

/// The number and the text by which stock's clients say this; `None` where
/// they have no words for it.
pub(super) fn stock_words(content: &Content) -> Option<(u64, &str)> {
    match content {
        Content::Text(text) => Some((number_of_text(text), text)),
        Content::Image(media) => Some((IMAGE, &media.url)),
        Content::Voice(media) => Some((VOICE, &media.url)),
        Content::Product(card) => Some((PRODUCT, card.id.as_deref()?)),
        Content::Order(card) => Some((ORDER, card.id.as_deref()?)),
        Content::Video(_)
        | Content::File(_)
        | Content::Question(_)
        | Content::Answer(_)
        | Content::Like
        | Content::Flower
        | Content::Notice(_)
        | Content::Unknown(_) => None,
    }
}

/// The word and the text by which the seed's pages say this.
pub(super) fn seed_words(content: &Content) -> Option<(&'static str, &str)> {
    match content {
        Content::Text(text) => Some(("text", text)),
        Content::Image(media) => Some(("img", &media.url)),
        Content::Video(media) => Some(("video", &media.url)),
        Content::Voice(_)
        | Content::File(_)
        | Content::Product(_)
        | Content::Order(_)
        | Content::Question(_)
        | Content::Answer(_)
        | Content::Like
        | Content::Flower
        | Content::Notice(_)
        | Content::Unknown(_) => None,
    }
}

fn stock(number: u64, msn: &str) -> Said {
    Said {
        msn: Some(msn.to_owned()),
        msn_type: Some(number),
        ..Said::default()
    }
}

fn seed_media(kind: &str, number: Option<u64>, media: &Media) -> Said {
    Said {
        msn: Some(String::new()),
        msn_type: number,
        kind: Some(kind.to_owned()),
        url: Some(media.url.clone()),
        ..Said::default()
    }
}

fn media(said: &Said) -> Option<Media> {
    let msn = said.msn.clone().filter(|address| !address.is_empty());
    let url = said.url.clone().or(msn)?;
    Some(Media {
        url,
        ..Media::default()
    })
}

fn product(said: &Said) -> Option<Content> {
    let msn = said.msn.clone().filter(|id| !id.is_empty());
    let product = match &said.product {
        Some(product) => product.clone(),
        None if msn.is_some() => Product::default(),
        None => return None,
    };
    Some(Content::Product(Card {
        id: product.id.or(msn),
        title: product.name.unwrap_or_default(),
        text: product.text.filter(|text| !text.is_empty()),
        price: product.price,
        image: product.image,
        url: None,
    }))
}

fn order(said: &Said) -> Option<Content> {
    let msn = said.msn.clone().filter(|id| !id.is_empty());
    let order = match &said.order {
        Some(order) => order.clone(),
        None if msn.is_some() => Order::default(),
        None => return None,
    };
    let names = order.products.iter().filter_map(|it| it.name.as_deref());
    let when = [order.day.as_deref(), order.time.as_deref()];
    let when: Vec<&str> = when.into_iter().flatten().collect();
    let only = match order.products.as_slice() {
        [product] => product.price.clone(),
        _ => None,
    };
    Some(Content::Order(Card {
        title: names.collect::<Vec<_>>().join(", "),
        text: (!when.is_empty()).then(|| when.join(" ")),
        price: only,
        image: order.products.iter().find_map(|it| it.image.clone()),
        id: order.id.or(msn),
        url: None,
    }))
}
