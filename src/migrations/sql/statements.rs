//! Statements told apart, as psql does it: at the semicolons that stand in no string, no comment
//! and no parenthesis.

/// One statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Statement<'t> {
    /// From its first word to before its semicolon.
    pub(super) text: &'t str,
    /// The line of its first word.
    pub(super) line: u32,
}

/// The statements of `text`, whose first line has that number.
pub(super) fn split(text: &str, first_line: u32) -> impl Iterator<Item = Statement<'_>> {
    let mut splitter = Splitter { rest: text.trim_start_matches('\u{feff}'), line: first_line };
    std::iter::from_fn(move || splitter.next_statement())
}

struct Splitter<'t> {
    rest: &'t str,
    line: u32,
}

impl<'t> Splitter<'t> {
    fn next_statement(&mut self) -> Option<Statement<'t>> {
        loop {
            self.skip_to_statement();
            let text = self.rest;
            if text.is_empty() {
                return None;
            }
            let line = self.line;
            let end = self.skip_statement();
            let text = text.get(..end).unwrap_or_default().trim_end();
            if text.is_empty() {
                continue;
            }
            let statement = Statement { text, line };
            if statement.reads_what_follows() {
                self.skip_rows();
            }
            return Some(statement);
        }
    }

    /// Goes behind the first `bytes`.
    fn skip(&mut self, bytes: usize) {
        let (skipped, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        let lines = skipped.bytes().filter(|byte| *byte == b'\n').count();
        self.line = self.line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
        self.rest = rest;
    }

    /// Goes behind white space, comments, and psql's own commands (`\restrict …`).
    fn skip_to_statement(&mut self) {
        loop {
            let space = self.rest.len() - self.rest.trim_start().len();
            self.skip(space);
            let skipped = match self.rest.as_bytes() {
                [b'-', b'-', ..] | [b'\\', ..] => line_length(self.rest),
                [b'/', b'*', ..] => comment_length(self.rest),
                _ => return,
            };
            self.skip(skipped);
        }
    }

    /// Goes behind the statement and its semicolon; how long it is without that.
    fn skip_statement(&mut self) -> usize {
        let text = self.rest;
        let mut open = 0_usize;
        // `BEGIN ATOMIC … END` of a function, `BEGIN … END` of SQLite's triggers.
        let mut blocks = 0_usize;
        let is_create = text.get(..6).is_some_and(|word| word.eq_ignore_ascii_case("create"));
        let mut at = 0;
        let mut end = None;
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            let length = match rest.as_bytes() {
                // Drizzle runs what stands before its marks on its own, semicolon or not.
                _ if rest.starts_with("--> statement-breakpoint") => {
                    end = Some((at, line_length(rest)));
                    break;
                }
                [b'-', b'-', ..] => line_length(rest),
                [b'/', b'*', ..] => comment_length(rest),
                [b'\'', ..] => quoted_length(rest, '\'', false),
                [b'"', ..] => quoted_length(rest, '"', false),
                [b'e' | b'E', b'\'', ..] => 1 + quoted_length(rest.get(1..).unwrap_or_default(), '\'', true),
                [b'$', ..] => dollar_length(rest),
                [b'(', ..] => {
                    open += 1;
                    1
                }
                [b')', ..] => {
                    open = open.saturating_sub(1);
                    1
                }
                [b';', ..] if open == 0 && blocks == 0 => {
                    end = Some((at, 1));
                    break;
                }
                _ => {
                    let word = word(rest);
                    if is_create && open == 0 {
                        let is = |other: &str| word.eq_ignore_ascii_case(other);
                        if is("begin") || (blocks > 0 && is("case")) {
                            blocks += 1;
                        } else if is("end") {
                            blocks = blocks.saturating_sub(1);
                        }
                    }
                    word.len().max(rest.chars().next().map_or(1, char::len_utf8))
                }
            };
            at += length.max(1);
        }
        let (length, mark) = end.unwrap_or((text.len(), 0));
        self.skip(length + mark);
        length
    }

    /// Goes behind the rows that follow `COPY … FROM STDIN`, and the line `\.` that ends them.
    fn skip_rows(&mut self) {
        self.skip(line_length(self.rest));
        while !self.rest.is_empty() {
            let length = line_length(self.rest);
            let is_last = self.rest.get(..length).is_some_and(|line| line.trim_end() == "\\.");
            self.skip(length);
            if is_last {
                return;
            }
        }
    }
}

