//! The little language of the component tests: a page whose model is filled by
//! hand and whose commands are written down.
//!
//! No session, no server, no sleep: a test waits for frames of the browser.

use std::cell::RefCell;
use std::rc::Rc;

use parlance::config::{Chat, DialectName, Launch, Role, Theme};
use parlance::dom::{Mounted, document};
use parlance::driver::Handle;
use parlance::model::Model;
use parlance::ui;
use parlance_core::content::{Content, Media};
use parlance_core::dialect::native::{Native, NativeConfig};
use parlance_core::dialect::{Capabilities, Dialect as _};
use parlance_core::frame::{Person, Talk};
use parlance_core::ids::{ConversationId, ItemKey, MessageId, Seq, Uid};
use parlance_core::session::{Conversation, HistoryState};
use parlance_core::time::UnixMillis;
use parlance_core::timeline::{Change, Delivery, Item, Origin, Row, Side};
use parlance_core::{Command, Event, Status};
use wasm_bindgen::JsCast as _;
use wasm_bindgen::closure::Closure;
use web_sys::{Element, HtmlElement};

/// 2026-11-20 09:00 UTC.
const MORNING: i64 = 1_795_165_200_000;

/// A page in the document, gone when dropped.
pub(crate) struct Page {
    pub(crate) model: Model,
    commands: Rc<RefCell<Vec<Command>>>,
    root: HtmlElement,
    _mounted: Mounted,
}

impl Drop for Page {
    fn drop(&mut self) {
        self.root.remove();
    }
}

/// Opens the page in this language, 900 by 600 pixels, with the real styles.
pub(crate) async fn open(lang: &str) -> Page {
    open_with(lang, native()).await
}

/// The same before a backend that can do this.
pub(crate) async fn open_with(lang: &str, backend: Capabilities) -> Page {
    let document = document();
    if document
        .query_selector("style[data-tests]")
        .unwrap()
        .is_none()
    {
        let style = document.create_element("style").unwrap();
        style.set_attribute("data-tests", "").unwrap();
        style.set_text_content(Some(STYLES));
        document.head().unwrap().append_child(&style).unwrap();
    }
    let root: HtmlElement = document.create_element("div").unwrap().unchecked_into();
    root.set_class_name("test-page");
    document.body().unwrap().append_child(&root).unwrap();
    let (handle, commands) = Handle::recording();
    let parts = Rc::new(RefCell::new(None));
    let mounted = ui::mount(&root, Box::leak(Box::new(launch(lang))), backend, {
        let parts = parts.clone();
        move |model| {
            *parts.borrow_mut() = Some(model);
            handle
        }
    });
    let model = parts.borrow_mut().take().unwrap();
    frame().await;
    Page {
        model,
        commands,
        root,
        _mounted: mounted,
    }
}

/// The page with me in it, in an empty lobby whose beginning is known.
pub(crate) async fn open_lobby(lang: &str) -> Page {
    lobby_with(lang, native()).await
}

/// The same before a backend that can do this.
pub(crate) async fn lobby_with(lang: &str, backend: Capabilities) -> Page {
    let page = open_with(lang, backend).await;
    page.model.apply(Event::Status(Status::Online));
    page.model.apply(Event::Me(person("me", "Ada")));
    page.model
        .apply(Event::Conversation(conversation(Talk::Allowed)));
    page.model.apply(Event::Current(Some(lobby())));
    page.history(true);
    settle().await;
    page
}

impl Page {
    /// The elements with this hook.
    pub(crate) fn parts(&self, part: &str) -> Vec<HtmlElement> {
        self.all(&format!("[data-part={part}]"))
    }

    /// The only element with this hook.
    pub(crate) fn part(&self, part: &str) -> HtmlElement {
        let mut parts = self.parts(part);
        assert_eq!(parts.len(), 1, "{part}");
        parts.remove(0)
    }

    pub(crate) fn all(&self, selector: &str) -> Vec<HtmlElement> {
        let found = self.root.query_selector_all(selector).unwrap();
        (0..found.length())
            .map(|index| found.item(index).unwrap().unchecked_into())
            .collect()
    }

    /// The row with this key.
    pub(crate) fn row(&self, key: u64) -> Option<HtmlElement> {
        self.all(&format!("[data-part=message][data-key=\"{key}\"]"))
            .pop()
    }

