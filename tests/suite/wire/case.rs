//! One raw request of the corpus, and what became of it.

use std::fs;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::house::{Recorder, Seen};

/// How long a proxy may take to close a connection; after that it waits for more.
const LIMIT: Duration = Duration::from_secs(10);

/// One raw request.
pub(super) struct Case {
    pub(super) name: String,
    pub(super) file: String,
    status: u16,
    upstream: String,
    /// Why others differ.
    pub(super) note: String,
    bytes: Vec<u8>,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outcome {
    /// Of the first answer; 0 if there was none.
    pub(super) status: u16,
    /// Whether the connection was closed in the end.
    pub(super) closed: bool,
    /// Whether anything reached the backend.
    pub(super) begun: bool,
    /// The lines of the requests that reached the backend whole.
    pub(super) requests: Vec<String>,
}

impl Case {
    /// The whole corpus.
    pub(super) fn all() -> Vec<Self> {
        let folder = super::home().join("tests/wire");
        let files = fs::read_dir(folder).expect("the corpus").map(|entry| entry.expect("an entry").path());
        let mut files: Vec<_> =
            files.filter(|file| file.extension().is_some_and(|extension| extension == "txt")).collect();
        files.sort();
        let cases = files.iter().flat_map(|file| {
            let text = fs::read_to_string(file).expect("a file of text");
            let name = file.file_name().expect("a name").to_string_lossy().into_owned();
            text.split("\n== ").skip(1).map(|block| Self::read(block, &name)).collect::<Vec<_>>()
        });
        cases.collect()
    }

    fn read(block: &str, file: &str) -> Self {
        let (about, request) = block.split_once("\n--\n").unwrap_or_else(|| panic!("{file}: no request in {block}"));
        let mut lines = about.lines();
        let name = lines.next().expect("a name").to_owned();
        let told: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once(": ")).collect();
        let told = |wanted: &str| told.iter().find(|(key, _)| *key == wanted).map(|(_, value)| (*value).to_owned());
        let text: String = request.lines().collect();
        let mut rest = text.as_str();
        let bytes = unescape(&mut rest, false);
        assert!(rest.is_empty(), "{file}: {name}: {rest}");
        let status = told("expect").and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{file}: {name}"));
        let upstream = told("upstream").unwrap_or_else(|| panic!("{file}: {name}"));
        Self { status, upstream, note: told("note").unwrap_or_default(), name, file: file.to_owned(), bytes }
    }

    /// Whether a request got what it must get.
    pub(super) fn check(&self, outcome: &Outcome) -> Result<(), String> {
        if outcome.status != self.status {
            return Err(format!("{} and not {}", outcome.status, self.status));
        }
        if !outcome.closed {
            return Err("the connection stays".to_owned());
        }
        let right = match &*self.upstream {
            "nothing" => !outcome.begun,
            "part" => outcome.requests.is_empty(),
            "2" => outcome.requests.len() == 2,
            line => outcome.requests == [line],
        };
        if right { Ok(()) } else { Err(format!("the backend is to see {}", self.upstream)) }
    }
}

impl Outcome {
    /// Sends a request to a proxy in front of `recorder`.
    pub(super) async fn of(case: &Case, port: u16, recorder: &Recorder) -> Self {
        recorder.take();
        let mut answer = Vec::new();
        let talk = async {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("the port is open");
            // A proxy may close before all has come, and reset what it did not read.
            let _ = stream.write_all(&case.bytes).await;
            let _ = stream.read_to_end(&mut answer).await;
        };
        let closed = timeout(LIMIT, talk).await.is_ok();
        let status = String::from_utf8_lossy(&answer).split(' ').nth(1).and_then(|status| status.parse().ok());
        let Seen { bytes, requests } = recorder.take();
        Self { status: status.unwrap_or_default(), closed, begun: !bytes.is_empty(), requests }
    }
}

/// Reads what is escaped; within a repetition up to its `*`.
fn unescape(rest: &mut &str, inside: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        if inside && times(rest).is_some() {
            return bytes;
        }
        let Some(next) = rest.chars().next() else { return bytes };
        *rest = &rest[next.len_utf8()..];
        if next != '\\' {
            bytes.extend_from_slice(next.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        let escaped = rest.chars().next().expect("something escaped");
        *rest = &rest[escaped.len_utf8()..];
        match escaped {
            'r' => bytes.push(b'\r'),
            'n' => bytes.push(b'\n'),
            't' => bytes.push(b'\t'),
            '0' => bytes.push(0),
            '\\' => bytes.push(b'\\'),
            'x' => {
                bytes.push(u8::from_str_radix(&rest[..2], 16).expect("two digits"));
                *rest = &rest[2..];
            }
            '{' => {
                let repeated = unescape(rest, true);
                let (count, length) = times(rest).expect("how often");
                *rest = &rest[length..];
                bytes.extend(repeated.repeat(count));
            }
            other => panic!("\\{other} is no escape"),
        }
    }
}

/// `*100}`: how often, and how long that is.
fn times(rest: &str) -> Option<(usize, usize)> {
    let (digits, _) = rest.strip_prefix('*')?.split_once('}')?;
    Some((digits.parse().ok()?, digits.len() + 2))
}
