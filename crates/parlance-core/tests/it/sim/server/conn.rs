//! One link as the model server has it: numbers the frames that leave on it,
//! and loses those that it is told to lose.
//!
//! Knows no log.

use std::collections::BTreeMap;

use parlance_core::dialect::native::wire;

use crate::sim::network::Frame;

/// One accepted link.
pub(crate) struct Conn {
    pub(crate) link: u64,
    pub(crate) device: usize,
    pub(crate) uid: Option<String>,
    /// What waits to be put on the network, in order.
    pub(crate) out: Vec<Frame>,
    pub(crate) closing: Option<(u16, String)>,
    /// So many of the next frames are lost inside.
    pub(crate) dropping: u64,
    /// So many of the next messages are overtaken by what is said after them.
    pub(crate) overtaken: u64,
    pub(crate) held: Option<wire::Server>,
    /// Messages of others are not routed here.
    pub(crate) misrouted: bool,
    pub(super) frames: u64,
    pub(super) hello_by: u64,
    pub(super) ping_at: u64,
    pub(super) heard_at: u64,
    pub(super) told: BTreeMap<String, u64>,
    /// The last acknowledgement or message, to be said again.
    pub(super) last: Option<wire::Server>,
    /// Acknowledgements that wait behind the messages' own echoes.
    pub(super) held_acks: Vec<wire::Server>,
}

impl Conn {
    /// Says a frame, or lets the next one overtake it.
    pub(crate) fn say(&mut self, frame: wire::Server) {
        let push = matches!(frame, wire::Server::Push { .. });
        if self.overtaken > 0 && push && self.held.is_none() {
            self.overtaken -= 1;
            self.held = Some(frame);
            return;
        }
        self.put(&frame);
        self.release();
    }

    /// Nothing waits to be overtaken any longer.
    pub(crate) fn release(&mut self) {
        if let Some(held) = self.held.take() {
            self.put(&held);
        }
    }

    /// Numbers a frame and leaves it for the network, unless it is lost here.
    fn put(&mut self, frame: &wire::Server) {
        self.frames += 1;
        if self.dropping > 0 {
            self.dropping -= 1;
            return;
        }
        let numbered = wire::Numbered {
            n: self.frames,
            frame,
        };
        if let Ok(text) = serde_json::to_string(&numbered) {
            self.out.push(Frame {
                text,
                number: self.frames,
                heads: heads_of(frame),
            });
        }
    }

    /// Says the last acknowledgement or message again.
    pub(crate) fn repeat(&mut self) -> bool {
        let last = self.last.clone();
        last.is_some_and(|frame| {
            self.say(frame);
            true
        })
    }
}

/// How far a frame says that conversations have got.
fn heads_of(frame: &wire::Server) -> Vec<(String, u64)> {
    let of = |head: &wire::ConversationHead| (head.conv.clone(), head.seq);
    match frame {
        wire::Server::Push { conv, msg } => vec![(conv.clone(), msg.seq)],
        wire::Server::Welcome { convs, .. } => convs.iter().map(of).collect(),
        wire::Server::Opened { head, .. } | wire::Server::Conv { head } => vec![of(head)],
        wire::Server::Ping { heads, .. } | wire::Server::Pong { heads, .. } => {
            let heads = heads.iter();
            heads.map(|head| (head.conv.clone(), head.seq)).collect()
        }
        // An acknowledgement may be of what another tab has heard of already.
        wire::Server::Ack { .. }
        | wire::Server::Nack { .. }
        | wire::Server::Page { .. }
        | wire::Server::Gone { .. }
        | wire::Server::Roster { .. }
        | wire::Server::Came { .. }
        | wire::Server::Went { .. }
        | wire::Server::Typing { .. }
        | wire::Server::Read { .. }
        | wire::Server::Bye { .. }
        | wire::Server::Recalled { .. }
        | wire::Server::Error { .. }
        | wire::Server::Unknown => Vec::new(),
    }
}
