//! `tracestate`: W3C Trace Context, section 3.3.

use std::collections::BTreeSet;

use http::HeaderName;

use crate::head::Fields;

/// The header; several are one list.
pub const STATE: HeaderName = HeaderName::from_static("tracestate");

/// Members of a list.
const MEMBERS: usize = 32;

/// Bytes of a key, and of a value.
const LONGEST: usize = 256;

/// Whether what a request says there may be passed on.
pub fn is_valid_state(fields: Fields<'_>) -> bool {
    let mut keys = BTreeSet::new();
    for value in fields.all(&STATE) {
        for member in value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
            // A list may have empty members.
            if member.is_empty() {
                continue;
            }
            let Some(equals) = member.iter().position(|byte| *byte == b'=') else { return false };
            let (key, value) = member.split_at(equals);
            if !is_key(key) || !is_value(value.get(1..).unwrap_or_default()) || !keys.insert(key) {
                return false;
            }
        }
    }
    keys.len() <= MEMBERS
}

fn is_key(key: &[u8]) -> bool {
    let begins = key.first().is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let goes_on = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-*/@".contains(byte);
    begins && key.len() <= LONGEST && key.iter().all(goes_on)
}

/// A trailing space was taken off with the member's.
fn is_value(value: &[u8]) -> bool {
    let may_stand = |byte: &u8| matches!(byte, b' '..=b'~') && !b",=".contains(byte);
    (1..=LONGEST).contains(&value.len()) && value.iter().all(may_stand)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::*;

    fn is_valid(values: &[&str]) -> bool {
        let headers = values.iter().map(|value| (STATE, HeaderValue::from_str(value).expect("a value")));
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name, value);
        }
        is_valid_state(Fields::Map(&map))
    }

    #[test]
    fn a_list_of_keys_and_values_is_valid_and_nothing_else_is() {
        let many = |number: usize| (0..number).map(|key| format!("k{key}=v")).collect::<Vec<_>>().join(",");
        for (values, valid) in [
            (&["rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"][..], true),
            (&["rojo=1", "congo=2 3, tenant@system=x"], true),
            (&["", " , a=b\t"], true),
            (&[many(32).as_str()], true),
            (&[many(33).as_str()], false),
            (&["a=1", "a=2"], false),
            (&["Rojo=1"], false),
            (&["rojo"], false),
            (&["rojo="], false),
            (&["rojo=a=b"], false),
            (&["=a"], false),
            (&[format!("a={}", "x".repeat(257)).as_str()], false),
        ] {
            assert_eq!(is_valid(values), valid, "{values:?}");
        }
    }
}
