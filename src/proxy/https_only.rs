//! Who is sent on to https, and told to stay there.

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};

use super::client::Client;
use super::facts::{Facts, authority};
use super::forwarded;
use crate::answer::Answer;
use crate::config::Config;
use crate::head::RequestHead;

/// Whether a request came without encryption where there is to be some. What a trusted proxy says of it counts: it may
/// have taken the encryption off.
pub(super) fn is_sent_on(config: &Config, request: &RequestHead<'_>, client: &Client) -> Option<u16> {
    let port = config.listen.https.as_ref()?.redirect?;
    (!forwarded::came_encrypted(request.fields, client)).then_some(port)
}

/// 308 to the same address with https at `port`: the method and the body stay what they are (RFC 9110, section
/// 15.4.9). `None` where nobody said which host was asked for.
pub(super) fn send_on(port: u16, facts: &Facts<'_>, request: &RequestHead<'_>) -> Option<Answer> {
    let asked = authority(request)?;
    let host = match forwarded::port(asked) {
        Some(port) => asked.get(..asked.len() - port.len() - 1)?,
        None => asked.trim_end_matches(':'),
    };
    let port = if port == 443 { String::new() } else { format!(":{port}") };
    let rewritten = facts.rewritten();
    let target = match &rewritten {
        Some(target) => std::str::from_utf8(target).ok()?,
        None => std::str::from_utf8(request.target).ok()?,
    };
    let target = if target.starts_with('/') { target } else { "/" };
    let location = HeaderValue::try_from(format!("https://{host}{port}{target}")).ok()?;
    let headers = vec![
        (header::LOCATION, location),
        // Whoever takes the redirect back is not to be remembered by it.
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Some(Answer::new(StatusCode::PERMANENT_REDIRECT, headers.into(), Bytes::new(), request.method))
}

/// What is said of https to whom came by TLS; nobody else may be told (RFC 6797, section 7.2).
pub(super) fn policy<'c>(config: &'c Config, client: &Client) -> Option<&'c HeaderValue> {
    config.listen.https.as_ref()?.hsts.as_ref().filter(|_| client.tls)
}

/// Says it in an answer of our own, in the place of anything that it says itself.
pub(super) fn tell(answer: &mut Answer, config: &Config, client: &Client) {
    if let Some(policy) = policy(config, client) {
        answer.headers.set(header::STRICT_TRANSPORT_SECURITY, policy.clone());
    }
}
