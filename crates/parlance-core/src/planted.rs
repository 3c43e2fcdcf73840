//! Bugs that others had, planted in the shipped modules so that the simulation
//! can be seen to find them. Each takes the place of one decision, in a
//! function that holds no other, and is named for what goes wrong.
//!
//! Only with the feature `planted`, which nothing that is shipped turns on,
//! can one be active: one at a time, on one thread. Without it [`planted`] is
//! the constant `false`, and the program is the same as if this file were not
//! there. Knows nothing of how a bug is found.

use crate::heartbeat::Heartbeat;
use crate::session::{PageEvent, PageState};

/// A bug that somebody had. The first word of each text is the row of
/// RELIABILITY part 1, the last word the report that it is taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bug {
    /// Centrifugo: what a replaced link still replays is taken as if the new
    /// one had said it (centrifuge-go#150).
    ReplacedLinkHeard,
    /// Centrifugo: what is answered after the teardown is acted on
    /// (centrifuge-js#393).
    HeardAfterTeardown,
    /// Centrifugo: the epoch is adopted and the offset of the old log kept
    /// (centrifuge-go#160).
    EpochWithoutOffset,
    /// Socket.IO: a conversation that had no message before the link was lost
    /// is not recovered, for an offset of zero counts as none (socket.io#5538).
    NothingBeforeTheFirst,
    /// Phoenix: visibility is remembered from the last event, and the event
    /// that says otherwise never comes (phoenix#6804).
    RememberedVisibility,
    /// Phoenix: the client's own close after a missing answer says 1000, which
    /// counts as clean, so nobody dials again (phoenix#3161).
    OwnCloseIsClean,
    /// Phoenix: the open question of a dead link outlives it and kills the next
    /// (phoenix#3083).
    StaleHeartbeat,
    /// Phoenix: a sign of life dials although the person has left
    /// (phoenix#6578).
    DialAfterLeaving,
    /// Phoenix: the device's hints make a hidden page dial (phoenix#6534).
    DialWhileHidden,
    /// Matrix: the local echo is gone between the acknowledgement and the
    /// message's own coming (matrix-rust-sdk#3941).
    EchoVanishes,
    /// Matrix: a message that was refused for good is passed over, and those
    /// behind it go (matrix-rust-sdk#4463).
    WedgeSkipped,
    /// Mattermost: after a loss the sequence does not advance, so every frame
    /// looks like another loss (mattermost#30388).
    EndlessResync,
    /// Mattermost: the last message that came is the cursor, whether or not
    /// everything before it is here (mattermost#3836).
    LastPostCursor,
    /// XMPP: a page that does not reach the end is taken for complete
    /// (XEP-0313).
    ShortPageIsAll,
    /// MQTT: what the device had kept is delivered again although it was
    /// delivered before (CocoaMQTT#569).
    RestoredTwice,
    /// MQTT: one stored message that cannot be read keeps all others from
    /// being read (gmq#14).
    PoisonRow,
    /// Telegram: messages that came too early wait, and no timer asks for what
    /// is missing (`getDifference`).
    NoGapTimer,
    /// Discord: the server does not answer, and the link is kept
    /// (zombie).
    ZombieKept,
    /// Signal: a message is shown as queued before the device has kept it
    /// (JobQueue).
    ShownBeforeKept,
    /// reconnecting-websocket: a second dial begins while the first link is
    /// still open (reconnecting-websocket#69).
    TwoLinks,
}

impl Bug {
    /// All of them.
    pub const ALL: [Self; 20] = [
        Self::ReplacedLinkHeard,
        Self::HeardAfterTeardown,
        Self::EpochWithoutOffset,
        Self::NothingBeforeTheFirst,
        Self::RememberedVisibility,
        Self::OwnCloseIsClean,
        Self::StaleHeartbeat,
        Self::DialAfterLeaving,
        Self::DialWhileHidden,
        Self::EchoVanishes,
        Self::WedgeSkipped,
        Self::EndlessResync,
        Self::LastPostCursor,
        Self::ShortPageIsAll,
        Self::RestoredTwice,
        Self::PoisonRow,
        Self::NoGapTimer,
        Self::ZombieKept,
        Self::ShownBeforeKept,
        Self::TwoLinks,
    ];

