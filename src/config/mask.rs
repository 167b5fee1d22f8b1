//! Takes secrets out of text that is shown to people.
//!
//! A masked text has the length of the original, so places in the one are places in the other.
//! Where it is unclear how much of a text is secret, all that may be is masked.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

/// Keys, and parameters of connection strings, whose values are secret.
const SECRET_ENDINGS: [&str; 5] = ["password", "passwd", "pwd", "token", "secret"];

/// Tables that hold a secret under a name that ends otherwise, and their keys that hold none. Whatever else stands in
/// them may be the secret, under a name that was mistyped.
const SECRET_TABLES: [(&str, &[&str]); 4] = [
    ("operators", &["from", "routes"]),
    ("jwt", &["header", "cookie", "claim"]),
    ("tokens", &["name", "may"]),
    ("headers", &["content-type", "cache-control", "accept", "user-agent", "location"]),
];

/// Keys that hold database URLs, whatever is put there.
const URL_KEYS: [&str; 2] = ["url", "direct_url"];

/// The text of a file, without its secrets.
pub(super) fn mask_file(text: &str, table: Option<&DeTable<'_>>) -> String {
    let mut secret = Vec::new();
    if let Some(table) = table {
        in_table(text, "", table, &mut secret);
    } else {
        // What is a string is unclear in a file that does not parse: go by lines.
        let mut table = "";
        for line in lines(text) {
            let typed = text.get(line.clone()).unwrap_or_default();
            if let Some(header) = typed.trim().strip_prefix('[') {
                let name = header.split(']').next().unwrap_or_default().trim_start_matches('[');
                table = name.rsplit('.').next().unwrap_or_default().trim();
            }
            in_text(typed, line.start, &mut secret);
            if let Some((key, value)) = typed.split_once('=') {
                let (key, start) = (key.trim(), typed.len() - value.len());
                // The only `key` that is none is a path.
                if key.rsplit('.').next() == Some("key") || may_be_secret(table, key) {
                    keep_variable(typed, line.start, parameter_value(typed, start), &mut secret);
                }
                if URL_KEYS.contains(&key) {
                    between_colon_and_at(value, line.start + start, &mut secret);
                }
            }
        }
    }
    starred(text, &secret)
}

/// One line of words that may quote a value, without its secrets.
pub(super) fn mask_line(text: &str) -> String {
    let mut secret = Vec::new();
    in_text(text, 0, &mut secret);
    starred(text, &secret)
}

fn lines(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    text.split_inclusive('\n').map(move |line| {
        let range = start..start + line.len();
        start = range.end;
        range
    })
}

fn in_table(text: &str, name: &str, table: &DeTable<'_>, secret: &mut Vec<Range<usize>>) {
    for (key, value) in table {
        in_value(text, (name, key.get_ref()), value.get_ref(), value.span(), secret);
    }
}

/// `name`: of the table, and the key.
fn in_value(text: &str, name: (&str, &str), value: &DeValue<'_>, span: Range<usize>, secret: &mut Vec<Range<usize>>) {
    let (of, key) = name;
    match value {
        DeValue::Table(table) => in_table(text, key, table, secret),
        DeValue::Array(array) => {
            for value in array {
                in_value(text, name, value.get_ref(), value.span(), secret);
            }
        }
        _ => {
            let typed = text.get(span.clone()).unwrap_or_default();
            if is_secret_word(key) || may_be_secret(of, key) {
                let quotes = typed.len() - typed.trim_start_matches(['"', '\'']).len();
                keep_variable(typed, span.start, quotes..typed.len().saturating_sub(quotes), secret);
            }
            if URL_KEYS.contains(&key) {
                between_colon_and_at(typed, span.start, secret);
            }
            in_text(typed, span.start, secret);
        }
    }
}

fn is_secret_word(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    SECRET_ENDINGS.iter().any(|ending| word.ends_with(ending))
}

/// Whether a table holds a secret, and `key` may be where.
fn may_be_secret(table: &str, key: &str) -> bool {
    let open = SECRET_TABLES.iter().find(|(name, _)| *name == table).map(|(_, open)| *open);
    open.is_some_and(|open| !open.contains(&key) && !key.ends_with("_file"))
}

/// Passwords of URLs, and values of parameters that are secret.
fn in_text(text: &str, offset: usize, secret: &mut Vec<Range<usize>>) {
    for (at, separator) in text.match_indices("://") {
        let rest = text.get(at + separator.len()..).unwrap_or_default();
        let start = at + separator.len();
        if let Some(end) = rest.rfind('@') {
            if let Some(colon) = rest.get(..end).and_then(|user| user.find(':')) {
                keep_variable(text, offset, start + colon + 1..start + end, secret);
            }
            continue;
        }
        // `user:password` whose `@host` was forgotten, or lies beyond.
        let authority = rest.split(['/', '?', '#', '`']).next().unwrap_or_default();
        if let Some((before, port)) = authority.rsplit_once(':')
            && !port.trim_end_matches(['"', '\'', '`', '\n', '\r', ' ']).bytes().all(|byte| byte.is_ascii_digit())
        {
            keep_variable(text, offset, start + before.len() + 1..text.len(), secret);
        }
    }
    for (at, _) in text.match_indices('=') {
        let before = text.get(..at).unwrap_or_default().trim_end_matches([' ', '\t', '"', '\'']);
        let word = before.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
        if is_secret_word(word) {
            keep_variable(text, offset, parameter_value(text, at + 1), secret);
        }
    }
}

