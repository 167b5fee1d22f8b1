//! What goes with every answer.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;

#[test]
fn every_answer_has_the_headers_that_keep_it_safe_and_fresh() {
    let answers = blocking();
    for saying in sayings() {
        for asked in [visit(&[]), get(&[]), get(&[("accept", "text/plain")])] {
            let answer = asked.of(&answers, saying);
            assert_eq!(answer.header("cache-control"), Some("no-store"));
            assert_eq!(answer.header("vary"), Some("Accept, Accept-Language, Origin"));
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
            assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
            assert_eq!(answer.header("content-language"), Some("en"));
            assert_eq!(answer.length, Some(answer.body.len()));
            let policy = answer.header("content-security-policy").unwrap();
            assert!(policy.starts_with("default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'"), "{policy}");
        }
    }
}

#[test]
fn proxy_status_names_the_reason_in_the_words_of_rfc_9209() {
    use UpstreamFailure::{Broken, ConnectTimeout, Dns, Refused, ResponseTimeout, Tls, Unavailable};
    let answers = blocking();
    let table = [
        (ROUTE, "http_request_denied"),
        (Saying::NoRoute, "destination_not_found"),
        (Saying::BadPath(PathError::Control), "http_request_error; details=\"path_control\""),
        (Saying::Wire(WireRefusal::BareLf), "http_request_error; details=\"bare_lf\""),
        (Saying::Wire(WireRefusal::TargetTooLong), "http_request_error; details=\"target_too_long\""),
        (Saying::BadRequest("x"), "http_request_error"),
        (Saying::Upstream(Refused), "connection_refused"),
        (Saying::Upstream(ConnectTimeout), "connection_timeout"),
        (Saying::Upstream(Dns), "dns_error"),
        (Saying::Upstream(Tls), "tls_protocol_error"),
        (Saying::Upstream(ResponseTimeout), "http_response_timeout"),
        (Saying::Upstream(Broken), "http_response_incomplete"),
        (Saying::Upstream(Unavailable), "destination_unavailable"),
    ];
    for (saying, error) in table {
        let answer = get(&[]).of(&answers, saying);
        assert_eq!(answer.header("proxy-status"), Some(format!("schemagate; error={error}").as_str()));
        if let Saying::Upstream(failure) = saying {
            assert_eq!(failure.as_str(), error);
        }
    }
    for refusal in WireRefusal::ALL {
        assert_eq!(get(&[]).of(&answers, Saying::Wire(*refusal)).status.as_u16(), refusal.status(), "{refusal}");
    }
}

#[test]
fn clients_refused_together_are_told_to_come_back_apart() {
    let answers = blocking();
    let waits: BTreeSet<u64> =
        (0..500).map(|_| get(&[]).of(&answers, ROUTE).header("retry-after").unwrap().parse().unwrap()).collect();
    assert_eq!(waits, (30..=36).collect());
}

#[test]
fn a_wait_is_whole_seconds_and_at_least_one() {
    for (configured, told) in [(0, "1"), (200, "1"), (1000, "1"), (1001, "2"), (4000, "4")] {
        let spec = BlockSpec { retry_after: Duration::from_millis(configured), ..block() };
        let answer = get(&[]).of(&render(AnswerSpec::Block(spec), &Brand::default()), ROUTE);
        assert_eq!(answer.header("retry-after"), Some(told), "{configured} ms");
    }
}

#[test]
fn what_will_not_mend_by_waiting_has_no_wait() {
    let answers = blocking();
    for saying in [Saying::NoRoute, Saying::BadRequest("x")] {
        let answer = get(&[]).of(&answers, saying);
        assert_eq!(answer.header("retry-after"), None);
        assert_eq!(answer.json().get("retry_after"), None);
    }
}

#[test]
fn head_is_told_what_get_would_get() {
    let spec = BlockSpec { refresh: true, retry_after: Duration::from_secs(4), ..block() };
    let answers = render(AnswerSpec::Block(spec), &Brand::default());
    for saying in sayings() {
        for headers in [&[("accept", "text/html")][..], &[("accept", "*/*")], &[("accept", "text/plain")]] {
            let got = asked(Method::GET, headers).of(&answers, saying);
            let head = asked(Method::HEAD, headers).of(&answers, saying);
            assert!(head.body.is_empty());
            let same = |answer: &Answer| {
                let wait = answer.header("retry-after").map(str::len);
                let rest: Vec<_> = answer.headers.iter().filter(|(name, _)| name != "retry-after").cloned().collect();
                (answer.status, answer.length, wait, rest)
            };
            // Waits of one digit have no jitter, those of two have one length.
            assert_eq!(same(&got), same(&head), "{saying:?}");
        }
    }
    let health = answers.health(true, false, &asked(Method::HEAD, &[]).client());
    assert_eq!((health.length, health.body.len()), (Some(19), 0));
}

