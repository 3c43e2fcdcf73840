//! Which rows of a timeline are worth having in the document, and where the
//! reader is. Pure arithmetic over row heights: measured where a row has been
//! drawn, guessed where it has not.
//!
//! Knows no document, no pixels ratio and no scroll event. Whoever draws
//! measures what it drew, asks where the reader's place is now, and scrolls
//! there: the same mechanism in every engine, with or without scroll anchoring.

use std::ops::Range;

use crate::ids::ItemKey;

/// A reader within this distance of the end is at the end.
pub const NEAR_END: f64 = 80.0;
/// Nearer to the top than this, what is older is asked for.
pub const NEAR_TOP: f64 = 600.0;
/// Rows are kept this far beyond both edges of what is seen.
pub const MARGIN: f64 = 900.0;
/// A window is good for as long as it reaches this far beyond both edges:
/// less than [`MARGIN`], so that a small scroll changes nothing.
const SLACK: f64 = 300.0;
/// However small the rows are, no window is larger.
pub const MAX_ROWS: usize = 160;

/// The heights of a timeline's rows, in order.
#[derive(Clone, Debug)]
pub struct Viewport {
    heights: Vec<Option<f32>>,
    estimate: f64,
    measured: Average,
}

/// Where the reader is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Place {
    /// At the end, or this far above it: new rows are followed.
    End {
        /// How far above the end.
        above: f64,
    },
    /// At this row.
    Row {
        /// Which.
        key: ItemKey,
        /// Its top edge, seen from the top edge of what is seen. Negative
        /// where the row has begun further up.
        offset: f64,
    },
}

#[derive(Clone, Copy, Debug, Default)]
struct Average {
    sum: f64,
    count: u32,
    /// The estimate is renewed when so many have been measured: rarely, since
    /// each renewal moves every row that was only guessed.
    due: u32,
}

impl Place {
    /// At the very end.
    pub const END: Self = Self::End { above: 0.0 };

    /// Whether new rows are followed.
    pub const fn follows(self) -> bool {
        matches!(self, Self::End { .. })
    }
}

impl Viewport {
    /// No rows yet; a row that was never drawn is taken to be this high.
    pub fn new(estimate: f64) -> Self {
        Self {
            heights: Vec::new(),
            estimate,
            measured: Average::default(),
        }
    }

    /// A row came in at this place.
    pub fn insert(&mut self, index: usize) {
        let index = index.min(self.heights.len());
        self.heights.insert(index, None);
    }

    /// The row at this place is gone.
    pub fn remove(&mut self, index: usize) {
        if index < self.heights.len() {
            self.heights.remove(index);
        }
    }

    /// The row at `from` went to `to`, counted without it.
    pub fn shift(&mut self, from: usize, to: usize) {
        if from < self.heights.len() {
            let height = self.heights.remove(from);
            let to = to.min(self.heights.len());
            self.heights.insert(to, height);
        }
    }

    /// There are so many rows now, none of them drawn.
    pub fn reset(&mut self, count: usize) {
        self.heights.clear();
        self.heights.resize(count, None);
    }

    /// Forgets what was measured (the width or the font changed).
    pub fn forget(&mut self) {
        self.heights.fill(None);
    }

    /// The row at this place was drawn so high.
    pub fn measure(&mut self, index: usize, height: f64) {
        let Some(slot) = self.heights.get_mut(index) else {
            return;
        };
        if slot.is_none() && height > 0.0 {
            self.measured.sum += height;
            self.measured.count += 1;
        }
        *slot = Some(height as f32);
        if self.measured.count > self.measured.due {
            self.estimate = self.measured.sum / f64::from(self.measured.count);
            self.measured.due = (self.measured.count * 4).max(16);
        }
    }

    /// Whether the row at this place was drawn, and nothing has made its height
    /// void since.
    pub fn is_measured(&self, index: usize) -> bool {
        self.heights.get(index).is_some_and(Option::is_some)
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.heights.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.heights.is_empty()
    }

