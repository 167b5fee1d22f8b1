//! Orders that are asked for: what makes sense is taken.

use std::time::Duration;

use jiff::Timestamp;

use super::asked::{NewBypass, NewHold, NewWindow, time};
use super::clerk::Clerk;
use super::{DeskError, Taken, names};
use crate::config::order::{BypassTerms, HoldTerms, WindowTerms};

/// How long requests wait by an order of which nothing is said: it is for migrations of seconds.
const USUAL_HOLD: Duration = Duration::from_secs(300);

impl Clerk {
    pub(super) async fn bypass_on(&mut self, asked: NewBypass, caller: &str) -> Result<Taken<BypassTerms>, DeskError> {
        let NewBypass { skips, routes, requirements, tenants, note } = asked;
        let now = Timestamp::now();
        if !skips.needs() && !requirements.is_empty() {
            let why = "`requirements` narrows a bypass of needs, and this one skips windows alone";
            return Err(DeskError::invalid(why));
        }
        let warning = {
            let gate = self.reader.pin();
            names::routes(&routes, &gate)?;
            names::requirements(&requirements, &gate)?;
            names::tenants(&tenants, &gate)?
        };
        let until = note.end(now, now, Some(self.config.control.bypass_ttl))?;
        let terms = BypassTerms { skips, routes, requirements, tenants };
        self.give(terms, &note, until, caller, warning).await
    }

    pub(super) async fn open_window(
        &mut self,
        asked: NewWindow,
        caller: &str,
    ) -> Result<Taken<WindowTerms>, DeskError> {
        let now = Timestamp::now();
        let from = asked.from.as_deref().map_or(Ok(now), |from| time("from", from))?;
        let until = asked.note.end(from, now, None)?;
        let NewWindow {
            blocks, routes, hosts, tenants, organisation, message, until_ready, requirements, note, ..
        } = asked;
        if !until_ready && !requirements.is_empty() {
            return Err(DeskError::invalid(
                "`requirements` says what `until_ready` waits for, and that is not asked for",
            ));
        }
        names::hosts(&hosts)?;
        names::sentence("message", message.as_ref())?;
        names::sentence("organisation", organisation.as_ref())?;
        let warning = {
            let gate = self.reader.pin();
            names::routes(&routes, &gate)?;
            names::requirements(&requirements, &gate)?;
            names::tenants(&tenants, &gate)?
        };
        let terms =
            WindowTerms { from, blocks, routes, hosts, tenants, organisation, message, until_ready, requirements };
        if until_ready && from <= now && self.is_ready(&terms, None) {
            return Err(DeskError::AlreadyReady);
        }
        self.give(terms, &note, until, caller, warning).await
    }

    pub(super) async fn hold(&mut self, asked: NewHold, caller: &str) -> Result<Taken<HoldTerms>, DeskError> {
        let NewHold { routes, note } = asked;
        let now = Timestamp::now();
        names::routes(&routes, &self.reader.pin())?;
        let until = note.end(now, now, Some(USUAL_HOLD))?;
        self.give(HoldTerms { routes }, &note, until, caller, None).await
    }
}
