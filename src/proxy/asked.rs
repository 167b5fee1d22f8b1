//! Decisions for other proxies: a question is a request that goes nowhere.
//!
//! What the question is about takes its place ([`Question`]), and is decided as if it had come here. What may pass is told
//! so by 200 and a few headers, since the proxy that asks passes it on itself; everything else gets the answer that a client
//! would get. What an answer of success says cannot be told apart from that, so where a route gives one, it is refused.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use gate::{Decision, Outcome, PathError};
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use percent_encoding::percent_decode;
use pingora::http::RequestHeader;
use pingora::modules::http::HttpModules;
use pingora::protocols::http::v1::server::HttpSession;
use pingora::proxy::{FailToProxy, ProxyHttp, ProxyWarnLogContext, Session};
use pingora::upstreams::peer::HttpPeer;
use pingora::{Error, ErrorType};
use tokio::time::timeout;

use super::access_log::{action, needed};
use super::exchange::Exchange;
use super::gateway::{Phases, prepared, say, set_target};
use super::hold::Ended;
use super::upstreams::Pool;
use crate::answer::{self, Answer, Saying};
use crate::ask::{Question, Unclear};
use crate::head::RequestHead;

/// The gateway, as it is asked.
pub(super) struct Asked(pub(super) Phases);

/// A question, for the log and metrics.
#[derive(Debug, Clone)]
pub(super) struct Inquiry {
    /// How it was asked.
    pub(super) language: &'static str,
    /// The method of what it is about; while it is answered the request bears its own.
    method: Method,
    /// Whether what it is about may pass.
    pub(super) passed: bool,
}

const STRANGER: Unclear = Unclear("the address that asks is not among listen.trusted_proxies: add it there");

const REWRITTEN: &str = "the path has dot segments, or begins with several slashes: the application would be sent another \
                         one than was decided";

const FRAGMENT: Unclear = Unclear(PathError::Fragment.as_str());

/// What of a decision a proxy is told that passes the request on, each where there is anything to tell.
static ACTION: HeaderName = HeaderName::from_static("schemagate-action");
static REASON: HeaderName = HeaderName::from_static("schemagate-reason");
static ROUTE: HeaderName = HeaderName::from_static("schemagate-route");
static REQUIREMENT: HeaderName = HeaderName::from_static("schemagate-requirement");
static UPSTREAM: HeaderName = HeaderName::from_static("schemagate-upstream");
static PASSED_BY: HeaderName = HeaderName::from_static("schemagate-passed-by");
/// nginx takes it as an order.
static GO_ON: HeaderName = HeaderName::from_static("x-accel-redirect");

impl Asked {
    /// What a question gets.
    async fn decide(&self, session: &mut Session, exchange: &mut Exchange) -> pingora::Result<Answer> {
        let gateway = &*self.0;
        let now = gateway.reader.now();
        let pinned = gateway.pin();
        let config = &pinned.edition.config;
        gateway.receive_from(session, config, exchange, now);
        session.set_write_timeout(Some(config.limits.send.patience));
        exchange.move_to(&pinned.edition);
        let sent = session.req_header().method.clone();
        let go_on = match put(session, exchange) {
            Ok(go_on) => go_on,
            Err(unclear) => {
                exchange.error = Some(unclear.to_string());
                return Ok(say(Saying::BadRequest(unclear.0), &session.req_header().into(), exchange));
            }
        };
        let meant = session.req_header().method.clone();
        let errand = gateway.recognise(&pinned.edition, session.req_header_mut(), exchange);
        let mut answer = errand.or_else(|| gateway.decide(&pinned, &session.req_header().into(), exchange, now));
        if exchange.waits() {
            let max_hold = config.decisions.as_ref().map_or(Duration::ZERO, |decisions| decisions.max_hold);
            drop(pinned);
            answer = self.wait(session, exchange, max_hold).await?;
        }
        // Nobody is asked from here, and the answer is read by who sent the question.
        exchange.upstream = None;
        session.req_header_mut().set_method(sent);
        Ok(self.tell(answer, &meant, go_on, session, exchange))
    }

