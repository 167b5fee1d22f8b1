//! What a decision looks at, read off the wire.

use std::borrow::Cow;

use gate::{Gate, Host, MatchingForm, Method, PathError, Request, TableState, Target};
use http::{HeaderName, Version, header};
use pingora::http::authority::{RawTargetAuthority, is_http_family_scheme, raw_target_authority};

use super::organisation::organisation;
use crate::answer::Saying;
use crate::config::Organisation;
use crate::head::{Fields, RequestHead, text};
use crate::wire::{self, WireRefusal};

/// What a decision looks at.
#[derive(Debug)]
pub(super) struct Facts<'r> {
    /// The host that was asked for.
    pub(super) host: Host,
    /// The path that was asked for.
    pub(super) path: Target<'r>,
    /// The method; of a CORS preflight, the method that it asks for.
    pub(super) method: Method<'r>,
    /// What the header says that names the tenant, where one does.
    pub(super) tenant: Option<&'r str>,
    /// What it says of its organisation, where a window wants to know.
    pub(super) organisation: Option<Cow<'r, str>>,
    target: RequestTarget<'r>,
}

/// A request target (RFC 9112, section 3.2), in its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct RequestTarget<'r> {
    /// The path that is decided.
    path: &'r [u8],
    /// The query, its question mark included.
    query: &'r [u8],
    form: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `/path?query`
    Origin,
    /// `http://host/path?query`: a backend is sent the origin form.
    Absolute,
    /// `*`: the server as a whole, decided as its root.
    Asterisk,
}

/// Why a request is refused before there is anything to decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Its path is ambiguous or malformed.
    Path(PathError),
    /// It could be read differently by others. Over HTTP/1 most of these are found before pingora reads the request.
    Wire(WireRefusal),
    /// It is malformed elsewhere.
    Request(&'static str),
}

impl Refusal {
    /// What the client is told.
    pub(super) const fn saying(self) -> Saying<'static> {
        match self {
            Self::Path(error) => Saying::BadPath(error),
            Self::Wire(refusal) => Saying::Wire(refusal),
            Self::Request(why) => Saying::BadRequest(why),
        }
    }

    /// One word, for the log and metrics.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Path(error) => error.word(),
            Self::Wire(refusal) => refusal.word(),
            Self::Request(_) => "bad_request",
        }
    }

    /// What the log is told.
    pub(super) const fn why(self) -> &'static str {
        match self {
            Self::Path(error) => error.as_str(),
            Self::Wire(refusal) => refusal.as_str(),
            Self::Request(why) => why,
        }
    }
}

impl<'r> Facts<'r> {
    /// Reads a request, or says why it is refused before there is anything to decide. `tenant_header` is the one that
    /// names the tenant.
    pub(super) fn read(
        request: &RequestHead<'r>,
        form: MatchingForm,
        tenant_header: Option<&HeaderName>,
    ) -> Result<Self, Refusal> {
        if *request.method == http::Method::CONNECT {
            return Err(Refusal::Request("CONNECT is not served here"));
        }
        if !wire::is_method(request.method.as_str().as_bytes()) {
            return Err(Refusal::Wire(WireRefusal::BadMethod));
        }
        let host = host(request)?;
        let target = RequestTarget::split(request.target).map_err(Refusal::Path)?;
        if target.form == Form::Asterisk && *request.method != http::Method::OPTIONS {
            return Err(Refusal::Wire(WireRefusal::Asterisk));
        }
        let path = Target::parse(target.path, form).map_err(Refusal::Path)?;
        let method = Method::new(method(request));
        let tenant = tenant_header.map_or(Ok(None), |name| only_value(request.fields, name))?;
        Ok(Self { host, path, method, tenant, organisation: None, target })
    }

    /// Reads the organisation too that `request` is of, named as `by` says, where something that `gate` knows depends on it.
    pub(super) fn read_organisation(&mut self, request: &RequestHead<'r>, by: Option<&Organisation>, gate: &Gate) {
        let windows = gate.snapshot().windows();
        let is_asked_for = windows.ask_for_organisation() || windows.table().state == TableState::Missing;
        self.organisation = by.filter(|_| is_asked_for).and_then(|by| organisation(by, request.fields));
    }

    /// What is decided.
    pub(super) fn request(&self) -> Request<'_> {
        Request {
            host: &self.host,
            target: &self.path,
            method: self.method,
            tenant: self.tenant,
            organisation: self.organisation.as_deref(),
        }
    }

    /// The target that the backend is sent, where it is not the one that came.
    pub(super) fn rewritten(&self) -> Option<Box<[u8]>> {
        let same_path = *self.path.forward == *self.target.path;
        if self.target.form == Form::Asterisk || (self.target.form == Form::Origin && same_path) {
            return None;
        }
        Some([self.path.forward.as_ref(), self.target.query].concat().into())
    }

    /// Whether the query has a parameter of this name.
    pub(super) fn asks(&self, name: &str) -> bool {
        let query = self.target.query.get(1..).unwrap_or_default();
        query
            .split(|byte| *byte == b'&')
            .any(|pair| pair.split(|byte| *byte == b'=').next().is_some_and(|key| key == name.as_bytes()))
    }
}

