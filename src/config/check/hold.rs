//! Waiting for a verdict to turn.

use std::time::Duration;

use gate::{Action, Hold, HoldId};

use super::Check;
use super::action::{Answers, Defaults};
use crate::config::duration::show;
use crate::config::file::{ActionValue, HoldLimitsTable, HoldTable};
use crate::config::reader::Key;
use crate::config::{HoldLimits, size};

const SHORTEST_HOLD: Duration = Duration::from_millis(50);
/// Whoever waits for longer has a client, or a proxy before schemagate, that has given up.
const LONGEST_HOLD: Duration = Duration::from_secs(300);
/// How many are let go in a second by an order, as where a route's own hold says nothing else.
const USUAL_RELEASE: u32 = 1000;
/// So much of a request's body can be kept while it waits.
const LARGEST_BODY: u64 = 64 * 1024;

impl Check<'_> {
    pub(super) fn hold(
        &mut self,
        table: &HoldTable,
        defaults: &Defaults<'_>,
        route: &str,
        answers: &mut Answers,
    ) -> Option<Action> {
        let up_to = self.up_to("up_to", &table.up_to);
        let max_body = table.max_body.placed()?;
        if max_body.value.0 > LARGEST_BODY {
            let (typed, most) = (size::show(max_body.value.0), size::show(LARGEST_BODY));
            self.error(max_body.place, format!("`max_body` is {typed}, and must be at most {most}"));
        }
        for (name, key) in [("max_requests", &table.max_requests), ("release_per_second", &table.release_per_second)] {
            if key.copied() == Some(0) {
                self.error(key.place(), format!("`{name}` is 0, and must be at least 1"))
                    .help("write \"block\" instead of hold to let nobody wait");
            }
        }
        if let ActionValue::Hold(_) = table.then.get()? {
            self.error(table.then.place(), "`then` is a hold: whoever waited in vain would wait again")
                .help("name another action, such as \"block\"; to wait for longer, raise `up_to`");
            return None;
        }
        let hold = Hold {
            up_to,
            max_requests: table.max_requests.copied()?.into(),
            max_body: max_body.value.0,
            release_per_second: table.release_per_second.copied()?.into(),
            then: self.action(&table.then, defaults, route, answers)?,
        };
        let id = HoldId(u32::try_from(answers.holds.len()).unwrap_or(u32::MAX));
        answers.holds.push(hold);
        Some(Action::Hold(id))
    }

    /// How requests wait that an operator lets wait, on routes without a hold of their own.
    pub(super) fn usual_hold(
        &mut self,
        table: &HoldLimitsTable,
        defaults: &Defaults<'_>,
        answers: &mut Answers,
    ) -> Option<HoldId> {
        let hold = Hold {
            up_to: self.up_to("hold.up_to", &table.up_to),
            max_requests: table.max_requests.copied()?.into(),
            max_body: LARGEST_BODY,
            release_per_second: USUAL_RELEASE,
            then: Action::Block(self.refusal(None, defaults, answers)),
        };
        let id = HoldId(u32::try_from(answers.holds.len()).unwrap_or(u32::MAX));
        answers.holds.push(hold);
        Some(id)
    }

    fn up_to(&mut self, name: &str, key: &Key<Duration>) -> Duration {
        let up_to = self.duration(name, key, SHORTEST_HOLD);
        if up_to > LONGEST_HOLD {
            let message = format!("`{name}` is {}, and must be at most {}", show(up_to), show(LONGEST_HOLD));
            self.error(key.place(), message).help("clients and proxies give up after a minute or so");
        }
        up_to
    }

    pub(super) fn hold_limits(&mut self, table: &HoldLimitsTable) -> Option<HoldLimits> {
        Some(HoldLimits {
            max_requests: table.max_requests.copied()?.into(),
            max_bytes: self.bytes("hold.max_bytes", &table.max_bytes)?,
        })
    }
}
