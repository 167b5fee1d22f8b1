use http::{HeaderMap, HeaderName, HeaderValue, Method};
use proptest::prelude::*;

use super::*;

const TRAEFIK: [(&str, &str); 3] =
    [("x-forwarded-method", "POST"), ("x-forwarded-uri", "/a/%2e?b=/c"), ("x-forwarded-host", "shop.example:8443")];

fn headers(list: &[(&str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in list {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
        map.append(name, HeaderValue::from_str(value).expect("a value"));
    }
    map
}

/// Method, target and host.
type Meant = (String, String, Option<String>);

/// What is asked about.
fn asked(method: &Method, target: &str, list: &[(&str, &str)]) -> Result<Meant, Unclear> {
    let headers = headers(list);
    let question = Question::read(method, target.as_bytes(), &headers)?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let host = question.host.as_ref().map(|host| text(host.as_bytes()));
    Ok((question.method.to_string(), text(&question.target), host))
}

fn is(method: &str, target: &str, host: Option<&str>) -> Meant {
    (method.to_owned(), target.to_owned(), host.map(str::to_owned))
}

#[test]
fn traefik_and_caddy_say_it_in_headers_of_their_own() {
    // Caddy adds its client's query to the question's path.
    for path in ["/forwarded", "/forwarded?b=/c", "/forwarded?go_on=@elsewhere"] {
        let answer = asked(&Method::GET, path, &TRAEFIK);
        assert_eq!(answer, Ok(is("POST", "/a/%2e?b=/c", Some("shop.example:8443"))), "{path}");
    }
    let headers = headers(&TRAEFIK);
    let question = Question::read(&Method::GET, b"/forwarded?go_on=@elsewhere", &headers).expect("a question");
    assert_eq!(question.go_on, None);
}

#[test]
fn nginx_says_it_in_the_names_of_its_documents_and_the_host_by_itself() {
    let told = [("x-original-method", "PUT"), ("x-original-uri", "/a?b"), ("x-forwarded-uri", "/slipped-in")];
    assert_eq!(asked(&Method::GET, "/nginx", &told), Ok(is("PUT", "/a?b", None)));
}

#[test]
fn envoy_sends_the_request_itself_behind_a_prefix() {
    assert_eq!(asked(&Method::DELETE, "/envoy/a/b?c", &[]), Ok(is("DELETE", "/a/b?c", None)));
    assert_eq!(asked(&Method::GET, "/envoy", &[]), Ok(is("GET", "/", None)));
    assert_eq!(asked(&Method::GET, "/envoy?c", &[]), Ok(is("GET", "/?c", None)));
    assert_eq!(asked(&Method::GET, "/envoy//c", &[]), Ok(is("GET", "//c", None)));
}

#[test]
fn what_is_missing_empty_or_there_twice_is_said_with_what_to_do() {
    for place in 0..TRAEFIK.len() {
        let name = TRAEFIK[place].0;
        let mut without = TRAEFIK.to_vec();
        without.remove(place);
        let error = asked(&Method::GET, "/forwarded", &without).expect_err(name).to_string();
        assert!(error.to_lowercase().contains(name) && error.contains("have the proxy"), "{error}");
        let mut empty = TRAEFIK.to_vec();
        empty[place].1 = "";
        assert_eq!(asked(&Method::GET, "/forwarded", &empty).expect_err(name).to_string(), error);
        let mut twice = TRAEFIK.to_vec();
        twice.push((name, TRAEFIK[place].1));
        let error = asked(&Method::GET, "/forwarded", &twice).expect_err(name).to_string();
        assert!(error.contains("more than once"), "{error}");
    }
    let error = asked(&Method::GET, "/nginx", &[("x-original-method", "GET")]).expect_err("no target").to_string();
    assert!(error.contains("proxy_set_header X-Original-URI $request_uri;"), "{error}");
}

#[test]
fn a_target_or_method_that_no_client_can_have_sent_is_refused() {
    for target in ["a", "http://h/a", "/a#b", "/a b", "/a\tb", "?a", "**"] {
        let mut told = TRAEFIK;
        told[1].1 = target;
        asked(&Method::GET, "/forwarded", &told).expect_err(target);
    }
    let mut told = TRAEFIK;
    told[0].1 = "GE T";
    asked(&Method::GET, "/forwarded", &told).expect_err("a method");
    told[0].1 = "OPTIONS";
    told[1].1 = "*";
    assert_eq!(asked(&Method::GET, "/forwarded", &told), Ok(is("OPTIONS", "*", Some("shop.example:8443"))));
}

#[test]
fn a_path_that_stands_for_no_language_is_told_which_do() {
    for target in ["/", "/forwardedx", "/forwarded/", "/forwarded/a", "/nginx/x", "/auth", "*", ""] {
        let error = asked(&Method::GET, target, &TRAEFIK).expect_err(target).to_string();
        assert!(error.contains("/forwarded") && error.contains("/envoy"), "{error}");
    }
}

#[test]
fn where_nginx_goes_on_is_the_name_of_a_location_and_nothing_else() {
    let told = headers(&[("x-original-method", "GET"), ("x-original-uri", "/")]);
    let go_on = |query: &str| {
        let target = format!("/nginx?{query}");
        let question = Question::read(&Method::GET, target.as_bytes(), &told)?;
        Ok::<_, Unclear>(question.go_on.and_then(|value| value.to_str().ok().map(str::to_owned)))
    };
    assert_eq!(go_on("go_on=@schemagate_pass"), Ok(Some("@schemagate_pass".to_owned())));
    for bad in ["go_on=", "go_on=@", "go_on=/etc/passwd", "go_on=@a%0d%0a", "go_on=@a&b", "other=@a", ""] {
        go_on(bad).expect_err(bad);
    }
}

proptest! {
    #[test]
    fn no_question_makes_it_panic_and_what_is_read_begins_as_a_target_does(
        target in "/(forwarded|nginx|envoy|x)?[ -~]{0,20}",
        uri in "[ -~]{0,20}",
        method in "[ -~]{0,8}",
    ) {
        let mut headers = HeaderMap::new();
        for (name, value) in [("x-forwarded-uri", &uri), ("x-original-uri", &uri), ("x-forwarded-method", &method), ("x-original-method", &method)] {
            headers.append(name, HeaderValue::from_str(value).expect("a value"));
        }
        headers.append("x-forwarded-host", HeaderValue::from_static("h"));
        if let Ok(question) = Question::read(&Method::GET, target.as_bytes(), &headers) {
            prop_assert!(question.target.starts_with(b"/") || *question.target == *b"*");
        }
    }
}
