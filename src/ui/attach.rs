//! Pictures that are picked, pasted or dropped: a strip above the field shows
//! how far each has got, and a message is said when its picture is there, not
//! before.
//!
//! They go one after the other, so that they arrive as they were picked.
//! Knows not how a picture is made smaller, nor how it travels.

use std::rc::Rc;

use js_sys::Array;
use parlance_core::Status;
use parlance_core::content::{Content, Media};
use parlance_core::dialect::Upload as Target;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Event, HtmlInputElement};

use super::here::{Here, here, words};
use super::icon::{self, icon};
use crate::dom::address::Address;
use crate::dom::{El, Entry, el, listen};
use crate::driver::upload::{Fault, Stage, Told, Upload, member};
use crate::i18n::fill;
use crate::model::Room;

/// Whether anything that this program speaks takes pictures: one that speaks
/// nothing of the kind carries none of this.
const SPOKEN: bool = cfg!(any(
    feature = "native",
    feature = "crmeb",
    feature = "jim",
    feature = "egg"
));

/// Where pictures are posted to, if the backend takes any.
pub fn target(here: Here) -> Option<&'static Target> {
    here.backend.offers.images.as_ref().filter(|_| SPOKEN)
}

/// The button, where the backend takes pictures; what is dropped on `main`
/// and what is pasted goes the same way.
pub fn attach(room: Room, main: &El) -> Option<El> {
    let here = here();
    target(here)?;
    let words = here.language.words;
    let dropped_on = main.clone();
    listen(&main.node(), "dragover dragleave drop", move |event| {
        let data = member(&event, "dataTransfer");
        if !holds(&data, "Files") {
            return;
        }
        event.prevent_default();
        let over = event.type_() == "dragover";
        dropped_on.put("data-drop", over.then_some(""));
        if event.type_() == "drop" {
            take(here, room, &member(&data, "files"));
        }
    });
    // The element itself lies over the drawing: no script stands between the
    // finger and the system's picker.
    let input = el("input.attach-input[type=file][data-part=attach][accept=image/*][multiple]");
    let node: HtmlInputElement = input.node();
    Some(
        el("span.tool.attach").child(icon(icon::PICTURE)).child(
            input
                .attr("aria-label", words.attach())
                .attr("title", words.attach())
                .on("change", move |_| {
                    take(here, room, &member(&node, "files"));
                    // The same picture may be picked again.
                    node.set_value("");
                }),
        ),
    )
}

/// Something is pasted into the field: pictures, unless they come with words.
pub fn on_paste(here: Here, room: Room, event: &Event) {
    if target(here).is_none() {
        return;
    }
    let data = member(event, "clipboardData");
    if holds(&data, "Files") && !holds(&data, "text/plain") {
        event.prevent_default();
        take(here, room, &member(&data, "files"));
    }
}

/// What is on its way.
pub fn strip(room: Room) -> El {
    let words = words();
    el("ul.uploads")
        .attr("aria-label", words.attach())
        .list(move || {
            let uploads = room.uploads().look();
            let entry = |upload: &Rc<Upload>| {
                let upload = upload.clone();
                Entry::new(upload.key().to_owned(), move || row(room, &upload))
            };
            uploads.iter().map(entry).collect()
        })
}

