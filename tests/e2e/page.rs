//! A person in front of the page: what they do, and what they can see.
//!
//! All knowledge of the page's hooks is here and in `script/state.js`. It does
//! not know what happens on the wire or in the server.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use thirtyfour::Key;
use tokio::time::Instant;

use crate::browser::{Browser, Engine};
use crate::proxy::Proxy;
use crate::server::Server;
use crate::settings;

/// For what should happen at once: long, because machines are noisy.
pub(crate) const SOON: Duration = Duration::from_secs(30);
/// For what waits for a back-off to run out as well.
pub(crate) const LATER: Duration = Duration::from_secs(60);

const STATE: &str = include_str!("script/state.js");
const CHANGE: &str = include_str!("script/change.js");
const DIARY: &str = include_str!("script/diary.js");

/// A little less than what JavaScript timers in a hidden page may be late.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Clone, Debug, Deserialize, PartialEq)]
pub(crate) struct State {
    pub(crate) status: Option<String>,
    pub(crate) banner: Option<Banner>,
    pub(crate) title: Option<String>,
    pub(crate) join: bool,
    pub(crate) rows: Vec<Row>,
    pub(crate) timeline: Option<Timeline>,
    pub(crate) composer: Option<Composer>,
    pub(crate) newer: Option<String>,
    pub(crate) people: Vec<Person>,
    pub(crate) visible: bool,
    pub(crate) address: String,
    pub(crate) language: String,
    pub(crate) words: String,
}

#[derive(Clone, Debug, Deserialize, PartialEq)]
pub(crate) struct Banner {
    pub(crate) status: Option<String>,
    pub(crate) text: Option<String>,
}

#[derive(Clone, Debug, Deserialize, PartialEq)]
pub(crate) struct Row {
    pub(crate) key: Option<String>,
    pub(crate) id: Option<String>,
    pub(crate) side: Option<String>,
    pub(crate) kind: Option<String>,
    pub(crate) delivery: Option<String>,
    pub(crate) text: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) retry: bool,
    pub(crate) top: f64,
    pub(crate) bottom: f64,
}

#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Timeline {
    pub(crate) oldest_known: bool,
    pub(crate) top: f64,
    pub(crate) height: f64,
    pub(crate) client: f64,
    pub(crate) from: f64,
    pub(crate) to: f64,
}

#[derive(Clone, Debug, Deserialize, PartialEq)]
pub(crate) struct Composer {
    pub(crate) value: String,
    pub(crate) usable: bool,
    pub(crate) focused: bool,
}

#[derive(Clone, Debug, Deserialize, PartialEq)]
pub(crate) struct Person {
    pub(crate) uid: Option<String>,
    pub(crate) online: bool,
    pub(crate) text: Option<String>,
}

impl State {
    pub(crate) fn is(&self, status: &str) -> bool {
        self.status.as_deref() == Some(status)
    }

    pub(crate) fn can_talk(&self) -> bool {
        self.is("online")
            && self
                .composer
                .as_ref()
                .is_some_and(|composer| composer.usable)
    }

    pub(crate) fn row(&self, text: &str) -> Option<&Row> {
        self.rows
            .iter()
            .find(|row| row.text.as_deref() == Some(text))
    }

    pub(crate) fn shows(&self, text: &str) -> bool {
        self.row(text).is_some()
    }

    pub(crate) fn has_delivered(&self, text: &str) -> bool {
        self.row(text).is_some_and(Row::is_delivered)
    }

    pub(crate) fn sees_online(&self, name: &str) -> bool {
        self.person(name).is_some_and(|person| person.online)
    }

    pub(crate) fn person(&self, name: &str) -> Option<&Person> {
        self.people.iter().find(|person| {
            person
                .text
                .as_deref()
                .is_some_and(|text| text.contains(name))
        })
    }

    pub(crate) fn is_at_bottom(&self) -> bool {
        let is_there = |at: &Timeline| at.height - at.top - at.client <= 2.0;
        self.timeline.as_ref().is_some_and(is_there)
    }

    /// At the bottom, and the rows of there are drawn: for a moment after a jump
    /// those of the place that was left still are.
    fn shows_the_newest(&self) -> bool {
        let last = self.rows.last();
        let seen = self.timeline.as_ref().zip(last);
        self.is_at_bottom() && seen.is_none_or(|(at, row)| row.bottom > at.from)
    }

