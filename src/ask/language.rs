//! How proxies ask.

use super::field::{Field, field};

/// A way to ask, chosen by the path that is asked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Language {
    /// The first segment of the path, and the word in the log and in metrics.
    pub name: &'static str,
    pub(super) method: Told,
    pub(super) target: Place,
    pub(super) host: Told,
    /// What the question's own query is for.
    pub(super) query: Query,
}

/// What the question's own query is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Query {
    /// Nothing: Caddy adds its client's.
    Ignored,
    /// Where a request that may pass goes on.
    GoOn,
    /// It is the request's.
    Meant,
}

/// Where something is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// By the question itself: its own method, its own `Host`.
    Itself,
    /// In a header.
    In(Field),
}

/// Where the target is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In the question's own path, behind the language's name.
    Behind,
    /// In a header: path and query.
    Path(Field),
}

impl Language {
    /// All there are. `forwarded`: Traefik's `ForwardAuth` and Caddy's `forward_auth`, both by themselves, and `HAProxy` as
    /// configured in deploy/haproxy. `nginx`: `auth_request`, by the names that its documents use. `envoy`: Envoy, as configured in
    /// deploy/envoy; its `ext_authz` would ask in the same way with this `path_prefix`, and take each refusal for a failure.
    pub const ALL: [Self; 3] = [
        Self {
            name: "forwarded",
            method: Told::In(field!(
                "X-Forwarded-Method",
                "have the proxy send the method of its client's request in it"
            )),
            target: Place::Path(field!(
                "X-Forwarded-Uri",
                "have the proxy send the path and query of its client's request in it, as they came"
            )),
            host: Told::In(field!("X-Forwarded-Host", "have the proxy send the Host of its client's request in it")),
            query: Query::Ignored,
        },
        Self {
            name: "nginx",
            method: Told::In(field!(
                "X-Original-Method",
                "write `proxy_set_header X-Original-Method $request_method;`"
            )),
            target: Place::Path(field!("X-Original-URI", "write `proxy_set_header X-Original-URI $request_uri;`")),
            host: Told::Itself,
            query: Query::GoOn,
        },
        Self { name: "envoy", method: Told::Itself, target: Place::Behind, host: Told::Itself, query: Query::Meant },
    ];

    /// The language of a question's target, and what of it follows the language's name.
    pub(super) fn of(target: &[u8]) -> Option<(Self, &[u8])> {
        let path = target.strip_prefix(b"/")?;
        Self::ALL.into_iter().find_map(|language| {
            let rest = path.strip_prefix(language.name.as_bytes())?;
            matches!(rest.first(), None | Some(b'/' | b'?')).then_some((language, rest))
        })
    }
}
