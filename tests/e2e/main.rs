//! The whole program: the real server, real browsers, and a path between them
//! that breaks when told. Every test is a story that people could tell.
#![allow(clippy::unwrap_used)]

mod browser;
mod folder;
mod process;
mod proxy;
mod server;
mod settings;

#[tokio::test]
async fn temp() {
    let site = "data:text/html,hi";
    for engine in [browser::Engine::Chromium, browser::Engine::WebKit] {
        let b = browser::Browser::start(engine).await;
        b.goto(site).await;
        println!("{:?} {}", engine, b.execute("return document.body.innerText", vec![]).await);
        b.hide().await;
        println!("{:?} {}", engine, b.execute("return document.visibilityState", vec![]).await);
        b.show().await;
        println!("{:?} {}", engine, b.execute("return document.visibilityState", vec![]).await);
        println!("{:?} {:?}", engine, b.try_execute_async("arguments[0]({a:1})", vec![]).await);
        println!("{}", b.picture().await.len());
    }
}