impl<'r> RequestTarget<'r> {
    fn split(raw: &'r [u8]) -> Result<Self, PathError> {
        if raw == b"*" {
            return Ok(Self { path: b"/", query: b"", form: Form::Asterisk });
        }
        let (form, rest) = match raw_target_authority(raw) {
            RawTargetAuthority::None => (Form::Origin, raw),
            RawTargetAuthority::Absolute { scheme, path_and_query, .. } if is_http_family_scheme(scheme) => {
                (Form::Absolute, path_and_query)
            }
            RawTargetAuthority::Absolute { .. } | RawTargetAuthority::AmbiguousAuthority => {
                return Err(PathError::NotAbsolute);
            }
        };
        let (path, query) = rest.split_at(rest.iter().position(|byte| *byte == b'?').unwrap_or(rest.len()));
        let path = if form == Form::Absolute && path.is_empty() { b"/" } else { path };
        Ok(Self { path, query, form })
    }
}

/// The host as it was asked for, from `:authority` or `Host`; pingora has seen to it that these
/// agree with each other and with an absolute target.
pub(super) fn authority<'r>(request: &RequestHead<'r>) -> Option<&'r str> {
    request.authority.or_else(|| request.fields.text(&header::HOST))
}

fn host(request: &RequestHead<'_>) -> Result<Host, Refusal> {
    match authority(request) {
        // A head in parts was inspected, its host as well.
        Some(text) if matches!(request.fields, Fields::Parts(_)) || wire::is_authority(text.as_bytes()) => {
            Ok(Host::parse(text))
        }
        // RFC 9112, section 3.2; HTTP/1.0 knew no Host.
        None if !request.fields.has(&header::HOST) => match request.version {
            Version::HTTP_09 | Version::HTTP_10 => Ok(Host::default()),
            _ => Err(Refusal::Wire(WireRefusal::MissingHost)),
        },
        _ => Err(Refusal::Wire(WireRefusal::BadHost)),
    }
}

/// The value of a header that may come once. Of several, nobody knows which one a backend takes; and one that
/// `Connection` nominates would be decided by here and be taken away on the way to the backend.
fn only_value<'r>(fields: Fields<'r>, name: &HeaderName) -> Result<Option<&'r str>, Refusal> {
    if nominates(fields, name) {
        return Err(Refusal::Wire(WireRefusal::NominatedField));
    }
    let mut values = fields.all(name);
    match (values.next(), values.next()) {
        (Some(_), Some(_)) => Err(Refusal::Request("the header that names the tenant came more than once")),
        (value, _) => Ok(value.and_then(text)),
    }
}

/// Whether `Connection` declares a header to be the connection's own (RFC 9110, section 7.6.1).
fn nominates(fields: Fields<'_>, name: &HeaderName) -> bool {
    fields.of_connection().any(|nominated| nominated.eq_ignore_ascii_case(name.as_str().as_bytes()))
}

/// The method that is decided: of a CORS preflight, the one that it asks for.
fn method<'r>(RequestHead { method, fields, .. }: &RequestHead<'r>) -> &'r str {
    if *method != http::Method::OPTIONS || !fields.has(&header::ORIGIN) {
        return method.as_str();
    }
    let asked = fields.text(&header::ACCESS_CONTROL_REQUEST_METHOD).filter(|asked| !asked.is_empty());
    asked.unwrap_or(method.as_str())
}

#[cfg(test)]
mod tests {
    use pingora::http::RequestHeader;

    use super::*;

