//! Which answers are kept, and for how long.

use super::*;

const DEFAULT: StaleKey = StaleKey { names: Vec::new(), ignores: Vec::new() };

fn fate(request: &Requested, answer: &Answered) -> Fate {
    exchange(&store(), &DEFAULT, request, answer, at(0))
}

#[test]
fn only_good_and_whole_answers_are_kept() {
    let chunked = ("transfer-encoding", "chunked");
    for (answer, expected) in [
        (Answered::good(&[], "good"), Fate::Kept),
        (Answered::new(200, &[chunked], "good"), Fate::Kept),
        (Answered::new(200, &[("content-length", "0")], ""), Fate::Kept),
        (Answered::new(203, &[chunked], "good"), Fate::Kept),
        (Answered::new(204, &[], ""), Fate::Kept),
        (Answered::new(301, &[("content-length", "0"), ("location", "/x")], ""), Fate::Kept),
        (Answered::new(308, &[("content-length", "0"), ("location", "/x")], ""), Fate::Kept),
        (Answered::new(200, &[], "to the end of the connection"), Fate::Unfit(Unfit::Framing)),
        (Answered::new(200, &[("content-length", "x")], "good"), Fate::Unfit(Unfit::Framing)),
        (Answered::new(200, &[("content-length", "9")], "broken"), Fate::Unfit(Unfit::Broken)),
        (Answered::new(206, &[("content-length", "1")], "a"), Fate::Unfit(Unfit::Status)),
        (Answered::good(&[("content-range", "bytes 0-3/9")], "part"), Fate::Unfit(Unfit::Range)),
        (Answered::new(302, &[("content-length", "0")], ""), Fate::Unfit(Unfit::Status)),
        (Answered::new(401, &[("content-length", "0")], ""), Fate::Unfit(Unfit::Status)),
        (Answered::new(404, &[("content-length", "0")], ""), Fate::Unfit(Unfit::Status)),
        (Answered::new(429, &[("content-length", "0")], ""), Fate::Ignored),
        (Answered::new(500, &[("content-length", "0")], ""), Fate::Ignored),
        (Answered::new(304, &[("etag", "\"a\"")], ""), Fate::Ignored),
    ] {
        assert_eq!(fate(&Requested::get(&[]), &answer), expected, "{answer:?}");
    }
}

#[test]
fn what_the_backend_forbids_is_not_kept_whatever_the_key_names() {
    let key = naming(&["cookie", "authorization", "user-agent"]);
    let request = Requested::get(&[("cookie", "a"), ("authorization", "b"), ("user-agent", "c")]);
    for (name, value, why) in [
        ("cache-control", "no-store", Unfit::NoStore),
        ("cache-control", "max-age=60, No-Store", Unfit::NoStore),
        ("cache-control", "max-age=60 no-store", Unfit::NoStore),
        ("cache-control", "private", Unfit::Private),
        ("cache-control", "private=\"x-user\", max-age=60", Unfit::Private),
        ("cache-control", "max-age=0, private, must-revalidate", Unfit::Private),
        ("cache-control", "no-cache", Unfit::NoCache),
        ("cache-control", "public, no-cache", Unfit::NoCache),
        ("pragma", "no-cache", Unfit::NoCache),
        ("cdn-cache-control", "no-store", Unfit::NoStore),
        ("cloudflare-cdn-cache-control", "private", Unfit::Private),
        ("surrogate-control", "no-store", Unfit::NoStore),
        ("cache-control", "must-revalidate", Unfit::Revalidate),
        ("cache-control", "max-age=0, must-revalidate", Unfit::Revalidate),
        ("cache-control", "proxy-revalidate", Unfit::Revalidate),
        ("cache-control", "s-maxage=0", Unfit::Revalidate),
        ("cache-control", "s-maxage=soon", Unfit::Revalidate),
        ("set-cookie", "a=1", Unfit::SetCookie),
        ("vary", "*", Unfit::Vary),
        ("vary", "Accept, *", Unfit::Vary),
        ("vary", "Referer", Unfit::Vary),
        ("vary", "X-Forwarded-For", Unfit::Vary),
        ("vary", "not a name", Unfit::Vary),
    ] {
        let answer = Answered::good(&[(name, value)], "secret");
        assert_eq!(exchange(&store(), &key, &request, &answer, at(0)), Fate::Unfit(why), "{name}: {value}");
    }
}

#[test]
fn what_an_answer_varies_by_must_be_in_the_key() {
    for vary in ["Accept", "accept-encoding, Accept-Language", "Origin", "X-Tenant", "Cookie", "Authorization", ""] {
        let answer = Answered::good(&[("vary", vary)], "good");
        assert_eq!(fate(&Requested::get(&[]), &answer), Fate::Kept, "{vary}");
    }
    let agents = Answered::good(&[("vary", "User-Agent")], "good");
    assert_eq!(fate(&Requested::get(&[]), &agents), Fate::Unfit(Unfit::Vary));
    assert_eq!(exchange(&store(), &naming(&["user-agent"]), &Requested::get(&[]), &agents, at(0)), Fate::Kept);
    let languages = Answered::good(&[("vary", "Accept-Language")], "good");
    let ignoring = ignoring(&["accept-language"]);
    assert_eq!(exchange(&store(), &ignoring, &Requested::get(&[]), &languages, at(0)), Fate::Unfit(Unfit::Vary));
}

