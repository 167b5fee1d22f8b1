//! Fixed answers that stand in for an upstream's.

use super::*;

fn responding(spec: RespondSpec) -> Answers {
    render(AnswerSpec::Respond(spec), &Brand::default())
}

#[test]
fn a_fixed_answer_is_as_configured_and_marked_as_degraded() {
    let answer = visit(&[]).of(&responding(respond()), ROUTE);
    assert_eq!((answer.status.as_u16(), answer.text()), (200, "[]"));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.length, Some(2));
    assert_eq!(answer.header("schemagate-degraded"), Some("backup list"));
    assert_eq!(answer.header("proxy-status"), Some("schemagate; error=proxy_internal_response"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("retry-after"), None);
}

#[test]
fn configured_headers_win_and_may_stand_twice() {
    let headers =
        [("cache-control", "max-age=5"), ("set-cookie", "a=1"), ("set-cookie", "b=2"), ("content-length", "99")]
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
    let answer = get(&[]).of(&responding(RespondSpec { headers: headers.to_vec(), ..respond() }), ROUTE);
    assert_eq!(answer.header("cache-control"), Some("max-age=5"));
    assert_eq!((answer.length, answer.header("content-length")), (Some(2), None));
    assert_eq!(answer.headers.iter().filter(|(name, _)| *name == header::SET_COOKIE).count(), 2);
}

#[test]
fn a_routes_name_is_made_safe_for_a_header() {
    let spec = RespondSpec { route: "café\r\n100 %".to_owned(), ..respond() };
    let answer = get(&[]).of(&responding(spec), ROUTE);
    assert_eq!(answer.header("schemagate-degraded"), Some("caf%C3%A9%0D%0A100 %25"));
}

#[test]
fn head_of_a_fixed_answer_has_its_length_and_no_body() {
    let answer = asked(Method::HEAD, &[]).of(&responding(respond()), ROUTE);
    assert_eq!((answer.length, answer.body.len()), (Some(2), 0));
}

#[test]
fn an_answer_that_cannot_have_a_body_has_none() {
    let spec = RespondSpec { status: StatusCode::NO_CONTENT, ..respond() };
    let answer = get(&[]).of(&responding(spec), ROUTE);
    assert_eq!((answer.length, answer.body.len()), (None, 0));
}
