//! Asking the schemagate that runs by a configuration.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use reqwest::{Client, Method, StatusCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::console::Console;
use super::exit::Exit;
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

    /// What `path` answers.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, AskError> {
        self.ask(Method::GET, path, May::Read, None::<&()>).await
    }

    /// What `path` answers to what is sent there.
    pub(super) async fn post<T: DeserializeOwned>(&self, path: &str, sent: &impl Serialize) -> Result<T, AskError> {
        self.ask(Method::POST, path, May::Control, Some(sent)).await
    }

    /// What `path` answers to being taken back.
    pub(super) async fn delete<T: DeserializeOwned>(&self, path: &str) -> Result<T, AskError> {
        self.ask(Method::DELETE, path, May::Control, None::<&()>).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        may: May,
        sent: Option<&impl Serialize>,
    ) -> Result<T, AskError> {
        let listen = &self.admin.listen;
        let unreachable = |error: reqwest::Error| {
            let why = source(&error);
            AskError::Unreachable(format!(
                "cannot ask the admin listener {listen}: {why}; does `schemagate run` run with this configuration?"
            ))
        };
        let builder = Client::builder().no_proxy().timeout(LIMIT);
        let (builder, authority) = match listen {
            Address::Tcp(address) => (builder, reachable(address)),
            Address::Unix(path) => (builder.unix_socket(path.as_path()), "localhost".to_owned()),
        };
        let client = builder.build().map_err(unreachable)?;
        let mut request = client.request(method, format!("http://{authority}{path}"));
        match self.admin.token_for(may) {
            Some(token) => request = request.bearer_auth(token.expose()),
            None if self.admin.tokens.is_empty() => {}
            None => {
                let why = "no token under [admin] may change things: set `control_token` or `control_token_file`";
                return Err(AskError::Unreachable(why.to_owned()));
            }
        }
        if let Some(sent) = sent {
            request = request.json(sent);
        }
        let answer = request.send().await.map_err(unreachable)?;
        let status = answer.status();
        if status.is_success() {
            return answer.json().await.map_err(|error| {
                AskError::Unreachable(format!(
                    "the admin listener {listen} answers what this version does not read: {}",
                    source(&error)
                ))
            });
        }
        let problem: Problem = answer.json().await.unwrap_or_default();
        Err(match (status, problem) {
            (StatusCode::UNAUTHORIZED, _) => AskError::Unreachable(format!(
                "the admin listener {listen} wants another token than [admin] says; use the configuration it runs with"
            )),
            (StatusCode::FORBIDDEN | StatusCode::MISDIRECTED_REQUEST, Problem { detail: Some(detail), .. }) => {
                AskError::Unreachable(format!("the admin listener {listen} refuses: {detail}"))
            }
            (StatusCode::NOT_FOUND, Problem { code: None, .. }) => AskError::unknown(listen, path),
            (StatusCode::NOT_FOUND, Problem { code: Some(code), .. }) if code == "no_such_path" => {
                AskError::unknown(listen, path)
            }
            (_, Problem { detail: Some(detail), .. }) => AskError::Refused(detail),
            (status, _) => AskError::Unreachable(format!("the admin listener {listen} answers {status}")),
        })
    }
}

/// Why nothing came of asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum AskError {
    /// It could not be asked.
    Unreachable(String),
    /// It could, and does not do it.
    Refused(String),
}

/// The part of a problem (RFC 9457) that is told.
#[derive(Debug, Default, Deserialize)]
struct Problem {
    code: Option<String>,
    detail: Option<String>,
}

impl AskError {
    fn unknown(listen: &Address, path: &str) -> Self {
        Self::Unreachable(format!(
            "what listens on {listen} does not know {path}; run the same version of schemagate there"
        ))
    }

    /// Tells it, and how the command ends.
    pub(super) fn told(self, console: &Console) -> Exit {
        let (message, exit) = match self {
            Self::Unreachable(message) => (message, Exit::Unreachable),
            Self::Refused(message) => (message, Exit::Usage),
        };
        console.error(message);
        exit
    }
}

/// Where an address to listen on can be connected to: every address is this machine's own, too.
pub(super) fn reachable(listen: &str) -> String {
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
