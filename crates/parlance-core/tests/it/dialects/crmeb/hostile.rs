//! Whatever comes from outside is read without a panic by the CRMEB dialects
//! and by the types that their gateway reads with, nothing is made up of what
//! is broken, and what one end writes the other reads.
//!
//! Cases are made from the transcripts and a seed, which is printed:
//! `DECODER_SEED` repeats it, `DECODER_CASES` makes more of them.

use std::collections::BTreeMap;

use parlance_core::chance::Chance;
use parlance_core::content::{Card, Media};
use parlance_core::dialect::crmeb::kinds::{content_of, content_said, said_of};
use parlance_core::dialect::crmeb::pages::{Agent, Page, SeedAsk, StockAsk, read_customers};
use parlance_core::dialect::crmeb::rows::{Order, Position, Product, Record, Row, Said, Shape};
use parlance_core::dialect::crmeb::wire::{
    Chat, Client, ErrTip, Kind, Online, Server, ToChat, ToTransfer, Unread,
};
use parlance_core::dialect::crmeb::{emoji, pages};
use parlance_core::dialect::{Asked, Dialect};
use parlance_core::frame::{Anchor, Fill, Part, ServerFrame};
use parlance_core::ids::RequestId;
use parlance_core::wire::{HttpResponse, Wire};

use super::*;
use crate::decoders::spoiler::Spoiler;
use crate::decoders::{DEFAULT_CASES, from_environment};
use crate::transcripts::replay::{Direction, Replay};

/// Every frame and body of the transcripts.
fn sound() -> Vec<Value> {
    let mut values = Vec::new();
    for name in ["crmeb", "live_crmeb_workerman"] {
        for line in Replay::of(name).lines() {
            let texts = match line.direction {
                Direction::ToServer | Direction::ToPage => vec![line.frame().to_owned()],
                Direction::Http => vec![line.response().body],
                Direction::Event => Vec::new(),
            };
            let read = texts.iter().filter_map(|it| serde_json::from_str(it).ok());
            values.extend(read.filter(|it: &Value| it.is_object()));
        }
    }
    // Nobody caught these on the wire.
    values.push(json!({"status": 200, "data": {"serviceList": [theirs(1, "x")], "uid": 9}}));
    values.push(json!({"status": 200, "data": [{"to_uid": 7, "nickname": "x", "online": 1}]}));
    values.push(json!({"type": "kefu_logout", "data": {"user_id": 9, "online": 0}}));
    values
}

fn asked() -> [Asked; 2] {
    let fill = Fill {
        request: RequestId(1),
        conversation: talk(),
        part: Part::Newest,
        anchor: Anchor::default(),
        limit: 50,
    };
    [Asked::Page(fill), Asked::Aside("customers", None)]
}

#[test]
fn nothing_from_outside_makes_a_reader_panic() {
    let seed = from_environment("DECODER_SEED", 20_261_126);
    let cases = from_environment("DECODER_CASES", DEFAULT_CASES);
    println!("crmeb: seed {seed}, {cases} cases");
    let mut spoiler = Spoiler::of(seed, sound());
    let stock = CrmebConfig {
        form: Form::Stock,
        ..config()
    };
    let mut dialects = [Crmeb::new(config()), Crmeb::new(stock)];
    let mut read: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    let asked = asked();
    for number in 0..cases {
        let (kind, text) = spoiler.next();
        let case = || format!("DECODER_SEED={seed} case {number}: {text:?}");
        let mut sounds = false;
        for dialect in &mut dialects {
            let frames = dialect.decode(&Wire::Text(text.clone()));
            sounds |= frames.is_ok();
            if let Err(error) = &frames {
                assert!(error.what.len() < 200, "not the frame itself: {}", case());
            }
            for frame in frames.iter().flatten() {
                if let ServerFrame::Message(message) = frame {
                    assert_eq!(
                        (message.seq, &message.client_id),
                        (None, &None),
                        "{}",
                        case()
                    );
                    assert!(
                        message.from.is_some() && message.content.text().len() <= 4 * text.len(),
                        "{}",
                        case()
                    );
                }
            }
            let status = [200, 200, 201, 400, 401, 404, 429, 500, 0][(number % 9) as usize];
            let body = text.clone();
            let response = HttpResponse { status, body };
            for asked in &asked {
                let answered = dialect.decode_answer(asked, &response);
                assert!(answered.is_err() || status == 200, "{}", case());
            }
            let bytes = Wire::Binary(text.clone().into_bytes());
            assert!(dialect.decode(&bytes).is_err(), "{}", case());
            if number % 97 == 0 {
                dialect.reset();
            }
        }
        gateway_reads(&text);
        let counts = read.entry(kind).or_default();
        counts.0 += 1;
        counts.1 += u64::from(sounds);
    }
    println!("crmeb: kind, how many, how many could be read: {read:?}");
    assert_eq!(read.len(), 8, "every way of spoiling was tried");
    assert!(read["mistyped"].1 > 0 && read["mistyped"].1 < read["mistyped"].0);
}

