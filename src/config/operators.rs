//! Who is an operator among those who come in by the public listener.

use ipnet::IpNet;

use super::Secret;

/// Who is an operator among those who come in by the public listener.
#[derive(Debug, Clone, Default)]
pub struct Operators {
    /// What signs passes; without it there are none.
    pub key: Option<Secret>,
    /// Clients that are operators by their address.
    pub from: Vec<IpNet>,
    /// Names of the routes that they are let in by; all where there is none. A pass says its own.
    pub routes: Vec<Box<str>>,
}
