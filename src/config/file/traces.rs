//! What is traced, as it is typed.

use crate::config::reader::table;
use crate::config::values::{List, Named, Share};

table! {
    /// Spans for an OpenTelemetry collector.
    TracesTable {
        /// Where a collector takes OTLP over HTTP: "http://127.0.0.1:4318", to which /v1/traces is added, or a whole path. Nothing is traced if left out.
        endpoint: String,
        /// Which share of the requests that come without a trace begin one, from 0 to 1. Those that come with one are traced as their caller decided.
        sample: Share = 1.0,
        /// What this service is called.
        service: String = "schemagate",
        /// Headers that the collector asks for, such as a key.
        headers: Named<List<String>> = {},
        /// What else there is to say of this service: "deployment.environment.name".
        attributes: Named<String> = {},
    }
}
