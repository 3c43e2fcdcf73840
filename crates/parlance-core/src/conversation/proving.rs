//! Which rows of a log without numbers are messages of mine: by their ids, or
//! by their words and where they stand.
//!
//! Knows nothing of where a row goes.

use super::Conversation;
use super::align::is_from;
use super::as_given::{Mine, OF_OLD};
use crate::content::{self, Content};
use crate::frame::Message;
use crate::ids::{ClientId, MessageId, Uid};
use crate::timeline::Side;

impl Conversation {
    /// Whether a row of a page is here, by its id.
    pub(super) fn has_row(&self, row: &Message) -> bool {
        row.id.as_ref().is_some_and(|id| self.timeline.has_id(id))
    }

    /// An echo of mine that was heard before the first page, and is in it: its
    /// row gets the id that it was said under, or it would be shown twice.
    pub(super) fn name_held(&self, rows: &mut [Message], me: Option<&Uid>) {
        for held in self.as_given.held() {
            let Some(client_id) = &held.client_id else {
                continue;
            };
            let said = self.timeline.waiting_item(client_id);
            let row = rows.iter_mut().rev().find(|row| {
                let free = row.client_id.is_none() && is_from(row, me);
                free && match (&row.id, &held.id) {
                    (Some(row), Some(held)) => row == held,
                    _ => said.is_some_and(|said| {
                        let since = said.at.zip(row.at).map(|(at, then)| at.0 - then.0);
                        content::alike(&held.content, &row.content)
                            && since.is_none_or(|since| since < OF_OLD)
                    }),
                }
            });
            if let Some(row) = row {
                row.client_id = Some(client_id.clone());
            }
        }
    }

    /// Which of my unproved messages these rows are: each gets the id that it
    /// was said under, and with it goes into the row that waits for it.
    pub(super) fn prove(
        &self,
        rows: &mut [Message],
        mine: &mut Mine<'_>,
        me: Option<&Uid>,
    ) -> Vec<(ClientId, Option<MessageId>)> {
        let ids: Vec<Option<MessageId>> = rows.iter().map(|row| row.id.clone()).collect();
        let is_before = |index: usize, after: Option<&MessageId>| {
            after.is_some_and(|after| ids.iter().skip(index).flatten().any(|id| id == after))
        };
        let mut proved = Vec::new();
        for (index, row) in rows.iter_mut().enumerate() {
            if !is_from(row, me) {
                continue;
            }
            let found = mine.unproved.iter().position(|it| match &row.client_id {
                Some(named) => *named == it.client_id,
                // One that has its place already is laid beside the page.
                None => {
                    (mine.is_echo)(it.content, &row.content)
                        && !is_before(index, it.after)
                        && !self.timeline.has_confirmed(&it.client_id)
                }
            });
            if let Some(at) = found {
                let client_id = mine.unproved.remove(at).client_id;
                row.client_id = Some(client_id.clone());
                proved.push((client_id, row.id.clone()));
            }
        }
        proved
    }

    /// A message of mine, of which nobody knows whether it arrived, is the
    /// oldest row of mine here that it may be and no other is. Says whether
    /// there is one.
    pub fn claims(
        &mut self,
        client_id: &ClientId,
        after: Option<&MessageId>,
        is_echo: impl Fn(&Content) -> bool,
    ) -> bool {
        let rows = || self.timeline.oldest_first();
        let said_before = after.and_then(|after| {
            let mut rows = rows();
            rows.position(|item| item.id.as_ref() == Some(after))
        });
        let mut later = rows().skip(said_before.map_or(0, |at| at + 1));
        let found = later.find(|item| {
            item.side == Side::Mine && item.client_id.is_none() && is_echo(&item.content)
        });
        let seq = found.and_then(|item| item.seq);
        drop(later);
        let Some(seq) = seq else {
            return false;
        };
        self.timeline
            .update_numbered(seq, |item| item.client_id = Some(client_id.clone()));
        true
    }
}
