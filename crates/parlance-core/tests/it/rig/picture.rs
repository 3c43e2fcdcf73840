//! Rows and frames as one line of text, so that a scenario can say what it
//! expects to see.
//!
//! Rows: `7` another person's, `7:sent` `7:read` mine, `7!` the system's, `4-9`
//! three or more of others in a row, `[3..9]` a gap, `(hello queued)` mine and
//! not confirmed, `{hello}` mine and not on the server. What waits for the message above says `waiting`, what is too
//! old to go unasked says `asking`.

use super::*;
use parlance_core::timeline::{Delivery, Item, Queued, Side};

impl Rig {
    /// The rows of this conversation, as the page has them.
    pub(crate) fn picture(&self, id: &ConversationId) -> String {
        let confirmed = self
            .session
            .conversation(id)
            .map_or(0, |it| it.timeline.confirmed_len());
        let rows = self.rows(id);
        let mut words: Vec<String> = Vec::new();
        let mut run: Vec<u64> = Vec::new();
        for (index, row) in rows.iter().enumerate() {
            if let Row::Message(item) = row
                && item.side == Side::Theirs
                && let Some(seq) = item.seq
                && index < confirmed
            {
                if run.last().is_some_and(|last| last + 1 != seq.0) {
                    flush(&mut run, &mut words);
                }
                run.push(seq.0);
                continue;
            }
            flush(&mut run, &mut words);
            words.push(match row {
                Row::Gap(gap) if gap.loading => format!("[{}..{} loading]", gap.first, gap.last),
                Row::Gap(gap) => format!("[{}..{}]", gap.first, gap.last),
                Row::Message(item) if index < confirmed => confirmed_word(item),
                Row::Message(item) => waiting_word(item),
            });
        }
        flush(&mut run, &mut words);
        words.join(" ")
    }

    pub(crate) fn rows(&self, id: &ConversationId) -> Vec<Row> {
        self.copies.get(id).cloned().unwrap_or_default()
    }
}

/// One frame of the client.
pub(super) fn frame_word(frame: &Client) -> String {
    match frame {
        Client::Hello {
            ticket, cursors, ..
        } => {
            let mut words = vec![format!("hello {ticket}")];
            for cursor in cursors {
                words.push(format!("{}@{}:{}", cursor.conv, cursor.epoch, cursor.seq));
            }
            words.join(" ")
        }
        Client::Open { conv } => format!("open {conv}"),
        Client::Send { body, conv, .. } => {
            let text = body["text"].as_str().unwrap_or_default();
            if conv == "room:lobby" {
                format!("send {text}")
            } else {
                format!("send {conv} {text}")
            }
        }
        Client::Fill {
            before,
            after,
            conv,
            ..
        } => {
            let part = match (before, after) {
                (None, None) => "newest".to_owned(),
                (Some(before), _) => format!("before {before}"),
                (None, Some(after)) => format!("after {after}"),
            };
            if conv == "room:lobby" {
                format!("fill {part}")
            } else {
                format!("fill {conv} {part}")
            }
        }
        Client::Read { seq, .. } => format!("read {seq}"),
        Client::Typing { .. } => "typing".to_owned(),
        Client::Ping {} => "ping".to_owned(),
        Client::Pong {} => "pong".to_owned(),
        Client::Unknown => "unknown".to_owned(),
    }
}

fn flush(run: &mut Vec<u64>, words: &mut Vec<String>) {
    if let (Some(first), Some(last)) = (run.first(), run.last())
        && run.len() > 2
    {
        words.push(format!("{first}-{last}"));
    } else {
        words.extend(run.iter().map(u64::to_string));
    }
    run.clear();
}

fn confirmed_word(item: &Item) -> String {
    if let Some(Delivery::Missing(_)) = item.delivery {
        return format!("{{{}}}", item.content.text());
    }
    let seq = item.seq.unwrap_or_default();
    match (&item.side, &item.delivery) {
        (Side::Mine, Some(delivery)) => format!("{seq}:{}", delivery.word()),
        (Side::Mine, None) => format!("{seq}:?"),
        (Side::Theirs, _) => format!("{seq}"),
        (Side::System, _) => format!("{seq}!"),
    }
}

fn waiting_word(item: &Item) -> String {
    let word = match &item.delivery {
        Some(Delivery::Queued(Queued::MessageAbove)) => "waiting",
        Some(Delivery::Queued(Queued::Consent)) => "asking",
        Some(delivery) => delivery.word(),
        None => "?",
    };
    format!("({} {word})", item.content.text())
}
