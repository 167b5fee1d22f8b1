//! Every server of an upstream, asked once: for commands.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use pingora::{Error, ErrorType};

use super::discovery::{Known, lookup};
use super::peer::PeerTemplate;
use super::pool::authority;
use super::probe::Probe;
use super::shown;
use crate::config::{HealthCheck, Server, Upstream};
use crate::proxy::ProxyError;

/// How long a server may take to answer whose health is never asked.
const ANSWER: Duration = Duration::from_secs(5);

/// One address of an upstream, and what came of asking it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Called {
    /// Where it is; of a name that does not resolve, the name.
    pub server: String,
    /// Why it cannot be used; nothing if it can.
    pub ailment: Option<String>,
}

/// Asks every server of an upstream as its health check would, or, where it has none, whether it takes connections.
pub async fn call(upstream: &Upstream) -> Result<Vec<Called>, ProxyError> {
    let template = PeerTemplate::new(upstream)?;
    let health = upstream.health.clone().unwrap_or(HealthCheck { path: None, interval: ANSWER });
    let probe = Probe::new(upstream, &health, &authority(upstream), Arc::new(Known::default()))?;
    let called = upstream.servers.iter().map(|server| async {
        match lookup(server).await {
            Err(why) => {
                vec![Called { server: name(server), ailment: Some(format!("its name does not resolve: {why}")) }]
            }
            Ok(addresses) => {
                let asked = addresses.iter().map(|address| async {
                    let peer = template.peer(server, address.clone());
                    let ailment = probe.ask(&peer).await.err().map(|error| told(&error));
                    Called { server: shown(address), ailment }
                });
                join_all(asked).await
            }
        }
    });
    Ok(join_all(called).await.into_iter().flatten().collect())
}

fn name(server: &Server) -> String {
    match server {
        Server::Tcp { host, port } => format!("{host}:{port}"),
        Server::Unix(path) => format!("unix:{}", path.display()),
    }
}

/// Why a server cannot be used, and what to do.
fn told(error: &Error) -> String {
    use ErrorType as E;
    let advice = match error.etype() {
        E::ConnectRefused | E::ConnectError => "nothing listens there: does the backend run, are host and port right?",
        E::ConnectNoRoute => "there is no way to it from here: check network and firewall",
        E::ConnectTimedout | E::TLSHandshakeTimedout => "it does not answer: check network and firewall",
        E::TLSHandshakeFailure | E::HandshakeError | E::InvalidCert => {
            "TLS failed: check the server's certificate, and `tls` of the upstream"
        }
        E::CustomCode("health", _) => "it answers, and says that it is not well",
        _ => "it takes connections and does not answer as it should",
    };
    let cause = error.root_cause().to_string();
    format!("{advice} ({cause})")
}
