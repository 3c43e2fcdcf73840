//! How an unsent message is written down on the device. The other edge, beside
//! the dialects, at which JSON exists: what comes back may be of another
//! version, or broken.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Draft, Record};
use crate::dialect::native::{body_of, content_of};
use crate::ids::{ClientId, ConversationId};
use crate::time::UnixMillis;

const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Written {
    v: u32,
    cid: String,
    conv: String,
    body: Value,
    at: i64,
    order: u64,
}

impl Draft {
    /// The row to keep.
    pub fn to_record(&self) -> Record {
        let written = Written {
            v: VERSION,
            cid: self.client_id.as_str().to_owned(),
            conv: self.conversation.to_string(),
            body: body_of(&self.content),
            at: self.said_at.0,
            order: self.order,
        };
        Record {
            client_id: self.client_id.clone(),
            conversation: self.conversation.clone(),
            // Plain data with text keys always serialises.
            value: serde_json::to_string(&written).unwrap_or_default(),
        }
    }

    /// The message in a row, or why there is none.
    pub fn from_record(value: &str) -> Result<Self, &'static str> {
        let written: Written = serde_json::from_str(value).map_err(|_| "not a row")?;
        if written.v != VERSION {
            return Err("a row of another version");
        }
        Ok(Self {
            client_id: ClientId::parse(&written.cid).ok_or("a row without a client id")?,
            conversation: ConversationId::parse(&written.conv)
                .ok_or("a row without a conversation")?,
            content: content_of(&written.body),
            said_at: UnixMillis(written.at),
            order: written.order,
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
        };
        assert_eq!(Draft::from_record(&draft.to_record().value), Ok(draft));
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