    /// The row's top edge within the list.
    pub(crate) fn top_of(&self, key: u64) -> f64 {
        let list = self.part("timeline").get_bounding_client_rect().top();
        self.row(key).unwrap().get_bounding_client_rect().top() - list
    }

    pub(crate) fn changes(&self, changes: Vec<Change>) {
        self.model.apply(Event::Timeline(lobby(), changes));
    }

    /// These rows and no others.
    pub(crate) fn shows(&self, rows: Vec<Row>) {
        self.changes(vec![Change::Reset(rows)]);
    }

    pub(crate) fn history(&self, oldest_known: bool) {
        let history = HistoryState {
            oldest_known,
            ..HistoryState::default()
        };
        self.model.apply(Event::History(lobby(), history));
    }

    /// What was dispatched since the last time, what was seen left out.
    pub(crate) fn commands(&self) -> Vec<Command> {
        let mut commands = std::mem::take(&mut *self.commands.borrow_mut());
        commands.retain(|command| !matches!(command, Command::Seen(..)));
        commands
    }

    /// What was reported as seen since the last time.
    pub(crate) fn seen(&self) -> Option<Seq> {
        let seen = |command| match command {
            Command::Seen(_, seq) => Some(seq),
            _ => None,
        };
        let commands = std::mem::take(&mut *self.commands.borrow_mut());
        commands.into_iter().filter_map(seen).next_back()
    }

    /// What was said since the last time.
    pub(crate) fn said(&self) -> Vec<String> {
        let said = |command| match command {
            Command::Say(_, content, _) => Some(content.text().to_owned()),
            _ => None,
        };
        self.commands().into_iter().filter_map(said).collect()
    }

    /// Scrolls as a person does.
    pub(crate) async fn scroll_to(&self, top: i32) {
        self.part("timeline").set_scroll_top(top);
        settle().await;
    }

    pub(crate) fn is_at_end(&self) -> bool {
        let list = self.part("timeline");
        list.scroll_height() - list.client_height() - list.scroll_top() <= 1
    }
}

/// What the project's own server can do.
pub(crate) fn native() -> Capabilities {
    let native = Native::new(NativeConfig {
        link: "wss://chat.example/ws".to_owned(),
        api: "https://chat.example/".to_owned(),
        token: None,
    });
    native.capabilities().clone()
}

pub(crate) fn lobby() -> ConversationId {
    ConversationId::room("lobby")
}

pub(crate) fn person(uid: &str, name: &str) -> Person {
    Person {
        uid: Uid::new(uid),
        name: name.to_owned(),
        avatar: None,
        online: true,
        last_seen: None,
        host: false,
    }
}

pub(crate) fn conversation(talk: Talk) -> Conversation {
    Conversation {
        id: lobby(),
        title: "Lobby".to_owned(),
        avatar: None,
        unread: 0,
        read: Seq(0),
        talk,
        last: None,
    }
}

/// A message of Mia's; its minute of the day is its key.
pub(crate) fn theirs(key: u64, content: Content) -> Row {
    row(key, Side::Theirs, Some(person("mia", "Mia")), content, None)
}

pub(crate) fn theirs_text(key: u64, text: &str) -> Row {
    theirs(key, Content::Text(text.to_owned()))
}

/// A file of Mia's by this name.
pub(crate) fn file(key: u64, name: &str) -> Row {
    theirs(
        key,
        Content::File(Media {
            url: "/f".to_owned(),
            name: Some(name.to_owned()),
            ..Media::default()
        }),
    )
}

pub(crate) fn text_of(element: &Element) -> String {
    element.text_content().unwrap()
}

/// "Hello" of somebody.
pub(crate) fn theirs_from(key: u64, author: Person) -> Row {
    let content = Content::Text("Hello".to_owned());
    row(key, Side::Theirs, Some(author), content, None)
}

pub(crate) fn mine(key: u64, text: &str, delivery: Delivery) -> Row {
    let content = Content::Text(text.to_owned());
    row(
        key,
        Side::Mine,
        Some(person("me", "Ada")),
        content,
        Some(delivery),
    )
}

