//! What is asked of every proxy.

use std::time::Duration;

use super::arm::Arm;
use super::generator::{Load, h2load, wrk};

/// How requests come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    /// HTTP/1.1 on connections that stay.
    Http1,
    /// The same over TLS.
    Tls,
    /// Many streams on a few connections over TLS.
    Http2,
}

pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) says: &'static str,
    pub(crate) path: &'static str,
    /// Which answer is right.
    pub(crate) status: u16,
    pub(crate) over: Over,
    pub(crate) arms: &'static [&'static str],
}

const ALL: &[&str] = &["direct", "pingora", "schemagate", "nginx", "HAProxy", "Caddy"];
const PROXIES: &[&str] = &["pingora", "schemagate", "nginx", "HAProxy", "Caddy"];

/// All of them, in the order in which they are told.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario { name: "pass-1k", says: "1 KiB passes through", path: "/1k", status: 200, over: Over::Http1, arms: ALL },
    Scenario { name: "pass-64k", says: "64 KiB pass through", path: "/64k", status: 200, over: Over::Http1, arms: ALL },
    Scenario {
        name: "refuse",
        says: "the proxy refuses by itself",
        path: "/refused",
        status: 503,
        over: Over::Http1,
        arms: PROXIES,
    },
    Scenario { name: "tls", says: "1 KiB over TLS", path: "/1k", status: 200, over: Over::Tls, arms: PROXIES },
    Scenario { name: "http2", says: "1 KiB over HTTP/2", path: "/1k", status: 200, over: Over::Http2, arms: PROXIES },
    Scenario {
        name: "routes",
        says: "1 KiB passes by one of 10,000 routes",
        path: "/1k",
        status: 200,
        over: Over::Http1,
        arms: &["schemagate", "schemagate, 10,000 routes"],
    },
];

impl Scenario {
    /// Puts load on a proxy.
    pub(crate) fn load(&self, arm: &Arm, lasts: Duration) -> anyhow::Result<Load> {
        match self.over {
            Over::Http1 => wrk(&format!("http://127.0.0.1:{}{}", arm.port, self.path), self.status, lasts),
            Over::Tls => wrk(&format!("https://127.0.0.1:{}{}", arm.tls_port, self.path), self.status, lasts),
            Over::Http2 => h2load(&format!("https://127.0.0.1:{}{}", arm.tls_port, self.path), self.status, lasts),
        }
    }
}
