//! What a client gets while a maintenance window is open.

use super::*;

fn announced(message: &'static str) -> Saying<'static> {
    Saying::Maintenance { message: Some(message), lasts: Some(Duration::from_millis(90_200)) }
}

#[test]
fn its_end_is_told_to_the_second_and_without_jitter() {
    let answers = blocking();
    for (millis, seconds) in [(1, "1"), (1000, "1"), (1001, "2"), (90_000, "90")] {
        let saying = Saying::Maintenance { message: None, lasts: Some(Duration::from_millis(millis)) };
        for _ in 0..20 {
            let answer = get(&[]).of(&answers, saying);
            assert_eq!(answer.header("retry-after"), Some(seconds), "{millis} ms");
            assert_eq!(answer.json()["retry_after"].to_string(), seconds);
        }
    }
}

#[test]
fn without_an_end_the_configured_time_is_told() {
    let answer = get(&[]).of(&blocking(), Saying::Maintenance { message: None, lasts: None });
    let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((30..=36).contains(&seconds), "{seconds}");
}

#[test]
fn its_message_is_told_in_every_format() {
    let answers = blocking();
    let saying = announced("Back at six: <b>\"new\"</b> & better.\r\nX: y");
    let json = get(&[]).of(&answers, saying);
    assert_eq!(json.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(json.json()["detail"], "Back at six: <b>\"new\"</b> & better.  X: y");
    assert_eq!(json.json()["code"], "MAINTENANCE");
    let page = visit(&[]).of(&answers, saying);
    assert!(page.text().contains("Back at six: &lt;b&gt;&quot;new&quot;&lt;/b&gt; &amp; better."), "{}", page.text());
    assert!(page.text().contains("Please try again in about 2\u{a0}minutes."), "{}", page.text());
    assert!(page.text().contains("class=\"maintenance\""));
    let text = get(&[("accept", "text/plain")]).of(&answers, saying);
    assert!(text.text().contains("Back at six: <b>\"new\"</b>") && text.text().contains("2\u{a0}minutes"));
    let call = asked(Method::POST, &[("content-type", "application/grpc")]).of(&answers, announced("Été"));
    assert_eq!((call.header("grpc-status"), call.header("grpc-message")), (Some("14"), Some("%C3%89t%C3%A9")));
}

#[test]
fn without_a_message_it_speaks_the_clients_language() {
    let answers = blocking();
    let saying = Saying::Maintenance { message: None, lasts: Some(Duration::from_secs(7200)) };
    let french = visit(&[("accept-language", "fr")]).of(&answers, saying);
    assert!(french.text().contains("Maintenance en cours") && french.text().contains("2\u{a0}heures"));
    assert!(get(&[]).of(&answers, saying).text().contains("carrying out maintenance"));
}

#[test]
fn code_message_and_page_may_be_the_operators() {
    let own = BlockSpec {
        code: "CLOSED".to_owned(),
        message: Some("The kitchen is closed.".to_owned()),
        page: Some(template("<p>{{ message }} {{ when }} {{ retry_after }} {{ code }}</p>")),
        ..maintenance()
    };
    let answers = Answers::render(&[], &own, &Brand::default()).unwrap();
    let silent = Saying::Maintenance { message: None, lasts: Some(Duration::from_secs(60)) };
    let expected = "<p>The kitchen is closed. Please try again in about 60\u{a0}seconds. 60 CLOSED</p>";
    assert_eq!(visit(&[]).of(&answers, silent).text(), expected);
    let page = visit(&[]).of(&answers, announced("Back <soon>."));
    assert!(page.text().starts_with("<p>Back &lt;soon&gt;."), "{}", page.text());
}

#[test]
fn a_preflight_is_let_be_so_that_the_refusal_can_be_read() {
    let asked =
        asked(Method::OPTIONS, &[("origin", "https://app.example.com"), ("access-control-request-method", "POST")]);
    let answer = asked.of(&blocking(), announced("Closed."));
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://app.example.com"));
}
