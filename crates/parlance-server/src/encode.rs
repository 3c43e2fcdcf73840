//! From what the store has to what stands on the wire, each message once for
//! all its readers.
//!
//! Knows nothing of rights: who may see a message is decided before.

use std::fmt::Write as _;
use std::sync::{Arc, OnceLock};

use parlance_core::dialect::native::wire;
use parlance_core::ids::{ConversationId, Seq, Uid};

use crate::store::{Message, Person, Summary, weight};

/// A person, as others see them.
pub(crate) fn person(person: &Person, online: bool) -> wire::Person {
    wire::Person {
        uid: person.uid.as_str().to_owned(),
        name: person.name.clone(),
        avatar: person.avatar.clone(),
        online,
        seen: person.seen,
        host: person.host,
    }
}

/// A message, as this reader sees it: the sender alone gets the client id back.
pub(crate) fn message(message: &Message, reader: &Uid) -> wire::Message {
    let mine = message
        .from
        .as_ref()
        .is_some_and(|from| from.uid == *reader);
    let mut seen = anybodys(message);
    if mine {
        seen.cid = message
            .client_id
            .as_ref()
            .map(|cid| cid.as_str().to_owned());
    }
    seen
}

fn anybodys(message: &Message) -> wire::Message {
    wire::Message {
        seq: message.seq.0,
        id: message.id.clone(),
        cid: None,
        from: message.from.as_ref().map(|from| person(from, false)),
        body: message.body.clone(),
        ts: message.at,
    }
}

/// A conversation in this reader's list.
pub(crate) fn head(summary: &Summary, reader: &Uid) -> wire::ConversationHead {
    wire::ConversationHead {
        conv: summary.conversation.to_string(),
        title: summary.title.clone(),
        avatar: summary.avatar.clone(),
        seq: summary.head.0,
        unread: summary.unread,
        read: summary.read.0,
        last: summary.last.as_ref().map(|last| message(last, reader)),
    }
}

/// A server frame as JSON, without its number.
pub(crate) fn frame(frame: &wire::Server) -> Arc<str> {
    // Text keys and finite numbers: there is nothing that JSON cannot say.
    serde_json::to_string(frame).unwrap_or_default().into()
}

/// Puts the number of a link's frame into a frame's JSON.
pub(crate) fn numbered(n: u64, frame: &str) -> String {
    let rest = frame.strip_prefix('{').unwrap_or(frame);
    let mut text = String::with_capacity(rest.len() + 28);
    let _ = write!(text, "{{\"n\":{n},");
    text.push_str(rest);
    text
}

/// What is told everybody alike: written at most once, and only when a native
/// link is among them.
#[derive(Debug)]
pub(crate) struct Told {
    /// What.
    pub(crate) frame: wire::Server,
    text: OnceLock<Arc<str>>,
}

impl Told {
    /// This.
    pub(crate) fn new(frame: wire::Server) -> Self {
        Self {
            frame,
            text: OnceLock::new(),
        }
    }

    /// As JSON, without its number.
    pub(crate) fn text(&self) -> &str {
        self.text.get_or_init(|| frame(&self.frame))
    }
}

/// A message on its way to everybody in its conversation. For native readers
/// it is written once, and for each only the number, and for the sender the
/// client id, put in.
#[derive(Debug)]
pub(crate) struct Pushed {
    /// Its place.
    pub(crate) seq: Seq,
    /// What it is.
    pub(crate) message: Arc<Message>,
    conversation: ConversationId,
    bytes: usize,
    written: OnceLock<Written>,
}

#[derive(Debug)]
struct Written {
    cid: Option<String>,
    // `"t":"push","conv":…,"msg":{` and what follows there.
    before: String,
    after: String,
}

impl Pushed {
    /// This message of this conversation.
    pub(crate) fn new(conversation: &ConversationId, message: Message) -> Self {
        Self {
            seq: message.seq,
            bytes: weight(&message.body) + FRAME_BYTES,
            message: Arc::new(message),
            conversation: conversation.clone(),
            written: OnceLock::new(),
        }
    }

    fn written(&self) -> &Written {
        self.written.get_or_init(|| {
            let name = serde_json::Value::from(self.conversation.to_string());
            let inside = serde_json::to_string(&anybodys(&self.message)).unwrap_or_default();
            let cid = self.message.client_id.as_ref();
            Written {
                // Its letters need no escaping: `ClientId` allows no others.
                cid: cid.map(|cid| format!("\"cid\":\"{}\",", cid.as_str())),
                before: format!("\"t\":\"push\",\"conv\":{name},\"msg\":{{"),
                after: format!("{}}}", inside.strip_prefix('{').unwrap_or(&inside)),
            }
        })
    }

    /// The frame for this reader.
    pub(crate) fn text(&self, n: u64, reader: &Uid) -> String {
        let written = self.written();
        let sender = self.message.from.as_ref().map(|from| &from.uid);
        let cid = if sender == Some(reader) {
            written.cid.as_deref()
        } else {
            None
        };
        let mut text = String::with_capacity(written.before.len() + written.after.len() + 96);
        let _ = write!(text, "{{\"n\":{n},");
        text.push_str(&written.before);
        text.push_str(cid.unwrap_or_default());
        text.push_str(&written.after);
        text
    }

    /// About how many bytes it has on the wire.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

/// What stands around a body in a frame, about.
const FRAME_BYTES: usize = 256;

#[cfg(test)]
mod tests {
    use parlance_core::ids::ClientId;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_written_once_reads_as_if_written_for_each() {
        let alice = Uid::new("al\"ice");
        let stored = Message {
            seq: Seq(7),
            id: "9".to_owned(),
            client_id: ClientId::parse("abc"),
            from: Some(Person {
                uid: alice.clone(),
                name: "Al \"ice\"\\".to_owned(),
                avatar: None,
                host: true,
                seen: Some(5),
            }),
            body: json!({"kind": "text", "text": "{\"msg\":{\u{1F600}\n"}),
            at: 17,
        };
        let room = ConversationId::room("lob\"by");
        for reader in [alice, Uid::new("bob")] {
            let text = Pushed::new(&room, stored.clone()).text(3, &reader);
            let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(value["n"], 3);
            value.as_object_mut().unwrap().remove("n");
            let read: wire::Server = serde_json::from_value(value).unwrap();
            let due = wire::Server::Push {
                conv: room.to_string(),
                msg: message(&stored, &reader),
            };
            assert_eq!(read, due);
        }
    }

    #[test]
    fn a_frame_bears_its_number() {
        let bye = frame(&wire::Server::Bye { retry_ms: 5 });
        assert_eq!(numbered(12, &bye), r#"{"n":12,"t":"bye","retry_ms":5}"#);
    }
}
