//! The phases of a request, as pingora calls them.

use std::any::Any;
use std::ops::Deref;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use gate::{AnswerId, Decision, Host, Method, Moment, Outcome, Verdict};
use http::{StatusCode, Uri, Version, header};
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::modules::http::HttpModules;
use pingora::proxy::{FailToProxy, ProxyHttp, ProxyWarnLogContext, Session, UnderWay};
use pingora::upstreams::peer::HttpPeer;
use pingora::{Error, ErrorType, OrErr};

use super::amendments::Amendments;
use super::bypassed::Warnings;
use super::client::Client;
use super::drain::InFlight;
use super::edition::{Editions, Pinned};
use super::exchange::{Exchange, MAX_ATTEMPTS};
use super::facts::authority;
use super::fail_open::{self, Unchecked};
use super::failure::{self, Failing};
use super::hold::Ended;
use super::intake::{self, Intake};
use super::operator::Visit;
use super::recheck::Instead;
use super::request_id::{self, RequestId};
use super::tenant::{self, RequestTenant};
use super::trace::RequestTrace;
use super::upstreams::{Pool, announce, at_most, without_limit};
use super::window::RequestWindow;
use super::{again, behind, forwarded, hop_by_hop, https_only, operator, own_answer, stale};
use crate::answer::{self, Answer, Saying, UpstreamFailure};
use crate::config::{ClientLimits, Config};
use crate::head::{Fields, RequestHead};
use crate::live::GateReader;
use crate::metrics::Metrics;
use crate::sparing::Sparing;
use crate::symptoms::Symptoms;
use crate::traces::Traces;
use crate::wire::WireRefusal;

/// Decides every request by the live gate, and passes it on or answers it.
pub(super) struct Gateway {
    pub(super) reader: GateReader,
    editions: Arc<Editions>,
    pub(super) metrics: Metrics,
    pub(super) symptoms: Symptoms,
    pub(super) traces: Traces,
    in_flight: InFlight,
    pub(super) blocked: Sparing,
    pub(super) bypassed: Warnings,
    pub(super) unchecked: Sparing,
    pub(super) bad_passes: Sparing,
    pub(super) admitted: Sparing,
    pub(super) headerless: Sparing,
}

/// The gateway in pingora's hands: connections know it as well.
pub(super) struct Phases(pub(super) Arc<Gateway>);

impl Deref for Phases {
    type Target = Gateway;

    fn deref(&self) -> &Gateway {
        &self.0
    }
}

/// pingora's word for a connection that is kept, in seconds: how long that is, is known where it waits.
const KEEP_ALIVE: u64 = 75;

impl Gateway {
    pub(super) fn new(
        reader: GateReader,
        editions: Arc<Editions>,
        metrics: Metrics,
        symptoms: Symptoms,
        traces: Traces,
    ) -> Self {
        Self {
            reader,
            editions,
            metrics,
            symptoms,
            traces,
            in_flight: InFlight::default(),
            blocked: tenant::blocked(),
            bypassed: Warnings::default(),
            unchecked: fail_open::sparing(),
            bad_passes: operator::lines(),
            admitted: operator::lines(),
            headerless: behind::lines(),
        }
    }

    /// What is live, and the edition of the same configuration.
    pub(super) fn pin(&self) -> Pinned {
        self.editions.pin(&self.reader)
    }

    /// How much a client may send, and for how long.
    pub(super) fn limits(&self) -> ClientLimits {
        self.reader.pin().config().limits
    }

    pub(super) fn in_flight(&self) -> InFlight {
        self.in_flight.clone()
    }

    /// Notes who sent a request and what it is called, before anything is decided of it.
    pub(super) fn receive(&self, client: Client, fields: Fields<'_>, exchange: &mut Exchange, now: Moment) {
        self.reader.note_request(now);
        exchange.client = client;
        exchange.id = RequestId::of(fields, client.trusted);
        exchange.trace = RequestTrace::of(fields, &self.traces);
    }

