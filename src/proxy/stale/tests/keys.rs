//! What the key tells apart, and what it does not.

use super::*;

fn key(request: &Requested) -> Key {
    request.key(&StaleKey::default()).expect("a key")
}

#[test]
fn everything_that_a_backend_may_answer_by_is_told_apart() {
    let plain = Requested::get(&[]);
    let mut others = vec![
        Requested::new("GET", "/orders", &[("host", "b.example")]),
        Requested::new("GET", "/orders", &[("host", "a.example:81")]),
        Requested::new("GET", "/orders", &[("host", "A.example")]),
        Requested::new("GET", "/orders?", &[("host", "a.example")]),
        Requested::new("GET", "/Orders", &[("host", "a.example")]),
        Requested::new("GET", "/orders/", &[("host", "a.example")]),
        Requested::new("GET", "/orders", &[]),
        Requested { route: "other", ..plain.clone() },
        Requested { upstream: "previous", ..plain.clone() },
        Requested { tenant: Some("a"), ..plain.clone() },
        Requested { tenant: Some(""), ..plain.clone() },
        Requested { client: Client { tls: true, ..plain.client }, ..plain.clone() },
    ];
    for (name, value) in [
        ("accept", "text/html"),
        ("accept-language", "fr"),
        ("accept-encoding", "gzip"),
        ("origin", "https://a.example"),
        ("x-tenant", "one"),
        ("x-tenant", ""),
        ("x-api-key", "k"),
        ("x-requested-with", "XMLHttpRequest"),
        ("x-http-method-override", "DELETE"),
        ("x-original-url", "/admin"),
        ("x-rewrite-url", "/admin"),
        ("x-host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-user", "root"),
        ("x-forwarded-prefix", "/evil"),
        ("forwarded", "host=evil.example"),
        ("baggage", "tenant=one"),
    ] {
        others.push(Requested::get(&[(name, value)]));
    }
    let mut seen = vec![key(&plain)];
    for other in &others {
        let key = key(other);
        assert!(!seen.contains(&key), "{other:?}");
        seen.push(key);
    }
}

#[test]
fn what_differs_from_request_to_request_is_left_out() {
    let plain = key(&Requested::get(&[]));
    for (name, value) in [
        ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
        ("referer", "https://a.example/?page=1&sort=name"),
        ("if-none-match", "W/\"1-a\", \"b\""),
        ("if-modified-since", "Sat, 21 Nov 2026 10:00:00 GMT"),
        ("cache-control", "max-age=0"),
        ("pragma", "no-cache"),
        ("x-request-id", "0193-abc"),
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ("x-b3-traceid", "80f198ee56343ba8"),
        ("x-forwarded-for", "192.0.2.9, 10.0.0.1"),
        ("cf-connecting-ip", "2001:db8::1"),
        ("sec-fetch-mode", "navigate"),
        ("sec-ch-ua", "\"Chromium\";v=\"142\", \"Not=A?Brand\";v=\"99\""),
        ("upgrade-insecure-requests", "1"),
        ("priority", "u=0, i"),
        ("connection", "keep-alive"),
        ("range", "bytes=0-1"),
    ] {
        assert_eq!(key(&Requested::get(&[(name, value)])), plain, "{name}");
    }
}

#[test]
fn what_is_left_out_cannot_carry_markup_into_an_answer_for_others() {
    let plain = key(&Requested::get(&[]));
    for (name, value) in [
        ("user-agent", "<script>alert(1)</script>"),
        ("user-agent", "\" onload=\"alert(1)"),
        ("referer", "https://a.example/?q=%3Cscript%3E"),
        ("x-forwarded-for", "127.0.0.1'"),
        ("x-forwarded-for", "{{7*7}}"),
        ("sec-ch-ua", "\"><script>"),
        ("x-request-id", "a\\u003c"),
        ("user-agent", "caf\u{e9}"),
    ] {
        assert_ne!(key(&Requested::get(&[(name, value)])), plain, "{name}: {value}");
    }
}

#[test]
fn parts_cannot_run_into_each_other() {
    let pairs = [
        (Requested::get(&[("x-a", "1"), ("x-a", "2")]), Requested::get(&[("x-a", "1, 2")])),
        (Requested::get(&[("x-a", "1"), ("x-a", "2")]), Requested::get(&[("x-a", "2"), ("x-a", "1")])),
        (Requested::get(&[("x-a", "bx-c")]), Requested::get(&[("x-a", "b"), ("x-c", "")])),
        (Requested::get(&[("x-ab", "c")]), Requested::get(&[("x-a", "bc")])),
        (
            Requested { route: "ab", upstream: "c", ..Requested::get(&[]) },
            Requested { route: "a", upstream: "bc", ..Requested::get(&[]) },
        ),
    ];
    for (one, other) in pairs {
        assert_ne!(key(&one), key(&other), "{one:?}\n{other:?}");
    }
    let order = |headers: &[(&str, &str)]| key(&Requested::get(headers));
    assert_eq!(order(&[("x-a", "1"), ("x-b", "2")]), order(&[("x-b", "2"), ("x-a", "1")]));
}

