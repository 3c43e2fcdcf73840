//! Chance, from a seed: SplitMix64 (Steele, Lea, Flood 2014), small and good
//! enough for spreading dials and for message ids that start from a seed with
//! enough entropy.
//!
//! Not for secrets. Knows no source of randomness: the seed is an argument.

use std::time::Duration;

use crate::time::whole_millis;

/// A sequence that its seed decides.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// The sequence of this seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`; 0 when `bound` is 0.
    pub const fn below(&mut self, bound: u64) -> u64 {
        // Multiply-shift: the bias is below 2^-40 for every bound used here.
        ((self.bits() as u128 * bound as u128) >> 64) as u64
    }

    /// A span from zero up to `span`, in whole milliseconds.
    pub fn up_to(&mut self, span: Duration) -> Duration {
        Duration::from_millis(self.below(whole_millis(span).saturating_add(1)))
    }
}
