//! Two pages talk by each of the other backends' words, through the gateways
//! of the real server: both ways, over a path that breaks, and after a reload.
//! What a delivery may be called differs: no page claims more than its backend
//! proves.

use crate::browser::Engine::Chromium;
use crate::page::{Chat, State};
use crate::server::Server;
use crate::story::{ends_well, tell};

/// How two people come to one talk, and what may be said of it.
struct Backend {
    ann: &'static str,
    bob: &'static str,
    /// What a message of mine may stand as in the end.
    ends_as: &'static [&'static str],
    /// Whether a reload finds what was said.
    remembers: bool,
}

#[test]
fn people_talk_by_crmeb() {
    talk_by(&Backend {
        ann: "/?dialect=crmeb&uid=42&name=Ann&to=9&to_name=Bob#token=42",
        bob: "/?dialect=crmeb&uid=9&name=Bob&to=42&to_name=Ann#token=9",
        ends_as: &["unconfirmed", "sent"],
        remembers: true,
    });
}

#[test]
fn people_talk_by_stock_crmeb() {
    talk_by(&Backend {
        ann: "/?dialect=crmeb-stock&uid=42&name=Ann&to=9&to_name=Bob#token=42",
        bob: "/?dialect=crmeb-stock&uid=9&name=Bob&to=42&to_name=Ann#token=9",
        ends_as: &["sent"],
        remembers: true,
    });
}

#[test]
fn people_talk_by_topic() {
    talk_by(&Backend {
        ann: "/?dialect=topic&room=R-8&uid=ann&name=Ann#token=ann",
        bob: "/?dialect=topic&room=R-8&uid=bob&name=Bob#token=bob",
        ends_as: &["sent"],
        remembers: true,
    });
}

#[test]
fn people_talk_by_j_im() {
    talk_by(&Backend {
        ann: "/?dialect=jim&room=100&uid=ann&name=Ann",
        bob: "/?dialect=jim&room=100&uid=bob&name=Bob",
        ends_as: &["sent"],
        remembers: true,
    });
}

#[test]
fn people_talk_by_plain() {
    talk_by(&Backend {
        ann: "/?dialect=plain#token=ann",
        bob: "/?dialect=plain#token=bob",
        ends_as: &["unconfirmed", "sent"],
        remembers: true,
    });
}

#[test]
fn people_talk_by_egg() {
    talk_by(&Backend {
        ann: "/?dialect=egg&uid=42&to=9&to_name=Bob#token=42",
        bob: "/?dialect=egg&uid=9&to=42&to_name=Ann#token=9",
        ends_as: &["sent"],
        remembers: false,
    });
}

fn talk_by(backend: &Backend) {
    tell(2, async || {
        let server = Server::start(&["--gateway", "all"]);
        let (ann, bob) = tokio::join!(
            Chat::sits_down("Ann", Chromium, &server),
            Chat::sits_down("Bob", Chromium, &server),
        );
        tokio::join!(ann.opens(backend.ann), bob.opens(backend.bob));
        tokio::join!(
            ann.sees("the talk, ready", State::can_talk),
            bob.sees("the talk, ready", State::can_talk),
        );
        let mut said = Vec::new();
        for round in 1..=3 {
            for (speaker, listener) in [(&ann, &bob), (&bob, &ann)] {
                let text = format!("{} says {round} <b>\"你好\"</b> & 😀", speaker.name);
                speaker.sends(&text).await;
                let page = listener
                    .sees("what was said", |page| page.shows(&text))
                    .await;
                let side = page.row(&text).and_then(|row| row.side.clone());
                assert_eq!(side.as_deref(), Some("theirs"), "{text}");
                said.push(text);
            }
        }
        is_shown(&ann, &said, backend).await;
        is_shown(&bob, &said, backend).await;

        // The path breaks; what is said meanwhile goes when it is whole.
        ann.expects_trouble();
        ann.path.cut(crate::proxy::Cut::Reset);
        let late = "Ann says it without a network".to_owned();
        ann.sends(&late).await;
        bob.sees("what waited", |page| page.shows(&late)).await;
        said.push(late);
        is_shown(&ann, &said, backend).await;

        if backend.remembers {
            bob.reloads().await;
            bob.sees("the talk again", |page| {
                page.can_talk() && said.iter().all(|text| page.shows(text))
            })
            .await;
            is_shown(&bob, &said, backend).await;
        }
        ends_well([ann, bob]).await;
    });
}

/// All of it, once and in order, and mine as far as it can be said.
async fn is_shown(reader: &Chat, said: &[String], backend: &Backend) {
    let page = reader
        .sees("everything in the end", |page| {
            said.iter().all(|text| page.shows(text))
                && page.rows.iter().all(|row| {
                    let delivery = row.delivery.as_deref();
                    delivery.is_none_or(|word| backend.ends_as.contains(&word))
                })
        })
        .await;
    let shown: Vec<&str> = page
        .rows
        .iter()
        .filter_map(|row| row.text.as_deref())
        .filter(|text| text.contains(" says "))
        .collect();
    assert_eq!(
        shown, *said,
        "once, and in order, on {}'s page",
        reader.name
    );
    for row in &page.rows {
        let text = row.text.as_deref().unwrap_or_default();
        let mine = text.starts_with(&format!("{} says", reader.name));
        let side = if mine { "mine" } else { "theirs" };
        assert_eq!(row.side.as_deref(), Some(side), "{text}");
    }
}
