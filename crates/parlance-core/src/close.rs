//! WebSocket close codes, and what each asks of a client: the numbers decide
//! by range, the names say why. Used by the session and by the server.
//!
//! Knows nothing of delays: that is the back-off's job.

use crate::frame::Refusal;

/// The client or page goes away on purpose.
pub const NORMAL: u16 = 1000;
/// The server restarts; come back, spread out.
pub const RESTART: u16 = 1012;
/// The server has no room now; come back after the hint.
pub const TRY_LATER: u16 = 1013;
/// A message larger than 64 kB.
pub const TOO_LARGE: u16 = 1009;
/// A binary message, or one that is not UTF-8.
pub const UNSUPPORTED: u16 = 1003;
/// The reader was too slow for its mailbox; come back and resume.
pub const SLOW: u16 = 4001;
/// The first frame did not come in time; come back.
pub const NO_HELLO: u16 = 4002;
/// The link is not heard any more; come back.
pub const SILENT: u16 = 4003;
/// Too much, too fast; come back after the hint.
pub const ABUSIVE: u16 = 4004;
/// The credential has run out; get a new one, then come back.
pub const EXPIRED: u16 = 4005;
/// A task on the server failed; come back.
pub const INTERNAL: u16 = 4006;
/// The ticket is unknown, used, too old or somebody else's; stay away.
pub const BAD_TICKET: u16 = 4500;
/// Signed out; stay away.
pub const SIGNED_OUT: u16 = 4501;
/// Not wanted; stay away.
pub const BANNED: u16 = 4502;
/// The first frame was not a hello that this server understands; stay away.
pub const BAD_HELLO: u16 = 4503;

/// What a close asks of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Come back by the back-off.
    ComeBack,
    /// Come back after the hint in the reason, if it has one.
    AfterHint,
    /// Get a new credential first.
    Refresh,
    /// Something is wrong between the two programs: three tries, then stop.
    FewTries,
    /// Stay away until the person acts.
    StayAway,
}

/// What this code asks of a client.
pub const fn verdict(code: u16) -> Verdict {
    match code {
        TRY_LATER | ABUSIVE => Verdict::AfterHint,
        EXPIRED => Verdict::Refresh,
        1002 | 1003 | 1007..=1010 => Verdict::FewTries,
        4500..=4999 => Verdict::StayAway,
        _ => Verdict::ComeBack,
    }
}

/// The milliseconds in a reason of the form `retry=<0..120000>`. Everything
/// else in a reason is ignored: it comes from outside.
pub fn retry_hint(reason: &str) -> Option<u64> {
    let digits = reason.strip_prefix("retry=")?;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok().filter(|millis| *millis <= 120_000)
}

/// Why a stay ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndReason {
    /// The server refused, and trying again cannot cure it.
    Refused(Refusal),
    /// The two programs do not understand each other.
    Incompatible,
    /// The person signed out here.
    SignedOut,
    /// So many attempts have failed that the person is asked.
    GaveUp,
}

/// The end that a stay-away code means.
pub fn end_of(code: u16) -> EndReason {
    match code {
        BAD_TICKET => EndReason::Refused(Refusal::BadToken),
        SIGNED_OUT => EndReason::Refused(Refusal::SignedOut),
        BANNED => EndReason::Refused(Refusal::Banned),
        BAD_HELLO => EndReason::Incompatible,
        _ => EndReason::Refused(Refusal::Other(format!("close code {code}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_decided_by_range() {
        let expected = [
            (1000, Verdict::ComeBack),
            (1001, Verdict::ComeBack),
            (1002, Verdict::FewTries),
            (1003, Verdict::FewTries),
            (1005, Verdict::ComeBack),
            (1006, Verdict::ComeBack),
            (1007, Verdict::FewTries),
            (1010, Verdict::FewTries),
            (1011, Verdict::ComeBack),
            (1012, Verdict::ComeBack),
            (1013, Verdict::AfterHint),
            (1015, Verdict::ComeBack),
            (2999, Verdict::ComeBack),
            (3000, Verdict::ComeBack),
            (4000, Verdict::ComeBack),
            (4004, Verdict::AfterHint),
            (4005, Verdict::Refresh),
            (4499, Verdict::ComeBack),
            (4500, Verdict::StayAway),
            (4999, Verdict::StayAway),
            (5000, Verdict::ComeBack),
        ];
        for (code, verdict_due) in expected {
            assert_eq!(verdict(code), verdict_due, "{code}");
        }
    }

    #[test]
    fn only_a_plain_number_in_range_is_a_hint() {
        assert_eq!(retry_hint("retry=1500"), Some(1500));
        for reason in [
            "",
            "retry=",
            "retry=-1",
            "retry=120001",
            "retry=1;x",
            " retry=1",
            "retry=9999999999999999999999",
        ] {
            assert_eq!(retry_hint(reason), None, "{reason:?}");
        }
    }
}
