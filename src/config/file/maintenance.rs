//! Maintenance windows, as they are typed.

use gate::Blocks;

use crate::config::Every;
use crate::config::reader::table;
use crate::config::values::{Either, List, Word, Words};
use std::time::Duration;

impl Words for Every {
    const WORDS: &'static [(&'static str, Self)] = &[("day", Self::Day), ("week", Self::Week), ("month", Self::Month)];
}

table! {
    /// Maintenance windows, and what is said while one is open.
    MaintenanceTable {
        /// The application's own table of windows, read with every look: its name, or a table of names.
        table: Either<String, WindowTableTable>,
        /// The table's database; needless where there is one.
        database: String,
        /// How a request names the organisation that it is of, for windows of one organisation.
        organisation: OrganisationTable,
        /// Windows, once or again and again.
        windows: List<PlannedWindowTable> = [],
        /// Code of the refusal, for programs.
        code: String = "MAINTENANCE",
        /// Sentence of the refusal, for people, where a window has none; a sentence in the client's language if left out.
        message: String,
        /// When a client may come back where a window says no end, at least 1s. Else it is told the end.
        retry_after: Duration = "30s",
        /// Whether a page reloads itself by then.
        refresh: bool = false,
        /// A template file of your own for the page.
        page: String,
    }
}

table! {
    /// A table of windows by the names that it has. A row is open from `starts` to before `ends`.
    WindowTableTable {
        /// Its name.
        name: String = "maintenance_windows",
        /// What tells one row from another, for logs.
        id: String = "id",
        /// When a window opens. A time without a zone is UTC.
        starts: String = "startsAt",
        /// When it ends; a row without it is open until it is changed.
        ends: String = "endsAt",
        /// What people are told.
        message: String = "message",
        /// Whether the row keeps writes out; where there is no such column, each does.
        blocks_writes: String = "blockWrites",
        /// Whose writes; everybody's where it is NULL.
        organisation: String = "orgId",
    }
}

table! {
    /// How a request names the organisation that it is of: one of the three.
    OrganisationTable {
        /// A header.
        header: String,
        /// A cookie.
        cookie: String,
        /// A claim of a JSON Web Token.
        jwt: JwtTable,
    }
}

table! {
    /// A claim of a JSON Web Token. Without a key it is believed as it comes; with one, only if its signature is right and it has not expired.
    JwtTable {
        /// The header that holds the token; `Bearer` before it is left out.
        header: String = "Authorization",
        /// The cookie that holds it, instead.
        cookie: String,
        /// The claim: "org_id", or "app.org_id" for one within another.
        claim: String = required,
        /// What it is signed with: the secret of HS256, or the public key of RS256 or ES256 as PEM.
        key: String,
        /// A file that holds the key.
        key_file: String,
    }
}

table! {
    /// A window, once or again and again.
    PlannedWindowTable {
        /// What it is called in logs and on the dashboard.
        name: String = required,
        /// When it opens, with its time zone: "2026-11-22T02:00:00[Europe/Paris]", or "2026-11-22T01:00:00Z".
        starts: String = required,
        /// When it ends, likewise; of one that recurs, the first time.
        ends: String,
        /// How long it lasts, instead.
        lasts: Duration,
        /// "day", "week" or "month": at the same hour of its time zone. Once if left out.
        every: Word<Every>,
        /// "writes": all but GET, HEAD, OPTIONS and TRACE; or "everything".
        blocks: Word<Blocks> = "writes",
        /// Names of routes; all if left out.
        routes: List<String> = [],
        /// Hosts: "app.example.com", "*.example.com"; all if left out.
        hosts: List<String> = [],
        /// Tenants, by schema or as requests name them; all if left out.
        tenants: List<String> = [],
        /// An organisation; all if left out.
        organisation: String,
        /// What people are told; a sentence in their language if left out.
        message: String,
    }
}
