//! The topic transcript, line by line: the page's dialect against what the old
//! page and its server said, and the gateway's types against the same.
//!
//! What is expected is written out here, and never by the types under test.

use parlance_core::content::{Answer, Content};
use parlance_core::dialect::identity::Me;
use parlance_core::dialect::topic::wire;
use parlance_core::dialect::topic::wire::{Chat, Id, Past, Put, Said, Told, Wanted, What};
use parlance_core::dialect::topic::{Topic, TopicConfig};
use parlance_core::dialect::{Asked, Dialect, Saying};
use parlance_core::frame::{
    Anchor, ClientFrame, Fill, Hello, Message, Part, Person, Refusal, Rows, Say, ServerFrame,
};
use parlance_core::ids::{ClientId, ConversationId, MessageId, RequestId, Uid};
use parlance_core::time::UnixMillis;
use parlance_core::wire::{HttpRequest, Wire};

use super::replay::{Direction, Held, Replay};

/// 2018-10-08, 14:30 and so many minutes, eight hours before UTC.
const fn minute(minutes: i64) -> UnixMillis {
    UnixMillis(1_538_980_200_000 + minutes * 60_000)
}

fn topic() -> Topic {
    Topic::new(TopicConfig {
        link: "ws://srv.example/ws".to_owned(),
        api: "https://srv.example/".to_owned(),
        token: "TOK-A".to_owned(),
        me: Me {
            uid: Some("7".to_owned()),
            name: Some("我".to_owned()),
            avatar: Some("https://img.example/me.png".to_owned()),
        },
        uid_is_number: true,
        topic: "R-8".to_owned(),
        stream: "55".to_owned(),
        offset_minutes: 480,
    })
}

fn person(uid: &str, name: &str, avatar: Option<&str>) -> Option<Person> {
    Some(Person {
        uid: Uid::new(uid),
        name: name.to_owned(),
        avatar: avatar.map(str::to_owned),
        online: false,
        last_seen: None,
        host: false,
    })
}

fn message(id: Option<&str>, from: Option<Person>, content: Content, minutes: i64) -> Message {
    Message {
        conversation: ConversationId::room("R-8"),
        seq: None,
        id: id.map(MessageId::new),
        client_id: None,
        from,
        content,
        at: Some(minute(minutes)),
    }
}

fn text(text: &str) -> Content {
    Content::Text(text.to_owned())
}

fn question(text: &str) -> Content {
    Content::Question(text.to_owned())
}

/// An answer of the office, as the wire has it: whom it answers stands beside.
fn answer(question: &str, answer: &str) -> Answer {
    Answer {
        question: question.to_owned(),
        answer: answer.to_owned(),
        organisation: Some("教务处".to_owned()),
        logo: Some("https://img.example/org.png".to_owned()),
        to: None,
        to_uid: None,
    }
}

fn answer_to(name: &str, uid: &str, answer: Answer) -> Content {
    Content::Answer(Answer {
        to: Some(name.to_owned()),
        to_uid: Some(uid.to_owned()),
        ..answer
    })
}

fn office() -> Option<Person> {
    person("org:教务处", "教务处", Some("https://img.example/org.png"))
}

/// What the wire says of one who said something.
fn chat(id: Option<u64>, user: (u64, &str, Option<&str>), content: Content, created: &str) -> Chat {
    Chat {
        id: id.map(Id::Number),
        user: Some(Id::Number(user.0)),
        name: user.1.to_owned(),
        avatar: user.2.map(str::to_owned),
        stream: Some("55".to_owned()),
        content,
        created: Some(created.to_owned()),
    }
}

const ODD: &str = "引号\" 反斜杠\\ 换行\n 😀";
const ME: (u64, &str, Option<&str>) = (7, "我", Some("https://img.example/me.png"));

fn me() -> Option<Person> {
    person("7", "我", Some("https://img.example/me.png"))
}

fn say(content: Content) -> ClientFrame {
    ClientFrame::Say(Say {
        client_id: ClientId::from_bits(1),
        conversation: ConversationId::room("R-8"),
        content,
        said_at: minute(0),
    })
}

