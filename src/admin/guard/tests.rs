use axum::http::{HeaderName, HeaderValue};

use super::*;
use crate::config::{Address, AdminToken, Secret};

const ADDRESS: (&str, &str) = ("host", "127.0.0.1:9901");
const JSON: (&str, &str) = ("content-type", "application/json");

fn admin(tokens: &[(&str, &str, May)]) -> config::Admin {
    let token = |(name, secret, may): &(&str, &str, May)| AdminToken {
        name: (*name).to_owned(),
        secret: Secret::new(*secret),
        may: *may,
    };
    config::Admin {
        listen: Address::Tcp("127.0.0.1:9901".to_owned()),
        local: true,
        hosts: vec!["schemagate.internal".to_owned()],
        tokens: tokens.iter().map(token).collect(),
        ready_needs: Vec::new(),
        startup_timeout: std::time::Duration::ZERO,
    }
}

fn judged(
    admin: &config::Admin,
    may: May,
    method: &Method,
    uri: &'static str,
    headers: &[(&'static str, &str)],
) -> Result<String, Refusal> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(HeaderName::from_static(name), HeaderValue::from_str(value).expect("a value"));
    }
    let uri = Uri::from_static(uri);
    judge(admin, may, &Asked { method, uri: &uri, headers: &map }).map(str::to_owned)
}