    /// Short enough to read in a failed test.
    fn told(&self) -> String {
        let mut told = format!(
            "status {:?}, banner {:?}, title {:?}, join {}, newer {:?}, composer {:?}, \
             timeline {:?}, people {:?}, visible {}, address {}, language {}\n",
            self.status,
            self.banner,
            self.title,
            self.join,
            self.newer,
            self.composer,
            self.timeline,
            self.people,
            self.visible,
            self.address,
            self.language,
        );
        let skipped = self.rows.len().saturating_sub(25);
        let _ = writeln!(
            told,
            "{} rows, the first {skipped} left out:",
            self.rows.len()
        );
        for row in self.rows.iter().skip(skipped) {
            let _ = writeln!(
                told,
                "  {:?} {:?} {:?} key {:?} id {:?} {:?}",
                row.side, row.kind, row.delivery, row.key, row.id, row.text
            );
        }
        let words: String = self.words.chars().take(600).collect();
        let _ = write!(told, "words: {words:?}");
        told
    }
}

impl Row {
    pub(crate) fn is_delivered(&self) -> bool {
        matches!(self.delivery.as_deref(), Some("sent" | "read"))
    }

    pub(crate) fn is(&self, delivery: &str) -> bool {
        self.delivery.as_deref() == Some(delivery)
    }
}

/// What came of scrolling.
#[derive(Debug, Deserialize)]
pub(crate) struct Scrolled {
    /// How far the row that was read moved while others came in front of it;
    /// nothing if it vanished.
    pub(crate) moved: Option<f64>,
    pub(crate) oldest: bool,
    pub(crate) top: f64,
}

/// Puts what a window of the timeline shows in front of what is known already.
/// What does not join on stays in, and is judged as doubled or out of order.
fn merge_in_front(read: &mut Vec<Row>, window: Vec<Row>) {
    let first = read.first().and_then(|row| row.key.clone());
    match window.iter().position(|row| row.key == first) {
        Some(joint) => {
            read.splice(0..0, window.into_iter().take(joint));
        }
        None => {
            let known = |row: &Row| read.iter().any(|other| other.key == row.key);
            let unknown: Vec<Row> = window.into_iter().filter(|row| !known(row)).collect();
            read.splice(0..0, unknown);
        }
    }
}

/// One person: a browser, and a path of their own to the server.
pub(crate) struct Chat {
    pub(crate) name: String,
    pub(crate) browser: Browser,
    pub(crate) path: Proxy,
    trouble_expected: std::sync::atomic::AtomicBool,
    keeps_a_diary: std::sync::atomic::AtomicBool,
}

impl Chat {
    pub(crate) async fn sits_down(name: &str, engine: Engine, server: &Server) -> Self {
        Self::sits_down_at(name, engine, server.address()).await
    }

    /// At whatever listens there.
    pub(crate) async fn sits_down_at(name: &str, engine: Engine, address: SocketAddr) -> Self {
        Self::sits_down_with(name, engine, address, &[]).await
    }

