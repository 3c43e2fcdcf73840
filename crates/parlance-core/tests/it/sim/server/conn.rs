//! One link as the model server has it: numbers the frames that leave on it,
//! and loses those that it is told to lose.
//!
//! Knows no log.

use std::collections::BTreeMap;

use parlance_core::dialect::native::wire;

/// One accepted link.
pub(crate) struct Conn {
    pub(crate) link: u64,
    pub(crate) device: usize,
    pub(crate) uid: Option<String>,
    /// What waits to be put on the network, in order.
    pub(crate) out: Vec<String>,
    pub(crate) closing: Option<(u16, String)>,
    /// So many of the next frames are lost inside.
    pub(crate) dropping: u64,
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
    /// Numbers a frame and leaves it for the network, unless it is lost here.
    pub(crate) fn say(&mut self, frame: wire::Server) {
        self.frames += 1;
        if self.dropping > 0 {
            self.dropping -= 1;
            return;
        }
        let numbered = wire::Numbered {
            n: self.frames,
            frame: &frame,
        };
        if let Ok(text) = serde_json::to_string(&numbered) {
            self.out.push(text);
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
