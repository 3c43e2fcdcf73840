//! What an element is given to do, without its type.
//!
//! `dyn FnMut` would do, but its table has a second entry, for a call that
//! consumes the closure: one more copy of every closure in the program. Knows
//! not what is done.

use web_sys::Event;

use super::El;

/// Something that is done again and again.
pub(super) trait Act {
    fn act(&mut self);
}

impl<F: FnMut()> Act for F {
    fn act(&mut self) {
        self();
    }
}

/// Something that hears of events.
pub(super) trait Hear {
    fn hear(&mut self, event: Event);
}

impl<F: FnMut(Event)> Hear for F {
    fn hear(&mut self, event: Event) {
        self(event);
    }
}

/// Something that makes an element.
pub(super) trait Make {
    fn make(&self) -> El;
}

impl<F: Fn() -> El> Make for F {
    fn make(&self) -> El {
        self()
    }
}

/// Something that makes one of several elements.
pub(super) trait MakeOne {
    fn make_one(&mut self, index: usize) -> El;
}

impl<F: FnMut(usize) -> El> MakeOne for F {
    fn make_one(&mut self, index: usize) -> El {
        self(index)
    }
}
