use proptest::prelude::*;

use super::*;
use crate::sample::KEEP;

const LAX: MatchingForm =
    MatchingForm { case_sensitive: false, strict_slash: false, encoded_slash: EncodedSlash::Reject };
const STRICT: MatchingForm = MatchingForm { case_sensitive: true, strict_slash: true, ..LAX };

fn parse(path: &str, form: MatchingForm) -> Target<'_> {
    Target::parse(path.as_bytes(), form).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn matching(path: &str, form: MatchingForm) -> String {
    parse(path, form).matching.as_str().to_owned()
}

fn forward(path: &str, form: MatchingForm) -> String {
    String::from_utf8(parse(path, form).forward.into_owned()).expect("text")
}

fn parse_bytes(path: &[u8], form: MatchingForm) -> String {
    let target = Target::parse(path, form).expect("a path");
    String::from_utf8(target.forward.into_owned()).expect("text")
}

/// The readings beside the first.
fn others<'t>(target: &'t Target<'_>) -> Vec<&'t str> {
    target.others.iter().map(MatchingPath::as_str).collect()
}

fn refused(path: &[u8], form: MatchingForm) -> PathError {
    Target::parse(path, form).expect_err("a refusal")
}

#[test]
fn an_ordinary_path_is_its_own_form() {
    for path in ["/", "/admin/backups", "/a.b/c-d_e~f", "/.well-known/acme", "/a/...", "/a/..b/.c"] {
        assert_eq!(matching(path, LAX), path);
        assert_eq!(forward(path, LAX), path);
    }
}

#[test]
fn dot_segments_are_removed_as_rfc_3986_says() {
    // The first is section 5.2.4's own example; the others are section 5.4's, merged with its base.
    for (path, form) in [
        ("/a/b/c/./../../g", "/a/g"),
        ("/b/c/.", "/b/c/"),
        ("/b/c/./", "/b/c/"),
        ("/b/c/..", "/b/"),
        ("/b/c/../", "/b/"),
        ("/b/c/../g", "/b/g"),
        ("/b/c/../..", "/"),
        ("/b/c/../../", "/"),
        ("/b/c/../../g", "/g"),
        ("/b/c/../../../g", "/g"),
        ("/b/c/../../../../g", "/g"),
        ("/./g", "/g"),
        ("/../g", "/g"),
        ("/b/c/g.", "/b/c/g."),
        ("/b/c/.g", "/b/c/.g"),
        ("/b/c/g..", "/b/c/g.."),
        ("/b/c/..g", "/b/c/..g"),
        ("/b/c/./../g", "/b/g"),
        ("/b/c/./g/.", "/b/c/g/"),
        ("/b/c/g/./h", "/b/c/g/h"),
        ("/b/c/g/../h", "/b/c/h"),
        ("/b/c/g;x=1/./y", "/b/c/g;x=1/y"),
        ("/b/c/g;x=1/../y", "/b/c/y"),
        ("/.", "/"),
        ("/..", "/"),
    ] {
        assert_eq!(matching(path, STRICT), form, "{path}");
        assert_eq!(forward(path, STRICT), form, "{path}");
    }
}

#[test]
fn an_escaped_dot_is_a_dot_in_every_spelling() {
    for dots in ["..", ".%2e", ".%2E", "%2e.", "%2E.", "%2e%2e", "%2E%2E", "%2e%2E"] {
        assert_eq!(matching(&format!("/a/{dots}/b"), LAX), "/b", "{dots}");
        assert_eq!(forward(&format!("/a/{dots}/b"), LAX), "/b", "{dots}");
    }
    for dot in [".", "%2e", "%2E"] {
        assert_eq!(matching(&format!("/a/{dot}/b"), LAX), "/a/b", "{dot}");
        assert_eq!(forward(&format!("/a/{dot}/b"), LAX), "/a/b", "{dot}");
    }
    assert_eq!(matching("/a%2eb", LAX), "/a.b");
    assert_eq!(forward("/a%2eb", LAX), "/a%2eb");
}

#[test]
fn a_doubly_escaped_dot_is_not_a_dot() {
    assert_eq!(matching("/a/%252e%252e/b", LAX), "/a/%252e%252e/b");
    assert_eq!(forward("/a/%252e%252e/b", LAX), "/a/%252e%252e/b");
}

#[test]
fn slashes_are_merged_in_the_form_and_kept_in_what_is_forwarded_but_at_the_front() {
    for (path, form, forwarded) in [
        ("//", "/", "/"),
        ("//a", "/a", "/a"),
        // As a link this would lead to the host `a`.
        ("//a/b//c", "/a/b/c", "/a/b//c"),
        ("/a//b", "/a/b", "/a//b"),
        ("/a///b//", "/a/b", "/a///b//"),
        ("////", "/", "/"),
        ("/a/..//b/c", "/b/c", "/b/c"),
    ] {
        assert_eq!(matching(path, LAX), form, "{path}");
        assert_eq!(forward(path, LAX), forwarded, "{path}");
    }
}

