//! Text as a configuration file holds it, whatever it is.

use std::fmt::Write;

/// A basic string of TOML that [`crate::config`] reads as `text`: a dollar is doubled where it
/// would begin a variable.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            '$' => out.push_str("$$"),
            letter if letter.is_control() => {
                // Writing to a string does not fail.
                let _ = write!(out, "\\u{:04X}", u32::from(letter));
            }
            letter => out.push(letter),
        }
    }
    out.push('"');
    out
}

/// `["a", "b"]`
pub(super) fn list<'t>(items: impl IntoIterator<Item = &'t str>) -> String {
    let items: Vec<String> = items.into_iter().map(quoted).collect();
    format!("[{}]", items.join(", "))
}

/// A key of TOML: bare where it can be.
pub(super) fn key(text: &str) -> String {
    let bare = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    if bare { text.to_owned() } else { quoted_key(text) }
}

/// Keys are not expanded, so that a dollar is one.
fn quoted_key(text: &str) -> String {
    quoted(text).replace("$$", "$")
}

/// One line of a comment, whatever it holds.
pub(super) fn comment(text: &str) -> String {
    let line: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    format!("# {line}\n")
}
