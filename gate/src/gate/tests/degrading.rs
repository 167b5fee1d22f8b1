//! Waiting, the last good answer, another upstream, and releases by what the schema has.

use super::*;
use crate::{Version, VersionId};

const HOUR: Duration = Duration::from_secs(3600);

/// The table of the requirement `orders`, beside all that is there anyway.
fn with_orders() -> Catalog {
    let mut catalog = catalog();
    let schema = catalog.schemas.get_mut("app").expect("the schema");
    schema.relations.insert("orders".into(), relation(&["id text"]));
    catalog
}

fn version(upstream: u32, needs: &[u32]) -> Version {
    let needs = needs.iter().copied().map(RequirementId).collect();
    Version { upstream: UpstreamId(upstream), needs, otherwise: AnswerId(9) }
}

/// The newest needs what is broken, the one before what is ready; the route's own what is broken.
fn versioned() -> Route {
    let versions = vec![version(2, &[BROKEN]), version(1, &[READY])];
    Route { versions, ..needing(route("/x"), &[BROKEN]) }
}

#[test]
fn the_newest_release_is_used_all_of_whose_needs_are_ready() {
    let before = gate([versioned()]);
    let decision = decide(&before, "POST /x");
    assert_eq!((decision.outcome, decision.action), (Outcome::Forward(UpstreamId(1)), ActionKind::Pass));
    assert_eq!(decision.reason, Reason::Version(VersionId(1)));
    let after = look(&before, &with_orders());
    assert_eq!(outcome(&after, "POST /x"), Outcome::Forward(UpstreamId(2)));
    let neither = look(&after, &Catalog::default());
    let decision = decide(&neither, "POST /x");
    assert_eq!((decision.outcome, decision.reason), (answer(0), because(BROKEN, Verdict::Broken)));
}

#[test]
fn a_release_that_was_never_seen_to_be_ready_is_not_used() {
    let route = Route { versions: vec![version(1, &[READY, UNKNOWN])], ..needing(route("/x"), &[READY]) };
    assert_eq!(decide(&gate([route]), "GET /x").reason, Reason::Ready);
}

#[test]
fn a_release_stays_when_what_is_known_of_it_grows_old() {
    let gate = gate([versioned()]);
    let late = NOW.plus(HOUR);
    assert_eq!(gate.snapshot().verdict(RequirementId(READY), late), Verdict::Unknown);
    assert_eq!(decide_at(&gate, "GET /x", late).outcome, Outcome::Forward(UpstreamId(1)));
}

#[test]
fn observe_mode_stays_with_the_routes_own_upstream() {
    let decision = decide(&gate([Route { mode: Mode::Observe, ..versioned() }]), "GET /x");
    assert_eq!((decision.outcome, decision.observed), (FORWARD, true));
    assert_eq!(decision.reason, Reason::Version(VersionId(1)));
}

#[test]
fn a_route_with_releases_is_guarded_whatever_its_actions_are() {
    let route = Route { needs: crate::Needs::new(), ..versioned() };
    assert!(route.guards(Method::new("GET")) && route.may_send_again());
    assert_eq!(route.all_needs().collect::<Vec<_>>(), [RequirementId(BROKEN), RequirementId(READY)]);
    assert!(!Route { mode: Mode::Observe, ..route }.guards(Method::new("GET")));
}

#[test]
fn the_last_good_answer_is_for_reads_alone() {
    let stale = Action::Stale { up_to: HOUR, otherwise: AnswerId(7) };
    let gate = gate([on_broken(needing(route("/x"), &[BROKEN]), stale)]);
    for (method, wanted) in [("GET", true), ("HEAD", true), ("POST", false), ("OPTIONS", false), ("get", false)] {
        let stale = Outcome::Stale { up_to: HOUR, otherwise: AnswerId(7) };
        let decision = decide(&gate, &format!("{method} /x"));
        assert_eq!(decision.outcome, if wanted { stale } else { answer(7) }, "{method}");
        assert_eq!(decision.action, ActionKind::Stale);
    }
}

#[test]
fn another_upstream_is_asked_by_every_method() {
    let elsewhere = Action::Upstream { upstream: UpstreamId(3), otherwise: AnswerId(7) };
    let gate = gate([on_broken(needing(route("/x"), &[BROKEN]), elsewhere)]);
    for method in ["GET", "POST"] {
        let decision = decide(&gate, &format!("{method} /x"));
        let wanted = Outcome::ForwardElsewhere { upstream: UpstreamId(3), otherwise: AnswerId(7) };
        assert_eq!((decision.outcome, decision.action), (wanted, ActionKind::Upstream));
        assert_eq!(decision.outcome.upstream(), Some(UpstreamId(3)));
    }
}

#[test]
fn who_cannot_wait_or_waited_in_vain_gets_the_action_after_it() {
    let then = Action::ReadOnly(AnswerId(7));
    let hold = Hold { up_to: HOUR, max_requests: 1, max_body: 0, release_per_second: 1, then };
    let route = on_broken(needing(route("/x"), &[BROKEN]), Action::Hold(HoldId(0)));
    let rules =
        Rules::new(vec![route], requirements(), 2, KEEP, None).expect("no conflict").with_holds(vec![hold], None);
    let gate = look(&Gate::new(Arc::new(rules)), &catalog());
    for (method, wanted) in [("GET", FORWARD), ("POST", answer(7))] {
        let decision = decide(&gate, &format!("{method} /x"));
        assert_eq!((decision.outcome, decision.action), (Outcome::Hold(HoldId(0)), ActionKind::Hold));
        let then = gate.rules().instead_of_holding(decision, Method::new(method));
        assert_eq!((then.outcome, then.action, then.reason), (wanted, ActionKind::ReadOnly, decision.reason));
        assert_eq!(gate.rules().instead_of_holding(then, Method::new(method)), then, "what is no hold stays");
    }
}
