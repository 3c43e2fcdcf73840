//! The pages that stand when nothing else does: what is wrong with the
//! launch, and what to do after a panic.
//!
//! Uses the document alone: no components, no signals, no words from
//! elsewhere. Text goes in as text.

use parlance_core::session::Durability;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Document, Element, HtmlElement};

use crate::config::Problem;
use crate::config::problem::Speech;

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

/// Something in the program has failed.
pub fn recover(unsent: Durability) {
    let line = Line {
        parameter: None,
        says: Box::new(|speech| {
            match (speech, unsent) {
                (Speech::English, Durability::Kept) => {
                    "Something went wrong in this page. What you have not sent yet is kept \
                     on this device. Reload to go on."
                }
                (Speech::English, Durability::LostOnClose) => {
                    "Something went wrong in this page. This device keeps nothing, so what \
                     was not sent yet is lost. Reload to go on."
                }
                (Speech::Chinese, Durability::Kept) => {
                    "页面出现错误。尚未发送的内容已保存在此设备上，重新加载即可继续。"
                }
                (Speech::Chinese, Durability::LostOnClose) => {
                    "页面出现错误。此设备无法保存内容，尚未发送的消息已丢失。请重新加载。"
                }
            }
            .to_owned()
        }),
    };
    show("recover", vec![line], |speech| match speech {
        Speech::English => "This page has stopped",
        Speech::Chinese => "页面已停止",
    });
}

/// Takes away what the shell has drawn, and says where the page goes.
pub fn clear_the_page() -> Option<HtmlElement> {
    let document = web_sys::window()?.document()?;
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
    let Some(document) = body.owner_document() else {
        return;
    };
    let language = document
        .document_element()
        .and_then(|root| root.get_attribute("lang"))
        .unwrap_or_default();
    let speech = Speech::of(&language);
    let _ = draw(&document, &body, kind, lines, title(speech), speech);
}

fn draw(
    document: &Document,
    body: &HtmlElement,
    kind: &str,
    lines: Vec<Line<'_>>,
    title: &str,
    speech: Speech,
) -> Option<()> {
    let page = element(document, "main", "notice")?;
    page.set_attribute("data-part", "app").ok()?;
    page.set_attribute("data-status", "ended").ok()?;
    page.set_attribute("data-notice", kind).ok()?;
    page.set_attribute("role", "alert").ok()?;
    let heading = element(document, "h1", "notice-title")?;
    heading.set_text_content(Some(title));
    page.append_child(&heading).ok()?;
    for line in lines {
        let paragraph = element(document, "p", "notice-line")?;
        if let Some(parameter) = line.parameter {
            paragraph.set_attribute("data-parameter", &parameter).ok()?;
            let name = element(document, "code", "notice-name")?;
            name.set_text_content(Some(&parameter));
            paragraph.append_child(&name).ok()?;
        }
        let says = format!(" {}", (line.says)(speech));
        let text = document.create_text_node(&says);
        paragraph.append_child(&text).ok()?;
        page.append_child(&paragraph).ok()?;
    }
    let button = reload_button(document, speech)?;
    page.append_child(&button).ok()?;
    body.append_child(&page).ok()?;
    Some(())
}

fn reload_button(document: &Document, speech: Speech) -> Option<Element> {
    let button = element(document, "button", "notice-button")?;
    button.set_attribute("type", "button").ok()?;
    button.set_text_content(Some(match speech {
        Speech::English => "Reload",
        Speech::Chinese => "重新加载",
    }));
    let reload = Closure::<dyn FnMut()>::new(|| {
        if let Some(window) = web_sys::window() {
            let _ = window.location().reload();
        }
    });
    button
        .add_event_listener_with_callback("click", reload.as_ref().unchecked_ref())
        .ok()?;
    reload.forget();
    Some(button)
}

fn element(document: &Document, tag: &str, class: &str) -> Option<Element> {
    let element = document.create_element(tag).ok()?;
    element.set_class_name(class);
    Some(element)
}
