//! What a screen reader is told: each message that came while the page was
//! watched, once, with who said it.
//!
//! Knows no language: the component that says it puts it into words.

/// More than so many at once are told as a number.
const AT_ONCE: usize = 4;
/// So many stay in the live region: it tells what is added, not what is there.
const KEPT: usize = 8;

/// One addition to the live region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// Tells it from those before it.
    pub number: u64,
    /// What it says.
    pub said: Said,
}

/// What is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// A message.
    Message {
        /// Who said it; `None`: the system.
        author: Option<String>,
        /// The kind in one word, for what has no words.
        kind: &'static str,
        /// Its words.
        text: String,
    },
    /// So many messages at once.
    Many(u64),
    /// So many of mine are not on the server any more.
    Missing(u64),
}

/// Tells these too.
pub(super) fn add(all: &mut Vec<Announcement>, said: Vec<Said>) {
    let number = all.last().map_or(0, |last| last.number + 1);
    let said = if said.len() > AT_ONCE {
        vec![Said::Many(said.len() as u64)]
    } else {
        said
    };
    for (number, said) in (number..).zip(said) {
        all.push(Announcement { number, said });
    }
    let surplus = all.len().saturating_sub(KEPT);
    all.drain(..surplus);
}
