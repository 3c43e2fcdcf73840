//! How much of a thing somebody may do: the generic cell rate algorithm, one
//! bucket for each person or address.
//!
//! Knows nothing of what is counted.

use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};

/// Buckets beyond which the full ones are thrown away at once, and not only
/// now and then.
const BUCKETS: usize = 100_000;

/// A bucket for each key.
pub(crate) struct Rates<K: Hash + Eq + Clone> {
    limiter: DefaultKeyedRateLimiter<K>,
    clock: DefaultClock,
}

/// A single bucket.
pub(crate) struct Rate(DefaultDirectRateLimiter);

impl Rate {
    /// So many a second in the long run, so many at once.
    pub(crate) fn new(rate: u32, burst: u32) -> Self {
        Self(RateLimiter::direct(quota(rate, burst)))
    }

    /// Takes one, if there is one.
    pub(crate) fn take(&self) -> bool {
        self.0.check().is_ok()
    }
}

fn quota(rate: u32, burst: u32) -> Quota {
    let at_least_one = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
    Quota::per_second(at_least_one(rate)).allow_burst(at_least_one(burst))
}

impl<K: Hash + Eq + Clone> Rates<K> {
    /// So many a second in the long run, so many at once.
    pub(crate) fn new(rate: u32, burst: u32) -> Self {
        Self {
            limiter: RateLimiter::keyed(quota(rate, burst)),
            clock: DefaultClock::default(),
        }
    }

    /// Takes one, or says how long to wait for it.
    pub(crate) fn take(&self, key: &K) -> Result<(), Duration> {
        if self.limiter.len() > BUCKETS {
            self.sweep();
        }
        self.limiter
            .check_key(key)
            .map_err(|full| full.wait_time_from(self.clock.now()))
    }

    /// Forgets the buckets that are full again.
    pub(crate) fn sweep(&self) {
        self.limiter.retain_recent();
    }
}

/// The bucket of an address: of IPv6 the /56 that one household gets.
pub(crate) fn bucket(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let mask = u128::MAX << (128 - 56);
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask))
        }
    }
}

/// The client's address behind so many trusted proxies: the entry of
/// `X-Forwarded-For` that the outermost of them wrote, counted from the
/// right. What stands further left the client may have made up.
pub(crate) fn client(peer: IpAddr, forwarded: &[&str], trusted_hops: usize) -> IpAddr {
    if trusted_hops == 0 {
        return peer;
    }
    let entries: Vec<&str> = forwarded
        .iter()
        .flat_map(|header| header.split(','))
        .map(str::trim)
        .collect();
    let index = entries.len().checked_sub(trusted_hops);
    index
        .and_then(|index| entries.get(index))
        .and_then(|entry| entry.parse().ok())
        .unwrap_or(peer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn only_what_our_proxies_wrote_is_believed() {
        let peer = ip("10.0.0.1");
        let header = ["6.6.6.6, 203.0.113.9", "10.0.0.2"];
        assert_eq!(client(peer, &header, 0), peer);
        assert_eq!(client(peer, &header, 1), ip("10.0.0.2"));
        assert_eq!(client(peer, &header, 2), ip("203.0.113.9"));
        assert_eq!(client(peer, &header, 9), peer, "fewer entries than hops");
        assert_eq!(client(peer, &["x"], 1), peer);
        assert_eq!(client(peer, &[], 1), peer);
    }

    #[test]
    fn a_household_has_one_bucket() {
        let one = bucket(ip("2001:db8:1:2233:4455::1"));
        assert_eq!(one, bucket(ip("2001:db8:1:22ff::2")));
        assert_ne!(one, bucket(ip("2001:db8:1:2333::1")));
        assert_eq!(bucket(ip("::ffff:192.0.2.7")), ip("192.0.2.7"));
    }

    #[test]
    fn a_burst_is_let_through_and_then_one_waits() {
        let rates = Rates::new(5, 20);
        assert_eq!((0..20).filter(|_| rates.take(&1).is_ok()).count(), 20);
        let wait = rates.take(&1).unwrap_err();
        assert!(wait <= Duration::from_millis(200), "{wait:?}");
        assert!(rates.take(&2).is_ok(), "another's bucket is another");
    }
}
