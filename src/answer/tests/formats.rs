//! What a client gets, by what it asks for.

use super::*;

#[test]
fn a_browser_gets_a_page_a_script_gets_json_and_a_terminal_text() {
    let answers = blocking();
    let page = visit(&[]).of(&answers, ROUTE);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(page.text().starts_with("<!doctype html>"));
    let json = get(&[("accept", "*/*")]).of(&answers, ROUTE);
    assert_eq!(json.header("content-type"), Some("application/problem+json"));
    let text = get(&[("accept", "text/plain")]).of(&answers, ROUTE);
    assert_eq!(text.header("content-type"), Some("text/plain; charset=utf-8"));
    for answer in [page, json, text] {
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    }
}

#[test]
fn a_problem_has_its_members_in_a_fixed_order() {
    let answer = get(&[]).of(&blocking(), ROUTE);
    let wait = answer.header("retry-after").unwrap();
    assert_eq!(
        answer.text(),
        format!(
            "{{\"type\":\"about:blank\",\"title\":\"Service Unavailable\",\"status\":503,\
             \"detail\":\"We are updating this part of the service. It will be back shortly.\",\
             \"code\":\"BACKUPS_NOT_READY\",\"retry_after\":{wait},\"request_id\":\"0199f3c2-7d1e\"}}\n"
        )
    );
}

#[test]
fn every_saying_has_its_status_and_code() {
    use UpstreamFailure::{Broken, ConnectTimeout, Refused, ResponseTimeout};
    let answers = blocking();
    let table = [
        (ROUTE, 503, "BACKUPS_NOT_READY"),
        (Saying::NoRoute, 404, "NO_ROUTE"),
        (Saying::BadPath(PathError::Backslash), 400, "BAD_REQUEST"),
        (Saying::BadRequest("no Host"), 400, "BAD_REQUEST"),
        (Saying::Upstream(Refused), 502, "UPSTREAM_UNREACHABLE"),
        (Saying::Upstream(Broken), 502, "UPSTREAM_UNREACHABLE"),
        (Saying::Upstream(ConnectTimeout), 504, "UPSTREAM_TIMEOUT"),
        (Saying::Upstream(ResponseTimeout), 504, "UPSTREAM_TIMEOUT"),
    ];
    for (saying, status, code) in table {
        let answer = get(&[]).of(&answers, saying);
        assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (status, &code.into()), "{saying:?}");
        assert_eq!(answer.json()["status"], status, "{saying:?}");
    }
}

#[test]
fn a_malformed_request_is_told_what_is_wrong_with_it_in_every_format() {
    let answers = blocking();
    let saying = Saying::BadPath(PathError::EncodedSlash);
    let words = "The path has an encoded slash.";
    assert_eq!(get(&[]).of(&answers, saying).json()["detail"], words);
    for asked in [visit(&[]), get(&[("accept", "text/plain")])] {
        assert!(asked.of(&answers, saying).text().contains(words));
    }
    let french = get(&[("accept-language", "fr")]).of(&answers, saying).json();
    assert_eq!(french["detail"], "Le chemin contient une barre oblique encodée.");
    let other = get(&[]).of(&answers, Saying::BadRequest("two \"Host\" headers")).json();
    assert_eq!(other["detail"], "two \"Host\" headers");
    let page = visit(&[]).of(&answers, Saying::BadRequest("a < b"));
    assert!(page.text().contains("a &lt; b"));
}

#[test]
fn a_message_of_the_operators_is_said_in_every_format() {
    let message = "Backups start \"soon\" & <safely>.";
    let spec = BlockSpec { message: Some(message.to_owned()), ..block() };
    let answers = render(AnswerSpec::Block(spec), &Brand::default());
    assert_eq!(get(&[]).of(&answers, ROUTE).json()["detail"], message);
    assert!(get(&[("accept", "text/plain")]).of(&answers, ROUTE).text().contains(message));
    assert!(visit(&[]).of(&answers, ROUTE).text().contains("&amp; &lt;safely&gt;."));
}

#[test]
fn text_for_terminals_says_the_same_as_the_page() {
    let brand = Brand { contact: Some("help@example.com".to_owned()), ..Brand::default() };
    let answer = get(&[("accept", "text/plain")]).of(&render(AnswerSpec::Block(block()), &brand), ROUTE);
    assert_eq!(
        answer.text(),
        "We’ll be right back\n\nWe are updating this part of the service. It will be back shortly.\n\
         Please try again in about 30\u{a0}seconds.\n\nNeed help? help@example.com\nReference: 0199f3c2-7d1e\n"
    );
}

#[test]
fn the_language_is_that_of_the_path_then_of_the_client_then_of_the_site() {
    let french_site = Brand { language: Some("fr".to_owned()), ..Brand::default() };
    let answers = render(AnswerSpec::Block(block()), &french_site);
    let language = |asked: &Asked| asked.of(&answers, ROUTE).header("content-language").unwrap().to_owned();
    assert_eq!(language(&Asked { path: "/en/app/messages/", ..get(&[("accept-language", "fr")]) }), "en");
    assert_eq!(language(&Asked { path: "/fr/app/messages/", ..get(&[("accept-language", "en")]) }), "fr");
    assert_eq!(language(&get(&[("accept-language", "en-GB,en;q=0.9")])), "en");
    assert_eq!(language(&get(&[("accept-language", "de")])), "fr");
    assert_eq!(language(&get(&[])), "fr");
    let page = Asked { path: "/fr/app/messages/", ..visit(&[]) }.of(&answers, ROUTE);
    assert!(page.text().contains("<html lang=\"fr\">") && page.text().contains("Nous revenons"));
}

#[test]
fn a_websocket_handshake_is_refused_in_json() {
    let handshake = get(&[("upgrade", "websocket"), ("connection", "Upgrade"), ("accept", "text/html")]);
    let answer = handshake.of(&blocking(), ROUTE);
    assert_eq!((answer.status.as_u16(), answer.json()["code"].as_str()), (503, Some("BACKUPS_NOT_READY")));
    assert_eq!(answer.header("upgrade"), None);
}

#[test]
fn an_id_that_no_configuration_has_is_refused() {
    let answer = get(&[]).of(&blocking(), Saying::Route(AnswerId(7)));
    assert_eq!((answer.status.as_u16(), answer.json()["code"].as_str()), (503, Some("TEMPORARILY_UNAVAILABLE")));
}

#[test]
fn health_tells_the_status_and_nothing_else() {
    let answers = blocking();
    let health = |ready, strict| {
        let answer = answers.health(ready, strict, &get(&[]).client());
        (answer.status.as_u16(), answer.text().to_owned())
    };
    assert_eq!(health(true, false), (200, "{\"status\":\"ready\"}\n".to_owned()));
    assert_eq!(health(true, true), (200, "{\"status\":\"ready\"}\n".to_owned()));
    assert_eq!(health(false, false), (200, "{\"status\":\"degraded\"}\n".to_owned()));
    assert_eq!(health(false, true), (503, "{\"status\":\"degraded\"}\n".to_owned()));
}
