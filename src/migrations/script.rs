//! One migration file, and its checksum.

use std::fs;
use std::path::Path;

use gate::ledger::Checksum;
use sha2::{Digest, Sha256, Sha384};

use super::FolderError;

/// The bytes of a file.
pub(super) fn bytes(path: &Path) -> Result<Vec<u8>, FolderError> {
    fs::read(path).map_err(|error| FolderError::new(path, error))
}

/// The text of a file; what is not UTF-8 in it is replaced, as no name in it can matter.
pub(super) fn text(path: &Path) -> Result<String, FolderError> {
    bytes(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// Every checksum that a tool takes for `bytes`, as its ledger has it.
pub(super) fn checksums(kind: Checksum, bytes: &[u8]) -> Vec<Box<str>> {
    match kind {
        Checksum::None => Vec::new(),
        Checksum::Sha256 => vec![hex(&Sha256::digest(bytes))],
        Checksum::Sha256AnyNewline => {
            let lf = without_carriage_returns(bytes);
            let crlf = lf.split_inclusive(|byte| *byte == b'\n').flat_map(with_carriage_return).collect::<Vec<u8>>();
            let mut checksums = [bytes, &lf, &crlf].map(|bytes| hex(&Sha256::digest(bytes))).to_vec();
            checksums.dedup();
            checksums
        }
        Checksum::Sha384 => vec![hex(&Sha384::digest(bytes))],
        Checksum::Crc32OfLines => vec![crc32_of_lines(bytes).to_string().into_boxed_str()],
    }
}

fn without_carriage_returns(bytes: &[u8]) -> Vec<u8> {
    let next = bytes.iter().skip(1).map(Some).chain([None]);
    let kept = bytes.iter().zip(next).filter(|(byte, next)| **byte != b'\r' || *next != Some(&b'\n'));
    kept.map(|(byte, _)| *byte).collect()
}

fn with_carriage_return(line: &[u8]) -> Vec<u8> {
    match line.strip_suffix(b"\n") {
        Some(line) => [line, b"\r\n"].concat(),
        None => line.to_vec(),
    }
}

/// As Java reads lines: each ends with `\n`, `\r` or `\r\n`; a byte order mark is not part of the
/// first one. Flyway keeps the sum as a signed number.
fn crc32_of_lines(bytes: &[u8]) -> i32 {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let mut sum = crc32fast::Hasher::new();
    for part in bytes.split(|byte| matches!(byte, b'\n' | b'\r')) {
        sum.update(part);
    }
    sum.finalize().cast_signed()
}

fn hex(bytes: &[u8]) -> Box<str> {
    let digit = |value: u8| char::from_digit(value.into(), 16);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).flatten().collect::<String>().into_boxed_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prisma_takes_either_line_ending_and_nothing_else() {
        let lf = checksums(Checksum::Sha256AnyNewline, b"a\nb\n");
        let crlf = checksums(Checksum::Sha256AnyNewline, b"a\r\nb\r\n");
        assert!(lf.contains(&hex(&Sha256::digest(b"a\r\nb\r\n"))));
        assert!(crlf.contains(&hex(&Sha256::digest(b"a\nb\n"))));
        assert!(!lf.contains(&hex(&Sha256::digest(b"a\nb"))));
    }

    #[test]
    fn flyways_sum_is_of_the_lines_alone_and_signed() {
        // The check value of CRC-32 for "123456789" is cbf43926.
        for text in [&b"1234\n56789"[..], b"1234\r\n56789\r\n", b"\xEF\xBB\xBF123456789"] {
            assert_eq!(crc32_of_lines(text), 0xcbf4_3926_u32.cast_signed());
        }
    }
}
