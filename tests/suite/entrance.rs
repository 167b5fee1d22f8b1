//! TLS to clients beyond one certificate, and to servers that want to know who connects.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector, client::TlsStream};

use crate::house::{Authority, Echo, Gateway, free_port, raw};
use crate::tls;

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// Writes a certificate for `names` and its key, and gives them as keys of a table.
fn files(authority: &Authority, folder: &Path, names: &[&str]) -> String {
    let signed = authority.sign(names);
    let [cert, key] = ["cert", "key"].map(|kind| folder.join(format!("{}.{kind}.pem", names[0].replace('*', "any"))));
    std::fs::write(&cert, signed.certificate).expect("a file");
    std::fs::write(&key, signed.key).expect("a file");
    format!("cert = \"{}\", key = \"{}\"", cert.display(), key.display())
}

/// Connects by TLS and asks for `name`.
async fn connect(authority: &Authority, port: u16, name: &str) -> Result<TlsStream<TcpStream>, std::io::Error> {
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .expect("rustls knows its versions")
        .with_root_certificates(authority.roots())
        .with_no_client_auth();
    let stream = tls::opened(port).await;
    TlsConnector::from(Arc::new(config)).connect(ServerName::try_from(name.to_owned()).expect("a name"), stream).await
}

async fn ask(stream: &mut TlsStream<TcpStream>, head: &str) -> String {
    stream.write_all(format!("{head}\r\nconnection: close\r\n\r\n").as_bytes()).await.expect("taken");
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await;
    answer
}

#[tokio::test]
async fn a_name_gets_the_certificate_that_has_it_and_any_other_name_the_usual_one() {
    let (authority, folder) = (Authority::new(), tempfile::tempdir().expect("a folder"));
    let sign = |names: &[&str]| files(&authority, folder.path(), names);
    let (usual, b, any) = (sign(&["a.test"]), sign(&["b.test", "x.c.test"]), sign(&["*.c.test"]));
    let (echo, port) = (Echo::start().await, free_port());
    let listen = format!("https = {{ address = \"127.0.0.1:{port}\", {usual}, more = [{{ {any} }}, {{ {b} }}] }}");
    let config = format!("[upstreams.api]\nservers = [\"{}\"]\n[[routes]]\npath = \"/*\"\n", echo.address());
    let gateway = Gateway::start_with(&listen, "", &config).await;
    let shown = async |name: &str| {
        let stream = connect(&authority, port, name).await.expect("a certificate for that name");
        stream.get_ref().1.peer_certificates().expect("a certificate")[0].to_vec()
    };
    assert_ne!(shown("a.test").await, shown("b.test").await);
    assert_eq!(shown("b.test").await, shown("x.c.test").await, "the name itself goes before a wildcard");
    assert_eq!(shown("y.c.test").await, shown("Z.C.test").await);
    assert_ne!(shown("y.c.test").await, shown("b.test").await);
    for stranger in ["else.test", "y.z.c.test", "c.test"] {
        let refused = connect(&authority, port, stranger).await.expect_err("the usual certificate has another name");
        assert!(refused.to_string().contains("not valid for name"), "{refused}");
    }
    // Another certificate counts from the reload on, and a bad one is refused.
    let before = shown("y.c.test").await;
    sign(&["*.c.test"]);
    gateway.reload().await.expect(200);
    let after = shown("y.c.test").await;
    assert_ne!(before, after);
    std::fs::write(folder.path().join("any.c.test.key.pem"), "-----BEGIN PRIVATE KEY-----\n").expect("a file");
    gateway.reload().await.expect(422);
    assert_eq!(shown("y.c.test").await, after);
}

#[tokio::test]
async fn plain_http_is_sent_on_to_https_and_answers_there_say_to_stay() {
    let (authority, folder) = (Authority::new(), tempfile::tempdir().expect("a folder"));
    let (echo, port) = (Echo::start().await, free_port());
    let listen = format!(
        "https = {{ address = \"127.0.0.1:{port}\", {}, redirect = true, redirect_port = {port}, hsts = \"8760h\", hsts_subdomains = true }}",
        files(&authority, folder.path(), &["a.test"])
    );
    let config = format!("[upstreams.api]\nservers = [\"{}\"]\n[[routes]]\npath = \"/x/*\"\n", echo.address());
    let gateway = Gateway::start_with(&listen, "", &config).await;
    let plain = async |rest: &str| {
        let answer = raw(gateway.port(), format!("{rest}\r\nConnection: close\r\n\r\n").as_bytes()).await;
        assert!(!answer.to_lowercase().contains("strict-transport-security"), "{answer}");
        answer
    };
    let to = |target: &str| format!("location: https://a.test:{port}{target}\r\n");
    for (line, target) in [("GET /x/1?a=%2F", "/x/1?a=%2F"), ("POST //x/../x/y", "/x/y"), ("GET http://a.test/x", "/x")]
    {
        let answer = plain(&format!("{line} HTTP/1.1\r\nHost: a.test")).await;
        assert!(answer.starts_with("HTTP/1.1 308 "), "{answer}");
        assert!(answer.to_lowercase().contains(&to(target).to_lowercase()), "{line}: {answer}");
    }
    assert!(plain("GET /x/%00 HTTP/1.1\r\nHost: a.test").await.starts_with("HTTP/1.1 400 "));
    assert!(plain("GET /x HTTP/1.0").await.starts_with("HTTP/1.1 400 "));
    assert_eq!(echo.requests(), 0, "nothing goes on without TLS");
    // A trusted proxy took the encryption off.
    let answer = plain("GET /x HTTP/1.1\r\nHost: a.test\r\nX-Forwarded-Proto: https").await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let answer = plain("GET /x HTTP/1.1\r\nHost: a.test\r\nForwarded: for=192.0.2.1;proto=https").await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    // It speaks TLS to us, and its client does not.
    let mut stream = connect(&authority, port, "a.test").await.expect("a handshake");
    let answer = ask(&mut stream, "GET /x HTTP/1.1\r\nHost: a.test\r\nX-Forwarded-Proto: http").await;
    assert!(answer.starts_with("HTTP/1.1 308 "), "{answer}");
    // Over TLS whatever is answered says it, and no request is malformed for having been sent on.
    for (head, status) in [("GET /x HTTP/1.1", "200"), ("GET /nowhere HTTP/1.1", "404"), ("GET /x HTTP/9", "400")] {
        let mut stream = connect(&authority, port, "a.test").await.expect("a handshake");
        let answer = ask(&mut stream, &format!("{head}\r\nHost: a.test")).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        let policy = "strict-transport-security: max-age=31536000; includesubdomains\r\n";
        assert_eq!(answer.to_lowercase().matches(policy).count(), 1, "{answer}");
    }
}

