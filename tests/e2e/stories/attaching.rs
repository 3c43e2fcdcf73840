//! Pictures by the real server: picked, uploaded, seen by somebody else and
//! after a reload; given up, failed and tried again. And what else a backend
//! takes beside text: questions, applause, flowers.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;

use crate::browser::Engine::Chromium;
use crate::folder::Folder;
use crate::page::{Chat, State};
use crate::proxy::{Cut, Direction};
use crate::server::Server;
use crate::story::{ends_well, tell};

/// What a phone's camera makes: larger than what is sent.
const CAMERA: (u32, u32) = (2400, 1200);

#[test]
fn a_picture_is_seen_by_the_other_page_and_again_after_a_reload() {
    is_seen("/?room=den", "/?room=den", true);
}

#[test]
fn a_picture_goes_by_stock_crmeb() {
    is_seen(
        "/?dialect=crmeb-stock&uid=42&name=Ann&to=9&to_name=Bob#token=42",
        "/?dialect=crmeb-stock&uid=9&name=Bob&to=42&to_name=Ann#token=9",
        true,
    );
}

#[test]
fn a_picture_goes_by_egg() {
    is_seen(
        "/?dialect=egg&uid=42&to=9&to_name=Bob#token=42",
        "/?dialect=egg&uid=9&to=42&to_name=Ann#token=9",
        false,
    );
}

fn is_seen(anns: &str, bobs: &str, remembers: bool) {
    tell(2, async || {
        let server = Server::start(&["--gateway", "all"]);
        let folder = Folder::new("pictures");
        let (ann, bob) = tokio::join!(
            Chat::sits_down("Ann", Chromium, &server),
            Chat::sits_down("Bob", Chromium, &server),
        );
        for (person, launch) in [(&ann, anns), (&bob, bobs)] {
            person.opens(launch).await;
            if launch.contains("dialect") {
                person.sees("the talk, ready", State::can_talk).await;
            } else {
                person.joins().await;
            }
        }
        picks(&ann, &photograph(&folder, "photo.bmp")).await;
        ann.sees("her picture, sent", |page| pictures(page, "sent") == 1)
            .await;
        bob.sees("her picture", |page| page.rows.iter().any(is_picture))
            .await;
        is_drawn(&ann).await;
        // CRMEB's addresses have their host in them, and each of these two has
        // a host of their own: Bob would be asked whether he wants to see it.
        let is_asked = anns.contains("crmeb");
        if !is_asked {
            is_drawn(&bob).await;
        }
        if remembers {
            bob.reloads().await;
            bob.sees("her picture again", |page| {
                page.can_talk() && page.rows.iter().filter(|row| is_picture(row)).count() == 1
            })
            .await;
            if !is_asked {
                is_drawn(&bob).await;
            }
        }
        ends_well([ann, bob]).await;
    });
}

#[test]
fn an_upload_can_be_given_up_and_one_that_fails_is_tried_again() {
    tell(1, async || {
        let server = Server::start(&[]);
        let folder = Folder::new("pictures");
        let photo = photograph(&folder, "photo.bmp");
        let ann = Chat::sits_down("Ann", Chromium, &server).await;
        ann.opens_and_joins("/?room=den").await;
        ann.expects_trouble();

        ann.path.black_hole(Direction::Up);
        picks(&ann, &photo).await;
        upload(&ann, "going").await;
        // What the path has swallowed counts as sent.
        let some = "[role=progressbar]:not([aria-valuenow='0'])";
        waits(&ann, some, 1).await;
        ann.pictures("uploading").await;
        ann.clicks("[data-part=upload-cancel]").await;
        uploads(&ann, 0).await;

        picks(&ann, &photo).await;
        waits(&ann, some, 1).await;
        ann.path.cut(Cut::Reset);
        upload(&ann, "failed").await;
        ann.path.refuse().await;
        ann.clicks("[data-part=upload-retry]").await;
        upload(&ann, "failed").await;
        ann.pictures("upload-failed").await;
        let page = ann.looks().await;
        assert!(!page.rows.iter().any(is_picture), "said without its file");

        ann.path.pass().await;
        ann.sees("the talk again", State::can_talk).await;
        ann.clicks("[data-part=upload-retry]").await;
        ann.sees("the picture, once", |page| pictures(page, "sent") == 1)
            .await;
        uploads(&ann, 0).await;
        is_drawn(&ann).await;
        ends_well([ann]).await;
    });
}

