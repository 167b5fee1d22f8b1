//! What was typed becomes what is valid: ranges, names that resolve, files that can be read.
//!
//! A part that is wrong is reported and the rest is checked on, so that one run shows everything.

mod action;
mod address;
mod admin;
mod alert;
mod brand;
mod control;
mod control_file;
mod database;
mod decisions;
mod entrance;
mod headers;
mod hold;
mod limits;
mod lock;
mod log;
mod maintenance;
mod migrations;
mod operators;
mod probe;
mod report;
mod requirement;
mod route;
mod scenario;
mod stale;
mod tenants;
mod tls;
mod traces;
mod upstream;
mod warning;

use std::sync::Arc;

use gate::{EncodedSlash, MatchingForm, MatchingPath, Target, UpstreamId};

use super::file::{File, MatchingTable, Strictness};
use super::{ActOnSymptoms, Config};
use action::Answers;
use maintenance::Known;
use requirement::Requirements;

pub(super) use report::Check;

impl Check<'_> {
    /// The configuration that a file means; `None` if something of it was reported.
    pub(super) fn config(&mut self, file: &File) -> Option<Config> {
        let form = matching_form(file.matching.get()?);
        let databases = self.databases(file.databases.get()?);
        let upstreams = self.upstreams(file.upstreams.get()?);
        let tenants_database = self.tenants_database(file, &databases);
        let requirements = self.requirements(file, &databases, tenants_database);
        let listen = self.listen(file.listen.get()?);
        let admin = self.admin(file.admin.get()?, Some(&requirements));
        let decisions = file.decisions.get().map(|table| self.decisions(table, file));
        self.distinct_addresses(file);
        let brand = self.brand(file.brand.get()?);
        let alerts = self.alerts(file, &requirements);
        let probes = self.probes(file, listen.as_ref());
        let log = self.log(file);
        let traces = self.traces(file.traces.get()?);
        let act = file.symptoms.get()?.act.copied()?;
        let health = self.health(file, form);

        let mut answers = Answers::default();
        let names = file.upstreams.get()?.0.iter().map(|(name, _)| name.value.as_str());
        let defaults = self.defaults(file.defaults.get()?, names.zip((0..).map(UpstreamId)).collect());
        let tenants = self.tenants(file, tenants_database, &requirements, &defaults, &mut answers);
        let of_tenants = tenants.as_ref().map_or(&[][..], |tenants| &tenants.needs);
        let routes = self.routes(file, form, &requirements, of_tenants, &defaults, &mut answers);
        let window_table = self.window_table(file, &databases);
        self.warn_of_idle_names(file, &routes, &requirements, window_table.as_ref());
        if let Some(health) = &health {
            self.warn_of_shadowed_routes(health, &routes, form);
        }
        let known = Known { routes: &routes.list, has_tenants: tenants.is_some() };
        let maintenance = self.maintenance(file, &known);
        let operators = self.operators(file.operators.get()?, listen.as_ref(), &routes);
        let usual_hold = self.usual_hold(file.hold.get()?, &defaults, &mut answers);
        let stale = self.stale_store(file.stale.get()?);
        let hold = self.hold_limits(file.hold.get()?);
        let limits = self.limits(file.limits.get()?);
        let Requirements { list: requirements, notes, .. } = requirements;
        let stale_keys = routes.stale_keys.clone();
        let rules = self.rules(routes, requirements, databases.len(), form, health)?;
        let tenant_header = tenants.as_ref().and_then(|tenants| tenants.header.clone());
        let rules = rules.with_holds(answers.holds, usual_hold).with_tenancy(tenants.map(|tenants| tenants.tenancy));
        let rules = rules.with_window_table(window_table);
        let rules = Arc::new(rules);
        let control = self.control(file, &rules);

        Some(Config {
            listen: listen?,
            decisions: decisions.map_or(Some(None), |decisions| decisions.map(Some))?,
            admin: admin?,
            databases: databases.into_iter().collect::<Option<_>>()?,
            upstreams: upstreams.into_iter().collect::<Option<_>>()?,
            rules,
            tenant_header,
            notes,
            answers: answers.specs,
            maintenance: maintenance?,
            hold: hold?,
            stale: stale?,
            limits: limits?,
            stale_keys,
            brand,
            operators,
            alerts: alerts?,
            probes: probes?,
            symptoms: if act { ActOnSymptoms::Yes } else { ActOnSymptoms::No },
            log: log?,
            traces: traces?,
            control: control?,
            fingerprint: self.fingerprint(),
            warnings: self.take_warnings(),
        })
    }

    fn health(&mut self, file: &File, form: MatchingForm) -> Option<MatchingPath> {
        let path = file.health.get()?.path.placed()?;
        match Target::parse(path.value.as_bytes(), form) {
            Ok(target) if !path.value.contains(['*', '{', '?']) => Some(target.matching),
            Ok(_) => {
                self.error(path.place, "`health.path` is one path, without `*`, `{}` or a query")
                    .help("such as \"/health/migrations\"");
                None
            }
            Err(error) => {
                self.error(path.place, format!("`health.path`: {error}")).help("such as \"/health/migrations\"");
                None
            }
        }
    }
}

fn matching_form(matching: &MatchingTable) -> MatchingForm {
    let strict = |word: Option<Strictness>| word == Some(Strictness::Strict);
    MatchingForm {
        case_sensitive: strict(matching.case.copied().map(|word| word.0)),
        strict_slash: strict(matching.trailing_slash.copied().map(|word| word.0)),
        encoded_slash: matching.encoded_slash.copied().map_or(EncodedSlash::Reject, |word| word.0),
    }
}
