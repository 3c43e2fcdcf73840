//! How an unsent message is written down on the device. The other edge, beside
//! the dialects, at which JSON exists: what comes back may be of another
//! version, or broken.

use serde_json::Value;

use super::{Draft, Record};
use crate::dialect::DecodeError;
use crate::dialect::fields::{Fields, Object};
use crate::dialect::native::{body_of, content_of};
use crate::ids::{ClientId, ConversationId, Epoch, MessageId};
use crate::time::UnixMillis;

const VERSION: u64 = 1;
/// Beyond every order that a clock in milliseconds gives.
const MOST_ORDER: u64 = 1 << 53;

impl Draft {
    /// The row to keep.
    pub fn to_record(&self) -> Record {
        let mut row = Object::default();
        row.number("v", Some(VERSION));
        row.text("cid", Some(self.client_id.as_str()));
        row.text("conv", Some(&self.conversation.to_string()));
        row.value("body", body_of(&self.content));
        row.value("at", Value::from(self.said_at.0));
        row.number("order", Some(self.order));
        row.number("over", self.handed_over.then_some(1));
        row.text("after", self.after.as_ref().map(MessageId::as_str));
        row.text("again", self.again.as_ref().map(Epoch::as_str));
        Record {
            client_id: self.client_id.clone(),
            conversation: self.conversation.clone(),
            value: row.into_text(),
        }
    }

    /// The message in a row, or why there is none.
    pub fn from_record(value: &str) -> Result<Self, DecodeError> {
        let value: Value =
            crate::json::read(value).ok_or_else(|| DecodeError::malformed("not a row"))?;
        let row = Fields::of(&value)?;
        if row.number("v")? != VERSION {
            return Err(DecodeError::unknown("a row of another version"));
        }
        let without = |what: &str| DecodeError::malformed(format!("a row without a {what}"));
        Ok(Self {
            client_id: ClientId::parse(&row.text("cid")?).ok_or_else(|| without("client id"))?,
            conversation: ConversationId::parse(&row.text("conv")?)
                .ok_or_else(|| without("conversation"))?,
            content: content_of(row.value("body")?),
            said_at: UnixMillis(row.time("at")?),
            // Room for those that come after, whatever a broken row says.
            order: row.number("order")?.min(MOST_ORDER),
            handed_over: row.maybe_number("over")? == Some(1),
            after: row.maybe_text("after")?.map(MessageId::new),
            again: row.maybe_text("again")?.map(Epoch::new),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::Content;

    #[test]
    fn a_row_comes_back_as_it_was() {
        let draft = Draft {
            client_id: ClientId::from_bits(7),
            conversation: ConversationId::room("a:b"),
            content: Content::Text("line\n\"two\" \u{202e} 你好".to_owned()),
            said_at: UnixMillis(1_700_000_000_000),
            order: 3,
            handed_over: false,
            after: None,
            again: None,
        };
        assert_eq!(
            Draft::from_record(&draft.to_record().value),
            Ok(draft.clone())
        );
        let over = Draft {
            handed_over: true,
            after: Some(MessageId::new("9")),
            again: Some(Epoch::new("e2")),
            ..draft
        };
        assert_eq!(Draft::from_record(&over.to_record().value), Ok(over));
    }

    #[test]
    fn a_broken_row_says_what_is_wrong() {
        for value in [
            "",
            "{}",
            "[1]",
            r#"{"v":2,"cid":"a","conv":"room:x","body":{},"at":1,"order":1}"#,
        ] {
            assert!(Draft::from_record(value).is_err(), "{value}");
        }
    }
}
