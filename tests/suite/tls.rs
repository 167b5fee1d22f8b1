//! TLS on all three sides: clients, upstreams and databases.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector, client::TlsStream};

use crate::house::{Authority, Cluster, Echo, Gateway, Judged, eventually, free_port};

const LIMIT: Duration = Duration::from_secs(15);

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// A TLS connection to `localhost` that offers one protocol by ALPN.
pub(crate) async fn connect(authority: &Authority, port: u16, protocol: &str) -> TlsStream<TcpStream> {
    secure(authority, opened(port).await, protocol).await
}

/// A connection to a listener that may open a little later than the plain one does.
pub(crate) async fn opened(port: u16) -> TcpStream {
    eventually("the listener opens", LIMIT, async || TcpStream::connect(("127.0.0.1", port)).await.ok()).await
}

/// The same over a connection that is there.
pub(crate) async fn secure(authority: &Authority, stream: TcpStream, protocol: &str) -> TlsStream<TcpStream> {
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .expect("rustls knows its versions")
        .with_root_certificates(authority.roots())
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    let name = ServerName::try_from("localhost").expect("a name");
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.expect("a handshake");
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(protocol.as_bytes()));
    stream
}

/// A gateway that speaks TLS to clients, as `localhost`, before an echo.
struct Entrance {
    gateway: Gateway,
    authority: Authority,
    port: u16,
    certificate: PathBuf,
    key: PathBuf,
    echo: Echo,
}

impl Entrance {
    async fn open() -> Self {
        let authority = Authority::new();
        let (certificate, key) = authority.sign_files(&["localhost"]);
        let (echo, port) = (Echo::start().await, free_port());
        let listen = format!(
            "https = {{ address = \"127.0.0.1:{port}\", cert = \"{}\", key = \"{}\" }}",
            certificate.display(),
            key.display()
        );
        let config = format!("[upstreams.api]\nservers = [\"{}\"]\n[[routes]]\npath = \"/*\"\n", echo.address());
        let gateway = Gateway::start_with(&listen, "", &config).await;
        Self { gateway, authority, port, certificate, key, echo }
    }
}

#[tokio::test]
async fn clients_come_in_by_tls_with_http2_or_http1_as_they_prefer() {
    let Entrance { gateway, authority, port, echo: _echo, .. } = Entrance::open().await;
    let mut http1 = connect(&authority, port, "http/1.1").await;
    http1.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.expect("taken");
    let mut answer = String::new();
    let _ = http1.read_to_string(&mut answer).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.to_lowercase().contains("x-forwarded-proto: https"), "{answer}");

    let (mut client, connection) = h2::client::handshake(connect(&authority, port, "h2").await).await.expect("HTTP/2");
    tokio::spawn(connection);
    let request = http::Request::get("https://localhost/").body(()).expect("a request");
    let (response, _) = client.send_request(request, true).expect("sent");
    let response = response.await.expect("an answer");
    assert_eq!(response.status(), 200);
    let mut body = response.into_body();
    let mut seen = Vec::<Bytes>::new();
    while let Some(piece) = body.data().await {
        seen.push(piece.expect("a piece"));
    }
    let text = String::from_utf8(seen.concat()).expect("text");
    assert!(text.to_lowercase().contains("x-forwarded-proto: https"), "{text}");
    // Plain HTTP goes on beside it.
    gateway.client().get("/").await.expect(200);
}

#[tokio::test]
async fn a_certificate_is_exchanged_while_connections_are_open() {
    let Entrance { gateway, authority, port, certificate, key, echo: _echo } = Entrance::open().await;
    let presented = async || {
        let stream = connect(&authority, port, "http/1.1").await;
        stream.get_ref().1.peer_certificates().expect("a certificate")[0].to_vec()
    };
    let mut open = connect(&authority, port, "http/1.1").await;
    let first = presented().await;
    let signed = authority.sign(&["localhost"]);
    std::fs::write(&certificate, &signed.certificate).expect("written");
    // The old key does not fit: nothing changes.
    let refused = gateway.reload().await.expect(422);
    assert!(refused.text().contains("cannot be used together"), "{}", refused.text());
    assert_eq!(presented().await, first);
    std::fs::write(&key, &signed.key).expect("written");
    gateway.reload().await.expect(200);
    assert_ne!(presented().await, first);
    open.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.expect("taken");
    let mut answer = String::new();
    let _ = open.read_to_string(&mut answer).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

/// An upstream that speaks TLS: it answers each connection's first request with `secure`.
async fn secure_upstream(authority: &Authority) -> u16 {
    let signed = authority.sign(&["localhost"]);
    let chain = vec![CertificateDer::from_pem_slice(signed.certificate.as_bytes()).expect("PEM")];
    let key = PrivateKeyDer::from_pem_slice(signed.key.as_bytes()).expect("PEM");
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .expect("rustls knows its versions")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("a key that fits");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("it is bound").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let mut head = vec![0; 8192];
                let _ = stream.read(&mut head).await;
                let answer = "HTTP/1.1 200 OK\r\ncontent-length: 6\r\nconnection: close\r\n\r\nsecure";
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
            });
        }
    });
    port
}

