//! What can be set: the command line, and what it comes to.
//!
//! Knows nothing of how any of it is done.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::origin::Origin;

/// The gateways that have a name. Not all of them are built yet.
pub const GATEWAYS: [&str; 5] = ["crmeb", "topic", "jim", "plain", "egg"];

const MEGABYTE: u64 = 1_000_000;

const PING_EVERY: Duration = Duration::from_secs(20);

/// A ping comes within 1.1 of its period after whatever was heard last. This is
/// before a link is closed for its silence: whoever has no link is waited for,
/// as one who may be back at once.
fn away_after(ping_every: Duration) -> Duration {
    ping_every * 13 / 10
}

/// Files of the largest size that a person may upload in a day.
const FILES_A_DAY: u64 = 20;

/// The companion server of Parlance: rooms, people and history in one SQLite
/// file, and the front end served with it.
#[derive(Debug, Parser)]
#[command(
    name = "parlance-server",
    version,
    args_conflicts_with_subcommands = true,
    after_help = "Everything is kept in the data folder; copy it while the server is stopped to back it up. \
                  A copy that is put back is noticed at the next start, and every page reads its \
                  history anew; `parlance-server restored` makes sure of it. \
                  For the internet put a TLS-terminating proxy in front, name the public address \
                  with --origin https://chat.example, and say --trusted-hops 1."
)]
pub struct Cli {
    /// What to do instead of serving.
    #[command(subcommand)]
    pub verb: Option<Verb>,
    /// How to serve.
    #[command(flatten)]
    pub serve: Serve,
}

/// What else the program does.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Print a signed token that lets one person in
    Token(TokenArgs),
    /// Say that the data folder was put back from a copy: from the next start
    /// every page reads its history anew. The server must be stopped
    Restored(RestoredArgs),
}

/// What was put back.
#[derive(Debug, Args)]
pub struct RestoredArgs {
    /// The folder
    #[arg(long, value_name = "DIR", default_value = "parlance-data")]
    pub data: PathBuf,
}

/// What a token says.
#[derive(Debug, Args)]
pub struct TokenArgs {
    /// Whom it names
    #[arg(long, value_name = "UID")]
    pub user: String,
    /// What they are called [default: the uid]
    #[arg(long)]
    pub name: Option<String>,
    /// The address of their picture
    #[arg(long, value_name = "URL")]
    pub avatar: Option<String>,
    /// They may talk in rooms where only hosts may
    #[arg(long)]
    pub host: bool,
    /// How long it is good: a number with s, m, h or d
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = duration)]
    pub ttl: Duration,
    /// The folder of the server that is to believe it
    #[arg(long, value_name = "DIR", default_value = "parlance-data")]
    pub data: PathBuf,
    /// The file with the secret that signs [default: DIR/secret]
    #[arg(long, value_name = "FILE")]
    pub secret_file: Option<PathBuf>,
}

