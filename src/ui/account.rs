//! Who I am here, whether the device keeps what is unsent, and the way out.
//!
//! One for the page: the style sheet puts it below the list or into the
//! room's header, so that the way out is never behind a menu.

use leptos::prelude::*;
use parlance_core::Command;
use parlance_core::session::Durability;

use super::avatar::avatar;
use super::icon::{self, icon};
use crate::driver::Handle;
use crate::i18n::Language;
use crate::model::Model;

/// The account.
#[component]
pub fn Account() -> impl IntoView {
    let model = expect_context::<Model>();
    let handle = expect_context::<Handle>();
    let words = expect_context::<Language>().words;
    let me = move || {
        let me = model.me().get()?;
        Some(view! {
            {avatar(me.uid.as_str(), &me.name, me.avatar.as_deref())}
            <span class="account-name" dir="auto">{me.name.clone()}</span>
        })
    };
    let leave = move |_| handle.dispatch(Command::SignOut);
    view! {
        <section class="account" data-part="account" aria-label=words.account>
            {me}
            <button
                class="tool"
                type="button"
                data-part="signout"
                aria-label=words.sign_out
                title=words.sign_out
                on:click=leave
            >
                {icon(icon::LEAVE)}
            </button>
        </section>
    }
}

/// Says that what is unsent would be lost, while that is so.
#[component]
pub fn NotKept() -> impl IntoView {
    let model = expect_context::<Model>();
    let words = expect_context::<Language>().words;
    move || {
        let lost = model.durability().get() == Durability::LostOnClose;
        lost.then(|| {
            view! {
                <p class="not-kept" data-part="durability" title=words.not_kept_why>
                    {words.not_kept}
                    <span class="vh">" "{words.not_kept_why}</span>
                </p>
            }
            .into_any()
        })
    }
}
