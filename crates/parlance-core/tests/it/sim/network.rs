//! Links between tabs and the server: ordered both ways, as TCP is, and
//! otherwise anything may happen to them. A path can hold what is on it for
//! as long as it likes; one end can be gone without the other knowing.
//!
//! Knows no frames, only texts.

use std::collections::VecDeque;

use parlance_core::ids::LinkId;

/// What a tab's way to the server is like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Path {
    /// Nothing gets from the tab to the server.
    pub(crate) up_held: bool,
    /// Nothing gets from the server to the tab.
    pub(crate) down_held: bool,
    /// How long anything takes, and how much longer by chance.
    pub(crate) delay: u64,
    pub(crate) jitter: u64,
}

impl Default for Path {
    fn default() -> Self {
        Self {
            up_held: false,
            down_held: false,
            delay: 15,
            jitter: 30,
        }
    }
}

/// One link, with what is on it in both directions.
pub(crate) struct Link {
    /// Unique in the run.
    pub(crate) id: u64,
    pub(crate) tab: usize,
    /// Which of the tab's lives dialled it.
    pub(crate) life: u64,
    /// As that session calls it.
    pub(crate) link: LinkId,
    pub(crate) up: VecDeque<(u64, Up)>,
    pub(crate) down: VecDeque<(u64, Down)>,
    /// The tab has closed it, or is gone.
    pub(crate) left: bool,
    /// The tab has heard that it is over.
    pub(crate) over: bool,
    /// The server's end is gone, and the tab is not told.
    pub(crate) half_open: bool,
    /// The server has it.
    pub(crate) taken: bool,
}

/// From a tab to the server.
#[derive(Debug)]
pub(crate) enum Up {
    Dial,
    Text(String),
    Close,
}

/// From the server to a tab.
#[derive(Debug)]
pub(crate) enum Down {
    Opened,
    Text(Frame),
    Binary,
    Closed(u16, String),
}

/// A text from the server, and what is in it for the test to remember.
#[derive(Clone, Debug, Default)]
pub(crate) struct Frame {
    pub(crate) text: String,
    /// Its number on the link; 0 where it has none.
    pub(crate) number: u64,
    /// How far it says that conversations have got.
    pub(crate) heads: Vec<(String, u64)>,
}

impl Frame {
    /// Something that no server of ours says.
    pub(crate) fn nonsense(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            ..Self::default()
        }
    }
}

impl Link {
    pub(crate) fn new(id: u64, tab: usize, life: u64, link: LinkId) -> Self {
        Self {
            id,
            tab,
            life,
            link,
            up: VecDeque::new(),
            down: VecDeque::new(),
            left: false,
            over: false,
            half_open: false,
            taken: false,
        }
    }

    /// In order: nothing overtakes what was sent before it.
    pub(crate) fn send_up(&mut self, due: u64, what: Up) {
        let due = self.up.back().map_or(due, |(last, _)| due.max(*last));
        self.up.push_back((due, what));
    }

    pub(crate) fn send_down(&mut self, due: u64, what: Down) {
        if !self.half_open {
            let due = self.down.back().map_or(due, |(last, _)| due.max(*last));
            self.down.push_back((due, what));
        }
    }

    /// A server that is well again sends nobody away for minutes.
    pub(crate) fn forget_hints(&mut self) {
        for (_, what) in &mut self.down {
            if let Down::Closed(_, reason) = what {
                reason.clear();
            }
        }
    }

    /// Nothing more can happen on it.
    pub(crate) fn is_done(&self) -> bool {
        self.down.is_empty()
            && self.up.is_empty()
            && ((self.left || self.over) && (!self.taken || self.half_open))
    }
}
