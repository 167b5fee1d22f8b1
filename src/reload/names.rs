//! What a configuration calls its things, as labels of metrics have it.

use std::collections::BTreeSet;

use crate::config::Config;

/// Every name that metrics are labelled with.
pub(super) fn names(config: &Config) -> BTreeSet<(&'static str, String)> {
    let rules = &config.rules;
    let routes = rules.routes().iter().map(|route| ("route", route.name.to_string()));
    let requirements = rules.declared().map(|(_, requirement)| ("requirement", requirement.name.to_string()));
    let databases = config.databases.iter().map(|database| ("database", database.name.clone()));
    let upstreams = config.upstreams.iter().map(|upstream| ("upstream", upstream.name.clone()));
    let webhooks = config.alerts.iter().map(|alert| ("webhook", alert.name.clone()));
    let probes = config.probes.iter().map(|probe| ("probe", probe.name.clone()));
    routes.chain(requirements).chain(databases).chain(upstreams).chain(webhooks).chain(probes).collect()
}
