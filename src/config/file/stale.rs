//! The last good answer: what a route says of it, and how much is kept.

use std::time::Duration;

use super::super::reader::table;
use super::super::values::{List, Size};

table! {
    /// The last good answer to the same request is given, marked as degraded, without asking the upstream; a refusal where there is none, and for all but GET and HEAD.
    StaleTable {
        /// At most so old, counted from when the upstream generated it.
        up_to: Duration = required,
        /// Headers that tell answers apart although they would be left out. Requests with "Cookie" or "Authorization" are never given an answer unless these are named here.
        key: List<String> = [],
        /// Headers that do not tell answers apart, such as those of a tracer of your own.
        ignore: List<String> = [],
        /// In the refusal: code for programs.
        code: String,
        /// In the refusal: sentence for people.
        message: String,
        /// In the refusal: when the client may come back, at least 1s.
        retry_after: Duration,
        /// In the refusal: whether the page reloads itself after that time.
        refresh: bool,
        /// In the refusal: a template file of your own for the page.
        page: String,
    }
}

table! {
    /// How much is kept of good answers. Nothing is, unless a route has the action "stale".
    StaleStoreTable {
        /// Memory for all of them, those included that are just being read.
        max_bytes: Size = "64MiB",
        /// The largest body that is kept; at most a quarter of max_bytes.
        max_answer_bytes: Size = "1MiB",
    }
}
