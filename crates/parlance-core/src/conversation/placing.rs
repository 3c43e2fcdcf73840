//! Where the rows of a log without numbers go: the numbers that they get, and
//! what is known with them.
//!
//! Knows nothing of which rows are missing.

use super::as_given::{BASE, MOST_PUSHED, STRIDE};
use super::{Applied, Conversation, Log, Viewer};
use crate::frame::Message;
use crate::ids::{ClientId, Seq};
use crate::time::Instant;
use crate::timeline::{Delivery, Origin, Side};

impl Conversation {
    /// Puts rows after everything that is here.
    pub(super) fn append(
        &mut self,
        rows: Vec<Message>,
        now: Instant,
        origin: Origin,
        viewer: &mut Viewer<'_>,
    ) -> Applied {
        let last = self.last_known().0;
        let numbered: Vec<(Seq, Message)> = rows
            .into_iter()
            .enumerate()
            .map(|(index, row)| (Seq(last + STRIDE * (index as u64 + 1)), row))
            .collect();
        if let Some((seq, _)) = numbered.last() {
            self.head = self.head.max(*seq);
        }
        self.put_paged(numbered, now, origin, viewer)
    }

    /// Rows of a page go in, of which the newest may be pushed in a moment, too.
    pub(super) fn put_paged(
        &mut self,
        numbered: Vec<(Seq, Message)>,
        now: Instant,
        origin: Origin,
        viewer: &mut Viewer<'_>,
    ) -> Applied {
        for (seq, _) in numbered.iter().rev().take(MOST_PUSHED) {
            self.as_given.paged.push_back((*seq, now));
        }
        self.put(numbered, origin, viewer)
    }

    /// Numbered rows go in: everything from the first of them to the last is
    /// known, and so is what lies between them and their neighbours.
    pub(super) fn put(
        &mut self,
        numbered: Vec<(Seq, Message)>,
        origin: Origin,
        viewer: &mut Viewer<'_>,
    ) -> Applied {
        let (Some((first, _)), Some((last, _))) = (numbered.first(), numbered.last()) else {
            return Applied::default();
        };
        let (mut first, mut last) = (*first, *last);
        let known = self.last_known();
        if first > known {
            first = known.next();
        }
        if let Some(oldest) = self.first_known()
            && last < oldest
        {
            last = oldest.previous();
        }
        let messages = numbered.into_iter().map(|(seq, message)| Message {
            seq: Some(seq),
            ..message
        });
        let messages = messages.collect();
        self.apply(first, last, messages, origin, None, viewer)
    }

    /// There is nothing older than what is here.
    pub(super) fn know_oldest(&mut self) {
        if let Log::Known(coverage) = &mut self.log
            && let Some(first) = coverage.first()
            && first > Seq(1)
        {
            coverage.add(Seq(1), first.previous());
        }
    }

    /// What was there when the log came has been read, but for so many.
    pub(super) fn read_all_but(&mut self, unread: u64) {
        let last = self.last_known();
        let theirs = self
            .timeline
            .newest_first()
            .filter(|item| item.side != Side::Mine)
            .nth(usize::try_from(unread).unwrap_or(usize::MAX));
        let read = match (unread, theirs) {
            (0, _) => last,
            (_, Some(item)) => item.seq.unwrap_or(last),
            (_, None) => Seq(BASE),
        };
        self.read = self.read.max(read);
        self.read_told = self.read;
        self.counted = last;
        self.unread = self.timeline.unread_after(self.read);
    }

    /// So much was missed that the log begins anew; what I said and nobody has
    /// proved stays, waiting.
    pub(super) fn forget_rows(&mut self) {
        let open: Vec<ClientId> = self
            .timeline
            .oldest_first()
            .filter(|item| {
                matches!(
                    item.delivery,
                    Some(Delivery::Sending | Delivery::Unknown | Delivery::Failed(_))
                )
            })
            .filter_map(|item| item.client_id.clone())
            .collect();
        for client_id in open {
            self.timeline.take_back(&client_id);
        }
        let unread = self.unread;
        self.forget_log();
        // No other log: a page that does not reach back so far says nothing.
        self.unfound.clear();
        self.unread = unread;
    }
}
