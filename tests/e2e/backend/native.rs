//! The native server's words, as far as a page needs them to come in: the
//! frames are written by hand, numbered, and hold whatever a story puts there.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use super::desk::{Desk, Stored};
use super::{Act, Answer, Request, Words};

/// Counts the frames of its one link.
#[derive(Clone, Debug, Default)]
pub(crate) struct Native {
    frames: Arc<AtomicU64>,
}

impl Native {
    /// A frame with the next number.
    pub(crate) fn frame(&self, mut frame: Value) -> String {
        frame["n"] = json!(self.frames.fetch_add(1, Ordering::SeqCst) + 1);
        frame.to_string()
    }

    fn head(seq: usize) -> Value {
        json!({"conv": "room:lobby", "title": "lobby", "seq": seq, "unread": 0, "read": seq})
    }
}

impl Words for Native {
    fn greets(&self, desk: &mut Desk, link: usize, _: &str) -> Vec<Act> {
        self.frames.store(0, Ordering::SeqCst);
        desk.routed = Some(link);
        Vec::new()
    }

    fn hears(&self, desk: &mut Desk, _: usize, text: &str) -> Vec<Act> {
        let said: Value = serde_json::from_str(text).unwrap_or_default();
        let ann = json!({"uid": "u-ann", "name": "Ann", "online": true});
        let say = |frame: Value| Act::Say(self.frame(frame));
        match said["t"].as_str() {
            Some("hello") => vec![say(json!({
                "t": "welcome", "me": ann, "epoch": "e1", "spread_ms": 1_000,
                "ping_ms": 20_000, "limits": {"text_bytes": 32_768}, "convs": [Self::head(0)],
            }))],
            Some("open") => vec![
                say(
                    json!({"t": "opened", "head": Self::head(0), "talk": "allowed", "readers": []}),
                ),
                say(json!({"t": "roster", "conv": "room:lobby", "people": [ann]})),
            ],
            Some("fill") => vec![say(json!({
                "t": "page", "req": said["req"], "conv": "room:lobby", "epoch": "e1",
                "msgs": [], "head": desk.stored.len(),
            }))],
            Some("ping") => vec![say(json!({"t": "pong", "heads": []}))],
            _ => Vec::new(),
        }
    }

    fn answers(&self, _: &mut Desk, request: &Request) -> (Answer, Vec<Act>) {
        if !request.target.ends_with("api/ticket") {
            return (Answer::status(404, ""), Vec::new());
        }
        let granted = json!({"ticket": "t", "ttl_ms": 30_000,
            "user": {"uid": "u-ann", "name": "Ann"}});
        (Answer::json(&granted), Vec::new())
    }

    fn tells(&self, desk: &Desk, id: &str, text: &str) -> String {
        let stored = Stored::of(id, false, text);
        self.frame(json!({"t": "push", "conv": "room:lobby", "msg": {
            "seq": desk.stored.len(), "id": stored.id, "ts": 1_790_000_000_000_u64,
            "from": {"uid": "u-kim", "name": "Kim"},
            "body": {"kind": "text", "text": stored.text},
        }}))
    }
}
