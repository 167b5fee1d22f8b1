//! A connection past the pooler, for notifications alone.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::{sleep, timeout};
use tracing::{info, warn};

use super::link::Link;
use super::{connect_limit, failure, hearing, statement_limit};
use crate::config::{Database, Notify, Postgres, PostgresUrl};
use crate::watch::LookError;
use crate::watch::backoff::Backoff;
use crate::watch::hint::Hint;
use crate::watch::outage::{News, Outage};

use super::hearing::Hearing;

/// How often a silent connection is asked whether it still lives.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// How long a connection that cannot hear is kept before it is tried anew: a standby may have been
/// promoted.
const DEAF: Duration = Duration::from_secs(60);

/// A connection past the pooler, for notifications alone: it never asks about the catalog.
pub(in crate::watch) struct Listener {
    database: String,
    refresh: Duration,
    settings: Postgres,
    url: PostgresUrl,
    hint: Arc<Hint>,
}

impl Listener {
    /// One for a database that is configured to have one.
    pub(in crate::watch) fn new(database: &Database, settings: &Postgres, hint: &Arc<Hint>) -> Option<Self> {
        let url = settings.direct_url.clone().filter(|_| settings.notify != Notify::Never)?;
        Some(Self {
            database: database.name.clone(),
            refresh: database.refresh,
            settings: settings.clone(),
            url,
            hint: Arc::clone(hint),
        })
    }

    /// Listens until dropped.
    pub(in crate::watch) async fn run(self) {
        let mut backoff = Backoff::new();
        let mut outage = Outage::default();
        let mut said = None;
        loop {
            let error = match self.connect().await {
                Ok((link, hearing)) => {
                    if let Some(lasted) = outage.ended(Instant::now()) {
                        info!(
                            target: "schemagate::watch",
                            database = self.database,
                            "database {}: notifications are heard again after {lasted:.1?}",
                            self.database,
                        );
                    }
                    if said.as_ref() != Some(&hearing) {
                        hearing.log(&self.database, "direct_url", self.refresh);
                    }
                    let listening = hearing == Hearing::Listening;
                    said = Some(hearing);
                    if listening {
                        // What was sent while nobody listened is lost.
                        self.hint.ring();
                        let since = Instant::now();
                        let error = self.keep(link).await;
                        if since.elapsed() > HEARTBEAT {
                            backoff.reset();
                        }
                        error
                    } else {
                        link.close().await;
                        sleep(DEAF).await;
                        continue;
                    }
                }
                Err(error) => error,
            };
            if let Some(News::Began | News::Changed) = outage.failed(&error, Instant::now()) {
                warn!(
                    target: "schemagate::watch",
                    database = self.database,
                    error = error.word,
                    "database {}: notifications are not heard, looking goes on at its interval: direct_url: {error}",
                    self.database,
                );
            }
            sleep(backoff.next()).await;
        }
    }

    async fn connect(&self) -> Result<(Link, Hearing), LookError> {
        let link = Link::open(&self.url, connect_limit(&self.settings, &self.url), &self.hint).await?;
        let limit = statement_limit(&self.settings, &self.url);
        let hearing = hearing::listen(&link, self.settings.notify, limit).await?;
        Ok((link, hearing))
    }

    /// Keeps the connection until it is lost; why it was.
    async fn keep(&self, mut link: Link) -> LookError {
        let limit = statement_limit(&self.settings, &self.url);
        loop {
            tokio::select! {
                () = link.ended() => return failure::closed(&link.place),
                () = sleep(HEARTBEAT) => {}
            }
            match timeout(limit, link.client.simple_query("")).await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => return failure::describe(&error, &link.place),
                Err(_) => return failure::timed_out(&link.place, limit, "to a heartbeat"),
            }
        }
    }
}
