//! Where other proxies ask, as it is typed.

use std::time::Duration;

use crate::config::reader::table;

table! {
    /// A listener on which other proxies ask what is to be done with a request of theirs: nginx, HAProxy, Caddy, Traefik, Envoy. None if left out.
    DecisionsTable {
        /// "host:port" or "unix:/path". Only listen.trusted_proxies are answered there.
        listen: String = required,
        /// How long a question may wait where the action is hold: less than the time that the asking proxy waits for an answer. "0s" for never.
        max_hold: Duration = "5s",
    }
}
