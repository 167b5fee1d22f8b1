//! Whether a request was meant for this listener, and not sent by a page from elsewhere.

use std::net::{IpAddr, Ipv6Addr};

use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use super::Asked;
use super::refusal::Refusal;

/// What browsers tell of the page that a request comes from (W3C Fetch Metadata).
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

pub(super) fn check(hosts: &[String], asked: &Asked<'_>) -> Result<(), Refusal> {
    let host = only(asked.headers, &header::HOST)
        .and_then(|host| host.and_then(authority).ok_or(Several))
        .map_err(|Several| Refusal::Host)?;
    // RFC 9112, section 3.2.2: the target's own goes before the header's.
    let of_target = asked.uri.authority();
    if !is_own(&host, hosts) || of_target.is_some_and(|authority| !is_own(authority, hosts)) {
        return Err(Refusal::Host);
    }
    let meant = of_target.unwrap_or(&host);
    match only(asked.headers, &header::ORIGIN) {
        Ok(None) => {}
        Ok(Some(origin)) if is_origin(origin, meant) => {}
        Ok(Some(_)) | Err(Several) => return Err(Refusal::Origin),
    }
    match only(asked.headers, &SITE).map(|site| site.map(HeaderValue::as_bytes)) {
        Ok(None | Some(b"same-origin" | b"none")) => Ok(()),
        Ok(Some(_)) | Err(Several) => Err(Refusal::Site),
    }
}

/// A header came more than once: those who read it may read different ones.
struct Several;

fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h HeaderValue>, Several> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() { Err(Several) } else { Ok(first) }
}

fn authority(host: &HeaderValue) -> Option<Authority> {
    Authority::try_from(host.as_bytes()).ok().filter(|authority| !authority.as_str().contains('@'))
}

/// Whether no page can have given this name to this listener.
fn is_own(authority: &Authority, hosts: &[String]) -> bool {
    let host = authority.host();
    let inside = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let is_address = inside.map_or_else(|| host.parse::<IpAddr>().is_ok(), |inside| inside.parse::<Ipv6Addr>().is_ok());
    let name = host.strip_suffix('.').unwrap_or(host);
    is_address || name.eq_ignore_ascii_case("localhost") || hosts.iter().any(|own| name.eq_ignore_ascii_case(own))
}

/// Whether an origin is the listener's own; by https where something before it speaks TLS.
fn is_origin(origin: &HeaderValue, own: &Authority) -> bool {
    let origin = origin.to_str().unwrap_or_default();
    let authority = ["http://", "https://"].iter().find_map(|scheme| origin.strip_prefix(scheme));
    authority.is_some_and(|authority| authority.eq_ignore_ascii_case(own.as_str()))
}
