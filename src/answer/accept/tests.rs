use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;

use super::*;

fn with(headers: &[(&'static str, &'static str)]) -> Format {
    let headers: HeaderMap =
        headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect();
    Format::wanted(Fields::Map(&headers))
}

fn accept(value: &'static str) -> Format {
    with(&[("accept", value)])
}

#[test]
fn the_header_accept_decides_as_the_table_says() {
    let table = [
        // Browsers, opening a page without Fetch Metadata.
        ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", Format::Html),
        ("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", Format::Html),
        ("text/html, */*", Format::Html),
        ("TEXT/HTML", Format::Html),
        ("text/html;charset=utf-8", Format::Html),
        ("text/*", Format::Html),
        // Libraries.
        ("*/*", Format::Problem),
        ("*", Format::Problem),
        ("application/json, text/plain, */*", Format::Problem),
        ("application/json, text/javascript, */*; q=0.01", Format::Problem),
        ("application/json", Format::Problem),
        ("application/problem+json", Format::Problem),
        ("application/*", Format::Problem),
        ("application/json;odata=verbose", Format::Problem),
        ("application/json; charset=utf-8", Format::Problem),
        ("application/json, text/html", Format::Problem),
        ("text/html, application/json", Format::Html),
        // Terminals.
        ("text/plain", Format::Plain),
        ("text/plain, */*;q=0.1", Format::Plain),
        ("text/html;q=0.5, text/plain", Format::Plain),
        ("text/plain;q=0.5, text/html;q=0.4, application/json;q=0.3", Format::Plain),
        // The more precise range counts, whatever its weight.
        ("text/*;q=0.3, text/html;q=0.7, */*;q=0.5", Format::Html),
        ("text/*, text/html;q=0", Format::Plain),
        ("*/*, application/*;q=0.1, text/html;q=0", Format::Plain),
        ("text/html;level=1;q=0.9, text/html;q=0.2, text/plain;q=0.4", Format::Plain),
        ("text/html;q=0.1, text/html;q=0.9, text/plain;q=0.5", Format::Html),
        // Unacceptable, nonsense, nothing.
        ("image/png", Format::Problem),
        ("text/event-stream", Format::Problem),
        ("application/json;q=0, */*;q=0", Format::Problem),
        ("text/html;q=0", Format::Problem),
        ("*/html", Format::Problem),
        ("text", Format::Problem),
        (";;;,,,/", Format::Problem),
        ("text/html;q=nonsense, text/plain;q=0.1", Format::Plain),
        ("", Format::Problem),
    ];
    for (value, format) in table {
        assert_eq!(accept(value), format, "Accept: {value}");
    }
}

#[test]
fn no_accept_at_all_is_json() {
    assert_eq!(with(&[]), Format::Problem);
}

#[test]
fn a_browser_that_opens_a_page_gets_html_whatever_it_accepts() {
    assert_eq!(with(&[("sec-fetch-mode", "navigate"), ("accept", "*/*")]), Format::Html);
    assert_eq!(with(&[("sec-fetch-mode", "navigate")]), Format::Html);
}

#[test]
fn a_fetch_of_a_browser_goes_by_what_it_accepts() {
    assert_eq!(with(&[("sec-fetch-mode", "cors"), ("accept", "*/*")]), Format::Problem);
    assert_eq!(with(&[("sec-fetch-mode", "cors"), ("accept", "text/html")]), Format::Html);
}

#[test]
fn a_script_that_says_so_gets_json() {
    assert_eq!(with(&[("x-requested-with", "XMLHttpRequest"), ("accept", "text/html, */*; q=0.01")]), Format::Problem);
}

#[test]
fn an_app_that_shows_web_pages_is_no_script() {
    assert_eq!(with(&[("x-requested-with", "com.example.app"), ("accept", "text/html,*/*;q=0.8")]), Format::Html);
}

#[test]
fn a_websocket_handshake_gets_json() {
    assert_eq!(with(&[("upgrade", "h2c, WebSocket"), ("accept", "text/html")]), Format::Problem);
}

proptest! {
    #[test]
    fn any_bytes_in_accept_give_some_format(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(value) = HeaderValue::from_bytes(&bytes) {
            Format::wanted(Fields::Map(&std::iter::once((header::ACCEPT, value)).collect()));
        }
    }

    #[test]
    fn what_is_listed_alone_is_served(weight in 1_u16..=1000) {
        for (kind, subtype, format) in OFFERS {
            let value = format!("image/png, {kind}/{subtype};q=0.{weight:03}, application/xml");
            let value = if weight == 1000 { value.replace("0.1000", "1") } else { value };
            let headers = std::iter::once((header::ACCEPT, HeaderValue::from_str(&value).unwrap())).collect();
            prop_assert_eq!(Format::wanted(Fields::Map(&headers)), format);
        }
    }
}
