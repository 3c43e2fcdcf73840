//! The words of a message that was refused, to be changed where they stand.
//!
//! Knows only text: a picture that was refused is deleted or sent again.

use leptos::html::Textarea;
use leptos::prelude::*;
use parlance_core::Command;
use parlance_core::content::Content;
use parlance_core::ids::ItemKey;

use super::super::composer::fit;
use crate::driver::Handle;
use crate::i18n::Language;
use crate::model::Room;

pub(super) fn edit(room: Room, key: ItemKey, content: Content) -> AnyView {
    let words = expect_context::<Language>().words;
    let handle = expect_context::<Handle>();
    let field = NodeRef::<Textarea>::new();
    let before = content.text().to_owned();
    let question = matches!(content, Content::Question(_));
    Effect::new(move |_| {
        if let Some(field) = field.get() {
            fit(&field);
            let _ = field.focus();
        }
    });
    let save = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let Some(said) = field.get_untracked().map(|field| field.value()) else {
            return;
        };
        if said.trim().is_empty() {
            return;
        }
        let content = if question {
            Content::Question(said)
        } else {
            Content::Text(said)
        };
        room.edit(None);
        handle.dispatch(Command::Edit(room.id(), key, content));
    };
    let cancel = move |_| room.edit(None);
    view! {
        <form class="edit" on:submit=save>
            <textarea
                class="field"
                rows="1"
                dir="auto"
                aria-label=words.edit
                prop:value=before
                node_ref=field
                on:input=move |event| fit(&event_target(&event))
            ></textarea>
            <button class="button" type="submit">{words.save}</button>
            <button class="link" type="button" on:click=cancel>{words.cancel}</button>
        </form>
    }
    .into_any()
}
