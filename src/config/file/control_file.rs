//! The control file, as it is typed.

use std::time::Duration;

use gate::{Blocks, Skips};

use crate::config::Every;
use crate::config::reader::table;
use crate::config::values::{List, Word, Words};

impl Words for Blocks {
    const WORDS: &'static [(&'static str, Self)] = &[("writes", Self::Writes), ("everything", Self::Everything)];
}

table! {
    /// Orders of the operators, for a fleet.
    ControlFileTable {
        /// Bypasses: requests pass although something would keep them.
        bypasses: List<ControlBypassTable> = [],
        /// Maintenance windows.
        windows: List<ControlWindowTable> = [],
        /// Holds: requests wait although the schema is right.
        holds: List<ControlHoldTable> = [],
    }
}

table! {
    /// A bypass.
    ControlBypassTable {
        /// By which it is told of.
        name: String = required,
        /// What is passed over: "needs", maintenance "windows", or "both".
        skips: Word<Skips> = "needs",
        /// Routes that it is about; all if left out.
        routes: List<String> = [],
        /// Requirements that it is about; all if left out.
        requirements: List<String> = [],
        /// Tenants that it is about; all if left out.
        tenants: List<String> = [],
        /// When it ends, such as "2026-11-22T04:00[Europe/Paris]"; not before it is taken out if left out.
        until: String,
        /// Why.
        reason: String,
    }
}

table! {
    /// A maintenance window.
    ControlWindowTable {
        /// By which it is told of.
        name: String = required,
        /// When it opens; it is open if left out.
        starts: String,
        /// When it ends; not before it is taken out if left out.
        ends: String,
        /// Or how long it lasts from `starts` on.
        lasts: Duration,
        /// "day", "week" or "month": again and again from `starts` on, at the same hour of its time zone. Once if left out.
        every: Word<Every>,
        /// What it keeps out: "writes" or "everything".
        blocks: Word<Blocks> = "writes",
        /// Routes that it is about; all if left out.
        routes: List<String> = [],
        /// Hosts that it is about; all if left out.
        hosts: List<String> = [],
        /// Tenants that it is about; all if left out.
        tenants: List<String> = [],
        /// The organisation that it is about; all if left out.
        organisation: String,
        /// What people are told.
        message: String,
        /// Why, for operators.
        reason: String,
    }
}

table! {
    /// A hold.
    ControlHoldTable {
        /// By which it is told of.
        name: String = required,
        /// Routes whose requests wait; all if left out.
        routes: List<String> = [],
        /// When it ends; not before it is taken out if left out.
        until: String,
        /// Why.
        reason: String,
    }
}
