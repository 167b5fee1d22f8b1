//! Lines of requests in the `combined` format of the Apache HTTP Server (`mod_log_config`), for whatever reads it.

use std::fmt::{self, Write as _};

use jiff::Timestamp;
use serde_json::{Map, Value};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::fields::Fields;

/// One line a request: `client - - [time] "request" status bytes "referer" "user agent"`. Queries are in none of it.
#[derive(Debug)]
pub(super) struct Combined;

/// The status of a client that left before it was answered, as nginx has it: the format wants a number.
const LEFT: u64 = 499;

fn line(time: Timestamp, fields: &Map<String, Value>) -> String {
    let text = |name: &str| fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).unwrap_or("-");
    let number = |name: &str| fields.get(name).and_then(Value::as_u64).filter(|number| *number != 0);
    let mut line = String::with_capacity(256);
    escape(&mut line, text("client"));
    line.push_str(" - - [");
    line.push_str(&time.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string());
    line.push_str("] \"");
    escape(&mut line, text("method"));
    // Of a head that nobody can read there is no more.
    for name in ["path", "protocol"].into_iter().filter(|_| fields.contains_key("method")) {
        line.push(' ');
        escape(&mut line, text(name));
    }
    line.push_str("\" ");
    line.push_str(&number("status").unwrap_or(LEFT).to_string());
    line.push(' ');
    line.push_str(&number("bytes").map_or_else(|| "-".to_owned(), |bytes| bytes.to_string()));
    for name in ["referer", "user_agent"] {
        line.push_str(" \"");
        escape(&mut line, text(name));
        line.push('"');
    }
    line
}

/// Quotes, backslashes and what cannot be printed are written as Apache does: `\"`, `\\` and `\x1b`.
fn escape(line: &mut String, text: &str) {
    for character in text.chars() {
        if matches!(character, '"' | '\\') {
            line.push('\\');
            line.push(character);
        } else if character.is_ascii_graphic() || character == ' ' {
            line.push(character);
        } else {
            for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                // A String takes everything.
                let _ = write!(line, "\\x{byte:02x}");
            }
        }
    }
}

impl<S, N> FormatEvent<S, N> for Combined
where
    S: Subscriber + for<'l> LookupSpan<'l>,
    N: for<'w> FormatFields<'w> + 'static,
{
    fn format_event(&self, _context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        writeln!(writer, "{}", line(Timestamp::now(), &Fields::of(event)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn written(fields: Value) -> String {
        let Value::Object(fields) = fields else { panic!("an object") };
        line("2026-11-21T12:00:00.5Z".parse().expect("a time"), &fields)
    }

    #[test]
    fn a_line_has_the_nine_fields_of_the_format() {
        let fields = json!({
            "client": "192.0.2.1", "method": "GET", "path": "/admin/backups", "protocol": "HTTP/2.0", "status": 200,
            "bytes": 2326, "referer": "https://example.com/", "user_agent": "Mozilla/5.0 (X11; Linux)",
        });
        let line = "192.0.2.1 - - [21/Nov/2026:12:00:00 +0000] \"GET /admin/backups HTTP/2.0\" 200 2326 \
                    \"https://example.com/\" \"Mozilla/5.0 (X11; Linux)\"";
        assert_eq!(written(fields), line);
    }

    #[test]
    fn what_is_not_known_is_a_dash_and_a_client_that_left_has_a_status_of_its_own() {
        let fields = json!({ "method": "GET", "path": "/", "protocol": "HTTP/1.1", "status": 0, "bytes": 0 });
        assert_eq!(written(fields), "- - - [21/Nov/2026:12:00:00 +0000] \"GET / HTTP/1.1\" 499 - \"-\" \"-\"");
    }

    #[test]
    fn a_head_that_nobody_can_read_is_a_line_too() {
        let fields = json!({ "client": "192.0.2.1", "status": 400, "bytes": 3 });
        assert_eq!(written(fields), "192.0.2.1 - - [21/Nov/2026:12:00:00 +0000] \"-\" 400 3 \"-\" \"-\"");
    }

    #[test]
    fn nothing_that_a_client_sends_ends_a_field_or_a_line() {
        let fields = json!({
            "method": "GET", "path": "/\u{e9}\u{1b}", "protocol": "HTTP/1.1", "status": 200, "bytes": 1,
            "user_agent": "a\" 200 1 \"-\" \"\\\n192.0.2.9 - -",
        });
        let line = written(fields);
        assert!(line.contains("GET /\\xc3\\xa9\\x1b HTTP"), "{line}");
        assert!(line.ends_with(r#" "-" "a\" 200 1 \"-\" \"\\\x0a192.0.2.9 - -""#), "{line}");
    }
}
