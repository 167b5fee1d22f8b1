//! Load that is put on a server, as it is typed.

use std::time::Duration;

use crate::config::reader::table;
use crate::config::values::{List, Named};

table! {
    /// Load for `schemagate bench`. Values may hold ${VAR} and ${VAR:-default}.
    ScenarioTable {
        /// The server: "http://host:port" or "https://host:port".
        target: String,
        /// Requests a second.
        rate: u16 = 100,
        /// For how long requests are counted.
        lasts: Duration = "30s",
        /// For how long requests are sent before that, and not counted.
        warm_up: Duration = "2s",
        /// Requests at once, and so connections over HTTP/1, at most.
        connections: u16 = 256,
        /// How long after its time a request may be answered.
        timeout: Duration = "10s",
        /// What is asked for; GET / if left out.
        requests: List<AskedTable> = [],
        /// What the load must come to: "p95<150ms", "errors<0.1%", "503=0".
        expect: List<String> = [],
    }
}

table! {
    /// A kind of request.
    AskedTable {
        /// Its name in the report; method and path if left out.
        name: String,
        /// Path and query.
        path: String = required,
        /// The method.
        method: String = "GET",
        /// Headers, such as credentials.
        headers: Named<List<String>> = {},
        /// The body.
        body: String,
        /// How often, beside the others.
        weight: u16 = 1,
        /// Statuses that are right; all below 500 if left out.
        expect: List<u16>,
    }
}
