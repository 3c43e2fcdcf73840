//! What every task of one server shares.
//!
//! Knows neither HTTP nor sockets.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use parlance_core::close;
use parlance_core::ids::Uid;
use tokio::sync::watch;

use crate::assets::Assets;
use crate::auth::{Tickets, Tokens};
use crate::bus::Bus;
use crate::config::Config;
use crate::error::Error;
use crate::gateway::{Early, Numbers};
use crate::hub::Hub;
use crate::lock;
use crate::mailbox::Closing;
use crate::metrics::Metrics;
use crate::random;
use crate::rates::{Rate, Rates};
use crate::store::Store;
use crate::upload::Shelf;

/// Sockets of one address that have not shown a ticket yet. Each waits for
/// seconds at most; behind one address there may be a whole company.
const STRANGERS: usize = 256;

/// Handshakes of one address at once, at least: after a restart a whole
/// company comes back.
const HANDSHAKES_AT_ONCE: u32 = 512;

/// Frames of any kind that a link may send: well above what a busy client
/// does, so that only a broken or hostile one gets there.
const FRAMES_PER_SECOND: u32 = 50;
const FRAMES_AT_ONCE: u32 = 400;

/// What every link waits before it comes back, at least: the new process
/// needs a moment.
const RESTART_MS: u64 = 300;

/// What every task shares.
pub(crate) struct Server {
    /// How it is set.
    pub(crate) config: Config,
    /// What is kept.
    pub(crate) store: Arc<dyn Store>,
    /// Who is here.
    pub(crate) hub: Arc<Hub>,
    /// Signed tokens.
    pub(crate) tokens: Tokens,
    /// Tickets that are out.
    pub(crate) tickets: Tickets,
    /// What is counted.
    pub(crate) metrics: Arc<Metrics>,
    /// Messages of a person.
    pub(crate) talking: Rates<Uid>,
    /// Tickets for an address.
    pub(crate) ticketing: Rates<IpAddr>,
    /// Handshakes from an address: as many as tickets, so that who has one
    /// never waits, and nobody guesses them by the million.
    pub(crate) dialling: Rates<IpAddr>,
    /// New guests from an address.
    pub(crate) joining: Rates<IpAddr>,
    /// People from an address of whom nothing is known yet.
    pub(crate) newcomers: Rates<IpAddr>,
    /// Uploads of a person.
    pub(crate) uploading: Rates<Uid>,
    /// What was uploaded.
    pub(crate) shelf: Shelf,
    /// People's numbers, for dialects that want them.
    pub(crate) numbers: Numbers,
    /// What requests asked of sockets that were not there yet.
    pub(crate) early: Early,
    /// The front end.
    pub(crate) assets: Assets,
    /// The most sockets there ever were: as many may come back at once.
    pub(crate) crowd: AtomicI64,
    strangers: Arc<Mutex<HashMap<IpAddr, usize>>>,
    /// Becomes true when the server ends.
    pub(crate) ending: watch::Sender<bool>,
}

impl Server {
    /// A server on this store, of which nobody knows yet.
    pub(crate) fn new(
        config: Config,
        store: Arc<dyn Store>,
        bus: Arc<dyn Bus>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, Error> {
        let at_once = config.ip_rate.saturating_mul(20);
        Ok(Self {
            tokens: Tokens::open(&config.secret(), config.secret_file.is_none())?,
            assets: Assets::load(config.dist.as_deref())?,
            hub: Arc::new(Hub::new(Arc::clone(&store), bus, config.linger)),
            tickets: Tickets::new(config.ticket_ttl),
            talking: Rates::new(config.rate, config.burst),
            ticketing: Rates::new(config.ip_rate, at_once),
            dialling: Rates::new(config.ip_rate, at_once.max(HANDSHAKES_AT_ONCE)),
            joining: Rates::new(config.ip_rate.div_ceil(10), at_once / 2),
            newcomers: Rates::new(config.ip_rate, at_once),
            uploading: Rates::new(config.rate.div_ceil(5), config.burst),
            shelf: Shelf::open(&config)?,
            early: Early::default(),
            numbers: Numbers::new(Arc::clone(&store)),
            crowd: AtomicI64::new(0),
            strangers: Arc::default(),
            ending: watch::Sender::new(false),
            metrics,
            store,
            config,
        })
    }

    /// Over how long the crowd that is here should spread its return: W of
    /// 1.2 · N / rate, and never less than a second.
    pub(crate) fn spread_ms(&self) -> u64 {
        let crowd = u64::try_from(self.crowd.load(Ordering::Relaxed)).unwrap_or(0);
        let rate = self.config.handshakes_per_second.max(1);
        (crowd.saturating_mul(1200) / rate).max(1000)
    }

    /// One more socket that nobody has signed for; `None` when there are too
    /// many from there.
    pub(crate) fn stranger(&self, address: IpAddr) -> Option<Waiting> {
        let most = STRANGERS.max(usize::try_from(self.config.ip_rate).unwrap_or(0) * 10);
        let mut strangers = lock(&self.strangers);
        let there = strangers.entry(address).or_default();
        if *there >= most {
            return None;
        }
        *there += 1;
        Some(Waiting {
            address,
            strangers: Arc::clone(&self.strangers),
        })
    }

    /// The frames of a new link.
    pub(crate) fn frames(&self) -> Rate {
        Rate::new(
            FRAMES_PER_SECOND.max(self.config.rate.saturating_mul(4)),
            FRAMES_AT_ONCE.max(self.config.burst.saturating_mul(4)),
        )
    }

    /// What every link is told at the end. A crowd that learned its spread
    /// when it was small is spread from here.
    pub(crate) fn goodbye(&self) -> Closing {
        let spread = self.spread_ms().saturating_sub(999);
        Closing {
            code: close::RESTART,
            reason: String::new(),
            bye: Some(RESTART_MS + random::below(spread)),
        }
    }

    /// Ready when the server ends.
    pub(crate) async fn ends(&self) {
        // An error says that nobody can say it any more, which says it too.
        let _ = self.ending.subscribe().wait_for(|ending| *ending).await;
    }

    /// Forgets what nobody asks about any more.
    pub(crate) fn sweep(&self) {
        self.tickets.sweep();
        self.talking.sweep();
        self.ticketing.sweep();
        self.dialling.sweep();
        self.joining.sweep();
        self.newcomers.sweep();
        self.uploading.sweep();
    }
}

/// A socket that has not shown a ticket yet. Dropped when it has, or is gone.
pub(crate) struct Waiting {
    address: IpAddr,
    strangers: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut strangers = lock(&self.strangers);
        if let Some(there) = strangers.get_mut(&self.address) {
            *there -= 1;
            if *there == 0 {
                strangers.remove(&self.address);
            }
        }
    }
}
