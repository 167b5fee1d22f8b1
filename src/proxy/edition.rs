//! What the proxy makes of one configuration.

use std::fmt;
use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};
use gate::{Decision, Gate, Route, Rules, UpstreamId};
use tokio::sync::watch;

use super::ProxyError;
use super::facts::{Facts, Refusal};
use super::hold::{Cause, Room};
use super::stale::Stale;
use super::upstreams::Upstreams;
use crate::answer::Answers;
use crate::config::Config;
use crate::head::RequestHead;
use crate::live::{GateReader, Live};
use crate::metrics::{Metrics, RouteCounts};
use crate::pass::PassKey;

/// What the proxy makes of one configuration. The ids of a decision are looked up in the edition that it was
/// made by, and in no other.
pub(super) struct Edition {
    pub(super) config: Arc<Config>,
    pub(super) answers: Answers,
    pub(super) upstreams: Arc<Upstreams>,
    pub(super) stale: Option<Stale>,
    pub(super) room: Room,
    pub(super) cause: Cause,
    pub(super) counts: RouteCounts,
    /// What operators' passes are signed with.
    pub(super) pass_key: Option<PassKey>,
}

/// What every edition is made with.
#[derive(Clone)]
pub(super) struct Means {
    pub(super) reader: GateReader,
    pub(super) metrics: Metrics,
    /// Turns true when the process begins to end.
    pub(super) closing: watch::Receiver<bool>,
}

/// The edition that is live, and the one that is about to be.
pub(super) struct Editions(ArcSwap<Vec<Arc<Edition>>>);

/// What a request is decided by: what is live, and the edition of the same configuration.
pub(super) struct Pinned {
    pub(super) live: Guard<Arc<Live>>,
    pub(super) edition: Arc<Edition>,
}

/// A decision with the edition that it was made by.
#[derive(Debug)]
pub(super) struct Decided {
    pub(super) edition: Arc<Edition>,
    pub(super) decision: Decision,
    /// Of the snapshot that it was made by.
    pub(super) generation: u64,
}

impl Edition {
    /// Everything that can be wrong with it is checked. What is as it was `before` is used on. Within a runtime.
    pub(super) async fn prepare(config: Arc<Config>, before: Option<&Self>, means: &Means) -> Result<Self, ProxyError> {
        let answers = Answers::render(&config.answers, &config.maintenance.answer, &config.brand)
            .map_err(|error| ProxyError(error.to_string()))?;
        let upstreams = Upstreams::prepare(&config.upstreams, before.map(|before| &*before.upstreams)).await?;
        let Means { reader, metrics, closing } = means;
        let stale = Stale::prepare(&config, before.and_then(|before| before.stale.as_ref()), reader, metrics);
        let room = Room::new(config.rules.holds(), config.hold, closing.clone());
        let cause = Cause::of(&config.rules);
        let counts = metrics.route_counts(&config.rules);
        let pass_key = config.operators.key.as_ref().and_then(PassKey::new);
        Ok(Self { config, answers, upstreams: Arc::new(upstreams), stale, room, cause, counts, pass_key })
    }

    pub(super) fn rules(&self) -> &Rules {
        &self.config.rules
    }

    /// The route that a decision is about.
    pub(super) fn route(&self, decision: &Decision) -> Option<&Route> {
        self.rules().route(decision.route?)
    }

    /// What a decision looks at.
    pub(super) fn facts<'r>(&self, request: &RequestHead<'r>) -> Result<Facts<'r>, Refusal> {
        let (form, tenant) = (self.rules().matching_form(), self.config.tenant_header.as_ref());
        Facts::read(request, form, tenant)
    }

    /// What goes by the name here that `upstream` has in `other`.
    pub(super) fn upstream_of(&self, other: &Self, upstream: UpstreamId) -> Option<UpstreamId> {
        if std::ptr::eq(self, other) {
            return Some(upstream);
        }
        let name = other.upstreams.get(upstream)?.name();
        (0..).map(UpstreamId).zip(self.upstreams.all()).find(|(_, pool)| pool.name() == name).map(|(id, _)| id)
    }

    /// The gate of what is live, if that is of this edition still.
    pub(super) fn gate<'l>(&self, live: &'l Live) -> Option<&'l Gate> {
        Arc::ptr_eq(live.config(), &self.config).then(|| &**live)
    }
}

impl fmt::Debug for Edition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Edition").finish_non_exhaustive()
    }
}

impl Editions {
    pub(super) fn new(first: Arc<Edition>) -> Self {
        Self(ArcSwap::from_pointee(vec![first]))
    }

    /// The one that was added last.
    pub(super) fn newest(&self) -> Option<Arc<Edition>> {
        self.0.load().last().cloned()
    }

    /// Adds one whose configuration is about to be live.
    pub(super) fn add(&self, edition: &Arc<Edition>) {
        self.change(|editions| editions.push(Arc::clone(edition)));
    }

    /// Forgets all but this one, whose configuration is live.
    pub(super) fn keep(&self, live: &Arc<Edition>) {
        self.change(|editions| editions.retain(|edition| Arc::ptr_eq(edition, live)));
    }

    /// Forgets this one, unless it is the only one left.
    pub(super) fn take_back(&self, other: &Arc<Edition>) {
        self.change(|editions| {
            if editions.len() > 1 {
                editions.retain(|edition| !Arc::ptr_eq(edition, other));
            }
        });
    }

    fn change(&self, change: impl Fn(&mut Vec<Arc<Edition>>)) {
        self.0.rcu(|editions| {
            let mut editions = Vec::clone(editions);
            change(&mut editions);
            editions
        });
    }

    /// Pins what is live with its edition, which is here before it is live and until it is not.
    pub(super) fn pin(&self, reader: &GateReader) -> Pinned {
        loop {
            let live = reader.pin();
            let editions = self.0.load();
            // There is none only where a reload ended between the two lines above.
            if let Some(edition) = editions.iter().find(|edition| edition.gate(&live).is_some()) {
                return Pinned { edition: Arc::clone(edition), live };
            }
        }
    }
}
