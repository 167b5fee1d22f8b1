//! What a client is given.

use super::*;
use crate::answer::Answer;

const DEFAULT: StaleKey = StaleKey { names: Vec::new(), ignores: Vec::new() };

fn given(request: &Requested, answer: &Answered, now: Moment) -> Answer {
    let store = store();
    assert_eq!(exchange(&store, &DEFAULT, &Requested::get(&[]), answer, at(0)), Fate::Kept);
    stale(&store, &DEFAULT, request, now).expect("an answer").answer(&(&request.header).into(), "orders, list", now)
}

fn header<'a>(answer: &'a Answer, name: &str) -> Vec<&'a str> {
    let values = answer.headers.iter().filter(|(known, _)| known == name);
    values.map(|(_, value)| value.to_str().expect("text")).collect()
}

#[test]
fn a_stale_answer_says_what_it_is_and_is_nobodys_to_keep() {
    let answer = Answered::good(
        &[
            ("content-type", "application/json"),
            ("etag", "\"1\""),
            ("date", "Sat, 21 Nov 2026 10:00:00 GMT"),
            ("cache-control", "public, max-age=60"),
            ("expires", "Sat, 21 Nov 2026 11:00:00 GMT"),
            ("cdn-cache-control", "max-age=600"),
            ("surrogate-control", "max-age=600"),
            ("age", "5"),
            ("vary", "Accept"),
            ("cache-status", "origin; fwd=miss"),
            ("connection", "keep-alive"),
            ("x-request-id", "that of another request"),
            ("link", "<a>"),
            ("link", "<b>"),
        ],
        "[1]",
    );
    let given = given(&Requested::get(&[]), &answer, at(100));
    assert_eq!((given.status.as_u16(), given.body.as_ref(), given.length), (200, b"[1]".as_slice(), Some(3)));
    for (name, values) in [
        ("content-type", &["application/json"][..]),
        ("etag", &["\"1\""]),
        ("date", &["Sat, 21 Nov 2026 10:00:00 GMT"]),
        ("age", &["105"]),
        ("cache-control", &["no-store"]),
        ("cache-status", &["origin; fwd=miss", "schemagate; hit; ttl=-45; detail=degraded"]),
        ("schemagate-degraded", &["orders, list"]),
        ("vary", &["Accept"]),
        ("link", &["<a>", "<b>"]),
        ("expires", &[]),
        ("cdn-cache-control", &[]),
        ("surrogate-control", &[]),
        ("connection", &[]),
        ("x-request-id", &[]),
    ] {
        assert_eq!(header(&given, name), values, "{name}");
    }
}

#[test]
fn head_is_told_the_length_of_what_get_would_be_given() {
    let head = Requested::new("HEAD", "/orders", &[("host", "a.example")]);
    let given = given(&head, &Answered::good(&[], "good"), at(1));
    assert_eq!((given.status.as_u16(), given.body.len(), given.length), (200, 0, Some(4)));
}

#[test]
fn who_asks_for_a_part_is_given_the_whole() {
    let given = given(&Requested::get(&[("range", "bytes=0-1")]), &Answered::good(&[], "good"), at(1));
    assert_eq!((given.status.as_u16(), given.body.as_ref()), (200, b"good".as_slice()));
}

#[test]
fn who_has_the_answer_already_is_told_so() {
    let modified = "Sat, 21 Nov 2026 10:00:00 GMT";
    let answer =
        Answered::good(&[("etag", "W/\"1\""), ("last-modified", modified), ("content-type", "text/plain")], "good");
    for (name, value, status) in [
        ("if-none-match", "\"0\", \"1\"", 304),
        ("if-none-match", "*", 304),
        ("if-none-match", "\"2\"", 200),
        ("if-modified-since", modified, 304),
        ("if-modified-since", "Sat, 21 Nov 2026 09:00:00 GMT", 200),
        ("if-modified-since", "yesterday", 200),
    ] {
        let given = given(&Requested::get(&[(name, value)]), &answer, at(1));
        assert_eq!(given.status.as_u16(), status, "{name}: {value}");
        if status == 304 {
            assert!(given.body.is_empty());
            assert_eq!(header(&given, "etag"), ["W/\"1\""]);
            assert_eq!(header(&given, "age"), ["1"]);
            assert_eq!(header(&given, "schemagate-degraded"), ["orders, list"]);
            assert!(given.length.is_none() && header(&given, "content-type").is_empty());
        }
    }
}

#[test]
fn an_answer_without_a_body_has_no_length() {
    let given = given(&Requested::get(&[]), &Answered::new(204, &[], ""), at(1));
    assert_eq!((given.status.as_u16(), given.length), (204, None));
}
