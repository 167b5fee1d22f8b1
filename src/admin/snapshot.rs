//! The report and what becomes of each route.

use std::collections::BTreeMap;

use gate::{Mode, Moment, Route, Whose};
use schemars::JsonSchema;
use serde::Serialize;

use super::Admin;
use crate::live::Live;
use crate::report::Report;

/// The report and what becomes of each route.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SnapshotReport {
    #[serde(flatten)]
    report: Report,
    routes: Vec<RouteReport>,
}

/// One route, and what becomes of its requests at this moment.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct RouteReport {
    pub(super) name: String,
    host: String,
    path: String,
    methods: Vec<String>,
    upstream: String,
    needs: Vec<String>,
    /// The action in force for requests that are no tenant's.
    action: &'static str,
    /// Why: `ready`, `no_needs`, `held` by an operator, or the worst verdict.
    reason: &'static str,
    observed: bool,
    /// How many of its requests wait at this moment.
    waiting: u64,
}

impl SnapshotReport {
    pub(super) fn of(admin: &Admin) -> Self {
        let now = admin.reader.now();
        let live = admin.reader.pin();
        let routes = live.rules().routes().iter();
        let waiting = admin.metrics.holds.waiting();
        Self {
            report: Report::new(live.config(), &live, now),
            routes: routes.map(|route| RouteReport::of(route, &live, &waiting, now)).collect(),
        }
    }
}

impl RouteReport {
    pub(super) fn of(route: &Route, live: &Live, waiting: &BTreeMap<String, u64>, now: Moment) -> Self {
        let (reason, action, upstream) =
            live.wait_by_order(route, now).unwrap_or_else(|| live.in_force(route, Whose::Shared, now));
        let needs = route.needs.iter().filter_map(|id| live.rules().requirement(*id));
        Self {
            name: route.name.to_string(),
            host: route.host.to_string(),
            path: route.path.as_str().to_owned(),
            methods: route.methods.names().map(str::to_owned).collect(),
            upstream: live.config().upstream(upstream).map(|upstream| upstream.name.clone()).unwrap_or_default(),
            needs: needs.map(|need| need.name.to_string()).collect(),
            action: action.kind().as_str(),
            reason: reason.as_str(),
            observed: route.mode == Mode::Observe,
            waiting: waiting.get(&*route.name).copied().unwrap_or(0),
        }
    }
}
