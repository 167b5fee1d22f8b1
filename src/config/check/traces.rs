//! What is traced, and where spans go.

use http::HeaderMap;

use super::Check;
use crate::config::Traces;
use crate::config::file::TracesTable;
use crate::config::values::Share;

/// Where a collector takes spans, if nothing else is said (OTLP/HTTP, "Default URL paths").
const PATH: &str = "/v1/traces";

impl Check<'_> {
    pub(super) fn traces(&mut self, table: &TracesTable) -> Option<Traces> {
        let endpoint = match table.endpoint.placed() {
            None => None,
            Some(typed) => {
                let url = reqwest::Url::parse(&typed.value).ok();
                let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
                let Some(mut url) = url.filter(|url| url.username().is_empty() && url.password().is_none()) else {
                    self.error(
                        typed.place,
                        format!("`traces.endpoint`: `{}` is not where a collector listens", typed.value),
                    )
                    .help("such as \"http://127.0.0.1:4318/\"; what it asks for goes into `headers`");
                    return None;
                };
                if url.path() == "/" {
                    url.set_path(PATH);
                }
                if !cfg!(feature = "otel") {
                    self.error(typed.place, "this schemagate was built without the feature `otel`, and sends no spans")
                        .help("build it with --features otel, or remove `endpoint`");
                }
                Some(url.to_string())
            }
        };
        let mut headers: HeaderMap = self.headers(&table.headers).into_iter().collect();
        for value in headers.values_mut() {
            value.set_sensitive(true);
        }
        let attributes = table.attributes.get()?.0.iter();
        let Share(sample) = table.sample.copied()?;
        Some(Traces {
            endpoint,
            headers,
            sample,
            service: table.service.get()?.clone(),
            attributes: attributes.map(|(name, value)| (name.value.clone(), value.clone())).collect(),
        })
    }
}
