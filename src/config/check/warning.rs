//! What is valid and probably not meant.

use std::collections::{BTreeMap, HashMap};

use gate::{DatabaseId, MatchingForm, MatchingPath, Router, Target, UpstreamId, WindowTable};

use super::Check;
use super::requirement::Requirements;
use super::route::{Origin, Routes};
use crate::config::file::File;
use crate::config::place::Placed;

impl Check<'_> {
    /// Routes for every host that a host's own `/*` hides there.
    pub(super) fn warn_of_hidden(&mut self, routes: &Routes) {
        let mut hidden: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
        for found in Router::hidden(&routes.list) {
            let Some(route) = routes.list.get(found.route.0 as usize) else { continue };
            let names = hidden.entry(found.by.0).or_default();
            if names.last() != Some(&&*route.name) {
                names.push(&route.name);
            }
        }
        for (by, names) in hidden {
            let Some((by, origin)) = routes.list.get(by as usize).zip(routes.origins.get(by as usize)) else {
                continue;
            };
            let shown = names.iter().take(3).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            let more = if names.len() > 3 { format!(" and {} more", names.len() - 3) } else { String::new() };
            self.warn(
                origin.place,
                format!(
                    "on the host {} this route hides {shown}{more}, which need something and are for every host; repeat \
                     them for this host if they are meant there",
                    by.host
                ),
            );
        }
    }

    pub(super) fn warn_of_same_names(&mut self, routes: &Routes) {
        let mut first: HashMap<&str, Origin> = HashMap::new();
        for (route, origin) in routes.list.iter().zip(&routes.origins) {
            let known = first.entry(&route.name).or_insert(*origin);
            if known.table != origin.table {
                self.warn(
                    origin.place,
                    format!("two routes are named `{}`: logs and metrics cannot tell them apart", route.name),
                );
            }
        }
    }

    /// Names that nothing refers to: what they were meant for is open.
    pub(super) fn warn_of_idle_names(
        &mut self,
        file: &File,
        routes: &Routes,
        requirements: &Requirements,
        windows: Option<&WindowTable>,
    ) {
        let ready_needs = file.admin.get().and_then(|admin| admin.ready_needs.get()).map_or(&[][..], |list| &list.0);
        let is_ready_need = |name: &Placed<String>| ready_needs.iter().any(|need| need.value == name.value);
        for (name, _) in file.requirements.get().map_or(&[][..], |named| &named.0) {
            let ids = requirements.of(&name.value).unwrap_or_default();
            if !ids.is_empty() && !ids.iter().any(|id| routes.needed.contains(id)) && !is_ready_need(name) {
                self.warn(
                    name.place,
                    format!("no route needs the requirement `{}`: it is judged and gates nothing", name.value),
                );
            }
        }
        for ((name, _), id) in file.upstreams.get().map_or(&[][..], |named| &named.0).iter().zip((0..).map(UpstreamId))
        {
            if !routes.used.contains(&id) {
                self.warn(name.place, format!("no route leads to the upstream `{}`", name.value));
            }
        }
        for ((name, _), id) in
            (file.databases.get().map_or(&[][..], |named| &named.0).iter()).zip((0..).map(DatabaseId))
        {
            let has_windows = windows.is_some_and(|table| table.database == id);
            if !has_windows && !requirements.list.iter().any(|requirement| requirement.database == id) {
                self.warn(name.place, format!("no requirement is held against the database `{}`", name.value));
            }
        }
    }

    /// Routes that the health answer stands before.
    pub(super) fn warn_of_shadowed_routes(&mut self, health: &MatchingPath, routes: &Routes, form: MatchingForm) {
        for (route, origin) in routes.list.iter().zip(&routes.origins) {
            let path = route.path.as_str();
            let reads = route.methods.is_any() || route.methods.names().any(|name| name == "GET" || name == "HEAD");
            let same = Target::parse(path.as_bytes(), form).is_ok_and(|target| target.matching == *health);
            if same && reads && !path.contains(['*', '{']) {
                self.warn(
                    origin.place,
                    format!("route `{}`: `health.path` is the same path, so GET never reaches it", route.name),
                );
            }
        }
    }
}
