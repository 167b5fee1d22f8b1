//! One canonical path: what is matched and what is forwarded are two forms of the same thing.

use core::fmt;
use std::borrow::Cow;

use smallvec::SmallVec;

/// How paths are compared (`[matching]` in the configuration).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MatchingForm {
    /// `/Admin` is not `/admin`.
    pub case_sensitive: bool,
    /// `/admin/` is not `/admin`.
    pub strict_slash: bool,
    /// What becomes of `%2F`.
    pub encoded_slash: EncodedSlash,
}

impl Default for MatchingForm {
    /// Letter case and a trailing slash are ignored, because Express ignores them and a gate must
    /// not be stepped around.
    fn default() -> Self {
        Self { case_sensitive: false, strict_slash: false, encoded_slash: EncodedSlash::Reject }
    }
}

/// What becomes of a `%2F` within a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EncodedSlash {
    /// 400: backends disagree on whether it separates segments.
    #[default]
    Reject,
    /// Both readings are decided and the stricter decision wins.
    Keep,
}

/// Why a request's path is ambiguous or malformed: 400.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathError {
    /// It does not begin with a slash.
    NotAbsolute,
    /// A percent sign without two hexadecimal digits.
    BrokenEscape,
    /// A control byte, plain or encoded: to many patterns an address ends before a final line feed.
    Control,
    /// `%00`.
    EncodedNul,
    /// A backslash, plain or encoded: some backends take it for a slash.
    Backslash,
    /// `%2F`, where the configuration rejects it.
    EncodedSlash,
    /// A raw `#`: a fragment is never sent.
    Fragment,
    /// A character that is encoded in more bytes than it needs, such as a slash as `%C0%AF`.
    Overlong,
}

impl PathError {
    /// For the log and the client alike: it names nothing but the client's own bytes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotAbsolute => "the path does not begin with a slash",
            Self::BrokenEscape => "the path has a percent sign without two hexadecimal digits",
            Self::Control => "the path has a control byte",
            Self::EncodedNul => "the path has an encoded NUL",
            Self::Backslash => "the path has a backslash",
            Self::EncodedSlash => "the path has an encoded slash",
            Self::Fragment => "the path has a raw #",
            Self::Overlong => "the path has a character in more bytes than it needs",
        }
    }
}

impl PathError {
    /// One fixed word, for metrics and `Proxy-Status`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NotAbsolute => "bad_target",
            Self::BrokenEscape => "broken_escape",
            Self::Control => "path_control",
            Self::EncodedNul => "encoded_nul",
            Self::Backslash => "backslash",
            Self::EncodedSlash => "encoded_slash",
            Self::Fragment => "fragment",
            Self::Overlong => "overlong",
        }
    }
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl core::error::Error for PathError {}

/// A path in the form in which it is matched: `/admin/backups`, never with a trailing slash
/// (unless strict) and `/` for the root.
///
/// Dot segments are removed (RFC 3986, section 5.2.4), slashes merged, escapes of characters that
/// a segment may hold plainly (RFC 3986 `pchar`) are decoded, all other bytes are escaped in lower
/// case. Sub-delimiters and `:@` are decoded too, although RFC 3986 lets their escapes differ:
/// backends decode them, and no spelling of a gated path may step around its gate. For the same
/// reason letters beyond ASCII that Unicode's case folding takes for ASCII ones become these. The
/// form lives on the stack up to 128 bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MatchingPath(SmallVec<[u8; 128]>);

/// A request's path, ready to be decided and forwarded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target<'a> {
    /// What the upstream is sent: the bytes as they came, without dot segments, with one slash at
    /// the front, and with bytes beyond ASCII escaped.
    ///
    /// Two slashes at the front begin a host to whoever resolves a target as a link is resolved.
    pub forward: Cow<'a, [u8]>,
    /// What is matched: the form of `forward`.
    pub matching: MatchingPath,
    /// What is matched too, where backends may read `forward` differently: an encoded slash as one
    /// that separates; a semicolon as what begins a segment's parameters, or the query. The
    /// strictest decision wins. Empty for nearly every path.
    pub others: Vec<MatchingPath>,
}