    fn request(method: &str, target: &[u8], headers: &[(&'static str, &str)]) -> RequestHeader {
        let mut request = RequestHeader::build(method, target, None).expect("a request");
        for (name, value) in headers {
            request.append_header(*name, *value).expect("a header");
        }
        request
    }

    fn read(request: &RequestHeader) -> Result<Facts<'_>, Refusal> {
        Facts::read(&request.into(), MatchingForm::default(), None)
    }

    #[test]
    fn a_plain_request_is_forwarded_as_it_came() {
        let request = request("GET", b"/A//b/%41?x=/../%2F", &[("Host", "Example.com:80")]);
        let facts = read(&request).expect("facts");
        assert_eq!(facts.host.as_str(), "example.com");
        assert_eq!(facts.path.matching.as_str(), "/a/b/a");
        assert_eq!(facts.rewritten(), None);
    }

    #[test]
    fn dot_segments_are_removed_and_the_query_is_kept_byte_for_byte() {
        let request = request("GET", b"/a/../B/./c?d=/../%2e&&", &[("Host", "h")]);
        let facts = read(&request).expect("facts");
        assert_eq!(facts.rewritten().as_deref(), Some(b"/B/c?d=/../%2e&&".as_slice()));
    }

    #[test]
    fn an_absolute_target_is_forwarded_in_origin_form() {
        for (sent, forwarded) in
            [("http://h/a?b", "/a?b"), ("http://h", "/"), ("HTTP://h?b", "/?b"), ("http://h/a/../b", "/b")]
        {
            let request = request("GET", sent.as_bytes(), &[("Host", "h")]);
            let facts = read(&request).expect("facts");
            assert_eq!(facts.rewritten().as_deref(), Some(forwarded.as_bytes()), "{sent}");
        }
    }

    #[test]
    fn the_asterisk_is_decided_as_the_root_and_forwarded() {
        let request = request("OPTIONS", b"*", &[("Host", "h")]);
        let facts = read(&request).expect("facts");
        assert_eq!(facts.path.matching.as_str(), "/");
        assert_eq!(facts.rewritten(), None);
        assert_eq!(
            read(&self::request("GET", b"*", &[("Host", "h")])).err(),
            Some(Refusal::Wire(WireRefusal::Asterisk))
        );
    }

    #[test]
    fn a_method_in_small_letters_is_refused_since_some_backends_raise_them() {
        for method in ["get", "Post", "x"] {
            let request = request(method, b"/", &[("Host", "h")]);
            assert_eq!(read(&request).err(), Some(Refusal::Wire(WireRefusal::BadMethod)), "{method}");
        }
    }

    #[test]
    fn a_target_that_is_no_path_is_refused() {
        for target in ["a/b", "http:a", "?b", "ftp://h/a"] {
            let request = request("GET", target.as_bytes(), &[("Host", "h")]);
            assert_eq!(read(&request).err(), Some(Refusal::Path(PathError::NotAbsolute)), "{target}");
        }
    }

    #[test]
    fn a_request_without_a_host_is_refused_unless_it_is_older_than_hosts() {
        let mut old = request("GET", b"/", &[]);
        for version in [Version::HTTP_11, Version::HTTP_2] {
            old.set_version(version);
            assert_eq!(read(&old).err(), Some(Refusal::Wire(WireRefusal::MissingHost)), "{version:?}");
        }
        old.set_version(Version::HTTP_10);
        assert_eq!(read(&old).expect("facts").host.as_str(), "");
    }

    #[test]
    fn a_host_that_is_none_is_refused() {
        for host in ["", "a b", "a/b", "a?b", "a,b", "\"a\""] {
            let request = request("GET", b"/", &[("Host", host)]);
            assert_eq!(read(&request).err(), Some(Refusal::Wire(WireRefusal::BadHost)), "{host}");
        }
    }

    #[test]
    fn a_preflight_is_decided_by_the_method_that_it_asks_for() {
        let asks = ("Access-Control-Request-Method", "POST");
        let preflight = request("OPTIONS", b"/", &[("Host", "h"), ("Origin", "https://a"), asks]);
        assert_eq!(read(&preflight).expect("facts").method.as_str(), "POST");
        let plain = request("OPTIONS", b"/", &[("Host", "h"), asks]);
        assert_eq!(read(&plain).expect("facts").method.as_str(), "OPTIONS");
        let get = request("GET", b"/", &[("Host", "h"), ("Origin", "https://a"), asks]);
        assert_eq!(read(&get).expect("facts").method.as_str(), "GET");
    }

    #[test]
    fn the_header_that_names_the_tenant_may_come_once() {
        let name = HeaderName::from_static("x-tenant");
        let read = |headers: &[(&'static str, &str)]| {
            let request = request("GET", b"/", headers);
            let facts = Facts::read(&RequestHead::from(&request), MatchingForm::default(), Some(&name));
            facts.map(|facts| facts.tenant.map(str::to_owned))
        };
        assert_eq!(read(&[("Host", "h"), ("X-Tenant", "demo")]), Ok(Some("demo".to_owned())));
        assert_eq!(read(&[("Host", "h")]), Ok(None));
        let twice = [("Host", "h"), ("X-Tenant", "demo"), ("X-Tenant", "acme")];
        assert!(matches!(read(&twice), Err(Refusal::Request(_))));
        let nominated = [("Host", "h"), ("X-Tenant", "demo"), ("Connection", "close, x-TENANT")];
        assert_eq!(read(&nominated), Err(Refusal::Wire(WireRefusal::NominatedField)));
    }

    #[test]
    fn a_parameter_is_seen_with_and_without_a_value() {
        for (target, asks) in [("/?strict", true), ("/?a=1&strict=1", true), ("/?stricter", false), ("/", false)] {
            let request = request("GET", target.as_bytes(), &[("Host", "h")]);
            assert_eq!(read(&request).expect("facts").asks("strict"), asks, "{target}");
        }
    }
}
