//! The whole program: the real server, real browsers, and a path between them
//! that breaks when told. Every test is a story that people could tell.
#![allow(clippy::unwrap_used)]

mod backend;
mod browser;
mod corpus;
mod correspondent;
mod diary;
mod faults;
mod folder;
mod frames;
mod page;
mod process;
mod proxy;
mod server;
mod settings;
mod site;
mod sockets;
mod stories;
mod story;
mod talk;
mod visitor;
