//! Amounts of bytes.

use serde_json::json;

use super::reader::{Definitions, Read, Reader, Value};

/// An amount of bytes, typed as "64KiB" or "1MiB".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size(pub(super) u64);

/// Units, the longest first: every one of them ends in the last.
const UNITS: [(&str, u64); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

fn parse(text: &str) -> Option<u64> {
    let (number, unit) = UNITS.iter().find_map(|(name, unit)| Some((text.strip_suffix(name)?, unit)))?;
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    number.parse::<u64>().ok()?.checked_mul(*unit)
}

/// The same amount in the largest unit that it is a whole number of.
pub(super) fn show(bytes: u64) -> String {
    let of = |(_, unit): &&(&str, u64)| bytes >= *unit && bytes.is_multiple_of(*unit);
    let (name, unit) = UNITS.iter().find(of).unwrap_or(&("B", 1));
    format!("{}{name}", bytes / unit)
}

impl Read for Size {
    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let text = reader.text(value, "an amount of bytes such as \"64KiB\" or \"1MiB\"")?;
        let parsed = parse(&text);
        if parsed.is_none() {
            reader.bad_value(
                value,
                "is not an amount of bytes: a whole number and B, KiB, MiB or GiB, such as \"64KiB\"",
            );
        }
        parsed.map(Self)
    }

    fn schema(_: &mut Definitions) -> serde_json::Value {
        json!({ "type": "string", "examples": ["64KiB", "1MiB"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_a_whole_number_and_a_unit() {
        let known = [("0B", 0), ("1B", 1), ("64KiB", 65_536), ("3MiB", 3 << 20), ("2GiB", 2 << 30)];
        for (text, bytes) in known {
            assert_eq!(parse(text), Some(bytes), "{text}");
            assert_eq!(show(bytes), text);
        }
        for text in
            ["", "64", "KiB", "64 KiB", "64KB", "-1B", "+1B", "1.5MiB", "99999999999999999999B", "17179869184GiB"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
