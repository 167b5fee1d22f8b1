//! The organisation that a request is of, as it says itself.

use std::borrow::Cow;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header;
use serde_json::Value;

use crate::config::{Carrier, JwtKey, Organisation};
use crate::head::Fields;

/// A longer token is none: headers are bounded, and decoding must be, too.
const LONGEST_TOKEN: usize = 16 * 1024;

/// How far apart the clocks of who signs and who verifies may be, in seconds.
const LEEWAY: i64 = 60;

/// What a request says of its organisation; `None` if nothing, or nothing that is believed.
pub(super) fn organisation<'r>(by: &Organisation, fields: Fields<'r>) -> Option<Cow<'r, str>> {
    match by {
        Organisation::Plain(carrier) => carried(carrier, fields).map(Cow::Borrowed),
        Organisation::Jwt { token, claim, key } => {
            let text = carried(token, fields)?;
            let bearer = text.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
            let text = bearer.map_or(text, |(_, token)| token.trim());
            let claims = claims(text, key.as_ref(), seconds_since_1970())?;
            named(&claims, claim).map(Cow::Owned)
        }
    }
}

/// The text that a request carries; of several, the first.
fn carried<'r>(carrier: &Carrier, fields: Fields<'r>) -> Option<&'r str> {
    let text = match carrier {
        Carrier::Header(name) => fields.text(name)?,
        Carrier::Cookie(name) => {
            let lines = fields.texts(&header::COOKIE);
            let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
            let (_, value) = pairs.find(|(known, _)| known.trim() == name)?;
            value.trim().trim_matches('"')
        }
    };
    Some(text.trim()).filter(|text| !text.is_empty())
}

/// What a token claims (RFC 7519), if it is one, and signed with the key if there is one and has not expired.
fn claims(token: &str, key: Option<&JwtKey>, now: i64) -> Option<Value> {
    if token.len() > LONGEST_TOKEN {
        return None;
    }
    let (message, signature) = token.rsplit_once('.')?;
    let (head, body) = message.split_once('.')?;
    let claims = json(body)?;
    let Some(key) = key else { return Some(claims) };
    let head = json(head)?;
    // What is critical and not understood makes a token invalid (RFC 7515, section 4.1.11).
    let is_understood = head.get("alg").and_then(Value::as_str) == Some(key.algorithm()) && head.get("crit").is_none();
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    let time = |claim: &str| claims.get(claim).map(|time| time.as_f64().unwrap_or(f64::NAN));
    #[expect(clippy::cast_precision_loss, reason = "seconds, far below 2^53")]
    let (earliest, latest) = ((now - LEEWAY) as f64, (now + LEEWAY) as f64);
    let is_valid =
        time("exp").is_none_or(|expires| expires > earliest) && time("nbf").is_none_or(|begins| begins <= latest);
    (is_understood && is_valid && key.has_signed(message.as_bytes(), &signature)).then_some(claims)
}

fn json(part: &str) -> Option<Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

/// A claim by its name, which may hold dots, or by the way to it.
fn named(claims: &Value, name: &str) -> Option<String> {
    let found = claims.get(name).or_else(|| name.split('.').try_fold(claims, |within, part| within.get(part)))?;
    match found {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn seconds_since_1970() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
