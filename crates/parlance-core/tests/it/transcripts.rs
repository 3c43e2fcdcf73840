//! What neither end wrote: every line of the recorded talk with each backend
//! goes through its dialect and through the types that the gateway reads and
//! writes with.

#[allow(dead_code, reason = "what one backend needs, another may not")]
pub(crate) mod replay;

mod crmeb;
mod egg;
mod plain;
mod topic;
