//! The list of conversations: beside the room where there is space, a page of
//! its own on phones.
//!
//! Knows no rows: what it shows of a conversation is one line.

use crate::ui::dynamic::dynamic;
use leptos::prelude::*;
use parlance_core::Command;
use parlance_core::session::{Conversation, LastLine};

use super::avatar::avatar;
use super::list::{self, list};
use super::words::kind_name;
use crate::driver::Handle;
use crate::i18n::{Language, local_day};
use crate::model::{Entry, Model};

/// The list.
#[component]
pub fn Conversations() -> impl IntoView {
    let model = expect_context::<Model>();
    let words = expect_context::<Language>().words;
    let conversations = move || {
        let all = model.conversations().get().into_iter();
        all.map(|entry| list::Entry::new(entry.id.to_string(), move || entry_row(entry)))
            .collect()
    };
    let none = move || {
        let none = model.conversations().with(Vec::is_empty);
        none.then(|| {
            view! { <p class="conversations-none">{words.no_conversations}</p> }.into_any()
        })
    };
    view! {
        <nav class="conversations" aria-label=words.conversations>
            <h1 class="conversations-title">{words.conversations}</h1>
            <ul class="conversations-list">
                {list(Box::new(conversations))}
            </ul>
            {none}
        </nav>
    }
}

fn entry_row(entry: Entry) -> AnyView {
    let model = expect_context::<Model>();
    let handle = expect_context::<Handle>();
    let id = entry.id.clone();
    let current = {
        let id = id.clone();
        move || {
            model
                .current()
                .with(|current| current.as_ref() == Some(&id))
                .then_some("page")
        }
    };
    let open = move |_| handle.dispatch(Command::Open(id.clone()));
    let conversation = entry.conversation;
    view! {
        <li data-part="conversation" data-conversation=entry.id.to_string()>
            <button class="conversation" type="button" aria-current=current on:click=open>
                {dynamic(move || summary(&conversation.get()))}
            </button>
        </li>
    }
    .into_any()
}

fn summary(conversation: &Conversation) -> AnyView {
    let language = expect_context::<Language>();
    let unread = (conversation.unread > 0).then(|| {
        let label = language.count(&language.words.unread, conversation.unread);
        let number = match conversation.unread {
            0..=99 => conversation.unread.to_string(),
            100.. => "99+".to_owned(),
        };
        view! {
            <span class="badge" data-part="unread" data-count=conversation.unread.to_string()>
                <span aria-hidden="true">{number}</span>
                <span class="vh">{label}</span>
            </span>
        }
    });
    let last = conversation.last.as_ref();
    view! {
        {avatar(&conversation.id.to_string(), &conversation.title, conversation.avatar.as_deref())}
        <span class="conversation-title" dir="auto">{conversation.title.clone()}</span>
        <span class="conversation-time">{last.and_then(|last| when(language, last))}</span>
        <span class="conversation-last" dir="auto">{last.map(|last| line(language, last))}</span>
        {unread}
    }
    .into_any()
}

fn line(language: Language, last: &LastLine) -> String {
    let words = language.words;
    let text = if last.text.trim().is_empty() {
        kind_name(words, last.kind)
    } else {
        last.text.as_str()
    };
    let author = if last.mine {
        Some(words.you)
    } else {
        last.author.as_deref()
    };
    match author {
        Some(author) => [author, ": ", text].concat(),
        None => text.to_owned(),
    }
}

/// A time on the newest day there is, a date before it: the device's clock,
/// which may be wrong, has no part in it.
fn when(language: Language, last: &LastLine) -> Option<String> {
    let at = last.at?;
    let model = expect_context::<Model>();
    let newest = model.conversations().with_untracked(|all| {
        let first = all.first()?;
        first
            .conversation
            .with_untracked(|first| first.last.as_ref()?.at)
    });
    let same_day = newest.is_none_or(|newest| local_day(newest) == local_day(at));
    Some(if same_day {
        language.time(at)
    } else {
        language.short_day(at)
    })
}
