//! Logs whose backend gives messages no numbers: they get their places here,
//! history in the order given and live messages in the order of arrival.
//!
//! Knows nothing of how a frame was written.

use super::{Oddity, Session};
use crate::dialect::Asked;
use crate::frame::Rows;
use crate::ids::{ConversationId, MessageId};
use crate::time::Instant;

impl Session {
    /// A page of a log without numbers.
    pub(super) fn on_rows(&mut self, _now: Instant, rows: Rows) {
        self.count(Oddity::StrayPage, format!("rows for {}", rows.request));
    }

    /// A message was taken back.
    pub(super) fn on_recalled(
        &mut self,
        id: &ConversationId,
        _message: &MessageId,
        _words: String,
    ) {
        self.touched.insert(id.clone());
    }

    /// A request came to nothing.
    pub(super) fn on_unanswered(&mut self, _now: Instant, _asked: &Asked) {}
}
