//! The beginning of a failure's body, read for what it says of the schema.

use std::io::Read;

use bytes::{Bytes, BytesMut};
use gate::Symptom;
use http::{HeaderMap, header};

/// The beginning of a failure's body, gathered as it passes by.
#[derive(Debug)]
pub(super) struct FailureBody {
    coding: Coding,
    bytes: BytesMut,
}

/// What a body says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// This of the schema.
    Symptom(Symptom),
    /// Nothing of the schema.
    Nothing,
    /// It is encoded in a way that is not read.
    Unreadable,
}

/// Content codings (RFC 9110, section 8.4.1; RFC 7932 for br).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Identity,
    Gzip,
    Deflate,
    Brotli,
    Unknown,
}

const CODINGS: [(&str, Coding); 6] = [
    ("", Coding::Identity),
    ("identity", Coding::Identity),
    ("gzip", Coding::Gzip),
    ("x-gzip", Coding::Gzip),
    ("deflate", Coding::Deflate),
    ("br", Coding::Brotli),
];

impl FailureBody {
    /// Nothing of it has come yet.
    pub(super) fn new(headers: &HeaderMap) -> Self {
        let named = headers.get(header::CONTENT_ENCODING).map_or(Some(""), |value| value.to_str().ok());
        let known = |name: &str| CODINGS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name.trim()));
        let coding = named.and_then(known).map_or(Coding::Unknown, |(_, coding)| *coding);
        Self { coding, bytes: BytesMut::new() }
    }

    /// Adds what came. Whether all that is read of it is there.
    pub(super) fn add(&mut self, part: Option<&Bytes>, end: bool) -> bool {
        if let Some(part) = part {
            let room = Symptom::LONGEST_BODY - self.bytes.len().min(Symptom::LONGEST_BODY);
            self.bytes.extend_from_slice(part.get(..room).unwrap_or(part));
        }
        end || self.bytes.len() >= Symptom::LONGEST_BODY
    }

    /// What it says, as far as it came.
    pub(super) fn read(&self) -> Said {
        let symptom = match self.coding {
            Coding::Identity => Symptom::read(&self.bytes),
            Coding::Gzip => Symptom::read(&beginning(flate2::read::MultiGzDecoder::new(&*self.bytes))),
            Coding::Deflate => Symptom::read(&beginning(flate2::read::ZlibDecoder::new(&*self.bytes))),
            Coding::Brotli => Symptom::read(&beginning(brotli::Decompressor::new(&*self.bytes, 4096))),
            Coding::Unknown => return Said::Unreadable,
        };
        symptom.map_or(Said::Nothing, Said::Symptom)
    }
}

/// As much of a body as is read, or as can be: it may be cut.
fn beginning(coded: impl Read) -> Vec<u8> {
    let mut plain = Vec::new();
    // What came before an error stays.
    let _ = coded.take(Symptom::LONGEST_BODY as u64).read_to_end(&mut plain);
    plain
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const SAYS: &str = r#"{"error":"relation \"orders\" does not exist"}"#;

    fn read(coding: &'static str, parts: &[&[u8]]) -> Said {
        let mut headers = HeaderMap::new();
        if !coding.is_empty() {
            headers.insert(header::CONTENT_ENCODING, header::HeaderValue::from_static(coding));
        }
        let mut body = FailureBody::new(&headers);
        for part in parts {
            body.add(Some(&Bytes::copy_from_slice(part)), false);
        }
        body.read()
    }

    fn names_orders(said: &Said) -> bool {
        matches!(said, Said::Symptom(symptom) if symptom.object.as_ref().is_some_and(|object| object.to_string() == "orders"))
    }

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text.as_bytes()).expect("memory takes all");
        encoder.finish().expect("memory takes all")
    }

    #[test]
    fn a_body_in_pieces_is_read_whole() {
        let (one, other) = SAYS.as_bytes().split_at(20);
        assert!(names_orders(&read("", &[one, other])));
        assert_eq!(read("", &[b"Internal Server Error"]), Said::Nothing);
    }

    #[test]
    fn codings_are_taken_off_and_an_unknown_one_is_said_to_be() {
        assert!(names_orders(&read("GZIP", &[&gzip(SAYS)])));
        let mut deflated = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        deflated.write_all(SAYS.as_bytes()).expect("memory takes all");
        assert!(names_orders(&read("deflate", &[&deflated.finish().expect("memory takes all")])));
        let mut brotli = brotli::CompressorWriter::new(Vec::new(), 4096, 5, 20);
        brotli.write_all(SAYS.as_bytes()).expect("memory takes all");
        assert!(names_orders(&read("br", &[&brotli.into_inner()])));
        assert_eq!(read("zstd", &[b"x"]), Said::Unreadable);
        assert_eq!(read("gzip, br", &[b"x"]), Said::Unreadable);
        assert_eq!(read("gzip", &[b"no gzip at all"]), Said::Nothing);
    }

    #[test]
    fn a_body_that_was_cut_while_compressed_says_what_came() {
        let long = format!("{SAYS}{}", (0..5_000).map(|number| number.to_string()).collect::<String>());
        let whole = gzip(&long);
        assert!(names_orders(&read("gzip", &[&whole[..whole.len() / 2]])));
    }

    #[test]
    fn a_bomb_is_read_to_the_limit_and_no_further() {
        let bomb = gzip(&" ".repeat(50_000_000));
        assert!(bomb.len() < Symptom::LONGEST_BODY);
        assert_eq!(read("gzip", &[&bomb]), Said::Nothing);
    }

    #[test]
    fn no_more_is_gathered_than_is_read() {
        let mut body = FailureBody::new(&HeaderMap::new());
        assert!(!body.add(Some(&Bytes::from(vec![b' '; 60_000])), false));
        assert!(body.add(Some(&Bytes::from(vec![b' '; 60_000])), false));
        assert!(body.add(Some(&Bytes::from(vec![b' '; 60_000])), false));
        assert_eq!(body.bytes.len(), Symptom::LONGEST_BODY);
        assert!(FailureBody::new(&HeaderMap::new()).add(None, true));
    }
}