    /// The same of one in pingora's hands.
    pub(super) fn receive_from(&self, session: &mut Session, config: &Config, exchange: &mut Exchange, now: Moment) {
        take_over(session, exchange);
        let client = Client::of(session, &config.listen.trusted_proxies);
        self.receive(client, Fields::Map(&session.req_header().headers), exchange, now);
    }

    /// Decides a request by what is pinned. `None`: it goes to an upstream, or waits.
    pub(super) fn decide(
        &self,
        pinned: &Pinned,
        request: &RequestHead<'_>,
        exchange: &mut Exchange,
        now: Moment,
    ) -> Option<Answer> {
        let Pinned { live: gate, edition } = pinned;
        exchange.move_to(edition);
        let mut facts = match edition.facts(request) {
            Ok(facts) => facts,
            Err(refusal) => {
                exchange.host = Host::parse(authority(request).unwrap_or_default());
                exchange.error = Some(refusal.why().to_owned());
                exchange.refused = Some(refusal.word());
                return Some(say(refusal.saying(), request, exchange));
            }
        };
        if let Some(port) = https_only::is_sent_on(&edition.config, request, &exchange.client) {
            let nowhere = Saying::BadRequest("the host is missing that is asked for by https alone");
            let sent_on = https_only::send_on(port, &facts, request);
            exchange.host = facts.host;
            let answer = sent_on.inspect(|_| exchange.visit = Visit::Errand);
            return Some(answer.unwrap_or_else(|| say(nowhere, request, exchange)));
        }
        facts.read_organisation(request, edition.config.maintenance.organisation.as_ref(), gate);
        let decision = self.admit(gate.decide(&facts.request(), now), gate, exchange);
        if let Some(why) = Unchecked::of(&decision, facts.method.writes(), gate, now) {
            self.note_fail_open((why, &decision), gate, facts.organisation.as_deref(), exchange.id.as_str());
        }
        let health = match decision.outcome {
            Outcome::Health => {
                let client = asking(request, &exchange.id);
                Some(edition.answers.health(gate.worst(now) == Verdict::Ready, facts.asks("strict"), &client))
            }
            _ => None,
        };
        exchange.thoughts.generation = gate.snapshot().generation();
        exchange.tenant = RequestTenant::of(&decision, gate);
        exchange.window = RequestWindow::of(&decision, gate);
        exchange.target = facts.rewritten();
        exchange.host = facts.host;
        self.note_bypass(&decision, gate, exchange);
        let answer = self.follow(decision, request, exchange);
        let answer = answer.map(|answer| operator::tell(answer, gate, exchange));
        self.listen(request, exchange, now);
        health.or(answer)
    }

    /// What is answered here where this was decided. `None`: it goes to an upstream, or waits.
    pub(super) fn answer_by(
        &self,
        decision: &Decision,
        request: &RequestHead<'_>,
        exchange: &Exchange,
    ) -> Option<Answer> {
        match decision.outcome {
            Outcome::Answer(id) => Some(prepared(request, exchange, id)),
            Outcome::Stale { up_to, otherwise } => Some(self.last_good(request, exchange, decision, up_to, otherwise)),
            Outcome::Maintenance { until, .. } => {
                let lasts = until.map(|until| until.since(self.reader.now()));
                let message = exchange.window.as_ref().and_then(RequestWindow::message);
                Some(say(Saying::Maintenance { message, lasts }, request, exchange))
            }
            Outcome::NoRoute => Some(say(Saying::NoRoute, request, exchange)),
            Outcome::Forward(_)
            | Outcome::ForwardRescued { .. }
            | Outcome::ForwardElsewhere { .. }
            | Outcome::Hold(_)
            | Outcome::Health => None,
        }
    }

    /// Does what a decision says that was not made of the request alone. `None` as [`Self::decide`].
    pub(super) fn follow(
        &self,
        decision: Decision,
        request: &RequestHead<'_>,
        exchange: &mut Exchange,
    ) -> Option<Answer> {
        exchange.decision = Some(decision);
        exchange.upstream = decision.outcome.upstream();
        if matches!(decision.outcome, Outcome::Answer(_)) {
            self.note_refusal(&decision, exchange);
        }
        self.answer_by(&decision, request, exchange)
    }

