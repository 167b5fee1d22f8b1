//! Operators among those who come in: by a pass, or by their address.

use std::time::{Duration, Instant};

use bytes::Bytes;
use gate::{Decision, Gate, Host, OperatorScope, Reason};
use http::{HeaderValue, Method, StatusCode, header};
use jiff::Timestamp;
use pingora::http::RequestHeader;
use tracing::{info, warn};

use super::client::Client;
use super::edition::Edition;
use super::exchange::Exchange;
use super::facts::authority;
use super::forwarded;
use super::gateway::{Gateway, set_target};
use super::pass_marks::{self, Brought};
use super::window::RequestWindow;
use crate::answer::{Answer, for_operators};
use crate::config::Config;
use crate::head::{Fields, RequestHead};
use crate::pass::{NAME, Pass, PassKey};
use crate::sparing::Sparing;

/// Cookies of a pass's name that are looked at; a browser sends one for each path it was set for.
const COOKIES: usize = 4;

/// Lines in a period of which there is otherwise one for each request.
const LINES: u32 = 20;
const PERIOD: Duration = Duration::from_secs(60);

pub(super) const fn lines() -> Sparing {
    Sparing::new(LINES, PERIOD)
}

/// An operator, as far as it is known.
#[derive(Debug, Clone)]
pub(super) struct Operator {
    /// The pass's id; `address` for those who need none.
    pub(super) id: Box<str>,
    routes: Box<[Box<str>]>,
    reason: Option<Box<str>>,
}

impl Operator {
    pub(super) const fn scope(&self) -> OperatorScope<'_> {
        OperatorScope { routes: &self.routes }
    }
}

impl From<Pass> for Operator {
    fn from(pass: Pass) -> Self {
        Self { id: pass.id, routes: pass.routes, reason: pass.reason }
    }
}

/// As whom a request comes.
#[derive(Debug, Clone, Default)]
pub(super) enum Visit {
    /// As anybody.
    #[default]
    Anybody,
    /// As an operator.
    Operator(Operator),
    /// For a pass alone, or by a way that leads to another; nothing else is decided.
    Errand,
}

impl Visit {
    pub(super) const fn operator(&self) -> Option<&Operator> {
        if let Self::Operator(operator) = self { Some(operator) } else { None }
    }

    pub(super) const fn is_errand(&self) -> bool {
        matches!(self, Self::Errand)
    }
}

impl Exchange {
    /// Whether what fails is an operator's to see.
    pub(super) fn shows_failures(&self) -> bool {
        self.visit.operator().zip(self.route()).is_some_and(|(operator, route)| operator.scope().covers(&route.name))
    }
}

/// Whether an operator asks. Nothing is noted and nothing counted.
pub(super) fn is_operators(edition: &Edition, request: &RequestHead<'_>, client: &Client) -> bool {
    let has_pass = |key: &PassKey| {
        let texts = pass_marks::texts(request);
        texts.iter().take(COOKIES).any(|text| key.read(text, Timestamp::now().as_second()).is_ok())
    };
    comes_from_operators(&edition.config, request, client) || edition.pass_key.as_ref().is_some_and(has_pass)
}

/// Whether an operator may be asking: who comes from where they do, or brings anything that may be a pass.
pub(super) fn may_be_operators(edition: &Edition, request: &RequestHead<'_>, client: &Client) -> bool {
    comes_from_operators(&edition.config, request, client)
        || (edition.pass_key.is_some() && !pass_marks::texts(request).is_empty())
}

fn comes_from_operators(config: &Config, request: &RequestHead<'_>, client: &Client) -> bool {
    let from = &config.operators.from;
    let asks = || forwarded::asks(request.fields, client, &config.listen.trusted_proxies);
    !from.is_empty() && asks().is_some_and(|address| from.iter().any(|range| range.contains(&address)))
}

impl Gateway {
    /// Notes whether an operator asks, and takes every trace of a pass off the request, so that no backend sees it. An
    /// answer where a pass's link was followed.
    pub(super) fn recognise(
        &self,
        edition: &Edition,
        request: &mut RequestHeader,
        exchange: &mut Exchange,
    ) -> Option<Answer> {
        if let Some(key) = &edition.pass_key {
            let by_cookie = pass_marks::take_cookies(request);
            let mut pass = None;
            if let Some(brought) = pass_marks::in_query(request.raw_path()) {
                // What does not become a target stays as it came; it is refused as malformed.
                let _ = set_target(request, &brought.target);
                pass = self.read(key, &brought.text, exchange);
                let follows = matches!(request.method, Method::GET | Method::HEAD)
                    && !request.headers.contains_key(header::UPGRADE);
                if follows && (pass.is_some() || brought.text.is_empty()) {
                    exchange.host = Host::parse(authority(&RequestHead::from(&*request)).unwrap_or_default());
                    return Some(self.follow_link(&brought, pass.as_ref(), request, exchange));
                }
            }
            let pass = pass.or_else(|| by_cookie.iter().take(COOKIES).find_map(|text| self.read(key, text, exchange)));
            exchange.visit = pass.map_or(Visit::Anybody, |pass| Visit::Operator(pass.into()));
        }
        let config = &edition.config;
        if exchange.visit.operator().is_none()
            && comes_from_operators(config, &RequestHead::from(&*request), &exchange.client)
        {
            let routes = config.operators.routes.clone().into();
            exchange.visit = Visit::Operator(Operator { id: "address".into(), routes, reason: None });
        }
        None
    }

