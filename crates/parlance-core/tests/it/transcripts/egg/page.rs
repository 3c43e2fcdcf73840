//! What the page makes of each line that comes on the socket, written out by
//! hand.

use parlance_core::content::{Content, Media};
use parlance_core::frame::{ConversationHead, Heads, Message, Person, Refusal, ServerFrame};
use parlance_core::ids::{ConversationId, MessageId, Seq, Uid};
use parlance_core::time::UnixMillis;

pub(super) fn pair(other: &str) -> ConversationId {
    ConversationId::pair(Uid::new("6"), Uid::new(other))
}

fn named(conversation: ConversationId, title: &str, avatar: Option<&str>) -> ServerFrame {
    ServerFrame::Conversation(ConversationHead {
        avatar: avatar.map(str::to_owned),
        ..head(conversation, Some(title))
    })
}

pub(super) fn head(conversation: ConversationId, title: Option<&str>) -> ConversationHead {
    ConversationHead {
        conversation,
        title: title.map(str::to_owned),
        avatar: None,
        head: Seq(0),
        unread: None,
        read: None,
        last: None,
    }
}

fn heard(
    conversation: ConversationId,
    id: &str,
    from: Option<(&str, &str, &str)>,
    content: Content,
    at: i64,
) -> ServerFrame {
    ServerFrame::Message(Message {
        conversation,
        seq: None,
        id: Some(MessageId::new(id)),
        client_id: None,
        from: from.map(|(uid, name, avatar)| Person {
            uid: Uid::new(uid),
            name: name.to_owned(),
            avatar: Some(avatar.to_owned()),
            online: false,
            last_seen: None,
            host: false,
        }),
        content,
        at: Some(UnixMillis(at)),
    })
}

const TEN: (&str, &str, &str) = ("10", "my10", "https://egg.example/public/uploads/u10.png");
const LATER: i64 = 1_753_934_400_000;

/// What the page makes of each line that comes on the socket.
pub(super) fn expected(number: u64) -> Vec<ServerFrame> {
    let text = |text: &str| Content::Text(text.to_owned());
    let notice = |text: &str| Content::Notice(text.to_owned());
    let ten = |id, content| vec![heard(pair("10"), id, Some(TEN), content, LATER)];
    match number {
        4 => Vec::new(),
        5 => vec![
            named(
                pair("redirect-myQrcode-6"),
                "我的二维码",
                Some("https://img.example/qr.png"),
            ),
            heard(
                pair("redirect-myQrcode-6"),
                "n1",
                None,
                notice("展示给别人加你为好友"),
                1_753_934_390_001,
            ),
        ],
        7 => vec![
            named(pair("10"), "my10", Some(TEN.2)),
            heard(
                pair("10"),
                "off1",
                Some(TEN),
                text("你不在时发的"),
                1_753_930_000_000,
            ),
        ],
        11 => ten("r1", text("收到")),
        12 => ten("r2", text("😀")),
        13 => ten(
            "r3",
            Content::Image(Media {
                url: "https://img.example/en.gif".to_owned(),
                name: Some("嗯，哼".to_owned()),
                ..Media::default()
            }),
        ),
        14 => ten(
            "r4",
            Content::Image(Media {
                url: "https://egg.example/public/uploads/Diy/chatImgs/20250310/1.png".to_owned(),
                ..Media::default()
            }),
        ),
        15 => ten(
            "r5",
            Content::Video(Media {
                url: "https://img.example/v.mp4".to_owned(),
                poster: Some("https://img.example/cover.png".to_owned()),
                duration: Some(12_000),
                ..Media::default()
            }),
        ),
        16 => ten(
            "r6",
            Content::Voice(Media {
                url: "https://img.example/a.mp3".to_owned(),
                duration: Some(3_000),
                ..Media::default()
            }),
        ),
        17 => vec![
            named(
                ConversationId::room("33"),
                "技术群",
                Some("https://egg.example/x.png"),
            ),
            heard(
                ConversationId::room("33"),
                "g1",
                Some(("1", "my1", "https://egg.example/public/uploads/u1.png")),
                text("群消息"),
                LATER,
            ),
        ],
        18 => vec![heard(
            ConversationId::room("33"),
            "g2",
            None,
            notice("my06创建了一个群，大家可以开始聊天了"),
            LATER,
        )],
        19 => vec![ServerFrame::Recalled(
            pair("10"),
            MessageId::new("r1"),
            "my10撤回了一条消息".to_owned(),
        )],
        26 => vec![ServerFrame::Pong(Heads::default())],
        27 => vec![ServerFrame::Ping(Heads::default())],
        29 => vec![ServerFrame::Refused(Refusal::TakenOver)],
        32 => vec![ServerFrame::Refused(Refusal::BadToken)],
        other => panic!("line {other} does not come on the socket"),
    }
}
