//! An answer as it is sent over HTTP/1.

use bytes::{BufMut, BytesMut};
use http::header;
use pingora::protocols::http::date::get_cached_date;

use crate::answer::Answer;
use crate::proxy::request_id::{self, RequestId};

/// Room for the head of nearly every answer of ours.
const HEAD: usize = 1024;

/// An answer as it is sent. Whether the connection is kept after it, its head says.
pub(super) fn written(answer: &Answer, id: &RequestId, keeps: bool) -> BytesMut {
    let mut wire = BytesMut::with_capacity(HEAD + answer.body.len());
    let reason = answer.status.canonical_reason().unwrap_or_default();
    for part in ["HTTP/1.1 ", answer.status.as_str(), " ", reason, "\r\n"] {
        wire.put_slice(part.as_bytes());
    }
    line(&mut wire, header::DATE.as_str(), get_cached_date().as_bytes());
    line(&mut wire, header::CONNECTION.as_str(), if keeps { b"keep-alive" } else { b"close" });
    line(&mut wire, request_id::NAME, id.as_str().as_bytes());
    for (name, value) in answer.headers.iter().filter(|(name, _)| *name != request_id::HEADER) {
        line(&mut wire, name.as_str(), value.as_bytes());
    }
    wire.put_slice(b"\r\n");
    wire.put_slice(&answer.body);
    wire
}

fn line(wire: &mut BytesMut, name: &str, value: &[u8]) {
    for part in [name.as_bytes(), b": ", value, b"\r\n"] {
        wire.put_slice(part);
    }
}
