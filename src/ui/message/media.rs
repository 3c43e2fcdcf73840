//! Pictures, videos, voices and files by their addresses. What lies on a
//! stranger's server is asked for when the person says so, not before: the
//! request alone would tell that they are reading.
//!
//! Knows no upload and no player but the browser's own.

use parlance_core::content::Media;
use web_sys::Element;

use super::super::address::{self, Resolved};
use super::super::alike::file_name;
use super::super::here::words;
use super::super::icon::{self, icon};
use super::body::label;
use crate::dom::address::Address;
use crate::dom::{El, el};
use crate::i18n::fill;

/// A link to somewhere else, which is told nothing of where one comes from.
pub const LINK: &str = "a[target=_blank][rel=noopener noreferrer nofollow]";

pub(super) fn image(media: &Media) -> El {
    let words = words();
    let Some(resolved) = address::resolve(&media.url) else {
        return missing(media, words.image());
    };
    let picture = resolved
        .source_of(el(
            "img[loading=lazy][decoding=async][referrerpolicy=no-referrer]",
        ))
        .attr(
            "alt",
            media.name.as_deref().unwrap_or_else(|| words.image()),
        );
    let frame = frame(media, &picture);
    let veil = (!resolved.first_party).then(|| veil(&picture, resolved.address));
    frame.child(picture).child_if(veil)
}

/// Its place, as large before it is loaded as after.
fn frame(media: &Media, shown: &El) -> El {
    let frame = el("span.picture");
    let size = media.width.zip(media.height);
    match size.filter(|(width, height)| *width > 0 && *height > 0) {
        Some((width, height)) => {
            let (width, height) = (width.to_string(), height.to_string());
            shown.put("width", width.as_str());
            shown.put("height", height.as_str());
            frame.style("aspect-ratio", &[&width, " / ", &height].concat())
        }
        None => frame.attr("class", "picture unmeasured"),
    }
}

/// What hides a picture that has not been asked for, and asks for it.
fn veil(picture: &El, address: Address) -> El {
    let words = words();
    let host = fill(words.from_elsewhere(), address.host());
    let picture = picture.clone();
    let veil = el("button.veil[type=button][data-part=show]")
        .text(words.show_image())
        .text(" ")
        .text(&host);
    let shown: Element = veil.node();
    veil.on("click", move |_| {
        picture.clone().address("src", &address);
        picture.put("data-src", None);
        shown.remove();
    })
}

pub(super) fn video(media: &Media) -> El {
    let words = words();
    let Some(resolved) = address::resolve(&media.url) else {
        return missing(media, words.video());
    };
    let video = resolved
        .source_of(el("video[controls][preload=none][playsinline]"))
        .attr(
            "aria-label",
            media.name.as_deref().unwrap_or_else(|| words.video()),
        );
    let video = match address::first_party(media.poster.as_deref()) {
        Some(poster) => video.address("poster", &poster),
        None => video,
    };
    frame(media, &video)
        .child(video)
        .child_if(elsewhere(&resolved))
}

pub(super) fn voice(media: &Media) -> El {
    let words = words();
    let Some(resolved) = address::resolve(&media.url) else {
        return missing(media, words.voice());
    };
    let voice = resolved
        .source_of(el("audio[controls][preload=none]"))
        .attr("aria-label", words.voice());
    el("span.voice")
        .child(voice)
        .child_if(media.duration.map(|millis| label(&length(millis))))
        .child_if(elsewhere(&resolved))
}

pub(super) fn file(media: &Media) -> El {
    let words = words();
    let Some(resolved) = address::resolve(&media.url) else {
        return missing(media, words.file());
    };
    let name = media.name.as_deref().unwrap_or_else(|| words.file());
    let size = media.bytes.map(size).unwrap_or_default();
    el(LINK)
        .attr("class", "file")
        .address("href", &resolved.address)
        .attr("download", name)
        .child(el("span.file-icon").child(icon(icon::FILE)))
        .child(file_name(el("span.file-name"), name))
        .child(label(&size))
}

/// The way there for who wants it, where nobody has been asked.
fn elsewhere(resolved: &Resolved) -> Option<El> {
    let words = words();
    (!resolved.first_party).then(|| {
        el(LINK)
            .attr("class", "veil")
            .address("href", &resolved.address)
            .text(words.open())
            .text(" ")
            .text(&fill(words.from_elsewhere(), resolved.address.host()))
    })
}

/// An address that is none: its name, never a blank bubble.
fn missing(media: &Media, kind: &str) -> El {
    el("span.text[data-part=text][dir=auto]").text(media.name.as_deref().unwrap_or(kind))
}

fn length(millis: u64) -> String {
    let seconds = millis.div_ceil(1000);
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

fn size(bytes: u64) -> String {
    let (number, unit) = match bytes {
        0..1_000 => (bytes, " B"),
        1_000..1_000_000 => (bytes / 1_000, " kB"),
        1_000_000.. => (bytes / 1_000_000, " MB"),
    };
    [&number.to_string(), unit].concat()
}
