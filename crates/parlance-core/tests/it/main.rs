//! Tests of the core: scenarios on virtual time, properties over random
//! schedules, the decoders against anything, and the house rules. With the
//! feature `planted` it is another program: only whether the simulation finds
//! the bugs that are planted then.

#[allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "it shows how far it has got, which takes a real clock"
)]
mod properties;
mod relay;
mod sim;

#[cfg(feature = "planted")]
mod planted;

#[cfg(not(feature = "planted"))]
mod rig;
#[cfg(not(feature = "planted"))]
mod scenarios;

#[cfg(not(feature = "planted"))]
mod as_given;
#[cfg(not(feature = "planted"))]
mod decoders;
#[cfg(not(feature = "planted"))]
mod dialects;
#[cfg(not(feature = "planted"))]
mod faults;
#[cfg(not(feature = "planted"))]
#[allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "it says how long the worst text takes, which takes a real clock"
)]
#[cfg(not(feature = "planted"))]
mod tidy;
#[cfg(not(feature = "planted"))]
mod transcripts;
