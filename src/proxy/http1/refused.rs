//! What is refused by its head alone, before pingora sees any of it.

use std::time::Instant;

use http::Method;
use pingora::protocols::Stream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use tracing::info;

use super::written::written;
use crate::answer::{self, Answer, Saying};
use crate::head::Fields;
use crate::proxy::access_log;
use crate::proxy::client::Client;
use crate::proxy::gateway::Gateway;
use crate::proxy::https_only;
use crate::proxy::own_answer::{LINGER, LINGER_BYTES};
use crate::proxy::request_id::RequestId;
use crate::traces::{Attribute, Kind, Span, TraceContext, shown_at};
use crate::wire::WireRefusal;

/// Why a head is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// What it is, or how large.
    Wire(WireRefusal),
    /// 408: it did not arrive in time.
    Late,
}

impl From<WireRefusal> for Refused {
    fn from(refusal: WireRefusal) -> Self {
        Self::Wire(refusal)
    }
}

impl Refused {
    fn saying(self) -> Saying<'static> {
        match self {
            Self::Wire(refusal) => Saying::Wire(refusal),
            Self::Late => Saying::LateHeader,
        }
    }

    /// One word, for the log and metrics.
    const fn word(self) -> &'static str {
        match self {
            Self::Wire(refusal) => refusal.word(),
            Self::Late => "late_head",
        }
    }

    /// What the log is told.
    const fn why(self) -> &'static str {
        match self {
            Self::Wire(refusal) => refusal.as_str(),
            Self::Late => "the request's header did not arrive in time",
        }
    }
}

impl Gateway {
    /// Tells a client that its request is refused, and ends the connection.
    pub(super) async fn refuse(&self, refused: Refused, mut stream: Stream) {
        let began = Instant::now();
        let edition = self.pin().edition;
        let client = Client::behind(&*stream, &edition.config.listen.trusted_proxies);
        // What its header says, nobody can know.
        let id = RequestId::of(Fields::NONE, false);
        let asking =
            answer::Client { method: &Method::GET, fields: Fields::NONE, path: "/", request_id: id.as_bytes() };
        let mut answer = edition.answers.answer(refused.saying(), &asking);
        https_only::tell(&mut answer, &edition.config, &client);
        self.metrics.malformed();
        self.metrics.wire_refusal(refused.word());
        let sent = stream.write_all(&written(&answer, &id, began, false)).await;
        let trace = self.traces.begin(None);
        info!(
            target: access_log::ACCESS_LOG,
            status = answer.status.as_u16(),
            bytes = answer.body.len(),
            client = client.address.map(tracing::field::display),
            request_id = id.as_str(),
            failure = sent.err().map(tracing::field::display),
            duration_ms = began.elapsed().as_secs_f64() * 1000.0,
            trace_id = trace.map(|trace| tracing::field::display(trace.trace)),
            span_id = trace.map(|trace| tracing::field::display(trace.span)),
            refused = refused.word(),
            error = refused.why(),
        );
        if let Some(context) = trace {
            self.traces.send(span(context, began, &client, &answer, refused, &id));
        }
        linger(stream).await;
    }
}

/// What is told of a request of which nothing can be believed, not even its method.
fn span(
    context: TraceContext,
    began: Instant,
    client: &Client,
    answer: &Answer,
    refused: Refused,
    id: &RequestId,
) -> Span {
    let began_at = shown_at(began);
    let told: [(&'static str, Option<Attribute>); 6] = [
        ("http.request.method", Some("_OTHER".into())),
        ("url.scheme", Some(if client.tls { "https" } else { "http" }.into())),
        ("client.address", client.address.map(|address| address.to_string().into())),
        ("http.response.status_code", Some(answer.status.as_u16().into())),
        ("schemagate.refused", Some(refused.word().into())),
        ("schemagate.request_id", Some(id.as_str().to_owned().into())),
    ];
    Span {
        context,
        parent: None,
        parent_is_remote: false,
        kind: Kind::Server,
        name: "HTTP".into(),
        began: began_at,
        ended: began_at + began.elapsed(),
        attributes: told.into_iter().filter_map(|(name, value)| Some((name, value?))).collect(),
        error: None,
    }
}

/// The client may still send. Closing on it at once would reset the connection, and the reset would
/// overtake the answer.
async fn linger(mut stream: Stream) {
    let _ = stream.flush().await;
    let _ = stream.shutdown().await;
    let mut rest = stream.take(LINGER_BYTES as u64);
    let mut sink = tokio::io::sink();
    let _ = timeout(LINGER, tokio::io::copy(&mut rest, &mut sink)).await;
}
