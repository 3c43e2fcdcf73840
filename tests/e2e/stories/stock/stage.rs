//! A page, a backend that is played to it, and what may be expected of each
//! pair. Tells no story.

use std::time::Duration;

use crate::backend::{Backend, Egg, Jim, Plain, Seed, Stock, Topic, Words};
use crate::browser::Engine::Chromium;
use crate::page::{Chat, Row, State};
use crate::story::ends_well;
use crate::talk::Talk;

/// One of the backends, and what may be said of a message on it.
pub(super) struct Played {
    pub(super) words: fn() -> Box<dyn Words>,
    pub(super) launch: &'static str,
    /// How much faster time goes for the page.
    pub(super) times: u32,
    /// A silent link is replaced within so many of the page's seconds.
    pub(super) silent_within: u32,
    /// What a message is in the end, on a link that stayed.
    pub(super) ends_as: &'static str,
    /// Whether history tells of what the page missed.
    pub(super) remembers: bool,
}

pub(super) const SEED: Played = Played {
    words: || Box::new(Seed),
    launch: "/?dialect=crmeb&uid=42&name=Ann&to=9&to_name=Kim#token=TOK-42",
    times: 4,
    silent_within: 32,
    ends_as: "unconfirmed",
    remembers: true,
};

pub(super) const STOCK: Played = Played {
    words: || Box::new(Stock),
    launch: "/?dialect=crmeb-stock&uid=42&name=Ann&to=9&to_name=Kim#token=JWT-42",
    silent_within: 35,
    ends_as: "sent",
    ..SEED
};

pub(super) const TOPIC: Played = Played {
    words: || Box::new(Topic),
    launch: "/?dialect=topic&room=R-8&uid=7&name=Ann#token=TOK-A",
    times: 8,
    silent_within: 50,
    ..STOCK
};

pub(super) const JIM: Played = Played {
    words: || Box::new(Jim),
    launch: "/?dialect=jim&room=100&uid=ann&name=Ann#password=p",
    times: 4,
    silent_within: 30,
    ..STOCK
};

pub(super) const PLAIN: Played = Played {
    words: || Box::new(Plain),
    launch: "/?dialect=plain&to_name=Kim#token=TOK",
    times: 8,
    silent_within: 85,
    ends_as: "unconfirmed",
    ..STOCK
};

pub(super) const EGG: Played = Played {
    words: || Box::new(Egg),
    launch: "/?dialect=egg&uid=6&to=9&to_name=Kim#token=JWT-6",
    times: 8,
    silent_within: 75,
    remembers: false,
    ..STOCK
};

/// A page, the backend that is played to it, and what was said.
pub(super) struct Stage {
    pub(super) ann: Chat,
    pub(super) backend: Backend,
    pub(super) talk: Talk,
    pub(super) times: u32,
}

impl Stage {
    /// The page is not opened yet.
    pub(super) async fn set(played: &Played) -> Self {
        let backend = Backend::plays((played.words)()).await;
        let ann = Chat::sits_down_at("Ann", Chromium, backend.address()).await;
        ann.browser.hurries(played.times).await;
        ann.expects_trouble();
        Self {
            ann,
            backend,
            talk: Talk::default(),
            times: played.times,
        }
    }

    pub(super) async fn online(played: &Played) -> Self {
        let stage = Self::set(played).await;
        stage.ann.opens(played.launch).await;
        stage.can_talk().await;
        stage
    }

    pub(super) async fn can_talk(&self) {
        self.ann.sees("the talk, ready", State::can_talk).await;
    }

    /// So many seconds of the page's, as the test counts them.
    pub(super) fn takes(&self, seconds: u32) -> Duration {
        Duration::from_secs(u64::from(seconds)) / self.times
    }

    pub(super) fn links(&self) -> usize {
        self.backend.seen().links.len()
    }

    pub(super) async fn says(&self, text: &str) {
        self.talk.says(&self.ann, text).await;
    }

    pub(super) async fn becomes(&self, text: &str, delivery: &str) -> State {
        self.ann
            .sees(&format!("{text:?} {delivery}"), |page| {
                page.row(text).is_some_and(|row| row.is(delivery))
            })
            .await
    }

    /// The other person says it; whether the page hears is another matter.
    pub(super) fn kim_says(&self, text: &str) {
        self.talk.hears("Kim", text);
        self.backend.other_says(text);
    }

    pub(super) async fn hears(&self, text: &str) {
        self.ann.sees(text, |page| page.shows(text)).await;
    }

    /// Everything that was said is there, once and in order, and nothing else.
    pub(super) async fn shows_all(&self) -> State {
        let page = self.shows(&self.talk.texts()).await;
        self.talk.judges(&[("Ann".to_owned(), texts(&page))]);
        page
    }

    pub(super) async fn shows(&self, wanted: &[String]) -> State {
        let all = |page: &State| wanted.iter().all(|text| page.shows(text));
        self.ann.sees("all that was said", all).await
    }

    /// The page has one socket, and the backend heard this so often.
    pub(super) fn was_heard(&self, text: &str, times: usize) {
        assert_eq!(self.backend.open(), 1);
        let seen = self.backend.seen();
        let by_http = seen.asked.iter();
        let by_http = by_http.filter(|request| request.body.contains(text));
        assert_eq!(seen.times(text) + by_http.count(), times, "{text:?}");
    }

    /// The person decides that a message is to be said once more.
    pub(super) async fn says_again(&self, text: &str) {
        let key = self
            .ann
            .looks()
            .await
            .row(text)
            .and_then(|row| row.key.clone());
        let key = key.expect("a row with a key");
        let button = format!("[data-part=message][data-key='{key}'] [data-part=retry]");
        self.ann.clicks(&button).await;
    }

    /// As `shows_all`, where the person had some of it said again later.
    pub(super) async fn is_all_there(&self) {
        let wanted = self.talk.texts();
        let page = self.shows(&wanted).await;
        let mut shown = texts(&page);
        let mut wanted = wanted;
        shown.sort();
        wanted.sort();
        assert_eq!(shown, wanted);
    }

    pub(super) async fn ends(self) {
        ends_well([self.ann]).await;
    }
}

/// What people said, without the notices.
fn texts(page: &State) -> Vec<String> {
    let said = |row: &&Row| row.side.as_deref() != Some("system");
    let rows = page.rows.iter().filter(said);
    rows.filter_map(|row| row.text.clone()).collect()
}
