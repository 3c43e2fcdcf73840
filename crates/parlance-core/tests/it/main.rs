//! Tests of the core: scenarios on virtual time, properties over random
//! schedules, the decoders against anything, and the house rules.

mod rig;
mod scenarios;

mod decoders;
mod tidy;