impl<'a> Target<'a> {
    /// Reads the path of a request target: no query, no scheme, no authority.
    pub fn parse(path: &'a [u8], form: MatchingForm) -> Result<Self, PathError> {
        if is_simple(path) {
            let matching = MatchingPath(SmallVec::from_slice(without_final_slash(path, form)));
            Ok(Self { forward: Cow::Borrowed(path), matching, others: Vec::new() })
        } else {
            Self::parse_any(path, form)
        }
    }

    fn parse_any(path: &'a [u8], form: MatchingForm) -> Result<Self, PathError> {
        let encoded_slash = scan(path)?;
        if encoded_slash && form.encoded_slash == EncodedSlash::Reject {
            return Err(PathError::EncodedSlash);
        }
        let forward = in_ascii(with_one_slash(without_dot_segments(path)));
        let matching = MatchingPath::of(&forward, form);
        // Read from what is forwarded, because that is what the upstream will read.
        let others = if encoded_slash || forward.contains(&b';') { other_readings(&forward, form) } else { Vec::new() };
        Ok(Self { forward, matching, others })
    }
}

/// How else a path may be read.
fn other_readings(forward: &[u8], form: MatchingForm) -> Vec<MatchingPath> {
    let mut readings = Vec::new();
    let mut add = |path: &[u8]| readings.push(MatchingPath::of(&without_dot_segments(path), form));
    let separated = with_plain_slashes(forward);
    if let Some(separated) = &separated {
        add(separated);
    }
    for path in [Some(forward), separated.as_deref()].into_iter().flatten() {
        let Some(semicolon) = path.iter().position(|byte| *byte == b';') else { continue };
        add(&without_parameters(path));
        add(path.get(..semicolon).unwrap_or_default());
    }
    readings
}

/// Every segment up to its first semicolon (RFC 3986, section 3.3: parameters of a segment).
fn without_parameters(path: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(path.len());
    for segment in path.get(1..).unwrap_or_default().split(|byte| *byte == b'/') {
        out.push(b'/');
        out.extend_from_slice(segment.split(|byte| *byte == b';').next().unwrap_or_default());
    }
    out
}

/// Refuses what is ambiguous, and says whether there is an encoded slash.
fn scan(path: &[u8]) -> Result<bool, PathError> {
    if path.first() != Some(&b'/') {
        return Err(PathError::NotAbsolute);
    }
    if is_plain(path) {
        return Ok(false);
    }
    let mut rest = path;
    let mut encoded_slash = false;
    let mut before = b'/';
    while let [byte, after @ ..] = rest {
        rest = after;
        let mut value = *byte;
        if value == b'%' {
            let (decoded, after) = escape(rest).ok_or(PathError::BrokenEscape)?;
            (value, rest) = (decoded, after);
        }
        match value {
            0 if *byte == b'%' => return Err(PathError::EncodedNul),
            0..=0x1f | 0x7f => return Err(PathError::Control),
            b'\\' => return Err(PathError::Backslash),
            b'#' if *byte == b'#' => return Err(PathError::Fragment),
            b'/' if *byte == b'%' => encoded_slash = true,
            _ if is_overlong(before, value) => return Err(PathError::Overlong),
            _ => {}
        }
        before = value;
    }
    Ok(encoded_slash)
}

/// Whether two bytes begin a character in more bytes than it needs (RFC 3629, section 3). Lenient
/// decoders make a dot or a slash of such; no text in whatever encoding has them.
const fn is_overlong(first: u8, second: u8) -> bool {
    matches!((first, second), (0xc0 | 0xc1, 0x80..=0xbf) | (0xe0, 0x80..=0x9f) | (0xf0, 0x80..=0x8f))
}

