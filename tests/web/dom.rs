//! The builder of elements: what stays, what goes with its owner, what is
//! refused.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use leptos::reactive::owner::Owner;
use leptos::reactive::signal::ArcTrigger;
use leptos::reactive::traits::{Notify as _, Track as _};
use parlance::dom::address::Address;
use parlance::dom::{
    El, Entry, Listener, Mounted, document, el, listen, mount, on_cleanup, takes_text,
};
use wasm_bindgen::JsCast as _;
use wasm_bindgen::closure::Closure;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{Element, HtmlElement};

use crate::rig::turn;

/// A number that can be followed.
#[derive(Clone, Default)]
struct Number(ArcTrigger, Rc<Cell<u32>>);

impl Number {
    fn get(&self) -> u32 {
        self.0.track();
        self.1.get()
    }

    async fn becomes(&self, number: u32) {
        self.1.set(number);
        self.0.notify();
        turn().await;
    }
}

/// Counts.
#[derive(Clone, Default)]
struct Count(Rc<Cell<u32>>);

impl Count {
    fn one(&self) {
        self.0.set(self.0.get() + 1);
    }

    /// So many since the last time.
    fn taken(&self) -> u32 {
        self.0.take()
    }
}

/// What this draws, in the document.
fn shown(draw: impl FnOnce() -> El + 'static) -> (Mounted, HtmlElement) {
    let body = document().body().unwrap();
    let mounted = mount(&body, draw);
    let drawn = body.last_element_child().unwrap();
    (mounted, drawn.unchecked_into())
}

fn text(element: &Element) -> String {
    element.text_content().unwrap()
}

#[wasm_bindgen_test]
fn an_element_is_what_its_selector_finds() {
    let made: Element = el("a.one.two[href=#there][title=a b][hidden]").node();
    assert_eq!(
        made.outer_html(),
        r##"<a class="one two" href="#there" title="a b" hidden=""></a>"##
    );
    let drawing: Element = el("svg.icon[viewBox=0 0 24 24]").child(el("path")).node();
    assert_eq!(
        drawing.namespace_uri().as_deref(),
        Some("http://www.w3.org/2000/svg")
    );
    assert_eq!(
        drawing.get_attribute("viewBox").as_deref(),
        Some("0 0 24 24")
    );
}

#[wasm_bindgen_test]
fn text_is_text_wherever_it_is_put() {
    let nasty = "<img src=x onerror=alert(1)>&amp;";
    let made = el("p").text(nasty).attr("title", nasty);
    let element: Element = made.node();
    assert_eq!(element.child_element_count(), 0);
    assert_eq!(text(&element), nasty);
    assert_eq!(element.get_attribute("title").as_deref(), Some(nasty));
    made.say(&nasty.repeat(2));
    assert_eq!(element.child_element_count(), 0);
    assert_eq!(text(&element), nasty.repeat(2));
}

#[wasm_bindgen_test]
fn what_runs_code_or_leads_somewhere_takes_no_text() {
    for name in [
        "onclick",
        "onerror",
        "srcdoc",
        "href",
        "src",
        "srcset",
        "poster",
        "action",
        "formaction",
        "data",
        "xlink:href",
        "ping",
        "style",
        "innerHTML",
        "outerHTML",
    ] {
        assert!(!takes_text(name), "{name}");
    }
    for name in ["class", "title", "data-src", "data-id", "aria-label", "d"] {
        assert!(takes_text(name), "{name}");
    }
}

#[wasm_bindgen_test]
#[should_panic]
fn a_handler_made_of_text_is_refused() {
    let _ = el("p").attr("onclick", "alert(1)");
}

#[wasm_bindgen_test]
#[should_panic]
fn an_address_made_of_text_is_refused() {
    el("a").put("href", "javascript:alert(1)");
}

#[wasm_bindgen_test]
#[should_panic]
fn a_handler_in_a_selector_is_refused() {
    let _ = el("p[onclick=alert(1)]");
}

#[wasm_bindgen_test]
fn an_address_is_one_that_runs_nothing() {
    let base = "https://a.example/b/";
    for hostile in [
        "javascript:alert(1)",
        " JavaScript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "https://",
    ] {
        assert_eq!(Address::resolve(hostile, base), None, "{hostile}");
        assert_eq!(Address::typed(&hostile.replace("https://", "")), None);
    }
    let address = Address::resolve("../c?d#e", base).unwrap();
    let link: Element = el("a").address("href", &address).node();
    assert_eq!(
        link.get_attribute("href").as_deref(),
        Some("https://a.example/c?d#e")
    );
    assert!(address.is_of("https://a.example/elsewhere"));
    assert!(!address.is_of("https://b.example/"));
}

