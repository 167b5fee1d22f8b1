//! Deciding for tenants.

use core::time::Duration;
use std::sync::Arc;

use super::*;
use crate::sample::{at, needing, relation, requirement, route, table};
use crate::{
    ActionKind, AnswerId, Bypass, BypassId, BypassScope, Bypasses, Catalog, DatabaseId, Decision, Gate, Host,
    MatchingForm, Method, Mode, Moment, OrderSource, Outcome, Reason, Request, Requirement, RequirementId, Route,
    Rules, Schema, Skips, Target, UpstreamId, Verdict,
};

const NOW: Moment = at(10);
const FORWARD: Outcome = Outcome::Forward(UpstreamId(0));
const REFUSED: Outcome = Outcome::Answer(AnswerId(0));
const MESSAGES: u32 = 0;
const BROKEN: Reason = Reason::Need { requirement: RequirementId(MESSAGES), verdict: Verdict::Broken };

/// The demo's schema is incomplete, acme's is complete; `zumodra.example` is of the schema that all share.
fn catalog() -> Catalog {
    let shared = vec!["public".into()];
    let rows = ["demo", "acme", "public"].map(|schema| {
        let domain =
            if schema == "public" { "zumodra.example".to_owned() } else { format!("{schema}.zumodra.example") };
        (schema.into(), vec![domain.into()])
    });
    let relations = [("messages_sys_userstatus".into(), relation(&["id bigint"]))].into();
    let complete = Shape { schema: Schema { relations, ..Schema::default() }, ..Shape::default() };
    Catalog {
        tenants: Some(TenantsSeen {
            directory: Some(Arc::new(Directory::of_domains(rows, &shared))),
            problem: None,
            shapes: vec![
                (Arc::new(complete), vec!["acme".into()]),
                (Arc::default(), vec!["demo".into(), "public".into()]),
            ],
            shared,
        }),
        ..Catalog::default()
    }
}

fn gate(routes: impl IntoIterator<Item = Route>, stranger: Stranger) -> Gate {
    let messages = Requirement { per_tenant: true, ..requirement("messages", [table("messages_sys_userstatus")]) };
    let key = TenantKey::Domains(DomainTables {
        domains: None,
        domain: "domain".into(),
        tenant: "tenant_id".into(),
        tenants: None,
        id: "id".into(),
        schema: "schema_name".into(),
    });
    let tenancy = Tenancy { database: DatabaseId(0), key, shared: vec!["public".into()], stranger };
    let rules = Rules::new(routes.into_iter().collect(), vec![messages], 1, MatchingForm::default(), None);
    Gate::new(Arc::new(rules.expect("no conflict").with_tenancy(Some(tenancy))))
}

fn looked(gate: &Gate, catalog: &Catalog) -> Gate {
    let requirements = gate.rules().requirements();
    let (snapshot, _) = gate.snapshot().after_look(requirements, DatabaseId(0), catalog, NOW, Duration::from_secs(30));
    gate.with_snapshot(snapshot)
}

fn everything() -> Route {
    needing(route("/*"), &[MESSAGES])
}

fn decide(gate: &Gate, host: &str, path: &str, now: Moment) -> Decision {
    let target = Target::parse(path.as_bytes(), MatchingForm::default()).expect("a path");
    let request = Request {
        host: &Host::parse(host),
        target: &target,
        method: Method::new("GET"),
        tenant: None,
        organisation: None,
    };
    gate.decide(&request, now)
}

#[test]
fn an_incomplete_tenant_is_refused_and_no_other() {
    let gate = looked(&gate([everything()], Stranger::Pass), &catalog());
    let demo = decide(&gate, "demo.zumodra.example", "/en/app/messages/", NOW);
    assert_eq!((demo.outcome, demo.reason), (Outcome::Answer(AnswerId(0)), BROKEN));
    let tenants = gate.snapshot().tenants().expect("tenants");
    assert_eq!(tenants.tenant(demo.tenant.expect("a tenant")).map(|tenant| &*tenant.schema), Some("demo"));

    let acme = decide(&gate, "acme.zumodra.example", "/en/app/messages/", NOW);
    assert_eq!((acme.outcome, acme.reason), (FORWARD, Reason::Ready));
    assert_ne!(acme.tenant, demo.tenant);
}