/// The byte that two hexadecimal digits stand for, and what follows them.
fn escape(after_percent: &[u8]) -> Option<(u8, &[u8])> {
    let [high, low, rest @ ..] = after_percent else { return None };
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some((digit(high)? << 4 | digit(low)?, rest))
}

/// RFC 3986 `pchar`, without the escapes: letters, digits, `-._~`, `!$&'()*+,;=` and `:@`.
const fn stands_plainly(byte: u8) -> bool {
    matches!(byte, b'!' | b'$' | b'&'..=b'.' | b'0'..=b';' | b'=' | b'@'..=b'Z' | b'_' | b'a'..=b'z' | b'~')
}

/// Whether a path is its own form but for a slash at its end, as most are: it begins with one slash, and has only small
/// letters, digits and `-_~` between single ones.
fn is_simple(path: &[u8]) -> bool {
    let Some((b'/', rest)) = path.split_first() else { return false };
    let mut before = b'/';
    rest.iter().all(|byte| {
        let follows = core::mem::replace(&mut before, *byte);
        match byte {
            b'/' => follows != b'/',
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'~' => true,
            _ => false,
        }
    })
}

/// A slash at the end means nothing unless the form is strict, but for the root's.
fn without_final_slash(path: &[u8], form: MatchingForm) -> &[u8] {
    match path {
        [before @ .., b'/'] if !form.strict_slash && !before.is_empty() => before,
        _ => path,
    }
}

/// Whether every byte stands for itself, as in most paths.
#[expect(clippy::needless_bitwise_bool, reason = "a loop without a branch is done sixteen bytes at a time")]
fn is_plain(path: &[u8]) -> bool {
    path.iter().fold(true, |plain, byte| plain & (stands_plainly(*byte) | (*byte == b'/')))
}

/// Whether two slashes follow each other.
#[expect(clippy::needless_bitwise_bool, reason = "likewise")]
fn has_empty_segment(path: &[u8]) -> bool {
    let after = path.get(1..).unwrap_or_default();
    path.iter().zip(after).fold(false, |found, (a, b)| found | ((*a == b'/') & (*b == b'/')))
}

impl MatchingPath {
    /// The form's bytes; always begins with a slash.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The form as text; every byte of it is ASCII.
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The segments between the slashes; none for the root. In strict form a trailing slash is a
    /// last, empty segment.
    pub fn segments(&self) -> impl Iterator<Item = &[u8]> + Clone {
        let inner = self.0.get(1..).unwrap_or_default();
        let count = if inner.is_empty() { 0 } else { usize::MAX };
        inner.split(|byte| *byte == b'/').take(count)
    }

    /// The form of a path that [`scan`] let through and that has no dot segments.
    fn of(path: &[u8], form: MatchingForm) -> Self {
        let plain = is_plain(path);
        let mut out = if plain { SmallVec::from_slice(path) } else { in_one_spelling(path) };
        if !form.case_sensitive {
            out.make_ascii_lowercase();
            if !plain {
                fold_letters(&mut out);
            }
        }
        if has_empty_segment(&out) {
            out.dedup_by(|byte, before| *byte == b'/' && *before == b'/');
        }
        out.truncate(without_final_slash(&out, form).len());
        Self(out)
    }
}

/// Letters beyond ASCII, as the form has them, that are ASCII letters to who minds no letter case
/// (Unicode's `CaseFolding.txt`; the dots on and off an i as Python's `re` has them).
const FOLDED: [(&[u8], u8); 4] = [(b"%c5%bf", b's'), (b"%e2%84%aa", b'k'), (b"%c4%b0", b'i'), (b"%c4%b1", b'i')];

fn fold_letters(form: &mut SmallVec<[u8; 128]>) {
    let mut at = 0;
    while let Some(escape) = form.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == b'%')) {
        at += escape;
        let rest = form.get(at..).unwrap_or_default();
        if let Some((letter, plain)) = FOLDED.iter().find(|(letter, _)| rest.starts_with(letter)) {
            form.drain(at + 1..at + letter.len());
            if let Some(byte) = form.get_mut(at) {
                *byte = *plain;
            }
        }
        at += 1;
    }
}

