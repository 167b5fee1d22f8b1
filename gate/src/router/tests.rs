use proptest::prelude::*;

use super::*;
use crate::sample::{needing, route};
use crate::{MatchingForm, Target};

fn routes<'t>(texts: impl IntoIterator<Item = &'t str>) -> Vec<Route> {
    texts.into_iter().map(route).collect()
}

/// The route, as it was written, that serves `METHOD [host]/path`; empty for none.
fn served<'t>(texts: &[&'t str], request: &str) -> &'t str {
    let routes = routes(texts.iter().copied());
    let finder = Router::new(&routes).unwrap_or_else(|conflicts| panic!("{conflicts:?}"));
    find(&finder, &routes, request).map_or("", |id| texts[id.index()])
}

fn find(finder: &Router, routes: &[Route], request: &str) -> Option<RouteId> {
    let (method, place) = request.split_once(' ').expect("a method and a place");
    let (host, path) = place.split_at(place.find('/').expect("a path"));
    let target = Target::parse(path.as_bytes(), MatchingForm::default()).expect("a path");
    finder.find(routes, &Host::parse(host), &target.matching, Method::new(method))
}

fn conflicts(texts: &[&str]) -> Vec<(u32, u32)> {
    let conflicts = Router::new(&routes(texts.iter().copied())).err().unwrap_or_default();
    conflicts.iter().map(|conflict| (conflict.first.0, conflict.second.0)).collect()
}

#[test]
fn an_exact_host_comes_before_a_wildcard_and_a_wildcard_before_any() {
    let routes = ["/x", "*.a.com/x", "b.a.com/x"];
    assert_eq!(served(&routes, "GET b.a.com/x"), "b.a.com/x");
    assert_eq!(served(&routes, "GET c.a.com/x"), "*.a.com/x");
    assert_eq!(served(&routes, "GET c.org/x"), "/x");
}

#[test]
fn of_two_wildcard_hosts_the_longer_one_is_used() {
    let routes = ["*.com/x", "*.b.a.com/x", "*.a.com/x"];
    assert_eq!(served(&routes, "GET c.b.a.com/x"), "*.b.a.com/x");
    assert_eq!(served(&routes, "GET b.a.com/x"), "*.a.com/x");
    assert_eq!(served(&routes, "GET a.com/x"), "*.com/x");
    assert_eq!(served(&routes, "GET com/x"), "");
}

#[test]
fn the_host_comes_before_the_path() {
    assert_eq!(served(&["/a/b", "a.com/*"], "GET a.com/a/b"), "a.com/*");
}

#[test]
fn a_host_without_a_route_for_the_path_falls_through_to_the_wider_host() {
    let routes = ["a.b.com/x", "*.b.com/y", "/z"];
    assert_eq!(served(&routes, "GET a.b.com/x"), "a.b.com/x");
    assert_eq!(served(&routes, "GET a.b.com/y"), "*.b.com/y");
    assert_eq!(served(&routes, "GET a.b.com/z"), "/z");
}

#[test]
fn a_literal_comes_before_a_parameter_and_a_parameter_before_the_rest() {
    let routes = ["/orders/*", "/orders/{id}", "/orders/new"];
    assert_eq!(served(&routes, "GET /orders/new"), "/orders/new");
    assert_eq!(served(&routes, "GET /orders/7"), "/orders/{id}");
    assert_eq!(served(&routes, "GET /orders/7/items"), "/orders/*");
}

#[test]
fn segments_are_compared_from_left_to_right() {
    let routes = ["/{a}/b/c", "/a/*", "/a/{b}/d"];
    assert_eq!(served(&routes, "GET /a/b/c"), "/a/*");
    assert_eq!(served(&routes, "GET /a/b/d"), "/a/{b}/d");
    assert_eq!(served(&routes, "GET /x/b/c"), "/{a}/b/c");
}

#[test]
fn a_literal_that_leads_nowhere_is_taken_back() {
    let routes = ["/a/b/c", "/a/{x}/d", "/{x}/b/e"];
    assert_eq!(served(&routes, "GET /a/b/c"), "/a/b/c");
    assert_eq!(served(&routes, "GET /a/b/d"), "/a/{x}/d");
    assert_eq!(served(&routes, "GET /a/b/e"), "/{x}/b/e");
    assert_eq!(served(&routes, "GET /a/b/f"), "");
}

