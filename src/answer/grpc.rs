//! How a gRPC client is told no: HTTP 200, and the status as a gRPC trailer that comes with the
//! header ("Trailers-Only" in gRPC's `PROTOCOL-HTTP2.md`).

use http::{HeaderValue, StatusCode, header};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::head::Fields;

/// Media types of gRPC calls; the longest that fits is the call's.
const TYPES: [&str; 3] = ["application/grpc-web-text", "application/grpc-web", "application/grpc"];

/// HTTP statuses as gRPC statuses. gRPC's own `http-grpc-status-mapping.md` agrees, and maps
/// whatever is missing here to `UNKNOWN`.
const STATUSES: [(StatusCode, u8); 5] = [
    (StatusCode::BAD_REQUEST, 13),         // INTERNAL
    (StatusCode::NOT_FOUND, 12),           // UNIMPLEMENTED
    (StatusCode::BAD_GATEWAY, 14),         // UNAVAILABLE
    (StatusCode::SERVICE_UNAVAILABLE, 14), // UNAVAILABLE
    (StatusCode::GATEWAY_TIMEOUT, 14),     // UNAVAILABLE
];

const UNKNOWN: u8 = 2;

/// What `grpc-message` may not hold plainly; all that is not ASCII is encoded anyway.
const ENCODED: &AsciiSet = &CONTROLS.add(b'%');

/// The type to answer a request in, if the request is a gRPC call.
pub(super) fn call_type(fields: Fields<'_>) -> Option<HeaderValue> {
    let of_request = fields.get(&header::CONTENT_TYPE)?;
    TYPES.into_iter().find(|name| names(of_request, name)).map(HeaderValue::from_static)
}

/// Whether a `Content-Type` is `name`, with whatever suffix or parameters.
fn names(content_type: &[u8], name: &str) -> bool {
    content_type.split_at_checked(name.len()).is_some_and(|(head, rest)| {
        head.eq_ignore_ascii_case(name.as_bytes()) && matches!(rest, [] | [b'+' | b';' | b' ', ..])
    })
}

/// The value of `grpc-status`.
pub(super) fn status(status: StatusCode) -> HeaderValue {
    let code = STATUSES.into_iter().find(|(http, _)| *http == status).map_or(UNKNOWN, |(_, code)| code);
    HeaderValue::from(u16::from(code))
}

/// The value of `grpc-message`.
pub(super) fn message(text: &str) -> HeaderValue {
    let encoded = utf8_percent_encode(text, ENCODED).to_string();
    HeaderValue::try_from(encoded).unwrap_or_else(|_| HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(content_type: &'static str) -> Option<HeaderValue> {
        let headers = std::iter::once((header::CONTENT_TYPE, HeaderValue::from_static(content_type))).collect();
        call_type(Fields::Map(&headers))
    }

    #[test]
    fn a_call_is_known_by_its_content_type() {
        assert_eq!(of("application/grpc").unwrap(), "application/grpc");
        assert_eq!(of("application/grpc+proto").unwrap(), "application/grpc");
        assert_eq!(of("Application/GRPC; charset=x").unwrap(), "application/grpc");
        assert_eq!(of("application/grpc-web+proto").unwrap(), "application/grpc-web");
        assert_eq!(of("application/grpc-web-text").unwrap(), "application/grpc-web-text");
        for other in ["application/grpcx", "application/json", "application/grp", "", "text/plain; application/grpc"] {
            assert_eq!(of(other), None, "{other}");
        }
    }

    #[test]
    fn an_http_status_becomes_the_grpc_status_that_clients_expect() {
        assert_eq!(status(StatusCode::SERVICE_UNAVAILABLE), "14");
        assert_eq!(status(StatusCode::BAD_GATEWAY), "14");
        assert_eq!(status(StatusCode::GATEWAY_TIMEOUT), "14");
        assert_eq!(status(StatusCode::NOT_FOUND), "12");
        assert_eq!(status(StatusCode::BAD_REQUEST), "13");
        assert_eq!(status(StatusCode::IM_A_TEAPOT), "2");
    }

    #[test]
    fn a_message_is_percent_encoded() {
        assert_eq!(message("We’ll be 100 % back\n"), "We%E2%80%99ll be 100 %25 back%0A");
    }

    proptest! {
        #[test]
        fn any_message_decodes_to_itself(text in ".*") {
            let encoded = message(&text);
            let decoded = percent_encoding::percent_decode_str(encoded.to_str().unwrap()).decode_utf8().unwrap().into_owned();
            prop_assert_eq!(decoded, text);
        }
    }
}
