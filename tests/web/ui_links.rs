//! Rows 6 and 7 of the security checklist, as the page draws them: what becomes
//! a link, how its host is written, and what is asked before it is followed.

use parlance::dom::document;
use parlance_core::content::{Card, Content, Media};
use wasm_bindgen::JsCast as _;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{Element, HtmlDialogElement, HtmlElement};

use crate::rig::{Shim, js};
use crate::ui_page::{Page, file, open_lobby, settle, text_of, theirs, theirs_text};

/// Follows a link with this kind of event and this button; whether the page
/// let that happen.
fn follows(link: &Element, kind: &str, button: u8) -> bool {
    let global = js_sys::global();
    js_sys::Reflect::set(&global, &"followed".into(), link).unwrap();
    let outcome = js(&format!(
        "let goes;
         const kind = '{kind}', options = {{ bubbles: true, cancelable: true, button: {button} }};
         const last = (event) => {{ goes = !event.defaultPrevented; event.preventDefault(); }};
         addEventListener(kind, last, {{ once: true }});
         followed.dispatchEvent(new MouseEvent(kind, options));
         return goes;"
    ));
    outcome.as_bool().expect("heard of")
}

#[wasm_bindgen_test]
async fn row_06_a_mailbox_and_a_number_are_links_and_other_schemes_are_text() {
    let page = open_lobby("en").await;
    let said = "mailto:a@b.example?bcc=c@d.example or tel:+86-10086";
    page.shows(vec![
        theirs_text(1, said),
        theirs_text(
            2,
            "javascript:alert(1) data:text/html,x intent:x sms:12345 http://[ \
             https://good.example@evil.example/a http://a:b@evil.example \
             http://\u{202e}moc.live",
        ),
    ]);
    settle().await;
    let links = page.all("[data-part=message] a");
    let hrefs: Vec<_> = links
        .iter()
        .map(|it| it.get_attribute("href").unwrap())
        .collect();
    assert_eq!(hrefs, ["mailto:a@b.example", "tel:+86-10086"]);
    assert_eq!(
        text_of(&page.all("[data-part=message] [data-part=text]")[0]),
        said
    );
    for link in &links {
        assert_eq!(Some(text_of(link)), link.get_attribute("href"));
        assert_eq!(link.get_attribute("target"), None, "no empty window");
        assert!(follows(link, "click", 0), "the device asks by itself");
    }
    settle().await;
    assert!(page.parts("link").is_empty());
}

#[wasm_bindgen_test]
async fn row_07_a_link_says_where_it_leads_and_takes_nothing_along() {
    let page = open_lobby("en").await;
    page.shows(vec![
        theirs_text(1, "https://good.example:81/a@b?c http://good.example/x"),
        theirs(
            2,
            Content::File(Media {
                url: "https://files.example/a.pdf".to_owned(),
                name: Some("a.pdf".to_owned()),
                ..Media::default()
            }),
        ),
    ]);
    settle().await;
    let links = page.all("[data-part=message] a");
    assert_eq!(links.len(), 3);
    for link in &links {
        let has = |name: &str| link.get_attribute(name).unwrap_or_default();
        assert_eq!(has("target"), "_blank");
        let rel = has("rel");
        for word in ["noopener", "noreferrer", "nofollow"] {
            assert!(rel.contains(word), "{rel}");
        }
    }
    // What is read is where it leads, to the letter: nobody can name it.
    for link in &links[..2] {
        assert_eq!(link.get_attribute("href"), link.text_content());
    }
}

#[wasm_bindgen_test]
async fn row_07_a_host_that_looks_like_another_is_shown_as_it_is_asked_for() {
    let table = [
        // Letters of two scripts in a word, and of one that looks like another.
        ("http://gооd.example/x", "http://xn--gd-fmca.example/x"),
        ("http://paypаl.com", "http://xn--paypl-7ve.com/"),
        ("http://abc中文.com/", "http://xn--abc-x68do18h.com/"),
        ("http://a.раура.com/x", "http://a.xn--80aa0cbo.com/x"),
        ("http://www.аррӏе.com", "http://www.xn--80ak6aa92e.com/"),
        ("http://www.οο.com/?a#b", "http://www.xn--0xaa.com/?a#b"),
        // What is not seen, or written to look like something else.
        ("http://gｏｏｄ.example", "http://good.example/"),
        ("http://0x7f000001/", "http://127.0.0.1/"),
        ("http://paypa\u{200b}l.com", "http://paypal.com/"),
        ("http://Good.example/x", "http://good.example/x"),
        // What is asked for as it was typed is shown as it was typed.
        ("http://good.example", "http://good.example"),
        (
            "http://good.example:81/路径?é#ü",
            "http://good.example:81/路径?é#ü",
        ),
        ("http://[::1]:81/", "http://[::1]:81/"),
    ];
    let page = open_lobby("en").await;
    for (typed, shown) in table {
        page.shows(vec![theirs_text(1, typed)]);
        settle().await;
        let links = page.all("[data-part=message] a");
        assert_eq!(links.len(), 1, "{typed}");
        assert_eq!(text_of(&links[0]), shown, "{typed}");
        assert_eq!(links[0].get_attribute("href").as_deref(), Some(typed));
    }
}

