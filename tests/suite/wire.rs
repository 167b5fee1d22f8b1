//! Raw requests, byte for byte: what must not reach a backend does not. `tests/wire` has them.

mod case;
mod differences;
mod http2;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use gate::PathError;
use schemagate::wire::WireRefusal;

use crate::house::{Echo, Gateway, Recorder, raw};
use case::{Case, Outcome};

fn config(backend: &str) -> String {
    format!("[upstreams.app]\nservers = [\"{backend}\"]\n[[routes]]\npath = \"/*\"\n")
}

#[tokio::test]
async fn each_raw_request_is_answered_as_the_corpus_says_and_nothing_else_reaches_the_backend() {
    let recorder = Recorder::start().await;
    let gateway = Gateway::start(&config(recorder.address())).await;
    let cases = Case::all();
    assert!(cases.len() > 100, "the corpus is there: {}", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let outcome = Outcome::of(case, gateway.port(), &recorder).await;
        if let Err(why) = case.check(&outcome) {
            wrong.push(format!("{} ({}): {why}: {outcome:?}", case.name, case.file));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[tokio::test]
async fn a_refusal_for_form_alone_is_counted_logged_and_told_by_its_word() {
    let recorder = Recorder::start().await;
    let gateway = Gateway::start(&config(recorder.address())).await;
    for (request, status, word) in [
        ("GET / HTTP/1.1\nHost: a\n\n", 400, "bare_lf"),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "repeated_host"),
        ("GET /a%5cb HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 400, "backslash"),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n;\r\n\r\n", 400, "bad_chunk_size"),
        ("POST / HTTP/1.1\r\nHost: a\r\nExpect: all\r\n\r\n", 417, "unknown_expectation"),
    ] {
        let answer = raw(gateway.port(), request.as_bytes()).await.to_ascii_lowercase();
        assert!(answer.starts_with(&format!("http/1.1 {status} ")), "{answer}");
        let told = format!("proxy-status: schemagate; error=http_request_error; details=\"{word}\"\r\n");
        assert!(answer.contains(&told) && answer.contains("connection: close\r\n"), "{answer}");
        gateway.counts(|line| line == format!("schemagate_wire_refusals_total{{why=\"{word}\"}} 1")).await;
        gateway.logged(word).await;
    }
}

#[tokio::test]
async fn http2_is_held_to_the_same_rules() {
    let recorder = Recorder::start().await;
    let gateway = Gateway::start(&config(recorder.address())).await;
    let words = http2::ask(gateway.port()).await;
    assert!(words.iter().all(|(_, refused)| *refused), "{words:?}");
    assert_eq!(recorder.take().requests, ["GET /right HTTP/1.1"]);
}

/// Where the corpus and its documentation lie.
fn home() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// Puts what the code says between two marks of docs/wire.md, or fails if something else stands there.
fn document(mark: &str, right: &str) {
    let file = home().join("docs/wire.md");
    let text = fs::read_to_string(&file).expect("docs/wire.md");
    let (begin, end) = (format!("<!-- {mark} -->\n"), format!("<!-- /{mark} -->"));
    let from = text.find(&begin).expect("the mark") + begin.len();
    let until = text.find(&end).expect("the mark's end");
    if std::env::var_os("WRITE_DOCS").is_some() {
        fs::write(&file, format!("{}{right}{}", &text[..from], &text[until..])).expect("written");
    } else {
        assert_eq!(&text[from..until], right, "write docs/wire.md anew, with WRITE_DOCS=1");
    }
}

#[tokio::test]
async fn no_header_passes_for_another_or_moves_the_path_at_the_backend() {
    let recorder = Recorder::start().await;
    let gateway = Gateway::start(&config(recorder.address())).await;
    let request = "GET /x/admin/backups HTTP/1.1\r\nHost: a\r\nSCRIPT_NAME: /x\r\nPath_Info: /admin/backups\r\n\
                   X_Forwarded_For: 10.0.0.1\r\nX_Other: kept\r\nConnection: close\r\n\r\n";
    let answer = raw(gateway.port(), request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let seen = String::from_utf8_lossy(&recorder.take().bytes).to_ascii_lowercase();
    assert!(seen.contains("x_other: kept"), "{seen}");
    for name in ["script_name", "path_info", "x_forwarded_for"] {
        assert!(!seen.contains(name), "{seen}");
    }
}

#[test]
fn the_documentation_names_every_word() {
    let paths = [
        PathError::BrokenEscape,
        PathError::Control,
        PathError::EncodedNul,
        PathError::Backslash,
        PathError::EncodedSlash,
        PathError::Overlong,
    ];
    let mut table = String::from("| word | status | meaning |\n| --- | --- | --- |\n");
    let wire = WireRefusal::ALL.iter().map(|refusal| (refusal.word(), refusal.status(), refusal.as_str()));
    for (word, status, meaning) in wire.chain(paths.map(|error| (error.word(), 400, error.as_str()))) {
        writeln!(table, "| `{word}` | {status} | {meaning} |").expect("written");
    }
    document("words", &table);
}

#[tokio::test]
async fn what_a_client_nominates_is_not_passed_on_and_what_the_backend_trusts_cannot_be_nominated() {
    let (echo, gateway) = house_behind_proxies().await;
    let ask = async |more: &str| {
        let request = format!(
            "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.9\r\nForwarded: for=203.0.113.9\r\n\
             X-Mine: 1\r\nX-Other: 2\r\n{more}\r\n\r\n"
        );
        raw(gateway.port(), request.as_bytes()).await.to_lowercase()
    };
    let answer = ask("Connection: close, x-mine").await;
    assert!(answer.starts_with("http/1.1 200 "), "{answer}");
    for (kept, header) in [(true, "x-forwarded-for: 203.0.113.9"), (true, "x-other: 2"), (false, "x-mine:")] {
        assert_eq!(answer.contains(header), kept, "{header}: {answer}");
    }
    for nominated in ["X-Forwarded-For", "forwarded", "x-real-ip", "X-FORWARDED-PROTO", "Host"] {
        let answer = ask(&format!("Connection: close, {nominated}")).await;
        assert!(answer.starts_with("http/1.1 400 ") && answer.contains("nominated_field"), "{nominated}: {answer}");
    }
    assert_eq!(echo.requests(), 1);
}

/// Whoever connects is a trusted proxy.
async fn house_behind_proxies() -> (Echo, Gateway) {
    let echo = Echo::start().await;
    let config = format!("[upstreams.api]\nservers = [\"{}\"]\n[[routes]]\npath = \"/*\"\n", echo.address());
    let gateway = Gateway::start_with("trusted_proxies = [\"127.0.0.1\"]", "", &config).await;
    (echo, gateway)
}
