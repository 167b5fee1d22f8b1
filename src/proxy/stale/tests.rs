//! One house for the tests: a store, and requests that go through it as the gateway sends them.

mod bounds;
mod giving;
mod keys;
mod nobody_elses;
mod storing;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gate::{Host, Moment};
use http::{HeaderName, HeaderValue};
use pingora::http::{RequestHeader, ResponseHeader};

use super::keeping::Fate;
use super::kept::Kept;
use super::key::Key;
use super::{Asked, Keeping, Store, Unfit};
use crate::config::{StaleKey, StaleStore};
use crate::metrics::Metrics;
use crate::proxy::client::Client;
use crate::proxy::facts::authority;

const HOUR: Duration = Duration::from_secs(3600);
const MIB: usize = 1 << 20;

/// A request of a test.
#[derive(Debug, Clone)]
struct Requested {
    header: RequestHeader,
    client: Client,
    route: &'static str,
    upstream: &'static str,
    tenant: Option<&'static str>,
    has_body: bool,
}

/// What a backend answers.
#[derive(Debug, Clone)]
struct Answered {
    header: ResponseHeader,
    body: Bytes,
}

fn metrics() -> Metrics {
    Metrics::new().expect("metrics")
}

fn store() -> Store {
    store_of(64 * MIB, MIB)
}

fn store_of(max_bytes: usize, max_answer_bytes: usize) -> Store {
    Store::new(&StaleStore { max_bytes, max_answer_bytes }, HOUR, metrics())
}

fn at(seconds: u64) -> Moment {
    Moment::from_origin(Duration::from_secs(seconds))
}

fn naming(names: &[&'static str]) -> StaleKey {
    StaleKey { names: names.iter().map(|name| HeaderName::from_static(name)).collect(), ignores: Vec::new() }
}

fn ignoring(names: &[&'static str]) -> StaleKey {
    StaleKey { ignores: naming(names).names, names: Vec::new() }
}

impl Requested {
    fn new(method: &str, target: &str, headers: &[(&str, &str)]) -> Self {
        let mut header = RequestHeader::build(method, target.as_bytes(), None).expect("a request");
        for (name, value) in headers {
            let value = HeaderValue::from_bytes(value.as_bytes()).expect("a value");
            header.append_header((*name).to_owned(), value).expect("a header");
        }
        let client = Client { address: "192.0.2.1".parse().ok(), trusted: true, tls: false };
        Self { header, client, route: "orders", upstream: "api", tenant: None, has_body: false }
    }

    fn get(headers: &[(&str, &str)]) -> Self {
        Self::new("GET", "/orders", &[&[("host", "a.example")], headers].concat())
    }

    fn asked<'a>(&'a self, key: &'a StaleKey) -> Asked<'a> {
        Asked {
            request: (&self.header).into(),
            has_body: self.has_body,
            target: self.header.raw_path(),
            client: &self.client,
            route: self.route,
            upstream: self.upstream,
            tenant: self.tenant,
            key,
        }
    }

    fn key(&self, key: &StaleKey) -> Result<Key, Unfit> {
        self.asked(key).key()
    }

    fn host(&self) -> Host {
        Host::parse(authority(&(&self.header).into()).unwrap_or_default())
    }
}

impl Answered {
    fn new(status: u16, headers: &[(&str, &str)], body: &str) -> Self {
        let mut header = ResponseHeader::build(status, None).expect("an answer");
        for (name, value) in headers {
            header.append_header((*name).to_owned(), *value).expect("a header");
        }
        Self { header, body: Bytes::copy_from_slice(body.as_bytes()) }
    }

    /// 200, with its length.
    fn good(headers: &[(&str, &str)], body: &str) -> Self {
        let length = body.len().to_string();
        Self::new(200, &[&[("content-length", length.as_str())], headers].concat(), body)
    }
}

/// Asks the backend while the route is ready, at `now`.
fn exchange(store: &Store, key: &StaleKey, request: &Requested, answer: &Answered, now: Moment) -> Fate {
    let epoch = store.epoch(&request.host(), request.header.raw_path());
    let mut keeping = match Keeping::begin(&request.asked(key), epoch, now, store) {
        Ok(keeping) => keeping,
        Err(why) => return Fate::Unfit(why),
    };
    keeping.header(&answer.header, key, store);
    for piece in answer.body.chunks(7) {
        keeping.body(&Bytes::copy_from_slice(piece), store);
    }
    keeping.end(true, true, key, store)
}

/// Asks while a need is unmet, at `now`.
fn stale(store: &Store, key: &StaleKey, request: &Requested, now: Moment) -> Result<Arc<Kept>, Unfit> {
    store.get(&request.key(key)?, now, HOUR)
}

fn text(kept: &Kept, request: &Requested, now: Moment) -> String {
    let answer = kept.answer(&(&request.header).into(), request.route, now);
    String::from_utf8(answer.body.to_vec()).expect("text")
}
