//! The talk of a seed page, with an agent's console beside it.

use std::time::Duration;

use parlance_core::dialect::crmeb::pages::{Page, SeedAsk};
use parlance_core::dialect::crmeb::rows::Record;
use parlance_core::dialect::crmeb::wire::{Chat, ErrTip, Kind, Online, ToTransfer, Unread};
use parlance_core::dialect::{Beat, Counts, RetryPolicy, Silence};
use parlance_core::frame::{Heads, Nack, NackReason, Refusal, Retry, Rows};
use serde_json::json;

use super::*;

const U42: &str = "https://img.example/u42.png";
const KF9: &str = "https://img.example/kf9.png";
const CUP: &str = "https://img.example/cup.png";

fn customer() -> Crmeb {
    let config = launch(
        Form::Seed,
        Role::Customer,
        me("42", "小王", U42),
        me("9", "客服小美", KF9),
        "TOK-42",
    );
    // A launch may give a number as text.
    let login = json!({"id": "7001", "openid": "openid-test-42"});
    Crmeb::new(with_login(config, login))
}

fn agent() -> Crmeb {
    Crmeb::new(launch(
        Form::Seed,
        Role::Agent,
        me("9", "客服小美", KF9),
        me("42", "", ""),
        "TOK-9",
    ))
}

fn talk() -> ConversationId {
    pair("42", "9")
}

/// A live row from the agent, in the seed form.
fn from_agent(id: &str, at: i64, said: Said) -> Row {
    Row {
        id: some(id),
        uid: some("9"),
        name: some("客服小美"),
        avatar: some(KF9),
        to_uid: some("42"),
        to_name: some("小王"),
        to_avatar: some(U42),
        position: Some(Position::Left),
        at: Some(at),
        said,
        ..Row::default()
    }
}

/// A live row from the agent, in stock's.
fn from_stock_agent(id: &str, at: i64, shown: Option<&str>, said: Said) -> Row {
    Row {
        id: some(id),
        uid: some("9"),
        name: some("客服小美"),
        avatar: some("/kf9.png"),
        to_uid: some("42"),
        read: Some(true),
        shown: shown.map(str::to_owned),
        at: Some(at),
        said,
        ..Row::default()
    }
}

fn worded(kind: &str, said: Said) -> Said {
    Said {
        kind: some(kind),
        ..said
    }
}

#[test]
fn every_line_of_the_seed_pages_talk_is_held() {
    let mut replay = Replay::of("crmeb");
    let mut customer = customer();
    let mut agent = agent();
    assert_eq!(customer.link_address(), replay.line(2).address());
    history(&mut replay, &mut customer);
    login(&mut replay, &mut customer, &mut agent);
    words(&mut replay, &mut customer, &mut agent);
    stock_words(&mut replay, &mut customer);
    news(&mut replay, &mut customer, &mut agent);
    end(&mut replay, &mut customer);
    for line in replay.lines() {
        assert!(line.direction != Direction::Event || !line.event().is_empty());
    }
    replay.finish();
}

fn history(replay: &mut Replay, page: &mut Crmeb) {
    let fill = fill(&talk(), Part::Newest, 0, None);
    let (request, asked) = request(page.encode(&ClientFrame::Fill(fill)));
    replay.asked(3, &request);
    let ask = replay.line(3).request().body.expect("a body");
    let ask = SeedAsk::read(&serde_json::from_str(&ask).expect("JSON"));
    let expected = SeedAsk {
        with: "9".to_owned(),
        page: 1,
        limit: 10,
    };
    replay.read(3, Held::GatewayRead, &ask, &Some(expected));

    let rows = vec![
        Row {
            said: said("您好,有什么可以帮您?", 0),
            ..from_agent("101", 1_666_661_420, Said::default())
        },
        Row {
            id: some("102"),
            uid: some("42"),
            to_uid: some("9"),
            name: some("小王"),
            avatar: some(U42),
            // Of one's own rows these are one's own.
            to_name: some("小王"),
            to_avatar: some(U42),
            position: Some(Position::Right),
            at: Some(1_666_661_520),
            said: said("我的订单到哪了", 0),
            ..Row::default()
        },
    ];
    let answer = Page {
        rows,
        ..Page::default()
    };
    replay.answered(3, 200, &answer.seed());

    let read = page.decode_answer(&asked, &replay.line(3).response());
    let (mine, theirs) = (
        person("42", "小王", U42, true),
        person("9", "客服小美", KF9, false),
    );
    let rows = Rows {
        request: RequestId(7),
        conversation: talk(),
        messages: vec![
            message(
                &talk(),
                "101",
                Some(&theirs),
                1_666_661_420,
                text("您好,有什么可以帮您?"),
            ),
            message(
                &talk(),
                "102",
                Some(&mine),
                1_666_661_520,
                text("我的订单到哪了"),
            ),
        ],
        more: false,
    };
    replay.read(3, Held::PageRead, &read, &Ok(vec![ServerFrame::Rows(rows)]));
}

