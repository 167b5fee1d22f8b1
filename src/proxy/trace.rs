//! The trace that a request belongs to, for the log.

use http::HeaderMap;

/// The id of the trace that a request belongs to: 32 hexadecimal digits of `traceparent` (W3C Trace
/// Context) or of Google's `X-Cloud-Trace-Context`.
pub(super) fn trace_id(headers: &HeaderMap) -> Option<&str> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let standard = text("traceparent").and_then(|value| value.split('-').nth(1));
    let googles = text("x-cloud-trace-context").and_then(|value| value.split('/').next());
    standard.into_iter().chain(googles).find(|id| is_trace_id(id))
}

fn is_trace_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) && text.bytes().any(|byte| byte != b'0')
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    const ID: &str = "0af7651916cd43dd8448eb211c80319c";

    fn read(name: &'static str, value: &str) -> Option<String> {
        let value = HeaderValue::from_str(value).expect("a value");
        trace_id(&HeaderMap::from_iter([(HeaderName::from_static(name), value)])).map(str::to_owned)
    }

    #[test]
    fn a_trace_is_read_from_either_header_and_nothing_else_is_one() {
        let zeros = "0".repeat(32);
        for (name, value, id) in [
            ("traceparent", format!("00-{ID}-b7ad6b7169203331-01"), Some(ID)),
            ("x-cloud-trace-context", format!("{ID}/1;o=1"), Some(ID)),
            ("x-cloud-trace-context", ID.to_owned(), Some(ID)),
            ("traceparent", format!("00-{zeros}-b7ad6b7169203331-01"), None),
            ("traceparent", "00-x-y-01".to_owned(), None),
            ("traceparent", String::new(), None),
        ] {
            assert_eq!(read(name, &value).as_deref(), id, "{value}");
        }
    }
}