fn row(room: Room, upload: &Rc<Upload>) -> El {
    let here = here();
    let words = here.language.words;
    let picture = Address::resolve(upload.key(), &here.launch.api);
    let picture = picture.map(|at| el("img.upload-picture[alt]").address("src", &at));
    let done = el("span.upload-done");
    let bar = el("span.upload-bar[role=progressbar][aria-valuemin=0][aria-valuemax=100]")
        .attr("aria-label", &fill(words.uploading(), upload.name()))
        .child(done.clone());
    let why = el("span.upload-why[role=alert]");
    let button = |part, label| {
        el("button.link[type=button]")
            .attr("data-part", part)
            .text(label)
    };
    let again = button("upload-retry", words.again());
    let (shown, retried, removed) = (upload.clone(), upload.clone(), upload.clone());
    let parts = (picture.clone(), bar.clone(), why.clone(), again.clone());
    el("li.upload[data-part=upload]")
        .live(move |row| {
            room.uploads().track();
            let (picture, bar, why, again) = &parts;
            let (state, percent, fault) = match shown.stage() {
                Stage::Waiting => ("waiting", 0, None),
                Stage::Going(percent) => ("going", percent, None),
                Stage::Failed(fault) => ("failed", 0, Some(fault)),
            };
            let percent = percent.to_string();
            row.put("data-state", state);
            bar.put("aria-valuenow", percent.as_str());
            bar.put("hidden", fault.map(|_| ""));
            if let (Some(picture), Some(Fault::Unreadable)) = (picture, fault) {
                picture.put("hidden", "");
            }
            done.clone().style("inline-size", &[&percent, "%"].concat());
            why.say(fault.map_or("", |fault| match fault {
                Fault::Unreadable => words.upload_unreadable(),
                Fault::TooLarge => words.upload_too_large(),
                Fault::Broken => words.upload_broken(),
                Fault::Refused => words.upload_refused(),
            }));
            // The same file would fail in the same way.
            let may_help = matches!(fault, Some(Fault::Broken | Fault::Refused));
            again.put("hidden", (!may_help).then_some(""));
        })
        .child_if(picture)
        .child(
            el("span.upload-text")
                .child(el("span.upload-name[dir=auto]").text(upload.name()))
                .child(bar)
                .child(why),
        )
        .child(again.on("click", move |_| {
            room.upload_at(&retried, Stage::Waiting);
            next(here, room);
        }))
        .child(
            el("button.tool[type=button][data-part=upload-cancel]")
                .attr("aria-label", words.cancel())
                .attr("title", words.cancel())
                .child(icon(icon::CLOSE))
                .on("click", move |_| {
                    room.detach(removed.key());
                    next(here, room);
                }),
        )
}

/// Takes these files, if anything may be said at all.
fn take(here: Here, room: Room, files: &JsValue) {
    if here.model.status().get_untracked() == Status::Ended {
        return;
    }
    for file in Array::from(files).iter() {
        if let Some(upload) = Upload::new(file) {
            room.attach(upload);
        }
    }
    next(here, room);
}

/// Begins with the first that waits, if none is on its way.
fn next(here: Here, room: Room) {
    let Some(target) = target(here) else { return };
    let upload = {
        let all = room.uploads().glance();
        if all.iter().any(|it| matches!(it.stage(), Stage::Going(_))) {
            return;
        }
        all.iter().find(|it| it.stage() == Stage::Waiting).cloned()
    };
    let Some(upload) = upload else { return };
    room.upload_at(&upload, Stage::Going(0));
    spawn_local(async move {
        let picture = upload.clone().shrunk().await;
        // Meanwhile nobody may want it any more.
        let is_wanted = room
            .uploads()
            .glance()
            .iter()
            .any(|it| Rc::ptr_eq(it, &upload));
        match picture {
            _ if !is_wanted => {}
            Err(fault) => stop(here, room, &upload, fault),
            Ok(picture) => {
                let key = upload.key().to_owned();
                let media = Media {
                    name: Some(picture.name.clone()).filter(|name| !name.is_empty()),
                    width: Some(picture.width),
                    height: Some(picture.height),
                    bytes: Some(picture.bytes()),
                    ..Media::default()
                };
                upload.post(&picture, target, move |told| {
                    on_told(here, room, target, &key, &media, told);
                });
            }
        }
    });
}

fn on_told(here: Here, room: Room, target: &Target, key: &str, media: &Media, told: Told) {
    let upload = {
        let all = room.uploads().glance();
        all.iter().find(|it| it.key() == key).cloned()
    };
    let Some(upload) = upload else { return };
    match told {
        Told::Progress(percent) => room.upload_at(&upload, Stage::Going(percent)),
        Told::Over(Err(fault)) => stop(here, room, &upload, fault),
        Told::Over(Ok(given)) => match address(&given, &target.url, &here.launch.api) {
            None => stop(here, room, &upload, Fault::Refused),
            Some(url) => {
                let media = Media {
                    url,
                    ..media.clone()
                };
                here.handle.say(room.id().clone(), Content::Image(media));
                room.detach(key);
                next(here, room);
            }
        },
    }
}

fn stop(here: Here, room: Room, upload: &Upload, fault: Fault) {
    room.upload_at(upload, Stage::Failed(fault));
    next(here, room);
}

/// The address to be said: as the server gave it where every page finds the
/// same by it, else in full.
fn address(given: &str, posted_to: &str, api: &str) -> Option<String> {
    let at = Address::resolve(given, posted_to).filter(|at| at.href().starts_with("http"))?;
    let same = Address::resolve(given, api).as_ref() == Some(&at);
    Some(if same { given } else { at.href() }.to_owned())
}

/// Whether something of this kind is being handed over.
fn holds(data: &JsValue, kind: &str) -> bool {
    let kinds = member(data, "types");
    kinds.is_object() && Array::from(&kinds).includes(&kind.into(), 0)
}
