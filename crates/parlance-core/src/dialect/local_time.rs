//! Local time as some backends write it, `2018-10-8 14:30` or
//! `2025-07-01 10:00:05`, and the distance from UTC that it was written at.
//!
//! Knows no zone and no daylight saving: the distance is an argument.

use crate::time::UnixMillis;

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

/// The local time at this distance from UTC, in minutes, without padding:
/// `Y-M-D HH:mm`.
pub fn write(at: UnixMillis, offset_minutes: i32) -> String {
    let local = at.0.saturating_add(i64::from(offset_minutes) * MINUTE);
    let (year, month, day) = date(local.div_euclid(DAY));
    let minutes = local.rem_euclid(DAY) / MINUTE;
    format!(
        "{year}-{month}-{day} {:02}:{:02}",
        minutes / 60,
        minutes % 60
    )
}

/// The same with padding and seconds: `YYYY-MM-DD HH:mm:ss`.
pub fn write_padded(at: UnixMillis, offset_minutes: i32) -> String {
    let local = at.0.saturating_add(i64::from(offset_minutes) * MINUTE);
    let (year, month, day) = date(local.div_euclid(DAY));
    let second = local.rem_euclid(DAY) / 1000;
    format!(
        "{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02}",
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

/// What was written so: padded or not, with seconds or without, with `-`, `/`
/// or `.` between the parts of the date and a blank or `T` behind it; or a
/// whole number, which is seconds or milliseconds since 1970. `None`: no time.
pub fn read(text: &str, offset_minutes: i32) -> Option<UnixMillis> {
    let text = text.trim();
    if !text.is_empty() && text.len() <= 16 && text.bytes().all(|it| it.is_ascii_digit()) {
        let number: i64 = text.parse().ok()?;
        // Read as seconds, the smallest that is taken for milliseconds is in
        // the year 5138.
        let millis = if number < 100_000_000_000 {
            number * 1_000
        } else {
            number
        };
        return Some(UnixMillis(millis));
    }
    let (days, time) = text.split_once([' ', 'T'])?;
    let mut days = days.split(['-', '/', '.']).map(number);
    let (year, month, day) = (days.next()??, days.next()??, days.next()??);
    let mut time = time.trim().split(':').map(number);
    let (hour, minute) = (time.next()??, time.next()??);
    let second = time.next().unwrap_or(Some(0))?;
    if days.next().is_some() || time.next().is_some() {
        return None;
    }
    let sound = (1970..=9999).contains(&year) && hour < 24 && minute < 60 && second < 61;
    let local = day_number(year, month, day)? * DAY
        + (hour * 60 + minute) * MINUTE
        + second.min(59) * 1_000;
    sound.then(|| UnixMillis(local - i64::from(offset_minutes) * MINUTE))
}

/// One to four digits.
fn number(text: &str) -> Option<i64> {
    let fits = (1..=4).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_digit());
    fits.then(|| text.parse().ok())?
}

/// Year, month and day of the day with this number, counted from 1970-01-01:
/// Hinnant's `civil_from_days`.
const fn date(day: i64) -> (i64, i64, i64) {
    let day = day + 719_468;
    let era = day.div_euclid(146_097);
    let of_era = day.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, of_year - (153 * shifted + 2) / 5 + 1)
}

/// The number of a day, if there is such a day: Hinnant's `days_from_civil`.
fn day_number(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let shifted_year = if month <= 2 { year - 1 } else { year };
    let era = shifted_year.div_euclid(400);
    let year_of_era = shifted_year.rem_euclid(400);
    let shifted = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * shifted + 2) / 5 + day - 1;
    let of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
    let number = era * 146_097 + of_era - 719_468;
    (date(number) == (year, month, day)).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::Chance;

    #[test]
    fn a_local_time_is_written_without_padding_and_read_back() {
        // 2018-10-08T06:30:00Z and 2024-02-29T23:59:00Z.
        for (millis, offset, text) in [
            (1_538_980_200_000, 480, "2018-10-8 14:30"),
            (1_538_980_200_000, 0, "2018-10-8 06:30"),
            (1_538_980_200_000, -420, "2018-10-7 23:30"),
            (1_709_251_140_000, 0, "2024-2-29 23:59"),
            (1_709_251_140_000, 345, "2024-3-1 05:44"),
            (0, 0, "1970-1-1 00:00"),
        ] {
            assert_eq!(write(UnixMillis(millis), offset), text);
            assert_eq!(read(text, offset), Some(UnixMillis(millis)), "{text}");
        }
    }

    #[test]
    fn the_ways_in_which_it_is_written_are_read() {
        let at = Some(UnixMillis(1_538_980_200_000));
        for text in [
            "2018-10-08 06:30:00",
            "2018/10/8 6:30",
            "2018.10.08T06:30",
            " 2018-10-8  06:30 ",
            "1538980200",
            "1538980200000",
        ] {
            assert_eq!(read(text, 0), at, "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "x",
            "2018-10-8",
            "2018-13-8 14:30",
            "2018-2-30 14:30",
            "2023-2-29 14:30",
            "2018-10-0 14:30",
            "2018-10-8 24:30",
            "2018-10-8 14:60",
            "2018-10-8 14",
            "2018-10-8 14:30:00:00",
            "2018-10-8-1 14:30",
            "-2018-10-8 14:30",
            "2018-+1-8 14:30",
            "99999-1-1 00:00",
            "99999999999999999999",
            "刚刚 14:30",
        ] {
            assert_eq!(read(text, 0), None, "{text}");
        }
    }

    #[test]
    fn every_minute_is_read_as_it_was_written() {
        let mut chance = Chance::new(20_261_120);
        let last = 253_402_300_799_999_i64 / 60_000 - 2_000;
        for _ in 0..20_000 {
            let minute = 2_000 + chance.below(last as u64 - 2_000) as i64;
            let offset = chance.below(28 * 60) as i32 - 14 * 60;
            let at = UnixMillis(minute * 60_000);
            assert_eq!(
                read(&write(at, offset), offset),
                Some(at),
                "{at:?} {offset}"
            );
        }
        for at in [i64::MIN, i64::MAX] {
            let _ = write(UnixMillis(at), 840);
        }
    }
}
