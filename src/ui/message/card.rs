//! A product or an order, as a card that leads somewhere.
//!
//! Knows no shop: price and title are drawn as they came.

use leptos::prelude::*;
use parlance_core::content::Card;

use super::super::address;

pub(super) fn card(card: &Card, label: &'static str) -> AnyView {
    let picture = card.image.as_deref().and_then(address::resolve).map(|address| {
        let (src, data_src) = if address.first_party {
            (Some(address.href), None)
        } else {
            (None, Some(address.href))
        };
        view! { <img class="goods-picture" src=src data-src=data_src alt="" loading="lazy" referrerpolicy="no-referrer"/> }
    });
    let title = if card.title.trim().is_empty() {
        label.to_owned()
    } else {
        card.title.clone()
    };
    let inside = view! {
        {picture}
        <span class="goods-text">
            <span class="label">{label}</span>
            <span class="goods-title" data-part="text" dir="auto">{title}</span>
            {card.text.clone().map(|text| view! { <span class="goods-more" dir="auto">{text}</span> })}
            {card.price.clone().map(|price| view! { <span class="goods-price" dir="auto">{price}</span> })}
        </span>
    };
    match card.url.as_deref().and_then(address::resolve) {
        Some(address) => view! {
            <a class="goods" href=address.href target="_blank" rel="noopener noreferrer nofollow">{inside}</a>
        }
        .into_any(),
        None => view! { <div class="goods">{inside}</div> }.into_any(),
    }
}