fn request(
    sayings: Vec<Saying>,
) -> (
    parlance_core::wire::HttpRequest,
    parlance_core::dialect::Asked,
) {
    match <[Saying; 1]>::try_from(sayings) {
        Ok([Saying::Request(request, asked)]) => (request, asked),
        other => panic!("not one request: {other:?}"),
    }
}

fn login(replay: &mut Replay, page: &mut Crmeb, console: &mut Crmeb) {
    says(replay, page, &hello(), &[5, 6]);
    let login =
        json!({"id": 7001, "channel_type": "wechat", "uid": 42, "openid": "openid-test-42"});
    let login = Client::LoginSeed(login.as_object().cloned().expect("an object"));
    asks(replay, 5, &login);
    let online = Online {
        online: true,
        user_type: some("user"),
        tourist: Some(false),
    };
    asks(replay, 6, &Client::Online(online));
    let welcome = page.greeting().expect("nothing is waited for");
    assert_eq!(welcome.me, person("42", "小王", U42, true));
    assert_eq!(welcome.conversations, [head(&talk(), "客服小美", KF9)]);

    let success = Server::Success(None);
    tells(replay, page, 7, (&success, Shape::Seed), Vec::new());
    let online = Server::Online("42".to_owned(), true);
    let roster = ServerFrame::Roster(talk(), vec![person("42", "42", "", true)]);
    tells(replay, console, 9, (&online, Shape::Seed), vec![roster]);
}

fn chat(kind: &str, content: &str) -> Client {
    Client::Chat(Box::new(Chat {
        content: some(content),
        kind: Some(Kind::Word(kind.to_owned())),
        uid: some("42"),
        name: some("小王"),
        avatar: some(U42),
        to_uid: some("9"),
        to_name: some("客服小美"),
        to_avatar: some(KF9),
        channel_type: some("wechat"),
        ..Chat::default()
    }))
}

fn words(replay: &mut Replay, page: &mut Crmeb, console: &mut Crmeb) {
    let words = "你好 \"引号\" <b>x</b>\n第二行 😀";
    says(replay, page, &say(10, &talk(), text(words)), &[10]);
    asks(replay, 10, &chat("text", words));
    let theirs = person("42", "小王", U42, true);
    let row = Row {
        id: some("103"),
        uid: some("42"),
        name: some("小王"),
        avatar: some(U42),
        to_uid: some("9"),
        to_name: some("客服小美"),
        to_avatar: some(KF9),
        ..from_agent("", 1_666_661_600, worded("text", said(words, 1)))
    };
    let heard = message(&talk(), "103", Some(&theirs), 1_666_661_600, text(words));
    let reply = Server::Reply(row);
    let expected = vec![ServerFrame::Message(heard)];
    tells(replay, console, 11, (&reply, Shape::Seed), expected);

    let cup = Product {
        name: some("保温杯"),
        text: some("500ml"),
        price: some("59.90"),
        image: some(CUP),
        ..Product::default()
    };
    let mut shop = worded("shop", said("", 5));
    shop.product = Some(cup);
    let at_url = |kind: &str, number: Option<u64>, url: &str| Said {
        kind: some(kind),
        msn: some(""),
        msn_type: number,
        url: some(url),
        ..Said::default()
    };
    let picture = "https://img.example/p.png";
    let film = "https://img.example/v.mp4";
    let card = Content::Product(Card {
        title: "保温杯".to_owned(),
        text: some("500ml"),
        price: some("59.90"),
        image: some(CUP),
        ..Card::default()
    });
    let agent = person("9", "客服小美", KF9, false);
    for (line, said, content) in [
        (
            12,
            worded("text", said("稍等,我看一下", 1)),
            text("稍等,我看一下"),
        ),
        (13, at_url("img", Some(3), picture), image(picture)),
        (14, shop, card),
        (15, at_url("video", None, film), Content::Video(media(film))),
    ] {
        let id = (line + 92).to_string();
        let at = 1_666_661_593 + i64::try_from(line).expect("small");
        let mut row = from_agent(&id, at, said);
        if line == 15 {
            row.to_name = None;
            row.to_avatar = None;
        }
        let heard = message(&talk(), &id, Some(&agent), at, content);
        let expected = vec![ServerFrame::Message(heard)];
        tells(
            replay,
            page,
            line,
            (&Server::Chat(row), Shape::Seed),
            expected,
        );
    }

    let mine = "https://img.example/mine.png";
    says(replay, page, &say(16, &talk(), image(mine)), &[16]);
    asks(replay, 16, &chat("img", mine));
}

