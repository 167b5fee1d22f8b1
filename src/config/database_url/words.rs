//! `host=localhost dbname='my database'`, as libpq's manual has it in section "Keyword/Value
//! Connection Strings".

use super::DatabaseUrlError;
use super::parameters::Parameters;

/// Reads a keyword string.
pub(super) fn parse(text: &str) -> Result<Parameters, DatabaseUrlError> {
    let mut parameters = Parameters::default();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (key, after) = rest.split_once('=').ok_or_else(|| {
            DatabaseUrlError::new("a word of the connection string has no `=`; write host=… dbname=… user=…, and quote values with spaces")
        })?;
        let key = key.trim();
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return Err(DatabaseUrlError::new(
                "the connection string is neither a URL nor keywords such as host=… dbname=… user=…",
            ));
        }
        let (value, after) = value(after.trim_start())?;
        parameters.set(key, value);
        rest = after.trim_start();
    }
    Ok(parameters)
}

/// A value, in single quotes or up to the next space; a backslash takes the next character as it is.
fn value(text: &str) -> Result<(String, &str), DatabaseUrlError> {
    let (quoted, body) = match text.strip_prefix('\'') {
        Some(body) => (true, body),
        None => (false, text),
    };
    let mut value = String::new();
    let mut chars = body.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => value.extend(chars.next().map(|(_, escaped)| escaped)),
            '\'' if quoted => return Ok((value, body.get(at + 1..).unwrap_or_default())),
            c if c.is_whitespace() && !quoted => return Ok((value, body.get(at..).unwrap_or_default())),
            c => value.push(c),
        }
    }
    if quoted { Err(DatabaseUrlError::new("a quote of the connection string is not closed")) } else { Ok((value, "")) }
}
