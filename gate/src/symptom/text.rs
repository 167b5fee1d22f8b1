//! A body as people would read it.

use core::ops::Deref;

/// A body as people would read it: HTML's entities and JSON's escapes are what they stand for.
#[derive(Debug)]
pub(super) struct Text(String);

/// HTML's entities that databases' sentences are written with.
const ENTITIES: &[(&str, char)] = &[
    ("&quot;", '"'),
    ("&#34;", '"'),
    ("&#x22;", '"'),
    ("&#39;", '\''),
    ("&#x27;", '\''),
    ("&apos;", '\''),
    ("&#96;", '`'),
    ("&#x60;", '`'),
    ("&lt;", '<'),
    ("&gt;", '>'),
    ("&laquo;", '«'),
    ("&raquo;", '»'),
    ("&nbsp;", ' '),
    ("&#160;", ' '),
    // Last: what it stands for begins no other entity any more.
    ("&amp;", '&'),
];

impl Text {
    /// Reads a body. Bytes that are no UTF-8, as where it was cut, become U+FFFD.
    pub(super) fn of(body: &[u8]) -> Self {
        let lossy = String::from_utf8_lossy(body);
        let mut out = String::with_capacity(lossy.len());
        let mut rest = &*lossy;
        while let Some(at) = rest.find(['&', '\\', '\u{a0}', '\u{202f}']) {
            let (before, special) = rest.split_at(at);
            out.push_str(before);
            let (stands_for, after) = special_sequence(special);
            out.extend(stands_for);
            rest = after;
        }
        out.push_str(rest);
        Self(out)
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// What the beginning of `text` stands for, and what follows it. `text` is not empty.
fn special_sequence(text: &str) -> (Option<char>, &str) {
    if let Some(escape) = text.strip_prefix('\\') {
        return json_escape(escape);
    }
    for (entity, stands_for) in ENTITIES {
        if let Some(after) = text.strip_prefix(entity) {
            return (Some(*stands_for), after);
        }
    }
    let mut chars = text.chars();
    // The spaces that French puts within its quotes.
    let first = chars.next().map(|first| if first == '&' { '&' } else { ' ' });
    (first, chars.as_str())
}

/// What follows a backslash. JSON within JSON has several of them before a quote: all go.
fn json_escape(text: &str) -> (Option<char>, &str) {
    let mut chars = text.chars();
    match chars.next() {
        Some('n' | 't' | 'r') => (Some(' '), chars.as_str()),
        Some('u') => {
            let code = chars.as_str().get(..4).and_then(|hex| u32::from_str_radix(hex, 16).ok());
            match code.and_then(char::from_u32) {
                // Those that are read above come out the same way.
                Some('\u{a0}' | '\u{202f}') => (Some(' '), chars.as_str().get(4..).unwrap_or_default()),
                Some(escaped) => (Some(escaped), chars.as_str().get(4..).unwrap_or_default()),
                None => (None, text),
            }
        }
        _ => (None, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_and_escapes_are_what_they_stand_for() {
        for (body, text) in [
            ("relation &quot;x&quot;", "relation \"x\""),
            (r#"{"e":"relation \"x\" is\nnot"}"#, r#"{"e":"relation "x" is not"}"#),
            (r#"relation \\\"x\\\" gone"#, "relation \"x\" gone"),
            (r"relation \u0022x\u0022", "relation \"x\""),
            ("la relation «\u{a0}x\u{202f}»", "la relation « x »"),
            ("a & b &unknown; \\", "a & b &unknown; "),
            (r"\u12 \ud800 \u00e9", "u12 ud800 é"),
        ] {
            assert_eq!(&*Text::of(body.as_bytes()), text);
        }
    }

    #[test]
    fn a_cut_in_the_middle_of_a_letter_hurts_nothing() {
        assert_eq!(&*Text::of("é".as_bytes().split_at(1).0), "\u{fffd}");
    }
}
