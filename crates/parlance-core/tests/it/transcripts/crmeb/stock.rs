//! The talk with a stock server, as it was caught: an agent K, a customer U, a
//! tourist G, a seed page X, one with a bad token Y, and Z who said nothing.

use parlance_core::dialect::crmeb::rows::Record;
use parlance_core::dialect::crmeb::wire::{Chat, ErrTip, Kind, Online, ToChat, Unread};
use parlance_core::frame::{Heads, Limits, Nack, NackReason, Refusal, Retry, Welcome};
use parlance_core::ids::Epoch;
use serde_json::json;

use super::*;

const XIAOWANG: &str = "客户小王";
const XIAOMEI: &str = "客服小美";
const FORMAT: &str = "格式错误";

fn agent() -> Crmeb {
    let mine = me("1", XIAOMEI, "/kefu.png");
    let to = me("7", "", "");
    let config = launch(Form::Stock, Role::Agent, mine, to, "<jwt kefu>");
    Crmeb::new(config)
}

fn customer_config(token: &str) -> CrmebConfig {
    let to = me("1", XIAOMEI, "/kefu.png");
    launch(
        Form::Stock,
        Role::Customer,
        me("7", XIAOWANG, "/c7.png"),
        to,
        token,
    )
}

fn customer() -> Crmeb {
    Crmeb::new(customer_config("<jwt 7>"))
}

fn tourist() -> Crmeb {
    let mine = me("99001", "", "/t.png");
    let to = me("1", "", "");
    Crmeb::new(launch(Form::Stock, Role::Customer, mine, to, ""))
}

/// A page in the seed form, on the stock server.
fn seed_page() -> Crmeb {
    let mine = me("7", "n", "a");
    let to = me("1", "k", "b");
    let config = launch(Form::Seed, Role::Customer, mine, to, "t");
    Crmeb::new(with_login(config, json!({"id": 3, "openid": "o"})))
}

fn talk() -> ConversationId {
    pair("1", "7")
}

fn xiaowang(online: bool) -> Person {
    person("7", XIAOWANG, "/c7.png", online)
}

fn xiaomei(online: bool) -> Person {
    person("1", XIAOMEI, "/kefu.png", online)
}

/// A row as the server keeps it; `when` is the second within 16:50.
fn row(id: &str, from: (&str, &str, &str), to: &str, when: i64, said: Said) -> Row {
    let stamp = format!("2026-11-20 16:50:{when}");
    Row {
        id: some(id),
        uid: some(from.0),
        name: some(from.1),
        avatar: some(from.2),
        to_uid: some(to),
        tourist: Some(false),
        read: Some(true),
        created: some(&stamp),
        updated: some(&stamp),
        shown: some(&stamp),
        at: Some(1_795_164_600 + when),
        said,
        ..Row::default()
    }
}

const U: (&str, &str, &str) = ("7", XIAOWANG, "/c7.png");
const K: (&str, &str, &str) = ("1", XIAOMEI, "/kefu.png");

/// A conversation that was there before.
fn kept(
    id: &str,
    user: &str,
    with: (&str, &str, &str),
    when: (i64, i64),
    last: (&str, u64),
) -> Record {
    Record {
        id: some(id),
        user_id: some(user),
        to_uid: some(with.0),
        name: some(with.1),
        avatar: some(with.2),
        tourist: Some(false),
        online: Some(false),
        form_type: Some(2),
        added: Some(1_795_164_600 + when.0),
        updated: Some(1_795_164_600 + when.1),
        unread: Some(0),
        message: some(last.0),
        message_type: Some(last.1),
        created: None,
    }
}

/// One that was just made.
fn made(record: Record, created: &str) -> Record {
    Record {
        online: None,
        created: some(created),
        updated: record.added,
        ..record
    }
}

fn heard(id: &str, from: &Person, when: i64, content: Content) -> Vec<ServerFrame> {
    let message = message(&talk(), id, Some(from), 1_795_164_600 + when, content);
    vec![ServerFrame::Message(message)]
}