    /// Counts and notes that no server answered.
    pub(super) fn note_failure(&self, why: UpstreamFailure, exchange: &mut Exchange) {
        exchange.failure = Some(why);
        self.metrics.upstream_failure(exchange.pool().map_or("", Pool::name), why.as_str());
    }

    pub(super) async fn answer(&self, session: &mut Session, exchange: &mut Exchange, mut answer: Answer, close: bool) {
        https_only::tell(&mut answer, &exchange.edition.config, &exchange.client);
        let close = close || session.is_process_shutting_down();
        // Before the writing: a client that is slow to read, or still sends, is not our time.
        exchange.answered_after = Some(exchange.began.elapsed());
        if let Err(error) = own_answer::write(session, answer, &exchange.id, close).await {
            exchange.error = Some(error.to_string());
        }
    }
}

#[async_trait]
impl ProxyHttp for Phases {
    type CTX = Exchange;

    fn new_ctx(&self) -> Exchange {
        Exchange::new(Instant::now(), self.pin().edition, self.in_flight())
    }

    /// Connections hand over what they know of a request.
    fn on_connection_reuse(&self, _session: &mut Session, exchange: &mut Exchange, known: Box<dyn Any + Send + Sync>) {
        if let Ok(arrival) = known.downcast() {
            exchange.arrive(*arrival);
        }
    }

    /// None: pingora's compression would cost a lookup on every answer, and answers pass as they are.
    fn init_downstream_modules(&self, _modules: &mut HttpModules) {}

    async fn request_filter(&self, session: &mut Session, exchange: &mut Exchange) -> pingora::Result<bool> {
        if exchange.decision.is_some() {
            // It was, where its head was read.
            take_over(session, exchange);
            return Ok(false);
        }
        let now = self.reader.now();
        let mut answer = {
            let pinned = self.pin();
            self.receive_from(session, &pinned.edition.config, exchange, now);
            // Over HTTP/1 it is measured at the connection.
            let patience = pinned.edition.config.limits.send.patience;
            let is_http2 = session.is_http2();
            session.set_write_timeout(is_http2.then_some(patience));
            let errand = self.recognise(&pinned.edition, session.req_header_mut(), exchange);
            errand.or_else(|| self.decide(&pinned, &session.req_header().into(), exchange, now))
        };
        if answer.is_none()
            && let Some(refusal) = too_large(session, exchange)
        {
            self.answer(session, exchange, refusal, true).await;
            return Ok(true);
        }
        match exchange.waited.take() {
            Some(Ended::Left(error)) => return Err(error.into_down()),
            before if exchange.waits() => answer = self.wait(session, exchange, before).await?,
            _ => {}
        }
        match answer {
            None => Ok(false),
            Some(answer) => {
                self.answer(session, exchange, answer, false).await;
                Ok(true)
            }
        }
    }