#[tokio::test]
async fn an_upstreams_certificate_is_verified_unless_the_configuration_says_no() {
    let authority = Authority::new();
    let port = secure_upstream(&authority).await;
    let config = |tls: &str| {
        format!("[upstreams.api]\nservers = [\"https://localhost:{port}\"]\n{tls}\n[[routes]]\npath = \"/*\"\n")
    };
    let trusting = Gateway::start(&config("tls = { verify = false }")).await;
    assert_eq!(trusting.client().get("/").await.expect(200).text(), "secure");

    let careful = Gateway::start(&config("")).await;
    let answer = careful.client().get("/").await.expect(502);
    assert!(answer.header("proxy-status").contains("tls_"), "{answer:?}");
}

#[tokio::test]
async fn a_database_is_watched_by_tls_as_strictly_as_its_url_says() {
    let authority = Authority::new();
    let signed = authority.sign(&["localhost"]);
    let cluster = Cluster::with_tls(&signed.certificate, &signed.key);
    let database = cluster.database().await;
    database.execute("CREATE TABLE t (id int)").await;
    let root = authority.root();
    let root = root.display();
    let stranger = Authority::new();
    let stranger = stranger.root();
    let stranger = stranger.display();
    let by_name = database.watcher_url().replace("127.0.0.1", "localhost");
    let by_address = database.watcher_url();
    let judged = |url: &str| Judged::with(&format!("url = \"{url}\"\nconnect_timeout = \"10s\""), "tables = [\"t\"]");
    for (url, parameters) in [
        (&by_name, format!("sslmode=verify-full&sslrootcert={root}")),
        (&by_address, format!("sslmode=verify-ca&sslrootcert={root}")),
        (&by_address, format!("sslmode=require&sslrootcert={root}")),
        (&by_address, "sslmode=require".to_owned()),
        (&by_address, "sslmode=prefer".to_owned()),
        (&by_address, String::new()),
    ] {
        judged(&format!("{url}?{parameters}")).is_ready();
    }
    for (url, parameters, why) in [
        (&by_address, format!("sslmode=verify-full&sslrootcert={root}"), "another name"),
        (&by_name, format!("sslmode=verify-full&sslrootcert={stranger}"), "another authority"),
        (&by_name, format!("sslmode=verify-ca&sslrootcert={stranger}"), "another authority"),
        (&by_name, "sslmode=verify-full".to_owned(), "no public authority"),
        (&by_name, "sslmode=disable".to_owned(), "no TLS"),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let config = format!(
            "[databases.main]\nurl = \"{url}?{parameters}\"\nconnect_timeout = \"10s\"\n\
             [upstreams.api]\nservers = [\"127.0.0.1:1\"]\n\
             [requirements.it]\ntables = [\"t\"]\n[[routes]]\npath = \"/*\"\nneeds = [\"it\"]\n"
        );
        std::fs::write(folder.path().join("proxy.toml"), config).expect("a configuration");
        let run = crate::house::Run::of(folder.path(), &["check", "--database"]);
        assert_eq!(run.code, Some(3), "{why}: {parameters}\n{}", run.output());
    }
}

#[tokio::test]
async fn a_database_without_tls_is_refused_where_tls_is_required() {
    let database = Cluster::shared().database().await;
    let gateway = Gateway::start(&format!(
        "[databases.main]\nurl = \"{}?sslmode=require\"\nrefresh = \"100ms\"\n[upstreams.api]\nservers = [\"127.0.0.1:1\"]\n\
         [requirements.it]\ntables = [\"t\"]\n[[routes]]\npath = \"/*\"\nneeds = [\"it\"]\non_unknown = \"block\"\n",
        database.watcher_url()
    ))
    .await;
    gateway.verdict_becomes("it", "unknown", LIMIT).await;
    gateway.client().get("/").await.expect(503);
    gateway.logged("TLS").await;
}