/// How to serve.
#[derive(Debug, Args)]
pub struct Serve {
    /// Address and port to listen on; port 0 takes any free one. The first
    /// line printed is the address
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:4000")]
    pub listen: SocketAddr,
    /// Folder for messages, people and the signing secret; made if missing
    #[arg(long, value_name = "DIR", default_value = "parlance-data")]
    pub data: PathBuf,
    /// Folder with the built front end, read once at start [default: ./dist
    /// if there is one]
    #[arg(long, value_name = "DIR")]
    pub dist: Option<PathBuf>,
    /// Gateways for the clients of other backends: a list of crmeb, topic,
    /// jim, plain, egg; all; or none
    #[arg(long, value_name = "LIST", default_value = "none", value_parser = gateways)]
    pub gateway: Gateways,
    /// Let anybody in by name. Without it only signed tokens get in
    #[arg(long)]
    pub guests: bool,
    /// Another origin whose pages may connect, such as https://chat.example;
    /// the server's own (by the Host header) always may. Repeatable
    #[arg(long, value_name = "URL")]
    pub origin: Vec<Origin>,
    /// An origin that the served page may reach, for backends and media
    /// elsewhere: added to connect-src, img-src and media-src. Repeatable
    #[arg(long, value_name = "ORIGIN")]
    pub backend: Vec<Origin>,
    /// An origin that may show the page in a frame [default: none]. Repeatable
    #[arg(long, value_name = "ORIGIN")]
    pub frame_ancestor: Vec<Origin>,
    /// A room where only hosts may talk. Repeatable
    #[arg(long, value_name = "ROOM")]
    pub read_only: Vec<String>,
    /// How many proxies of yours stand in front: the client's address is the
    /// one that the outermost of them wrote into X-Forwarded-For, counted
    /// from the right
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub trusted_hops: usize,
    /// Messages a second that a person may send in the long run
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub rate: u32,
    /// Messages that a person may send at once
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub burst: u32,
    /// Tickets a second for one client address in the long run; twenty times
    /// as many at once, a tenth for new guests
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub ip_rate: u32,
    /// People a second who may come back after a restart: the more are here,
    /// the longer they are told to spread their return
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub handshakes: u32,
    /// Megabytes of a file that somebody uploads; a person may upload twenty
    /// such in a day
    #[arg(long, value_name = "MB", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub file_mb: u32,
    /// Gigabytes of all uploads together; when they are full nothing more is
    /// taken
    #[arg(long, value_name = "GB", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub files_gb: u32,
    /// Minutes that local time is ahead of UTC, such as 480 in Beijing: old
    /// pages of the topic gateway are told times without a zone
    #[arg(long, value_name = "MINUTES", default_value_t = 0, allow_negative_numbers = true, value_parser = clap::value_parser!(i32).range(-840..=840))]
    pub utc_offset: i32,
    /// Milliseconds between pings; a link that does not answer one for 5 s, or
    /// is silent for twice as long, is closed
    #[arg(long, value_name = "MS", default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(100..=600_000))]
    pub ping_ms: u64,
    /// File with the secret that tokens are signed with, at least 32 bytes
    /// [default: DIR/secret, made if missing]
    #[arg(long, value_name = "FILE")]
    pub secret_file: Option<PathBuf>,
    /// What to log to stderr: error, warn, info, debug, or a list such as
    /// info,parlance_server=debug
    #[arg(long, value_name = "FILTER", default_value = "info")]
    pub log: String,
}

/// The gateways that are switched on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gateways(pub Vec<&'static str>);

fn gateways(text: &str) -> Result<Gateways, String> {
    match text {
        "all" => return Ok(Gateways(GATEWAYS.to_vec())),
        "none" => return Ok(Gateways::default()),
        _ => {}
    }
    let known = |name: &str| {
        GATEWAYS
            .into_iter()
            .find(|gateway| *gateway == name)
            .ok_or_else(|| {
                format!(
                    "no gateway is called {name:?}: there are {}, all and none",
                    GATEWAYS.join(", ")
                )
            })
    };
    let list = text.split(',').map(|name| known(name.trim()));
    list.collect::<Result<_, _>>().map(Gateways)
}

fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is not a time such as 30s, 15m, 24h or 7d");
    let unit = text.chars().last().ok_or_else(wrong)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return Err(wrong()),
    };
    let digits = text.strip_suffix(unit).ok_or_else(wrong)?;
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    let seconds = number.checked_mul(seconds).ok_or_else(wrong)?;
    // A hundred years: beyond it the sums of clocks would overflow somewhere.
    if seconds == 0 || seconds > 3_153_600_000 {
        return Err(wrong());
    }
    Ok(Duration::from_secs(seconds))
}

