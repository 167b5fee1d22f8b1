//! Clients as they come: a browser that navigates, a page that fetches, bare bytes.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use reqwest::{RequestBuilder, redirect};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const LIMIT: Duration = Duration::from_secs(20);

/// What a browser sends when a person follows a link.
const NAVIGATION: [(&str, &str); 4] = [
    ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"),
    ("accept-language", "en-GB,en;q=0.9"),
    ("sec-fetch-mode", "navigate"),
    ("sec-fetch-dest", "document"),
];

/// What a browser sends for `fetch()`.
const FETCH: [(&str, &str); 3] = [("accept", "*/*"), ("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty")];

/// Speaks HTTP to one port of 127.0.0.1.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    port: u16,
}

impl Client {
    /// HTTP/1.1.
    pub(crate) fn new(port: u16) -> Self {
        Self::build(port, reqwest::Client::builder())
    }

    /// HTTP/2 by prior knowledge.
    pub(crate) fn http2(port: u16) -> Self {
        Self::build(port, reqwest::Client::builder().http2_prior_knowledge())
    }

    fn build(port: u16, builder: reqwest::ClientBuilder) -> Self {
        // Not a word of TLS is spoken; the client asks for it all the same. It fails where it is installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = builder
            .no_proxy()
            .redirect(redirect::Policy::none())
            .timeout(LIMIT)
            .build()
            .expect("a client without TLS needs nothing");
        Self { http, port }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// A request without any header but the ones that HTTP needs.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("http://127.0.0.1:{}{path}", self.port))
    }

    /// A plain GET.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::to(self.request(Method::GET, path)).await
    }

    /// A person follows a link.
    pub(crate) async fn navigate(&self, path: &str) -> Answer {
        Answer::to(with(self.request(Method::GET, path), &NAVIGATION)).await
    }

    /// A page calls its server.
    pub(crate) async fn fetch(&self, method: Method, path: &str) -> Answer {
        let writes = !matches!(method, Method::GET | Method::HEAD | Method::OPTIONS);
        let request = with(self.request(method, path), &FETCH);
        Answer::to(if writes { request.json(&serde_json::json!({ "name": "Ada" })) } else { request }).await
    }
}

fn with(request: RequestBuilder, headers: &[(&str, &str)]) -> RequestBuilder {
    headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))
}

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    /// The answer to `request`; a failure to get one fails the test.
    pub(crate) async fn to(request: RequestBuilder) -> Self {
        Self::try_to(request).await.unwrap_or_else(|error| panic!("no answer: {error:?}"))
    }

    /// The answer to `request`, if there is one.
    pub(crate) async fn try_to(request: RequestBuilder) -> Result<Self, reqwest::Error> {
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Self { status, headers, body: response.bytes().await? })
    }

    /// A header's value; empty where it is missing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("a header of plain text"))
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("a body of text")
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// Fails the test unless the status is `status`; returns itself to look on.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{:?}\n{}", self.headers, String::from_utf8_lossy(&self.body));
        self
    }
}

/// Sends `bytes` to a port and reads until the other side closes.
pub(crate) async fn raw(port: u16, bytes: &[u8]) -> String {
    let talk = async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("the port is open");
        stream.write_all(bytes).await.expect("the bytes are taken");
        let mut answer = Vec::new();
        // A reset after the answer is the other side's way to refuse what is left to read.
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    };
    tokio::time::timeout(LIMIT, talk).await.expect("the other side closes the connection")
}