#[test]
fn a_request_may_forbid_it_too() {
    let good = Answered::good(&[], "good");
    for (request, why) in [
        (Requested::get(&[("cache-control", "no-store")]), Unfit::NoStore),
        (Requested::get(&[("cache-control", "max-age=0"), ("cache-control", "No-Store")]), Unfit::NoStore),
        (Requested::get(&[("range", "bytes=0-1")]), Unfit::Range),
        (Requested::new("HEAD", "/orders", &[]), Unfit::Method),
        (Requested::get(&[("cookie", "a=1")]), Unfit::Credentials),
        (Requested::get(&[("authorization", "Bearer a")]), Unfit::Credentials),
    ] {
        assert_eq!(fate(&request, &good), Fate::Unfit(why), "{request:?}");
    }
    assert_eq!(fate(&Requested::get(&[("cache-control", "no-cache")]), &good), Fate::Kept);
}

#[test]
fn public_does_not_let_an_answer_to_a_credential_be_kept() {
    let answer = Answered::good(&[("cache-control", "public, max-age=60")], "good");
    assert_eq!(fate(&Requested::get(&[("authorization", "Bearer a")]), &answer), Fate::Unfit(Unfit::Credentials));
}

#[test]
fn the_backend_says_how_stale_an_answer_may_become() {
    for (control, good, gone) in [
        ("max-age=60", 3600, 3601),
        ("public", 3600, 3601),
        ("max-age=60, must-revalidate", 60, 61),
        ("max-age=60, proxy-revalidate", 60, 61),
        ("s-maxage=60", 60, 61),
        ("s-maxage=60, max-age=600", 60, 61),
        ("s-maxage=60, stale-if-error=30", 90, 91),
        ("max-age=60, stale-if-error=30", 90, 91),
        ("stale-if-error=30", 30, 31),
        ("max-age=60, must-revalidate, stale-if-error=30", 60, 61),
        ("max-age=60, stale-if-error=86400", 3600, 3601),
    ] {
        let (store, request) = (store(), Requested::get(&[]));
        let answer = Answered::good(&[("cache-control", control)], "good");
        assert_eq!(exchange(&store, &DEFAULT, &request, &answer, at(100)), Fate::Kept, "{control}");
        assert!(stale(&store, &DEFAULT, &request, at(100 + good)).is_ok(), "{control}");
        assert_eq!(stale(&store, &DEFAULT, &request, at(100 + gone)).err(), Some(Unfit::TooOld), "{control}");
    }
}

#[test]
fn the_age_that_an_answer_came_with_counts() {
    let (store, request) = (store(), Requested::get(&[]));
    exchange(&store, &DEFAULT, &request, &Answered::good(&[("age", "3000")], "old"), at(0));
    assert!(stale(&store, &DEFAULT, &request, at(600)).is_ok());
    assert_eq!(stale(&store, &DEFAULT, &request, at(601)).err(), Some(Unfit::TooOld));
    exchange(&store, &DEFAULT, &request, &Answered::good(&[("age", "eternal")], "older"), at(700));
    assert_eq!(stale(&store, &DEFAULT, &request, at(700)).err(), Some(Unfit::TooOld));
}

#[test]
fn an_answer_that_breaks_off_leaves_the_last_good_one() {
    let (store, request) = (store(), Requested::get(&[]));
    exchange(&store, &DEFAULT, &request, &Answered::good(&[], "good"), at(0));
    for answer in [
        Answered::new(200, &[("content-length", "9")], "broken"),
        Answered::new(500, &[("content-length", "3")], "500"),
        Answered::new(503, &[("content-length", "3")], "503"),
        Answered::new(429, &[("content-length", "3")], "429"),
    ] {
        exchange(&store, &DEFAULT, &request, &answer, at(1));
        let kept = stale(&store, &DEFAULT, &request, at(2)).expect("the good one");
        assert_eq!(text(&kept, &request, at(2)), "good", "{answer:?}");
    }
}

#[test]
fn the_last_answer_decides_even_where_it_is_not_kept() {
    for answer in [
        Answered::new(404, &[("content-length", "0")], ""),
        Answered::new(401, &[("content-length", "0")], ""),
        Answered::new(302, &[("content-length", "0")], ""),
        Answered::good(&[("cache-control", "private")], "now it is Ada's"),
        Answered::good(&[("set-cookie", "a=1")], "now it sets cookies"),
    ] {
        let (store, request) = (store(), Requested::get(&[]));
        exchange(&store, &DEFAULT, &request, &Answered::good(&[], "good"), at(0));
        exchange(&store, &DEFAULT, &request, &answer, at(1));
        assert_eq!(stale(&store, &DEFAULT, &request, at(2)).err(), Some(Unfit::Absent), "{answer:?}");
    }
}