#[test]
fn an_empty_segment_is_a_segment_to_a_dot_segment() {
    assert_eq!(matching("/a//../b", LAX), "/a/b");
    assert_eq!(forward("/a//../b", LAX), "/a/b");
    assert_eq!(matching("//../a", LAX), "/a");
    assert_eq!(forward("/a/../..//b", LAX), "/b");
}

#[test]
fn ascii_case_is_folded_unless_it_is_strict() {
    assert_eq!(matching("/Admin/BACKUPS", LAX), "/admin/backups");
    assert_eq!(matching("/%41dmin", LAX), "/admin");
    assert_eq!(matching("/Admin", STRICT), "/Admin");
    assert_eq!(matching("/%41dmin", STRICT), "/Admin");
    assert_eq!(forward("/Admin", LAX), "/Admin");
}

#[test]
fn letters_beyond_ascii_keep_their_case() {
    assert_ne!(matching("/É", LAX), matching("/é", LAX));
}

#[test]
fn a_trailing_slash_is_ignored_unless_it_is_strict() {
    for path in ["/a", "/a/", "/a//", "/a/.", "/a/b/..", "/a/./"] {
        assert_eq!(matching(path, LAX), "/a", "{path}");
    }
    for path in ["/a/", "/a//", "/a/.", "/a/b/.."] {
        assert_eq!(matching(path, STRICT), "/a/", "{path}");
    }
    assert_eq!(matching("/a", STRICT), "/a");
    assert_eq!(matching("/", STRICT), "/");
}

#[test]
fn in_strict_form_a_trailing_slash_is_a_last_empty_segment() {
    let segments = |path, form| {
        parse(path, form).matching.segments().map(|s| String::from_utf8_lossy(s).into_owned()).collect::<Vec<_>>()
    };
    assert_eq!(segments("/a/b/", STRICT), ["a", "b", ""]);
    assert_eq!(segments("/a/b/", LAX), ["a", "b"]);
    assert_eq!(segments("/", STRICT), Vec::<String>::new());
}

#[test]
fn an_encoded_slash_is_refused_by_default() {
    for path in ["/a%2Fb", "/a%2fb", "/%2F", "/a/b%2F..%2Fc", "/a%2Fb/../c"] {
        assert_eq!(refused(path.as_bytes(), LAX), PathError::EncodedSlash, "{path}");
    }
}

#[test]
fn a_kept_encoded_slash_gives_both_readings() {
    let target = parse("/npm/@Scope%2FName", KEEP);
    assert_eq!(target.matching.as_str(), "/npm/@scope%2fname");
    assert_eq!(others(&target), ["/npm/@scope/name"]);
    assert_eq!(forward("/npm/@Scope%2FName", KEEP), "/npm/@Scope%2FName");
}

#[test]
fn dot_segments_between_kept_encoded_slashes_are_removed_in_the_second_reading() {
    let target = parse("/files/..%2F..%2fadmin", KEEP);
    assert_eq!(target.matching.as_str(), "/files/..%2f..%2fadmin");
    assert_eq!(others(&target), ["/admin"]);
}

#[test]
fn the_second_reading_is_that_of_what_is_forwarded() {
    // Read from the bytes as sent it would be /x/admin/backups, which the upstream never sees.
    let target = parse("/x%2Fy/../admin%2Fbackups", KEEP);
    assert_eq!(&*target.forward, b"/admin%2Fbackups");
    assert_eq!(others(&target), ["/admin/backups"]);
}

#[test]
fn an_encoded_slash_that_a_dot_segment_removed_gives_no_second_reading() {
    assert!(parse("/x%2Fy/../admin", KEEP).others.is_empty());
    assert!(parse("/a%252Fb", KEEP).others.is_empty());
}

#[test]
fn a_semicolon_begins_parameters_or_the_query_to_some() {
    for (path, form, readings) in [
        ("/admin/backups;v=1", "/admin/backups;v=1", &["/admin/backups", "/admin/backups"][..]),
        ("/admin;a/backups;b", "/admin;a/backups;b", &["/admin/backups", "/admin"]),
        ("/x/..;/admin", "/x/..;/admin", &["/admin", "/"]),
        ("/;/admin", "/;/admin", &["/admin", "/"]),
        ("/a;/../b", "/b", &[]),
        ("/a%3Bb", "/a;b", &[]),
    ] {
        let target = parse(path, LAX);
        assert_eq!(target.matching.as_str(), form, "{path}");
        assert_eq!(others(&target), readings, "{path}");
        assert_eq!(forward(path, LAX), if path == "/a;/../b" { "/b" } else { path });
    }
    let both = parse("/x/..;/admin%2Fbackups", KEEP);
    assert_eq!(others(&both), ["/x/..;/admin/backups", "/admin%2fbackups", "/", "/admin/backups", "/"]);
}

