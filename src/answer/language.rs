//! In which language a client is answered.

use http::header;

use super::weighted::{Quality, weighted};
use crate::head::Fields;

/// A language that there are words in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    /// English.
    En,
    /// French.
    Fr,
}

impl Language {
    /// Every language. The first is spoken where nothing else is asked for or configured.
    pub(super) const ALL: [Self; 2] = [Self::En, Self::Fr];

    /// Its tag (RFC 5646), for `lang` and `Content-Language`.
    pub(super) const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Fr => "fr",
        }
    }

    /// The language of a tag, whatever its region: `fr-CA` is French.
    pub(super) fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next()?;
        Self::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(primary))
    }

    /// The language for a request: that of the site's own path (`/fr/app/`, as Django's
    /// `i18n_patterns` has it), else the most wanted of `Accept-Language` (RFC 9110, section
    /// 12.5.4), else the default.
    pub(super) fn wanted(path: &str, fields: Fields<'_>, default: Self) -> Self {
        Self::of_path(path).or_else(|| Self::accepted(fields, default)).unwrap_or(default)
    }

    fn of_path(path: &str) -> Option<Self> {
        let rest = path.strip_prefix('/')?;
        // Most first segments are longer than a language's two letters, and no region follows.
        if rest.as_bytes().get(2).is_some_and(|byte| !matches!(byte, b'/' | b'?' | b'-')) {
            return None;
        }
        let first = rest.split(['/', '?']).next()?;
        Self::from_tag(first).filter(|_| looks_like_a_tag(first))
    }

    fn accepted(fields: Fields<'_>, default: Self) -> Option<Self> {
        let mut best = (Quality::NONE, None);
        for range in weighted(fields, &header::ACCEPT_LANGUAGE) {
            let language = if range.value == "*" { Some(default) } else { Self::from_tag(range.value) };
            if language.is_some() && range.quality > best.0 {
                best = (range.quality, language);
            }
        }
        best.1
    }
}

/// Whether a path's segment can be meant as a language: `fr`, `fr-ca`, `zh-hans`, but not `en-route`.
fn looks_like_a_tag(segment: &str) -> bool {
    match segment.split_once('-') {
        None => true,
        Some((_, part)) => match part.len() {
            2 | 4 => part.bytes().all(|byte| byte.is_ascii_alphabetic()),
            3 => part.bytes().all(|byte| byte.is_ascii_digit()),
            _ => false,
        },
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};
    use proptest::prelude::*;

    use super::*;

    fn asked(path: &str, accept: &'static str) -> Language {
        let headers = std::iter::once((header::ACCEPT_LANGUAGE, HeaderValue::from_static(accept))).collect();
        Language::wanted(path, Fields::Map(&headers), Language::En)
    }

    #[test]
    fn the_most_wanted_language_is_spoken() {
        let table = [
            ("fr", Language::Fr),
            ("fr-CA", Language::Fr),
            ("FR", Language::Fr),
            ("en-US,en;q=0.9,fr;q=0.8", Language::En),
            ("fr;q=0.8,en;q=0.9", Language::En),
            ("fr;q=0.9,en-GB;q=0.8,en;q=0.7", Language::Fr),
            ("de,fr;q=0.1", Language::Fr),
            ("fr,en", Language::Fr),
            ("en,fr", Language::En),
            ("fr;q=0", Language::En),
            ("fro", Language::En),
            ("de", Language::En),
            ("fr;q=x, de", Language::En),
            ("", Language::En),
        ];
        for (accept, language) in table {
            assert_eq!(asked("/", accept), language, "Accept-Language: {accept}");
        }
    }

    #[test]
    fn the_default_is_spoken_to_whoever_asks_for_nothing_that_is_known() {
        let none = HeaderMap::new();
        assert_eq!(Language::wanted("/", Fields::Map(&none), Language::Fr), Language::Fr);
        let any: HeaderMap =
            std::iter::once((header::ACCEPT_LANGUAGE, HeaderValue::from_static("de, *;q=0.5"))).collect();
        assert_eq!(Language::wanted("/", Fields::Map(&any), Language::Fr), Language::Fr);
    }

    #[test]
    fn the_first_segment_of_the_path_wins_over_the_header() {
        assert_eq!(asked("/fr/app/messages/", "en"), Language::Fr);
        assert_eq!(asked("/en/app/messages/", "fr"), Language::En);
        assert_eq!(asked("/FR", "en"), Language::Fr);
        assert_eq!(asked("/fr-ca/app", "en"), Language::Fr);
        assert_eq!(asked("/fr?next=/en/", "en"), Language::Fr);
    }

    #[test]
    fn every_tag_has_two_letters() {
        assert!(Language::ALL.iter().all(|language| language.tag().len() == 2));
    }

    #[test]
    fn a_segment_that_is_no_language_says_nothing() {
        for path in ["/free", "/en-route/to", "/app/fr/", "/de/app", "//fr", "fr", "", "/"] {
            assert_eq!(asked(path, "fr"), Language::Fr, "{path}");
            assert_eq!(asked(path, "en"), Language::En, "{path}");
        }
    }

    proptest! {
        #[test]
        fn any_path_and_header_give_some_language(path in ".*", bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(value) = HeaderValue::from_bytes(&bytes) {
                let headers = std::iter::once((header::ACCEPT_LANGUAGE, value)).collect();
                Language::wanted(&path, Fields::Map(&headers), Language::En);
            }
        }
    }
}