    /// Leads to what was asked for, without the pass; the browser keeps it in a cookie, or forgets the one it has.
    fn follow_link(
        &self,
        brought: &Brought,
        pass: Option<&Pass>,
        request: &RequestHeader,
        exchange: &mut Exchange,
    ) -> Answer {
        exchange.visit = Visit::Errand;
        let age = pass.map_or(0, |pass| pass.until.saturating_sub(Timestamp::now().as_second()).max(0));
        if let Some(pass) = pass {
            self.metrics.operators.pass("accepted");
            info!(
                target: "schemagate::operator",
                pass = &*pass.id,
                why = pass.reason.as_deref(),
                seconds = age,
                client = exchange.client.address.map(tracing::field::display),
                "an operator's pass was accepted",
            );
        }
        let secure =
            if forwarded::came_encrypted(Fields::Map(&request.headers), &exchange.client) { "; Secure" } else { "" };
        let cookie = format!("{NAME}={}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}", brought.text);
        let location = HeaderValue::from_bytes(&pass_marks::own_path(&brought.target));
        let mut headers = vec![
            (header::LOCATION, location.unwrap_or(HeaderValue::from_static("/"))),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
            (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        ];
        headers.extend(HeaderValue::try_from(cookie).ok().map(|cookie| (header::SET_COOKIE, cookie)));
        Answer::new(StatusCode::SEE_OTHER, headers.into(), Bytes::new(), &request.method)
    }

    /// The pass that a text is; what is none is counted and, sparingly, told of.
    fn read(&self, key: &PassKey, text: &str, exchange: &Exchange) -> Option<Pass> {
        if text.is_empty() {
            return None;
        }
        let error = match key.read(text, Timestamp::now().as_second()) {
            Ok(pass) => return Some(pass),
            Err(error) => error,
        };
        self.metrics.operators.pass(error.as_str());
        if let Some(unsaid) = self.bad_passes.may_say(Instant::now()) {
            let client = exchange.client.address.map(tracing::field::display);
            warn!(target: "schemagate::operator", client, unsaid, "an operator's pass was not accepted: {error}");
        }
        None
    }

    /// The decision on a request as an operator's, if it is one's.
    pub(super) fn admit(&self, decision: Decision, gate: &Gate, exchange: &Exchange) -> Decision {
        let Some(operator) = exchange.visit.operator() else { return decision };
        let admitted = gate.admit(decision, operator.scope());
        if !admitted.operator {
            return admitted;
        }
        let route = admitted.route.and_then(|id| gate.rules().route(id)).map_or("none", |route| &*route.name);
        self.metrics.operators.request(route);
        if let Some(unsaid) = self.admitted.may_say(Instant::now()) {
            warn!(
                target: "schemagate::operator",
                pass = &*operator.id,
                why = operator.reason.as_deref(),
                route,
                action = admitted.action.as_str(),
                reason = admitted.reason.as_str(),
                request_id = exchange.id.as_str(),
                unsaid,
                "ADMITTED an operator's request that would have got {}",
                admitted.action,
            );
        }
        admitted
    }
}

/// A refusal as an operator gets it whose pass is not good for the route: with what is wrong, which nobody else is told.
pub(super) fn tell(answer: Answer, gate: &Gate, exchange: &Exchange) -> Answer {
    let (Some(_), Some(decision)) = (exchange.visit.operator(), &exchange.decision) else { return answer };
    match wrong(decision, gate, exchange) {
        lines if lines.is_empty() => answer,
        lines => for_operators(answer, &lines),
    }
}

/// What keeps a request out, for operators.
fn wrong(decision: &Decision, gate: &Gate, exchange: &Exchange) -> Vec<String> {
    let route = exchange.edition.route(decision).map_or("", |route| &*route.name);
    let scope = format!("the pass is not good for the route {route}");
    match decision.reason {
        Reason::Need { requirement: id, verdict } => {
            let name = gate.rules().requirement(id).map_or("", |requirement| &*requirement.name);
            let mut lines = vec![scope, format!("{name} is {verdict}")];
            let findings = gate.snapshot().judgement(id).map(|judgement| &*judgement.findings).unwrap_or_default();
            lines.extend(findings.iter().map(ToString::to_string));
            lines.extend(exchange.tenant.as_ref().into_iter().flat_map(|tenant| tenant.findings(id)));
            lines.extend(exchange.edition.config.mend(id, verdict).map(|mend| format!("to mend it: {mend}")));
            lines
        }
        Reason::Window(_) => {
            let window = exchange.window.as_ref().and_then(RequestWindow::window);
            vec![scope, format!("the maintenance window {} is open", window.map_or("", |window| &*window.name))]
        }
        Reason::UnknownTenant => vec![scope, "the request names no tenant that there is".to_owned()],
        _ => Vec::new(),
    }
}