#[test]
fn letters_that_unicode_folds_into_ascii_are_these_unless_case_matters() {
    for path in ["/%C5%BFale%C5%BF/%E2%84%AA%C4%B0", "/\u{17f}ale\u{17f}/\u{212a}\u{131}"] {
        assert_eq!(matching(path, LAX), "/sales/ki");
    }
    assert_eq!(matching("/%C5%BF", STRICT), "/%c5%bf");
    assert_eq!(matching("/%25c5%bf/%c5%c5%bf%bf", LAX), "/%25c5%bf/%c5s%bf");
}

#[test]
fn what_is_beyond_ascii_is_forwarded_escaped() {
    assert_eq!(parse_bytes(b"/a\xa0", LAX), "/a%a0");
    assert_eq!(parse_bytes(b"//\xff/../\xc3\xa9", STRICT), "/%c3%a9");
}

#[test]
fn what_backends_read_differently_is_refused() {
    for (path, error) in [
        (&b""[..], PathError::NotAbsolute),
        (b"*", PathError::NotAbsolute),
        (b"a/b", PathError::NotAbsolute),
        (b"http://a/b", PathError::NotAbsolute),
        (b"%2Fa", PathError::NotAbsolute),
        (b"/%", PathError::BrokenEscape),
        (b"/%4", PathError::BrokenEscape),
        (b"/%4/", PathError::BrokenEscape),
        (b"/%zz", PathError::BrokenEscape),
        (b"/%+1", PathError::BrokenEscape),
        (b"/%%41", PathError::BrokenEscape),
        (b"/a%u0041", PathError::BrokenEscape),
        (b"/a\0", PathError::Control),
        (b"/a\r\nX: y", PathError::Control),
        (b"/a\tb", PathError::Control),
        (b"/a\x7f", PathError::Control),
        (b"/a%00", PathError::EncodedNul),
        (b"/a%0A", PathError::Control),
        (b"/a%0d", PathError::Control),
        (b"/a%09b", PathError::Control),
        (b"/a%1F", PathError::Control),
        (b"/a%7f", PathError::Control),
        (b"/a%C0%AFb", PathError::Overlong),
        (b"/%c0%ae%c0%ae/b", PathError::Overlong),
        (b"/a\xc1\x9cb", PathError::Overlong),
        (b"/a\xc0%afb", PathError::Overlong),
        (b"/a%e0%80%afb", PathError::Overlong),
        (b"/a%F0%80%80%AFb", PathError::Overlong),
        (b"/a\\b", PathError::Backslash),
        (b"/a%5Cb", PathError::Backslash),
        (b"/a%5cb", PathError::Backslash),
        (b"/a#b", PathError::Fragment),
    ] {
        assert_eq!(refused(path, KEEP), error, "{}", path.escape_ascii());
        assert_eq!(refused(path, STRICT), error, "{}", path.escape_ascii());
    }
}

#[test]
fn a_byte_beyond_ascii_equals_its_escape() {
    assert_eq!(matching("/café", LAX), "/caf%c3%a9");
    assert_eq!(matching("/caf%C3%A9", LAX), "/caf%c3%a9");
    assert_eq!(forward("/café", LAX), "/caf%c3%a9");
    assert_eq!(forward("/caf%C3%A9", LAX), "/caf%C3%A9");
}

#[test]
fn what_a_segment_may_hold_plainly_equals_its_escape() {
    for byte in 0x21_u8..0x7f {
        let plain = [b'/', b'x', byte];
        let Ok(plain) = Target::parse(&plain, STRICT) else { continue };
        let spelled = format!("/x%{byte:02X}");
        if byte != b'/' {
            assert_eq!(plain.matching.as_str(), matching(&spelled, STRICT), "{spelled}");
        }
    }
    assert_eq!(matching("/%24metadata", LAX), "/$metadata");
    assert_eq!(matching("/%61%2D%5F%7E", LAX), "/a-_~");
}

#[test]
fn an_escaped_question_mark_hash_or_percent_stays_escaped() {
    for (path, form) in [("/a%3Fb", "/a%3fb"), ("/a%23b", "/a%23b"), ("/a%2541", "/a%2541"), ("/a%20b", "/a%20b")] {
        assert_eq!(matching(path, LAX), form);
        assert_eq!(forward(path, LAX), path);
    }
}