/// A stock server behind a seed page.
fn stock_words(replay: &mut Replay, page: &mut Crmeb) {
    let when = "2022-10-25 09:33:30";
    let echo = Row {
        id: some("108"),
        uid: some("42"),
        to_uid: some("9"),
        name: some("小王"),
        avatar: some("/c42.png"),
        tourist: Some(false),
        read: Some(false),
        created: some(when),
        shown: some(when),
        at: Some(1_666_661_610),
        said: said("回显", 1),
        ..Row::default()
    };
    let mine = person("42", "小王", "/c42.png", true);
    let heard = message(&talk(), "108", Some(&mine), 1_666_661_610, text("回显"));
    let expected = vec![ServerFrame::Message(heard)];
    tells(
        replay,
        page,
        17,
        (&Server::Chat(echo), Shape::Stock),
        expected,
    );

    let cup = Product {
        id: some("77"),
        name: some("保温杯"),
        image: some(CUP),
        price: some("59.90"),
        list_price: some("79.00"),
        stock: Some(10),
        ..Product::default()
    };
    let bought = Product {
        id: None,
        stock: None,
        ..cup.clone()
    };
    let order = Order {
        id: some("wx2022"),
        day: some("2022-10-25"),
        time: some("09:00:00"),
        products: vec![bought],
    };
    let (mut product, mut ordered) = (said("77", 5), said("wx2022", 6));
    product.product = Some(cup);
    ordered.order = Some(order);
    let card = Card {
        id: some("77"),
        title: "保温杯".to_owned(),
        price: some("59.90"),
        image: some(CUP),
        ..Card::default()
    };
    let order_card = Card {
        id: some("wx2022"),
        text: some("2022-10-25 09:00:00"),
        ..card.clone()
    };
    let agent = person("9", "客服小美", "/kf9.png", false);
    for (line, shown, said, content) in [
        (
            18,
            Some("2022-10-25 09:33:31"),
            product,
            Content::Product(card),
        ),
        (
            19,
            Some("2022-10-25 09:33:32"),
            ordered,
            Content::Order(order_card),
        ),
        (20, None, said("[em-smile]", 2), text("😄")),
    ] {
        let id = (line + 91).to_string();
        let at = 1_666_661_593 + i64::try_from(line).expect("small");
        let row = from_stock_agent(&id, at, shown, said);
        let heard = message(&talk(), &id, Some(&agent), at, content);
        let expected = vec![ServerFrame::Message(heard)];
        tells(
            replay,
            page,
            line,
            (&Server::Reply(row), Shape::Stock),
            expected,
        );
    }
}

