//! Where a pass stands in a request, and the request without it.

use http::{HeaderValue, header};
use pingora::http::RequestHeader;

use crate::head::RequestHead;
use crate::pass::NAME;

/// A pass as a query brought it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Brought {
    /// What may be a pass.
    pub(super) text: String,
    /// The target without it; all else as it came.
    pub(super) target: Vec<u8>,
}

/// Everything in a request that may be a pass.
pub(super) fn texts(request: &RequestHead<'_>) -> Vec<String> {
    let pairs = request.fields.all(&header::COOKIE).flat_map(|line| line.split(|byte| *byte == b';'));
    let cookies = pairs.filter_map(|pair| value(trimmed(pair)));
    cookies.chain(in_query(request.target).map(|brought| brought.text)).collect()
}

/// The pass in a target's query. Of several the first; none of them stays.
pub(super) fn in_query(target: &[u8]) -> Option<Brought> {
    let mark = target.iter().position(|byte| *byte == b'?')?;
    let (path, query) = target.split_at(mark);
    let pairs = || query.get(1..).unwrap_or_default().split(|byte| *byte == b'&');
    let text = pairs().find_map(value)?;
    let others: Vec<&[u8]> = pairs().filter(|pair| value(pair).is_none()).collect();
    let mut target = path.to_vec();
    if !others.is_empty() {
        target.push(b'?');
        target.extend(others.join(&b'&'));
    }
    Some(Brought { text, target })
}

/// Takes every pass out of the cookies; the others stay byte for byte.
pub(super) fn take_cookies(request: &mut RequestHeader) -> Vec<String> {
    let lines = || request.headers.get_all(header::COOKIE).iter();
    let holds =
        |line: &HeaderValue| line.as_bytes().split(|byte| *byte == b';').any(|pair| value(trimmed(pair)).is_some());
    if !lines().any(holds) {
        return Vec::new();
    }
    let mut found = Vec::new();
    let kept: Vec<Vec<u8>> = lines().map(|line| without(line.as_bytes(), &mut found)).collect();
    request.remove_header(&header::COOKIE);
    for line in kept.iter().filter(|line| !line.is_empty()) {
        // It was a header's value, and is a part of it.
        if let Ok(line) = HeaderValue::from_bytes(line) {
            let _ = request.append_header(header::COOKIE, line);
        }
    }
    found
}

/// A line of cookies without passes, which are added to `found`.
fn without(line: &[u8], found: &mut Vec<String>) -> Vec<u8> {
    let mut kept: Vec<&[u8]> = Vec::new();
    for pair in line.split(|byte| *byte == b';') {
        match value(trimmed(pair)) {
            Some(text) => found.push(text),
            None => kept.push(pair),
        }
    }
    let mut line = kept.join(&b';');
    // The space belonged behind a semicolon that went with the pass.
    let spaces = line.iter().take_while(|byte| **byte == b' ').count();
    line.drain(..spaces);
    line
}

/// The value of a pair that is a pass's.
fn value(pair: &[u8]) -> Option<String> {
    let rest = pair.strip_prefix(NAME.as_bytes())?;
    let value = match rest.split_first() {
        None => rest,
        Some((b'=', value)) => value,
        Some(_) => return None,
    };
    Some(String::from_utf8_lossy(value).into_owned())
}

fn trimmed(pair: &[u8]) -> &[u8] {
    pair.trim_ascii()
}

/// A target as a reference that leads to this host and no other: `//host` and `/\host` would be read as another's.
pub(super) fn own_path(target: &[u8]) -> Vec<u8> {
    let is_slash = |byte: &&u8| matches!(**byte, b'/' | b'\\');
    // An absolute target is this host's own: what stands before its path is left out.
    let scheme = target.windows(3).position(|window| window == b"://").filter(|_| target.first() != Some(&b'/'));
    let path = match scheme {
        Some(at) => {
            let rest = target.get(at + 3..).unwrap_or_default();
            rest.get(rest.iter().position(|byte| *byte == b'/').unwrap_or(rest.len())..).unwrap_or_default()
        }
        None => target,
    };
    let slashes = path.iter().take_while(is_slash).count();
    [b"/", path.get(slashes..).unwrap_or_default()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_leaves_the_query_and_all_else_stays() {
        for (target, text, rest) in [
            ("/a?schemagate_pass=v1.x.y", "v1.x.y", "/a"),
            ("/a?b=1&schemagate_pass=v1.x.y&&c=%20", "v1.x.y", "/a?b=1&&c=%20"),
            ("/a?schemagate_pass=1&schemagate_pass=2&d", "1", "/a?d"),
            ("/a?schemagate_pass", "", "/a"),
            ("/a?schemagate_pass=", "", "/a"),
        ] {
            let found = Brought { text: text.to_owned(), target: rest.as_bytes().to_vec() };
            assert_eq!(in_query(target.as_bytes()), Some(found), "{target}");
        }
        for target in
            ["/schemagate_pass=1", "/a?xschemagate_pass=1", "/a?schemagate_passes=1", "/a", "/a?b=schemagate_pass=1"]
        {
            assert_eq!(in_query(target.as_bytes()), None, "{target}");
        }
    }

    #[test]
    fn a_pass_leaves_the_cookies_and_the_others_stay_byte_for_byte() {
        for (lines, found, kept) in [
            (vec!["a=1; schemagate_pass=x; b=2"], vec!["x"], vec!["a=1; b=2"]),
            (vec!["schemagate_pass=x; b=\"2;  c\"; d"], vec!["x"], vec!["b=\"2;  c\"; d"]),
            (vec!["a=1;b=2 ; schemagate_pass=x"], vec!["x"], vec!["a=1;b=2 "]),
            (vec!["schemagate_pass=x"], vec!["x"], vec![]),
            (vec!["a=1", "schemagate_pass=x;schemagate_pass=y", "b=2"], vec!["x", "y"], vec!["a=1", "b=2"]),
            (
                vec!["a=schemagate_pass=1; schemagate_passes=2"],
                vec![],
                vec!["a=schemagate_pass=1; schemagate_passes=2"],
            ),
        ] {
            let mut request = RequestHeader::build("GET", b"/", None).expect("a request");
            for line in &lines {
                request.append_header("Cookie", *line).expect("a header");
            }
            assert_eq!(take_cookies(&mut request), found, "{lines:?}");
            let now: Vec<_> =
                request.headers.get_all("cookie").iter().map(|line| line.to_str().expect("text")).collect();
            assert_eq!(now, kept, "{lines:?}");
        }
    }

    #[test]
    fn a_link_leads_to_this_host_alone() {
        for (target, path) in [
            ("/a?b", "/a?b"),
            ("/", "/"),
            ("//evil.example/a", "/evil.example/a"),
            ("/\\evil.example", "/evil.example"),
            ("\\\\evil.example", "/evil.example"),
            ("///a", "/a"),
            ("http://here/a?b", "/a?b"),
            ("http://here", "/"),
            ("http://here//evil.example", "/evil.example"),
            ("/a?to=http://there/b", "/a?to=http://there/b"),
            ("*", "/*"),
        ] {
            assert_eq!(String::from_utf8(own_path(target.as_bytes())).as_deref(), Ok(path), "{target}");
        }
    }
}