fn row(
    key: u64,
    side: Side,
    author: Option<Person>,
    content: Content,
    delivery: Option<Delivery>,
) -> Row {
    let known = delivery
        .as_ref()
        .is_none_or(|delivery| matches!(delivery, Delivery::Sent | Delivery::Read));
    Row::Message(Box::new(Item {
        key: ItemKey(key),
        client_id: None,
        id: known.then(|| MessageId::new(format!("m{key}"))),
        seq: known.then_some(Seq(key)),
        side,
        author,
        content,
        at: Some(UnixMillis(MORNING + key as i64 * 1000)),
        delivery,
    }))
}

/// So many rows of different heights, with keys from `first` on.
pub(crate) fn crowd(first: u64, count: u64) -> Vec<Row> {
    (first..first + count)
        .map(|key| {
            theirs_text(
                key,
                &format!("row {key} {}", "word ".repeat((key % 13) as usize * 3)),
            )
        })
        .collect()
}

pub(crate) fn live(at: usize, row: Row) -> Change {
    Change::Insert(at, row, Origin::Live)
}

/// The next frame of the browser.
pub(crate) async fn frame() {
    let promise = js_sys::Promise::new(&mut |resolve, _| {
        let _ = web_sys::window().unwrap().request_animation_frame(&resolve);
    });
    wasm_bindgen_futures::JsFuture::from(promise).await.unwrap();
}

/// Until what was changed is drawn, measured and put in its place.
pub(crate) async fn settle() {
    for _ in 0..5 {
        frame().await;
    }
}

/// Counts what is added to the live region from now on.
pub(crate) struct Ears {
    heard: Rc<RefCell<Vec<String>>>,
    observer: web_sys::MutationObserver,
    _callback: Closure<dyn FnMut(js_sys::Array)>,
}

impl Ears {
    pub(crate) fn on(region: &Element) -> Self {
        let heard = Rc::<RefCell<Vec<String>>>::default();
        let sink = heard.clone();
        let callback = Closure::<dyn FnMut(js_sys::Array)>::new(move |records: js_sys::Array| {
            for record in records.iter() {
                let added = record
                    .unchecked_into::<web_sys::MutationRecord>()
                    .added_nodes();
                let texts = (0..added.length())
                    .filter_map(|index| added.item(index)?.text_content())
                    .filter(|text| !text.is_empty());
                sink.borrow_mut().extend(texts);
            }
        });
        let observer = web_sys::MutationObserver::new(callback.as_ref().unchecked_ref()).unwrap();
        let options = web_sys::MutationObserverInit::new();
        options.set_child_list(true);
        options.set_subtree(true);
        observer.observe_with_options(region, &options).unwrap();
        Self {
            heard,
            observer,
            _callback: callback,
        }
    }

    pub(crate) fn heard(&self) -> Vec<String> {
        self.heard.borrow().clone()
    }
}

impl Drop for Ears {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}

fn launch(lang: &str) -> Launch {
    Launch {
        dialect: DialectName::Native,
        ws: "ws://localhost/ws".to_owned(),
        api: web_sys::window().unwrap().location().origin().unwrap() + "/",
        upload: None,
        token: None,
        role: Role::User,
        uid: None,
        name: None,
        avatar: None,
        password: None,
        login: serde_json::Map::new(),
        room: Some("lobby".to_owned()),
        to: None,
        to_name: None,
        to_avatar: None,
        chat: Chat::Group,
        stream: None,
        lang: Some(lang.to_owned()),
        theme: Theme::Light,
        embed: false,
    }
}

const STYLES: &str = concat!(
    include_str!("../../style/tokens.css"),
    include_str!("../../style/base.css"),
    include_str!("../../style/account.css"),
    include_str!("../../style/attach.css"),
    include_str!("../../style/avatar.css"),
    include_str!("../../style/composer.css"),
    include_str!("../../style/conversations.css"),
    include_str!("../../style/join.css"),
    include_str!("../../style/message.css"),
    include_str!("../../style/presence.css"),
    include_str!("../../style/room.css"),
    include_str!("../../style/status.css"),
    include_str!("../../style/story.css"),
    include_str!("../../style/timeline.css"),
    include_str!("../../style/ui.css"),
    ".test-page { position: fixed; inset: 0 auto auto 0; width: 900px; height: 600px; }
     .test-page .app { height: 600px; }
     * { animation: none !important; }",
);
