//! Asking the schemagate that runs by a configuration.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use reqwest::{Client, StatusCode};
use serde::de::DeserializeOwned;

use crate::config::{Address, Admin, May};

const LIMIT: Duration = Duration::from_secs(10);

/// Asks the admin listener of a running schemagate.
#[derive(Debug)]
pub(super) struct AdminClient<'c> {
    admin: &'c Admin,
}

impl<'c> AdminClient<'c> {
    pub(super) const fn new(admin: &'c Admin) -> Self {
        Self { admin }
    }

    /// What `path` answers, or one line that says what to do.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, String> {
        let listen = &self.admin.listen;
        let unreachable = |error: reqwest::Error| {
            let why = source(&error);
            format!("cannot ask the admin listener {listen}: {why}; does `schemagate run` run with this configuration?")
        };
        let builder = Client::builder().no_proxy().timeout(LIMIT);
        let (builder, authority) = match listen {
            Address::Tcp(address) => (builder, reachable(address)),
            Address::Unix(path) => (builder.unix_socket(path.as_path()), "localhost".to_owned()),
        };
        let client = builder.build().map_err(unreachable)?;
        let mut request = client.get(format!("http://{authority}{path}"));
        if let Some(token) = self.admin.token_for(May::Read) {
            request = request.bearer_auth(token.expose());
        }
        let answer = request.send().await.map_err(unreachable)?;
        match answer.status() {
            StatusCode::OK => answer.json().await.map_err(|error| {
                format!("the admin listener {listen} answers what this version does not read: {}", source(&error))
            }),
            StatusCode::UNAUTHORIZED => Err(format!(
                "the admin listener {listen} wants another token than `read_token` under [admin] says; use the configuration it runs with"
            )),
            StatusCode::NOT_FOUND => {
                Err(format!("what listens on {listen} does not know {path}; run the same version of schemagate there"))
            }
            other => Err(format!("the admin listener {listen} answers {other}")),
        }
    }
}

/// Where an address to listen on can be connected to: every address is this machine's own, too.
fn reachable(listen: &str) -> String {
    match listen.parse::<SocketAddr>() {
        Ok(address) if address.ip().is_unspecified() => {
            let own: IpAddr = if address.is_ipv4() { [127, 0, 0, 1].into() } else { [0, 0, 0, 0, 0, 0, 0, 1].into() };
            SocketAddr::new(own, address.port()).to_string()
        }
        _ => listen.to_owned(),
    }
}

/// The innermost reason: reqwest's own words repeat the address only.
fn source(error: &reqwest::Error) -> String {
    let mut reason: &dyn std::error::Error = error;
    while let Some(inner) = reason.source() {
        reason = inner;
    }
    reason.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_is_asked_on_this_machine() {
        for (listen, asked) in [
            ("127.0.0.1:9901", "127.0.0.1:9901"),
            ("0.0.0.0:9901", "127.0.0.1:9901"),
            ("[::]:9901", "[::1]:9901"),
            ("localhost:9901", "localhost:9901"),
        ] {
            assert_eq!(reachable(listen), asked);
        }
    }
}