fn looked_at(uid: &str) -> Server {
    Server::Unread(Unread {
        uid: some(uid),
        ..Unread::default()
    })
}

fn tip(words: &str) -> Server {
    Server::ErrTip(ErrTip {
        words: words.to_owned(),
        retry: None,
    })
}

fn stock_chat(msn: &str, number: u64, to: Option<&str>, form_type: Option<u64>) -> Chat {
    Chat {
        msn: some(msn),
        kind: Some(Kind::Number(number)),
        to_uid: to.map(str::to_owned),
        form_type: form_type.map(Value::from),
        ..Chat::default()
    }
}

fn client(chat: Chat) -> Client {
    Client::Chat(Box::new(chat))
}

fn login(token: &str, form_type: Option<u64>) -> Client {
    let more = form_type.map(|it| ("form_type".to_owned(), Value::from(it)));
    Client::LoginStock(token.to_owned(), more.into_iter().collect())
}

/// Who talks to the stock server.
struct Pages {
    k: Crmeb,
    u: Crmeb,
    g: Crmeb,
}

#[test]
fn every_line_of_the_talk_with_a_stock_server_is_held() {
    let mut replay = Replay::of("live_crmeb_workerman");
    let mut pages = Pages {
        k: agent(),
        u: customer(),
        g: tourist(),
    };
    logins(&mut replay, &mut pages);
    first_words(&mut replay, &mut pages);
    more_words(&mut replay, &mut pages);
    refusals(&mut replay, &mut pages);
    presence(&mut replay, &mut pages);
    a_tourist(&mut replay, &mut pages);
    refused_logins(&mut replay);
    silence(&mut replay, &mut pages);
    replay.finish();
}

fn logins(replay: &mut Replay, pages: &mut Pages) {
    let Pages { k, u, .. } = pages;
    let texts = texts(k.encode(&hello()));
    replay.wrote(1, Held::PageWrote, &texts[0]);
    asks(replay, 1, &Client::KefuLogin("<jwt kefu>".to_owned()));
    let welcome = |me: Person, title: Option<&str>, avatar: Option<&str>| {
        let known = ConversationHead {
            title: title.map(str::to_owned),
            avatar: avatar.map(str::to_owned),
            ..head(&talk(), "", "")
        };
        vec![ServerFrame::Welcome(Welcome {
            me,
            epoch: Epoch::new("local"),
            spread: std::time::Duration::from_secs(1),
            ping_every: None,
            limits: Limits::default(),
            conversations: vec![known],
        })]
    };
    let success = (&Server::Success(None), Shape::Stock);
    assert_eq!(k.greeting(), None, "a stock server answers");
    tells(replay, k, 2, success, welcome(xiaomei(true), None, None));

    says(replay, u, &hello(), &[3]);
    asks(replay, 3, &login("<jwt 7>", Some(2)));
    let came = Server::UserOnline("7".to_owned(), true);
    let roster = ServerFrame::Roster(talk(), vec![person("7", "7", "", true)]);
    tells(replay, k, 4, (&came, Shape::Stock), vec![roster]);
    let expected = welcome(xiaowang(true), Some(XIAOMEI), Some("/kefu.png"));
    tells(replay, u, 5, success, expected);

    says(replay, u, &ClientFrame::Ping, &[6]);
    asks(replay, 6, &Client::Ping);
    for (line, now) in [(7, 1_795_164_626), (9, 1_795_164_627)] {
        let pong = Server::Ping(Some(now));
        let expected = vec![ServerFrame::Pong(Heads::default())];
        tells(replay, u, line, (&pong, Shape::Stock), expected);
    }
    // No page says it; a gateway answers it as the server did.
    assert!(Client::read(replay.line(8).frame()).is_err());
    replay.holds(8, Held::GatewayRead);
}

