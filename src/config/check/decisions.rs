//! Where other proxies ask.

use std::time::Duration;

use super::Check;
use crate::config::file::{DecisionsTable, File};
use crate::config::{Address, Decisions};

impl Check<'_> {
    pub(super) fn decisions(&mut self, table: &DecisionsTable, file: &File) -> Option<Decisions> {
        let typed = table.listen.placed()?;
        let listen = self.address("decisions.listen", typed);
        let trusted = file.listen.get().and_then(|listen| listen.trusted_proxies.get());
        if matches!(listen, Some(Address::Tcp(_))) && trusted.is_none_or(|trusted| trusted.0.is_empty()) {
            self.error(
                typed.place,
                "`decisions.listen`: nobody may ask there, since `listen.trusted_proxies` is empty",
            )
            .help("name the proxies that ask in `listen.trusted_proxies`, or listen on \"unix:/path\"");
        }
        let max_hold = self.duration("decisions.max_hold", &table.max_hold, Duration::ZERO);
        Some(Decisions { listen: listen?, max_hold })
    }
}
