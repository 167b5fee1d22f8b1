//! The servers that requests go to.

mod announcing;
mod calling;
mod discovery;
mod peer;
mod pool;
mod probe;
mod server;

use std::sync::Arc;
use std::time::Duration;

use gate::UpstreamId;
use pingora::protocols::l4::socket::SocketAddr;
use tracing::warn;

use super::ProxyError;
use crate::config::Upstream;
use crate::metrics::Servers;

pub(super) use announcing::announce;
pub use calling::{Called, call};
pub(super) use peer::{at_most, without_limit};
pub(super) use pool::{Choice, Pool};

/// Every upstream, in the order of [`UpstreamId`].
pub(super) struct Upstreams {
    pools: Vec<Arc<Pool>>,
}

/// How long names may take to resolve before the start goes on without them.
const FIRST_RESOLUTION: Duration = Duration::from_secs(2);

impl Upstreams {
    /// Makes a pool of every upstream and resolves names once; of one that is as it was `before`, the pool stays,
    /// with its connections and what is known of its servers. A name that does not resolve does not stop the
    /// start: it is tried again, and requests are answered with 502 until then.
    pub(super) async fn prepare(upstreams: &[Upstream], before: Option<&Self>) -> Result<Self, ProxyError> {
        let known = |upstream: &Upstream| before?.pools.iter().find(|pool| pool.is_of(upstream)).map(Arc::clone);
        let mut pools = Vec::new();
        let mut new = Vec::new();
        for upstream in upstreams {
            if let Some(pool) = known(upstream) {
                pools.push(pool);
                continue;
            }
            let pool = Arc::new(Pool::new(upstream)?);
            new.push(Arc::clone(&pool));
            pools.push(pool);
        }
        let all = futures_util::future::join_all(new.iter().map(|pool| pool.resolve()));
        if tokio::time::timeout(FIRST_RESOLUTION, all).await.is_err() {
            warn!("names of servers take long to resolve; going on without them");
        }
        for pool in &new {
            pool.watch();
        }
        Ok(Self { pools })
    }

    /// The upstream of an id.
    pub(super) fn get(&self, id: UpstreamId) -> Option<&Pool> {
        self.pools.get(id.0 as usize).map(AsRef::as_ref)
    }

    /// Every upstream.
    pub(super) fn all(&self) -> impl Iterator<Item = &Pool> {
        self.pools.iter().map(AsRef::as_ref)
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
