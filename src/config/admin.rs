//! Where operators and probes come in, and what they may do there.

use std::time::Duration;

use gate::RequirementId;

use super::{Address, Secret};

/// Where operators come in.
#[derive(Debug, Clone)]
pub struct Admin {
    /// Where; off loopback only with a token.
    pub listen: Address,
    /// Whether only this machine can reach it.
    pub local: bool,
    /// Names by which it is asked beside addresses and `localhost`, in lower case.
    pub hosts: Vec<String>,
    /// What may be sent as `Authorization: Bearer …`; where there is any, everything but probes needs one.
    pub tokens: Vec<AdminToken>,
    /// Requirements (all databases of each) that must be ready before `/ready` says yes.
    pub ready_needs: Vec<RequirementId>,
    /// How long the first look at a database may take before traffic is let in without it.
    pub startup_timeout: Duration,
}

/// What somebody proves by to be allowed something.
#[derive(Debug, Clone)]
pub struct AdminToken {
    /// Whose it is, for the log.
    pub name: String,
    /// What is sent.
    pub secret: Secret,
    /// What it is good for.
    pub may: May,
}

/// What a token is good for; each includes the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum May {
    /// To read.
    Read,
    /// To change things.
    Control,
}

impl Admin {
    /// The token that is good for as little as will do.
    pub fn token_for(&self, may: May) -> Option<&Secret> {
        let good = self.tokens.iter().filter(|token| token.may >= may);
        good.min_by_key(|token| token.may).map(|token| &token.secret)
    }
}
