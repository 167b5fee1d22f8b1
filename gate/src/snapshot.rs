//! All verdicts of one moment.

mod carry_over;

use core::time::Duration;
use std::sync::Arc;

use crate::{
    Bypasses, Catalog, DatabaseId, Extent, Finding, Judged, Moment, Orders, Requirement, RequirementId, RouteHold,
    Sightings, Tenants, Verdict, Warning, Whose, Window, WindowSource, Windows,
};

/// All verdicts of one moment; immutable, and swapped whole.
#[derive(Debug, Clone)]
pub struct Snapshot {
    generation: u64,
    judgements: Vec<Judgement>,
    /// Per database.
    looks: Vec<Look>,
    /// How each tenant stands, where the configuration has any and they were looked at.
    tenants: Option<Arc<Tenants>>,
    windows: Arc<Windows>,
    bypasses: Bypasses,
    route_holds: Arc<[RouteHold]>,
}

/// What looks there were at a database.
#[derive(Debug, Clone, Default)]
struct Look {
    seen: Sightings,
    /// Until when the last one at everything counts; `None` before the first.
    fresh_until: Option<Moment>,
}

/// What was last learnt about one requirement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// Where it was looked for.
    pub database: DatabaseId,
    /// How it stood; `Unknown` before the first look. Of what is required of every tenant, the
    /// worst there was.
    pub verdict: Verdict,
    /// What was wrong; of what is required of every tenant it stands with [`Tenants`].
    pub findings: Arc<[Finding]>,
    /// What was odd and left nothing unmet.
    pub warnings: Arc<[Warning]>,
    /// Since when it stands so.
    pub since: Moment,
}

/// A verdict that changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flip {
    /// Whose.
    pub requirement: RequirementId,
    /// Before.
    pub from: Verdict,
    /// After.
    pub to: Verdict,
}

impl Judgement {
    fn unknown(database: DatabaseId) -> Self {
        Self {
            database,
            verdict: Verdict::Unknown,
            findings: Arc::from([]),
            warnings: Arc::from([]),
            since: Moment::default(),
        }
    }
}

impl Snapshot {
    /// Nothing is known yet.
    pub fn unknown(requirements: &[Requirement], databases: usize) -> Self {
        let judgements = requirements.iter().map(|requirement| Judgement::unknown(requirement.database)).collect();
        Self {
            generation: 0,
            judgements,
            looks: vec![Look::default(); databases],
            tenants: None,
            windows: Arc::default(),
            bypasses: Bypasses::default(),
            route_holds: Arc::from([]),
        }
    }

    /// The snapshot after a look at `database` that found `catalog`, and the verdicts that
    /// changed. The look counts for `max_age` from `began`, the moment it was begun.
    pub fn after_look(
        &self,
        requirements: &[Requirement],
        database: DatabaseId,
        catalog: &Catalog,
        began: Moment,
        max_age: Duration,
    ) -> (Self, Vec<Flip>) {
        self.after_look_at(&Extent::Everything, requirements, database, catalog, began, max_age)
    }

    /// The same after a look that saw `extent` anew: the rest of `catalog` is what earlier looks
    /// found. A look at a part counts no longer than the last one at everything.
    pub fn after_look_at(
        &self,
        extent: &Extent,
        requirements: &[Requirement],
        database: DatabaseId,
        catalog: &Catalog,
        began: Moment,
        max_age: Duration,
    ) -> (Self, Vec<Flip>) {
        let mut next = self.clone();
        let mut flips = Vec::new();
        let mut changed = false;
        let stale = *extent == Extent::Everything && !self.is_fresh(database, began);
        let before = self.tenants.as_deref();
        let tenants = catalog
            .tenants
            .as_ref()
            .map(|seen| Tenants::after_look(before, requirements, database, catalog, seen, began));
        if let Some(tenants) = &tenants {
            changed |= before.is_none_or(|before| !tenants.says_the_same_as(before));
        }
        for ((id, requirement), judgement) in (0..).map(RequirementId).zip(requirements).zip(&mut next.judgements) {
            if requirement.database != database {
                continue;
            }
            let Judged { verdict, findings, warnings } = if requirement.per_tenant {
                Judged {
                    verdict: tenants.as_ref().map_or(Verdict::Unknown, |tenants| tenants.worst(id)),
                    findings: Vec::new(),
                    warnings: Vec::new(),
                }
            } else {
                requirement.judge(catalog)
            };
            // A verdict that had grown old was `unknown` to every decision since.
            let from = if stale { Verdict::Unknown } else { judgement.verdict };
            if from != verdict {
                flips.push(Flip { requirement: id, from, to: verdict });
                judgement.since = began;
            }
            if judgement.verdict != verdict || *judgement.findings != *findings {
                judgement.verdict = verdict;
                judgement.findings = findings.into();
                changed = true;
            }
            if *judgement.warnings != *warnings {
                judgement.warnings = warnings.into();
                changed = true;
            }
        }
        next.note_look(database, extent, began, max_age);
        if let Some(tenants) = tenants {
            next.tenants = Some(Arc::new(tenants));
        }
        if let Some(read) = &catalog.windows {
            let windows = self.windows.after_look(database, read, began, max_age);
            changed |= !windows.are_like(&self.windows);
            next.windows = Arc::new(windows);
        }
        if changed || !flips.is_empty() {
            next.generation += 1;
        }
        (next, flips)
    }

