//! The headers of an answer: those that were prepared when the configuration was loaded, and its own.

use std::sync::Arc;

use http::{HeaderName, HeaderValue, header};

use crate::wire;

/// Headers of an answer.
#[derive(Debug, Clone, Default)]
pub struct Headers {
    common: Option<Arc<CommonHeaders>>,
    own: Vec<(HeaderName, HeaderValue)>,
}

/// Headers that many answers share, as a list and as HTTP/1 has them.
#[derive(Debug)]
pub(super) struct CommonHeaders {
    list: Vec<(HeaderName, HeaderValue)>,
    lines: Vec<u8>,
}

/// What stands in every answer, whatever it says.
static EVERYWHERE: [(HeaderName, HeaderValue); 5] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::VARY, HeaderValue::from_static("Accept, Accept-Language, Origin")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::CONTENT_SECURITY_POLICY, POLICY),
];

/// Nothing may run, be loaded, be framed or be sent; styles stand in the page itself.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// The same for a page that has images in it.
pub(super) static POLICY_WITH_IMAGES: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'",
);

/// As many as an answer has of its own, unless a script of another origin asks.
const OWN: usize = 4;

impl CommonHeaders {
    /// What stands in every answer, with `more` in the place of what has the same name; a name may stand in `more`
    /// more than once.
    pub(super) fn with(more: &[(HeaderName, HeaderValue)]) -> Arc<Self> {
        let is_told_anew = |name: &HeaderName| more.iter().any(|(known, _)| known == name);
        let kept = EVERYWHERE.iter().filter(|(name, _)| !is_told_anew(name));
        let list: Vec<_> = kept.chain(more).cloned().collect();
        let mut lines = Vec::new();
        for (name, value) in &list {
            wire::write_field(&mut lines, name, value);
        }
        Arc::new(Self { list, lines })
    }
}

impl Headers {
    /// Those that were prepared; others may follow.
    pub(super) fn of(common: &Arc<CommonHeaders>) -> Self {
        Self { common: Some(Arc::clone(common)), own: Vec::with_capacity(OWN) }
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &(HeaderName, HeaderValue)> {
        self.common.iter().flat_map(|common| &common.list).chain(&self.own)
    }

    /// The value of the first one of this name.
    pub fn get(&self, name: &HeaderName) -> Option<&HeaderValue> {
        self.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// Adds one, whatever stands there.
    pub fn push(&mut self, name: HeaderName, value: HeaderValue) {
        self.own.push((name, value));
    }

    /// Adds one, unless one of its name stands there already.
    pub(super) fn add(&mut self, name: HeaderName, value: HeaderValue) {
        if self.get(&name).is_none() {
            self.own.push((name, value));
        }
    }

    /// The same, with what a client said.
    pub(super) fn add_heard(&mut self, name: HeaderName, said: &[u8]) {
        if let Ok(value) = HeaderValue::from_bytes(said) {
            self.add(name, value);
        }
    }

    /// Sets one, in the place of those of its name.
    pub fn set(&mut self, name: HeaderName, value: HeaderValue) {
        if let Some(common) = self.common.take_if(|common| common.list.iter().any(|(known, _)| *known == name)) {
            self.own.splice(..0, common.list.iter().cloned());
        }
        self.own.retain(|(known, _)| *known != name);
        self.own.push((name, value));
    }

    /// Writes them as HTTP/1 has them, but for one of its own that is told otherwise.
    pub fn write(&self, wire: &mut Vec<u8>, told: &HeaderName) {
        if let Some(common) = &self.common {
            wire.extend_from_slice(&common.lines);
        }
        for (name, value) in self.own.iter().filter(|(name, _)| name != told) {
            wire::write_field(wire, name, value);
        }
    }
}

impl From<Vec<(HeaderName, HeaderValue)>> for Headers {
    fn from(own: Vec<(HeaderName, HeaderValue)>) -> Self {
        Self { common: None, own }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AGE: (HeaderName, HeaderValue) = (header::AGE, HeaderValue::from_static("1"));

    fn written(headers: &Headers) -> String {
        let mut wire = Vec::new();
        headers.write(&mut wire, &header::DATE);
        String::from_utf8(wire).expect("text")
    }

    fn listed(headers: &Headers) -> String {
        let lines = headers.iter().map(|(name, value)| format!("{name}: {}\r\n", value.to_str().expect("text")));
        lines.collect::<Vec<_>>().concat()
    }

    #[test]
    fn what_is_prepared_is_written_as_it_is_listed() {
        let mut headers = Headers::of(&CommonHeaders::with(&[AGE, AGE]));
        assert_eq!(headers.iter().filter(|(name, _)| *name == header::AGE).count(), 2);
        headers.add(header::ETAG, HeaderValue::from_static("e"));
        headers.add(header::VARY, HeaderValue::from_static("*"));
        assert_eq!(written(&headers), listed(&headers));
        assert_eq!(headers.get(&header::VARY), Some(&EVERYWHERE[1].1));
    }

    #[test]
    fn what_is_set_takes_the_place_of_what_was_prepared() {
        let mut headers = Headers::of(&CommonHeaders::with(&[AGE]));
        for value in ["*", "Cookie"] {
            headers.set(header::VARY, HeaderValue::from_static(value));
            assert_eq!(headers.iter().filter(|(name, _)| *name == header::VARY).count(), 1);
            assert_eq!(headers.get(&header::VARY).expect("a value"), value);
            assert_eq!(headers.iter().count(), EVERYWHERE.len() + 1);
            assert_eq!(written(&headers), listed(&headers));
        }
    }

    #[test]
    fn what_more_has_of_the_same_name_stands_alone() {
        let more = (header::CACHE_CONTROL, HeaderValue::from_static("max-age=5"));
        let headers = Headers::of(&CommonHeaders::with(&[more]));
        assert_eq!(headers.get(&header::CACHE_CONTROL).expect("a value"), "max-age=5");
        assert_eq!(headers.iter().count(), EVERYWHERE.len());
    }
}
