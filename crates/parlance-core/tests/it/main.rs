//! Tests of the core: scenarios on virtual time, properties over random
//! schedules, the decoders against anything, and the house rules.

mod rig;
mod scenarios;

#[allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "it shows how far it has got, which takes a real clock"
)]
mod properties;
mod sim;

mod as_given;
mod decoders;
mod dialects;
mod tidy;
mod transcripts;
