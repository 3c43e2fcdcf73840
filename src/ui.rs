//! The components. They read signals and dispatch commands.
//!
//! None of them owns a socket or a signal, and none knows a protocol. What
//! somebody sent reaches the page as text nodes and checked addresses only.

use self::dynamic::dynamic;
use crate::model::live::Derived;
use leptos::prelude::*;

use self::account::Account;
use self::announcer::Announcer;
use self::conversations::Conversations;
use self::ended::{SignedOut, Waiting};
use self::join::Join;
use self::room::RoomPage;
use self::status::StatusBanner;
use crate::config::{Launch, Theme};
use crate::i18n::Language;
use crate::model::{Identity, Model};

pub mod composer;

pub mod account;
pub mod address;
pub mod announcer;
pub mod avatar;
pub mod conversations;
pub mod dynamic;
pub mod ended;
pub mod icon;
pub mod join;
pub mod keyboard;
pub mod list;
pub mod message;
pub mod presence;
pub mod room;
pub mod status;
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

/// The whole page. Wants [`Model`], [`Launch`] and the driver's handle in the
/// context.
#[component]
pub fn App() -> impl IntoView {
    let model = expect_context::<Model>();
    let launch = expect_context::<Launch>();
    let embed = launch.embed;
    let language = Language::choose(launch.lang.as_deref(), &browser_languages());
    provide_context(language);
    dress(language, launch.theme);
    keyboard::follow();
    let stage = Derived::new(move || stage(model));
    view! {
        <div
            class="app"
            data-part="app"
            data-status=dynamic(move || model.status().get().word())
            data-embed=embed.then_some("true")
        >
            {dynamic(move || match stage.get() {
                Stage::SignedOut => view! { <SignedOut/> }.into_any(),
                Stage::Join => view! { <div class="page-banner"><StatusBanner/></div><Join/> }.into_any(),
                Stage::Nothing => view! {
                    <div class="page-banner"><StatusBanner/></div><Waiting/>
                }.into_any(),
                Stage::Talk => view! { <Talk embed=embed/> }.into_any(),
            })}
            <Announcer/>
        </div>
    }
}

/// The conversations and the one on show.
#[component]
fn Talk(
    /// Without the page's own chrome.
    embed: bool,
) -> impl IntoView {
    let model = expect_context::<Model>();
    let words = expect_context::<Language>().words;
    let room = move || match model.current_room() {
        Some(room) => view! { <RoomPage room=room/> }.into_any(),
        None => view! {
            <main class="room room-none">
                <div class="room-body">
                    <StatusBanner/>
                    <p class="choose">{words.choose_conversation}</p>
                </div>
            </main>
        }
        .into_any(),
    };
    let on_show = move || {
        if model.current().with(Option::is_some) {
            "room"
        } else {
            "list"
        }
    };
    view! {
        <a class="skip" href="#composer">{words.skip_to_composer}</a>
        <div class="shell" data-view=on_show data-people=dynamic(move || model.people_shown().get().to_string())>
            {(!embed).then(|| view! { <Conversations/><Account/> })}
            {room}
        </div>
    }
}

fn stage(model: Model) -> Stage {
    match model.identity().get() {
        Identity::SignedOut => Stage::SignedOut,
        Identity::Needed(_) | Identity::Joining => Stage::Join,
        Identity::Known => {
            let known = model.current().with(Option::is_some)
                || model.me().with(Option::is_some)
                || model.conversations().with(|all| !all.is_empty());
            if known { Stage::Talk } else { Stage::Nothing }
        }
    }
}

/// The document's language and colours. Both languages are read left to right.
fn dress(language: Language, theme: Theme) {
    let Some(root) = document().document_element() else {
        return;
    };
    let theme = match theme {
        Theme::Auto => "auto",
        Theme::Light => "light",
        Theme::Dark => "dark",
    };
    for (name, value) in [
        ("lang", language.words.tag),
        ("dir", "ltr"),
        ("data-theme", theme),
    ] {
        // Cannot fail: the names are names.
        let _ = root.set_attribute(name, value);
    }
}

fn browser_languages() -> Vec<String> {
    let languages = window().navigator().languages();
    languages.iter().filter_map(|tag| tag.as_string()).collect()
}