fn newest() -> Fill {
    Fill {
        request: RequestId(3),
        conversation: ConversationId::room("R-8"),
        part: Part::Newest,
        anchor: Anchor::default(),
        limit: 50,
    }
}

fn texts(sayings: Vec<Saying>) -> Vec<String> {
    let text = |saying| match saying {
        Saying::Wire(Wire::Text(text)) => text,
        Saying::Wire(Wire::Binary(_)) | Saying::Request(..) => panic!("not a text: {saying:?}"),
    };
    sayings.into_iter().map(text).collect()
}

fn request(sayings: Vec<Saying>) -> (HttpRequest, Asked) {
    match sayings.as_slice() {
        [Saying::Request(request, asked)] => (request.clone(), asked.clone()),
        other => panic!("not one request: {other:?}"),
    }
}

/// What is expected of each live line on both ends.
fn live() -> Vec<(u64, Vec<ServerFrame>, Told)> {
    let third = (5, "丙", Some("https://img.example/c.png"));
    let third_person = person("5", "丙", Some("https://img.example/c.png"));
    let heard =
        |from, content, minutes| vec![ServerFrame::Message(message(None, from, content, minutes))];
    let told = |chat| Told::Chat(Box::new(chat));
    let replied = answer("能回放吗?", "可以,课后 2 小时");
    let reply_from = (7, "我", None);
    vec![
        (
            7,
            heard(third_person, text("我来了"), 3),
            told(chat(None, third, text("我来了"), "2018-10-8 14:33")),
        ),
        (
            9,
            heard(me(), text(ODD), 0),
            told(chat(None, ME, text(ODD), "2018-10-8 14:30")),
        ),
        (
            11,
            heard(me(), question("能回放吗?"), 10),
            told(chat(None, ME, question("能回放吗?"), "2018-10-8 14:40")),
        ),
        (
            12,
            heard(office(), answer_to("我", "7", replied.clone()), 15),
            told(chat(
                None,
                reply_from,
                Content::Answer(replied),
                "2018-10-8 14:45",
            )),
        ),
        (14, Vec::new(), Told::Fine),
        (
            15,
            vec![ServerFrame::Refused(Refusal::BadToken)],
            Told::Trouble(401, "token expired".to_owned()),
        ),
    ]
}

#[test]
fn every_line_of_the_topic_transcript_is_held() {
    let mut replay = Replay::of("topic");
    page_says(&mut replay);
    gateway_hears(&mut replay);
    for (line, frames, told) in live() {
        // Each for itself, as one that comes alone.
        let heard = topic().decode(&replay.line(line).wire());
        replay.read(line, Held::PageRead, &heard, &Ok(frames));
        replay.wrote(line, Held::GatewayWrote, &told.write());
    }
    a_question_that_is_not_json(&mut replay);
    history(&mut replay);
    asking(&mut replay);
    for line in replay.lines() {
        if line.direction == Direction::Event && line.event() == "ws_connect" {
            assert_eq!(topic().link_address(), line.address());
        }
    }
    replay.finish();
}

fn page_says(replay: &mut Replay) {
    let mut topic = topic();
    let hello = ClientFrame::Hello(Hello {
        ticket: None,
        cursors: Vec::new(),
    });
    for (join, heartbeat) in [(5, 6), (19, 20)] {
        topic.reset();
        let said = texts(topic.encode(&hello));
        assert_eq!(said.len(), 2);
        replay.wrote(join, Held::PageWrote, &said[0]);
        replay.wrote(heartbeat, Held::PageWrote, &said[1]);
    }
    let said = texts(topic.encode(&say(text(ODD))));
    assert_eq!(said.len(), 1);
    replay.wrote(8, Held::PageWrote, &said[0]);
    let said = texts(topic.encode(&ClientFrame::Ping));
    assert_eq!(said.len(), 1);
    replay.wrote(13, Held::PageWrote, &said[0]);
}

