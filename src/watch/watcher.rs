//! Watches one database.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use gate::{Catalog, Moment, ObjectName, Wanted};
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};
use tracing::{debug, info, warn};

use super::LookError;
use super::backoff::Backoff;
use super::hint::Hint;
use super::judge::Look;
use super::outage::{News, Outage};
use super::postgres::{Hearing, Listener};
use super::posts::PostId;
use super::reader::Reader;
use super::skew::Skew;
use crate::config::{Database, Idle, Source};
use crate::live::Pulse;
use crate::metrics::Metrics;

/// Between two looks at least, so that a burst of notifications costs little and detection stays
/// well below a quarter of a second.
const LEAST_GAP: Duration = Duration::from_millis(25);
/// How much longer than the idle interval a look counts that is followed by one: time for a
/// database that sleeps to wake and answer.
const WAKING: Duration = Duration::from_secs(30);

/// Watches one database: a look at every tick, at every hint, and after every reconnect.
///
/// A database with an idle interval is let fall asleep while no requests come: connections to it
/// are closed, and a look opens one for itself. Its looks then count for as long as the next one
/// is away, so the first request after a quiet time is decided by a verdict up to that old.
pub(super) struct Watcher {
    id: PostId,
    database: Database,
    wanted: Arc<Wanted>,
    pulse: Pulse,
    looks: mpsc::Sender<Look>,
    metrics: Metrics,
    hint: Arc<Hint>,
    reader: Option<Reader>,
    /// When the last look began.
    began: Moment,
    /// Looks that [`Self::reader`] has answered.
    served: u32,
    /// Whether a hint brought the last look.
    hinted: bool,
    listener: JoinSet<()>,
    hearing: Option<Hearing>,
    /// Ledgers of which nobody tells, as the log says.
    unheard: BTreeSet<ObjectName>,
    backoff: Backoff,
    outage: Outage,
    skew: Skew,
}

impl Watcher {
    pub(super) fn new(
        id: PostId,
        database: Database,
        wanted: Wanted,
        pulse: Pulse,
        looks: mpsc::Sender<Look>,
        metrics: Metrics,
    ) -> Self {
        let hint = Arc::new(Hint::new(metrics.clone(), &database.name));
        Self {
            id,
            database,
            wanted: Arc::new(wanted),
            pulse,
            looks,
            metrics,
            hint,
            reader: None,
            began: Moment::default(),
            served: 0,
            hinted: false,
            listener: JoinSet::new(),
            hearing: None,
            unheard: BTreeSet::new(),
            backoff: Backoff::new(),
            outage: Outage::default(),
            skew: Skew::default(),
        }
    }

    /// Watches until dropped, or until nobody wants to know.
    pub(super) async fn run(mut self) {
        let pulse = self.pulse.clone();
        while !self.looks.is_closed() {
            let began = Instant::now();
            // Asked for before the look, so that a request during it is not missed.
            let next_request = pulse.next_request();
            let idle = self.database.idle.filter(|idle| pulse.quiet_for() >= idle.after);
            if idle.is_none() {
                self.listen_directly();
            }
            self.look(idle).await;
            // Whoever is held waits for no backoff and no slow look's pause.
            let asked = pulse.asked_after(self.began);
            let asked = async {
                asked.await;
                sleep_until(began + LEAST_GAP).await;
            };
            let Some(idle) = idle else {
                tokio::select! {
                    () = self.rest(began) => {}
                    () = asked => debug!(database = self.database.name, "a request asks for a look"),
                }
                continue;
            };
            self.fall_asleep().await;
            tokio::select! {
                () = asked => debug!(database = self.database.name, "a request that asks for a look ends the quiet time"),
                () = sleep_until(began + idle.refresh) => {}
                () = next_request => debug!(database = self.database.name, "a request ends the quiet time"),
            }
        }
    }

    /// Looks once, and tells the judge or the log.
    async fn look(&mut self, idle: Option<Idle>) {
        let (attempted, notified) = self.attempt().await;
        let began = self.began;
        match attempted {
            Ok(catalog) => {
                self.metrics.look(&self.database.name, self.pulse.now().since(began));
                if self.served > 1 {
                    // Not sooner: a server that takes connections and drops them is still away.
                    self.backoff.reset();
                }
                if let Some(lasted) = self.outage.ended(std::time::Instant::now()) {
                    info!(
                        target: "schemagate::watch",
                        database = self.database.name,
                        away_seconds = lasted.as_secs_f64(),
                        "database {} is seen again after {lasted:.1?}",
                        self.database.name,
                    );
                }
                let counts_for = match idle {
                    Some(idle) => self.database.max_age.max(idle.refresh + WAKING),
                    None => self.database.max_age,
                };
                // A judge that is gone ends the loop.
                let _ = self.looks.send(Look { post: self.id, catalog, began, counts_for, notified }).await;
                self.notice_unheard_ledgers().await;
            }
            Err(error) => {
                self.hint.give_back(notified);
                self.metrics.look_failure(&self.database.name, error.word);
                self.pulse.note_failed_look(began);
                self.report(&error);
            }
        }
    }

