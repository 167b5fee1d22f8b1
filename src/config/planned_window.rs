//! Maintenance windows of the configuration, and when they are open.

use std::time::Duration;

use gate::{Blocks, Moment, Window, WindowScope, WindowSource};
use jiff::{SignedDuration, Span, Timestamp, Zoned};

/// A window of the configuration, once or again and again.
#[derive(Debug, Clone)]
pub struct PlannedWindow {
    /// Its name.
    pub name: String,
    /// When it opens; of one that recurs, the first time.
    pub starts: Zoned,
    /// When it ends.
    pub ends: Ends,
    /// How often it recurs.
    pub every: Option<Every>,
    /// What it keeps out.
    pub blocks: Blocks,
    /// Whose requests it is about.
    pub scope: WindowScope,
    /// What people are told.
    pub message: Option<String>,
}

/// When a window ends.
#[derive(Debug, Clone)]
pub enum Ends {
    /// So long after it opened, whatever clocks show.
    After(Duration),
    /// At this time; of one that recurs, the first time. Later ones end at the same hour.
    At(Zoned),
}

/// How often a window recurs, at the same hour of its time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Every {
    /// Every day.
    Day,
    /// Every seven days.
    Week,
    /// On the same day of every month, or on its last one.
    Month,
}

impl Every {
    /// So many of these.
    fn times(self, number: i64) -> Option<Span> {
        let span = Span::new();
        match self {
            Self::Day => span.try_days(number),
            Self::Week => span.try_weeks(number),
            Self::Month => span.try_months(number),
        }
        .ok()
    }

    /// More than it ever takes, in seconds.
    const fn longest(self) -> i64 {
        const DAY: i64 = 24 * 3600;
        // A day on which clocks are set back has 25 hours, and some zones have skipped whole days.
        match self {
            Self::Day => DAY,
            Self::Week => 7 * DAY,
            Self::Month => 31 * DAY,
        }
    }

    /// Less than it ever takes: what lasts longer would run into itself.
    pub(super) const fn shortest(self) -> Duration {
        const HOUR: u64 = 3600;
        Duration::from_secs(match self {
            Self::Day => 22 * HOUR,
            Self::Week => (7 * 24 - 2) * HOUR,
            Self::Month => (28 * 24 - 2) * HOUR,
        })
    }
}

impl PlannedWindow {
    /// From when to when it is open for the `number`th time, counted from zero. A time that clocks skip is as
    /// much later as they skip; of one that they show twice, the first is meant (RFC 5545, section 3.3.5).
    fn occurrence(&self, number: i64) -> Option<(Timestamp, Timestamp)> {
        let Some(every) = self.every else { return Some((self.starts.timestamp(), self.first_end()?)) };
        let zone = self.starts.time_zone();
        let shown = self.starts.datetime().checked_add(every.times(number)?).ok()?;
        let starts = shown.to_zoned(zone.clone()).ok()?.timestamp();
        let ends = match &self.ends {
            Ends::After(length) => starts.checked_add(SignedDuration::try_from(*length).ok()?).ok()?,
            Ends::At(first) => {
                let first = first.with_time_zone(zone.clone()).datetime();
                let shown = shown.checked_add(first.duration_since(self.starts.datetime())).ok()?;
                shown.to_zoned(zone.clone()).ok()?.timestamp()
            }
        };
        Some((starts, ends))
    }

    /// When it ends for the first time.
    pub(super) fn first_end(&self) -> Option<Timestamp> {
        match &self.ends {
            Ends::At(time) => Some(time.timestamp()),
            Ends::After(length) => self.starts.timestamp().checked_add(SignedDuration::try_from(*length).ok()?).ok(),
        }
    }

    /// From when to when it is open: now or the next time, and the time after that.
    pub fn occurrences(&self, now: Timestamp) -> impl Iterator<Item = (Timestamp, Timestamp)> {
        let since = now.as_second() - self.starts.timestamp().as_second();
        // One too early rather than one too late: what is over is left out below.
        let first = self.every.map_or(0, |every| (since / every.longest() - 2).max(0));
        let last = if self.every.is_some() { i64::MAX } else { 0 };
        let all = (first..=last).map_while(|number| self.occurrence(number));
        all.skip_while(move |(_, ends)| *ends <= now).take(2)
    }

    /// Its windows to come, where a clock that shows `now` is at the moment `at`.
    pub fn windows(&self, now: Timestamp, at: Moment) -> impl Iterator<Item = Window> {
        let ahead = move |time: Timestamp| Duration::try_from(time.duration_since(now)).ok();
        self.occurrences(now).map(move |(starts, ends)| Window {
            name: self.name.as_str().into(),
            source: WindowSource::File,
            from: ahead(starts).map_or_else(Moment::default, |ahead| at.plus(ahead)),
            until: Some(at.plus(ahead(ends).unwrap_or_default())),
            until_ready: false,
            blocks: self.blocks,
            scope: self.scope.clone(),
            message: self.message.as_deref().map(Into::into),
        })
    }

    /// Whether it will never be open again.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.occurrences(now).next().is_none()
    }
}

#[cfg(test)]
mod tests;
