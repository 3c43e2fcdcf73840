//! Newtypes for every identifier, so that no two can be confused.
//!
//! Knows nothing of what the identifiers point at, nor of how a backend
//! writes them down.

use std::fmt;

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Wraps the text as it came.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The text inside.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, "{}", self.0)
            }
        }
    };
}

text_id!(
    /// A person, as the backend names them.
    Uid
);
text_id!(
    /// A message, as the backend names it.
    MessageId
);
text_id!(
    /// The identity of a backend's log. A restored or recreated log has a new one.
    Epoch
);
number_id!(
    /// One WebSocket attempt. A session outlives many links.
    LinkId
);
number_id!(
    /// One HTTP request, or one request for a page of history.
    RequestId
);
number_id!(
    /// One write to the device's storage.
    SaveId
);
number_id!(
    /// A row of a timeline, the same from local echo to acknowledgement to edit.
    ItemKey
);

/// A message's place in its conversation's log: contiguous, from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq(pub u64);

impl Seq {
    /// The one after this.
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The one before this; 0 has none and stays.
    pub const fn previous(self) -> Self {
        Self(self.0.saturating_sub(1))
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0)
    }
}

/// A client message id: 128 random bits, made once, written as 32 hex digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(String);

impl ClientId {
    /// The id made of these 128 bits.
    pub fn from_bits(bits: u128) -> Self {
        Self(format!("{bits:032x}"))
    }

    /// Reads an id that was written earlier. `None` unless it is 1 to 64
    /// characters of `A-Z a-z 0-9 _ -`.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=64).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
        fits.then(|| Self(text.to_owned()))
    }

    /// The text inside.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A conversation: a room, or the pair of two people.
///
/// Both ends of a pair write the same text, so that one log serves both.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConversationId {
    /// A group, topic or course, by name.
    Room(String),
    /// Two people, in the order of their ids.
    Pair(Uid, Uid),
}

impl ConversationId {
    /// The room of this name.
    pub fn room(name: impl Into<String>) -> Self {
        Self::Room(name.into())
    }

    /// The conversation of these two.
    pub fn pair(one: Uid, other: Uid) -> Self {
        if one <= other {
            Self::Pair(one, other)
        } else {
            Self::Pair(other, one)
        }
    }

    /// Reads what [`Display`](fmt::Display) wrote: `room:NAME` or
    /// `pair:UID:UID`, with `%` and `:` inside a uid as `%25` and `%3A`.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(name) = text.strip_prefix("room:") {
            return (!name.is_empty()).then(|| Self::Room(name.to_owned()));
        }
        let (one, other) = text.strip_prefix("pair:")?.split_once(':')?;
        if one.is_empty() || other.is_empty() || other.contains(':') {
            return None;
        }
        let parsed = Self::pair(Uid(unescape(one)?), Uid(unescape(other)?));
        (parsed.to_string() == text).then_some(parsed)
    }

    /// The other one of a pair, seen from `me`; `None` for a room and for a
    /// pair that `me` is not in.
    pub fn other(&self, me: &Uid) -> Option<&Uid> {
        match self {
            Self::Room(_) => None,
            Self::Pair(one, other) if one == me => Some(other),
            Self::Pair(one, other) if other == me => Some(one),
            Self::Pair(..) => None,
        }
    }
}

impl fmt::Display for ConversationId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Room(name) => write!(formatter, "room:{name}"),
            Self::Pair(one, other) => {
                write!(
                    formatter,
                    "pair:{}:{}",
                    escape(one.as_str()),
                    escape(other.as_str())
                )
            }
        }
    }
}

fn escape(text: &str) -> String {
    text.replace('%', "%25").replace(':', "%3A")
}

fn unescape(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut plain = parts.next()?.to_owned();
    for part in parts {
        // Two digits, and only those of what has to be escaped.
        plain.push(match part.get(..2)? {
            "3A" => ':',
            "25" => '%',
            _ => return None,
        });
        plain.push_str(part.get(2..)?);
    }
    (escape(&plain) == text).then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_reads_the_same_from_both_ends() {
        let (alice, bob) = (Uid::new("a:lice"), Uid::new("b%ob"));
        let one = ConversationId::pair(alice.clone(), bob.clone());
        assert_eq!(one, ConversationId::pair(bob.clone(), alice.clone()));
        assert_eq!(one.to_string(), "pair:a%3Alice:b%25ob");
        assert_eq!(ConversationId::parse(&one.to_string()), Some(one.clone()));
        assert_eq!(one.other(&alice), Some(&bob));
    }

    #[test]
    fn what_is_not_a_conversation_is_refused() {
        for text in [
            "",
            "room:",
            "pair:a",
            "pair::b",
            "pair:b:a",
            "pair:a:b:c",
            "pair:%:b",
            "x",
        ] {
            assert_eq!(ConversationId::parse(text), None, "{text:?}");
        }
    }
}
