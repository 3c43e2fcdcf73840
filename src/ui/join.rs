//! The form that asks who is here.
//!
//! Knows not what a name is good for, nor who refuses one.

use crate::ui::dynamic::dynamic;
use leptos::html::Input;
use leptos::prelude::*;
use parlance_core::Command;

use super::icon::{self, icon};
use crate::driver::Handle;
use crate::i18n::Language;
use crate::model::{Identity, Model};

/// Longer names are the server's to refuse; this only keeps a slip short.
const NAME_LENGTH: &str = "64";

/// Asks for a name, once.
#[component]
pub fn Join() -> impl IntoView {
    let model = expect_context::<Model>();
    let handle = expect_context::<Handle>();
    let words = expect_context::<Language>().words;
    let name = NodeRef::<Input>::new();
    let busy = move || model.identity().get() == Identity::Joining;
    let refused = move || match model.identity().get() {
        Identity::Needed(refused) => refused,
        Identity::Known | Identity::Joining | Identity::SignedOut => None,
    };
    Effect::new(move |_| {
        // Back in the field after a refusal, too.
        if !busy()
            && let Some(field) = name.get()
        {
            let _ = field.focus();
        }
    });
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let Some(field) = name.get_untracked() else {
            return;
        };
        let said = field.value();
        if said.trim().is_empty() || model.identity().get_untracked() == Identity::Joining {
            let _ = field.focus();
            return;
        }
        model.joining();
        handle.dispatch(Command::Join(said.trim().to_owned()));
    };
    view! {
        <main class="page">
            <form class="card" data-part="join" on:submit=submit aria-busy=dynamic(move || busy().to_string())>
                <span class="card-mark">{icon(icon::CHAT)}</span>
                <h1 class="card-title">{words.join_title}</h1>
                <label class="card-text" for="join-name">{words.join_hint}</label>
                <input
                    id="join-name"
                    class="field"
                    name="name"
                    type="text"
                    autocomplete="nickname"
                    enterkeyhint="go"
                    maxlength=NAME_LENGTH
                    dir="auto"
                    placeholder=words.join_name
                    aria-describedby="join-refused"
                    aria-invalid=dynamic(move || refused().is_some().to_string())
                    readonly=busy
                    node_ref=name
                />
                <p id="join-refused" class="card-error" role="alert">{refused}</p>
                <button class="button button-wide" type="submit" aria-disabled=dynamic(move || busy().to_string())>
                    {dynamic(move || if busy() { words.join_busy } else { words.join_go })}
                </button>
            </form>
        </main>
    }
}
