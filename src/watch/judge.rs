//! The one who writes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gate::{Catalog, DatabaseId, Extent, Finding, Flip, Judgement, Moment, RequirementId, Snapshot, Verdict};
use tokio::sync::mpsc;
use tokio::time::sleep;
use tracing::{error, info, warn};

use super::tenants;
use super::windows::WindowKeeper;
use crate::config::Config;
use crate::live::{GateWriter, Handed, OrdersReceiver};
use crate::metrics::Metrics;

/// What a look at a database found.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) database: DatabaseId,
    /// All that is known, by this look and those before.
    pub(super) catalog: Arc<Catalog>,
    /// How much of it was seen anew.
    pub(super) saw: Extent,
    /// When it was begun: what it says of that much of the database is at least as new.
    pub(super) began: Moment,
    /// How long after [`Self::began`] it counts, if it saw everything.
    pub(super) counts_for: Duration,
    /// When the first notification came that it answers.
    pub(super) notified: Option<Instant>,
}

/// Owns the [`GateWriter`]: turns looks into verdicts and puts them in force.
pub(super) struct Judge {
    config: Arc<Config>,
    writer: GateWriter,
    metrics: Metrics,
    /// Per database.
    standing: Vec<Standing>,
    /// Per database, what was judged last.
    judged: Vec<Option<Arc<Catalog>>>,
    began: Moment,
    settled: bool,
    windows: WindowKeeper,
}

/// Whether what is known of a database still counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// It was never seen.
    Unseen,
    /// Until then.
    Fresh(Moment),
    /// No longer, and the log says so.
    Expired,
}

impl Judge {
    pub(super) fn new(config: Arc<Config>, writer: GateWriter, metrics: Metrics) -> Self {
        let standing = vec![Standing::Unseen; config.databases.len()];
        let judged = vec![None; config.databases.len()];
        let began = writer.now();
        Self { config, writer, metrics, standing, judged, began, settled: false, windows: WindowKeeper::default() }
    }

    /// Judges looks as they arrive, and puts orders in force.
    pub(super) async fn run(mut self, mut arriving: mpsc::Receiver<Look>, mut orders: OrdersReceiver) {
        // Before any request is decided, as are the configuration's windows.
        if let Some(left) = orders.left() {
            self.order(left);
        }
        self.keep_windows();
        self.settle_if_seen();
        loop {
            self.keep_windows();
            let (wait, settling) = self.next_deadline();
            let now = self.writer.now();
            let of_windows = WindowKeeper::rest(&self.config, &self.writer.current(), now);
            tokio::select! {
                Some(look) = arriving.recv() => self.judge(&look),
                Some(handed) = orders.next() => self.order(handed),
                () = sleep(of_windows) => {}
                () = sleep(wait) => {
                    if settling {
                        self.settle();
                    }
                    self.expire();
                }
            }
        }
    }

    /// Puts the configuration's windows in force, and tells of those that opened or ended.
    fn keep_windows(&mut self) {
        let now = self.writer.now();
        if let Some(snapshot) = self.windows.plan(&self.config, &self.writer.current(), now) {
            self.writer.swap(snapshot);
        }
        let gate = self.writer.current();
        if self.windows.tell(&self.config, &gate, now) {
            // Those who look on see what the clock did.
            self.writer.swap(gate.snapshot().clone());
        }
    }

    /// Puts what operators ordered in force.
    fn order(&mut self, handed: Handed) {
        let snapshot = self.writer.current().snapshot().with_orders(&handed.orders);
        self.writer.swap(snapshot);
        handed.done();
    }

