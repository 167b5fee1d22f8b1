//! Deciding under bypasses.

use super::*;
use crate::{Bypass, BypassId, BypassScope, Bypasses, OrderSource, Skips};

const FIRST: Option<BypassId> = Some(BypassId(0));

fn bypass(scope: BypassScope, skips: Skips) -> Bypass {
    let (by, source) = ("ann".into(), OrderSource::Operator);
    Bypass { id: BypassId(0), name: "b1".into(), scope, skips, until: Some(at(20)), reason: None, by, source }
}

/// Under one bypass.
fn under(gate: &Gate, scope: BypassScope, skips: Skips) -> Gate {
    gate.with_snapshot(gate.snapshot().with_bypasses(Bypasses::new([bypass(scope, skips)])))
}

fn of_requirement(name: &str) -> BypassScope {
    BypassScope { requirements: [name.into()].into(), ..BypassScope::default() }
}

#[test]
fn what_would_be_refused_passes_to_its_own_upstream_and_tells_why_it_would_not() {
    let own = Route { upstream: UpstreamId(3), ..needing(route("/x"), &[READY, BROKEN]) };
    let gate = under(&gate([own]), BypassScope::default(), Skips::Needs);
    let decision = decide(&gate, "POST /x");
    assert_eq!((decision.outcome, decision.bypassed), (Outcome::Forward(UpstreamId(3)), FIRST));
    assert_eq!((decision.reason, decision.action), (because(BROKEN, Verdict::Broken), ActionKind::Block));
}

#[test]
fn every_action_but_pass_is_passed_over() {
    let (otherwise, methods) = (AnswerId(1), KnownMethods::new(["GET"]));
    let elsewhere = Action::Upstream { upstream: UpstreamId(1), otherwise };
    let stale = Action::Stale { up_to: Duration::from_secs(1), otherwise };
    let rescue = Action::Rescue { answer: AnswerId(0), methods, otherwise };
    for action in
        [Action::ReadOnly(otherwise), Action::Respond(otherwise), Action::Hold(HoldId(0)), rescue, stale, elsewhere]
    {
        let route = on_broken(needing(route("/x"), &[BROKEN]), action);
        let gate = under(&gate([route]), BypassScope::default(), Skips::Both);
        let decision = decide(&gate, "POST /x");
        assert_eq!((decision.outcome, decision.bypassed, decision.action), (FORWARD, FIRST, action.kind()));
    }
    let passing =
        under(&gate([on_broken(needing(route("/x"), &[BROKEN]), Action::Pass)]), BypassScope::default(), Skips::Both);
    assert_eq!((decide(&passing, "GET /x").outcome, decide(&passing, "GET /x").bypassed), (FORWARD, None));
}

#[test]
fn nothing_is_bypassed_that_would_pass_anyhow() {
    let routes = || [route("/free"), needing(route("/ready"), &[READY])];
    let gate = under(&gate(routes()), BypassScope::default(), Skips::Both);
    for request in ["GET /free", "GET /ready", "GET /nowhere"] {
        assert_eq!(decide(&gate, request).bypassed, None, "{request}");
    }
    let observing = Route { mode: Mode::Observe, ..needing(route("/x"), &[BROKEN]) };
    let decision = decide(&under(&self::gate([observing]), BypassScope::default(), Skips::Both), "GET /x");
    assert_eq!((decision.observed, decision.bypassed), (true, None));
}

#[test]
fn a_bypass_of_windows_leaves_needs_as_they_are() {
    let gate = under(&gate([needing(route("/x"), &[BROKEN])]), BypassScope::default(), Skips::Windows);
    assert_eq!((decide(&gate, "GET /x").outcome, decide(&gate, "GET /x").bypassed), (answer(0), None));
}

#[test]
fn what_a_bypass_does_not_cover_is_refused_for_its_own_reason() {
    let both = on_unknown(needing(route("/x"), &[BROKEN, UNKNOWN]), Action::Block(AnswerId(7)));
    let gate = under(&gate([both]), of_requirement("broken"), Skips::Needs);
    let decision = decide(&gate, "GET /x");
    assert_eq!((decision.outcome, decision.reason), (answer(7), because(UNKNOWN, Verdict::Unknown)));
    assert_eq!(decision.bypassed, None);

    let other = under(&gate, of_requirement("ready"), Skips::Needs);
    assert_eq!(decide(&other, "GET /x").reason, because(BROKEN, Verdict::Broken));
}

#[test]
fn it_ends_by_the_clock_alone() {
    let gate = under(&gate([needing(route("/x"), &[BROKEN])]), BypassScope::default(), Skips::Needs);
    assert_eq!(decide_at(&gate, "GET /x", at(19)).outcome, FORWARD);
    assert_eq!(decide_at(&gate, "GET /x", at(20)).outcome, answer(0));
}

#[test]
fn of_two_readings_of_a_path_the_bypassed_one_is_told_of() {
    let gate = gate_of(vec![route("/*"), needing(route("/orders/x"), &[BROKEN])], KEEP, None);
    let gate = under(&gate, BypassScope::default(), Skips::Needs);
    assert_eq!(decide(&gate, "GET /orders%2Fx").bypassed, FIRST);
}

#[test]
fn a_look_keeps_bypasses_and_what_is_ordered_anew_counts_as_a_change() {
    let before = gate([needing(route("/x"), &[BROKEN])]);
    let gate = under(&before, BypassScope::default(), Skips::Needs);
    assert!(gate.snapshot().generation() > before.snapshot().generation());
    let again = gate.snapshot().with_bypasses(gate.snapshot().bypasses().clone());
    assert_eq!(again.generation(), gate.snapshot().generation());
    assert_eq!(decide(&look(&gate, &catalog()), "GET /x").bypassed, FIRST);
}
