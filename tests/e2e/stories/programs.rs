//! One program of several is downloaded: the one that speaks the launch's
//! dialect, wherever the launch says so; and the words of one language. Told by
//! what the browser has fetched.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::browser::Engine::{self, Chromium, WebKit};
use crate::folder::Folder;
use crate::page::{Chat, State};
use crate::server::Server;
use crate::settings;
use crate::story::{ends_well, tell};

/// Scripts, programs and words that this document has fetched, cached or not.
const FETCHED: &str = "
    return performance.getEntriesByType('resource')
      .map((entry) => new URL(entry.name).pathname)
      .filter((path) => /\\.(js|wasm|json)$/.test(path) && path !== '/parlance.json')
      .map((path) => path.replace(/-[0-9a-f]{16}/, ''))
      .sort().join(' ');";

/// Scripts that were started. A program that was only on its way is not.
const STARTED: &str = "
    return [...document.scripts].filter((it) => it.src)
      .map((it) => new URL(it.src).pathname.replace(/-[0-9a-f]{16}/, '')).join(' ');";

/// Answers for the file as the address says, and writes down what is asked for.
const FILE: &str = r#"
    const answers = {
      html: ["<!doctype html><p>{}", 200],
      missing: ['{"dialect": "egg"}', 404],
      broken: ['{"dialect": ', 200],
      marked: ['\ufeff \n{"dialect": "nope", "dialect": "topic", "token": "t", "room": "r"}', 200],
      number: ['{"dialect": 5}', 200],
      null: ['{"dialect": null, "room": "den"}', 200],
      void: ["", 200],
    };
    const real = fetch;
    const log = (window.__asked = []);
    window.fetch = (address, options = {}) => {
      const path = String(address);
      if (!/^parlance.json$|wasm$/.test(path)) return real(address, options);
      log.push(path.replace(/-[0-9a-f]{16}/, ""));
      options.signal.addEventListener("abort", () => log.push("given up: " + log[0]));
      if (path !== "parlance.json") return real(address, options);
      const how = new URLSearchParams(location.search).get("file");
      if (how === "never") return new Promise(() => {});
      if (how === "error") return Promise.reject(new TypeError("Failed to fetch"));
      const answer = new Response(new TextEncoder().encode(answers[how][0]), { status: answers[how][1] });
      return new Promise((done) => setTimeout(() => { log.push("answered"); done(answer); }, 50));
    };"#;

fn files(program: &str) -> String {
    format!("/parlance-{program}.js /parlance-{program}_bg.wasm /words-en.json")
}

async fn told(person: &Chat, script: &str) -> String {
    let told = person.browser.execute(script, vec![]).await;
    told.as_str().unwrap_or_default().to_owned()
}

/// Waits for the program to have drawn something of its own.
async fn runs(person: &Chat) -> State {
    let drawn = |page: &State| page.status.is_some() || page.words.contains("should be");
    person.sees("the program at work", drawn).await
}

async fn has_fetched_only(person: &Chat, program: &str, launch: &str) {
    runs(person).await;
    assert_eq!(told(person, FETCHED).await, files(program), "{launch}");
    let script = format!("/parlance-{program}.js");
    assert_eq!(told(person, STARTED).await, script, "{launch}");
}

#[test]
fn the_address_says_which_program_in_chromium() {
    tell(1, async || the_address_says_which_program(Chromium).await);
}

#[test]
fn the_address_says_which_program_in_webkit() {
    tell(1, async || the_address_says_which_program(WebKit).await);
}

async fn the_address_says_which_program(engine: Engine) {
    let server = Server::start(&["--gateway", "all"]);
    let ann = Chat::sits_down("Ann", engine, &server).await;
    ann.expects_trouble();
    for (launch, program) in [
        ("/", "native"),
        ("/?dialect=native&room=den", "native"),
        ("/?dialect=nope", "native"),
        ("/?dialect=&room=hall", "native"),
        ("/?dialect=crmeb&to=9&uid=1#token=1", "crmeb"),
        ("/?dialect=crmeb-stock&to=9&uid=2#token=2", "crmeb"),
        ("/?dialect=topic&room=r&token=3", "topic"),
        ("/#room=100&uid=u&name=U&dialect=jim#wechat_redirect", "jim"),
        ("/?dialect=egg&room=b#dialect=plain&token=5", "plain"),
        ("/?dial%65ct=%65gg&to=9&uid=6#token=6", "egg"),
        ("/?dialect=jim&dialect=topic&room=r&token=7", "topic"),
    ] {
        // Another path each time: a tab keeps a launch for its own address.
        ann.opens("/icon").await;
        ann.browser.execute("sessionStorage.clear()", vec![]).await;
        ann.opens(launch).await;
        has_fetched_only(&ann, program, launch).await;
    }
    for program in ["native", "crmeb", "topic", "jim", "plain", "egg"] {
        let asked = ann.path.requests();
        let of = |request: &&String| request.starts_with(&format!("GET /parlance-{program}-"));
        let asked: Vec<_> = asked.iter().filter(of).collect();
        assert_eq!(asked.len(), 2, "each file once, and then kept: {asked:?}");
    }
    let _ = ann.hidden_faults().await;
}

