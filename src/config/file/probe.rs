//! Requests that schemagate sends to itself, as they are typed.

use std::time::Duration;

use crate::config::reader::table;
use crate::config::values::{List, Named};

table! {
    /// A request that schemagate sends to itself, to see whether clients get what they should.
    ProbeTable {
        /// Its name in logs, metrics and alerts; method and path if left out.
        name: String,
        /// The path and query to ask for.
        path: String = required,
        /// The method.
        method: String = "GET",
        /// The host that is asked for; the listener's address if left out.
        host: String,
        /// Headers, such as credentials.
        headers: Named<List<String>> = {},
        /// Statuses that are right.
        expect: List<u16> = [200],
        /// How often.
        every: Duration = "1m",
        /// How long an answer may take.
        timeout: Duration = "10s",
        /// How many wrong answers in a row are told.
        failures: u16 = 2,
        /// Where to send it: "http://host:port" or "https://host:port"; the first plain listener if left out.
        to: String,
    }
}
