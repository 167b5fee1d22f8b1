//! What of a request or an answer is meant for the next hop alone (RFC 9110, section 7.6.1).

use http::{HeaderName, StatusCode, header};
use pingora::http::ResponseHeader;

pub(super) const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
pub(super) const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");

/// Headers that frame the message: the connection's own business even where they are nominated.
const FRAMING: [HeaderName; 2] = [header::CONTENT_LENGTH, header::TRANSFER_ENCODING];

/// Options of a connection that are no headers, or are removed anyway.
const OPTIONS: [&str; 2] = ["keep-alive", "close"];

/// Fields of a request that are said of the client's connection (RFC 9110, section 7.6.1).
const OF_CONNECTION: [&[u8]; 10] = [
    b"connection",
    b"keep-alive",
    b"te",
    b"upgrade",
    b"trailer",
    b"transfer-encoding",
    b"proxy-connection",
    b"proxy-authenticate",
    b"proxy-authorization",
    b"http2-settings",
];

/// Whether a field of a request is one of those, in whatever letters.
pub(super) fn is_of_connection(name: &[u8]) -> bool {
    OF_CONNECTION.iter().any(|other| name.eq_ignore_ascii_case(other))
}

/// Removes what a backend says of its own connection. pingora itself replaces `Connection`.
pub(super) fn remove(answer: &mut ResponseHeader) {
    if answer.status == StatusCode::SWITCHING_PROTOCOLS {
        return;
    }
    let options = answer.headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let nominated: Vec<HeaderName> = options
        .flat_map(|value| value.split(',').map(str::trim))
        // What nearly every answer says names no header.
        .filter(|option| !OPTIONS.iter().any(|usual| option.eq_ignore_ascii_case(usual)))
        .filter_map(|name| HeaderName::from_bytes(name.as_bytes()).ok())
        .filter(|name| !FRAMING.contains(name) && answer.headers.contains_key(name))
        .collect();
    for name in nominated.iter().chain([&KEEP_ALIVE, &PROXY_CONNECTION]) {
        answer.remove_header(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(status: u16, headers: &[(&'static str, &str)]) -> Vec<String> {
        let mut answer = ResponseHeader::build(status, None).expect("an answer");
        for (name, value) in headers {
            answer.append_header(*name, *value).expect("a header");
        }
        remove(&mut answer);
        let mut names: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
        names.sort();
        names
    }

    #[test]
    fn what_is_said_of_the_backends_connection_stays_here() {
        let sent = [("Connection", "keep-alive, X-Hop"), ("Keep-Alive", "timeout=5"), ("X-Hop", "1"), ("X-End", "1")];
        assert_eq!(left(200, &sent), ["connection", "x-end"]);
    }

    #[test]
    fn framing_is_not_taken_away_by_nomination() {
        let sent = [("Connection", "content-length"), ("Content-Length", "1")];
        assert_eq!(left(200, &sent), ["connection", "content-length"]);
    }

    #[test]
    fn an_upgrade_is_passed_whole() {
        let sent = [("Connection", "Upgrade"), ("Upgrade", "websocket")];
        assert_eq!(left(101, &sent), ["connection", "upgrade"]);
    }
}