#[test]
fn a_reload_loads_the_same_program_and_another_address_its_own() {
    tell(1, async || {
        let server = Server::start(&["--gateway", "all"]);
        let ann = Chat::sits_down("Ann", Chromium, &server).await;
        ann.expects_trouble();
        ann.opens("/#dialect=egg&uid=42&to=9&to_name=Bob&token=42")
            .await;
        ann.sees("the talk, ready", State::can_talk).await;
        has_fetched_only(&ann, "egg", "first").await;
        ann.reloads().await;
        ann.sees("the talk again", State::can_talk).await;
        has_fetched_only(&ann, "egg", "again").await;
        // A fragment that is no launch takes nothing away from it.
        ann.browser.execute("location.hash = 'top'", vec![]).await;
        ann.reloads().await;
        ann.sees("the talk once more", State::can_talk).await;
        has_fetched_only(&ann, "egg", "with a jump").await;
        ann.opens("/?room=den").await;
        has_fetched_only(&ann, "native", "another address").await;
        ends_well([ann]).await;
    });
}

#[test]
fn the_file_says_which_program_and_the_address_overrides_it() {
    tell(1, async || {
        let dist = Dist::copied();
        dist.writes(
            "parlance.json",
            br#"{ "dialect": "egg", "uid": "42", "to": "9" }"#,
        );
        let server = dist.serve();
        let ann = Chat::sits_down("Ann", Chromium, &server).await;
        ann.expects_trouble();
        ann.opens("/?to_name=Bob#token=42").await;
        ann.sees("the talk, ready", State::can_talk).await;
        assert_eq!(told(&ann, STARTED).await, "/parlance-egg.js");
        ann.reloads().await;
        ann.sees("the talk again", State::can_talk).await;
        assert_eq!(told(&ann, STARTED).await, "/parlance-egg.js");
        ann.opens("/?dialect=jim&room=100&name=Ann").await;
        has_fetched_only(&ann, "jim", "over the file").await;
        assert_eq!(ann.path.count("GET /parlance.json"), 3, "once a load");
        ends_well([ann]).await;
    });
}

#[test]
fn a_file_that_is_none_costs_no_time_and_a_broken_one_is_named() {
    tell(1, async || {
        let server = Server::start(&["--gateway", "all"]);
        let ann = Chat::sits_down("Ann", Chromium, &server).await;
        ann.expects_trouble();
        ann.browser.init_script(FILE).await;
        let native = "parlance.json parlance-native_bg.wasm";
        let late = "given up: parlance.json";
        for (file, program, asked) in [
            ("html", "native", format!("{native} answered")),
            ("missing", "native", format!("{native} answered")),
            ("null", "native", format!("{native} answered")),
            ("error", "native", native.to_owned()),
            ("broken", "native", format!("{native} answered")),
            ("void", "native", format!("{native} answered")),
            ("number", "native", format!("{native} answered")),
            ("never", "native", format!("{native} {late}")),
            // What was on its way in vain is given up.
            (
                "marked",
                "topic",
                format!("{native} answered {late} parlance-topic_bg.wasm"),
            ),
            ("never&dialect=egg&token=1&to=9", "egg", {
                format!("parlance.json parlance-egg_bg.wasm {late}")
            }),
        ] {
            ann.opens(&format!("/?file={file}")).await;
            let page = runs(&ann).await;
            let script = format!("/parlance-{program}.js");
            assert_eq!(told(&ann, STARTED).await, script, "{file}");
            // Those that come in time are given up later, which is nothing.
            let log = ann.browser.execute("return __asked", vec![]).await;
            let log: Vec<_> = log
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            let log = log.join(" ");
            assert!(log.starts_with(&asked), "{file}: {log}");
            let named = match file {
                "broken" | "void" => Some("parlance.json"),
                "number" => Some("dialect"),
                _ => None,
            };
            match named {
                Some(name) => assert!(page.words.contains(name), "{file}: {}", page.words),
                None => assert!(!page.words.contains("should be"), "{file}: {}", page.words),
            }
        }
        let _ = ann.hidden_faults().await;
    });
}

