//! The companion server: what the native dialect says (`docs/native-dialect.md`),
//! kept in a store, told over a bus, served with the front end.
//!
//! It never depends on the front end: it knows its files as bytes. A frame's
//! way through the modules is `http` → `peer` → `store` → `bus` → `hub` →
//! `peer`; each says at its top what it does not know.

pub mod config;
pub mod error;
pub mod origin;

pub mod store;

pub mod bus;

pub mod auth;
pub mod metrics;

mod assets;
mod attendance;
mod clock;
mod encode;
mod gateway;
mod http;
mod hub;
mod listen;
mod mailbox;
mod peer;
mod policy;
mod random;
mod rates;
mod server;
mod socket;
mod upload;
mod voice;
mod who;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::TcpListener;

use bus::Bus;
use bus::local::LocalBus;
use config::Config;
use error::Error;
use metrics::Metrics;
use store::Store;
use store::sqlite::SqliteStore;

/// Serves until `shutdown` is ready, then says goodbye to every link, and
/// returns when everything is written: within three seconds.
pub async fn run(
    listener: TcpListener,
    config: Config,
    shutdown: impl Future<Output = ()>,
) -> Result<(), Error> {
    Ready::open(config)?.serve(listener, shutdown).await;
    Ok(())
}

/// A server that has everything it needs, and nobody to serve yet.
pub struct Ready(Arc<server::Server>);

impl Ready {
    /// On the store in the data folder, as the only server of its system.
    pub fn open(config: Config) -> Result<Self, Error> {
        let metrics = Arc::new(Metrics::default());
        let store = SqliteStore::open(&config.data, Arc::clone(&metrics))?;
        Self::on(config, Arc::new(store), Arc::new(LocalBus::new()), metrics)
    }

    /// On a store and a bus from elsewhere.
    pub fn on(
        config: Config,
        store: Arc<dyn Store>,
        bus: Arc<dyn Bus>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, Error> {
        server::Server::new(config, store, bus, metrics).map(|server| Self(Arc::new(server)))
    }

    /// As [`run`].
    pub async fn serve(self, listener: TcpListener, shutdown: impl Future<Output = ()>) {
        listen::serve(listener, self.0, shutdown).await;
    }
}

/// Locks, whatever happened to the one who held it before: everything behind
/// our locks is whole between any two lines.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
