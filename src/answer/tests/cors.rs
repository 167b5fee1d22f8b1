//! What browsers let scripts of another origin do and read.

use super::*;

const APP: &str = "https://app.example.com";

fn preflight(headers: &[(&'static str, &str)]) -> Asked {
    let mut all = vec![("origin", APP), ("access-control-request-method", "DELETE")];
    all.extend_from_slice(headers);
    asked(Method::OPTIONS, &all)
}

#[test]
fn a_preflight_to_what_is_refused_is_allowed_so_that_the_refusal_can_be_read() {
    let answers = blocking();
    for saying in [ROUTE, Saying::NoRoute, Saying::BadPath(PathError::Control)] {
        let answer = preflight(&[("access-control-request-headers", "content-type, x-org-id")]).of(&answers, saying);
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
        assert!(answer.body.is_empty());
        assert_eq!(answer.header("access-control-allow-origin"), Some(APP));
        assert_eq!(answer.header("access-control-allow-methods"), Some("DELETE"));
        assert_eq!(answer.header("access-control-allow-headers"), Some("content-type, x-org-id"));
        assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
        assert_eq!(answer.header("access-control-max-age"), Some("0"));
        assert_eq!(answer.length, None);
        assert_eq!(answer.header("vary"), Some("Accept, Accept-Language, Origin"));
    }
}

#[test]
fn the_refusal_after_it_can_be_read_with_its_wait_and_its_id() {
    let answers = blocking();
    for saying in sayings() {
        let answer = asked(Method::DELETE, &[("origin", APP)]).of(&answers, saying);
        assert_eq!(answer.header("access-control-allow-origin"), Some(APP));
        assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
        let exposed = answer.header("access-control-expose-headers").unwrap();
        assert!(exposed.starts_with("Retry-After, X-Request-Id"), "{exposed}");
    }
}

#[test]
fn a_preflight_for_a_silent_upstream_is_not_answered_in_its_place() {
    let answer = preflight(&[]).of(&blocking(), Saying::Upstream(UpstreamFailure::Refused));
    assert_eq!(answer.status, StatusCode::BAD_GATEWAY);
    assert_eq!(answer.header("access-control-allow-methods"), None);
}

#[test]
fn without_an_origin_nothing_is_said_of_cors() {
    let answer = get(&[]).of(&blocking(), ROUTE);
    assert!(answer.headers.iter().all(|(name, _)| !name.as_str().starts_with("access-control-")));
}

#[test]
fn the_opaque_origin_is_an_origin() {
    let answer = get(&[("origin", "null")]).of(&blocking(), ROUTE);
    assert_eq!(answer.header("access-control-allow-origin"), Some("null"));
}

#[test]
fn an_origin_that_is_none_is_not_echoed() {
    let long = "x".repeat(5000);
    for origin in ["", "https://a https://b", "https://a,https://b", "https://a\tb", &long] {
        let answer = get(&[("origin", origin)]).of(&blocking(), ROUTE);
        assert_eq!(answer.header("access-control-allow-origin"), None, "{origin}");
    }
    let mut twice = get(&[("origin", APP)]);
    twice.headers.append(header::ORIGIN, HeaderValue::from_static("https://evil.example"));
    assert_eq!(twice.of(&blocking(), ROUTE).header("access-control-allow-origin"), None);
}

#[test]
fn a_preflight_that_asks_for_nonsense_is_refused_like_any_request() {
    let answers = blocking();
    let without_origin = asked(Method::OPTIONS, &[("access-control-request-method", "GET")]);
    let bad_method = asked(Method::OPTIONS, &[("origin", APP), ("access-control-request-method", "GET, PUT")]);
    let plain_options = asked(Method::OPTIONS, &[("origin", APP)]);
    let other_method = asked(Method::GET, &[("origin", APP), ("access-control-request-method", "PUT")]);
    for request in [without_origin, bad_method, plain_options, other_method] {
        assert_eq!(request.of(&answers, ROUTE).status, StatusCode::SERVICE_UNAVAILABLE);
    }
    let bad_names = preflight(&[("access-control-request-headers", "x-a, (b)")]).of(&answers, ROUTE);
    assert_eq!(bad_names.status, StatusCode::NO_CONTENT);
    assert_eq!(bad_names.header("access-control-allow-headers"), None);
}