/// The path with bytes that stand plainly decoded, and all others escaped.
fn in_one_spelling(path: &[u8]) -> SmallVec<[u8; 128]> {
    let mut out = SmallVec::new();
    let mut rest = path;
    while let [byte, after @ ..] = rest {
        let decoded = if *byte == b'%' { escape(after) } else { None };
        let (value, after) = decoded.unwrap_or((*byte, after));
        // An encoded slash stays encoded; the reading in which it separates is another path.
        if stands_plainly(value) || (value == b'/' && decoded.is_none()) {
            out.push(value);
        } else {
            out.extend_from_slice(&escaped(value));
        }
        rest = after;
    }
    out
}

/// The escape of a byte, in lower case so that folding leaves it alone.
fn escaped(byte: u8) -> [u8; 3] {
    let digit = |nibble: u8| if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
    [b'%', digit(byte >> 4), digit(byte & 0x0f)]
}

/// RFC 3986, section 5.2.4, on the bytes as sent; an escaped dot is a dot.
fn without_dot_segments(path: &[u8]) -> Cow<'_, [u8]> {
    let segments = || path.get(1..).unwrap_or_default().split(|byte| *byte == b'/');
    // Most paths have neither byte, and looking for one is much faster than looking at segments.
    let may_have = path.contains(&b'.') || path.contains(&b'%');
    if !may_have || segments().all(|segment| count_dots(segment).is_none()) {
        return Cow::Borrowed(path);
    }
    let mut kept: Vec<&[u8]> = Vec::new();
    for segment in segments() {
        match count_dots(segment) {
            None => kept.push(segment),
            Some(1) => {}
            Some(_) => {
                kept.pop();
            }
        }
    }
    let mut out = Vec::with_capacity(path.len());
    for segment in &kept {
        out.push(b'/');
        out.extend_from_slice(segment);
    }
    // What a final dot segment leaves is a directory.
    if kept.is_empty() || segments().next_back().and_then(count_dots).is_some() {
        out.push(b'/');
    }
    Cow::Owned(out)
}

/// The path without all but one of the slashes that it begins with.
fn with_one_slash(path: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    let more = path.iter().take_while(|byte| **byte == b'/').count().saturating_sub(1);
    match path {
        path if more == 0 => path,
        Cow::Borrowed(path) => Cow::Borrowed(path.get(more..).unwrap_or_default()),
        Cow::Owned(mut path) => {
            path.drain(..more);
            Cow::Owned(path)
        }
    }
}

/// The path with bytes beyond ASCII escaped. Express, for one, trims some of them off the end.
fn in_ascii(path: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    if path.is_ascii() {
        return path;
    }
    let mut out = Vec::with_capacity(path.len() * 2);
    for byte in path.iter() {
        if byte.is_ascii() { out.push(*byte) } else { out.extend_from_slice(&escaped(*byte)) }
    }
    Cow::Owned(out)
}

/// 1 for `.`, 2 for `..`, in whatever spelling.
fn count_dots(segment: &[u8]) -> Option<u8> {
    let mut dots = 0_u8;
    let mut rest = segment;
    loop {
        rest = match rest {
            [] => return (dots > 0).then_some(dots),
            [b'.', after @ ..] | [b'%', b'2', b'e' | b'E', after @ ..] => after,
            _ => return None,
        };
        dots += 1;
        if dots > 2 {
            return None;
        }
    }
}

/// The path with every encoded slash decoded; `None` where there is none.
///
/// A percent sign always begins an escape here, so `%252F` is never taken for one.
fn with_plain_slashes(path: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(path.len());
    let mut rest = path;
    loop {
        rest = match rest {
            [] => return (out.len() < path.len()).then_some(out),
            [b'%', b'2', b'f' | b'F', after @ ..] => {
                out.push(b'/');
                after
            }
            [byte, after @ ..] => {
                out.push(*byte);
                after
            }
        };
    }
}

#[cfg(test)]
mod tests;
