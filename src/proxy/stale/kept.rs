//! An answer that was kept, and how it is given.

use std::mem::size_of;
use std::time::Duration;

use bytes::Bytes;
use gate::Moment;
use http::{HeaderName, HeaderValue, StatusCode, header};
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::protocols::http::conditional_filter::not_modified_filter;

use super::lifetime::{Lifetime, speaks_to_caches};
use super::place::Epoch;
use super::unfit::Unfit;
use crate::answer::{self, Answer};
use crate::head::RequestHead;
use crate::proxy::hop_by_hop::{KEEP_ALIVE, PROXY_CONNECTION};
use crate::proxy::request_id;

/// An answer that was kept. It shares no memory with the connection that it came over.
#[derive(Debug)]
pub(in crate::proxy) struct Kept {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
    /// When it was asked for: it is no younger than that.
    pub(super) began: Moment,
    pub(super) lifetime: Lifetime,
    /// What it was a good answer in.
    pub(super) epoch: Epoch,
}

/// What one entry takes besides header and body: the key, links, a slot of the table and what the
/// allocator needs for each of them.
const ENTRY: usize = 512;
/// What one header takes besides its letters.
const HEADER: usize = size_of::<(HeaderName, HeaderValue)>() + 2 * ALLOCATION;
const ALLOCATION: usize = 40;

/// Headers that belong to one exchange, or are said anew.
const OWN: [HeaderName; 10] = [
    header::CONNECTION,
    KEEP_ALIVE,
    PROXY_CONNECTION,
    header::TRANSFER_ENCODING,
    header::TE,
    header::TRAILER,
    header::UPGRADE,
    header::CONTENT_LENGTH,
    header::AGE,
    request_id::HEADER,
];

/// Headers that tell of the body, which a 304 has not.
const OF_THE_BODY: [HeaderName; 4] =
    [header::CONTENT_TYPE, header::CONTENT_ENCODING, header::CONTENT_LANGUAGE, header::CONTENT_LENGTH];

const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");

impl Kept {
    /// Copies an answer. `began`: when it was asked for.
    pub(super) fn new(answer: &ResponseHeader, body: Vec<u8>, began: Moment, lifetime: Lifetime, epoch: Epoch) -> Self {
        let kept = answer.headers.iter().filter(|(name, _)| !OWN.contains(name) && !speaks_to_caches(name));
        Self {
            status: answer.status,
            headers: kept.filter_map(|(name, value)| Some((name.clone(), copy(value)?))).collect(),
            body: Bytes::from(body.into_boxed_slice()),
            began,
            lifetime,
            epoch,
        }
    }

    /// The same answer, found unchanged by a request that began at `began`.
    pub(super) fn refreshed(&self, began: Moment, lifetime: Lifetime, epoch: Epoch) -> Self {
        let (headers, body) = (self.headers.clone(), self.body.clone());
        Self { status: self.status, headers, body, began, lifetime, epoch }
    }

    /// Bytes of memory that it takes, and its entry.
    pub(super) fn weight(&self) -> usize {
        let letters: usize = self.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        ENTRY + self.headers.capacity() * HEADER + letters + self.body.len()
    }

    /// How long ago it was generated, at most.
    pub(super) fn age(&self, now: Moment) -> Duration {
        self.lifetime.age.saturating_add(now.since(self.began))
    }

    /// Whether it may be given at `now`, where the operator lets it be `up_to` old.
    pub(super) fn is_good(&self, now: Moment, up_to: Duration) -> bool {
        let age = self.age(now);
        age <= up_to && self.lifetime.limit.is_none_or(|limit| age <= limit)
    }

    /// Its entity tag.
    pub(super) fn etag(&self) -> Option<&HeaderValue> {
        self.headers.iter().find(|(name, _)| *name == header::ETAG).map(|(_, value)| value)
    }

    /// The answer to a request for the same: marked, and not to be kept by anybody. HEAD is told what
    /// GET would get, and who has it already is told that.
    pub(in crate::proxy) fn answer(&self, request: &RequestHead<'_>, route: &str, now: Moment) -> Answer {
        let unchanged = self.is_unchanged_for(request);
        let status = if unchanged { StatusCode::NOT_MODIFIED } else { self.status };
        let mut headers = Vec::with_capacity(self.headers.len() + 4);
        headers.extend(self.headers.iter().filter(|(name, _)| !unchanged || !OF_THE_BODY.contains(name)).cloned());
        let age = self.age(now);
        headers.push((header::AGE, HeaderValue::from(age.as_secs())));
        headers.push((header::CACHE_CONTROL, HeaderValue::from_static("no-store")));
        headers.push((CACHE_STATUS, hit(self.lifetime.fresh, age)));
        headers.push(answer::degraded(route));
        Answer::new(status, headers.into(), self.body.clone(), request.method)
    }

    /// Whether the client has this very answer already.
    fn is_unchanged_for(&self, request: &RequestHead<'_>) -> bool {
        let asks = [header::IF_NONE_MATCH, header::IF_MODIFIED_SINCE];
        if !asks.iter().any(|name| request.fields.has(name)) {
            return false;
        }
        let Ok(mut asking) = RequestHeader::build(request.method.clone(), b"/", None) else { return false };
        for name in &asks {
            for value in request.fields.all(name) {
                let _ = asking.append_header(name, value);
            }
        }
        let Ok(mut head) = ResponseHeader::build(self.status, None) else { return false };
        for (name, value) in &self.headers {
            if (*name == header::ETAG || *name == header::LAST_MODIFIED) && head.append_header(name, value).is_err() {
                return false;
            }
        }
        not_modified_filter(&asking, &head)
    }
}

/// A value that holds on to its own bytes only: one off the wire holds on to the whole header.
fn copy(value: &HeaderValue) -> Option<HeaderValue> {
    HeaderValue::from_bytes(value.as_bytes()).ok()
}

/// `Cache-Status` (RFC 9211) of an answer that was kept. `ttl` is negative where it is stale.
fn hit(fresh: Option<Duration>, age: Duration) -> HeaderValue {
    let whole = |time: Duration| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    let ttl = fresh.map(|fresh| format!("; ttl={}", whole(fresh) - whole(age))).unwrap_or_default();
    HeaderValue::try_from(format!("schemagate; hit{ttl}; detail=degraded"))
        .unwrap_or_else(|_| HeaderValue::from_static("schemagate; hit"))
}

/// `Cache-Status` where there was nothing to be given.
pub(super) fn miss(why: Unfit) -> (HeaderName, HeaderValue) {
    let value = HeaderValue::try_from(format!("schemagate; detail={}", why.as_str()));
    (CACHE_STATUS, value.unwrap_or_else(|_| HeaderValue::from_static("schemagate")))
}
