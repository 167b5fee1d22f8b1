//! Orders as a decision reads them.

use std::collections::HashMap;

use gate::{Bypass, BypassId, Bypasses, HostPattern, OrderSource, RouteHold, Window, WindowScope, WindowSource};

use super::wall_clock::WallClock;
use crate::config::order::{BypassTerms, HoldTerms, Order, OrderBook, WindowTerms, boxed};

/// The ids of bypasses: each keeps its own as long as it is ordered.
#[derive(Debug, Default)]
pub(super) struct BypassIds {
    of: HashMap<(OrderSource, String), BypassId>,
    next: u32,
}

impl BypassIds {
    fn keep(&mut self, bypasses: &[Order<BypassTerms>]) {
        self.of.retain(|(source, id), _| bypasses.iter().any(|order| order.source == *source && order.id == *id));
    }

    fn of(&mut self, order: &Order<BypassTerms>) -> BypassId {
        let next = BypassId(self.next);
        let id = *self.of.entry((order.source, order.id.clone())).or_insert(next);
        self.next += u32::from(id == next);
        id
    }
}

/// The orders of a book as a decision reads them.
pub(super) fn in_force(book: &OrderBook, clock: WallClock, ids: &mut BypassIds) -> gate::Orders {
    ids.keep(&book.bypasses);
    gate::Orders {
        bypasses: Bypasses::new(book.bypasses.iter().map(|order| bypass(order, clock, ids.of(order)))),
        windows: book.windows.iter().map(|order| window(order, clock)).collect(),
        holds: book.holds.iter().map(|order| hold(order, clock)).collect(),
    }
}

fn bypass(order: &Order<BypassTerms>, clock: WallClock, id: BypassId) -> Bypass {
    Bypass {
        id,
        name: order.id.as_str().into(),
        scope: order.terms.scope(),
        skips: order.terms.skips,
        until: order.until.map(|until| clock.moment(until)),
        reason: order.reason.as_deref().map(Into::into),
        by: order.by.as_str().into(),
        source: order.source,
    }
}

fn window(order: &Order<WindowTerms>, clock: WallClock) -> Window {
    let terms = &order.terms;
    Window {
        name: order.id.as_str().into(),
        source: WindowSource::Operator,
        from: clock.moment(terms.from),
        until: order.until.map(|until| clock.moment(until)),
        until_ready: terms.until_ready,
        blocks: terms.blocks,
        scope: WindowScope {
            routes: boxed(&terms.routes),
            // They were read when the order was taken.
            hosts: terms.hosts.iter().filter_map(|host| HostPattern::parse(host).ok()).collect(),
            tenants: boxed(&terms.tenants),
            organisation: terms.organisation.as_deref().map(Into::into),
        },
        message: terms.message.as_deref().map(Into::into),
    }
}

fn hold(order: &Order<HoldTerms>, clock: WallClock) -> RouteHold {
    RouteHold {
        name: order.id.as_str().into(),
        routes: boxed(&order.terms.routes),
        until: order.until.map(|until| clock.moment(until)),
        reason: order.reason.as_deref().map(Into::into),
        by: order.by.as_str().into(),
        source: order.source,
    }
}
