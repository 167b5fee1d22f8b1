//! The paths that a symptom came on, as a route would name them.

use std::collections::BTreeSet;

use gate::MatchingPath;

/// So many are kept of one symptom.
const MOST: usize = 8;

/// The paths that a symptom came on, as patterns of routes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Paths(BTreeSet<String>);

impl Paths {
    pub(super) fn add(&mut self, path: &MatchingPath) {
        if self.0.len() < MOST {
            self.0.insert(pattern(path.as_str()));
        }
    }

    /// The patterns, without those that another one holds anyway.
    pub(super) fn patterns(&self) -> impl Iterator<Item = &str> {
        let held = |pattern: &str| {
            self.0.iter().any(|other| other != pattern && other.strip_suffix("/*").is_some_and(|base| base == pattern))
        };
        self.0.iter().map(String::as_str).filter(move |pattern| !held(pattern))
    }
}

/// `/api/orders/17` -> `/api/orders/*`: segments that look like somebody's id stand for any. As the
/// last one it also stands for what is above and below it.
fn pattern(path: &str) -> String {
    let segments: Vec<&str> = path.split('/').map(|segment| if is_a_word(segment) { segment } else { "*" }).collect();
    segments.join("/")
}

/// Whether a segment is a name that the application gave, rather than an id; and no pattern itself.
fn is_a_word(segment: &str) -> bool {
    let plain = segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
    let digits = segment.bytes().filter(u8::is_ascii_digit).count();
    // `v1`, `2fa` and `oauth2` are words; `17`, `2026-11-21`, a UUID and a cuid are ids.
    let id = digits > 0 && (digits == segment.len() || digits >= 4 || segment.len() >= 16);
    plain && !id && segment.len() <= 40
}

#[cfg(test)]
mod tests {
    use gate::{MatchingForm, Target};

    use super::*;

    fn paths(seen: &[&str]) -> Vec<String> {
        let mut paths = Paths::default();
        for path in seen {
            paths.add(&Target::parse(path.as_bytes(), MatchingForm::default()).expect("a path").matching);
        }
        paths.patterns().map(str::to_owned).collect()
    }

    #[test]
    fn ids_stand_for_any_and_words_stay() {
        for (path, pattern) in [
            ("/api/orders/17", "/api/orders/*"),
            ("/api/orders", "/api/orders"),
            ("/api/v1/orders/17/items", "/api/v1/orders/*/items"),
            ("/a/0190a3f2-7b1c-7c3e-9f00-0123456789ab", "/a/*"),
            ("/a/ckl2x9f0a0001qzrmn831i7rn/edit", "/a/*/edit"),
            ("/reports/2026-11-21", "/reports/*"),
            ("/oauth2/2fa", "/oauth2/2fa"),
            ("/", "/"),
            ("/a/%7Bid%7D", "/a/*"),
            ("/a/*/b", "/a/*/b"),
            ("/a/h%C3%A9", "/a/*"),
        ] {
            assert_eq!(paths(&[path]), [pattern], "{path}");
        }
    }

    #[test]
    fn what_another_pattern_holds_is_not_said_again_and_there_are_few() {
        assert_eq!(paths(&["/orders/1", "/orders", "/orders/2"]), ["/orders/*"]);
        let many: Vec<String> = (b'a'..=b'z').map(|letter| format!("/{}", char::from(letter))).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(paths(&many).len(), MOST);
    }
}