#[test]
fn an_exact_path_comes_before_the_rest_at_the_same_path() {
    let routes = ["/admin/*", "/admin"];
    assert_eq!(served(&routes, "GET /admin"), "/admin");
    assert_eq!(served(&routes, "GET /admin/x"), "/admin/*");
}

#[test]
fn a_final_star_serves_the_path_itself_and_all_below() {
    for path in ["/admin", "/admin/", "/admin/x", "/admin/x/y/z"] {
        assert_eq!(served(&["/admin/*"], &format!("GET {path}")), "/admin/*", "{path}");
    }
    assert_eq!(served(&["/admin/*"], "GET /administrator"), "");
    assert_eq!(served(&["/*"], "GET /"), "/*");
}

#[test]
fn the_longest_of_two_final_stars_is_used() {
    let routes = ["/*", "/a/*", "/a/b/*"];
    assert_eq!(served(&routes, "GET /a/b/c"), "/a/b/*");
    assert_eq!(served(&routes, "GET /a/c"), "/a/*");
    assert_eq!(served(&routes, "GET /c"), "/*");
}

#[test]
fn a_parameter_is_exactly_one_segment_that_is_not_empty() {
    assert_eq!(served(&["/a/{x}"], "GET /a/1"), "/a/{x}");
    assert_eq!(served(&["/a/{x}"], "GET /a"), "");
    assert_eq!(served(&["/a/{x}"], "GET /a/1/2"), "");
    let strict = MatchingForm { strict_slash: true, ..MatchingForm::default() };
    let routes = routes(["/a/{x}"]);
    let target = Target::parse(b"/a/", strict).expect("a path");
    let finder = Router::new(&routes).expect("no conflict");
    assert_eq!(finder.find(&routes, &Host::default(), &target.matching, Method::new("GET")), None);
}

#[test]
fn a_method_that_does_not_match_falls_through_to_the_next_most_specific_route() {
    let routes = ["GET /a/b", "POST /a/{x}", "PUT /a/*", "DELETE /*"];
    assert_eq!(served(&routes, "GET /a/b"), "GET /a/b");
    assert_eq!(served(&routes, "POST /a/b"), "POST /a/{x}");
    assert_eq!(served(&routes, "PUT /a/b"), "PUT /a/*");
    assert_eq!(served(&routes, "DELETE /a/b"), "DELETE /*");
    assert_eq!(served(&routes, "PATCH /a/b"), "");
}

#[test]
fn a_method_that_does_not_match_falls_through_to_the_wider_host() {
    let routes = ["GET a.b.com/x", "POST *.b.com/x", "/x"];
    assert_eq!(served(&routes, "POST a.b.com/x"), "POST *.b.com/x");
    assert_eq!(served(&routes, "PUT a.b.com/x"), "/x");
}

#[test]
fn named_methods_come_before_every_method() {
    let routes = ["/x", "POST,PUT /x"];
    assert_eq!(served(&routes, "PUT /x"), "POST,PUT /x");
    assert_eq!(served(&routes, "GET /x"), "/x");
}

#[test]
fn the_path_comes_before_the_methods() {
    assert_eq!(served(&["/a", "GET /{x}"], "GET /a"), "/a");
}

#[test]
fn get_includes_head_and_nothing_else() {
    assert_eq!(served(&["GET /x"], "HEAD /x"), "GET /x");
    assert_eq!(served(&["GET /x"], "OPTIONS /x"), "");
    assert_eq!(served(&["HEAD /x"], "GET /x"), "");
}

#[test]
fn methods_are_told_apart_by_case() {
    assert_eq!(served(&["GET /x"], "get /x"), "");
}

#[test]
fn two_routes_for_the_same_requests_are_refused_naming_both() {
    assert_eq!(conflicts(&["/a", "/b", "/a"]), [(0, 2)]);
    assert_eq!(conflicts(&["GET /a", "PUT,GET /a"]), [(0, 1)]);
    assert_eq!(conflicts(&["a.com/*", "A.com./*"]), [(0, 1)]);
    assert_eq!(conflicts(&["*.a.com/x", "*.a.com/x"]), [(0, 1)]);
}

