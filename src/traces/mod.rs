//! Traces: to which one a request belongs (W3C Trace Context), and spans on their way to an OpenTelemetry collector.
//!
//! | file | what |
//! | --- | --- |
//! | `context`, `state` | what stands in `traceparent` and `tracestate`, or does not |
//! | `span` | what is told of a request, of an attempt at an upstream, of a look at a database |
//! | `queue` | the bounded way to the exporter: full, it drops, and never keeps anybody waiting |
//! | `exporter` | OTLP over HTTP, behind the feature `otel` |
//!
//! Without an `endpoint` nothing is traced, and what comes is passed on as it came.

mod context;
#[cfg(feature = "otel")]
mod exporter;
mod queue;
mod span;
mod state;

pub use context::{PARENT, SpanId, TraceContext, TraceId};
#[cfg(feature = "otel")]
pub use exporter::Exporter;
pub use queue::Traces;
pub use span::{Attribute, Kind, Span, shown_at};
pub use state::{STATE, is_valid_state};
