//! `Expect: 100-continue`: it is the backend's to say whether it wants a body.

use std::time::Duration;

use super::by_hand;
use crate::house::{Client, Line, shop};

const HEAD: &str = "POST /orders/upload HTTP/1.1\r\nhost: a.test\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n";
/// Long enough for a wrong 100 to arrive.
const A_WHILE: Duration = Duration::from_millis(300);

#[tokio::test]
async fn a_client_that_waits_to_be_told_is_told_by_the_backend_alone() {
    let (listener, gateway) = by_hand("").await;
    let mut client = Line::to(gateway.port()).await;
    client.say(HEAD).await;
    let mut backend = Line::from(&listener).await;
    let head = backend.hear("\r\n\r\n").await.to_ascii_lowercase();
    assert!(head.contains("\r\nexpect: 100-continue\r\n"), "{head}");
    assert!(client.is_silent_for(A_WHILE).await, "nobody said yet that the body is wanted");

    backend.say("HTTP/1.1 100 Continue\r\n\r\n").await;
    let told = client.hear("\r\n\r\n").await;
    assert!(told.starts_with("HTTP/1.1 100 "), "{told}");
    assert!(backend.is_silent_for(A_WHILE).await, "there is no body yet");
    client.say("hello").await;
    assert_eq!(backend.bytes(5).await, b"hello");
    backend.say("HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\nok").await;
    let answer = client.hear("\r\n\r\nok").await;
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
}

#[tokio::test]
async fn a_backend_that_does_not_want_the_body_says_so_and_the_client_sends_none() {
    let (listener, gateway) = by_hand("").await;
    let mut client = Line::to(gateway.port()).await;
    client.say(HEAD).await;
    let mut backend = Line::from(&listener).await;
    backend.hear("\r\n\r\n").await;
    backend.say("HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\nx-own: 1\r\n\r\nbig").await;
    let answer = client.hear("\r\n\r\nbig").await;
    assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("x-own: 1"), "{answer}");
    // Nobody can tell whether what comes next is the body after all.
    assert!(answer.to_ascii_lowercase().contains("\r\nconnection: close\r\n"), "{answer}");
}

#[tokio::test]
async fn a_refused_request_is_not_told_to_go_on() {
    let (_database, echo, gateway) = shop("CREATE TABLE other (id int)", "", "").await;
    let mut client = Line::to(gateway.port()).await;
    client.say(HEAD).await;
    let answer = String::from_utf8_lossy(&client.rest().await).into_owned();
    assert!(answer.starts_with("HTTP/1.1 503 ") && !answer.contains("HTTP/1.1 100"), "{answer}");
    assert_eq!(echo.requests(), 0);
}

#[tokio::test]
async fn a_request_that_waits_for_its_schema_is_not_told_to_go_on_either() {
    let hold = r#"
        [[routes]]
        path = "/orders/upload"
        needs = ["orders"]
        on_broken = { hold = { up_to = "1s", then = "block" } }
    "#;
    let (database, echo, gateway) = shop("CREATE TABLE other (id int)", "", hold).await;
    let mut client = Line::to(gateway.port()).await;
    client.say(HEAD).await;
    assert!(client.is_silent_for(A_WHILE).await, "it waits");
    let answer = String::from_utf8_lossy(&client.rest().await).into_owned();
    assert!(answer.starts_with("HTTP/1.1 503 ") && !answer.contains("HTTP/1.1 100"), "{answer}");
    assert_eq!(echo.requests(), 0);

    database.execute("CREATE TABLE orders (id int)");
    gateway.verdict_becomes("orders", "ready", Duration::from_secs(10)).await;
    let mut client = Line::to(gateway.port()).await;
    client.say(HEAD).await;
    client.say("hello").await;
    assert!(client.hear("\r\n\r\n").await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn over_http2_the_body_comes_without_being_waited_for() {
    let (listener, gateway) = by_hand("").await;
    let client = Client::http2(gateway.port());
    let request = client.request(http::Method::POST, "/").header("expect", "100-continue").body("hello");
    let answer = tokio::spawn(crate::house::Answer::to(request));
    let mut backend = Line::from(&listener).await;
    backend.hear("\r\n\r\n").await;
    backend.say("HTTP/1.1 100 Continue\r\n\r\n").await;
    backend.bytes(5).await;
    backend.say("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    assert_eq!(answer.await.expect("an answer").expect(200).text(), "ok");
}
