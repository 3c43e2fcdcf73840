//! When Enter means "send", whatever an input method makes of it.
//!
//! Pure: key and composition events come in as facts, a verdict comes out.
//! Knows no element.

/// Safari tells of the end of a composition before the Enter that ended it;
/// that Enter follows at once, one by a person's hand does not.
const AT_ONCE_MS: f64 = 60.0;

/// What is known of a `keydown`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Key {
    /// It is Enter.
    pub enter: bool,
    /// With Shift, Control, Alt or Meta.
    pub modified: bool,
    /// `isComposing`.
    pub composing: bool,
    /// The input method has taken it: `keyCode` 229.
    pub taken: bool,
    /// When, in the event's milliseconds.
    pub at: f64,
}

/// What has gone before.
#[derive(Clone, Copy, Debug, Default)]
pub struct Keys {
    /// When a composition ended whose last Enter has not been seen.
    owed: Option<f64>,
    /// The Enter that ends the composition was seen while it went on.
    ended_by_enter: bool,
    /// Whether a composition is going on.
    composing: bool,
}

impl Keys {
    /// `compositionstart`.
    pub fn on_start(&mut self) {
        *self = Self {
            composing: true,
            ..Self::default()
        };
    }

    /// `compositionend`.
    pub fn on_end(&mut self, at: f64) {
        // Where the Enter came first, taken, the next one is the person's
        // own: Korean must not need a second.
        let owed = (!self.ended_by_enter).then_some(at);
        *self = Self {
            owed,
            ..Self::default()
        };
    }

    /// `keydown`. Whether it sends.
    pub fn on_key(&mut self, key: Key) -> bool {
        let owed = self.owed.take();
        if key.composing || key.taken || self.composing {
            self.ended_by_enter = key.enter;
            return false;
        }
        if !key.enter || key.modified {
            return false;
        }
        owed.is_none_or(|ended| key.at - ended > AT_ONCE_MS)
    }
}
