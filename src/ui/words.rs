//! Which sentence goes with which of the core's words.
//!
//! Knows no component: the pairing alone, in one place for all of them.

use parlance_core::close::EndReason;
use parlance_core::frame::{Refusal, Talk};
use parlance_core::timeline::{Delivery, Failure, Queued};

use crate::i18n::{Words, fill};

/// What a kind is called where it has no words of its own.
pub fn kind_name(words: &Words, kind: &str) -> &'static str {
    match kind {
        "image" => words.image(),
        "video" => words.video(),
        "voice" => words.voice(),
        "file" => words.file(),
        "product" => words.product(),
        "order" => words.order(),
        "question" => words.question(),
        "answer" => words.answer(),
        "like" => words.like(),
        "flower" => words.flower(),
        "notice" => words.notice(),
        // A text of nothing but blanks, or a kind that nobody knows.
        _ => words.unsupported(),
    }
}

/// How far a message has got.
pub fn delivery_name(words: &Words, delivery: &Delivery) -> String {
    let fixed = match delivery {
        Delivery::Queued(Queued::Turn) => words.queued(),
        Delivery::Queued(Queued::MessageAbove) => words.queued_above(),
        Delivery::Queued(Queued::Consent) => words.queued_consent(),
        Delivery::Sending => words.sending(),
        Delivery::Sent => words.sent(),
        Delivery::Unconfirmed => words.unconfirmed(),
        Delivery::Read => words.read(),
        Delivery::Unknown => words.unknown(),
        Delivery::Missing(_) => words.missing(),
        Delivery::Failed(Failure::TooLarge) => words.failed_too_large(),
        Delivery::Failed(Failure::Forbidden) => words.failed_forbidden(),
        Delivery::Failed(Failure::NoConversation) => words.failed_no_conversation(),
        Delivery::Failed(Failure::Other(reason)) if reason.is_empty() => words.failed(),
        Delivery::Failed(Failure::Other(reason)) => return [words.failed(), ": ", reason].concat(),
    };
    fixed.to_owned()
}

/// Why a stay ended.
pub fn end_name(words: &Words, end: &EndReason) -> String {
    let fixed = match end {
        EndReason::SignedOut => words.signed_out_title(),
        EndReason::GaveUp => words.ended_gave_up(),
        EndReason::Incompatible => words.ended_incompatible(),
        EndReason::Refused(Refusal::BadToken) => words.ended_bad_token(),
        EndReason::Refused(Refusal::NoIdentity) => words.ended_no_identity(),
        EndReason::Refused(Refusal::TakenOver) => words.ended_taken_over(),
        EndReason::Refused(Refusal::Banned) => words.ended_banned(),
        EndReason::Refused(Refusal::SignedOut) => words.ended_signed_out(),
        EndReason::Refused(Refusal::Other(reason)) => return fill(words.ended_other(), reason),
    };
    fixed.to_owned()
}

/// Why nobody may talk here; `None`: one may.
pub fn talk_refusal(words: &Words, talk: Talk) -> Option<&'static str> {
    match talk {
        Talk::Allowed | Talk::Stranger => None,
        Talk::HostsOnly => Some(words.talk_hosts_only()),
        Talk::Muted => Some(words.talk_muted()),
        Talk::Closed => Some(words.talk_closed()),
    }
}
