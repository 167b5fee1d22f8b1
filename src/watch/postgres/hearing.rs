//! Whether notifications of a database can be heard.

use std::time::Duration;

use tracing::{info, warn};

use super::failure;
use super::link::{CHANNEL, Link, rows};
use crate::config::Notify;
use crate::watch::LookError;

/// Whether notifications of a database can be heard, and if not, why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::watch) enum Hearing {
    /// They can.
    Listening,
    /// A pooler is in between: a LISTEN would be left with one of its connections.
    Pooled,
    /// The server is a standby, where nobody can LISTEN.
    Standby,
    /// The server refused.
    Refused(String),
}

/// Listens on a connection where `notify` wants that and it can be.
pub(super) async fn listen(link: &Link, notify: Notify, limit: Duration) -> Result<Hearing, LookError> {
    if notify == Notify::Auto && !link.direct {
        return Ok(Hearing::Pooled);
    }
    let asked = async {
        let answer = link.client.simple_query("SELECT pg_catalog.pg_is_in_recovery()").await?;
        if rows(&answer).next().and_then(|row| row.get(0)) == Some("t") {
            return Ok(Hearing::Standby);
        }
        match link.client.batch_execute(&format!("LISTEN {CHANNEL}")).await {
            Ok(()) => Ok(Hearing::Listening),
            Err(error) => match error.as_db_error() {
                Some(refusal) => Ok(Hearing::Refused(refusal.message().to_owned())),
                None => Err(error),
            },
        }
    };
    match tokio::time::timeout(limit, asked).await {
        Ok(outcome) => outcome.map_err(|error| failure::describe(&error, &link.place)),
        Err(_) => Err(failure::timed_out(&link.place, limit, "to LISTEN")),
    }
}

impl Hearing {
    /// One line for operators. `key` is the configuration's word for the connection's address.
    pub(in crate::watch) fn log(&self, database: &str, key: &str, refresh: Duration) {
        match self {
            Self::Listening => info!(
                target: "schemagate::watch", database, notify = true,
                "database {database}: listening for notifications over {key}; they come where the SQL of `schemagate \
                 trigger-sql` was installed. It is looked at every {refresh:?} all the same",
            ),
            Self::Pooled => info!(
                target: "schemagate::watch", database, notify = false,
                "database {database}: {key} leads to a pooler, where LISTEN must not be left behind, so it \
                 is looked at every {refresh:?} and no sooner. For notifications give a direct_url past the pooler, \
                 or set notify = \"always\" if the pooler keeps one server connection for each client",
            ),
            Self::Standby => info!(
                target: "schemagate::watch", database, notify = false,
                "database {database}: {key} leads to a standby, where nobody can LISTEN, so it is looked at every \
                 {refresh:?} and no sooner",
            ),
            Self::Refused(why) => warn!(
                target: "schemagate::watch", database, notify = false,
                "database {database}: LISTEN over {key} was refused ({why}), so it is looked at every {refresh:?} and no sooner",
            ),
        }
    }
}
