//! Watches one database.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use gate::{Catalog, Extent, Moment, ObjectName, Wanted};
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};
use tracing::{debug, info, warn};

use super::LookError;
use super::agenda::{Agenda, Due, LEAST_GAP};
use super::backoff::Backoff;
use super::hint::{Heard, Hint};
use super::judge::Look;
use super::outage::{News, Outage};
use super::postgres::{Hearing, Listener, Step};
use super::posts::PostId;
use super::reader::Reader;
use super::skew::Skew;
use super::traced::Traced;
use crate::config::{Database, Idle, Source};
use crate::live::Pulse;
use crate::metrics::Metrics;
use crate::traces::Traces;

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
    traces: Traces,
    hint: Arc<Hint>,
    reader: Option<Reader>,
    /// When the last look at everything began.
    began: Moment,
    agenda: Agenda,
    /// What the judge was told last.
    told: Option<Arc<Catalog>>,
    /// When the first notification came that the look which goes on answers.
    notified: Option<std::time::Instant>,
    /// Looks that [`Self::reader`] has answered.
    served: u32,
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
        traces: Traces,
    ) -> Self {
        let hint = Arc::new(Hint::new(metrics.clone(), &database.name));
        let refresh = database.refresh;
        Self {
            id,
            database,
            wanted: Arc::new(wanted),
            pulse,
            looks,
            metrics,
            traces,
            hint,
            reader: None,
            began: Moment::default(),
            agenda: Agenda::new(refresh, Instant::now()),
            told: None,
            notified: None,
            served: 0,
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
        let mut due = Due::Everything;
        while !self.looks.is_closed() {
            // Asked for before the look, so that a request during it is not missed.
            let next_request = pulse.next_request();
            let idle = self.database.idle.filter(|idle| pulse.quiet_for() >= idle.after);
            if idle.is_none() {
                self.listen_directly();
            }
            let began = Instant::now();
            let traced = Traced::begin(&self.traces);
            let (what, failure) = match due {
                Due::Everything => ("look", self.look_at_everything(idle).await),
                Due::Part => ("look at a part", self.look_at_part().await),
            };
            traced.end(&self.traces, what, &self.database, failure.as_ref());
            let Some(idle) = idle else {
                due = self.rest().await;
                continue;
            };
            self.fall_asleep().await;
            due = Due::Everything;
            tokio::select! {
                () = self.asked() => debug!(database = self.database.name, "a request that asks for a look ends the quiet time"),
                () = sleep_until(began + idle.refresh) => {}
                () = next_request => debug!(database = self.database.name, "a request ends the quiet time"),
            }
        }
    }

    /// Waits until a look at everything is asked for. Whoever is held waits for no backoff and no slow
    /// look's pause.
    fn asked(&self) -> impl Future<Output = ()> + use<> {
        let (pulse, began) = (self.pulse.clone(), self.began);
        let soonest = Instant::now() + LEAST_GAP.saturating_sub(pulse.now().since(began));
        async move {
            pulse.asked_after(began).await;
            sleep_until(soonest).await;
        }
    }

    /// Looks at everything, and tells the judge or the log.
    async fn look_at_everything(&mut self, idle: Option<Idle>) -> Option<LookError> {
        let counts_for = match idle {
            Some(idle) => self.database.max_age.max(idle.refresh + WAKING),
            None => self.database.max_age,
        };
        let began = Instant::now();
        self.hear();
        self.agenda.begin_everything();
        self.notified = self.agenda.since();
        let attempted = self.attempt(counts_for).await;
        self.agenda.end_everything(began, Instant::now());
        match attempted {
            Ok(()) => {
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
                self.notice_unheard_ledgers().await;
                None
            }
            Err(error) => {
                self.pulse.note_failed_look(self.began);
                self.note_failure(&error);
                Some(error)
            }
        }
    }

    /// Looks at the part that is due. If that fails, at everything as soon as can be.
    async fn look_at_part(&mut self) -> Option<LookError> {
        let mut reader = self.reader.take()?;
        let looked = self.see_part(&mut reader).await;
        if looked.is_ok() || !reader.is_lost() {
            self.reader = Some(reader);
        }
        let error = looked.err()?;
        self.agenda.add(Heard { everything: true, ..Heard::default() });
        self.note_failure(&error);
        Some(error)
    }

    fn note_failure(&mut self, error: &LookError) {
        self.agenda.add(Heard { since: self.notified.take(), ..Heard::default() });
        self.metrics.look_failure(&self.database.name, error.word);
        self.report(error);
    }

    /// Learns what the hint has heard.
    fn hear(&mut self) {
        let tenancy = self.wanted.tenants.as_ref().map(|tenants| &*tenants.tenancy);
        self.agenda.add(self.hint.take().among(tenancy));
    }

    /// Whether the judge was not told that yet.
    fn is_news(&self, catalog: &Arc<Catalog>) -> bool {
        self.told.as_ref().is_none_or(|told| !Arc::ptr_eq(told, catalog))
    }

    /// Tells the judge what is known after a look.
    async fn tell(&mut self, catalog: Arc<Catalog>, saw: Extent, began: Moment, counts_for: Duration) {
        let notified = if self.is_news(&catalog) { self.notified.take() } else { None };
        self.told = Some(Arc::clone(&catalog));
        // A judge that is gone ends the loop.
        let _ = self.looks.send(Look { post: self.id, catalog, saw, began, counts_for, notified }).await;
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

    async fn attempt(&mut self, counts_for: Duration) -> Result<(), LookError> {
        self.began = self.pulse.now();
        let mut reader = match self.reader.take() {
            Some(reader) => reader,
            None => self.open().await?,
        };
        self.began = self.pulse.now();
        let looked = self.see_everything(&mut reader, counts_for).await;
        if looked.is_ok() || !reader.is_lost() {
            self.served = self.served.saturating_add(1);
            self.reader = Some(reader);
        }
        looked
    }

    /// Looks at everything, step by step, and between the steps at what is heard of meanwhile: whoever
    /// changes one tenant's schema does not wait until all of them were looked at.
    async fn see_everything(&mut self, reader: &mut Reader, counts_for: Duration) -> Result<(), LookError> {
        let began = self.began;
        let mut known = reader.unchanged().await?;
        if known.is_some() {
            self.agenda.take_part();
        } else {
            let steps = reader.begin();
            let is_one = steps.len() == 1;
            for step in steps {
                let step = self.prepared(step, reader).await?;
                let catalog = self.see(&step, reader).await?;
                if !is_one && self.is_news(&catalog) {
                    self.tell(Arc::clone(&catalog), step.saw(), began, counts_for).await;
                }
                known = Some(catalog);
            }
            reader.end();
        }
        if let Some(catalog) = known {
            self.metrics.look(&self.database.name, self.pulse.now().since(began));
            self.tell(catalog, Extent::Everything, began, counts_for).await;
        }
        Ok(())
    }

    /// A step of a look at everything, which sees what was heard of if it can; else that is seen before it.
    async fn prepared(&mut self, step: Step, reader: &mut Reader) -> Result<Step, LookError> {
        self.hear();
        match step {
            Step::At(extent) => {
                let part = self.agenda.take_part().filter(|_| extent != Extent::Everything);
                Ok(Step::At(part.unwrap_or(extent)))
            }
            Step::Slice(_) => self.see_part(reader).await.map(|()| step),
        }
    }

    /// Makes a step, and compares the clocks.
    async fn see(&mut self, step: &Step, reader: &mut Reader) -> Result<Arc<Catalog>, LookError> {
        let wall = Timestamp::now();
        let catalog = reader.look_at(step).await?;
        if matches!(step, Step::At(_)) {
            self.skew.compare(&self.database.name, catalog.windows.as_ref(), wall, Timestamp::now());
        }
        Ok(catalog)
    }

    /// Looks at the part that is due, if one is.
    async fn see_part(&mut self, reader: &mut Reader) -> Result<(), LookError> {
        let Some(part) = self.agenda.begin_part(Instant::now()) else { return Ok(()) };
        self.notified = self.agenda.since().or(self.notified);
        let began = self.pulse.now();
        let looked = self.see(&Step::At(part.clone()), reader).await;
        self.agenda.end_part(Instant::now());
        let catalog = looked?;
        self.metrics.look(&self.database.name, self.pulse.now().since(began));
        self.tell(catalog, part, began, self.database.max_age).await;
        Ok(())
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

    /// Waits for whatever brings the next look; what that is to see.
    async fn rest(&mut self) -> Due {
        let asked = self.asked();
        tokio::pin!(asked);
        loop {
            self.hear();
            let Some(reader) = &mut self.reader else {
                tokio::select! {
                    () = sleep(self.backoff.next()) => {}
                    () = self.hint.heard() => sleep_until(self.agenda.soonest()).await,
                    () = &mut asked => {}
                }
                return Due::Everything;
            };
            if let Some(due) = self.agenda.due(Instant::now()) {
                return due;
            }
            tokio::select! {
                () = sleep_until(self.agenda.next()) => {}
                () = self.hint.heard() => {}
                () = &mut asked => {
                    debug!(database = self.database.name, "a request asks for a look");
                    return Due::Everything;
                }
                () = reader.lost() => {
                    debug!(database = self.database.name, "the connection was lost");
                    self.reader = None;
                    sleep(self.backoff.next()).await;
                    return Due::Everything;
                }
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
