//! A product or an order, as a card that leads somewhere.
//!
//! Knows no shop: price and title are drawn as they came.

use parlance_core::content::Card;

use super::super::address;
use super::body::label;
use super::media::LINK;
use crate::dom::{El, el};

pub(super) fn card(card: &Card, name: &'static str) -> El {
    let picture = card.image.as_deref().and_then(address::resolve);
    let picture = picture.map(|picture| {
        picture.source_of(el(
            "img.goods-picture[alt][loading=lazy][referrerpolicy=no-referrer]",
        ))
    });
    let title = if card.title.trim().is_empty() {
        name
    } else {
        &card.title
    };
    let line = |line: El, text: &Option<String>| text.as_deref().map(|text| line.text(text));
    let text = el("span.goods-text")
        .child(label(name))
        .child(el("span.goods-title[data-part=text][dir=auto]").text(title))
        .child_if(line(el("span.goods-more[dir=auto]"), &card.text))
        .child_if(line(el("span.goods-price[dir=auto]"), &card.price));
    let frame = match card.url.as_deref().and_then(address::resolve) {
        Some(link) => el(LINK)
            .attr("class", "goods")
            .address("href", &link.address),
        None => el("div.goods"),
    };
    frame.child_if(picture).child(text)
}