#[test]
fn what_is_heard_matters_by_itself_and_nothing_else_does() {
    let answers = blocking();
    let said = |headers: &[(&'static str, &str)]| {
        let answer = get(headers).of(&answers, ROUTE);
        let kinds = ["content-type", "content-language", "access-control-allow-origin"];
        (answer.status, kinds.map(|name| answer.header(name).map(str::to_owned)))
    };
    let heard = [
        ("accept", "text/html"),
        ("accept-language", "fr"),
        ("origin", "https://a.example"),
        ("content-type", "application/grpc"),
        ("sec-fetch-mode", "navigate"),
    ];
    assert_eq!(heard.map(|(name, _)| name), HEARD);
    for header in heard {
        assert!(is_heard(header.0.as_bytes()) && is_heard(header.0.to_ascii_uppercase().as_bytes()));
        assert_ne!(said(&[header]), said(&[]), "{header:?}");
    }
    for header in [("upgrade", "websocket"), ("x-requested-with", "XMLHttpRequest"), ("user-agent", "text/html")] {
        assert!(!is_heard(header.0.as_bytes()));
        assert_eq!(said(&[header]), said(&[]), "{header:?}");
    }
}

#[test]
fn a_page_reloads_itself_only_where_a_person_waits_for_it() {
    let refreshing = render(AnswerSpec::Block(BlockSpec { refresh: true, ..block() }), &Brand::default());
    let html = [("accept", "text/html")];
    let waiting = visit(&[]).of(&refreshing, ROUTE);
    assert_eq!(waiting.header("refresh"), waiting.header("retry-after"));
    assert!(waiting.text().contains("This page will try again by itself."));
    let others = [
        asked(Method::POST, &html).of(&refreshing, ROUTE),
        get(&[("accept", "text/html"), ("sec-fetch-mode", "cors")]).of(&refreshing, ROUTE),
        get(&[]).of(&refreshing, ROUTE),
        visit(&[]).of(&refreshing, Saying::NoRoute),
        visit(&[]).of(&blocking(), ROUTE),
    ];
    for answer in others {
        assert_eq!(answer.header("refresh"), None);
        assert!(!answer.text().contains("by itself"));
    }
}

/// Rendered once: what is rendered does not depend on what a client sends.
static BLOCKING: LazyLock<Answers> = LazyLock::new(blocking);

fn any_line() -> impl Strategy<Value = Option<Vec<u8>>> {
    let words = prop::sample::select(vec![
        "text/html",
        "*/*",
        "application/json",
        ";q=0.5",
        ",",
        ";",
        "fr",
        "en-US",
        "null",
        "https://a.example",
        "GET",
        "\"",
        "\\",
        "q=",
        "content-type",
        "=",
        " ",
    ]);
    let soup = prop::collection::vec(words, 0..12).prop_map(|words| words.concat().into_bytes());
    prop::option::of(prop_oneof![soup, prop::collection::vec(any::<u8>(), 0..60)])
}

proptest! {
    #[test]
    fn whatever_a_client_sends_it_gets_an_answer_with_sound_headers(
        lines in prop::collection::vec(any_line(), 6),
        method in prop::sample::select(vec![Method::GET, Method::HEAD, Method::POST, Method::OPTIONS]),
        id in ".{0,40}",
        path in ".{0,20}",
    ) {
        let names = [
            "accept", "accept-language", "origin", "access-control-request-method", "access-control-request-headers",
            "content-type",
        ];
        let mut headers = HeaderMap::new();
        for (name, line) in names.into_iter().zip(lines) {
            if let Some(Ok(value)) = line.map(|line| HeaderValue::from_bytes(&line)) {
                headers.insert(name, value);
            }
        }
        for saying in sayings() {
            let client = Client { method: &method, fields: Fields::Map(&headers), path: &path, request_id: id.as_bytes() };
            let answer = BLOCKING.answer(saying, &client);
            let mut seen = BTreeSet::new();
            for (name, value) in answer.headers.iter() {
                prop_assert!(value.to_str().is_ok(), "{name}: {value:?}");
                prop_assert!(seen.insert(name.as_str().to_owned()), "{name} stands twice");
            }
            if answer.header("content-type") == Some("application/problem+json") && method != Method::HEAD {
                prop_assert!(answer.json()["request_id"].is_string());
            }
        }
    }
}
