//! What the dashboard shows.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::Admin;
use super::incidents::Incident;
use super::snapshot::RouteReport;
use crate::metrics::Taken;
use crate::report::Report;

/// More routes are not shown; those that need something go first.
const SHOWN: usize = 1000;

/// How things stand and what requests got, at one moment.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Board {
    version: &'static str,
    at: Timestamp,
    #[serde(flatten)]
    report: Report,
    routes: Vec<BoardRoute>,
    /// How many there are, shown or not.
    all_routes: usize,
    incidents: Vec<Incident>,
}

/// A route and how many of its requests got which action since the start.
#[derive(Debug, Serialize, JsonSchema)]
struct BoardRoute {
    #[serde(flatten)]
    route: RouteReport,
    taken: BTreeMap<String, u64>,
}

impl Board {
    pub(super) fn of(admin: &Admin) -> Self {
        let now = admin.reader.now();
        let live = admin.reader.pin();
        let mut taken: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
        for counted in admin.metrics.taken() {
            let action = match &counted {
                Taken { observed: true, .. } => "observed".to_owned(),
                Taken { bypassed: true, .. } => "bypassed".to_owned(),
                Taken { action, .. } => action.clone(),
            };
            *taken.entry(counted.route).or_default().entry(action).or_default() += counted.count;
        }
        let waiting = admin.metrics.holds.waiting();
        let mut routes: Vec<_> = live.rules().routes().iter().collect();
        let all_routes = routes.len();
        routes.sort_by_key(|route| route.needs.is_empty());
        let routes = routes.into_iter().take(SHOWN).map(|route| BoardRoute {
            taken: taken.remove(&*route.name).unwrap_or_default(),
            route: RouteReport::of(route, &live, &waiting, now),
        });
        Self {
            version: env!("CARGO_PKG_VERSION"),
            at: Timestamp::now(),
            routes: routes.collect(),
            report: Report::new(live.config(), &live, now),
            all_routes,
            incidents: admin.incidents.list(),
        }
    }
}
