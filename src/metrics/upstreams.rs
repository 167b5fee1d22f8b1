//! Upstreams' servers, and how it is to connect to them.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use prometheus::IntCounterVec;

use super::Metrics;
use super::register::Register;
use super::shown::Shown;

/// Who knows how the servers of all upstreams stand at this moment.
pub trait Servers: Send + Sync {
    /// Tells of each server: its upstream's name, its address, and whether requests go there.
    fn tell(&self, tell: &mut dyn FnMut(&str, &str, bool));
}

/// What is counted of upstreams.
#[derive(Clone)]
pub(super) struct Upstreams {
    up: Shown<2>,
    unconnected: IntCounterVec,
    servers: Arc<Mutex<Option<Weak<dyn Servers>>>>,
}

impl Upstreams {
    pub(super) fn new(register: &mut Register) -> Result<Self, prometheus::Error> {
        Ok(Self {
            up: Shown::new(register.fractions(
                "schemagate_upstream_server_up",
                &["upstream", "server"],
                "1 for a server that requests go to, 0 for one that fails its health check or could not be connected to \
                 lately.",
            )?),
            unconnected: register.counters(
                "schemagate_upstream_connect_failures_total",
                &["upstream"],
                "Attempts to connect to a server of an upstream that failed; another server may have answered.",
            )?,
            servers: Arc::default(),
        })
    }

    pub(super) fn stand(&self) {
        let known = self.servers.lock().unwrap_or_else(PoisonError::into_inner).as_ref().and_then(Weak::upgrade);
        let mut all = Vec::new();
        if let Some(known) = known {
            known.tell(&mut |upstream, server, up| all.push((upstream.to_owned(), server.to_owned(), up)));
        }
        self.up.show(all.iter().map(|(upstream, server, up)| ([&**upstream, &**server], f64::from(u8::from(*up)))));
    }
}

impl std::fmt::Debug for Upstreams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upstreams").finish_non_exhaustive()
    }
}

impl Metrics {
    /// Whom to ask how servers stand, from now on and as long as it lives.
    pub fn ask_of_servers(&self, servers: &Arc<dyn Servers>) {
        *self.upstreams.servers.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::downgrade(servers));
    }

    /// Counts an attempt to connect to a server that failed.
    pub fn connect_failure(&self, upstream: &str) {
        self.upstreams.unconnected.with_label_values(&[upstream]).inc();
    }
}
