//! Log lines as Google Cloud Logging reads them from standard error (its "Structured logging").

use std::fmt;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::fields::Fields;

/// One JSON object a line, with the fields that Cloud Logging gives a meaning of their own.
#[derive(Debug, Default)]
pub(super) struct Google {
    /// The project that traces belong to, where it is known.
    project: Option<String>,
}

/// A field of an access line, what Cloud Logging calls it (`LogEntry.httpRequest`), and its form there.
type HttpField = (&'static str, &'static str, fn(&Value) -> Value);

const HTTP_REQUEST: [HttpField; 8] = [
    ("method", "requestMethod", Value::clone),
    ("status", "status", Value::clone),
    ("bytes", "responseSize", |bytes| json!(bytes.to_string())),
    ("duration_ms", "latency", |took| json!(format!("{:.6}s", took.as_f64().unwrap_or_default() / 1000.0))),
    ("client", "remoteIp", Value::clone),
    ("protocol", "protocol", Value::clone),
    ("user_agent", "userAgent", Value::clone),
    ("referer", "referer", Value::clone),
];

/// Fields of the trace beside its name, and what Cloud Logging calls them (`LogEntry`).
const TRACE: [(&str, &str); 2] =
    [("span_id", "logging.googleapis.com/spanId"), ("trace_sampled", "logging.googleapis.com/trace_sampled")];

impl Google {
    /// In the project that Cloud Run and its kin name, or that the operator does.
    pub(super) fn new() -> Self {
        Self { project: std::env::var("GOOGLE_CLOUD_PROJECT").ok().filter(|project| !project.is_empty()) }
    }

    fn line(&self, target: &str, level: Level, time: Timestamp, mut fields: Map<String, Value>) -> Value {
        let severity = match level {
            Level::ERROR => "ERROR",
            Level::WARN => "WARNING",
            Level::INFO => "INFO",
            _ => "DEBUG",
        };
        let mut line = Map::new();
        line.insert("severity".to_owned(), severity.into());
        line.insert("time".to_owned(), time.to_string().into());
        if let (Some(Value::String(method)), Some(status)) = (fields.get("method"), fields.get("status")) {
            let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
            line.insert("message".to_owned(), format!("{method} {} {status}", text("path")).into());
            let mut request = Map::new();
            request.insert("requestUrl".to_owned(), format!("{}{}", text("host"), text("path")).into());
            for (ours, theirs, convert) in HTTP_REQUEST {
                if let Some(value) = fields.remove(ours) {
                    request.insert(theirs.to_owned(), convert(&value));
                }
            }
            line.insert("httpRequest".to_owned(), request.into());
        }
        if let Some(Value::String(trace)) = fields.remove("trace_id") {
            let name = match &self.project {
                Some(project) => format!("projects/{project}/traces/{trace}"),
                None => trace,
            };
            line.insert("logging.googleapis.com/trace".to_owned(), name.into());
        }
        for (ours, theirs) in TRACE {
            if let Some(value) = fields.remove(ours) {
                line.insert(theirs.to_owned(), value);
            }
        }
        line.insert("target".to_owned(), target.into());
        for (name, value) in fields {
            nest(&mut line, &name, value);
        }
        line.into()
    }
}

/// `context.code` becomes `code` within `context`, as filters such as `jsonPayload.context.code` want it.
fn nest(line: &mut Map<String, Value>, name: &str, value: Value) {
    match name.split_once('.') {
        None => {
            line.insert(name.to_owned(), value);
        }
        Some((outer, inner)) => {
            let object = line.entry(outer).or_insert_with(|| json!({}));
            if let Some(object) = object.as_object_mut() {
                object.insert(inner.to_owned(), value);
            }
        }
    }
}

impl<S, N> FormatEvent<S, N> for Google
where
    S: Subscriber + for<'l> LookupSpan<'l>,
    N: for<'w> FormatFields<'w> + 'static,
{
    fn format_event(&self, _context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut fields = Fields::of(event);
        // What comes by way of the `log` crate has its origin among its fields.
        let origin = fields.remove("log.target");
        fields.retain(|name, _| !name.starts_with("log."));
        let target = origin.as_ref().and_then(Value::as_str).unwrap_or(event.metadata().target());
        writeln!(writer, "{}", self.line(target, *event.metadata().level(), Timestamp::now(), fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(google: &Google, level: Level, fields: Value) -> Value {
        let Value::Object(fields) = fields else { panic!("an object") };
        let time = "2026-11-21T12:00:00.5Z".parse().expect("a time");
        google.line("schemagate::access", level, time, fields)
    }

    #[test]
    fn an_access_line_is_an_http_request_with_its_context() {
        let fields = json!({
            "method": "GET", "host": "biohax.example", "path": "/admin/backups", "status": 200, "bytes": 2,
            "duration_ms": 12.5, "client": "10.0.0.1", "protocol": "HTTP/1.1", "user_agent": "curl/8", "component": "admin-backups",
            "context.code": "P2021", "context.table": "AdminBackupJob", "trace_id": "0af7651916cd43dd8448eb211c80319c",
            "span_id": "b7ad6b7169203331", "trace_sampled": true,
        });
        let google = Google { project: Some("biohax".to_owned()) };
        assert_eq!(
            line(&google, Level::WARN, fields),
            json!({
                "severity": "WARNING",
                "time": "2026-11-21T12:00:00.5Z",
                "message": "GET /admin/backups 200",
                "httpRequest": {
                    "requestMethod": "GET", "requestUrl": "biohax.example/admin/backups", "status": 200,
                    "responseSize": "2", "latency": "0.012500s", "remoteIp": "10.0.0.1", "protocol": "HTTP/1.1",
                    "userAgent": "curl/8",
                },
                "logging.googleapis.com/trace": "projects/biohax/traces/0af7651916cd43dd8448eb211c80319c",
                "logging.googleapis.com/spanId": "b7ad6b7169203331",
                "logging.googleapis.com/trace_sampled": true,
                "target": "schemagate::access",
                "host": "biohax.example", "path": "/admin/backups",
                "component": "admin-backups",
                "context": { "code": "P2021", "table": "AdminBackupJob" },
            })
        );
    }

    #[test]
    fn any_other_line_keeps_its_message_and_fields() {
        let said = line(
            &Google::default(),
            Level::ERROR,
            json!({ "message": "no", "trace_id": "ab", "context": 1, "context.x": 2 }),
        );
        assert_eq!(said["severity"], "ERROR");
        assert_eq!(said["message"], "no");
        assert_eq!(said["logging.googleapis.com/trace"], "ab");
        assert_eq!(said["httpRequest"], Value::Null);
    }
}