fn first_words(replay: &mut Replay, pages: &mut Pages) {
    let Pages { k, u, .. } = pages;
    let to_chat = |with: &str| {
        Client::ToChat(ToChat {
            with: some(with),
            tourist: None,
        })
    };
    says(replay, u, &ClientFrame::Open(talk()), &[10]);
    asks(replay, 10, &to_chat("1"));
    let mut told = head(&talk(), XIAOMEI, "/kefu.png");
    told.unread = Some(0);
    let expected = vec![ServerFrame::Conversation(told.clone())];
    tells(replay, u, 11, (&looked_at("1"), Shape::Stock), expected);

    let words = "你好 <b>bold</b>\nline2 & \"q\"";
    let kept_words = "你好 boldline2 & \"q\"";
    says(replay, u, &say(12, &talk(), text(words)), &[12]);
    asks(
        replay,
        12,
        &client(stock_chat(words, 1, Some("1"), Some(2))),
    );
    let mut echo = row("19", U, "1", 28, said(kept_words, 1));
    echo.read = Some(false);
    let expected = heard("19", &xiaowang(true), 28, text(kept_words));
    tells(replay, u, 13, (&Server::Chat(echo), Shape::Stock), expected);
    assert!(u.is_echo(&text(words), &text(kept_words)));

    let record = Record {
        unread: Some(1),
        ..kept("1", "1", U, (28, 28), (kept_words, 1))
    };
    let unread = Server::Unread(Unread {
        uid: some("7"),
        number: 1,
        record: Some(made(record, "2026-11-20 16:50:28")),
    });
    let mut listed = head(&talk(), XIAOWANG, "/c7.png");
    listed.unread = Some(1);
    let last = message(&talk(), "", None, 1_795_164_628, text(kept_words));
    listed.last = Some(Box::new(last));
    let expected = vec![ServerFrame::Conversation(listed.clone())];
    tells(replay, k, 14, (&unread, Shape::Stock), expected);

    says(replay, k, &ClientFrame::Open(talk()), &[15]);
    asks(replay, 15, &to_chat("7"));
    listed.unread = Some(0);
    listed.last = None;
    let expected = vec![ServerFrame::Conversation(listed)];
    tells(replay, k, 16, (&looked_at("7"), Shape::Stock), expected);
}

fn more_words(replay: &mut Replay, pages: &mut Pages) {
    let Pages { k, u, .. } = pages;
    for (line, id, words, number, shown, when) in [
        (17, "20", "[em-smile]", 2, "😄", 29),
        (23, "22", "退款", 1, "退款", 30),
    ] {
        if line == 23 {
            a_picture(replay, k, u);
        }
        says(replay, u, &say(line, &talk(), text(words)), &[line]);
        let chat = stock_chat(words, number, Some("1"), Some(2));
        asks(replay, line, &client(chat));
        let mut row = row(id, U, "1", when, said(words, number));
        let expected = heard(id, &xiaowang(true), when, text(shown));
        let echo = Server::Chat(row.clone());
        tells(replay, u, line + 1, (&echo, Shape::Stock), expected.clone());
        row.record = Some(kept("1", "1", U, (28, when), (words, number)));
        let reply = Server::Reply(row);
        tells(replay, k, line + 2, (&reply, Shape::Stock), expected);
    }
    // An automatic reply: no name, no picture, no cards.
    let words = "退款请提供订单号";
    let mut automatic = row("23", K, "7", 30, said(words, 1));
    automatic.name = None;
    automatic.avatar = None;
    automatic.record = Some(kept("2", "7", K, (29, 30), (words, 1)));
    let expected = heard("23", &xiaomei(false), 30, text(words));
    let reply = Server::Reply(automatic);
    tells(replay, u, 26, (&reply, Shape::Stock), expected);
}

fn a_picture(replay: &mut Replay, k: &mut Crmeb, u: &mut Crmeb) {
    let url = "http://x/p.png";
    says(replay, k, &say(20, &talk(), image(url)), &[20]);
    let chat = Chat {
        tourist: Some(false),
        ..stock_chat(url, 3, Some("7"), None)
    };
    asks(replay, 20, &client(chat));
    let mut row = row("21", K, "7", 29, said(url, 3));
    let mine = heard("21", &xiaomei(true), 29, image(url));
    let echo = Server::Chat(row.clone());
    tells(replay, k, 21, (&echo, Shape::Stock), mine);
    let record = Record {
        form_type: Some(0),
        ..kept("2", "7", K, (29, 29), (url, 3))
    };
    row.record = Some(made(record, "2026-11-20 16:50:29"));
    let theirs = heard("21", &xiaomei(false), 29, image(url));
    tells(replay, u, 22, (&Server::Reply(row), Shape::Stock), theirs);
}

