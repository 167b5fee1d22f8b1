//! Parts of a body are the backend's affair: what a client asks for and what it is given go through untouched.

use super::by_hand;
use crate::house::Line;

/// What is asked for, and the answer's head (but for its length) and body.
const CASES: [(&str, &str, &str); 6] = [
    (
        "range: bytes=2-4\r\nif-range: \"v1\"\r\n",
        "206 Partial Content\r\ncontent-range: bytes 2-4/10\r\netag: \"v1\"\r\naccept-ranges: bytes\r\n",
        "234",
    ),
    (
        "range: bytes=0-1,-2\r\n",
        "206 Partial Content\r\ncontent-type: multipart/byteranges; boundary=THIS\r\n",
        "--THIS\r\ncontent-range: bytes 0-1/10\r\n\r\n01\r\n--THIS\r\ncontent-range: bytes 8-9/10\r\n\r\n89\r\n--THIS--\r\n",
    ),
    ("range: bytes=20-\r\n", "416 Range Not Satisfiable\r\ncontent-range: bytes */10\r\n", ""),
    // A backend need not know ranges: nobody cuts its answer.
    ("range: bytes=2-4\r\n", "200 OK\r\n", "0123456789"),
    ("range: bytes=2-4\r\n", "200 OK\r\naccept-ranges: bytes\r\netag: \"v1\"\r\n", "0123456789"),
    // Nor is a unit known here that is none of HTTP's.
    ("range: rows=2-4\r\n", "206 Partial Content\r\ncontent-range: rows 2-4/10\r\n", "abc"),
];

#[tokio::test]
async fn a_part_of_a_body_is_asked_for_and_given_as_if_nobody_were_between() {
    let (listener, gateway) = by_hand("").await;
    let mut client = Line::to(gateway.port()).await;
    for (asked, head, body) in CASES {
        client.say(format!("GET /file HTTP/1.1\r\nhost: a.test\r\n{asked}\r\n")).await;
        let mut backend = Line::from(&listener).await;
        let request = backend.hear("\r\n\r\n").await.to_ascii_lowercase();
        for line in asked.lines() {
            assert!(request.contains(line), "{line:?} is not in {request:?}");
        }
        backend.say(format!("HTTP/1.1 {head}connection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len())).await;
        let answer = client.hear("\r\n\r\n").await.to_ascii_lowercase();
        for line in head.to_ascii_lowercase().lines() {
            assert!(answer.contains(line), "{line:?} is not in {answer:?}");
        }
        assert!(answer.contains(&format!("content-length: {}\r\n", body.len())), "{answer}");
        assert_eq!(String::from_utf8(client.bytes(body.len()).await).expect("text"), body, "{asked}");
    }
}

#[tokio::test]
async fn the_answer_to_head_keeps_what_it_says_of_a_body_that_does_not_come() {
    let (listener, gateway) = by_hand("").await;
    let mut client = Line::to(gateway.port()).await;
    for says in
        ["content-length: 12345\r\n", "transfer-encoding: chunked\r\n", "content-length: 0\r\netag: \"e\"\r\n", ""]
    {
        client.say("HEAD /file HTTP/1.1\r\nhost: a.test\r\n\r\n").await;
        let mut backend = Line::from(&listener).await;
        assert!(backend.hear("\r\n\r\n").await.starts_with("HEAD /file "));
        backend.say(format!("HTTP/1.1 200 OK\r\nconnection: close\r\n{says}\r\n")).await;
        let answer = client.hear("\r\n\r\n").await.to_ascii_lowercase();
        assert!(answer.starts_with("http/1.1 200 ") && answer.contains(says), "{says:?}: {answer}");
    }
}
