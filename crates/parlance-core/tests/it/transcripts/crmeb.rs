//! Every line of the talk with the CRMEB backends, in the seed pages' form and
//! with a stock server, through the page's dialect and through the types that
//! the gateway reads and writes with.
//!
//! What is expected is written out here by hand: nothing is read and written
//! by the same code.

use parlance_core::content::{Card, Content, Media};
use parlance_core::dialect::crmeb::rows::{Order, Position, Product, Row, Said, Shape};
use parlance_core::dialect::crmeb::wire::{Client, Server};
use parlance_core::dialect::crmeb::{Crmeb, CrmebConfig, Form, Role};
use parlance_core::dialect::identity::Me;
use parlance_core::dialect::{Dialect, Saying};
use parlance_core::frame::{
    Anchor, ClientFrame, ConversationHead, Fill, Hello, Message, Part, Person, Say, ServerFrame,
};
use parlance_core::ids::{ClientId, ConversationId, MessageId, RequestId, Seq, Uid};
use parlance_core::time::UnixMillis;
use parlance_core::wire::Wire;
use serde_json::{Map, Value};

use super::replay::{Direction, Held, Replay};

mod seed;
mod stock;

// ---- who is who ---------------------------------------------------------------

fn me(uid: &str, name: &str, avatar: &str) -> Me {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Me {
        uid: some(uid),
        name: some(name),
        avatar: some(avatar),
    }
}

fn launch(form: Form, role: Role, mine: Me, to: Me, token: &str) -> CrmebConfig {
    CrmebConfig {
        form,
        link: "wss://chat.example/msg".to_owned(),
        api: "https://api.example".to_owned(),
        token: (!token.is_empty()).then(|| token.to_owned()),
        role,
        me: mine,
        to: Some(to),
        login: Map::new(),
        upload: None,
    }
}

fn with_login(config: CrmebConfig, login: Value) -> CrmebConfig {
    CrmebConfig {
        login: login.as_object().cloned().expect("a login is an object"),
        ..config
    }
}

// ---- what a page says -----------------------------------------------------------

fn hello() -> ClientFrame {
    ClientFrame::Hello(Hello {
        ticket: None,
        cursors: Vec::new(),
    })
}

fn say(number: u64, conversation: &ConversationId, content: Content) -> ClientFrame {
    ClientFrame::Say(Say {
        client_id: client_id(number),
        conversation: conversation.clone(),
        content,
        said_at: UnixMillis(0),
    })
}

fn client_id(number: u64) -> ClientId {
    ClientId::from_bits(u128::from(number))
}

fn fill(conversation: &ConversationId, part: Part, pages: u32, oldest: Option<&str>) -> Fill {
    Fill {
        request: RequestId(7),
        conversation: conversation.clone(),
        part,
        anchor: Anchor {
            pages,
            oldest: oldest.map(MessageId::new),
        },
        limit: 50,
    }
}

fn texts(sayings: Vec<Saying>) -> Vec<String> {
    let text = |saying| match saying {
        Saying::Wire(Wire::Text(text)) => Some(text),
        Saying::Wire(Wire::Binary(_)) | Saying::Request(..) => None,
    };
    sayings.into_iter().filter_map(text).collect()
}

#[track_caller]
fn says(replay: &mut Replay, page: &mut Crmeb, frame: &ClientFrame, lines: &[u64]) {
    let texts = texts(page.encode(frame));
    assert_eq!(texts.len(), lines.len(), "{texts:?}");
    for (text, line) in texts.iter().zip(lines) {
        replay.wrote(*line, Held::PageWrote, text);
    }
}

/// The gateway understands the client's line so.
#[track_caller]
fn asks(replay: &mut Replay, line: u64, expected: &Client) {
    let read = Client::read(replay.line(line).frame()).expect("it can be read");
    replay.read(line, Held::GatewayRead, &read, expected);
}

/// The gateway says the server's line, and the page understands it so.
#[track_caller]
fn tells(
    replay: &mut Replay,
    page: &mut Crmeb,
    line: u64,
    (frame, shape): (&Server, Shape),
    expected: Vec<ServerFrame>,
) {
    replay.wrote(line, Held::GatewayWrote, &frame.text(shape));
    let read = page.decode(&replay.line(line).wire());
    replay.read(line, Held::PageRead, &read, &Ok(expected));
}

// ---- what is expected -----------------------------------------------------------

fn pair(one: &str, other: &str) -> ConversationId {
    ConversationId::pair(Uid::new(one), Uid::new(other))
}

fn person(uid: &str, name: &str, avatar: &str, online: bool) -> Person {
    Person {
        uid: Uid::new(uid),
        name: name.to_owned(),
        avatar: (!avatar.is_empty()).then(|| avatar.to_owned()),
        online,
        last_seen: None,
        host: false,
    }
}

fn message(
    conversation: &ConversationId,
    id: &str,
    from: Option<&Person>,
    seconds: i64,
    content: Content,
) -> Message {
    Message {
        conversation: conversation.clone(),
        seq: None,
        id: (!id.is_empty()).then(|| MessageId::new(id)),
        client_id: None,
        from: from.cloned(),
        content,
        at: Some(UnixMillis(seconds * 1000)),
    }
}

fn text(text: &str) -> Content {
    Content::Text(text.to_owned())
}

fn image(url: &str) -> Content {
    Content::Image(media(url))
}

fn media(url: &str) -> Media {
    Media {
        url: url.to_owned(),
        ..Media::default()
    }
}

fn head(conversation: &ConversationId, title: &str, avatar: &str) -> ConversationHead {
    ConversationHead {
        conversation: conversation.clone(),
        title: Some(title.to_owned()),
        avatar: Some(avatar.to_owned()),
        head: Seq(0),
        unread: None,
        read: None,
        last: None,
    }
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn said(msn: &str, msn_type: u64) -> Said {
    Said {
        msn: some(msn),
        msn_type: Some(msn_type),
        ..Said::default()
    }
}
