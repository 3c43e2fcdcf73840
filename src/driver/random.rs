//! Chance, from the browser's own generator.
//!
//! Knows nothing of what the seed is used for: the session draws all its
//! chance from it, so that a schedule can be played again.

/// 64 bits that nobody can foresee.
pub fn seed() -> u64 {
    let mut bytes = [0_u8; 8];
    let filled = web_sys::window()
        .and_then(|window| window.crypto().ok())
        .is_some_and(|crypto| crypto.get_random_values_with_u8_array(&mut bytes).is_ok());
    if !filled {
        // Every browser that runs this page has the generator; should a host
        // have taken it away, two tabs must still not draw alike.
        let high = (js_sys::Math::random() * f64::from(u32::MAX)) as u64;
        let low = (js_sys::Math::random() * f64::from(u32::MAX)) as u64;
        return (high << 32) | low;
    }
    u64::from_le_bytes(bytes)
}