    async fn upstream_peer(&self, session: &mut Session, exchange: &mut Exchange) -> pingora::Result<Box<HttpPeer>> {
        self.before_sending_again(session, exchange).await?;
        let choice = exchange.attempts.chosen.take().map_or_else(|| exchange.choose_server(), Ok);
        let choice = choice.map_err(|failure| {
            exchange.failure = Some(failure);
            let mut error = Error::explain(ErrorType::ConnectError, "no server to go to").into_up();
            error.set_retry(again::look_before_giving_up(session, &error, exchange));
            error
        })?;
        let mut peer = Box::new(choice.peer().clone());
        let upgrades = session.is_upgrade_req();
        if upgrades {
            // No WebSocket over HTTP/2 here: the handshake is one of HTTP/1.1.
            peer.options.set_http_version(1, 1);
        }
        if let Some(version) = exchange.pool().and_then(Pool::proxy_protocol) {
            let ends = forwarded::ends(session, &exchange.client, &exchange.edition.config.listen.trusted_proxies);
            announce(&mut peer, version, ends);
        }
        let is_open_ended = upgrades || streams(Fields::Map(&session.req_header().headers));
        // Over HTTP/1 it is measured at the connection.
        let pace = exchange.edition.config.limits.body.filter(|_| session.is_http2() && !is_open_ended);
        exchange.intake = Intake::new(pace);
        if is_open_ended {
            without_limit(&mut peer);
        } else {
            let total = exchange.pool().and_then(Pool::total_timeout);
            let left = exchange.attempts.left(total).map_err(|mut error| {
                error.set_retry(again::look_before_giving_up(session, &error, exchange));
                error
            })?;
            if let Some(left) = left {
                at_most(&mut peer, left);
            }
            if exchange.attempts.sent.as_ref().is_some_and(|sent| sent.was_silent) {
                at_most(&mut peer, Duration::ZERO);
            }
        }
        Ok(peer)
    }

    fn under_way(&self, _session: &mut Session, exchange: &mut Exchange) -> Option<UnderWay> {
        exchange.attempts.sent.take().map(|sent| sent.under_way)
    }

    async fn request_body_filter(
        &self,
        session: &mut Session,
        body: &mut Option<Bytes>,
        _end_of_stream: bool,
        exchange: &mut Exchange,
    ) -> pingora::Result<()> {
        let Some(piece) = body.as_ref().filter(|_| !session.was_upgraded()) else { return Ok(()) };
        exchange.intake.take(piece.len(), exchange.edition.config.limits.body_bytes)
    }

    fn request_body_timeout(&self, _session: &Session, exchange: &Exchange) -> Option<Duration> {
        exchange.intake.patience()
    }

    async fn upstream_request_filter(
        &self,
        session: &mut Session,
        request: &mut RequestHeader,
        exchange: &mut Exchange,
    ) -> pingora::Result<()> {
        Amendments::of(&session.req_header().into(), exchange).make(request)?;
        match &exchange.target {
            Some(target) => set_target(request, target),
            None => Ok(()),
        }
    }

    fn fail_to_connect(
        &self,
        session: &mut Session,
        peer: &HttpPeer,
        exchange: &mut Exchange,
        mut error: Box<Error>,
    ) -> Box<Error> {
        // Nothing was sent, so that any method may be tried elsewhere.
        let edition = Arc::clone(&exchange.edition);
        let Some(pool) = exchange.upstream.and_then(|id| edition.upstreams.get(id)) else { return error };
        self.metrics.connect_failure(pool.name());
        exchange.trace.attempt_is_over(Some("connection_refused"));
        pool.could_not_connect(&peer._address, &error.root_cause().to_string());
        exchange.attempts.failed.push(peer._address.clone());
        let others = pool.has_other_than(&exchange.attempts.failed) && exchange.attempts.count < MAX_ATTEMPTS;
        error.as_up();
        error.set_retry(others || again::look_before_giving_up(session, &error, exchange));
        error
    }

    fn error_while_proxy(
        &self,
        peer: &HttpPeer,
        session: &mut Session,
        error: Box<Error>,
        exchange: &mut Exchange,
        reused: bool,
    ) -> Box<Error> {
        exchange.thoughts.release(session);
        exchange.trace.attempt_is_over(Some("connection_terminated"));
        let mut error = error.more_context(format!("server {}", peer._address));
        error.retry.decide_reuse(reused);
        let again = match (&exchange.again, &exchange.instead) {
            (Some(_), _) => true,
            (None, Some(_)) => false,
            (None, None) => {
                again::try_another(peer, session, &error, exchange, reused)
                    || again::look_before_giving_up(session, &error, exchange)
            }
        };
        error.set_retry(again);
        error
    }

