//! Each backend's faults and promises, with the real session on a backend that
//! the test plays to the letter.

mod stage;

mod crmeb;
mod egg;
pub(crate) mod every;
mod hostile;
mod jim;
mod plain;
mod topic;
