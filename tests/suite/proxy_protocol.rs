//! The PROXY protocol: from proxies before us, and to servers behind.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use schemagate::wire::{Ends, ProxyHeader, ProxyVersion};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::house::{Authority, Echo, Gateway, free_port};
use crate::tls;

const SOON: Duration = Duration::from_secs(10);

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.9\r\nConnection: close\r\n\r\n";

fn header(version: ProxyVersion) -> Vec<u8> {
    let end = |text: &str| text.parse().expect("an address");
    ProxyHeader::write(version, Some(Ends { source: end("192.0.2.1:12345"), destination: end("198.51.100.2:443") }))
}

fn config(echo: &Echo) -> String {
    format!("[upstreams.api]\nservers = [\"{}\"]\n[[routes]]\npath = \"/*\"\n", echo.address())
}

/// Says `bytes` over a connection of its own, and gives the answer in small letters.
async fn say(port: u16, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("open");
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(SOON, stream.read_to_end(&mut answer)).await.expect("an answer or an end");
    String::from_utf8_lossy(&answer).to_ascii_lowercase()
}

#[tokio::test]
async fn the_client_is_who_a_known_proxy_says_it_is_and_is_believed_no_more_than_itself() {
    let echo = Echo::start().await;
    let gateway = Gateway::start_with("proxy_protocol = [\"127.0.0.1\"]", "", &config(&echo)).await;
    for version in [ProxyVersion::V1, ProxyVersion::V2] {
        let answer = say(gateway.port(), &[&header(version), REQUEST].concat()).await;
        assert!(answer.contains("x-forwarded-for: 192.0.2.1\r\n"), "{answer}");
        assert!(answer.contains("x-real-ip: 192.0.2.1\r\n"), "{answer}");
    }
    gateway.logged("\"client\":\"192.0.2.1\"").await;
    // A proxy that speaks for itself is the client, and its word counts as any trusted proxy's.
    let answer = say(gateway.port(), &[&ProxyHeader::write(ProxyVersion::V2, None), REQUEST].concat()).await;
    assert!(answer.contains("x-forwarded-for: 203.0.113.9, 127.0.0.1\r\n"), "{answer}");
    let before = echo.requests();
    assert_eq!(say(gateway.port(), REQUEST).await, "", "no header, no answer");
    gateway.logged("listen.proxy_protocol").await;
    assert_eq!(echo.requests(), before);
}

#[tokio::test]
async fn a_header_has_to_come_whole_and_in_time() {
    let echo = Echo::start().await;
    let config = format!("[limits]\nheader_time = \"1s\"\n{}", config(&echo));
    let gateway = Gateway::start_with("proxy_protocol = [\"private\"]", "", &config).await;
    let began = Instant::now();
    let whole = header(ProxyVersion::V2);
    assert_eq!(say(gateway.port(), &whole[..20]).await, "");
    assert!(began.elapsed() >= Duration::from_secs(1) && began.elapsed() < SOON);
    gateway.logged("did not arrive in time").await;
}

#[tokio::test]
async fn nobody_elses_header_is_read() {
    let echo = Echo::start().await;
    for listen in ["proxy_protocol = [\"192.0.2.0/24\"]", ""] {
        let gateway = Gateway::start_with(listen, "", &config(&echo)).await;
        for version in [ProxyVersion::V1, ProxyVersion::V2] {
            let answer = say(gateway.port(), &[&header(version), REQUEST].concat()).await;
            assert!(answer.starts_with("http/1.1 400 "), "{answer}");
        }
        assert!(say(gateway.port(), REQUEST).await.starts_with("http/1.1 200 "));
    }
}

#[tokio::test]
async fn it_goes_before_tls() {
    let (authority, echo, port) = (Authority::new(), Echo::start().await, free_port());
    let (certificate, key) = authority.sign_files(&["localhost"]);
    let listen = format!(
        "proxy_protocol = [\"127.0.0.1\"]\nhttps = {{ address = \"127.0.0.1:{port}\", cert = \"{}\", key = \"{}\" }}",
        certificate.display(),
        key.display()
    );
    let _gateway = Gateway::start_with(&listen, "", &config(&echo)).await;
    for version in [ProxyVersion::V1, ProxyVersion::V2] {
        let mut stream = tls::opened(port).await;
        stream.write_all(&header(version)).await.expect("it is sent");
        let mut stream = tls::secure(&authority, stream, "http/1.1").await;
        stream.write_all(REQUEST).await.expect("it is sent");
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer).await;
        let answer = answer.to_ascii_lowercase();
        assert!(
            answer.contains("x-forwarded-for: 192.0.2.1\r\n") && answer.contains("x-forwarded-proto: https"),
            "{answer}"
        );
    }
}

/// A server whose every connection has to begin with a header: who each was for.
async fn introduced_server() -> (u16, Arc<Mutex<Vec<Option<SocketAddr>>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("it is bound").port();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let noted = Arc::clone(&noted);
            tokio::spawn(async move {
                let mut bytes = Vec::new();
                let header = loop {
                    match ProxyHeader::read(&bytes) {
                        Ok(Some(header)) => break header,
                        Ok(None) => {}
                        Err(_) => return,
                    }
                    if !matches!(stream.read_buf(&mut bytes).await, Ok(1..)) {
                        return;
                    }
                };
                noted.lock().expect("nobody panicked").push(header.ends.map(|ends| ends.source));
                bytes.drain(..header.length);
                loop {
                    while let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                        bytes.drain(..end + 4);
                        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
                    }
                    if !matches!(stream.read_buf(&mut bytes).await, Ok(1..)) {
                        return;
                    }
                }
            });
        }
    });
    (port, seen)
}

#[tokio::test]
async fn a_server_is_told_who_asks_and_no_connection_is_shared_by_two_clients() {
    const EACH: usize = 20;
    for version in ["v1", "v2"] {
        let (port, seen) = introduced_server().await;
        let config = format!(
            "[upstreams.api]\nservers = [\"127.0.0.1:{port}\"]\nproxy_protocol = \"{version}\"\n[[routes]]\npath = \"/*\"\n"
        );
        let gateway = Gateway::start(&config).await;
        let mut expected = Vec::new();
        for _ in 0..2 {
            let mut client = TcpStream::connect(("127.0.0.1", gateway.port())).await.expect("open");
            expected.push(Some(client.local_addr().expect("it is bound")));
            for _ in 0..EACH {
                client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("it is sent");
                let mut answer = [0; 4096];
                let read = client.read(&mut answer).await.expect("an answer");
                assert!(answer[..read].starts_with(b"HTTP/1.1 200 "), "{version}");
            }
        }
        let mut introduced = seen.lock().expect("nobody panicked").clone();
        // That they are kept is a matter of one or twenty: whoever lies idle may be closed.
        assert!(introduced.len() < EACH, "{version}: {introduced:?}");
        introduced.dedup();
        assert_eq!(introduced, expected, "{version}");
        // For whom a trusted proxy asks.
        assert!(say(gateway.port(), REQUEST).await.starts_with("http/1.1 200 "));
        let told = seen.lock().expect("nobody panicked").last().copied().flatten();
        assert_eq!(told, Some("203.0.113.9:0".parse().expect("an address")));
    }
}