    async fn upstream_response_filter(
        &self,
        session: &mut Session,
        answer: &mut ResponseHeader,
        exchange: &mut Exchange,
    ) -> pingora::Result<()> {
        exchange.trace.answered(answer.status);
        stale::note_answer(answer, session, exchange);
        if answer.status.is_server_error() { self.weigh(answer, session, exchange).await } else { Ok(()) }
    }

    fn upstream_response_body_filter(
        &self,
        session: &mut Session,
        part: &mut Option<Bytes>,
        end: bool,
        exchange: &mut Exchange,
    ) -> pingora::Result<Option<Duration>> {
        exchange.attempts.goes_on()?;
        self.read_on(part.as_ref(), end, session, exchange).map(|()| None)
    }

    async fn response_filter(
        &self,
        session: &mut Session,
        answer: &mut ResponseHeader,
        exchange: &mut Exchange,
    ) -> pingora::Result<()> {
        let switches = answer.status == StatusCode::SWITCHING_PROTOCOLS;
        if answer.status.is_informational() && !switches {
            return Ok(());
        }
        exchange.header_after = Some(exchange.began.elapsed());
        if switches {
            exchange.switches();
            return Ok(());
        }
        hop_by_hop::remove(answer);
        for (name, value) in exchange.told_with_answers() {
            answer.insert_header(name, value)?;
        }
        if session.req_header().version == Version::HTTP_10
            && answer.remove_header(&header::TRANSFER_ENCODING).is_some()
        {
            // HTTP/1.0 knows no chunks: the end of the connection is the end of the answer.
            exchange.keeps_alive = false;
            session.set_keepalive(None);
        }
        if !answer.headers.contains_key(request_id::HEADER) {
            answer.insert_header(request_id::NAME, exchange.id.value())?;
        }
        if session.is_process_shutting_down() {
            session.set_keepalive(None);
        } else if exchange.keeps_alive && session.is_body_done() {
            // pingora gave the connection up when a 100 went out before the body had come.
            session.set_keepalive(Some(KEEP_ALIVE));
        }
        // Last: what is set above is the real connection's.
        exchange.thoughts.hold(session);
        Ok(())
    }

    fn response_body_filter(
        &self,
        _session: &mut Session,
        body: &mut Option<Bytes>,
        _end_of_stream: bool,
        exchange: &mut Exchange,
    ) -> pingora::Result<Option<Duration>> {
        if let Some(piece) = body {
            stale::note_body(piece, exchange);
        }
        Ok(None)
    }

    async fn fail_to_proxy(&self, session: &mut Session, error: &Error, exchange: &mut Exchange) -> FailToProxy {
        exchange.thoughts.release(session);
        if let Some(answer) = exchange.instead.take() {
            self.answer(session, exchange, *answer, true).await;
            return told(session);
        }
        let saying = match failure::read(error) {
            Failing::Gone => {
                exchange.error = Some("the client left".to_owned());
                None
            }
            Failing::Request(why) => {
                exchange.error = Some(error.to_string());
                Some(Saying::BadRequest(why))
            }
            Failing::Wire(refusal) => {
                exchange.error = Some(refusal.to_string());
                exchange.refused = Some(refusal.word());
                Some(Saying::Wire(refusal))
            }
            Failing::Upstream(read) => {
                exchange.error = Some(error.to_string());
                let why = exchange.attempts.why(read, exchange.failure);
                self.note_failure(why, exchange);
                Some(Saying::Upstream(why))
            }
        };
        if let Some(saying) = saying.filter(|_| !own_answer::is_begun(session)) {
            // It is too late to send it once more.
            exchange.attempts.spent.again = true;
            let instead = match saying {
                Saying::Upstream(why) if !exchange.attempts.spent.look => {
                    self.instead_of_none(why, session, exchange).await
                }
                _ => None,
            };
            let answer = match instead {
                Some(Instead::Answer(answer)) => answer,
                Some(Instead::Again(_)) | None => say(saying, &session.req_header().into(), exchange),
            };
            self.answer(session, exchange, answer, true).await;
        }
        told(session)
    }

