//! The paths that a route serves.

use core::fmt;

use crate::path::{MatchingForm, PathError, Target};

/// A path pattern: exact `/a/b`; `*` or `{name}` for one segment; a final `/*` for the path itself
/// and all below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathPattern {
    text: Box<str>,
    pub(crate) segments: Vec<Segment>,
    pub(crate) below: bool,
}

/// One segment of a pattern.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Segment {
    /// This segment, in matching form.
    Literal(Box<[u8]>),
    /// Any one segment that is not empty.
    Any,
}

/// Why a text is not a path pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatternError {
    /// A part of it is not a path.
    Path(PathError),
    /// It has dot segments: such a path is never matched.
    DotSegment,
    /// It has a query.
    Query,
    /// A `*` or a brace stands within a segment.
    Partial,
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(error) => error.fmt(f),
            Self::DotSegment => f.write_str("a path pattern has no `.` or `..` segments"),
            Self::Query => f.write_str("a path pattern has no query; routes do not look at it"),
            Self::Partial => f.write_str("`*` and `{name}` stand for a whole segment, such as `/orders/{id}`"),
        }
    }
}

impl core::error::Error for PatternError {}

impl PathPattern {
    /// Reads a pattern; `form` says what of it is folded.
    pub fn parse(text: &str, form: MatchingForm) -> Result<Self, PatternError> {
        if text.contains('?') {
            return Err(PatternError::Query);
        }
        let Some(inner) = text.strip_prefix('/') else { return Err(PatternError::Path(PathError::NotAbsolute)) };
        let (inner, below) = match inner.strip_suffix("/*") {
            Some(before) => (before, true),
            None if inner == "*" => ("", true),
            None => (inner, false),
        };
        let mut segments = Vec::new();
        for part in inner.split('/').filter(|part| !part.is_empty()) {
            segments.push(Segment::parse(part, form)?);
        }
        if form.strict_slash && !below && !segments.is_empty() && inner.ends_with('/') {
            segments.push(Segment::Literal(Box::default()));
        }
        Ok(Self { text: text.into(), segments, below })
    }

    /// Whether this is `/*`.
    pub(crate) fn is_everything(&self) -> bool {
        self.below && self.segments.is_empty()
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl Segment {
    fn parse(part: &str, form: MatchingForm) -> Result<Self, PatternError> {
        let is_name =
            |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if part == "*" || part.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).is_some_and(is_name) {
            return Ok(Self::Any);
        }
        if part.contains(['*', '{', '}']) {
            return Err(PatternError::Partial);
        }
        let path = format!("/{part}");
        let form = MatchingForm { strict_slash: false, ..form };
        let target = Target::parse(path.as_bytes(), form).map_err(PatternError::Path)?;
        match target.matching.segments().next() {
            Some(segment) => Ok(Self::Literal(segment.into())),
            None => Err(PatternError::DotSegment),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EncodedSlash;

    fn parse(text: &str) -> Result<PathPattern, PatternError> {
        PathPattern::parse(text, MatchingForm::default())
    }

    fn literal(text: &str) -> Segment {
        Segment::Literal(text.as_bytes().into())
    }

    #[test]
    fn a_star_and_a_name_are_the_same_segment() {
        let star = parse("/a/*/b").expect("a pattern");
        let name = parse("/A/{id}/b").expect("a pattern");
        assert_eq!(star.segments, vec![literal("a"), Segment::Any, literal("b")]);
        assert_eq!(star.segments, name.segments);
    }

    #[test]
    fn a_final_star_is_the_path_itself_and_all_below() {
        let pattern = parse("/admin/*").expect("a pattern");
        assert_eq!((pattern.segments, pattern.below), (vec![literal("admin")], true));
        let all = parse("/*").expect("a pattern");
        assert_eq!((all.segments, all.below), (vec![], true));
    }

    #[test]
    fn what_cannot_match_is_refused() {
        assert_eq!(parse("admin"), Err(PatternError::Path(PathError::NotAbsolute)));
        assert_eq!(parse("/a/../b"), Err(PatternError::DotSegment));
        assert_eq!(parse("/a?b=c"), Err(PatternError::Query));
        assert_eq!(parse("/a*b"), Err(PatternError::Partial));
        assert_eq!(parse("/{a b}"), Err(PatternError::Partial));
        assert_eq!(parse("/{}"), Err(PatternError::Partial));
        assert_eq!(parse("/a/**"), Err(PatternError::Partial));
        assert_eq!(parse("/a/%2e%2E/b"), Err(PatternError::DotSegment));
        assert_eq!(parse("/a%2Fb"), Err(PatternError::Path(PathError::EncodedSlash)));
        assert_eq!(parse("/a%"), Err(PatternError::Path(PathError::BrokenEscape)));
    }

    #[test]
    fn a_pattern_is_in_matching_form() {
        assert_eq!(parse("//A//%62/").expect("a pattern").segments, vec![literal("a"), literal("b")]);
        assert_eq!(parse("/café").expect("a pattern").segments, vec![literal("caf%c3%a9")]);
        let keep = MatchingForm { encoded_slash: EncodedSlash::Keep, ..MatchingForm::default() };
        assert_eq!(PathPattern::parse("/a%2Fb", keep).expect("a pattern").segments, vec![literal("a%2fb")]);
    }

    #[test]
    fn a_strict_trailing_slash_is_a_last_empty_segment() {
        let strict = MatchingForm { strict_slash: true, ..MatchingForm::default() };
        let segments = |text| PathPattern::parse(text, strict).expect("a pattern").segments;
        assert_eq!(segments("/a/"), vec![literal("a"), literal("")]);
        assert_eq!(segments("/{id}/"), vec![Segment::Any, literal("")]);
        assert_eq!(segments("/a"), vec![literal("a")]);
        // The root has no other spelling.
        assert_eq!(segments("/"), vec![]);
        assert_eq!(segments("//"), vec![]);
    }
}
