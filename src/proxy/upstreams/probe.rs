//! How a server's health is asked.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::{Uri, Version, header};
use pingora::connectors::TransportConnector;
use pingora::connectors::http::Connector;
use pingora::http::RequestHeader;
use pingora::lb::Backend;
use pingora::lb::health_check::HealthCheck as PingoraHealthCheck;
use pingora::upstreams::peer::HttpPeer;
use pingora::{Error, ErrorType, OrErr};
use tracing::{info, warn};

use super::discovery::Known;
use super::shown;
use crate::config::{HealthCheck, Upstream};
use crate::proxy::ProxyError;

/// So many failures in a row take a server out; one success brings it back.
const FAILURES: usize = 2;

/// Asks a server whether it is well.
pub(super) struct Probe {
    upstream: String,
    known: Arc<Known>,
    question: Question,
    /// Limit of one question and its answer.
    within: Duration,
}

enum Question {
    /// Does it take connections?
    Connection(TransportConnector),
    /// Does it answer this with 2xx or 3xx?
    Request { connector: Box<Connector>, path: String, authority: String, tls: bool },
}

impl Probe {
    pub(super) fn new(
        upstream: &Upstream,
        health: &HealthCheck,
        authority: &str,
        known: Arc<Known>,
    ) -> Result<Self, ProxyError> {
        let question = match &health.path {
            None => Question::Connection(TransportConnector::new(None)),
            Some(path) => {
                if format!("http://{authority}{path}").parse::<Uri>().is_err() {
                    return Err(ProxyError(format!(
                        "upstream {}: the health check's path {path:?} is not a path",
                        upstream.name
                    )));
                }
                let tls = upstream.tls.is_some();
                Question::Request {
                    connector: Box::new(Connector::new(None)),
                    path: path.clone(),
                    authority: authority.to_owned(),
                    tls,
                }
            }
        };
        let within = upstream.connect_timeout + upstream.read_timeout.unwrap_or(health.interval).min(health.interval);
        Ok(Self { upstream: upstream.name.clone(), known, question, within })
    }

    /// Asks the server of a peer; the error says why it is not well.
    pub(super) async fn ask(&self, peer: &HttpPeer) -> pingora::Result<()> {
        tokio::time::timeout(self.within, self.question(peer))
            .await
            .or_err(ErrorType::ReadTimedout, "no answer in time")
            .flatten()
    }

    async fn question(&self, peer: &HttpPeer) -> pingora::Result<()> {
        match &self.question {
            Question::Connection(connector) => connector.new_stream(peer).await.map(drop),
            Question::Request { connector, path, authority, tls } => {
                let (mut session, _) = connector.get_http_session(peer).await?;
                let request = request(path, authority, *tls, session.as_http2().is_some())?;
                session.write_request_header(Box::new(request)).await?;
                session.finish_request_body().await?;
                session.read_response_header().await?;
                let status = session.response_header().map_or(0, |answer| answer.status.as_u16());
                if session.as_http2().is_some() {
                    connector.release_http_session(session, peer, peer.options.idle_timeout).await;
                }
                if (200..400).contains(&status) {
                    return Ok(());
                }
                Error::e_explain(ErrorType::CustomCode("health", status), format!("it answered {status}"))
            }
        }
    }
}

#[async_trait]
impl PingoraHealthCheck for Probe {
    async fn check(&self, target: &Backend) -> pingora::Result<()> {
        let known = self.known.load_full();
        let Some(server) = known.iter().find(|server| server.address() == &target.addr) else { return Ok(()) };
        let asked = self.ask(&server.peer).await;
        if let Err(error) = &asked {
            server.ail(error.to_string());
        }
        asked
    }

    async fn health_status_change(&self, target: &Backend, healthy: bool) {
        let server = shown(&target.addr);
        if healthy {
            info!(upstream = self.upstream, server, "a server is healthy again");
            return;
        }
        let known = self.known.load_full();
        let why = known.iter().find(|server| server.address() == &target.addr).map(|server| server.ailment());
        warn!(upstream = self.upstream, server, why, "a server failed its health check");
    }

    fn health_threshold(&self, success: bool) -> usize {
        if success { 1 } else { FAILURES }
    }
}

fn request(path: &str, authority: &str, tls: bool, http2: bool) -> pingora::Result<RequestHeader> {
    let mut request = RequestHeader::build("GET", path.as_bytes(), Some(2))?;
    request.insert_header(header::USER_AGENT, "schemagate-health-check")?;
    if http2 {
        let scheme = if tls { "https" } else { "http" };
        let uri = format!("{scheme}://{authority}{path}").parse().or_err(ErrorType::InternalError, "health check")?;
        request.set_version(Version::HTTP_2);
        request.set_uri(uri);
    } else {
        request.insert_header(header::HOST, authority)?;
    }
    Ok(request)
}
