use proptest::prelude::*;

use super::*;

const LIMITS: Limits = Limits { target: 64, field: 96, head: 512, fields: 8 };

fn read(head: &str) -> Result<Body, WireRefusal> {
    inspect(head.as_bytes(), &LIMITS).map(|head| head.body)
}

/// What is made of a head whose parts do not matter.
fn inspect(head: &[u8], limits: &Limits) -> Result<Head, WireRefusal> {
    super::inspect(head, limits, &mut Outline::default())
}

/// A head of one request line and some fields.
fn head(line: &str, fields: &str) -> String {
    format!("{line}\r\n{fields}\r\n")
}

/// What is made of a request with these fields beside its host.
fn with(fields: &str) -> Result<Body, WireRefusal> {
    read(&head("POST / HTTP/1.1", &format!("Host: a\r\n{fields}")))
}

/// What is made of a request with this line.
fn line_of(line: &str) -> Result<Body, WireRefusal> {
    read(&head(line, "Host: a\r\n"))
}

#[test]
fn an_ordinary_request_goes_on_and_its_body_is_known() {
    assert_eq!(line_of("GET /a?b=c HTTP/1.1"), Ok(Body::Length(0)));
    assert_eq!(with("Content-Length: 12\r\n"), Ok(Body::Length(12)));
    assert_eq!(with("content-length:\t0012 \r\n"), Ok(Body::Length(12)));
    assert_eq!(with("Transfer-Encoding: Chunked\r\n"), Ok(Body::Chunked));
    assert_eq!(with("X-Empty:\r\nX-Text: caf\u{e9}\ttab\r\nExpect: 100-Continue\r\n"), Ok(Body::Length(0)));
    assert_eq!(with("Connection: keep-alive, TE, X-Hop\r\nTE: trailers\r\n"), Ok(Body::Length(0)));
    assert_eq!(read("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), Ok(Body::Length(0)));
    assert_eq!(read("GET / HTTP/1.0\r\n\r\n"), Ok(Body::Length(0)));
    assert_eq!(read("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"), Ok(Body::Length(0)));
    assert_eq!(read("GET HTTP://A:80/b?c HTTP/1.1\r\nHost: a:80\r\n\r\n"), Ok(Body::Length(0)));
    assert_eq!(read("M-SEARCH https://a HTTP/1.1\r\nHost: a\r\n\r\n"), Ok(Body::Length(0)));
    assert_eq!(read("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"), Ok(Body::Length(0)));
}

#[test]
fn a_request_line_is_three_words_with_one_blank_between_each() {
    use WireRefusal as W;
    for (line, refusal) in [
        ("", W::BadRequestLine),
        ("GET /", W::BadRequestLine),
        ("GET  / HTTP/1.1", W::BadRequestLine),
        ("GET /  HTTP/1.1", W::BadRequestLine),
        ("GET / HTTP/1.1 ", W::BadRequestLine),
        (" GET / HTTP/1.1", W::BadRequestLine),
        ("GET /a b HTTP/1.1", W::BadRequestLine),
        ("GET\t/ HTTP/1.1", W::BadRequestLine),
        ("GET /a\tb HTTP/1.1", W::ControlByte),
        ("GET /a\0b HTTP/1.1", W::ControlByte),
        ("GET /a\u{7f} HTTP/1.1", W::ControlByte),
        ("GET /a\rb HTTP/1.1", W::BareCr),
        ("get / HTTP/1.1", W::BadMethod),
        ("Post / HTTP/1.1", W::BadMethod),
        ("G\u{e9}T / HTTP/1.1", W::BadMethod),
        ("GET/ / HTTP/1.1", W::BadMethod),
        ("1GET / HTTP/1.1", W::BadMethod),
        ("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG / HTTP/1.1", W::BadMethod),
        ("GET / HTTP/0.9", W::BadVersion),
        ("GET / HTTP/1.2", W::BadVersion),
        ("GET / HTTP/2.0", W::BadVersion),
        ("GET / http/1.1", W::BadVersion),
        ("GET / HTTP/1.1.1", W::BadVersion),
        ("GET / HTTP/01.1", W::BadVersion),
        ("GET /a#b HTTP/1.1", W::Fragment),
        ("GET /a<b HTTP/1.1", W::UnescapedByte),
        ("GET /a?> HTTP/1.1", W::UnescapedByte),
        ("GET /`?a HTTP/1.1", W::UnescapedByte),
        ("GET /a?\"b\" HTTP/1.1", W::UnescapedByte),
        ("GET * HTTP/1.1", W::Asterisk),
        ("OPTIONS ** HTTP/1.1", W::BadTarget),
        ("GET a HTTP/1.1", W::BadTarget),
        ("GET ?a HTTP/1.1", W::BadTarget),
        ("GET a:80 HTTP/1.1", W::BadTarget),
        ("GET http:/a HTTP/1.1", W::BadTarget),
        ("GET http:a HTTP/1.1", W::BadTarget),
        ("GET http:///a HTTP/1.1", W::BadTarget),
        ("GET http://a\\b/ HTTP/1.1", W::BadTarget),
        ("GET ftp://a/ HTTP/1.1", W::BadTarget),
        ("GET http://u@a/ HTTP/1.1", W::Userinfo),
        ("GET http://u:p@a/ HTTP/1.1", W::Userinfo),
        ("GET http://b/ HTTP/1.1", W::HostConflict),
        ("GET http://a:8080/ HTTP/1.1", W::HostConflict),
        ("CONNECT / HTTP/1.1", W::BadTarget),
        ("CONNECT b:1 HTTP/1.1", W::HostConflict),
    ] {
        assert_eq!(line_of(line), Err(refusal), "{}", line.escape_debug());
    }
    assert_eq!(line_of("GET /caf\u{e9} HTTP/1.1"), Ok(Body::Length(0)));
    assert_eq!(inspect(b"GET /\xe9 HTTP/1.1\r\nHost: a\r\n\r\n", &LIMITS), Err(WireRefusal::BadTarget));
    let long = format!("GET /{} HTTP/1.1", "a".repeat(64));
    assert_eq!(line_of(&long), Err(WireRefusal::TargetTooLong));
}

#[test]
fn pingora_takes_every_target_that_goes_on() {
    for byte in 0x21..=0x7e_u8 {
        for target in [format!("/a{}b", char::from(byte)), format!("/a?b{}", char::from(byte))] {
            if line_of(&format!("GET {target} HTTP/1.1")).is_ok() {
                let taken = pingora::http::RequestHeader::build("GET", target.as_bytes(), None);
                assert!(taken.is_ok(), "{target}: {:?}", taken.err());
            }
        }
    }
}

#[test]
fn there_is_one_host_and_it_can_be_one() {
    for (fields, refusal) in [
        ("", WireRefusal::MissingHost),
        ("Host: a\r\nHost: a\r\n", WireRefusal::RepeatedHost),
        ("Host: a\r\nhOST: b\r\n", WireRefusal::RepeatedHost),
        ("Host:\r\n", WireRefusal::BadHost),
        ("Host: a b\r\n", WireRefusal::BadHost),
        ("Host: a,b\r\n", WireRefusal::BadHost),
        ("Host: a/b\r\n", WireRefusal::BadHost),
        ("Host: u@a\r\n", WireRefusal::BadHost),
        ("Host: a%00\r\n", WireRefusal::BadHost),
        ("Host: a:b\r\n", WireRefusal::BadHost),
        ("Host: a:1:2\r\n", WireRefusal::BadHost),
        ("Host: a:65536\r\n", WireRefusal::BadHost),
        ("Host: :80\r\n", WireRefusal::BadHost),
        ("Host: [::1\r\n", WireRefusal::BadHost),
        ("Host: [::1]a\r\n", WireRefusal::BadHost),
        ("Host: [zz]\r\n", WireRefusal::BadHost),
        ("Host: ::1\r\n", WireRefusal::BadHost),
        ("Host: caf\u{e9}\r\n", WireRefusal::BadHost),
    ] {
        assert_eq!(read(&head("GET / HTTP/1.1", fields)), Err(refusal), "{fields}");
    }
    for host in ["a", "A.b-c_d.example.", "a:", "a:65535", "127.0.0.1:80", "[::1]", "[::ffff:1.2.3.4]:80"] {
        assert_eq!(read(&head("GET / HTTP/1.1", &format!("Host: {host}\r\n"))), Ok(Body::Length(0)), "{host}");
    }
}

#[test]
fn a_body_has_one_length_or_is_chunked_and_nothing_else() {
    use WireRefusal as W;
    for (fields, refusal) in [
        ("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", W::LengthAndEncoding),
        ("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n", W::LengthAndEncoding),
        ("Content-Length: 1\r\nContent-Length: 2\r\n", W::RepeatedLength),
        ("Content-Length: 1\r\nCONTENT-LENGTH: 1\r\n", W::RepeatedLength),
        ("Content-Length: 1, 1\r\n", W::BadLength),
        ("Content-Length:\r\n", W::BadLength),
        ("Content-Length: +1\r\n", W::BadLength),
        ("Content-Length: -1\r\n", W::BadLength),
        ("Content-Length: 0x1\r\n", W::BadLength),
        ("Content-Length: 1 1\r\n", W::BadLength),
        ("Content-Length: 9223372036854775808\r\n", W::BadLength),
        ("Transfer-Encoding: gzip\r\n", W::UnknownEncoding),
        ("Transfer-Encoding: gzip, chunked\r\n", W::UnknownEncoding),
        ("Transfer-Encoding: chunked, chunked\r\n", W::UnknownEncoding),
        ("Transfer-Encoding: identity\r\n", W::UnknownEncoding),
        ("Transfer-Encoding: xchunked\r\n", W::UnknownEncoding),
        ("Transfer-Encoding: \"chunked\"\r\n", W::UnknownEncoding),
        ("Transfer-Encoding: chunked;a=b\r\n", W::UnknownEncoding),
        ("Transfer-Encoding: \u{b}chunked\r\n", W::ControlByte),
        ("Transfer-Encoding:\r\n", W::UnknownEncoding),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", W::RepeatedEncoding),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", W::RepeatedEncoding),
        ("Transfer_Encoding: chunked\r\n", W::LookAlike),
        ("CONTENT_LENGTH: 1\r\n", W::LookAlike),
        ("Connection: close, Content-Length\r\n", W::NominatedField),
        ("Connection: host\r\n", W::NominatedField),
        ("Connection: close, X-Forwarded-For\r\n", W::NominatedField),
        ("Connection: x-forwarded-anything\r\n", W::NominatedField),
        ("Connection: Forwarded\r\n", W::NominatedField),
        ("Connection: X-Real-IP\r\n", W::NominatedField),
        ("Expect: 100-continue, x\r\n", W::UnknownExpectation),
        ("Expect: y 100-continue\r\n", W::UnknownExpectation),
        ("Expect:\r\n", W::UnknownExpectation),
    ] {
        assert_eq!(with(fields), Err(refusal), "{fields}");
    }
    let old = head("POST / HTTP/1.0", "Transfer-Encoding: chunked\r\n");
    assert_eq!(read(&old), Err(WireRefusal::EncodingInHttp10));
}

#[test]
fn another_protocol_may_follow_where_it_is_asked_for() {
    for (fields, upgrade) in [("Upgrade: websocket\r\n", true), ("UPGRADE:\r\n", true), ("X-Upgrade: a\r\n", false)] {
        let text = head("GET / HTTP/1.1", &format!("Host: a\r\n{fields}"));
        assert_eq!(inspect(text.as_bytes(), &LIMITS).map(|head| head.upgrade), Ok(upgrade), "{fields}");
    }
}

#[test]
fn a_field_is_a_name_a_colon_and_text_in_one_line() {
    use WireRefusal as W;
    for (fields, refusal) in [
        (" folded\r\n", W::FoldedField),
        ("X: a\r\n\tb\r\n", W::FoldedField),
        ("X : a\r\n", W::SpaceBeforeColon),
        ("X\t: a\r\n", W::SpaceBeforeColon),
        (": a\r\n", W::BadFieldName),
        ("X\r\n", W::BadFieldName),
        ("X Y: a\r\n", W::BadFieldName),
        ("X(: a\r\n", W::BadFieldName),
        ("X\u{e9}: a\r\n", W::BadFieldName),
        ("X\0: a\r\n", W::ControlByte),
        ("X: a\0\r\n", W::ControlByte),
        ("X: a\u{1b}b\r\n", W::ControlByte),
        ("X: a\u{7f}\r\n", W::ControlByte),
        ("X: a\rb\r\n", W::BareCr),
        ("X: a\r\r\n", W::BareCr),
        ("X: a\nY: b\r\n", W::BareLf),
        ("X: a\n\r\n", W::BareLf),
    ] {
        assert_eq!(with(fields), Err(refusal), "{}", fields.escape_debug());
    }
}

#[test]
fn what_is_too_large_is_said_to_be() {
    assert_eq!(with(&format!("X: {}\r\n", "a".repeat(93))), Ok(Body::Length(0)));
    assert_eq!(with(&format!("X: {}\r\n", "a".repeat(94))), Err(WireRefusal::FieldTooLarge));
    assert_eq!(with(&"X: a\r\n".repeat(7)), Ok(Body::Length(0)));
    assert_eq!(with(&"X: a\r\n".repeat(8)), Err(WireRefusal::TooManyFields));
    let large = format!("X: {}\r\n", "a".repeat(90));
    assert_eq!(with(&large.repeat(6)), Err(WireRefusal::HeadTooLarge));
}

#[test]
fn a_head_that_stops_early_is_incomplete() {
    for head in ["", "GET", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: a\r\n", "GET / HTTP/1.1\r\nHost: a"] {
        assert_eq!(read(head), Err(WireRefusal::Incomplete), "{head}");
    }
}

/// Hands `bytes` over in pieces of `size` until a head ends or is refused.
fn end_in_pieces(bytes: &[u8], size: usize) -> Result<Option<usize>, WireRefusal> {
    let mut end = HeadEnd::default();
    let mut come = 0;
    while come < bytes.len() {
        come = (come + size).min(bytes.len());
        if let Some(found) = end.find(&bytes[..come], &LIMITS)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

#[test]
fn the_end_of_a_head_is_found_in_whatever_pieces_it_comes() {
    for (bytes, end) in [
        (&b"GET / HTTP/1.1\r\nA: b\r\n\r\nrest"[..], Some(24)),
        (b"\r\nGET / HTTP/1.1\r\n\r\n", Some(20)),
        (b"\r\n\r\n", Some(4)),
        (b"GET / HTTP/1.1\r\n\r", None),
        (b"GET / HTTP/1.1\r\n\n", None),
        (b"", None),
    ] {
        let refused = bytes.windows(2).any(|pair| pair[1] == b'\n' && pair[0] != b'\r');
        for size in 1..=bytes.len().max(1) {
            let found = end_in_pieces(bytes, size);
            let expected = if refused { Err(WireRefusal::BareLf) } else { Ok(end) };
            assert_eq!(found, expected, "{} by {size}", bytes.escape_ascii());
        }
    }
}

#[test]
fn what_cannot_become_a_head_is_not_waited_for() {
    let long = [b"GET /", &b"a".repeat(200)[..]].concat();
    let many = [b"GET / HTTP/1.1\r\n", &b"X: y\r\n".repeat(200)[..]].concat();
    for (bytes, refusal) in [
        (&b"\x16\x03\x01\x02"[..], WireRefusal::BadMethod),
        (b"\n", WireRefusal::BareLf),
        (b"GET / HTTP/1.1\nHost: a\n\n", WireRefusal::BareLf),
        (&long, WireRefusal::TargetTooLong),
        (&many, WireRefusal::HeadTooLarge),
    ] {
        for size in [1, 7, bytes.len()] {
            assert_eq!(end_in_pieces(bytes, size), Err(refusal), "{} by {size}", bytes.escape_ascii());
        }
    }
}

#[test]
fn every_refusal_has_a_word_and_a_status_of_its_own() {
    let mut words: Vec<_> = WireRefusal::ALL.iter().map(|refusal| refusal.word()).collect();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), WireRefusal::ALL.len());
    for refusal in WireRefusal::ALL {
        assert!(refusal.word().bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'));
        assert!((400..500).contains(&refusal.status()), "{refusal}");
    }
}

/// Reads a body in pieces of `size`: how many bytes of it are the body's, and whether it ended.
fn body_in_pieces(body: Body, bytes: &[u8], size: usize) -> Result<(usize, bool), WireRefusal> {
    let mut end = BodyEnd::of(body);
    let mut taken = 0;
    for piece in bytes.chunks(size) {
        if end.is_reached() {
            break;
        }
        taken += end.read(piece)?;
    }
    Ok((taken, end.is_reached()))
}

#[track_caller]
fn chunked(bytes: &[u8]) -> Result<(usize, bool), WireRefusal> {
    let whole = body_in_pieces(Body::Chunked, bytes, bytes.len());
    for size in 1..bytes.len() {
        assert_eq!(body_in_pieces(Body::Chunked, bytes, size), whole, "{} by {size}", bytes.escape_ascii());
    }
    whole
}

#[test]
fn a_body_with_a_length_ends_there() {
    assert!(BodyEnd::of(Body::Length(0)).is_reached());
    for size in 1..8 {
        assert_eq!(body_in_pieces(Body::Length(5), b"hello GET", size), Ok((5, true)));
        assert_eq!(body_in_pieces(Body::Length(9), b"hello", size), Ok((5, false)));
    }
}

#[test]
fn chunks_end_with_the_empty_one_and_its_trailers() {
    assert_eq!(chunked(b"0\r\n\r\nGET"), Ok((5, true)));
    assert_eq!(chunked(b"5\r\nhello\r\n0\r\n\r\n"), Ok((15, true)));
    assert_eq!(chunked(b"00A;a=\"b\";c\r\n0123456789\r\n000\r\n\r\nx"), Ok((32, true)));
    assert_eq!(chunked(b"1 ;x\r\n\n\r\n0;y\r\nA: b\r\nC:\r\n\r\nx"), Ok((26, true)));
    assert_eq!(chunked(b"5\r\nhel"), Ok((6, false)));
    assert_eq!(chunked(b"0\r\nA: b\r\n"), Ok((9, false)));
}

#[test]
fn chunks_that_two_readers_might_read_differently_are_refused() {
    use WireRefusal as W;
    for (body, refusal) in [
        (&b"\r\n"[..], W::BadChunkSize),
        (b"\n", W::BadChunkSize),
        (b";a\r\n", W::BadChunkSize),
        (b"g\r\n", W::BadChunkSize),
        (b"-1\r\n", W::BadChunkSize),
        (b"0x5\r\nhello", W::BadChunkSize),
        (b" 5\r\n", W::BadChunkSize),
        (b"5 \r\nhello", W::BadChunkSize),
        (b"5 5\r\nhello", W::BadChunkSize),
        (b"ffffffffffffffff\r\n", W::BadChunkSize),
        (b"0000000000000005\r\n", W::BadChunkSize),
        (b"5\nhello\r\n", W::BareLf),
        (b"5\rhello\r\n", W::BareCr),
        (b"5;\nx\r\nhello", W::BareLf),
        (b"5;\rx\r\nhello", W::BareCr),
        (b"5;\0\r\nhello", W::ControlByte),
        (b"5\r\nhelloo\r\n", W::BadChunkEnd),
        (b"5\r\nhello\n0\r\n\r\n", W::BadChunkEnd),
        (b"5\r\nhello\r0\r\n\r\n", W::BadChunkEnd),
        (b"0\r\nGET / HTTP/1.1\r\n\r\n", W::BadTrailer),
        (b"0\r\n A: b\r\n\r\n", W::BadTrailer),
        (b"0\r\nA : b\r\n\r\n", W::BadTrailer),
        (b"0\r\nA\r\n\r\n", W::BareCr),
        (b"0\r\n: b\r\n\r\n", W::BadTrailer),
        (b"0\r\nA: b\n\r\n", W::BareLf),
        (b"0\r\nA: b\0\r\n\r\n", W::ControlByte),
        (b"0\r\n\n", W::BareLf),
        (b"0\r\n\rx", W::BareCr),
    ] {
        assert_eq!(chunked(body), Err(refusal), "{}", body.escape_ascii());
    }
}

#[test]
fn extensions_and_trailers_have_their_bounds() {
    let read = |body: &[u8]| body_in_pieces(Body::Chunked, body, 1000);
    let long = format!("1;{}\r\nx\r\n0\r\n\r\n", "a".repeat(256));
    assert_eq!(read(long.as_bytes()), Err(WireRefusal::ChunkExtensions));
    let many = format!("1;{}\r\nx\r\n", "a".repeat(100)).repeat(200) + "0\r\n\r\n";
    assert_eq!(read(many.as_bytes()), Err(WireRefusal::ChunkExtensions));
    let few = format!("1;{}\r\nx\r\n", "a".repeat(100)).repeat(100) + "0\r\n\r\n";
    assert_eq!(read(few.as_bytes()), Ok((few.len(), true)));
    let trailers = format!("0\r\n{}\r\n", "A: b\r\n".repeat(10_000));
    assert_eq!(read(trailers.as_bytes()), Err(WireRefusal::TrailersTooLarge));
}

#[test]
fn a_server_may_pad_its_chunks_and_what_they_carry_is_counted() {
    let padded = b"5    \r\nhello\r\n2;a=b\r\n, \r\n0\r\nExpires: 0\r\n\r\nmore";
    let mut end = BodyEnd::of_answer(Body::Chunked);
    for (at, byte) in padded.iter().enumerate().take(padded.len() - 4) {
        assert!(!end.is_reached(), "{at}");
        assert_eq!(end.read(&[*byte]), Ok(1), "{at}");
    }
    assert_eq!((end.is_reached(), end.carried(), end.left()), (true, 7, None));
    assert_eq!(end.read(b"more"), Ok(0));
    let forever = "1          \r\nx\r\n".repeat(10_000);
    assert_eq!(BodyEnd::of_answer(Body::Chunked).read(forever.as_bytes()), Ok(forever.len()));
    let mut end = BodyEnd::of_answer(Body::Length(9));
    assert_eq!((end.read(b"hello"), end.carried(), end.left()), (Ok(5), 5, Some(4)));
}

/// Heads made of the pieces that matter.
fn heads() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        &b"GET / HTTP/1.1\r\n"[..],
        b"POST http://a/b HTTP/1.0\r\n",
        b"Host: a\r\n",
        b"Content-Length: 5\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Connection: close\r\n",
        b"X: y\r\n",
        b"\r\n",
        b"\r",
        b"\n",
        b" ",
        b":",
        b"\0",
        b"a",
        b"\xff",
    ]);
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_bytes_are_read_or_refused_in_any_pieces(bytes in heads(), size in 1_usize..32) {
        let whole = end_in_pieces(&bytes, bytes.len().max(1));
        // Later pieces may hold what refuses the head; those before its end may not differ.
        if let Ok(Some(end)) = whole {
            prop_assert_eq!(end_in_pieces(&bytes, size), whole);
            prop_assert_ne!(inspect(&bytes[..end], &LIMITS), Err(WireRefusal::Incomplete));
        }
        let _ = inspect(&bytes, &LIMITS);
    }

    #[test]
    fn what_goes_on_has_one_reading(bytes in heads()) {
        let Ok(Some(end)) = end_in_pieces(&bytes, bytes.len().max(1)) else { return Ok(()) };
        let Ok(Head { body, .. }) = inspect(&bytes[..end], &LIMITS) else { return Ok(()) };
        let text = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
        prop_assert!(!text.replace("\r\n", "").contains(['\r', '\n', '\0']));
        let lines = |name| text.lines().filter(move |line| line.starts_with(name));
        prop_assert_eq!(matches!(body, Body::Chunked), lines("transfer-encoding:").any(|line| line.contains("chunked")));
        prop_assert!(lines("host:").count() <= 1);
    }

    #[test]
    fn any_chunks_are_read_or_refused_the_same_in_any_pieces(
        pieces in prop::collection::vec(
            prop::sample::select(vec![&b"5"[..], b"0", b"\r\n", b"\r", b"\n", b";", b"a", b" ", b":", b"hello", b"\0"]),
            0..16,
        ),
        size in 1_usize..32,
    ) {
        let bytes = pieces.concat();
        let whole = body_in_pieces(Body::Chunked, &bytes, bytes.len().max(1));
        prop_assert_eq!(body_in_pieces(Body::Chunked, &bytes, size), whole);
    }
}