    /// How high the rows of this range are together.
    ///
    /// A plain sum: a hundred thousand rows take a tenth of a millisecond,
    /// and nothing has to be kept in step.
    pub fn height_of(&self, range: Range<usize>) -> f64 {
        let end = range.end.min(self.heights.len());
        let start = range.start.min(end);
        self.heights[start..end]
            .iter()
            .map(|height| self.height(*height))
            .sum()
    }

    /// How high all rows are together.
    pub fn total(&self) -> f64 {
        self.height_of(0..self.heights.len())
    }

    /// The row at this distance from the top, and where it begins.
    pub fn row_at(&self, distance: f64) -> (usize, f64) {
        let mut top = 0.0;
        for (index, height) in self.heights.iter().enumerate() {
            let height = self.height(*height);
            if top + height > distance {
                return (index, top);
            }
            top += height;
        }
        (self.heights.len(), top)
    }

    /// The rows to have in the document when `seen` pixels are seen from
    /// `top` on. `current` is kept while it still reaches far enough, so that
    /// a small scroll changes nothing.
    pub fn window(&self, top: f64, seen: f64, current: Option<Range<usize>>) -> Range<usize> {
        let bottom = top + seen;
        if let Some(current) = current
            && current.end <= self.heights.len()
            && current.len() <= MAX_ROWS
        {
            let begins = self.height_of(0..current.start);
            let ends = begins + self.height_of(current.clone());
            let reaches_up = current.start == 0 || begins <= top - SLACK;
            let reaches_down = current.end == self.heights.len() || ends >= bottom + SLACK;
            if reaches_up && reaches_down && !current.is_empty() {
                return current;
            }
        }
        let (visible, _) = self.row_at(top);
        let (first, _) = self.row_at(top - MARGIN);
        let (last, _) = self.row_at(bottom + MARGIN);
        let first = first.max(visible.saturating_sub(MAX_ROWS / 3));
        let last = (last + 1).min(self.heights.len()).min(first + MAX_ROWS);
        first.min(last)..last
    }

    /// How far to scroll so that the reader is at this place. `index_of` finds
    /// a row; a place whose row is gone is the end.
    pub fn scroll_to(
        &self,
        place: Place,
        seen: f64,
        index_of: impl FnOnce(ItemKey) -> Option<usize>,
    ) -> f64 {
        let lowest = (self.total() - seen).max(0.0);
        match place {
            Place::End { above } => (lowest - above).max(0.0),
            // Not held to the rows: something may stand above or below them.
            Place::Row { key, offset } => match index_of(key) {
                Some(index) => self.height_of(0..index) - offset,
                None => lowest,
            },
        }
    }

    /// Where the reader is after scrolling to `top`. `key_of` names a row.
    pub fn place_at(
        &self,
        top: f64,
        seen: f64,
        key_of: impl FnOnce(usize) -> Option<ItemKey>,
    ) -> Place {
        let above = (self.total() - seen - top).max(0.0);
        if above <= NEAR_END {
            return Place::End { above };
        }
        let (index, begins) = self.row_at(top.max(0.0));
        match key_of(index) {
            Some(key) => Place::Row {
                key,
                offset: begins - top,
            },
            None => Place::END,
        }
    }

