//! The one place that reads the wall clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use crate::store::Millis;

/// Milliseconds since 1970.
pub(crate) fn unix_millis() -> Millis {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
}

/// When that is, for a timer. Computed from the wall clock each time, so that
/// a clock that is set right meanwhile counts; `None`, and what is further
/// than a day away, is a day ahead: every link comes by before.
pub(crate) fn instant(at: Option<Millis>) -> Instant {
    let far = Duration::from_secs(24 * 3600);
    let left = at.map_or(far, |at| {
        let left = at.saturating_sub(unix_millis());
        Duration::from_millis(u64::try_from(left).unwrap_or(0))
    });
    Instant::now() + left.min(far)
}
