//! The servers that requests go to.

mod discovery;
mod peer;
mod pool;
mod probe;
mod server;

use std::time::Duration;

use gate::UpstreamId;
use pingora::protocols::l4::socket::SocketAddr;
use pingora::services::ServiceWithDependents;
use tracing::warn;

use super::ProxyError;
use crate::config::Upstream;
use crate::metrics::Servers;

pub(super) use peer::without_limit;
pub(super) use pool::Pool;

/// Every upstream, in the order of [`UpstreamId`].
pub(super) struct Upstreams {
    pools: Vec<Pool>,
}

/// How long names may take to resolve before the start goes on without them.
const FIRST_RESOLUTION: Duration = Duration::from_secs(2);

impl Upstreams {
    /// Makes a pool of every upstream and resolves names once. A name that does not resolve does
    /// not stop the start: it is tried again, and requests are answered with 502 until then.
    pub(super) fn prepare(upstreams: &[Upstream]) -> Result<Self, ProxyError> {
        let pools = upstreams.iter().map(Pool::new).collect::<Result<Vec<_>, _>>()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| ProxyError(format!("cannot start a runtime to resolve names: {error}")))?;
        runtime.block_on(async {
            let all = futures_util::future::join_all(pools.iter().map(Pool::resolve));
            if tokio::time::timeout(FIRST_RESOLUTION, all).await.is_err() {
                warn!("names of servers take long to resolve; going on without them");
            }
        });
        // A resolver that hangs is left behind.
        runtime.shutdown_background();
        Ok(Self { pools })
    }

    /// The upstream of an id.
    pub(super) fn get(&self, id: UpstreamId) -> Option<&Pool> {
        self.pools.get(id.0 as usize)
    }

    /// Every upstream.
    pub(super) fn all(&self) -> impl Iterator<Item = &Pool> {
        self.pools.iter()
    }

    /// What runs beside the requests: names are resolved anew, health is asked.
    pub(super) fn background(&self) -> Vec<Box<dyn ServiceWithDependents>> {
        self.pools.iter().filter_map(Pool::background).collect()
    }
}

impl Servers for Upstreams {
    fn tell(&self, tell: &mut dyn FnMut(&str, &str, bool)) {
        for pool in &self.pools {
            for (server, up) in pool.standing() {
                tell(pool.name(), &server, up);
            }
        }
    }
}

/// An address as it stands in a log line.
fn shown(address: &SocketAddr) -> String {
    match address {
        SocketAddr::Inet(address) => address.to_string(),
        SocketAddr::Unix(address) => {
            format!("unix:{}", address.as_pathname().map(|path| path.display().to_string()).unwrap_or_default())
        }
    }
}