#[wasm_bindgen_test]
async fn a_live_part_touches_what_changes_and_nothing_else() {
    let number = Number::default();
    let (_mounted, element) = shown({
        let number = number.clone();
        move || {
            el("p").live(move |line| {
                let number = number.get();
                line.put("data-parity", (number % 2 == 1).then_some("odd"));
                line.say(&(number / 2).to_string());
            })
        }
    });
    assert_eq!(element.get_attribute("data-parity"), None);
    assert_eq!(text(&element), "0");
    let before = element.first_child().unwrap();
    number.becomes(1).await;
    assert_eq!(element.get_attribute("data-parity").as_deref(), Some("odd"));
    assert!(before.is_same_node(element.first_child().as_ref()));
    number.becomes(2).await;
    assert_eq!(element.get_attribute("data-parity"), None);
    assert_eq!(text(&element), "1");
}

#[wasm_bindgen_test]
async fn a_part_is_drawn_anew_in_its_place_and_its_owner_goes() {
    let (number, inner, ended) = (Number::default(), Number::default(), Count::default());
    let (mounted, element) = shown({
        let (number, inner, ended) = (number.clone(), inner.clone(), ended.clone());
        move || {
            el("p")
                .text("[")
                .part(move |place| {
                    let ended = ended.clone();
                    on_cleanup(move || ended.one());
                    // Any number of elements, a place of their own among them.
                    for index in 0..number.get() {
                        let inner = inner.clone();
                        place.add(el("b").text(&index.to_string()).part(move |place| {
                            if inner.get() > 0 {
                                place.add(el("i").text("!"));
                            }
                        }));
                    }
                })
                .text("]")
        }
    });
    assert_eq!(text(&element), "[]");
    number.becomes(3).await;
    assert_eq!(text(&element), "[012]");
    inner.becomes(1).await;
    assert_eq!(text(&element), "[0!1!2!]");
    number.becomes(1).await;
    assert_eq!(text(&element), "[0!]");
    assert_eq!(ended.taken(), 2);
    drop(mounted);
    assert_eq!(ended.taken(), 1);
    assert!(!element.is_connected());
    number.becomes(2).await;
    assert_eq!(text(&element), "[0!]", "nobody draws any more");
}

#[wasm_bindgen_test]
async fn a_switch_draws_only_what_comes_out_differently() {
    let (number, drawn) = (Number::default(), Count::default());
    let (_mounted, element) = shown({
        let (number, drawn) = (number.clone(), drawn.clone());
        move || {
            el("p").switch(
                move || number.get() / 2,
                move |half, place| {
                    drawn.one();
                    place.add(el("b").text(&half.to_string()));
                },
            )
        }
    });
    let before = element.first_element_child().unwrap();
    number.becomes(1).await;
    assert!(before.is_same_node(element.first_element_child().as_deref()));
    assert_eq!(drawn.taken(), 1);
    number.becomes(2).await;
    assert_eq!(text(&element), "1");
    assert_eq!(drawn.taken(), 1);
}

#[wasm_bindgen_test]
async fn a_listener_goes_with_its_owner() {
    let (number, pressed, told) = (Number::default(), Count::default(), Count::default());
    let (mounted, element) = shown({
        let (number, pressed, told) = (number.clone(), pressed.clone(), told.clone());
        move || {
            el("p").part(move |place| {
                let (pressed, told) = (pressed.clone(), told.clone());
                let window = web_sys::window().unwrap();
                listen(&window, "test-one test-two", move |_| told.one());
                place.add(
                    el("button")
                        .text(&number.get().to_string())
                        .on("click dblclick", move |_| pressed.one()),
                );
            })
        }
    });
    let button = || -> HtmlElement { element.first_element_child().unwrap().unchecked_into() };
    let tell = |name| {
        let window = web_sys::window().unwrap();
        let event = web_sys::Event::new(name).unwrap();
        window.dispatch_event(&event).unwrap();
    };
    // A function that is gone and still listens is an error of the page.
    let errors = Count::default();
    let window = web_sys::window().unwrap();
    let _errors = Listener::new(&window, "error", {
        let errors = errors.clone();
        move |_| errors.one()
    });
    let first = button();
    first.click();
    tell("test-one");
    tell("test-two");
    assert_eq!((pressed.taken(), told.taken()), (1, 2));
    number.becomes(1).await;
    first.click();
    assert_eq!(pressed.taken(), 0, "the button that went");
    button().click();
    tell("test-two");
    assert_eq!((pressed.taken(), told.taken()), (1, 1));
    drop(mounted);
    tell("test-one");
    assert_eq!((told.taken(), errors.taken()), (0, 0));
}

