//! The gateways: what all of them share, and each as its old pages know it.

mod crmeb;
mod door;
mod egg;
mod jim;
mod plain;
mod topic;
