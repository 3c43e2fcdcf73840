//! Chance, from the operating system. Secrets and jitter alike: there is no
//! second, weaker source that could be taken by mistake.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::error::Error;

/// `N` random bytes.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| Error::Random)?;
    Ok(bytes)
}

/// `N` random bytes as text of `A-Z a-z 0-9 _ -`.
pub(crate) fn text<const N: usize>() -> Result<String, Error> {
    Ok(URL_SAFE_NO_PAD.encode(bytes::<N>()?))
}

/// `N` random bytes as hexadecimal digits, for ids that people may see.
pub(crate) fn digits<const N: usize>() -> Result<String, Error> {
    let digit = |byte: u8| format!("{byte:02x}");
    Ok(bytes::<N>()?.into_iter().map(digit).collect())
}

/// A number below `bound`, for spreading things in time. Without randomness it
/// is half of it: a crowd then comes together, which is late and not wrong.
pub(crate) fn below(bound: u64) -> u64 {
    match bytes::<8>() {
        Ok(bytes) => u64::from_le_bytes(bytes) % bound.max(1),
        Err(_) => bound / 2,
    }
}

/// A random part of a time, in thousandths.
pub(crate) fn portion(of: Duration, from: u32, to: u32) -> Duration {
    let span = u64::from(to.saturating_sub(from)).max(1);
    let thousandths = from + u32::try_from(below(span)).unwrap_or(0);
    of * thousandths / 1000
}