    /// Puts the verdicts of a look in force, then tells what changed.
    fn judge(&mut self, look: &Look) {
        let gate = self.writer.current();
        if let Some(same) = self.after_the_same(look, gate.snapshot()) {
            self.writer.swap(same);
            self.note_seen(look);
            return;
        }
        let Look { database, catalog, saw, began, counts_for, .. } = look;
        let requirements = gate.rules().requirements();
        let (snapshot, flips) =
            gate.snapshot().after_look_at(saw, requirements, *database, catalog, *began, *counts_for);
        let changes: Vec<Change> = gate
            .rules()
            .requirements_by_id()
            .filter(|(_, requirement)| requirement.database == look.database)
            .filter_map(|(id, _)| {
                let before = gate.snapshot().judgement(id)?;
                let after = snapshot.judgement(id)?;
                let flip = flips.iter().find(|flip| flip.requirement == id).copied();
                let moved =
                    flip.is_some() || *before.findings != *after.findings || *before.warnings != *after.warnings;
                moved.then(|| Change { id, flip, before: before.clone(), after: after.clone() })
            })
            .collect();
        let tenants = snapshot.tenants().filter(|_| look.catalog.tenants.is_some()).cloned();
        let news = gate.snapshot().generation() != snapshot.generation();
        self.writer.swap(snapshot);
        if let (Some(notified), Some(database)) = (look.notified.filter(|_| news), self.config.database(look.database))
        {
            self.metrics.detection(&database.name, notified.elapsed());
        }
        let rules = gate.rules();
        let is_share = |change: &&Change| rules.whole(change.id) != change.id;
        for change in changes.iter().filter(is_share) {
            // What the whole is now, its shares may be with it: that is told of the whole.
            let whole = changes.iter().find(|whole| whole.id == rules.whole(change.id));
            let told = whole.and_then(|whole| whole.flip).map(|flip| flip.to);
            if let Some(flip) = change.flip.filter(|flip| Some(flip.to) != told) {
                self.tell_share(change, flip);
            }
        }
        for change in changes.iter().filter(|change| !is_share(change)) {
            if change.flip.is_some() || *change.before.findings != *change.after.findings {
                self.tell(change);
            }
            self.warn(change);
        }
        if let Some(after) = tenants {
            let before = gate.snapshot().tenants().map(AsRef::as_ref);
            tenants::tell(&self.config, &self.metrics, before, &after);
        }
        self.note_seen(look);
    }

    /// The snapshot after a look that found the very value that was judged last.
    fn after_the_same(&mut self, look: &Look, before: &Snapshot) -> Option<Snapshot> {
        let judged = self.judged.get_mut(look.database.0 as usize)?.replace(Arc::clone(&look.catalog))?;
        let same = Arc::ptr_eq(&judged, &look.catalog);
        before.after_the_same(&look.saw, look.database, look.began, look.counts_for).filter(|_| same)
    }

    /// Notes until when a look counts.
    fn note_seen(&mut self, look: &Look) {
        let standing = self.standing.get_mut(look.database.0 as usize).filter(|_| look.saw == Extent::Everything);
        if let Some(standing) = standing {
            *standing = Standing::Fresh(look.began.plus(look.counts_for));
        }
        self.settle_if_seen();
    }

    /// Lets traffic in once every database was seen.
    fn settle_if_seen(&mut self) {
        if !self.settled && self.standing.iter().all(|standing| *standing != Standing::Unseen) {
            self.settle();
        }
    }

    fn settle(&mut self) {
        self.settled = true;
        for (database, standing) in self.config.databases.iter().zip(&self.standing) {
            if *standing == Standing::Unseen {
                error!(
                    target: "schemagate::watch",
                    database = database.name,
                    "database {} was not seen within {:?}: its requirements are unknown, and each route does what \
                     its on_unknown says",
                    database.name,
                    self.config.admin.startup_timeout,
                );
            }
        }
        self.writer.settle();
    }

    /// How long until something is due, and whether that is the end of waiting for a first look.
    fn next_deadline(&self) -> (Duration, bool) {
        let now = self.writer.now();
        let expiry = self
            .standing
            .iter()
            .filter_map(|standing| match standing {
                // A snapshot still counts at the very moment it names.
                Standing::Fresh(until) => Some(until.since(now) + Duration::from_millis(1)),
                Standing::Unseen | Standing::Expired => None,
            })
            .min()
            .unwrap_or(Duration::from_secs(3600));
        if self.settled {
            return (expiry, false);
        }
        let settling = self.config.admin.startup_timeout.saturating_sub(now.since(self.began));
        (settling.min(expiry), settling <= expiry)
    }

    /// Says once, and loudly, that what was known of a database no longer counts.
    fn expire(&mut self) {
        let now = self.writer.now();
        for (index, (database, standing)) in self.config.databases.iter().zip(&mut self.standing).enumerate() {
            if !matches!(standing, Standing::Fresh(until) if now > *until) {
                continue;
            }
            *standing = Standing::Expired;
            let requirements = self.config.rules.declared();
            let unknown = requirements.filter(|(_, requirement)| requirement.database.0 as usize == index).count();
            error!(
                target: "schemagate::watch",
                database = database.name,
                requirements = unknown,
                "database {} was not seen for {:?} (max_age): its {unknown} requirements are unknown from now on, and \
                 each route does what its on_unknown says; with `pass`, what was blocked is open",
                database.name,
                database.max_age,
            );
        }
    }