#[test]
fn parameters_of_different_names_are_the_same_pattern() {
    assert_eq!(conflicts(&["/a/{id}", "/a/{name}"]), [(0, 1)]);
    assert_eq!(conflicts(&["/a/{id}/b", "/a/*/b"]), [(0, 1)]);
}

#[test]
fn patterns_of_different_spellings_are_the_same_pattern() {
    assert_eq!(conflicts(&["/admin", "/Admin/", "//%61dmin"]), [(0, 1), (0, 2), (1, 2)]);
}

#[test]
fn get_conflicts_with_head_in_either_order() {
    assert_eq!(conflicts(&["GET /a", "HEAD /a"]), [(0, 1)]);
    assert_eq!(conflicts(&["HEAD /a", "GET /a"]), [(0, 1)]);
}

#[test]
fn routes_that_differ_in_precedence_do_not_conflict() {
    assert_eq!(conflicts(&["/a", "GET /a", "POST /a", "/a/*", "/{x}", "a.com/a", "*.com/a"]), []);
}

#[test]
fn a_hosts_catch_all_hides_the_gated_routes_of_wider_hosts() {
    let routes = [
        needing(route("/admin"), &[0]),
        route("a.b.com/*"),
        needing(route("*.b.com/orders"), &[0]),
        // None of these is hidden: a narrower host, another host, nothing needed, a catch-all itself.
        needing(route("c.b.com/x"), &[0]),
        needing(route("*.c.com/x"), &[0]),
        route("/open"),
        needing(route("/*"), &[0]),
    ];
    let hidden: Vec<_> = Router::hidden(&routes).iter().map(|hidden| (hidden.route.0, hidden.by.0)).collect();
    assert_eq!(hidden, [(0, 1), (2, 1)]);
}

#[test]
fn a_catch_all_for_some_methods_or_for_every_host_hides_nothing() {
    assert_eq!(Router::hidden(&[needing(route("/admin"), &[0]), route("GET a.com/*")]), []);
    assert_eq!(Router::hidden(&[needing(route("/admin"), &[0]), route("/*")]), []);
    assert_eq!(Router::hidden(&[needing(route("/admin"), &[0]), route("a.com/x/*")]), []);
}

#[test]
fn a_hostile_path_or_host_costs_no_more_than_its_length() {
    // Were it otherwise, this test would not end: every split of literal and parameter for
    // sixteen levels, paths of 50,000 segments, hosts of 30,000 labels.
    let mut texts: Vec<String> = (1..=16).map(|depth| "/a".repeat(depth) + "/end").collect();
    texts.extend((1..=16).map(|depth| "/{x}".repeat(depth) + "/end"));
    texts.extend(["*.example.com/x".to_owned(), "*.com/x".to_owned()]);
    let routes = routes(texts.iter().map(String::as_str));
    let finder = Router::new(&routes).expect("no conflict");
    let path = "/a".repeat(50_000);
    let host = "a.".repeat(30_000) + "example.com";
    for _ in 0..50 {
        assert_eq!(find(&finder, &routes, &format!("GET {host}{path}")), None);
        assert_eq!(find(&finder, &routes, &format!("GET {host}/x")), Some(RouteId(32)));
    }
}