fn refusals(replay: &mut Replay, pages: &mut Pages) {
    let u = &mut pages.u;
    let refused = |number: u64, words: &str| {
        vec![ServerFrame::Nack(Nack {
            client_id: client_id(number),
            reason: NackReason::Other(words.to_owned()),
            retry: Retry::Never,
        })]
    };
    // What no page says, and a gateway understands well enough to refuse it.
    asks(replay, 27, &client(stock_chat("x", 9, Some("1"), None)));
    let worded = Chat {
        kind: Some(Kind::Word("text".to_owned())),
        ..stock_chat("x", 0, Some("1"), None)
    };
    asks(replay, 29, &client(worded));
    asks(replay, 33, &client(stock_chat("x", 1, None, None)));

    // Somebody else, without a form_type, says it to 7.
    let config = CrmebConfig {
        me: me("8", "", ""),
        ..customer_config("<jwt 8>")
    };
    let mut other = Crmeb::new(with_login(config, json!({"form_type": null})));
    says(
        replay,
        &mut other,
        &say(31, &pair("7", "8"), text("x")),
        &[31],
    );
    asks(replay, 31, &client(stock_chat("x", 1, Some("7"), None)));

    let mut seed = seed_page();
    let words = "seed style";
    says(replay, &mut seed, &say(35, &talk(), text(words)), &[35]);
    let chat = Chat {
        content: some(words),
        kind: Some(Kind::Word("text".to_owned())),
        uid: some("7"),
        name: some("n"),
        avatar: some("a"),
        to_uid: some("1"),
        to_name: some("k"),
        to_avatar: some("b"),
        channel_type: some("wechat"),
        ..Chat::default()
    };
    asks(replay, 35, &client(chat));

    for (line, words) in [
        (28, FORMAT),
        (30, FORMAT),
        (32, "不能和自己聊天"),
        (34, "用户不存在"),
    ] {
        let _said = u.encode(&say(line, &talk(), text("x")));
        let expected = refused(line, words);
        tells(replay, u, line, (&tip(words), Shape::Stock), expected);
    }
    let expected = refused(35, FORMAT);
    tells(
        replay,
        &mut seed,
        36,
        (&tip(FORMAT), Shape::Stock),
        expected,
    );
}

fn presence(replay: &mut Replay, pages: &mut Pages) {
    let Pages { k, u, .. } = pages;
    let mut seed = seed_page();
    let hello = texts(seed.encode(&hello()));
    replay.wrote(37, Held::PageWrote, &hello[1]);
    let online = Online {
        online: true,
        user_type: some("user"),
        tourist: Some(false),
    };
    asks(replay, 37, &Client::Online(online));
    let came = Server::Online("7".to_owned(), true);
    let expected = vec![ServerFrame::Roster(talk(), vec![xiaowang(true)])];
    tells(replay, k, 38, (&came, Shape::Stock), expected);

    says(replay, k, &ClientFrame::Leave, &[39]);
    asks(replay, 39, &Client::Online(Online::default()));
    let went = Server::Online("1".to_owned(), false);
    let expected = vec![ServerFrame::Roster(talk(), vec![xiaomei(false)])];
    tells(replay, u, 40, (&went, Shape::Stock), expected);
    asks(replay, 41, &Client::Unknown("unknown_type".to_owned()));
}

