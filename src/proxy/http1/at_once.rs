//! A request that is refused where its head was read.
//!
//! A refusal asks no server, and what pingora makes for a request that does is most of what it costs. While refusals go
//! out, heads are looked at here first; those that pass lose no more by it than a second decision.

use std::time::Instant;

use gate::{Host, Method, Moment, Outcome, Request, Target};
use http::{HeaderName, HeaderValue, header};
use pingora::http::RequestHeader;
use tokio::io::AsyncWriteExt;

use super::incoming::Incoming;
use super::written::written;
use crate::answer::Answer;
use crate::proxy::client::Client;
use crate::proxy::edition::Pinned;
use crate::proxy::exchange::Exchange;
use crate::proxy::gateway::Gateway;
use crate::proxy::{https_only, operator};
use crate::wire::{Body, Head, Parts};

/// A request with what it gets.
struct Refusal {
    request: RequestHeader,
    exchange: Exchange,
    answer: Answer,
}

impl Gateway {
    /// Refuses a request, if it is refused by what is known, and by its head alone: `None` where it is not, and nothing
    /// happened. Otherwise whether it could be told, and another request may come on its connection.
    pub(super) async fn refuse_at_once(&self, incoming: &mut Incoming, head: &[u8], what: Head) -> Option<bool> {
        if what.body != Body::Length(0) || what.upgrade {
            return None;
        }
        let Refusal { request, mut exchange, answer } = self.refused(incoming, head)?;
        exchange.answered_after = Some(exchange.began.elapsed());
        let (status, bytes) = (answer.status.as_u16(), answer.body.len());
        let sent = async {
            incoming.write_all(&written(&answer, &exchange.id, true)).await?;
            incoming.flush().await
        };
        let sent = sent.await;
        exchange.error = sent.as_ref().err().map(ToString::to_string);
        self.note_end(&request, status, bytes, &mut exchange);
        Some(sent.is_ok())
    }

    fn refused(&self, incoming: &Incoming, head: &[u8]) -> Option<Refusal> {
        let (began, now) = (Instant::now(), self.reader.now());
        let pinned = self.pin();
        let config = &pinned.edition.config;
        let parts = Parts::of(head).filter(|parts| is_refused(parts, &pinned, now))?;
        let request = request(&parts)?;
        let client = Client::behind(incoming, &config.listen.trusted_proxies);
        // Who comes as an operator is decided otherwise, and a redirect to https goes before a refusal.
        if !asks_for_no_more(&request)
            || operator::may_be_operators(&pinned.edition, &request, &client)
            || https_only::is_sent_on(config, &request, &client).is_some()
        {
            return None;
        }
        let mut exchange = Exchange::new(pinned.edition.clone(), self.in_flight());
        exchange.began = began;
        self.receive(client, &request.headers, &mut exchange, now);
        let mut answer = self.decide(&pinned, &request, head, &mut exchange, now)?;
        https_only::tell(&mut answer, config, &client);
        self.refusing.note(now);
        Some(Refusal { request, exchange, answer })
    }
}

/// Whether a request is refused whoever sends it and whatever else it says.
fn is_refused(parts: &Parts<'_>, Pinned { live, edition }: &Pinned, now: Moment) -> bool {
    let path = parts.target.split('?').next().unwrap_or_default();
    // What is asked for before a request that crosses origins is decided by more; so is whose a request is, where a
    // header says so. Connections over HTTP/1.0 end otherwise.
    if parts.version != "HTTP/1.1"
        || parts.method == "OPTIONS"
        || edition.config.tenant_header.is_some()
        || !path.starts_with('/')
    {
        return false;
    }
    let host = Host::parse(parts.host().unwrap_or_default());
    let Ok(target) = Target::parse(path.as_bytes(), edition.rules().matching_form()) else { return false };
    let method = Method::new(parts.method);
    let asked = Request { host: &host, target: &target, method, tenant: None, organisation: None };
    matches!(live.decide(&asked, now).outcome, Outcome::Answer(_) | Outcome::Maintenance { .. } | Outcome::NoRoute)
}

fn request(parts: &Parts<'_>) -> Option<RequestHeader> {
    let (mut request, ()) = http::Request::new(()).into_parts();
    request.method = parts.method.parse().ok()?;
    // A browser sends some fifteen.
    request.headers.reserve(24);
    for (name, value) in parts.fields() {
        request.headers.append(HeaderName::from_bytes(name).ok()?, HeaderValue::from_bytes(value).ok()?);
    }
    let mut request = RequestHeader::from(request);
    request.set_raw_path(parts.target.as_bytes()).ok()?;
    Some(request)
}

/// Whether a request says nothing of what comes after it but what every client says.
fn asks_for_no_more(request: &RequestHeader) -> bool {
    let stays = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"keep-alive");
    !request.headers.contains_key(header::EXPECT) && request.headers.get_all(header::CONNECTION).iter().all(stays)
}
