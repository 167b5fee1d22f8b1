//! A question: which request a proxy means.

use std::borrow::Cow;

use http::{HeaderMap, HeaderValue, Method};

use super::Unclear;
use super::field::Field;
use super::language::{Language, Place, Query, Told};

/// The request that a proxy asks about, as far as the question does not have it by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question<'q> {
    /// How it asks.
    pub language: Language,
    /// The method that the client sent.
    pub method: Method,
    /// The target that the client sent (RFC 9112, section 3.2), unread.
    pub target: Cow<'q, [u8]>,
    /// The host that it asked for; `None`: the question's own.
    pub host: Option<HeaderValue>,
    /// nginx alone: the named location where a request that may pass goes on (`X-Accel-Redirect`).
    pub go_on: Option<HeaderValue>,
}

/// What is asked at a path that stands for no language.
const NO_LANGUAGE: Unclear =
    Unclear("questions are asked at /forwarded, /nginx or, with the request's own path behind it, /envoy");

const GO_ON: Unclear = Unclear("`go_on` names one location of nginx, such as /nginx?go_on=@app");

impl<'q> Question<'q> {
    /// Reads a question that came with this method, target and header.
    pub fn read(method: &Method, target: &'q [u8], headers: &'q HeaderMap) -> Result<Self, Unclear> {
        let (language, rest) = Language::of(target).ok_or(NO_LANGUAGE)?;
        let mut question =
            Self { language, method: method.clone(), target: Cow::Borrowed(rest), host: None, go_on: None };
        match language.target {
            Place::Behind if rest.first() == Some(&b'/') => {}
            // The root's slash is the one behind the name, or there is none.
            Place::Behind => question.target = Cow::Owned([b"/", rest].concat()),
            Place::Path(field) => {
                let (path, query) = rest.split_at(rest.iter().position(|byte| *byte == b'?').unwrap_or(rest.len()));
                match language.query {
                    _ if !path.is_empty() => return Err(NO_LANGUAGE),
                    Query::GoOn if !query.is_empty() => question.go_on = Some(go_on(query)?),
                    Query::GoOn | Query::Ignored | Query::Meant => {}
                }
                question.target = Cow::Borrowed(target_of(&field, field.only(headers)?.as_bytes())?);
            }
        }
        if let Told::In(field) = language.method {
            let value = field.only(headers)?;
            question.method = Method::from_bytes(value.as_bytes()).map_err(|_| field.malformed())?;
        }
        if let Told::In(field) = language.host {
            question.host = Some(field.only(headers)?.clone());
        }
        Ok(question)
    }
}

/// A target whose end every reader finds at the same place; whether its path can be one is looked at when it is decided.
fn target_of<'q>(field: &Field, target: &'q [u8]) -> Result<&'q [u8], Unclear> {
    let ends = target.iter().any(|byte| matches!(byte, b'#' | 0..=b' ' | 0x7f));
    if ends || !(target.starts_with(b"/") || target == b"*") { Err(field.malformed()) } else { Ok(target) }
}

/// Where a request that may pass goes on: nothing but the name of a location, so that no header is made of it.
fn go_on(query: &[u8]) -> Result<HeaderValue, Unclear> {
    let location = query.strip_prefix(b"?go_on=").ok_or(GO_ON)?;
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let name = location.strip_prefix(b"@").filter(|name| !name.is_empty() && name.iter().all(is_name));
    name.and_then(|_| HeaderValue::from_bytes(location).ok()).ok_or(GO_ON)
}