#[test]
fn what_is_required_of_tenants_is_not_required_of_the_schema_that_all_share() {
    let gate = looked(&gate([everything()], Stranger::NotFound), &catalog());
    let public = decide(&gate, "zumodra.example", "/", NOW);
    assert_eq!((public.outcome, public.reason, public.tenant), (FORWARD, Reason::NoNeeds, None));
}

#[test]
fn whoever_names_no_tenant_is_treated_as_configured() {
    let expected = [
        (Stranger::Pass, FORWARD, Reason::NoNeeds),
        (Stranger::Block(AnswerId(7)), Outcome::Answer(AnswerId(7)), Reason::UnknownTenant),
        (Stranger::NotFound, Outcome::NoRoute, Reason::UnknownTenant),
    ];
    for (stranger, outcome, reason) in expected {
        let routes = [everything(), Route { tenant_needs: false, ..route("/healthz") }];
        let gate = looked(&gate(routes, stranger), &catalog());
        let decision = decide(&gate, "nobody.example", "/x", NOW);
        assert_eq!((decision.outcome, decision.reason, decision.tenant), (outcome, reason, None));
        assert_eq!(decide(&gate, "nobody.example", "/healthz", NOW).outcome, FORWARD);
    }
}

#[test]
fn observe_mode_passes_strangers_and_says_so() {
    let gate = looked(&gate([Route { mode: Mode::Observe, ..everything() }], Stranger::NotFound), &catalog());
    let decision = decide(&gate, "nobody.example", "/", NOW);
    assert_eq!((decision.outcome, decision.observed, decision.action), (FORWARD, true, ActionKind::Block));
}

#[test]
fn a_bypass_passes_the_tenants_that_it_names_and_one_of_everything_strangers_too() {
    let under = |tenants: &[&str]| {
        let scope =
            BypassScope { tenants: tenants.iter().map(|name| (*name).into()).collect(), ..BypassScope::default() };
        let (by, source) = ("ann".into(), OrderSource::Operator);
        let bypass = Bypass {
            id: BypassId(0),
            name: "b".into(),
            scope,
            skips: Skips::Needs,
            until: None,
            reason: None,
            by,
            source,
        };
        let gate = looked(&gate([everything()], Stranger::NotFound), &catalog());
        gate.with_snapshot(gate.snapshot().with_bypasses(Bypasses::new([bypass])))
    };
    for (tenants, demo, stranger) in
        [(&[][..], FORWARD, FORWARD), (&["demo"], FORWARD, Outcome::NoRoute), (&["acme"], REFUSED, Outcome::NoRoute)]
    {
        let gate = under(tenants);
        let outcome = |host| decide(&gate, host, "/", NOW).outcome;
        assert_eq!((outcome("demo.zumodra.example"), outcome("nobody.example")), (demo, stranger), "{tenants:?}");
    }
    let decision = decide(&under(&[]), "nobody.example", "/", NOW);
    assert_eq!((decision.reason, decision.bypassed.is_some()), (Reason::UnknownTenant, true));
}

#[test]
fn before_tenants_are_known_and_when_that_is_old_everybody_is_unknown() {
    let unseen = gate([everything()], Stranger::NotFound);
    let unknown = Reason::Need { requirement: RequirementId(MESSAGES), verdict: Verdict::Unknown };
    let old = looked(&unseen, &catalog());
    for (gate, host, now) in [
        (&unseen, "demo.zumodra.example", NOW),
        (&unseen, "nobody.example", NOW),
        (&old, "demo.zumodra.example", at(60)),
        (&old, "nobody.example", at(60)),
    ] {
        let decision = decide(gate, host, "/", now);
        assert_eq!((decision.outcome, decision.reason), (FORWARD, unknown), "{host}");
    }
    assert_eq!(unseen.worst(NOW), Verdict::Unknown);
    assert_eq!(old.worst(NOW), Verdict::Broken);
}

#[test]
fn both_readings_of_a_path_are_one_tenants() {
    let form = MatchingForm { encoded_slash: crate::EncodedSlash::Keep, ..MatchingForm::default() };
    let gate = looked(&gate([everything()], Stranger::Pass), &catalog());
    let target = Target::parse(b"/a%2Fb", form).expect("a path");
    let host = Host::parse("demo.zumodra.example");
    let request =
        Request { host: &host, target: &target, method: Method::new("GET"), tenant: None, organisation: None };
    assert_eq!(gate.decide(&request, NOW).reason, BROKEN);
}
