//! Two clocks that lie, one time that does not.

use parlance::driver::clock::{Clock, Judge, Reading};
use wasm_bindgen_test::wasm_bindgen_test;

fn at(monotonic: f64, wall: f64) -> Reading {
    Reading { monotonic, wall }
}

/// Plays readings; gives the time after each and whether it came after a gap.
fn play(readings: &[(f64, f64)]) -> Vec<(u64, bool)> {
    let mut judge = Judge::new(at(1_000.0, 1e12));
    readings
        .iter()
        .map(|(monotonic, wall)| {
            let judged = judge.judge(at(1_000.0 + monotonic, 1e12 + wall));
            (judged.now.as_millis(), judged.gap)
        })
        .collect()
}

#[wasm_bindgen_test]
fn both_clocks_together_make_no_gap() {
    let played = play(&[(10.0, 10.0), (60_010.0, 60_000.0)]);
    assert_eq!(played, [(10, false), (60_010, false)]);
}

#[wasm_bindgen_test]
fn sleep_that_stopped_the_monotonic_clock_is_counted_and_told_once() {
    let played = play(&[(10.0, 10.0), (20.0, 600_000.0), (30.0, 600_010.0)]);
    assert_eq!(played, [(10, false), (600_000, true), (600_010, false)]);
}

#[wasm_bindgen_test]
fn slewing_is_no_gap() {
    let played = play(&[(1_000.0, 3_900.0), (2_000.0, 6_800.0)]);
    assert_eq!(played, [(1_000, false), (2_000, false)]);
}

#[wasm_bindgen_test]
fn a_wall_clock_set_back_and_forth_never_takes_time_back() {
    const HOUR: f64 = 3_600_000.0;
    let played = play(&[(10.0, -HOUR), (20.0, -HOUR), (30.0, 10.0), (40.0, 20.0)]);
    let times: Vec<u64> = played.iter().map(|(now, _)| *now).collect();
    assert!(times.is_sorted(), "{times:?}");
    let gaps = played.iter().filter(|(_, gap)| *gap).count();
    assert_eq!(gaps, 1, "set forward looks like sleep, once");
}

#[wasm_bindgen_test]
fn a_monotonic_clock_that_goes_back_stops_time() {
    let played = play(&[(100.0, 100.0), (50.0, 150.0), (60.0, 160.0)]);
    assert_eq!(played, [(100, false), (100, false), (110, false)]);
}

#[wasm_bindgen_test]
fn a_countdown_does_not_swallow_a_gap() {
    let mut judge = Judge::new(at(0.0, 0.0));
    assert_eq!(judge.peek(at(5.0, 9_000.0)).as_millis(), 9_000);
    assert!(judge.judge(at(5.0, 9_000.0)).gap);
}

#[wasm_bindgen_test]
fn the_browsers_clock_goes_on() {
    let clock = Clock::browser();
    let (first, second) = (clock.now(), clock.judge().now);
    assert!(first <= second);
    assert!(clock.wall().0 > 1_700_000_000_000);
}
