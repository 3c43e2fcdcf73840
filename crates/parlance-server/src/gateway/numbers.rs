//! Numbers for people, where a dialect wants one: digits are that number, and
//! whoever has another name gets one that is kept.
//!
//! Knows nothing of why a number is wanted.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use parlance_core::ids::Uid;

use crate::lock;
use crate::store::{Store, StoreError};

/// Where given numbers begin: above every telephone number and every id that
/// counts people, and still exact in a client's floating point.
const GIVEN: u64 = 9_000_000_000_000_000;
/// The first number that such a client would not tell from the one before.
const END: u64 = 1 << 53;

/// Mappings that are remembered. They never change, so that forgetting all of
/// them costs a few reads and nothing else.
const REMEMBERED: usize = 50_000;

/// People and their numbers.
pub(crate) struct Numbers {
    store: Arc<dyn Store>,
    // Held for a look-up, never across an await.
    given: Mutex<HashMap<Uid, u64>>,
}

impl Numbers {
    /// As this store gives and keeps them.
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            given: Mutex::default(),
        }
    }

    /// The number of this person, the same for ever.
    pub(crate) async fn of(&self, uid: &Uid) -> Result<u64, StoreError> {
        if let Some(number) = said(uid) {
            return Ok(number);
        }
        if let Some(number) = lock(&self.given).get(uid) {
            return Ok(*number);
        }
        let number = GIVEN + self.store.number(uid.clone()).await?;
        let mut given = lock(&self.given);
        if given.len() >= REMEMBERED {
            given.clear();
        }
        given.insert(uid.clone(), number);
        Ok(number)
    }

    /// Whose number this is; `None` when it was given to nobody.
    pub(crate) async fn person(&self, number: u64) -> Result<Option<Uid>, StoreError> {
        match number.checked_sub(GIVEN) {
            None => Ok(Some(Uid::new(number.to_string()))),
            Some(given) => self.store.numbered(given).await,
        }
    }

    /// The person whom a client names by a number or by a name, as old pages
    /// do either.
    pub(crate) async fn named(&self, text: &str) -> Result<Option<Uid>, StoreError> {
        match text.parse() {
            Ok(number) if (GIVEN..END).contains(&number) => self.person(number).await,
            Ok(_) | Err(_) => Ok((!text.is_empty()).then(|| Uid::new(text))),
        }
    }
}

/// The number that a uid says by itself: written as numbers are, and not one
/// of those that are given.
fn said(uid: &Uid) -> Option<u64> {
    let number: u64 = uid.as_str().parse().ok()?;
    (number < GIVEN && number.to_string() == uid.as_str()).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_that_number_and_nothing_else_is() {
        let said = |text: &str| said(&Uid::new(text));
        assert_eq!(said("42"), Some(42));
        assert_eq!(said("13800000000"), Some(13_800_000_000));
        for text in [
            "",
            "042",
            "+42",
            "-1",
            "alice",
            "4 2",
            "９",
            "9000000000000001",
        ] {
            assert_eq!(said(text), None, "{text:?}");
        }
        assert!(said("99999999999999999999").is_none());
    }
}
