//! From what a look found in tenants' schemas to how each tenant stands.

use std::collections::HashMap;
use std::sync::Arc;

use super::{OWN_SCHEMA, Shape, Standing, Tally, TenantFindings, Tenants, TenantsSeen};
use crate::{Catalog, DatabaseId, Fact, Finding, FindingKind, Judged, Moment, ObjectName, Requirement, Verdict};

impl Tenants {
    /// How each tenant stands after a look at `database` that began at `began` and found
    /// `catalog`, and in it `seen`.
    pub(crate) fn after_look(
        before: Option<&Self>,
        requirements: &[Requirement],
        database: DatabaseId,
        catalog: &Catalog,
        seen: &TenantsSeen,
        began: Moment,
    ) -> Self {
        let known = before.and_then(|before| before.directory.as_ref());
        let directory = seen.directory.as_ref().or(known).cloned();
        let mut judging = Judging::new(requirements, database, catalog, seen);
        let tenants = directory.iter().flat_map(|directory| directory.tenants());
        let standings = tenants.map(|tenant| {
            let earlier = before.and_then(|before| before.standing(known?.id_of(&tenant.schema)?));
            let shape = judging.shape_of(&tenant.schema);
            let verdict = judging.worst_of(shape);
            let lasting = earlier.filter(|earlier| earlier.verdict == verdict);
            Standing {
                verdict,
                since: lasting.map_or(began, |earlier| earlier.since),
                appeared: earlier.map_or(began, |earlier| earlier.appeared),
                arrived: earlier.map_or(known.is_some(), |earlier| earlier.arrived),
                was_ready: verdict == Verdict::Ready || earlier.is_some_and(|earlier| earlier.was_ready),
                refused: lasting.map_or_else(Tally::default, |earlier| earlier.refused.clone()),
                shape,
            }
        });
        let standings = standings.collect();
        Self { directory, problem: seen.problem.clone(), standings, judged: judging.judged }
    }
}

/// Judges each shape when the first tenant has it.
struct Judging<'a> {
    requirements: &'a [Requirement],
    database: DatabaseId,
    /// What all share, and in it one tenant's schema after the other under the name [`OWN_SCHEMA`].
    catalog: Catalog,
    seen: &'a TenantsSeen,
    /// Places in [`TenantsSeen::shapes`].
    shapes: HashMap<&'a str, usize>,
    /// Places in [`Self::judged`], by those in [`TenantsSeen::shapes`] and last for no schema at all.
    places: Vec<Option<usize>>,
    judged: Vec<Box<[Option<TenantFindings>]>>,
}

impl<'a> Judging<'a> {
    fn new(requirements: &'a [Requirement], database: DatabaseId, catalog: &Catalog, seen: &'a TenantsSeen) -> Self {
        let with_schema = catalog.ledgers.iter().filter(|(ledger, _)| ledger.table.schema().is_some());
        let shared = Catalog {
            // Nothing but a tenant's own schema: what is found elsewhere is not the tenant's.
            search_path: vec![OWN_SCHEMA.into()],
            schemas: catalog.schemas.clone(),
            extensions: catalog.extensions.clone(),
            role: catalog.role.clone(),
            ledgers: with_schema.map(|(ledger, reading)| (ledger.clone(), reading.clone())).collect(),
            windows: None,
            tenants: None,
        };
        let of_schemas = seen.shapes.iter().enumerate();
        let shapes = of_schemas.flat_map(|(place, (_, schemas))| schemas.iter().map(move |schema| (&**schema, place)));
        Self {
            requirements,
            database,
            catalog: shared,
            seen,
            shapes: shapes.collect(),
            places: vec![None; seen.shapes.len() + 1],
            judged: Vec::new(),
        }
    }

    /// The place in [`Self::judged`] of what there is in a schema.
    fn shape_of(&mut self, schema: &str) -> usize {
        let none = self.seen.shapes.len();
        let of_shape = self.shapes.get(schema).copied().unwrap_or(none);
        if let Some(Some(place)) = self.places.get(of_shape) {
            return *place;
        }
        let judged = match self.seen.shapes.get(of_shape) {
            Some((shape, _)) => self.judge(shape),
            None => self.judge_no_schema(),
        };
        self.judged.push(judged);
        let place = self.judged.len() - 1;
        if let Some(known) = self.places.get_mut(of_shape) {
            *known = Some(place);
        }
        place
    }

    fn worst_of(&self, place: usize) -> Verdict {
        let found = self.judged.get(place).into_iter().flatten().flatten();
        found.map(|found| found.verdict).max().unwrap_or(Verdict::Ready)
    }

    fn judge(&mut self, shape: &Arc<Shape>) -> Box<[Option<TenantFindings>]> {
        self.catalog.schemas.insert(OWN_SCHEMA.into(), shape.schema.clone());
        self.catalog.ledgers.retain(|ledger, _| ledger.table.schema().is_some());
        self.catalog.ledgers.extend(shape.ledgers.clone());
        self.per_requirement(|requirement| {
            let Judged { verdict, findings, .. } = match known_part(requirement, shape) {
                None => requirement.judge(&self.catalog),
                Some(known) => {
                    let known = known.judge(&self.catalog);
                    Judged { verdict: known.verdict.max(Verdict::Unknown), ..known }
                }
            };
            let findings = findings.into_iter().map(|finding| self.resolved(finding)).collect();
            TenantFindings { verdict, findings }
        })
    }

    fn judge_no_schema(&self) -> Box<[Option<TenantFindings>]> {
        let findings: Arc<[Finding]> = [Finding::missing("schema", &OWN_SCHEMA)].into();
        self.per_requirement(|_| TenantFindings { verdict: Verdict::Broken, findings: Arc::clone(&findings) })
    }

    fn per_requirement(&self, judge: impl Fn(&Requirement) -> TenantFindings) -> Box<[Option<TenantFindings>]> {
        let is_judged = |requirement: &Requirement| requirement.per_tenant && requirement.database == self.database;
        self.requirements.iter().map(|requirement| is_judged(requirement).then(|| judge(requirement))).collect()
    }

    /// What is missing in a tenant's schema, and is read behind it.
    fn resolved(&self, finding: Finding) -> Finding {
        let in_sight = || {
            let name: ObjectName = finding.object.parse().ok().filter(|name: &ObjectName| name.schema().is_none())?;
            self.seen.shared.iter().find(|shared| {
                self.catalog.schemas.get(*shared).is_some_and(|objects| match finding.what {
                    "table" | "ledger" => objects.relations.contains_key(name.name()),
                    "enum type" => objects.enums.contains_key(name.name()),
                    "function" => objects.functions.contains_key(name.name()),
                    _ => false,
                })
            })
        };
        match (finding.kind, in_sight()) {
            (FindingKind::Missing, Some(shared)) => {
                Finding { kind: FindingKind::FallsThrough, detail: shared.clone(), ..finding }
            }
            _ => finding,
        }
    }
}

/// The part of a requirement that something is known of; `None` if that is all of it.
fn known_part(requirement: &Requirement, shape: &Shape) -> Option<Requirement> {
    let is_unread = |fact: &Fact| {
        matches!(fact, Fact::Migrations(expected) | Fact::MigrationsTouching(expected, _)
            if shape.unread.contains(&expected.ledger))
    };
    requirement.facts.iter().any(is_unread).then(|| Requirement {
        facts: requirement.facts.iter().filter(|fact| !is_unread(fact)).cloned().collect(),
        ..requirement.clone()
    })
}

#[cfg(test)]
mod tests;
