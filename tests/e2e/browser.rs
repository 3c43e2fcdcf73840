//! One browser with its driver: started, asked, watched and ended.
//!
//! Both engines are driven through thirtyfour; what only one of them can do
//! (DevTools commands in Chromium) says so by panicking in the other. Knows
//! nothing of the page that it shows.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Value, json};
use thirtyfour::cdp::Cdp;
use thirtyfour::prelude::*;

use crate::folder::Folder;
use crate::process::Process;

/// How long a driver or a browser may take to start on a busy machine.
const START_DEADLINE: Duration = Duration::from_secs(60);
/// Longer than any single wait inside an asynchronous script.
const REQUEST_DEADLINE: Duration = Duration::from_secs(90);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Chromium,
    WebKit,
}

/// A browser, and everything that must end with it. Fields are dropped in
/// order: the session is left, then the driver's whole group, then the display.
pub(crate) struct Browser {
    pub(crate) engine: Engine,
    driver: Option<WebDriver>,
    process: Mutex<Process>,
    _display: Option<Process>,
    profile: Option<Folder>,
    /// What Chromium was told beside the usual.
    flags: &'static [&'static str],
}

impl Browser {
    pub(crate) async fn start(engine: Engine) -> Self {
        Self::start_with(engine, &[]).await
    }

