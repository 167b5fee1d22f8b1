//! What a gRPC client gets.

use super::*;

fn call(headers: &[(&'static str, &str)]) -> Asked {
    let mut all = vec![("content-type", "application/grpc+proto"), ("te", "trailers")];
    all.extend_from_slice(headers);
    asked(Method::POST, &all)
}

#[test]
fn a_grpc_call_is_refused_with_a_grpc_status_and_no_body() {
    let answer = call(&[]).of(&blocking(), ROUTE);
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.body.is_empty());
    assert_eq!(answer.header("content-type"), Some("application/grpc"));
    assert_eq!(answer.header("grpc-status"), Some("14"));
    let message = "We are updating this part of the service. It will be back shortly.";
    assert_eq!(answer.header("grpc-message"), Some(message));
    assert!(answer.header("retry-after").is_some());
}

#[test]
fn every_saying_has_its_grpc_status() {
    use UpstreamFailure::{Refused, ResponseTimeout};
    let answers = blocking();
    let table = [
        (Saying::NoRoute, "12"),
        (Saying::BadRequest("x"), "13"),
        (Saying::Upstream(Refused), "14"),
        (Saying::Upstream(ResponseTimeout), "14"),
    ];
    for (saying, status) in table {
        assert_eq!(call(&[]).of(&answers, saying).header("grpc-status"), Some(status), "{saying:?}");
    }
}

#[test]
fn a_grpc_message_is_percent_encoded_and_says_what_is_wrong() {
    let answers = blocking();
    let french = call(&[("accept-language", "fr")]).of(&answers, ROUTE);
    assert!(french.header("grpc-message").unwrap().starts_with("Nous mettons %C3%A0 jour"));
    let malformed = call(&[]).of(&answers, Saying::BadRequest("100% wrong"));
    assert_eq!(malformed.header("grpc-message"), Some("100%25 wrong"));
}

#[test]
fn a_grpc_web_client_in_a_browser_may_read_its_status() {
    let web = asked(Method::POST, &[("content-type", "application/grpc-web+proto"), ("origin", "https://a.example")]);
    let answer = web.of(&blocking(), ROUTE);
    assert_eq!(answer.header("content-type"), Some("application/grpc-web"));
    assert!(answer.header("access-control-expose-headers").unwrap().contains("grpc-status, grpc-message"));
}