/// What the router is held against: every route that serves the request, in order of specificity.
fn linear(routes: &[Route], host: &Host, path: &MatchingPath, method: Method<'_>) -> Vec<RouteId> {
    let segments: Vec<&[u8]> = path.segments().collect();
    let serves = |route: &Route| {
        let pattern = &route.path.segments;
        let long_enough =
            if route.path.below { segments.len() >= pattern.len() } else { segments.len() == pattern.len() };
        let fits = |(pattern, segment): (&Segment, &&[u8])| match pattern {
            Segment::Literal(text) => **text == **segment,
            Segment::Any => !segment.is_empty(),
        };
        long_enough
            && pattern.iter().zip(&segments).all(fits)
            && route.host.contains(host)
            && route.methods.contains(method)
    };
    let specificity = |route: &Route| {
        let host = match &route.host {
            HostPattern::Exact(_) => (0, 0),
            HostPattern::Below(name) => (1, usize::MAX - name.len()),
            HostPattern::Any => (2, 0),
        };
        let kinds = route.path.segments.iter().map(|segment| u8::from(*segment == Segment::Any));
        let path: Vec<u8> = kinds.chain(route.path.below.then_some(2)).collect();
        (host, path, route.methods.is_any())
    };
    let mut serving: Vec<_> = (0..).map(RouteId).zip(routes).filter(|(_, route)| serves(route)).collect();
    serving.sort_by_key(|(_, route)| specificity(route));
    assert!(
        serving.windows(2).all(|pair| specificity(pair[0].1) != specificity(pair[1].1)),
        "two routes of one specificity were not refused"
    );
    serving.into_iter().map(|(id, _)| id).collect()
}

/// Hosts, paths and methods of few words, so that they often meet.
fn route_texts() -> impl Strategy<Value = Vec<String>> {
    let methods = prop::sample::select(vec!["", "GET ", "HEAD ", "POST ", "GET,POST ", "PUT,DELETE "]);
    let hosts = prop::sample::select(vec!["", "", "a.com", "b.a.com", "*.com", "*.a.com", "*.b.a.com"]);
    let segments = prop::collection::vec(prop::sample::select(vec!["/a", "/b", "/*", "/{x}"]), 0..4);
    let end = prop::sample::select(vec!["", "/*", "/"]);
    let text = (methods, hosts, segments, end).prop_map(|(methods, host, segments, end)| {
        let path = segments.concat() + end;
        format!("{methods}{host}{}", if path.is_empty() { "/" } else { &path })
    });
    prop::collection::vec(text, 0..40)
}

fn requests() -> impl Strategy<Value = String> {
    let method = prop::sample::select(vec!["GET", "HEAD", "POST", "PUT", "OPTIONS"]);
    let host = prop::sample::select(vec!["", "a.com", "b.a.com", "c.b.a.com", "c.com", "c.org"]);
    let path = prop::collection::vec(prop::sample::select(vec!["/a", "/b", "/c"]), 0..5);
    (method, host, path).prop_map(|(method, host, path)| format!("{method} {host}{}/", path.concat()))
}

/// Those of `texts` that stand beside each other without a conflict.
fn without_conflicts(texts: &[String]) -> Vec<Route> {
    let mut routes = routes(texts.iter().map(String::as_str));
    while let Err(conflicts) = Router::new(&routes) {
        let mut id = (0..).map(RouteId);
        routes.retain(|_| {
            let id = id.next().expect("ids do not end");
            conflicts.iter().all(|conflict| conflict.second != id)
        });
    }
    routes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn the_router_finds_what_a_look_at_every_route_finds(texts in route_texts(), requests in prop::collection::vec(requests(), 1..20)) {
        let routes = without_conflicts(&texts);
        let finder = Router::new(&routes).expect("no conflict");
        for request in requests {
            let (method, place) = request.split_once(' ').expect("a method");
            let (host, path) = place.split_at(place.find('/').expect("a path"));
            let target = Target::parse(path.as_bytes(), MatchingForm::default()).expect("a path");
            let expected = linear(&routes, &Host::parse(host), &target.matching, Method::new(method));
            prop_assert_eq!(find(&finder, &routes, &request), expected.first().copied(), "{}", request);
        }
    }

    #[test]
    fn a_conflict_is_two_routes_of_one_pattern_whose_methods_meet(texts in route_texts()) {
        let routes = routes(texts.iter().map(String::as_str));
        let mut expected = Vec::new();
        for (second, b) in (0..).zip(&routes) {
            for (first, a) in (0..second).zip(&routes) {
                let same = a.host == b.host && a.path.segments == b.path.segments && a.path.below == b.path.below;
                if same && a.methods.conflicts_with(&b.methods) {
                    expected.push(Conflict { first: RouteId(first), second: RouteId(second) });
                }
            }
        }
        let mut found = Router::new(&routes).err().unwrap_or_default();
        found.sort_by_key(|conflict| (conflict.second, conflict.first));
        prop_assert_eq!(found, expected);
    }
}
