//! Where a link leads, said before anybody follows it there.
//!
//! A link to another website is asked about, by the name of the host that is
//! going to be asked for. In a mini-program's web-view nothing is followed:
//! that would take the page's place, for good. There it is copied. Knows no
//! message: any link in what somebody sent has a `rel`.

use wasm_bindgen::JsCast as _;
use web_sys::{Element, Event, MouseEvent};

use super::address::is_own;
use super::here::{Here, here, words};
use super::message::LINK;
use super::sheet::{copy, sheet};
use crate::dom::address::Address;
use crate::dom::{El, el, soon};
use crate::driver::host;

/// In this element no link is followed unasked.
pub fn asked_about(element: El) -> El {
    let Here { model, launch, .. } = here();
    // The middle button follows a link too.
    element.on("click auxclick", move |event| {
        if let Some(href) = followed(&event)
            && let Some(address) = Address::typed(&href)
            && (is_copied() || !address.host().is_empty() && !is_own(&address, launch))
        {
            event.prevent_default();
            model.ask_about(href);
        }
    })
}

/// The link that is to be followed.
fn followed(event: &Event) -> Option<String> {
    let button = event.unchecked_ref::<MouseEvent>().button();
    let element: Element = event.target()?.unchecked_into();
    let link = element.closest("a[rel]").ok()??;
    // The right one opens a menu.
    link.get_attribute("href").filter(|_| button < 2)
}

fn is_copied() -> bool {
    web_sys::window().is_some_and(|window| {
        let surroundings = host::Capabilities::detect(&window);
        surroundings.foreign_links_blocked
    })
}

/// The question, or where nothing can be opened the copy.
pub fn question(href: &str) -> Option<El> {
    let model = here().model;
    let words = words();
    let address = Address::typed(href)?;
    let line = |text| el("p.link-line[data-part=link-line][dir=ltr]").text(text);
    if !is_copied() {
        let open = el(LINK)
            .attr("class", "button")
            .address("href", &address)
            .text(words.open())
            .on("click", move |_| model.close_sheet());
        let dialog = sheet(el(DIALOG), words.link_open());
        return Some(dialog.child(line(address.host())).child(open));
    }
    let button = el("button.button[type=button]").text(words.story_copy());
    let (line, says) = (line(address.shown()), button.clone());
    let from = line.clone();
    let copied = move || {
        if copy(&from) {
            says.say(words.story_copied());
        }
    };
    let dialog = sheet(el(DIALOG), words.link_copy()).child(line);
    // When it is shown: nothing is copied that cannot be seen.
    soon(copied.clone());
    Some(dialog.child(button.on("click", move |_| copied())))
}

const DIALOG: &str = "dialog.story[data-part=link]";
