//! Spans of a request: itself, and each time that a server was asked; by OpenTelemetry's semantic conventions for HTTP.

use std::borrow::Cow;
use std::time::Instant;

use http::{Version, header};

use super::access_log::{self, Line};
use super::exchange::Exchange;
use super::tenant::RequestTenant;
use super::trace::Attempt;
use crate::traces::{Attribute, Kind, Span, TraceContext, Traces, shown_at};

/// Methods that the conventions know; of others there may be as many as a client likes.
const METHODS: [&str; 9] = ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];

/// Hands over what there is to say of a request that is over.
pub(super) fn send(line: &Line<'_>, exchange: &Exchange, traces: &Traces) {
    let Some((context, caller)) = exchange.trace.recorded() else { return };
    let method = line.request.method.as_str();
    let method = METHODS.iter().find(|known| **known == method).copied().unwrap_or("_OTHER");
    for (resent, attempt) in exchange.trace.attempts().iter().enumerate() {
        traces.send(of_attempt(attempt, resent, method, context, line, exchange));
    }
    let failed = (line.status == 0 || line.status >= 500).then(|| match line.status {
        0 => exchange.error.clone().unwrap_or_else(|| "nothing was sent".to_owned()),
        status => status.to_string(),
    });
    let route = exchange.route();
    // What is called one of few names: `_OTHER` is no method that anybody would look for.
    let verb = if method == "_OTHER" { "HTTP" } else { method };
    let name = route.map_or_else(|| verb.to_owned(), |route| format!("{verb} {}", route.path.as_str()));
    let began = shown_at(exchange.began);
    traces.send(Span {
        context,
        parent: caller,
        parent_is_remote: caller.is_some(),
        kind: Kind::Server,
        name: name.into(),
        began,
        ended: began + line.took,
        attributes: attributes(line, exchange, method, failed.as_deref()),
        error: failed.map(Cow::Owned),
    });
}

fn attributes(
    line: &Line<'_>,
    exchange: &Exchange,
    method: &'static str,
    failed: Option<&str>,
) -> Vec<(&'static str, Attribute)> {
    let decision = exchange.decision.as_ref();
    let rules = exchange.edition.rules();
    let route = exchange.route();
    let requirement = decision.and_then(access_log::needed).and_then(|id| rules.requirement(id));
    let user_agent = access_log::text(line.request, &header::USER_AGENT);
    let text = |text: &str| Attribute::from(text.to_owned());
    let version = match line.request.version {
        Version::HTTP_10 => "1.0",
        Version::HTTP_2 => "2",
        _ => "1.1",
    };
    let told: [(&'static str, Option<Attribute>); 21] = [
        ("http.request.method", Some(method.into())),
        ("url.path", Some(text(&access_log::shown_path(line, exchange)))),
        ("url.scheme", Some(if exchange.client.tls { "https" } else { "http" }.into())),
        ("server.address", Some(exchange.host.as_str()).filter(|host| !host.is_empty()).map(text)),
        ("client.address", exchange.client.address.map(|address| address.to_string().into())),
        ("user_agent.original", user_agent.as_deref().map(text)),
        ("network.protocol.version", Some(version.into())),
        ("http.route", route.map(|route| text(route.path.as_str()))),
        ("http.response.status_code", (line.status != 0).then(|| line.status.into())),
        ("error.type", failed.map(text)),
        ("schemagate.route", route.map(|route| text(&route.name))),
        ("schemagate.action", decision.map(|decision| access_log::action(decision).into())),
        ("schemagate.reason", decision.map(|decision| decision.reason.as_str().into())),
        ("schemagate.refused", exchange.refused.map(Into::into)),
        ("schemagate.requirement", requirement.map(|requirement| text(&requirement.name))),
        ("schemagate.tenant", exchange.tenant.as_ref().map(RequestTenant::schema).map(text)),
        ("schemagate.observed", decision.filter(|decision| decision.observed).map(|_| true.into())),
        ("schemagate.held_ms", exchange.held.map(Into::into)),
        ("schemagate.rechecked", exchange.rechecked.then(|| true.into())),
        ("schemagate.upstream_status", exchange.replaced.map(|status| status.as_u16().into())),
        ("schemagate.request_id", Some(text(exchange.id.as_str()))),
    ];
    told.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

fn of_attempt(
    attempt: &Attempt,
    resent: usize,
    method: &'static str,
    above: TraceContext,
    line: &Line<'_>,
    exchange: &Exchange,
) -> Span {
    let failed = attempt.error.map(Cow::Borrowed).or_else(|| {
        let status = attempt.status.filter(|status| status.is_client_error() || status.is_server_error());
        status.map(|status| Cow::Owned(status.as_str().to_owned()))
    });
    let (address, port) = match attempt.server.rsplit_once(':') {
        Some((address, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (address, port.parse().ok()),
        _ => (attempt.server.as_str(), None::<u16>),
    };
    let told: [(&'static str, Option<Attribute>); 8] = [
        ("http.request.method", Some(method.into())),
        ("url.path", Some(access_log::shown_path(line, exchange).into_owned().into())),
        ("server.address", Some(address.trim_matches(['[', ']']).to_owned().into())),
        ("server.port", port.map(Into::into)),
        ("http.response.status_code", attempt.status.map(|status| status.as_u16().into())),
        ("http.request.resend_count", (resent > 0).then(|| resent.into())),
        ("error.type", failed.clone().map(Attribute::Text)),
        ("schemagate.upstream", line.upstream.map(|upstream| upstream.to_owned().into())),
    ];
    Span {
        context: TraceContext { span: attempt.span, ..above },
        parent: Some(above.span),
        parent_is_remote: false,
        kind: Kind::Client,
        name: if method == "_OTHER" { "HTTP" } else { method }.into(),
        began: shown_at(attempt.began),
        ended: shown_at(attempt.ended.unwrap_or_else(Instant::now)),
        attributes: told.into_iter().filter_map(|(name, value)| Some((name, value?))).collect(),
        error: failed,
    }
}
