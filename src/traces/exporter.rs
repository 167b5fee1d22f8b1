//! Spans on the wire: OTLP over HTTP, as protocol buffers (OpenTelemetry Protocol 1.x, "OTLP/HTTP").

use std::collections::HashMap;
use std::time::Duration;

use opentelemetry::trace::{SpanContext, SpanKind, Status, TraceFlags, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue, SpanId, TraceId, Value};
use opentelemetry_otlp::{Protocol, SpanExporter as Otlp, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanExporter, SpanLinks};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};
use tracing::{info, warn};

use super::queue::{Message, Traces};
use super::span::{Attribute, Kind, Span};
use crate::config;
use crate::metrics::SpanCounts;

/// Spans of one request to the collector.
const MOST: usize = 512;

/// For how long spans are gathered.
const EVERY: Duration = Duration::from_secs(1);

/// For one batch, with all attempts to send it.
const LIMIT: Duration = Duration::from_secs(10);

/// Sends spans to a collector.
#[derive(Debug)]
pub struct Exporter {
    queue: mpsc::Receiver<Message>,
    otlp: Otlp,
    scope: InstrumentationScope,
    endpoint: String,
    counts: SpanCounts,
    /// Whether the last batch did not arrive, as the log says.
    is_failing: bool,
}

impl Exporter {
    /// Where spans are handed over and who sends them; `None` where none are wanted. The error says why they cannot be
    /// sent.
    pub fn open(config: &config::Traces, counts: SpanCounts) -> Result<Option<(Traces, Self)>, String> {
        let Some(endpoint) = config.endpoint.clone() else { return Ok(None) };
        let told = |error: &dyn std::error::Error| format!("spans cannot be sent to {endpoint}: {error}");
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(LIMIT)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| told(&error))?;
        let headers =
            config.headers.iter().filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())));
        let mut otlp = Otlp::builder()
            .with_http()
            .with_http_client(client)
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(endpoint.as_str())
            .with_timeout(LIMIT)
            .with_headers(headers.collect::<HashMap<_, _>>())
            .build()
            .map_err(|error| told(&error))?;
        let of_user = config.attributes.iter().map(|(name, value)| KeyValue::new(name.clone(), value.clone()));
        let resource = Resource::builder_empty()
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .with_attributes(of_user)
            .with_service_name(config.service.clone())
            .build();
        otlp.set_resource(&resource);
        let (traces, queue) = Traces::open(config.sample, counts.clone());
        let scope = InstrumentationScope::builder("schemagate").with_version(env!("CARGO_PKG_VERSION")).build();
        Ok(Some((traces, Self { queue, otlp, scope, endpoint, counts, is_failing: false })))
    }

    /// Sends what comes, until dropped.
    pub async fn run(mut self) {
        let mut messages = Vec::new();
        loop {
            if self.queue.recv_many(&mut messages, MOST).await == 0 {
                return;
            }
            let until = Instant::now() + EVERY;
            let is_asked = |messages: &[Message]| messages.iter().any(|message| matches!(message, Message::Flush(_)));
            while messages.len() < MOST && !is_asked(&messages) {
                let room = MOST - messages.len();
                match timeout_at(until, self.queue.recv_many(&mut messages, room)).await {
                    Ok(1..) => {}
                    Ok(0) | Err(_) => break,
                }
            }
            let mut asked: Vec<oneshot::Sender<()>> = Vec::new();
            let mut spans = Vec::with_capacity(messages.len());
            for message in messages.drain(..) {
                match message {
                    Message::Span(span) => spans.push(self.data(*span)),
                    Message::Flush(done) => asked.push(done),
                }
            }
            if !spans.is_empty() {
                self.export(spans).await;
            }
            for done in asked {
                // Whoever asked may have gone.
                let _ = done.send(());
            }
        }
    }

    async fn export(&mut self, spans: Vec<SpanData>) {
        let number = spans.len();
        let exported = self.otlp.export(spans).await;
        let endpoint = &self.endpoint;
        self.counts.exported(number, exported.is_ok());
        match &exported {
            Ok(()) if self.is_failing => info!(target: "schemagate::traces", endpoint, "spans arrive again"),
            Err(error) if !self.is_failing => warn!(
                target: "schemagate::traces",
                endpoint,
                %error,
                "spans do not arrive at {endpoint}, and are dropped; requests are not held up",
            ),
            Ok(()) | Err(_) => {}
        }
        self.is_failing = exported.is_err();
    }

    fn data(&self, span: Span) -> SpanData {
        let Span { context, parent, parent_is_remote, kind, name, began, ended, attributes, error } = span;
        let trace = TraceId::from_bytes(context.trace.get().to_be_bytes());
        let id = |span: super::SpanId| SpanId::from_bytes(span.get().to_be_bytes());
        SpanData {
            span_context: SpanContext::new(trace, id(context.span), TraceFlags::SAMPLED, false, TraceState::default()),
            parent_span_id: parent.map_or(SpanId::INVALID, id),
            parent_span_is_remote: parent_is_remote,
            span_kind: match kind {
                Kind::Server => SpanKind::Server,
                Kind::Client => SpanKind::Client,
                Kind::Internal => SpanKind::Internal,
            },
            name,
            start_time: began,
            end_time: ended,
            attributes: attributes.into_iter().map(|(key, value)| KeyValue::new(key, Value::from(value))).collect(),
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: error.map_or(Status::Unset, |description| Status::Error { description }),
            instrumentation_scope: self.scope.clone(),
        }
    }
}

impl From<Attribute> for Value {
    fn from(attribute: Attribute) -> Self {
        match attribute {
            Attribute::Text(text) => Self::String(text.into()),
            Attribute::Number(number) => Self::I64(number),
            Attribute::Real(number) => Self::F64(number),
            Attribute::Flag(flag) => Self::Bool(flag),
        }
    }
}
