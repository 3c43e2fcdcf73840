//! Pictures, videos, voices and files by their addresses. What lies on a
//! stranger's server is asked for when the person says so, not before: the
//! request alone would tell that they are reading.
//!
//! Knows no upload and no player but the browser's own.

use leptos::html::Img;
use leptos::prelude::*;
use parlance_core::content::Media;

use super::super::address::{self, Address};
use super::super::icon::{self, icon};
use crate::i18n::{Language, fill};

/// `src` where it may be asked for, `data-src` where it may not yet.
fn sources(address: &Address) -> (Option<String>, Option<String>) {
    let href = address.href.clone();
    if address.first_party {
        (Some(href), None)
    } else {
        (None, Some(href))
    }
}

pub(super) fn image(media: &Media) -> AnyView {
    let words = expect_context::<Language>().words;
    let Some(address) = address::resolve(&media.url) else {
        return missing(media, words.image);
    };
    let (src, data_src) = sources(&address);
    let picture = NodeRef::<Img>::new();
    let veil = data_src.is_some().then(|| {
        let show = move |event: leptos::ev::MouseEvent| {
            let Some(picture) = picture.get_untracked() else { return };
            if let Some(href) = picture.get_attribute("data-src") {
                picture.set_src(&href);
                let _ = picture.remove_attribute("data-src");
            }
            event_target::<web_sys::Element>(&event).remove();
        };
        let host = fill(words.from_elsewhere, &address.host);
        view! { <button class="veil" type="button" data-part="show" on:click=show>{words.show_image}" "{host}</button> }
    });
    let name = media.name.clone().unwrap_or_else(|| words.image.to_owned());
    let (width, height) = (
        media.width.filter(|width| *width > 0),
        media.height.filter(|height| *height > 0),
    );
    let known = width.zip(height);
    let ratio = known.map(|(width, height)| format!("{width} / {height}"));
    view! {
        <span class="picture" class:unmeasured=known.is_none() style:aspect-ratio=ratio>
            <img
                src=src
                data-src=data_src
                alt=name
                width=known.map(|(width, _)| width.to_string())
                height=known.map(|(_, height)| height.to_string())
                loading="lazy"
                decoding="async"
                referrerpolicy="no-referrer"
                node_ref=picture
            />
            {veil}
        </span>
    }
    .into_any()
}

pub(super) fn video(media: &Media) -> AnyView {
    let words = expect_context::<Language>().words;
    let Some(address) = address::resolve(&media.url) else {
        return missing(media, words.video);
    };
    let (src, data_src) = sources(&address);
    let poster = media
        .poster
        .as_deref()
        .and_then(address::resolve)
        .filter(|poster| poster.first_party);
    let link = data_src.is_some().then(|| elsewhere(&address));
    view! {
        <span class="picture video">
            <video
                src=src
                data-src=data_src
                poster=poster.map(|poster| poster.href)
                controls=true
                preload="none"
                playsinline=true
                aria-label=media.name.clone().unwrap_or_else(|| words.video.to_owned())
            ></video>
            {link}
        </span>
    }
    .into_any()
}

pub(super) fn voice(media: &Media) -> AnyView {
    let words = expect_context::<Language>().words;
    let Some(address) = address::resolve(&media.url) else {
        return missing(media, words.voice);
    };
    let (src, data_src) = sources(&address);
    let link = data_src.is_some().then(|| elsewhere(&address));
    view! {
        <span class="voice">
            <audio src=src data-src=data_src controls=true preload="none" aria-label=words.voice></audio>
            {media.duration.map(length)}
            {link}
        </span>
    }
    .into_any()
}

pub(super) fn file(media: &Media) -> AnyView {
    let words = expect_context::<Language>().words;
    let Some(address) = address::resolve(&media.url) else {
        return missing(media, words.file);
    };
    let name = media.name.clone().unwrap_or_else(|| words.file.to_owned());
    let shown = name.clone();
    view! {
        <a class="file" href=address.href target="_blank" rel="noopener noreferrer nofollow" download=name>
            <span class="file-icon">{icon(icon::FILE)}</span>
            <span class="file-name" dir="auto">{shown}</span>
            <span class="label">{media.bytes.map(size)}</span>
        </a>
    }
    .into_any()
}

/// The way there for who wants it.
fn elsewhere(address: &Address) -> AnyView {
    let words = expect_context::<Language>().words;
    view! {
        <a class="veil" href=address.href.clone() target="_blank" rel="noopener noreferrer nofollow">
            {words.open}" "{fill(words.from_elsewhere, &address.host)}
        </a>
    }
    .into_any()
}

/// An address that is none: its name, never a blank bubble.
fn missing(media: &Media, kind: &'static str) -> AnyView {
    let name = media.name.clone().unwrap_or_else(|| kind.to_owned());
    view! { <span class="text" data-part="text" dir="auto">{name}</span> }.into_any()
}

fn length(millis: u64) -> AnyView {
    let seconds = millis.div_ceil(1000);
    view! { <span class="label">{format!("{}:{:02}", seconds / 60, seconds % 60)}</span> }
        .into_any()
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        1_000_000.. => format!("{} MB", bytes / 1_000_000),
    }
}
