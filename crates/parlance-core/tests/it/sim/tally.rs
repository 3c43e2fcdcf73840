//! What a run has done: how often each transition happened, and how often
//! each invariant had something to say. A count of zero is a test that tests
//! nothing, and fails the run.
//!
//! Knows no world: only names and numbers.

use std::fmt;

use super::transition::Transition;

/// The premises of the invariants: the situation in which one of them could
/// be broken was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Premise {
    AckedMessage,
    ResentMessage,
    SecondProof,
    ConfirmedRows,
    GapRow,
    HistoryInFront,
    NewEpoch,
    CommitBehindAnother,
    KeptRowForgotten,
    KeptRowSurvivedPage,
    CursorInHello,
    StaleInput,
    DialAfterLink,
    SignedOut,
    Calm,
    CalmAgainstFresh,
    SettledOnNewLink,
    ShownUnnoticed,
    FailedDials,
    EarlyBuffered,
    FullOutbox,
    Resync,
    PendingBelowConfirmed,
    Wedge,
    OthersGoOnBesideWedge,
    Unread,
    Ended,
    Garbage,
    RanTwice,
    CrashWithWrites,
    LateTimer,
    EarlyTimer,
    ChangesReplayed,
    WordQueued,
    WordSending,
    WordSent,
    WordRead,
    WordFailed,
    Asked,
    NotKept,
    HeardOf,
    GivenUpAsSilent,
    DeafLink,
    UnreadableRow,
    SentElsewhere,
    TurnOfAnother,
    TurnUnanswered,
    WordHeard,
    TabsAgree,
    StrayAck,
    Offered,
    OfferedAndStored,
    NotYetOffered,
    SaidAgain,
}

impl Premise {
    /// All, with the invariant that each belongs to.
    pub(crate) const ALL: [(Self, &'static str); 54] = [
        (Self::AckedMessage, "I1 a row says sent"),
        (Self::ResentMessage, "I2 a message was said again"),
        (Self::SecondProof, "I2 a stored message came once more"),
        (Self::ConfirmedRows, "I3 rows of a log are shown"),
        (Self::GapRow, "I3 a gap row is shown"),
        (Self::HistoryInFront, "I4 history came in front of rows"),
        (Self::NewEpoch, "I4 I7 another epoch was heard"),
        (
            Self::CommitBehindAnother,
            "I5 a second commit of one device",
        ),
        (Self::KeptRowForgotten, "I6 a kept row was forgotten"),
        (Self::KeptRowSurvivedPage, "I6 a kept row outlived its page"),
        (Self::CursorInHello, "I7 a cursor was told"),
        (Self::StaleInput, "I8 a dead link spoke"),
        (Self::DialAfterLink, "I8 I9 a dial after another link"),
        (Self::SignedOut, "I9 somebody signed out"),
        (Self::Calm, "I10 faults stopped"),
        (Self::CalmAgainstFresh, "I10 compared with a fresh session"),
        (Self::SettledOnNewLink, "P8 I10 online on a new link"),
        (Self::ShownUnnoticed, "I10 shown, and no event says so"),
        (Self::FailedDials, "I11 more than three dials in a minute"),
        (Self::EarlyBuffered, "I12 messages wait for earlier ones"),
        (Self::FullOutbox, "I12 the outbox is full"),
        (Self::Resync, "I13 a resynchronisation"),
        (Self::PendingBelowConfirmed, "I14 unsent below confirmed"),
        (Self::Wedge, "I15 a refused message blocks"),
        (
            Self::OthersGoOnBesideWedge,
            "I15 another conversation goes on",
        ),
        (Self::Unread, "I16 something is unread at the end"),
        (Self::Ended, "I17 a stay ended"),
        (Self::Garbage, "I18 nonsense came in"),
        (Self::RanTwice, "I19 a seed was run twice"),
        (Self::CrashWithWrites, "I20 a crash between two writes"),
        (Self::LateTimer, "I21 a timer was late"),
        (Self::EarlyTimer, "I21 a timer was early"),
        (Self::ChangesReplayed, "rows were replayed from changes"),
        (Self::WordQueued, "delivery: queued"),
        (Self::WordSending, "delivery: sending"),
        (Self::WordSent, "delivery: sent"),
        (Self::WordRead, "delivery: read"),
        (Self::WordFailed, "delivery: failed"),
        (Self::Asked, "a message older than a day asks"),
        (Self::NotKept, "a row is shown that is not kept"),
        (Self::HeardOf, "P4 more is heard of than is here"),
        (Self::GivenUpAsSilent, "I21 a link is given up as silent"),
        (Self::DeafLink, "P7 online on a dead path"),
        (Self::UnreadableRow, "I6 a kept row cannot be read"),
        (Self::SentElsewhere, "I22 another tab has sent it"),
        (Self::TurnOfAnother, "I24 another tab has the turn"),
        (Self::TurnUnanswered, "I24 nobody says whose turn it is"),
        (Self::WordHeard, "I22 a tab hears another"),
        (Self::TabsAgree, "I22 two tabs of one device compared"),
        (Self::StrayAck, "I23 a proof of nothing that waits"),
        (Self::Offered, "P11 a restored log lacks one of mine"),
        (Self::OfferedAndStored, "P11 and it turns up after all"),
        (Self::NotYetOffered, "P11 nobody knows yet if it does"),
        (Self::SaidAgain, "P11 it is said again"),
    ];
}

/// The counts of a run, or of a part of it.
#[derive(Clone)]
pub(crate) struct Tally {
    pub(crate) schedules: u64,
    pub(crate) steps: u64,
    pub(crate) inputs: u64,
    pub(crate) faults: u64,
    pub(crate) virtual_ms: u64,
    pub(crate) ended_by_stale_ticket: u64,
    transitions: [u64; Transition::ALL.len()],
    premises: [u64; Premise::ALL.len()],
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            schedules: 0,
            steps: 0,
            inputs: 0,
            faults: 0,
            virtual_ms: 0,
            ended_by_stale_ticket: 0,
            transitions: [0; Transition::ALL.len()],
            premises: [0; Premise::ALL.len()],
        }
    }
}

