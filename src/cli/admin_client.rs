//! Asking a schemagate that runs.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use http::Uri;
use reqwest::{Client, Method, Response, StatusCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::console::Console;
use super::exit::Exit;
use crate::causes;
use crate::config::{Address, Admin, May, Secret};

const LIMIT: Duration = Duration::from_secs(10);

/// Asks the admin listener of a running schemagate.
#[derive(Debug)]
pub(super) struct AdminClient {
    at: At,
    tokens: Tokens,
}

/// Where it is asked.
#[derive(Debug)]
enum At {
    /// Scheme and authority.
    Url(String),
    Socket(PathBuf),
}

/// What is sent to be allowed something.
#[derive(Debug)]
pub(super) enum Tokens {
    None,
    /// This one, whatever it is good for.
    Given(Secret),
    /// Of those that the configuration sets, the one that is good for as little as will do.
    Configured(Admin),
}

impl AdminClient {
    /// Asks where a configuration says that the admin listener is.
    pub(super) fn at_address(listen: &Address, tokens: Tokens) -> Self {
        let at = match listen.reached_at() {
            Address::Tcp(address) => At::Url(format!("http://{address}")),
            Address::Unix(path) => At::Socket(path),
        };
        Self { at, tokens }
    }

    /// Asks at a URL, `HOST:PORT`, or `unix:/path`; the error says what is wrong with it.
    pub(super) fn at_url(url: &str, tokens: Tokens) -> Result<Self, String> {
        if let Some(path) = url.strip_prefix("unix:") {
            return Ok(Self { at: At::Socket(path.into()), tokens });
        }
        let whole = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
        let expected = "write it like http://127.0.0.1:9901, 127.0.0.1:9901 or unix:/run/schemagate.sock";
        let uri: Uri = whole.parse().map_err(|error| format!("it is no URL ({error}); {expected}"))?;
        let (Some(scheme @ ("http" | "https")), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(format!("it names no host; {expected}"));
        };
        if authority.as_str().contains('@') {
            return Err("it holds a password; give the token by --token-file or $SCHEMAGATE_TOKEN".to_owned());
        }
        if !matches!(uri.path_and_query().map_or("", |path| path.as_str()), "" | "/") {
            return Err(format!("it has a path; {expected}"));
        }
        Ok(Self { at: At::Url(format!("{scheme}://{authority}")), tokens })
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

    /// Whether anybody answers there, within so long.
    pub(super) async fn lives(&self, limit: Duration) -> Result<(), AskError> {
        self.send(Client::builder().timeout(limit), Method::GET, "/live", May::Read, None::<&()>).await.map(drop)
    }

    /// What `path` answers as it comes, without an end.
    pub(super) async fn follow(&self, path: &str) -> Result<Response, AskError> {
        self.send(Client::builder().connect_timeout(LIMIT), Method::GET, path, May::Read, None::<&()>).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        may: May,
        sent: Option<&impl Serialize>,
    ) -> Result<T, AskError> {
        let answer = self.send(Client::builder().timeout(LIMIT), method, path, may, sent).await?;
        answer.json().await.map_err(|error| {
            AskError::Unreachable(format!(
                "the admin listener {self} answers what this version does not read: {}",
                causes::innermost(&error)
            ))
        })
    }

    /// A successful answer's header.
    async fn send(
        &self,
        builder: reqwest::ClientBuilder,
        method: Method,
        path: &str,
        may: May,
        sent: Option<&impl Serialize>,
    ) -> Result<Response, AskError> {
        let unreachable = |error: reqwest::Error| {
            let why = causes::innermost(&error);
            AskError::Away(format!("cannot ask the admin listener {self}: {why}; {}", self.what_to_do()))
        };
        let builder = builder.no_proxy();
        let (builder, origin) = match &self.at {
            At::Url(origin) => (builder, origin.as_str()),
            At::Socket(path) => (builder.unix_socket(path.as_path()), "http://localhost"),
        };
        let client = builder.build().map_err(unreachable)?;
        let mut request = client.request(method, format!("{origin}{path}"));
        if let Some(token) = self.token_for(may)? {
            request = request.bearer_auth(token.expose());
        }
        if let Some(sent) = sent {
            request = request.json(sent);
        }
        let answer = request.send().await.map_err(unreachable)?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let problem: Problem = answer.json().await.unwrap_or_default();
        Err(match (status, problem) {
            (StatusCode::UNAUTHORIZED, _) => AskError::Unreachable(self.token_is_wrong()),
            (StatusCode::FORBIDDEN | StatusCode::MISDIRECTED_REQUEST, Problem { detail: Some(detail), .. }) => {
                AskError::Unreachable(format!("the admin listener {self} refuses: {detail}"))
            }
            (StatusCode::NOT_FOUND, Problem { code: None, .. }) => self.unknown(path),
            (StatusCode::NOT_FOUND, Problem { code: Some(code), .. }) if code == "no_such_path" => self.unknown(path),
            (StatusCode::GATEWAY_TIMEOUT, Problem { detail: Some(detail), .. }) => AskError::Pending(detail),
            (_, Problem { detail: Some(detail), .. }) => AskError::Refused(detail),
            (status, _) => AskError::Unreachable(format!("the admin listener {self} answers {status}")),
        })
    }

    fn token_for(&self, may: May) -> Result<Option<&Secret>, AskError> {
        match &self.tokens {
            Tokens::None => Ok(None),
            Tokens::Given(token) => Ok(Some(token)),
            Tokens::Configured(admin) => match admin.token_for(may) {
                None if !admin.tokens.is_empty() => {
                    let why = "no token under [admin] may change things: set `control_token` or `control_token_file`,                                or give one by --token-file or $SCHEMAGATE_TOKEN";
                    Err(AskError::Unreachable(why.to_owned()))
                }
                token => Ok(token),
            },
        }
    }

    const fn what_to_do(&self) -> &'static str {
        match self.tokens {
            Tokens::Configured(_) => "does `schemagate run` run with this configuration?",
            Tokens::None | Tokens::Given(_) => "does `schemagate run` run, and is that its `listen` under [admin]?",
        }
    }

    fn token_is_wrong(&self) -> String {
        match self.tokens {
            Tokens::None => format!("the admin listener {self} wants a token: --token-file FILE, or $SCHEMAGATE_TOKEN"),
            Tokens::Given(_) => format!("the admin listener {self} does not know the token that was given"),
            Tokens::Configured(_) => format!(
                "the admin listener {self} wants another token than [admin] says; use the configuration it runs with,                  or give one by --token-file or $SCHEMAGATE_TOKEN"
            ),
        }
    }

    fn unknown(&self, path: &str) -> AskError {
        AskError::Unreachable(format!(
            "what listens on {self} does not know {path}; run the same version of schemagate there"
        ))
    }
}

impl fmt::Display for AdminClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.at {
            At::Url(origin) => f.write_str(origin.strip_prefix("http://").unwrap_or(origin)),
            At::Socket(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// Why nothing came of asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum AskError {
    /// Nobody answers there.
    Away(String),
    /// It could not be asked.
    Unreachable(String),
    /// It could, and does not do it.
    Refused(String),
    /// It could, and is still at it.
    Pending(String),
}

/// The part of a problem (RFC 9457) that is told.
#[derive(Debug, Default, Deserialize)]
struct Problem {
    code: Option<String>,
    detail: Option<String>,
}

impl AskError {
    /// Tells it, and how the command ends.
    pub(super) fn told(self, console: &Console) -> Exit {
        let (message, exit) = match self {
            Self::Away(message) | Self::Unreachable(message) => (message, Exit::Unreachable),
            Self::Refused(message) => (message, Exit::Usage),
            Self::Pending(message) => (message, Exit::NotReady),
        };
        console.error(message);
        exit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_a_place_and_nothing_else() {
        for (url, shown) in [
            ("http://127.0.0.1:9901", "127.0.0.1:9901"),
            ("127.0.0.1:9901/", "127.0.0.1:9901"),
            ("https://gate.internal", "https://gate.internal"),
            ("unix:/run/schemagate.sock", "unix:/run/schemagate.sock"),
        ] {
            assert_eq!(AdminClient::at_url(url, Tokens::None).expect(url).to_string(), shown);
        }
        for (url, why) in [
            ("ftp://127.0.0.1", "no host"),
            ("http://127.0.0.1:9901/status", "a path"),
            ("http://me:hunter2@127.0.0.1", "a password"),
            ("http://", "URL"),
        ] {
            let error = AdminClient::at_url(url, Tokens::None).expect_err(url);
            assert!(error.contains(why) && !error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn what_listens_on_every_address_is_asked_on_this_machine() {
        for (listen, asked) in [
            ("127.0.0.1:9901", "127.0.0.1:9901"),
            ("0.0.0.0:9901", "127.0.0.1:9901"),
            ("[::]:9901", "[::1]:9901"),
            ("localhost:9901", "localhost:9901"),
        ] {
            let client = AdminClient::at_address(&Address::Tcp(listen.to_owned()), Tokens::None);
            assert_eq!(client.to_string(), asked);
        }
    }
}
