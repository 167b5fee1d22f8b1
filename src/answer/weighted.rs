//! Lists with weights: the shape that `Accept` and `Accept-Language` share.

use http::HeaderName;

use crate::head::Fields;

/// A weight in thousandths (RFC 9110, section 12.4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Quality(u16);

/// One element of a weighted list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Weighted<'a> {
    /// What stands before the parameters.
    pub(super) value: &'a str,
    /// Whether it has parameters of its own, beside the weight.
    pub(super) parameters: bool,
    /// How much it is wanted.
    pub(super) quality: Quality,
}

impl Quality {
    /// Not wanted at all.
    pub(super) const NONE: Self = Self(0);
    /// Fully wanted; so is what has no weight.
    pub(super) const FULL: Self = Self(1000);

    /// Reads a `qvalue`, and forgives what browsers and libraries get wrong: a missing leading
    /// zero, too many digits, more than one. `None`: not a number.
    fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if text.len() < 1 + usize::from(text.contains('.')) || !digits(whole) || !digits(fraction) {
            return None;
        }
        if whole.bytes().any(|digit| digit != b'0') {
            return Some(Self::FULL);
        }
        let thousandths = fraction
            .bytes()
            .chain(std::iter::repeat(b'0'))
            .take(3)
            .fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'));
        Some(Self(thousandths))
    }
}

/// The elements of every header of this name, in their order. An element whose weight is not a
/// number is left out, as if it had not been sent; so is a line that is not text.
pub(super) fn weighted<'a>(fields: Fields<'a>, name: &HeaderName) -> impl Iterator<Item = Weighted<'a>> {
    fields.texts(name).flat_map(|line| split_outside_quotes(line, ',')).filter_map(element)
}

fn element(text: &str) -> Option<Weighted<'_>> {
    let mut parts = split_outside_quotes(text, ';').map(str::trim);
    let value = parts.next().filter(|value| !value.is_empty())?;
    let mut parameters = false;
    for part in parts {
        match part.split_once('=') {
            Some((name, weight)) if name.trim().eq_ignore_ascii_case("q") => {
                return Some(Weighted { value, parameters, quality: Quality::parse(weight.trim())? });
            }
            _ => parameters |= !part.is_empty(),
        }
    }
    Some(Weighted { value, parameters, quality: Quality::FULL })
}

/// Splits where `separator` stands outside a `quoted-string` (RFC 9110, section 5.6.4).
fn split_outside_quotes(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |character| {
        let plain = !std::mem::take(&mut escaped);
        match character {
            '"' if plain => quoted = !quoted,
            '\\' if plain && quoted => escaped = true,
            _ => return character == separator && !quoted,
        }
        false
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderMap, HeaderValue, header};

    fn read(line: &'static str) -> Vec<(String, bool, u16)> {
        let mut headers = HeaderMap::new();
        headers.insert("accept", HeaderValue::from_static(line));
        weighted(Fields::Map(&headers), &header::ACCEPT)
            .map(|one| (one.value.to_owned(), one.parameters, one.quality.0))
            .collect()
    }

    fn one(value: &str, parameters: bool, quality: u16) -> (String, bool, u16) {
        (value.to_owned(), parameters, quality)
    }

    #[test]
    fn a_weight_is_read_in_thousandths_and_its_absence_is_one() {
        assert_eq!(
            read("a;q=0.8, b, c;q=0, d;Q=1.000"),
            [one("a", false, 800), one("b", false, 1000), one("c", false, 0), one("d", false, 1000)]
        );
    }

    #[test]
    fn sloppy_weights_are_forgiven() {
        assert_eq!(
            read("a;q=.2, b;q=0.12345, c;q=7, d; q = 0.5"),
            [one("a", false, 200), one("b", false, 123), one("c", false, 1000), one("d", false, 500)]
        );
    }

    #[test]
    fn an_element_whose_weight_is_no_number_is_left_out() {
        assert_eq!(read("a;q=high, b;q=, c;q=-1, d;q=., e"), [one("e", false, 1000)]);
    }

    #[test]
    fn empty_elements_and_parameters_are_skipped() {
        assert_eq!(read(",, a;;q=0.5 , ;q=1"), [one("a", false, 500)]);
    }

    #[test]
    fn separators_within_quotes_separate_nothing() {
        assert_eq!(read(r#"a;level="1,2;q=0.1\",";q=0.3, b"#), [one("a", true, 300), one("b", false, 1000)]);
    }

    #[test]
    fn several_lines_read_as_one_list() {
        let mut headers = HeaderMap::new();
        headers.append("accept", HeaderValue::from_static("a"));
        headers.append("accept", HeaderValue::from_bytes(b"\xff").unwrap());
        headers.append("accept", HeaderValue::from_static("b;q=0.1"));
        let values: Vec<_> = weighted(Fields::Map(&headers), &header::ACCEPT).map(|one| one.value).collect();
        assert_eq!(values, ["a", "b"]);
    }
}