fn gateway_reads(text: &str) {
    if let Ok(client) = Client::read(text) {
        if let Client::Chat(chat) = &client {
            let _ = content_said(chat);
        }
        // What could be read can be said again.
        assert_eq!(Client::read(&client.text()), Ok(client));
    }
    if let Ok(value) = serde_json::from_str::<Value>(text) {
        let _ = SeedAsk::read(&value);
    }
    let field = |_: &str| Some(text.to_owned());
    let _ = StockAsk::read_customer(field);
    let _ = StockAsk::read_agent(field);
    let _ = emoji::shown(text);
}

// ---- what one end writes the other reads ------------------------------------------

const TEXTS: [&str; 9] = [
    "hello",
    " \" \\ \n\t\u{0}\u{2028} <b>&nbsp;</b> ",
    "😀👩‍👩‍👧",
    "123",
    "null",
    "{\"data\":1}",
    "[em-smile]",
    "[]",
    "https://x.example/a.png?b=1&c=2",
];
const IDS: [&str; 5] = ["1", "42", "alice", "007", "9007199254740993"];

fn some<T: Clone>(chance: &mut Chance, of: &[T]) -> T {
    of[chance.below(of.len() as u64) as usize].clone()
}

fn text(chance: &mut Chance) -> String {
    some(chance, &TEXTS).to_owned()
}

fn id(chance: &mut Chance) -> Option<String> {
    Some(some(chance, &IDS).to_owned())
}

fn maybe<T>(chance: &mut Chance, make: impl Fn(&mut Chance) -> T) -> Option<T> {
    (chance.below(2) == 0).then(|| make(chance))
}

fn flag(chance: &mut Chance) -> bool {
    chance.below(2) == 0
}

fn number(chance: &mut Chance) -> u64 {
    some(chance, &[0, 1, 7, 1 << 40])
}

fn at(chance: &mut Chance) -> i64 {
    some(chance, &[0, -1, 1_795_164_628])
}

fn product(chance: &mut Chance) -> Product {
    Product {
        id: maybe(chance, |it| id(it).unwrap_or_default()),
        name: maybe(chance, text),
        text: maybe(chance, text),
        price: maybe(chance, text),
        list_price: maybe(chance, text),
        image: maybe(chance, text),
        stock: maybe(chance, number),
    }
}

fn order(chance: &mut Chance) -> Order {
    let bought = |chance: &mut Chance| Product {
        stock: None,
        ..product(chance)
    };
    Order {
        id: id(chance),
        day: maybe(chance, text),
        time: maybe(chance, text),
        products: (0..chance.below(3)).map(|_| bought(chance)).collect(),
    }
}

fn record(chance: &mut Chance) -> Record {
    Record {
        id: id(chance),
        user_id: id(chance),
        to_uid: id(chance),
        name: maybe(chance, text),
        avatar: maybe(chance, text),
        tourist: maybe(chance, flag),
        online: maybe(chance, flag),
        form_type: maybe(chance, number),
        added: maybe(chance, at),
        updated: maybe(chance, at),
        unread: maybe(chance, number),
        message: maybe(chance, text),
        message_type: maybe(chance, number),
        created: maybe(chance, text),
    }
}

