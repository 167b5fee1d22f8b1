//! An answer as it is sent over HTTP/1.

use std::time::Instant;

use http::header;

use super::date::date;
use crate::answer::Answer;
use crate::proxy::request_id::{self, RequestId};
use crate::wire::write_field;

/// Room for the head of nearly every answer of ours; with a short body, a size that the allocator is quick with.
const HEAD: usize = 704;

/// An answer as it is sent at `now`. Whether the connection is kept after it, its head says.
pub(super) fn written(answer: &Answer, id: &RequestId, now: Instant, keeps: bool) -> Vec<u8> {
    let mut wire = Vec::with_capacity(HEAD + answer.body.len());
    let reason = answer.status.canonical_reason().unwrap_or_default();
    for part in ["HTTP/1.1 ", answer.status.as_str(), " ", reason, "\r\n"] {
        wire.extend_from_slice(part.as_bytes());
    }
    // The date is that of now, also of an answer that was kept.
    answer.headers.write(&mut wire, &header::DATE);
    if let Some(length) = answer.length {
        write_field(&mut wire, header::CONTENT_LENGTH, itoa::Buffer::new().format(length));
    }
    end(&mut wire, Some(id), now, keeps);
    wire.extend_from_slice(&answer.body);
    wire
}

/// Writes what every head of ours ends with; the id, where nothing says it already.
pub(super) fn end(wire: &mut Vec<u8>, id: Option<&RequestId>, now: Instant, keeps: bool) {
    wire.extend_from_slice(b"date: ");
    wire.extend_from_slice(&date(now));
    let connection: &[u8] = if keeps { b"\r\nconnection: keep-alive\r\n" } else { b"\r\nconnection: close\r\n" };
    wire.extend_from_slice(connection);
    if let Some(id) = id {
        write_field(wire, request_id::NAME, id.as_bytes());
    }
    wire.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderValue, Method, StatusCode};

    use super::*;
    use crate::head::Fields;

    #[test]
    fn what_every_answer_says_is_said_once() {
        let kept =
            vec![(header::DATE, HeaderValue::from_static("long ago")), (header::AGE, HeaderValue::from_static("1"))];
        let answer = Answer::new(StatusCode::OK, kept.into(), Bytes::from_static(b"[1]"), &Method::GET);
        let id = RequestId::of(Fields::NONE, false);
        let wire = String::from_utf8(written(&answer, &id, Instant::now(), true)).expect("text");
        let (head, body) = wire.split_once("\r\n\r\n").expect("a head");
        let lines: Vec<_> = head.split("\r\n").filter(|line| !line.starts_with("date: ")).collect();
        let said = format!("X-Request-Id: {}", id.as_str());
        assert_eq!(lines, ["HTTP/1.1 200 OK", "age: 1", "content-length: 3", "connection: keep-alive", &said]);
        assert_eq!((head.matches("date: ").count(), head.contains("long ago"), body), (1, false, "[1]"));
    }
}
