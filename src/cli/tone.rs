//! The colours of words that say how something stands.
//!
//! A colour says nothing that the word does not: it is for finding the one red line among thirty.

/// SGR codes (ECMA-48), of the sixteen colours that a terminal's user has chosen.
const RED: &str = "\u{1b}[31m";
const GREEN: &str = "\u{1b}[32m";
const YELLOW: &str = "\u{1b}[33m";
const CYAN: &str = "\u{1b}[36m";
const PLAIN: &str = "\u{1b}[0m";

/// Each word that says how something stands, with its colour.
const WORDS: &[(&str, &str)] = &[
    ("ready", GREEN),
    ("ok", GREEN),
    ("pass", GREEN),
    ("looked at", GREEN),
    ("broken", RED),
    ("contradicted", RED),
    ("problem", RED),
    ("block", RED),
    ("degraded", RED),
    ("cannot be looked at", RED),
    ("migrating", YELLOW),
    ("warning", YELLOW),
    ("unknown", YELLOW),
    ("read_only", YELLOW),
    ("hold", YELLOW),
    ("open", YELLOW),
    ("bypass", YELLOW),
    ("respond", CYAN),
    ("rescue", CYAN),
    ("stale", CYAN),
    ("upstream", CYAN),
    ("planned", CYAN),
    // Of a comparison.
    ("missing", RED),
    ("gone", RED),
    ("extra", GREEN),
    ("new", GREEN),
    ("different", YELLOW),
    ("changed", YELLOW),
];

/// `word` in its colour; as it is where it has none.
pub(super) fn of(word: &str) -> String {
    match WORDS.iter().find(|(known, _)| *known == word) {
        Some((_, colour)) => format!("{colour}{word}{PLAIN}"),
        None => word.to_owned(),
    }
}

/// Further in than this are sentences about a line, and not how something stands.
const INDENT: usize = 2;

/// The same lines, each with its first word in its colour.
pub(super) fn painted(text: &str) -> String {
    let painted = |line: &str| {
        let said = line.trim_start_matches(' ');
        let indent = line.len() - said.len();
        let word = said.split(' ').next().filter(|_| indent <= INDENT).unwrap_or_default();
        let rest = said.strip_prefix(word).unwrap_or(said);
        format!("{:indent$}{}{rest}", "", of(word))
    };
    text.lines().map(painted).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_of_a_line_has_its_colour_and_nothing_else_does() {
        assert_eq!(
            painted("ready        a\nbroken       b\n             broken window\nothers\n  missing  table t"),
            "\u{1b}[32mready\u{1b}[0m        a\n\u{1b}[31mbroken\u{1b}[0m       b\n             broken window\nothers\n  \
             \u{1b}[31mmissing\u{1b}[0m  table t"
        );
    }
}
