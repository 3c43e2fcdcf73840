//! Everything that can happen to the system, as one closed list, and one step
//! of a schedule: how long nothing was decided, then what happened, to whom.
//!
//! Knows nothing of how it is done; see `apply`.

use std::fmt;

macro_rules! transitions {
    ($($(#[$doc:meta])* $name:ident $weight:literal $class:ident,)*) => {
        /// One thing that can happen.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(usize)]
        pub(crate) enum Transition { $($(#[$doc])* $name,)* }

        impl Transition {
            pub(crate) const ALL: &[Self] = &[$(Self::$name,)*];
            const WEIGHTS: &[u64] = &[$($weight,)*];
            const CLASSES: &[Class] = &[$(Class::$class,)*];
        }
    };
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Life,
    Fault,
}

transitions! {
    // ---- what people do
    /// Somebody says something.
    Say 900 Life,
    /// Somebody says something that the server will refuse for good.
    SayRefused 90 Life,
    /// Somebody says more than an outbox takes.
    SayTooMuch 1 Life,
    Retry 120 Life,
    Edit 90 Life,
    Delete 50 Life,
    /// Somebody looks at another conversation.
    Open 260 Life,
    Leave 30 Life,
    LoadOlder 110 Life,
    LoadGap 120 Life,
    Seen 220 Life,
    Type 60 Life,
    Draft 40 Life,
    /// "Dial now."
    Now 70 Life,
    SignOut 24 Life,
    Join 300 Life,
    // ---- other people, who are always there
    OtherSays 420 Life,
    OtherSaysMuch 40 Life,
    SystemSays 40 Life,
    // ---- the page
    Hide 90 Life,
    Show 160 Life,
    /// The page is visible again, and no event says so.
    ShowUnnoticed 50 Fault,
    PageHide 50 Fault,
    PageShow 160 Life,
    Freeze 50 Fault,
    /// The page stops, and was not told.
    FreezeUnnoticed 50 Fault,
    Resume 190 Life,
    /// The machine sleeps; no event, perhaps no time either.
    Sleep 60 Fault,
    Focus 40 Life,
    DeviceOnline 40 Fault,
    DeviceOffline 40 Fault,
    HostActive 30 Life,
    Reload 90 Fault,
    Crash 80 Fault,
    Reopen 500 Life,
    // ---- time
    LateTimers 60 Fault,
    EarlyWake 60 Fault,
    WallJump 40 Fault,
    DayPasses 14 Fault,
    // ---- the network
    Slow 60 Fault,
    HoldUp 60 Fault,
    HoldDown 60 Fault,
    HoldBoth 60 Fault,
    Release 300 Life,
    Cut 120 Fault,
    HalfOpen 70 Fault,
    // ---- the server
    ServerCrash 50 Fault,
    ServerStart 400 Life,
    Bye 30 Fault,
    Refuse 40 Fault,
    Accept 160 Life,
    RateLimit 60 Fault,
    CloseLink 90 Fault,
    DropFrame 90 Fault,
    Misroute 50 Fault,
    /// Messages leave the server in another order.
    Overtake 80 Fault,
    Repeat 80 Fault,
    PageGone 40 Fault,
    Restore 12 Fault,
    HttpTrouble 60 Fault,
    Revoke 12 Fault,
    Garbage 90 Fault,
    // ---- the device's storage
    StorageFails 40 Fault,
    StorageSlow 60 Fault,
    /// The device has a row that this version cannot read.
    StorageSpoiled 30 Fault,
    StorageWorks 120 Life,
    /// The next words between the tabs of a device are lost.
    WordsLost 40 Fault,
}

impl Transition {
    /// Whether it is something going wrong.
    pub(crate) fn is_fault(self) -> bool {
        Self::CLASSES[self as usize] == Class::Fault
    }

    /// The one of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let mut all = Self::ALL.iter();
        all.find(|it| format!("{it:?}") == name).copied()
    }

    /// The sum of all weights.
    pub(crate) fn total_weight() -> u64 {
        Self::WEIGHTS.iter().sum()
    }

    /// The one that a number below the sum of weights falls on.
    pub(crate) fn pick(mut number: u64) -> Self {
        for (transition, weight) in Self::ALL.iter().zip(Self::WEIGHTS) {
            if number < *weight {
                return *transition;
            }
            number -= weight;
        }
        Self::Say
    }
}

/// One step of a schedule. It carries everything that decides what follows
/// until the next, so that steps before it can be taken away.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    /// Virtual milliseconds before it.
    pub(crate) after: u64,
    pub(crate) transition: Transition,
    /// To whom, modulo how many there are.
    pub(crate) tab: usize,
    /// Whatever else it needs: how long, how many, which.
    pub(crate) number: u64,
    /// All chance until the next step comes from this.
    pub(crate) salt: u64,
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "after {} ms: {:?} (tab {}, number {:#x})",
            self.after, self.transition, self.tab, self.number
        )
    }
}
