//! What most rows begin with: the real server, Ann in a browser behind a path
//! that breaks, Bob who needs no browser and breaks nothing, and their talk.
//!
//! Knows no faults.

use std::net::SocketAddr;
use std::time::Duration;

use crate::browser::Engine;
use crate::correspondent::Correspondent;
use crate::diary::Diary;
use crate::page::{Chat, State};
use crate::proxy::Weather;
use crate::server::Server;
use crate::talk::{Reckoning, Talk};

/// More than anybody here says.
pub(in crate::faults) const FREELY: [&str; 4] = ["--rate", "5000", "--burst", "5000"];

pub(in crate::faults) struct Scene {
    pub(in crate::faults) ann: Chat,
    pub(in crate::faults) bob: Correspondent,
    pub(in crate::faults) talk: Talk,
    /// Between Ann's path and the server; fair until told.
    pub(in crate::faults) weather: Weather,
    pub(in crate::faults) server: Server,
}

impl Scene {
    /// Both are in the lobby, and have greeted each other.
    pub(in crate::faults) async fn begins(engine: Engine) -> Self {
        Self::begins_with(engine, &[], async |_| ()).await
    }

    /// The same, with flags for Chromium, and something to do in Ann's browser
    /// before it opens the page.
    pub(in crate::faults) async fn begins_with(
        engine: Engine,
        flags: &'static [&'static str],
        before: impl AsyncFnOnce(&Chat),
    ) -> Self {
        let server = Server::start(&FREELY);
        let weather = Weather::before(server.address()).await;
        let (ann, bob) = tokio::join!(
            sits_down(engine, weather.address(), flags),
            Correspondent::joins(server.address(), "Bob", "lobby"),
        );
        before(&ann).await;
        ann.opens_and_joins("/").await;
        let scene = Self {
            ann,
            bob,
            talk: Talk::default(),
            weather,
            server,
        };
        scene.talk.says(&scene.ann, "hello").await;
        scene.talk.writes(&scene.bob, "hello Ann").await;
        let greeted = |page: &State| page.has_delivered("hello") && page.shows("hello Ann");
        scene.ann.sees("the greetings", greeted).await;
        scene
    }

    pub(in crate::faults) async fn bob_says(&self, text: &str) {
        self.talk.writes(&self.bob, text).await;
    }

    pub(in crate::faults) async fn ann_says(&self, text: &str) {
        self.talk.says(&self.ann, text).await;
    }

    /// Bob's link has ended; he is there again, as another guest of that name.
    pub(in crate::faults) async fn bob_comes_back(&mut self) {
        self.bob = Correspondent::joins(self.server.address(), "Bob", "lobby").await;
    }

    pub(in crate::faults) async fn diary(&self) -> Diary {
        Diary::of(&self.ann).await
    }

    pub(in crate::faults) async fn pictures(&self, name: &str) {
        self.ann.pictures(name).await;
    }

    /// Waits for everything that was said, and counts what came of it.
    pub(in crate::faults) async fn reckons(&self, deadline: Duration) -> Reckoning {
        self.talk
            .reckons(deadline, &[&self.ann], &[&self.bob])
            .await
    }

    /// Ann leaves; what went wrong behind her page is said now.
    pub(in crate::faults) async fn ends(self) {
        crate::story::ends_well([self.ann]).await;
    }
}

async fn sits_down(engine: Engine, at: SocketAddr, flags: &'static [&'static str]) -> Chat {
    let ann = Chat::sits_down_with("Ann", engine, at, flags).await;
    ann.keeps_a_diary().await;
    ann.expects_trouble();
    ann
}