#[wasm_bindgen_test]
async fn a_follower_goes_with_its_owner() {
    let number = Number::default();
    let held = Rc::new(());
    let owner = Owner::new();
    for _ in 0..3 {
        let (number, held) = (number.clone(), held.clone());
        owner.with(|| {
            let _ = el("p").live(move |line| {
                let _ = &held;
                line.say(&number.get().to_string());
            });
        });
    }
    assert_eq!(Rc::strong_count(&held), 4);
    owner.cleanup();
    turn().await;
    assert_eq!(Rc::strong_count(&held), 1);
}

/// A list of letters that can be changed.
#[derive(Clone, Default)]
struct Letters {
    changed: ArcTrigger,
    now: Rc<RefCell<String>>,
    drawn: Count,
    ended: Count,
}

impl Letters {
    fn list(&self) -> El {
        let letters = self.clone();
        el("ul").list(move || {
            letters.changed.track();
            let now = letters.now.borrow();
            let entries = now.chars().map(|letter| {
                let letters = letters.clone();
                Entry::new(letter.to_string(), move || {
                    letters.drawn.one();
                    let ended = letters.ended.clone();
                    on_cleanup(move || ended.one());
                    el("li").text(&letter.to_string())
                })
            });
            entries.collect()
        })
    }

    async fn become_these(&self, letters: &str) {
        letters.clone_into(&mut self.now.borrow_mut());
        self.changed.notify();
        turn().await;
    }
}

/// Counts what is put into an element from now on, moved or new.
fn put_into(element: &Element) -> Count {
    let count = Count::default();
    let counted = count.clone();
    let callback = Closure::<dyn FnMut(js_sys::Array)>::new(move |records: js_sys::Array| {
        for record in records.iter() {
            let record: web_sys::MutationRecord = record.unchecked_into();
            for _ in 0..record.added_nodes().length() {
                counted.one();
            }
        }
    });
    let observer = web_sys::MutationObserver::new(callback.as_ref().unchecked_ref()).unwrap();
    let options = web_sys::MutationObserverInit::new();
    options.set_child_list(true);
    observer.observe_with_options(element, &options).unwrap();
    callback.forget();
    count
}

#[wasm_bindgen_test]
async fn an_entry_that_stays_is_the_same_element_and_few_are_moved() {
    let letters = Letters::default();
    let (mounted, list) = shown({
        let letters = letters.clone();
        move || letters.list()
    });
    let put = put_into(&list);
    // What it becomes; how many are drawn, have ended, are put somewhere.
    let story = [
        ("abcdef", 6, 0, 6),
        ("abcdef", 0, 0, 0),
        ("bcdefa", 0, 0, 1),
        ("abcdef", 0, 0, 1),
        ("xabycdefz", 3, 0, 3),
        ("abcdef", 0, 3, 0),
        ("abcfed", 0, 0, 2),
        ("fab", 0, 3, 1),
        ("qrs", 3, 3, 3),
        ("", 0, 3, 0),
        ("ab", 2, 0, 2),
    ];
    let mut before: Vec<(String, Element)> = Vec::new();
    for (now, drawn, ended, moved) in story {
        letters.become_these(now).await;
        assert_eq!(text(&list), now);
        let counts = (letters.drawn.taken(), letters.ended.taken(), put.taken());
        assert_eq!(counts, (drawn, ended, moved), "{now}");
        let children = list.children();
        let rows: Vec<(String, Element)> = (0..children.length())
            .filter_map(|index| children.item(index))
            .map(|row| (text(&row), row))
            .collect();
        for (letter, row) in &rows {
            if let Some((_, same)) = before.iter().find(|(known, _)| known == letter) {
                assert!(row.is_same_node(Some(same)), "{letter} in {now}");
            }
        }
        before = rows;
    }
    drop(mounted);
    assert_eq!(letters.ended.taken(), 2);
}
