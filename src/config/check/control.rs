//! How operators overrule what is configured.

use std::time::Duration;

use gate::{Rules, Skips};

use super::Check;
use crate::config::control::{Control, EnvBypass};
use crate::config::file::{EnvBypassTable, File};
use crate::config::order::BypassTerms;
use crate::config::place::Placed;
use crate::config::values::{Either, List};

impl Check<'_> {
    pub(super) fn control(&mut self, file: &File, rules: &Rules) -> Option<Control> {
        let (bypass, control) = (file.bypass.get()?, file.control.get()?);
        let listed = bypass.env.get().map_or(&[][..], |list| &list.0);
        Some(Control {
            file: control.file.get().map(|file| self.path(file)),
            state: self.path(control.state.get()?),
            bypass_ttl: self.duration("bypass.ttl", &bypass.ttl, Duration::from_secs(1)),
            env: listed.iter().filter_map(|typed| self.env_bypass(typed, rules)).collect(),
        })
    }

    /// `None` if the variable is not set so, or something was reported.
    fn env_bypass(&mut self, typed: &Placed<Either<String, EnvBypassTable>>, rules: &Rules) -> Option<EnvBypass> {
        let (setting, terms) = match &typed.value {
            Either::Plain(setting) => {
                let terms = BypassTerms { skips: Skips::Needs, routes: vec![], requirements: vec![], tenants: vec![] };
                (Placed { value: setting.clone(), place: typed.place }, terms)
            }
            Either::Table(table) => {
                let terms = BypassTerms {
                    skips: table.skips.copied()?.0,
                    routes: self.route_names(table.routes.get()?, rules),
                    requirements: self.requirement_names(table.requirements.get()?, rules),
                    tenants: names(table.tenants.get()?),
                };
                (table.env.placed()?.clone(), terms)
            }
        };
        let Some((name, value)) = setting.value.split_once('=').filter(|(name, _)| !name.trim().is_empty()) else {
            let message = format!("`bypass.env`: `{}` is no variable with the value that it must have", setting.value);
            self.error(setting.place, message).help("such as \"DISABLE_MIGRATION_CHECK=true\"");
            return None;
        };
        let (name, value) = (name.trim(), value.trim());
        let is_set = (self.env)(name).is_some_and(|set| set.trim().eq_ignore_ascii_case(value));
        is_set.then(|| EnvBypass { setting: format!("{name}={value}"), terms })
    }

    /// Routes by name; one that is unknown is reported.
    pub(super) fn route_names(&mut self, typed: &List<String>, rules: &Rules) -> Vec<String> {
        let known = rules.routes().iter().map(|route| (&*route.name, ()));
        for name in &typed.0 {
            self.resolve(name, known.clone(), ("route", "routes"));
        }
        names(typed)
    }

    /// Requirements by name; one that is unknown is reported.
    pub(super) fn requirement_names(&mut self, typed: &List<String>, rules: &Rules) -> Vec<String> {
        let known = rules.declared().map(|(_, requirement)| (&*requirement.name, ()));
        let known: Vec<_> = known.collect();
        for name in &typed.0 {
            self.resolve(name, known.iter().copied(), ("requirement", "requirements"));
        }
        names(typed)
    }
}

/// What was typed, without its places.
pub(super) fn names(typed: &List<String>) -> Vec<String> {
    typed.0.iter().map(|name| name.value.clone()).collect()
}