#[test]
fn who_asks_with_credentials_has_no_key_unless_it_names_them() {
    for name in ["authorization", "cookie", "proxy-authorization"] {
        let (ada, bob) = (Requested::get(&[(name, "ada")]), Requested::get(&[(name, "bob")]));
        assert_eq!(ada.key(&StaleKey::default()), Err(Unfit::Credentials), "{name}");
        assert_eq!(ada.key(&ignoring(&["x-trace"])), Err(Unfit::Credentials), "{name}");
        let named = naming(&[name]);
        assert!(ada.key(&named).is_ok());
        assert_ne!(ada.key(&named), bob.key(&named), "{name}");
        assert_ne!(ada.key(&named), Requested::get(&[]).key(&named), "{name}");
    }
    let both = Requested::get(&[("cookie", "a"), ("authorization", "b")]);
    assert_eq!(both.key(&naming(&["cookie"])), Err(Unfit::Credentials));
    assert!(both.key(&naming(&["cookie", "authorization"])).is_ok());
}

#[test]
fn a_header_that_the_operator_ignores_is_left_out_whatever_it_holds() {
    let key = ignoring(&["x-trace"]);
    let plain = Requested::get(&[]).key(&key);
    assert_eq!(Requested::get(&[("x-trace", "<1>")]).key(&key), plain);
    assert_ne!(plain, Requested::get(&[]).key(&StaleKey::default()), "another configuration is another key");
}

#[test]
fn what_an_untrusted_client_says_of_others_is_not_in_the_key_because_no_backend_hears_it() {
    let untrusted = |headers: &[(&str, &str)]| {
        let request = Requested::get(headers);
        Requested { client: Client { trusted: false, ..request.client }, ..request }
    };
    let plain = key(&untrusted(&[]));
    assert_eq!(key(&untrusted(&[("x-forwarded-host", "evil.example")])), plain);
    assert_eq!(key(&untrusted(&[("forwarded", "host=<evil>")])), plain);
}

#[test]
fn a_key_that_names_the_clients_address_tells_clients_apart() {
    let named = naming(&["x-forwarded-for"]);
    let from = |address: &str| {
        let request = Requested::get(&[]);
        Requested { client: Client { address: address.parse().ok(), trusted: false, tls: false }, ..request }
            .key(&named)
    };
    assert_eq!(from("192.0.2.1"), from("192.0.2.1"));
    assert_ne!(from("192.0.2.1"), from("192.0.2.2"));
    let said = |value| Requested::get(&[("x-forwarded-for", value)]).key(&named);
    assert_ne!(said("192.0.2.1"), said("192.0.2.2"));
}

#[test]
fn a_request_that_cannot_be_answered_for_another_has_no_key() {
    for (request, why) in [
        (Requested::new("POST", "/orders", &[]), Unfit::Method),
        (Requested::new("OPTIONS", "/orders", &[]), Unfit::Method),
        (Requested::new("get", "/orders", &[]), Unfit::Method),
        (Requested::get(&[("connection", "x-tenant"), ("x-tenant", "one")]), Unfit::Connection),
        (Requested::get(&[("connection", "keep-alive, X-Tenant")]), Unfit::Connection),
        (Requested::get(&[("connection", "upgrade"), ("upgrade", "websocket")]), Unfit::Connection),
        (Requested::get(&[("expect", "100-continue")]), Unfit::Connection),
        (Requested::get(&[("if-match", "\"a\"")]), Unfit::Precondition),
        (Requested::get(&[("if-unmodified-since", "Sat, 21 Nov 2026 10:00:00 GMT")]), Unfit::Precondition),
        (Requested::get(&[("content-length", "3")]), Unfit::Body),
        (Requested::get(&[("transfer-encoding", "chunked")]), Unfit::Body),
        (Requested { has_body: true, ..Requested::get(&[]) }, Unfit::Body),
    ] {
        assert_eq!(request.key(&StaleKey::default()), Err(why), "{request:?}");
    }
    assert!(
        Requested::get(&[("connection", "Keep-Alive,, close"), ("content-length", "0")])
            .key(&StaleKey::default())
            .is_ok()
    );
}

#[test]
fn head_is_given_what_get_was() {
    let head = Requested::new("HEAD", "/orders", &[("host", "a.example")]);
    assert_eq!(key(&head), key(&Requested::get(&[])));
}

#[test]
fn every_header_that_is_left_out_is_named_where_users_look() {
    let documented = include_str!("../../../../docs/stale.md").to_ascii_lowercase();
    for (name, _) in crate::proxy::stale::inputs::LEFT_OUT {
        assert!(documented.contains(&format!("`{name}`")), "docs/stale.md does not name {name}");
    }
}