#[test]
fn a_program_that_is_not_as_listed_is_not_started() {
    tell(1, async || {
        let dist = Dist::copied();
        for (program, ending) in [
            ("topic", ".js"),
            ("egg", "_bg.wasm"),
            ("plain", ".js"),
            ("jim", "_bg.wasm"),
        ] {
            let path = dist.named(&format!("parlance-{program}-"), ending);
            let mut bytes = std::fs::read(&path).expect("a file of dist/");
            // One letter more changes nothing but the sum; some are gone.
            bytes.push(b'\n');
            let stays = matches!(program, "topic" | "egg");
            dist.replaces(&path, stays.then_some(&bytes));
        }
        let server = dist.serve();
        let ann = Chat::sits_down("Ann", Chromium, &server).await;
        ann.expects_trouble();
        for program in ["topic", "egg", "plain", "jim"] {
            ann.opens(&format!("/?dialect={program}&room=r&to=9&token=t"))
                .await;
            let said = |page: &State| {
                page.words
                    .contains("A part of this page could not be loaded")
            };
            ann.sees("that it could not be loaded", said).await;
        }
        ann.opens_and_joins("/").await;
        let _ = ann.hidden_faults().await;
    });
}

#[test]
fn one_language_is_fetched_as_address_file_and_browser_say() {
    tell(1, async || {
        let dist = Dist::copied();
        dist.writes("parlance.json", br#"{ "lang": "zh-Hant-TW" }"#);
        let server = dist.serve();
        let ann = Chat::sits_down("Ann", Chromium, &server).await;
        ann.expects_trouble();
        const SPOKEN: &str = "
            return [document.documentElement.lang, ...performance.getEntriesByType('resource')
              .map((it) => /words-(.*)-[0-9a-f]{16}\\.json$/.exec(it.name)).filter(Boolean)
              .map((found) => found[1])].join(' ');";
        for (launch, spoken, words) in [
            // The browser's own is on its way until the file says otherwise.
            ("/", "zh-CN en zh-CN", "加入聊天"),
            ("/?lang=en-GB", "en en", "Join the conversation"),
            ("/?lang=zh-Hans", "zh-CN zh-CN", "加入聊天"),
            ("/?lang=en#lang=zh", "zh-CN zh-CN", "加入聊天"),
            // Nobody speaks it: the browser's.
            ("/?lang=tlh", "en en", "Join the conversation"),
        ] {
            ann.opens("/icon").await;
            ann.browser.execute("sessionStorage.clear()", vec![]).await;
            ann.opens(launch).await;
            let shown = |page: &State| page.words.contains(words);
            ann.sees("the form in that language", shown).await;
            assert_eq!(told(&ann, SPOKEN).await, spoken, "{launch}");
        }
        ends_well([ann]).await;
    });
}

#[test]
fn words_that_are_none_are_not_shown() {
    tell(1, async || {
        let dist = Dist::copied();
        let page = b"<!doctype html>\n<title>Parlance</title>";
        let english = dist.named("words-en-", ".json");
        dist.replaces(&english, Some(page));
        dist.replaces(&dist.named("words-zh-CN-", ".json"), None);
        let server = dist.serve();
        let ann = Chat::sits_down("Ann", Chromium, &server).await;
        ann.expects_trouble();
        for (launch, words) in [
            ("/", "A part of this page could not be loaded"),
            ("/?lang=zh", "页面的一部分未能加载"),
        ] {
            ann.opens(launch).await;
            let said = |page: &State| page.words.contains(words);
            ann.sees("that it could not be loaded", said).await;
        }
        let _ = ann.hidden_faults().await;
    });
}

/// A front end of one story's own.
struct Dist(Folder);

impl Dist {
    fn copied() -> Self {
        let folder = Folder::new("dist");
        for entry in std::fs::read_dir(settings::dist()).expect("dist/") {
            let entry = entry.expect("dist/");
            let copied = std::fs::copy(entry.path(), folder.path().join(entry.file_name()));
            copied.expect("dist/ holds files that can be copied");
        }
        Self(folder)
    }

    fn writes(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.0.path().join(name), bytes).expect("a file of dist/");
    }

    /// This instead of a file and its compressed siblings, or nothing.
    fn replaces(&self, path: &Path, bytes: Option<&[u8]>) {
        for sibling in ["br", "gz"] {
            let name = format!("{}.{sibling}", path.display());
            std::fs::remove_file(name).expect("its compressed sibling");
        }
        let done = match bytes {
            Some(bytes) => std::fs::write(path, bytes),
            None => std::fs::remove_file(path),
        };
        done.expect("a file of dist/");
    }

    fn named(&self, beginning: &str, ending: &str) -> PathBuf {
        let is_it = |path: &Path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with(beginning) && name.ends_with(ending)
        };
        let mut entries = std::fs::read_dir(self.0.path())
            .expect("a folder")
            .flatten();
        let found = entries.find(|entry| is_it(&entry.path()));
        found
            .expect("every program and language has its files")
            .path()
    }

    fn serve(&self) -> Server {
        let folder = self.0.path().display().to_string();
        Server::start(&["--dist", &folder, "--gateway", "all"])
    }
}