fn gateway_hears(replay: &mut Replay) {
    let join = || What::Join("R-8".to_owned());
    let talk = What::Talk(
        "R-8".to_owned(),
        Box::new(chat(None, ME, text(ODD), "2018-10-8 14:30")),
    );
    for (line, what) in [
        (5, join()),
        (6, What::Heartbeat),
        (8, talk),
        (13, What::Heartbeat),
        (19, join()),
        (20, What::Heartbeat),
    ] {
        let token = "TOK-A".to_owned();
        let read = Said::read(replay.line(line).frame());
        replay.read(line, Held::GatewayRead, &read, &Ok(Said { token, what }));
    }
}

fn a_question_that_is_not_json(replay: &mut Replay) {
    let shown = ServerFrame::Message(Message {
        at: None,
        ..message(None, person("name:坏", "坏", None), question("not json"), 0)
    });
    let read = topic().decode(&replay.line(16).wire());
    replay.read(16, Held::PageRead, &read, &Ok(vec![shown]));
}

fn history(replay: &mut Replay) {
    const LINE: u64 = 2;
    let mut topic = topic();
    let (asks, asked) = request(topic.encode(&ClientFrame::Fill(newest())));
    replay.asked(LINE, &asks);
    assert_eq!(asked, Asked::Page(newest()));

    let a = (3, "甲", Some("https://img.example/a.png"));
    let b = (4, "乙", Some("https://img.example/b.png"));
    let when = question("什么时候开课?");
    let tomorrow = answer("什么时候开课?", "明天 9 点");
    let rows = Rows {
        request: RequestId(3),
        conversation: ConversationId::room("R-8"),
        messages: vec![
            message(Some("900"), person("3", a.1, a.2), text("大家好"), 0),
            message(Some("901"), person("4", b.1, b.2), when.clone(), 1),
            message(
                Some("902"),
                office(),
                answer_to("乙", "4", tomorrow.clone()),
                2,
            ),
        ],
        more: false,
    };
    let read = topic.decode_answer(&asked, &replay.line(LINE).response());
    replay.read(
        LINE,
        Held::PageRead,
        &read,
        &Ok(vec![ServerFrame::Rows(rows)]),
    );

    let got = replay.line(LINE).request();
    let (path, query) = got.url.split_once('?').expect("a query");
    assert!(path.ends_with(wire::HISTORY));
    let parameters = query.split('&').filter_map(|pair| pair.split_once('='));
    let wanted = Wanted {
        page: 1,
        kind: String::new(),
        rows: 1_000,
        stream: "55".to_owned(),
    };
    replay.read(
        LINE,
        Held::GatewayRead,
        &Wanted::read(parameters),
        &Some(wanted),
    );
    let chats = vec![
        chat(Some(900), a, text("大家好"), "2018-10-8 14:30"),
        chat(Some(901), b, when, "2018-10-8 14:31"),
        chat(
            Some(902),
            (4, "乙", None),
            Content::Answer(tomorrow),
            "2018-10-8 14:32",
        ),
    ];
    let rows = wire::Rows {
        chats,
        count: 3,
        me: None,
    };
    replay.answered(LINE, 200, &Past::Rows(rows).write());
}

fn asking(replay: &mut Replay) {
    const LINE: u64 = 10;
    let mut topic = topic();
    let (asks, asked) = request(topic.encode(&say(question("能回放吗?"))));
    replay.asked(LINE, &asks);
    let room = ConversationId::room("R-8");
    assert_eq!(asked, Asked::Say(ClientId::from_bits(1), room));
    // Accepted, and nothing proved.
    let read = topic.decode_answer(&asked, &replay.line(LINE).response());
    replay.read(LINE, Held::PageRead, &read, &Ok(Vec::new()));

    let body = replay.line(LINE).request().body.expect("a body");
    let body = serde_json::from_str(&body).expect("JSON");
    let put = Put {
        stream: "55".to_owned(),
        question: "能回放吗?".to_owned(),
        answer: None,
    };
    replay.read(
        LINE,
        Held::GatewayRead,
        &Put::read_question(&body),
        &Ok(put),
    );
    replay.answered(LINE, 200, &wire::write_put_answer(wire::OK, None));
}
