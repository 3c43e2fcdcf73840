//! The page that stands when nothing else does: what is wrong with the launch.
//! A program that fails later cannot say so itself; the shell does.
//!
//! Uses bare elements alone: no components, no signals. Text goes in as text.

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Event, HtmlElement};

use crate::config::Problem;
use crate::dom::{El, document, el};
use crate::i18n::{Words, words};

/// Names every parameter that is wrong, and what it should be. Anything that
/// fails here leaves an emptier page, and there is nobody left to tell.
pub fn problems(problems: &[Problem]) {
    let Some(body) = clear_the_page() else { return };
    let language = document()
        .document_element()
        .and_then(|root| root.get_attribute("lang"));
    let words = words(language.as_deref(), &[]);
    let mut page = el("main.notice[data-part=app][data-status=ended][role=alert]")
        .attr("data-notice", "problem")
        .child(el("h1.notice-title").text(words.problem_title()));
    for problem in problems {
        let parameter = &problem.parameter;
        page = page.child(
            el("p.notice-line")
                .attr("data-parameter", parameter)
                .child(el("code.notice-name").text(parameter))
                .text(" ")
                .text(&problem.sentence(words)),
        );
    }
    let page: HtmlElement = page.child(reload_button(words)).node();
    let _ = body.append_child(&page);
}

/// Takes away what the shell has drawn, and says where the page goes.
pub fn clear_the_page() -> Option<HtmlElement> {
    let document = document();
    if let Some(root) = document.document_element() {
        // From here on the shell's script keeps silent.
        let _ = root.set_attribute("data-started", "true");
    }
    let body = document.body()?;
    // The skeleton; or the shell's notice, when somebody else's script failed
    // and ours started all the same.
    body.set_text_content(None);
    Some(body)
}

fn reload_button(words: &Words) -> El {
    let button = el("button.notice-button[type=button]").text(words.reload());
    // Not the builder's listener: there may be no owners.
    let reload = Closure::<dyn FnMut(Event)>::new(|_| {
        if let Some(window) = web_sys::window() {
            let _ = window.location().reload();
        }
    });
    let element: HtmlElement = button.node();
    let _ = element.add_event_listener_with_callback("click", reload.as_ref().unchecked_ref());
    reload.forget();
    button
}