    async fn logging(&self, session: &mut Session, error: Option<&Error>, exchange: &mut Exchange) {
        exchange.thoughts.release(session);
        self.keep(error.is_none(), exchange);
        let status = sent_status(session);
        self.settle(status, session, exchange);
        self.note_end(&session.req_header().into(), status, session.body_bytes_sent(), exchange);
    }

    /// The access log tells every error, once.
    fn suppress_error_log(&self, _session: &Session, _exchange: &Exchange, _error: &Error) -> bool {
        true
    }

    fn suppress_proxy_warn_log(
        &self,
        _session: &Session,
        _exchange: &Exchange,
        _error: &Error,
        _context: ProxyWarnLogContext,
    ) -> bool {
        true
    }
}

/// Notes what pingora alone knows of a request.
fn take_over(session: &mut Session, exchange: &mut Exchange) {
    exchange.keeps_alive = session.get_keepalive().is_some();
    if exchange.keeps_alive {
        session.set_keepalive(Some(KEEP_ALIVE));
    }
    exchange.has_body = !session.is_body_empty();
}

/// The refusal of a request whose header says that its body is larger than it may be. Nothing was decided then.
fn too_large(session: &Session, exchange: &mut Exchange) -> Option<Answer> {
    if !intake::is_too_large(session.req_header(), exchange.edition.config.limits.body_bytes) {
        return None;
    }
    let refusal = WireRefusal::BodyTooLarge;
    (exchange.decision, exchange.upstream) = (None, None);
    exchange.error = Some(refusal.to_string());
    exchange.refused = Some(refusal.word());
    Some(say(Saying::Wire(refusal), &session.req_header().into(), exchange))
}

/// A failure that the client was told of, if there was still a way to.
fn told(session: &Session) -> FailToProxy {
    FailToProxy { error_code: sent_status(session), can_reuse_downstream: false }
}

/// What the client was sent; 0 if nothing.
fn sent_status(session: &Session) -> u16 {
    session.response_written().map_or(0, |written| written.status.as_u16())
}

/// The method that was sent; a decision looks at the one of the facts, which a preflight asks for.
pub(super) fn sent_method(session: &Session) -> Method<'_> {
    Method::new(session.req_header().method.as_str())
}

/// A prepared answer for whoever sent the request.
pub(super) fn prepared(request: &RequestHead<'_>, exchange: &Exchange, id: AnswerId) -> Answer {
    say(Saying::Route(id), request, exchange)
}

/// An answer of our own for whoever sent the request.
pub(super) fn say(saying: Saying<'_>, request: &RequestHead<'_>, exchange: &Exchange) -> Answer {
    exchange.edition.answers.answer(saying, &asking(request, &exchange.id))
}

/// What an answer of our own depends on.
pub(super) fn asking<'r>(request: &RequestHead<'r>, id: &'r RequestId) -> answer::Client<'r> {
    answer::Client { method: request.method, fields: request.fields, path: request.path, request_id: id.as_bytes() }
}

/// Whether a request asks for an answer without an end: silence in it is no failure.
pub(super) fn streams(fields: Fields<'_>) -> bool {
    fields.texts(&header::ACCEPT).any(|accepted| accepted.contains("text/event-stream"))
        || fields.text(&header::CONTENT_TYPE).is_some_and(|kind| kind.starts_with("application/grpc"))
}

/// Puts another target in the place of the one that came; the authority stays.
pub(super) fn set_target(request: &mut RequestHeader, target: &[u8]) -> pingora::Result<()> {
    if request.uri.authority().is_none() || request.version != Version::HTTP_2 {
        return request.set_raw_path(target);
    }
    let mut parts = request.uri.clone().into_parts();
    parts.path_and_query =
        Some(target.try_into().or_err(ErrorType::InvalidHTTPHeader, "the path without dot segments")?);
    let uri = Uri::from_parts(parts).or_err(ErrorType::InvalidHTTPHeader, "the path without dot segments")?;
    request.set_uri(uri);
    Ok(())
}
