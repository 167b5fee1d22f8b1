//! One request and what became of it.

use std::time::{Duration, Instant};

use gate::{Decision, Host, UpstreamId};
use http::StatusCode;
use pingora::protocols::l4::socket::SocketAddr;

use super::client::Client;
use super::drain::InFlight;
use super::request_id::RequestId;
use super::second_thoughts::SecondThoughts;
use crate::answer::{Answer, UpstreamFailure};

/// Servers that one request is tried on, the first included; also the bound on pingora's loop.
pub(super) const MAX_ATTEMPTS: usize = 4;

/// One request and what became of it: read off the wire once, decided once, told to the log and
/// the metrics at the end.
#[derive(Debug)]
pub(super) struct Exchange {
    /// When its header had been read.
    pub(super) began: Instant,
    /// Who asks.
    pub(super) client: Client,
    /// The id that the client, the backend and the log share.
    pub(super) id: RequestId,
    /// What is done with it; `None` if it was refused before there was anything to decide.
    pub(super) decision: Option<Decision>,
    /// The upstream that is asked, if any; it stays so where another answer takes the place of its own.
    pub(super) upstream: Option<UpstreamId>,
    /// What is written instead of the upstream's answer.
    pub(super) instead: Option<Answer>,
    /// The upstream's status, if the client is not sent it.
    pub(super) replaced: Option<StatusCode>,
    /// Whether a look at the catalog after the upstream's failure changed the decision.
    pub(super) rechecked: bool,
    /// The host that was asked for.
    pub(super) host: Host,
    /// The target that the backend is sent, where that is not what the client sent.
    pub(super) target: Option<Box<[u8]>>,
    /// Whether the client wants to use its connection again.
    pub(super) keeps_alive: bool,
    /// The way to a server.
    pub(super) attempts: Attempts,
    /// How long it took until it was answered here; `None` if it was not.
    pub(super) answered_after: Option<Duration>,
    /// Why no server answered.
    pub(super) failure: Option<UpstreamFailure>,
    /// What went wrong, for the log.
    pub(super) error: Option<String>,
    /// What its failures taught.
    pub(super) thoughts: SecondThoughts,
    _in_flight: InFlight,
}

/// The way of one request to a server.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    /// Servers that could not be connected to.
    pub(super) failed: Vec<SocketAddr>,
    /// How often a server was chosen.
    pub(super) count: usize,
    /// Whether the last choice was made although no server was known to be healthy.
    pub(super) in_doubt: bool,
}

impl Exchange {
    pub(super) fn new(in_flight: InFlight) -> Self {
        Self {
            began: Instant::now(),
            client: Client::default(),
            id: RequestId::default(),
            decision: None,
            upstream: None,
            instead: None,
            replaced: None,
            rechecked: false,
            host: Host::default(),
            target: None,
            keeps_alive: false,
            attempts: Attempts::default(),
            answered_after: None,
            failure: None,
            error: None,
            thoughts: SecondThoughts::default(),
            _in_flight: in_flight,
        }
    }
}
