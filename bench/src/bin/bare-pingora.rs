//! Pingora and nothing else in front of a backend: what schemagate costs on top is measured against it.
//!
//! Usage: `bare-pingora BACKEND PORT [TLS_PORT CERT KEY]`; `/refused` is answered by itself.

use async_trait::async_trait;
use bytes::Bytes;
use pingora::http::ResponseHeader;
use pingora::listeners::tls::TlsSettings;
use pingora::prelude::{HttpPeer, ProxyHttp, Server, Session, http_proxy_service};
use pingora::server::configuration::ServerConf;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

struct Bare {
    backend: HttpPeer,
    refusal: Bytes,
}

#[async_trait]
impl ProxyHttp for Bare {
    type CTX = ();

    fn new_ctx(&self) {}

    async fn request_filter(&self, session: &mut Session, (): &mut ()) -> pingora::Result<bool> {
        if session.req_header().uri.path() != "/refused" {
            return Ok(false);
        }
        let mut header = ResponseHeader::build(503, Some(2))?;
        header.insert_header("Content-Type", "text/plain")?;
        header.insert_header("Content-Length", self.refusal.len().to_string())?;
        session.write_response_header(Box::new(header), false).await?;
        session.write_response_body(Some(self.refusal.clone()), true).await?;
        Ok(true)
    }

    async fn upstream_peer(&self, _: &mut Session, (): &mut ()) -> pingora::Result<Box<HttpPeer>> {
        Ok(Box::new(self.backend.clone()))
    }
}

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (backend, port, tls) = match arguments.as_slice() {
        [backend, port] => (backend, port, None),
        [backend, port, tls_port, cert, key] => (backend, port, Some((tls_port, cert, key))),
        _ => anyhow::bail!("usage: bare-pingora BACKEND PORT [TLS_PORT CERT KEY]"),
    };
    // As schemagate sets it: one thread for one core.
    let settings = ServerConf { threads: 1, work_stealing: false, ..ServerConf::default() };
    let mut server = Server::new_with_opt_and_conf(None, settings);
    server.bootstrap();
    let backend = HttpPeer::new(backend.as_str(), false, String::new());
    let bare = Bare { backend, refusal: Bytes::from(vec![b'x'; 1024]) };
    let mut service = http_proxy_service(&server.configuration, bare);
    service.add_tcp(&format!("127.0.0.1:{port}"));
    if let Some((tls_port, cert, key)) = tls {
        let mut tls = TlsSettings::intermediate(cert, key)?;
        tls.enable_h2();
        service.add_tls_with_settings(&format!("127.0.0.1:{tls_port}"), None, tls);
    }
    server.add_service(service);
    server.run_forever();
}