#[test]
fn a_path_of_many_segments_is_read_in_one_go() {
    let up = "/a".repeat(50_000) + &"/..".repeat(50_000) + "/b";
    assert_eq!(matching(&up, LAX), "/b");
    let empty = "/".repeat(100_000);
    assert_eq!(matching(&empty, LAX), "/");
}

fn forms() -> impl Strategy<Value = MatchingForm> {
    (any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(case_sensitive, strict_slash, keep)| MatchingForm {
        case_sensitive,
        strict_slash,
        encoded_slash: if keep { EncodedSlash::Keep } else { EncodedSlash::Reject },
    })
}

/// Paths made of the pieces that matter, most of which are accepted.
fn paths() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        &b"/"[..],
        b"/",
        b"//",
        b".",
        b"..",
        b"%2e",
        b"%2E",
        b"%2f",
        b"%2F",
        b"a",
        b"B",
        b"%41",
        b"%61",
        b"$",
        b"%24",
        b"%25",
        b"2e",
        b"2F",
        b"%3F",
        b";x=1",
        b"..;",
        b"%3b",
        b"%c5%bf",
        b"%E2%84%AA",
        b" ",
        b"%20",
        b"\xc3\xa9",
        b"%C3%a9",
        b"\xff",
        b"~",
        b"%7e",
        b"{",
        b"*",
    ]);
    prop::collection::vec(piece, 0..12).prop_map(|pieces| [&[&b"/"[..]], &pieces[..]].concat().concat())
}

/// Every reading of `path` as text.
fn readings(target: &Target<'_>) -> Vec<String> {
    [&target.matching].into_iter().chain(&target.others).map(|form| form.as_str().to_owned()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_bytes_are_read_or_refused(path in prop::collection::vec(any::<u8>(), 0..64), form in forms()) {
        if let Ok(target) = Target::parse(&path, form) {
            prop_assert!(target.matching.as_bytes().starts_with(b"/"));
            prop_assert!(target.matching.as_bytes().is_ascii());
        }
    }

    #[test]
    fn a_simple_path_is_read_as_any_other(path in prop_oneof![paths(), "[/a-z0-9_~A.-]{0,12}".prop_map(String::into_bytes)], form in forms()) {
        prop_assert_eq!(Target::parse(&path, form), Target::parse_any(&path, form));
    }

    #[test]
    fn the_form_is_its_own_form(path in paths(), form in forms()) {
        let Ok(target) = Target::parse(&path, form) else { return Ok(()) };
        for once in [&target.matching].into_iter().chain(&target.others) {
            let twice = Target::parse(once.as_bytes(), form).expect("a form is a path");
            prop_assert_eq!(&twice.matching, once);
            prop_assert_eq!(&*twice.forward, once.as_bytes());
        }
    }

    #[test]
    fn the_upstream_reads_what_was_decided(path in paths(), form in forms()) {
        let Ok(target) = Target::parse(&path, form) else { return Ok(()) };
        let forwarded = Target::parse(&target.forward, form).expect("what is forwarded is a path");
        prop_assert_eq!(readings(&forwarded), readings(&target));
        prop_assert_eq!(&forwarded.forward, &target.forward);
    }

    #[test]
    fn what_is_forwarded_has_no_dot_segment_in_any_spelling(path in paths(), form in forms()) {
        let Ok(target) = Target::parse(&path, form) else { return Ok(()) };
        for segment in target.forward.split(|byte| *byte == b'/') {
            let plain = String::from_utf8_lossy(segment).to_ascii_lowercase().replace("%2e", ".");
            prop_assert!(plain != "." && plain != "..", "{plain}");
        }
    }

    #[test]
    fn what_needs_no_change_is_forwarded_as_it_came(path in paths(), form in forms()) {
        let Ok(target) = Target::parse(&path, form) else { return Ok(()) };
        let dots = path.split(|byte| *byte == b'/').any(|segment| {
            matches!(&*String::from_utf8_lossy(segment).to_ascii_lowercase().replace("%2e", "."), "." | "..")
        });
        let changed = dots || path.starts_with(b"//") || !path.is_ascii();
        prop_assert_eq!(*target.forward != path[..], changed);
        prop_assert!(changed || matches!(target.forward, Cow::Borrowed(_)));
        prop_assert!(target.forward.is_ascii() && !target.forward.starts_with(b"//"));
    }

    #[test]
    fn other_readings_exist_exactly_where_an_encoded_slash_or_a_semicolon_is_forwarded(
        path in paths(), form in forms(),
    ) {
        let Ok(target) = Target::parse(&path, form) else { return Ok(()) };
        let text = String::from_utf8_lossy(&target.forward).to_ascii_lowercase();
        prop_assert_eq!(!target.others.is_empty(), text.contains("%2f") || text.contains(';'));
    }
}
