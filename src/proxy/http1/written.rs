//! An answer as it is sent over HTTP/1.

use http::{HeaderName, header};
use pingora::protocols::http::date::get_cached_date;

use crate::answer::Answer;
use crate::proxy::request_id::{self, RequestId};
use crate::wire::write_field;

/// Room for the head of nearly every answer of ours; with a short body, a size that the allocator is quick with.
const HEAD: usize = 704;

/// What [`end`] says, whatever an answer says of it.
const OF_THE_END: [HeaderName; 1] = [header::DATE];

/// An answer as it is sent. Whether the connection is kept after it, its head says.
pub(super) fn written(answer: &Answer, id: &RequestId, keeps: bool) -> Vec<u8> {
    let mut wire = Vec::with_capacity(HEAD + answer.body.len());
    let reason = answer.status.canonical_reason().unwrap_or_default();
    for part in ["HTTP/1.1 ", answer.status.as_str(), " ", reason, "\r\n"] {
        wire.extend_from_slice(part.as_bytes());
    }
    answer.headers.write(&mut wire, &OF_THE_END);
    if let Some(length) = answer.length {
        write_field(&mut wire, header::CONTENT_LENGTH, itoa::Buffer::new().format(length));
    }
    end(&mut wire, Some(id), keeps);
    wire.extend_from_slice(&answer.body);
    wire
}

/// Writes what every head of ours ends with; the id, where nothing says it already.
pub(super) fn end(wire: &mut Vec<u8>, id: Option<&RequestId>, keeps: bool) {
    write_field(wire, header::DATE, get_cached_date());
    write_field(wire, header::CONNECTION, if keeps { "keep-alive" } else { "close" });
    if let Some(id) = id {
        write_field(wire, request_id::NAME, id.as_bytes());
    }
    wire.extend_from_slice(b"\r\n");
}
