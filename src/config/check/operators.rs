//! Who is an operator.

use ipnet::IpNet;

use super::Check;
use super::route::Routes;
use crate::config::file::OperatorsTable;
use crate::config::{Listen, Operators, Secret};

/// Shorter keys can be found by trying: a pass shows what was signed.
const SHORTEST: usize = 32;

impl Check<'_> {
    pub(super) fn operators(&mut self, typed: &OperatorsTable, listen: Option<&Listen>, routes: &Routes) -> Operators {
        let key = self.value_or_file("operators.key", &typed.key, &typed.key_file);
        if let Some(key) = key.as_ref().filter(|key| key.value.len() < SHORTEST) {
            self.error(key.place, format!("`operators.key` has fewer than {SHORTEST} characters"))
                .help("such as the output of: openssl rand -hex 32");
        }
        let ranges = typed.from.get().map_or(&[][..], |list| &list.0);
        let from = self.ranges("operators.from", ranges);
        let meet = |a: &IpNet, b: &IpNet| a.contains(&b.network()) || b.contains(&a.network());
        let trusted = listen.map_or(&[][..], |listen| &listen.trusted_proxies);
        if let Some(range) = from.iter().find(|range| trusted.iter().any(|proxy| meet(range, proxy))) {
            self.warn(
                typed.from.place(),
                format!(
                    "`operators.from`: proxies in {range} are trusted by `listen.trusted_proxies`: whoever comes by one that does \
                     not say for whom it asks (X-Forwarded-For) is an operator; name the proxies alone there"
                ),
            );
        }
        let names = typed.routes.get().map_or(&[][..], |list| &list.0);
        for name in names {
            self.resolve(name, routes.list.iter().map(|route| (&*route.name, ())), ("route", "routes"));
        }
        Operators {
            key: key.map(|key| Secret::new(key.value)),
            from,
            routes: names.iter().map(|name| name.value.as_str().into()).collect(),
        }
    }
}