fn row(chance: &mut Chance, shape: Shape) -> Row {
    let seed = matches!(shape, Shape::Seed | Shape::SeedPage);
    let side = some(chance, &[Position::Left, Position::Right]);
    let words = [Some("text"), Some("dance"), None];
    let kind = match shape {
        Shape::SeedPage | Shape::Seed => some(chance, &words),
        Shape::Stock | Shape::StockPage => None,
    };
    let name = (seed || flag(chance)).then(|| text(chance));
    let infos = !seed && name.is_some();
    Row {
        id: id(chance),
        uid: id(chance),
        to_uid: id(chance),
        position: seed.then_some(side),
        avatar: maybe(chance, text),
        to_name: seed.then(|| text(chance)),
        to_avatar: seed.then(|| text(chance)),
        said: Said {
            msn: Some(text(chance)),
            msn_type: maybe(chance, number),
            kind: kind.map(str::to_owned),
            url: maybe(chance, text).filter(|_| seed),
            product: maybe(chance, product).filter(|_| infos),
            order: maybe(chance, order).filter(|_| infos),
        },
        at: maybe(chance, at),
        // A seed row without a kind has 1 there.
        read: match seed {
            true => kind.is_none().then_some(true),
            false => maybe(chance, flag),
        },
        tourist: match shape {
            Shape::SeedPage => Some(false),
            Shape::Seed | Shape::Stock | Shape::StockPage => maybe(chance, flag),
        },
        created: maybe(chance, text).filter(|_| !seed),
        updated: maybe(chance, text).filter(|_| !seed),
        shown: maybe(chance, text).filter(|_| !seed),
        record: maybe(chance, record).filter(|_| !seed),
        name,
    }
}

const SHAPES: [Shape; 4] = [Shape::Seed, Shape::SeedPage, Shape::Stock, Shape::StockPage];

#[test]
fn every_row_and_server_frame_reads_as_it_was_written() {
    let seed = from_environment("DECODER_SEED", 20_261_127);
    println!("seed {seed}");
    let mut chance = Chance::new(seed);
    let chance = &mut chance;
    for _ in 0..3_000 {
        for shape in SHAPES {
            let row = row(chance, shape);
            assert_eq!(Row::read(&row.write(shape)), Some(row.clone()), "{shape:?}");
            for frame in [Server::Chat(row.clone()), Server::Reply(row)] {
                assert_eq!(Server::read(&frame.text(shape)), Ok(frame));
            }
        }
        let uid = id(chance).unwrap_or_default();
        let online = flag(chance);
        let unread = Unread {
            uid: maybe(chance, |_| uid.clone()),
            number: number(chance),
            record: maybe(chance, record),
        };
        let transfer = ToTransfer {
            uid: uid.clone(),
            name: maybe(chance, text),
            avatar: maybe(chance, text),
        };
        let tip = ErrTip {
            words: text(chance),
            retry: maybe(chance, number),
        };
        for frame in [
            Server::Success(None),
            Server::Ping(maybe(chance, at)),
            Server::Online(uid.clone(), online),
            Server::UserOnline(uid.clone(), online),
            Server::Unread(unread),
            Server::ErrTip(tip),
            Server::Error(text(chance)),
            Server::Timeout,
            Server::ToTransfer(transfer),
            Server::KefuLogout(uid),
        ] {
            assert_eq!(Server::read(&frame.text(Shape::Stock)), Ok(frame));
        }
    }
}

fn chat_frame(chance: &mut Chance) -> Chat {
    let kinds = [
        Some(Kind::Number(3)),
        Some(Kind::Word("text".to_owned())),
        None,
    ];
    Chat {
        content: maybe(chance, text),
        msn: maybe(chance, text),
        kind: some(chance, &kinds),
        uid: id(chance),
        name: maybe(chance, text),
        avatar: maybe(chance, text),
        to_uid: id(chance),
        to_name: maybe(chance, text),
        to_avatar: maybe(chance, text),
        channel_type: maybe(chance, text),
        form_type: some(chance, &[None, Some(json!(2)), Some(json!("pc"))]),
        tourist: maybe(chance, flag),
        tourist_uid: maybe(chance, |it| id(it).unwrap_or_default()),
        tourist_avatar: maybe(chance, text),
    }
}

