use gate::Blocks;
use jiff::tz::TimeZone;
use jiff::{ToSpan as _, civil};
use proptest::prelude::*;

use super::*;

fn planned(starts: &str, ends: Ends, every: Option<Every>) -> PlannedWindow {
    PlannedWindow {
        name: "night".to_owned(),
        starts: starts.parse().unwrap(),
        ends,
        every,
        blocks: Blocks::Writes,
        scope: WindowScope::default(),
        message: None,
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The openings and endings from `now` on, in UTC.
fn next(window: &PlannedWindow, now: &str) -> Vec<String> {
    window.occurrences(at(now)).map(|(starts, ends)| format!("{starts} {ends}")).collect()
}

const HOURS: fn(u64) -> Ends = |hours| Ends::After(Duration::from_secs(hours * 3600));

#[test]
fn once_is_once() {
    let window = planned("2026-11-22T02:00:00[Europe/Paris]", HOURS(2), None);
    let only = ["2026-11-22T01:00:00Z 2026-11-22T03:00:00Z"];
    assert_eq!(next(&window, "2020-01-01T00:00:00Z"), only);
    assert_eq!(next(&window, "2026-11-22T02:59:59Z"), only);
    assert!(next(&window, "2026-11-22T03:00:00Z").is_empty());
    assert!(window.is_over(at("2026-11-22T03:00:00Z")));
}

#[test]
fn every_week_is_at_the_same_hour_on_both_sides_of_a_change_of_clocks() {
    let window = planned("2026-10-18T04:00:00[Europe/Paris]", HOURS(1), Some(Every::Week));
    assert_eq!(
        next(&window, "2026-10-18T03:00:00Z"),
        ["2026-10-25T03:00:00Z 2026-10-25T04:00:00Z", "2026-11-01T03:00:00Z 2026-11-01T04:00:00Z"]
    );
    assert_eq!(next(&window, "2026-10-01T00:00:00Z")[0], "2026-10-18T02:00:00Z 2026-10-18T03:00:00Z");
    assert_eq!(next(&window, "2036-07-01T00:00:00Z")[0], "2036-07-06T02:00:00Z 2036-07-06T03:00:00Z");
}

#[test]
fn an_hour_that_clocks_skip_is_as_much_later() {
    let window = planned("2026-03-28T02:30:00[Europe/Paris]", HOURS(1), Some(Every::Day));
    assert_eq!(
        next(&window, "2026-03-28T12:00:00Z"),
        ["2026-03-29T01:30:00Z 2026-03-29T02:30:00Z", "2026-03-30T00:30:00Z 2026-03-30T01:30:00Z"]
    );
}

#[test]
fn an_hour_that_clocks_show_twice_is_the_first_and_an_end_at_an_hour_is_at_that_hour() {
    let ends = Ends::At("2026-10-24T03:30:00[Europe/Paris]".parse().unwrap());
    let window = planned("2026-10-24T02:30:00[Europe/Paris]", ends, Some(Every::Day));
    assert_eq!(next(&window, "2026-10-24T12:00:00Z")[0], "2026-10-25T00:30:00Z 2026-10-25T02:30:00Z");
}

#[test]
fn every_month_is_on_the_same_day_or_on_the_last_one() {
    let window = planned("2026-01-31T00:00:00[UTC]", HOURS(1), Some(Every::Month));
    assert_eq!(
        next(&window, "2026-02-01T00:00:00Z"),
        ["2026-02-28T00:00:00Z 2026-02-28T01:00:00Z", "2026-03-31T00:00:00Z 2026-03-31T01:00:00Z"]
    );
}

#[test]
fn a_window_is_measured_from_the_present_moment() {
    let window = planned("2026-11-22T02:00:00[UTC]", HOURS(2), None);
    let moment = |seconds| Moment::from_origin(Duration::from_secs(seconds));
    let before: Vec<Window> = window.windows(at("2026-11-22T01:59:00Z"), moment(100)).collect();
    assert_eq!((before[0].from, before[0].until), (moment(160), Some(moment(7360))));
    let within: Vec<Window> = window.windows(at("2026-11-22T03:00:00Z"), moment(100)).collect();
    assert_eq!((within[0].from, within[0].until), (Moment::default(), Some(moment(3700))));
}

/// Zones whose clocks change: north, south, by half an hour, at midnight; and one whose never do.
const ZONES: [&str; 6] =
    ["Europe/Paris", "America/New_York", "Australia/Sydney", "Australia/Lord_Howe", "America/Santiago", "Asia/Kolkata"];

fn windows() -> impl Strategy<Value = PlannedWindow> {
    let every = prop_oneof![Just(Every::Day), Just(Every::Week), Just(Every::Month)];
    let start = (0_i64..400, 0_i64..24 * 60);
    (prop::sample::select(&ZONES[..]), start, 1_u64..20 * 60, every, any::<bool>()).prop_map(
        |(zone, (day, minute), length, every, by_clock)| {
            let zone = TimeZone::get(zone).unwrap();
            let first = civil::date(2025, 12, 1).at(0, 0, 0, 0) + day.days() + minute.minutes();
            let starts = first.to_zoned(zone.clone()).unwrap();
            let last = starts.datetime() + i64::try_from(length).unwrap().minutes();
            let ends = if by_clock {
                Ends::At(last.to_zoned(zone).unwrap())
            } else {
                Ends::After(Duration::from_secs(length * 60))
            };
            PlannedWindow { starts, ends, ..planned("2026-01-01T00:00:00[UTC]", HOURS(1), Some(every)) }
        },
    )
}

proptest! {
    /// At the same hour of the clock, unless clocks skip it; as long as it was said to last; never twice at
    /// once; and none is left out, wherever one looks from.
    #[test]
    fn a_recurring_window_keeps_its_hour(window in windows(), seconds in 0_i64..3 * 366 * 86_400) {
        let now = window.starts.timestamp() + SignedDuration::from_secs(seconds);
        let found: Vec<_> = window.occurrences(now).collect();
        prop_assert_eq!(found.len(), 2);
        let ((starts, ends), (next, _)) = (found[0], found[1]);
        prop_assert!(now < ends && ends <= next, "{now}: {starts} {ends} {next}");
        let zone = window.starts.time_zone();
        let shown = starts.to_zoned(zone.clone()).datetime();
        let hour = window.starts.datetime().time();
        if shown.time() != hour {
            let meant = shown.date().to_datetime(hour);
            let gap = zone.to_ambiguous_zoned(meant).is_ambiguous()
                || zone.to_ambiguous_zoned(window.starts.datetime()).is_ambiguous()
                // Skipped at midnight: the hour was the day before's.
                || zone.to_ambiguous_zoned(meant - 1.days()).is_ambiguous();
            prop_assert!(gap, "{shown} and not {hour}");
        }
        if let Ends::After(length) = &window.ends {
            prop_assert_eq!(Duration::try_from(ends.duration_since(starts)).unwrap(), *length);
        }
        // From any moment before its end on, the same one is found.
        let before = ends - SignedDuration::from_secs(1);
        prop_assert_eq!(window.occurrences(before.max(now)).next(), Some((starts, ends)));
    }

    /// Walking from one to the next meets every one of them.
    #[test]
    fn walking_along_meets_every_occurrence(window in windows()) {
        let mut now = window.starts.timestamp();
        for number in 0..40 {
            let (starts, ends) = window.occurrences(now).next().unwrap();
            prop_assert_eq!((starts, ends), window.occurrence(number).unwrap());
            now = ends;
        }
    }
}