    /// The snapshot after a look that found exactly what the last one found, `catalog`; `None` if that
    /// one counts no longer, so that what was found has to be judged anew.
    pub fn after_the_same(
        &self,
        extent: &Extent,
        database: DatabaseId,
        catalog: &Catalog,
        began: Moment,
        max_age: Duration,
    ) -> Option<Self> {
        if !self.is_fresh(database, began) {
            return None;
        }
        let mut next = self.clone();
        next.note_look(database, extent, began, max_age);
        if let Some(read) = &catalog.windows {
            // That the table is missing, or locked still, is news of it: what is known counts for longer.
            next.windows = Arc::new(self.windows.after_look(database, read, began, max_age));
        }
        Some(next)
    }

    fn note_look(&mut self, database: DatabaseId, extent: &Extent, began: Moment, max_age: Duration) {
        if let Some(look) = self.looks.get_mut(database.index()) {
            look.seen.add(extent, began);
            if *extent == Extent::Everything {
                look.fresh_until = Some(began.plus(max_age));
            }
        }
    }

    /// The same snapshot, where maintenance windows of one source are these and no others.
    #[must_use]
    pub fn with_windows(&self, source: WindowSource, windows: Vec<Window>) -> Self {
        let windows = self.windows.with(source, windows);
        let generation = self.generation + u64::from(!windows.are_like(&self.windows));
        Self { generation, windows: Arc::new(windows), ..self.clone() }
    }

    /// The maintenance windows that are known.
    pub const fn windows(&self) -> &Arc<Windows> {
        &self.windows
    }

    /// The same under these orders, in the place of those before.
    #[must_use]
    pub fn with_orders(&self, orders: &Orders) -> Self {
        let next = self.with_bypasses(orders.bypasses.clone());
        let next = next.with_windows(WindowSource::Operator, orders.windows.clone());
        let generation = next.generation + u64::from(*next.route_holds != *orders.holds);
        Self { generation, route_holds: orders.holds.as_slice().into(), ..next }
    }

    /// Whose requests wait although the schema is right, those that are over by time among them.
    pub fn route_holds(&self) -> &[RouteHold] {
        &self.route_holds
    }

    /// The same under these bypasses.
    #[must_use]
    pub fn with_bypasses(&self, bypasses: Bypasses) -> Self {
        let generation = self.generation + u64::from(self.bypasses != bypasses);
        Self { generation, bypasses, ..self.clone() }
    }

    /// What operators let pass.
    pub const fn bypasses(&self) -> &Bypasses {
        &self.bypasses
    }

    /// Counts what changed what is decided: looks, windows and orders; two equal generations hold the same.
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// The verdict on a requirement at `now`.
    pub fn verdict(&self, requirement: RequirementId, now: Moment) -> Verdict {
        match self.judgements.get(requirement.index()) {
            Some(judgement) if self.is_fresh(judgement.database, now) => judgement.verdict,
            _ => Verdict::Unknown,
        }
    }

    /// The verdict on a requirement for a request, by whose it is; `None` if it says nothing of
    /// that request: what is required of tenants says nothing of who is none.
    pub fn verdict_for(
        &self,
        requirement: RequirementId,
        per_tenant: bool,
        whose: Whose,
        now: Moment,
    ) -> Option<Verdict> {
        match whose {
            _ if !per_tenant => Some(self.verdict(requirement, now)),
            Whose::Shared | Whose::Stranger => None,
            Whose::Unlearnt => Some(Verdict::Unknown),
            Whose::Tenant(tenant) => {
                let found = self.tenants.as_ref()?.findings(tenant, requirement);
                let fresh = self.judgement(requirement).is_some_and(|known| self.is_fresh(known.database, now));
                Some(found.filter(|_| fresh).map_or(Verdict::Unknown, |found| found.verdict))
            }
        }
    }

    /// The same as it was last learnt, however long ago.
    pub fn last_verdict(&self, requirement: RequirementId, per_tenant: bool, whose: Whose) -> Option<Verdict> {
        let judgement = self.judgement(requirement)?;
        match whose {
            _ if !per_tenant => Some(judgement.verdict),
            Whose::Shared | Whose::Stranger => None,
            Whose::Unlearnt => Some(Verdict::Unknown),
            Whose::Tenant(tenant) => {
                let found = self.tenants.as_ref()?.findings(tenant, requirement);
                Some(found.map_or(Verdict::Unknown, |found| found.verdict))
            }
        }
    }

    /// How each tenant stood when that was last learnt.
    pub const fn tenants(&self) -> Option<&Arc<Tenants>> {
        self.tenants.as_ref()
    }

    /// What was last learnt of a requirement, however long ago.
    pub fn judgement(&self, requirement: RequirementId) -> Option<&Judgement> {
        self.judgements.get(requirement.index())
    }

    /// Whether the last look at `database` still counts.
    pub fn is_fresh(&self, database: DatabaseId, now: Moment) -> bool {
        self.look(database).is_some_and(|look| look.fresh_until >= Some(now))
    }

    /// Whether a look at everything of `database` that began at `moment` or later has been judged.
    pub fn looked_since(&self, database: DatabaseId, moment: Moment) -> bool {
        self.sightings(database).is_some_and(|seen| seen.are_since(moment, &Extent::Everything))
    }

    /// When the looks at `database` began that have been judged.
    pub fn sightings(&self, database: DatabaseId) -> Option<&Sightings> {
        Some(&self.look(database)?.seen)
    }

    /// When the last look at everything of `database` began; `None` before the first one.
    pub fn last_look(&self, database: DatabaseId) -> Option<Moment> {
        self.sightings(database)?.everything()
    }

    fn look(&self, database: DatabaseId) -> Option<&Look> {
        self.looks.get(database.index())
    }
}

#[cfg(test)]
mod tests;