#[test]
fn every_client_frame_and_request_reads_as_it_was_written() {
    let seed = from_environment("DECODER_SEED", 20_261_128);
    println!("seed {seed}");
    let mut chance = Chance::new(seed);
    let chance = &mut chance;
    for _ in 0..3_000 {
        let object = json!({"uid": 42, "openid": text(chance), "more": [text(chance)]});
        let object = object.as_object().cloned().expect("an object");
        let more = json!({"form_type": 2}).as_object().cloned();
        let online = Online {
            online: flag(chance),
            user_type: maybe(chance, text),
            tourist: maybe(chance, flag),
        };
        let to_chat = ToChat {
            with: maybe(chance, |it| id(it).unwrap_or_default()),
            tourist: maybe(chance, |it| id(it).unwrap_or_default()),
        };
        for frame in [
            Client::LoginSeed(object),
            Client::LoginStock(
                text(chance),
                maybe(chance, |_| more.clone())
                    .flatten()
                    .unwrap_or_default(),
            ),
            Client::KefuLogin(text(chance)),
            Client::Online(online),
            Client::ToChat(to_chat),
            Client::Chat(Box::new(chat_frame(chance))),
            Client::Ping,
            Client::Unknown("later".to_owned()),
        ] {
            assert_eq!(Client::read(&frame.text()), Ok(frame));
        }
        let ask = SeedAsk {
            with: id(chance).unwrap_or_default(),
            page: 1 + number(chance),
            limit: 1 + number(chance),
        };
        let body: Value = serde_json::from_str(&ask.body()).expect("JSON");
        assert_eq!(SeedAsk::read(&body), Some(ask));
        let ask = StockAsk {
            with: maybe(chance, |it| id(it).unwrap_or_default()),
            before: maybe(chance, |it| id(it).unwrap_or_default()),
            limit: 1 + number(chance),
        };
        let field = |path: String| {
            move |name: &str| {
                let (_, query) = path.split_once('?')?;
                let mut pairs = query.split('&').filter_map(|it| it.split_once('='));
                pairs.find_map(|(key, value)| (key == name).then(|| value.to_owned()))
            }
        };
        assert_eq!(StockAsk::read_customer(field(ask.by_customer())), ask);
        assert_eq!(StockAsk::read_agent(field(ask.by_agent())), ask);

        let rows = |shape| Page {
            length: 2,
            rows: vec![
                row(&mut Chance::new(seed), shape),
                row(&mut Chance::new(seed + 1), shape),
            ],
            agent: None,
        };
        let page = rows(Shape::SeedPage);
        assert_eq!(Page::read(&page.seed()), Ok(page));
        let mut page = rows(Shape::StockPage);
        assert_eq!(Page::read(&page.agents()), Ok(page.clone()));
        page.agent = Some(Agent {
            uid: id(chance).unwrap_or_default(),
            name: Some(text(chance)),
            avatar: Some(text(chance)),
        });
        assert_eq!(Page::read(&page.customers()), Ok(page));
        let records = vec![record(chance), record(chance)];
        assert_eq!(read_customers(&pages::customers(&records)), Ok(records));
    }
    assert!(Page::read(&pages::refused(400, "no")).is_err());
}

#[test]
fn every_kind_that_a_form_has_words_for_survives_them() {
    let media = || Media {
        url: "/a.bin".to_owned(),
        ..Media::default()
    };
    let card = || Card {
        id: Some("77".to_owned()),
        title: "杯".to_owned(),
        text: None,
        price: Some("59.90".to_owned()),
        image: Some("/c.png".to_owned()),
        url: None,
    };
    for shape in SHAPES {
        let seed = matches!(shape, Shape::Seed | Shape::SeedPage);
        let mut contents: Vec<Content> = TEXTS.map(|it| Content::Text(it.to_owned())).to_vec();
        contents.extend([
            Content::Text(String::new()),
            Content::Image(media()),
            Content::Video(media()),
            Content::Voice(media()),
        ]);
        if !seed {
            contents.extend([Content::Product(card()), Content::Order(card())]);
        } else {
            // The seed's card has no id of its own.
            contents.push(Content::Product(Card { id: None, ..card() }));
        }
        for content in contents {
            let row = Row {
                name: Some("x".to_owned()),
                said: said_of(&content, shape, content.text()),
                ..Row::default()
            };
            let read = Row::read(&row.write(shape)).expect("a row");
            assert_eq!(content_of(&read.said), content, "{shape:?}");
        }
        // What it has no words for is said in words.
        let said = said_of(&Content::Like, shape, "[赞]");
        assert_eq!(content_of(&said), Content::Text("[赞]".to_owned()));
    }
}

/// What is left of a row that broke is no message of anybody's.
#[test]
fn a_row_in_which_nobody_says_anything_is_none() {
    for blank in [
        json!({}),
        json!({"id": {}}),
        json!({"id": 7, "type": "text"}),
    ] {
        let page = json!({"data": {"list": [theirs(1, "before"), blank, theirs(2, "after")]}});
        let body = page.to_string();
        let mut crmeb = Crmeb::new(config());
        let response = HttpResponse { status: 200, body };
        let frames = crmeb.decode_answer(&asked()[0], &response).expect("a page");
        let [ServerFrame::Rows(rows)] = frames.as_slice() else {
            panic!("{frames:?}");
        };
        assert_eq!(rows.messages.len(), 2, "{blank}");
        let live = json!({"type": "chat", "data": blank}).to_string();
        assert!(crmeb.decode(&Wire::Text(live)).is_err(), "{blank}");
    }
}