fn read(admin: &config::Admin, headers: &[(&'static str, &str)]) -> Result<String, Refusal> {
    judged(admin, May::Read, &Method::GET, "/x", headers)
}

fn change(admin: &config::Admin, headers: &[(&'static str, &str)]) -> Result<String, Refusal> {
    judged(admin, May::Control, &Method::POST, "/x", &[&[JSON], headers].concat())
}

#[test]
fn a_host_is_an_address_localhost_or_one_that_is_listed() {
    let admin = admin(&[]);
    for host in [
        "127.0.0.1",
        "127.0.0.1:9901",
        "10.1.2.3:80",
        "[::1]:9901",
        "[::1]",
        "localhost",
        "LocalHost:1",
        "localhost.",
        "schemagate.internal",
        "Schemagate.Internal.:9901",
    ] {
        assert_eq!(read(&admin, &[("host", host)]), Ok("local".to_owned()), "{host}");
    }
    for host in [
        "",
        "evil.example",
        "evil.example:9901",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "[::1",
        "::1",
        "user@127.0.0.1",
        "a.schemagate.internal",
        "127.1",
        "0x7f000001",
        "[127.0.0.1]",
        "127.0.0.1:9901, evil.example",
    ] {
        assert_eq!(read(&admin, &[("host", host)]), Err(Refusal::Host), "{host}");
    }
    assert_eq!(read(&admin, &[]), Err(Refusal::Host));
    assert_eq!(read(&admin, &[ADDRESS, ADDRESS]), Err(Refusal::Host));
    let absolute = |uri| judged(&admin, May::Read, &Method::GET, uri, &[ADDRESS]);
    assert_eq!(absolute("http://evil.example/x"), Err(Refusal::Host));
    assert_eq!(absolute("http://localhost/x"), Ok("local".to_owned()));
}

#[test]
fn pages_from_elsewhere_neither_read_nor_change() {
    let admin = admin(&[("ops", "t", May::Control)]);
    let token = ("authorization", "Bearer t");
    for may in [May::Read, May::Control] {
        let judged = |more| judged(&admin, may, &Method::GET, "/x", &[ADDRESS, token, more]);
        for origin in ["http://127.0.0.1:9901", "https://127.0.0.1:9901"] {
            assert_eq!(judged(("origin", origin)), Ok("ops".to_owned()), "{origin}");
        }
        for origin in [
            "null",
            "",
            "http://127.0.0.1",
            "http://127.0.0.1:9902",
            "http://evil.example",
            "http://localhost:9901",
            "http://127.0.0.1:9901.evil.example",
            "http://127.0.0.1:9901/",
            "file://",
        ] {
            assert_eq!(judged(("origin", origin)), Err(Refusal::Origin), "{origin}");
        }
        for site in ["same-origin", "none"] {
            assert_eq!(judged(("sec-fetch-site", site)), Ok("ops".to_owned()), "{site}");
        }
        for site in ["cross-site", "same-site", "", "Same-Origin"] {
            assert_eq!(judged(("sec-fetch-site", site)), Err(Refusal::Site), "{site}");
        }
    }
}

#[test]
fn a_token_is_good_for_what_it_says_and_the_log_is_told_whose_it_is() {
    let admin = admin(&[("prometheus", "r", May::Read), ("alice", "a", May::Control), ("bob", "b", May::Control)]);
    let with = |token| [ADDRESS, ("authorization", token)];
    for (token, may_read, may_change) in [
        ("Bearer r", Ok("prometheus"), Err(Refusal::Rights)),
        ("Bearer a", Ok("alice"), Ok("alice")),
        ("bearer  b ", Ok("bob"), Ok("bob")),
        ("Bearer ab", Err(Refusal::WrongToken), Err(Refusal::WrongToken)),
        ("Bearer ", Err(Refusal::WrongToken), Err(Refusal::WrongToken)),
        ("Bearer", Err(Refusal::NoToken), Err(Refusal::NoToken)),
        ("Basic YTph", Err(Refusal::NoToken), Err(Refusal::NoToken)),
        ("a", Err(Refusal::NoToken), Err(Refusal::NoToken)),
    ] {
        assert_eq!(read(&admin, &with(token)), may_read.map(str::to_owned), "{token}");
        assert_eq!(change(&admin, &with(token)), may_change.map(str::to_owned), "{token}");
    }
    let twice = [ADDRESS, ("authorization", "Bearer a"), ("authorization", "Bearer a")];
    assert_eq!(read(&admin, &twice), Err(Refusal::NoToken));
    assert_eq!(read(&admin, &[ADDRESS]), Err(Refusal::NoToken));
}

#[test]
fn where_tokens_are_set_and_none_may_control_nobody_may() {
    let admin = admin(&[("read_token", "r", May::Read)]);
    assert_eq!(change(&admin, &[ADDRESS, ("authorization", "Bearer r")]), Err(Refusal::NoControl));
    assert_eq!(change(&admin, &[ADDRESS]), Err(Refusal::NoToken));
}

#[test]
fn without_tokens_programs_of_this_machine_may_control_and_browsers_read_alone() {
    let admin = admin(&[]);
    assert_eq!(change(&admin, &[ADDRESS]), Ok("local".to_owned()));
    for browser in [("origin", "http://127.0.0.1:9901"), ("sec-fetch-site", "same-origin"), ("sec-fetch-site", "none")]
    {
        assert_eq!(change(&admin, &[ADDRESS, browser]), Err(Refusal::Browser), "{browser:?}");
        assert_eq!(read(&admin, &[ADDRESS, browser]), Ok("local".to_owned()), "{browser:?}");
    }
    let away = config::Admin { local: false, ..admin };
    assert_eq!(read(&away, &[ADDRESS]), Err(Refusal::NoToken));
    assert_eq!(change(&away, &[ADDRESS]), Err(Refusal::NoToken));
}

#[test]
fn what_is_sent_is_json() {
    let admin = admin(&[]);
    for (content_type, right) in [
        ("application/json", true),
        ("Application/JSON; charset=utf-8", true),
        ("text/plain", false),
        ("text/plain; a=application/json", false),
        ("application/x-www-form-urlencoded", false),
        ("multipart/form-data", false),
        ("", false),
    ] {
        for method in [Method::POST, Method::PUT, Method::PATCH] {
            let headers = [ADDRESS, ("content-type", content_type)];
            let judged = judged(&admin, May::Control, &method, "/x", &headers);
            assert_eq!(judged.is_ok(), right, "{method} {content_type}");
        }
    }
    assert!(judged(&admin, May::Control, &Method::DELETE, "/x", &[ADDRESS]).is_ok());
}