fn news(replay: &mut Replay, page: &mut Crmeb, console: &mut Crmeb) {
    let unread = Server::Unread(Unread {
        uid: some("9"),
        number: 1,
        record: Some(Record {
            id: some("2"),
            user_id: some("42"),
            to_uid: some("9"),
            name: some("客服小美"),
            avatar: some("/kf9.png"),
            tourist: Some(false),
            updated: Some(1_666_661_614),
            unread: Some(1),
            message: some("在吗"),
            message_type: Some(1),
            ..Record::default()
        }),
    });
    let mut told = head(&talk(), "客服小美", "/kf9.png");
    told.unread = Some(1);
    let last = message(&talk(), "", None, 1_666_661_614, text("在吗"));
    told.last = Some(Box::new(last));
    let expected = vec![ServerFrame::Conversation(told)];
    tells(replay, page, 21, (&unread, Shape::Stock), expected);

    let gone = Server::Online("9".to_owned(), false);
    let agent = person("9", "客服小美", "/kf9.png", false);
    let expected = vec![ServerFrame::Roster(talk(), vec![agent])];
    tells(replay, page, 22, (&gone, Shape::Stock), expected);

    let came = Server::UserOnline("42".to_owned(), true);
    let customer = person("42", "小王", U42, true);
    let expected = vec![ServerFrame::Roster(talk(), vec![customer])];
    tells(replay, console, 23, (&came, Shape::Stock), expected);

    let transfer = Server::ToTransfer(ToTransfer {
        uid: "12".to_owned(),
        name: some("客服小李"),
        avatar: some("/kf12.png"),
    });
    // The same talk goes on, with somebody else.
    let expected = vec![ServerFrame::Conversation(head(
        &talk(),
        "客服小李",
        "/kf12.png",
    ))];
    tells(replay, page, 24, (&transfer, Shape::Stock), expected);

    let tip = Server::ErrTip(ErrTip {
        words: "格式错误".to_owned(),
        retry: None,
    });
    let nack = Nack {
        client_id: client_id(16),
        reason: NackReason::Other("格式错误".to_owned()),
        retry: Retry::Never,
    };
    let expected = vec![ServerFrame::Nack(nack)];
    tells(replay, page, 25, (&tip, Shape::Stock), expected);
    // What is said now goes to the new one.
    let texts = texts(page.encode(&say(99, &talk(), text("您好"))));
    let chat: Value = serde_json::from_str(&texts[0]).expect("JSON");
    assert_eq!(chat["data"]["to_uid"], 12);
    assert_eq!(chat["data"]["to_name"], "客服小李");
}

fn end(replay: &mut Replay, page: &mut Crmeb) {
    let liveness = page.capabilities().liveness;
    let ten = Duration::from_secs(10);
    assert_eq!(liveness.beat, Beat::Quiet(ten));
    let silence = Silence {
        within: ten,
        counts: Counts::Always,
    };
    assert_eq!(liveness.silence, Some(silence));
    let retry = page.capabilities().retry;
    assert_eq!(retry, RetryPolicy::grown_from(Duration::from_secs(5)));
    for line in [26, 28] {
        says(replay, page, &ClientFrame::Ping, &[line]);
        asks(replay, line, &Client::Ping);
    }
    let pong = Server::Ping(Some(1_666_661_624));
    let expected = vec![ServerFrame::Pong(Heads::default())];
    tells(replay, page, 27, (&pong, Shape::Seed), expected);
    let refused = Server::Error("Code Error".to_owned());
    let expected = vec![ServerFrame::Refused(Refusal::BadToken)];
    tells(replay, page, 31, (&refused, Shape::Seed), expected);
    tells(
        replay,
        page,
        32,
        (&Server::Timeout, Shape::Seed),
        Vec::new(),
    );

    let older = fill(&talk(), Part::Before(Seq(1)), 1, Some("101"));
    let (request, asked) = request(page.encode(&ClientFrame::Fill(older)));
    replay.asked(33, &request);
    let body = replay.line(33).request().body.expect("a body");
    let ask = SeedAsk::read(&serde_json::from_str(&body).expect("JSON"));
    let expected = SeedAsk {
        with: "9".to_owned(),
        page: 2,
        limit: 10,
    };
    replay.read(33, Held::GatewayRead, &ask, &Some(expected));
    replay.answered(33, 200, &Page::default().seed());
    let read = page.decode_answer(&asked, &replay.line(33).response());
    let rows = Rows {
        request: RequestId(7),
        conversation: talk(),
        messages: Vec::new(),
        more: false,
    };
    replay.read(
        33,
        Held::PageRead,
        &read,
        &Ok(vec![ServerFrame::Rows(rows)]),
    );

    says(replay, page, &ClientFrame::Leave, &[34]);
    let offline = Online {
        online: false,
        user_type: some("user"),
        tourist: Some(false),
    };
    asks(replay, 34, &Client::Online(offline));
}
