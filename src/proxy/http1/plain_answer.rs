//! A server's answer of which nothing is to be weighed: its head, read once and written for the client.

use std::mem::MaybeUninit;

use http::{HeaderName, HeaderValue, StatusCode};
use httparse::{Header, ParserConfig, Response, Status};

use crate::proxy::request_id;
use crate::wire::{self, Body, write_field};

/// No answer of more fields is plain.
const MOST_FIELDS: usize = 64;
/// Nor one whose head is longer.
const LONGEST: usize = 64 * 1024;

/// What the head of a plain answer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PlainAnswer {
    pub(super) status: StatusCode,
    /// How long its head is.
    pub(super) head: usize,
    /// What follows its head.
    pub(super) body: Body,
    /// Whether the server uses its connection again.
    pub(super) keeps: bool,
    /// Whether it names the request itself.
    pub(super) names_request: bool,
}

/// It is an answer to be weighed, or none at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotPlain;

impl PlainAnswer {
    /// Reads a head, and writes what of it the client is sent, up to its last field. `instead` takes the place of what the
    /// server says by the same name; to a `HEAD` no body belongs. `None` where it has not come to its end.
    pub(super) fn read(
        came: &[u8],
        to_head: bool,
        instead: &[(HeaderName, HeaderValue)],
        wire: &mut Vec<u8>,
    ) -> Result<Option<Self>, NotPlain> {
        let mut fields = [const { MaybeUninit::uninit() }; MOST_FIELDS];
        let mut response = Response::new(&mut []);
        let parsed = ParserConfig::default().parse_response_with_uninit_headers(&mut response, came, &mut fields);
        let head = match parsed {
            Ok(Status::Complete(head)) => head,
            Ok(Status::Partial) if came.len() < LONGEST => return Ok(None),
            Ok(Status::Partial) | Err(_) => return Err(NotPlain),
        };
        let status = response.code.and_then(|code| StatusCode::from_u16(code).ok()).ok_or(NotPlain)?;
        if response.version != Some(1) || status.is_informational() || status.is_server_error() || status.as_u16() > 599
        {
            return Err(NotPlain);
        }
        for part in ["HTTP/1.1 ", status.as_str(), " ", response.reason.unwrap_or_default(), "\r\n"] {
            wire.extend_from_slice(part.as_bytes());
        }
        let mut answer = Self { status, head, body: Body::Length(0), keeps: true, names_request: false };
        let mut body = None;
        for Header { name, value } in response.headers.iter() {
            let is_passed_on = match name.len() {
                4 if name.eq_ignore_ascii_case("date") => false,
                10 if name.eq_ignore_ascii_case("connection") => {
                    answer.keeps &= stays(value)?;
                    false
                }
                10 if name.eq_ignore_ascii_case("keep-alive") => false,
                16 if name.eq_ignore_ascii_case("proxy-connection") => false,
                14 if name.eq_ignore_ascii_case("content-length") => {
                    once(&mut body, Body::Length(wire::length(value).ok_or(NotPlain)?))?
                }
                17 if name.eq_ignore_ascii_case("transfer-encoding") => once(&mut body, chunked(value)?)?,
                12 if name.eq_ignore_ascii_case(request_id::NAME) => {
                    answer.names_request = true;
                    true
                }
                _ => !instead.iter().any(|(other, _)| name.eq_ignore_ascii_case(other.as_str())),
            };
            if is_passed_on {
                write_field(wire, name, value);
            }
        }
        let has_none = to_head || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        if !has_none {
            // Otherwise its end is that of the connection.
            answer.body = body.ok_or(NotPlain)?;
        }
        Ok(Some(answer))
    }
}

/// Whether a server that says this of its connection uses it again.
fn stays(value: &[u8]) -> Result<bool, NotPlain> {
    match value {
        _ if value.eq_ignore_ascii_case(b"keep-alive") => Ok(true),
        _ if value.eq_ignore_ascii_case(b"close") => Ok(false),
        // It names fields, perhaps.
        _ => Err(NotPlain),
    }
}

/// What frames a body is said once.
fn once(known: &mut Option<Body>, body: Body) -> Result<bool, NotPlain> {
    if known.replace(body).is_some() { Err(NotPlain) } else { Ok(true) }
}

fn chunked(value: &[u8]) -> Result<Body, NotPlain> {
    if value.eq_ignore_ascii_case(b"chunked") { Ok(Body::Chunked) } else { Err(NotPlain) }
}

#[cfg(test)]
mod tests {
    use http::header;

    use super::*;

    fn read(head: &str) -> Result<Option<(PlainAnswer, String)>, NotPlain> {
        let mut wire = Vec::new();
        let instead = [(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("ours"))];
        let answer = PlainAnswer::read(head.as_bytes(), false, &instead, &mut wire)?;
        Ok(answer.map(|answer| (answer, String::from_utf8_lossy(&wire).into_owned())))
    }

    #[test]
    fn what_a_client_is_sent_is_as_it_came_but_for_what_is_said_of_the_servers_connection() {
        let head = "HTTP/1.1 404 Nothing here\r\nServer: a\r\nDATE: b\r\nConnection: Close\r\nKeep-Alive: timeout=5\r\n\
                    Strict-Transport-Security: theirs\r\nSet-Cookie:a=1\r\nset-cookie: b=2 \r\nContent-Length: 3\r\n\r\n";
        let (answer, wire) = read(&format!("{head}abc")).expect("plain").expect("whole");
        let expected = PlainAnswer {
            status: StatusCode::NOT_FOUND,
            head: head.len(),
            body: Body::Length(3),
            keeps: false,
            names_request: false,
        };
        assert_eq!(answer, expected);
        let sent =
            "HTTP/1.1 404 Nothing here\r\nServer: a\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nContent-Length: 3\r\n";
        assert_eq!(wire, sent);
        for end in 0..head.len() {
            assert_eq!(read(&head[..end]), Ok(None), "{end}");
        }
    }

    #[test]
    fn what_may_have_to_be_weighed_is_left_to_whoever_can() {
        for head in [
            "HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 600 Odd\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 103 Early Hints\r\n\r\n",
            "HTTP/1.1 101 Switching Protocols\r\n\r\n",
            "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
            "HTTP/1.1 200 OK\r\nConnection: X-Hop\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n",
            "nothing of the kind\r\n\r\n",
        ] {
            assert_eq!(read(head), Err(NotPlain), "{head}");
        }
    }

    #[test]
    fn an_answer_without_a_body_needs_no_length() {
        for status in [204, 304] {
            let (answer, _) =
                read(&format!("HTTP/1.1 {status} \r\nX-Request-ID: a\r\n\r\n")).expect("plain").expect("whole");
            assert_eq!((answer.body, answer.names_request), (Body::Length(0), true));
        }
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n";
        let answer = PlainAnswer::read(head, true, &[], &mut Vec::new()).expect("plain").expect("whole");
        assert_eq!(answer.body, Body::Length(0));
    }
}
