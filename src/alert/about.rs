//! What is said of one requirement.

use std::time::Duration;

use gate::{Gate, Moment, Requirement, RequirementId, Tenant, TenantId, Tenants, Verdict};
use jiff::SignedDuration;

use super::fleet::{News, Seen};
use super::message::{Message, Required, State, Subject, Whom};
use crate::config::{Config, RequirementNotes};

/// One requirement as it stands in a gate.
pub(super) struct About<'g> {
    config: &'g Config,
    gate: &'g Gate,
    id: RequirementId,
    requirement: &'g Requirement,
    notes: Option<&'g RequirementNotes>,
    pub(super) required: Required,
}

impl<'g> About<'g> {
    pub(super) fn new(config: &'g Config, gate: &'g Gate, id: RequirementId, requirement: &'g Requirement) -> Self {
        let database = config.database(requirement.database).map_or("", |database| &database.name);
        let required = Required { requirement: requirement.name.to_string(), database: database.to_owned() };
        Self { config, gate, id, requirement, notes: config.notes(id), required }
    }

    /// How it stands as a whole. One of each tenant is no more than known or not: how it stands with each is the
    /// tenant's.
    pub(super) fn verdict(&self, now: Moment) -> Verdict {
        match self.tenants(now) {
            _ if !self.requirement.per_tenant => self.gate.snapshot().verdict(self.id, now),
            Some(_) => Verdict::Ready,
            None => Verdict::Unknown,
        }
    }

    /// How it stands with each tenant, if that is known.
    pub(super) fn seen(&self, now: Moment) -> Option<impl Iterator<Item = Seen<'g>>> {
        let (id, tenants) = (self.id, self.tenants(now)?);
        Some(tenants.all().map(move |(tenant, Tenant { schema, .. }, standing)| Seen {
            schema,
            verdict: tenants.findings(tenant, id).map(|found| found.verdict),
            blocked: standing.refused.so_far() > 0,
        }))
    }

    /// The tenants, if it is one of each tenant and they were seen of late.
    fn tenants(&self, now: Moment) -> Option<&'g Tenants> {
        let snapshot = self.gate.snapshot();
        let is_fresh = self.requirement.per_tenant && snapshot.is_fresh(self.requirement.database, now);
        snapshot.tenants().filter(|tenants| is_fresh && tenants.directory().is_some()).map(AsRef::as_ref)
    }

    /// Of the requirement as a whole.
    pub(super) fn whole(&self, state: State) -> Message {
        let what = self.what();
        let title = match state {
            State::Over { lasted } => format!("{what} is ready again, after {}", shown(lasted)),
            _ => format!("{what} is {}", state.as_str()),
        };
        let message = self.message(Subject::Requirement(self.required.clone()), state, title);
        if state.is_over() {
            return message;
        }
        let findings = self.gate.snapshot().judgement(self.id).map(|judgement| &*judgement.findings);
        Message {
            findings: findings.unwrap_or_default().iter().map(ToString::to_string).collect(),
            mend: self.notes.and_then(|notes| notes.mend.clone()),
            ..message
        }
    }

    /// Of tenants.
    pub(super) fn tenants_message(&self, news: &News) -> Message {
        match news {
            News::One { schema, state } => self.tenant(schema, *state),
            News::Gone { schema, state } => {
                self.message(self.of_tenant(schema), *state, format!("tenant '{}' is gone", self.word(schema)))
            }
            News::Many { first, count, state } => self.several(first, *count, *state),
        }
    }

    fn tenant(&self, schema: &str, state: State) -> Message {
        let (what, word) = (self.what(), self.word(schema));
        let title = match state {
            State::Over { lasted } => format!("{what} is ready again for tenant '{word}', after {}", shown(lasted)),
            State::Blocked => format!("BLOCKED request to tenant '{word}' - migrations incomplete"),
            _ => format!("{what} is {} for tenant '{word}'", state.as_str()),
        };
        let found = self.found(schema);
        let domain = found.as_ref().and_then(|(_, tenant)| tenant.domains.first()).map(ToString::to_string);
        let message = Message { whom: Whom::One { domain }, ..self.message(self.of_tenant(schema), state, title) };
        match found {
            Some((id, tenant)) if !state.is_over() => {
                Message { findings: self.findings(id, schema), mend: self.mend(tenant, word), ..message }
            }
            _ => message,
        }
    }

    fn several(&self, first: &[Box<str>], count: usize, state: State) -> Message {
        let what = self.what();
        let names = first.iter().map(|schema| self.word(schema)).collect::<Vec<_>>().join(", ");
        let names = match count.saturating_sub(first.len()) {
            0 => names,
            others => format!("{names} and {others} more"),
        };
        let title = match state {
            State::Over { lasted } => format!("{what} is ready again for {count} tenants, after {}", shown(lasted)),
            State::Blocked => format!("BLOCKED requests to {count} tenants - migrations incomplete: {names}"),
            _ => format!("{what} is {} for {count} tenants: {names}", state.as_str()),
        };
        let first_of_each = first.iter().filter_map(|schema| {
            let (id, _) = self.found(schema)?;
            Some(format!("tenant {schema}: {}", self.findings(id, schema).first()?))
        });
        let mend = || {
            let schema = first.first()?;
            let (_, tenant) = self.found(schema)?;
            self.mend(tenant, self.word(schema))
        };
        Message {
            whom: Whom::Several { count, first: first.iter().map(ToString::to_string).collect() },
            findings: first_of_each.collect(),
            mend: mend(),
            ..self.message(Subject::Tenants(self.required.clone()), state, title)
        }
    }

    fn message(&self, subject: Subject, state: State, title: String) -> Message {
        let routes = self.gate.rules().routes_needing(self.id).map(|route| route.name.to_string());
        Message {
            component: self.notes.and_then(|notes| notes.component.clone()),
            release: self.notes.and_then(|notes| notes.release.clone()),
            routes: routes.collect(),
            ..Message::new(subject, state, title)
        }
    }

    fn mend(&self, tenant: &Tenant, word: &str) -> Option<String> {
        self.notes?.mend_of(tenant, word)
    }

    fn of_tenant(&self, schema: &str) -> Subject {
        Subject::Tenant { of: self.required.clone(), schema: schema.to_owned() }
    }

    /// Its name, and where it is required if that may be elsewhere.
    fn what(&self) -> String {
        let Required { requirement, database } = &self.required;
        if self.config.databases.len() > 1 { format!("{requirement} in {database}") } else { requirement.clone() }
    }

    /// What a tenant is called by whoever asks for it.
    fn word<'s>(&self, schema: &'s str) -> &'s str {
        self.gate.rules().tenancy().map_or(schema, |tenancy| tenancy.word(schema))
    }

    fn found(&self, schema: &str) -> Option<(TenantId, &Tenant)> {
        let directory = self.gate.snapshot().tenants()?.directory()?;
        let id = directory.id_of(schema)?;
        Some((id, directory.tenant(id)?))
    }

    fn findings(&self, tenant: TenantId, schema: &str) -> Vec<String> {
        let found = self.gate.snapshot().tenants().and_then(|tenants| tenants.findings(tenant, self.id));
        let findings = found.map(|found| &*found.findings).unwrap_or_default();
        findings.iter().map(|finding| finding.in_schema(schema).to_string()).collect()
    }
}

/// To the second: `1m 5s`.
fn shown(duration: Duration) -> String {
    let seconds = i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    format!("{:#}", SignedDuration::from_secs(seconds))
}
