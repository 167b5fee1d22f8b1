//! What is kept for the action `stale`, and what tells it apart.

use http::{HeaderName, header};

use super::Check;
use crate::config::file::{ActionValue, DefaultsTable, RouteTable, Stale, StaleStoreTable};
use crate::config::reader::Key;
use crate::config::values::List;
use crate::config::{StaleKey, StaleStore};

/// What an answer is always told apart by.
const NEVER_IGNORED: [HeaderName; 4] =
    [header::HOST, header::AUTHORIZATION, header::COOKIE, header::PROXY_AUTHORIZATION];

/// Below this there is no room for an answer worth keeping.
const LEAST_BYTES: usize = 64 * 1024;

impl Check<'_> {
    pub(super) fn stale_store(&mut self, table: &StaleStoreTable) -> Option<StaleStore> {
        let all = table.max_bytes.placed()?;
        let one = table.max_answer_bytes.placed()?;
        if all.value.0 < LEAST_BYTES {
            self.error(all.place, format!("`stale.max_bytes` is {}, and must be at least 64KiB", all.value));
        } else if one.value.0 > all.value.0 / 4 {
            self.error(
                one.place.or(all.place),
                format!("`stale.max_answer_bytes` is {}, more than a quarter of `max_bytes`", one.value),
            )
            .help("a quarter of the memory is for answers that are just being read, and each must fit there");
        }
        Some(StaleStore { max_bytes: all.value.0, max_answer_bytes: one.value.0 })
    }

    /// What tells the kept answers of a route apart. Every action of a route looks for the same answers,
    /// so that all that say anything of it must say the same.
    pub(super) fn stale_key(&mut self, route: &RouteTable, defaults: &DefaultsTable) -> StaleKey {
        let own = |own, default| if Key::is_absent(own) { default } else { own };
        let actions: [&Key<ActionValue>; 4] = [
            own(&route.on_broken, &defaults.on_broken),
            own(&route.on_contradicted, &defaults.on_contradicted),
            own(&route.on_migrating, &defaults.on_migrating),
            own(&route.on_unknown, &defaults.on_unknown),
        ];
        let stale = actions.into_iter().filter_map(|action| match action.get() {
            Some(ActionValue::Stale(stale)) => Some((&**stale, action.place())),
            _ => None,
        });
        let mut keys = stale.map(|(stale, place)| (self.key_of(stale), place));
        let Some((first, place)) = keys.next() else { return StaleKey::default() };
        if let Some((_, other)) = keys.collect::<Vec<_>>().into_iter().find(|(key, _)| *key != first) {
            self.error(other, "two actions of one route tell its kept answers apart in different ways")
                .help("give both the same `key` and `ignore`")
                .beside(place, "the other");
        }
        first
    }

    fn key_of(&mut self, stale: &Stale) -> StaleKey {
        let mut key = StaleKey { names: self.header_list(&stale.key), ignores: self.header_list(&stale.ignore) };
        for name in stale.ignore.get().map_or(&[][..], |names| &names.0) {
            let parsed = HeaderName::from_bytes(name.value.as_bytes());
            if parsed.as_ref().is_ok_and(|parsed| NEVER_IGNORED.contains(parsed)) {
                self.error(
                    name.place,
                    format!("`{}` says who is asked or who asks, and cannot be ignored", name.value),
                )
                .help("name `Cookie` and `Authorization` in `key` to keep an answer for each of their values");
            } else if parsed.is_ok_and(|parsed| key.names.contains(&parsed)) {
                self.error(name.place, format!("`{}` is in `key` and in `ignore`", name.value))
                    .help("keep one of them");
            }
        }
        for names in [&mut key.names, &mut key.ignores] {
            names.sort_by(|one, other| one.as_str().cmp(other.as_str()));
            names.dedup();
        }
        key
    }

    fn header_list(&mut self, key: &Key<List<String>>) -> Vec<HeaderName> {
        key.get().map_or(&[][..], |names| &names.0).iter().filter_map(|name| self.header_name(name)).collect()
    }
}