    /// Says of which ledgers nobody tells, where notifications are listened for: once for each.
    async fn notice_unheard_ledgers(&mut self) {
        let listens = self.hearing == Some(Hearing::Listening) || !self.listener.is_empty();
        let Some(reader) = self.reader.as_mut().filter(|_| listens) else { return };
        let name = &self.database.name;
        let mut unheard = reader.unheard_ledgers().await;
        unheard.retain(|ledger| self.unheard.insert(ledger.clone()));
        let Some(first) = unheard.first() else { return };
        let others = match unheard.len() - 1 {
            0 => String::new(),
            more => format!(" (like {more} others)"),
        };
        info!(
            target: "schemagate::watch",
            database = name,
            ledger = %first,
            "database {name}: the ledger {first}{others} has no trigger that notifies, so a row that is written alone is \
             seen at the next look, within {:?}; to hear of it at once: schemagate trigger-sql --ledger {first} | psql \
             \"$DATABASE_URL\"",
            self.database.refresh,
        );
    }

    /// Looks, and says when the first notification came that this look answers.
    async fn attempt(&mut self) -> (Result<Arc<Catalog>, LookError>, Option<std::time::Instant>) {
        self.began = self.pulse.now();
        let mut reader = match self.reader.take() {
            Some(reader) => reader,
            None => match self.open().await {
                Ok(reader) => reader,
                Err(error) => return (Err(error), None),
            },
        };
        self.began = self.pulse.now();
        let notified = self.hint.take_notified();
        let wall = Timestamp::now();
        let looked = reader.look().await;
        if let Ok(catalog) = &looked {
            self.skew.compare(&self.database.name, catalog.windows.as_ref(), wall, Timestamp::now());
        }
        if looked.is_ok() || !reader.is_lost() {
            self.served = self.served.saturating_add(1);
            self.reader = Some(reader);
        }
        (looked, notified)
    }

    /// Opens a reader that listens, where it can, before its first look: nothing falls between.
    async fn open(&mut self) -> Result<Reader, LookError> {
        self.served = 0;
        let mut reader = Reader::open(&self.database, &self.wanted, &self.hint).await?;
        if let Some(hearing) = reader.listen().await? {
            if self.hearing.as_ref() != Some(&hearing) {
                hearing.log(&self.database.name, "url", self.database.refresh);
            }
            self.hearing = Some(hearing);
        }
        Ok(reader)
    }

    /// Keeps a connection past the pooler for notifications, where the configuration has one.
    fn listen_directly(&mut self) {
        if let Source::Postgres(settings) = &self.database.source
            && self.listener.is_empty()
            && let Some(listener) = Listener::new(&self.database, settings, &self.hint)
        {
            self.listener.spawn(listener.run());
        }
    }

    /// Waits for whatever brings the next look; the last one began at `began`.
    async fn rest(&mut self, began: Instant) {
        // As long a pause as the look was long: a slow catalog is not kept busy by looking at it. But
        // the first change after a quiet time is looked at without one, or two long looks and the pause
        // between them would be more than anybody should wait for a change.
        let pause = if self.hinted { began.elapsed() } else { Duration::ZERO };
        let soonest = Instant::now() + pause.max(LEAST_GAP).min(self.database.refresh);
        let Some(reader) = &mut self.reader else {
            let next = Instant::now() + self.backoff.next();
            tokio::select! {
                () = sleep_until(next) => {}
                () = self.hint.heard() => sleep_until(soonest).await,
            }
            return;
        };
        let at_the_latest = (began + self.database.refresh).max(soonest);
        self.hinted = false;
        tokio::select! {
            () = sleep_until(at_the_latest) => {}
            () = self.hint.heard() => {
                self.hinted = true;
                sleep_until(soonest).await;
            }
            () = reader.lost() => {
                debug!(database = self.database.name, "the connection was lost");
                self.reader = None;
                sleep(self.backoff.next()).await;
            }
        }
    }

    /// Lets go of the database, so that it can fall asleep too.
    async fn fall_asleep(&mut self) {
        self.listener.shutdown().await;
        if let Some(reader) = self.reader.take() {
            reader.close().await;
        }
    }

    fn report(&mut self, error: &LookError) {
        let name = &self.database.name;
        let max_age = self.database.max_age;
        let Some(news) = self.outage.failed(error, std::time::Instant::now()) else { return };
        let (text, away) = match news {
            News::Began => (
                format!("cannot look at database {name}: {error}. Verdicts stand until they are {max_age:?} old"),
                Duration::ZERO,
            ),
            News::Changed => (format!("still cannot look at database {name}, now: {error}"), Duration::ZERO),
            News::Lasts(away) => (format!("cannot look at database {name} since {away:.0?}: {error}"), away),
        };
        warn!(
            target: "schemagate::watch",
            database = name,
            error = error.word,
            away_seconds = away.as_secs_f64(),
            "{text}",
        );
    }
}