    /// Waits for the verdict to turn, but no longer than whoever asks does.
    async fn wait(
        &self,
        session: &mut Session,
        exchange: &mut Exchange,
        most: Duration,
    ) -> pingora::Result<Option<Answer>> {
        if let Ok(answer) = timeout(most, self.0.wait(session, exchange, None)).await {
            return answer;
        }
        let route = exchange.route().map_or("", |route| &*route.name);
        self.0.metrics.holds.end(route, Ended::TimedOut.as_str(), most);
        exchange.held = Some(most);
        self.0.wait(session, exchange, Some(Ended::TimedOut)).await
    }

    /// The answer to the question, by what was decided.
    fn tell(
        &self,
        answer: Option<Answer>,
        meant: &Method,
        go_on: Option<HeaderValue>,
        session: &Session,
        exchange: &mut Exchange,
    ) -> Answer {
        let decision = exchange.decision;
        // There is nothing to be kept from who asks what may be asked.
        let is_preflight =
            answer.as_ref().is_some_and(|answer| answer.status == StatusCode::NO_CONTENT) && *meant == Method::OPTIONS;
        let passes =
            is_preflight || decision.is_some_and(|it| it.outcome.upstream().is_some() || it.outcome == Outcome::Health);
        if let Some(decision) = decision.filter(|_| passes) {
            if !is_decided_as_sent(&session.req_header().into(), exchange) {
                exchange.error = Some(REWRITTEN.to_owned());
                return say(Saying::BadRequest(REWRITTEN), &session.req_header().into(), exchange);
            }
            if let Some(inquiry) = &mut exchange.asked {
                inquiry.passed = true;
            }
            return pass(&decision, go_on, exchange);
        }
        let rendered_for_head = *meant == Method::HEAD && session.req_header().method != Method::HEAD;
        let answer = match decision.map(|decision| (decision, decision.outcome)) {
            Some((_, Outcome::Stale { otherwise, .. })) => {
                Some(prepared(&session.req_header().into(), exchange, otherwise))
            }
            Some((decision, _)) if rendered_for_head => {
                self.0.answer_by(&decision, &session.req_header().into(), exchange)
            }
            _ => answer,
        };
        let mut answer = match answer {
            // The question was not HEAD.
            Some(answer) if rendered_for_head && decision.is_none() => Answer { length: Some(0), ..answer },
            Some(answer) if !answer.status.is_success() || answer.is_grpc() => answer,
            _ => say(Saying::Updating, &session.req_header().into(), exchange),
        };
        // A gRPC client is refused by 200; it takes 503 for the same, and whoever asks does not take it for a yes.
        if answer.status.is_success() {
            answer.status = StatusCode::SERVICE_UNAVAILABLE;
        }
        answer
    }
}

/// Whether the application gets the path that was decided: who passes a request on from here sends another one where
/// that has dot segments, and who asks passes on what came. How a byte is escaped is no difference.
fn is_decided_as_sent(request: &RequestHead<'_>, exchange: &Exchange) -> bool {
    let same = |decided: &[u8]| percent_decode(decided).eq(percent_decode(request.target));
    exchange.target.as_deref().is_none_or(same)
}

/// Puts what a question is about in its place. Where nginx goes on, if it said so.
fn put(session: &mut Session, exchange: &mut Exchange) -> Result<Option<HeaderValue>, Unclear> {
    if !exchange.client.trusted {
        return Err(STRANGER);
    }
    let request = session.req_header();
    let Question { language, method, target, host, go_on } =
        Question::read(&request.method, request.raw_path(), &request.headers)?;
    exchange.asked = Some(Inquiry { language: language.name, method: method.clone(), passed: false });
    let target = target.into_owned();
    if target.contains(&b'#') || has_fragment(session) {
        return Err(FRAGMENT);
    }
    replace(session.req_header_mut(), method, &target, host)
        .map_err(|_| Unclear("what the question is about is no request: its target or its host is malformed"))?;
    Ok(go_on)
}

/// Whether the request line of the question has a raw `#`, with which pingora cuts it off before anybody sees it.
fn has_fragment(session: &Session) -> bool {
    let head = session.as_http1().map(HttpSession::get_headers_raw_bytes).unwrap_or_default();
    head.split(|byte| *byte == b'\n').next().is_some_and(|line| line.contains(&b'#'))
}

