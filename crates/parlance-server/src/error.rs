//! What can go wrong so that the program must say it and stop: one sentence
//! each, for the person at the terminal.
//!
//! Knows nothing of what goes wrong on a link: that is answered on the link
//! (`peer.rs`) and in the words of the protocol.

use std::fmt;
use std::path::PathBuf;

/// Why the server cannot start, or cannot go on.
#[derive(Debug)]
pub enum Error {
    /// The data folder cannot be made, read or written.
    Data(PathBuf, String),
    /// Another process uses the data folder.
    InUse(PathBuf),
    /// The file with the secret is missing, unreadable or too short.
    Secret(PathBuf, String),
    /// The folder with the front end cannot be read.
    Dist(PathBuf, String),
    /// The address cannot be listened on.
    Listen(String, std::io::Error),
    /// The operating system gives no random numbers.
    Random,
    /// A token could not be made.
    Token(String),
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Data(path, why) => {
                write!(
                    formatter,
                    "cannot use the data folder {}: {why}",
                    path.display()
                )
            }
            Self::InUse(path) => write!(
                formatter,
                "the data folder {} is in use by another parlance-server",
                path.display()
            ),
            Self::Secret(path, why) => {
                write!(
                    formatter,
                    "cannot use the secret file {}: {why}",
                    path.display()
                )
            }
            Self::Dist(path, why) => {
                write!(
                    formatter,
                    "cannot read the front end in {}: {why}",
                    path.display()
                )
            }
            Self::Listen(address, why) => {
                write!(formatter, "cannot listen on {address}: {why}")
            }
            Self::Random => formatter.write_str("the operating system gives no random numbers"),
            Self::Token(why) => write!(formatter, "cannot make the token: {why}"),
        }
    }
}

impl std::error::Error for Error {}
