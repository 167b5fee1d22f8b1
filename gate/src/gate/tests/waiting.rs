//! Deciding where an operator lets requests wait.

use super::*;
use crate::{Hold, Orders, RouteHold};

fn hold() -> Hold {
    Hold {
        up_to: Duration::from_secs(1),
        max_requests: 1,
        max_body: 0,
        release_per_second: 1,
        then: Action::Block(AnswerId(9)),
    }
}

/// Under an order to wait until 20, for these routes.
fn under(routes: Vec<Route>, usual: Option<HoldId>, held: &[&str]) -> Gate {
    let rules = Rules::new(routes, requirements(), 2, KEEP, None).expect("no conflict");
    let gate = look(&Gate::new(Arc::new(rules.with_holds(vec![hold(), hold()], usual))), &catalog());
    let held = RouteHold {
        name: "h1".into(),
        routes: held.iter().map(|name| (*name).into()).collect(),
        until: Some(at(20)),
        reason: None,
        by: "me".into(),
        source: crate::OrderSource::Operator,
    };
    let orders = Orders { holds: vec![held], ..Orders::default() };
    gate.with_snapshot(gate.snapshot().with_orders(&orders))
}

#[test]
fn requests_of_the_routes_that_are_named_wait_although_all_is_ready_until_it_is_over() {
    let gate = under(vec![needing(route("/x"), &[READY]), route("/y")], Some(HoldId(1)), &["/x"]);
    let decision = decide(&gate, "POST /x");
    assert_eq!((decision.outcome, decision.action), (Outcome::Hold(HoldId(1)), ActionKind::Hold));
    assert_eq!(decision.reason, Reason::Held);
    assert_eq!(outcome(&gate, "GET /y"), FORWARD);
    assert_eq!(decide_at(&gate, "GET /x", at(20)).outcome, FORWARD);
    let then = gate.rules().instead_of_holding(decision, Method::new("POST"));
    assert_eq!((then.outcome, then.reason), (answer(9), Reason::Held));
}

#[test]
fn a_route_waits_as_its_own_action_says_else_as_usual_else_not_at_all() {
    let own = on_broken(route("/own"), Action::Hold(HoldId(0)));
    let gate = under(vec![own.clone(), route("/x")], Some(HoldId(1)), &[]);
    assert_eq!([outcome(&gate, "GET /own"), outcome(&gate, "GET /x")], [0, 1].map(|id| Outcome::Hold(HoldId(id))));
    let without = under(vec![own, route("/x")], None, &[]);
    assert_eq!(outcome(&without, "GET /x"), FORWARD);
}

#[test]
fn an_order_to_wait_goes_before_needs_and_an_observing_route_passes() {
    let observing = Route { mode: Mode::Observe, ..route("/observed") };
    let gate = under(vec![needing(route("/x"), &[BROKEN]), observing], Some(HoldId(0)), &[]);
    assert_eq!(decide(&gate, "GET /x").reason, Reason::Held);
    let decision = decide(&gate, "GET /observed");
    assert_eq!((decision.outcome, decision.observed), (FORWARD, true));
}

#[test]
fn other_orders_to_wait_are_a_change_and_the_same_ones_are_none() {
    let gate = under(vec![route("/x")], Some(HoldId(0)), &[]);
    let orders = Orders { holds: gate.snapshot().route_holds().to_vec(), ..Orders::default() };
    assert_eq!(gate.snapshot().with_orders(&orders).generation(), gate.snapshot().generation());
    let none = gate.snapshot().with_orders(&Orders::default());
    assert_eq!(none.generation(), gate.snapshot().generation() + 1);
    assert!(none.route_holds().is_empty());
}
