//! In which format a client is answered.

use std::cmp::Reverse;

use http::{HeaderName, header};

use super::weighted::{Quality, Weighted, weighted};
use crate::head::Fields;

pub(super) const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
static X_REQUESTED_WITH: HeaderName = HeaderName::from_static("x-requested-with");

/// A format that an answer is prepared in. gRPC is not among them: it is known by the request's
/// own type, not by what it accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// `text/html`: for people.
    Html,
    /// `application/problem+json` (RFC 9457), for those too who ask for `application/json`: it is JSON.
    Problem,
    /// `text/plain`: for terminals.
    Plain,
}

/// What can be had, and in this order where a client does not care.
const OFFERS: [(&str, &str, Format); 4] = [
    ("application", "problem+json", Format::Problem),
    ("application", "json", Format::Problem),
    ("text", "html", Format::Html),
    ("text", "plain", Format::Plain),
];

impl Format {
    /// The format that these request headers ask for (RFC 9110, section 12.5.1). A browser that
    /// opens a page gets one; a script gets JSON, and so does whoever accepts nothing of all this.
    pub(super) fn wanted(fields: Fields<'_>) -> Self {
        if opens_websocket(fields) {
            Self::Problem
        } else if navigates(fields) {
            Self::Html
        } else if is_script(fields) {
            Self::Problem
        } else {
            accepted(fields)
        }
    }
}

/// Whether a browser says that it opens a page (Fetch Metadata).
fn navigates(fields: Fields<'_>) -> bool {
    fields.get(&SEC_FETCH_MODE).is_some_and(|mode| mode == b"navigate")
}

/// Whether a browser says that it does anything but opening a page.
pub(super) fn only_fetches(fields: Fields<'_>) -> bool {
    fields.has(&SEC_FETCH_MODE) && !navigates(fields)
}

/// Whether a script says so by the old convention. Android's `WebView` sends the header too, with
/// the name of its app, when it opens a page.
fn is_script(fields: Fields<'_>) -> bool {
    fields.get(&X_REQUESTED_WITH).is_some_and(|by| by.eq_ignore_ascii_case(b"xmlhttprequest"))
}

/// Whether a request is a WebSocket handshake (RFC 6455, section 4.1).
fn opens_websocket(fields: Fields<'_>) -> bool {
    fields
        .texts(&header::UPGRADE)
        .flat_map(|line| line.split(','))
        .any(|protocol| protocol.trim().eq_ignore_ascii_case("websocket"))
}

/// How a media range names an offer; the more precise counts, whatever its weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Precision {
    Any,
    AnySubtype,
    /// With parameters that no offer has. Strictly no match; but who asks for
    /// `application/json;profile=x` is served better with JSON than with HTML.
    WithParameters,
    Exact,
}

/// Of two offers the more wanted is served; then the one asked for more precisely, so that
/// `text/html, */*` means HTML; then the one named first.
type Preference = (Quality, Precision, Reverse<usize>);

fn accepted(fields: Fields<'_>) -> Format {
    let mut preferences: [Option<Preference>; OFFERS.len()] = [None; OFFERS.len()];
    for (position, range) in weighted(fields, &header::ACCEPT).enumerate() {
        for (preference, (kind, subtype, _)) in preferences.iter_mut().zip(OFFERS) {
            let Some(precision) = precision(range, kind, subtype) else { continue };
            let better = preference.is_none_or(|(quality, known, _)| (precision, range.quality) > (known, quality));
            if better {
                *preference = Some((range.quality, precision, Reverse(position)));
            }
        }
    }
    let mut best = (None, Format::Problem);
    for (preference, (_, _, format)) in preferences.into_iter().zip(OFFERS) {
        let wanted = preference.filter(|(quality, ..)| *quality > Quality::NONE);
        if wanted > best.0 {
            best = (wanted, format);
        }
    }
    best.1
}

fn precision(range: Weighted<'_>, kind: &str, subtype: &str) -> Option<Precision> {
    // Java's oldest client writes `*` for `*/*`.
    let (range_kind, range_subtype) = range.value.split_once('/').unwrap_or((range.value, "*"));
    match (range_kind, range_subtype) {
        ("*", "*") => Some(Precision::Any),
        (range_kind, "*") if range.value.contains('/') => {
            range_kind.eq_ignore_ascii_case(kind).then_some(Precision::AnySubtype)
        }
        _ if range_kind.eq_ignore_ascii_case(kind) && range_subtype.eq_ignore_ascii_case(subtype) => {
            Some(if range.parameters { Precision::WithParameters } else { Precision::Exact })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