#[test]
fn applause_and_flowers_reach_the_other_page_by_j_im() {
    tell(2, async || {
        let server = Server::start(&["--gateway", "all"]);
        let (ann, bob) = tokio::join!(
            Chat::sits_down("Ann", Chromium, &server),
            Chat::sits_down("Bob", Chromium, &server),
        );
        ann.opens("/?dialect=jim&room=100&uid=ann&name=Ann").await;
        bob.opens("/?dialect=jim&room=100&uid=bob&name=Bob").await;
        for person in [&ann, &bob] {
            person.sees("the talk, ready", State::can_talk).await;
        }
        for kind in ["like", "flower"] {
            ann.clicks(&format!("[data-part={kind}]")).await;
            ann.sees("it, sent", |page| {
                page.rows.iter().any(|row| is(row, kind) && row.is("sent"))
            })
            .await;
            bob.sees("it", |page| page.rows.iter().any(|row| is(row, kind)))
                .await;
        }
        ann.pictures("applause").await;
        ends_well([ann, bob]).await;
    });
}

#[test]
fn a_question_reaches_the_other_page_by_topic_and_the_next_words_are_none() {
    tell(2, async || {
        let server = Server::start(&["--gateway", "all"]);
        let (ann, bob) = tokio::join!(
            Chat::sits_down("Ann", Chromium, &server),
            Chat::sits_down("Bob", Chromium, &server),
        );
        ann.opens("/?dialect=topic&room=R-9&uid=ann&name=Ann#token=ann")
            .await;
        bob.opens("/?dialect=topic&room=R-9&uid=bob&name=Bob#token=bob")
            .await;
        for person in [&ann, &bob] {
            person.sees("the talk, ready", State::can_talk).await;
        }
        ann.clicks("[data-part=ask]").await;
        ann.pictures("asking").await;
        for (text, kind) in [("when does it start?", "question"), ("thanks", "text")] {
            ann.sends(text).await;
            bob.sees("it", |page| {
                page.rows
                    .iter()
                    .any(|row| is(row, kind) && row.text.as_deref() == Some(text))
            })
            .await;
        }
        ends_well([ann, bob]).await;
    });
}

fn is(row: &crate::page::Row, kind: &str) -> bool {
    row.kind.as_deref() == Some(kind)
}

fn is_picture(row: &crate::page::Row) -> bool {
    is(row, "image")
}

fn pictures(page: &State, delivery: &str) -> usize {
    let drawn = page.rows.iter().filter(|row| is_picture(row));
    drawn.filter(|row| row.is(delivery)).count()
}

async fn picks(person: &Chat, file: &str) {
    let input = person.browser.element("[data-part=attach]").await;
    input.send_keys(file).await.expect("a file to be picked");
}

/// Waits for as many uploads, in this state if there is one.
async fn upload(person: &Chat, state: &str) {
    waits(
        person,
        &format!("[data-part=upload][data-state={state}]"),
        1,
    )
    .await;
}

async fn uploads(person: &Chat, count: usize) {
    waits(person, "[data-part=upload]", count).await;
}

async fn waits(person: &Chat, selector: &str, count: usize) {
    let script = "const [selector, count, done] = arguments; \
         const look = () => document.querySelectorAll(selector).length === count \
             ? done(true) : requestAnimationFrame(look); \
         look();";
    let seen = person
        .browser
        .try_execute_async(script, vec![json!(selector), json!(count)]);
    let seen = tokio::time::timeout(Duration::from_secs(20), seen).await;
    if !matches!(seen, Ok(Ok(_))) {
        person
            .fails(&format!("did not see {count} of {selector}"))
            .await;
    }
}

/// The picture's bytes have come, as large as they were sent.
async fn is_drawn(person: &Chat) {
    let script = "const done = arguments[0]; \
         const look = () => { \
             const picture = document.querySelector('[data-part=message][data-kind=image] img'); \
             picture && picture.complete && picture.naturalWidth \
                 ? done(picture.naturalWidth + ' by ' + picture.naturalHeight) \
                 : requestAnimationFrame(look); \
         }; \
         look();";
    let size = person.browser.try_execute_async(script, vec![]).await;
    assert_eq!(size.unwrap(), json!("1600 by 800"));
}

/// A picture file without compression: what is sent is the page's own making.
fn photograph(folder: &Folder, name: &str) -> String {
    let (width, height) = CAMERA;
    let size = width * height * 3;
    let mut file = b"BM".to_vec();
    for number in [
        54 + size,
        0,
        54,
        40,
        width,
        height,
        1 | 24 << 16,
        0,
        size,
        0,
        0,
        0,
        0,
    ] {
        file.extend(number.to_le_bytes());
    }
    for at in 0..width * height {
        let (x, y) = (at % width, at / width);
        file.extend([(x / 10) as u8, (y / 5) as u8, (x * y % 251) as u8]);
    }
    let path: PathBuf = folder.path().join(name);
    std::fs::write(&path, file).expect("a file");
    path.display().to_string()
}
