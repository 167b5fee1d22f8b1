//! Operators' passes: what an operator shows to test behind what keeps others out.
//!
//! A pass is `v1.PAYLOAD.SIGNATURE`: JSON and its HMAC-SHA256 (RFC 2104), each in base64url (RFC 4648, section 5). Nothing of it
//! is kept anywhere: who has the key can make one, and another key ends all of them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::config::Secret;

/// The parameter of the query that brings a pass, and the cookie that keeps it.
pub const NAME: &str = "schemagate_pass";

/// What is signed says what it is for, so that the key signs nothing else.
const PREFIX: &str = "v1.";

/// Longer ones are not looked at.
const LONGEST: usize = 2048;

/// What an operator may do, until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pass {
    /// By which the log knows it.
    pub id: Box<str>,
    /// It is good before this moment, in seconds since 1970 (Unix time).
    pub until: i64,
    /// Names of the routes that it is good for; all where there is none.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    pub routes: Box<[Box<str>]>,
    /// Why it was made, in the words of whoever made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Box<str>>,
}

/// Signs passes and knows its own signature.
#[derive(Clone)]
pub struct PassKey(Hmac<Sha256>);

/// Why a pass is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PassError {
    /// It is no pass by its form.
    #[error("it is no pass")]
    Malformed,
    /// It was not signed with this key, or changed since.
    #[error("it was not signed with this key")]
    Forged,
    /// It was good, and is no more.
    #[error("it is over")]
    Expired,
}

impl PassError {
    /// The word used in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Forged => "forged",
            Self::Expired => "expired",
        }
    }
}

impl PassKey {
    /// The key that a secret text is.
    pub fn new(secret: &Secret) -> Option<Self> {
        // HMAC takes keys of any length.
        Hmac::new_from_slice(secret.expose().as_bytes()).ok().map(Self)
    }

    /// A pass, signed.
    pub fn sign(&self, pass: &Pass) -> String {
        let payload = BASE64.encode(serde_json::to_vec(pass).unwrap_or_default());
        let signature = BASE64.encode(self.signature(&payload).finalize().into_bytes());
        format!("{PREFIX}{payload}.{signature}")
    }

    /// The pass that a text is at `now` (Unix time in seconds), or why it is none. How long it takes tells nothing of
    /// the signature that would be right.
    pub fn read(&self, text: &str, now: i64) -> Result<Pass, PassError> {
        let parts = text.strip_prefix(PREFIX).filter(|_| text.len() <= LONGEST).and_then(|rest| rest.split_once('.'));
        let (payload, signature) = parts.ok_or(PassError::Malformed)?;
        let signature = BASE64.decode(signature).map_err(|_| PassError::Malformed)?;
        self.signature(payload).verify_slice(&signature).map_err(|_| PassError::Forged)?;
        // Nothing is read of what is not ours.
        let payload = BASE64.decode(payload).map_err(|_| PassError::Malformed)?;
        let pass: Pass = serde_json::from_slice(&payload).map_err(|_| PassError::Malformed)?;
        if now < pass.until { Ok(pass) } else { Err(PassError::Expired) }
    }

    fn signature(&self, payload: &str) -> Hmac<Sha256> {
        self.0.clone().chain_update("schemagate operator pass ").chain_update(PREFIX).chain_update(payload)
    }
}

impl std::fmt::Debug for PassKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PassKey([secret])")
    }
}

#[cfg(test)]
mod tests;