/// The value of a parameter that begins at `start`.
fn parameter_value(text: &str, start: usize) -> Range<usize> {
    let rest = text.get(start..).unwrap_or_default();
    let value = rest.trim_start_matches([' ', '\t']);
    let start = start + (rest.len() - value.len());
    let line_end = value.find('\n').unwrap_or(value.len());
    let (open, end) = match value.chars().next() {
        // Up to the last quote of the line: one within may be escaped.
        Some(quote @ ('"' | '\'')) => {
            (1, value.get(1..line_end).and_then(|inner| inner.rfind(quote)).map_or(line_end, |end| end + 1))
        }
        _ => (0, value.find([' ', '&', '\n', '"', '\t']).unwrap_or(value.len())),
    };
    start + open..start + end
}

/// What stands between the first colon and the last at sign of a value that should be a URL.
fn between_colon_and_at(typed: &str, offset: usize, secret: &mut Vec<Range<usize>>) {
    if !typed.contains("://")
        && let (Some(colon), Some(at)) = (typed.find(':'), typed.rfind('@'))
        && colon < at
    {
        keep_variable(typed, offset, colon + 1..at, secret);
    }
}

/// Notes a secret, unless it is nothing but the name of a variable.
fn keep_variable(text: &str, offset: usize, range: Range<usize>, secret: &mut Vec<Range<usize>>) {
    let typed = text.get(range.clone()).unwrap_or_default();
    let name = typed.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    let is_name = name.is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'));
    if !is_name && range.start < range.end {
        secret.push(offset + range.start..offset + range.end);
    }
}

/// The text with a star for every byte of a secret; line ends stay.
fn starred(text: &str, secret: &[Range<usize>]) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        if c != '\n' && c != '\r' && secret.iter().any(|range| range.contains(&at)) {
            out.extend(std::iter::repeat_n('*', c.len_utf8()));
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(text: &str) -> String {
        let (table, errors) = DeTable::parse_recoverable(text);
        mask_file(text, errors.is_empty().then_some(table.get_ref()))
    }

    #[test]
    fn passwords_of_every_shape_are_masked_and_the_length_stays() {
        for text in [
            r#"url = "postgres://app:hunter2@db/app""#,
            r#"url = "postgres://app:hunter2@@x/y#z@db/app""#,
            r#"url = "postgres://app:hunter2""#,
            r#"url = "app:hunter2@db/app""#,
            r#"url = "postgres:/app:hunter2@db/app""#,
            r"url = 'host=db password=hunter2 user=app'",
            r#"url = "host=db password = 'hunter2 hunter2' user=app""#,
            r#"url = "postgres://db/app?user=app&password=hunter2""#,
            r#"read_token = "hunter2""#,
            r#"admin = { read_token = "hunter2", bogus = 1 }"#,
            r#"password = "hunter2""#,
            r"secret = 'hunter2'",
            "[operators]\nkey = \"hunter2\"",
            "[operators]\nkye = \"hunter2\"",
            "operators.key = \"hunter2\"",
            "organisation = { jwt = { claim = \"a\", key = \"hunter2\" } }",
            "[[admin.tokens]]\nname = \"a\"\ntokn = \"hunter2\"",
            // Broken files.
            "[operators]\nkey = \"hunter2\nx = ",
            "[operators]\nkye = \"hunter2\"\nx = ",
            "url = \"postgres://app:hunter2@db/app\nx = ",
            "read_token = \"hunter2\nx = ",
            "url = postgres://app:hunter2@db/app",
            "url = app:hunter2@db",
        ] {
            let masked = masked(text);
            assert!(!masked.contains("hunter2"), "{masked}");
            assert_eq!(masked.len(), text.len(), "{masked}");
        }
    }

    #[test]
    fn what_is_not_secret_stays() {
        for text in [
            r#"url = "postgres://app:${PASSWORD}@db/app""#,
            r#"url = "postgres://db:5432/app""#,
            r#"url = "${DATABASE_URL}""#,
            r#"read_token = "${TOKEN}""#,
            r#"read_token_file = "/run/secrets/token""#,
            "[operators]\nkey = \"${KEY}\"\nkey_file = \"/run/key\"\nroutes = [\"orders\"]",
            "[listen.https]\nkey = \"tls/key.pem\"",
            r#"servers = ["http://127.0.0.1:3000", "http://127.0.0.1:3001"]"#,
            r#"contact = "mailto:help@example.com""#,
        ] {
            assert_eq!(masked(text), text);
        }
    }

    #[test]
    fn a_quoted_value_in_a_message_is_masked() {
        assert!(!mask_line("`postgres://app:hunter2@db` is not an address").contains("hunter2"));
        assert!(!mask_line("`postgres://app:hunter2` is not an address").contains("hunter2"));
        let plain = "`https://a`: a host has no scheme";
        assert_eq!(mask_line(plain), plain);
    }
}
