//! What of a configuration counts from the next start on alone.

use crate::config::{Address, Config, Https};

/// Whether what one configuration says of a key is something else than what another one says.
type Differs = fn(&Config, &Config) -> bool;

/// Keys, and whether they are others than those that the process was started with.
const KEYS: [(&str, Differs); 9] = [
    ("listen.http", |started, now| started.listen.http != now.listen.http),
    ("listen.https", |started, now| address(started) != address(now)),
    ("listen.threads", |started, now| started.listen.threads != now.listen.threads),
    ("decisions.listen", |started, now| asked_at(started) != asked_at(now)),
    ("admin.listen", |started, now| started.admin.listen != now.admin.listen),
    ("log.format", |started, now| started.log.format != now.log.format),
    ("log.level", |started, now| started.log.level != now.log.level),
    ("log.access", |started, now| started.log.access.apart != now.log.access.apart),
    ("traces", |started, now| started.traces != now.traces),
];

/// Its certificate is exchanged while it is open.
fn address(config: &Config) -> Option<&Address> {
    config.listen.https.as_ref().map(|Https { address, .. }| address)
}

/// Where other proxies ask.
fn asked_at(config: &Config) -> Option<&Address> {
    config.decisions.as_ref().map(|decisions| &decisions.listen)
}

/// The keys that are others in `now` than in what the process was `started` with, and that need a restart.
pub(super) fn needs_restart(started: &Config, now: &Config) -> Vec<&'static str> {
    KEYS.iter().filter(|(_, differs)| differs(started, now)).map(|(key, _)| *key).collect()
}