#[wasm_bindgen_test]
async fn row_07_a_link_to_another_website_is_asked_about_by_the_host_it_leads_to() {
    for (lang, title) in [
        ("en", "This link leads to another website"),
        ("zh-CN", "这个链接通向其他网站"),
    ] {
        let page = open_lobby(lang).await;
        page.shows(vec![
            theirs_text(1, "http://a.раура.com/x"),
            theirs(
                2,
                Content::Product(Card {
                    title: "https://good.example".to_owned(),
                    url: Some("https://evil.example/buy".to_owned()),
                    ..Card::default()
                }),
            ),
        ]);
        settle().await;
        for (key, host, href) in [
            (1, "a.xn--80aa0cbo.com", "http://a.раура.com/x"),
            (2, "evil.example", "https://evil.example/buy"),
        ] {
            let link = page.all(&format!("[data-key=\"{key}\"] a")).remove(0);
            link.focus().unwrap();
            assert!(!follows(&link, "click", 0), "not unasked");
            settle().await;
            let dialog: HtmlDialogElement = page.part("link").unchecked_into();
            assert!(dialog.open());
            assert!(text_of(&dialog).contains(title));
            assert_eq!(text_of(&page.part("link-line")), host);
            let open = page.all("[data-part=link] a").remove(0);
            assert_eq!(open.get_attribute("href").as_deref(), Some(href));
            assert_eq!(open.get_attribute("target").as_deref(), Some("_blank"));
            let rel = open.get_attribute("rel").unwrap();
            assert!(
                rel.contains("noopener") && rel.contains("noreferrer"),
                "{rel}"
            );
            let focus = document().active_element();
            assert!(dialog.contains(focus.as_ref().map(AsRef::as_ref)));
            assert!(
                !open.is_same_node(focus.as_ref().map(AsRef::as_ref)),
                "no stray Enter"
            );
            // Escape closes a dialog, and the browser says so.
            dialog.close();
            settle().await;
            settle().await;
            assert!(page.parts("link").is_empty());
            let focus = document().active_element();
            assert!(
                link.is_same_node(focus.as_ref().map(AsRef::as_ref)),
                "back where it was"
            );
        }
        // The middle button follows a link, the right one does not.
        let link = page.all("[data-key=\"1\"] a").remove(0);
        assert!(follows(&link, "auxclick", 2));
        assert!(!follows(&link, "auxclick", 1));
        settle().await;
        // Who has been asked is let go.
        assert!(follows(&page.all("[data-part=link] a")[0], "click", 0));
        settle().await;
        settle().await;
        assert!(page.parts("link").is_empty());
    }
}

#[wasm_bindgen_test]
async fn row_07_our_own_pages_are_not_asked_about() {
    let page = open_lobby("en").await;
    let own = web_sys::window().unwrap().location().origin().unwrap();
    page.shows(vec![
        theirs_text(1, &[&own, "/help"].concat()),
        file(2, "a.pdf"),
    ]);
    settle().await;
    let links = page.all("[data-part=message] a");
    assert_eq!(links.len(), 2);
    for link in &links {
        assert!(follows(link, "click", 0));
    }
    settle().await;
    assert!(page.parts("link").is_empty());
}

fn copy(page: &Page) -> HtmlElement {
    page.all("[data-part=link] .button").remove(0)
}

#[wasm_bindgen_test]
async fn row_07_in_a_mini_program_a_link_is_copied_and_the_page_says_so() {
    let surroundings = Shim::new("window", "__wxjs_environment", "value: 'miniprogram'");
    let copying = Shim::new(
        "document",
        "execCommand",
        "value: (what) => { globalThis.copied = what + ' ' + getSelection(); return globalThis.allowed; }",
    );
    let page = open_lobby("zh-CN").await;
    let own = web_sys::window().unwrap().location().origin().unwrap();
    let own = [&own, "/help"].concat();
    let said = ["https://elsewhere.example/a", &own, "tel:10086"];
    page.shows(vec![theirs_text(1, &said.join(" "))]);
    settle().await;
    for (link, href) in page.all("[data-part=message] a").iter().zip(said) {
        js("globalThis.allowed = true");
        assert!(!follows(link, "click", 0), "it would take the page's place");
        settle().await;
        assert_eq!(
            js("return globalThis.copied").as_string(),
            Some(["copy ", href].concat())
        );
        assert!(text_of(&page.part("link")).contains("这里不能打开链接"));
        assert_eq!(text_of(&copy(&page)), "已复制");
        assert!(
            page.all("[data-part=link] a").is_empty(),
            "nothing to go by"
        );
        page.model.close_sheet();
        settle().await;
    }
    // What was not copied is not said to be.
    js("globalThis.allowed = false");
    follows(&page.all("[data-part=message] a")[0], "click", 0);
    settle().await;
    assert_eq!(text_of(&copy(&page)), "复制");
    let marked = js("return String(getSelection())").as_string();
    assert_eq!(marked.as_deref(), Some(said[0]), "to be copied by hand");
    js("globalThis.allowed = true");
    copy(&page).click();
    settle().await;
    assert_eq!(text_of(&copy(&page)), "已复制");
    drop((surroundings, copying));
}