impl Statement<'_> {
    fn reads_what_follows(self) -> bool {
        let mut words = self.text.split_whitespace();
        let is_copy = words.next().is_some_and(|word| word.eq_ignore_ascii_case("copy"));
        is_copy
            && words.any(|word| word.eq_ignore_ascii_case("from"))
            && words.next().is_some_and(|word| word.eq_ignore_ascii_case("stdin"))
    }
}

/// The line and its end.
fn line_length(text: &str) -> usize {
    text.find('\n').map_or(text.len(), |end| end + 1)
}

/// The comment, and those in it.
fn comment_length(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// A string or a quoted name with its quotes. A doubled quote closes and opens one: that is the same.
fn quoted_length(text: &str, quote: char, has_escapes: bool) -> usize {
    let mut is_literal = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if is_literal => is_literal = false,
            '\\' if has_escapes => is_literal = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// `$tag$ … $tag$`; the dollar alone where it opens no string.
fn dollar_length(text: &str) -> usize {
    let tag = text.get(1..).and_then(|rest| rest.find('$').map(|end| end + 2)).and_then(|end| text.get(..end));
    let is_tag = |tag: &&str| {
        let name = tag.trim_matches('$');
        !name.starts_with(|c: char| c.is_ascii_digit()) && name.chars().all(is_part_of_word)
    };
    let Some(tag) = tag.filter(is_tag) else { return 1 };
    let inside = text.get(tag.len()..).unwrap_or_default();
    inside.find(tag).map_or(text.len(), |end| end + 2 * tag.len())
}

/// The word that `text` begins with, dollars within it included: they open no string.
pub(super) fn word(text: &str) -> &str {
    let end = text.find(|c: char| !is_part_of_word(c) && c != '$').unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

fn is_part_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(text: &str) -> Vec<(&str, u32)> {
        split(text, 1).map(|statement| (statement.text, statement.line)).collect()
    }

    #[test]
    fn a_semicolon_within_something_is_none() {
        for text in [
            "SELECT ';'",
            "SELECT 'it''s;'",
            r"SELECT E'\';'",
            r#"SELECT ";" FROM "a"";""#,
            "SELECT $$;$$",
            "SELECT $a$ ; $b$ ; $$ ; $a$",
            "SELECT 1 -- ;\n+ 1",
            "SELECT 1 /* ; /* ; */ ; */ + 1",
            "CREATE RULE r AS ON INSERT TO a DO (SELECT 1; SELECT 2)",
            "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END",
            "CREATE TRIGGER t AFTER INSERT ON a BEGIN UPDATE a SET b = 1; END",
        ] {
            assert_eq!(all(&format!("{text};SELECT 2")), [(text, 1), ("SELECT 2", 1 + u32::from(text.contains('\n')))]);
        }
        assert_eq!(all(r"SELECT '\';SELECT 2"), [(r"SELECT '\'", 1), ("SELECT 2", 1)]);
        assert_eq!(all("SELECT a$b;SELECT $1;"), [("SELECT a$b", 1), ("SELECT $1", 1)]);
    }

    #[test]
    fn statements_have_the_line_on_which_they_begin() {
        let text = "\u{feff}-- CreateTable\n\nA\nB;;\n/* c\nd */ C;\n  ;\n-- end";
        assert_eq!(all(text), [("A\nB", 3), ("C", 6)]);
    }

    #[test]
    fn what_psql_keeps_to_itself_is_no_statement() {
        let text = "\\restrict x'y\nCOPY public.a (b) FROM stdin;\n1\tit's; (\n\\.\nSELECT 1;\n\\unrestrict x\n";
        assert_eq!(all(text), [("COPY public.a (b) FROM stdin", 2), ("SELECT 1", 5)]);
    }

    #[test]
    fn drizzles_mark_ends_a_statement_too() {
        assert_eq!(all("A\n--> statement-breakpoint\nB;--> statement-breakpoint\nC"), [("A", 1), ("B", 3), ("C", 4)]);
    }

    proptest! {
        #[test]
        fn whatever_a_file_holds_its_statements_are_parts_of_it(text in "[a-eE \\n;'\"$()/*\\-\\\\.é]{0,60}") {
            let mut at = 0;
            for statement in split(&text, 1) {
                let found = text.get(at..).and_then(|rest| rest.find(statement.text));
                prop_assert!(found.is_some(), "{statement:?}");
                at += found.unwrap() + statement.text.len();
            }
        }
    }
}
