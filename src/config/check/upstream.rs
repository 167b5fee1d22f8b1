//! Upstreams.

use std::time::Duration;

use super::Check;
use crate::config::file::{HealthCheckTable, UpstreamTable};
use crate::config::place::Placed;
use crate::config::reader::Key;
use crate::config::values::{Either, Limit, Named};
use crate::config::{HealthCheck, Server, Upstream, UpstreamTls};

/// Where several servers say nothing of their health checks.
const HEALTH_INTERVAL: Duration = Duration::from_secs(5);

const SHORTEST_TIMEOUT: Duration = Duration::from_millis(10);
const SHORTEST_INTERVAL: Duration = Duration::from_millis(100);

impl Check<'_> {
    /// Every upstream in its place; `None` for those that were reported.
    pub(super) fn upstreams(&mut self, upstreams: &Named<UpstreamTable>) -> Vec<Option<Upstream>> {
        upstreams.0.iter().map(|(name, table)| self.upstream(name, table)).collect()
    }

    fn upstream(&mut self, name: &Placed<String>, table: &UpstreamTable) -> Option<Upstream> {
        let key = |key: &str| format!("upstreams.{}.{key}", name.value);
        let typed = table.servers.get().map_or(&[][..], |list| &list.0);
        let read: Vec<_> = typed.iter().map(|server| self.server(&key("servers"), server)).collect();
        if typed.is_empty() && table.servers.get().is_some() {
            self.error(table.servers.place(), format!("`{}` is empty", key("servers")))
                .help("such as [\"127.0.0.1:3000\"]");
        }
        let servers: Option<Vec<(Server, Option<&str>)>> = read.into_iter().collect();
        let by_scheme = self.tls_of_schemes(&key("servers"), typed, servers.as_deref().unwrap_or_default());
        let tls = match table.tls.placed() {
            Some(Placed { value: Either::Plain(false), place }) => {
                if by_scheme {
                    self.error(*place, format!("`{}` is false, and the servers are https", key("tls")));
                }
                None
            }
            Some(Placed { value: Either::Table(tls), .. }) => Some(self.upstream_tls(&key("tls"), tls)),
            Some(Placed { value: Either::Plain(true), .. }) => Some(UpstreamTls::USUAL),
            None => by_scheme.then_some(UpstreamTls::USUAL),
        };
        if let Some(tls) = &tls
            && tls.server_name.is_none()
            && tls.verify
            && servers.iter().flatten().any(|(server, _)| matches!(server, Server::Unix(_)))
        {
            self.error(
                table.tls.place().or(table.servers.place()),
                format!("`{}`: a socket has no name to verify", key("tls")),
            )
            .help("give tls = { server_name = \"…\" }");
        }
        let health = match table.health.get() {
            Some(Either::Plain(false)) => None,
            Some(Either::Plain(true)) => Some(HealthCheck { path: None, interval: HEALTH_INTERVAL }),
            Some(Either::Table(health)) => Some(self.health_check(&key("health"), health)),
            None => (typed.len() > 1).then_some(HealthCheck { path: None, interval: HEALTH_INTERVAL }),
        };
        let read_timeout = self.limit(&key("read_timeout"), &table.read_timeout).and_then(|limit| limit.0);
        let write_timeout =
            self.limit(&key("write_timeout"), &table.write_timeout).map_or(read_timeout, |limit| limit.0);
        let total_timeout = self.limit(&key("total_timeout"), &table.total_timeout).and_then(|limit| limit.0);
        Some(Upstream {
            name: name.value.clone(),
            tls,
            http2: table.http2.copied()?,
            proxy_protocol: table.proxy_protocol.get().map(|word| word.0),
            health,
            connect_timeout: self.duration(&key("connect_timeout"), &table.connect_timeout, SHORTEST_TIMEOUT),
            read_timeout,
            write_timeout,
            total_timeout,
            resolve_every: self.duration(&key("resolve_every"), &table.resolve_every, SHORTEST_INTERVAL),
            servers: servers?.into_iter().map(|(server, _)| server).collect(),
        })
    }

    /// A limit that may be "never"; `None`: it was left out and has no default.
    fn limit<'k>(&mut self, name: &str, key: &'k Key<Limit>) -> Option<&'k Limit> {
        let limit = key.placed()?;
        if limit.value.0.is_some_and(|limit| limit < SHORTEST_TIMEOUT) {
            self.error(limit.place, format!("`{name}` must be at least 10ms, or \"never\""));
        }
        Some(&limit.value)
    }

    /// Whether the servers' URLs ask for TLS; they must agree.
    fn tls_of_schemes(&mut self, name: &str, typed: &[Placed<String>], servers: &[(Server, Option<&str>)]) -> bool {
        let is_https = |scheme: Option<&str>| scheme == Some("https");
        let first = servers.first().is_some_and(|(_, scheme)| is_https(*scheme));
        let odd = typed.iter().zip(servers).find(|(_, (_, scheme))| is_https(*scheme) != first);
        if let Some((odd, _)) = odd {
            self.error(odd.place, format!("`{name}`: some servers are https and some are not"))
                .help("make two upstreams of them")
                .beside(typed.first().and_then(|first| first.place), "the first one");
        }
        first
    }

    fn health_check(&mut self, name: &str, health: &HealthCheckTable) -> HealthCheck {
        if let Some(path) = health.path.placed()
            && (!path.value.starts_with('/') || path.value.parse::<http::uri::PathAndQuery>().is_err())
        {
            self.error(path.place, format!("`{name}.path` is not a path")).help("such as \"/healthz\"");
        }
        HealthCheck {
            path: health.path.get().cloned(),
            interval: self.duration(&format!("{name}.interval"), &health.interval, SHORTEST_INTERVAL),
        }
    }
}
