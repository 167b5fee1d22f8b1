//! The trace that a request belongs to: as it came, in the log, and for the backend.

use std::time::Instant;

use http::{HeaderName, StatusCode};

use super::amendments::Amendments;
use crate::head::Fields;
use crate::traces::{PARENT, STATE, SpanId, TraceContext, TraceId, Traces, is_valid_state};

/// What a load balancer of Google's says.
static GOOGLES: HeaderName = HeaderName::from_static("x-cloud-trace-context");

/// The trace that a request belongs to.
#[derive(Debug, Default)]
pub(super) struct RequestTrace {
    /// What came, where it is valid.
    came: Option<TraceContext>,
    /// What a load balancer of Google's says, for those who do not know the recommendation.
    googles: Option<TraceId>,
    /// The request itself as a span, where requests are traced.
    own: Option<TraceContext>,
    /// Each time that a server was asked, where that is recorded.
    attempts: Vec<Attempt>,
}

/// A server was asked.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) span: SpanId,
    pub(super) server: String,
    pub(super) began: Instant,
    pub(super) ended: Option<Instant>,
    pub(super) status: Option<StatusCode>,
    pub(super) error: Option<&'static str>,
}

impl RequestTrace {
    pub(super) fn of(fields: Fields<'_>, traces: &Traces) -> Self {
        let came = TraceContext::of(fields);
        let google = fields.text(&GOOGLES);
        let googles = google.and_then(|value| TraceId::parse(value.split('/').next()?));
        Self { came, googles, own: traces.begin(came), attempts: Vec::new() }
    }

    /// The trace, for the log.
    pub(super) fn id(&self) -> Option<TraceId> {
        self.own.or(self.came).map(|context| context.trace).or(self.googles)
    }

    /// The request's own span, where it has one.
    pub(super) const fn span(&self) -> Option<SpanId> {
        match self.own {
            Some(own) => Some(own.span),
            None => None,
        }
    }

    /// Whether the trace is recorded, as far as anybody has said.
    pub(super) fn sampled(&self) -> Option<bool> {
        self.own.or(self.came).map(|context| context.sampled)
    }

    /// The request's own span and what called it, where it is to be told.
    pub(super) fn recorded(&self) -> Option<(TraceContext, Option<SpanId>)> {
        let own = self.own.filter(|own| own.sampled)?;
        Some((own, self.came.map(|came| came.span)))
    }

    /// A server is about to be asked.
    pub(super) fn attempt(&mut self, server: impl FnOnce() -> String) {
        if self.recorded().is_none() {
            return;
        }
        self.attempt_is_over(None);
        self.attempts.push(Attempt {
            span: SpanId::new(),
            server: server(),
            began: Instant::now(),
            ended: None,
            status: None,
            error: None,
        });
    }

    /// The server that was asked answers with this.
    pub(super) fn answered(&mut self, status: StatusCode) {
        if let Some(attempt) = self.attempts.last_mut() {
            attempt.status = Some(status);
        }
    }

    /// Nothing more comes of the last attempt.
    pub(super) fn attempt_is_over(&mut self, error: Option<&'static str>) {
        if let Some(attempt) = self.attempts.last_mut().filter(|attempt| attempt.ended.is_none()) {
            attempt.ended = Some(Instant::now());
            attempt.error = error;
        }
    }

    pub(super) fn attempts(&self) -> &[Attempt] {
        &self.attempts
    }

    /// Has the backend's request say where in the trace it stands: below our own span where requests are traced, as it
    /// came otherwise. What is not valid is left out (section 4.3 of the recommendation).
    pub(super) fn tell(&self, fields: Fields<'_>, amendments: &mut Amendments<'_>) {
        let parent_is_believed = self.came.is_some();
        let state_is_believed = parent_is_believed && is_valid_state(fields);
        for (name, is_believed) in [(&PARENT, parent_is_believed), (&STATE, state_is_believed)] {
            if !is_believed && fields.has(name) {
                amendments.remove(name.clone());
            }
        }
        let Some(own) = self.own else { return };
        let below = self.attempts.last().map_or(own, |attempt| TraceContext { span: attempt.span, ..own });
        amendments.set(PARENT.as_str(), below.header());
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};
    use pingora::http::RequestHeader;

    use super::*;

    const ID: &str = "0af7651916cd43dd8448eb211c80319c";

    fn read(name: &'static str, value: &str) -> Option<String> {
        let value = HeaderValue::from_str(value).expect("a value");
        let headers = HeaderMap::from_iter([(HeaderName::from_static(name), value)]);
        RequestTrace::of(Fields::Map(&headers), &Traces::default()).id().map(|id| id.to_string())
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

    #[test]
    fn without_tracing_what_is_valid_goes_on_as_it_came_and_what_is_not_goes_no_further() {
        let valid = format!("00-{ID}-b7ad6b7169203331-01");
        for (parent, state, told) in [
            (Some(valid.as_str()), Some("a=b"), (true, true)),
            (Some(&valid), Some("A=b"), (true, false)),
            (Some("00-x"), Some("a=b"), (false, false)),
            (None, Some("a=b"), (false, false)),
        ] {
            let mut request = RequestHeader::build("GET", b"/", None).expect("a request");
            for (name, value) in [("traceparent", parent), ("tracestate", state)] {
                if let Some(value) = value {
                    request.insert_header(name, value).expect("a header");
                }
            }
            let fields = Fields::Map(&request.headers);
            let trace = RequestTrace::of(fields, &Traces::default());
            let mut amendments = Amendments::default();
            trace.tell(fields, &mut amendments);
            let request = amendments.made_in(&request);
            let (told_parent, told_state) = (request.headers.get(&PARENT), request.headers.get(STATE));
            assert_eq!((told_parent.is_some(), told_state.is_some()), told, "{parent:?} {state:?}");
            assert!(told_parent.is_none_or(|told| told == valid.as_str()));
        }
    }
}
