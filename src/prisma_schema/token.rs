//! The words of a Prisma schema.

use super::Place;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) place: Place,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Word(String),
    Text(String),
    Mark(char),
    /// The end of a line: it ends a field.
    End,
}

/// The words of `text`; where a string does not end, its place.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Place> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start_matches('\u{feff}').chars().peekable();
    let mut place = Place { line: 1, column: 1 };
    while let Some(c) = rest.next() {
        let start = place;
        let mut add = |kind| tokens.push(Token { kind, place: start });
        place.column += 1;
        match c {
            '\n' => {
                add(Kind::End);
                place = Place { line: place.line + 1, column: 1 };
            }
            c if c.is_whitespace() => {}
            // A comment; a lone slash is in no schema.
            '/' if rest.peek() == Some(&'/') => while rest.next_if(|c| *c != '\n').is_some() {},
            '"' => {
                let mut found = String::new();
                loop {
                    place.column += 1;
                    match rest.next() {
                        None | Some('\n') => return Err(start),
                        Some('"') => break,
                        Some('\\') => {
                            place.column += 1;
                            found.push(match rest.next().ok_or(start)? {
                                'n' => '\n',
                                't' => '\t',
                                'r' => '\r',
                                other => other,
                            });
                        }
                        Some(c) => found.push(c),
                    }
                }
                add(Kind::Text(found));
            }
            c if is_part_of_word(c) => {
                let mut word = String::from(c);
                while let Some(c) = rest.next_if(|c| is_part_of_word(*c)) {
                    word.push(c);
                    place.column += 1;
                }
                add(Kind::Word(word));
            }
            c => add(Kind::Mark(c)),
        }
    }
    Ok(tokens)
}

fn is_part_of_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-')
}
