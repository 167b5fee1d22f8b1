//! An answer as it is sent over HTTP/1.

use http::{HeaderName, header};
use pingora::protocols::http::date::get_cached_date;

use crate::answer::Answer;
use crate::proxy::request_id::{self, RequestId};

/// Room for the head of nearly every answer of ours.
const HEAD: usize = 1024;

/// What [`end`] says, whatever an answer says of it.
static OF_THE_END: [HeaderName; 2] = [header::DATE, request_id::HEADER];

/// An answer as it is sent. Whether the connection is kept after it, its head says.
pub(super) fn written(answer: &Answer, id: &RequestId, keeps: bool) -> Vec<u8> {
    let mut wire = Vec::with_capacity(HEAD + answer.body.len());
    let reason = answer.status.canonical_reason().unwrap_or_default();
    for part in ["HTTP/1.1 ", answer.status.as_str(), " ", reason, "\r\n"] {
        wire.extend_from_slice(part.as_bytes());
    }
    for (name, value) in answer.headers.iter().filter(|(name, _)| !OF_THE_END.contains(name)) {
        line(&mut wire, name, value.as_bytes());
    }
    end(&mut wire, Some(id), keeps);
    wire.extend_from_slice(&answer.body);
    wire
}

/// Writes what every head of ours ends with; the id, where nothing says it already.
pub(super) fn end(wire: &mut Vec<u8>, id: Option<&RequestId>, keeps: bool) {
    line(wire, header::DATE, get_cached_date());
    line(wire, header::CONNECTION, if keeps { "keep-alive" } else { "close" });
    if let Some(id) = id {
        line(wire, request_id::NAME, id.as_str());
    }
    wire.extend_from_slice(b"\r\n");
}

/// Writes a field.
pub(super) fn line(wire: &mut Vec<u8>, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
    for part in [name.as_ref(), b": ", value.as_ref(), b"\r\n"] {
        wire.extend_from_slice(part);
    }
}
