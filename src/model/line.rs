//! One row with its surroundings: whether a day begins above it, whether it
//! belongs to the group of the rows around it.
//!
//! Knows no row but its neighbours, and nothing of how they are drawn.

use parlance_core::ids::{Seq, Uid};
use parlance_core::timeline::{Delivery, Item, Row, Side};

use crate::i18n::local_day;

/// Messages of one person further apart than this are two groups.
const PAUSE: i64 = 5 * 60 * 1000;

/// A row, and what its neighbours make of it.
pub struct Line {
    /// The row.
    pub row: Row,
    /// What its neighbours make of it.
    pub between: Between,
    /// The local day; worked out once, since the browser is asked for it.
    day: Option<i64>,
}

/// What a row's neighbours make of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Between {
    /// A day begins with it.
    pub starts_day: bool,
    /// The first of a group.
    pub head: bool,
    /// The last of a group.
    pub tail: bool,
    /// The first that had not been read when the conversation was opened.
    pub first_unread: bool,
}

impl Line {
    /// A row with no neighbours.
    pub fn new(row: Row) -> Self {
        Self {
            day: day(&row),
            row,
            between: Between {
                starts_day: false,
                head: true,
                tail: true,
                first_unread: false,
            },
        }
    }

    /// The message, where it is one.
    pub fn item(&self) -> Option<&Item> {
        match &self.row {
            Row::Message(item) => Some(item),
            Row::Gap(_) => None,
        }
    }

    /// The same place with another row.
    pub(super) fn replace_row(&mut self, row: Row) {
        self.day = day(&row);
        self.row = row;
    }

    /// It stands between others now. Whether that makes a difference.
    pub(super) fn is_now(&mut self, between: Between) -> bool {
        std::mem::replace(&mut self.between, between) != between
    }

    /// What these neighbours make of it, unread from after `read` on.
    pub(super) fn between(
        &self,
        above: Option<&Self>,
        below: Option<&Self>,
        read: Option<Seq>,
    ) -> Between {
        // Below what was read, or at the very top of what is here.
        let first_unread = read.is_some_and(|read| {
            self.unread_after(read)
                && above.is_none_or(|above| above.seq().is_some_and(|seq| seq <= read))
        });
        let starts_day = match (self.day, above) {
            (Some(day), Some(above)) => above.day.is_some_and(|before| before != day),
            (Some(_), None) => true,
            (None, _) => false,
        };
        let below_starts_day = below.is_some_and(|below| below.day != self.day);
        Between {
            starts_day,
            head: starts_day || first_unread || !above.is_some_and(|above| grouped(above, self)),
            tail: below_starts_day || !below.is_some_and(|below| grouped(self, below)),
            first_unread,
        }
    }

    fn unread_after(&self, read: Seq) -> bool {
        let theirs = self.item().is_some_and(|item| item.side != Side::Mine);
        theirs && self.seq().is_some_and(|seq| seq > read)
    }

    /// Its number, or that of the row that it stands behind.
    fn seq(&self) -> Option<Seq> {
        let item = self.item()?;
        match item.delivery {
            Some(Delivery::Missing(after)) => Some(after),
            _ => item.seq,
        }
    }

    fn author(&self) -> Option<(Side, Option<&Uid>)> {
        self.item()
            .map(|item| (item.side, item.author.as_ref().map(|author| &author.uid)))
    }
}

fn day(row: &Row) -> Option<i64> {
    match row {
        Row::Message(item) => item.at.map(local_day),
        Row::Gap(_) => None,
    }
}

/// Whether two neighbours are drawn as one person speaking on.
fn grouped(above: &Line, below: &Line) -> bool {
    let (Some(one), Some(other)) = (above.author(), below.author()) else {
        return false;
    };
    if one != other || one.0 == Side::System {
        return false;
    }
    let at = |line: &Line| line.item().and_then(|item| item.at);
    match (at(above), at(below)) {
        (Some(one), Some(other)) => (other.0 - one.0).abs() < PAUSE,
        (None, _) | (_, None) => true,
    }
}