    /// With flags for Chromium.
    pub(crate) async fn sits_down_with(
        name: &str,
        engine: Engine,
        address: SocketAddr,
        flags: &'static [&'static str],
    ) -> Self {
        let browser = Browser::start_with(engine, flags);
        let (browser, path) = tokio::join!(browser, Proxy::start(address));
        Self {
            name: name.to_owned(),
            browser,
            path,
            trouble_expected: false.into(),
            keeps_a_diary: false.into(),
        }
    }

    /// From the next opening on, what the page does is written down.
    pub(crate) async fn keeps_a_diary(&self) {
        match self.browser.engine {
            Engine::Chromium => self.browser.init_script(DIARY).await,
            // Without a way to run before the page, it begins a moment late.
            Engine::WebKit => self
                .keeps_a_diary
                .store(true, std::sync::atomic::Ordering::Relaxed),
        }
    }

    /// In a document that came without being asked for.
    pub(crate) async fn writes_its_diary_now(&self) {
        self.browser.execute(DIARY, vec![]).await;
    }

    // ---- what a person does ----

    /// Opens the page; `launch` is what follows the origin, such as `/?room=x`.
    pub(crate) async fn opens(&self, launch: &str) {
        self.browser
            .goto(&format!("{}{launch}", self.path.origin()))
            .await;
        if self.browser.engine == Engine::WebKit {
            self.browser
                .execute(include_str!("script/witness.js"), vec![])
                .await;
            if self
                .keeps_a_diary
                .load(std::sync::atomic::Ordering::Relaxed)
            {
                self.browser.execute(DIARY, vec![]).await;
            }
        }
    }

    /// Gives the own name to the join form and waits to be let in.
    pub(crate) async fn joins(&self) {
        self.sees("the join form", |page| page.join).await;
        self.types_name(&self.name).await;
        self.sees("the room, ready to talk", State::can_talk).await;
    }

    pub(crate) async fn opens_and_joins(&self, launch: &str) {
        self.opens(launch).await;
        self.joins().await;
    }

    pub(crate) async fn types_name(&self, name: &str) {
        let field = self.browser.element("[data-part=join] [name=name]").await;
        field.clear().await.expect("an empty name field");
        field
            .send_keys(format!("{name}{}", Key::Enter.value()))
            .await
            .expect("keys");
    }

    /// Types and presses Enter. Whether it arrives is for `Talk` to judge.
    pub(crate) async fn sends(&self, text: &str) {
        self.sees("somewhere to write", |page| {
            page.composer
                .as_ref()
                .is_some_and(|composer| composer.usable)
        })
        .await;
        let composer = self.browser.element("[data-part=composer]").await;
        composer
            .send_keys(format!("{text}{}", Key::Enter.value()))
            .await
            .unwrap_or_else(|error| panic!("{} cannot type: {error}", self.name));
    }

    pub(crate) async fn clicks(&self, selector: &str) {
        self.browser
            .element(selector)
            .await
            .click()
            .await
            .unwrap_or_else(|error| panic!("{} cannot click {selector}: {error}", self.name));
    }

    pub(crate) async fn reloads(&self) {
        let reloaded = self.browser.driver().refresh().await;
        reloaded.unwrap_or_else(|error| panic!("{} cannot reload: {error}", self.name));
    }

    /// A new document in which she is still known, as after a reload, with a
    /// diary from its beginning.
    pub(crate) async fn reopens(&self) {
        self.opens("/").await;
        self.sees("who she is, and the room", State::can_talk).await;
    }

    pub(crate) async fn signs_out(&self) {
        self.clicks("[data-part=signout]").await;
    }

    /// Scrolls the timeline by pixels, up is negative, and watches one row.
    pub(crate) async fn scrolls_by(&self, pixels: f64) -> Scrolled {
        let watched = self
            .browser
            .try_execute_async(
                include_str!("script/anchor.js"),
                vec![json!(pixels), json!(PATIENCE.as_millis() as u64)],
            )
            .await;
        watched
            .map_err(|error| error.to_string())
            .and_then(|value| serde_json::from_value(value).map_err(|error| error.to_string()))
            .unwrap_or_else(|error| panic!("{} cannot scroll: {error}", self.name))
    }

    /// Scrolls up from the newest row until all of these have been read, or
    /// there is nothing older; tells what was read, oldest first, and how far
    /// the reader was moved at worst. What is missing in between is asked for.
    pub(crate) async fn reads_back(&self, wanted: &[String]) -> (Vec<Row>, f64) {
        loop {
            let (read, worst, is_whole) = self.reads_back_once(wanted).await;
            if is_whole {
                return (read, worst);
            }
        }
    }

    /// Gaps in sight are filled on the way; what comes into one may have been
    /// passed already, so that this was no reading of the whole.
    async fn reads_back_once(&self, wanted: &[String]) -> (Vec<Row>, f64, bool) {
        let down = "const timeline = document.querySelector('[data-part=timeline]');
                    timeline.scrollTop = timeline.scrollHeight;";
        self.browser.execute(down, vec![]).await;
        let page = self.sees("the newest row", State::shows_the_newest).await;
        let step = page
            .timeline
            .as_ref()
            .map_or(400.0, |timeline| timeline.client * 0.7);
        let mut read = page.rows;
        let mut worst = 0.0_f64;
        let mut is_whole = true;
        let has_all = |read: &[Row]| {
            wanted
                .iter()
                .all(|text| read.iter().any(|row| row.text.as_ref() == Some(text)))
        };
        while !has_all(&read) {
            if self.fills_a_gap().await {
                is_whole = false;
                continue;
            }
            let scrolled = self.scrolls_by(-step).await;
            let Some(moved) = scrolled.moved else {
                self.fails("lost the row that was being read").await;
            };
            worst = worst.max(moved.abs());
            merge_in_front(&mut read, self.looks().await.rows);
            if scrolled.oldest && scrolled.top <= 0.0 {
                break;
            }
        }
        (read, worst, is_whole)
    }

    /// Whether there was one.
    async fn fills_a_gap(&self) -> bool {
        let filled = self
            .browser
            .try_execute_async(
                include_str!("script/gap.js"),
                vec![json!(LATER.as_millis() as u64)],
            )
            .await;
        filled.is_ok_and(|filled| filled == true)
    }

    // ---- what a person sees ----

    pub(crate) async fn looks(&self) -> State {
        let until = Instant::now() + SOON;
        loop {
            match self.try_look().await {
                Ok(state) => return state,
                Err(error) => {
                    assert!(
                        Instant::now() < until,
                        "{} sees no page: {error}",
                        self.name
                    );
                }
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn try_look(&self) -> Result<State, String> {
        let script = format!("{STATE} return state();");
        let found = self.browser.try_execute(&script, vec![]).await;
        read(found.map_err(|error| error.to_string())?)
    }

    pub(crate) async fn sees(&self, what: &str, holds: impl Fn(&State) -> bool) -> State {
        self.sees_within(SOON, what, holds).await
    }

    /// Waits for the page to change until it is as described, and tells the
    /// whole story if it never is.
    pub(crate) async fn sees_within(
        &self,
        deadline: Duration,
        what: &str,
        holds: impl Fn(&State) -> bool,
    ) -> State {
        match self.watches(deadline, holds).await {
            Ok(state) => state,
            Err(last) => {
                self.fails(&format!("within {deadline:?} did not see {what}; {last}"))
                    .await
            }
        }
    }

    /// The same for those who judge themselves: the error is what was seen last.
    pub(crate) async fn watches(
        &self,
        deadline: Duration,
        holds: impl Fn(&State) -> bool,
    ) -> Result<State, String> {
        let until = Instant::now() + deadline;
        let script = format!("{STATE} {CHANGE}");
        let mut known = Value::Null;
        let mut last = String::from("nothing yet");
        loop {
            let arguments = vec![
                Value::String(known.to_string()),
                json!(PATIENCE.as_millis() as u64),
            ];
            // A hidden or frozen page may never answer: the outer limit is ours.
            let asked = self.browser.try_execute_async(&script, arguments);
            let found = match tokio::time::timeout(PATIENCE * 4, asked).await {
                Ok(found) => found.map_err(|error| error.to_string()),
                Err(_) => Err("the page does not answer".to_owned()),
            };
            match found.and_then(|value| {
                let state = read(value.clone())?;
                known = value;
                Ok(state)
            }) {
                Ok(state) if holds(&state) => return Ok(state),
                Ok(state) => last = state.told(),
                Err(error) => {
                    // Between two documents there is nothing to ask.
                    last = format!("{error}\nbefore: {last}");
                    last.truncate(4000);
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
            if Instant::now() > until {
                return Err(last);
            }
        }
    }

    /// Ends the test, with a picture and what the console said.
    pub(crate) async fn fails(&self, why: &str) -> ! {
        let picture = format!("failed-{}-{}", crate::story::story_name(), self.name);
        let kept = tokio::time::timeout(SOON, self.pictures(&picture)).await;
        let errors = tokio::time::timeout(SOON, self.browser.console_errors()).await;
        panic!(
            "{} {why}\npicture kept: {}\nconsole: {:#?}\nrequests: {:?}",
            self.name,
            kept.is_ok(),
            errors.unwrap_or_default(),
            self.path.requests(),
        );
    }

    pub(crate) async fn pictures(&self, name: &str) {
        let Some(folder) = settings::screenshots() else {
            return;
        };
        let picture = self.browser.picture().await;
        std::fs::create_dir_all(&folder).expect("the folder for pictures");
        std::fs::write(folder.join(format!("{name}.png")), picture).expect("a picture kept");
    }

    // ---- the end ----

    /// Links cut and requests refused are said on the console; that is no fault.
    pub(crate) fn expects_trouble(&self) {
        self.trouble_expected
            .store(true, std::sync::atomic::Ordering::Relaxed);
    }

    /// What went wrong without being shown: errors and broken policy.
    pub(crate) async fn hidden_faults(&self) -> Vec<String> {
        let trouble = self
            .trouble_expected
            .load(std::sync::atomic::Ordering::Relaxed);
        let witness = "return window.__witness \
                       ? [...__witness.violations, ...__witness.errors] : []";
        let seen = self
            .browser
            .try_execute(witness, vec![])
            .await
            .unwrap_or_default();
        let mut faults: Vec<String> = seen
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|fault| fault.as_str().map(str::to_owned))
            .collect();
        faults.extend(
            self.browser
                .console_errors()
                .await
                .into_iter()
                .filter(|error| {
                    // Asking for a ticket before anybody is known is answered 401.
                    let nobody_yet = error.contains("api/ticket") && error.contains("401");
                    // So is, with 400, whether somebody is a friend who has not
                    // come yet.
                    let not_yet = error.contains("/ismygoodfriend/") && error.contains("400");
                    let broken_path =
                        error.starts_with("network:") || error.contains("WebSocket connection to");
                    !(nobody_yet || not_yet || trouble && broken_path)
                }),
        );
        faults
    }
}

fn read(value: Value) -> Result<State, String> {
    let state: State = serde_json::from_value(value).map_err(|error| error.to_string())?;
    let mut ids: Vec<_> = state
        .rows
        .iter()
        .filter_map(|row| row.id.as_deref())
        .collect();
    ids.sort_unstable();
    let doubled = ids.windows(2).find(|pair| pair[0] == pair[1]);
    // Whatever a story is about: nothing is ever shown twice.
    assert!(
        doubled.is_none(),
        "two rows of one id: {doubled:?} of {ids:?}"
    );
    Ok(state)
}