    /// One line for one change.
    fn tell(&self, change: &Change) {
        let Some(requirement) = self.config.rules.requirement(change.id) else { return };
        let name = &*requirement.name;
        let database = self.config.database(requirement.database).map_or("", |database| database.name.as_str());
        let notes = self.config.notes(change.id).cloned().unwrap_or_default();
        let (component, release) = (notes.component.as_deref(), notes.release.as_deref());
        let verdict = change.after.verdict;
        let findings = list(&change.after.findings);
        let mend = self.config.mend(change.id, verdict);
        if change.flip.is_some() {
            self.metrics.flip(name, verdict);
        }
        if requirement.per_tenant {
            // It stands as its worst tenant does, and of tenants each is told.
            return;
        }
        let lasted = change.after.since.since(change.before.since);
        match change.flip {
            Some(Flip { from: Verdict::Unknown, to: Verdict::Ready, .. }) => info!(
                target: "schemagate::verdict",
                requirement = name, database, verdict = verdict.as_str(), component, release,
                "requirement {name} is ready",
            ),
            Some(Flip { from, to: Verdict::Ready, .. }) => info!(
                target: "schemagate::verdict",
                requirement = name, database, verdict = verdict.as_str(), component, release,
                lasted_seconds = lasted.as_secs_f64(),
                "requirement {name} is ready, after being {from} for {lasted:.1?}",
            ),
            Some(Flip { to: Verdict::Migrating, .. }) => warn!(
                target: "schemagate::verdict",
                requirement = name, database, verdict = verdict.as_str(), component, release,
                findings,
                "requirement {name} is unmet while a migration runs: {findings}",
            ),
            Some(_) => warn!(
                target: "schemagate::verdict",
                requirement = name, database, verdict = verdict.as_str(), component, release,
                findings, mend,
                "requirement {name} is {verdict}: {findings}{}",
                mend.as_deref().map(|mend| format!(". To mend: {mend}")).unwrap_or_default(),
            ),
            None => warn!(
                target: "schemagate::verdict",
                requirement = name, database, verdict = verdict.as_str(), component, release,
                findings,
                "requirement {name} is still {verdict}, now: {findings}",
            ),
        }
    }

    /// One line for routes of which a part of a requirement changed, and the whole did not with it.
    fn tell_share(&self, change: &Change, flip: Flip) {
        let Some(requirement) = self.config.rules.requirement(change.id) else { return };
        let name = &*requirement.name;
        let database = self.config.database(requirement.database).map_or("", |database| database.name.as_str());
        let routes = self.config.rules.routes().iter().filter(|route| route.needs.contains(&change.id));
        let routes = routes.map(|route| &*route.name).collect::<Vec<_>>().join(", ");
        let verdict = flip.to;
        if verdict == Verdict::Ready {
            info!(
                target: "schemagate::verdict",
                requirement = name, database, verdict = verdict.as_str(), routes,
                "requirement {name} is ready as far as it concerns {routes}",
            );
        } else {
            let findings = list(&change.after.findings);
            warn!(
                target: "schemagate::verdict",
                requirement = name, database, verdict = verdict.as_str(), routes, findings,
                "requirement {name} is {verdict} as far as it concerns {routes}: {findings}",
            );
        }
    }

    /// One line for each thing that is odd since the look before.
    fn warn(&self, change: &Change) {
        let Some(requirement) = self.config.rules.requirement(change.id) else { return };
        let name = &*requirement.name;
        let database = self.config.database(requirement.database).map_or("", |database| database.name.as_str());
        for warning in change.after.warnings.iter().filter(|warning| !change.before.warnings.contains(warning)) {
            warn!(
                target: "schemagate::verdict",
                requirement = name, database, warning = warning.kind.as_str(), object = &*warning.object,
                "requirement {name}: {warning}",
            );
        }
    }
}

/// A requirement of which something else is known than before.
struct Change {
    id: RequirementId,
    flip: Option<Flip>,
    before: Judgement,
    after: Judgement,
}

fn list(findings: &[Finding]) -> String {
    findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
