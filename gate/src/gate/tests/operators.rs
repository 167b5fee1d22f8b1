//! Deciding what operators ask.

use super::*;
use crate::OperatorScope;

const ALL: OperatorScope<'static> = OperatorScope { routes: &[] };

fn admitted(gate: &Gate, request: &str, scope: OperatorScope<'_>) -> Decision {
    gate.admit(decide(gate, request), scope)
}

#[test]
fn whatever_keeps_others_lets_operators_to_the_routes_own_upstream_and_tells_why() {
    let (otherwise, methods) = (AnswerId(1), KnownMethods::new(["GET"]));
    for action in [
        Action::Block(otherwise),
        Action::ReadOnly(otherwise),
        Action::Respond(otherwise),
        Action::Hold(HoldId(0)),
        Action::Rescue { answer: AnswerId(0), methods, otherwise },
        Action::Stale { up_to: Duration::from_secs(1), otherwise },
        Action::Upstream { upstream: UpstreamId(1), otherwise },
    ] {
        let gate = gate([on_broken(needing(route("/x"), &[BROKEN]), action)]);
        let decision = admitted(&gate, "POST /x", ALL);
        assert_eq!((decision.outcome, decision.operator, decision.action), (FORWARD, true, action.kind()));
        assert_eq!(decision.reason, because(BROKEN, Verdict::Broken));
        assert_ne!(decide(&gate, "POST /x").outcome, FORWARD);
    }
}

#[test]
fn what_passes_anyhow_is_nobodys_favour() {
    let gate = gate([route("/free"), needing(route("/ready"), &[READY])]);
    for request in ["GET /free", "GET /ready", "GET /nowhere"] {
        assert_eq!(admitted(&gate, request, ALL), decide(&gate, request), "{request}");
    }
}

#[test]
fn a_pass_is_good_for_its_routes_alone() {
    let gate = gate([needing(route("/x"), &[BROKEN]), needing(route("/y"), &[BROKEN])]);
    let name = gate.rules().routes()[0].name.clone();
    let scope = OperatorScope { routes: &[name] };
    assert_eq!(admitted(&gate, "GET /x", scope).outcome, FORWARD);
    assert_eq!(admitted(&gate, "GET /y", scope), decide(&gate, "GET /y"));
}