fn replace(
    request: &mut RequestHeader,
    method: Method,
    target: &[u8],
    host: Option<HeaderValue>,
) -> pingora::Result<()> {
    request.set_method(method);
    set_target(request, target)?;
    if let Some(host) = host {
        request.insert_header(header::HOST, host)?;
    }
    Ok(())
}

/// 200, with what the proxy that asks may want to know.
fn pass(decision: &Decision, go_on: Option<HeaderValue>, exchange: &Exchange) -> Answer {
    let route = exchange.edition.route(decision);
    let requirement = needed(decision).and_then(|id| exchange.edition.rules().requirement(id));
    let elsewhere = match decision.outcome {
        Outcome::ForwardElsewhere { upstream, .. } => exchange.edition.upstreams.get(upstream),
        _ => None,
    };
    let degraded = matches!(decision.outcome, Outcome::ForwardElsewhere { .. } | Outcome::ForwardRescued { .. });
    let passed_by = match decision {
        Decision { observed: true, .. } => Some("observe"),
        Decision { operator: true, .. } => Some("operator"),
        Decision { bypassed: Some(_), .. } => Some("bypass"),
        _ => None,
    };
    let told = [
        (&ACTION, Some(action(decision))),
        (&REASON, Some(decision.reason.as_str())),
        (&ROUTE, route.map(|route| &*route.name)),
        (&REQUIREMENT, requirement.map(|requirement| &*requirement.name)),
        (&UPSTREAM, elsewhere.map(Pool::name)),
        (&PASSED_BY, passed_by),
    ];
    let mut headers = vec![(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    headers.extend(told.into_iter().filter_map(|(name, text)| Some((name.clone(), answer::in_header(text?)))));
    headers.extend(route.filter(|_| degraded).map(|route| answer::degraded(&route.name)));
    headers.extend(go_on.map(|location| (GO_ON.clone(), location)));
    Answer { status: StatusCode::OK, headers: headers.into(), length: Some(0), body: Bytes::new() }
}

#[async_trait]
impl ProxyHttp for Asked {
    type CTX = Exchange;

    fn new_ctx(&self) -> Exchange {
        self.0.new_ctx()
    }

    fn init_downstream_modules(&self, modules: &mut HttpModules) {
        self.0.init_downstream_modules(modules);
    }

    async fn request_filter(&self, session: &mut Session, exchange: &mut Exchange) -> pingora::Result<bool> {
        let answer = self.decide(session, exchange).await?;
        self.0.answer(session, exchange, answer, false).await;
        if let Some(Inquiry { method, .. }) = &exchange.asked {
            // The log tells what was meant.
            session.req_header_mut().set_method(method.clone());
        }
        Ok(true)
    }

    async fn upstream_peer(&self, _session: &mut Session, _exchange: &mut Exchange) -> pingora::Result<Box<HttpPeer>> {
        Error::e_explain(ErrorType::InternalError, "a question goes nowhere")
    }

    async fn fail_to_proxy(&self, session: &mut Session, error: &Error, exchange: &mut Exchange) -> FailToProxy {
        self.0.fail_to_proxy(session, error, exchange).await
    }

    async fn logging(&self, session: &mut Session, error: Option<&Error>, exchange: &mut Exchange) {
        let (language, answer) = match &exchange.asked {
            Some(Inquiry { language, passed: true, .. }) => (*language, "pass"),
            Some(Inquiry { language, .. }) => (*language, "refuse"),
            None => ("none", "unclear"),
        };
        self.0.metrics.asked(language, answer);
        self.0.logging(session, error, exchange).await;
    }

    fn suppress_error_log(&self, session: &Session, exchange: &Exchange, error: &Error) -> bool {
        self.0.suppress_error_log(session, exchange, error)
    }

    fn suppress_proxy_warn_log(
        &self,
        session: &Session,
        exchange: &Exchange,
        error: &Error,
        context: ProxyWarnLogContext,
    ) -> bool {
        self.0.suppress_proxy_warn_log(session, exchange, error, context)
    }
}