fn a_tourist(replay: &mut Replay, pages: &mut Pages) {
    let Pages { k, g, .. } = pages;
    let talk = pair("1", "99001");
    assert!(g.greeting().is_some(), "nothing is asked, nothing answers");
    says(replay, g, &hello(), &[]);
    says(replay, g, &ClientFrame::Open(talk.clone()), &[42]);
    let to_chat = ToChat {
        with: some("1"),
        tourist: some("99001"),
    };
    asks(replay, 42, &Client::ToChat(to_chat));
    let mut told = ConversationHead {
        title: None,
        avatar: None,
        ..head(&talk, "", "")
    };
    told.unread = Some(0);
    let expected = vec![ServerFrame::Conversation(told)];
    tells(replay, g, 43, (&looked_at("1"), Shape::Stock), expected);

    let words = "游客来了";
    says(replay, g, &say(44, &talk, text(words)), &[44]);
    let chat = Chat {
        tourist: Some(true),
        tourist_uid: some("99001"),
        tourist_avatar: some("/t.png"),
        ..stock_chat(words, 1, Some("1"), None)
    };
    asks(replay, 44, &client(chat));
    let from = ("99001", "游客99001", "/t.png");
    let mut echo = row("24", from, "1", 35, said(words, 1));
    echo.read = Some(false);
    echo.tourist = Some(true);
    let mine = person("99001", from.1, from.2, true);
    let heard = message(&talk, "24", Some(&mine), 1_795_164_635, text(words));
    let expected = vec![ServerFrame::Message(heard)];
    tells(replay, g, 45, (&Server::Chat(echo), Shape::Stock), expected);

    let record = Record {
        tourist: Some(true),
        form_type: Some(0),
        unread: Some(1),
        ..kept("3", "1", from, (35, 35), (words, 1))
    };
    let unread = Server::Unread(Unread {
        uid: some("99001"),
        number: 1,
        record: Some(made(record, "2026-11-20 16:50:35")),
    });
    let mut listed = head(&talk, from.1, from.2);
    listed.unread = Some(1);
    let last = message(&talk, "", None, 1_795_164_635, text(words));
    listed.last = Some(Box::new(last));
    let expected = vec![ServerFrame::Conversation(listed)];
    tells(replay, k, 46, (&unread, Shape::Stock), expected);
}

fn refused_logins(replay: &mut Replay) {
    let mut seed = seed_page();
    let hello = hello();
    let texts = texts(seed.encode(&hello));
    replay.wrote(47, Held::PageWrote, &texts[0]);
    let object = json!({"id": 3, "channel_type": "wechat", "uid": 7, "openid": "o"});
    let object = object.as_object().cloned().expect("an object");
    asks(replay, 47, &Client::LoginSeed(object));

    let config = customer_config("bad.token.here");
    let mut bad = Crmeb::new(with_login(config, json!({"form_type": null})));
    says(replay, &mut bad, &hello, &[48]);
    asks(replay, 48, &login("bad.token.here", None));
    let refused = Server::Error("Code Error".to_owned());
    let expected = vec![ServerFrame::Refused(Refusal::BadToken)];
    tells(replay, &mut bad, 49, (&refused, Shape::Stock), expected);
}

fn silence(replay: &mut Replay, pages: &mut Pages) {
    let Pages { k, u, g } = pages;
    for (line, now) in [
        (51, 1_795_164_646),
        (60, 1_795_164_654),
        (61, 1_795_164_662),
    ] {
        let pong = Server::Ping(Some(now));
        let expected = vec![ServerFrame::Pong(Heads::default())];
        tells(replay, k, line, (&pong, Shape::Stock), expected);
    }
    let timeout = (&Server::Timeout, Shape::Stock);
    tells(replay, u, 52, timeout, Vec::new());
    tells(replay, g, 55, timeout, Vec::new());
    tells(replay, &mut seed_page(), 57, timeout, Vec::new());
    tells(replay, &mut customer(), 62, timeout, Vec::new());
    let went = Server::UserOnline("7".to_owned(), false);
    let expected = vec![ServerFrame::Roster(talk(), vec![xiaowang(false)])];
    tells(replay, k, 53, (&went, Shape::Stock), expected);
    let went = Server::UserOnline("99001".to_owned(), false);
    let tourist = person("99001", "游客99001", "/t.png", false);
    let expected = vec![ServerFrame::Roster(pair("1", "99001"), vec![tourist])];
    tells(replay, k, 56, (&went, Shape::Stock), expected);
}
