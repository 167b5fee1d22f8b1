//! Which token a request brings.

use axum::http::{HeaderMap, header};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use super::refusal::Refusal;
use crate::config::AdminToken;

/// The token that a request brings. How long it takes tells nothing of the tokens: digests are compared, which are of one
/// length, and each with all.
pub(super) fn find<'t>(tokens: &'t [AdminToken], headers: &HeaderMap) -> Result<&'t AdminToken, Refusal> {
    let mut sent = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (sent.next(), sent.next()) else { return Err(Refusal::NoToken) };
    let value = value.to_str().ok().and_then(|value| value.split_once(' '));
    let Some((_, sent)) = value.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")) else {
        return Err(Refusal::NoToken);
    };
    let sent = Sha256::digest(sent.trim());
    let equal: Vec<Choice> = tokens.iter().map(|token| Sha256::digest(token.secret.expose()).ct_eq(&sent)).collect();
    let found = tokens.iter().zip(equal).find(|(_, equal)| bool::from(*equal));
    found.map(|(token, _)| token).ok_or(Refusal::WrongToken)
}