/// A server that lets nobody in whose certificate is not `authority`'s, and tells their protocol.
async fn exclusive_upstream(authority: &Authority) -> u16 {
    let signed = authority.sign(&["localhost"]);
    let chain = vec![CertificateDer::from_pem_slice(signed.certificate.as_bytes()).expect("PEM")];
    let key = PrivateKeyDer::from_pem_slice(signed.key.as_bytes()).expect("PEM");
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(authority.roots()), provider());
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .expect("rustls knows its versions")
        .with_client_cert_verifier(verifier.build().expect("roots"))
        .with_single_cert(chain, key)
        .expect("a key that fits");
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("it is bound").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
                    let Ok(mut connection) = h2::server::handshake(stream).await else { return };
                    while let Some(Ok((_, mut respond))) = connection.accept().await {
                        let answer = http::Response::builder().header("x-spoken", "h2").body(()).expect("an answer");
                        let _ = respond.send_response(answer, true);
                    }
                    return;
                }
                let _ = stream.read(&mut vec![0; 8192]).await;
                let answer = "HTTP/1.1 200 OK\r\nx-spoken: http/1.1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
            });
        }
    });
    port
}

#[tokio::test]
async fn a_server_is_held_against_roots_of_its_own_and_shown_who_connects() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let folder = tempfile::tempdir().expect("a folder");
    let port = exclusive_upstream(&authority).await;
    let config = |tls: &str, http2: bool| {
        format!(
            "[upstreams.api]\nservers = [\"https://127.0.0.1:{port}\"]\nhttp2 = {http2}\n\
             tls = {{ server_name = \"localhost\", {tls} }}\n[[routes]]\npath = \"/*\"\n"
        )
    };
    let roots = |authority: &Authority| format!("roots = \"{}\"", authority.root().display());
    let known = format!("{}, {}", roots(&authority), files(&authority, folder.path(), &["gate"]));
    for (http2, spoken) in [(false, "http/1.1"), (true, "h2")] {
        let gateway = Gateway::start(&config(&known, http2)).await;
        assert_eq!(gateway.client().get("/").await.expect(200).header("x-spoken"), spoken);
    }
    let unknown = format!("{}, {}", roots(&authority), files(&stranger, folder.path(), &["stranger"]));
    let mistaken = format!("{}, {}", roots(&stranger), files(&authority, folder.path(), &["gate"]));
    for (tls, why) in [(roots(&authority), "nobody"), (unknown, "a stranger"), (mistaken, "roots of others")] {
        let gateway = Gateway::start(&config(&tls, false)).await;
        let answer = gateway.client().get("/").await;
        assert_eq!(answer.status, 502, "{why}: {answer:?}");
    }
}

#[tokio::test]
async fn a_certificate_that_fits_no_key_stops_the_start() {
    let (authority, folder) = (Authority::new(), tempfile::tempdir().expect("a folder"));
    let (one, other) = (authority.sign(&["a"]), authority.sign(&["b"]));
    std::fs::write(folder.path().join("cert.pem"), one.certificate).expect("a file");
    std::fs::write(folder.path().join("key.pem"), other.key).expect("a file");
    let config = "[listen]\nhttp = \"127.0.0.1:0\"\n[admin]\nlisten = \"127.0.0.1:0\"\n[upstreams.api]\n\
                  servers = [\"https://localhost:1\"]\ntls = { cert = \"cert.pem\", key = \"key.pem\" }\n[[routes]]\npath = \"/*\"\n";
    std::fs::write(folder.path().join("proxy.toml"), config).expect("a configuration");
    let run = crate::house::Run::of(folder.path(), &["run"]);
    assert_eq!(run.code, Some(2), "{}", run.output());
    assert!(run.output().contains("issued together"), "{}", run.output());
}
