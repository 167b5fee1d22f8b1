//! A collector of spans: OTLP over HTTP, as protocol buffers.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::wait::eventually;

/// Takes spans, and remembers them.
pub(crate) struct Collector {
    port: u16,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    requests: Mutex<Vec<(HeaderMap, ExportTraceServiceRequest)>>,
    /// What it answers; 0: 200.
    status: AtomicU16,
}

/// A span, as a test reads it.
#[derive(Debug, Clone)]
pub(crate) struct SeenSpan {
    pub(crate) trace: String,
    pub(crate) id: String,
    pub(crate) parent: String,
    pub(crate) name: String,
    /// SERVER is 2, CLIENT 3, INTERNAL 1.
    pub(crate) kind: i32,
    pub(crate) nanoseconds: (u64, u64),
    pub(crate) failed: bool,
    pub(crate) attributes: BTreeMap<String, String>,
}

impl Collector {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let shared = Arc::new(Shared::default());
        let kept = Arc::clone(&shared);
        let take = post(move |headers: HeaderMap, body: Bytes| async move {
            let request = ExportTraceServiceRequest::decode(body).expect("OTLP as protocol buffers");
            kept.requests.lock().unwrap_or_else(PoisonError::into_inner).push((headers, request));
            match kept.status.load(Ordering::Relaxed) {
                0 => StatusCode::OK,
                status => StatusCode::from_u16(status).expect("a status"),
            }
        });
        let app = Router::new().route("/v1/traces", take);
        let serving = tokio::spawn(async move { axum::serve(listener, app).await.expect("it serves") });
        Self { port, shared, serving }
    }

    /// `http://host:port`.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Answers everything from now on with this status.
    pub(crate) fn answers(&self, status: u16) {
        self.shared.status.store(status, Ordering::Relaxed);
    }

    /// Everything that was sent so far.
    pub(crate) fn requests(&self) -> Vec<(HeaderMap, ExportTraceServiceRequest)> {
        self.shared.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What the first request says of whom the spans are.
    pub(crate) fn resource(&self) -> BTreeMap<String, String> {
        let requests = self.requests();
        let resource = requests[0].1.resource_spans[0].resource.as_ref().expect("a resource");
        texts(&resource.attributes)
    }

    /// Every span that came so far.
    pub(crate) fn spans(&self) -> Vec<SeenSpan> {
        let requests = self.requests();
        let scopes = requests.iter().flat_map(|(_, request)| &request.resource_spans).flat_map(|of| &of.scope_spans);
        scopes.flat_map(|scope| &scope.spans).map(SeenSpan::of).collect()
    }

    /// Waits for a span.
    pub(crate) async fn span(&self, what: &str, wanted: impl Fn(&SeenSpan) -> bool) -> SeenSpan {
        let found = async || self.spans().into_iter().find(&wanted);
        eventually(&format!("the span {what}"), Duration::from_secs(15), found).await
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl SeenSpan {
    fn of(span: &Span) -> Self {
        let hex = |bytes: &[u8]| {
            bytes.iter().fold(String::new(), |mut text, byte| {
                write!(text, "{byte:02x}").expect("a string takes it");
                text
            })
        };
        Self {
            trace: hex(&span.trace_id),
            id: hex(&span.span_id),
            parent: hex(&span.parent_span_id),
            name: span.name.clone(),
            kind: span.kind,
            nanoseconds: (span.start_time_unix_nano, span.end_time_unix_nano),
            failed: span.status.as_ref().is_some_and(|status| status.code == 2),
            attributes: texts(&span.attributes),
        }
    }

    /// An attribute; empty if it is not there.
    pub(crate) fn says(&self, attribute: &str) -> &str {
        self.attributes.get(attribute).map_or("", String::as_str)
    }
}

fn texts(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    attributes.iter().map(|one| (one.key.clone(), one.value.as_ref().map_or_else(String::new, text))).collect()
}

fn text(value: &AnyValue) -> String {
    match &value.value {
        Some(any_value::Value::StringValue(text)) => text.clone(),
        Some(any_value::Value::IntValue(number)) => number.to_string(),
        Some(any_value::Value::DoubleValue(number)) => number.to_string(),
        Some(any_value::Value::BoolValue(flag)) => flag.to_string(),
        other => format!("{other:?}"),
    }
}