    /// The flags are Chromium's.
    pub(crate) async fn start_with(engine: Engine, flags: &'static [&'static str]) -> Self {
        match engine {
            Engine::Chromium => Self::chromium(Folder::new("profile"), flags).await,
            Engine::WebKit => Self::webkit().await,
        }
    }

    async fn chromium(profile: Folder, flags: &'static [&'static str]) -> Self {
        let process = Process::start(
            &program("CHROMEDRIVER", "chromedriver"),
            &["--port=0".to_owned(), "--log-level=SEVERE".to_owned()],
            &[("HOME", profile.path().display().to_string())],
        );
        let port: u16 = process.wait_for_line(START_DEADLINE, |line| {
            let (_, after) = line.split_once("started successfully on port ")?;
            after.trim_end_matches('.').parse().ok()
        });
        let mut options = json!({
            "args": [
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--no-default-browser-check",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--disable-crash-reporter",
                "--force-device-scale-factor=1",
                "--lang=en-US",
                "--window-size=1280,900",
                format!("--user-data-dir={}", profile.path().display()),
            ],
            "prefs": { "intl.accept_languages": "en-US,en" },
        });
        if let Some(arguments) = options["args"].as_array_mut() {
            arguments.extend(flags.iter().map(|flag| json!(flag)));
        }
        if let Ok(binary) = std::env::var("PARLANCE_CHROMIUM") {
            options["binary"] = Value::String(binary);
        }
        let driver = session(
            port,
            json!({
                "browserName": "chrome",
                "goog:chromeOptions": options,
                "goog:loggingPrefs": { "browser": "ALL" },
            }),
            &process,
        )
        .await;
        let browser = Self {
            engine: Engine::Chromium,
            driver: Some(driver),
            process: Mutex::new(process),
            _display: None,
            profile: Some(profile),
            flags,
        };
        browser.init_script(include_str!("script/witness.js")).await;
        browser
    }

    async fn webkit() -> Self {
        let display = Process::start(
            &program("PARLANCE_XVFB", "Xvfb"),
            &[
                "-displayfd",
                "1",
                "-screen",
                "0",
                "1600x1200x24",
                "-nolisten",
                "tcp",
            ]
            .map(str::to_owned),
            &[],
        );
        let number: u16 = display.wait_for_line(START_DEADLINE, |line| line.trim().parse().ok());
        let port = free_port();
        let process = Process::start(
            &program("PARLANCE_WEBKITDRIVER", "WebKitWebDriver"),
            &["--host=127.0.0.1".to_owned(), format!("--port={port}")],
            &[
                ("DISPLAY", format!(":{number}")),
                ("GDK_BACKEND", "x11".to_owned()),
                ("LIBGL_ALWAYS_SOFTWARE", "1".to_owned()),
                ("LANG", "en_US.UTF-8".to_owned()),
                ("LANGUAGE", "en".to_owned()),
            ],
        );
        until_listening(port).await;
        let driver = session(
            port,
            json!({
                "webkitgtk:browserOptions": {
                    "binary": mini_browser().display().to_string(),
                    "args": ["--automation"],
                },
            }),
            &process,
        )
        .await;
        Self {
            engine: Engine::WebKit,
            driver: Some(driver),
            process: Mutex::new(process),
            _display: Some(display),
            profile: None,
            flags: &[],
        }
    }

    pub(crate) fn driver(&self) -> &WebDriver {
        self.driver.as_ref().expect("the browser was left")
    }

    /// SIGKILL, as a phone short of memory does; then the same profile again.
    pub(crate) async fn kill_and_reopen(&mut self) {
        self.forget_session();
        self.process.lock().unwrap().kill();
        let profile = self.profile.take().expect("only Chromium keeps a profile");
        for lock in ["SingletonLock", "SingletonSocket", "SingletonCookie"] {
            let _ = std::fs::remove_file(profile.path().join(lock));
        }
        *self = Self::chromium(profile, self.flags).await;
    }

    /// The page's own process dies; what comes next is in another tab. Chromium
    /// only.
    pub(crate) async fn crashes(&self) {
        let driver = self.driver();
        let crashed = driver.window().await.expect("a window");
        let next = driver.new_tab().await.expect("a tab");
        driver.switch_to_window(crashed).await.expect("the page");
        self.dies().await;
        driver.switch_to_window(next).await.expect("the other tab");
    }

    /// The process of the tab in front dies. Chromium only.
    pub(crate) async fn dies(&self) {
        // It does not answer: it is gone.
        let dies = self.try_devtools("Page.crash", json!({}));
        let _ = tokio::time::timeout(Duration::from_secs(5), dies).await;
    }

    /// The lid is closed: every process of the browser stops where it is, and
    /// its driver too. Nothing on the network is told.
    pub(crate) fn falls_asleep(&self) {
        self.process.lock().unwrap().signals("STOP");
    }

    pub(crate) fn wakes_up(&self) {
        self.process.lock().unwrap().signals("CONT");
    }

    /// Waits until the browser has written its cookies to the disk.
    pub(crate) async fn cookies_are_kept(&self, deadline: Duration) {
        let cookies = self.driver().get_all_cookies().await.expect("cookies");
        let profile = self
            .profile
            .as_ref()
            .expect("only Chromium keeps a profile")
            .path();
        let files = [
            "Cookies",
            "Cookies-wal",
            "Network/Cookies",
            "Network/Cookies-wal",
        ]
        .map(|file| profile.join("Default").join(file));
        let holds = |name: &str| {
            files.iter().any(|file| {
                let bytes = std::fs::read(file).unwrap_or_default();
                bytes
                    .windows(name.len())
                    .any(|window| window == name.as_bytes())
            })
        };
        let until = tokio::time::Instant::now() + deadline;
        while !cookies.iter().all(|cookie| holds(&cookie.name)) {
            let names: Vec<&str> = cookies.iter().map(|cookie| cookie.name.as_str()).collect();
            assert!(
                tokio::time::Instant::now() < until,
                "cookies never kept: {names:?}"
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// The session is not closed but forgotten: what is killed answers no goodbye.
    fn forget_session(&mut self) {
        if let Some(driver) = self.driver.take() {
            let _ = driver.leak();
        }
    }

    // ---- pages ----

    pub(crate) async fn goto(&self, url: &str) {
        self.driver()
            .goto(url)
            .await
            .unwrap_or_else(|error| panic!("cannot open {url}: {error}"));
    }

    pub(crate) async fn execute(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.try_execute(script, arguments)
            .await
            .unwrap_or_else(|error| panic!("script failed: {error}\n{script}"))
    }

    pub(crate) async fn try_execute(
        &self,
        script: &str,
        arguments: Vec<Value>,
    ) -> WebDriverResult<Value> {
        Ok(self
            .driver()
            .execute(script, arguments)
            .await?
            .json()
            .clone())
    }

    /// Runs a script whose last argument is the function that ends it.
    pub(crate) async fn try_execute_async(
        &self,
        script: &str,
        arguments: Vec<Value>,
    ) -> WebDriverResult<Value> {
        Ok(self
            .driver()
            .execute_async(script, arguments)
            .await?
            .json()
            .clone())
    }

    pub(crate) async fn element(&self, selector: &str) -> WebElement {
        self.driver()
            .find(By::Css(selector))
            .await
            .unwrap_or_else(|error| panic!("no element {selector}: {error}"))
    }

    /// Keys to whatever has the focus, as a keyboard sends them.
    pub(crate) async fn press(&self, keys: impl Into<TypingData>) {
        self.driver()
            .action_chain()
            .send_keys(keys)
            .perform()
            .await
            .unwrap_or_else(|error| panic!("cannot press keys: {error}"));
    }

    // ---- page life ----

    pub(crate) async fn hide(&self) {
        self.driver().minimize_window().await.expect("minimize");
    }

    pub(crate) async fn show(&self) {
        self.driver()
            .set_window_rect(0, 0, 1280, 900)
            .await
            .expect("window rect");
    }

    /// A page is hidden before it is frozen, as on a telephone. Chromium only.
    pub(crate) async fn freeze(&self) {
        self.hide().await;
        self.devtools("Page.setWebLifecycleState", json!({ "state": "frozen" }))
            .await;
    }

    pub(crate) async fn thaw(&self) {
        self.devtools("Page.setWebLifecycleState", json!({ "state": "active" }))
            .await;
        self.show().await;
    }

    /// The size of the page itself, not of the window.
    pub(crate) async fn resize(&self, width: u32, height: u32) {
        match self.engine {
            Engine::Chromium => {
                self.devtools(
                    "Emulation.setDeviceMetricsOverride",
                    json!({
                        "width": width, "height": height,
                        "deviceScaleFactor": 1, "mobile": false,
                    }),
                )
                .await;
            }
            Engine::WebKit => {
                self.driver()
                    .set_window_rect(0, 0, width, height)
                    .await
                    .expect("window rect");
            }
        }
    }

    /// Leaves for another document in a way that lets the back-forward cache
    /// keep the page.
    pub(crate) async fn leave_for(&self, url: &str) {
        match self.engine {
            Engine::Chromium => {
                self.devtools("Page.navigate", json!({ "url": url })).await;
                self.until_at(url).await;
            }
            Engine::WebKit => self.goto(url).await,
        }
    }

    /// Comes back the way the back button does.
    pub(crate) async fn come_back(&self) {
        match self.engine {
            Engine::Chromium => {
                let history = self.devtools("Page.getNavigationHistory", json!({})).await;
                let current = history["currentIndex"].as_u64().expect("index") as usize;
                let before = &history["entries"][current - 1];
                self.devtools(
                    "Page.navigateToHistoryEntry",
                    json!({ "entryId": before["id"] }),
                )
                .await;
                self.until_at(before["url"].as_str().expect("url")).await;
            }
            Engine::WebKit => self.driver().back().await.expect("back"),
        }
    }

    async fn until_at(&self, url: &str) {
        let until = tokio::time::Instant::now() + START_DEADLINE;
        loop {
            let here = self
                .try_execute("return location.href + ' ' + document.readyState", vec![])
                .await;
            if here.is_ok_and(|here| here.as_str() == Some(&format!("{url} complete"))) {
                return;
            }
            assert!(
                tokio::time::Instant::now() < until,
                "never arrived at {url}"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// What the device says of its network, in word and by event; what passes is
    /// the path's to decide. Chromium only.
    pub(crate) async fn network(&self, there: bool) {
        self.devtools("Network.enable", json!({})).await;
        let conditions = json!({
            "offline": !there, "latency": 0,
            "downloadThroughput": -1, "uploadThroughput": -1,
        });
        self.devtools("Network.overrideNetworkState", conditions)
            .await;
    }

    // ---- DevTools ----

    pub(crate) async fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.try_devtools(command, parameters)
            .await
            .unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    pub(crate) async fn try_devtools(
        &self,
        command: &str,
        parameters: Value,
    ) -> WebDriverResult<Value> {
        assert_eq!(self.engine, Engine::Chromium, "{command} is Chromium's");
        Cdp::new(self.driver().handle().clone())
            .send_raw(command, parameters)
            .await
    }

    /// Runs before any script of every page that is opened from now on.
    pub(crate) async fn init_script(&self, source: &str) {
        self.devtools(
            "Page.addScriptToEvaluateOnNewDocument",
            json!({ "source": source }),
        )
        .await;
    }

    /// To pages that are opened from now on, time goes so many times as fast:
    /// what takes them a minute need not take a test one.
    pub(crate) async fn hurries(&self, times: u32) {
        let script = include_str!("script/hurry.js");
        self.init_script(&script.replace("TIMES", &times.to_string()))
            .await;
    }

    /// What the console said since the last call, most severe entries only.
    pub(crate) async fn console_errors(&self) -> Vec<String> {
        if self.engine != Engine::Chromium {
            return Vec::new();
        }
        let Ok(entries) = self.driver().browser_log().await else {
            return Vec::new();
        };
        entries
            .into_iter()
            .filter(|entry| entry.level == "SEVERE")
            .map(|entry| {
                let source = entry.source.unwrap_or_default();
                format!("{source}: {}", entry.message)
            })
            .collect()
    }

    pub(crate) async fn picture(&self) -> Vec<u8> {
        self.driver().screenshot_as_png().await.expect("screenshot")
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.forget_session();
    }
}

async fn session(port: u16, capabilities: Value, process: &Process) -> WebDriver {
    let Value::Object(capabilities) = capabilities else {
        unreachable!("capabilities are an object")
    };
    let opened = WebDriver::builder(
        format!("http://127.0.0.1:{port}"),
        Capabilities::from(capabilities),
    )
    .request_timeout(REQUEST_DEADLINE)
    .await;
    let driver = opened.unwrap_or_else(|error| {
        panic!("no session: {error}\n{}", process.last_words());
    });
    driver
        .set_script_timeout(REQUEST_DEADLINE)
        .await
        .expect("script timeout");
    driver
}

async fn until_listening(port: u16) {
    let until = tokio::time::Instant::now() + START_DEADLINE;
    while tokio::net::TcpStream::connect(("127.0.0.1", port))
        .await
        .is_err()
    {
        assert!(tokio::time::Instant::now() < until, "no driver on {port}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub(crate) fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a free port")
        .port()
}

fn program(variable: &str, usual: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| usual.to_owned())
}

/// The browser that carries WebKitGTK lies in a folder named after the machine.
fn mini_browser() -> PathBuf {
    if let Ok(path) = std::env::var("PARLANCE_MINIBROWSER") {
        return path.into();
    }
    let below = Path::new("webkit2gtk-4.1/MiniBrowser");
    let mut roots = vec![PathBuf::from("/usr/libexec"), PathBuf::from("/usr/lib")];
    if let Ok(entries) = std::fs::read_dir("/usr/lib") {
        roots.extend(entries.flatten().map(|entry| entry.path()));
    }
    roots
        .iter()
        .map(|root| root.join(below))
        .find(|path| path.exists())
        .expect("MiniBrowser of libwebkit2gtk-4.1 is missing; `cargo xtask test` installs it")
}
