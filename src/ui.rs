//! The components. They read signals and dispatch commands.
//!
//! None of them owns a socket or a signal, and none knows a protocol. A
//! component is a function that gives an element, drawn once: what changes in
//! it is said where it is made. What somebody sent reaches the page as text
//! nodes and checked addresses only.

use parlance_core::dialect::Capabilities;
use web_sys::HtmlElement;

use self::account::account;
use self::announcer::announcer;
use self::conversations::conversations;
use self::ended::{signed_out, waiting};
use self::here::{Here, here, words};
use self::join::join;
use self::link::asked_about;
use self::room::room_page;
use self::sheet::sheets;
use self::status::status_banner;
use crate::config::{Launch, Theme};
use crate::dom::{self, El, Mounted, Place, el};
use crate::driver::Handle;
use crate::i18n::Language;
use crate::model::{Identity, Model};

pub mod composer;

pub mod account;
pub mod address;
pub mod alike;
pub mod announcer;
pub mod attach;
pub mod avatar;
pub mod conversations;
pub mod ended;
pub mod here;
pub mod icon;
pub mod join;
pub mod keyboard;
pub mod link;
pub mod message;
pub mod presence;
pub mod room;
pub mod sheet;
pub mod status;
pub mod story;
pub mod timeline;
pub mod words;

/// What is on show as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    SignedOut,
    Join,
    Nothing,
    Talk,
}

/// Draws the whole page at the end of `parent`. `start` is given what is to be
/// shown, and gives whom to tell what the person wants.
pub fn mount(
    parent: &HtmlElement,
    launch: &'static Launch,
    backend: Capabilities,
    start: impl FnOnce(Model) -> Handle + 'static,
) -> Mounted {
    dom::mount(parent, move || {
        let model = Model::new();
        here::provide(Here {
            model,
            handle: start(model),
            language: Language::choose(launch.lang.as_deref(), &browser_languages()),
            launch,
            // As long as the page.
            backend: Box::leak(Box::new(backend)),
        });
        app()
    })
}

fn app() -> El {
    let Here {
        model,
        language,
        launch,
        ..
    } = here();
    dress(language, launch.theme);
    keyboard::follow();
    el("div.app[data-part=app]")
        .attr_if("data-embed", launch.embed.then_some("true"))
        .live(move |app| app.put("data-status", model.status().get().word()))
        .switch(
            move || stage(model),
            move |stage, place| match stage {
                Stage::SignedOut => place.add(signed_out()),
                // Where nobody comes in by name alone, nobody is asked for one.
                Stage::Join if !parlance_core::GUESTS => place.add(page_banner()),
                Stage::Join => {
                    place.add(page_banner());
                    place.add(join());
                }
                Stage::Nothing => {
                    place.add(page_banner());
                    place.add(waiting());
                }
                Stage::Talk => talk(place),
            },
        )
        .child(sheets())
        .child(announcer())
}

fn page_banner() -> El {
    el("div.page-banner").child(status_banner())
}

/// The conversations and the one on show.
fn talk(place: &Place) {
    let Here { model, launch, .. } = here();
    let mut shell = el("div.shell").live(move |shell| {
        let view = if model.current().look().is_some() {
            "room"
        } else {
            "list"
        };
        shell.put("data-view", view);
        shell.put_word("data-people", model.people_shown().get());
    });
    // Without the page's own chrome where something around it draws the frame.
    if !launch.embed {
        shell = shell.child(conversations()).child(account());
    }
    place.add(el("a.skip[href=#composer]").text(words().skip_to_composer()));
    place.add(asked_about(shell).part(move |place| {
        match model.current_room() {
            Some(room) => room_page(room, place),
            None => place.add(
                el("main.room.room-none").child(
                    el("div.room-body")
                        .child(status_banner())
                        .child(el("p.choose").text(words().choose_conversation())),
                ),
            ),
        }
    }));
}

fn stage(model: Model) -> Stage {
    match *model.identity().look() {
        Identity::SignedOut => Stage::SignedOut,
        Identity::Needed(_) | Identity::Joining => Stage::Join,
        Identity::Known => {
            let known = model.current().look().is_some()
                || model.me().look().is_some()
                || !model.conversations().look().is_empty();
            if known { Stage::Talk } else { Stage::Nothing }
        }
    }
}

/// The document's language and colours. Both languages are read left to right.
fn dress(language: Language, theme: Theme) {
    let Some(root) = dom::document().document_element() else {
        return;
    };
    let theme = match theme {
        Theme::Auto => "auto",
        Theme::Light => "light",
        Theme::Dark => "dark",
    };
    for (name, value) in [
        ("lang", language.words.tag()),
        ("dir", "ltr"),
        ("data-theme", theme),
    ] {
        // Cannot fail: the names are names.
        let _ = root.set_attribute(name, value);
    }
}

fn browser_languages() -> Vec<String> {
    let languages = web_sys::window().map(|window| window.navigator().languages());
    dom::pattern::strings(&languages.unwrap_or_default())
}