/// Everything that the server goes by. The command line sets most of it;
/// tests set the rest, so that they need not wait.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where everything is kept.
    pub data: PathBuf,
    /// The front end, if it is served.
    pub dist: Option<PathBuf>,
    /// The gateways that are switched on.
    pub gateways: Gateways,
    /// Whether anybody gets in by name.
    pub guests: bool,
    /// Origins that may connect, besides the server's own.
    pub origins: Vec<Origin>,
    /// Origins that the page may reach.
    pub backends: Vec<Origin>,
    /// Origins that may frame the page.
    pub frame_ancestors: Vec<Origin>,
    /// Rooms where only hosts may talk.
    pub read_only: Vec<String>,
    /// Proxies in front.
    pub trusted_hops: usize,
    /// Messages a second for a person.
    pub rate: u32,
    /// Messages at once for a person.
    pub burst: u32,
    /// Tickets a second for an address.
    pub ip_rate: u32,
    /// Bytes of a file that is uploaded.
    pub file_bytes: u64,
    /// Bytes that a person uploads in a day.
    pub files_bytes_a_day: u64,
    /// Bytes of all uploads.
    pub files_bytes: u64,
    /// Where the signing secret is, if not in the data folder.
    pub secret_file: Option<PathBuf>,
    /// Minutes that the local time of old pages is ahead of UTC.
    pub utc_offset: i32,
    /// How often a link is pinged.
    pub ping_every: Duration,
    /// How long a link may be silent and its person still be here. More than
    /// the longest wait for a ping, and the answer's way; less than what closes
    /// the link, which may only be slow.
    pub away_after: Duration,
    /// How soon the first frame must come: a socket that nobody has signed
    /// for costs memory.
    pub hello_within: Duration,
    /// How long a request may take to come and be answered.
    pub request_within: Duration,
    /// How long a ticket is good.
    pub ticket_ttl: Duration,
    /// How long a person without a link still counts as here, so that a
    /// reconnect is no flicker.
    pub linger: Duration,
    /// How long one write to a link may take before its reader counts as too
    /// slow.
    pub stall: Duration,
    /// How many handshakes a second the server takes on when a crowd returns.
    pub handshakes_per_second: u64,
}

impl Config {
    /// The defaults, on this data folder.
    pub fn new(data: PathBuf) -> Self {
        Self {
            data,
            dist: None,
            gateways: Gateways::default(),
            guests: false,
            origins: Vec::new(),
            backends: Vec::new(),
            frame_ancestors: Vec::new(),
            read_only: Vec::new(),
            trusted_hops: 0,
            rate: 5,
            burst: 20,
            ip_rate: 20,
            file_bytes: 10 * MEGABYTE,
            files_bytes_a_day: 200 * MEGABYTE,
            files_bytes: 10_000 * MEGABYTE,
            secret_file: None,
            utc_offset: 0,
            ping_every: PING_EVERY,
            away_after: away_after(PING_EVERY),
            hello_within: Duration::from_secs(5),
            request_within: Duration::from_secs(30),
            ticket_ttl: Duration::from_secs(30),
            linger: Duration::from_secs(5),
            stall: Duration::from_secs(10),
            handshakes_per_second: 1000,
        }
    }

    /// Where the signing secret is.
    pub fn secret(&self) -> PathBuf {
        self.secret_file
            .clone()
            .unwrap_or_else(|| self.data.join("secret"))
    }
}

impl From<Serve> for Config {
    fn from(serve: Serve) -> Self {
        let beside = PathBuf::from("dist");
        Self {
            dist: serve
                .dist
                .or_else(|| beside.join("index.html").is_file().then_some(beside)),
            gateways: serve.gateway,
            guests: serve.guests,
            origins: serve.origin,
            backends: serve.backend,
            frame_ancestors: serve.frame_ancestor,
            read_only: serve.read_only,
            trusted_hops: serve.trusted_hops,
            rate: serve.rate,
            burst: serve.burst,
            ip_rate: serve.ip_rate,
            handshakes_per_second: u64::from(serve.handshakes),
            file_bytes: u64::from(serve.file_mb) * MEGABYTE,
            files_bytes_a_day: u64::from(serve.file_mb) * FILES_A_DAY * MEGABYTE,
            files_bytes: u64::from(serve.files_gb) * 1000 * MEGABYTE,
            secret_file: serve.secret_file,
            utc_offset: serve.utc_offset,
            ping_every: Duration::from_millis(serve.ping_ms),
            away_after: away_after(Duration::from_millis(serve.ping_ms)),
            ..Self::new(serve.data)
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn gateways_are_named_all_or_none() {
        assert_eq!(gateways("none"), Ok(Gateways::default()));
        assert_eq!(gateways("all"), Ok(Gateways(GATEWAYS.to_vec())));
        assert_eq!(gateways("jim, egg"), Ok(Gateways(vec!["jim", "egg"])));
        assert!(gateways("jim,jam").is_err());
        assert!(gateways("").is_err());
    }

    #[test]
    fn a_time_has_a_unit() {
        assert_eq!(duration("24h"), Ok(Duration::from_secs(86_400)));
        for text in ["", "24", "h", "-1h", "0s", "1w", "99999999999999d", "5µ"] {
            assert!(duration(text).is_err(), "{text:?}");
        }
    }
}