    /// The row of RELIABILITY part 1, and the report.
    pub const fn row(self) -> (&'static str, &'static str) {
        match self {
            Self::ReplacedLinkHeard => ("Centrifugo", "centrifuge-go#150"),
            Self::HeardAfterTeardown => ("Centrifugo", "centrifuge-js#393"),
            Self::EpochWithoutOffset => ("Centrifugo", "centrifuge-go#160"),
            Self::NothingBeforeTheFirst => ("Socket.IO", "socket.io#5538"),
            Self::RememberedVisibility => ("Phoenix", "phoenix#6804"),
            Self::OwnCloseIsClean => ("Phoenix", "phoenix#3161"),
            Self::StaleHeartbeat => ("Phoenix", "phoenix#3083"),
            Self::DialAfterLeaving => ("Phoenix", "phoenix#6578"),
            Self::DialWhileHidden => ("Phoenix", "phoenix#6534"),
            Self::EchoVanishes => ("Matrix", "matrix-rust-sdk#3941"),
            Self::WedgeSkipped => ("Matrix", "matrix-rust-sdk#4463"),
            Self::EndlessResync => ("Mattermost", "mattermost#30388"),
            Self::LastPostCursor => ("Mattermost", "mattermost#3836"),
            Self::ShortPageIsAll => ("XMPP", "XEP-0313"),
            Self::RestoredTwice => ("MQTT", "CocoaMQTT#569"),
            Self::PoisonRow => ("MQTT", "gmq#14"),
            Self::NoGapTimer => ("Telegram", "getDifference"),
            Self::ZombieKept => ("Discord", "zombie"),
            Self::ShownBeforeKept => ("Signal", "JobQueue"),
            Self::TwoLinks => ("reconnecting-websocket", "reconnecting-websocket#69"),
        }
    }
}

#[cfg(feature = "planted")]
mod switch {
    use std::cell::Cell;

    use super::Bug;

    thread_local! {
        static ACTIVE: Cell<Option<Bug>> = const { Cell::new(None) };
    }

    /// From now on this bug is active on this thread, and no other.
    pub fn plant(bug: Option<Bug>) {
        ACTIVE.set(bug);
    }

    /// Whether this bug is active here.
    pub fn planted(bug: Bug) -> bool {
        ACTIVE.get() == Some(bug)
    }
}

#[cfg(feature = "planted")]
pub use switch::{plant, planted};

/// Whether this bug is active here: never.
#[cfg(not(feature = "planted"))]
pub const fn planted(_bug: Bug) -> bool {
    false
}

/// What some of the bugs remember and a session that has none does not.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    #[cfg(feature = "planted")]
    hidden: bool,
    #[cfg(feature = "planted")]
    heartbeat: Option<Heartbeat>,
}

#[cfg(feature = "planted")]
impl Memory {
    pub(crate) const fn page(&mut self, event: PageEvent, page: PageState) {
        if matches!(event, PageEvent::VisibilityChanged) {
            self.hidden = !page.visible;
        } else if matches!(event, PageEvent::PageHide | PageEvent::Freeze) {
            self.hidden = true;
        } else if matches!(event, PageEvent::PageShow { .. }) {
            self.hidden = false;
        }
    }

    pub(crate) const fn hidden(&self) -> bool {
        self.hidden
    }

    pub(crate) fn link(&mut self, heartbeat: &Heartbeat) {
        self.heartbeat = Some(heartbeat.clone());
    }

    pub(crate) fn heartbeat(&self) -> Option<Heartbeat> {
        self.heartbeat.clone()
    }
}

#[cfg(not(feature = "planted"))]
impl Memory {
    pub(crate) const fn page(&mut self, _event: PageEvent, _page: PageState) {}

    pub(crate) const fn hidden(&self) -> bool {
        false
    }

    pub(crate) const fn link(&mut self, _heartbeat: &Heartbeat) {}

    pub(crate) const fn heartbeat(&self) -> Option<Heartbeat> {
        None
    }
}