#[test]
fn the_later_request_wins_whichever_answer_ends_last() {
    let (store, request) = (store(), Requested::get(&[]));
    exchange(&store, &DEFAULT, &request, &Answered::good(&[], "later"), at(5));
    let late = exchange(&store, &DEFAULT, &request, &Answered::good(&[], "earlier"), at(4));
    assert_eq!(late, Fate::Unfit(Unfit::Overtaken));
    assert_eq!(text(&stale(&store, &DEFAULT, &request, at(6)).expect("one"), &request, at(6)), "later");
}

#[test]
fn a_route_that_stopped_being_ready_meanwhile_keeps_nothing() {
    let (store, request, answer) = (store(), Requested::get(&[]), Answered::good(&[], "empty"));
    let epoch = store.epoch(&request.host(), b"/orders");
    let mut keeping = Keeping::begin(&request.asked(&DEFAULT), epoch, at(0), &store).expect("a key");
    keeping.header(&answer.header, &DEFAULT, &store);
    keeping.body(&answer.body, &store);
    assert_eq!(keeping.end(true, false, &DEFAULT, &store), Fate::Unfit(Unfit::Overtaken));
    assert!(stale(&store, &DEFAULT, &request, at(0)).is_err());
}

#[test]
fn a_write_makes_what_was_kept_a_thing_of_the_past() {
    let (store, request) = (store(), Requested::get(&[]));
    let paged = Requested::new("GET", "/orders?page=2", &[("host", "a.example")]);
    let other = Requested::new("GET", "/customers", &[("host", "a.example")]);
    for request in [&request, &paged, &other] {
        exchange(&store, &DEFAULT, request, &Answered::good(&[], "before"), at(0));
    }
    store.note_change(&Host::parse("A.example:80"), b"/orders?notify=1");
    assert_eq!(stale(&store, &DEFAULT, &request, at(1)).err(), Some(Unfit::Overtaken));
    assert_eq!(stale(&store, &DEFAULT, &paged, at(1)).err(), Some(Unfit::Overtaken));
    assert!(stale(&store, &DEFAULT, &other, at(1)).is_ok());
    exchange(&store, &DEFAULT, &request, &Answered::good(&[], "after"), at(2));
    assert_eq!(text(&stale(&store, &DEFAULT, &request, at(3)).expect("one"), &request, at(3)), "after");
}

#[test]
fn an_answer_that_a_write_overtakes_is_not_kept() {
    let (store, request, answer) = (store(), Requested::get(&[]), Answered::good(&[], "before"));
    let epoch = store.epoch(&request.host(), b"/orders");
    let mut keeping = Keeping::begin(&request.asked(&DEFAULT), epoch, at(0), &store).expect("a key");
    keeping.header(&answer.header, &DEFAULT, &store);
    store.note_change(&request.host(), b"/orders");
    keeping.body(&answer.body, &store);
    assert_eq!(keeping.end(true, true, &DEFAULT, &store), Fate::Unfit(Unfit::Overtaken));
}

#[test]
fn a_304_for_the_kept_answer_makes_it_as_good_as_new() {
    let (store, request) = (store(), Requested::get(&[]));
    let again = Requested::get(&[("if-none-match", "W/\"1\"")]);
    exchange(&store, &DEFAULT, &request, &Answered::good(&[("etag", "W/\"1\"")], "good"), at(0));
    let unchanged = |etag| Answered::new(304, &[("etag", etag)], "");
    assert_eq!(exchange(&store, &DEFAULT, &again, &unchanged("W/\"1\""), at(3000)), Fate::Refreshed);
    let kept = stale(&store, &DEFAULT, &request, at(6000)).expect("good for another hour");
    assert_eq!(kept.age(at(6000)), Duration::from_secs(3000));
    assert_eq!(text(&kept, &request, at(6000)), "good");
    assert_eq!(exchange(&store, &DEFAULT, &again, &unchanged("W/\"2\""), at(6000)), Fate::Ignored);
    assert_eq!(stale(&store, &DEFAULT, &request, at(6601)).err(), Some(Unfit::TooOld));
}

#[test]
fn a_304_that_forbids_to_keep_an_answer_takes_it_away() {
    let (store, request) = (store(), Requested::get(&[]));
    exchange(&store, &DEFAULT, &request, &Answered::good(&[("etag", "\"1\"")], "good"), at(0));
    let private = Answered::new(304, &[("etag", "\"1\""), ("cache-control", "private")], "");
    assert_eq!(exchange(&store, &DEFAULT, &request, &private, at(1)), Fate::Unfit(Unfit::Private));
    assert_eq!(stale(&store, &DEFAULT, &request, at(2)).err(), Some(Unfit::Absent));
}