impl Tally {
    pub(crate) fn happened(&mut self, transition: Transition) {
        self.transitions[transition as usize] += 1;
        self.steps += 1;
        if transition.is_fault() {
            self.faults += 1;
        }
    }

    pub(crate) fn met(&mut self, premise: Premise) {
        self.premises[premise as usize] += 1;
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.schedules += other.schedules;
        self.steps += other.steps;
        self.inputs += other.inputs;
        self.faults += other.faults;
        self.virtual_ms += other.virtual_ms;
        self.ended_by_stale_ticket += other.ended_by_stale_ticket;
        for (mine, theirs) in self.transitions.iter_mut().zip(other.transitions) {
            *mine += theirs;
        }
        for (mine, theirs) in self.premises.iter_mut().zip(other.premises) {
            *mine += theirs;
        }
    }

    /// What never happened.
    pub(crate) fn missing(&self) -> Vec<String> {
        let transitions = Transition::ALL
            .iter()
            .filter(|it| self.transitions[**it as usize] == 0)
            .map(|it| format!("{it:?}"));
        let premises = Premise::ALL
            .iter()
            .filter(|(it, _)| self.premises[*it as usize] == 0)
            .map(|(_, words)| (*words).to_owned());
        transitions.chain(premises).collect()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "transitions (* fault):")?;
        for pair in Transition::ALL.chunks(3) {
            for it in pair {
                let mark = if it.is_fault() { "*" } else { " " };
                let name = format!("{it:?}");
                let count = self.transitions[*it as usize];
                write!(formatter, "  {mark}{name:<18}{count:>9}")?;
            }
            writeln!(formatter)?;
        }
        writeln!(formatter, "premises of the invariants:")?;
        for pair in Premise::ALL.chunks(2) {
            for (it, words) in pair {
                write!(
                    formatter,
                    "  {words:<42}{:>10}",
                    self.premises[*it as usize]
                )?;
            }
            writeln!(formatter)?;
        }
        Ok(())
    }
}