    fn height(&self, height: Option<f32>) -> f64 {
        height.map_or(self.estimate, f64::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEEN: f64 = 600.0;

    fn drawn(heights: &[f64]) -> Viewport {
        let mut viewport = Viewport::new(50.0);
        viewport.reset(heights.len());
        for (index, height) in heights.iter().enumerate() {
            viewport.measure(index, *height);
        }
        viewport
    }

    fn key(index: usize) -> Option<ItemKey> {
        Some(ItemKey(index as u64))
    }

    #[test]
    fn the_window_is_bounded_whatever_the_length() {
        let mut viewport = Viewport::new(0.5);
        viewport.reset(100_000);
        for top in [0.0, 100.0, 25_000.0, 50_000.0] {
            assert!(viewport.window(top, SEEN, None).len() <= MAX_ROWS);
        }
        let ordinary = drawn(&[60.0; 10_000]);
        let window = ordinary.window(300_000.0, SEEN, None);
        assert!(window.len() < 60, "{window:?}");
        assert!(window.contains(&5_000) && window.contains(&5_009));
    }

    #[test]
    fn every_row_that_is_seen_is_in_the_window() {
        let heights: Vec<f64> = (0..500).map(|n| 20.0 + f64::from(n * 37 % 113)).collect();
        let viewport = drawn(&heights);
        let mut top = 0.0;
        while top < viewport.total() - SEEN {
            let window = viewport.window(top, SEEN, None);
            let (first, _) = viewport.row_at(top);
            let (last, _) = viewport.row_at(top + SEEN - 0.01);
            assert!(window.contains(&first) && window.contains(&last), "{top}");
            top += 97.0;
        }
    }

    #[test]
    fn a_small_scroll_keeps_the_window_and_a_large_one_moves_it() {
        let viewport = drawn(&[50.0; 1_000]);
        let window = viewport.window(20_000.0, SEEN, None);
        let after = viewport.window(20_200.0, SEEN, Some(window.clone()));
        assert_eq!(after, window);
        let after = viewport.window(21_000.0, SEEN, Some(window.clone()));
        assert_ne!(after, window);
    }

    #[test]
    fn the_reader_stays_when_history_comes_in_front() {
        let mut viewport = drawn(&[40.0; 100]);
        let place = viewport.place_at(1_010.0, SEEN, key);
        assert_eq!(
            place,
            Place::Row {
                key: ItemKey(25),
                offset: -10.0
            }
        );
        for _ in 0..50 {
            viewport.insert(0);
        }
        for index in 0..50 {
            viewport.measure(index, 73.0);
        }
        let top = viewport.scroll_to(place, SEEN, |key| Some(key.0 as usize + 50));
        assert_eq!(top, 50.0 * 73.0 + 1_010.0);
    }

    #[test]
    fn the_reader_stays_when_a_row_above_grows() {
        let mut viewport = drawn(&[40.0; 100]);
        let place = viewport.place_at(1_010.0, SEEN, key);
        viewport.measure(3, 340.0);
        let top = viewport.scroll_to(place, SEEN, |key| Some(key.0 as usize));
        assert_eq!(top, 1_310.0);
    }

    #[test]
    fn near_the_end_is_the_end_and_further_up_is_not() {
        let viewport = drawn(&[40.0; 100]);
        let lowest = viewport.total() - SEEN;
        assert!(viewport.place_at(lowest - 80.0, SEEN, key).follows());
        assert!(!viewport.place_at(lowest - 81.0, SEEN, key).follows());
        assert!(viewport.place_at(lowest + 30.0, SEEN, key).follows());
    }

    #[test]
    fn a_timeline_shorter_than_the_screen_is_not_scrolled() {
        let viewport = drawn(&[40.0; 3]);
        assert_eq!(viewport.scroll_to(Place::END, SEEN, |_| None), 0.0);
        assert_eq!(viewport.place_at(0.0, SEEN, key), Place::END);
        assert_eq!(viewport.window(0.0, SEEN, None), 0..3);
        assert_eq!(Viewport::new(50.0).window(0.0, SEEN, None), 0..0);
    }

    #[test]
    fn a_place_whose_row_is_gone_is_the_end() {
        let viewport = drawn(&[40.0; 100]);
        let place = Place::Row {
            key: ItemKey(7),
            offset: 0.0,
        };
        let top = viewport.scroll_to(place, SEEN, |_| None);
        assert_eq!(top, viewport.total() - SEEN);
    }

    #[test]
    fn rows_take_their_heights_with_them() {
        let mut viewport = drawn(&[10.0, 20.0, 30.0]);
        viewport.shift(0, 2);
        assert_eq!(viewport.height_of(2..3), 10.0);
        viewport.remove(0);
        assert_eq!(viewport.total(), 40.0);
        viewport.remove(9);
        viewport.shift(9, 0);
        viewport.measure(9, 1.0);
        assert_eq!(viewport.len(), 2);
        assert!(!viewport.is_empty());
    }

    #[test]
    fn what_was_measured_guesses_the_rest() {
        let mut viewport = Viewport::new(50.0);
        viewport.reset(10);
        viewport.measure(0, 90.0);
        assert_eq!(viewport.total(), 900.0);
        viewport.forget();
        assert_eq!(viewport.total(), 900.0);
    }
}
