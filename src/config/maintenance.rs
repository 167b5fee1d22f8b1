//! What the configuration says of maintenance windows.

use std::time::Duration;

use http::HeaderName;

use super::{BlockSpec, JwtKey, PlannedWindow};

/// What the configuration says of maintenance windows. A table of the application's own is among its rules:
/// [`gate::Rules::window_table`].
#[derive(Debug, Clone)]
pub struct Maintenance {
    /// How a request names its organisation.
    pub organisation: Option<Organisation>,
    /// Windows, once or again and again.
    pub windows: Vec<PlannedWindow>,
    /// What is said while a window is open that has no message of its own; its `retry_after` is of
    /// windows that say no end.
    pub answer: BlockSpec,
}

/// How a request names the organisation that it is of.
#[derive(Debug, Clone)]
pub enum Organisation {
    /// By a text that it comes with.
    Plain(Carrier),
    /// By a claim of a JSON Web Token.
    Jwt {
        /// Where the token is.
        token: Carrier,
        /// The claim, or the way to it.
        claim: String,
        /// What the token must be signed with; `None`: it is believed as it comes.
        key: Option<JwtKey>,
    },
}

/// Where in a request a text is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Carrier {
    /// In a header.
    Header(HeaderName),
    /// In a cookie.
    Cookie(String),
}

impl Default for Maintenance {
    fn default() -> Self {
        let answer = BlockSpec {
            code: "MAINTENANCE".to_owned(),
            message: None,
            retry_after: Duration::from_secs(30),
            refresh: false,
            page: None,
        };
        Self { organisation: None, windows: Vec::new(), answer }
    }
}
