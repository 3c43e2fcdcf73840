//! Signing out leaves nothing behind.

use crate::browser::Engine::Chromium;
use crate::page::{Chat, State};
use crate::server::Server;
use crate::stories::joining::stays_quiet;
use crate::story::{ends_well, tell};
use crate::talk::Talk;

/// Everything that a page may keep, by name and content.
const KEPT: &str = "
    const done = arguments[0];
    (async () => {
      const found = [JSON.stringify(localStorage), JSON.stringify(sessionStorage)];
      for (const { name } of await indexedDB.databases()) {
        const database = await new Promise((resolve, reject) => {
          const opening = indexedDB.open(name);
          opening.onsuccess = () => resolve(opening.result);
          opening.onerror = () => reject(opening.error);
        });
        for (const store of database.objectStoreNames) {
          const all = database.transaction(store).objectStore(store).getAll();
          await new Promise((resolve) => (all.onsuccess = resolve));
          found.push(JSON.stringify(all.result));
        }
        database.close();
      }
      return found.join(' ');
    })().then(done, (error) => done('error ' + error));";

#[test]
fn signing_out_leaves_nothing_behind() {
    tell(2, async || {
        let server = Server::start(&[]);
        let (ann, bob) = tokio::join!(
            Chat::sits_down("Ann", Chromium, &server),
            Chat::sits_down("Bob", Chromium, &server),
        );
        tokio::join!(ann.opens_and_joins("/"), bob.opens_and_joins("/"));
        ann.expects_trouble();
        let talk = Talk::default();
        talk.says(&ann, "my secret").await;
        talk.settles(&[&ann, &bob]).await;
        bob.sees("Ann there", |page| page.sees_online("Ann")).await;

        ann.signs_out().await;
        ann.sees("the way back in, and nothing else", |page| {
            page.composer.is_none() && page.rows.is_empty()
        })
        .await;
        bob.sees("Ann gone", |page| !page.sees_online("Ann")).await;
        stays_quiet(&ann).await;
        let kept = ann.browser.try_execute_async(KEPT, vec![]).await.unwrap();
        let kept = kept.as_str().unwrap();
        assert!(!kept.starts_with("error"), "{kept}");
        assert!(
            !kept.contains("my secret") && !kept.contains("Ann"),
            "{kept}"
        );
        assert!(
            ann.browser
                .driver()
                .get_all_cookies()
                .await
                .unwrap()
                .is_empty(),
            "the cookie is gone"
        );
        ann.opens("/").await;
        ann.sees("the join form", |page| page.join).await;
        ends_well([ann, bob]).await;
    });
}

#[test]
fn the_next_person_neither_reads_nor_sends_what_was_queued() {
    tell(2, async || {
        let server = Server::start(&[]);
        let (ann, bob) = tokio::join!(
            Chat::sits_down("Ann", Chromium, &server),
            Chat::sits_down("Bob", Chromium, &server),
        );
        tokio::join!(ann.opens_and_joins("/"), bob.opens_and_joins("/"));
        ann.expects_trouble();
        ann.path.refuse_talk();
        ann.sends("never to be sent").await;
        ann.sees("it queued", |page| {
            page.row("never to be sent")
                .is_some_and(|row| row.is("queued"))
        })
        .await;
        ann.signs_out().await;
        ann.sees("an empty page", |page| {
            page.rows.is_empty() && page.composer.is_none()
        })
        .await;
        ann.path.pass().await;
        ann.browser.driver().delete_all_cookies().await.unwrap();
        ann.opens("/").await;
        ann.sees("the join form", |page| page.join).await;
        ann.types_name("Eve").await;
        ann.sees("the room", State::can_talk).await;
        let talk = Talk::default();
        talk.hears("Eve", "a word of Eve's");
        ann.sends("a word of Eve's").await;
        talk.says(&bob, "a word of Bob's").await;
        talk.settles(&[&ann, &bob]).await;
        ends_well([ann, bob]).await;
    });
}
