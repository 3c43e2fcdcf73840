//! The page that stands when nothing else does: what is wrong with the launch.
//! A program that fails later cannot say so itself; the shell does.
//!
//! Uses bare elements alone: no components, no signals, no words from
//! elsewhere. Text goes in as text.

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Event, HtmlElement};

use crate::config::Problem;
use crate::config::problem::Speech;
use crate::dom::{El, document, el};

/// Names every parameter that is wrong, and what it should be.
pub fn problems(problems: &[Problem]) {
    let lines: Vec<Line<'_>> = problems
        .iter()
        .map(|problem| Line {
            parameter: Some(problem.parameter.clone()),
            says: Box::new(|speech| problem.sentence(speech)),
        })
        .collect();
    show("problem", lines, |speech| match speech {
        Speech::English => "This page was opened with parameters that it cannot use",
        Speech::Chinese => "打开本页的参数无法使用",
    });
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

struct Line<'a> {
    parameter: Option<String>,
    says: Box<dyn Fn(Speech) -> String + 'a>,
}

/// Anything that fails here leaves an emptier page, and there is nobody left
/// to tell.
fn show(kind: &str, lines: Vec<Line<'_>>, title: fn(Speech) -> &'static str) {
    let Some(body) = clear_the_page() else { return };
    let language = document()
        .document_element()
        .and_then(|root| root.get_attribute("lang"))
        .unwrap_or_default();
    let speech = Speech::of(&language);
    let mut page = el("main.notice[data-part=app][data-status=ended][role=alert]")
        .attr("data-notice", kind)
        .child(el("h1.notice-title").text(title(speech)));
    for line in lines {
        let mut paragraph = el("p.notice-line");
        if let Some(parameter) = &line.parameter {
            paragraph = paragraph
                .attr("data-parameter", parameter)
                .child(el("code.notice-name").text(parameter));
        }
        page = page.child(paragraph.text(" ").text(&(line.says)(speech)));
    }
    let page: HtmlElement = page.child(reload_button(speech)).node();
    let _ = body.append_child(&page);
}

fn reload_button(speech: Speech) -> El {
    let button = el("button.notice-button[type=button]").text(match speech {
        Speech::English => "Reload",
        Speech::Chinese => "重新加载",
    });
    // Not the builder's listener: after a panic there may be no owners.
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
