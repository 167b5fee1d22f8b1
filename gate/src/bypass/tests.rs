use super::*;
use crate::sample::at;

fn names<const N: usize>(names: [&str; N]) -> Box<[Box<str>]> {
    names.into_iter().map(Into::into).collect()
}

fn bypass(scope: BypassScope, skips: Skips, until: Option<Moment>) -> Bypass {
    let (by, source) = ("ann".into(), OrderSource::Operator);
    Bypass { id: BypassId(0), name: "b1".into(), scope, skips, until, reason: None, by, source }
}

fn all(skips: Skips) -> Bypasses {
    Bypasses::new([bypass(BypassScope::default(), skips, None)])
}

const FIRST: Option<BypassId> = Some(BypassId(0));

#[test]
fn an_empty_scope_is_everything_and_names_are_exact() {
    let everything = all(Skips::Both);
    assert_eq!(everything.of_need("orders", None, "tables", at(1)), FIRST);
    assert_eq!(everything.of_windows("orders", Some(["t_demo", "demo"]), at(1)), FIRST);
    let scope = BypassScope { routes: names(["orders"]), ..BypassScope::default() };
    let of_a_route = Bypasses::new([bypass(scope, Skips::Both, None)]);
    assert_eq!(of_a_route.of_need("orders", None, "tables", at(1)), FIRST);
    assert_eq!(of_a_route.of_need("Orders", None, "tables", at(1)), None);
    assert_eq!(of_a_route.of_windows("invoices", None, at(1)), None);
}

#[test]
fn needs_and_windows_are_passed_over_each_by_what_says_so() {
    for (skips, of_needs, of_windows) in
        [(Skips::Needs, FIRST, None), (Skips::Windows, None, FIRST), (Skips::Both, FIRST, FIRST)]
    {
        let bypasses = all(skips);
        assert_eq!(bypasses.of_need("r", None, "q", at(1)), of_needs, "{skips:?}");
        assert_eq!(bypasses.of_every_need("r", None, at(1)), of_needs, "{skips:?}");
        assert_eq!(bypasses.of_windows("r", None, at(1)), of_windows, "{skips:?}");
    }
}

#[test]
fn a_bypass_of_a_tenant_covers_no_other_and_none_that_is_nobodys() {
    let scope = BypassScope { tenants: names(["demo"]), ..BypassScope::default() };
    let by_schema = BypassScope { tenants: names(["t_demo"]), ..BypassScope::default() };
    let by_schema = Bypasses::new([bypass(by_schema, Skips::Needs, None)]);
    assert_eq!(by_schema.of_need("r", Some(["t_demo", "demo"]), "q", at(1)), FIRST);
    let bypasses = Bypasses::new([bypass(scope, Skips::Needs, None)]);
    assert_eq!(bypasses.of_need("r", Some(["t_demo", "demo"]), "q", at(1)), FIRST);
    assert_eq!(bypasses.of_need("r", Some(["t_acme", "acme"]), "q", at(1)), None);
    assert_eq!(bypasses.of_need("r", None, "q", at(1)), None);
}

#[test]
fn a_bypass_of_a_requirement_is_not_one_of_every_need() {
    let scope = BypassScope { requirements: names(["q"]), ..BypassScope::default() };
    let bypasses = Bypasses::new([bypass(scope, Skips::Both, None)]);
    assert_eq!(bypasses.of_need("r", None, "q", at(1)), FIRST);
    assert_eq!(bypasses.of_need("r", None, "other", at(1)), None);
    assert_eq!(bypasses.of_every_need("r", None, at(1)), None);
}

#[test]
fn it_is_over_at_its_end_and_the_next_one_counts() {
    let short = bypass(BypassScope::default(), Skips::Needs, Some(at(5)));
    let long = Bypass { id: BypassId(7), ..bypass(BypassScope::default(), Skips::Needs, Some(at(9))) };
    let bypasses = Bypasses::new([short, long]);
    let at_each = [at(4), at(5), at(9)].map(|now| bypasses.of_need("r", None, "q", now));
    assert_eq!(at_each, [FIRST, Some(BypassId(7)), None]);
    assert_eq!(bypasses.on(at(5)).count(), 1);
}

#[test]
fn a_scope_is_told_in_words() {
    let scope = BypassScope { routes: names(["a", "b"]), requirements: names([]), tenants: names(["demo"]) };
    assert_eq!(scope.to_string(), "route a, route b; tenant demo");
    assert_eq!(BypassScope::default().to_string(), "everything");
}
